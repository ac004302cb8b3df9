using System.Diagnostics.Metrics;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>Metrics of the recurring jobs: rows dealt with, failures, duration, and how much is due and how long it has been waiting.</summary>
public sealed class JobMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Orchestration.Jobs";

    private readonly NpgsqlDataSource _database;
    private readonly IClock _clock;
    private readonly Counter<long> _rows;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _duration;

    /// <summary>Made by the container.</summary>
    public JobMetrics(NpgsqlDataSource database, IClock clock, IMeterFactory meters)
    {
        (_database, _clock) = (database, clock);
        var meter = meters.Create(MeterName);
        _rows = meter.CreateCounter<long>("orchestration.jobs.rows", "{row}", "Rows dealt with");
        _failures = meter.CreateCounter<long>("orchestration.jobs.failures", "{run}", "Runs that failed");
        _duration = meter.CreateHistogram<double>("orchestration.jobs.duration", "s", "How long runs took");
        meter.CreateObservableGauge("orchestration.jobs.due", () => Measure(b => b.Due), "{row}", "Rows that are due now");
        meter.CreateObservableGauge("orchestration.jobs.lag", () => Measure(b => b.Lag.TotalSeconds), "s", "How long the oldest due row has been waiting");
    }

    internal void Ran(string job, int rows, bool failed, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("job", job);
        _rows.Add(rows, tag);
        _duration.Record(took.TotalSeconds, tag);
        if (failed)
            _failures.Add(1, tag);
    }

    // Asked by an exporter, once a minute or so; one that can't be answered now is left out.
    private List<Measurement<T>> Measure<T>(Func<JobBacklog, T> of)
        where T : struct
    {
        try
        {
            var backlogs = JobQueries.BacklogsAsync(_database, _clock.Now()).GetAwaiter().GetResult();
            return [.. backlogs.Select(b => new Measurement<T>(of(b), new KeyValuePair<string, object?>("job", b.Job)))];
        }
        catch (NpgsqlException)
        {
            return [];
        }
    }
}
