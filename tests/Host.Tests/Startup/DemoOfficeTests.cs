using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestration.Testing;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Simulation;

namespace Orchestration.Host.Tests.Startup;

public sealed class DemoOfficeTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task A_week_of_an_office_is_made_by_the_real_verbs_and_leaves_the_jobs_running()
    {
        _ = host.App.Api();
        var office = ActivatorUtilities.CreateInstance<DemoOffice>(host.App.Services, TestDatabase.AsApplication(host.ConnectionString));
        (await office.RunAsync(1, isNew: false)).ShouldBeNull();
        office.IsIncomplete.ShouldBeFalse();

        // A host that is stopped before the end leaves an office that says so.
        await Should.ThrowAsync<OperationCanceledException>(() => office.RunAsync(1, isNew: true, new CancellationToken(canceled: true)));
        (await office.RunAsync(1, isNew: false)).ShouldBeNull();
        office.IsIncomplete.ShouldBeTrue();

        var forecasts = host.App.Services.GetRequiredService<ForecastOffice>();
        (await forecasts.LatestAsync()).LearnedFrom.ShouldBe(0);
        var done = (await office.RunAsync(1, isNew: true)).ShouldNotBeNull();
        (await forecasts.LatestAsync()).LearnedFrom.ShouldBeGreaterThan(100);

        done.At.ShouldBe(host.App.Clock.GetCurrentInstant());
        done.Started.ShouldBeInRange(150, 300);
        done.Completed.ShouldBeGreaterThan(done.Started * 2);
        done.Refused.ShouldBeLessThan(done.Completed / 5);
        (await CountAsync("journey_case")).ShouldBe(done.Started);
        (await CountAsync("task where state = 'Completed'")).ShouldBe(done.Completed);
        (await CountAsync("task where ended_at is null")).ShouldBeGreaterThan(20);
        (await CountAsync("(select team from task where state = 'Completed' and team is not null group by team) teams")).ShouldBe(8);
        (await CountAsync("task where changed_at > (select max(at) from event)")).ShouldBe(0);

        // Nothing is left that was due in those weeks, and nobody's past runs backwards.
        (await CountAsync("deadline where due_at < (select max(at) from event)")).ShouldBe(0);
        (
            await CountAsync(
                """
                (select at, lag(at) over (partition by chain_id order by sequence) before from event where chain_id in (select id from journey_case)) e
                where at < before
                """
            )
        ).ShouldBe(0);
        (await CountAsync("job_pause")).ShouldBe(0);
        (await CountAsync("step_fact where ended_as = 'Completed'")).ShouldBe(done.Completed, "the figures are there, too");
        (await CountAsync("demo_office where done_at >= begun_at")).ShouldBe(1);
        (await CountAsync("shift where from_at > (select max(created_at) from journey_case)")).ShouldBeGreaterThan(100);
        (await CountAsync("step_effort")).ShouldBeGreaterThan(10);
        (office.Progress, office.Span).ShouldBe((null, null));
    }

    private async Task<long> CountAsync(string what)
    {
        await using var database = NpgsqlDataSource.Create(host.ConnectionString);
        await using var query = database.CreateCommand($"select count(*) from {what}");
        return (long)(await query.ExecuteScalarAsync())!;
    }
}
