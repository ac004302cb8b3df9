using System.Text;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Customers;

public sealed class WhereItIsTests
{
    [Fact]
    public async Task Where_a_case_is_says_the_next_step_when_it_is_due_and_with_whom()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        const string Walk = """
            { "definitionId": "walk", "name": "walk", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                { "id": "ask", "type": "Orchestration.HumanTask", "version": 1, "title": "Ask", "team": "claims-intake", "outcomes": ["Done"],
                    "slaDuration": { "typeName": "String", "expression": { "type": "Literal", "value": "PT8H" } } },
                { "id": "estimate", "type": "Elsa.Event", "version": 1,
                    "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "estimate" } } },
                { "id": "note", "type": "Elsa.WriteLine", "version": 1 },
                { "id": "assess", "type": "Orchestration.HumanTask", "version": 1, "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] },
                { "id": "pay", "type": "Orchestration.HumanTask", "version": 1, "title": "Pay", "team": "claims-payments", "outcomes": ["Done"] } ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new("walk", Encoding.UTF8.GetBytes(Walk), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
        var instance = await world.StartAsync("walk");
        var (adjuster, front) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("frontoffice"));
        var id = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;
        var task = await world.OpenTaskAsync(instance);
        (await NextAsync()).ShouldBe(new("Ask", task.Id, world.Clock.Now() + Duration.FromHours(8), null, "Claims intake"));

        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), adjuster));
        (await NextAsync())!.Owner.ShouldBe(adjuster.DisplayName);
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "k2"), null, [], adjuster));

        // Nobody has a task: it waits for the estimate, and then it is assessed.
        (await NextAsync()).ShouldBe(new("Assess", null, null, null, "Claims adjusting") { LastWith = adjuster.DisplayName });
        await CancelCase.RunAsync(world.Runtime, instance, "Done", await world.PersonAsync("supervisor"));
        (await NextAsync()).ShouldBeNull();

        async Task<CustomerNext?> NextAsync() => (await CustomerWork.CasesAsync(world.Runtime, id, front, world.Clock.Now())).ShouldHaveSingleItem().Next;
    }

    [Fact]
    public async Task The_timeline_can_show_contacts_promises_or_documents_only()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("walk", ("assess", """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """));
        var instance = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        var id = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;
        await RecordContact.RunAsync(world.Tasks, id, new(ContactChannel.Call, true, ContactOutcome.Answered, "", instance), front);
        await world.Get<MakePromise>().RunAsync(instance, new("Call back", world.Clock.Now() + Duration.FromHours(5)), front);

        (await ActionsAsync(CustomerEvents.Contacts)).ShouldBe(["contact.recorded"]);
        (await ActionsAsync(CustomerEvents.Promises)).ShouldBe(["promise.made"]);
        (await ActionsAsync(CustomerEvents.Documents)).ShouldBeEmpty();
        (await ActionsAsync(CustomerEvents.All)).Count.ShouldBeGreaterThan(3);

        async Task<IReadOnlyList<string>> ActionsAsync(CustomerEvents kind) =>
            [.. (await CustomerHistory.ReadAsync(world.Database, id, kind, null, 50, front, world.Clock.Now())).Events.Select(e => e.Event.Action)];
    }
}
