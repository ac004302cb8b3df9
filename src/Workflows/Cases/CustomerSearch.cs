using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>A customer who has cases.</summary>
/// <param name="Id">Customer number.</param>
/// <param name="Name">Name in the newest case.</param>
/// <param name="Cases">How many of the newest matching cases are theirs.</param>
/// <param name="LastReference">Reference of the newest.</param>
public sealed record KnownCustomer(string Id, string Name, int Cases, string LastReference);

/// <summary>Finds customers by the cases they have.</summary>
public static class CustomerSearch
{
    private const int Newest = 500;

    /// <summary>
    /// Customers whose name or number contains the text, of cases that the person can see, those with the newest case first. Test cases have no customers.
    /// </summary>
    /// <param name="text">At least two characters; fewer find no one.</param>
    /// <param name="limit">At most this many.</param>
    public static async Task<IReadOnlyList<KnownCustomer>> FindAsync(
        NpgsqlDataSource database,
        string text,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (text.Trim().Length < 2)
            return [];
        await using var query = database.Query(
            $"""
            with found as (
                select c.customer_id, c.customer_name, c.reference, c.created_at from journey_case c
                where (c.customer_name ilike $3 or c.customer_id ilike $3) and c.test_by is null
                    and ($4 or {CaseVisibility.Of("c.id", Eligibility.Of("$1", "$2"))})
                order by c.created_at desc limit {Newest})
            select customer_id, (array_agg(customer_name order by created_at desc))[1], count(*)::int, (array_agg(reference order by created_at desc))[1]
            from found group by customer_id order by max(created_at) desc, customer_id limit $5
            """,
            actor.Id,
            now,
            "%" + Like.Escape(text.Trim()) + "%",
            Eligibility.SeesAll(actor),
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var customers = new List<KnownCustomer>();
        while (await r.ReadAsync(cancel))
            customers.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetString(3)));
        return customers;
    }
}
