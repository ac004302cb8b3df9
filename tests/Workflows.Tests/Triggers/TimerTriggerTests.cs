using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Triggers;

/// <summary>Timer, Cron and StartAt as triggers of published definitions.</summary>
public sealed class TimerTriggerTests
{
    [Fact]
    public async Task Each_tick_starts_one_instance_however_many_hosts_sweep()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "beat", "Timer", "interval", "TimeSpan", "00:05:00");
        var hosts = Enumerable.Range(0, 4).Select(_ => Host(world)).ToArray();

        await Task.WhenAll(hosts.Select(h => h.SweepAsync(10)));
        (await InstancesAsync(world)).ShouldBe(0, "nothing is due yet");

        for (var tick = 1; tick <= 3; tick++)
        {
            world.Clock.Advance(Duration.FromMinutes(5));
            await Task.WhenAll(hosts.Select(h => h.SweepAsync(10)));
            (await InstancesAsync(world)).ShouldBe(tick);
        }
    }

    [Fact]
    public async Task Ticks_missed_in_an_outage_are_made_up_for_by_one_start_and_the_beat_is_kept()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "hourly", "Cron", "cronExpression", "String", "0 0 * * * *");
        var timers = Host(world);

        world.Clock.Advance(Duration.FromHours(10) + Duration.FromMinutes(30));
        await timers.SweepAsync(10);
        await timers.SweepAsync(10);
        (await InstancesAsync(world)).ShouldBe(1);

        world.Clock.Advance(Duration.FromMinutes(30));
        await timers.SweepAsync(10);
        (await InstancesAsync(world)).ShouldBe(2);
    }

    [Fact]
    public async Task A_time_that_has_come_starts_once_also_when_the_definition_is_published_again()
    {
        await using var world = await World.CreateAsync();
        var timers = Host(world);
        await PublishAsync(world, "once", "StartAt", "dateTime", "DateTimeOffset", "2026-06-01T10:00:00Z");
        world.Clock.Advance(Duration.FromHours(2));
        await timers.SweepAsync(10);
        (await InstancesAsync(world)).ShouldBe(1);

        await PublishAsync(world, "once", "StartAt", "dateTime", "DateTimeOffset", "2026-06-01T10:00:00Z");
        await timers.SweepAsync(10);

        (await InstancesAsync(world)).ShouldBe(1);
    }

    [Fact]
    public async Task A_retracted_definition_is_started_no_more_and_a_new_interval_counts_from_its_publishing()
    {
        await using var world = await World.CreateAsync();
        var timers = Host(world);
        await PublishAsync(world, "beat", "Timer", "interval", "TimeSpan", "00:05:00");
        await PublishAsync(world, "beat", "Timer", "interval", "TimeSpan", "00:30:00");

        world.Clock.Advance(Duration.FromMinutes(5));
        await timers.SweepAsync(10);
        (await InstancesAsync(world)).ShouldBe(0);

        await world.Runtime.Definitions.RetractAsync("beat", "test", world.Clock.GetCurrentInstant());
        world.Clock.Advance(Duration.FromHours(1));
        await timers.SweepAsync(10);
        (await InstancesAsync(world)).ShouldBe(0);
    }

    [Theory]
    [InlineData("0 30 1 * * *", "2026-11-01T05:29:00Z", "2026-11-01T06:10:00Z", "2026-11-01T06:45:00Z", "2026-11-02T06:30:00Z")]
    [InlineData("0 */30 2 * * *", "2027-03-14T06:59:00Z", "2027-03-14T07:05:00Z", "2027-03-14T07:45:00Z", "2027-03-15T06:00:00Z")]
    [InlineData("0 30 2 * * *", "2027-03-14T06:59:00Z", "2027-03-14T07:00:00Z", "2027-03-14T08:00:00Z", "2027-03-15T06:30:00Z")]
    public async Task A_night_with_a_clock_change_starts_one_instance(string cron, string before, string late, string after, string next)
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "nightly", "Cron", "cronExpression", "String", $"TZ=America/New_York {cron}");
        var timers = Host(world);
        await AtAsync(before);
        var started = await InstancesAsync(world);

        // The host was busy when the time came, and looks a little later.
        await AtAsync(late);
        (await InstancesAsync(world)).ShouldBe(started + 1);
        await AtAsync(after);
        (await InstancesAsync(world)).ShouldBe(started + 1);
        await AtAsync(next);
        (await InstancesAsync(world)).ShouldBe(started + 2);

        async Task AtAsync(string time)
        {
            world.Clock.Advance(InstantPattern.General.Parse(time).Value - world.Clock.GetCurrentInstant());
            await timers.SweepAsync(10);
        }
    }

    /// <summary>Another host: it shares only the database.</summary>
    private static Timers Host(World world) =>
        new(
            new WorkflowRuntime(
                world.Database,
                new DefinitionStore(world.Database, world.Get<ActivityRegistry>(), new Changes(NullLogger<Changes>.Instance)),
                world.Get<BurstWrites>(),
                new Changes(NullLogger<Changes>.Instance),
                world.Clock,
                NullLogger<WorkflowRuntime>.Instance
            ),
            NullLogger<Timers>.Instance
        );

    private static Task<long> InstancesAsync(World world) => world.ScalarAsync<long>("select count(*) from workflow_instance");

    private static async Task PublishAsync(World world, string id, string type, string input, string inputType, string value)
    {
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "activities": [
                { "id": "t", "type": "Elsa.{{type}}", "customProperties": { "canStartWorkflow": true },
                  "{{input}}": { "typeName": "{{inputType}}", "expression": { "type": "Literal", "value": "{{value}}" } } },
                { "id": "done", "type": "Elsa.WriteLine" } ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();
    }
}
