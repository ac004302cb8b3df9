using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Forecast.Queueing;

namespace Orchestration.Workflows.Tests.Customers;

/// <summary>What the front office is shown and told before a promise breaks.</summary>
public sealed class FrontOfficeTests
{
    [Fact]
    public async Task A_promise_is_at_risk_when_the_forecast_says_so_and_without_one_when_little_time_is_left()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("walk", ("assess", """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """));
        var (id, front) = (await world.StartAsync("walk"), await world.PersonAsync("frontoffice"));
        var due = world.Clock.Now() + Duration.FromHours(200);
        var made = await Promises.MakeAsync(world.Get<ClockRuntime>(), id, new("Call back", due), front);
        var promise = made.ShouldBeOfType<PromiseResult.Done>().ClockId;
        (await AtRiskAsync()).ShouldBeEmpty();

        await ForecastAsync(0.6);
        (await AtRiskAsync()).ShouldBe([promise]);
        (await ToldAsync()).ShouldBe(["frontoffice: Likely to be late: Call back"]);
        await ForecastAsync(0.9);
        (await ToldAsync()).Length.ShouldBe(1, "once");

        await ForecastAsync(0.1);
        (await AtRiskAsync()).ShouldBeEmpty();
        world.Clock.Advance(Duration.FromHours(150));
        (await AtRiskAsync()).ShouldBeEmpty("the forecast knows better");
        await world.ScalarAsync<int?>("delete from forecast_change; delete from forecast_clock");
        (await AtRiskAsync()).ShouldBe([promise]);

        async Task<IEnumerable<Guid>> AtRiskAsync() =>
            (await FrontOffice.ReadAsync(world.Database, front, world.Clock.Now())).AtRisk.Select(one => one.ClockId);

        async Task<string[]> ToldAsync() =>
            await world.ScalarAsync<string[]>(
                "select array_agg(p.user_name || ': ' || n.title) from notification n join person p on p.id = n.person_id where n.title like 'Likely%'"
            );

        async Task ForecastAsync(double breach)
        {
            world.Clock.Advance(Duration.FromMinutes(1));
            await ForecastHistory.WriteAsync(
                world.Database,
                [(new ClockForecast(promise, breach, Duration.Zero, Duration.Zero, null, null), due)],
                world.Clock.Now()
            );
        }
    }
}
