using Npgsql;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>Choices that come from the database and not from the activity's type: teams, skills, forms, SLA policies, calendars.</summary>
internal sealed class InputOptions(NpgsqlDataSource database)
{
    private static readonly Dictionary<(string Type, string Input), string> Kinds = new()
    {
        [(HumanTask.TypeName, "Team")] = "team",
        [(HumanTask.TypeName, "RequiredSkills")] = "skill",
        [(HumanTask.TypeName, "PreferredSkills")] = "skill",
        [(HumanTask.TypeName, "FormName")] = SettingKind.Form,
        [(HumanTask.TypeName, "SlaPolicy")] = SettingKind.Sla,
        [(HumanTask.TypeName, "SlaPolicies")] = SettingKind.Sla,
        [(HumanTask.TypeName, "SlaCalendar")] = SettingKind.Calendar,
    };

    /// <summary>A drop-down in Studio can only be cleared with a choice of its own.</summary>
    private static readonly Option[] Nothing = [new("None", "")];

    /// <summary>Titles of SLA units by their name in a definition.</summary>
    private static readonly Option[] Units =
    [
        new("Elapsed time: every hour counts", "elapsed"),
        new("Working time: office hours of the calendar", "workingTime"),
        new("Business days: until the end of the last day", "businessDays"),
        new("Calendar days", "calendarDays"),
        new("Weeks", "weeks"),
    ];

    /// <summary>The current choices.</summary>
    public async Task<LiveOptions> ReadAsync(CancellationToken cancel)
    {
        var choices = await Choices.ReadAsync(database, cancel);
        return new(
            (type, input) =>
                (type, input) is (HumanTask.TypeName, "SlaUnit") ? Units
                : Kinds.TryGetValue((type, input), out var kind)
                    ? [.. kind == "skill" || input == "SlaPolicies" ? [] : Nothing, .. choices[kind].SelectMany(c => OptionsOf(c))]
                : null
        );
    }

    /// <summary>A skill can be asked for at a level, too.</summary>
    private static IEnumerable<Option> OptionsOf(Choice choice) =>
        choice.Kind == "skill"
            ? Enumerable.Range(2, 4).Select(level => $"{choice.Key}:{level}").Prepend(choice.Key).Select(need => new Option(Words.Skill(need), need))
            : [new(Text(choice), choice.Key)];

    /// <summary>Definitions and the administration name documents by their keys, so these are shown with them.</summary>
    private static string Text(Choice choice) =>
        choice.Kind switch
        {
            "team" => choice.Title,
            _ => choice.Title == choice.Key ? choice.Key : $"{choice.Title} ({choice.Key})",
        };
}

/// <summary>The choices of an input, or null if it has none.</summary>
internal sealed record LiveOptions(Func<string, string, Option[]?> Find);
