using System.Globalization;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// A skill as one text, in files and in history: <c>fha-underwriting:4:2028-01-01:FHA-20931:HUD:senior1:2026-01-01:Exam</c>, which is key, level, first day
/// it no longer counts, certificate number and issuer, who certified the person, on which day and on what. What is empty at the end is left out.
/// </summary>
public static class SkillText
{
    /// <summary>The text of a skill.</summary>
    public static string Write(Skill skill) =>
        string.Join(
                ':',
                skill.Key,
                skill.Level.ToString(CultureInfo.InvariantCulture),
                skill.CertifiedUntil?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                skill.CertificateNumber,
                skill.CertificateIssuer,
                skill.CertifiedBy,
                skill.CertifiedAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                skill.Evidence
            )
            .TrimEnd(':');

    /// <summary>Reads a text; a level that is left out is 1.</summary>
    /// <param name="text">The text.</param>
    /// <param name="skill">The skill, when there is no error.</param>
    /// <returns>What is wrong, as a sentence; null if nothing is.</returns>
    public static string? Read(string text, out Skill skill)
    {
        var parts = text.Split(':', 8, StringSplitOptions.TrimEntries);
        skill = new(parts[0], 1);
        if (Part(1) is { } level)
        {
            if (!int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return $"“{level}” is not a level from 1 to 5 ({parts[0]}).";
            skill = skill with { Level = number };
        }

        if (Part(2) is { } until)
        {
            if (!DateOnly.TryParseExact(until, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
                return $"“{until}” is not a date like 2028-01-31 ({parts[0]}).";
            skill = skill with { CertifiedUntil = date };
        }

        if (Part(6) is { } at)
        {
            if (!DateOnly.TryParseExact(at, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
                return $"“{at}” is not a date like 2028-01-31 ({parts[0]}).";
            skill = skill with { CertifiedAt = date };
        }

        skill = skill with { CertificateNumber = Part(3), CertificateIssuer = Part(4), CertifiedBy = Part(5), Evidence = Part(7) };
        return null;

        string? Part(int index) => parts.Length > index && parts[index].Length > 0 ? parts[index] : null;
    }
}
