using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Ends offers that nobody answered, and takes back those whose task is gone or whose person can't have it any more. An offer that says so assigns the task
/// instead, by the rules of accepting it and if the person is still there and has room. Each is one transaction under the lock of its case; a locked case is
/// left for the next look.
/// </summary>
public sealed partial class EndOffers(TaskRuntime tasks, DatabaseTime time, DistributionMetrics metrics, ILogger<EndOffers> log)
{
    private const string Actor = "system";
    private const int Batch = 100;

    /// <summary>What an offer that assigned its task keeps as its reason.</summary>
    private const string Unanswered = "The offer wasn't answered in time.";

    private readonly WorkflowRuntime _runtime = tasks.Runtime;

    /// <summary>
    /// Open offers that are over: how they end, and why. An offer that someone pushed by hand stands whatever the team's policy says.
    /// </summary>
    private static readonly string Over = $"""
        select o.id, o.task_id, o.person_id, t.instance_id, t.team, t.title, t.activity_id, t.revision, t.state = 'Ready' is_open,
            case
                when t.ended_at is not null then 'The task has ended.'
                when t.state = 'Suspended' then 'The task was suspended.'
                when t.state <> 'Ready' then coalesce((select p.display_name from person p where p.id = t.owner_id), 'Someone else') || ' has the task.'
                when not q.active then q.display_name || ' was deactivated.'
                when t.test_by is null and not t.required_skills <@ {Eligibility.OfRow("q", "$1").Skills}
                    then q.display_name || ' isn''t certified for the task any more.'
                when not coalesce({Eligibility.OfRow("q", "$1").MayTake}, false) then q.display_name || ' can''t take the task any more.'
                when o.pushed_by is null and e.distribution not in ('offer', 'assign') then 'The team doesn''t offer its work any more.'
                when o.pushed_by is null and d.policy_version is distinct from coalesce((select s.version from setting_document s
                    where s.kind = 'distribution' and s.name = t.team and s.is_latest), 0) then 'The team has a new policy.'
                when o.pushed_by is null and (o.expires_at > $1 or o.assigns) and s.state <> 'Available' then q.display_name || ' isn''t available any more.'
                when o.assigns and o.expires_at <= $1 and (select case o.work_kind
                        when 'live' then l.live > l.live_capacity else l.deferred > l.deferred_capacity end
                    from {Load.Of("o.person_id")} l) then q.display_name || ' is at capacity.'
            end reason, o.expires_at, o.assigns, t.policies, q.user_name,
            q.active and t.test_by is null and not t.required_skills <@ {Eligibility.OfRow("q", "$1").Skills} lost_skill
        from task_offer o join task t on t.id = o.task_id join person q on q.id = o.person_id
            left join team e on e.key = t.team left join distribution_decision d on d.id = o.decision_id left join presence s on s.person_id = o.person_id
        where o.state = 'Open'
        """;

    private static readonly string One = $"select x.* from ({Over}) x where x.id = $2";

    /// <summary>Ends what is over by now. Returns how many offers.</summary>
    public async Task<int> SweepAsync(CancellationToken cancel = default)
    {
        var now = await time.NowAsync(cancel);
        var over = new List<(Guid Offer, Guid Instance, Guid Task, bool Assigns)>();
        await using (
            var query = _runtime.Database.Query(
                $"""
                select x.id, x.instance_id, x.task_id, x.assigns and x.reason is null from ({Over}) x
                where x.reason is not null or x.expires_at <= $1 limit $2
                """,
                now,
                Batch
            )
        )
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                over.Add((r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.GetBoolean(3)));
        }

        var done = 0;
        foreach (var (offer, instance, task, assigns) in over)
        {
            try
            {
                if (assigns ? await AssignAsync(offer, instance, task, now, cancel) : await EndAsync(offer, instance, now, cancel))
                    done++;
            }
            catch (Exception e) when (e is not (OperationCanceledException or NpgsqlException { IsTransient: true }))
            {
                // One offer that can't be ended must not stop the others.
                NotEnded(log, offer, e);
            }
        }

