using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Guidance;

/// <summary>An article that isn't saved.</summary>
/// <param name="Article">What it says.</param>
/// <param name="Case">Reference of the case that fills a letter or an email; none: its fields stay empty.</param>
public sealed record ArticlePreviewBody(ArticleBody? Article, string? Case = null);

/// <summary>An article as its readers would see it.</summary>
/// <param name="Html">Of an article, what its Markdown becomes; null: it is a letter or an email.</param>
/// <param name="Text">Of a letter or an email, its text filled with the case. What has no value is its name in square brackets.</param>
/// <param name="Missing">Names of what has no value.</param>
/// <param name="Errors">What is wrong, by field, as reasons that complete a sentence. Unknown fields of a letter name their line.</param>
public sealed record ArticlePreview(string? Html, string? Text, IReadOnlyList<string> Missing, IReadOnlyDictionary<string, string[]> Errors)
{
    private const int Suggested = 20;

    /// <summary>Renders what was typed. Letters get what the person can see of the case, and nothing else.</summary>
    internal static async Task<ArticlePreview> OfAsync(
        WorkflowRuntime runtime,
        ArticleContent content,
        IReadOnlyList<string> wrongPins,
        string? reference,
        Person me,
        CancellationToken cancel
    )
    {
        content = ArticleCheck.Tidy(content);
        var now = runtime.Clock.Now();
        var errors = new Dictionary<string, string[]>(await ArticleCheck.RunAsync(runtime, content, now.InUtc().Date, cancel));
        if (wrongPins.Count > 0)
            errors["pins"] = [.. wrongPins, .. errors.GetValueOrDefault("pins") ?? []];
        if (content.Kind == ArticleKind.Article)
            return new(MarkdownBody.TooDeep(content.Body) ? null : MarkdownBody.Html(content.Body), null, [], errors);
        var found = string.IsNullOrWhiteSpace(reference) ? null : await CaseQueries.FindAsync(runtime, reference.Trim(), me, cancel);
        if (found is null && !string.IsNullOrWhiteSpace(reference))
            errors["case"] = ["isn't the reference of a case that you can see"];
        if (found is not null && await SensitiveCustomers.GuardedAsync(runtime.Database, "case", found.Case.Id, null, me, now, cancel) is not null)
        {
            errors["case"] = ["is of a sensitive customer: open it and give a reason first"];
            found = null;
        }

        IReadOnlyList<CaseFact> facts = found is null ? [] : await FactQueries.OfCaseAsync(runtime, found.Case.Id, me, cancel);
        var subject = new LetterSubject(
            found?.Case.CustomerName,
            found?.Case.CustomerId,
            found?.Case.Reference,
            await LetterSubject.TitleOfAsync(runtime, me.Teams is [var team, ..] ? team : null, cancel)
        );
        var letter = Letter.Fill(content.Body, GuidanceReading.Values(subject, facts, me, content.Language, now), now);
        return new(null, letter.Text, letter.Missing, errors);
    }

    internal static Task<ArticlePreview> OfAsync(WorkflowRuntime runtime, ArticleForm form, Person me, CancellationToken cancel)
    {
        var (content, wrongPins) = form.Typed();
        return OfAsync(runtime, content, wrongPins, form["case"], me, cancel);
    }

    /// <summary>The newest cases that the person can see, to fill a letter with: of the journey it is pinned to, if it is.</summary>
    internal static async Task<IReadOnlyList<CaseSummary>> CasesAsync(WorkflowRuntime runtime, string pins, Person me, CancellationToken cancel)
    {
        var journey = pins.Split('\n').Select(line => Pin.TryParse(line, out var pin) ? pin.Journey : null).OfType<string>().FirstOrDefault();
        var filter = new CaseFilter { Journey = journey, Limit = Suggested };
        return (await CaseQueries.ListAsync(runtime.Database, filter, me, runtime.Clock.Now(), cancel)).Items;
    }
}
