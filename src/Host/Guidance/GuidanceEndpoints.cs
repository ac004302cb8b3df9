using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using SavedAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Host.Guidance.ArticleSaved>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Guidance;

/// <summary>The API of guidance.</summary>
internal static class GuidanceEndpoints
{
    public static void MapGuidance(this WebApplication app)
    {
        var api = app.MapGroup("/api/guidance").WithTags("Guidance");
        api.MapGet("", ListAsync)
            .WithSummary("Lists articles, those that changed last first")
            .WithDescription("`team` is the key of a team, or `mine` for those you work in or lead.")
            .ProducesProblem(400);
        api.MapGet("/{id:guid}", GetAsync).WithSummary("Gets an article; its draft only for those who may write it").ProducesProblem(404);
        api.MapGet(
                "/{id:guid}/versions",
                async Task<Results<Ok<IReadOnlyList<ArticleVersion>>, ProblemHttpResult>> (
                    Guid id,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is null
                        ? Problems.NotFound("article", id)
                        : TypedResults.Ok(await ArticleQueries.VersionsAsync(runtime.Database, id, cancel))
            )
            .WithSummary("Lists the published versions of an article, newest first")
            .ProducesProblem(404);
        api.MapPost(
                "/preview",
                async (ArticlePreviewBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var (content, wrongPins) = (body.Article ?? new(null, null)).Read();
                    return TypedResults.Ok(await ArticlePreview.OfAsync(runtime, content, wrongPins, body.Case, me, cancel));
                }
            )
            .WithSummary("Shows what an article would look like, and what is wrong with it; saves nothing")
            .WithDescription("A letter or an email is filled with what you can see of `case`.");
        Writes(api.MapPost("", AddAsync).WithSummary("Adds an article, as a draft"));
        Writes(
            api.MapPut(
                    "/{id:guid}",
                    async Task<SavedAnswer> (Guid id, ChangeArticleBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    {
                        var (content, wrong) = (body.Article ?? new(null, null)).Read();
                        return wrong.Count > 0
                            ? Problems.Invalid(new() { ["pins"] = [.. wrong] })
                            : GuidanceAnswers.Of(await SaveArticle.ChangeAsync(runtime, id, body.Revision ?? 0, content, me, body.Note, cancel), id);
                    }
                )
                .WithSummary("Changes the draft of an article, or begins one")
                .WithDescription("A stale revision is a 409 that says who changed which fields, and what the article says now.")
        );
        foreach (var (verb, run, summary) in Verbs)
        {
            Writes(
                api.MapPost(
                        $"/{{id:guid}}/{verb}",
                        async Task<SavedAnswer> (Guid id, ArticleVerbBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                            GuidanceAnswers.Of(await run(runtime, id, body.Revision ?? 0, body.Note ?? "", me, cancel), id)
                    )
                    .WithSummary(summary)
            );
        }

        MapUse(api);
        app.MapGet("/api/tasks/{id:guid}/guidance", OfTaskAsync)
            .WithTags("Guidance")
            .WithSummary("Lists the guidance that fits a task: its step, the journey's version, its skills and the facts you can see")
            .ProducesProblem(404);
    }

    /// <summary>Verbs on an article, for the API and its page.</summary>
    internal static readonly IReadOnlyList<(
        string Name,
        Func<WorkflowRuntime, Guid, int, string, Person, CancellationToken, Task<ArticleResult>> Run,
        string Summary
    )> Verbs =
    [
        ("submit", (r, id, rev, _, me, c) => ReviewArticle.SubmitAsync(r, id, rev, me, c), "Asks a second person of the owning team to review the draft"),
        (
            "approve",
            (r, id, rev, _, me, c) => ReviewArticle.ApproveAsync(r, id, rev, me, c),
            "Approves the draft of others and publishes it as the next version"
        ),
        ("send-back", ReviewArticle.SendBackAsync, "Sends a draft in review back to its writers, with a note"),
        ("confirm", (r, id, rev, _, me, c) => ReviewArticle.ConfirmAsync(r, id, rev, me, c), "Says that the published version is still right"),
        ("discard", (r, id, rev, _, me, c) => ReviewArticle.DiscardAsync(r, id, rev, me, c), "Gives up the draft"),
        ("retire", (r, id, rev, _, me, c) => ReviewArticle.RetireAsync(r, id, rev, me, c), "Takes an article out of use"),
    ];

    private static void MapUse(RouteGroupBuilder api)
    {
        api.MapPost(
                "/{id:guid}/uses",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, UseBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    if (body.Use == GuidanceUse.Read)
                        return Problems.Invalid(new() { ["use"] = ["is counted when a customer opens a link"] });
                    if ((await ArticleQueries.FindAsync(runtime.Database, id, me, cancel))?.Version is null)
                        return Problems.NotFound("article", id);
                    await GuidanceUses.CountAsync(runtime.Database, [id], body.Use, body.Place, body.Clicks, runtime.Clock.Now(), cancel);
                    return TypedResults.NoContent();
                }
            )
            .WithSummary("Counts a use of an article")
            .ProducesProblem(404)
            .ProducesProblem(422);
        Writes(
            api.MapPost(
                    "/notes",
                    async Task<SavedAnswer> (NoteBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                        GuidanceAnswers.Of(await ReportGuidance.RunAsync(runtime, body.Read(), me, cancel), body.ArticleId ?? body.TaskId ?? Guid.Empty)
                )
                .WithSummary("Reports an article as out of date, asks what nothing answers, or proposes another text: a task of the owning team")
        );
        api.MapGet(
                "/notes",
                async (NoteKind? kind, bool? mine, bool? open, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(
                        await ReportGuidance.ListAsync(
                            runtime.Database,
                            mine == true ? null : Owned(me),
                            kind,
                            null,
                            mine == true ? me.UserName : null,
                            open == true,
                            cancel
                        )
                    )
            )
            .WithSummary("Lists what people said about the guidance of your teams, or what you said yourself, and what came of it");
        api.MapGet(
                "/figures",
                async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await GuidanceFigures.ReadAsync(runtime.Database, Owned(me), runtime.Clock.Now(), cancel))
            )
            .WithSummary("Gets how the guidance of your teams is used");
        Writes(
            api.MapPost(
                    "/{id:guid}/shares",
                    async Task<Results<Ok<ShareAnswer>, ProblemHttpResult>> (
                        Guid id,
                        HttpRequest request,
                        MailSettings mail,
                        WorkflowRuntime runtime,
                        Person me,
                        CancellationToken cancel
                    ) =>
                    {
                        var (result, share) = await ShareArticle.RunAsync(runtime, id, me, cancel);
                        return share is null ? GuidanceAnswers.Refused(result, id) : TypedResults.Ok(new ShareAnswer(share.Id, Url(request, mail, share)));
                    }
                )
                .WithSummary("Makes a link by which customers read an article")
        );
        api.MapGet(
                "/{id:guid}/shares",
                async Task<Results<Ok<IReadOnlyList<GuidanceShare>>, ProblemHttpResult>> (
                    Guid id,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is null
                        ? Problems.NotFound("article", id)
                        : TypedResults.Ok(await ShareArticle.ListAsync(runtime.Database, id, cancel))
            )
            .WithSummary("Lists the links of an article, newest first")
            .ProducesProblem(404);
        Writes(
            api.MapDelete(
                    "/{id:guid}/shares/{share:guid}",
                    async Task<SavedAnswer> (Guid id, Guid share, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                        GuidanceAnswers.Of(await ShareArticle.RevokeAsync(runtime, id, share, me, cancel), share)
                )
                .WithSummary("Ends a link")
        );
    }

    /// <summary>Address of a link: of the public site if one is configured, else of the request's.</summary>
    internal static string Url(HttpRequest request, MailSettings mail, GuidanceShare share) =>
        new Uri(mail.PublicUrl ?? new Uri($"{request.Scheme}://{request.Host}"), $"/g/{share.Code}").AbsoluteUri;

    /// <summary>Teams whose guidance someone looks after; null: all of them.</summary>
    internal static IReadOnlyList<string>? Owned(Person me) => me.Is(Roles.Administrator) ? null : [.. me.Teams.Union(me.Leads)];

    /// <summary>Teams of a filter: the key of one, or <c>mine</c>; null: all.</summary>
    internal static IReadOnlyList<string>? Teams(string? team, Person me) =>
        team switch
        {
            null or "" => null,
            "mine" => Owned(me),
            _ => [team],
        };

    private static RouteHandlerBuilder Writes(RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

    private static async Task<Results<Ok<Page<ArticleSummary>>, ProblemHttpResult>> ListAsync(
        ArticleFilter? show,
        string? team,
        string? cursor,
        int? limit,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        Problems.CheckPage(cursor, limit ?? 50, errors, out var before);
        return errors.Count > 0
            ? Problems.Invalid(errors, StatusCodes.Status400BadRequest)
            : TypedResults.Ok(
                await ArticleQueries.ListAsync(
                    runtime.Database,
                    show ?? ArticleFilter.Published,
                    Teams(team, me),
                    before,
                    limit ?? 50,
                    me,
                    runtime.Clock.Now(),
                    cancel
                )
            );
    }

    private static async Task<Results<Ok<ArticleDetails>, ProblemHttpResult>> GetAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is { } found ? TypedResults.Ok(found) : Problems.NotFound("article", id);

    private static async Task<Results<Created<ArticleSaved>, ProblemHttpResult>> AddAsync(
        AddArticleBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var (content, wrong) = (body.Article ?? new(null, null)).Read();
        if (wrong.Count > 0)
            return Problems.Invalid(new() { ["pins"] = [.. wrong] });
        var result = await SaveArticle.AddAsync(runtime, body.Team ?? "", content, me, cancel);
        return result is ArticleResult.Done done
            ? TypedResults.Created($"/api/guidance/{done.Id}", new ArticleSaved(done.Id, done.Revision))
            : GuidanceAnswers.Refused(result, body.Team ?? "");
    }

    private static async Task<Results<Ok<IReadOnlyList<GuidanceMatch>>, ProblemHttpResult>> OfTaskAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task
            ? Problems.NotFound("task", id)
            : TypedResults.Ok(
                await StepGuidance.FindAsync(
                    runtime,
                    new(task.Journey, task.DefinitionVersionId, task.StepId, task.RequiredSkills),
                    await FactQueries.OfCaseAsync(runtime, task.CaseId, me, cancel),
                    cancel
                )
            );
}
