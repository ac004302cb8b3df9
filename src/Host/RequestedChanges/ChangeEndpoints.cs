using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Cases;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;

namespace Orchestration.Host.RequestedChanges;

/// <summary>A change by hand that waits for a second person.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RunId">The case, or the run without a case, that it changes.</param>
/// <param name="CaseId">The case, or null for a run without a case.</param>
/// <param name="Subject">Reference of the case, or name of the run or its journey.</param>
/// <param name="Summary">What it does, in words.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedBy">User name of the person who requested it.</param>
/// <param name="RequestedAt">When.</param>
public sealed record RequestedChangeView(
    Guid Id,
    Guid RunId,
    Guid? CaseId,
    string Subject,
    string Summary,
    string Reason,
    string RequestedBy,
    Instant RequestedAt
);

/// <summary>Changes by hand that wait for a second person: of cases, and of runs that belong to no case and so have no page.</summary>
internal static class ChangeEndpoints
{
    public static void MapChanges(this WebApplication app)
    {
        var api = app.MapGroup("/api/changes").WithTags("Cases").RequireAuthorization(Permissions.AlterCases);
        api.MapGet(
                "",
                async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok((await AlterCase.PendingAsync(runtime, me, cancel)).Select(View))
            )
            .WithSummary("Lists changes by hand that wait for a second person, oldest first");
        api.MapPost(
                "/{change:guid}/approve",
                async Task<Results<Ok<CaseChangeAnswer>, ProblemHttpResult>> (Guid change, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    CaseChangeEndpoints.Answer(change, await ApproveAsync(change, runtime, me, cancel))
            )
            .WithSummary("Approves a requested change as the second person, and makes it")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost(
                "/{change:guid}/refuse",
                async Task<Results<Ok<CaseChangeAnswer>, ProblemHttpResult>> (
                    Guid change,
                    ReasonBody body,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    ReasonBody.ErrorOf(body.Reason) is { } error
                        ? Problems.Invalid(new() { ["reason"] = [error] })
                        : CaseChangeEndpoints.Answer(change, await RefuseAsync(change, body.Reason!.Trim(), runtime, me, cancel))
            )
            .WithSummary("Refuses a requested change, or withdraws your own")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);

        var pages = app.MapGroup("/changes").ExcludeFromDescription().RequireAuthorization(Permissions.AlterCases);
        pages.MapGet("", (WorkflowRuntime runtime, Person me, CancellationToken cancel) => PageAsync(runtime, me, null, StatusCodes.Status200OK, cancel));
        pages.MapPost(
            "/{change:guid}/approve",
            async (Guid change, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await DecidedAsync(await ApproveAsync(change, runtime, me, cancel), runtime, me, cancel)
        );
        pages.MapPost(
            "/{change:guid}/refuse",
            async (Guid change, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                (await http.Request.ReadFormAsync(cancel))["reason"].ToString().Trim() is var reason && ReasonBody.ErrorOf(reason) is null
                    ? await DecidedAsync(await RefuseAsync(change, reason, runtime, me, cancel), runtime, me, cancel)
                    : await PageAsync(runtime, me, "Enter a reason for refusing the change.", StatusCodes.Status422UnprocessableEntity, cancel)
        );
    }

    private static RequestedChangeView View(RequestedChange one) =>
        new(one.Change.Id, one.Run, one.Case, one.Subject, one.Change.Summary, one.Change.Reason, one.Change.RequestedBy, one.Change.RequestedAt);

    private static async Task<AlterCaseResult> ApproveAsync(Guid change, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await AlterCase.RunOfAsync(runtime, change, me, cancel) is { } run
            ? await AlterCase.ApproveAsync(runtime, run, change, me, cancel)
            : new AlterCaseResult.NotFound();

    private static async Task<AlterCaseResult> RefuseAsync(Guid change, string reason, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await AlterCase.RunOfAsync(runtime, change, me, cancel) is { } run
            ? await AlterCase.RefuseAsync(runtime, run, change, reason, me, cancel)
            : new AlterCaseResult.NotFound();

    private static async Task<IResult> DecidedAsync(AlterCaseResult result, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        result is AlterCaseResult.Done
            ? Results.LocalRedirect("/changes")
            : await PageAsync(runtime, me, CaseChangeEndpoints.Words(result), StatusCodes.Status409Conflict, cancel);

    private static async Task<IResult> PageAsync(WorkflowRuntime runtime, Person me, string? refused, int status, CancellationToken cancel)
    {
        var changes = await AlterCase.PendingAsync(runtime, me, cancel);
        var names = await TeamQueries.NamesAsync(runtime.Database, changes.Select(one => one.Change.RequestedBy), cancel);
        return Html.Page(
            new ChangesPage
            {
                Changes = changes,
                Names = names,
                Me = me,
                Refused = refused,
            },
            status
        );
    }
}
