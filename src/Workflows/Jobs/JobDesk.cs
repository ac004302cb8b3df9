using System.Text.Json;
using Hangfire;
using Hangfire.Storage;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>A recurring job with its schedule and backlog.</summary>
/// <param name="Job">The job.</param>
/// <param name="Pause">The pause it is in, or null.</param>
/// <param name="LastRunAt">When a host last ran it; null if never.</param>
/// <param name="NextRunAt">When it looks next.</param>
/// <param name="Error">Why Hangfire could not schedule it; null when it could.</param>
/// <param name="Backlog">What is waiting for it; null if the job has no queue.</param>
public sealed record JobStatus(JobDescription Job, JobPause? Pause, Instant? LastRunAt, Instant? NextRunAt, string? Error, JobBacklog? Backlog);

/// <summary>A pause of a job.</summary>
/// <param name="At">Since when.</param>
/// <param name="By">Who paused it.</param>
/// <param name="Reason">The reason; null if none was given.</param>
public sealed record JobPause(Instant At, string By, string? Reason);

/// <summary>
/// What Hangfire doesn't offer for the recurring jobs: backlogs, pauses, rows that keep failing. People's actions are in the history chain
/// <c>jobs</c>.
/// </summary>
public sealed class JobDesk(JobStorage storage, WorkflowRuntime runtime)
{
    private const string Chain = "jobs";

    /// <summary>All jobs.</summary>
    public async Task<IReadOnlyList<JobStatus>> ListAsync(CancellationToken cancel = default)
    {
        var backlogs = (await JobQueries.BacklogsAsync(runtime.Database, runtime.Clock.Now(), cancel)).ToDictionary(b => b.Job);
        var pauses = await PausesAsync(cancel);
        using var connection = storage.GetConnection();
        var scheduled = connection.GetRecurringJobs().ToDictionary(job => job.Id);
        return
        [
            .. JobCatalog.All.Select(job =>
            {
                var known = scheduled.GetValueOrDefault(job.Name);
                return new JobStatus(
                    job,
                    pauses.GetValueOrDefault(job.Name),
                    At(known?.LastExecution),
                    At(known?.NextExecution),
                    known is null ? "Not scheduled" : known.Error,
                    backlogs.GetValueOrDefault(job.Name)
                );
            }),
        ];

        static Instant? At(DateTime? time) => time is { } some ? Instant.FromDateTimeUtc(DateTime.SpecifyKind(some, DateTimeKind.Utc)) : null;
    }

    /// <summary>The jobs that are paused, by name.</summary>
    public async Task<IReadOnlyDictionary<string, JobPause>> PausesAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query("select job, at, actor, reason from job_pause");
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var pauses = new Dictionary<string, JobPause>();
        while (await reader.ReadAsync(cancel))
            pauses.Add(reader.GetString(0), new(reader.Instant(1), reader.GetString(2), reader.Text(3)));
        return pauses;
    }

    /// <summary>
    /// Pauses a job on all hosts: it no longer starts, and due rows wait. Pausing a paused job changes nothing. False if there is no such job.
    /// </summary>
    public Task<bool> PauseAsync(string name, string actor, string? reason = null, CancellationToken cancel = default) =>
        ChangeAsync(
            name,
            "insert into job_pause (job, at, actor, reason) values ($1, $2, $3, $4) on conflict do nothing",
            [name, runtime.Clock.Now(), actor, reason],
            "job.paused",
            actor,
            reason,
            cancel
        );

    /// <summary>Resumes a paused job. False when there is no such job.</summary>
    public Task<bool> ResumeAsync(string name, string actor, CancellationToken cancel = default) =>
        ChangeAsync(name, "delete from job_pause where job = $1", [name], "job.resumed", actor, null, cancel);

    /// <summary>Makes a failing row due now instead of after its delay. False if the row no longer exists.</summary>
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

    private async Task<bool> ChangeAsync(string name, string change, object?[] values, string action, string actor, string? reason, CancellationToken cancel)
    {
        if (JobCatalog.Find(name) is null)
            return false;
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, Chain, actor, runtime.Clock.Now(), cancel);
        await using (var batch = connection.CreateBatch())
        {
            batch.Add(change, values);
            if (await batch.ExecuteNonQueryAsync(cancel) == 0)
                return true;
        }

        await WriteAsync(connection, history, new(action, "job", name, 0, reason is null ? null : JsonSerializer.SerializeToUtf8Bytes(new { reason })), cancel);
        await transaction.CommitAsync(cancel);
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
