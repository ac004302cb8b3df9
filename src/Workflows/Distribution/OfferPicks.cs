using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Offers tasks as decided: decisions, offers and history of many cases in one transaction, each statement once. It locks the cases with SKIP LOCKED, so it
/// never waits for one and can't deadlock, and checks each offer against what is true then.
/// </summary>
public sealed partial class OfferPicks(WorkflowRuntime runtime, DistributionMetrics metrics, ILogger<OfferPicks> log)
{
    private const string Actor = "system";

    /// <summary>Offers them, or nothing at all.</summary>
    /// <param name="decided">Decisions about tasks of one team, made at the same time.</param>
    /// <returns>For each whether it was offered: false if the task is gone or the person can't have it, null if its case is locked, so try again.</returns>
    internal async Task<bool?[]> RunAsync(IReadOnlyList<Decided> decided, CancellationToken cancel)
    {
        var (first, now) = (decided[0].Decision, decided[0].Decision.At);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (histories, facts) = await LockAsync(connection, decided, now, cancel);
        var done = new bool?[decided.Count];
        var offers = new List<NewOffer>();
        var until = now + first.Policy.OfferTimeout;
        for (var i = 0; i < done.Length; i++)
        {
            var (pick, decision) = decided[i];
            if (!histories.TryGetValue(pick.Work.Id, out var history))
                continue;
            done[i] = facts[i] is { May: true };
            if (facts[i] is not { } task)
                continue;
            if (!task.May)
            {
                MayNot(log, pick.Work.Id, pick.Person.Id);
                continue;
            }

            history.Add(
                new("task.offered", "task", Ids.Text(pick.Work.Id), task.Revision, Payload(task.Title, task.UserName, until, decision.Id))
                {
                    ActivityId = task.ActivityId,
                }
            );
            offers.Add(new(pick.Work, pick.Person.Id, decision));
        }

        if (offers.Count == 0)
            return done;
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Decision.InsertAll(offers.ConvertAll(offer => offer.Decision)));
        batch.BatchCommands.Add(NewOffer.InsertAll(offers, now, until, first.Policy.AssignUnanswered));
        Write(batch, [.. histories.Values.Distinct().Where(history => history.Count > 0)], now);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(offers.SelectMany(one => new Change[] { new(ChangeKind.Task, one.Work.Id), new(ChangeKind.Person, one.Person) }).Distinct());
        foreach (var _ in offers)
            metrics.Offered(first.Team, "offer");
        return done;
    }

    /// <summary>
    /// Locks the cases that no one else has locked, and reads about each task and person what is true then. A task that isn't open any more has no facts.
    /// </summary>
    private static async Task<(Dictionary<Guid, HistoryAppend> Histories, Facts?[] Facts)> LockAsync(
        NpgsqlConnection connection,
        IReadOnlyList<Decided> decided,
        Instant now,
        CancellationToken cancel
    )
    {
        var tasks = decided.Select(one => one.Pick.Work.Id).ToArray();
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select t.id, i.id, i.event_sequence, i.event_head from task t join workflow_instance i on i.id = t.instance_id where t.id = any($1)
            for no key update of i skip locked
            """,
            tasks
        );
        batch.Add(
            $"""
            select n.place::int, t.title, t.revision, t.activity_id, p.user_name, coalesce({Eligibility.OfRow("p", "$3").MayTake}, false)
            from unnest($1::uuid[], $2::uuid[]) with ordinality n(task, person, place) join task t on t.id = n.task join person p on p.id = n.person
            where t.state = 'Ready' and t.test_by is null and not exists (select from task_offer o where o.task_id = t.id and o.state = 'Open')
            """,
            tasks,
            decided.Select(one => one.Pick.Person.Id).ToArray(),
            now
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var (histories, cases) = (new Dictionary<Guid, HistoryAppend>(), new Dictionary<Guid, HistoryAppend>());
        while (await r.ReadAsync(cancel))
        {
            // Tasks of one case share its chain of history.
            var id = r.GetGuid(1);
            if (!cases.TryGetValue(id, out var history))
                cases[id] = history = new(id, r.GetInt32(2), r.GetFieldValue<byte[]>(3), now, Actor);
            histories[r.GetGuid(0)] = history;
        }

        var facts = new Facts?[decided.Count];
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            facts[r.GetInt32(0) - 1] = new(r.GetString(1), r.GetInt32(2), r.GetString(3), r.GetString(4), r.GetBoolean(5));
        return (histories, facts);
    }

    private void Write(NpgsqlBatch batch, IReadOnlyList<HistoryAppend> chains, Instant now)
    {
        batch.Add(
            """
            update workflow_instance i set event_sequence = s.sequence, event_head = s.head, updated_at = $1
            from unnest($2::uuid[], $3::int[], $4::bytea[]) s(id, sequence, head) where i.id = s.id
            """,
            now,
            chains.Select(chain => chain.Chain).ToArray(),
            chains.Select(chain => chain.Sequence).ToArray(),
            chains.Select(chain => chain.Head).ToArray()
        );
        runtime.HistoryWriting?.Invoke(chains, batch);
        HistoryAppend.WriteAll(batch, chains);
    }

    private static byte[] Payload(string title, string person, Instant until, Guid decision) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                title,
                person,
                until = until.ToString(),
                decision,
            },
            TaskJson.Options
        );

    private sealed record Facts(string Title, int Revision, string ActivityId, string UserName, bool May);

    [LoggerMessage(EventId = 245, Level = LogLevel.Warning, Message = "Task {Task} was meant for person {Person}, who can't claim it any more")]
    internal static partial void MayNot(ILogger log, Guid task, Guid person);
}
