using System.Net;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;
using static Orchestration.Host.Tests.Journeys.Journey;

namespace Orchestration.Host.Tests.Journeys;

/// <summary>Moving running cases to another version of their journey, by the API.</summary>
public sealed class MigrationTests(Office office) : IClassFixture<Office>
{
    private readonly Worker _adjuster = office.Person("adjuster1");

    [Fact]
    public async Task A_case_goes_on_in_the_new_version_with_its_tasks_owners_clocks_and_timers()
    {
        await PublishAsync("move-a", Step("first"), Parallel("both", Step("second"), Delay("wait", "3.00:00:00")), Step("third"));
        var id = await OpenAsync("move-a");
        await _adjuster.DoAsync(id, "first", "Done");
        await _adjuster.ClaimAsync(id, "second");
        await PublishAsync("move-a", Step("first"), Parallel("both", Step("second"), Delay("wait", "3.00:00:00")), Step("between"), Step("third"));
        var before = await KeptAsync(id);
        before.Count.ShouldBe(5, "two tasks, two clocks, and the deadlines of a clock and a timer in one row");

        var preview = (await PreviewAsync("move-a", 2))["items"]!.AsArray().ShouldHaveSingleItem()!;
        ((Guid)preview["instance"]!).ShouldBe(id);
        ((bool)preview["isPossible"]!).ShouldBeTrue();
        ((int)preview["fromVersion"]!).ShouldBe(1);
        var steps = preview["steps"]!.AsArray().ToDictionary(s => (string)s!["activity"]!, s => s!);
        steps.Keys.ShouldBe(["Workflow1", "root", "both", "second", "wait"], ignoreOrder: true);
        var task = steps["second"]["tasks"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)task["owner"]!).ShouldBe("adjuster1");
        ((string)task["ownerName"]!).ShouldBe("Daniel Brandt");
        ((string)task["state"]!).ShouldBe("Reserved");
        ((DateTime)steps["wait"]["timers"]!.AsArray().ShouldHaveSingleItem()!).ShouldBe(office.Clock.GetCurrentInstant().ToDateTimeUtc().AddDays(3));
        var clock = preview["clocks"]!.AsArray().ShouldHaveSingleItem()!;
        ((Guid)clock["taskId"]!).ShouldBe((Guid)task["id"]!);
        ((DateTime)clock["dueAt"]!).ShouldBe(office.Clock.GetCurrentInstant().ToDateTimeUtc().AddHours(8));
        (await VersionsAsync(id)).ShouldBe([1], "a preview changes nothing");

        var operation = Worker.NewOperation();
        (await RunAsync("move-a", 2, operation, id)).ShouldBe([(id, 200, null)]);
        (await RunAsync("move-a", 2, operation, id)).ShouldBe([(id, 200, null)], "the same operation again does nothing and says so");

        (await VersionsAsync(id)).ShouldBe([2]);
        (await KeptAsync(id)).ShouldBe(before);
        var altered = (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "instance.altered").ShouldHaveSingleItem();
        ((string)altered["actor"]!).ShouldBe("admin");
        ((string)altered["payload"]!["reason"]!).ShouldBe("The old version is wrong.");
        ((int)altered["payload"]!["version"]!).ShouldBe(2);

