using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Guidance;

/// <summary>What the search of guidance finds an article by.</summary>
public static class ArticleWords
{
    /// <summary>Characters of scripts that don't separate words (Chinese, Japanese, Korean), alone and in pairs: short words have an index, too.</summary>
    public static string[] Characters(string text)
    {
        var found = new HashSet<string>();
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsIdeographic(text[i]))
                continue;
            found.Add(text.Substring(i, 1));
            if (i + 1 < text.Length && IsIdeographic(text[i + 1]))
                found.Add(text.Substring(i, 2));
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    internal static void Keep(NpgsqlBatch batch, Guid article, ArticleContent content) =>
        batch.Add(
            """
            insert into guidance_search (article_id, title, words, characters) values ($1, guidance_words($2), guidance_words($3), $4)
            on conflict (article_id) do update set title = excluded.title, words = excluded.words, characters = excluded.characters
            """,
            article,
            content.Title,
            $"{content.Title} {content.Body}",
            Characters($"{content.Title} {content.Body}")
        );

    private static bool IsIdeographic(char c) => c is >= '\u3040' and <= '\u30ff' or >= '\u3400' and <= '\u9fff' or >= '\uac00' and <= '\ud7af';
}
