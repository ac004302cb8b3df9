using NodaTime;

namespace Orchestration.Workflows.Board;

/// <summary>Counts of a step, a team or several. Test cases don't count.</summary>
public sealed record BoardFigures
{
    /// <summary>No tasks.</summary>
    public static readonly BoardFigures None = new();

    /// <summary>Open tasks: those that wait, are in work or are suspended.</summary>
    public int Open { get; init; }

    /// <summary>Ready, and no one has them.</summary>
    public int Waiting { get; init; }

    /// <summary>Someone has them: assigned, in progress or in review.</summary>
    public int InWork => Open - Waiting - Suspended;

    /// <summary>Suspended.</summary>
    public int Suspended => SuspendedBy.Values.Sum();

    /// <summary>Suspended, by reason.</summary>
    public IReadOnlyDictionary<string, int> SuspendedBy { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Neither at risk nor overdue by the worst running clock of the task and its case; also those without a clock.</summary>
    public int OnTrack => Open - AtRisk - Overdue;

    /// <summary>At risk by that clock.</summary>
    public int AtRisk { get; init; }

    /// <summary>Breached by that clock.</summary>
    public int Overdue { get; init; }

    /// <summary>Opened within the last 24 hours.</summary>
    public int UnderDay { get; init; }

    /// <summary>Opened from one to three times 24 hours ago.</summary>
    public int UnderThreeDays { get; init; }

    /// <summary>Opened from three to seven times 24 hours ago.</summary>
    public int UnderWeek { get; init; }

    /// <summary>Opened longer ago.</summary>
    public int Older => Open - UnderDay - UnderThreeDays - UnderWeek;

    /// <summary>Opened in the last hour, whatever became of them.</summary>
    public int ArrivedHour { get; init; }

    /// <summary>Opened today, whatever became of them.</summary>
    public int ArrivedToday { get; init; }

    /// <summary>Completed in the last hour.</summary>
    public int CompletedHour { get; init; }

    /// <summary>Completed today.</summary>
    public int CompletedToday { get; init; }

    /// <summary>Of these, those completed after the due time of the worst clock.</summary>
    public int LateToday { get; init; }

    /// <summary>When the longest waiting of <see cref="Waiting"/> was opened.</summary>
    public Instant? WaitingSince { get; init; }

    /// <summary>The task that was opened first.</summary>
    public BoardTask? Oldest { get; init; }

    /// <summary>The task that is due first, or was; null when none has a clock.</summary>
    public BoardTask? MostUrgent { get; init; }

    /// <summary>The counts a day ago at the same time of day; null while there is no snapshot of then.</summary>
    public BoardPast? Yesterday { get; init; }

    /// <summary>The counts a week ago at the same time of day; null while there is no snapshot of then.</summary>
    public BoardPast? LastWeek { get; init; }

    /// <summary>Of both together.</summary>
    public static BoardFigures operator +(BoardFigures a, BoardFigures b)
    {
        var by = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (reason, count) in a.SuspendedBy.Concat(b.SuspendedBy))
            by[reason] = by.GetValueOrDefault(reason) + count;
        return new()
        {
            Open = a.Open + b.Open,
            Waiting = a.Waiting + b.Waiting,
            SuspendedBy = by,
            AtRisk = a.AtRisk + b.AtRisk,
            Overdue = a.Overdue + b.Overdue,
            UnderDay = a.UnderDay + b.UnderDay,
            UnderThreeDays = a.UnderThreeDays + b.UnderThreeDays,
            UnderWeek = a.UnderWeek + b.UnderWeek,
            ArrivedHour = a.ArrivedHour + b.ArrivedHour,
            ArrivedToday = a.ArrivedToday + b.ArrivedToday,
            CompletedHour = a.CompletedHour + b.CompletedHour,
            CompletedToday = a.CompletedToday + b.CompletedToday,
            LateToday = a.LateToday + b.LateToday,
            WaitingSince = First(a.WaitingSince, b.WaitingSince),
            Oldest = First(a.Oldest, b.Oldest),
            MostUrgent = First(a.MostUrgent, b.MostUrgent),
            Yesterday = a.Yesterday + b.Yesterday,
            LastWeek = a.LastWeek + b.LastWeek,
        };
    }

    private static Instant? First(Instant? a, Instant? b) =>
        a is null ? b
        : b is null ? a
        : Instant.Min(a.Value, b.Value);

    private static BoardTask? First(BoardTask? a, BoardTask? b) =>
        a is null ? b
        : b is null || (a.At, a.Id).CompareTo((b.At, b.Id)) <= 0 ? a
        : b;
}

/// <summary>A task that the board names.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">What it was chosen by: when it was opened, or is due.</param>
/// <param name="Title">Its title; null until it was looked up.</param>
/// <param name="Reference">Of its case.</param>
public sealed record BoardTask(Guid Id, Instant At, string? Title, string? Reference);

/// <summary>Counts at an earlier time.</summary>
/// <param name="Open">Open tasks.</param>
/// <param name="Waiting">Of these, those that no one had.</param>
/// <param name="Suspended">Of these, those that were suspended.</param>
/// <param name="AtRisk">Of these, those at risk.</param>
/// <param name="Overdue">Of these, those that were breached.</param>
public sealed record BoardPast(int Open, int Waiting, int Suspended, int AtRisk, int Overdue)
{
    /// <summary>Someone had them.</summary>
    public int InWork => Open - Waiting - Suspended;

    /// <summary>Neither at risk nor overdue.</summary>
    public int OnTrack => Open - AtRisk - Overdue;

    /// <summary>Of both together; unknown when one is.</summary>
    public static BoardPast? operator +(BoardPast? a, BoardPast? b) =>
        a is null || b is null ? null : new(a.Open + b.Open, a.Waiting + b.Waiting, a.Suspended + b.Suspended, a.AtRisk + b.AtRisk, a.Overdue + b.Overdue);
}
