using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks;

internal static class TaskPages
{
    public static void MapTaskPages(this WebApplication app)
    {
        var pages = app.MapGroup("/tasks/{id:guid}").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (Guid id, Guid? done, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                await ReadAsync(tasks, id, me, cancel) is { } view
                    ? Page(view with { Done = await DoneStep.FindAsync(tasks.Runtime, done, me, cancel) })
                    : Results.NotFound()
        );
        pages.MapGet("/news", NewsAsync);
        pages.MapPost(
            "/claim",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                VerbAsync(http, tasks, id, me, (request, _) => ClaimTask.RunAsync(tasks, request, me, cancel), $"/tasks/{Ids.Text(id)}", cancel)
        );
        pages.MapPost(
            "/start",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                VerbAsync(http, tasks, id, me, (request, _) => StartTask.RunAsync(tasks, request, me, cancel), $"/tasks/{Ids.Text(id)}", cancel)
        );
        pages.MapPost(
            "/release",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                VerbAsync(
                    http,
                    tasks,
                    id,
                    me,
                    (request, form) => ReleaseTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Reason), me, cancel),
                    "/",
                    cancel
                )
        );
        pages.MapPost(
            "/assign",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                VerbAsync(
                    http,
                    tasks,
                    id,
                    me,
                    (request, form) =>
                        AssignTask.RunAsync(
                            tasks,
                            request,
                            TaskFields.Text(form, TaskFields.Person) ?? "",
                            TaskFields.Text(form, TaskFields.Reason),
                            me,
                            cancel
                        ),
                    $"/tasks/{Ids.Text(id)}",
                    cancel
                )
        );
        pages.MapPost(
            "/cancel",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                VerbAsync(
                    http,
                    tasks,
                    id,
                    me,
                    (request, form) => CancelTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Reason), me, cancel),
                    $"/tasks/{Ids.Text(id)}",
                    cancel
                )
        );
        Verb("take-over", (tasks, request, _, me, cancel) => TakeOverTask.RunAsync(tasks, request, me, cancel));
        Verb("stop", (tasks, request, _, me, cancel) => StopTask.RunAsync(tasks, request, me, cancel));
        Verb("resume", (tasks, request, _, me, cancel) => ResumeTask.RunAsync(tasks, request, me, cancel));
        Verb(
            "suspend",
            (tasks, request, form, me, cancel) =>
                SuspendTask.RunAsync(
                    tasks,
                    request,
                    TaskFields.Text(form, TaskFields.Reason),
                    TaskFields.Number(form, TaskFields.Days) is { } days and > 0 and <= 366 ? tasks.Runtime.Clock.Now() + Duration.FromDays(days) : null,
                    TaskFields.Text(form, TaskFields.Note),
                    me,
                    cancel
                )
        );
        Verb(
            "delegate",
            (tasks, request, form, me, cancel) =>
                DelegateTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Person), TaskFields.Text(form, TaskFields.Reason), me, cancel)
        );
        Verb(
            "forward",
            (tasks, request, form, me, cancel) =>
                ForwardTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Team), null, TaskFields.Text(form, TaskFields.Reason), me, cancel),
            "/"
        );
        Verb(
            "return",
            (tasks, request, form, me, cancel) =>
                ReturnTask.RunAsync(
                    tasks,
                    request,
                    TaskFields.Text(form, TaskFields.Step),
                    TaskFields.Text(form, TaskFields.Reason),
                    TaskFields.Text(form, TaskFields.Note),
                    me,
                    cancel
                )
        );
        Verb(
            "priority",
            (tasks, request, form, me, cancel) =>
                PrioritizeTask.RunAsync(tasks, request, TaskFields.Number(form, TaskFields.Priority), TaskFields.Text(form, TaskFields.Reason), me, cancel)
        );
        Verb("skip", (tasks, request, form, me, cancel) => SkipTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Reason), me, cancel), "/");
        Verb("start-review", (tasks, request, _, me, cancel) => StartReview.RunAsync(tasks, request, me, cancel));
        Verb("approve", (tasks, request, _, me, cancel) => ApproveReview.RunAsync(tasks, request, me, cancel));
        Verb(
            "request-changes",
            (tasks, request, form, me, cancel) => RequestChanges.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Reason), me, cancel)
        );
        Verb("comment", (tasks, request, form, me, cancel) => CommentOnTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Note), me, cancel));
        pages.MapPost("/attach", AttachAsync).WithMetadata(new RequestSizeLimitAttribute(AttachToTask.MaxBytes + 64 * 1024));
        pages.MapGet("/files/{attachment:guid}", TaskLifeEndpoints.DownloadAsync);
        pages.MapPost(
            "/complete",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                FinishAsync(
                    id,
                    http,
                    tasks,
                    me,
                    (request, form, data) => CompleteTask.RunAsync(tasks, request, TaskFields.Text(form, TaskFields.Outcome), data, me, cancel),
                    cancel
                )
        );
        pages.MapPost(
            "/request-review",
            (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                FinishAsync(
                    id,
                    http,
                    tasks,
                    me,
                    (request, form, data) =>
                        RequestReview.RunAsync(
                            tasks,
                            request,
                            TaskFields.Text(form, TaskFields.Outcome),
                            data,
                            TaskFields.Text(form, TaskFields.Reviewer),
                            me,
                            cancel
                        ),
                    cancel
                )
        );
        pages.MapPost("/layout", LayoutAsync);
        pages.MapPut("/draft", (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) => DraftAsync(http, tasks, id, me, cancel));

        // What the form's own button does where there are no scripts.
        pages.MapPost("/draft", (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) => DraftAsync(http, tasks, id, me, cancel));

        void Verb(string verb, Func<TaskRuntime, TaskRequest, IFormCollection, Person, CancellationToken, Task<TaskResult>> run, string? then = null) =>
            pages.MapPost(
                $"/{verb}",
                (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                    VerbAsync(http, tasks, id, me, (request, form) => run(tasks, request, form, me, cancel), then ?? $"/tasks/{Ids.Text(id)}", cancel)
            );
    }

    private static Task<IResult> AttachAsync(Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
        VerbAsync(
            http,
            tasks,
            id,
            me,
            async (request, form) =>
            {
                if (form.Files.GetFile("file") is not { } file)
                    return new TaskResult.InvalidRequest("file", "Choose a file.");
                using var content = new MemoryStream();
                await file.CopyToAsync(content, cancel);
                return await AttachToTask.RunAsync(tasks, request, file.FileName, file.ContentType, content.ToArray(), me, cancel);
            },
            $"/tasks/{Ids.Text(id)}",
            cancel
        );

    private static async Task<TaskView?> ReadAsync(TaskRuntime tasks, Guid id, Person me, CancellationToken cancel, bool withNotes = true)
    {
        var runtime = tasks.Runtime;
        if (await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task)
            return null;
        var now = runtime.Clock.Now();
        var teams = await TeamQueries.ListAsync(runtime.Database, cancel);
        var form = FormOf(task);
        var (clocks, ofCase) = await ClockQueries.OfTaskAndCaseAsync(runtime.Database, id, task.CaseId, cancel);
        return new()
        {
            Task = task,
            Me = me,
            Now = now,
            Journey = (await runtime.Definitions.FindPublishedAsync(task.Journey, cancel))?.Name ?? Words.Humanize(task.Journey),
            Team = task.Team is { } team ? teams.FirstOrDefault(t => t.Key == team)?.Title ?? team : null,
            Form = form,
            Data = WithReadOnly(form, task, (task.Data ?? task.Draft ?? task.Prefill) is { } data ? JsonSerializer.SerializeToElement(data) : null),
            Clocks = clocks,
            Promises = [.. ofCase.Where(clock => clock.State is { Ended: false, Policy.Kind: SlaKind.Promise })],
            Assignees = task.State.IsTerminal() ? [] : await Assignees.ReadAsync(runtime.Database, id, now, cancel),
            Steps = await CaseStepList.ReadAsync(runtime.Database, task.CaseId, me, now, cancel),
            Comments = withNotes ? await NoteQueries.CommentsAsync(runtime.Database, id, cancel) : [],
            Files = withNotes ? await NoteQueries.AttachmentsAsync(runtime.Database, id, cancel) : [],
            OtherTeams = [.. teams.Where(t => t.Key != task.Team)],
            Names = task.EndedBy is { } who ? await TeamQueries.NamesAsync(runtime.Database, [who], cancel) : new Dictionary<string, string>(),
        };
    }

    /// <summary>Fields that are only shown are not posted; they have what the form began with.</summary>
    private static JsonElement? WithReadOnly(FormSchema? form, TaskDetail task, JsonElement? data) =>
        form is null || task.Prefill is not JsonObject began
            ? data
            : JsonSerializer.SerializeToElement(form.WithReadOnly(data is { ValueKind: JsonValueKind.Object } typed ? JsonObject.Create(typed)! : [], began));

    private static RazorComponentResult<TaskPage> Page(TaskView view, int status = StatusCodes.Status200OK) => Html.Page(new TaskPage { View = view }, status);

    /// <summary>The page with the newest state and why the verb was refused.</summary>
    private static async Task<IResult> RefusedAsync(
        TaskRuntime tasks,
        Guid id,
        Person me,
        TaskResult refused,
        (string Verb, IFormCollection Typed) attempt,
        JsonElement? typed,
        CancellationToken cancel
    )
    {
        if (await ReadAsync(tasks, id, me, cancel) is not { } view)
            return Results.NotFound();
        var who = refused switch
        {
            TaskResult.AlreadyEnded ended => ended.EndedBy,
            TaskResult.StaleRevision stale => stale.ChangedBy,
            _ => null,
        };
        var names = who is null ? view.Names : await TeamQueries.NamesAsync(tasks.Runtime.Database, new[] { who, view.Task.EndedBy }.OfType<string>(), cancel);
        return Page(
            view with
            {
                Refused = refused,
                Attempt = attempt,
                Names = names,
                Data = view.MayEdit && typed is not null ? WithReadOnly(view.Form, view.Task, typed) : view.Data,
            },
            TaskProblems.Of(refused).StatusCode
        );
    }

    private static async Task<IResult> VerbAsync(
        HttpContext http,
        TaskRuntime tasks,
        Guid id,
        Person me,
        Func<TaskRequest, IFormCollection, Task<TaskResult>> run,
        string then,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (Request(id, form) is not { } request)
            return Results.BadRequest();
        var result = await run(request, form);
        return result is TaskResult.Done
            ? Results.LocalRedirect(Requests.LocalOr(form[TaskFields.To], then))
            : await RefusedAsync(tasks, id, me, result, (Verb(http), form), null, cancel);
    }

    private static async Task<IResult> FinishAsync(
        Guid id,
        HttpContext http,
        TaskRuntime tasks,
        Person me,
        Func<TaskRequest, IFormCollection, JsonObject, Task<TaskResult>> finish,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (Request(id, form) is not { } request)
            return Results.BadRequest();
        if (await TaskDetail.FindAsync(tasks.Runtime, id, me, cancel) is not { } task)
            return Results.NotFound();
        var schema = FormOf(task);
        var typed = Typed(schema, form);
        var result = await finish(request, form, schema?.Settle(typed) ?? []);
        if (result is not TaskResult.Done done)
            return await RefusedAsync(tasks, id, me, result, (Verb(http), form), typed, cancel);
        if (!done.Answer.State.IsTerminal())
            return Results.LocalRedirect($"/tasks/{Ids.Text(id)}");

        // On with the same customer if the next step is theirs, else back to everything that waits.
        var next = (await CaseStepList.ReadAsync(tasks.Runtime.Database, task.CaseId, me, tasks.Runtime.Clock.Now(), cancel)).FirstOrDefault(s =>
            s.Task.EndedAt is null && s.Task.OwnerId == me.Id
        );
        return Results.LocalRedirect(next is null ? $"/?done={Ids.Text(id)}" : $"/tasks/{Ids.Text(next.Task.Id)}?done={Ids.Text(id)}");
    }

    /// <summary>Which fields are asked and required for what is typed so far; changes nothing.</summary>
    private static async Task<IResult> LayoutAsync(Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (
            await TaskDetail.FindAsync(tasks.Runtime, id, me, cancel) is not { Form: { } schema } task
            || !FormSchema.TryParse(schema.ToJsonString(), out var parsed, out _)
        )
            return Results.NotFound();
        var typed = WithReadOnly(parsed, task, parsed.ReadSoFar(Pairs(form)));
        return Results.Json(parsed.LayoutFor(typed!.Value));
    }

    private static string Verb(HttpContext http) => http.Request.Path.Value!.Split('/')[^1];

    private static async Task<IResult> DraftAsync(HttpContext http, TaskRuntime tasks, Guid id, Person me, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var (isTheirs, schema) = await SaveDraft.FormAsync(tasks.Runtime, id, me, cancel);
        var saved =
            isTheirs
            && await SaveDraft.RunAsync(
                tasks.Runtime.Database,
                id,
                TaskFields.Number(form, TaskFields.Revision),
                JsonSerializer.Deserialize<JsonObject>(Typed(schema, form))!,
                me,
                cancel
            );
        if (http.Request.IsFragment())
            return Html.Page(new DraftState { SavedAt = saved ? tasks.Runtime.Clock.Now() : (Instant?)null });
        return saved ? Results.LocalRedirect($"/tasks/{Ids.Text(id)}")
            : await ReadAsync(tasks, id, me, cancel) is { } view ? Page(view, StatusCodes.Status409Conflict)
            : Results.NotFound();
    }

    /// <summary>Whether somebody changed the task under the eyes of its owner, whose form is not replaced.</summary>
    private static async Task<IResult> NewsAsync(Guid id, int revision, TaskRuntime tasks, Person me, CancellationToken cancel) =>
        await ReadAsync(tasks, id, me, cancel, withNotes: false) is not { } view ? Results.NotFound()
        : view.Task.Revision == revision ? Results.NoContent()
        : Html.Page(new TaskNews { View = view });

    private static TaskRequest? Request(Guid id, IFormCollection form) =>
        int.TryParse(form[TaskFields.Revision], out var revision) && TaskFields.Text(form, TaskFields.Operation) is { Length: <= 200 } operation
            ? new(id, revision, operation)
            : null;

    private static FormSchema? FormOf(TaskDetail task) =>
        task.Form is { } schema && FormSchema.TryParse(schema.ToJsonString(), out var form, out _) ? form : null;

    private static JsonElement Typed(FormSchema? schema, IFormCollection form) =>
        schema?.ReadPost(Pairs(form)) ?? JsonSerializer.SerializeToElement(new JsonObject());

    private static IEnumerable<KeyValuePair<string, string>> Pairs(IFormCollection form) =>
        form.SelectMany(field => field.Value, (field, value) => KeyValuePair.Create(field.Key, value ?? ""));
}
