using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>What a burst write of another module can use: where to put its commands and its events.</summary>
/// <param name="Transaction">The transaction; its <see cref="InstanceTransaction.Write"/> adds commands.</param>
/// <param name="Workflow">The definition of the instance that wrote it.</param>
/// <param name="State">Its state after the burst.</param>
/// <param name="History">Its history (a child's, when ExecuteWorkflow started one).</param>
public sealed record BurstWriteContext(InstanceTransaction Transaction, CompiledWorkflow Workflow, InstanceState State, HistoryAppend History)
{
    /// <summary>The instance that wrote it.</summary>
    public Guid InstanceId => Guid.Parse(State.Id);
}

/// <summary>How the writes of modules outside the engine become commands of the burst's batch. Filled at start, read-only afterwards.</summary>
public sealed class BurstWrites
{
    private readonly Dictionary<Type, Func<IBurstWrite, BurstWriteContext, CancellationToken, ValueTask>> _writers = [];
    private readonly List<Func<IReadOnlyList<IBurstWrite>, IReadOnlyList<IBurstWrite>>> _reductions = [];

    /// <summary>Sees every burst, or null.</summary>
    public BurstObserver? Observer { get; set; }

    /// <summary>Registers how a kind of write becomes commands.</summary>
    public void Register<T>(Func<T, BurstWriteContext, CancellationToken, ValueTask> writer)
        where T : IBurstWrite => _writers.Add(typeof(T), (write, context, cancel) => writer((T)write, context, cancel));

    /// <summary>Registers what to leave out: writes of one burst that cancel each other.</summary>
    public void Reduce(Func<IReadOnlyList<IBurstWrite>, IReadOnlyList<IBurstWrite>> reduction) => _reductions.Add(reduction);

    internal async ValueTask ApplyAsync(IReadOnlyList<IBurstWrite> writes, BurstWriteContext context, CancellationToken cancel)
    {
        if (writes.Count > 1)
        {
            foreach (var reduction in _reductions)
                writes = reduction(writes);
        }

        foreach (var write in writes)
        {
            if (!_writers.TryGetValue(write.GetType(), out var writer))
                throw new InvalidOperationException($"Nobody registered how to write {write.GetType().Name}.");
            await writer(write, context, cancel);
        }
    }
}

/// <summary>
/// Sees what every burst of an instance did and adds its own commands to the same batch: how clocks follow their case. What it needs to know of the
/// instance is read with the lock, so it costs no round trip.
/// Children that ExecuteWorkflow runs inside a burst are not seen: they are part of it.
/// </summary>
public abstract class BurstObserver
{
    /// <summary>The reads it needs.</summary>
    /// <param name="instance">SQL expression for the instance's id, with its parameter.</param>
    public abstract NpgsqlBatchCommand Select((string Sql, object? Value) instance);

    /// <summary>Reads what <see cref="Select"/> selects.</summary>
    public abstract Task<object?> ReadAsync(DbDataReader reader, CancellationToken cancel);

    /// <summary>A burst moved the instance.</summary>
    /// <param name="result">The burst's result.</param>
    /// <param name="stimulus">What set it off.</param>
    /// <param name="context">Where commands and events go.</param>
    /// <param name="known">The data read, or returned by the last call; null for a new instance.</param>
    /// <returns>The data for the next burst of the transaction.</returns>
    public abstract object? Moved(BurstResult result, Stimulus stimulus, BurstWriteContext context, object? known);

    /// <summary>The instance received an event that nothing in it waits for.</summary>
    public abstract object? Told(string eventName, object? payload, BurstWriteContext context, object? known);

    /// <summary>The instance ended without a burst, because its state or definition can't be read.</summary>
    /// <param name="transaction">Where to read and to write commands and events.</param>
    /// <param name="known">The data read.</param>
    /// <param name="cancel">Cancels.</param>
    /// <returns>What else is withdrawn with it: the activities can't say it.</returns>
    public abstract Task<IReadOnlyList<IBurstWrite>> GivenUpAsync(InstanceTransaction transaction, object? known, CancellationToken cancel);
}
