using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>One verb on many tasks.</summary>
/// <param name="Verb">claim, release, assign, forward, priority, suspend or offer.</param>
/// <param name="OperationId">Chosen by you; sending the request again with the same id is harmless.</param>
/// <param name="Items">The tasks, with the revisions you last saw; at most 10,000. More than 200 are done in the background.</param>
/// <param name="Person">assign: user name of the new owner; offer: of who is offered the tasks; forward: of the new candidate.</param>
/// <param name="Team">forward: key of the team the tasks go to.</param>
/// <param name="Priority">priority: 1 (critical) to 5 (planning).</param>
/// <param name="Reason">suspend: what the tasks wait for; else why.</param>
/// <param name="Until">suspend: when the tasks resume by themselves.</param>
public sealed record BulkBody(
    string? Verb,
    string? OperationId,
    IReadOnlyList<BulkItem>? Items,
    string? Person = null,
    string? Team = null,
    int? Priority = null,
    string? Reason = null,
    DateTimeOffset? Until = null
);

/// <summary>The answer for one task.</summary>
/// <param name="Id">The task.</param>
/// <param name="Status">HTTP status the verb would have had on this task alone.</param>
/// <param name="Task">The task as it is now, when the verb was done.</param>
/// <param name="Problem">Why the verb was refused.</param>
public sealed record BulkView(Guid Id, int Status, TaskAnswer? Task, ProblemDetails? Problem);

internal static class BulkEndpoints
{
    public static void AddBulk(this IServiceCollection services)
    {
        services.AddSingleton<BulkVerbs>();
        services.AddSingleton<RunBulk>(provider =>
        {
            var tasks = provider.GetRequiredService<TaskRuntime>();
            var verbs = provider.GetRequiredService<BulkVerbs>();
            return async (order, items, operationId, actor) =>
            {
                var verb = verbs.Find(order.Verb) ?? throw new InvalidOperationException($"There is no verb '{order.Verb}' for many tasks.");
                var answers = await RunAsync(tasks, verb, order.Input, items, operationId, actor, CancellationToken.None);
                return [.. answers.Select(one => (one.Id, one.Refused?.Detail))];
            };
        });
    }

    public static void MapBulk(this WebApplication app)
    {
        app.MapPost("/api/tasks/bulk", BulkAsync)
            .WithTags("Tasks")
            .WithSummary(
                "Claims, releases, assigns, forwards, prioritizes, suspends or offers many tasks; each gets its own answer, and a refusal of one stops no other"
            )
            .ProducesProblem(422);
        BulkPages.Map(app);
    }

    /// <summary>Runs a verb on at most <see cref="BulkTasks.MaxItems"/> tasks: for each its answer or why it was refused.</summary>
    public static async Task<IReadOnlyList<(Guid Id, TaskAnswer? Answer, Refusal? Refused)>> RunAsync(
        TaskRuntime tasks,
        BulkVerb verb,
        VerbInput input,
        IReadOnlyList<BulkItem> items,
        string operationId,
        Person me,
        CancellationToken cancel
    )
    {
        var answers = await BulkTasks.RunAsync(items, operationId, request => verb.Run(tasks, request, input, me, cancel));
        var names = await Refusals.NamesAsync(tasks.Runtime.Database, answers.Select(one => one.Result), cancel);
        return
        [
            .. answers.Select(one =>
                one.Result is TaskResult.Done done ? (one.Id, done.Answer, (Refusal?)null) : (one.Id, (TaskAnswer?)null, Refusals.Of(one.Result, names, me))
            ),
        ];
    }

    /// <summary>What is wrong with a request, by field.</summary>
    public static Dictionary<string, string[]> Check(BulkVerbs verbs, BulkVerb? verb, string? operationId, int items)
    {
        var errors = new Dictionary<string, string[]>();
        if (verb is null)
            errors["verb"] = [$"must be {verbs.Names}"];
        if (items is 0 or > WorkOrder.MaxItems)
            errors["items"] = [$"must name from 1 to {WorkOrder.MaxItems} tasks"];
        if (string.IsNullOrWhiteSpace(operationId) || operationId.Length > 160)
            errors["operationId"] = ["is required: an id of your own, at most 160 characters, so that a retry is harmless"];
        return errors;
    }

    private static async Task<Results<Ok<List<BulkView>>, Accepted<WorkView>, ProblemHttpResult>> BulkAsync(
        BulkBody body,
        BulkVerbs verbs,
        TaskRuntime tasks,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var verb = verbs.Find(body.Verb);
        if (Check(verbs, verb, body.OperationId, body.Items?.Count ?? 0) is { Count: > 0 } errors)
            return Problems.Invalid(errors);
        var input = new VerbInput
        {
            Person = body.Person,
            Team = body.Team,
            Priority = body.Priority,
            Reason = body.Reason,
            Until = body.Until,
        };
        if (body.Items!.Count > BulkTasks.MaxItems)
            return await work.AskAsync(new WorkOrder.Bulk(verb!.Name, input, body.Items), body.OperationId, me, cancel) is { } id
                ? TypedResults.Accepted(WorkWords.Api(id), WorkView.Of((await work.FindAsync(id, me, cancel))!))
                : WorkWords.Reused(body.OperationId);

        var answers = await RunAsync(tasks, verb!, input, body.Items, body.OperationId!, me, cancel);
        return TypedResults.Ok(
            answers.Select(one => new BulkView(one.Id, one.Refused?.Status ?? 200, one.Answer, one.Refused?.Problem().ProblemDetails)).ToList()
        );
    }
}
