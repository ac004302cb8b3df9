using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Effects;

public sealed class EffectTests
{
    private static readonly OrderedDictionary<string, object?> Nothing = [];

    [Fact]
    public async Task An_effect_nobody_waits_for_is_given_up_after_its_tries_and_can_be_retried_with_the_same_id()
    {
        await using var world = await World.CreateAsync();
        var tried = new List<Guid>();
        var works = false;
        var effects = world.Get<Engine.Runtime.Effects>();
        effects.Register(
            "flaky",
            (effect, _) =>
            {
                tried.Add(effect.Id);
                return works ? Task.FromResult<EffectOutcome>(new EffectOutcome.Done(Nothing)) : throw new IOException("the line is dead");
            },
            tries: 3
        );
        var id = await WriteAsync(world, "flaky");

        for (var i = 0; i < 10; i++)
        {
            await effects.SweepAsync(10);
            world.Clock.Advance(Duration.FromHours(3));
        }

        tried.Count.ShouldBe(3);
        var dead = (await DeadEffects.ListAsync(world.Runtime, dead: true, 10)).ShouldHaveSingleItem();
        (dead.Id, dead.Attempts).ShouldBe((id, 3));
        dead.LastError.ShouldNotBeNull().ShouldContain("the line is dead");
        dead.LastError.ShouldContain("EffectTests.cs", Case.Sensitive, "the stack is kept");

        works = true;
        (await DeadEffects.RetryAsync(world.Runtime, id, "admin")).ShouldBeTrue();
        (await DeadEffects.RetryAsync(world.Runtime, id, "admin")).ShouldBeFalse("it is not dead any more");
        await effects.SweepAsync(10);
        tried.Distinct().ShouldHaveSingleItem().ShouldBe(id);
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
        (await ActionsAsync(world)).ShouldBe(["effect.given-up", "effect.retried", "effect.done"]);
    }

    [Fact]
    public async Task A_given_up_effect_is_discarded_with_a_reason()
    {
        await using var world = await World.CreateAsync();
        var effects = world.Get<Engine.Runtime.Effects>();
        effects.Register("flaky", (_, _) => throw new IOException("the line is dead"), tries: 1);
        var id = await WriteAsync(world, "flaky");
        (await DeadEffects.DiscardAsync(world.Runtime, id, "too early", "admin")).ShouldBeFalse("it is still tried");
        await effects.SweepAsync(10);

        (await DeadEffects.DiscardAsync(world.Runtime, id, "the receiver is gone", "admin")).ShouldBeTrue();
        (await DeadEffects.ListAsync(world.Runtime, dead: true, 10)).ShouldBeEmpty();
        (await ActionsAsync(world)).ShouldBe(["effect.given-up", "effect.discarded"]);
    }

