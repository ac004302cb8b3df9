using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.OwnView;

/// <summary>How content customers were with cases that have ended.</summary>
/// <param name="Count">How many rated their case.</param>
/// <param name="Satisfied">How many of them gave 4 or 5 of 5.</param>
/// <param name="Answered">How many said whether they would recommend us.</param>
/// <param name="Promoters">How many would: 9 or 10 of 10.</param>
/// <param name="Detractors">How many wouldn't: 0 to 6.</param>
public sealed record Satisfaction(int Count, int Satisfied, int Answered, int Promoters, int Detractors)
{
    /// <summary>Share of satisfied customers, from 0 to 1; null: nobody rated.</summary>
    public double? Share => Count == 0 ? null : (double)Satisfied / Count;

    /// <summary>Net promoter score, from -100 to 100; null: nobody answered.</summary>
    public int? PromoterScore => Answered == 0 ? null : (int)Math.Round(100.0 * (Promoters - Detractors) / Answered);
}

/// <summary>A rating with whose it is.</summary>
public sealed record CustomerRating(RatedCase Rated, string Journey, Guid? CustomerId, string CustomerName)
{
    /// <summary>Whether the customer is sensitive, and the reader has to give a reason before they read what they said.</summary>
    public bool NeedsReason { get; init; }
}

/// <summary>Reads what customers say of us: in the cases that the reader sees. Ratings of test cases don't count.</summary>
public static class ReadRatings
{
    /// <summary>Weeks that the front office looks back.</summary>
    public const int Weeks = 4;

    /// <summary>At most as many are listed.</summary>
    public const int Most = 200;

    // $1: the reader, $2: now, $3: whether they see every case, $4: since when.
    private static readonly string Rated = $"""
        from own_view_rating r join journey_case c on c.id = r.case_id left join customer m on m.number = c.customer_id
        left join customer s on s.id = m.survivor where c.test_by is null and r.changed_at > $4
            and ($3 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})
        """;

    private const string Guarded = "is_guarded_number(c.customer_id, $1, $2)";

    /// <summary>The figures of the last <see cref="Weeks"/> weeks.</summary>
    public static async Task<Satisfaction> FiguresAsync(NpgsqlDataSource database, Person actor, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select count(*)::int, (count(*) filter (where satisfaction >= 4))::int, count(recommend)::int,
                (count(*) filter (where recommend >= 9))::int, (count(*) filter (where recommend <= 6))::int {Rated}
            """,
            [.. Reader(actor, now)]
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GetInt32(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4));
    }

    /// <summary>The ratings of these weeks, the newest first.</summary>
    /// <param name="isUnhappy">Whether only those of 1 to 3 of 5.</param>
    public static async Task<IReadOnlyList<CustomerRating>> ListAsync(
        NpgsqlDataSource database,
        bool isUnhappy,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            select c.id, c.reference, r.satisfaction, r.recommend, case when {Guarded} then '' else r.comment end, r.changed_at, c.journey, s.id,
                coalesce(s.name, c.customer_name), {Guarded} {Rated}
                and (not $5 or r.satisfaction <= 3) order by r.changed_at desc, c.id limit {Most}
            """,
            [.. Reader(actor, now), isUnhappy]
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var ratings = new List<CustomerRating>();
        while (await r.ReadAsync(cancel))
        {
            var rating = new Rating(r.GetInt16(2), r.IsDBNull(3) ? null : r.GetInt16(3), r.GetString(4), r.Instant(5));
            ratings.Add(new(new(r.GetGuid(0), r.GetString(1), rating), r.GetString(6), r.GuidOrNull(7), r.GetString(8)) { NeedsReason = r.GetBoolean(9) });
        }

        return ratings;
    }

    private static object[] Reader(Person actor, Instant now) => [actor.Id, now, Eligibility.SeesAll(actor), now - Duration.FromDays(7 * Weeks)];
}
