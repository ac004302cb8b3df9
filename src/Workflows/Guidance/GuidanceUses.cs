using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Guidance;

/// <summary>What someone did with an article.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuidanceUse>))]
public enum GuidanceUse
{
    /// <summary>Its title was beside the work.</summary>
    Shown,

    /// <summary>Its text was open.</summary>
    Opened,
    Copied,

    /// <summary>It was sent to a customer.</summary>
    Sent,

    /// <summary>A link for customers was made.</summary>
    Shared,

    /// <summary>Someone said that it helped.</summary>
    Helped,

    /// <summary>A customer opened a link.</summary>
    Read,
}

/// <summary>Where someone uses guidance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuidancePlace>))]
public enum GuidancePlace
{
    /// <summary>Beside a task.</summary>
    Task,

    /// <summary>On the page of a customer.</summary>
    Customer,

    /// <summary>On the page of the article, from the search or a list.</summary>
    Page,
}

/// <summary>Counts what is done with guidance: one statement for any number of articles, one row for an article, day, kind and place.</summary>
public static class GuidanceUses
{
    /// <summary>Clicks to an answer that are no more than our goal.</summary>
    public static int GoalOf(GuidancePlace place) => place == GuidancePlace.Customer ? 1 : 2;

    private const int MostClicks = 100;

    /// <summary>Counts a use of each of the articles that are published.</summary>
    /// <param name="place">Where.</param>
    /// <param name="clicks">Clicks it took to get there.</param>
    public static async Task CountAsync(
        NpgsqlDataSource database,
        IReadOnlyCollection<Guid> articles,
        GuidanceUse use,
        GuidancePlace place,
        int clicks,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (articles.Count == 0)
            return;
        await using var batch = database.CreateBatch();
        Add(batch, articles, use, place, clicks, now);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Remembers a search in guidance that found nothing.</summary>
    public static async Task MissAsync(NpgsqlDataSource database, string question, Instant now, CancellationToken cancel = default)
    {
        question = question.Trim().ToLowerInvariant();
        if (question.Length is 0 or > 200)
            return;
        await using var batch = database.CreateBatch();
        batch.Add(
            "insert into guidance_miss as m (day, question, times) values ($1, $2, 1) on conflict (day, question) do update set times = m.times + 1",
            now.InUtc().Date.ToDateOnly(),
            question
        );
        await batch.ExecuteNonQueryAsync(cancel);
    }

    // In the order of their ids, so that two pages that count the same articles don't wait for each other in a circle.
    internal static void Add(NpgsqlBatch batch, IReadOnlyCollection<Guid> articles, GuidanceUse use, GuidancePlace place, int clicks, Instant now)
    {
        clicks = Math.Clamp(clicks, 0, MostClicks);
        batch.Add(
            """
            insert into guidance_use as u (article_id, day, kind, place, uses, clicks, slow)
            select a.id, $2, $3, $6, 1, $4, $5 from guidance_article a where a.id = any($1) and a.version is not null order by a.id
            on conflict (article_id, day, kind, place) do update set uses = u.uses + 1, clicks = u.clicks + excluded.clicks, slow = u.slow + excluded.slow
            """,
            articles.Distinct().ToArray(),
            now.InUtc().Date.ToDateOnly(),
            use.ToString(),
            clicks,
            clicks > GoalOf(place) ? 1 : 0,
            place.ToString()
        );
    }
}
