using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Cases;

/// <summary>A change to a case by hand.</summary>
/// <param name="Alterations">What to change, in order: objects with a <c>type</c> of <c>ModifyVariable</c>, <c>ScheduleActivity</c>, <c>CancelActivity</c>,
/// <c>Migrate</c> or <c>Cancel</c>, as in Elsa.</param>
/// <param name="Reason">Why, for the case's history and the people who work on it.</param>
public sealed record CaseChangeBody(JsonArray? Alterations, string? Reason);

/// <summary>What became of it.</summary>
/// <param name="State"><c>Done</c>, or <c>Pending</c> until a second person approves it.</param>
/// <param name="Id">The request to approve.</param>
/// <param name="Log">What was done.</param>
public sealed record CaseChangeAnswer(string State, Guid? Id, IReadOnlyList<string> Log);

/// <summary>Changes to live cases by hand, and their approval by a second person.</summary>
internal static class CaseChangeEndpoints
{
    public static void Map(RouteGroupBuilder cases)
    {
        cases
            .MapPost("/{id:guid}/changes", RunAsync)
            .RequireAuthorization(Permissions.AlterCases)
            .WithSummary("Changes a live case by hand, or requests a change that a second person must approve")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        cases
            .MapGet(
                "/{id:guid}/changes",
                async Task<Results<Ok<IReadOnlyList<CaseChange>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await CaseQueries.FindAsync(runtime, id, me, cancel) is null
                        ? Problems.NotFound("case", id)
                        : TypedResults.Ok(await AlterCase.ListAsync(runtime.Database, id, cancel))
            )
            .WithSummary("Lists requested changes of a case, newest first")
            .ProducesProblem(404);
        cases
            .MapPost("/{id:guid}/changes/{change:guid}/approve", ApproveAsync)
            .RequireAuthorization(Permissions.AlterCases)
            .WithSummary("Approves a requested change as the second person, and makes it")
            .ProducesProblem(404)
            .ProducesProblem(409);
        cases
            .MapPost("/{id:guid}/changes/{change:guid}/refuse", RefuseAsync)
            .RequireAuthorization(Permissions.AlterCases)
            .WithSummary("Refuses a requested change, or withdraws your own")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    /// <summary>Why a change wasn't made, for people.</summary>
    public static string Words(AlterCaseResult result) =>
        result switch
        {
            AlterCaseResult.Refused refused => refused.Reason,
            AlterCaseResult.SamePerson => "You requested this change, so someone else must approve it.",
            AlterCaseResult.Decided decided => $"{decided.By} has already decided this change.",
            _ => "The change doesn't exist.",
        };

    private static async Task<Results<Ok<CaseChangeAnswer>, Accepted<CaseChangeAnswer>, ProblemHttpResult>> RunAsync(
        Guid id,
        CaseChangeBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        var unread = (body.Alterations ?? [])
            .Select(a => a is JsonObject one ? Alteration.Read(one).Error : "An alteration must be an object.")
            .OfType<string>();
        if (unread.ToArray() is { Length: > 0 } reasons)
            errors["alterations"] = reasons;
        else if (body.Alterations is not { Count: > 0 })
            errors["alterations"] = ["is required: at least one alteration"];
        if (ReasonBody.ErrorOf(body.Reason) is { } unfit)
            errors["reason"] = [unfit];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await AlterCase.RunAsync(runtime, id, id, body.Alterations!, body.Reason!.Trim(), me.UserName, isPerson: true, cancel) switch
        {
            AlterCaseResult.Done done => TypedResults.Ok(new CaseChangeAnswer("Done", null, [.. done.Result.Log.Select(l => l.Message)])),
            AlterCaseResult.Pending pending => TypedResults.Accepted($"/api/cases/{id}/changes", new CaseChangeAnswer("Pending", pending.Change, [])),
            AlterCaseResult.Refused refused => Problems.Of(409, "not-changed", "The case wasn't changed", refused.Reason),
            _ => Problems.NotFound("case", id),
        };
    }

    private static async Task<Results<Ok<CaseChangeAnswer>, ProblemHttpResult>> ApproveAsync(
        Guid id,
        Guid change,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await CaseQueries.FindAsync(runtime, id, me, cancel) is null
            ? Problems.NotFound("case", id)
            : Answer(change, await AlterCase.ApproveAsync(runtime, id, change, me, cancel));

    private static async Task<Results<Ok<CaseChangeAnswer>, ProblemHttpResult>> RefuseAsync(
        Guid id,
        Guid change,
        ReasonBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        ReasonBody.ErrorOf(body.Reason) is { } error ? Problems.Invalid(new() { ["reason"] = [error] })
        : await CaseQueries.FindAsync(runtime, id, me, cancel) is null ? Problems.NotFound("case", id)
        : Answer(change, await AlterCase.RefuseAsync(runtime, id, change, body.Reason!.Trim(), me, cancel));

    /// <summary>The answer to a decision.</summary>
    public static Results<Ok<CaseChangeAnswer>, ProblemHttpResult> Answer(Guid change, AlterCaseResult result) =>
        result switch
        {
            AlterCaseResult.Done done => TypedResults.Ok(new CaseChangeAnswer("Done", change, [.. done.Result.Log.Select(l => l.Message)])),
            AlterCaseResult.NotFound => Problems.NotFound("change", change),
            _ => Problems.Of(409, "not-changed", "The case wasn't changed", Words(result)),
        };
}
