using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Ends offers that nobody answered, and takes back those whose task is gone or whose person can't have it any more. Each is one transaction under the lock
/// of its case; a locked case is left for the next look.
/// </summary>
public sealed partial class EndOffers(WorkflowRuntime runtime, DistributionMetrics metrics, ILogger<EndOffers> log)
{
    private const string Actor = "system";
    private const int Batch = 100;

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
                when not coalesce({Eligibility.OfRow("q", "$1").MayTake}, false) then q.display_name || ' can''t take the task any more.'
                when o.pushed_by is null and e.distribution not in ('offer', 'assign') then 'The team doesn''t offer its work any more.'
                when o.pushed_by is null and d.policy_version is distinct from coalesce((select s.version from setting_document s
                    where s.kind = 'distribution' and s.name = t.team and s.is_latest), 0) then 'The team has a new policy.'
                when o.expires_at > $1 and s.state <> 'Available' then q.display_name || ' isn''t available any more.'
            end reason
        from task_offer o join task t on t.id = o.task_id join person q on q.id = o.person_id
            left join team e on e.key = t.team left join distribution_decision d on d.id = o.decision_id left join presence s on s.person_id = o.person_id
        where o.state = 'Open'
        """;

    /// <summary>Ends what is over by now. Returns how many offers.</summary>
    public async Task<int> SweepAsync(CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var over = new List<(Guid Offer, Guid Instance)>();
        await using (
            var query = runtime.Database.Query(
                $"select x.id, x.instance_id from ({Over}) x join task_offer o on o.id = x.id where x.reason is not null or o.expires_at <= $1 limit $2",
                now,
                Batch
            )
        )
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                over.Add((r.GetGuid(0), r.GetGuid(1)));
        }

        var done = 0;
        foreach (var (offer, instance) in over)
        {
            try
            {
                if (await EndAsync(offer, instance, now, cancel))
                    done++;
            }
            catch (PostgresException e) when (!e.IsTransient)
            {
                NotEnded(log, offer, e);
            }
        }

        return done;
    }

    private async Task<bool> EndAsync(Guid offer, Guid instance, Instant now, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
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
            read.Add($"select x.*, o.expires_at from ({Over}) x join task_offer o on o.id = x.id where x.id = $2", now, offer);
            await using var r = await read.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return false;
            ending = Ending.Read(r);
            if (ending.Reason is null && ending.ExpiresAt > now)
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
        runtime.HistoryWriting?.Invoke([history], batch);
        history.WriteTo(batch);
        if (ending.IsOpen)
            batch.BatchCommands.Add(AskForPeople.For(ending.Task, expired ? "offer-expired" : "offer-withdrawn", now));
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
        runtime.Changes.Publish(changes.Distinct());
        metrics.Ended(ending.Team, expired ? OfferState.Expired : OfferState.Withdrawn);
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
        Instant ExpiresAt
    )
    {
        public static Ending Read(NpgsqlDataReader r) =>
            new(r.GetGuid(1), r.GetGuid(2), r.Text(4), r.GetString(5), r.GetString(6), r.GetInt32(7), r.GetBoolean(8), r.Text(9), r.Instant(10));
    }

    [LoggerMessage(EventId = 241, Level = LogLevel.Error, Message = "Offer {Offer} couldn't be ended; retrying")]
    private static partial void NotEnded(ILogger log, Guid offer, Exception e);
}
