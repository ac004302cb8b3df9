using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Orchestration.Engine.Expressions.JavaScript;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>
/// A Liquid template, parsed once. Immutable and thread safe. Knows <c>Variables</c>, <c>Input</c>, <c>CorrelationId</c> and the workflow's ids. Output is
/// HTML-encoded as in Elsa; the filter <c>raw</c> switches that off. Numbers are decimals. Unknown names are empty, unknown filters do nothing.
/// </summary>
public sealed class LiquidTemplate
{
    private readonly LiquidNode[] _nodes;

    private LiquidTemplate(string source, LiquidNode[] nodes) => (Source, _nodes) = (source, nodes);

    /// <summary>The source it was parsed from.</summary>
    public string Source { get; }

    /// <summary>Parses a template.</summary>
    /// <param name="source">The template.</param>
    /// <param name="template">The template, or null.</param>
    /// <param name="error">Why it does not parse (kind <c>SyntaxError</c>, with position), or null.</param>
    public static bool TryParse(string source, [NotNullWhen(true)] out LiquidTemplate? template, [NotNullWhen(false)] out ExpressionException? error)
    {
        (template, error) = (null, null);
        try
        {
            template = new LiquidTemplate(source, new LiquidParser(source).Parse());
            return true;
        }
        catch (ExpressionException syntax)
        {
            error = syntax;
            return false;
        }
    }

    /// <summary>Renders the template.</summary>
    /// <param name="scope">What it may see.</param>
    /// <param name="limits">Steps and string length it may use; null for the defaults.</param>
    /// <returns>The text, or null for an empty template.</returns>
    /// <exception cref="ExpressionException">A limit was reached (kind <c>LimitError</c>) or a filter was given what it cannot use.</exception>
    public string? Render(ExpressionScope scope, ScriptLimits? limits = null)
    {
        if (Source.Length == 0)
            return null;
        scope.Budget?.Check();
        var context = new LiquidContext(scope, limits ?? ScriptLimits.Default);
        try
        {
            LiquidNode.RenderAll(_nodes, context);
            return context.Output.ToString();
        }
        finally
        {
            scope.Budget?.Spend(context.StepsUsed, 2L * context.Output.Length);
        }
    }
}

/// <summary>One rendering.</summary>
internal sealed class LiquidContext(ExpressionScope scope, ScriptLimits limits)
{
    private readonly Dictionary<string, object?> _names = [];
    private long _steps = limits.MaxSteps;

    public ExpressionScope Scope => scope;
    public StringBuilder Output { get; set; } = new();

    /// <summary>Position of each <c>cycle</c> and value of each counter.</summary>
    public Dictionary<string, int> Counters { get; } = [];

    public bool IsBreaking { get; set; }
    public bool IsContinuing { get; set; }

    public long StepsUsed => limits.MaxSteps - _steps;

    public void Step(long count = 1)
    {
        if ((_steps -= count) < 0)
            throw new ExpressionException($"The template was stopped after {limits.MaxSteps.ToString("N0", CultureInfo.InvariantCulture)} steps")
            {
                Kind = "LimitError",
            };
    }

    public string Check(string text)
    {
        Step(text.Length >> 4);
        return text.Length + Output.Length <= limits.MaxStringLength
            ? text
            : throw new ExpressionException(
                $"The template was stopped because it built a text of more than {limits.MaxStringLength.ToString("N0", CultureInfo.InvariantCulture)} characters"
            )
            {
                Kind = "LimitError",
            };
    }

    public bool Has(string name) => _names.ContainsKey(name);

    public void Set(string name, object? value) => _names[name] = value;

    public void Remove(string name) => _names.Remove(name);

    public object? Get(string name) =>
        _names.TryGetValue(name, out var value)
            ? value
            : name switch
            {
                "Variables" => ScopePart.Variables,
                "Input" => ScopePart.Input,
                "CorrelationId" => scope.CorrelationId,
                "WorkflowInstanceId" => scope.WorkflowInstanceId,
                "WorkflowDefinitionId" => scope.WorkflowDefinitionId,
                "WorkflowDefinitionVersionId" => scope.WorkflowDefinitionVersionId,
                "WorkflowDefinitionVersion" => scope.WorkflowDefinitionVersion,
                _ => null,
            };

