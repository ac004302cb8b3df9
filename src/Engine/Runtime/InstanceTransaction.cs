using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Engine.Runtime;

/// <summary>
/// One transaction on one locked instance: the row lock is the lease. Opening locks and reads in one round trip; committing writes
/// everything (state, history, bookmarks, deadlines, effects, the caller's own commands) in a second one. Disposed without a commit, it leaves nothing.
/// A transaction locks only one instance, so there is no lock order to get wrong.
/// </summary>
public sealed partial class InstanceTransaction : IAsyncDisposable
{
    /// <summary>Locks an instance. Complete it with a <c>where</c> that names exactly one <c>i.id</c>.</summary>
    private const string Lock = """
        select i.id, i.definition_version_id, i.status, i.state, i.event_sequence, i.event_head, i.correlation_id, i.name, i.test_by
        from workflow_instance i where i.id = 
        """;

    /// <summary>Stands for rows in a command of <see cref="WriteLast"/>.</summary>
    public const string Texts = "@texts";

    private readonly WorkflowRuntime _runtime;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlBatch _writes;
    private readonly bool _isNew;
    private NpgsqlDataReader? _reader;
    private InstanceState? _state;
    private byte[]? _stateJson;
    private bool _stateChanged;
    private HistoryAppend? _history;
    private List<Change>? _changes;
    private Dictionary<(string Sql, Guid Instance), List<string>?>? _last;
    private Func<NpgsqlBatchCommand>? _newRow;

    /// <summary>Of a new instance, and then of the children it starts at once: their parent has no row yet.</summary>
    private bool _isOwned;
    private NpgsqlBatchCommand? _activation;
    private (NpgsqlBatchCommand Query, string Column, Func<NpgsqlDataReader, Task> Read)? _readBack;
    private bool _committed;
    private Stimulus? _start;
    private object? _observed;
    private bool _observedRead;

    private InstanceTransaction(WorkflowRuntime runtime, NpgsqlConnection connection, Instant now, string actor, bool isNew)
    {
        (_runtime, _connection, Now, Actor, _isNew) = (runtime, connection, now, actor, isNew);
        _writes = connection.CreateBatch();
    }

    /// <summary>Time of everything in this transaction.</summary>
    public Instant Now { get; }

    /// <summary>The actor: a person's ID or <c>system</c>.</summary>
    public string Actor { get; }

    /// <summary>Whether this transaction creates the instance.</summary>
    public bool IsNew => _isNew;

    /// <summary>What another module keeps for the length of the transaction, or null.</summary>
    public object? Kept { get; set; }

    /// <summary>The instance, or null if it doesn't exist.</summary>
    public Guid? InstanceId { get; private set; }

    /// <summary>Version the instance runs on.</summary>
    public string DefinitionVersionId { get; private set; } = "";

    /// <summary>Whether the instance still runs.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>The business reference as stored.</summary>
    public string? CorrelationId { get; private set; }

    /// <summary>The instance's name as stored.</summary>
    public string? InstanceName { get; private set; }

    /// <summary>Who only tries something out with the instance; null: it is real.</summary>
    public Guid? TestBy { get; private set; }

    /// <summary>Results of the caller's reads, in their order; each is entered with <see cref="NextResultAsync"/>.</summary>
    public DbDataReader Reads => _reader ?? throw new InvalidOperationException("Nothing is being read.");

    /// <summary>What to deliver after commit.</summary>
    internal List<Guid> Outgoing { get; } = [];

    /// <summary>Parents that wait for what ended in this transaction.</summary>
    internal List<Guid> Parents { get; } = [];

    /// <summary>The answer of WriteHttpResponse in this transaction's bursts, or null.</summary>
    public HttpAnswer? HttpAnswer { get; private set; }

