using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>The ladder over the real database, swept by two at once, through outages and sweeps that die half way.</summary>
public sealed class SweeperTests
{
    private const int Cases = 40;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Two_sweepers_deal_with_every_rung_once_and_lose_none(int seed)
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var policy = JsonNode
            .Parse(
                """
                { "id": "watch", "name": "Watch", "subject": "case", "calendar": "24x7", "target": { "amount": "PT10H", "unit": "elapsed" },
                  "start": { "events": ["case.opened"], "where": { "journey": ["one"] } },
                  "ladder": [ { "percent": 20, "actions": [ { "action": "notify", "to": "lead" } ] },
                    { "percent": 40, "actions": [ { "action": "raisePriority", "by": 1 } ] },
                    { "percent": 60, "actions": [ { "action": "notify", "to": "lead" } ] },
                              { "percent": 100, "actions": [ { "action": "notify", "to": "manager" } ] },
                                { "percent": 150, "actions": [ { "action": "notify", "to": "compliance" } ] } ] }
                """
            )!
            .AsObject();
        await world.PublishAsync(
            "one",
            (
                "a",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Look" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
                """
            )
        );
        (
            await SaveServiceLevel.RunAsync(
                world.Get<SettingDocuments>(),
                world.Get<ServiceLevelCatalog>(),
                SettingKind.Sla,
                "watch",
                0,
                policy,
                await world.PersonAsync("admin"),
                world.Clock.GetCurrentInstant()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        for (var i = 0; i < Cases; i++)
        {
            await world.StartAsync("one", $"ONE-{i}");
            world.Clock.Advance(Duration.FromMinutes(7));
        }

        // Steps of 0 to 5 hours: some skip rungs, as an outage does; one sweep in three is broken off.
        var random = new Random(seed);
        var escalate = world.Get<Escalate>();
        for (var step = 0; step < 14; step++)
        {
            world.Clock.Advance(Duration.FromMinutes(random.Next(300)));
            using var dies = new CancellationTokenSource();
            if (random.Next(3) == 0)
                dies.CancelAfter(TimeSpan.FromMilliseconds(random.Next(30)));

            // A host of its own: nobody uses the connections of one that died.
            await using var other = await world.AnotherHostAsync();
            await Task.WhenAll(SweepAsync(other.Get<Escalate>(), dies.Token), SweepAsync(escalate, CancellationToken.None));
        }

        world.Clock.Advance(Duration.FromHours(40));
        while (await escalate.SweepAsync(10) > 0) { }

        (await world.ScalarAsync<int>("select count(*)::int from deadline where kind = 'rung'")).ShouldBe(0, "nothing is left to happen");
        (await world.ScalarAsync<int>("select count(*)::int from event where action in ('sla.rung', 'sla.rung-skipped')")).ShouldBe(
            Cases * 5,
            "each rung is dealt with"
        );
        (
            await world.ScalarAsync<int>(
                """
                select count(*)::int from (select e.entity_id, e.payload->>'rung' from event e
                    where e.action in ('sla.rung', 'sla.rung-skipped') group by 1, 2 having count(*) > 1) twice
                """
            )
        ).ShouldBe(0, "and once");
        (await world.ScalarAsync<int>("select count(*)::int from event where action = 'sla.breached'")).ShouldBe(Cases);
        (await world.ScalarAsync<int>("select count(*)::int from notification where kind like 'sla.%' and body like '%150%'")).ShouldBe(
            await world.ScalarAsync<int>(
                """
                select count(*)::int from event e where e.action = 'sla.rung'
                    and e.payload->>'rung' = '150%'
                """
            ),
            "who is told is told once"
        );
        (await world.ScalarAsync<int>("select sum(json_array_length(state->'rungs'))::int from sla_clock")).ShouldBe(Cases * 5);
    }

    private static async Task SweepAsync(Escalate escalate, CancellationToken cancel)
    {
        try
        {
            while (await escalate.SweepAsync(7, cancel) > 0) { }
        }
        catch (Exception broken) when (cancel.IsCancellationRequested && broken is OperationCanceledException or { Source: "Npgsql" })
        {
            // The host died: what it did not commit is as if it had never begun. Broken off between two results Npgsql says so in other words.
        }
    }
}
