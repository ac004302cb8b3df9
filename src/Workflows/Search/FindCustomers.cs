using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Search;

/// <summary>
/// Finds customers by any of their names, numbers, addresses of mail and identifiers. First those that have every word; where these are few, those whose words
/// are alike, so that a misspelt name is found too.
/// </summary>
public static class FindCustomers
{
    /// <summary>Fewer exact ones, and those that are alike are looked for too.</summary>
    private const int Enough = 3;

    // Besides those at hand, as many are compared for each that is wanted, and no more than the last; more of a common beginning are as good as any.
    private const int Compared = 4;
    private const int MostCompared = 100;
    private const int MostAlike = 100;

    /// <summary>How alike words must be, of 1.</summary>
    private const string Alike = "0.42";

    /// <summary>Customers with the words that the person can see, the best first.</summary>
    public static async Task<IReadOnlyList<CustomerSummary>> FindAsync(
        NpgsqlDataSource database,
        string text,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var (ids, _) = await IdsAsync(
            database,
            [.. SearchQuery.WordsOf(text)],
            limit,
            actor,
            await AtHand.ReadAsync(database, actor, now, cancel),
            now,
            cancel
        );
        return ids.Length == 0 ? [] : await CustomerQueries.SummariesAsync(database, ids, actor, now, cancel);
    }

    /// <summary>Ids of the records that are left after merging, the best first, and whether some have every word.</summary>
    internal static async Task<(Guid[] Ids, bool AreExact)> IdsAsync(
        NpgsqlDataSource database,
        IReadOnlyList<string> words,
        int limit,
        Person actor,
        AtHand near,
        Instant now,
        CancellationToken cancel
    )
    {
        if (words.Count == 0 || words.Sum(word => word.Length) < 2 && !words.Any(Patterns.IsIdeographic))
            return ([], false);
        var exact = await RunAsync(database, Exact(words), words, limit, actor, near, now, cancel);
        if (exact.Length >= Math.Min(Enough, limit) || words.Sum(word => word.Length) < 3 || words.Any(word => word.Any(char.IsAsciiDigit)))
            return (exact, exact.Length > 0);

        // A number that is not quite right is another number.
        var alike = await RunAsync(database, "fold($5) <% s.words", words, limit, actor, near, now, cancel);
        return ([.. exact.Union(alike).Take(limit)], exact.Length > 0);
    }

    private static string Exact(IReadOnlyList<string> words) =>
        string.Join(" and ", words.Select((word, place) => $"s.words like {Patterns.Of(word, $"${place + 9}")}"));

    private static async Task<Guid[]> RunAsync(
        NpgsqlDataSource database,
        string matches,
        IReadOnlyList<string> words,
        int limit,
        Person actor,
        AtHand near,
        Instant now,
        CancellationToken cancel
    )
    {
        var me = Eligibility.Of("$1", "$2");
        var isExact = !matches.Contains("<%", StringComparison.Ordinal);
        var viewer = me.AsViewer();
        var sees = CustomerAccess.Sees(viewer, "(select k.survivor from customer k where k.id = s.customer_id)");
        const string Select = "select s.customer_id, word_similarity(fold($5), s.words) alike from";
        const string Near =
            "(select * from customer_search where customer_id = any(array(select k.id from customer k where k.survivor = any($7 || $8))) offset 0)";
        var anywhere = near.Seen is null
            ? $"{matches} and ($3 or {sees})"
            : $"""
                s.customer_id in (select k.id from customer k join customer m on m.survivor = k.survivor join journey_case c on c.customer_id = m.number
                    where c.id = any($6) and c.test_by is null and {viewer.SeesRun("c.id")}) and {matches}
                """;
        var order = isExact ? $"limit {Math.Max(limit, Math.Min(limit * Compared, MostCompared))}" : $"order by 2 desc limit {MostAlike}";
        await using var batch = database.CreateBatch();
        batch.Add(
            "select set_config('pg_trgm.word_similarity_threshold', $1, true), set_config('enable_seqscan', $2, true), "
                + "set_config('plan_cache_mode', 'force_custom_plan', true)",
            Alike,
            near.Seen is null ? "off" : "on"
        );
        batch.Add(
            $"""
            with {me.Viewer}, found as materialized (
                    ({Select} {Near} s where {matches} and ($3 or {sees})) union ({Select} customer_search s where {anywhere} {order})),
                best as (select k.survivor id, max(f.alike) alike from found f join customer k on k.id = f.customer_id group by 1)
            select b.id from best b join customer k on k.id = b.id
            order by lower(k.number) = lower($5) desc, round(b.alike::numeric, 2) desc, position(lower($5) in lower(k.name)) > 0 desc,
                b.id = any($7) desc, array_position($8, b.id),
                (select max(c.created_at) from customer m join journey_case c on c.customer_id = m.number where m.survivor = b.id) desc nulls last, b.id
            limit $4
            """,
            [
                actor.Id,
                now,
                Eligibility.SeesAll(actor),
                limit,
                string.Join(' ', words),
                near.Seen ?? [],
                near.Customers,
                near.Opened,
                .. isExact ? words.Select(word => (object)Like.Escape(word)) : [],
            ]
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.NextResultAsync(cancel);
        var ids = new List<Guid>();
        while (await r.ReadAsync(cancel))
            ids.Add(r.GetGuid(0));
        return [.. ids];
    }
}

/// <summary>What <c>like</c> takes to find a word in folded text in which each word comes after a blank.</summary>
internal static class Patterns
{
    /// <summary>SQL of the pattern: a beginning of a word; a number anywhere; and anywhere in scripts that don't separate words.</summary>
    /// <param name="word">The word.</param>
    /// <param name="parameter">SQL of the word, escaped for <c>like</c>.</param>
    public static string Of(string word, string parameter) =>
        IsIdeographic(word) || word.Length > 2 && word.Any(char.IsAsciiDigit) ? $"'%' || fold({parameter}) || '%'" : $"'% ' || fold({parameter}) || '%'";

    /// <summary>Whether it is of a script that doesn't separate words: Chinese, Japanese or Korean. A few of its characters are a word.</summary>
    public static bool IsIdeographic(string word) =>
        word.Any(c => c is >= '\u3040' and <= '\u30ff' or >= '\u3400' and <= '\u9fff' or >= '\uac00' and <= '\ud7af' || char.IsSurrogate(c));
}
