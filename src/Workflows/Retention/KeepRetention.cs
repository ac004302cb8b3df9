using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Retention;

/// <summary>
/// Removes cases whose time is over, in small batches: each is one transaction with its proof in the history of retention. Cases on hold, and those with a
/// run that hasn't ended, are skipped. Any host may run it.
/// </summary>
public sealed class KeepRetention(WorkflowRuntime runtime, SettingDocuments settings)
{
    /// <summary>Name of the chain with the proofs.</summary>
    public const string Chain = "retention";

    /// <summary>Who removes.</summary>
    public const string Actor = "retention";

    private const int Scheduled = 500;

    /// <summary>Cases of a batch. A hold that is placed waits for one batch at most.</summary>
    internal const int Batch = 50;

    private static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    /// <summary>Schedules what has ended, and removes what is due. Returns how many cases were removed.</summary>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        if (await RetentionPolicies.FindAsync(settings, stop) is not { } policy)
            return 0;
        await ScheduleAsync(policy, stop);
        if (runtime.Clock.Now() < policy.RemovesFrom)
            return 0;
        var removed = 0;
        Place? at = new(Instant.MinValue, Guid.Empty);
        while (at is not null && !stop.IsCancellationRequested)
        {
            (var count, at) = await RemoveAsync(policy, at, Batch, null, CancellationToken.None);
            removed += count;
        }

