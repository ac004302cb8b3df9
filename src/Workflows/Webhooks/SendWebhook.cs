using System.Globalization;
using System.Net;
using System.Text;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Webhooks;

/// <summary>
/// Posts events to the endpoints that administrators registered, signed according to Standard Webhooks (<c>webhook-id</c>, <c>webhook-timestamp</c>,
/// <c>webhook-signature</c>). An effect names its endpoint by id, or by the address an escalation ladder names; an unregistered address is never called. The
/// body is thin: ids to ask the API with, and no personal data.
/// </summary>
public sealed class SendWebhook(WorkflowRuntime runtime, HttpEffects http, WebhookSecrets secrets)
{
    /// <summary>Kind of these effects.</summary>
    public const string Kind = "webhook";

    /// <summary>Sends one. Any 2xx is done; 410 switches the endpoint off; everything else is tried again.</summary>
    public async Task<EffectOutcome> DoAsync(DueEffect effect, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        if (await FindAsync(effect, now, cancel) is not { } endpoint)
            return effect.Payload.GetValueOrDefault("url") is string url
                ? throw new InvalidOperationException($"No webhook endpoint is registered for {url}.")
                : new EffectOutcome.Dropped("The endpoint was removed.");
        if (!endpoint.Active)
            return new EffectOutcome.Dropped("The endpoint is turned off.");

        var id = Ids.Text(effect.Id);
        var body = Body(effect, endpoint);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSecrets.Sign(id, now, body, [.. endpoint.Secrets]));
        request.Headers.UserAgent.ParseAdd("Orchestration-Webhooks/1");
        using var response = await http.Client.SendAsync(request, cancel);
        if (response.IsSuccessStatusCode)
            return new EffectOutcome.Done([]);
        if (response.StatusCode == HttpStatusCode.Gone)
        {
            await ManageWebhooks.SwitchOffAsync(runtime, endpoint.Id, "The receiver answered 410 Gone.", "system", cancel);
            return new EffectOutcome.Dropped("The receiver answered 410 Gone.");
        }

        throw new HttpRequestException($"{endpoint.Url} answered {(int)response.StatusCode}.");
    }

    private async Task<Endpoint?> FindAsync(DueEffect effect, Instant now, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select w.id, w.url, w.active, w.secret, case when w.previous_until > $3 then w.previous_secret end, c.reference, c.journey
            from webhook_endpoint w left join journey_case c on c.id = $4
            where w.id = $1 or w.url = $2
            """,
            effect.Payload.GetValueOrDefault("endpoint") is string id ? Guid.Parse(id) : null,
            effect.Payload.GetValueOrDefault("url") as string,
            now,
            effect.InstanceId
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var both = new List<string> { secrets.Unprotect(r.GetString(3)) };
        if (r.Text(4) is { } previous)
            both.Add(secrets.Unprotect(previous));
        return new(r.GetGuid(0), r.GetString(1), r.GetBoolean(2), both, r.Text(5), r.Text(6));
    }

    private static string Body(DueEffect effect, Endpoint endpoint)
    {
        var data = new OrderedDictionary<string, object?>();
        if (endpoint.Reference is { } reference)
            (data["reference"], data["journey"]) = (reference, endpoint.Journey);
        foreach (var (name, value) in effect.Payload.GetValueOrDefault("data") as OrderedDictionary<string, object?> ?? [])
            data[name] = value;
        return WorkflowData.ToJson(
            new OrderedDictionary<string, object?>
            {
                ["type"] = effect.Payload.GetValueOrDefault("type"),
                ["timestamp"] = effect.Payload.GetValueOrDefault("at"),
                ["data"] = data,
            }
        );
    }

    private sealed record Endpoint(Guid Id, string Url, bool Active, IReadOnlyList<string> Secrets, string? Reference, string? Journey);
}
