using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Guidance;

/// <summary>What leads from a draft to a published version, and out of use again.</summary>
public static class ReviewArticle
{
    /// <summary>Days until the next check of an article that names no date.</summary>
    public const int UsualReviewDays = 180;

    private const int LongestNote = 1000;

    /// <summary>Asks for a second person.</summary>
    public static Task<ArticleResult> SubmitAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default) =>
        RunAsync(
            runtime,
            id,
            revision,
            actor,
            "guidance.submitted",
            article => article.State == ArticleState.Draft ? null : "There is no draft that could go to review.",
            (t, _) => t.Writes.Add("update guidance_article set draft_state = 'InReview' where id = $1", id),
            cancel
        );

    /// <summary>Publishes the draft as the next version. Four eyes: the person wrote none of it and belongs to the owning team.</summary>
    public static async Task<ArticleResult> ApproveAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default)
    {
        await using var t = await ArticleTransaction.OpenAsync(runtime, id, actor, cancel);
        if (await RefusalAsync(t, revision, cancel) is { } refused)
            return refused;
        var article = t.Before!;
        if (article is not { Draft: { } content, State: ArticleState.InReview })
            return new ArticleResult.Refused("The draft isn't in review.");
        if (ArticleAccess.WhyNotApprove(actor, article) is { } reason)
            return new ArticleResult.Forbidden(reason);

        // Journeys, facts and other articles may have changed since it was written.
        var today = t.Now.InUtc().Date;
        if (await ArticleCheck.RunAsync(runtime, content, today, cancel) is { Count: > 0 } errors)
            return new ArticleResult.Invalid(errors);
        var version = (article.Version ?? 0) + 1;
        var due = content.ReviewOn ?? today.PlusDays(UsualReviewDays).ToDateOnly();
        t.Writes.Add(
            """
            insert into guidance_version (article_id, number, content, written_by, approved_by, published_at)
                select id, $2, draft, writers, $3, $4 from guidance_article where id = $1
            """,
            id,
            version,
            actor.UserName,
            t.Now
        );
        t.Writes.Add(
            """
            update guidance_article set version = $2, published_at = $3, draft = null, draft_state = null, writers = '{}', review_note = null, title = $4,
                kind = $5, audience = $6, language = $7, rules = $8, review_on = $9, revision = revision + 1, changed_by = $10, changed_at = $3 where id = $1
            """,
            id,
            version,
            t.Now,
            content.Title,
            content.Kind.ToString(),
            content.Audience.ToString(),
            content.Language,
            content.Rules.ToArray(),
            due,
            actor.UserName
        );
        t.Writes.Add("delete from guidance_pin where article_id = $1", id);
        t.Writes.Add(
            """
            insert into guidance_pin (article_id, place, journey, version, step, field, outcome, skill)
                select $1, place, journey, version, step, field, outcome, skill
                from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[]) with ordinality
                    p(journey, version, step, field, outcome, skill, place)
            """,
            id,
            content.Pins.Select(pin => pin.Journey).ToArray(),
            content.Pins.Select(pin => pin.Version).ToArray(),
            content.Pins.Select(pin => pin.Step).ToArray(),
            content.Pins.Select(pin => pin.Field).ToArray(),
            content.Pins.Select(pin => pin.Outcome).ToArray(),
            content.Pins.Select(pin => pin.Skill).ToArray()
        );
        if (content.Audience == ArticleAudience.Internal)
            t.Writes.Add(ShareArticle.RevokeAll, id, actor.UserName, t.Now);
        ArticleWords.Keep(t.Writes, id, content);
        t.Record(
            "guidance.published",
            article.Revision + 1,
            new
            {
                title = content.Title,
                version,
                writers = article.Writers,
            }
        );
        await t.CommitAsync(cancel);
        return new ArticleResult.Done(id, article.Revision + 1);
    }

    /// <summary>Sends the draft back to its writers, with the reason.</summary>
    public static async Task<ArticleResult> SendBackAsync(
        WorkflowRuntime runtime,
        Guid id,
        int revision,
        string note,
        Person actor,
        CancellationToken cancel = default
    )
    {
        note = note.Trim().ReplaceLineEndings("\n");
        if ((note.Length == 0 ? "is required" : Customers.CustomerRules.Unfit(note, LongestNote, lines: true)) is { } wrong)
            return new ArticleResult.Invalid(new Dictionary<string, string[]> { ["note"] = [wrong] });
        return await RunAsync(
            runtime,
            id,
            revision,
            actor,
            "guidance.sent-back",
            article => article.State == ArticleState.InReview ? null : "The draft isn't in review.",
            (t, _) => t.Writes.Add("update guidance_article set draft_state = 'Draft', review_note = $2 where id = $1", id, note),
            cancel,
            note
        );
    }

    /// <summary>Says that what is published is still right, and when someone has to check it next.</summary>
    public static Task<ArticleResult> ConfirmAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default) =>
        RunAsync(
            runtime,
            id,
            revision,
            actor,
            "guidance.confirmed",
            article => article.Version is not null ? null : "The article isn't published.",
            (t, _) => t.Writes.Add("update guidance_article set review_on = $2 where id = $1", id, t.Now.InUtc().Date.PlusDays(UsualReviewDays).ToDateOnly()),
            cancel
        );

    /// <summary>Gives up the draft. An article that was never published is taken out of use with it.</summary>
    public static Task<ArticleResult> DiscardAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default) =>
        RunAsync(
            runtime,
            id,
            revision,
            actor,
            "guidance.discarded",
            article => article.Draft is not null ? null : "There is no draft.",
            (t, article) =>
            {
                if (article.Version is null)
                    t.Writes.Add("update guidance_article set retired_at = $2 where id = $1", id, t.Now);
                else
                    t.Writes.Add("update guidance_article set draft = null, draft_state = null, writers = '{}', review_note = null where id = $1", id);
            },
            cancel
        );

    /// <summary>Takes the article out of use: it is shown and found nowhere any more, its links end, and its versions stay readable.</summary>
    public static Task<ArticleResult> RetireAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default) =>
        RunAsync(
            runtime,
            id,
            revision,
            actor,
            "guidance.retired",
            _ => null,
            (t, _) =>
            {
                t.Writes.Add("update guidance_article set retired_at = $2 where id = $1", id, t.Now);
                t.Writes.Add(ShareArticle.RevokeAll, id, actor.UserName, t.Now);
            },
            cancel
        );

    /// <summary>Why the person can't change the article of the transaction now; null: they can.</summary>
    internal static async Task<ArticleResult?> RefusalAsync(ArticleTransaction t, int revision, CancellationToken cancel)
    {
        if (t.Before is not { } article)
            return new ArticleResult.NotFound();
        if (!ArticleAccess.Writes(t.Actor, article.Team))
            return article.Version is null
                ? new ArticleResult.NotFound()
                : new ArticleResult.Forbidden($"{article.TeamTitle} owns this article. Propose a change instead.");
        if (revision != article.Revision)
        {
            var (by, fields) = await ArticleQueries.ChangesSinceAsync(t.Connection, t.Id, revision, cancel);
            return new ArticleResult.Stale(article, by, fields);
        }

        return article.RetiredAt is null ? null : new ArticleResult.Refused("The article was taken out of use.");
    }

    private static async Task<ArticleResult> RunAsync(
        WorkflowRuntime runtime,
        Guid id,
        int revision,
        Person actor,
        string action,
        Func<ArticleDetails, string?> whyNot,
        Action<ArticleTransaction, ArticleDetails> write,
        CancellationToken cancel,
        string? reason = null
    )
    {
        await using var t = await ArticleTransaction.OpenAsync(runtime, id, actor, cancel);
        if (await RefusalAsync(t, revision, cancel) is { } refused)
            return refused;
        var article = t.Before!;
        if (whyNot(article) is { } problem)
            return new ArticleResult.Refused(problem);
        write(t, article);
        t.Writes.Add("update guidance_article set revision = revision + 1, changed_by = $2, changed_at = $3 where id = $1", id, actor.UserName, t.Now);
        t.Record(action, article.Revision + 1, new { title = article.Newest.Title, reason });
        await t.CommitAsync(cancel);
        return new ArticleResult.Done(id, article.Revision + 1);
    }
}
