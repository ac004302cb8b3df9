using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Retention;

/// <summary>A case that is removed, and why.</summary>
/// <param name="Id">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Runs">Itself, its child workflows and letters.</param>
/// <param name="Reason">For the note at the end of each of their histories.</param>
internal sealed record RemovedCase(Guid Id, string Reference, IReadOnlyList<Guid> Runs, string Reason);

/// <summary>The history of a run after its payloads were erased: what is left of it.</summary>
/// <param name="Chain">The run.</param>
/// <param name="Events">Events, with the note of the erasure.</param>
/// <param name="Leaf">Leaf of the last one, in hexadecimal digits.</param>
public sealed record RemovedChain(Guid Chain, int Events, string Leaf);

/// <summary>What was removed.</summary>
/// <param name="Places">Rows by place; those without any are left out.</param>
/// <param name="Payloads">Payloads of history.</param>
/// <param name="Chains">What is left of each history.</param>
internal sealed record Removed(IReadOnlyList<RemovedRows> Places, long Payloads, IReadOnlyList<RemovedChain> Chains);

/// <summary>Rows that were removed from a place.</summary>
public sealed record RemovedRows(string Place, string Table, long Rows);

/// <summary>
/// Removes cases, and customers, with all that belongs to them: the one way for retention and erasure. Payloads of their history are erased, headers and
/// leaves stay in the log. The caller's transaction has the lock of removals, has looked at holds since, and holds the rows of the runs.
/// </summary>
internal static class Removal
{
    /// <summary>Removes them.</summary>
    /// <param name="connection">With the transaction.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="customers">Records of a customer with their numbers: their own request; empty: retention.</param>
    /// <param name="reason">For the histories of these records.</param>
    public static async Task<Removed> RunAsync(
        NpgsqlConnection connection,
        IReadOnlyList<RemovedCase> cases,
        IReadOnlyList<(Guid Id, string Number)> customers,
        string reason,
        string actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var chains = cases
            .SelectMany(c => c.Runs.Select(run => (Run: run, c.Reason)))
            .DistinctBy(c => c.Run)
            .Concat(customers.Select(c => (Run: CustomerTransaction.ChainOf(c.Id), Reason: reason)))
            .OrderBy(c => c.Run)
            .ToList();
        Guid[] runs = [.. cases.SelectMany(c => c.Runs).Distinct()];
        var (references, numbers) = (cases.Select(c => c.Reference).ToArray(), customers.Select(c => c.Number).ToArray());
        var payloads = 0L;
        var left = new List<RemovedChain>();
        await using (var erase = connection.CreateBatch())
        {
            erase.Add(
                "select coalesce(sum(erase_history(chain, null, $2, $3, reason)), 0)::bigint from unnest($1::uuid[], $4::text[]) c(chain, reason)",
                chains.ConvertAll(c => c.Run).ToArray(),
                now,
                actor,
                chains.ConvertAll(c => c.Reason).ToArray()
            );
            EraseElsewhere(erase, runs, references, customers, actor, reason, now);
            erase.Add(
                """
                select id, event_sequence, event_head from workflow_instance where id = any($1)
                union all select id, event_sequence, event_head from event_chain where id = any($1) order by 1
                """,
                (object)chains.ConvertAll(c => c.Run).ToArray()
            );
            await using var r = await erase.ExecuteReaderAsync(cancel);
            do
            {
                while (await r.ReadAsync(cancel))
                {
                    if (r.FieldCount == 1)
                        payloads += r.GetInt64(0);
                    else
                        left.Add(new(r.GetGuid(0), r.GetInt32(1), Convert.ToHexStringLower(r.GetFieldValue<byte[]>(2))));
                }
            } while (await r.NextResultAsync(cancel));
        }

        return new(await DeleteAsync(connection, runs, references, customers, numbers, cancel), payloads, left);
    }

