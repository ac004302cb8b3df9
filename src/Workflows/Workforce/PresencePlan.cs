using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>A row of <c>presence</c>.</summary>
internal sealed record PresenceRow(
    PresenceState State,
    string Reason,
    PresenceCause Cause,
    string ChangedBy,
    Instant Since,
    Instant? Until,
    Instant? SeenAt,
    int Missed,
    Instant? PlannedAt,
    int Revision
);

/// <summary>What a presence becomes.</summary>
internal sealed record PresenceChange(PresenceState State, string Reason, PresenceCause Cause, string By, Instant? Until = null);

/// <summary>
/// What the shifts and absences of a person say. What people set by hand holds until the next begin or end in that plan; so does what silence and missed
/// offers set.
/// </summary>
/// <param name="Active">Whether they work here.</param>
/// <param name="OnLeave">Whether an absence of theirs is in force.</param>
/// <param name="Shift">State of the shift they are in; null outside of shifts.</param>
/// <param name="HasShifts">Whether they have shifts at all, from two weeks ago on: who has none is never off shift by the plan.</param>
/// <param name="Last">Latest begin or end of a shift or absence up to now.</param>
/// <param name="Next">First one after now.</param>
internal sealed record PresencePlan(bool Active, bool OnLeave, PresenceState? Shift, bool HasShifts, Instant? Last, Instant? Next)
{
    /// <summary>The plan's state.</summary>
    public PresenceState State => OnLeave ? PresenceState.Leave : Shift ?? PresenceState.OffShift;

    /// <summary>The change that is due, if any, and when to look again.</summary>
    public (PresenceChange? Change, Instant? LookAt) Decide(PresenceRow now, Duration grace, Instant at)
    {
        if (!Active)
            return (now.State == PresenceState.OffShift ? null : new(PresenceState.OffShift, "", PresenceCause.SignOut, "system"), null);
        var change = Due(now, grace, at);
        var becomes = change is null ? now : now with { State = change.State, Until = change.Until, Since = at };
        return (change, Earliest(Next, becomes.Until, SilentAt(becomes, grace)));
    }

    private PresenceChange? Due(PresenceRow now, Duration grace, Instant at)
    {
        var begins = Last is { } last && (now.PlannedAt is not { } planned || last > planned);
        var isPlanned = now.Cause is PresenceCause.Shift or PresenceCause.Absence;
        if ((begins || isPlanned) && now.State != State)
            return new(State, "", OnLeave || now.State == PresenceState.Leave && !HasShifts ? PresenceCause.Absence : PresenceCause.Shift, "system");
        if (now.Until <= at)
            return new(OnLeave || HasShifts ? State : PresenceState.Available, "", now.Cause, now.ChangedBy);
        return SilentAt(now, grace) <= at ? new(PresenceState.Away, "No page open", PresenceCause.Silence, "system") : null;
    }

    private static Instant? SilentAt(PresenceRow row, Duration grace) =>
        row is { State: PresenceState.Available, SeenAt: { } seen } ? Instant.Max(seen, row.Since) + grace : null;

    private static Instant? Earliest(params ReadOnlySpan<Instant?> times)
    {
        Instant? first = null;
        foreach (var time in times)
            first = first is null || time < first ? time ?? first : first;
        return first;
    }

    /// <summary>Reads the presence and the plan of a person: two results of one row each, the first empty if they never had a presence.</summary>
    public static async Task<(PresenceRow? Row, PresencePlan? Plan)> ReadAsync(NpgsqlConnection connection, Guid person, Instant now, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            "select state, reason, cause, changed_by, since, until_at, seen_at, missed_offers, planned_at, revision from presence where person_id = $1",
            person
        );
        batch.Add(
            """
            with edge as (
                select e.at from shift s, lateral (values (s.from_at), (s.until_at)) e(at) where s.person_id = $1 and s.until_at > $2 - interval '2 days'
                union all
                select e.at from substitution s, lateral (values (s.from_at), (least(s.until_at, s.ended_at))) e(at)
                    where s.person_id = $1 and s.until_at > $2 - interval '2 days' and (s.ended_at is null or s.ended_at > s.from_at)
            )
            select p.active,
                exists (select from substitution s where s.person_id = p.id and s.ended_at is null and s.from_at <= $2 and s.until_at > $2),
                (select s.kind from shift s where s.person_id = p.id and s.from_at <= $2 and s.until_at > $2 order by s.kind limit 1),
                exists (select from shift s where s.person_id = p.id and s.until_at > $2 - interval '14 days'),
                (select max(at) from edge where at <= $2), (select min(at) from edge where at > $2)
            from person p where p.id = $1
            """,
            person,
            now
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        PresenceRow? row = null;
        if (await r.ReadAsync(cancel))
        {
            row = new(
                Enum.Parse<PresenceState>(r.GetString(0)),
                r.GetString(1),
                Enum.Parse<PresenceCause>(r.GetString(2)),
                r.GetString(3),
                r.Instant(4),
                r.InstantOrNull(5),
                r.InstantOrNull(6),
                r.GetInt32(7),
                r.InstantOrNull(8),
                r.GetInt32(9)
            );
        }

        await r.NextResultAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return (row, null);
        PresenceState? shift = r.Text(2) switch
        {
            null => null,
            "Training" => PresenceState.Training,
            _ => PresenceState.Available,
        };
        return (row, new(r.GetBoolean(0), r.GetBoolean(1), shift, r.GetBoolean(3), r.InstantOrNull(4), r.InstantOrNull(5)));
    }
}