    /// <summary>Begins, locks the instance and runs the caller's reads, in one round trip.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="instance">SQL expression for the instance's id (<c>$1</c> or a sub-select), with its parameters.</param>
    /// <param name="skipLocked">If another transaction holds the instance, answer as if it didn't exist.</param>
    /// <param name="reads">More to read under the lock.</param>
    /// <param name="moves">Whether a burst is to come, so that what the <see cref="BurstObserver"/> needs is read at once. Else it is read when one comes
    /// after all.</param>
    /// <param name="now">When it happens; by default now by the clock of the runtime.</param>
    public static async Task<InstanceTransaction> OpenAsync(
        WorkflowRuntime runtime,
        string actor,
        (string Sql, object? Value) instance,
        bool skipLocked = false,
        NpgsqlBatchCommand[]? reads = null,
        bool moves = true,
        Instant? now = null,
        CancellationToken cancel = default
    )
    {
        var connection = await runtime.Database.OpenConnectionAsync(cancel);
        var transaction = new InstanceTransaction(runtime, connection, now ?? runtime.Clock.Now(), actor, isNew: false);
        try
        {
            // Disposed with the connection: its reader needs it until then.
            var batch = connection.CreateBatch();
            batch.Add("begin");
            batch.Add(Lock + instance.Sql + " for no key update" + (skipLocked ? " skip locked" : ""), instance.Value);
            var observer = moves ? runtime.BurstWrites.Observer : null;
            if (observer is not null)
                batch.BatchCommands.Add(observer.Select(instance));
            foreach (var read in reads ?? [])
                batch.BatchCommands.Add(read);
            var reader = transaction._reader = await batch.ExecuteReaderAsync(cancel);
            if (await reader.ReadAsync(cancel))
            {
                transaction.InstanceId = reader.GetGuid(0);
                transaction.DefinitionVersionId = reader.GetString(1);
                transaction.IsRunning = reader.GetString(2) == "Running";
                transaction._stateJson = reader.Utf8(3);
                transaction._history = new(reader.GetGuid(0), reader.GetInt32(4), reader.GetFieldValue<byte[]>(5), transaction.Now, actor);
                transaction.CorrelationId = reader.Text(6);
                transaction.InstanceName = reader.Text(7);
                transaction.TestBy = reader.GuidOrNull(8);
            }

            if (observer is not null)
            {
                await reader.NextResultAsync(cancel);
                (transaction._observed, transaction._observedRead) = (await observer.ReadAsync(reader, cancel), true);
            }

            if (reads is null)
                await transaction.DoneReadingAsync();
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    /// <summary>A transaction that creates an instance: one round trip, at commit.</summary>
    internal static async Task<InstanceTransaction> NewAsync(WorkflowRuntime runtime, string actor, Guid instanceId, CancellationToken cancel)
    {
        var connection = await runtime.Database.OpenConnectionAsync(cancel);
        var now = runtime.Clock.Now();
        return new(runtime, connection, now, actor, isNew: true)
        {
            InstanceId = instanceId,
            IsRunning = true,
            _history = new(instanceId, 0, EventHash.Genesis, now, actor),
        };
    }

    /// <summary>Enters the next of the caller's reads.</summary>
    public Task NextResultAsync(CancellationToken cancel = default) => Reads.NextResultAsync(cancel);

    /// <summary>Ends reading. Called automatically before a burst or a commit.</summary>
    public async ValueTask DoneReadingAsync()
    {
        if (_reader is { } reader)
        {
            _reader = null;
            await reader.DisposeAsync();
        }
    }

    /// <summary>Reads in the transaction, outside its two round trips: for what only some bursts need.</summary>
    public async Task<NpgsqlDataReader> QueryAsync(NpgsqlBatchCommand query, CancellationToken cancel = default)
    {
        await DoneReadingAsync();
        var batch = _connection.CreateBatch();
        batch.BatchCommands.Add(query);
        return await batch.ExecuteReaderAsync(cancel);
    }

    /// <summary>Adds a command to the one batch that is written at commit.</summary>
    public void Write(string sql, params ReadOnlySpan<object?> values) => _writes.Add(sql, values);

    /// <summary>Adds a prepared command.</summary>
    public void Write(NpgsqlBatchCommand command) => _writes.BatchCommands.Add(command);

    /// <summary>Adds a command about an instance that follows all others of the batch. Added again, it is still written once.</summary>
    /// <param name="sql">The command; the instance is its <c>$1</c>.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="text">
    /// Something that the command takes several of: those of each time it was added stand, each once, where it says <see cref="Texts"/>, as rows of
    /// <c>values</c>. (An array would be planned anew each time.)
    /// </param>
    public void WriteLast(string sql, Guid instance, string? text = null)
    {
        _last ??= [];
        if (text is null)
            _last[(sql, instance)] = null;
        else if (!_last.TryGetValue((sql, instance), out var texts))
            _last[(sql, instance)] = [text];
        else if (!texts!.Contains(text))
            texts.Add(text);
    }

    /// <summary>Reads something after all is written, in the same round trip. What was read counts only if the commit succeeds.</summary>
    /// <param name="query">The query.</param>
    /// <param name="column">Its first column, by which its result is known: what is written may have results too.</param>
    /// <param name="read">Reads the result.</param>
    public void ReadBack(NpgsqlBatchCommand query, string column, Func<NpgsqlDataReader, Task> read) => _readBack = (query, column, read);

    /// <summary>The instance's history, as it grows in this transaction.</summary>
    public HistoryAppend History => _history ?? throw new InvalidOperationException("There is no instance.");

    /// <summary>Appends to the instance's history.</summary>
    public void Record(HistoryEvent e) => History.Add(e);

    /// <summary>After the commit, announces a change that people may be looking at.</summary>
    public void Announce(Change change) => (_changes ??= []).Add(change);

    /// <summary>The instance's state. Change it only through a burst.</summary>
    public InstanceState State => _state ??= InstanceState.FromJson(_stateJson!);

    /// <summary>Moves the instance by one stimulus. Nothing is written before <see cref="CommitAsync"/>.</summary>
    /// <exception cref="DefinitionUnavailableException">The version it runs on cannot be loaded.</exception>
    public async Task<BurstResult> AdvanceAsync(Stimulus stimulus, CancellationToken cancel = default)
    {
        await DoneReadingAsync();
        var workflow = await _runtime.Definitions.GetVersionAsync(DefinitionVersionId, cancel);
        var result = Burst.Advance(workflow, State, stimulus, _runtime.Context(Now));
        await ApplyAsync(workflow, result, _history!, cancel);
        HttpReplies.Write(this, result, isNew: stimulus is Stimulus.Resume { Caller: not null });
        await ObserveAsync(cancel);
        _observed = _runtime.BurstWrites.Observer?.Moved(result, stimulus, new(this, workflow, State, _history!), _observed);
        DefinitionVersionId = result.State.DefinitionVersionId;
        _stateChanged = true;

        // A faulted instance that runs again is one more that runs.
        if (!IsRunning && result.State.Status == WorkflowStatus.Running)
            _activation = Activation(workflow, result.State.CorrelationId);

        return result;
    }

    /// <summary>
    /// Tells the observer about an event that this instance received and doesn't wait for. Nothing is written before <see cref="CommitAsync"/>.
    /// </summary>
    internal async Task TellAsync(string eventName, object? payload, CancellationToken cancel)
    {
        await DoneReadingAsync();
        var workflow = await _runtime.Definitions.GetVersionAsync(DefinitionVersionId, cancel);
        await ObserveAsync(cancel);
        _observed = _runtime.BurstWrites.Observer?.Told(eventName, payload, new(this, workflow, State, _history!), _observed);
    }

    private async Task ObserveAsync(CancellationToken cancel)
    {
        if (_observedRead || _runtime.BurstWrites.Observer is not { } observer)
            return;
        await using var reader = await QueryAsync(observer.Select(("$1", InstanceId)), cancel);
        (_observed, _observedRead) = (await observer.ReadAsync(reader, cancel), true);
    }

    /// <summary>First burst of a new instance.</summary>
    internal BurstResult Start(CompiledWorkflow workflow, StartInstance start)
    {
        DefinitionVersionId = workflow.Id;
        var context = _runtime.Context(Now);
        _state = Burst.NewInstance(workflow, Ids.Text(InstanceId!.Value), context);
        (_state.Name, TestBy) = (start.Name, start.TestBy);
        if (start.Parent is { } parent)
            (_state.ParentInstanceId, _state.ParentBookmarkId) = parent;
        _start = new Stimulus.Start(start.Input, start.CorrelationId, start.TriggerActivityId, start.TriggerPayload) { Caller = start.Caller };
        return Burst.Advance(workflow, _state, _start, context);
    }

    /// <summary>Writes everything and commits, in one round trip.</summary>
    public async Task CommitAsync(CancellationToken cancel = default)
    {
        await DoneReadingAsync();
        if (!_isNew && InstanceId is { } id)
        {
            if (_stateChanged)
                WriteState(id, State);
            else if (_history!.Count > 0)
                Write(
                    "update workflow_instance set event_sequence = $2, event_head = $3, updated_at = $4 where id = $1",
                    id,
                    _history.Sequence,
                    _history.Head,
                    Now
                );
        }

        if (_history is not null)
            WriteHistory(_history);
        foreach (var ((sql, instance), texts) in _last ?? [])
        {
            if (texts is null)
                Write(sql, instance);
            else
                Write(sql.Replace(Texts, string.Join(", ", texts.Select((_, i) => $"(${i + 2}::text)")), StringComparison.Ordinal), [instance, .. texts]);
        }

        if (_newRow is { } row)
            _writes.BatchCommands.Insert(0, row());
        if (_activation is { } activation)
            _writes.BatchCommands.Insert(0, activation);
        if (_writes.BatchCommands.Count == 0 && _isNew)
            return;
        if (_readBack is { } last)
            Write(last.Query);
        if (!_isNew)
            Write("commit");
        if (_readBack is { } back)
            await ExecuteAsync(back.Column, back.Read, cancel);
        else
            await _writes.ExecuteNonQueryAsync(cancel);
        _committed = true;
        if (_changes is { } changes)
            _runtime.Changes.Publish(changes);
        if (Outgoing.Count > 0)
            _runtime.Stimuli.Deliver(InstanceId ?? default, Outgoing);
        foreach (var parent in Parents)
            _runtime.Stimuli.DeliverEnd(parent);
    }

    private async Task ExecuteAsync(string column, Func<NpgsqlDataReader, Task> read, CancellationToken cancel)
    {
        await using var reader = await _writes.ExecuteReaderAsync(cancel);
        do
        {
            if (reader.FieldCount > 0 && reader.GetName(0) == column)
                await read(reader);
        } while (await reader.NextResultAsync(cancel));
    }

    private void WriteHistory(HistoryAppend history)
    {
        if (TestBy is null)
            _runtime.HistoryWriting?.Invoke([history], _writes);
        history.WriteTo(_writes);
    }

    /// <summary>Gives the connection back. Without a commit the server rolls everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await DoneReadingAsync();
            if (!_committed && !_isNew && _connection.State == System.Data.ConnectionState.Open)
            {
                await using var rollback = new NpgsqlCommand("rollback", _connection);
                await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection broke: the server has rolled back, and closing tells the pool.
        }
        finally
        {
            await _writes.DisposeAsync();
            await _connection.DisposeAsync();
        }
    }
}