        var second = await _adjuster.TaskAsync(id, "second");
        (await _adjuster.AskAsync(second, "complete", new { outcome = "Done" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _adjuster.StepsAsync(id)).ShouldBeEmpty("the timer still runs");
        (await CompletedAsync(id)).ShouldBe(["first", "second"]);
    }

    [Fact]
    public async Task After_a_migration_the_new_steps_come_and_no_completed_step_runs_again()
    {
        await PublishAsync("move-b", Step("first"), Step("second"), Step("third"));
        var id = await OpenAsync("move-b");
        await _adjuster.DoAsync(id, "first", "Done");
        await PublishAsync("move-b", Step("zero"), Step("first"), Step("second"), Step("between"), Step("third"));

        (await RunAsync("move-b", 2, Worker.NewOperation(), id)).ShouldBe([(id, 200, null)]);

        foreach (var step in new[] { "second", "between", "third" })
            await _adjuster.DoAsync(id, step, "Done");
        (await CompletedAsync(id)).ShouldBe(["first", "second", "between", "third"]);
        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Finished");
    }

    [Fact]
    public async Task A_blocked_case_names_its_step_and_goes_on_where_it_was()
    {
        await PublishAsync("move-c", Step("first"), Step("second"));
        var (waiting, ahead) = (await OpenAsync("move-c"), await OpenAsync("move-c"));
        await _adjuster.DoAsync(ahead, "first", "Done");
        await PublishAsync("move-c", Step("second"));

        var items = (await PreviewAsync("move-c", 2))["items"]!.AsArray().ToDictionary(i => (Guid)i!["instance"]!, i => i!);
        ((bool)items[waiting]["isPossible"]!).ShouldBeFalse();
        ((string)items[waiting]["obstacles"]!.AsArray().ShouldHaveSingleItem()!).ShouldContain("'first'");
        ((string)items[waiting]["steps"]!.AsArray().Single(s => (string)s!["activity"]! == "first")!["blocked"]!).ShouldContain("does not have it");
        ((bool)items[ahead]["isPossible"]!).ShouldBeTrue();

        var answers = await RunAsync("move-c", 2, Worker.NewOperation(), waiting, ahead);

        answers.Select(a => (a.Id, a.Status)).ShouldBe([(waiting, 409), (ahead, 200)]);
        answers[0].Reason!.ShouldContain("'first'");
        (await VersionsAsync(waiting)).ShouldBe([1]);
        (await VersionsAsync(ahead)).ShouldBe([2]);
        await _adjuster.DoAsync(waiting, "first", "Done");
        (await _adjuster.StepsAsync(waiting)).ShouldBe(["second"]);
    }

    [Fact]
    public async Task A_version_that_leads_back_to_a_completed_step_is_refused_with_its_name()
    {
        await PublishAsync("move-d", Step("first"), Step("second"));
        var id = await OpenAsync("move-d");
        await _adjuster.DoAsync(id, "first", "Done");
        await PublishAsync("move-d", Step("second"), Step("first"));

        var answer = (await RunAsync("move-d", 2, Worker.NewOperation(), id)).ShouldHaveSingleItem();

        answer.Status.ShouldBe(409);
        answer.Reason!.ShouldContain("'first' was completed and would run again");
    }

    [Fact]
    public async Task Pages_list_every_case_once_and_only_those_on_another_version()
    {
        await PublishAsync("move-e", Step("first"));
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add(await OpenAsync("move-e"));
        await PublishAsync("move-e", Step("first"), Step("second"));
        await OpenAsync("move-e");

        var seen = new List<Guid>();
        JsonNode? after = null;
        do
        {
            var page = await (
                await office
                    .Person("admin")
                    .SendAsync(
                        HttpMethod.Post,
                        "/api/definitions/move-e/migrations/preview",
                        new
                        {
                            toVersion = 2,
                            limit = 2,
                            after,
                        }
                    )
            ).JsonAsync();
            seen.AddRange(page["items"]!.AsArray().Select(i => (Guid)i!["instance"]!));
            after = page["next"];
        } while (after is not null);

        seen.ShouldBe(ids.Order());
        (await PreviewAsync("move-e", 2, fromVersion: 2))["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused_with_the_field()
    {
        await PublishAsync("move-f", Step("first"));
        await PublishAsync("move-other", Step("first"));
        var (id, other) = (await OpenAsync("move-f"), await OpenAsync("move-other"));
        await PublishAsync("move-f", Step("first"), Step("second"));
        var analyst = office.Person("analyst");
        await analyst.SendAsync(HttpMethod.Post, "/api/definitions", new { definition = Of("move-f", Step("draft")), operationId = Worker.NewOperation() });

        await (
            await AskAsync(
                "move-nobody",
                new
                {
                    toVersion = 2,
                    instances = new[] { id },
                    reason = "r",
                    operationId = "x",
                }
            )
        ).ProblemAsync(404);
        foreach (var version in new int?[] { null, 0, 3, 99 })
            (
                await (
                    await AskAsync(
                        "move-f",
                        new
                        {
                            toVersion = version,
                            instances = new[] { id },
                            reason = "r",
                            operationId = "x",
                        }
                    )
                ).ProblemAsync(422)
            )["errors"]!.AsObject().Single().Key.ShouldBe("toVersion");
        (await (await AskAsync("move-f", new { toVersion = 2 })).ProblemAsync(422))["errors"]!
            .AsObject()
            .Select(e => e.Key)
            .ShouldBe(["instances", "reason", "operationId"], ignoreOrder: true);
        await (
            await AskAsync(
                "move-f",
                new
                {
                    toVersion = 2,
                    instances = new[] { id, id },
                    reason = "r",
                    operationId = "x",
                }
            )
        ).ProblemAsync(422);
        await (
            await AskAsync(
                "move-f",
                new
                {
                    toVersion = 2,
                    instances = Enumerable.Range(0, 10_001).Select(i => new Guid(i, 0, 0, new byte[8])),
                    reason = "r",
                    operationId = "x",
                }
            )
        ).ProblemAsync(422);

        (await RunAsync("move-f", 2, Worker.NewOperation(), other, new Guid(1, 0, 0, new byte[8]), id)).Select(a => a.Status).ShouldBe([404, 404, 200]);
        (await VersionsAsync(other)).ShouldBe([1], "a case of another journey is not touched");

        var operation = Worker.NewOperation();
        await PublishAsync("move-f", Step("first"), Step("second"), Step("third"));
        (await RunAsync("move-f", 3, operation, id)).Single().Status.ShouldBe(200);
        (await RunAsync("move-f", 1, operation, id)).Single().Reason!.ShouldContain("operation id");

        Task<HttpResponseMessage> AskAsync(string definition, object body) =>
            analyst.SendAsync(HttpMethod.Post, $"/api/definitions/{definition}/migrations", body);
    }

    [Fact]
    public async Task Only_who_designs_may_look_or_move()
    {
        await PublishAsync("move-g", Step("first"));
        foreach (var name in new[] { "adjuster1", "frontoffice", "supervisor", "compliance" })
        {
            (await office.Person(name).SendAsync(HttpMethod.Post, "/api/definitions/move-g/migrations/preview", new { toVersion = 1 })).StatusCode.ShouldBe(
                HttpStatusCode.Forbidden,
                name
            );
            (await office.Person(name).SendAsync(HttpMethod.Post, "/api/definitions/move-g/migrations", new { toVersion = 1 })).StatusCode.ShouldBe(
                HttpStatusCode.Forbidden,
                name
            );
        }
    }

    private async Task PublishAsync(string id, params string[] steps)
    {
        var answer = await office
            .Person("analyst")
            .SendAsync(
                HttpMethod.Post,
                "/api/definitions",
                new
                {
                    definition = Of(id, steps),
                    publish = true,
                    operationId = Worker.NewOperation(),
                }
            );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    private Task<Guid> OpenAsync(string journey) => office.FrontOffice.OpenAsync(journey, office.NewReference("MV"), new { });

    private async Task<JsonNode> PreviewAsync(string id, int toVersion, int? fromVersion = null)
    {
        var answer = await office.Person("admin").SendAsync(HttpMethod.Post, $"/api/definitions/{id}/migrations/preview", new { toVersion, fromVersion });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.JsonAsync();
    }

    private async Task<List<(Guid Id, int Status, string? Reason)>> RunAsync(string id, int toVersion, string operationId, params Guid[] instances)
    {
        var answer = await office
            .Person("admin")
            .SendAsync(
                HttpMethod.Post,
                $"/api/definitions/{id}/migrations",
                new
                {
                    toVersion,
                    instances,
                    reason = "The old version is wrong.",
                    operationId,
                }
            );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return [.. (await answer.JsonAsync()).AsArray().Select(a => ((Guid)a!["instance"]!, (int)a["status"]!, (string?)a["reason"]))];
    }

    /// <summary>Every task, clock and deadline of a case, row by row.</summary>
    private Task<List<string>> KeptAsync(Guid id) =>
        office.QueryAsync<string>(
            $"""
            select to_jsonb(t)::text from task t where instance_id = '{id}'
            union all select to_jsonb(k)::text from sla_clock k where instance_id = '{id}'
            union all select jsonb_agg(to_jsonb(d) order by d.id)::text from deadline d where d.instance_id = '{id}'
            """
        );

    private Task<List<int>> VersionsAsync(Guid id) => office.QueryAsync<int>($"select definition_version from workflow_instance where id = '{id}'");

    private async Task<IEnumerable<string>> CompletedAsync(Guid id) =>
        (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "task.completed").Select(e => (string)e["activityId"]!);
}
