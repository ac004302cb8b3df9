using NodaTime;

namespace Orchestration.Workflows.Performance;

/// <summary>What the facts of a chain add to the sums, by the day on which it happened in the zone.</summary>
internal static class CaseParts
{
    /// <summary>Adds them up: once for everyone, and once for the person.</summary>
    public static Parts Of(CaseFold fold, string journey, DateTimeZone zone)
    {
        var parts = new Parts();
        if (fold.StartedAt is { } started)
        {
            Add(Measure.CaseStarted, started);
            if (fold.EndedAt is { } ended)
            {
                Add(Measure.CaseEnded, ended);
                if (fold.IsCompleted)
                    Add(Measure.CaseCycle, ended, seconds: (long)(ended - started).TotalSeconds);
            }
        }

        if (fold.Rating is { } rating)
        {
            Add(Measure.Satisfied, rating.At, total: rating.Satisfaction >= 4 ? 1 : 0);
            if (rating.Recommend is { } recommend)
                Add(
                    Measure.Recommend,
                    rating.At,
                    total: recommend >= 9 ? 1
                        : recommend <= 6 ? -1
                        : 0
                );
        }

        foreach (var visit in fold.Visits)
        {
            Add(Measure.Opened, visit.OpenedAt, visit, everyoneOnly: true);
            foreach (var (at, who, measure) in visit.Offers)
                Add(measure, at, visit, person: who, everyoneOnly: who is null);
            if (visit.EndedAt is not { } ended)
                continue;
            Add(Measure.Ended, ended, visit);
            if (visit.EndedAs != "Completed")
                continue;
            Add(Measure.Cycle, ended, visit, seconds: (long)(ended - visit.OpenedAt).TotalSeconds);
            Add(Measure.Waiting, ended, visit, seconds: visit.Waiting);
            Add(Measure.Working, ended, visit, seconds: visit.Working);
            Add(Measure.Suspended, ended, visit, seconds: visit.Suspended);
            Add(Measure.FirstTime, ended, visit, total: visit is { Returned: false, Changes: 0 } ? 1 : 0);
            Add(Measure.Touches, ended, visit, total: visit.Touches);
            if (visit.Expected is { } expected)
            {
                Add(Measure.Worked, ended, visit, total: visit.Working);
                Add(Measure.Expected, ended, visit, total: expected);
            }
        }

        foreach (var clock in fold.Clocks)
        {
            var visit = fold.Find(clock.Task);
            if (clock.IsPromise)
            {
                // Past its time it is broken at once, as in the ledger; withdrawn, it doesn't count.
                if ((clock.BreachedAt ?? (clock.Met is null ? null : clock.EndedAt)) is { } over && !clock.IsWithdrawn)
                    Add(Measure.Promise, over, visit, total: clock is { BreachedAt: null, Met: true } ? 1 : 0, clock: clock.Policy);
                continue;
            }

            if (clock is { EndedAt: { } ended, Met: { } met })
                Add(Measure.Clock, ended, visit, total: met ? 1 : 0, clock: clock.Policy);
            if (clock.BreachedAt is { } breached)
                Add(Measure.Breach, breached, visit, clock: clock.Policy);
        }

        return parts;

        void Add(
            Measure measure,
            Instant at,
            Visit? visit = null,
            long? seconds = null,
            long total = 0,
            string clock = "",
            Guid? person = null,
            bool everyoneOnly = false
        )
        {
            var bucket = seconds is { } duration ? DurationBucket.Of(duration) : (short)0;
            var key = new PartKey(Guid.Empty, measure, at.InZone(zone).Date, journey, visit?.Step ?? "", visit?.Team ?? "", clock, bucket);
            parts.Add(key, 1, seconds ?? total);
            if (!everyoneOnly && (person ?? visit?.Owner) is { } who)
                parts.Add(key with { Person = who }, 1, seconds ?? total);
        }
    }
}
