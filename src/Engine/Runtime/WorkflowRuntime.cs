using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>What to start.</summary>
/// <param name="DefinitionId">Definition whose published version is started.</param>
/// <param name="Input">Workflow input.</param>
public sealed record StartInstance(string DefinitionId, OrderedDictionary<string, object?> Input)
{
    /// <summary>Id the instance gets. Default: a new one.</summary>
    public Guid? InstanceId { get; init; }

    /// <summary>Business reference.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>It belongs to something outside the engine, such as a case; so do the instances it starts. Default: no.</summary>
    public bool IsOwned { get; init; }

    /// <summary>Who only tries something out with it, and with every instance it starts. Default: nobody, it is real.</summary>
    public Guid? TestBy { get; init; }

    /// <summary>Name of the instance. Default: none.</summary>
    public string? Name { get; init; }

    /// <summary>A certain version instead of the published one (a draft run from the designer).</summary>
    public string? VersionId { get; init; }

    /// <summary>Trigger activity that fired.</summary>
    public string? TriggerActivityId { get; init; }

    /// <summary>Hash of the trigger: nothing starts if the published version no longer has it. Null: not checked.</summary>
    public string? TriggerHash { get; init; }

    /// <summary>Id of the HTTP request that starts it and can be answered later (<see cref="HttpReplies"/>), or null.</summary>
    public string? Caller { get; init; }

    /// <summary>Data of the trigger.</summary>
    public object? TriggerPayload { get; init; }

    /// <summary>Parent that waits for the end, as (instance, bookmark).</summary>
    public (string InstanceId, string BookmarkId)? Parent { get; init; }

    /// <summary>
    /// Whether the input must be what the definition declares. Default no: what a trigger brings is not the declared input, and what one workflow gives
    /// another was checked where it was given.
    /// </summary>
    public bool ChecksInput { get; init; }

    /// <summary>Commands of the caller in the same transaction, after the instance's row.</summary>
    public Action<InstanceTransaction>? AlsoWrite { get; init; }
}

/// <summary>How a start went.</summary>
public abstract record StartResult
{
    private StartResult() { }

    public sealed record Started(Guid InstanceId, BurstResult Burst) : StartResult;

    /// <summary>No published version of that definition.</summary>
    public sealed record NotFound(string DefinitionId) : StartResult;

    /// <summary>Inputs that are missing or do not fit.</summary>
    public sealed record InvalidInput(IReadOnlyList<(string Name, string Reason)> Errors) : StartResult;

    /// <summary>The definition's activation strategy allows no further running instance.</summary>
    public sealed record AlreadyRunning : StartResult;
}

/// <summary>
/// The one class through which everything outside touches the engine: start, resume, cancel. It holds no instance state; any number of hosts may run
/// against one database.
/// </summary>
public sealed partial class WorkflowRuntime
{
    private readonly ILogger<WorkflowRuntime> _log;

    public WorkflowRuntime(
        NpgsqlDataSource database,
        DefinitionStore definitions,
        BurstWrites burstWrites,
        Changes changes,
        IClock clock,
        ILogger<WorkflowRuntime> log
    )
    {
        (Database, Definitions, BurstWrites, Changes, Clock, _log) = (database, definitions, burstWrites, changes, clock, log);
        Stimuli = new(this, log);
    }

    public NpgsqlDataSource Database { get; }

    public DefinitionStore Definitions { get; }

    public BurstWrites BurstWrites { get; }

    public Changes Changes { get; }

    public IClock Clock { get; }

    /// <summary>Stimuli for other instances.</summary>
    public StimulusQueue Stimuli { get; }

    /// <summary>
    /// Sees what a transaction adds to the history of instances before it is written, with the batch it can add commands to: for what follows from
    /// history (webhooks). What happens in a test concerns no one outside. Set once, at start; default none. Must be quick and must not throw.
    /// </summary>
    public Action<IReadOnlyList<HistoryAppend>, NpgsqlBatch>? HistoryWriting { get; set; }

    /// <summary>
    /// Runs in the transaction of every alteration by hand, with what was done and why: for telling people. Set once, at start; default none.
    /// </summary>
    public Func<InstanceTransaction, string, AlterationCause?, CancellationToken, Task>? Altering { get; set; }

    /// <summary>How much one step can set off at once. Set once, at start.</summary>
    public FanOutLimits FanOut { get; set; } = new();

