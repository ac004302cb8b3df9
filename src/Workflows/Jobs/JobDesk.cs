using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Quartz;

namespace Orchestration.Workflows.Jobs;

/// <summary>A job with its schedule and figures.</summary>
/// <param name="Job">What it is.</param>
/// <param name="State"><c>Scheduled</c>, <c>Paused</c>, <c>Running</c>, <c>Error</c> (its class can not be made) or <c>Missing</c> (nobody scheduled it yet).</param>
/// <param name="LastRunAt">When it last began, on whatever host; null when never.</param>
/// <param name="NextRunAt">When it begins next; null while paused.</param>
/// <param name="Figures">What it did lately; null when it did not run in the last day.</param>
/// <param name="Backlog">What waits for it; null when nothing can.</param>
public sealed record JobStatus(JobDescription Job, string State, Instant? LastRunAt, Instant? NextRunAt, JobFigures? Figures, JobBacklog? Backlog);

/// <summary>A pause of a job.</summary>
/// <param name="At">Since when.</param>
/// <param name="By">Who paused it.</param>
/// <param name="Reason">Why; null when nobody said.</param>
public sealed record JobPause(Instant At, string By, string? Reason);

/// <summary>Looking after the jobs of the cluster. What people do here is in the history chain <c>jobs</c>.</summary>
public sealed class JobDesk(ISchedulerFactory schedulers, WorkflowRuntime runtime)
{
    /// <summary>All jobs.</summary>
    public async Task<IReadOnlyList<JobStatus>> ListAsync(CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var figures = (await JobQueries.FiguresAsync(runtime.Database, now, cancel)).ToDictionary(f => f.Job);
        var backlogs = (await JobQueries.BacklogsAsync(runtime.Database, now, cancel)).ToDictionary(b => b.Job);
        var scheduler = await schedulers.GetScheduler(cancel);
        var statuses = new List<JobStatus>();
        foreach (var job in JobCatalog.All)
        {
            var key = new TriggerKey(job.Name);
            var trigger = await scheduler.GetTrigger(key, cancel);
            var state = trigger is null
                ? "Missing"
                : await scheduler.GetTriggerState(key, cancel) switch
                {
                    TriggerState.Paused => "Paused",
                    TriggerState.Error => "Error",
                    TriggerState.Blocked => "Running",
                    _ => "Scheduled",
                };
            statuses.Add(
                new(
                    job,
                    state,
                    At(trigger?.PreviousFireTimeUtc),
                    state == "Paused" ? null : At(trigger?.NextFireTimeUtc),
                    figures.GetValueOrDefault(job.Name),
                    backlogs.GetValueOrDefault(job.Name)
                )
            );
        }

        return statuses;

        static Instant? At(DateTimeOffset? time) => time is { } some ? Instant.FromDateTimeOffset(some) : null;
    }

    /// <summary>Runs a job once, now, on whichever host takes it; also when it is paused. False when there is no such job.</summary>
    public Task<bool> RunAsync(string name, string actor, CancellationToken cancel = default) => WishAsync(name, "run", "job.run", actor, cancel);

    /// <summary>Pauses a job on all hosts. What is due waits. False when there is no such job.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="actor">Who pauses it.</param>
    /// <param name="reason">Why, for history; null when nobody said.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<bool> PauseAsync(string name, string actor, string? reason = null, CancellationToken cancel = default) =>
        WishAsync(name, "pause", "job.paused", actor, cancel, reason);

    /// <summary>When a job was paused last, by whom and why; null when never.</summary>
    public async Task<JobPause?> LastPauseAsync(string name, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            """
            select e.at, e.actor, p.payload ->> 'reason' from event e left join event_payload p on p.chain_id = e.chain_id and p.sequence = e.sequence and p.at = e.at
            where e.chain_id = $1 and e.action = 'job.paused' and e.entity_id = $2 order by e.sequence desc limit 1
            """,
            Ids.Named(Chain),
            name
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? new(reader.Instant(0), reader.GetString(1), reader.Text(2)) : null;
    }

    /// <summary>Lets a paused job go on. False when there is no such job.</summary>
    public Task<bool> ResumeAsync(string name, string actor, CancellationToken cancel = default) => WishAsync(name, "resume", "job.resumed", actor, cancel);

    /// <summary>Makes a failing row due now instead of at the end of its pause. False when it is not there (any more).</summary>
    public async Task<bool> RetryAsync(Guid row, string actor, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
        await using (var update = connection.CreateBatch())
        {
            update.Add("update deadline set due_at = $2 where id = $1 and attempts > 0", row, now);
            update.Add("update stimulus set due_at = $2 where id = $1 and attempts > 0", row, now);
            if (await update.ExecuteNonQueryAsync(cancel) == 0)
                return false;
        }

        await WriteAsync(connection, history, new("job.row-retried", "job", Ids.Text(row), 0, null), cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    private const string Chain = "jobs";

    /// <summary>Has the scheduler do what was wished for and is not done yet. The scheduler has its own connection: should this host die in between, the row is still there and it is done again, which changes nothing.</summary>
    public async Task FulfilAsync(CancellationToken cancel = default)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var wishes = new List<(string Job, string Wish)>();
        await using (var take = connection.CreateBatch())
        {
            // One host at a time, in the order in which they were wished.
            take.Add("select pg_advisory_xact_lock(hashtext('job_wish'))");
            take.Add("with gone as (delete from job_wish returning id, job, wish, created_at) select job, wish from gone order by created_at, id");
            await using var r = await take.ExecuteReaderAsync(cancel);
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                wishes.Add((r.GetString(0), r.GetString(1)));
        }

        if (wishes.Count == 0)
            return;
        var scheduler = await schedulers.GetScheduler(cancel);
        foreach (var (job, wish) in wishes)
        {
            var key = new JobKey(job);
            if (!await scheduler.Exists(key, cancel))
                continue;
            if (wish == "run")
                await scheduler.TriggerJob(key, cancellationToken: cancel);
            else if (wish == "pause")
                await scheduler.PauseJob(key, cancel);
            else
                await scheduler.ResumeJob(key, cancel);
        }

        await transaction.CommitAsync(cancel);
    }

    private async Task<bool> WishAsync(string name, string wish, string action, string actor, CancellationToken cancel, string? reason = null)
    {
        var scheduler = await schedulers.GetScheduler(cancel);
        if (JobCatalog.Find(name) is null || !await scheduler.Exists(new JobKey(name), cancel))
            return false;
        var now = runtime.Clock.Now();
        await using (var connection = await runtime.Database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
            await using (var insert = connection.CreateBatch())
            {
                insert.Add("insert into job_wish (id, job, wish, created_at) values ($1, $2, $3, $4)", Ids.New(now), name, wish, now);
                await insert.ExecuteNonQueryAsync(cancel);
            }

            await WriteAsync(
                connection,
                history,
                new(action, "job", name, 0, reason is null ? null : JsonSerializer.SerializeToUtf8Bytes(new { reason })),
                cancel
            );
            await transaction.CommitAsync(cancel);
        }

        await FulfilAsync(cancel);
        return true;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, HistoryAppend history, HistoryEvent what, CancellationToken cancel)
    {
        history.Add(what);
        await using var batch = connection.CreateBatch();
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
    }
}
