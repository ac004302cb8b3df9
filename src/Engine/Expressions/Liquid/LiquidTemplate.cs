using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using Fluid;
using Fluid.Ast;
using Fluid.Parser;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>
/// A Liquid template, parsed once by Fluid. Immutable and thread safe. Knows <c>Variables</c>, <c>Input</c>, <c>CorrelationId</c> and the workflow's ids.
/// Output is HTML-encoded as in Elsa; the filter <c>raw</c> switches that off. Unknown names are empty, unknown filters do nothing.
/// </summary>
public sealed class LiquidTemplate
{
    // Bounds the time and memory of parsing: 400 kB of nothing but tags.
    private const int MaxParserCalls = 5_000_000;

    private static readonly FluidParser s_parser = Parser();
    private static readonly TemplateOptions s_options = LiquidFilters.Options();

    private readonly FluidTemplate _template;

    private LiquidTemplate(string source, IReadOnlyList<Statement> statements, string? unknownFilter) =>
        (Source, _template, UnknownFilter) = (source, new FluidTemplate(statements), unknownFilter);

    /// <summary>The source it was parsed from.</summary>
    public string Source { get; }

    /// <summary>The first filter that doesn't exist, or null. Rendering passes its input on, as Elsa does; it can't be published.</summary>
    public string? UnknownFilter { get; }

    internal static bool HasFilter(string name) => s_options.Filters.TryGetValue(name, out _);

    /// <summary>Parses a template.</summary>
    /// <param name="source">The template.</param>
    /// <param name="template">The template, or null.</param>
    /// <param name="error">Why it does not parse (kind <c>SyntaxError</c>, with position), or null.</param>
    public static bool TryParse(string source, [NotNullWhen(true)] out LiquidTemplate? template, [NotNullWhen(false)] out ExpressionException? error)
    {
        (template, error) = (null, null);
        var calls = 0;
        var context = new FluidParseContext(source)
        {
            OnEnterParser = (_, _) =>
            {
                RuntimeHelpers.EnsureSufficientExecutionStack();
                if (++calls > MaxParserCalls)
                    throw new InvalidOperationException("The template is too long");
            },
        };

        try
        {
            var guard = new LiquidGuard();
            if (s_parser.Grammar.TryParse(context, out var statements, out var unexpected))
                template = new LiquidTemplate(source, guard.Rewrite(statements), guard.UnknownFilter);
            else
                error = SyntaxError(unexpected?.Message ?? "The template cannot be read", null);
        }
        catch (InsufficientExecutionStackException exception)
        {
            error = SyntaxError("Tags or expressions are nested too deeply", exception);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            error = SyntaxError(exception.Message, exception);
        }

        return template is not null;

        ExpressionException SyntaxError(string message, Exception? inner)
        {
            var at = context.Scanner.Cursor.Position;
            var line = source.AsSpan(0, Math.Min(at.Offset, source.Length)).LastIndexOf('\n') + 1;
            var text = source.AsSpan(line, Math.Min(200, source.Length - line));
            var end = text.IndexOf('\n');
            var place = message.EndsWith($"({at.Line}:{at.Column})", StringComparison.Ordinal) ? "" : $" at ({at.Line}:{at.Column})";
            return new ExpressionException($"\n{message}{place}\nSource:\n{(end < 0 ? text : text[..end])}\n", inner)
            {
                Kind = "SyntaxError",
                Line = at.Line,
                Column = at.Column,
            };
        }
    }

    /// <summary>Renders the template.</summary>
    /// <param name="scope">What it can see.</param>
    /// <param name="limits">Its limits on steps, memory and string length; null for the defaults.</param>
    /// <returns>The text, or null for an empty template.</returns>
    /// <exception cref="ExpressionException">A limit was reached (kind <c>LimitError</c>) or a filter got a value it can't use.</exception>
    public string? Render(ExpressionScope scope, ScriptLimits? limits = null)
    {
        if (Source.Length == 0)
            return null;

        scope.Budget?.Check();
        var run = new LiquidRun(scope, limits ?? ScriptLimits.Default, s_options);
        var culture = CultureInfo.CurrentCulture;

        try
        {
            // Some of Fluid's filters compare texts by the thread's culture.
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            using var output = new LiquidWriter(run);

            // Nothing in it waits: it is finished when the call returns.
            _template.RenderAsync(output, HtmlEncoder.Default, run).AsTask().GetAwaiter().GetResult();
            return output.ToString();
        }
        catch (Exception exception) when (exception is not (ExpressionException or OutOfMemoryException))
        {
            throw new ExpressionException(exception.Message, exception) { Kind = exception is OverflowException ? "OverflowError" : "Error" };
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
            scope.Budget?.Spend(run.StepsUsed, run.MemoryUsed);
        }
    }

    /// <summary>Tags that read files, define functions or only exist in later versions of Fluid than Elsa's are unknown.</summary>
    private static FluidParser Parser()
    {
        var parser = new FluidParser();

        foreach (var tag in (string[])["include", "render", "liquid", "tablerow", "ifchanged"])
            parser.RegisteredTags.Remove(tag);

        foreach (var (name, make) in parser.RegisteredOperators.ToList())
            parser.RegisteredOperators[name] = (left, right) => new Comparison(left, right, make);

        return parser;
    }
}
