using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>Search over history. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class HistorySearchTests
{
    [Fact]
    public async Task Events_are_found_by_each_condition_newest_first_and_page_by_page()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First", Step.Outcomes("Yes", "No"))), ("b", Step.Of("Second")));
        var one = await world.PersonAsync("adjuster1");
        var compliance = await world.PersonAsync("compliance");
        var began = world.Clock.Now();
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            var id = await world.StartAsync("j", $"REF-{i}");
            ids.Add(id);
            world.Clock.Advance(Duration.FromMinutes(1));
            var desk = await Desk.AtAsync(world, id);
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, one));
            var data = new System.Text.Json.Nodes.JsonObject { ["amount"] = 100 * i, ["city"] = "Lyon" };
            HistorySource.Current = i == 0 ? HistorySource.Api : null;
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, i == 0 ? "Yes" : "No", data, one));
            HistorySource.Current = null;
            world.Clock.Advance(Duration.FromMinutes(1));
        }

        (await FindAsync(new() { Person = "adjuster1", Action = "task.completed" })).ShouldBe(["REF-2", "REF-1", "REF-0"]);
        (await FindAsync(new() { Case = "REF-1", Action = "task.completed" })).ShouldBe(["REF-1"]);
        (await FindAsync(new() { Case = ids[1].ToString(), Action = "task.completed" })).ShouldBe(["REF-1"]);
        (await FindAsync(new() { Customer = "C-1", Action = "case.started" })).Count.ShouldBe(3);
        (await FindAsync(new() { Customer = "C-2" })).ShouldBeEmpty();
        (await FindAsync(new() { Outcome = "Yes" })).ShouldBe(["REF-0"]);
        (
            await FindAsync(
                new()
                {
                    Step = "b",
                    Action = "task.opened",
                    To = began + Duration.FromMinutes(2),
                }
            )
        ).ShouldBe(["REF-0"]);
        (await FindAsync(new() { Action = "case.started", From = began + Duration.FromMinutes(3) })).ShouldBe(["REF-2"]);
        (
            await FindAsync(
                new()
                {
                    Source = "api",
                    Person = "adjuster1",
                    Action = "task.completed",
                }
            )
        ).ShouldBe(["REF-0"]);
        (
            await FindAsync(
                new()
                {
                    Source = "job",
                    Person = "adjuster1",
                    Action = "task.completed",
                }
            )
        ).ShouldBe(["REF-2", "REF-1"]);
        (
            await FindAsync(
                new()
                {
                    Action = "task.completed",
                    Field = "city",
                    Value = "LYON",
                }
            )
        ).Count.ShouldBe(3);
        (
            await FindAsync(
                new()
                {
                    Action = "task.completed",
                    Field = "amount",
                    Value = ">100",
                }
            )
        ).ShouldBe(["REF-2"]);
        (
            await FindAsync(
                new()
                {
                    Action = "task.completed",
                    Field = "city",
                    Value = ">1",
                }
            )
        ).ShouldBeEmpty();
        var all = await FindAsync(new());
        var paged = new List<string>();
        var filter = new HistoryFilter();
        do
        {
            var (hits, next) = await HistorySearch.PageAsync(world.Runtime, filter, 4, compliance);
            paged.AddRange(hits.Select(h => h.CaseReference ?? ""));
            hits.ShouldAllBe(h => h.Event.Payload == null || h.Event.Payload["data"] == null, "what was entered isn't part of a list");
            HistoryCursor.TryRead(next?.ToString(), out var cursor).ShouldBeTrue();
            filter = filter with { Before = cursor };
        } while (filter.Before is not null);
        paged.ShouldBe(all);

        async Task<List<string>> FindAsync(HistoryFilter wanted) =>
            [.. (await HistorySearch.PageAsync(world.Runtime, wanted, 200, compliance)).Hits.Select(h => h.CaseReference ?? "")];
    }

    [Fact]
    public void A_search_without_a_narrow_condition_is_limited_in_time()
    {
        var now = Instant.FromUtc(2026, 6, 1, 9, 0);
        var longAgo = now - Duration.FromDays(400);
        new HistoryFilter { From = longAgo }
            .Check(now)
            .Keys.ShouldBe(["from"]);
        new HistoryFilter { From = longAgo, To = longAgo + Duration.FromDays(31) }
            .Check(now)
            .ShouldBeEmpty();
        new HistoryFilter { From = longAgo, Person = "adjuster1" }
            .Check(now)
            .ShouldBeEmpty();
        new HistoryFilter
        {
            From = longAgo,
            Field = "amount",
            Value = "1",
            Step = "a",
        }
            .Check(now)
            .Keys.ShouldBe(["from"]);
        new HistoryFilter { Field = "amount" }
            .Check(now)
            .Keys.ShouldBe(["value"]);
        new HistoryFilter { Field = "amount", Value = ">much" }
            .Check(now)
            .Keys.ShouldBe(["value"]);
        new HistoryFilter { Source = "mail" }
            .Check(now)
            .Keys.ShouldBe(["source"]);
        new HistoryFilter { From = now, To = now }
            .Check(now)
            .Keys.ShouldBe(["to"]);
        HistoryCursor.TryRead("x", out _).ShouldBeFalse();
    }
}
