using System.Text.Json;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Long work that a person asks for. A row holds the order, its progress and its result; a Hangfire job performs it (<see cref="DoWork"/>). Each
/// change of its state is in the history chain <c>work:id</c>.
/// </summary>
public sealed class BackgroundWork(WorkflowRuntime runtime, IBackgroundJobClient jobs)
{
    /// <summary>How long finished work is kept.</summary>
    public static readonly Duration Retention = Duration.FromDays(30);

    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(10);

    private const string CheckKind = "check-history";

    private const string Columns =
        "id, requested_by, requested_at, orders, state, total, done, refused, position, result, error, ended_at from background_work";

    /// <summary>Asks for work. Asking again with the same operation id asks for nothing new.</summary>
    /// <param name="order">What.</param>
    /// <param name="operationId">The caller's id for it, or null.</param>
    /// <param name="actor">The person who asks. The work runs in their name, with the rights they have at that time.</param>
    /// <param name="cancel">Cancels.</param>
    /// <returns>Its id; null when the operation id was used for other work.</returns>
    public async Task<Guid?> AskAsync(WorkOrder order, string? operationId, Person actor, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var id = Ids.New(now);
        var text = JsonSerializer.SerializeToUtf8Bytes(order, TaskJson.Options);
        var total = order switch
        {
            WorkOrder.Bulk bulk => bulk.Items.Count,
            WorkOrder.Migrate migrate => migrate.Instances.Count,
            WorkOrder.CheckHistory => await LogSizeAsync(cancel),
            _ => await RecomputeClocks.CountAsync(runtime.Database, cancel),
        };
        await using (var connection = await runtime.Database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await using (var insert = connection.CreateBatch())
            {
                insert.Add(
                    """
                    insert into background_work (id, kind, requested_by, requested_at, operation_id, orders, state, total) values ($1, $2, $3, $4, $5,
                        $6, 'Queued', $7)
                    on conflict (requested_by, operation_id) do nothing
                    """,
                    id,
                    Kind(order),
                    actor.Id,
                    now,
                    operationId,
                    new Json(text),
                    total
                );
                insert.Add(
                    "select id, orders::text = convert_from($3, 'UTF8') from background_work where requested_by = $1 and operation_id = $2 and id <> $4",
                    actor.Id,
                    operationId,
                    text,
                    id
                );
                await using var reader = await insert.ExecuteReaderAsync(cancel);
                if (await reader.ReadAsync(cancel))
                    return reader.GetBoolean(1) ? reader.GetGuid(0) : null;
            }

            await RecordAsync(connection, id, actor.UserName, "work.requested", new { kind = Kind(order), total }, now, cancel);
            await transaction.CommitAsync(cancel);
        }

        await EnqueueAsync(id, cancel);
        return id;
    }

    /// <summary>Asks for a check of all history, unless one that someone asked for has not ended: then that is the answer.</summary>
    public async Task<Guid> AskForCheckAsync(Person actor, CancellationToken cancel = default) =>
        await CheckAskedForAsync(cancel) ?? (await AskAsync(new WorkOrder.CheckHistory(), null, actor, cancel))!.Value;

