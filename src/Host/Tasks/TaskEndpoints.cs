using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell;
using Orchestration.Host.Tasks.Bulk;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks;

/// <summary>What every verb carries.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you; the same id with the same body gives the same answer again.</param>
/// <param name="Reason">Why, where it matters.</param>
public sealed record VerbBody(int? Revision, string? OperationId, string? Reason = null);

/// <summary>To whom.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Person">User name of the assignee.</param>
/// <param name="Reason">Why.</param>
public sealed record AssignBody(int? Revision, string? OperationId, string? Person, string? Reason = null);

/// <summary>How the step ended.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Outcome">One of the task's outcomes; may be left out when there is only one.</param>
/// <param name="Data">The form's data.</param>
public sealed record CompleteBody(int? Revision, string? OperationId, string? Outcome, JsonObject? Data);

internal static class TaskEndpoints
{
    public static void MapTasks(this WebApplication app)
    {
        var tasks = app.MapGroup("/api/tasks").WithTags("Tasks");
        tasks.MapGet("", ListAsync).WithSummary("Lists tasks you may see");
        tasks.MapGet("/{id:guid}", FindAsync).WithSummary("A task with its form").ProducesProblem(404);
        tasks
            .MapPost(
                "/{id:guid}/claim",
                (Guid id, VerbBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => ClaimTask.RunAsync(tasks, request, me, cancel))
            )
            .WithSummary("Takes a task that nobody has")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/start",
                (Guid id, VerbBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => StartTask.RunAsync(tasks, request, me, cancel))
            )
            .WithSummary("Begins to work on a task you own")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/release",
                (Guid id, VerbBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => ReleaseTask.RunAsync(tasks, request, body.Reason, me, cancel))
            )
            .WithSummary("Gives a task back to its candidates")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/assign",
                (Guid id, AssignBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => AssignTask.RunAsync(tasks, request, body.Person ?? "", body.Reason, me, cancel))
            )
            .WithSummary("Gives a task to a person")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/complete",
                (Guid id, CompleteBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => CompleteTask.RunAsync(tasks, request, body.Outcome, body.Data ?? [], me, cancel))
            )
            .WithSummary("Finishes a task; the case moves on in the same transaction")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/cancel",
                (Guid id, VerbBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    Verb(http, id, body.Revision, body.OperationId, request => CancelTask.RunAsync(tasks, request, body.Reason, me, cancel))
            )
            .WithSummary("Ends a task that is not to be done")
            .Answers();
        TaskLifeEndpoints.Map(tasks);
        tasks.MapPut("/{id:guid}/draft", DraftAsync).WithSummary("Keeps what its owner typed so far").Answers();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DraftAsync(
        Guid id,
        JsonObject data,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel,
        [Description("Revision that you last saw; null: whatever it is")] int? revision = null
    )
    {
        if (await SaveDraft.RunAsync(runtime.Database, id, revision, data, me, cancel))
            return TypedResults.NoContent();
        return await TaskDetail.FindAsync(runtime, id, me, cancel) switch
        {
            null => Problems.NotFound("task", id),
            var task when task.OwnerId != me.Id || !TaskLifeCycle.Allows(task.State, TaskVerb.Complete) => Problems.Of(
                403,
                "forbidden",
                "You may not do this",
                "Only its owner, while they work on it, can type into this task."
            ),
            var task => Problems.Of(
                409,
                "stale-revision",
                "The task has changed",
                "Read it again: what is new is to be looked at first.",
                ("expectedRevision", revision),
                ("revision", task.Revision)
            ),
        };
    }

    private static async Task<Results<Ok<Page<TaskSummary>>, ProblemHttpResult>> ListAsync(
        NpgsqlDataSource database,
        Person me,
        IClock clock,
        CancellationToken cancel,
        [Description("mine, team or all")] string view = "mine",
        [Description("Id of a case")] Guid? @case = null,
        string? state = null,
        string? journey = null,
        bool? overdue = null,
        [Description("Part of a title, reference or customer")] string? q = null,
        string? cursor = null,
        int limit = 50
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (view is not ("mine" or "team" or "all"))
            errors["view"] = ["must be mine, team or all"];
        TaskState? wanted = null;
        if (state is not null)
        {
            if (Enum.TryParse<TaskState>(state, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed))
                wanted = parsed;
            else
                errors["state"] = [$"must be one of {string.Join(", ", Enum.GetNames<TaskState>())}"];
        }

        Problems.CheckPage(cursor, limit, errors, out var after);
        if (errors.Count > 0)
            return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
        return TypedResults.Ok(
            await TaskList.ReadAsync(
                database,
                new()
                {
                    View = view,
                    CaseId = @case,
                    State = wanted,
                    Journey = journey,
                    Overdue = overdue,
                    Search = q,
                    After = after,
                    Limit = limit,
                },
                me,
                clock.Now(),
                cancel
            )
        );
    }

    private static async Task<Results<Ok<TaskDetail>, ProblemHttpResult>> FindAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        HttpContext http,
        CancellationToken cancel
    )
    {
        if (await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task)
            return Problems.NotFound("task", id);
        http.Response.Headers.ETag = $"\"{task.Revision}\"";
        return TypedResults.Ok(task);
    }

    /// <summary>The revision may come in the body or, as HTTP has it, in If-Match.</summary>
    internal static async Task<Results<Ok<TaskAnswer>, ProblemHttpResult>> Verb(
        HttpContext http,
        Guid id,
        int? revision,
        string? operationId,
        Func<TaskRequest, Task<TaskResult>> run
    )
    {
        if (revision is null && int.TryParse(http.Request.Headers.IfMatch.ToString().Trim('"'), out var match))
            revision = match;
        var errors = new Dictionary<string, string[]>();
        if (revision is null)
            errors["revision"] = ["is required: the revision of the task that you last saw"];
        if (string.IsNullOrWhiteSpace(operationId) || operationId.Length > 200)
            errors["operationId"] = ["is required: an id of your own, at most 200 characters, so that a retry is harmless"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        var result = await run(new(id, revision!.Value, operationId!));
        return result is TaskResult.Done done ? TypedResults.Ok(done.Answer) : TaskProblems.Of(result);
    }

    internal static void Answers(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
}

/// <summary>Refusals of verbs as problem details, in one place.</summary>
internal static class TaskProblems
{
    public static ProblemHttpResult Of(TaskResult result) =>
        result switch
        {
            TaskResult.NotFound => Problems.Of(404, "not-found", "There is no such task"),
            TaskResult.Forbidden forbidden => Problems.Of(403, "forbidden", "You may not do this", forbidden.Reason),
            TaskResult.ExcludedByFourEyes four => Problems.Of(
                403,
                "four-eyes",
                "Four eyes",
                $"Whoever worked on “{four.StepTitle}” may not work on this step.",
                ("step", four.StepId),
                ("stepTitle", four.StepTitle)
            ),
            TaskResult.StaleRevision stale => Problems.Of(
                409,
                "stale-revision",
                "The task has changed",
                $"{stale.ChangedBy} changed it at {stale.ChangedAt}; it is {stale.State} now. Read it again.",
                ("expectedRevision", stale.Expected),
                ("revision", stale.Actual),
                ("state", stale.State.ToString()),
                ("changedBy", stale.ChangedBy),
                ("changedAt", stale.ChangedAt.ToString()),
                ("changes", stale.Changes)
            ),
            TaskResult.AlreadyEnded ended => Problems.Of(
                409,
                "already-ended",
                $"The task is already {ended.State.ToString().ToLowerInvariant()}",
                $"{ended.EndedBy} {(ended.State == TaskState.Completed ? $"completed it with “{ended.Outcome}”" : "ended it")} at {ended.EndedAt}.",
                ("state", ended.State.ToString()),
                ("outcome", ended.Outcome),
                ("endedBy", ended.EndedBy),
                ("endedAt", ended.EndedAt.ToString())
            ),
            TaskResult.WrongState wrong => Problems.Of(
                409,
                "wrong-state",
                "Not possible now",
                $"A task that is {wrong.State} can not be asked to {wrong.Verb.ToString().ToLowerInvariant()}; "
                    + $"it must be {string.Join(" or ", TaskLifeCycle.StatesFor(wrong.Verb))}.",
                ("state", wrong.State.ToString())
            ),
            TaskResult.ReviewRequired => Problems.Of(
                409,
                "review-required",
                "A second pair of eyes is required",
                "This step is not completed by one person alone: ask for a review."
            ),
            TaskResult.OperationReused reused => Problems.Of(
                409,
                "operation-reused",
                "The operation id was used for something else",
                $"“{reused.OperationId}” belongs to another request of yours."
            ),
            TaskResult.InvalidData invalid => Problems.Invalid(
                invalid.Errors.GroupBy(e => e.Field).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray()),
                422,
                "The data does not fit the form",
                "It is kept as a draft."
            ),
            TaskResult.InvalidRequest invalid => Problems.Invalid(new() { [invalid.Field] = [invalid.Reason] }),
            _ => throw new InvalidOperationException($"{result.GetType().Name} is no refusal."),
        };
}
