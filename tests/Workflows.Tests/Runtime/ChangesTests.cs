using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Testing;

namespace Orchestration.Workflows.Tests.Runtime;

public sealed class ChangesTests
{
    [Fact]
    public async Task The_first_change_is_told_at_once_and_what_follows_within_the_pause_in_one_message()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        var heard = new List<string>();
        connection.Notification += (_, e) => heard.Add(e.Payload);
        await using (var listen = new NpgsqlCommand("listen orchestration", connection))
            await listen.ExecuteNonQueryAsync();
        var (changes, time) = (new Changes(NullLogger<Changes>.Instance), new HeldTime());
        using var stop = new CancellationTokenSource();
        var sending = changes.SendAsync(database.DataSource, time, stop.Token);
        var ids = Enumerable.Range(1, 3).Select(i => new Guid(i, 0, 0, new byte[8])).ToArray();

        changes.Publish([new(ChangeKind.Task, ids[0])]);
        await connection.WaitAsync();
        changes.Publish([new(ChangeKind.Task, ids[1])]);
        changes.Publish([new(ChangeKind.Task, ids[2])]);
        await time.PassAsync();
        await connection.WaitAsync();

        heard.Count.ShouldBe(2);
        ids.Select(id => heard.FindIndex(payload => payload.Contains($"{id:N}", StringComparison.Ordinal))).ShouldBe([0, 1, 1]);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(sending);
    }

    /// <summary>Every timer is due when the test says so.</summary>
    private sealed class HeldTime : TimeProvider
    {
        private readonly Channel<Action> _timers = Channel.CreateUnbounded<Action>();

        public async Task PassAsync() => (await _timers.Reader.ReadAsync())();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Writer.TryWrite(() => callback(state));
            return new Held();
        }

        private sealed class Held : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() { }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