    [Fact]
    public async Task Putting_an_effect_off_costs_no_try()
    {
        await using var world = await World.CreateAsync();
        var effects = world.Get<Engine.Runtime.Effects>();
        var seen = new List<int>();
        effects.Register(
            "patient",
            (effect, _) =>
            {
                seen.Add(effect.Attempts);
                return Task.FromResult<EffectOutcome>(
                    seen.Count < 3 ? new EffectOutcome.Later(world.Clock.Now() + Duration.FromHours(1)) : new EffectOutcome.Done(Nothing)
                );
            },
            tries: 1
        );
        await WriteAsync(world, "patient");
        for (var i = 0; i < 3; i++)
        {
            await effects.SweepAsync(10);
            await effects.SweepAsync(10);
            world.Clock.Advance(Duration.FromHours(1));
        }

        seen.ShouldBe([0, 0, 0]);
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    [Fact]
    public async Task An_effect_whose_answer_a_case_waits_for_becomes_an_incident_that_can_be_retried()
    {
        await using var world = await World.CreateAsync();
        var document = """
            { "definitionId": "caller", "name": "caller", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
              { "id": "call", "type": "Elsa.SendHttpRequest", "version": 1, "url": { "typeName": "Uri", "expression": { "type": "Literal",
                "value": "https://example.com/claims" } }, "method": { "typeName": "String", "expression": { "type": "Literal", "value": "NO METHOD" } } } ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new("caller", System.Text.Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
        var id = await world.StartAsync("caller");
        (await world.ScalarAsync<long>("select count(*) from effect where bookmark_id is not null")).ShouldBe(1);
        for (var i = 0; i <= Engine.Runtime.Effects.DefaultTries; i++)
        {
            await world.Get<Engine.Runtime.Effects>().SweepAsync(10);
            world.Clock.Advance(Duration.FromHours(3));
        }

        (await world.ScalarAsync<int>("select incident_count from workflow_instance where id = @id", new { id })).ShouldBe(1);
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0, "a dead letter would be a second place for the same trouble");
        (await world.ScalarAsync<long>("select count(*) from bookmark")).ShouldBe(0);
        (await IsOpenAsync()).ShouldBeFalse("it failed and waits for nothing");
        var execution = await world.ScalarAsync<string>("select state -> 'incidents' -> 0 ->> 'execution' from workflow_instance where id = @id", new { id });
        (await Cases.RetryIncident.RunAsync(world.Runtime, id, execution, "Fixed", await world.PersonAsync("supervisor"))).ShouldBeNull();
        (await world.ScalarAsync<long>("select count(*) from effect where state = 'pending'")).ShouldBe(1);
        (await IsOpenAsync()).ShouldBeTrue("it runs again");

        Task<bool> IsOpenAsync() => world.ScalarAsync<bool>("select open from case_search where case_id = @id", new { id });
    }

    [Fact]
    public async Task An_effect_whose_case_can_not_be_told_stops_no_other_one_and_is_tried_until_it_can()
    {
        await using var world = await World.CreateAsync();
        var document = """
            { "definitionId": "caller", "name": "caller", "root": { "id": "call", "type": "Elsa.SendHttpRequest", "version": 1, "url": { "typeName": "Uri",
              "expression": { "type": "Literal", "value": "https://example.com/claims" } },
              "method": { "typeName": "String", "expression": { "type": "Literal", "value": "NO METHOD" } } } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new("caller", System.Text.Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
        var id = await world.StartAsync("caller");
        var version = await world.ScalarAsync<string>("select definition_version_id from workflow_instance where id = @id", new { id });
        await world.ScalarAsync<string>("update workflow_instance set definition_version_id = 'gone' where id = @id returning name", new { id });
        var effects = world.Get<Engine.Runtime.Effects>();
        var done = 0;
        effects.Register(
            "steady",
            (_, _) =>
            {
                done++;
                return Task.FromResult<EffectOutcome>(new EffectOutcome.Done(Nothing));
            }
        );
        for (var i = 0; i <= Engine.Runtime.Effects.DefaultTries; i++)
        {
            await WriteAsync(world, "steady");
            await effects.SweepAsync(10);
            world.Clock.Advance(Duration.FromHours(3));
        }

        done.ShouldBe(Engine.Runtime.Effects.DefaultTries + 1);
        (await world.ScalarAsync<string>("select last_error from effect where state = 'pending'")).ShouldContain("gone");
        (await world.ScalarAsync<int>("select incident_count from workflow_instance where id = @id", new { id })).ShouldBe(0);

        await world.ScalarAsync<string>("update workflow_instance set definition_version_id = @version where id = @id returning name", new { id, version });
        await effects.SweepAsync(10);
        (await world.ScalarAsync<int>("select incident_count from workflow_instance where id = @id", new { id })).ShouldBe(1);
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    private static async Task<Guid> WriteAsync(World world, string kind)
    {
        var id = Ids.New(world.Clock.Now());
        await using var connection = await world.Database.OpenConnectionAsync();
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Engine.Runtime.Effects.Insert(id, kind, null, [], world.Clock.Now()));
        await batch.ExecuteNonQueryAsync();
        return id;
    }

    private static async Task<IReadOnlyList<string>> ActionsAsync(World world) => await world.ActionsAsync(Ids.Named("effects"));
}
