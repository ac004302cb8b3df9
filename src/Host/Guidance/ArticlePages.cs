using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Guidance;

/// <summary>The data of the list of articles.</summary>
/// <param name="Q">What is looked for; or empty.</param>
/// <param name="Show">Which articles.</param>
/// <param name="Page">What was found.</param>
public sealed record ArticleListView(string Q, ArticleFilter Show, Page<ArticleSummary> Page)
{
    /// <summary>Key of a team; null: all.</summary>
    public string? Team { get; init; }
    public IReadOnlyList<Team> Teams { get; init; } = [];
}

/// <summary>What the page of an article shows.</summary>
public sealed record ArticleView(ArticleDetails Article, Person Me)
{
    public required NodaTime.Instant Now { get; init; }
    public required IReadOnlyList<ArticleVersion> Versions { get; init; }
    public required IReadOnlyList<GuidanceShare> Shares { get; init; }

    /// <summary>What people said about it, if the reader owns it.</summary>
    public required IReadOnlyList<GuidanceNote> Notes { get; init; }
    public required IReadOnlyDictionary<string, string> Names { get; init; }

    /// <summary>Journeys and steps, by their place.</summary>
    public required IReadOnlyList<(string Group, string Title, string Pin)> Places { get; init; }
    public string? Told { get; init; }
    public string? Refused { get; init; }
    public bool Writes => ArticleAccess.Writes(Me, Article.Team);

    /// <summary>A place in words: the step as the journey calls it.</summary>
    public string PlaceName(Pin pin)
    {
        if (pin.Skill is { } skill)
            return $"Skill: {Words.Humanize(skill)}";
        var (group, title, _) = Places.FirstOrDefault(place => place.Pin == (pin.Step is null ? pin.Journey : $"{pin.Journey}/{pin.Step}"));
        var more = pin.Field ?? pin.Outcome;
        return (
                group is null ? pin.ToString()
                : pin.Step is null ? $"{group}: every step"
                : title
            )
            + (more is null || group is null ? "" : $": {Words.Humanize(more)}")
            + (pin.Version is { } version && group is not null ? $" (version {version})" : "");
    }

    /// <summary>An earlier version instead of the newest.</summary>
    public ArticleVersion? Version { get; init; }
}

/// <summary>Pages on which articles are found, read, written and reviewed.</summary>
internal static class ArticlePages
{
    private const int PageSize = 50;

