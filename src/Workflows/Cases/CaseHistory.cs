using System.Data;
using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>One line of a case's history.</summary>
public sealed record CaseEvent(
    int Sequence,
    DateTime At,
    string Actor,
    string? ActorName,
    string Action,
    string Entity,
    string EntityId,
    long Revision,
    string? ActivityId,
    string? ActivityType,
    JsonNode? Payload,
    string Leaf
);

/// <summary>
/// Reads the history of a case. Data that was entered in a task is left out for people who can't open the task. If a fact of the case is hidden from the
/// person, inputs and outputs of activities and altered values are left out too, and entered data of tasks that don't concern them.
/// </summary>
public static class CaseHistory
{
    /// <summary>History of a case, oldest first. Null if the person can't see the case.</summary>
    /// <param name="id">The case.</param>
    /// <param name="after">Sequence to continue after; 0 to start at the beginning.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="actor">The person who asks.</param>
    public static async Task<IReadOnlyList<CaseEvent>?> ReadAsync(
        WorkflowRuntime runtime,
        Guid id,
        int after,
        int limit,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var me = Eligibility.Of("$1", "$2");
        var (now, seesAll) = (runtime.Clock.Now(), Eligibility.SeesAll(actor));
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select i.definition_version_id, {me.Teams} from journey_case c join workflow_instance i on i.id = c.id
            where c.id = $3 and ($4 or {me.SeesRun("c.id")})
            """,
            actor.Id,
            now,
            id,
            seesAll
        );
        batch.Add($"select t.id from task t where t.instance_id = $3 and coalesce({me.Sees}, false)", actor.Id, now, id);
        batch.Add(
            """
            select e.sequence, e.at, e.actor, p.display_name, e.action, e.entity, e.entity_id, e.revision, e.activity_id, e.activity_type, e.payload, e.leaf
            from event e
            left join person p on p.user_name = e.actor
            where e.chain_id = $1 and e.sequence > $2
            order by e.sequence limit $3
            """,
            id,
            after,
            limit
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var hides = await FactSchema.HidesAsync(runtime.Definitions, r.GetString(0), FactViewer.Of(actor, r.GetFieldValue<string[]>(1)), cancel);
        await r.NextResultAsync(cancel);
        var concerns = new HashSet<string>();
        while (await r.ReadAsync(cancel))
            concerns.Add(Ids.Text(r.GetGuid(0)));
        await r.NextResultAsync(cancel);
        var events = new List<CaseEvent>();
        while (await r.ReadAsync(cancel))
        {
            var (entity, entityId) = (r.GetString("entity"), r.GetString("entity_id"));
            var payload = r.Text("payload") is { } text ? JsonNode.Parse(text) : null;
            if (payload is JsonObject members)
            {
                if (entity == JournalEvents.Entity && hides)
                    Remove(members, "inputs", "payload", JournalEvents.VariablesMember);
                else if (entity == "instance" && hides)
                    Remove(members, "value");
                else if (entity == "task" && !concerns.Contains(entityId) && (hides || !seesAll))
                    Remove(members, "data");
            }

            events.Add(
                new(
                    r.GetInt32("sequence"),
                    r.GetDateTime("at"),
                    r.GetString("actor"),
                    r.Text("display_name"),
                    r.GetString("action"),
                    entity,
                    entityId,
                    r.GetInt64("revision"),
                    r.Text("activity_id"),
                    r.Text("activity_type"),
                    payload,
                    Convert.ToHexStringLower(r.GetFieldValue<byte[]>("leaf"))
                )
            );
        }

        return events;
    }

    /// <summary>
    /// The reference of a case, and the kinds of things whose payloads an export must leave out: with hidden facts, all that may have them. Null if the
    /// person can't see the case.
    /// </summary>
    public static async Task<(string Reference, IReadOnlyList<string> Entities)?> WithheldAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var me = Eligibility.Of("$1", "$2");
        await using var query = runtime.Database.Query(
            $"""
            select i.definition_version_id, {me.Teams}, coalesce(i.correlation_id, '') from journey_case c join workflow_instance i on i.id = c.id
            where c.id = $3 and ($4 or {me.SeesRun("c.id")})
            """,
            actor.Id,
            runtime.Clock.Now(),
            id,
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var hides = await FactSchema.HidesAsync(runtime.Definitions, r.GetString(0), FactViewer.Of(actor, r.GetFieldValue<string[]>(1)), cancel);
        return (r.GetString(2), hides ? [JournalEvents.Entity, "instance", "task"] : []);
    }

    private static void Remove(JsonObject payload, params ReadOnlySpan<string> members)
    {
        foreach (var member in members)
            payload.Remove(member);
    }
}
