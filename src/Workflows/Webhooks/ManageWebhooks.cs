using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Webhooks;

/// <summary>What became of a change of an endpoint.</summary>
public abstract record WebhookResult
{
    private WebhookResult() { }

    /// <summary>Done.</summary>
    /// <param name="Endpoint">Its current data.</param>
    /// <param name="Secret">Its secret, when it is new: it is shown this once.</param>
    public sealed record Done(WebhookEndpoint Endpoint, string? Secret) : WebhookResult;

    /// <summary>The errors by field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : WebhookResult;

    /// <summary>There is no such endpoint.</summary>
    public sealed record NotFound : WebhookResult;

    /// <summary>Someone else changed it in the meantime.</summary>
    public sealed record Stale(WebhookEndpoint Current) : WebhookResult;
}

/// <summary>Manages webhook endpoints. Every change is in the history chain <c>webhooks</c>, without the secrets.</summary>
public sealed class ManageWebhooks(WorkflowRuntime runtime, WebhookSecrets secrets)
{
    /// <summary>How long the secret before still signs after a new one was made.</summary>
    public static readonly Duration ChangeOver = Duration.FromHours(24);

    private const string Chain = "webhooks";

    /// <summary>Adds an endpoint and returns its secret.</summary>
    public async Task<WebhookResult> AddAsync(
        string? url,
        string? description,
        IReadOnlyList<string>? eventTypes,
        string actor,
        CancellationToken cancel = default
    )
    {
        if (Check(url, description, eventTypes) is { Count: > 0 } errors)
            return new WebhookResult.Invalid(errors);
        var secret = WebhookSecrets.Create();
        var now = runtime.Clock.Now();
        var id = Ids.New(now);
        try
        {
            return await ChangeAsync(
                id,
                "webhook.added",
                new { url, eventTypes },
                actor,
                Sql.Command(
                    """
                    insert into webhook_endpoint (id, url, description, event_types, secret, created_by, created_at, changed_at)
                        values ($1, $2, $3, $4, $5, $6, $7, $7)
                    """,
                    id,
                    url!.Trim(),
                    description?.Trim() ?? "",
                    eventTypes!.Distinct().ToArray(),
                    secrets.Protect(secret),
                    actor,
                    now
                ),
                secret,
                cancel
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new WebhookResult.Invalid(new() { ["url"] = ["already has an endpoint"] });
        }
    }

    /// <summary>Changes which events an endpoint gets, and whether it is active.</summary>
    public async Task<WebhookResult> ChangeAsync(
        Guid id,
        int revision,
        string? description,
        IReadOnlyList<string>? eventTypes,
        bool active,
        string actor,
        CancellationToken cancel = default
    )
    {
        if (await WebhookEndpoint.FindAsync(runtime.Database, id, cancel) is not { } current)
            return new WebhookResult.NotFound();
        if (Check(current.Url, description, eventTypes) is { Count: > 0 } errors)
            return new WebhookResult.Invalid(errors);
        return await ChangeAsync(
            id,
            "webhook.changed",
            new
            {
                current.Url,
                eventTypes,
                active,
            },
            actor,
            Sql.Command(
                """
                update webhook_endpoint set description = $3, event_types = $4, active = $5,
                    off_reason = case when $5 then null else coalesce(off_reason, $6) end, revision = revision + 1, changed_at = $7
                where id = $1 and revision = $2
                """,
                id,
                revision,
                description?.Trim() ?? "",
                eventTypes!.Distinct().ToArray(),
                active,
                $"Turned off by {actor}.",
                runtime.Clock.Now()
            ),
            null,
            cancel
        );
    }

    /// <summary>Gives an endpoint a new secret; the one before still signs for <see cref="ChangeOver"/>.</summary>
    public async Task<WebhookResult> RotateAsync(Guid id, int revision, string actor, CancellationToken cancel = default)
    {
        var secret = WebhookSecrets.Create();
        var now = runtime.Clock.Now();
        return await ChangeAsync(
            id,
            "webhook.secret-renewed",
            null,
            actor,
            Sql.Command(
                """
                update webhook_endpoint set previous_secret = secret, previous_until = $4, secret = $3, revision = revision + 1, changed_at = $5
                    where id = $1 and revision = $2
                """,
                id,
                revision,
                secrets.Protect(secret),
                now + ChangeOver,
                now
            ),
            secret,
            cancel
        );
    }

    /// <summary>Removes an endpoint and drops its pending deliveries. False when it doesn't exist.</summary>
    public async Task<bool> RemoveAsync(Guid id, string actor, CancellationToken cancel = default) =>
        await WebhookEndpoint.FindAsync(runtime.Database, id, cancel) is { } endpoint
        && await WriteAsync(runtime, id, "webhook.removed", new { endpoint.Url }, actor, Sql.Command("delete from webhook_endpoint where id = $1", id), cancel);

    /// <summary>Sends a test event to an endpoint, by the same way as every other. False when there is no such endpoint or it is off.</summary>
    public async Task<bool> TestAsync(Guid id, string actor, CancellationToken cancel = default)
    {
        if (await WebhookEndpoint.FindAsync(runtime.Database, id, cancel) is not { Active: true } endpoint)
            return false;
        var now = runtime.Clock.Now();
        return await WriteAsync(
            runtime,
            id,
            "webhook.tested",
            null,
            actor,
            Effects.Insert(
                Ids.New(now),
                SendWebhook.Kind,
                null,
                new()
                {
                    ["endpoint"] = Ids.Text(id),
                    ["to"] = endpoint.Url,
                    ["type"] = WebhookEvents.Test,
                    ["at"] = NodaTime.Text.InstantPattern.ExtendedIso.Format(now),
                    ["data"] = new OrderedDictionary<string, object?> { ["actor"] = actor },
                },
                now
            ),
            cancel
        );
    }

    internal static Task<bool> SwitchOffAsync(WorkflowRuntime runtime, Guid id, string reason, string actor, CancellationToken cancel) =>
        WriteAsync(
            runtime,
            id,
            "webhook.switched-off",
            new { reason },
            actor,
            Sql.Command(
                "update webhook_endpoint set active = false, off_reason = $2, revision = revision + 1, changed_at = $3 where id = $1 and active",
                id,
                reason,
                runtime.Clock.Now()
            ),
            cancel
        );

    private async Task<WebhookResult> ChangeAsync(
        Guid id,
        string action,
        object? payload,
        string actor,
        NpgsqlBatchCommand change,
        string? secret,
        CancellationToken cancel
    )
    {
        var changed = await WriteAsync(runtime, id, action, payload, actor, change, cancel);
        return await WebhookEndpoint.FindAsync(runtime.Database, id, cancel) is not { } endpoint ? new WebhookResult.NotFound()
            : changed ? new WebhookResult.Done(endpoint, secret)
            : new WebhookResult.Stale(endpoint);
    }

    private static async Task<bool> WriteAsync(
        WorkflowRuntime runtime,
        Guid id,
        string action,
        object? payload,
        string actor,
        NpgsqlBatchCommand change,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
        await using (var first = connection.CreateBatch())
        {
            first.BatchCommands.Add(change);
            if (await first.ExecuteNonQueryAsync(cancel) == 0)
                return false;
        }

        await using var batch = connection.CreateBatch();
        history.Add(new(action, "webhook", Ids.Text(id), 0, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Settings, Guid.Empty)]);
        return true;
    }

    private static Dictionary<string, string[]> Check(string? url, string? description, IReadOnlyList<string>? eventTypes)
    {
        var errors = new Dictionary<string, string[]>();
        if (
            !Uri.TryCreate(url?.Trim(), UriKind.Absolute, out var parsed)
            || parsed.Scheme is not ("https" or "http")
            || parsed.UserInfo.Length > 0
            || url!.Length > 2000
        )
            errors["url"] = ["must be a URL like https://example.com/hooks, without a password"];
        if (description?.Length > 200)
            errors["description"] = ["must have at most 200 characters"];
        if (eventTypes is not { Count: > 0 })
            errors["eventTypes"] = ["must contain at least one event type"];
        else if (eventTypes.Where(type => !WebhookEvents.All.Contains(type)).Take(5).ToList() is { Count: > 0 } unknown)
            errors["eventTypes"] = [$"unknown event types: {string.Join(", ", unknown)}"];
        return errors;
    }
}