        return removed;
    }

    /// <summary>Writes until when cases are kept: those that ended since, and all of them after a change of the policy. Returns how many.</summary>
    public async Task<int> ScheduleAsync(PolicyVersion policy, CancellationToken stop = default)
    {
        var (total, after) = (0, Guid.Empty);
        while (!stop.IsCancellationRequested)
        {
            var rows = await UnscheduledAsync(policy, after, stop);
            if (rows.Count == 0)
                break;
            after = rows[^1].Id;
            total += rows.Count;
            await WriteAsync(policy, rows, stop);
        }

        return total;
    }

    private async Task<List<Ended>> UnscheduledAsync(PolicyVersion policy, Guid after, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select c.id, c.journey, c.created_at, i.finished_at, i.definition_version_id, i.state
            from journey_case c join workflow_instance i on i.id = c.id left join case_retention r on r.case_id = c.id and r.case_id > $2
            where i.status = 'Finished' and i.sub_status <> 'Faulted' and c.test_by is null and c.id > $2 and i.id > $2
                and (r.case_id is null or r.policy_version <> $1 or r.closed_at <> i.finished_at)
            order by c.id limit $3
            """,
            policy.Version,
            after,
            Scheduled
        );
        var rows = new List<Ended>();
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            rows.Add(new(r.GetGuid(0), r.GetString(1), r.Instant(2), r.Instant(3), r.GetString(4), r.Utf8(5)));
        return rows;
    }

    private async Task WriteAsync(PolicyVersion policy, List<Ended> rows, CancellationToken cancel)
    {
        var (rules, places, ends) = (new string?[rows.Count], new string?[rows.Count], new Instant?[rows.Count]);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            var facts = await FactsAsync(row, cancel);
            var rule = policy.Policy.For(row.Journey, facts);
            rules[i] = rule?.Key;
            places[i] = facts.GetValueOrDefault(policy.Policy.JurisdictionFact);
            ends[i] = rule?.RemoveAt(row.Started, row.Closed, policy.Policy.Zone).Truncated();
        }

        await using var write = runtime.Database.Query(
            """
            insert into case_retention (case_id, policy_version, rule, jurisdiction, closed_at, remove_at)
            select n.id, $2, n.rule, n.jurisdiction, n.closed, n.remove_at
            from unnest($1::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) n(id, rule, jurisdiction, closed, remove_at)
                join journey_case c on c.id = n.id
            on conflict (case_id) do update set policy_version = excluded.policy_version, rule = excluded.rule, jurisdiction = excluded.jurisdiction,
                closed_at = excluded.closed_at, remove_at = excluded.remove_at
            """,
            rows.ConvertAll(r => r.Id).ToArray(),
            policy.Version,
            rules,
            places,
            rows.ConvertAll(r => r.Closed).ToArray(),
            ends
        );
        await write.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>What is known about a case; nothing of a state or version that can't be read, whose case then has the rule for unknown jurisdictions.</summary>
    private async Task<Dictionary<string, string>> FactsAsync(Ended row, CancellationToken cancel)
    {
        try
        {
            return CaseFacts.Of(InstanceState.FromJson(row.State), await runtime.Definitions.GetVersionAsync(row.VersionId, cancel));
        }
        catch (Exception e) when (e is DefinitionUnavailableException or InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>Removes one batch. Returns how many cases, and where to go on; null: nothing more is due.</summary>
    /// <param name="policy">The version in force. Cases that were scheduled by another one are left until they are scheduled again.</param>
    /// <param name="after">Where the batch before ended.</param>
    /// <param name="limit">Most cases.</param>
    /// <param name="beforeCommit">For tests: runs when all is written.</param>
    internal async Task<(int Removed, Place? Next)> RemoveAsync(
        PolicyVersion policy,
        Place after,
        int limit,
        Func<Task>? beforeCommit,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (due, held) = await DueAsync(connection, policy, after, limit, now, cancel);
        if (due.Count == 0)
            return (0, null);
        Place? next = due.Count == limit ? new(due[^1].RemoveAt, due[^1].Id) : null;
        var runs = await RunsAsync(connection, [.. due.Select(d => d.Id)], cancel);
        var cases = due.Where(d => !held.Contains(d.Id) && runs[d.Id].All(run => !run.Running))
            .Select(d => new RemovedCase(d.Id, d.Reference, [.. runs[d.Id].Select(run => run.Run)], Reason(policy, d)))
            .ToList();
        if (cases.Count == 0)
            return (0, next);
        var removed = await Removal.RunAsync(connection, cases, [], "Retention", Actor, now, cancel);
        await using var batch = connection.CreateBatch();
        var history = await NamedChain.LockAsync(connection, Chain, Actor, now, cancel);
        var proof = new RetentionProof(
            policy.Version,
            cases.Count,
            held.Count,
            due.Count - cases.Count - held.Count,
            [.. due.Where(d => cases.Any(c => c.Id == d.Id)).GroupBy(d => d.Rule).Select(g => new RuleCount(g.Key, g.Count()))],
            removed.Places,
            removed.Payloads,
            removed.Chains,
            await HeadAsync(connection, cancel)
        );
        history.Add(new("retention.removed", "retention", Ids.Text(Ids.New(now)), policy.Version, JsonSerializer.SerializeToUtf8Bytes(proof, Json)));
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        if (beforeCommit is not null)
            await beforeCommit();
        await transaction.CommitAsync(cancel);
        return (cases.Count, next);
    }

    private static async Task<(List<DueCase> Due, HashSet<Guid> Held)> DueAsync(
        NpgsqlConnection connection,
        PolicyVersion policy,
        Place after,
        int limit,
        Instant now,
        CancellationToken cancel
    )
    {
        var (due, held) = (new List<DueCase>(), new HashSet<Guid>());
        await using (var batch = connection.CreateBatch())
        {
            batch.BatchCommands.Add(LegalHolds.RemovalLock());
            batch.Add(
                """
                select r.case_id, c.reference, r.remove_at, r.rule, r.closed_at
                from case_retention r join journey_case c on c.id = r.case_id join workflow_instance i on i.id = r.case_id
                where r.remove_at <= $1 and (r.remove_at, r.case_id) > ($2, $3) and r.policy_version = $4
                    and i.status = 'Finished' and i.finished_at = r.closed_at
                order by r.remove_at, r.case_id limit $5 for update of i skip locked
                """,
                now,
                after.At == Instant.MinValue ? Instant.FromUnixTimeSeconds(0) : after.At,
                after.Id,
                policy.Version,
                limit
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                due.Add(new(r.GetGuid(0), r.GetString(1), r.Instant(2), r.GetString(3), r.Instant(4)));
        }

        await using (var batch = connection.CreateBatch())
        {
            batch.Add("select distinct held_case from holds_of($1, $2)", due.ConvertAll(d => d.Id).ToArray(), now);
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                held.Add(r.GetGuid(0));
        }

        return (due, held);
    }

    /// <summary>The runs of some cases, locked.</summary>
    internal static async Task<ILookup<Guid, (Guid Run, bool Running)>> RunsAsync(NpgsqlConnection connection, Guid[] cases, CancellationToken cancel)
    {
        var runs = new List<(Guid Case, Guid Run, bool Running)>();
        await using var batch = connection.CreateBatch();
        batch.Add("select id from workflow_instance where id in (select run from runs_of($1)) order by id for update", (object)cases);
        batch.Add("select of_case, run, running from runs_of($1)", (object)cases);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            runs.Add((r.GetGuid(0), r.GetGuid(1), r.GetBoolean(2)));
        return runs.ToLookup(run => run.Case, run => (run.Run, run.Running));
    }

    /// <summary>The newest signed tree head, or null.</summary>
    internal static async Task<string?> HeadAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add($"select note from log_head {KeptHead.NewestFirst} limit 1");
        return await batch.ExecuteScalarAsync(cancel) as string;
    }

    private static string Reason(PolicyVersion policy, DueCase due)
    {
        var why = policy.Policy.Rules.FirstOrDefault(rule => rule.Key == due.Rule)?.Why;
        var (closed, until) = (due.ClosedAt.InZone(policy.Policy.Zone).Date, due.RemoveAt.InZone(policy.Policy.Zone).Date);
        return $"Retention {due.Rule} (version {policy.Version}): closed {closed:uuuu'-'MM'-'dd}, kept until {until:uuuu'-'MM'-'dd}. {why}";
    }

    private sealed record Ended(Guid Id, string Journey, Instant Started, Instant Closed, string VersionId, byte[] State);

    private sealed record DueCase(Guid Id, string Reference, Instant RemoveAt, string Rule, Instant ClosedAt);

    /// <summary>Where a batch ended.</summary>
    internal sealed record Place(Instant At, Guid Id);
}

/// <summary>Cases removed by a rule.</summary>
public sealed record RuleCount(string Rule, int Cases);

/// <summary>The proof of a batch, in the history of retention.</summary>
/// <param name="PolicyVersion">Version of the policy.</param>
/// <param name="Cases">Cases removed.</param>
/// <param name="Held">Cases that were due and on hold.</param>
/// <param name="Running">Cases that were due, with a run that had not ended.</param>
/// <param name="Rules">Cases by rule.</param>
/// <param name="Places">Rows removed, by place.</param>
/// <param name="Payloads">Payloads of history erased.</param>
/// <param name="Chains">What is left of the history of each run.</param>
/// <param name="TreeHead">The newest signed head before; null: none was signed yet.</param>
public sealed record RetentionProof(
    int PolicyVersion,
    int Cases,
    int Held,
    int Running,
    IReadOnlyList<RuleCount> Rules,
    IReadOnlyList<RemovedRows> Places,
    long Payloads,
    IReadOnlyList<RemovedChain> Chains,
    string? TreeHead
);
