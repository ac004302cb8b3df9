using NodaTime;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tests.Guidance;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>Saved searches over history. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class SavedSearchTests : IAsyncLifetime
{
    private static readonly SearchPlan Daily = new("New cases", null, null);
    private static readonly HistoryFilter Started = new() { Action = "case.started" };

    private World _world = null!;
    private Person _reviewer = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.PublishAsync("walk", ("assess", Step.Of("Assess the roof")));
        _reviewer = await _world.ColleagueAsync("compliance");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_search_runs_on_its_date_and_tells_what_is_new_since_the_last_run()
    {
        await _world.StartAsync("walk", "REF-1");
        _world.Clock.Advance(Duration.FromMinutes(1));
        await SaveAsync(Started, Daily);
        _world.Clock.Advance(Duration.FromHours(1));
        await _world.StartAsync("walk", "REF-2");
        (await RunAsync()).ShouldBe(0, "it isn't due");
        (await FoundAsync()).NextAt.ShouldBe(Instant.FromUtc(2026, 6, 2, 7, 0));

        _world.Clock.Advance(Duration.FromHours(22));
        (await RunAsync()).ShouldBe(1);
        (await FoundAsync()).ShouldSatisfyAllConditions(s => s.LastRun!.Hits.ShouldBe(1), s => s.NextAt.ShouldBe(Instant.FromUtc(2026, 6, 3, 7, 0)));
        (await _world.ScalarAsync<string>("select title from notification")).ShouldBe("1 event found: New cases");
        (await _world.ScalarAsync<string>("select path from notification")).ShouldStartWith("/compliance/history?action=case.started&from=2026-06-01T09");
        (await _world.ScalarAsync<string>("select source || ' ' || kind from access_log")).ShouldBe("job search");
        (await _world.ScalarAsync<long>("select count(*) from event where action = 'search.ran'")).ShouldBe(1);

        _world.Clock.Advance(Duration.FromHours(24));
        (await RunAsync()).ShouldBe(1);
        (await FoundAsync()).LastRun!.Hits.ShouldBe(0);
        (await _world.ScalarAsync<long>("select count(*) from notification")).ShouldBe(1, "nothing new, nothing told");
    }

    [Fact]
    public async Task A_weekly_search_runs_on_its_day_in_the_time_zone_of_its_owner()
    {
        await _world.ScalarAsync<int>(
            "with z as (insert into notification_preference (person_id, email_kinds, time_zone, changed_at) values (@id, '{}', 'America/New_York', now()) "
                + "returning 1) select count(*)::int from z",
            new { id = _reviewer.Id }
        );
        await SaveAsync(Started, new("Weekly", IsoDayOfWeek.Sunday, new LocalTime(6, 30)));
        (await FoundAsync()).NextAt.ShouldBe(Instant.FromUtc(2026, 6, 7, 10, 30));
    }

    [Fact]
    public async Task Who_lost_the_right_gets_no_result_and_is_told()
    {
        await SaveAsync(Started, Daily);
        await _world.ScalarAsync<int>(
            "with p as (update person set roles = '{employee}' where id = @id returning 1) select count(*)::int from p",
            new { id = _reviewer.Id }
        );
        _world.Clock.Advance(Duration.FromHours(24));
        await _world.StartAsync("walk");
        (await RunAsync()).ShouldBe(1);
        var search = await FoundAsync();
        (search.NextAt, search.LastRun!.Hits, search.LastRun.Problem).ShouldBe((null, null, "You can't review history any more, so the search was paused."));
        (await _world.ScalarAsync<string>("select title from notification")).ShouldBe("Paused: New cases");
        (await _world.ScalarAsync<long>("select count(*) from access_log")).ShouldBe(0);
        (await RunAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task What_happens_while_a_search_is_paused_is_not_looked_at()
    {
        var id = await SaveAsync(Started, Daily);
        (await SavedSearches.PauseAsync(_world.Runtime, id, _reviewer)).ShouldBeOfType<SavedSearchResult.Done>();
        await _world.StartAsync("walk");
        _world.Clock.Advance(Duration.FromHours(30));
        (await RunAsync()).ShouldBe(0);
        (await SavedSearches.ResumeAsync(_world.Runtime, id, _reviewer)).ShouldBeOfType<SavedSearchResult.Done>();
        _world.Clock.Advance(Duration.FromHours(24));
        (await RunAsync()).ShouldBe(1);
        (await FoundAsync()).LastRun!.Hits.ShouldBe(0);
    }

    [Fact]
    public async Task People_see_and_change_their_own_searches_only_and_names_are_unique_among_them()
    {
        var id = await SaveAsync(Started, Daily);
        var other = await _world.ColleagueAsync("admin");
        (await SavedSearches.ListAsync(_world.Database, other)).ShouldBeEmpty();
        (await SavedSearches.RunsAsync(_world.Database, id, other)).ShouldBeNull();
        (await SavedSearches.ChangeAsync(_world.Runtime, id, Daily, other)).ShouldBeOfType<SavedSearchResult.NotFound>();
        (await SavedSearches.RemoveAsync(_world.Runtime, id, other)).ShouldBeOfType<SavedSearchResult.NotFound>();
        (await SavedSearches.SaveAsync(_world.Runtime, Started, Daily with { Name = "NEW cases" }, _reviewer))
            .ShouldBeOfType<SavedSearchResult.Invalid>()
            .Errors.Keys.ShouldBe(["name"]);
        (await SavedSearches.SaveAsync(_world.Runtime, new() { From = _world.Clock.GetCurrentInstant() }, Daily, _reviewer))
            .ShouldBeOfType<SavedSearchResult.Invalid>()
            .Errors.Keys.ShouldBe(["query"]);
        (
            await SavedSearches.ChangeAsync(_world.Runtime, id, new("Cases", IsoDayOfWeek.Friday, new LocalTime(17, 0)), _reviewer)
        ).ShouldBeOfType<SavedSearchResult.Done>();
        (await FoundAsync()).ShouldSatisfyAllConditions(s => s.Name.ShouldBe("Cases"), s => s.NextAt.ShouldBe(Instant.FromUtc(2026, 6, 5, 17, 0)));
        (await SavedSearches.RemoveAsync(_world.Runtime, id, _reviewer)).ShouldBeOfType<SavedSearchResult.Done>();
        (await SavedSearches.ListAsync(_world.Database, _reviewer)).ShouldBeEmpty();
    }

    private async Task<Guid> SaveAsync(HistoryFilter filter, SearchPlan plan) =>
        (await SavedSearches.SaveAsync(_world.Runtime, filter, plan, _reviewer)).ShouldBeOfType<SavedSearchResult.Done>().Id;

    private Task<int> RunAsync() => _world.Get<RunSearches>().RunAsync();

    private async Task<SavedSearch> FoundAsync() => (await SavedSearches.ListAsync(_world.Database, _reviewer)).ShouldHaveSingleItem();
}