    /// <summary>The check of all history that someone asked for and that has not ended, or null.</summary>
    public async Task<Guid?> CheckAskedForAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            "select id from background_work where kind = $1 and ended_at is null order by requested_at limit 1",
            CheckKind
        );
        return await query.ExecuteScalarAsync(cancel) as Guid?;
    }

    private async Task<int> LogSizeAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select least(size, 2147483647)::int from log_state");
        return (int)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>The work, or null if it doesn't exist or belongs to someone else. Administrators see all work.</summary>
    public async Task<WorkStatus?> FindAsync(Guid id, Person reader, CancellationToken cancel = default) =>
        await FindAsync(id, cancel) is { } work && (work.RequestedBy == reader.Id || reader.May(Permissions.OperateJobs)) ? work : null;

    /// <summary>A person's recent work, newest first.</summary>
    public async Task<IReadOnlyList<WorkStatus>> ListAsync(Person requester, int limit, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"select {Columns} where requested_by = $1 order by requested_at desc, id limit $2",
            requester.Id,
            limit
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>Gives Hangfire the jobs of work that was written down by a host that died before it could. Returns how many.</summary>
    internal async Task<int> EnqueueLostAsync(CancellationToken cancel)
    {
        var lost = new List<Guid>();
        await using (
            var query = runtime.Database.Query(
                "select id from background_work where not enqueued and requested_at <= $1 - interval '10 seconds' order by requested_at limit 100",
                runtime.Clock.Now()
            )
        )
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                lost.Add(reader.GetGuid(0));
        }

        foreach (var id in lost)
            await EnqueueAsync(id, cancel);
        return lost.Count;
    }

    internal static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        await using var delete = database.Query("delete from background_work where ended_at < $1", now - Retention);
        return await delete.ExecuteNonQueryAsync(cancel);
    }

    internal async Task<WorkStatus?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query($"select {Columns} where id = $1", id);
        return await ReadAsync(query, cancel) is [var work] ? work : null;
    }

    /// <summary>Stores the result of a step and where to continue.</summary>
    internal async Task SaveAsync(WorkStatus work, CancellationToken cancel)
    {
        await using var update = runtime.Database.Query(
            "update background_work set done = $2, refused = $3, position = $4, result = $5 where id = $1",
            work.Id,
            work.Done,
            work.Refused,
            work.Position,
            new Json(JsonSerializer.SerializeToUtf8Bytes(work.Result, TaskJson.Options))
        );
        await update.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Changes the state, with its history. Does nothing when it is Done, or in that state already.</summary>
    internal async Task MoveAsync(Guid id, WorkState state, string actor, string? error, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var update = connection.CreateBatch())
        {
            update.Add(
                """
                update background_work set state = $2, ended_at = case when $2 in ('Done', 'Failed') then $3::timestamptz end, error = left($4, 8000),
                    enqueued = true
                where id = $1 and state not in ('Done', $2) returning id
                """,
                id,
                state.ToString(),
                now,
                error
            );
            if (await update.ExecuteScalarAsync(cancel) is null)
                return;
        }

        var action = state switch
        {
            WorkState.Running => "work.started",
            WorkState.Done => "work.done",
            _ => "work.failed",
        };
        await RecordAsync(connection, id, actor, action, error is null ? null : new { error }, now, cancel);
        await transaction.CommitAsync(cancel);
    }

    private async Task EnqueueAsync(Guid id, CancellationToken cancel)
    {
        jobs.Create(JobOf(id), new EnqueuedState(JobQueues.Work));
        await using var update = runtime.Database.Query("update background_work set enqueued = true where id = $1", id);
        await update.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Looks at the work again in a while: another host holds it now, and may still die before it is done.</summary>
    internal void LookAgain(Guid id) => jobs.Create(JobOf(id), new ScheduledState(LookAgainAfter));

    private static Job JobOf(Guid id) => Job.FromExpression<DoWork>(work => work.RunAsync(id, CancellationToken.None), JobQueues.Work);

    private static string Kind(WorkOrder order) =>
        order switch
        {
            WorkOrder.Bulk => "bulk",
            WorkOrder.Migrate => "migrate",
            WorkOrder.CheckHistory => CheckKind,
            _ => "recompute",
        };

    private static async Task RecordAsync(
        NpgsqlConnection connection,
        Guid id,
        string actor,
        string action,
        object? payload,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, $"work:{id:N}", actor, now, cancel);
        history.Add(new(action, "background-work", Ids.Text(id), 0, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload)));
        await using var batch = connection.CreateBatch();
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    private static async Task<IReadOnlyList<WorkStatus>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var all = new List<WorkStatus>();
        while (await r.ReadAsync(cancel))
        {
            all.Add(
                new(
                    r.GetGuid(0),
                    r.GetGuid(1),
                    r.Instant(2),
                    JsonSerializer.Deserialize<WorkOrder>(r.GetString(3), TaskJson.Options)!,
                    Enum.Parse<WorkState>(r.GetString(4)),
                    r.GetInt32(5),
                    r.GetInt32(6),
                    r.GetInt32(7),
                    r.Text(8),
                    r.IsDBNull(9) ? null : JsonSerializer.Deserialize<WorkResult>(r.GetString(9), TaskJson.Options),
                    r.Text(10),
                    r.InstantOrNull(11)
                )
            );
        }

        return all;
    }
}
