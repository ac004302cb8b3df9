using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Guidance;

/// <summary>Writes drafts. What is published stays as it is until a second person approves the draft.</summary>
public static class SaveArticle
{
    /// <summary>Adds an article, as a draft.</summary>
    /// <param name="team">Key of the team that owns it.</param>
    public static async Task<ArticleResult> AddAsync(
        WorkflowRuntime runtime,
        string team,
        ArticleContent content,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (!ArticleAccess.Writes(actor, team))
            return new ArticleResult.Forbidden("Choose a team that you work in or lead.");
        await using var query = runtime.Database.Query("select exists (select from team where key = $1 and retired_at is null)", team);
        if (await query.ExecuteScalarAsync(cancel) is not true)
            return new ArticleResult.Invalid(new Dictionary<string, string[]> { ["team"] = ["isn't the key of a team"] });
        content = ArticleCheck.Tidy(content);
        if (await CheckAsync(runtime, content, cancel) is { } invalid)
            return invalid;
        await using var t = await ArticleTransaction.OpenAsync(runtime, Ids.New(runtime.Clock.Now()), actor, cancel);
        t.Writes.Add(
            """
            insert into guidance_article (id, team, draft, draft_state, writers, changed_by, changed_at, created_by, created_at, title, kind, audience,
                language, review_on) values ($1, $2, $3, 'Draft', $4, $5, $6, $5, $6, $7, $8, $9, $10, $11)
            """,
            t.Id,
            team,
            Json(content),
            new[] { actor.UserName },
            actor.UserName,
            t.Now,
            content.Title,
            content.Kind.ToString(),
            content.Audience.ToString(),
            content.Language,
            content.ReviewOn
        );
        t.Record("guidance.added", 1, new { title = content.Title, team });
        await t.CommitAsync(cancel);
        return new ArticleResult.Done(t.Id, 1);
    }

    /// <summary>Changes the draft, or begins one. A draft in review goes back to its writers.</summary>
    /// <param name="revision">Revision the person saw. Of a newer one, the answer says what changed.</param>
    /// <param name="note">The proposal whose text this uses, or null: its writer is then one of the draft's.</param>
    public static async Task<ArticleResult> ChangeAsync(
        WorkflowRuntime runtime,
        Guid id,
        int revision,
        ArticleContent content,
        Person actor,
        Guid? note = null,
        CancellationToken cancel = default
    )
    {
        content = ArticleCheck.Tidy(content);
        await using var t = await ArticleTransaction.OpenAsync(runtime, id, actor, cancel);
        if (await ReviewArticle.RefusalAsync(t, revision, cancel) is { } refused)
            return refused;
        if (await CheckAsync(runtime, content, cancel) is { } invalid)
            return invalid;
        var before = t.Before!;
        var fields = Compare(before.Newest, content);
        if (fields.Count == 0 && before.State != ArticleState.InReview)
            return new ArticleResult.Done(id, before.Revision);
        t.Writes.Add(
            """
            update guidance_article a set draft = $2, draft_state = 'Draft', revision = revision + 1, changed_by = $3, changed_at = $4, review_note = null,
                title = case when version is null then $5 else title end, kind = case when version is null then $6 else kind end,
                writers = array(select distinct w from unnest(a.writers || $3::text
                    || array(select n.written_by from guidance_note n where n.id = $7 and n.article_id = a.id)) w)
            where id = $1
            """,
            id,
            Json(content),
            actor.UserName,
            t.Now,
            content.Title,
            content.Kind.ToString(),
            note
        );
        t.Record("guidance.changed", before.Revision + 1, new { title = content.Title, fields });
        await t.CommitAsync(cancel);
        return new ArticleResult.Done(id, before.Revision + 1);
    }

    /// <summary>Fields of the API that differ.</summary>
    public static IReadOnlyList<string> Compare(ArticleContent before, ArticleContent after)
    {
        var fields = new List<string>();
        Add("title", before.Title == after.Title);
        Add("body", before.Body == after.Body);
        Add("kind", before.Kind == after.Kind);
        Add("audience", before.Audience == after.Audience);
        Add("language", before.Language == after.Language);
        Add("rules", before.Rules.SequenceEqual(after.Rules));
        Add("pins", before.Pins.SequenceEqual(after.Pins));
        Add("reviewOn", before.ReviewOn == after.ReviewOn);
        return fields;

        void Add(string field, bool isSame)
        {
            if (!isSame)
                fields.Add(field);
        }
    }

    internal static Json Json(ArticleContent content) => new(JsonSerializer.SerializeToUtf8Bytes(content, ArticleQueries.Json));

    private static async Task<ArticleResult.Invalid?> CheckAsync(WorkflowRuntime runtime, ArticleContent content, CancellationToken cancel) =>
        await ArticleCheck.RunAsync(runtime, content, runtime.Clock.Now().InUtc().Date, cancel) is { Count: > 0 } errors
            ? new ArticleResult.Invalid(errors)
            : null;
}