    public object? Member(object? target, object? key)
    {
        switch (target)
        {
            case ScopePart part when key is string name:
                object? found = null;
                _ = part == ScopePart.Variables ? scope.TryGetVariable(name, out found) : scope.TryGetInput(name, out found);
                return found;
            case OrderedDictionary<string, object?> entries:
                var member = LiquidValue.Text(key);
                return entries.TryGetValue(member, out var value) ? value
                    : member == "size" ? entries.Count
                    : null;
            case List<object?> list:
                if (key is string word)
                    return word switch
                    {
                        "size" => list.Count,
                        "first" => list.FirstOrDefault(),
                        "last" => list.LastOrDefault(),
                        _ => null,
                    };
                var index = (long)Math.Clamp(LiquidValue.Number(key), int.MinValue, int.MaxValue);
                index = index < 0 ? list.Count + index : index;
                return index >= 0 && index < list.Count ? list[(int)index] : null;
            case string text:
                return key is "size" ? text.Length : null;
            default:
                return null;
        }
    }

    private enum ScopePart
    {
        Variables,
        Input,
    }
}

/// <summary>Text that is not encoded when it is written.</summary>
internal sealed record RawText(string Text);

/// <summary>The word <c>empty</c>, which compares with anything that is so.</summary>
internal sealed record EmptyValue
{
    public static EmptyValue Instance { get; } = new();
}

/// <summary>The word <c>blank</c>: nothing, or text of spaces only.</summary>
internal sealed record BlankValue
{
    public static BlankValue Instance { get; } = new();
}

/// <summary>Conversions and comparisons of Liquid on workflow data.</summary>
internal static class LiquidValue
{
    public static bool IsTrue(object? value) => value is not (null or false);

    public static bool IsEmpty(object? value) =>
        value switch
        {
            null or false or "" or EmptyValue or BlankValue => true,
            List<object?> list => list.Count == 0,
            OrderedDictionary<string, object?> entries => entries.Count == 0,
            _ => false,
        };

    public static string Text(object? value) =>
        value switch
        {
            null or EmptyValue or BlankValue or OrderedDictionary<string, object?> => "",
            string text => text,
            RawText raw => raw.Text,
            bool flag => flag ? "true" : "false",
            decimal number => Decimal(number),
            double number when Math.Abs(number) < 7.9e27 => Decimal((decimal)number),
            List<object?> list => string.Concat(list.Select(Text)),
            DateTimeOffset time => time.ToString("u", CultureInfo.InvariantCulture),
            byte[] bytes => System.Convert.ToBase64String(bytes),
            EnumValue named => named.Name,
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => "",
        };

    /// <summary>Without the zeros at its end, as Fluid does; a whole number that was written with decimals keeps one.</summary>
    private static string Decimal(decimal number) =>
        number.Scale > 0 && decimal.IsInteger(number)
            ? number.ToString("0.0", CultureInfo.InvariantCulture)
            : number.ToString("G29", CultureInfo.InvariantCulture);

    public static decimal Number(object? value) =>
        value switch
        {
            decimal number => number,
            true => 1,
            int number => number,
            long number => number,
            double number when Math.Abs(number) < 7.9e27 => (decimal)number,
            string or RawText => decimal.TryParse(Text(value), NumberStyles.Any, CultureInfo.InvariantCulture, out var number) ? number : 0,
            _ => 0,
        };

    public static bool IsNumber(object? value) => value is decimal or int or long or double;

    public static List<object?> List(object? value) =>
        value switch
        {
            null => [],
            List<object?> list => list,
            OrderedDictionary<string, object?> entries => [.. entries.Select(e => (object?)new List<object?> { e.Key, e.Value })],
            _ => [value],
        };

    public static bool Same(object? a, object? b)
    {
        if (a is BlankValue || b is BlankValue)
            return (a is BlankValue ? b : a) is var other
                && (other is null or BlankValue or EmptyValue || other is string or RawText && string.IsNullOrWhiteSpace(Text(other)));
        if (a is EmptyValue || b is EmptyValue)
            return a is EmptyValue ? IsEmpty(b) && b is not null : IsEmpty(a) && a is not null;
        if (IsNumber(a) && IsNumber(b))
            return Number(a) == Number(b);
        if (a is List<object?> x && b is List<object?> y)
            return x.Count == y.Count && x.Zip(y).All(pair => Same(pair.First, pair.Second));
        return a is string or RawText && b is string or RawText ? Text(a) == Text(b) : Equals(a, b);
    }

