using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>Live view of runs: a viewer subscribes to an instance and is notified when it moves, on any host.</summary>
internal sealed class InstanceHub(
    InstanceWatchers watchers,
    LiveStreams streams,
    JourneyAccess access,
    NpgsqlDataSource database,
    Changes changes,
    IClock clock
) : Hub
{
    private const string Access = "access";

    /// <summary>Called by Studio.</summary>
    public async Task ObserveInstanceAsync(string instanceId)
    {
        if (InstanceEndpoints.Id(instanceId) is not { } id || !await SeesAsync(id, Context.ConnectionAborted))
            throw new HubException("Run not found.");
        await Groups.AddToGroupAsync(Context.ConnectionId, instanceId, Context.ConnectionAborted);
        watchers.Watch(Context.ConnectionId, id);
    }

    private async Task<bool> SeesAsync(Guid run, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await RunVisibility.OfAsync(connection, [run], access.Viewer(Context.User!), clock.Now(), cancel)).Count > 0;
    }

    /// <summary>A connection ends when its person is deactivated or their permissions change; Studio then connects again, if it still may.</summary>
    public override Task OnConnectedAsync()
    {
        if (streams.TryOpen(JourneyAccess.Actor(Context.User!)) is not { } stream)
        {
            Context.Abort();
            return Task.CompletedTask;
        }

        Context.Items[typeof(LiveStreams)] = stream;
        if (Context.User?.Identity is PersonIdentity { Person.Id: var person } && Context is var connection)
            Context.Items[Access] = changes.Listen(change =>
            {
                if (change.Kind == ChangeKind.Access && change.Id == person)
                    connection.Abort();
            });
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        if (Context.Items.TryGetValue(Access, out var listening))
            (listening as IDisposable)?.Dispose();
        if (Context.Items.TryGetValue(typeof(LiveStreams), out var stream))
            (stream as IDisposable)?.Dispose();
        watchers.Leave(Context.ConnectionId);
        return Task.CompletedTask;
    }
}

/// <summary>The subscriptions on this host, and the loop that notifies them. Several moves of an instance can become one notification.</summary>
internal sealed partial class InstanceWatchers(Changes changes, NpgsqlDataSource database, IHubContext<InstanceHub> hub, ILogger<InstanceWatchers> log)
    : BackgroundService
{
    private readonly ConcurrentDictionary<string, Guid> _watched = new();

    /// <summary>Instances to tell of. One that waits already is not queued twice.</summary>
    private readonly ConcurrentDictionary<Guid, bool> _waiting = new();
    private readonly Channel<Guid> _moved = Channel.CreateUnbounded<Guid>();

    public void Watch(string connection, Guid instance) => _watched[connection] = instance;

    public void Leave(string connection) => _watched.TryRemove(connection, out _);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listening = changes.Listen(change =>
        {
            if (change.Kind == ChangeKind.Instance && _watched.Values.Contains(change.Id) && _waiting.TryAdd(change.Id, true))
                _moved.Writer.TryWrite(change.Id);
        });
        await foreach (var instance in _moved.Reader.ReadAllAsync(stoppingToken))
        {
            // Before reading: a move during the read queues it again.
            _waiting.TryRemove(instance, out _);
            try
            {
                await TellAsync(instance, stoppingToken);
            }
            catch (NpgsqlException e)
            {
                NotTold(log, instance, e);
            }
        }
    }

    private async Task TellAsync(Guid instance, CancellationToken cancel)
    {
        var runs = await ActivityExecutionEndpoints.RunsOf(instance, database, cancel);
        var viewers = hub.Clients.Group(Ids.Text(instance));
        await viewers.SendAsync("ActivityExecutionLogUpdatedAsync", new { stats = ActivityExecutionEndpoints.Stats(runs) }, cancel);
        await viewers.SendAsync("WorkflowExecutionLogUpdatedAsync", new { }, cancel);
        await viewers.SendAsync("WorkflowInstanceUpdatedAsync", new { workflowInstanceId = Ids.Text(instance) }, cancel);
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Warning, Message = "Viewers of run {Instance} were not told that it moved")]
    private static partial void NotTold(ILogger log, Guid instance, Exception e);
}
