using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.ServiceLevels;

/// <summary>Describes the pages of calendars or of policies.</summary>
/// <param name="Kind"><see cref="SettingKind.Calendar"/> or <see cref="SettingKind.Sla"/>.</param>
/// <param name="Path">Their path.</param>
/// <param name="Title">What many are called.</param>
/// <param name="One">Title of a single one.</param>
public sealed record ServiceLevelKind(string Kind, string Path, string Title, string One)
{
    public static readonly ServiceLevelKind Calendars = new(SettingKind.Calendar, "/administration/calendars", "Calendars", "calendar");
    public static readonly ServiceLevelKind Policies = new(SettingKind.Sla, "/administration/policies", "Service levels", "policy");
}

/// <summary>The input of a trial as entered, in the local time of the calendar, and its result.</summary>
public sealed record Trial
{
    public string Start { get; init; } = "";
    public string Anchor { get; init; } = "";
    public string Amount { get; init; } = "";
    public string Unit { get; init; } = "workingTime";

    /// <summary>Reasons by field: start, anchor, amount.</summary>
    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();
    public PolicyPreview? Result { get; init; }
}

/// <summary>A day whose opening hours an edited calendar changes.</summary>
public sealed record ChangedDay(LocalDate Date, CalendarDay Before, CalendarDay After);

/// <summary>The data of the page of a calendar or policy.</summary>
public sealed record ServiceLevelView
{
    /// <summary>Changed days that are listed at most.</summary>
    public const int MostDays = 60;

    public required ServiceLevelKind Kind { get; init; }

    /// <summary>The version in force; null for a new one.</summary>
    public required SettingDocument? Document { get; init; }
    public required string Name { get; init; }

    /// <summary>The content of the editor, and the version it started from.</summary>
    public required string Text { get; init; }
    public required int Revision { get; init; }
    public required Instant Now { get; init; }
    public IReadOnlyList<DefinitionError> Errors { get; init; } = [];

    /// <summary>Any other error, as a sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>The editor's text was checked and can be saved.</summary>
    public bool Checked { get; init; }
    public Trial Trial { get; init; } = new();

    /// <summary>The trial with the content of the editor.</summary>
    public PolicyPreview? TrialAfter { get; init; }
    public IReadOnlyList<ChangedDay> ChangedDays { get; init; } = [];
    public BusinessCalendar? Calendar { get; init; }
    public SlaPolicy? Policy { get; init; }

    /// <summary>Year and month shown of a calendar.</summary>
    public int Year { get; init; }
    public int Month { get; init; }
    public RecomputeAnswer? Recomputed { get; init; }
    public IReadOnlyList<SettingDocument> Earlier { get; init; } = [];

    public string Path => $"{Kind.Path}/{(Document is null ? "new" : Uri.EscapeDataString(Document.Name))}";
}
