using NodaTime;

namespace Orchestration.Workflows.Audit;

/// <summary>A search over history that runs by itself.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What its owner calls it; unique among theirs.</param>
/// <param name="Filter">What to look for, without times.</param>
/// <param name="Weekday">Day of the week; null: every day.</param>
/// <param name="Time">Time of that day, in the time zone of its owner.</param>
/// <param name="NextAt">When it runs next; null: it is paused.</param>
/// <param name="LastRun">Its last run, or null.</param>
public sealed record SavedSearch(Guid Id, string Name, HistoryFilter Filter, IsoDayOfWeek? Weekday, LocalTime Time, Instant? NextAt, SearchRun? LastRun);

/// <summary>A run of a saved search.</summary>
/// <param name="At">When.</param>
/// <param name="From">It looked at events from then on.</param>
/// <param name="To">And before then.</param>
/// <param name="Hits">How many it found, at most <see cref="RunSearches.MostHits"/> and one; null: it failed.</param>
/// <param name="Problem">Why it failed.</param>
public sealed record SearchRun(Instant At, Instant From, Instant To, int? Hits, string? Problem);

/// <summary>A search to save.</summary>
/// <param name="Name">At most 100 characters.</param>
/// <param name="Weekday">Day of the week; null: every day.</param>
/// <param name="Time">Time of that day, in their time zone; null: 7 am.</param>
public sealed record SearchPlan(string? Name, IsoDayOfWeek? Weekday, LocalTime? Time);

/// <summary>How a change of a saved search went.</summary>
public abstract record SavedSearchResult
{
    private SavedSearchResult() { }

    /// <summary>Done.</summary>
    public sealed record Done(Guid Id) : SavedSearchResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : SavedSearchResult;

    /// <summary>They have no such search.</summary>
    public sealed record NotFound : SavedSearchResult;
}