    public static void MapGuidancePages(this WebApplication app)
    {
        var pages = app.MapGroup("/guidance").ExcludeFromDescription();
        pages.MapGet("", ListAsync);
        pages.MapGet("/notes", NotesAsync);
        pages.MapGet(
            "/figures",
            async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new GuidanceFiguresPage
                    {
                        Figures = await GuidanceFigures.ReadAsync(runtime.Database, GuidanceEndpoints.Owned(me), runtime.Clock.Now(), cancel),
                        Me = me,
                    }
                )
        );
        pages.MapGet(
            "/figures/{use}",
            async (GuidanceUse use, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new GuidanceUsePage
                    {
                        Use = use,
                        Used = await GuidanceFigures.OfUseAsync(runtime.Database, use, GuidanceEndpoints.Owned(me), runtime.Clock.Now(), cancel),
                    }
                )
        );
        pages.MapGet(
            "/new",
            async (string? body, string? pins, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await FormAsync(
                    runtime,
                    new(null, 0, new Dictionary<string, string> { ["title"] = (body ?? "")[..Math.Min(200, (body ?? "").Length)], ["pins"] = pins ?? "" }),
                    me,
                    StatusCodes.Status200OK,
                    cancel
                )
        );
        pages.MapPost("/preview", PreviewAsync);
        pages.MapPost("/new", (HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) => SaveAsync(null, http, runtime, me, cancel));
        pages.MapGet(
            "/{id:guid}",
            (Guid id, string? told, WorkflowRuntime r, Person me, CancellationToken c) => ArticleAsync(r, id, null, me, told, null, 200, c)
        );
        pages.MapGet(
            "/{id:guid}/versions/{number:int}",
            (Guid id, int number, WorkflowRuntime r, Person me, CancellationToken c) => ArticleAsync(r, id, number, me, null, null, 200, c)
        );
        pages.MapGet("/{id:guid}/edit", EditAsync);
        pages.MapPost(
            "/{id:guid}/edit",
            (Guid id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) => SaveAsync(id, http, runtime, me, cancel)
        );
        foreach (var (verb, run, _) in GuidanceEndpoints.Verbs)
        {
            pages.MapPost(
                $"/{{id:guid}}/{verb}",
                async (Guid id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var form = await http.Request.ReadFormAsync(cancel);
                    _ = int.TryParse(form["revision"], out var revision);
                    return await AnswerAsync(runtime, id, me, verb, await run(runtime, id, revision, form["note"].ToString(), me, cancel), cancel);
                }
            );
        }

        pages.MapPost(
            "/{id:guid}/shares/{share:guid}/end",
            async (Guid id, Guid share, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(runtime, id, me, "unshared", await ShareArticle.RevokeAsync(runtime, id, share, me, cancel), cancel)
        );
    }

    private static async Task<IResult> ListAsync(
        string? q,
        ArticleFilter? show,
        string? team,
        string? cursor,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var filter = show ?? ArticleFilter.Published;
        Cursor.TryRead(cursor, out var before);
        var query = SearchQuery.Parse(q);
        var now = runtime.Clock.Now();
        Page<ArticleSummary> page;
        if (query.Words.Count > 0)
        {
            page = new(await FindArticles.FindAsync(runtime.Database, query.Words, PageSize, cancel), null);
            if (page.Items.Count == 0)
                await GuidanceUses.MissAsync(runtime.Database, q!, now, cancel);
        }
        else
            page = await ArticleQueries.ListAsync(runtime.Database, filter, GuidanceEndpoints.Teams(team, me), before, PageSize, me, now, cancel);
        return Html.Page(
            new GuidanceListPage
            {
                View = new(q ?? "", filter, page) { Team = team, Teams = await TeamQueries.ListAsync(runtime.Database, cancel) },
                Me = me,
                Today = now.InUtc().Date,
            }
        );
    }

    private static async Task<IResult> NotesAsync(
        NoteKind? kind,
        bool? mine,
        bool? all,
        string? by,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var isMine = mine == true || GuidanceEndpoints.Owned(me) is { Count: 0 };
        return Html.Page(
            new GuidanceNotesPage
            {
                Kind = kind,
                IsMine = isMine,
                IsAll = all == true,
                By = isMine ? null : by,
                Notes = await ReportGuidance.ListAsync(
                    runtime.Database,
                    isMine ? null : GuidanceEndpoints.Owned(me),
                    kind,
                    null,
                    isMine ? me.UserName : by,
                    isOpen: all != true && !isMine,
                    cancel
                ),
            }
        );
    }

    private static async Task<IResult> ArticleAsync(
        WorkflowRuntime runtime,
        Guid id,
        int? number,
        Person me,
        string? told,
        string? refused,
        int status,
        CancellationToken cancel
    )
    {
        if (await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is not { } article)
            return Results.NotFound();
        var versions = await ArticleQueries.VersionsAsync(runtime.Database, id, cancel);
        var version = number is { } n ? versions.FirstOrDefault(v => v.Number == n) : null;
        if (number is not null && version is null)
            return Results.NotFound();
        var isOwner = ArticleAccess.Writes(me, article.Team);
        // One click, from the search or a list. What follows a form isn't another reading.
        if (version is null && told is null && refused is null && article is { Version: not null, RetiredAt: null })
            await GuidanceUses.CountAsync(runtime.Database, [id], GuidanceUse.Opened, GuidancePlace.Page, 1, runtime.Clock.Now(), cancel);
        return Html.Page(
            new ArticlePage
            {
                View = new(article, me)
                {
                    Now = runtime.Clock.Now(),
                    Versions = versions,
                    Version = version,
                    Shares = await ShareArticle.ListAsync(runtime.Database, id, cancel),
                    Notes = isOwner ? await ReportGuidance.ListAsync(runtime.Database, null, null, id, null, isOpen: true, cancel) : [],
                    Names = await TeamQueries.NamesAsync(runtime.Database, [.. article.Writers, article.ChangedBy], cancel),
                    Places = await PlacesAsync(runtime.Definitions, cancel),
                    Told = told switch
                    {
                        "saved" => "Draft saved",
                        "submit" => "Sent to review. Someone else on the team can approve it.",
                        "approve" => "Published",
                        "send-back" => "Sent back to the writers",
                        "confirm" => "Confirmed as still right",
                        "discard" => "Draft discarded",
                        "retire" => "Taken out of use",
                        "unshared" => "The link no longer works",
                        "sent" => "Recorded as sent to the customer",
                        "noted" => "Sent to the owning team as a task. Thank you.",
                        _ => null,
                    },
                    Refused = refused,
                },
            },
            status
        );
    }

    internal static async Task<IResult> AnswerAsync(WorkflowRuntime runtime, Guid id, Person me, string told, ArticleResult result, CancellationToken cancel) =>
        result switch
        {
            ArticleResult.Done => Results.LocalRedirect($"{GuidanceAnswers.Address(id)}?told={told}"),
            ArticleResult.Stale stale => await ArticleAsync(
                runtime,
                id,
                null,
                me,
                null,
                $"{GuidanceAnswers.Told(stale)} Review it and try again.",
                StatusCodes.Status409Conflict,
                cancel
            ),
            ArticleResult.Refused refused => await ArticleAsync(runtime, id, null, me, null, refused.Reason, StatusCodes.Status409Conflict, cancel),
            ArticleResult.Forbidden forbidden => await ArticleAsync(runtime, id, null, me, null, forbidden.Reason, StatusCodes.Status403Forbidden, cancel),
            ArticleResult.Invalid invalid => await ArticleAsync(
                runtime,
                id,
                null,
                me,
                null,
                string.Join(" ", invalid.Errors.Select(e => $"{ArticleForm.Label(e.Key)} {string.Join("; ", e.Value)}.")),
                StatusCodes.Status422UnprocessableEntity,
                cancel
            ),
            _ => Results.NotFound(),
        };

    private static async Task<IResult> EditAsync(Guid id, Guid? note, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (await ArticleQueries.FindAsync(runtime.Database, id, me, cancel) is not { } article || !ArticleAccess.Writes(me, article.Team))
            return Results.NotFound();
        var form = ArticleForm.Of(article);
        if (note is { } used && await ReportGuidance.FindAsync(runtime.Database, used, cancel) is { Suggested: { } text } found && found.ArticleId == id)
            form = form with
            {
                Fields = new Dictionary<string, string>(form.Fields) { ["body"] = text, ["note"] = Ids.Text(used) },
            };
        return await FormAsync(runtime, form, me, StatusCodes.Status200OK, cancel);
    }

    private static async Task<IResult> PreviewAsync(HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var posted = await http.Request.ReadFormAsync(cancel);
        var form = new ArticleForm(null, 0, ArticleForm.Names.ToDictionary(name => name, name => posted[name].ToString()));
        return Html.Page(new ArticlePreviewPart { Preview = await ArticlePreview.OfAsync(runtime, form, me, cancel), Form = form });
    }

    private static async Task<IResult> SaveAsync(Guid? id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var posted = await http.Request.ReadFormAsync(cancel);
        _ = int.TryParse(posted["revision"], out var revision);
        var form = new ArticleForm(id, revision, ArticleForm.Names.ToDictionary(name => name, name => posted[name].ToString()));
        if (posted["then"] == "preview")
            return await FormAsync(
                runtime,
                form with
                {
                    Preview = await ArticlePreview.OfAsync(runtime, form, me, cancel),
                },
                me,
                StatusCodes.Status200OK,
                cancel
            );
        var (content, errors) = form.Read();
        if (errors.Count > 0)
            return await FormAsync(runtime, form with { Errors = errors }, me, StatusCodes.Status422UnprocessableEntity, cancel);
        Guid? note = Guid.TryParse(form["note"], out var used) ? used : null;
        var result = id is { } known
            ? await SaveArticle.ChangeAsync(runtime, known, revision, content, me, note, cancel)
            : await SaveArticle.AddAsync(runtime, form["team"], content, me, cancel);
        if (result is ArticleResult.Done { Id: var saved, Revision: var at })
        {
            // One button saves, the other one sends to review as well.
            if (posted["then"] == "submit" && await ReviewArticle.SubmitAsync(runtime, saved, at, me, cancel) is ArticleResult.Done)
                return Results.LocalRedirect($"{GuidanceAnswers.Address(saved)}?told=submit");
            return Results.LocalRedirect($"{GuidanceAnswers.Address(saved)}?told=saved");
        }

        return result switch
        {
            ArticleResult.Invalid invalid => await FormAsync(
                runtime,
                form with
                {
                    Errors = invalid.Errors.ToDictionary(e => e.Key, e => string.Join("; ", e.Value)),
                },
                me,
                StatusCodes.Status422UnprocessableEntity,
                cancel
            ),
            ArticleResult.Stale stale => await FormAsync(
                runtime,
                form with
                {
                    Stale = stale,
                    Revision = stale.Current.Revision,
                },
                me,
                StatusCodes.Status409Conflict,
                cancel
            ),
            ArticleResult.Refused refused => await FormAsync(runtime, form with { Problem = refused.Reason }, me, StatusCodes.Status409Conflict, cancel),
            ArticleResult.Forbidden forbidden => await FormAsync(runtime, form with { Problem = forbidden.Reason }, me, StatusCodes.Status403Forbidden, cancel),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> FormAsync(WorkflowRuntime runtime, ArticleForm form, Person me, int status, CancellationToken cancel)
    {
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).Where(team => !team.IsRetired && ArticleAccess.Writes(me, team.Key)).ToList();
        return Html.Page(
            new ArticleEditPage
            {
                Form = form with
                {
                    Teams = teams,
                    Places = await PlacesAsync(runtime.Definitions, cancel),
                    Cases = await ArticlePreview.CasesAsync(runtime, form["pins"], me, cancel),
                },
            },
            status
        );
    }

    /// <summary>The journeys with their steps, as places to choose from.</summary>
    private static async Task<IReadOnlyList<(string Group, string Title, string Pin)>> PlacesAsync(DefinitionStore definitions, CancellationToken cancel)
    {
        var places = new List<(string, string, string)>();
        foreach (var journey in await JourneyQueries.ListAsync(definitions, cancel))
        {
            places.Add((journey.Name, "Every step", journey.Id));
            if (await definitions.FindPublishedAsync(journey.Id, cancel) is { } workflow)
                places.AddRange(
                    workflow
                        .Nodes.Where(node => node.Type.Outputs.Any(output => output.Name == "Data"))
                        .Select(node => (journey.Name, Cases.Timeline.StepName(workflow, node.Id), $"{journey.Id}/{node.Id}"))
                );
        }

        return places;
    }
}
