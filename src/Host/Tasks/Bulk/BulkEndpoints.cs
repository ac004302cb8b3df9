using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>The same of many tasks.</summary>
/// <param name="Verb">claim, assign, priority or suspend.</param>
/// <param name="OperationId">Chosen by you; repeating the whole with the same id is harmless.</param>
/// <param name="Items">Which, with the revisions you last saw; at most 10,000. More than 200 are done in the background.</param>
/// <param name="Person">assign: to whom, by user name.</param>
/// <param name="Priority">priority: 1 (critical) to 5 (planning).</param>
/// <param name="Reason">suspend: what they wait for; else why.</param>
/// <param name="Until">suspend: when they come back by themselves.</param>
public sealed record BulkBody(
    string? Verb,
    string? OperationId,
    IReadOnlyList<BulkItem>? Items,
    string? Person = null,
    int? Priority = null,
    string? Reason = null,
    DateTimeOffset? Until = null
);

/// <summary>How one of many went.</summary>
/// <param name="Id">Which.</param>
/// <param name="Status">HTTP status it would have had alone.</param>
/// <param name="Task">What it is now, when it was done.</param>
/// <param name="Problem">Why it was not.</param>
public sealed record BulkView(Guid Id, int Status, TaskAnswer? Task, ProblemDetails? Problem);

internal static class BulkEndpoints
{
    public static void MapBulk(this WebApplication app)
    {
        app.MapPost("/api/tasks/bulk", BulkAsync)
            .WithTags("Tasks")
            .WithSummary("Claims, assigns, prioritizes or suspends many; answers for each, and never fails as a whole because of one")
            .ProducesProblem(422);
        BulkPages.Map(app);
    }

    private static async Task<Results<Ok<List<BulkView>>, Accepted<WorkView>, ProblemHttpResult>> BulkAsync(
        BulkBody body,
        TaskRuntime tasks,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Items is not { Count: > 0 and <= WorkOrder.MaxItems })
            errors["items"] = [$"must name from 1 to {WorkOrder.MaxItems} tasks"];
        if (string.IsNullOrWhiteSpace(body.OperationId) || body.OperationId.Length > 160)
            errors["operationId"] = ["is required: an id of your own, at most 160 characters, so that a retry is harmless"];
        var asked = new BulkVerb(body.Verb ?? "", body.Person, body.Priority, body.Reason, body.Until);
        var verb = asked.On(tasks, me, cancel);
        if (verb is null)
            errors["verb"] = ["must be claim, assign, priority or suspend"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        if (body.Items!.Count > BulkTasks.MaxItems)
            return await work.AskAsync(new WorkOrder.Bulk(asked, body.Items), body.OperationId, me, cancel) is { } id
                ? TypedResults.Accepted(WorkWords.Api(id), WorkView.Of((await work.FindAsync(id, me, cancel))!))
                : WorkWords.Reused(body.OperationId);

        var answers = await BulkTasks.RunAsync(body.Items, body.OperationId!, verb!);
        return TypedResults.Ok(
            answers
                .Select(one => one.Result is TaskResult.Done done ? new BulkView(one.Id, 200, done.Answer, null) : Refused(one.Id, TaskProblems.Of(one.Result)))
                .ToList()
        );
    }

    private static BulkView Refused(Guid id, ProblemHttpResult problem) => new(id, problem.StatusCode, null, problem.ProblemDetails);

    private static Instant? At(DateTimeOffset? at) => at is { } time ? Instant.FromDateTimeOffset(time) : null;
}
