using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks;

/// <summary>To whom it is passed on: a team or a person.</summary>
public sealed record ForwardBody(int? Revision, string? OperationId, string? Team, string? Person, string? Reason = null);

/// <summary>Why it waits, and until when.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Reason">Such as <c>waitingForCustomer</c>; clocks whose policies name it stand still.</param>
/// <param name="Until">When it resumes by itself; left out: by hand only.</param>
/// <param name="Note">More about it.</param>
public sealed record SuspendBody(int? Revision, string? OperationId, string? Reason, DateTimeOffset? Until = null, string? Note = null);

/// <summary>1 (critical) to 5 (planning).</summary>
public sealed record PriorityBody(int? Revision, string? OperationId, int? Priority, string? Reason = null);

/// <summary>What is proposed, and who is asked.</summary>
public sealed record ReviewBody(int? Revision, string? OperationId, string? Outcome, JsonObject? Data, string? Reviewer = null);

/// <summary>Where the case goes back to, and why: <c>incomplete</c>, <c>incorrect</c>, <c>newInformation</c>, <c>wrongPath</c> or <c>other</c>.</summary>
public sealed record ReturnBody(int? Revision, string? OperationId, string? Step, string? Reason, string? Note = null);

/// <summary>Plain text; <c>@userName</c> tells that person.</summary>
public sealed record CommentBody(int? Revision, string? OperationId, string? Body);