        return done;
    }

    private async Task<bool> EndAsync(Guid offer, Guid instance, Instant now, CancellationToken cancel)
    {
        await using var connection = await _runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        HistoryAppend history;
        Ending ending;
        await using (var take = connection.CreateBatch())
        {
            take.Add("select event_sequence, event_head from workflow_instance where id = $1 for no key update skip locked", instance);
            await using var r = await take.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return false;
            history = new(instance, r.GetInt32(0), r.GetFieldValue<byte[]>(1), now, Actor);
        }

        // Read under the lock: an answer that came first has ended the offer.
        await using (var read = connection.CreateBatch())
        {
            read.Add(One, now, offer);
            await using var r = await read.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return false;
            ending = Ending.Read(r);
            if (ending.Reason is null && (ending.ExpiresAt > now || ending.Assigns))
                return false;
        }

        var expired = ending.Reason is null;
        var changes = new List<Change> { new(ChangeKind.Task, ending.Task), new(ChangeKind.Person, ending.Person) };
        await using var batch = connection.CreateBatch();
        batch.Add(
            "update task_offer set state = $2, reason = $3, ended_at = $4 where id = $1",
            offer,
            (expired ? OfferState.Expired : OfferState.Withdrawn).ToString(),
            ending.Reason,
            now
        );
        history.Add(
            new(
                expired ? "task.offer-expired" : "task.offer-withdrawn",
                "task",
                Ids.Text(ending.Task),
                ending.Revision,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = ending.Title,
                        person = ending.Person,
                        reason = ending.Reason,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = ending.ActivityId,
            }
        );
        batch.Add(
            "update workflow_instance set event_sequence = $2, event_head = $3, updated_at = $4 where id = $1",
            instance,
            history.Sequence,
            history.Head,
            now
        );
        _runtime.HistoryWriting?.Invoke([history], batch);
        history.WriteTo(batch);
        if (expired)
            batch.BatchCommands.Add(Offer.PassOn(ending.Task, ending.Person));
        if (ending.IsOpen)
            batch.BatchCommands.Add(AskForPeople.For(ending.Task, expired ? "offer-expired" : "offer-withdrawn", now));
        if (!expired && ending is { IsOpen: true, LostSkill: true })
            batch.BatchCommands.Add(
                Notify.Command(
                    now,
                    [
                        new(
                            ending.Person,
                            "task.taken-over",
                            $"{ending.Title} isn't offered to you any more",
                            "You aren't certified for it any more.",
                            instance,
                            ending.Task
                        ),
                    ]
                )
            );
        if (!expired)
            batch.BatchCommands.Add(AskForWork.For([ending.Person], AskForWork.CapacityFreed, now));
        await batch.ExecuteNonQueryAsync(cancel);
        if (expired)
            changes.AddRange(await Presence.MissedOfferAsync(connection, ending.Person, now, cancel));
        if (expired)
        {
            // Still available after a first missed offer: they can be offered other work.
            await using var ask = connection.CreateBatch();
            ask.BatchCommands.Add(AskForWork.For([ending.Person], AskForWork.CapacityFreed, now));
            await ask.ExecuteNonQueryAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        _runtime.Changes.Publish(changes.Distinct());
        metrics.Ended(ending.Team, expired ? OfferState.Expired : OfferState.Withdrawn);
        return true;
    }

    /// <summary>Nobody answered in time, and the offer says that the task is the person's then.</summary>
    private async Task<bool> AssignAsync(Guid offer, Guid instance, Guid task, Instant now, CancellationToken cancel)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            _runtime,
            Actor,
            ("$1", instance),
            skipLocked: true,
            reads: [Sql.Command(One, now, offer), ClockReader.SelectOfTask(task)],
            moves: false,
            now: now,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return false;

        // Read under the lock, as when it ends: an answer, another host or a new obstacle came first.
        await t.NextResultAsync(cancel);
        if (!await t.Reads.ReadAsync(cancel))
            return false;
        var ending = Ending.Read(t.Reads);
        if (ending is not { Reason: null, Assigns: true } || ending.ExpiresAt > now)
            return false;
        await t.NextResultAsync(cancel);
        var clocks = await ClockReader.ReadLiveAsync(t.Reads, cancel);
        await t.DoneReadingAsync();
        t.Write("update task_offer set state = 'Accepted', reason = $2, ended_at = $3 where id = $1", offer, Unanswered, now);
        t.Write(AskForWork.For([ending.Person], AskForWork.Answered, now));
        var given = new GivenTask(ending.Task, ending.Title, ending.ActivityId, ending.Policies, ending.Person, ending.UserName);
        await given.WriteAsync(tasks, t, clocks, "You didn't answer its offer in time.", cancel);
        t.Record(
            new(
                "task.assigned",
                "task",
                Ids.Text(ending.Task),
                ending.Revision + 1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = ending.Title,
                        owner = ending.UserName,
                        reason = Unanswered,
                        offer,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = ending.ActivityId,
            }
        );
        t.Announce(new(ChangeKind.Task, ending.Task));
        await t.CommitAsync(cancel);
        metrics.Ended(ending.Team, OfferState.Accepted);
        return true;
    }

    private sealed record Ending(
        Guid Task,
        Guid Person,
        string? Team,
        string Title,
        string ActivityId,
        int Revision,
        bool IsOpen,
        string? Reason,
        Instant ExpiresAt,
        bool Assigns,
        string[] Policies,
        string UserName,
        bool LostSkill
    )
    {
        public static Ending Read(DbDataReader r) =>
            new(
                r.GetGuid(1),
                r.GetGuid(2),
                r.Text(4),
                r.GetString(5),
                r.GetString(6),
                r.GetInt32(7),
                r.GetBoolean(8),
                r.Text(9),
                r.Instant(10),
                r.GetBoolean(11),
                r.GetFieldValue<string[]>(12),
                r.GetString(13),
                r.GetBoolean(14)
            );
    }

    [LoggerMessage(EventId = 241, Level = LogLevel.Error, Message = "Offer {Offer} couldn't be ended; retrying")]
    private static partial void NotEnded(ILogger log, Guid offer, Exception e);
}
