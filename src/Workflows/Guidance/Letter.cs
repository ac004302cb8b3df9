using System.Net;
using System.Text.RegularExpressions;
using NodaTime;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.Liquid;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Guidance;

/// <summary>A letter filled with a case.</summary>
/// <param name="Text">Plain text. What has no value is its name in square brackets.</param>
/// <param name="Missing">Names of what has no value for this person, in the order of the letter.</param>
public sealed record FilledLetter(string Text, IReadOnlyList<string> Missing);

/// <summary>Templates of letters and emails: plain text with Liquid, which reads <c>Variables.name</c>.</summary>
public static partial class Letter
{
    /// <summary>What every template can use besides the facts of the case.</summary>
    public static readonly IReadOnlyList<string> Always = ["customerName", "customerNumber", "reference", "today", "myName", "myTeam"];

    // A letter is a page or two.
    private static readonly ScriptLimits Limits = ScriptLimits.Default;

    /// <summary>Why the template can't be used, as a reason that completes a sentence; or null.</summary>
    public static string? Check(string template) =>
        !LiquidTemplate.TryParse(template, out var parsed, out var error) ? $"isn't a template: {error.Message.Trim().Split('\n')[0]}"
        : parsed.UnknownFilter is { } filter ? $"uses the filter “{filter}”, which doesn't exist"
        : null;

    /// <summary>Names that the template reads.</summary>
    public static IReadOnlyList<string> Names(string template) => [.. Name().Matches(template).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>Each use of a name with the line it is in, counted from 1; a name once a line.</summary>
    public static IReadOnlyList<(string Name, int Line)> NamesByLine(string template) =>
        [.. template.Split('\n').SelectMany((text, line) => Names(text).Select(name => (name, line + 1)))];

    /// <summary>Fills a template that <see cref="Check"/> accepts.</summary>
    /// <param name="template">The template.</param>
    /// <param name="values">Texts by name: only what the person may see.</param>
    /// <param name="now">The time.</param>
    public static FilledLetter Fill(string template, IReadOnlyDictionary<string, string> values, Instant now)
    {
        var names = Names(template);
        var missing = names.Where(name => values.GetValueOrDefault(name) is null or "").ToList();
        var all = names.ToDictionary(name => name, name => (object?)(missing.Contains(name) ? $"[{Words(name)}]" : values[name]));
        if (!LiquidTemplate.TryParse(template, out var parsed, out _))
            return new(template, missing);
        try
        {
            // Liquid writes HTML; a letter is text, and the page encodes it again.
            return new(WebUtility.HtmlDecode(parsed.Render(new ValueScope(now, all), Limits) ?? ""), missing);
        }
        catch (ExpressionException e)
        {
            return new($"The letter can't be filled: {e.Message}", missing);
        }
    }

    /// <summary><c>claimedAmount</c> → “claimed amount”.</summary>
    private static string Words(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    [GeneratedRegex(@"\bVariables\.([A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
