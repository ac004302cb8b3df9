using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Guidance;

namespace Orchestration.Workflows.Search;

/// <summary>Finds published guidance by its words; where few have all of them, by a title that is alike. It is for everyone who can sign in.</summary>
public static class FindArticles
{
    /// <summary>Fewer exact ones, and titles that are alike are looked for too.</summary>
    private const int Enough = 3;

    // As many are ranked; more of common words are as good as any.
    private const int MostRanked = 200;

    private const string Alike = "0.45";

    /// <summary>The articles, the best first.</summary>
    public static async Task<IReadOnlyList<ArticleSummary>> FindAsync(
        NpgsqlDataSource database,
        IReadOnlyList<string> words,
        int limit,
        CancellationToken cancel = default
    )
    {
        words = [.. words.Where(word => word.Any(char.IsLetterOrDigit))];
        if (words.Count == 0)
            return [];
        var found = await RunAsync(database, Exact(words), words, limit, cancel);
        if (found.Count < Math.Min(Enough, limit) && words.Sum(word => word.Length) > 3 && !words.Any(Patterns.IsIdeographic))
            found.AddRange((await RunAsync(database, "trim(guidance_words($1)) <% s.title", words, limit, cancel)).Except(found));
        return found.Count == 0 ? [] : await ArticleQueries.OfAsync(database, [.. found.Take(limit)], cancel);
    }

    /// <summary>The statement, for those who want to see its plan.</summary>
    /// <param name="matches">SQL of the condition.</param>
    internal static string Statement(string matches) =>
        $"""
            with found as materialized (select s.article_id, word_similarity(trim(guidance_words($1)), s.title) alike from guidance_search s
                join guidance_article a on a.id = s.article_id where {matches} and a.version is not null and a.retired_at is null limit {MostRanked})
            select article_id from found order by round(alike::numeric, 1) desc, article_id limit $2
            """;

    /// <summary>SQL of the condition that every word is there. Parameters from <c>$3</c>: each word and its characters.</summary>
    internal static string Exact(IReadOnlyList<string> words) =>
        string.Join(
            " and ",
            words.Select(
                (word, place) =>
                {
                    var (text, characters) = ($"trim(guidance_words(${2 * place + 3}))", $"${2 * place + 4}::text[]");
                    return Patterns.IsIdeographic(word)
                        ? $"s.characters @> {characters} and s.words like '%' || {text} || '%'"
                        : $"s.words like '% ' || {text} || '%' and {characters} is not null";
                }
            )
        );

    internal static object[] Values(IReadOnlyList<string> words, int limit) =>
        [string.Join(' ', words), limit, .. words.SelectMany(word => new object[] { word, ArticleWords.Characters(word) })];

    private static async Task<List<Guid>> RunAsync(NpgsqlDataSource database, string matches, IReadOnlyList<string> words, int limit, CancellationToken cancel)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            "select set_config('pg_trgm.word_similarity_threshold', $1, true), set_config('enable_seqscan', 'off', true), "
                + "set_config('plan_cache_mode', 'force_custom_plan', true)",
            Alike
        );
        batch.Add(Statement(matches), matches.Contains("<%", StringComparison.Ordinal) ? [string.Join(' ', words), limit] : Values(words, limit));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.NextResultAsync(cancel);
        var ids = new List<Guid>();
        while (await r.ReadAsync(cancel))
            ids.Add(r.GetGuid(0));
        return ids;
    }
}
