using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>
/// Sets what people do now. A change, its row of <c>presence_change</c>, its history and the requests for work that it calls for are one transaction. The
/// person's chain of history is the lock.
/// </summary>
public sealed class Presence(WorkflowRuntime runtime)
{
    /// <summary>How long someone who is available can have no connected page before they are away.</summary>
    public static readonly Duration Grace = Duration.FromMinutes(5);

    /// <summary>Offers in a row that someone can let expire before they are away.</summary>
    public const int MissedAllowed = 2;

    private static readonly Duration Longest = Duration.FromDays(366);

    /// <summary>Sets a presence by hand.</summary>
    /// <param name="person">Whose.</param>
    /// <param name="state">Any but Engaged.</param>
    /// <param name="reason">What they are away for: required for Away, at most 100 characters.</param>
    /// <param name="until">When it ends by itself: in the future, within a year; not for Available.</param>
    /// <param name="actor">The person, a supervisor or administrator, or the lead of one of their teams.</param>
    public async Task<PresenceResult> SetAsync(
        Guid person,
        PresenceState? state,
        string? reason,
        Instant? until,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (person != actor.Id && !await TeamQueries.SteersPersonAsync(runtime.Database, actor, person, cancel))
            return new PresenceResult.NotFound();
        var now = runtime.Clock.Now();
        reason = reason?.Trim() ?? "";
        var errors = Check(state, reason, until, now);
        if (errors.Count > 0)
            return new PresenceResult.Invalid(errors);
        var cause = person == actor.Id ? PresenceCause.Person : PresenceCause.Supervisor;
        var change = new PresenceChange(state!.Value, reason, cause, actor.UserName, until?.Truncated());
        var tell = cause == PresenceCause.Supervisor ? $"{actor.DisplayName} changed your presence" : null;
        return await ChangeAsync(person, actor.UserName, tell, (_, plan) => plan.Active ? change : null, cancel)
            ? new PresenceResult.Done()
            : new PresenceResult.NotFound();
    }

    /// <summary>Signing out: they are off shift.</summary>
    public async Task SignedOutAsync(Person person, CancellationToken cancel = default) =>
        await ChangeAsync(
            person.Id,
            person.UserName,
            null,
            (row, _) =>
                row is null or { State: PresenceState.OffShift or PresenceState.Leave }
                    ? null
                    : new(PresenceState.OffShift, "", PresenceCause.SignOut, person.UserName),
            cancel
        );

    /// <summary>
    /// A page of theirs is connected: call it when it connects and every minute after. Who was away for silence is available again; who had signed out is,
    /// when they are in a shift.
    /// </summary>
    public async Task SeenAsync(Person person, CancellationToken cancel = default)
    {
        await using (
            var seen = runtime.Database.Query(
                """
                with before as (select state, cause from presence where person_id = $1)
                update presence p set seen_at = $2, look_at = case when p.seen_at is null then '-infinity' else p.look_at end from before b
                where p.person_id = $1 and (p.seen_at is null or p.seen_at < $2 - interval '30 seconds'
                    or (b.state, b.cause) in (('Away', 'Silence'), ('OffShift', 'SignOut')))
                returning (b.state, b.cause) in (('Away', 'Silence'), ('OffShift', 'SignOut'))
                """,
                person.Id,
                runtime.Clock.Now()
            )
        )
        {
            if (await seen.ExecuteScalarAsync(cancel) is not true)
                return;
        }

        await ChangeAsync(
            person.Id,
            person.UserName,
            null,
            (row, plan) =>
                (row?.State, row?.Cause) switch
                {
                    (PresenceState.Away, PresenceCause.Silence) => new(PresenceState.Available, "", PresenceCause.Silence, person.UserName),
                    (PresenceState.OffShift, PresenceCause.SignOut) when plan.Shift is { } shift && !plan.OnLeave => new(
                        shift,
                        "",
                        PresenceCause.Shift,
                        person.UserName
                    ),
                    _ => null,
                },
            cancel
        );
    }

    /// <summary>
    /// An offer to this person expired: the second in a row makes them away, and tells them why. It belongs into the transaction that ends the offer, on its
    /// connection.
    /// </summary>
    /// <returns>What to publish after the commit (<see cref="Changes.Publish"/>).</returns>
    public static async Task<IReadOnlyList<Change>> MissedOfferAsync(NpgsqlConnection connection, Guid person, Instant now, CancellationToken cancel = default)
    {
        var history = await PersonHistory.LockAsync(connection, person, "system", now, cancel);
        var (row, _) = await PresencePlan.ReadAsync(connection, person, now, cancel);
        if (row is null)
            return [];
        await using var batch = connection.CreateBatch();
        if (row.State != PresenceState.Available || row.Missed + 1 < MissedAllowed)
        {
            batch.Add("update presence set missed_offers = missed_offers + 1 where person_id = $1", person);
            await batch.ExecuteNonQueryAsync(cancel);
            return [];
        }

        Write(batch, history, person, row, new(PresenceState.Away, "Missed offers", PresenceCause.MissedOffers, "system"), now);
        batch.BatchCommands.Add(
            Notify.Command(
                now,
                [
                    new(
                        person,
                        NotificationKinds.PresenceChanged,
                        "You're away now",
                        $"You let {MissedAllowed} offers in a row expire. Choose Available when you're back.",
                        null,
                        null
                    ),
                ]
            )
        );
        await batch.ExecuteNonQueryAsync(cancel);
        return [new(ChangeKind.Presence, person), new(ChangeKind.Person, person)];
    }

    /// <summary>An offer was accepted or declined: missed offers before it no longer count.</summary>
    public static NpgsqlBatchCommand OfferAnswered(Guid person) =>
        Sql.Command("update presence set missed_offers = 0 where person_id = $1 and missed_offers > 0", person);

