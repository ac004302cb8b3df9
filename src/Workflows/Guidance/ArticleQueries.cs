using System.Data;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Guidance;

/// <summary>Which articles a list shows.</summary>
public enum ArticleFilter
{
    /// <summary>Published ones.</summary>
    Published,

    /// <summary>Drafts of the person's teams.</summary>
    Drafts,

    /// <summary>Drafts of the person's teams that wait for a second person.</summary>
    InReview,

    /// <summary>Published ones that someone should have checked by now.</summary>
    Overdue,

    /// <summary>Published ones that nobody opened in the last 90 days.</summary>
    NeverRead,

    /// <summary>Published ones that were opened often and helped hardly anyone in the last 90 days.</summary>
    Useless,

    /// <summary>Taken out of use.</summary>
    Retired,
}

/// <summary>Reads articles. Drafts are for those who may write for the owning team; the rest is for everyone who can sign in.</summary>
public static class ArticleQueries
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private const string Select = """
        select a.id, a.team, t.title team_title, a.revision, a.version, v.content, a.published_at, v.approved_by, a.review_on, a.retired_at, a.changed_by,
            a.changed_at, a.draft, a.draft_state, a.writers, a.review_note,
            array(select distinct coalesce(p.display_name, n.written_by) from guidance_note n
                join task d on d.instance_id = n.instance_id and d.outcome = 'Accept' left join person p on p.user_name = n.written_by
                where n.article_id = a.id and n.kind = 'Proposal' order by 1) improved_by
        from guidance_article a join team t on t.key = a.team
        left join guidance_version v on v.article_id = a.id and v.number = a.version
        """;

    /// <summary>The article; null if there is none that the person can see.</summary>
    public static async Task<ArticleDetails?> FindAsync(NpgsqlDataSource database, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        if (await ReadAsync(connection, id, cancel) is not { } found)
            return null;
        if (ArticleAccess.Writes(actor, found.Team))
            return found;
        return found.Version is null ? null : found with { Draft = null, State = null, Writers = [], ReviewNote = null };
    }

    /// <summary>Articles, those that changed last first; overdue ones by how long.</summary>
    /// <param name="teams">Keys of owning teams; null: every team.</param>
    /// <param name="before">Where the page begins, or null.</param>
    public static async Task<Page<ArticleSummary>> ListAsync(
        NpgsqlDataSource database,
        ArticleFilter filter,
        IReadOnlyList<string>? teams,
        (DateTime At, Guid Id)? before,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var isMine = "(a.team = any($3) or $4)";
        var matches = filter switch
        {
            ArticleFilter.Drafts => $"a.draft is not null and a.retired_at is null and {isMine}",
            ArticleFilter.InReview => $"a.draft_state = 'InReview' and a.retired_at is null and {isMine}",
            ArticleFilter.Overdue => "a.version is not null and a.retired_at is null and a.review_on < $5",
            ArticleFilter.NeverRead => """
                a.version is not null and a.retired_at is null and not exists (select from guidance_use u where u.article_id = a.id and u.kind = 'Opened'
                    and u.day > $5 - 90)
                """,
            ArticleFilter.Useless => $"a.version is not null and a.retired_at is null and {GuidanceFigures.IsUseless}",
            ArticleFilter.Retired => "a.retired_at is not null",
            _ => "a.version is not null and a.retired_at is null",
        };
        await using var query = database.Query(
            $"""
            select a.id, a.title, a.kind, a.audience, a.language, a.team, t.title, a.version, case when {isMine} then a.draft_state end, a.review_on,
                a.retired_at, a.changed_at
            from guidance_article a join team t on t.key = a.team
            where ($1::text[] is null or a.team = any($1)) and {matches} and $5::date is not null
                and ($6::timestamptz is null or (a.changed_at, a.id) < ($6, $7))
            order by a.changed_at desc, a.id desc limit $2
            """,
            teams?.ToArray(),
            limit + 1,
            actor.Teams.Concat(actor.Leads).ToArray(),
            actor.Is(Roles.Administrator),
            now.InUtc().Date.ToDateOnly(),
            before?.At,
            before?.Id ?? Guid.Empty
        );
        return Page<ArticleSummary>.Of(await SummariesAsync(query, cancel), limit, a => (a.ChangedAt.ToDateTimeUtc(), a.Id));
    }

    /// <summary>Published articles by id, in that order.</summary>
    internal static async Task<IReadOnlyList<ArticleSummary>> OfAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select a.id, a.title, a.kind, a.audience, a.language, a.team, t.title, a.version, null, a.review_on, a.retired_at, a.changed_at
            from unnest($1::uuid[]) with ordinality w(id, place) join guidance_article a on a.id = w.id join team t on t.key = a.team
            where a.version is not null and a.retired_at is null order by w.place
            """,
            (object)ids
        );
        return await SummariesAsync(query, cancel);
    }

    /// <summary>Published versions of an article, the newest first. Everyone who can sign in reads them.</summary>
    public static async Task<IReadOnlyList<ArticleVersion>> VersionsAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select v.number, v.content, v.written_by, v.approved_by, coalesce(p.display_name, v.approved_by), v.published_at
            from guidance_version v left join person p on p.user_name = v.approved_by where v.article_id = $1 order by v.number desc
            """,
            id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var versions = new List<ArticleVersion>();
        while (await r.ReadAsync(cancel))
            versions.Add(new(r.GetInt32(0), Content(r.Utf8(1)), r.GetFieldValue<string[]>(2), r.GetString(3), r.GetString(4), r.Instant(5)));
        return versions;
    }

    /// <summary>Who changed an article after a revision, by name, and the fields they changed.</summary>
    internal static async Task<(List<string> By, List<string> Fields)> ChangesSinceAsync(
        NpgsqlConnection connection,
        Guid id,
        int revision,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select distinct coalesce(p.display_name, e.actor), coalesce(e.payload -> 'fields', '[]')::text from event e
            left join person p on p.user_name = e.actor where e.chain_id = $1 and e.revision > $2
            """,
            Ids.Named(ArticleTransaction.ChainOf(id)),
            (long)revision
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var (by, fields) = (new List<string>(), new List<string>());
        while (await r.ReadAsync(cancel))
        {
            by.Add(r.GetString(0));
            fields.AddRange(JsonSerializer.Deserialize<string[]>(r.GetString(1)) ?? []);
        }

        return ([.. by.Distinct()], [.. fields.Distinct()]);
    }

    internal static async Task<ArticleDetails?> ReadAsync(NpgsqlConnection connection, Guid id, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add($"{Select} where a.id = $1", id);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        return new(
            r.GetGuid("id"),
            r.GetString("team"),
            r.GetString("team_title"),
            r.GetInt32("revision"),
            r["version"] as int?,
            r.Utf8OrNull("content") is { } published ? Content(published) : null,
            r.InstantOrNull("published_at"),
            r.Text("approved_by"),
            r.IsDBNull("review_on") ? null : r.GetFieldValue<DateOnly>("review_on"),
            r.InstantOrNull("retired_at"),
            r.GetString("changed_by"),
            r.Instant("changed_at")
        )
        {
            Draft = r.Utf8OrNull("draft") is { } draft ? Content(draft) : null,
            State = r.Text("draft_state") is { } state ? Enum.Parse<ArticleState>(state) : null,
            Writers = r.GetFieldValue<string[]>("writers"),
            ReviewNote = r.Text("review_note"),
            ImprovedBy = r.GetFieldValue<string[]>("improved_by"),
        };
    }

    internal static ArticleContent Content(byte[] json) => JsonSerializer.Deserialize<ArticleContent>(json, Json)!;

    private static async Task<List<ArticleSummary>> SummariesAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var articles = new List<ArticleSummary>();
        while (await r.ReadAsync(cancel))
        {
            articles.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    Enum.Parse<ArticleKind>(r.GetString(2)),
                    Enum.Parse<ArticleAudience>(r.GetString(3)),
                    r.GetString(4),
                    r.GetString(5),
                    r.GetString(6),
                    r.IsDBNull(7) ? null : r.GetInt32(7),
                    r.Text(8) is { } state ? Enum.Parse<ArticleState>(state) : null,
                    r.IsDBNull(9) ? null : r.GetFieldValue<DateOnly>(9),
                    r.InstantOrNull(10),
                    r.Instant(11)
                )
            );
        }

        return articles;
    }
}
