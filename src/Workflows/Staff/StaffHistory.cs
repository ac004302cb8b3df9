using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>Something that happened to a person or team.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Display name of who did it; a name of the product itself as it is.</param>
/// <param name="Action">As history names it, e.g. <c>person.changed</c>.</param>
/// <param name="Changes">The fields that changed.</param>
/// <param name="Reason">Why, if someone said so.</param>
public sealed record StaffEvent(Instant At, string Actor, string Action, IReadOnlyList<FieldChange> Changes, string? Reason);

/// <summary>Reads what happened to people and teams.</summary>
public static class StaffHistory
{
    private const int Newest = 30;

    /// <summary>The newest events of a person, newest first.</summary>
    public static Task<IReadOnlyList<StaffEvent>> OfPersonAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default) =>
        ReadAsync(database, PersonHistory.ChainOf(person), "person", person.ToString("N"), cancel);

    /// <summary>The newest events of a team, newest first.</summary>
    public static Task<IReadOnlyList<StaffEvent>> OfTeamAsync(NpgsqlDataSource database, string team, CancellationToken cancel = default) =>
        ReadAsync(database, StaffTransaction.TeamChain, "team", team, cancel);

    /// <summary>The newest events of a role that administrators composed, newest first.</summary>
    public static Task<IReadOnlyList<StaffEvent>> OfRoleAsync(NpgsqlDataSource database, string role, CancellationToken cancel = default) =>
        ReadAsync(database, StaffTransaction.TeamChain, CustomRoles.Entity, role, cancel);

    private static async Task<IReadOnlyList<StaffEvent>> ReadAsync(NpgsqlDataSource database, string chain, string entity, string id, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select e.at, coalesce(a.display_name, e.actor), e.action, e.payload::text
            from event e left join person a on lower(a.user_name) = lower(e.actor)
            where e.chain_id = $1 and e.entity = $2 and e.entity_id = $3
            order by e.sequence desc limit $4
            """,
            Ids.Named(chain),
            entity,
            id,
            Newest
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var events = new List<StaffEvent>();
        while (await r.ReadAsync(cancel))
        {
            var payload = r.Text(3) is { } text ? JsonNode.Parse(text) as JsonObject : null;
            events.Add(
                new(
                    r.Instant(0),
                    r.GetString(1),
                    r.GetString(2),
                    payload?["changes"]?.Deserialize<FieldChange[]>(JsonSerializerOptions.Web) ?? People(payload),
                    payload?["reason"]?.GetValue<string>()
                )
            );
        }

        return events;
    }

    /// <summary>Who joined and left a team, and its lead, as changes.</summary>
    private static FieldChange[] People(JsonObject? payload)
    {
        var changes = new List<FieldChange>();
        if (Names("joined") is { Length: > 0 } joined)
            changes.Add(new("joined", "", joined));
        if (Names("left") is { Length: > 0 } left)
            changes.Add(new("left", "", left));
        if (payload?["lead"] is JsonObject lead)
            changes.Add(new("lead", lead["from"]?.GetValue<string>() ?? "", lead["to"]?.GetValue<string>() ?? ""));
        return [.. changes];

        string Names(string member) => payload?[member] is JsonArray names ? string.Join(", ", names.Select(name => name?.GetValue<string>())) : "";
    }
}
