using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Facts;

/// <summary>Facts of the shipped claim, by who looks.</summary>
public sealed class CaseFactTests
{
    private const string Secret = "Neighbour reports a quarrel";

    [Fact]
    public async Task The_first_step_of_a_claim_sees_what_the_customer_said_in_the_order_of_the_journey()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var id = await ClaimAsync(world);

        var facts = await FactsAsync(world, id, "adjuster1");

        facts.ShouldBe([
            "lossDescription|What happened|LongText|\"A pipe burst\\nin the kitchen\"|",
            "claimedAmount|Claimed|Money|2400.5|GBP",
            "lossDate|Date of loss|Date||",
            "product|Product|Text|\"Home\"|",
            "jurisdiction|Jurisdiction|Text|\"GB\"|",
            "authorityLimit|Authority limit|Money|10000|GBP",
        ]);
        (await FactsAsync(world, id, "frontoffice")).ShouldBe(facts.SkipLast(1), "the limit is for adjusters");
        (await FactsAsync(world, id, "compliance")).ShouldBe(facts);
    }

    [Fact]
    public async Task Values_of_later_steps_show_when_they_are_known_to_those_who_may_see_them()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var id = await CheckedForFraudAsync(world);

        (await FactsAsync(world, id, "adjuster2"))
            .Skip(5)
            .ShouldBe([
                "authorityLimit|Authority limit|Money|10000|GBP",
                "peril|Peril|Text|\"Water\"|",
                "coverLimit|Limit of the cover|Money|50000|GBP",
                "fraudScore|Fraud score|Number|82|",
                "fraudIndicators|Fraud indicators|Text|[\"Late notice\"]|",
                $"fraudFindings|Findings on fraud|LongText|\"{Secret}\"|",
            ]);
        (await FactsAsync(world, id, "frontoffice")).Skip(5).ShouldBe(["peril|Peril|Text|\"Water\"|", "coverLimit|Limit of the cover|Money|50000|GBP"]);

        // A substitute sees what the absent person would.
        (await FactsAsync(world, id, "closer1")).ShouldNotContain(fact => fact.StartsWith("fraud", StringComparison.Ordinal));
        var now = world.Clock.Now();
        (
            await world.Get<Substitutions>().ArrangeAsync(null, "closer1", now, now + Duration.FromDays(5), "On leave", await world.PersonAsync("adjuster2"))
        ).ShouldBeOfType<SubstitutionResult.Arranged>();
        world.Clock.Advance(Duration.FromMinutes(1));
        (await FactsAsync(world, id, "closer1")).ShouldContain("fraudScore|Fraud score|Number|82|");
    }

    [Fact]
    public async Task A_hidden_fact_is_in_no_task_and_no_history()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var id = await CheckedForFraudAsync(world);
        var task = await world.ScalarAsync<Guid>("select id from task where activity_id = 'fraudCheck'");

        var frontOffice = await world.PersonAsync("frontoffice");
        (await TaskDetail.FindAsync(world.Runtime, task, frontOffice))!.Data!.ToJsonString().ShouldBe("""{"policyHistoryChecked":true}""");
        var history = JsonSerializer.Serialize(await CaseHistory.ReadAsync(world.Runtime, id, 0, 1000, frontOffice));
        history.ShouldSatisfyAllConditions(
            h => h.ShouldNotContain(Secret),
            h => h.ShouldNotContain("score"),
            h => h.ShouldNotContain("Late notice"),
            h => h.ShouldContain("task.completed")
        );

        foreach (var name in new[] { "supervisor", "adjuster2" })
        {
            var person = await world.PersonAsync(name);
            ((int)(await TaskDetail.FindAsync(world.Runtime, task, person))!.Data!["score"]!).ShouldBe(82, name);
            JsonSerializer.Serialize(await CaseHistory.ReadAsync(world.Runtime, id, 0, 1000, person)).ShouldContain(Secret, Case.Sensitive, name);
        }
    }

    [Fact]
    public async Task A_letter_about_a_case_shows_the_facts_of_the_case_to_those_who_can_see_it()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await ClaimAsync(world);
        var letter = Ids.New(world.Clock.Now());
        (
            await world.Runtime.StartAsync(new("claims-status-letter", []) { InstanceId = letter, CorrelationId = "REF-1" }, "system")
        ).ShouldBeOfType<StartResult.Started>();

        (await FactsAsync(world, letter, "adjuster1")).Count.ShouldBe(6);
        (await FactsAsync(world, letter, "closer1")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Data_of_a_task_that_someone_cannot_open_is_not_in_the_history_either()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "two",
            (
                "a",
                Step.Of("Check", ("team", "String", "claims-payments"), Step.Form("""{ "type": "object", "properties": { "note": { "type": "string" } } }"""))
            ),
            ("b", Step.Of("Sign", ("team", "String", "mortgage-closing")))
        );
        var id = await world.StartAsync("two");
        var desk = await Desk.AtAsync(world, id);
        var adjuster = await world.PersonAsync("adjuster2");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, new JsonObject { ["note"] = Secret }, adjuster));

        (await CompletedAsync("adjuster2"))["data"]!.ToJsonString().ShouldBe($$"""{"note":"{{Secret}}"}""");
        (await CompletedAsync("supervisor"))["data"].ShouldNotBeNull();
        (await CompletedAsync("closer1"))["data"].ShouldBeNull("their task is another one");

        async Task<JsonNode> CompletedAsync(string name) =>
            (await CaseHistory.ReadAsync(world.Runtime, id, 0, 1000, await world.PersonAsync(name)))!.Single(e => e.Action == "task.completed").Payload!;
    }

    [Fact]
    public async Task Files_of_a_case_are_those_of_the_tasks_that_the_person_can_open()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("two", ("a", Step.Of("Check")), ("b", Step.Of("Sign", ("team", "String", "mortgage-closing"))));
        var id = await world.StartAsync("two");
        var desk = await Desk.AtAsync(world, id);
        var adjuster = await world.PersonAsync("adjuster2");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster));
        await desk.DoneAsync(AttachToTask.RunAsync(world.Tasks, desk.Next, "notes.txt", "text/plain", "Seen on site"u8.ToArray(), adjuster));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], adjuster));

        (await FilesAsync("adjuster2")).ShouldBe(["notes.txt of Check"]);
        (await FilesAsync("frontoffice")).ShouldBe(["notes.txt of Check"]);
        (await FilesAsync("closer1")).ShouldBeEmpty();

        async Task<IEnumerable<string>> FilesAsync(string name) =>
            (await NoteQueries.OfCasesAsync(world.Database, [id], await world.PersonAsync(name), world.Clock.Now())).Select(f =>
                $"{f.File.Name} of {f.TaskTitle}"
            );
    }

    private static async Task<Guid> CheckedForFraudAsync(World world)
    {
        var id = await ClaimAsync(world);
        await DoAsync("acknowledge", "Acknowledged", """{ "channel": "E-mail", "acknowledgedOn": "2026-06-01" }""", "adjuster1");
        await DoAsync("coverage", "Covered", """{ "policyInForce": true, "peril": "Water", "limit": 50000 }""", "adjuster1");
        await DoAsync(
            "fraudCheck",
            "Clear",
            $$"""{ "policyHistoryChecked": true, "score": 82, "indicators": ["Late notice"], "notes": "{{Secret}}" }""",
            "adjuster1"
        );
        return id;

        async Task DoAsync(string step, string outcome, string data, string who)
        {
            var person = await world.PersonAsync(who);
            var desk = await Desk.AtAsync(world, id, step);
            if ((await world.OpenTaskAsync(id, step)).OwnerId is null)
                await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, outcome, JsonNode.Parse(data)!.AsObject(), person));
        }
    }

    private static Task<Guid> ClaimAsync(World world) =>
        world.StartAsync(
            "claims",
            input: new JsonObject
            {
                ["jurisdiction"] = "GB",
                ["claimedAmount"] = 2400.5,
                ["lossDescription"] = "A pipe burst\nin the kitchen",
            }
        );

    private static async Task<List<string>> FactsAsync(World world, Guid id, string name) =>
        [
            .. (await FactQueries.OfCaseAsync(world.Runtime, id, await world.PersonAsync(name))).Select(f =>
                $"{f.Name}|{f.Label}|{f.Format}|{f.Value?.ToJsonString()}|{f.Currency}"
            ),
        ];
}
