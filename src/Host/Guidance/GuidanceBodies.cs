using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.Guidance;

namespace Orchestration.Host.Guidance;

/// <summary>What an article says and where it is shown.</summary>
/// <param name="Title">One line, at most 200 characters.</param>
/// <param name="Body">Markdown, without HTML and pictures; of a letter or an email, plain text with Liquid. At most 40,000 characters.</param>
/// <param name="Kind">Article, Letter or Email. Default: Article.</param>
/// <param name="Audience">Internal or Customer. Default: Internal.</param>
/// <param name="Language">Tag such as en or pt-BR. Default: en.</param>
/// <param name="Rules">Conditions on facts of the case, all of which must hold, such as <c>claimedAmount &gt;= 10000</c>.</param>
/// <param name="Pins">Where it is shown: claims, claims/assess, claims/assess@3, claims/assess#amount, claims/decide=Decline, skill:fraud.</param>
/// <param name="ReviewOn">When someone has to check it again.</param>
public sealed record ArticleBody(
    string? Title,
    string? Body,
    ArticleKind Kind = ArticleKind.Article,
    ArticleAudience Audience = ArticleAudience.Internal,
    string? Language = null,
    IReadOnlyList<string>? Rules = null,
    IReadOnlyList<string>? Pins = null,
    DateOnly? ReviewOn = null
)
{
    /// <summary>The content, with the places that aren't any.</summary>
    internal (ArticleContent Content, IReadOnlyList<string> Wrong) Read()
    {
        var (pins, wrong) = (new List<Pin>(), new List<string>());
        foreach (var text in (Pins ?? []).OfType<string>().Where(text => text.Trim().Length > 0))
        {
            if (Pin.TryParse(text, out var pin))
                pins.Add(pin);
            else
                wrong.Add($"“{(text.Length > 80 ? text[..80] + "…" : text)}” isn't a place such as claims/assess or skill:fraud");
        }

        return (
            new(Title ?? "", Body ?? "")
            {
                Kind = Kind,
                Audience = Audience,
                Language = string.IsNullOrWhiteSpace(Language) ? "en" : Language,
                Rules = [.. (Rules ?? []).OfType<string>()],
                Pins = pins,
                ReviewOn = ReviewOn,
            },
            wrong
        );
    }
}

/// <summary>An article to add.</summary>
/// <param name="Team">Key of the team that owns it: one you work in or lead.</param>
/// <param name="Article">What it says.</param>
public sealed record AddArticleBody(string? Team, ArticleBody? Article);

/// <summary>What the draft of an article becomes.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="Article">All of it.</param>
/// <param name="Note">Id of the proposal whose text you used.</param>
public sealed record ChangeArticleBody(int? Revision, ArticleBody? Article, Guid? Note = null);

/// <summary>A step in the life of an article.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="Note">When you send a draft back: why.</param>
public sealed record ArticleVerbBody(int? Revision, string? Note = null);

/// <summary>A use to count.</summary>
/// <param name="Use">Shown, Opened, Copied, Sent, Shared or Helped.</param>
/// <param name="Clicks">Clicks it took to get there.</param>
/// <param name="Place">Task, Customer or Page: beside a task, on the page of a customer, or from the search and lists.</param>
public sealed record UseBody(GuidanceUse Use, int Clicks = 0, GuidancePlace Place = GuidancePlace.Task);

/// <summary>Something to say about guidance.</summary>
/// <param name="Kind">OutOfDate, NoAnswer or Proposal.</param>
/// <param name="Body">What to say or ask: at most 4000 characters.</param>
/// <param name="ArticleId">The article; none for a question.</param>
/// <param name="Suggested">Of a proposal, the text that you propose instead.</param>
/// <param name="TaskId">The task at which it came up.</param>
/// <param name="Team">Who should answer a question. Default: who owns what is pinned to the journey of the task, else the team of the task.</param>
public sealed record NoteBody(NoteKind Kind, string? Body, Guid? ArticleId = null, string? Suggested = null, Guid? TaskId = null, string? Team = null)
{
    internal NoteRequest Read() => new(Kind, Body ?? "", ArticleId, Suggested, TaskId, Team);
}

/// <summary>Which revision an article has now.</summary>
public sealed record ArticleSaved(Guid Id, int Revision);

/// <summary>A link for customers.</summary>
/// <param name="Id">Its id, by which it can be ended.</param>
/// <param name="Url">Its address.</param>
public sealed record ShareAnswer(Guid Id, string Url);

/// <summary>Results as answers.</summary>
internal static class GuidanceAnswers
{
    public static Results<Ok<ArticleSaved>, ProblemHttpResult> Of(ArticleResult result, object asked) =>
        result is ArticleResult.Done done ? TypedResults.Ok(new ArticleSaved(done.Id, done.Revision)) : Refused(result, asked);

    public static ProblemHttpResult Refused(ArticleResult result, object asked) =>
        result switch
        {
            ArticleResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
            ArticleResult.Forbidden forbidden => Problems.Of(403, "forbidden", "You can't do this", forbidden.Reason),
            ArticleResult.Refused refused => Problems.Of(409, "refused", "The article can't be changed like this", refused.Reason),
            ArticleResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                "The article has changed",
                Told(stale),
                ("revision", stale.Current.Revision),
                ("changedBy", stale.By),
                ("changed", stale.Fields),
                ("current", stale.Current.Newest)
            ),
            _ => Problems.NotFound("article", asked),
        };

    /// <summary>What changed meanwhile, as a sentence.</summary>
    public static string Told(ArticleResult.Stale stale)
    {
        var who = stale.By.Count == 0 ? "Someone" : string.Join(" and ", stale.By);
        var what = stale.Fields.Count == 0 ? "this article" : string.Join(", ", stale.Fields.Select(ArticleForm.Label)).ToLowerInvariant();
        return $"{who} changed {what} since you opened it. It is now at revision {stale.Current.Revision}.";
    }

    public static string Address(Guid article) => $"/guidance/{Ids.Text(article)}";
}
