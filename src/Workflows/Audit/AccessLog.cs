using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Audit;

/// <summary>Someone opened personal data.</summary>
/// <param name="At">When.</param>
/// <param name="Person">Who.</param>
/// <param name="Kind">customer, case, task, document, search or export.</param>
/// <param name="Subject">Which; null for a search, or an export of many.</param>
/// <param name="What">The words of a search, or the address of an export; else empty.</param>
/// <param name="Origin">Their address.</param>
/// <param name="Session">Their session.</param>
/// <param name="Source">page or api.</param>
/// <param name="Reason">Why, if they said so.</param>
public sealed record Opening(
    Instant At,
    Guid Person,
    string Kind,
    Guid? Subject,
    string What,
    string Origin,
    Guid? Session,
    string Source,
    string? Reason = null
);

/// <summary>
/// Writes who opened which personal data, without making pages wait: openings queue in memory and are written in batches, in their order. The queue is
/// bounded: when it is full, whoever opens waits for the database. What is queued is written before the host stops.
/// </summary>
public sealed partial class AccessLog(WorkflowRuntime runtime, TimeProvider time, ILogger<AccessLog> log) : BackgroundService
{
    /// <summary>Most openings in memory.</summary>
    public const int Capacity = 10_000;

    private const int Batch = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<Opening> _queue = Channel.CreateBounded<Opening>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });
    private readonly SemaphoreSlim _writing = new(1);
    private List<Opening> _failed = [];

    /// <summary>Queues an opening.</summary>
    public async ValueTask RecordAsync(Opening opening)
    {
        if (!_queue.Writer.TryWrite(opening))
            await WriteNowAsync(opening, CancellationToken.None);
    }

    /// <summary>Writes an opening, and what was queued before it, before it returns: for what leaves the house.</summary>
    /// <exception cref="NpgsqlException">It could not be written.</exception>
    public async Task WriteNowAsync(Opening opening, CancellationToken cancel = default)
    {
        await FlushAsync(cancel);
        await WriteAsync([opening], cancel);
    }

    /// <summary>Writes what is queued.</summary>
    public async Task FlushAsync(CancellationToken cancel = default)
    {
        await _writing.WaitAsync(cancel);
        try
        {
            // What could not be written comes first, and stays first.
            while (_failed.Count > 0 || _queue.Reader.TryPeek(out _))
            {
                while (_failed.Count < Batch && _queue.Reader.TryRead(out var opening))
                    _failed.Add(opening);
                await WriteAsync(_failed, cancel);
                _failed = [];
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryFlushAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>Writes what is left.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        _queue.Writer.TryComplete();
        await TryFlushAsync();
    }

    private async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            NotWritten(log, _failed.Count, e);
        }
    }

    /// <summary>In one statement. The same opening again in a batch is counted.</summary>
    private async Task WriteAsync(IReadOnlyList<Opening> openings, CancellationToken cancel)
    {
        var rows = openings
            .GroupBy(o => (o.Person, o.Kind, o.Subject, o.What, o.Origin, o.Session, o.Source, o.Reason))
            .Select(same => (First: same.First(), Last: same.Last().At, Count: same.Count()))
            .ToList();
        await using var write = runtime.Database.Query(
            "select record_access($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            rows.Select(r => Ids.New(r.First.At)).ToArray(),
            rows.Select(r => r.First.At).ToArray(),
            rows.Select(r => r.Last).ToArray(),
            rows.Select(r => r.Count).ToArray(),
            rows.Select(r => r.First.Person).ToArray(),
            rows.Select(r => r.First.Kind).ToArray(),
            rows.Select(r => r.First.Subject).ToArray(),
            rows.Select(r => r.First.What.Length <= 1000 ? r.First.What : r.First.What[..1000]).ToArray(),
            rows.Select(r => r.First.Origin).ToArray(),
            rows.Select(r => r.First.Session).ToArray(),
            rows.Select(r => r.First.Source).ToArray(),
            rows.Select(r => r.First.Reason).ToArray()
        );
        await write.ExecuteNonQueryAsync(cancel);
    }

    [LoggerMessage(EventId = 232, Level = LogLevel.Error, Message = "Can't write {Count} openings to the access log; retrying in a second")]
    private static partial void NotWritten(ILogger log, int count, Exception e);
}