    /// <summary>Starts an instance: one round trip, one commit. The first burst has run when this returns.</summary>
    public async Task<StartResult> StartAsync(StartInstance start, string actor, CancellationToken cancel = default)
    {
        for (var attempt = 0; ; attempt++)
        {
            var workflow = start.VersionId is { } version
                ? await Definitions.GetVersionAsync(version, cancel)
                : await Definitions.FindPublishedAsync(start.DefinitionId, cancel);
            if (workflow is null || (start.TriggerHash is { } hash && !workflow.Triggers.Any(t => t.ActivityId == start.TriggerActivityId && t.Hash == hash)))
                return new StartResult.NotFound(start.DefinitionId);
            if (start.ChecksInput && InputCheck.Check(workflow.Inputs, start.Input) is { Count: > 0 } errors)
                return new StartResult.InvalidInput(errors);

            var id = start.InstanceId ?? Ids.New(Clock.Now());
            await using var transaction = await InstanceTransaction.NewAsync(this, actor, id, cancel);
            var burst = transaction.Start(workflow, start);
            await transaction.WriteNewAsync(workflow, burst, start, cancel);
            start.AlsoWrite?.Invoke(transaction);
            try
            {
                await transaction.CommitAsync(cancel);
                return new StartResult.Started(id, burst);
            }
            catch (PostgresException e) when (e.SqlState == "OR001" && attempt < 3)
            {
                // Another host published a newer version since our cache was filled.
                await Definitions.ReloadPublishedAsync(start.DefinitionId, cancel);
            }
            catch (PostgresException e) when (e.SqlState == "OR003")
            {
                return new StartResult.AlreadyRunning();
            }
        }
    }

    /// <summary>Resumes a bookmark. Null if the bookmark or the instance is gone: another request was first.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="bookmarkId">The bookmark.</param>
    /// <param name="input">Input of this run.</param>
    /// <param name="actor">Who resumes it.</param>
    /// <param name="caller">Id of the HTTP request that resumes it and can be answered later, or null.</param>
    public async Task<BurstResult?> ResumeAsync(
        Guid instanceId,
        string bookmarkId,
        OrderedDictionary<string, object?> input,
        string actor,
        string? caller = null,
        CancellationToken cancel = default
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(this, actor, ("$1", instanceId), cancel: cancel);
        if (transaction.InstanceId is null || !transaction.State.Bookmarks.Exists(b => b.Id == bookmarkId))
            return null;

        var burst = await transaction.AdvanceAsync(new Stimulus.Resume(bookmarkId, input) { Caller = caller }, cancel);
        await transaction.CommitAsync(cancel);
        return burst;
    }

    /// <summary>Cancels a running instance. False when it is gone or has ended.</summary>
    public async Task<bool> CancelAsync(Guid instanceId, string reason, string actor, CancellationToken cancel = default)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(this, actor, ("$1", instanceId), cancel: cancel);
        if (transaction.InstanceId is null || !transaction.IsRunning)
            return false;

        await transaction.AdvanceAsync(new Stimulus.Cancel(reason), cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    internal BurstContext Context(Instant now)
    {
        Span<byte> seed = stackalloc byte[8];
        RandomNumberGenerator.Fill(seed);
        return new(now, BitConverter.ToUInt64(seed)) { FindPublished = Definitions.CachedPublished, FanOut = FanOut };
    }

    internal void LogLine(Guid instance, string line) => WroteLine(_log, instance, line);

    [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "Instance {Instance} wrote: {Line}")]
    private static partial void WroteLine(ILogger log, Guid instance, string line);
}

/// <summary>Lets one message of a kind through in a minute and counts those that it holds back. Safe for any number of threads.</summary>
public sealed class LogLimit
{
    private static readonly Duration Quiet = Duration.FromMinutes(1);
    private readonly ConcurrentDictionary<string, (Instant At, int LeftOut)> _said = new();

    /// <summary>How many of the kind were held back since the last one; null when this one is held back too.</summary>
    public int? Admit(string kind, Instant now)
    {
        while (true)
        {
            if (!_said.TryGetValue(kind, out var before))
            {
                if (_said.TryAdd(kind, (now, 0)))
                    return 0;
            }
            else if (now - before.At < Quiet)
            {
                if (_said.TryUpdate(kind, (before.At, before.LeftOut + 1), before))
                    return null;
            }
            else if (_said.TryUpdate(kind, (now, 0), before))
            {
                return before.LeftOut;
            }
        }
    }
}
