using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Orchestration.Workflows.Guidance;

/// <summary>Where an article is shown: beside a journey, one of its steps, a field or an outcome of the step, or every step that needs a skill.</summary>
/// <param name="Journey">Definition id of the journey; null: a skill is named.</param>
/// <param name="Step">Id of the step; null: every step.</param>
/// <param name="Version">Version of the journey; null: every version.</param>
/// <param name="Field">Field of the step's form; null: the step as a whole.</param>
/// <param name="Outcome">Outcome of the step; null: whatever the outcome.</param>
/// <param name="Skill">Key of the skill.</param>
public sealed partial record Pin(
    string? Journey = null,
    string? Step = null,
    int? Version = null,
    string? Field = null,
    string? Outcome = null,
    string? Skill = null
)
{
    /// <summary>Reads <c>claims</c>, <c>claims/assess</c>, <c>claims/assess@3</c>, <c>claims/assess#amount</c>, <c>claims/decide=Decline</c> or
    /// <c>skill:fraud</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        if (Syntax().Match(text.Trim()) is not { Success: true } match)
            return false;
        pin = Of("skill") is { } skill
            ? new(Skill: skill)
            : new(Of("journey"), Of("step"), Of("version") is { } v ? int.Parse(v, CultureInfo.InvariantCulture) : null, Of("field"), Of("outcome"));
        return pin.Skill is not null || pin.Step is not null || (pin.Field, pin.Outcome) is (null, null);

        string? Of(string group) => match.Groups[group] is { Success: true } found ? found.Value : null;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString()
    {
        if (Skill is not null)
            return $"skill:{Skill}";
        var text = new StringBuilder(Journey);
        if (Step is not null)
            text.Append('/').Append(Step);
        if (Version is { } version)
            text.Append('@').Append(version.ToString(CultureInfo.InvariantCulture));
        if (Field is not null)
            text.Append('#').Append(Field);
        if (Outcome is not null)
            text.Append('=').Append(Outcome);
        return text.ToString();
    }

    [GeneratedRegex(
        @"^(?:skill:(?<skill>[a-z][a-z0-9-]{0,99})|(?<journey>[A-Za-z0-9][A-Za-z0-9_-]{0,99})(?:/(?<step>[A-Za-z0-9_-]{1,100}))?"
            + @"(?:@(?<version>[1-9][0-9]{0,5}))?(?:\#(?<field>[A-Za-z_][A-Za-z0-9_-]{0,99}))?(?:=(?<outcome>[A-Za-z0-9][A-Za-z0-9 _-]{0,99}))?)$",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex Syntax();
}
