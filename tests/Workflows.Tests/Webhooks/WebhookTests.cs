using System.Net;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows.Tests.Webhooks;

public sealed class WebhookTests
{
    /// <summary>The published example of the Standard Webhooks specification.</summary>
    [Fact]
    public void Signatures_are_those_of_standard_webhooks() =>
        WebhookSecrets
            .Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Instant.FromUnixTimeSeconds(1614265330), """{"test": 2432232314}""", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Fact]
    public async Task An_endpoint_is_told_of_the_events_it_asked_for_signed_and_without_personal_data()
    {
        using var receiver = new Receiver();
        await using var world = await WorldAsync();
        var added = (
            await world.Get<ManageWebhooks>().AddAsync(receiver.Url, "CRM", ["case.started", "task.completed"], "admin")
        ).ShouldBeOfType<WebhookResult.Done>();

        var instance = await world.StartAsync("steps");
        var answering = receiver.AnswerAsync(HttpStatusCode.NoContent);
        (await world.Get<Engine.Runtime.Effects>().SweepAsync(10)).ShouldBe(1, "opening the task was not asked for");
        var got = await answering;

        var effect = got.Id;
        got.Signature.ShouldBe(
            WebhookSecrets.Sign(
                effect,
                Instant.FromUnixTimeSeconds(long.Parse(got.Timestamp, System.Globalization.CultureInfo.InvariantCulture)),
                got.Body,
                added.Secret!
            )
        );
        var body = JsonNode.Parse(got.Body)!;
        body["type"]!.GetValue<string>().ShouldBe("case.started");
        body["data"]!["caseId"]!.GetValue<string>().ShouldBe(Ids.Text(instance));
        body["data"]!["reference"]!.GetValue<string>().ShouldBe("REF-1");
        got.Body.ShouldNotContain("Novak");
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    [Fact]
    public async Task An_endpoint_counts_on_every_host_from_the_moment_it_is_added_and_no_longer_than_it_is_there()
    {
        await using var world = await WorldAsync();
        await using var other = await world.AnotherHostAsync();
        await other.StartAsync("steps", "BEFORE");
        var added = (
            await world.Get<ManageWebhooks>().AddAsync("https://example.com/hooks", null, ["case.started"], "admin")
        ).ShouldBeOfType<WebhookResult.Done>();
        var told = await other.StartAsync("steps", "BETWEEN");
        (await world.Get<ManageWebhooks>().RemoveAsync(added.Endpoint.Id, "admin")).ShouldBeTrue();
        await other.StartAsync("steps", "AFTER");
        (await world.ScalarAsync<Guid>("select instance_id from effect where kind = 'webhook'")).ShouldBe(told, "nobody told the other host, and it knows");
        (await world.ScalarAsync<int>("select count(*)::int from effect")).ShouldBe(1);
    }

    [Fact]
    public async Task What_is_tried_again_or_given_up_names_its_endpoint()
    {
        await using var world = await WorldAsync();
        var added = (
            await world.Get<ManageWebhooks>().AddAsync("https://example.com/hooks", null, ["case.started"], "admin")
        ).ShouldBeOfType<WebhookResult.Done>();
        await world.StartAsync("steps");
        await world.Get<ManageWebhooks>().TestAsync(added.Endpoint.Id, "admin");
        await world.ScalarAsync<object?>("update effect set last_error = 'no answer'");
        (await DeadEffects.ListAsync(world.Runtime, dead: false, 10))
            .Select(effect => effect.To)
            .ShouldBe(["https://example.com/hooks", "https://example.com/hooks"]);
        await world.ScalarAsync<object?>("update effect set state = 'dead'");
        (await DeadEffects.ListAsync(world.Runtime, dead: true, 10))
            .Select(effect => effect.To)
            .ShouldBe(["https://example.com/hooks", "https://example.com/hooks"]);
    }

    [Fact]
    public async Task A_receiver_that_fails_is_tried_again_with_the_same_id_and_one_that_is_gone_is_switched_off()
    {
        using var receiver = new Receiver();
        await using var world = await WorldAsync();
        var added = (await world.Get<ManageWebhooks>().AddAsync(receiver.Url, null, ["case.started"], "admin")).ShouldBeOfType<WebhookResult.Done>();
        await world.StartAsync("steps");
        var effects = world.Get<Engine.Runtime.Effects>();

        var first = receiver.AnswerAsync(HttpStatusCode.InternalServerError);
        await effects.SweepAsync(10);
        world.Clock.Advance(Duration.FromSeconds(2));
        var second = receiver.AnswerAsync(HttpStatusCode.Gone);
        await effects.SweepAsync(10);
        (await second).Id.ShouldBe((await first).Id);

        var endpoint = (await WebhookEndpoint.FindAsync(world.Database, added.Endpoint.Id)).ShouldNotBeNull();
        (endpoint.Active, endpoint.OffReason).ShouldBe((false, "The receiver answered 410 Gone."));
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
        (await world.ActionsAsync(Ids.Named("webhooks"))).ShouldBe(["webhook.added", "webhook.switched-off"]);
    }

    [Fact]
    public async Task After_a_renewal_both_secrets_sign_for_a_day()
    {
        using var receiver = new Receiver();
        await using var world = await WorldAsync();
        var desk = world.Get<ManageWebhooks>();
        var added = (await desk.AddAsync(receiver.Url, null, ["case.started"], "admin")).ShouldBeOfType<WebhookResult.Done>();
        var renewed = (await desk.RotateAsync(added.Endpoint.Id, 1, "admin")).ShouldBeOfType<WebhookResult.Done>();
        renewed.Secret.ShouldNotBe(added.Secret);
        (await desk.RotateAsync(added.Endpoint.Id, 1, "admin")).ShouldBeOfType<WebhookResult.Stale>();

        (await SignatureAsync()).Split(' ').Length.ShouldBe(2);
        world.Clock.Advance(ManageWebhooks.ChangeOver);
        (await SignatureAsync()).Split(' ').Length.ShouldBe(1);

        async Task<string> SignatureAsync()
        {
            (await desk.TestAsync(added.Endpoint.Id, "admin")).ShouldBeTrue();
            var answering = receiver.AnswerAsync(HttpStatusCode.OK);
            await world.Get<Engine.Runtime.Effects>().SweepAsync(10);
            return (await answering).Signature;
        }
    }

    [Fact]
    public async Task An_address_that_only_a_ladder_names_is_never_called()
    {
        using var receiver = new Receiver();
        await using var world = await WorldAsync();
        await using (var connection = await world.Database.OpenConnectionAsync())
        await using (var batch = connection.CreateBatch())
        {
            batch.BatchCommands.Add(
                Engine.Runtime.Effects.Insert(
                    Ids.New(world.Clock.Now()),
                    SendWebhook.Kind,
                    null,
                    new()
                    {
                        ["url"] = receiver.Url,
                        ["type"] = "sla.rung",
                        ["data"] = null,
                    },
                    world.Clock.Now()
                )
            );
            await batch.ExecuteNonQueryAsync();
        }

        await world.Get<Engine.Runtime.Effects>().SweepAsync(10);
        (await world.ScalarAsync<string>("select last_error from effect")).ShouldContain("No webhook endpoint is registered");

        await world.Get<ManageWebhooks>().AddAsync(receiver.Url, null, ["sla.breached"], "admin");
        world.Clock.Advance(Duration.FromSeconds(2));
        var answering = receiver.AnswerAsync(HttpStatusCode.OK);
        await world.Get<Engine.Runtime.Effects>().SweepAsync(10);
        (await answering).Body.ShouldContain("sla.rung");
    }

    [Theory]
    [InlineData("ftp://example.com", "case.started", "url")]
    [InlineData("https://user:password@example.com", "case.started", "url")]
    [InlineData("nonsense", "case.started", "url")]
    [InlineData("https://example.com/hooks", "case.exploded", "eventTypes")]
    [InlineData("https://example.com/hooks", null, "eventTypes")]
    public async Task Nonsense_is_refused_by_field(string url, string? type, string field)
    {
        await using var world = await World.CreateAsync();
        (await world.Get<ManageWebhooks>().AddAsync(url, null, type is null ? [] : [type], "admin"))
            .ShouldBeOfType<WebhookResult.Invalid>()
            .Errors.Keys.ShouldBe([field]);
    }

    [Fact]
    public async Task Secrets_are_stored_encrypted()
    {
        await using var world = await World.CreateAsync();
        var added = (
            await world.Get<ManageWebhooks>().AddAsync("https://example.com/hooks", null, ["case.started"], "admin")
        ).ShouldBeOfType<WebhookResult.Done>();
        added.Secret.ShouldNotBeNull().ShouldStartWith("whsec_");
        (await world.ScalarAsync<string>("select secret from webhook_endpoint")).ShouldNotContain(added.Secret);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync(allowPrivateAddresses: true);
        await world.PublishAsync(
            "steps",
            (
                "check",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
                """
            )
        );
        return world;
    }
}