    /// <summary>Does what shifts, absences, ends of times and silence call for by now. Returns how many people it looked at.</summary>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var due = new List<Guid>();
        await using (var query = runtime.Database.Query("select person_id from presence where look_at <= $1 order by look_at limit $2", now, limit))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                due.Add(reader.GetGuid(0));
        }

        foreach (var person in due)
            await LookAsync(person, now, cancel);
        return due.Count;
    }

    private async Task LookAsync(Guid person, Instant now, CancellationToken cancel)
    {
        // A change is followed by a look at what comes next.
        for (var look = 0; look < 2 && !await IsSettledAsync(person, now, cancel); look++)
            await ChangeAsync(person, "system", null, (row, plan) => row is null ? null : plan.Decide(row, Grace, now).Change, cancel);
    }

    /// <summary>False: a change is due. True: the next look is planned, or another transaction changes the plan, which asks for a look itself.</summary>
    private async Task<bool> IsSettledAsync(Guid person, Instant now, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);

        // Locked before the plan is read: a plan that changes after that makes the row due again, after this transaction.
        await using (var take = connection.CreateBatch())
        {
            take.Add("select true from presence where person_id = $1 for update skip locked", person);
            if (await take.ExecuteScalarAsync(cancel) is null)
                return true;
        }

        var (row, plan) = await PresencePlan.ReadAsync(connection, person, now, cancel);
        var (change, lookAt) = plan!.Decide(row!, Grace, now);
        if (change is not null)
            return false;
        await using var later = connection.CreateBatch();
        later.Add("update presence set look_at = $2, planned_at = greatest(planned_at, $3) where person_id = $1", person, lookAt, plan.Last);
        await later.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    private async Task<bool> ChangeAsync(
        Guid person,
        string actor,
        string? tell,
        Func<PresenceRow?, PresencePlan, PresenceChange?> decide,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor, now, cancel);
        var (row, plan) = await PresencePlan.ReadAsync(connection, person, now, cancel);
        if (plan is null || decide(row, plan) is not { } change)
            return false;
        if (row is not null && (row.State, row.Reason, row.Until) == (change.State, change.Reason, change.Until))
            return true;
        await using var batch = connection.CreateBatch();
        Write(batch, history, person, row, change, now);
        if (tell is not null)
            batch.BatchCommands.Add(Notify.Command(now, [new(person, NotificationKinds.PresenceChanged, tell, Told(change), null, null)]));
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(tell is null ? [new(ChangeKind.Presence, person)] : [new(ChangeKind.Presence, person), new(ChangeKind.Person, person)]);
        return true;
    }

    private static void Write(NpgsqlBatch batch, PersonHistory history, Guid person, PresenceRow? before, PresenceChange change, Instant now)
    {
        batch.Add(
            """
            insert into presence (person_id, state, reason, cause, changed_by, since, until_at, planned_at, look_at, revision)
                values ($1, $2, $3, $4, $5, $6, $7, $6, '-infinity', $8)
            on conflict (person_id) do update set state = $2, reason = $3, cause = $4, changed_by = $5, since = $6, until_at = $7, planned_at = $6,
                look_at = '-infinity', missed_offers = 0, revision = $8
            """,
            person,
            change.State.ToString(),
            change.Reason,
            change.Cause.ToString(),
            change.By,
            now,
            change.Until,
            (before?.Revision ?? 0) + 1
        );
        batch.Add(
            "insert into presence_change (person_id, at, revision, state, reason, cause, changed_by) values ($1, $2, $3, $4, $5, $6, $7)",
            person,
            now,
            (before?.Revision ?? 0) + 1,
            change.State.ToString(),
            change.Reason,
            change.Cause.ToString(),
            change.By
        );
        history.Add(
            "person.presence",
            new
            {
                changes = new[]
                {
                    new
                    {
                        field = "presence",
                        from = before?.State.ToString() ?? "",
                        to = change.State.ToString(),
                    },
                },
                reason = change.Reason,
                cause = change.Cause.ToString(),
                until = change.Until?.ToString(),
            }
        );
        history.WriteTo(batch);
        if (change.State == PresenceState.Available)
            batch.BatchCommands.Add(AskForWork.For([person], AskForWork.Available, now));
    }

    private static Dictionary<string, string[]> Check(PresenceState? state, string reason, Instant? until, Instant now)
    {
        var errors = new Dictionary<string, string[]>();
        if (state is null || !Enum.IsDefined(state.Value))
            errors["state"] = ["must be Available, Away, Training, Leave or OffShift"];
        else if (state == PresenceState.Engaged)
            errors["state"] = ["can't be Engaged: someone who is available shows as engaged while they work on a task"];
        if (reason.Length > 100)
            errors["reason"] = ["must have at most 100 characters"];
        else if (reason.Any(char.IsControl))
            errors["reason"] = ["must not contain line breaks or other control characters"];
        else if (state == PresenceState.Away && reason.Length == 0)
            errors["reason"] = ["is required: a break or a meeting, for example"];
        if (until is not null && state == PresenceState.Available)
            errors["until"] = ["must be empty: being available has no end"];
        else if (until <= now || until > now + Longest)
            errors["until"] = ["must be in the future, within a year"];
        return errors;
    }

    private static string Told(PresenceChange change) =>
        $"You are {Name(change.State)} now{(change.Reason.Length > 0 ? $": {change.Reason}" : "")}. You can change it at the top of every page.";

    private static string Name(PresenceState state) =>
        state switch
        {
            PresenceState.Training => "in training",
            PresenceState.Leave => "on leave",
            PresenceState.OffShift => "off shift",
            _ => state.ToString().ToLowerInvariant(),
        };
}
