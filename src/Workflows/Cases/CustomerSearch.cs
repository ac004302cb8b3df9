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
    private const int Newest = 100;

    /// <summary>
    /// Customers whose name or number contains the text, of the newest matching cases that the person can see, those with the newest case first. Test cases
    /// have no customers.
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
        var page = await CaseListQuery.PageAsync(
            database,
            new()
            {
                Search = text,
                ByCustomer = true,
                Limit = Newest - 1,
            },
            actor,
            now,
            cancel
        );
        await using var query = database.Query(
            $"""
            with page as materialized ({page.Sql}), found as (
                select c.customer_id, c.customer_name, c.reference, c.created_at from journey_case c
                where c.id in (select id from page))
            select customer_id, (array_agg(customer_name order by created_at desc))[1], count(*)::int, (array_agg(reference order by created_at desc))[1]
            from found group by customer_id order by max(created_at) desc, customer_id limit ${page.Values.Count + 1}
            """,
            [.. page.Values, limit]
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var customers = new List<KnownCustomer>();
        while (await r.ReadAsync(cancel))
            customers.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetString(3)));
        return customers;
    }
}
