using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Filters;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.Cases;

internal static class CasePages
{
    private const int PageSize = 50;

    public static void MapCasePages(this WebApplication app)
    {
        app.MapGet(
                "/cases",
                async ([AsParameters] CaseListFilter filter, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    Html.Page(new CasesPage { View = await ListAsync(runtime, filter, me, cancel), Me = me })
            )
            .ExcludeFromDescription();
        app.MapGet(
                "/cases/list",
                async ([AsParameters] CaseListFilter filter, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    Html.Page(new CaseList { View = await ListAsync(runtime, filter, me, cancel) })
            )
            .ExcludeFromDescription();

        var pages = app.MapGroup("/cases/{id:guid}").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await ViewAsync(runtime, id, me, null, null, null, cancel) is { } view
                    ? Html.Page(new CasePage { View = view })
                    : await ElsewhereAsync(runtime, id, me, cancel)
        );
        pages.MapPost("/cancel", CancelAsync).RequireAuthorization(Permissions.AlterCases);
        pages.MapPost("/incidents/{activityInstanceId}/retry", RetryAsync).RequireAuthorization(Permissions.AlterCases);
        foreach (var verb in (string[])["approve", "refuse"])
        {
            pages
                .MapPost(
                    $"/changes/{{change:guid}}/{verb}",
                    (Guid id, Guid change, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                        DecideAsync(id, change, verb, http, runtime, me, cancel)
                )
                .RequireAuthorization(Permissions.AlterCases);
        }
        pages
            .MapPost(
                "/remove",
                async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await RemoveTestCase.RunAsync(runtime, id, me, cancel) switch
                    {
                        RemoveTestCaseResult.Removed => Results.LocalRedirect("/cases"),
                        RemoveTestCaseResult.Forbidden when await CaseQueries.FindAsync(runtime, id, me, cancel) is not null => Results.Forbid(),
                        _ => Results.NotFound(),
                    }
            )
            .RequireAuthorization(Permissions.StartTests);
        pages
            .MapPost(
                "/promises",
                (Guid id, HttpContext http, MakePromise make, Person me, CancellationToken cancel) =>
                    PromiseAsync(id, http, make.Clocks, me, form => PromiseForm.MakeAsync(make, id, form, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        pages
            .MapPost(
                "/promises/{clock:guid}",
                (Guid id, Guid clock, HttpContext http, MakePromise make, Person me, CancellationToken cancel) =>
                    PromiseAsync(id, http, make.Clocks, me, form => PromiseForm.SettleAsync(make, id, clock, form, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        pages
            .MapPost(
                "/own-view",
                (Guid id, HttpContext http, OwnViewDesk desk, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    OwnViewAsync(id, http, runtime, me, form => desk.MakeAsync(id, form, http.Request, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        pages
            .MapPost(
                "/own-view/messages",
                (Guid id, HttpContext http, OwnViewDesk desk, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    OwnViewAsync(id, http, runtime, me, form => desk.WriteAsync(id, form, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        StartPages.Map(app);
    }

    private static async Task<CaseListView> ListAsync(WorkflowRuntime runtime, CaseListFilter filter, Person me, CancellationToken cancel)
    {
        // A cursor that doesn't parse counts as none.
        Cursor.TryRead(filter.Cursor, out var before);
        var journeys = (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name);
        var page = await CaseQueries.ListAsync(
            runtime.Database,
            new()
            {
                Search = filter.Q,
                Journey = string.IsNullOrEmpty(filter.Journey) ? null : filter.Journey,
                Status = filter.Status is "Running" or "Finished" ? filter.Status : null,
                Urgency = Enum.TryParse<Urgency>(filter.Urgency, out var urgency) ? urgency : null,
                Oldest = filter.Sort == "oldest",
                Before = before,
                Limit = PageSize,
            },
            me,
            runtime.Clock.Now(),
            cancel
        );
        return new(page, filter, journeys, runtime.Clock.Now()) { Saved = await SavedFilters.ListAsync(runtime.Database, me, FilterPages.Cases, cancel) };
    }

    private static async Task<IResult> PageAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person me,
        string? refused,
        int status,
        CancellationToken cancel,
        PromiseForm? promise = null,
        OwnViewAttempt? ownView = null
    ) => await ViewAsync(runtime, id, me, refused, promise, ownView, cancel) is { } view ? Html.Page(new CasePage { View = view }, status) : Results.NotFound();

    /// <summary>The page of a run that is no case itself, if the person can see it: a finding, a report about guidance, or the case above it.</summary>
    private static async Task<IResult> ElsewhereAsync(WorkflowRuntime runtime, Guid run, Person me, CancellationToken cancel)
    {
        if (await FindingQueries.FindAsync(runtime, run, me, cancel) is not null)
            return Results.LocalRedirect($"/findings/{Ids.Text(run)}");
        if (await ReportGuidance.OfInstanceAsync(runtime.Database, run, cancel) is { } note && note.IsSeenBy(me))
            return Results.LocalRedirect(note.ArticleId is { } article ? $"/guidance/{Ids.Text(article)}" : "/guidance/notes");
        if (await ArticleTasks.OfInstanceAsync(runtime.Database, run, cancel) is { } work)
            return Results.LocalRedirect($"/guidance/{Ids.Text(work.Id)}");
        return
            await RunVisibility.CaseOfAsync(runtime.Database, run, cancel) is { } above
            && above != run
            && await CaseQueries.FindAsync(runtime, above, me, cancel) is not null
            ? Results.LocalRedirect($"/cases/{Ids.Text(above)}")
            : Results.NotFound();
    }

    /// <summary>The data of a case's page; null if the person can't see the case.</summary>
    internal static async Task<CaseView?> ViewAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person me,
        string? refused,
        PromiseForm? promise,
        OwnViewAttempt? ownView,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.WithFactsAsync(runtime, id, me, cancel) is not { } detail)
            return null;
        var events = new List<CaseEvent>();
        while (await CaseHistory.ReadAsync(runtime, id, events.Count == 0 ? 0 : events[^1].Sequence, 1000, me, cancel) is { Count: > 0 } more)
            events.AddRange(more);
        var workflow = await WorkflowAsync(runtime, detail.DefinitionVersionId, cancel);
        var people = await TeamQueries.NamesAsync(runtime.Database, Timeline.People(events), cancel);
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);
        var now = runtime.Clock.Now();
        var clocks = await ClockQueries.OfCaseAsync(runtime.Database, id, cancel);
        var steps = await CaseStepList.ReadAsync(runtime.Database, id, me, now, cancel);
        var (action, isRunning) = ($"/cases/{Ids.Text(id)}/promises", detail.Case.Status == "Running");
        return new CaseView
        {
            Detail = detail,
            Journey = detail.Case.JourneyName ?? Words.Humanize(detail.Case.Journey),
            Steps = steps,
            OwnView = await OwnViewAsync(runtime, detail.Case, steps, me, ownView, cancel),
            Clocks = [.. clocks.Clocks.Where(clock => clock.State.Policy.Kind != SlaKind.Promise).Select(clock => clock.Stored)],
            LostClocks = clocks.Lost,
            Promises = await PromiseView.OfAsync(
                runtime,
                id,
                action,
                clocks.Clocks.Select(clock => clock.Stored),
                detail.DefinitionVersionId,
                isRunning,
                me,
                promise,
                cancel
            ),
            Files = await NoteQueries.OfCasesAsync(runtime.Database, [id], me, now, cancel),
            Timeline = new Timeline(people, teams, workflow).Tell(events),
            StepName = activity => Timeline.StepName(workflow, activity),
            Teams = teams,
            Changes = [.. (await AlterCase.ListAsync(runtime.Database, id, cancel)).Where(c => c.State == "Pending")],
            Names = people,
            CreatedBy = events.Find(e => e.Action == "case.started")?.Actor is { } starter ? people.GetValueOrDefault(starter, starter) : "",
            Me = me,
            Now = now,
            Holds = await LegalHolds.OfCaseAsync(runtime.Database, id, now, cancel),
            Refused = refused,
        };
    }

    /// <summary>For names of steps only, so a version that no longer loads must not take the page away.</summary>
    private static async Task<CompiledWorkflow?> WorkflowAsync(WorkflowRuntime runtime, string version, CancellationToken cancel)
    {
        try
        {
            return await runtime.Definitions.GetVersionAsync(version, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }

    private static async Task<IResult> CancelAsync(Guid id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Results.NotFound();
        if (await ReasonAsync(http, cancel) is not { } reason)
            return await PageAsync(runtime, id, me, "Enter a reason for cancelling the case.", StatusCodes.Status422UnprocessableEntity, cancel);
        return await CancelCase.RunAsync(runtime, id, reason, me, cancel) switch
        {
            CancelCaseResult.Cancelled => Results.LocalRedirect($"/cases/{Ids.Text(id)}"),
            CancelCaseResult.Ended => await PageAsync(
                runtime,
                id,
                me,
                "The case has already ended. Nothing was cancelled.",
                StatusCodes.Status409Conflict,
                cancel
            ),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> PromiseAsync(
        Guid id,
        HttpContext http,
        ClockRuntime clocks,
        Person me,
        Func<IFormCollection, Task<PromiseForm?>> run,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (await CaseQueries.FindAsync(clocks.Runtime, id, me, cancel) is null)
            return Results.NotFound();
        return await run(form) is { } refused
            ? await PageAsync(clocks.Runtime, id, me, null, refused.Status, cancel, refused)
            : Results.LocalRedirect(PromiseForm.Back(form) ?? $"/cases/{Ids.Text(id)}#promises");
    }

    private static async Task<OwnViewPanelView?> OwnViewAsync(
        WorkflowRuntime runtime,
        CaseSummary @case,
        IReadOnlyList<CaseStep> steps,
        Person me,
        OwnViewAttempt? attempt,
        CancellationToken cancel
    )
    {
        var customer = @case.IsTest ? null : await CustomerQueries.OfNumberAsync(runtime.Database, @case.CustomerId, me, runtime.Clock.Now(), cancel);
        return await OwnViewDesk.PanelAsync(runtime, [(@case.Id, @case.Reference)], customer, me, cancel) is not { } panel
            ? null
            : panel with
            {
                Attempt = attempt,
                Tasks =
                [
                    .. steps
                        .Where(step => step.Task.EndedAt is null)
                        .Select(step => (step.Task.Id, step.Task.Title, step.Task.State == TaskState.Suspended))
                        .OrderByDescending(task => task.Item3),
                ],
            };
    }

    private static async Task<IResult> OwnViewAsync(
        Guid id,
        HttpContext http,
        WorkflowRuntime runtime,
        Person me,
        Func<IFormCollection, Task<OwnViewAttempt?>> run,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Results.NotFound();
        if (await run(form) is not { } attempt)
            return Results.LocalRedirect($"/cases/{Ids.Text(id)}#own-view");

        var status = attempt.Refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity;
        return await PageAsync(runtime, id, me, null, status, cancel, ownView: attempt);
    }

    private static async Task<IResult> RetryAsync(
        Guid id,
        string activityInstanceId,
        HttpContext http,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Results.NotFound();
        if (await ReasonAsync(http, cancel) is not { } why)
            return await PageAsync(runtime, id, me, "Enter a reason for retrying the step.", StatusCodes.Status422UnprocessableEntity, cancel);
        return await RetryIncident.RunAsync(runtime, id, activityInstanceId, why, me, cancel) switch
        {
            null => Results.LocalRedirect($"/cases/{Ids.Text(id)}"),
            "" => await PageAsync(runtime, id, me, "The failed step has already been handled.", StatusCodes.Status409Conflict, cancel),
            { } reason => await PageAsync(runtime, id, me, $"The step can't be retried: {reason}", StatusCodes.Status409Conflict, cancel),
        };
    }

    private static async Task<IResult> DecideAsync(
        Guid id,
        Guid change,
        string verb,
        HttpContext http,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Results.NotFound();
        AlterCaseResult result;
        if (verb == "approve")
            result = await AlterCase.ApproveAsync(runtime, id, change, me, cancel);
        else if (await ReasonAsync(http, cancel) is { } reason)
            result = await AlterCase.RefuseAsync(runtime, id, change, reason, me, cancel);
        else
            return await PageAsync(runtime, id, me, "Enter a reason for refusing the change.", StatusCodes.Status422UnprocessableEntity, cancel);
        return result is AlterCaseResult.Done
            ? Results.LocalRedirect($"/cases/{Ids.Text(id)}")
            : await PageAsync(runtime, id, me, CaseChangeEndpoints.Words(result), StatusCodes.Status409Conflict, cancel);
    }

    private static async Task<string?> ReasonAsync(HttpContext http, CancellationToken cancel) =>
        (await http.Request.ReadFormAsync(cancel))["reason"].ToString().Trim() is var reason && ReasonBody.ErrorOf(reason) is null ? reason : null;
}
