using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>What kind of thing changed.</summary>
public enum ChangeKind
{
    /// <summary>An instance (a case).</summary>
    Instance,

    /// <summary>A task.</summary>
    Task,

    /// <summary>A person's notifications.</summary>
    Person,

    /// <summary>A definition was published, retracted or deleted.</summary>
    Definition,

    /// <summary>Calendars, policies, people, teams and other settings.</summary>
    Settings,

    /// <summary>What a person may do, or whether they may still sign in.</summary>
    Access,

    /// <summary>A workflow answered an HTTP request, or never will.</summary>
    Reply,

    /// <summary>What a person does now: whether they are available, away or at work on a task.</summary>
    Presence,
}

/// <summary>A change that people may be looking at.</summary>
/// <param name="Kind">What.</param>
/// <param name="Id">Which.</param>
public readonly record struct Change(ChangeKind Kind, Guid Id);

/// <summary>
/// Wake-ups between hosts: after commit, changes go to this host's listeners at once and to the other hosts by one NOTIFY for many changes. Losing one costs
/// latency, never work.
/// </summary>
public sealed partial class Changes(ILogger<Changes> log)
{
    private const string Topic = "orchestration";

    /// <summary>Most changes in one NOTIFY: its payload is limited to 8,000 bytes.</summary>
    private const int MostPerNotify = 180;

    /// <summary>
    /// The first change is sent at once; what follows within that time goes together. A NOTIFY for each would cost a busy host as much as an answer.
    /// </summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<Guid, Action<Change>> _listeners = new();
    private readonly Channel<Change> _outbox = Channel.CreateBounded<Change>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest }
    );
    private readonly string _self = Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString("N");

    /// <summary>Calls back for every change of any host, on the thread that received it: return quickly. Dispose to stop.</summary>
    public IDisposable Listen(Action<Change> listener)
    {
        var id = Guid.CreateVersion7(DateTimeOffset.UnixEpoch);
        _listeners[id] = listener;
        return new Listener(() => _listeners.TryRemove(id, out _));
    }

    /// <summary>Notifies all subscribers.</summary>
    public void Publish(IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            Tell(change);
            _outbox.Writer.TryWrite(change);
        }
    }

    /// <summary>Sends this host's changes to the others until cancelled, many in one statement.</summary>
    public async Task SendAsync(NpgsqlDataSource database, TimeProvider time, CancellationToken cancel)
    {
        var pending = new HashSet<Change>();
        while (await _outbox.Reader.WaitToReadAsync(cancel))
        {
            while (pending.Count < MostPerNotify && _outbox.Reader.TryRead(out var change))
                pending.Add(change);
            try
            {
                // Nothing waits for its commit to be on disk: losing a wake-up costs only latency.
                await using var notify = database.Query(
                    "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
                    Topic,
                    _self + string.Concat(pending.Select(c => $"{(char)('a' + (int)c.Kind)}{c.Id:N}"))
                );
                await notify.ExecuteNonQueryAsync(cancel);
            }
            catch (NpgsqlException e)
            {
                NotSent(log, e);
            }

            pending.Clear();
            if (_outbox.Reader.Count < MostPerNotify)
                await Task.Delay(Pause, time, cancel);
        }
    }

    /// <summary>Hears the other hosts until the connection breaks or the token is cancelled.</summary>
    public async Task HearAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        connection.Notification += (_, e) => Hear(e.Payload);
        await using (var listen = new NpgsqlCommand($"listen {Topic}", connection))
            await listen.ExecuteNonQueryAsync(cancel);
        while (!cancel.IsCancellationRequested)
            await connection.WaitAsync(cancel);
    }

    private void Hear(string payload)
    {
        if (payload.StartsWith(_self, StringComparison.Ordinal))
            return;
        for (var i = _self.Length; i + 33 <= payload.Length; i += 33)
        {
            if (Guid.TryParseExact(payload.AsSpan(i + 1, 32), "N", out var id))
                Tell(new((ChangeKind)(payload[i] - 'a'), id));
        }
    }

    private void Tell(Change change)
    {
        foreach (var listener in _listeners.Values)
            listener(change);
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Warning, Message = "Other hosts were not told of changes; they find them by their sweepers")]
    private static partial void NotSent(ILogger log, Exception e);

    private sealed class Listener(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }
}
