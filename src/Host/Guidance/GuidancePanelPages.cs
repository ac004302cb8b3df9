using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Guidance.Sharing;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Guidance;

/// <summary>What a running case of a customer can be told about.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="TaskId">The task of the step, if the person can see it.</param>
/// <param name="Step">What the step is called.</param>
/// <param name="Matches">What fits.</param>
public sealed record CustomerGuidanceStep(Guid CaseId, string Reference, Guid TaskId, string Step, IReadOnlyList<GuidanceMatch> Matches);

/// <summary>Guidance beside people's work, in parts of pages; and the page that customers read.</summary>
internal static class GuidancePanelPages
{
    private const int MostFound = 8;
    private const int MostSteps = 4;

    public static void MapGuidancePanel(this WebApplication app)
    {
        var pages = app.MapGroup("/guidance").ExcludeFromDescription();
        pages.MapPost(
            "/shown",
            async (
                [FromForm] string? ids,
                [FromForm] string? open,
                [FromForm] GuidancePlace? place,
                WorkflowRuntime runtime,
                Person me,
                CancellationToken cancel
            ) =>
            {
                var now = runtime.Clock.Now();
                await GuidanceUses.CountAsync(runtime.Database, IdsOf(ids), GuidanceUse.Shown, place ?? default, 0, now, cancel);
                await GuidanceUses.CountAsync(runtime.Database, IdsOf(open), GuidanceUse.Opened, place ?? default, 0, now, cancel);
                return Results.NoContent();
            }
        );
        pages.MapGet("/find", FindAsync);
        pages.MapGet(
            "/{id:guid}/read",
            async (Guid id, Guid? task, int? clicks, GuidancePlace? place, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                if (await GuidanceReading.OpenAsync(runtime, id, task, me, cancel) is not { } open)
                    return Results.NotFound();
                await GuidanceUses.CountAsync(runtime.Database, [id], GuidanceUse.Opened, place ?? default, clicks ?? 1, runtime.Clock.Now(), cancel);
                return Html.Page(new OpenArticlePart { Open = open, Place = place ?? default });
            }
        );
        pages.MapPost(
            "/{id:guid}/uses",
            async (
                Guid id,
                [FromForm] GuidanceUse use,
                [FromForm] int? clicks,
                [FromForm] GuidancePlace? place,
                HttpRequest request,
                WorkflowRuntime runtime,
                Person me,
                CancellationToken cancel
            ) =>
            {
                if (
                    use is not (GuidanceUse.Helped or GuidanceUse.Copied)
                    || (await ArticleQueries.FindAsync(runtime.Database, id, me, cancel))?.Version is null
                )
                    return Results.NotFound();
                await GuidanceUses.CountAsync(runtime.Database, [id], use, place ?? default, clicks ?? 0, runtime.Clock.Now(), cancel);
                return Said(request, id, use == GuidanceUse.Helped ? "Thanks, that counts." : "Copied.");
            }
        );
        pages.MapPost("/{id:guid}/sent", SentAsync).RequireAuthorization(Permissions.StartCases);
        pages.MapPost("/{id:guid}/notes", (Guid id, HttpContext http, WorkflowRuntime r, Person me, CancellationToken c) => NoteAsync(id, http, r, me, c));
        pages.MapPost("/questions", (HttpContext http, WorkflowRuntime r, Person me, CancellationToken c) => NoteAsync(null, http, r, me, c));
        pages.MapPost("/{id:guid}/share", ShareAsync);
        pages.MapGet("/of-customer/{id:guid}", OfCustomerAsync);
        app.MapGet(
                "/g/{code}",
                async (string code, HttpResponse response, WorkflowRuntime runtime, CancellationToken cancel) =>
                {
                    // Nobody but the reader keeps it, and what they follow from here doesn't learn the address.
                    response.Headers.CacheControl = "no-store";
                    response.Headers["X-Robots-Tag"] = "noindex, nofollow";
                    response.Headers["Referrer-Policy"] = "no-referrer";
                    var article = await ShareArticle.ReadAsync(runtime.Database, code, runtime.Clock.Now(), cancel);
                    return Html.Page(new SharedArticlePage { Article = article }, article is null ? 404 : 200);
                }
            )
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.OwnViewLimit)
            .WithMetadata(new TooManyAnswer(OwnViewPages.BusyAsync))
            .ExcludeFromDescription();
    }

    private static async Task<IResult> FindAsync(string? q, Guid? task, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var typed = (q ?? "").Trim();
        if (typed.Length > SearchQuery.Longest)
            typed = typed[..SearchQuery.Longest];
        var found = await FindArticles.FindAsync(runtime.Database, SearchQuery.Parse(typed).Words, MostFound, cancel);
        if (typed.Length > 0 && found.Count == 0)
            await GuidanceUses.MissAsync(runtime.Database, typed, runtime.Clock.Now(), cancel);
        return Html.Page(
            new GuidanceFound
            {
                Question = typed,
                TaskId = task,
                Found = found,
            }
        );
    }

    /// <summary>Records that a letter was sent: a contact with the customer about the case, and a use.</summary>
    private static async Task<IResult> SentAsync(Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel)
    {
        var (runtime, form) = (tasks.Runtime, await http.Request.ReadFormAsync(cancel));
        if (
            !Guid.TryParse(form["task"], out var task)
            || await GuidanceReading.OpenAsync(runtime, id, task, me, cancel) is not { MaySend: true, Article.Published: { } text }
            || await TaskDetail.FindAsync(runtime, task, me, cancel) is not { CustomerId: { } number } of
            || await CustomerQueries.OfNumberAsync(runtime.Database, number, me, runtime.Clock.Now(), cancel) is not { } customer
        )
            return Results.NotFound();
        var sent = form["text"].ToString().ReplaceLineEndings("\n").Trim();
        var note = $"{text.Title}\n\n{sent}";
        var contact = new ContactRequest(
            text.Kind == ArticleKind.Email ? ContactChannel.Email : ContactChannel.Letter,
            Incoming: false,
            ContactOutcome.Sent,
            note.Length > RecordContact.LongestNote ? note[..(RecordContact.LongestNote - 1)] + "…" : note,
            of.CaseId,
            of.Id,
            OperationId: form["operation"].ToString() is { Length: > 0 and <= 100 } operation ? operation : null
        );
        switch (await RecordContact.RunAsync(tasks, customer.Id, contact, me, cancel))
        {
            case ContactResult.Done:
                await GuidanceUses.CountAsync(
                    runtime.Database,
                    [id],
                    GuidanceUse.Sent,
                    Enum.TryParse<GuidancePlace>(form["place"], out var place) ? place : default,
                    0,
                    runtime.Clock.Now(),
                    cancel
                );
                return Said(http.Request, id, "Recorded as sent to the customer.", "sent");
            case ContactResult.Invalid invalid:
                return Refused(http.Request, string.Join(" ", invalid.Errors.Values.SelectMany(e => e)));
            case ContactResult.OperationReused:
                return Refused(http.Request, "This letter was already recorded, with another text.", StatusCodes.Status409Conflict);
            default:
                return Results.NotFound();
        }
    }

    private static async Task<IResult> NoteAsync(Guid? id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (!Enum.TryParse<NoteKind>(id is null ? nameof(NoteKind.NoAnswer) : form["kind"].ToString(), out var kind) || !Enum.IsDefined(kind))
            return Results.NotFound();
        Guid? task = Guid.TryParse(form["task"], out var at) ? at : null;
        var suggested = kind == NoteKind.Proposal ? form["suggested"].ToString() : null;
        return await ReportGuidance.RunAsync(runtime, new(kind, form["body"].ToString(), id, suggested, task, form["team"].ToString()), me, cancel) switch
        {
            ArticleResult.Done done => Said(http.Request, id, "Sent to the owning team as a task. Thank you.", "noted"),
            ArticleResult.Invalid invalid => Refused(
                http.Request,
                string.Join(" ", invalid.Errors.Select(e => $"{Field(e.Key)} {string.Join("; ", e.Value)}."))
            ),
            ArticleResult.Refused refused => Refused(http.Request, refused.Reason, StatusCodes.Status409Conflict),
            _ => Results.NotFound(),
        };
    }

    private static string Field(string field) =>
        field switch
        {
            "body" => "What you want to say",
            "suggested" => "The suggested text",
            _ => Words.Humanize(field),
        };

    private static async Task<IResult> ShareAsync(Guid id, HttpRequest request, MailSettings mail, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var (result, share) = await ShareArticle.RunAsync(runtime, id, me, cancel);
        return share is null ? await ArticlePages.AnswerAsync(runtime, id, me, "", result, cancel)
            : request.IsFragment() ? Html.Page(new SharedLinkPart { Url = GuidanceEndpoints.Url(request, mail, share) })
            : Results.LocalRedirect($"{GuidanceAnswers.Address(id)}#links");
    }

    /// <summary>Guidance for the open steps of a customer's cases that the person can see.</summary>
    private static async Task<IResult> OfCustomerAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        if (await CustomerQueries.FindAsync(runtime.Database, id, me, now, cancel) is not { } customer)
            return Results.NotFound();
        var steps = new List<CustomerGuidanceStep>();
        foreach (var one in (await CustomerWork.CasesAsync(runtime, customer.Id, me, now, cancel)).Where(c => c.IsRunning))
        {
            foreach (var step in one.Steps.Take(MostSteps - steps.Count))
            {
                if (await TaskDetail.FindAsync(runtime, step.TaskId, me, cancel) is not { } task)
                    continue;
                var facts = await FactQueries.OfCaseAsync(runtime, one.Id, me, cancel);
                var matches = await StepGuidance.FindAsync(
                    runtime,
                    new(task.Journey, task.DefinitionVersionId, task.StepId, task.RequiredSkills),
                    facts,
                    cancel
                );
                if (matches.Count > 0)
                    steps.Add(new(one.Id, one.Reference, task.Id, task.Title, matches));
            }
        }

        return Html.Page(new CustomerGuidancePart { Steps = steps });
    }

    private static IResult Said(HttpRequest request, Guid? article, string text, string told = "") =>
        request.IsFragment() ? Html.Page(new GuidanceSaid { Text = text, IsGood = true })
        : article is { } id ? Results.LocalRedirect($"{GuidanceAnswers.Address(id)}?told={told}")
        : Results.LocalRedirect("/guidance/notes?mine=true");

    private static RazorComponentResult<GuidanceSaid> Refused(HttpRequest request, string reason, int status = StatusCodes.Status422UnprocessableEntity) =>
        Html.Page(new GuidanceSaid { Text = reason, IsPage = !request.IsFragment() }, request.IsFragment() ? StatusCodes.Status200OK : status);

    private static Guid[] IdsOf(string? text) =>
        [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Take(50).Select(id => Guid.TryParse(id, out var one) ? one : Guid.Empty)];
}