    public static int Order(object? a, object? b)
    {
        if (a is null || b is null)
            return a is null
                ? b is null
                    ? 0
                    : 1
                : -1;
        return IsNumber(a) && IsNumber(b) ? Number(a).CompareTo(Number(b))
            : a is DateTimeOffset x && b is DateTimeOffset y ? x.CompareTo(y)
            : string.CompareOrdinal(Text(a), Text(b));
    }

    /// <summary>As a stock server does: also <c>+</c> and what is not ASCII.</summary>
    public static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}

internal abstract class LiquidExpression
{
    public abstract object? Evaluate(LiquidContext context);
}

internal sealed class LiquidLiteral(object? value) : LiquidExpression
{
    public override object? Evaluate(LiquidContext context) => value;
}

/// <summary>A name and what follows it in dots and brackets.</summary>
internal sealed class LiquidPath(string name, LiquidExpression[] members) : LiquidExpression
{
    public string? Name => members.Length == 0 ? name : null;

    public override object? Evaluate(LiquidContext context)
    {
        var value = context.Get(name);
        foreach (var member in members)
            value = context.Member(value, member.Evaluate(context));
        return value;
    }
}

internal sealed class LiquidRange(LiquidExpression from, LiquidExpression to) : LiquidExpression
{
    public override object? Evaluate(LiquidContext context)
    {
        var first = LiquidValue.Number(from.Evaluate(context));
        var last = LiquidValue.Number(to.Evaluate(context));
        var list = new List<object?>();
        for (var i = Math.Truncate(first); i <= last; i++)
        {
            context.Step(4);
            list.Add(i);
        }

        return list;
    }
}

internal sealed class LiquidCondition(LiquidExpression left, string op, LiquidExpression right) : LiquidExpression
{
    public override object? Evaluate(LiquidContext context)
    {
        var a = left.Evaluate(context);
        if (op == "and")
            return LiquidValue.IsTrue(a) && LiquidValue.IsTrue(right.Evaluate(context));
        if (op == "or")
            return LiquidValue.IsTrue(a) || LiquidValue.IsTrue(right.Evaluate(context));
        var b = right.Evaluate(context);
        return op switch
        {
            "==" => LiquidValue.Same(a, b),
            "!=" or "<>" => !LiquidValue.Same(a, b),
            "contains" => a is List<object?> list
                ? list.Exists(item => LiquidValue.Same(item, b))
                : a is not null && LiquidValue.Text(a).Contains(LiquidValue.Text(b), StringComparison.Ordinal),
            "startswith" => LiquidValue.Text(a).StartsWith(LiquidValue.Text(b), StringComparison.Ordinal),
            "endswith" => LiquidValue.Text(a).EndsWith(LiquidValue.Text(b), StringComparison.Ordinal),
            _ => a is not null
                && b is not null
                && LiquidValue.Order(a, b) is var order
                && (
                    op switch
                    {
                        "<" => order < 0,
                        "<=" => order <= 0,
                        ">" => order > 0,
                        _ => order >= 0,
                    }
                ),
        };
    }
}

internal sealed class LiquidFiltered(LiquidExpression input, string filter, LiquidExpression[] arguments) : LiquidExpression
{
    public override object? Evaluate(LiquidContext context)
    {
        context.Step();
        return LiquidFilters.Apply(context, filter, input.Evaluate(context), [.. arguments.Select(a => a.Evaluate(context))]);
    }
}

internal abstract class LiquidNode
{
    public abstract void Render(LiquidContext context);

    public static void RenderAll(LiquidNode[] nodes, LiquidContext context)
    {
        foreach (var node in nodes)
        {
            context.Step();
            node.Render(context);
            if (context.IsBreaking || context.IsContinuing)
                return;
        }
    }
}

internal sealed class LiquidText(string text) : LiquidNode
{
    public override void Render(LiquidContext context) => context.Output.Append(context.Check(text));
}

