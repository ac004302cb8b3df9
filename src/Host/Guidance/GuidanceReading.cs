using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Facts;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Guidance;

/// <summary>An article that is open beside someone's work.</summary>
/// <param name="Article">The article.</param>
/// <param name="Letter">Of a letter or an email, its text filled with the case.</param>
/// <param name="TaskId">The task it is open at, or null.</param>
/// <param name="MaySend">Whether sending it can be recorded as a contact with the customer of the case.</param>
public sealed record OpenArticle(ArticleDetails Article, FilledLetter? Letter, Guid? TaskId, bool MaySend);

/// <summary>The guidance beside a task.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Matches">What fits.</param>
/// <param name="Open">The article that is open at once; null: there are several, or none.</param>
/// <param name="Note">What was said about guidance, if that is what the task is about.</param>
public sealed record GuidanceView(Guid TaskId, IReadOnlyList<GuidanceMatch> Matches, OpenArticle? Open, GuidanceNote? Note)
{
    /// <summary>The article that the task is about, if it is about guidance itself.</summary>
    public (Guid Id, string Title)? About { get; init; }

    /// <summary>What is about fields of the form, by field.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<GuidanceMatch>> OfFields { get; } =
        Matches
            .SelectMany(m => m.Fields, (match, field) => (field, match))
            .GroupBy(f => f.field)
            .ToDictionary(g => g.Key, IReadOnlyList<GuidanceMatch> (g) => [.. g.Select(f => f.match)]);

    /// <summary>Reads what fits a task, with one article open if it is the only one for the step.</summary>
    /// <param name="facts">Facts of the case that the person can see.</param>
    public static async Task<GuidanceView> OfAsync(WorkflowRuntime runtime, TaskDetail task, IReadOnlyList<CaseFact> facts, Person me, CancellationToken cancel)
    {
        var step = new GuidedStep(task.Journey, task.DefinitionVersionId, task.StepId, task.RequiredSkills);
        var matches = await StepGuidance.FindAsync(runtime, step, facts, cancel);
        var first =
            matches.Count == 1 ? matches[0]
            : matches.Count(m => m is { IsOfStep: true, Kind: ArticleKind.Article }) == 1
                ? matches.First(m => m is { IsOfStep: true, Kind: ArticleKind.Article })
            : null;
        var isOfGuidance = task.Journey == ReportGuidance.Journey;
        var note = isOfGuidance ? await ReportGuidance.OfInstanceAsync(runtime.Database, task.CaseId, cancel) : null;
        return new(task.Id, matches, first is null ? null : await GuidanceReading.OpenAsync(runtime, first.Id, task, facts, me, cancel), note)
        {
            About =
                note is { ArticleId: { } id, ArticleTitle: { } title } ? (id, title)
                : isOfGuidance && note is null ? await ArticleTasks.OfInstanceAsync(runtime.Database, task.CaseId, cancel)
                : null,
        };
    }
}

/// <summary>Opens articles as people read them: letters filled with what the reader may see of the case, and nothing else.</summary>
internal static class GuidanceReading
{
    /// <summary>A published article; null if there is none, or the task isn't one the person can see.</summary>
    public static async Task<OpenArticle?> OpenAsync(WorkflowRuntime runtime, Guid id, Guid? task, Person me, CancellationToken cancel)
    {
        if (task is not { } known)
            return await OpenAsync(runtime, id, null, [], me, cancel);

        // A letter says what is in the case: of a sensitive customer, the task's page asks for a reason first.
        if (await SensitiveCustomers.GuardedAsync(runtime.Database, "task", known, null, me, runtime.Clock.Now(), cancel) is not null)
            return null;
        return await TaskDetail.FindAsync(runtime, known, me, cancel) is { } found
            ? await OpenAsync(runtime, id, found, await FactQueries.OfCaseAsync(runtime, found.CaseId, me, cancel), me, cancel)
            : null;
    }

    /// <summary>The same, of a task and facts that are already read.</summary>
    public static async Task<OpenArticle?> OpenAsync(
        WorkflowRuntime runtime,
        Guid id,
        TaskDetail? task,
        IReadOnlyList<CaseFact> facts,
        Person me,
        CancellationToken cancel
    )
    {
        if (await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is not { Published: { } text, RetiredAt: null } article)
            return null;
        var now = runtime.Clock.Now();
        var isLetter = text.Kind != ArticleKind.Article;
        return new(
            article,
            isLetter ? Letter.Fill(text.Body, Values(await LetterSubject.OfAsync(runtime, task, cancel), facts, me, text.Language, now), now) : null,
            task?.Id,
            isLetter && task is { CustomerId: not null, IsTest: false } && me.May(Permissions.StartCases)
        );
    }

    /// <summary>What a letter can use: the facts, and who writes to whom about what.</summary>
    internal static Dictionary<string, string> Values(LetterSubject? of, IReadOnlyList<CaseFact> facts, Person me, string language, Instant now)
    {
        var values = facts.Where(fact => fact.Value is not null).ToDictionary(fact => fact.Name, FactText.Shown);
        values["customerName"] = of?.CustomerName ?? "";
        values["customerNumber"] = of?.CustomerNumber ?? "";
        values["reference"] = of?.Reference ?? "";
        values["today"] = OwnViewText.DayIn(language, now.InUtc().Date);
        values["myName"] = me.DisplayName;
        values["myTeam"] = of?.Team ?? "";
        return values;
    }
}

/// <summary>What a letter is about.</summary>
/// <param name="Team">Title of the team that writes it.</param>
internal sealed record LetterSubject(string? CustomerName, string? CustomerNumber, string? Reference, string? Team)
{
    public static async Task<LetterSubject?> OfAsync(WorkflowRuntime runtime, TaskDetail? task, CancellationToken cancel) =>
        task is null ? null : new(task.CustomerName, task.CustomerId, task.Reference, await TitleOfAsync(runtime, task.Team, cancel));

    /// <summary>What a team is called.</summary>
    public static async Task<string?> TitleOfAsync(WorkflowRuntime runtime, string? team, CancellationToken cancel) =>
        team is null ? null : (await TeamQueries.ListAsync(runtime.Database, cancel)).FirstOrDefault(one => one.Key == team)?.Title ?? team;
}
