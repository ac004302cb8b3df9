using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Alterations of many instances, done one by one after the plan was committed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Alterations">Elsa's JSON of the alterations, in order.</param>
/// <param name="Filter">Elsa's JSON of which instances were meant.</param>
/// <param name="Actor">Who submitted it.</param>
/// <param name="CreatedAt">When it was submitted.</param>
/// <param name="Jobs">One for each instance.</param>
public sealed record AlterationPlan(
    string Id,
    System.Text.Json.Nodes.JsonArray Alterations,
    JsonObject Filter,
    string Actor,
    Instant CreatedAt,
    IReadOnlyList<AlterationJob> Jobs
)
{
    /// <summary>Elsa's word: <c>Running</c> until the last job has ended, then <c>Completed</c>, or <c>Failed</c> when every one of its jobs failed.</summary>
    public string Status =>
        Jobs.Any(j => j.State == "Pending") ? "Running"
        : Jobs.Count > 0 && Jobs.All(j => j.State == "Failed") ? "Failed"
        : "Completed";

    /// <summary>End of the last job; null while one is left.</summary>
    public Instant? EndedAt => Status == "Running" ? null : Jobs.Max(j => j.EndedAt) ?? CreatedAt;
}

/// <summary>What became of one instance of a plan.</summary>
/// <param name="Id">Its id.</param>
/// <param name="InstanceId">The instance.</param>
/// <param name="State"><c>Pending</c>, <c>Completed</c> or <c>Failed</c>.</param>
/// <param name="Log">What was done, or why nothing was; empty while pending.</param>
/// <param name="CreatedAt">When the plan was submitted.</param>
/// <param name="EndedAt">When it was done or refused; null while pending.</param>
public sealed record AlterationJob(Guid Id, Guid InstanceId, string State, IReadOnlyList<AlterationEntry> Log, Instant CreatedAt, Instant? EndedAt);

/// <summary>
/// Plans of alterations. Submitting writes a stimulus for each instance: the host that wrote it delivers it after commit, the sweeper whatever is left,
/// so a plan survives any host. Each instance is altered in a
/// transaction of its own that also ends its job: exactly once, all alterations or none.
/// </summary>
public static class AlterationPlans
{
    /// <summary>Submits a plan. The same id again is the same plan: nothing is written a second time.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="id">Id of the plan, chosen by the caller.</param>
    /// <param name="alterations">Elsa's JSON, each readable by <see cref="Alteration.Read"/>.</param>
    /// <param name="filter">Elsa's JSON of which instances are meant, kept to be shown.</param>
    /// <param name="instances">Which these are.</param>
    /// <param name="actor">Who alters them, for history.</param>
    /// <param name="reason">Why, or null.</param>
    public static async Task SubmitAsync(
        WorkflowRuntime runtime,
        string id,
        System.Text.Json.Nodes.JsonArray alterations,
        JsonObject filter,
        IReadOnlyList<Guid> instances,
        string actor,
        string? reason,
        CancellationToken cancel = default
    )
    {
        var now = runtime.Clock.Now();
        var jobs = instances.Select(_ => Ids.New(now)).ToArray();
        var stimuli = instances.Select(_ => Ids.New(now)).ToArray();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var plan = connection.CreateBatch())
        {
            plan.Add(
                "insert into alteration_plan (id, alterations, filter, actor, created_at, reason) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                id,
                Utf8(alterations),
                Utf8(filter),
                actor,
                now,
                reason
            );
            if (await plan.ExecuteNonQueryAsync(cancel) == 0)
                return;
        }

        await using (var batch = connection.CreateBatch())
        {
            batch.Add(
                """
                insert into alteration_job (id, plan_id, instance_id, state, created_at) select j.id, $1, j.instance, 'Pending', $2
                from unnest($3::uuid[], $4::uuid[]) j(id, instance)
                """,
                id,
                now,
                jobs,
                instances.ToArray()
            );
            batch.Add(
                """
                insert into stimulus (id, kind, instance_id, payload, due_at, created_at)
                select s.id, 'alter', s.instance, json_build_object('job', s.job), $1, $1 from unnest($2::uuid[], $3::uuid[], $4::uuid[]) s(id, job, instance)
                """,
                now,
                stimuli,
                jobs,
                instances.ToArray()
            );
            await batch.ExecuteNonQueryAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        runtime.Stimuli.Deliver(default, stimuli);
    }

    /// <summary>A plan with what became of its jobs, or null.</summary>
    public static async Task<AlterationPlan?> FindAsync(NpgsqlDataSource database, string id, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select alterations, filter, actor, created_at from alteration_plan where id = $1", id);
        batch.Add("select id, instance_id, state, log, created_at, ended_at from alteration_job where plan_id = $1 order by id", id);
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        if (!await reader.ReadAsync(cancel))
            return null;
        var (alterations, filter) = (JsonNode.Parse(reader.Utf8(0))!.AsArray(), JsonNode.Parse(reader.Utf8(1))!.AsObject());
        var (actor, createdAt) = (reader.GetString(2), reader.Instant(3));
        await reader.NextResultAsync(cancel);
        var jobs = new List<AlterationJob>();
        while (await reader.ReadAsync(cancel))
        {
            var ended = reader.InstantOrNull(5);
            var log = ended is null
                ? []
                : JsonNode.Parse(reader.Utf8(3))!.AsArray().Select(e => new AlterationEntry((string)e!["message"]!, (bool)e["succeeded"]!, ended.Value));
            jobs.Add(new(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), [.. log], reader.Instant(4), ended));
        }

        return new(id, alterations, filter, actor, createdAt, jobs);
    }

    /// <summary>Does one job; its stimulus goes in the same transaction. Nothing when another host did it.</summary>
    internal static async Task RunAsync(WorkflowRuntime runtime, Guid stimulus, Guid job, Guid instance, CancellationToken cancel)
    {
        System.Text.Json.Nodes.JsonArray alterations;
        string actor;
        string? reason;
        await using (
            var query = runtime.Database.Query(
                """
                select p.alterations, p.actor, p.reason from alteration_job j join alteration_plan p on p.id = j.plan_id
                where j.id = $1 and j.state = 'Pending'
                """,
                job
            )
        )
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            if (!await reader.ReadAsync(cancel))
                return;
            (alterations, actor, reason) = (JsonNode.Parse(reader.Utf8(0))!.AsArray(), reader.GetString(1), reader.Text(2));
        }

        // The transaction that alters the instance ends the job: a host that dies in it leaves both as they were.
        var result = await Alterations.RunAsync(
            runtime,
            instance,
            [.. alterations.OfType<JsonObject>().Select(a => Alteration.Read(a).Alteration!)],
            actor,
            reason is null ? null : new(reason),
            (stimulus, log => End(job, "Completed", log, runtime.Clock.Now())),
            cancel
        );
        if (result is not { Refused: not null })
            return;

        // A refused alteration was rolled back, including the removal of its stimulus.
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(End(job, "Failed", result.Log, runtime.Clock.Now()));
        batch.Add("delete from stimulus where id = $1", stimulus);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    private static NpgsqlBatchCommand End(Guid job, string state, IReadOnlyList<AlterationEntry> log, Instant now) =>
        Sql.Command(
            "update alteration_job set state = $2, log = $3, ended_at = $4 where id = $1 and state = 'Pending'",
            job,
            state,
            new Json(JsonSerializer.SerializeToUtf8Bytes(log.Select(e => new { message = e.Message, succeeded = e.Succeeded }))),
            now
        );

    private static Json Utf8(JsonNode json) => new(JsonSerializer.SerializeToUtf8Bytes(json));
}
