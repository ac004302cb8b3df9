using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>The backlog of a job.</summary>
/// <param name="Job">Its name.</param>
/// <param name="Due">Rows that are due.</param>
/// <param name="Lag">How long the oldest has been due; zero when nothing is.</param>
public sealed record JobBacklog(string Job, long Due, Duration Lag);

/// <summary>A row of one of the queues that failed and will be retried.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Queue">Which queue: <c>rung</c>, <c>timer</c> or another kind of deadline, or <c>stimulus</c>.</param>
/// <param name="InstanceId">The instance, or null.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="LastError">What went wrong the last time.</param>
/// <param name="DueAt">When it is tried next.</param>
public sealed record FailingRow(Guid Id, string Queue, Guid? InstanceId, int Attempts, string? LastError, Instant DueAt);

/// <summary>Reading about jobs.</summary>
public static class JobQueries
{
    /// <summary>The backlog of each job that has a queue.</summary>
    public static async Task<IReadOnlyList<JobBacklog>> BacklogsAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        var jobs = JobCatalog.All.Where(job => job.Waiting is not null).ToList();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        foreach (var job in jobs)
            batch.Add($"select count(*), min(due_at) from {job.Waiting}", now);
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
}
