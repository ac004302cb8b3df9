using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>What waits for a job.</summary>
/// <param name="Job">Its name.</param>
/// <param name="Due">Rows that are due.</param>
/// <param name="Lag">How long the oldest has been due; zero when nothing is.</param>
public sealed record JobBacklog(string Job, long Due, Duration Lag);

/// <summary>What a job did lately.</summary>
/// <param name="Job">Its name.</param>
/// <param name="Rows">Rows dealt with in the last hour.</param>
/// <param name="Failures">Runs that failed in the last 24 hours.</param>
/// <param name="LastAt">End of the last run that was written down (a few seconds behind).</param>
/// <param name="LastTook">How long that took.</param>
/// <param name="LongestTook">The longest of the last hour.</param>
/// <param name="Host">Where the last run was.</param>
public sealed record JobFigures(string Job, long Rows, long Failures, Instant LastAt, Duration LastTook, Duration LongestTook, string Host);

/// <summary>A run that failed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Job">Job.</param>
/// <param name="Host">Where it ran.</param>
/// <param name="At">When it failed.</param>
/// <param name="Took">After how long.</param>
/// <param name="Error">The exception with its stack.</param>
public sealed record JobFailure(Guid Id, string Job, string Host, Instant At, Duration Took, string Error);

/// <summary>A row of one of the queues that failed and will be tried again by itself.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Queue">Which queue: <c>rung</c>, <c>timer</c> or another kind of deadline, or <c>stimulus</c>.</param>
/// <param name="InstanceId">Instance it is about, or null.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="LastError">What went wrong the last time.</param>
/// <param name="DueAt">When it is tried next.</param>
public sealed record FailingRow(Guid Id, string Queue, Guid? InstanceId, int Attempts, string? LastError, Instant DueAt);

/// <summary>Reading about jobs.</summary>
public static class JobQueries
{
    /// <summary>What waits for each job that has a queue.</summary>
    public static async Task<IReadOnlyList<JobBacklog>> BacklogsAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        var jobs = JobCatalog.All.Where(job => job.Backlog is not null).ToList();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        foreach (var job in jobs)
            batch.Add(job.Backlog!, now);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var backlogs = new List<JobBacklog>();
        foreach (var job in jobs)
        {
            await r.ReadAsync(cancel);
            backlogs.Add(new(job.Name, r.GetInt64(0), r.InstantOrNull(1) is { } oldest && oldest < now ? now - oldest : Duration.Zero));
            await r.NextResultAsync(cancel);
        }

        return backlogs;
    }

    /// <summary>What each job did lately, over all hosts. A job that did not run in the last day is missing.</summary>
    public static async Task<IReadOnlyList<JobFigures>> FiguresAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select distinct on (job) job, coalesce(sum(rows) filter (where minute > $1 - interval '1 hour') over all_of, 0)::bigint, sum(failures) over all_of, last_at, last_ms,
                coalesce(max(longest_ms) filter (where minute > $1 - interval '1 hour') over all_of, last_ms), host
            from job_minute where minute > $1 - interval '1 day'
            window all_of as (partition by job)
            order by job, last_at desc
            """,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var figures = new List<JobFigures>();
        while (await r.ReadAsync(cancel))
            figures.Add(
                new(
                    r.GetString(0),
                    r.GetInt64(1),
                    r.GetInt64(2),
                    r.Instant(3),
                    Duration.FromMilliseconds(r.GetInt64(4)),
                    Duration.FromMilliseconds(r.GetInt64(5)),
                    r.GetString(6)
                )
            );
        return figures;
    }

    /// <summary>Failed runs, newest first.</summary>
    public static async Task<IReadOnlyList<JobFailure>> FailuresAsync(NpgsqlDataSource database, string? job, int limit, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select id, job, host, at, took_ms, error from job_failure where ($1::text is null or job = $1) order by at desc, id desc limit $2",
            job,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var failures = new List<JobFailure>();
        while (await r.ReadAsync(cancel))
            failures.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.Instant(3), Duration.FromMilliseconds(r.GetInt64(4)), r.GetString(5)));
        return failures;
    }

    /// <summary>Rows that failed at least once and wait for their next try, the most often tried first.</summary>
    public static async Task<IReadOnlyList<FailingRow>> FailingAsync(NpgsqlDataSource database, int limit, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select id, kind, instance_id, attempts, last_error, due_at from deadline where attempts > 0
            union all
            select id, 'stimulus', instance_id, attempts, last_error, due_at from stimulus where attempts > 0
            order by attempts desc, due_at limit $1
            """,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var rows = new List<FailingRow>();
        while (await r.ReadAsync(cancel))
            rows.Add(new(r.GetGuid(0), r.GetString(1), r.GuidOrNull(2), r.GetInt32(3), r.Text(4), r.Instant(5)));
        return rows;
    }

    /// <summary>Forgets minutes older than a week and failures older than 90 days. Returns how many rows went.</summary>
    public static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("delete from job_minute where minute < $1 - interval '7 days'", now);
        batch.Add("delete from job_failure where at < $1 - interval '90 days'", now);
        return await batch.ExecuteNonQueryAsync(cancel);
    }
}
