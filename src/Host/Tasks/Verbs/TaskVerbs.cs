using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Host.Access;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Verbs;

/// <summary>Runs a verb on one task.</summary>
internal delegate Task<TaskResult> RunVerb(TaskRuntime tasks, TaskRequest request, VerbInput input, Person me, CancellationToken cancel);

/// <summary>A verb on tasks, as the API, the pages and changes to many tasks offer it.</summary>
/// <param name="Name">Last part of its address.</param>
/// <param name="Summary">What it does, for the description of the API.</param>
/// <param name="Run">Does it.</param>
/// <param name="Api">Its endpoint, with a typed body.</param>
internal sealed record TaskVerbRow(string Name, string Summary, RunVerb Run, Delegate Api)
{
    /// <summary>Last part of its address in the API, where that differs.</summary>
    public string ApiName { get; init; } = Name;

    /// <summary>Can be applied to many tasks at once.</summary>
    public bool InBulk { get; init; }

    /// <summary>Takes the data of the task's own form. A completed step leads on to the person's next one.</summary>
    public bool TakesForm { get; init; }

    /// <summary>Is done so often that it asks for the reason for a sensitive customer itself.</summary>
    public bool AsksForReason { get; init; }

    /// <summary>The task is off the person's hands: My work is shown next, else the task.</summary>
    public bool LeavesTask { get; init; }
}

/// <summary>
/// Every verb on tasks, once. The API, its description, the pages and changes to many tasks are made from this table. Only attaching
/// a file stands apart, because its body is the file.
/// </summary>
internal static class TaskVerbs
{
    public static readonly IReadOnlyList<TaskVerbRow> All =
    [
        Row<VerbBody>("claim", "Claims an unassigned task", (tasks, request, _, me, cancel) => ClaimTask.RunAsync(tasks, request, me, cancel)) with
        {
            InBulk = true,
            AsksForReason = true,
        },
        Row<VerbBody>(
            "take-over",
            "Takes over a task from an owner who is out of office",
            (tasks, request, _, me, cancel) => TakeOverTask.RunAsync(tasks, request, me, cancel)
        ),
        Row<VerbBody>("start", "Starts work on a task you own", (tasks, request, _, me, cancel) => StartTask.RunAsync(tasks, request, me, cancel)),
        Row<VerbBody>("stop", "Stops work; the task stays assigned to you", (tasks, request, _, me, cancel) => StopTask.RunAsync(tasks, request, me, cancel)),
        Row<VerbBody>(
            "release",
            "Returns a task to its candidates",
            (tasks, request, input, me, cancel) => ReleaseTask.RunAsync(tasks, request, input.Reason, me, cancel)
        ) with
        {
            InBulk = true,
            LeavesTask = true,
        },
        Row<AssignBody>(
            "assign",
            "Assigns a task to someone",
            (tasks, request, input, me, cancel) => AssignTask.RunAsync(tasks, request, input.Person ?? "", input.Reason, me, cancel: cancel)
        ) with
        {
            InBulk = true,
        },
        Row<AssignBody>(
            "delegate",
            "Lets another candidate do your task",
            (tasks, request, input, me, cancel) => DelegateTask.RunAsync(tasks, request, input.Person, input.Reason, me, cancel)
        ),
        Row<ForwardBody>(
            "forward",
            "Forwards a task to another team or person; you are no longer a candidate",
            (tasks, request, input, me, cancel) => ForwardTask.RunAsync(tasks, request, input.Team, input.Person, input.Reason, me, cancel)
        ) with
        {
            InBulk = true,
            LeavesTask = true,
        },
        Row<PriorityBody>(
            "priority",
            "Changes the priority of a task",
            (tasks, request, input, me, cancel) => PrioritizeTask.RunAsync(tasks, request, input.Priority, input.Reason, me, cancel: cancel)
        ) with
        {
            InBulk = true,
        },
        Row<SuspendBody>(
            "suspend",
            "Suspends a task until a date or until someone resumes it",
            (tasks, request, input, me, cancel) =>
                SuspendTask.RunAsync(tasks, request, input.Reason, input.Until is { } until ? Instant.FromDateTimeOffset(until) : null, input.Note, me, cancel)
        ) with
        {
            InBulk = true,
        },
        Row<VerbBody>("resume", "Resumes a suspended task", (tasks, request, _, me, cancel) => ResumeTask.RunAsync(tasks, request, me, cancel)),
        Row<CompleteBody>(
            "complete",
            "Completes a task; the case moves on in the same transaction",
            (tasks, request, input, me, cancel) => CompleteTask.RunAsync(tasks, request, input.Outcome, input.Data ?? [], me, cancel)
        ) with
        {
            TakesForm = true,
            AsksForReason = true,
        },
        Row<ReviewBody>(
            "request-review",
            "Asks someone else to review a task before it completes",
            (tasks, request, input, me, cancel) => RequestReview.RunAsync(tasks, request, input.Outcome, input.Data ?? [], input.Reviewer, me, cancel)
        ) with
        {
            TakesForm = true,
        },
        Row<VerbBody>("start-review", "Starts a review", (tasks, request, _, me, cancel) => StartReview.RunAsync(tasks, request, me, cancel)),
        Row<VerbBody>(
            "approve",
            "Approves the proposed outcome; the task completes and the case moves on",
            (tasks, request, _, me, cancel) => ApproveReview.RunAsync(tasks, request, me, cancel)
        ),
        Row<VerbBody>(
            "request-changes",
            "Returns a reviewed task to its owner for changes",
            (tasks, request, input, me, cancel) => RequestChanges.RunAsync(tasks, request, input.Reason, me, cancel)
        ),
        Row<ReturnBody>(
            "return",
            "Returns the case to an earlier step",
            (tasks, request, input, me, cancel) => ReturnTask.RunAsync(tasks, request, input.Step, input.Reason, input.Note, me, cancel)
        ),
        Row<VerbBody>(
            "skip",
            "Skips a step that allows it",
            (tasks, request, input, me, cancel) => SkipTask.RunAsync(tasks, request, input.Reason, me, cancel)
        ) with
        {
            LeavesTask = true,
        },
        Row<VerbBody>(
            "fail",
            "Marks a task that can't be done as failed",
            (tasks, request, input, me, cancel) => FailTask.RunAsync(tasks, request, input.Reason, me, cancel)
        ),
        Row<VerbBody>(
            "cancel",
            "Cancels a task that isn't needed",
            (tasks, request, input, me, cancel) => CancelTask.RunAsync(tasks, request, input.Reason, me, cancel)
        ),
        Row<CommentBody>(
            "comment",
            "Adds a comment to a task",
            (tasks, request, input, me, cancel) => CommentOnTask.RunAsync(tasks, request, input.Note, me, cancel)
        ) with
        {
            ApiName = "comments",
        },
    ];

