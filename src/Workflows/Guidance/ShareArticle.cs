using System.Buffers.Text;
using System.Security.Cryptography;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Guidance;

/// <summary>A link by which customers read an article.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Code">End of its address.</param>
/// <param name="SharedBy">User name of who made it.</param>
/// <param name="SharedByName">Their name.</param>
/// <param name="SharedAt">When.</param>
/// <param name="RevokedAt">When it was ended, or null.</param>
/// <param name="Views">How often it was opened.</param>
/// <param name="ViewedAt">When it was opened last.</param>
public sealed record GuidanceShare(
    Guid Id,
    string Code,
    string SharedBy,
    string SharedByName,
    Instant SharedAt,
    Instant? RevokedAt,
    int Views,
    Instant? ViewedAt
);

/// <summary>What a customer reads.</summary>
public sealed record SharedArticle(string Title, string Body, string Language, Instant PublishedAt);

/// <summary>Makes and ends links for customers. Only articles for customers have any; a link shows the published version, whichever that is.</summary>
public static class ShareArticle
{
    internal const string RevokeAll = "update guidance_share set revoked_by = $2, revoked_at = $3 where article_id = $1 and revoked_at is null";

    private const int CodeBytes = 16;
    private const int CodeLength = 22;

    /// <summary>Makes a link. Everyone who can sign in may.</summary>
    public static async Task<(ArticleResult Result, GuidanceShare? Share)> RunAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var t = await ArticleTransaction.OpenAsync(runtime, id, actor, cancel);
        if (t.Before is not { } article || article.Version is null && !ArticleAccess.Writes(actor, article.Team))
            return (new ArticleResult.NotFound(), null);
        if (WhyNot(article) is { } reason)
            return (new ArticleResult.Refused(reason), null);
        var share = new GuidanceShare(
            Ids.New(t.Now),
            Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CodeBytes)),
            actor.UserName,
            actor.DisplayName,
            t.Now,
            null,
            0,
            null
        );
        t.Writes.Add(
            "insert into guidance_share (id, article_id, code, shared_by, shared_at) values ($1, $2, $3, $4, $5)",
            share.Id,
            id,
            share.Code,
            share.SharedBy,
            t.Now
        );
        GuidanceUses.Add(t.Writes, [id], GuidanceUse.Shared, GuidancePlace.Page, 0, t.Now);
        t.Record("guidance.shared", article.Revision, new { title = article.Published!.Title, share = share.Id });
        await t.CommitAsync(cancel);
        return (new ArticleResult.Done(id, article.Revision), share);
    }

    /// <summary>Why there can be no link to the article, as a sentence; or null.</summary>
    public static string? WhyNot(ArticleDetails article) =>
        article.Version is null ? "The article isn't published."
        : article.RetiredAt is not null ? "The article was taken out of use."
        : article.Published is not { Audience: ArticleAudience.Customer, Kind: ArticleKind.Article } ? "Only articles for customers can be shared."
        : null;

    /// <summary>Ends a link: who made it, and those who may write the article.</summary>
    public static async Task<ArticleResult> RevokeAsync(WorkflowRuntime runtime, Guid id, Guid share, Person actor, CancellationToken cancel = default)
    {
        await using var t = await ArticleTransaction.OpenAsync(runtime, id, actor, cancel);
        if (t.Before is not { } article || (await ListAsync(t.Connection, id, cancel)).FirstOrDefault(s => s.Id == share) is not { } found)
            return new ArticleResult.NotFound();
        if (found.SharedBy != actor.UserName && !ArticleAccess.Writes(actor, article.Team))
            return new ArticleResult.Forbidden($"Only {found.SharedByName} and {article.TeamTitle} can end this link.");
        if (found.RevokedAt is not null)
            return new ArticleResult.Done(id, article.Revision);
        t.Writes.Add("update guidance_share set revoked_by = $2, revoked_at = $3 where id = $1", share, actor.UserName, t.Now);
        t.Record("guidance.unshared", article.Revision, new { title = article.Newest.Title, share });
        await t.CommitAsync(cancel);
        return new ArticleResult.Done(id, article.Revision);
    }

    /// <summary>Links of an article, the newest first.</summary>
    public static async Task<IReadOnlyList<GuidanceShare>> ListAsync(NpgsqlDataSource database, Guid article, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ListAsync(connection, article, cancel);
    }

    /// <summary>What a link shows, counted; null: there is no such link, or it has ended.</summary>
    public static async Task<SharedArticle?> ReadAsync(NpgsqlDataSource database, string code, Instant now, CancellationToken cancel = default)
    {
        if (code.Length != CodeLength || !Base64Url.IsValid(code))
            return null;
        await using var query = database.Query(
            """
            with seen as (update guidance_share set views = views + 1, viewed_at = $2 where code = $1 and revoked_at is null returning article_id),
                counted as (insert into guidance_use as u (article_id, day, kind, place, uses) select article_id, $3, 'Read', 'Page', 1 from seen
                    on conflict (article_id, day, kind, place) do update set uses = u.uses + 1)
            select v.content, a.published_at from seen join guidance_article a on a.id = seen.article_id
            join guidance_version v on v.article_id = a.id and v.number = a.version
            where a.audience = 'Customer' and a.kind = 'Article' and a.retired_at is null
            """,
            code,
            now,
            now.InUtc().Date.ToDateOnly()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var content = ArticleQueries.Content(r.Utf8(0));
        return new(content.Title, content.Body, content.Language, r.Instant(1));
    }

    private static async Task<List<GuidanceShare>> ListAsync(NpgsqlConnection connection, Guid article, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select s.id, s.code, s.shared_by, coalesce(p.display_name, s.shared_by), s.shared_at, s.revoked_at, s.views, s.viewed_at
            from guidance_share s left join person p on p.user_name = s.shared_by where s.article_id = $1 order by s.shared_at desc, s.id limit 200
            """,
            article
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var shares = new List<GuidanceShare>();
        while (await r.ReadAsync(cancel))
        {
            shares.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Instant(4), r.InstantOrNull(5), r.GetInt32(6), r.InstantOrNull(7)));
        }

        return shares;
    }
}
