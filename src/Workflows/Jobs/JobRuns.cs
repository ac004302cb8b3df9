using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Quartz;
using Quartz.Extensibility;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Keeps what this host's jobs did: by minute in the database (written every few seconds, failures at once) and as metrics of the meter <c>Orchestration.Jobs</c>: rows dealt with, failures,
/// duration, and how much is due and how long it has been waiting. A host that dies takes the last seconds of its figures with it, and nothing else.
/// </summary>
public sealed partial class JobRuns : IJobListener
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Orchestration.Jobs";

    private static readonly Duration WriteEvery = Duration.FromSeconds(5);

    private readonly NpgsqlDataSource _database;
    private readonly IClock _clock;
    private readonly ILogger<JobRuns> _log;
    private readonly string _host;
    private readonly Lock _lock = new();
    private Dictionary<(string Job, Instant Minute), Minute> _minutes = [];
    private Instant _written;
    private volatile IReadOnlyList<JobBacklog> _backlogs = [];

    private readonly Counter<long> _rows;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _duration;

    /// <summary>Made by the container; Quartz tells it of every run.</summary>
    public JobRuns(NpgsqlDataSource database, IClock clock, IMeterFactory meters, ILogger<JobRuns> log)
    {
        (_database, _clock, _log) = (database, clock, log);
        _host = $"{Environment.MachineName}:{Environment.ProcessId}";
        var meter = meters.Create(MeterName);
        _rows = meter.CreateCounter<long>("orchestration.jobs.rows", "{row}", "Rows dealt with");
        _failures = meter.CreateCounter<long>("orchestration.jobs.failures", "{run}", "Runs that failed");
        _duration = meter.CreateHistogram<double>("orchestration.jobs.duration", "s", "How long runs took");
        meter.CreateObservableGauge(
            "orchestration.jobs.due",
            () => _backlogs.Select(b => new Measurement<long>(b.Due, new KeyValuePair<string, object?>("job", b.Job))),
            "{row}",
            "Rows that are due now"
        );
        meter.CreateObservableGauge(
            "orchestration.jobs.lag",
            () => _backlogs.Select(b => new Measurement<double>(b.Lag.TotalSeconds, new KeyValuePair<string, object?>("job", b.Job))),
            "s",
            "How long the oldest due row has been waiting"
        );
    }

    /// <inheritdoc/>
    public string Name => nameof(JobRuns);

    /// <inheritdoc/>
    public ValueTask JobToBeExecuted(IJobExecutionContext context, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask JobExecutionVetoed(IJobExecutionContext context, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask JobProgressChanged(IJobExecutionContext context, FireInstanceProgress progress, CancellationToken cancellationToken = default) =>
        ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask JobWasExecuted(IJobExecutionContext context, JobExecutionException? jobException, CancellationToken cancellationToken = default)
    {
        var job = context.JobDetail.Key.Name;
        var rows = context.Result is int count ? count : 0;
        var tag = new KeyValuePair<string, object?>("job", job);
        _rows.Add(rows, tag);
        _duration.Record(context.JobRunTime.TotalSeconds, tag);
        if (jobException is not null)
            _failures.Add(1, tag);

        // Quartz's own time, which stands still for nobody.
        var now = Instant.FromDateTimeOffset(context.FireTimeUtc + context.JobRunTime).Truncated();
        var took = (long)context.JobRunTime.TotalMilliseconds;
        Dictionary<(string Job, Instant Minute), Minute>? due = null;
        lock (_lock)
        {
            var minute = Instant.FromUnixTimeSeconds(now.ToUnixTimeSeconds() / 60 * 60);
            var before = _minutes.GetValueOrDefault((job, minute)) ?? new(0, 0, 0, 0, 0, 0, now);
            _minutes[(job, minute)] = new(
                before.Runs + 1,
                before.Rows + rows,
                before.Failures + (jobException is null ? 0 : 1),
                before.Busy + took,
                Math.Max(before.Longest, took),
                took,
                now
            );
            if (jobException is not null || now >= _written + WriteEvery)
                (due, _minutes, _written) = (_minutes, [], now);
        }

        if (due is not null)
            await WriteAsync(due, jobException is null ? null : (job, took, (jobException.InnerException ?? jobException).ToString()), now, cancellationToken);
    }

    private async Task WriteAsync(
        Dictionary<(string Job, Instant Minute), Minute> minutes,
        (string Job, long Took, string Error)? failure,
        Instant now,
        CancellationToken cancel
    )
    {
        try
        {
            await using var connection = await _database.OpenConnectionAsync(cancel);
            await using var batch = connection.CreateBatch();
            foreach (var ((job, minute), one) in minutes)
            {
                batch.Add(
                    """
                    insert into job_minute as m (job, host, minute, runs, rows, failures, busy_ms, longest_ms, last_ms, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                    on conflict (job, host, minute) do update set runs = m.runs + excluded.runs, rows = m.rows + excluded.rows, failures = m.failures + excluded.failures, busy_ms = m.busy_ms + excluded.busy_ms,
                        longest_ms = greatest(m.longest_ms, excluded.longest_ms), last_ms = excluded.last_ms, last_at = excluded.last_at
                    """,
                    job,
                    _host,
                    minute,
                    one.Runs,
                    one.Rows,
                    one.Failures,
                    one.Busy,
                    one.Longest,
                    one.Last,
                    one.LastAt
                );
            }

            if (failure is { } failed)
                batch.Add(
                    "insert into job_failure (id, job, host, at, took_ms, error) values ($1, $2, $3, $4, $5, left($6, 20000))",
                    Ids.New(now),
                    failed.Job,
                    _host,
                    now,
                    failed.Took,
                    failed.Error
                );
            await batch.ExecuteNonQueryAsync(cancel);
            _backlogs = await JobQueries.BacklogsAsync(_database, _clock.Now(), cancel);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Figures must not make a job fail; often the database is away, which is why it failed.
            NotWritten(_log, e);
        }
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Warning, Message = "What the jobs of this host did could not be written")]
    private static partial void NotWritten(ILogger log, Exception e);

    private sealed record Minute(int Runs, long Rows, int Failures, long Busy, long Longest, long Last, Instant LastAt);
}
