using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Webhooks;

/// <summary>An external system notified of events.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where events are posted to.</param>
/// <param name="Description">Its purpose.</param>
/// <param name="EventTypes">Of <see cref="WebhookEvents.All"/>.</param>
/// <param name="Active">Whether it is active.</param>
/// <param name="OffReason">Why it is not.</param>
/// <param name="Revision">Changes so far.</param>
/// <param name="CreatedBy">Who added it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ChangedAt">When it was last changed.</param>
public sealed record WebhookEndpoint(
    Guid Id,
    string Url,
    string Description,
    IReadOnlyList<string> EventTypes,
    bool Active,
    string? OffReason,
    int Revision,
    string CreatedBy,
    Instant CreatedAt,
    Instant ChangedAt
)
{
    private const string Columns = "id, url, description, event_types, active, off_reason, revision, created_by, created_at, changed_at";

    /// <summary>All of them, by address.</summary>
    public static async Task<IReadOnlyList<WebhookEndpoint>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query($"select {Columns} from webhook_endpoint order by url");
        await using var r = await query.ExecuteReaderAsync(cancel);
        var endpoints = new List<WebhookEndpoint>();
        while (await r.ReadAsync(cancel))
            endpoints.Add(Read(r));
        return endpoints;
    }

    /// <summary>One, or null.</summary>
    public static async Task<WebhookEndpoint?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query($"select {Columns} from webhook_endpoint where id = $1", id);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? Read(r) : null;
    }

    private static WebhookEndpoint Read(NpgsqlDataReader r) =>
        new(
            r.GetGuid(0),
            r.GetString(1),
            r.GetString(2),
            r.GetFieldValue<string[]>(3),
            r.GetBoolean(4),
            r.Text(5),
            r.GetInt32(6),
            r.GetString(7),
            r.Instant(8),
            r.Instant(9)
        );
}
