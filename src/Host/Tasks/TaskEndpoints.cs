using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Access;
using Orchestration.Host.Http;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks;

internal static class TaskEndpoints
{
    public static void MapTasks(this WebApplication app)
    {
        var tasks = app.MapGroup("/api/tasks").WithTags("Tasks");
        tasks.MapGet("", ListAsync).WithSummary("Lists tasks you may see");
        tasks.MapGet("/{id:guid}", FindAsync).WithSummary("Returns a task with its form").ProducesProblem(404);
        foreach (var verb in TaskVerbs.All)
        {
            var endpoint = tasks.MapPost($"/{{id:guid}}/{verb.ApiName}", verb.Api).WithSummary(verb.Summary);
            endpoint.Answers();
            if (verb.AsksForReason)
                endpoint.WithMetadata(new AsksForReason());
        }

        TaskNoteEndpoints.Map(tasks);
        tasks.MapPut("/{id:guid}/draft", DraftAsync).WithSummary("Saves what the owner has entered so far").Answers();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DraftAsync(
        Guid id,
        JsonObject data,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel,
        [Description("Revision that you last saw; left out: any")] int? revision = null
    )
    {
        if (await SaveDraft.RunAsync(runtime.Database, id, revision, data, me, cancel))
            return TypedResults.NoContent();
        return await TaskDetail.FindAsync(runtime, id, me, cancel) switch
        {
            null => Problems.NotFound("task", id),
            var task when task.OwnerId != me.Id || !TaskLifeCycle.Allows(task.State, TaskVerb.Complete) => Refusals
                .Of(new TaskResult.Forbidden("Only the owner can save a draft, until the task ends or is suspended."), new Dictionary<string, string>(), me)
                .Problem(),
            var task => Problems.Of(
                409,
                "stale-revision",
                "The task has changed",
                "This task has changed since you opened it. Review it and try again.",
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
        [Description("Whether a due time of the task or its case has passed")] bool? overdue = null,
        [Description("Whether a clock of the task or its case is at risk, and none is overdue")] bool? atRisk = null,
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
                    AtRisk = atRisk,
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
}
