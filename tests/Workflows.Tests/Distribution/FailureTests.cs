using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>What goes wrong with one task or one team, or for a moment with everything, stops nothing else.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData("offer", "task.offered")]
    [InlineData("assign", "task.assigned")]
    public async Task One_task_that_cannot_be_written_does_not_keep_the_others_from_people(string mode, string action)
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, mode);
        await push.AvailableAsync("adjuster1", "adjuster2");
        var broken = await world.StartAsync("one", "REF-1");
        var whole = await world.StartAsync("one", "REF-2");
        var task = (await world.OpenTaskAsync(broken)).Id;
        await OwnerAsync(
            world,
            $"""
            create function refuse() returns trigger language plpgsql as
                $$ begin if new.task_id = '{task}' then raise exception 'refused'; end if; return new; end $$;
            create trigger refuse before insert on task_offer for each row execute function refuse()
            """
        );

        (await push.RunAsync()).ShouldBe(1);
        (await world.ActionsAsync(whole)).ShouldContain(action);
        (await world.ActionsAsync(broken)).ShouldBe(["case.started", "task.opened"], ignoreOrder: true);
        (await world.ScalarAsync<int>("select count(*)::int from distribution_decision where task_id = @task", new { task })).ShouldBe(0);

        await OwnerAsync(world, "drop trigger refuse on task_offer");
        (await push.RunAsync(all: true)).ShouldBe(1, "the next look tries it again");
        (await world.ActionsAsync(broken)).ShouldContain(action);
    }

    [Fact]
    public async Task One_team_that_cannot_be_decided_about_does_not_stop_the_others()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await world.PublishAsync("pay", ("a", Step.Of("Pay", ("team", "String", "claims-payments"))));
        await world.Get<DistributionPolicies>().SetModeAsync("claims-payments", "offer", await world.PersonAsync("supervisor"));
        await push.AvailableAsync("adjuster1", "adjuster2");
        await world.StartAsync("one", "REF-1");
        await world.StartAsync("pay", "REF-2");
        await OwnerAsync(
            world,
            $"""
            create function refuse() returns trigger language plpgsql as
                $$ begin if new.team = '{PushWorld.Team}' then raise exception 'refused'; end if; return new; end $$;
            create trigger refuse before update on distribution_team for each row execute function refuse()
            """
        );

        await push.RunAsync();
        (
            await world.ScalarAsync<string>(
                "select string_agg(t.team, ' ') from task_offer o join task t on t.id = o.task_id where t.team <> @Team",
                new { PushWorld.Team }
            )
        ).ShouldBe("claims-payments");
        (await world.ScalarAsync<int>("select count(*)::int from distribution_request where team = @Team", new { PushWorld.Team })).ShouldBeGreaterThan(
            0,
            "what asked for its decision stays"
        );
    }

    [Fact]
    public async Task The_watch_goes_on_after_a_failure()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        var log = new Failures();
        using var watch = new PushWatch(world.Get<DistributeWork>(), world.Runtime, TimeProvider.System, log);
        await OwnerAsync(world, "alter table distribution_request rename to distribution_request_gone");
        await watch.StartAsync(default);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));

        // It listens at some time after it was started.
        while (!log.First.Task.IsCompleted && await again.WaitForNextTickAsync(patience.Token))
            world.Runtime.Changes.Publish([new(ChangeKind.Task, Guid.Empty)]);

        await OwnerAsync(world, "alter table distribution_request_gone rename to distribution_request");
        var offered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = world.Runtime.Changes.Listen(change =>
        {
            if (change.Kind == ChangeKind.Person)
                offered.TrySetResult();
        });
        await world.StartAsync("one");
        await offered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await push.OnlyOfferAsync();
        await watch.StopAsync(default);
    }

    /// <summary>Runs a statement as the owner of the tables.</summary>
    private static async Task OwnerAsync(World world, string sql)
    {
        await using var connection = new NpgsqlConnection(world.OwnerConnectionString);
        await connection.ExecuteAsync(sql);
    }

    /// <summary>Tells of the first failure that is logged.</summary>
    private sealed class Failures : ILogger<PushWatch>
    {
        public TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is not null)
                First.TrySetResult();
        }
    }
}
