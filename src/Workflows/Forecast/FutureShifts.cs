using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Forecast;

/// <summary>
/// When people will work: their shifts, less absences and what they are away for now. Who has no shifts at all works in the opening hours of the office; after
/// the last day that is planned for their teams they work as in their last week.
/// </summary>
internal sealed class FutureShifts
{
    private readonly Dictionary<Guid, List<Interval>> _shifts = [];
    private readonly Dictionary<Guid, List<Interval>> _past;
    private IReadOnlyList<Interval> _hours = [];

    private FutureShifts(Dictionary<Guid, List<Interval>> all) => _past = all;

    /// <summary>Their shifts from now on, in order.</summary>
    public IReadOnlyList<Interval> Of(Guid person) => _shifts.GetValueOrDefault(person) ?? (_past.ContainsKey(person) ? [] : _hours);

    /// <summary>Minutes they worked between two instants.</summary>
    public double Worked(Guid person, Instant from, Instant to) =>
        PastTask.Worked(_past.GetValueOrDefault(person) ?? [], from, to) ?? Math.Min(240, (to - from).TotalMinutes);

    /// <summary>The calendar whose hours hold for people without shifts.</summary>
    public static BusinessCalendar? OfficeCalendar(ServiceLevelCatalog serviceLevels) => serviceLevels.OfficeCalendar;

    public static async Task<FutureShifts> ReadAsync(
        NpgsqlConnection connection,
        DateTimeZone zone,
        ServiceLevelCatalog serviceLevels,
        Instant now,
        Instant until,
        CancellationToken cancel
    )
    {
        var all = await PastTask.ShiftsAsync(connection, now - Duration.FromDays(28), until + Duration.FromDays(60), cancel);
        var planned = new FutureShifts(all) { _hours = [.. (OfficeCalendar(serviceLevels)?.Openings(now, until) ?? []).Select(one => one.Open)] };
        var planEnds = await PlanEndsAsync(connection, now - Duration.FromDays(28), cancel);
        foreach (var (person, shifts) in all)
        {
            var theirs = shifts.Where(shift => shift.End > now).ToList();
            var ends = planEnds.GetValueOrDefault(person, shifts[^1].End);
            for (var week = 1; ends + Duration.FromDays(7 * (week - 1)) < until && week <= 3; week++)
            {
                foreach (var shift in shifts.Where(shift => shift.Start > ends - Duration.FromDays(7)))
                {
                    var moved = new Interval(Moved(shift.Start, week), Moved(shift.End, week));
                    if (moved.Start >= ends && moved.Start < until && moved.End > now)
                        theirs.Add(moved);
                }
            }

            planned._shifts[person] = theirs;
        }

        await planned.LeaveOutAsync(connection, now, until, cancel);
        return planned;

        Instant Moved(Instant at, int weeks) => at.InZone(zone).LocalDateTime.PlusWeeks(weeks).InZoneLeniently(zone).ToInstant();
    }

    /// <summary>Until when anyone in a person's teams, or the person, is planned: someone without shifts before that is meant to be off.</summary>
    private static async Task<Dictionary<Guid, Instant>> PlanEndsAsync(NpgsqlConnection connection, Instant from, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            with own as (select person_id, max(until_at) ends from shift where kind = 'Work' and until_at > $1 group by 1),
                team as (select m.team_key, max(o.ends) ends from own o join team_member m on m.person_id = o.person_id group by 1)
            select o.person_id, greatest(o.ends, (select max(t.ends) from team_member m join team t on t.team_key = m.team_key where m.person_id = o.person_id))
            from own o
            """,
            from
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var ends = new Dictionary<Guid, Instant>();
        while (await r.ReadAsync(cancel))
            ends[r.GetGuid(0)] = r.Instant(1);
        return ends;
    }

    /// <summary>Absences, and what someone said about themselves in this shift.</summary>
    private async Task LeaveOutAsync(NpgsqlConnection connection, Instant now, Instant until, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select s.person_id, s.from_at, s.until_at from substitution s where s.ended_at is null and s.until_at > $1 and s.from_at < $2
            union all
            select p.person_id, $1, coalesce(p.until_at, $1 + interval '12 hours') from presence p
            where p.state <> 'Available' and p.cause in ('Person', 'Supervisor', 'Absence') and p.since <= $1 and (p.until_at is null or p.until_at > $1)
                and exists (select from shift h where h.person_id = p.person_id and h.kind = 'Work' and h.from_at <= p.since and h.until_at > $1)
            """,
            now,
            until
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var (person, from, to) = (r.GetGuid(0), r.Instant(1), r.Instant(2));

            // Without an end they are away until their shift ends.
            if (
                _shifts.GetValueOrDefault(person)?.FirstOrDefault(shift => shift.Contains(now)) is { HasEnd: true } current
                && from == now
                && to - from == Duration.FromHours(12)
            )
                to = Instant.Min(to, current.End);
            _shifts[person] = [.. Of(person).SelectMany(shift => Without(shift, from, to))];
        }
    }

    private static IEnumerable<Interval> Without(Interval shift, Instant from, Instant to)
    {
        if (to <= shift.Start || from >= shift.End)
        {
            yield return shift;
            yield break;
        }

        if (from > shift.Start)
            yield return new(shift.Start, from);
        if (to < shift.End)
            yield return new(to, shift.End);
    }
}