/// <summary>The rest of a task's life: everything beside claim, start, release, assign, complete and cancel.</summary>
internal static class TaskLifeEndpoints
{
    public static void Map(RouteGroupBuilder tasks)
    {
        Plain("take-over", "Takes over what somebody who is away has", (tasks, request, _, me, cancel) => TakeOverTask.RunAsync(tasks, request, me, cancel));
        Plain("stop", "Lays the work aside and keeps the task", (tasks, request, _, me, cancel) => StopTask.RunAsync(tasks, request, me, cancel));
        Plain("resume", "Ends the wait of a suspended task", (tasks, request, _, me, cancel) => ResumeTask.RunAsync(tasks, request, me, cancel));
        Plain(
            "skip",
            "Leaves the step out, where it allows that",
            (tasks, request, reason, me, cancel) => SkipTask.RunAsync(tasks, request, reason, me, cancel)
        );
        Plain("fail", "Says that it can not be done", (tasks, request, reason, me, cancel) => FailTask.RunAsync(tasks, request, reason, me, cancel));
        Plain("start-review", "Takes a review", (tasks, request, _, me, cancel) => StartReview.RunAsync(tasks, request, me, cancel));
        Plain(
            "approve",
            "Approves what was proposed; the case moves on",
            (tasks, request, _, me, cancel) => ApproveReview.RunAsync(tasks, request, me, cancel)
        );
        Plain(
            "request-changes",
            "Asks whoever did it for changes",
            (tasks, request, reason, me, cancel) => RequestChanges.RunAsync(tasks, request, reason, me, cancel)
        );
        tasks
            .MapPost(
                "/{id:guid}/delegate",
                (Guid id, AssignBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(http, id, body.Revision, body.OperationId, r => DelegateTask.RunAsync(tasks, r, body.Person, body.Reason, me, cancel))
            )
            .WithSummary("Has another candidate do it")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/forward",
                (Guid id, ForwardBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(
                        http,
                        id,
                        body.Revision,
                        body.OperationId,
                        r => ForwardTask.RunAsync(tasks, r, body.Team, body.Person, body.Reason, me, cancel)
                    )
            )
            .WithSummary("Passes it on and gives up your own eligibility")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/suspend",
                (Guid id, SuspendBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(
                        http,
                        id,
                        body.Revision,
                        body.OperationId,
                        r => SuspendTask.RunAsync(tasks, r, body.Reason, At(body.Until), body.Note, me, cancel)
                    )
            )
            .WithSummary("Lets it wait")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/priority",
                (Guid id, PriorityBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(
                        http,
                        id,
                        body.Revision,
                        body.OperationId,
                        r => PrioritizeTask.RunAsync(tasks, r, body.Priority, body.Reason, me, cancel)
                    )
            )
            .WithSummary("Changes how urgent it is")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/request-review",
                (Guid id, ReviewBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(
                        http,
                        id,
                        body.Revision,
                        body.OperationId,
                        r => RequestReview.RunAsync(tasks, r, body.Outcome, body.Data ?? [], body.Reviewer, me, cancel)
                    )
            )
            .WithSummary("Asks for a second pair of eyes")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/return",
                (Guid id, ReturnBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(
                        http,
                        id,
                        body.Revision,
                        body.OperationId,
                        r => ReturnTask.RunAsync(tasks, r, body.Step, body.Reason, body.Note, me, cancel)
                    )
            )
            .WithSummary("Sends the case back to an earlier step")
            .Answers();
        tasks
            .MapPost(
                "/{id:guid}/comments",
                (Guid id, CommentBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                    TaskEndpoints.Verb(http, id, body.Revision, body.OperationId, r => CommentOnTask.RunAsync(tasks, r, body.Body, me, cancel))
            )
            .WithSummary("Says something about it")
            .Answers();
        tasks
            .MapGet(
                "/{id:guid}/comments",
                async Task<Results<Ok<IReadOnlyList<Comment>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TaskDetail.FindAsync(runtime, id, me, cancel) is null
                        ? Problems.NotFound("task", id)
                        : TypedResults.Ok(await NoteQueries.CommentsAsync(runtime.Database, id, cancel))
            )
            .WithSummary("What was said about it")
            .ProducesProblem(404);
        tasks
            .MapPost("/{id:guid}/attachments", AttachAsync)
            .WithSummary("Attaches the file that is the body; name, revision and operationId are in the address")
            .Answers();
        tasks
            .MapGet(
                "/{id:guid}/attachments",
                async Task<Results<Ok<IReadOnlyList<Attachment>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TaskDetail.FindAsync(runtime, id, me, cancel) is null
                        ? Problems.NotFound("task", id)
                        : TypedResults.Ok(await NoteQueries.AttachmentsAsync(runtime.Database, id, cancel))
            )
            .WithSummary("What is attached")
            .ProducesProblem(404);
        tasks.MapGet("/{id:guid}/attachments/{attachment:guid}", DownloadAsync).WithSummary("A file, for saving").ProducesProblem(404);

        void Plain(string verb, string summary, Func<TaskRuntime, TaskRequest, string?, Person, CancellationToken, Task<TaskResult>> run) =>
            tasks
                .MapPost(
                    $"/{{id:guid}}/{verb}",
                    (Guid id, VerbBody body, TaskRuntime tasks, Person me, HttpContext http, CancellationToken cancel) =>
                        TaskEndpoints.Verb(http, id, body.Revision, body.OperationId, request => run(tasks, request, body.Reason, me, cancel))
                )
                .WithSummary(summary)
                .Answers();
    }

    private static async Task<Results<Ok<TaskAnswer>, ProblemHttpResult>> AttachAsync(
        Guid id,
        string? name,
        int? revision,
        string? operationId,
        TaskRuntime tasks,
        Person me,
        HttpContext http,
        CancellationToken cancel
    )
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = AttachToTask.MaxBytes + 1;
        using var content = new MemoryStream();
        await http.Request.Body.CopyToAsync(content, cancel);
        return await TaskEndpoints.Verb(
            http,
            id,
            revision,
            operationId,
            request => AttachToTask.RunAsync(tasks, request, name, http.Request.ContentType, content.ToArray(), me, cancel)
        );
    }

    // For saving and never for showing: whatever is in it does not run on our pages.
    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> DownloadAsync(
        Guid id,
        Guid attachment,
        WorkflowRuntime runtime,
        Person me,
        HttpContext http,
        CancellationToken cancel
    )
    {
        if (
            await TaskDetail.FindAsync(runtime, id, me, cancel) is null
            || await NoteQueries.ContentAsync(runtime.Database, id, attachment, cancel) is not { } file
        )
            return Problems.NotFound("attachment", attachment);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        return TypedResults.File(file.Content, file.ContentType, file.Name);
    }

    private static Instant? At(DateTimeOffset? at) => at is { } time ? Instant.FromDateTimeOffset(time) : null;
}
