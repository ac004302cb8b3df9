using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Customers;

/// <summary>A line of a customer's history.</summary>
/// <param name="CaseId">The case it belongs to; null: to the customer.</param>
/// <param name="Reference">Reference of that case.</param>
/// <param name="Event">What happened. What was entered in forms is left out.</param>
public sealed record CustomerEvent(Guid? CaseId, string? Reference, CaseEvent Event);

/// <summary>What a history of a customer shows.</summary>
public enum CustomerEvents
{
    All,

    /// <summary>Calls, letters, messages and visits.</summary>
    Contacts,
    Promises,
    Documents,
}

/// <summary>Reads the history of a customer: of the record, its duplicates, and the cases that the person sees.</summary>
public static class CustomerHistory
{
    // What the engine does, and what belongs to deadlines that no customer asks about.
    private static readonly string[] Silent =
    [
        "sla.started",
        "sla.met",
        "sla.missed",
        "sla.cancelled",
        "sla.paused",
        "sla.resumed",
        "sla.rung",
        "sla.rung-skipped",
        "sla.over",
        "sla.recomputed",
        "task.offered",
        "task.offer-declined",
        "task.offer-expired",
        "task.offer-withdrawn",
        "task.priority-raised",
        "task.prioritized",
        "task.skills-relaxed",
        "task.watched",
        "case.watched",
        "effect.done",
    ];

    /// <summary>Events before an instant, the newest first, and where to go on; null: there are no more.</summary>
    /// <param name="customer">The record that is left after merging. The caller has checked that the person can see it.</param>
    /// <param name="kind">What it shows.</param>
    /// <param name="before">Null: the newest.</param>
    public static async Task<(IReadOnlyList<CustomerEvent> Events, Instant? Next)> ReadAsync(
        NpgsqlDataSource database,
        Guid customer,
        CustomerEvents kind,
        Instant? before,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var records = new List<Guid>();
        await using (var query = database.Query("select id from customer where survivor = $1", customer))
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                records.Add(CustomerTransaction.ChainOf(r.GetGuid(0)));
        }

        await using var events = database.Query(
            $"""
            with cases as materialized (
                select c.id, c.reference from journey_case c where c.customer_id in ({CustomerQueries.NumbersOf("$3")}) and c.test_by is null
                    and ($4 or {Eligibility.Of("$1", "$2").SeesRun("c.id")}) order by c.created_at desc limit $9)
            select c.id, c.reference, e.sequence, e.at, e.actor, p.display_name, e.action, e.entity, e.entity_id, e.revision, e.payload::text, e.leaf
            from event e left join cases c on c.id = e.chain_id left join person p on p.user_name = e.actor
            where e.chain_id = any(array(select id from cases) || $5::uuid[]) and e.entity <> 'activity' and e.action <> all($6)
                and ($7::timestamptz is null or e.at < $7) and ($10::text is null or e.action like $10)
            order by e.at desc, e.chain_id, e.sequence desc limit $8
            """,
            actor.Id,
            now,
            customer,
            Eligibility.SeesAll(actor),
            records.ToArray(),
            Silent,
            before,
            limit + 1,
            CustomerWork.MostCases,
            kind switch
            {
                CustomerEvents.Contacts => "contact.%",
                CustomerEvents.Promises => "promise.%",
                CustomerEvents.Documents => "task.attached",
                _ => null,
            }
        );
        var found = new List<CustomerEvent>();
        await using (var r = await events.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
            {
                var payload = r.Text(10) is { } text ? JsonNode.Parse(text) : null;
                foreach (var member in (string[])["data", "inputs", "payload", "value"])
                    (payload as JsonObject)?.Remove(member);
                if (payload?["changes"] is JsonArray changes && !CustomerAccess.SeesVulnerability(actor))
                    changes.RemoveAll(change => (string?)change?["field"] == "vulnerability");
                found.Add(
                    new(
                        r.GuidOrNull(0),
                        r.Text(1),
                        new(
                            r.GetInt32(2),
                            r.GetDateTime(3),
                            r.GetString(4),
                            r.Text(5),
                            r.GetString(6),
                            r.GetString(7),
                            r.GetString(8),
                            r.GetInt64(9),
                            null,
                            null,
                            payload,
                            Convert.ToHexStringLower(r.GetFieldValue<byte[]>(11))
                        )
                    )
                );
            }
        }

        if (found.Count <= limit)
            return (found, null);

        // What was committed together stays together.
        var last = found[limit].Event.At;
        var whole = found.FindAll(e => e.Event.At > last);
        return whole.Count > 0 ? (whole, whole[^1].Event.At.ToInstant()) : (found, last.ToInstant());
    }
}