internal sealed class LiquidOutput(LiquidExpression expression) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        var value = expression.Evaluate(context);
        context.Output.Append(context.Check(value is RawText raw ? raw.Text : LiquidValue.Encode(context.Check(LiquidValue.Text(value)))));
    }
}

internal sealed class LiquidIf((LiquidExpression? Condition, LiquidNode[] Body)[] branches) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        foreach (var (condition, body) in branches)
        {
            if (condition is not null && !LiquidValue.IsTrue(condition.Evaluate(context)))
                continue;
            RenderAll(body, context);
            return;
        }
    }
}

internal sealed class LiquidCase(LiquidExpression subject, (LiquidExpression[] Values, LiquidNode[] Body)[] branches, LiquidNode[] otherwise) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        var value = subject.Evaluate(context);
        var matched = false;
        foreach (var (values, body) in branches)
        {
            if (!values.Any(candidate => LiquidValue.Same(value, candidate.Evaluate(context))))
                continue;
            matched = true;
            RenderAll(body, context);
        }

        if (!matched)
            RenderAll(otherwise, context);
    }
}

internal sealed class LiquidFor(
    string name,
    LiquidExpression source,
    LiquidExpression? limit,
    LiquidExpression? offset,
    bool reversed,
    LiquidNode[] body,
    LiquidNode[] otherwise
) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        IEnumerable<object?> selected = LiquidValue.List(source.Evaluate(context));
        if (offset is not null)
            selected = selected.Skip((int)Math.Clamp(LiquidValue.Number(offset.Evaluate(context)), 0, int.MaxValue));
        if (limit is not null)
            selected = selected.Take((int)Math.Clamp(LiquidValue.Number(limit.Evaluate(context)), 0, int.MaxValue));
        var items = selected.ToList();
        if (reversed)
            items.Reverse();
        if (items.Count == 0)
        {
            RenderAll(otherwise, context);
            return;
        }

        var (outer, hadName, oldValue) = (context.Get("forloop"), context.Has(name), context.Get(name));
        for (var i = 0; i < items.Count; i++)
        {
            context.Step();
            context.Set(name, items[i]);
            context.Set(
                "forloop",
                new OrderedDictionary<string, object?>
                {
                    ["length"] = items.Count,
                    ["index"] = i + 1,
                    ["index0"] = i,
                    ["rindex"] = items.Count - i,
                    ["rindex0"] = items.Count - i - 1,
                    ["first"] = i == 0,
                    ["last"] = i == items.Count - 1,
                    ["parentloop"] = outer,
                }
            );
            RenderAll(body, context);
            context.IsContinuing = false;
            if (context.IsBreaking)
                break;
        }

        context.IsBreaking = false;
        context.Set("forloop", outer);
        if (hadName)
            context.Set(name, oldValue);
        else
            context.Remove(name);
    }
}

internal sealed class LiquidAssign(string name, LiquidExpression value) : LiquidNode
{
    public override void Render(LiquidContext context) => context.Set(name, value.Evaluate(context));
}

internal sealed class LiquidCapture(string name, LiquidNode[] body) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        var outer = context.Output;
        context.Output = new StringBuilder();
        RenderAll(body, context);
        var text = context.Output.ToString();
        context.Output = outer;

        // What was captured is encoded already.
        context.Set(name, new RawText(context.Check(text)));
    }
}

internal sealed class LiquidCounter(string name, int step) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        // As in Fluid both begin at 0.
        var value = context.Counters.TryGetValue(name, out var last) ? last + step : 0;
        context.Output.Append(CultureInfo.InvariantCulture, $"{value}");
        context.Counters[name] = value;
    }
}

internal sealed class LiquidCycle(string group, LiquidExpression[] values) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        var position = context.Counters.GetValueOrDefault("cycle " + group);
        context.Counters["cycle " + group] = (position + 1) % values.Length;
        new LiquidOutput(values[position % values.Length]).Render(context);
    }
}

internal sealed class LiquidJump(bool isBreak) : LiquidNode
{
    public override void Render(LiquidContext context)
    {
        context.IsBreaking = isBreak;
        context.IsContinuing = !isBreak;
    }
}