    /// <summary>The request, or which of its fields are missing.</summary>
    public static TaskRequest? Read(Guid id, int? revision, string? operationId, out Dictionary<string, string[]> errors)
    {
        errors = [];
        if (revision is null)
            errors["revision"] = ["is required: the revision of the task that you last saw"];
        if (string.IsNullOrWhiteSpace(operationId) || operationId.Length > 200)
            errors["operationId"] = ["is required: an id of your own, at most 200 characters, so that a retry is harmless"];
        return errors.Count == 0 ? new(id, revision!.Value, operationId!) : null;
    }

    /// <summary>Answers a request of the API. The revision comes in the body or in If-Match.</summary>
    public static async Task<Results<Ok<TaskAnswer>, ProblemHttpResult>> AnswerAsync(
        HttpContext http,
        TaskRuntime tasks,
        Person me,
        Guid id,
        int? revision,
        string? operationId,
        Func<TaskRequest, Task<TaskResult>> run
    )
    {
        if (revision is null && int.TryParse(http.Request.Headers.IfMatch.ToString().Trim('"'), out var match))
            revision = match;
        if (Read(id, revision, operationId, out var errors) is not { } request)
            return Problems.Invalid(errors);
        var asks = http.GetEndpoint()?.Metadata.GetMetadata<AsksForReason>() is not null;
        var result = await run(request with { AsksForReason = asks });
        return result is TaskResult.Done done
            ? TypedResults.Ok(done.Answer)
            : (await Refusals.OfAsync(tasks.Runtime.Database, result, me, http.RequestAborted)).Problem();
    }

    /// <summary>Describes what the endpoint of a verb answers when it refuses.</summary>
    public static void Answers(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

    private static TaskVerbRow Row<TBody>(string name, string summary, RunVerb run)
        where TBody : IVerbBody =>
        new(
            name,
            summary,
            run,
            (Guid id, TBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                AnswerAsync(http, tasks, me, id, body.Revision, body.OperationId, request => run(tasks, request, body.Input(), me, cancel))
        );
}