    /// <summary>Histories of other things that name the cases or the customer: events published for a reference, conflicts, merges of records.</summary>
    private static void EraseElsewhere(
        NpgsqlBatch batch,
        Guid[] runs,
        string[] references,
        IReadOnlyList<(Guid Id, string Number)> customers,
        string actor,
        string reason,
        Instant now
    )
    {
        const string Erase = """
            select coalesce(sum(erase_history(chain_id, sequences, $1, $2, $3)), 0)::bigint from (
                select e.chain_id, array_agg(e.sequence) sequences from event e join event_chain c on c.id = e.chain_id
            """;
        batch.Add(
            Erase
                + """
                 where c.name like 'event:%' and e.payload ->> 'correlationId' = any($4)
                    and e.at >= (select min(created_at) from workflow_instance where id = any($5)) - interval '1 hour'
                    and e.at <= (select max(finished_at) from workflow_instance where id = any($5)) + interval '1 hour'
                group by e.chain_id) found
                """,
            now,
            actor,
            reason,
            references,
            runs
        );
        if (customers.Count == 0)
            return;
        batch.Add(
            Erase
                + """
                 where (c.name like 'person:%' and e.action like 'person.conflict%' or c.name like 'customer:%' and e.action like 'customer.%merged')
                    and e.payload is not null and e.payload::text like any($4)
                group by e.chain_id) found
                """,
            now,
            actor,
            reason,
            customers.SelectMany(c => new[] { $"%{Like.Escape(JsonText(c.Number))}%", $"%{Ids.Text(c.Id)}%", $"%{c.Id:D}%" }).ToArray()
        );
        batch.Add(
            Erase
                + """
                 where c.name like 'exports:%' and e.action = 'history.exported' and names_customer(e.payload ->> 'search', $4, $5)
                group by e.chain_id) found
                """,
            now,
            actor,
            reason,
            customers.Select(c => c.Id).ToArray(),
            references.Concat(customers.Select(c => c.Number)).ToArray()
        );
    }

    private static async Task<List<RemovedRows>> DeleteAsync(
        NpgsqlConnection connection,
        Guid[] runs,
        string[] references,
        IReadOnlyList<(Guid Id, string Number)> customers,
        string[] numbers,
        CancellationToken cancel
    )
    {
        var places = PersonalData.Places.Where(place => customers.Count > 0 || !place.OnRequestOnly).ToLookup(place => place.Instead is not null);
        var ids = customers.Select(c => c.Id).ToArray();
        var removed = new List<RemovedRows>();

        // What rows that stay say of the customer is found by the customer's record, so it goes first.
        foreach (var place in places[true])
        {
            await using var erase = connection.CreateBatch();
            erase.Add($"select {place.Instead}", Values(place, runs, ids, references, numbers));
            removed.Add(new(place.Title, place.Table, (long)(await erase.ExecuteScalarAsync(cancel))!));
        }

        await using var delete = connection.CreateBatch();
        foreach (var place in places[false])
            delete.Add($"delete from {place.Table} where {place.Where}", Values(place, runs, ids, references, numbers));
        await delete.ExecuteNonQueryAsync(cancel);
        removed.AddRange(places[false].Select((place, i) => new RemovedRows(place.Title, place.Table, (long)delete.BatchCommands[i].RecordsAffected)));
        return [.. removed.Where(rows => rows.Rows > 0)];
    }

    /// <summary>The parameters of a place, as its condition numbers them.</summary>
    internal static object?[] Values(PersonalPlace place, Guid[] runs, Guid[] customers, string[] references, string[] numbers)
    {
        object[] all = [runs, customers, references, numbers];
        var last = Enumerable.Range(1, all.Length).Last(n => place.Where.Contains($"${n}", StringComparison.Ordinal));
        return [.. all.Take(last)];
    }

    private static string JsonText(string text) => System.Text.Json.JsonSerializer.Serialize(text).Trim('"');
}
