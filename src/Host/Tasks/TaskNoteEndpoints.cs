using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.Tasks;

/// <summary>Comments on a task and its files. Adding a comment is one of <see cref="TaskVerbs"/>.</summary>
internal static class TaskNoteEndpoints
{
    public static void Map(RouteGroupBuilder tasks)
    {
        tasks
            .MapGet(
                "/{id:guid}/comments",
                async Task<Results<Ok<IReadOnlyList<Comment>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TaskDetail.FindAsync(runtime, id, me, cancel) is null
                        ? Problems.NotFound("task", id)
                        : TypedResults.Ok(await NoteQueries.CommentsAsync(runtime.Database, id, cancel))
            )
            .WithSummary("Lists the comments on a task")
            .ProducesProblem(404);
        tasks
            .MapPost("/{id:guid}/attachments", AttachAsync)
            .WithSummary("Attaches a file. The body is the file; name, revision and operationId are query parameters")
            .Answers();
        tasks
            .MapGet(
                "/{id:guid}/attachments",
                async Task<Results<Ok<IReadOnlyList<Attachment>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TaskDetail.FindAsync(runtime, id, me, cancel) is null
                        ? Problems.NotFound("task", id)
                        : TypedResults.Ok(await NoteQueries.AttachmentsAsync(runtime.Database, id, cancel))
            )
            .WithSummary("Lists the files attached to a task")
            .ProducesProblem(404);
        tasks.MapGet("/{id:guid}/attachments/{attachment:guid}", DownloadAsync).WithSummary("Downloads a file").ProducesProblem(404);
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
        return await TaskVerbs.AnswerAsync(
            http,
            tasks,
            me,
            id,
            revision,
            operationId,
            request => AttachToTask.RunAsync(tasks, request, name, http.Request.ContentType, content.ToArray(), me, cancel)
        );
    }

    // Always a download: its content must not run on our pages.
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
}
