using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Guidance;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks;

internal static class TaskPages
{
    private const string Incomplete = "The form is incomplete. Reload the page and try again.";

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
        foreach (var verb in TaskVerbs.All)
            pages.MapPost(
                $"/{verb.Name}",
                (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) => VerbAsync(verb, id, http, tasks, me, cancel)
            );

        // A file that is too large is received, so that the page can say so beside the field.
        pages.MapPost("/attach", AttachAsync).WithMetadata(new RequestSizeLimitAttribute(10 * AttachToTask.MaxBytes));
        pages.MapGet("/files/{attachment:guid}", TaskNoteEndpoints.DownloadAsync);
        pages.MapPost("/layout", LayoutAsync);
        pages
            .MapPost(
                "/promises",
                (Guid id, HttpContext http, TaskRuntime tasks, MakePromise make, Person me, CancellationToken cancel) =>
                    PromiseAsync(id, http, tasks, me, (task, form) => PromiseForm.MakeAsync(make, task.CaseId, form, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        pages
            .MapPost(
                "/promises/{clock:guid}",
                (Guid id, Guid clock, HttpContext http, TaskRuntime tasks, MakePromise make, Person me, CancellationToken cancel) =>
                    PromiseAsync(id, http, tasks, me, (task, form) => PromiseForm.SettleAsync(make, task.CaseId, clock, form, me, cancel), cancel)
            )
            .RequireAuthorization(Permissions.StartCases);
        pages.MapPut("/draft", (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) => DraftAsync(http, tasks, id, me, cancel));

        // What the form's own button does where there are no scripts.
        pages.MapPost("/draft", (Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) => DraftAsync(http, tasks, id, me, cancel));
    }

    private static Task<IResult> VerbAsync(TaskVerbRow verb, Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
        PostAsync(
            verb.Name,
            id,
            http,
            tasks,
            me,
            async (request, form) =>
            {
                var input = TaskFields.Read(form, tasks.Runtime.Clock.Now());
                if (!verb.TakesForm)
                    return new(await verb.Run(tasks, request, input, me, cancel), verb.LeavesTask ? "/" : null);
                var task = await TaskDetail.FindAsync(tasks.Runtime, id, me, cancel);
                var schema = task is null ? null : FormOf(task);
                var typed = Typed(schema, form);
                var result = await verb.Run(tasks, request, input with { Data = schema?.Settle(typed) ?? [] }, me, cancel);
                var isDone = task is not null && result is TaskResult.Done done && done.Answer.State.IsTerminal();
                return new(result, isDone ? await NextAsync(tasks, task!, me, cancel) : null, typed);
            },
            cancel
        );

    /// <summary>On with the same customer if the next step is theirs, else back to My work.</summary>
    private static async Task<string> NextAsync(TaskRuntime tasks, TaskDetail task, Person me, CancellationToken cancel)
    {
        var steps = await CaseStepList.ReadAsync(tasks.Runtime.Database, task.CaseId, me, tasks.Runtime.Clock.Now(), cancel);
        var next = steps.FirstOrDefault(s => s.Task.EndedAt is null && s.Task.OwnerId == me.Id);
        return next is null ? $"/?done={Ids.Text(task.Id)}" : $"/tasks/{Ids.Text(next.Task.Id)}?done={Ids.Text(task.Id)}";
    }

    private static Task<IResult> AttachAsync(Guid id, HttpContext http, TaskRuntime tasks, Person me, CancellationToken cancel) =>
        PostAsync(
            "attach",
            id,
            http,
            tasks,
            me,
            async (request, form) =>
            {
                if (form.Files.GetFile("file") is not { } file)
                    return new(new TaskResult.InvalidRequest("file", "Choose a file."));
                var content = new byte[Math.Min(file.Length, AttachToTask.MaxBytes + 1)];
                await using (var sent = file.OpenReadStream())
                    await sent.ReadExactlyAsync(content, cancel);
                return new(await AttachToTask.RunAsync(tasks, request, file.FileName, file.ContentType, content, me, cancel));
            },
            cancel
        );

    private static async Task<IResult> PromiseAsync(
        Guid id,
        HttpContext http,
        TaskRuntime tasks,
        Person me,
        Func<TaskDetail, IFormCollection, Task<PromiseForm?>> run,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (await TaskDetail.FindAsync(tasks.Runtime, id, me, cancel) is not { } task)
            return Results.NotFound();
        return await run(task, form) is not { } refused ? Results.LocalRedirect($"/tasks/{Ids.Text(id)}#promises")
            : await ReadAsync(tasks, id, me, cancel) is { } view ? Page(view with { Promises = view.Promises with { Attempt = refused } }, refused.Status)
            : Results.NotFound();
    }

    private static async Task<TaskView?> ReadAsync(TaskRuntime tasks, Guid id, Person me, CancellationToken cancel, bool withNotes = true)
    {
        var runtime = tasks.Runtime;
        if (await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task)
            return null;
        var now = runtime.Clock.Now();
        var teams = await TeamQueries.ListAsync(runtime.Database, cancel);
        var form = FormOf(task);
        var assignees = task.State.IsTerminal() ? [] : await Assignees.ReadAsync(runtime.Database, id, now, cancel);
        var facts = withNotes ? await FactQueries.OfCaseAsync(runtime, task.CaseId, me, cancel) : [];
        var clocks = await ClockQueries.OfTaskAndCaseAsync(runtime.Database, id, task.CaseId, cancel);
        return new()
        {
            Task = task,
            Me = me,
            Now = now,
            Journey = (await runtime.Definitions.FindPublishedAsync(task.Journey, cancel))?.Name ?? Words.Humanize(task.Journey),
            Team = task.Team is { } team ? teams.FirstOrDefault(t => t.Key == team)?.Title ?? team : null,
            Form = form,
            Data = WithReadOnly(form, task, (task.Data ?? task.Draft ?? task.Prefill) is { } data ? JsonSerializer.SerializeToElement(data) : null),
            Clocks = [.. clocks.Clocks.Where(clock => clock.TaskId is not null).Select(clock => clock.Stored)],
            LostClocks = [.. clocks.Lost.Where(clock => clock.TaskId is not null)],
            Promises = await PromiseView.OfAsync(
                runtime,
                task.CaseId,
                $"/tasks/{Ids.Text(id)}/promises",
                clocks.Clocks.Where(clock => clock.TaskId is null).Select(clock => clock.Stored),
                task.DefinitionVersionId,
                task.CustomerId is not null && !task.State.IsTerminal(),
                me,
                null,
                cancel
            ),
            Facts = facts,
            Guidance = withNotes && !task.State.IsTerminal() ? await GuidanceView.OfAsync(runtime, task, facts, me, cancel) : null,
            CaseFiles = withNotes
                ? [.. (await NoteQueries.OfCasesAsync(runtime.Database, [task.CaseId], me, now, cancel)).Where(file => file.TaskId != id)]
                : [],
            Assignees = assignees,
            Overrides =
                assignees.Count == 0 && TaskLifeCycle.Allows(task.State, TaskVerb.Assign)
                    ? await Assignees.OverridesAsync(runtime.Database, id, me, now, cancel)
                    : [],
            Steps = await CaseStepList.ReadAsync(runtime.Database, task.CaseId, me, now, cancel),
            Comments = withNotes ? await NoteQueries.CommentsAsync(runtime.Database, id, cancel) : [],
            Files = withNotes ? await NoteQueries.AttachmentsAsync(runtime.Database, id, cancel) : [],
            OtherTeams = [.. teams.Where(t => t.Key != task.Team && !t.IsRetired)],
            Names = task.EndedBy is { } who ? await TeamQueries.NamesAsync(runtime.Database, [who], cancel) : new Dictionary<string, string>(),
        };
    }

    /// <summary>Fields that are only shown are not posted; they have what the form began with.</summary>
    private static JsonElement? WithReadOnly(FormSchema? form, TaskDetail task, JsonElement? data) =>
        form is null || task.Prefill is not JsonObject began
            ? data
            : JsonSerializer.SerializeToElement(form.WithReadOnly(data is { ValueKind: JsonValueKind.Object } typed ? JsonObject.Create(typed)! : [], began));

    private static RazorComponentResult<TaskPage> Page(TaskView view, int status = StatusCodes.Status200OK) => Html.Page(new TaskPage { View = view }, status);

    /// <summary>How a verb went.</summary>
    /// <param name="Result">The answer.</param>
    /// <param name="Next">Page to show next, unless the form says which; null: the task.</param>
    /// <param name="Typed">What was entered into the task's form.</param>
    private sealed record Ran(TaskResult Result, string? Next = null, JsonElement? Typed = null);

    private static async Task<IResult> PostAsync(
        string verb,
        Guid id,
        HttpContext http,
        TaskRuntime tasks,
        Person me,
        Func<TaskRequest, IFormCollection, Task<Ran>> run,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var request = TaskVerbs.Read(id, Revision(form), TaskFields.Text(form, TaskFields.Operation), out var errors);
        if (request is null && !http.Request.IsPage())
            return Problems.Invalid(errors);
        var ran = request is null ? new(new TaskResult.InvalidRequest(errors.First().Key, Incomplete)) : await run(request, form);
        return ran.Result is TaskResult.Done
            ? Results.LocalRedirect(Requests.LocalOr(form[TaskFields.To], ran.Next ?? $"/tasks/{Ids.Text(id)}"))
            : await RefusedAsync(tasks, id, me, ran, (verb, form), cancel);
    }

    /// <summary>The page with the newest state and why the verb was refused.</summary>
    private static async Task<IResult> RefusedAsync(
        TaskRuntime tasks,
        Guid id,
        Person me,
        Ran ran,
        (string Verb, IFormCollection Typed) attempt,
        CancellationToken cancel
    )
    {
        if (await ReadAsync(tasks, id, me, cancel) is not { } view)
            return Results.NotFound();
        var refused = await Refusals.OfAsync(tasks.Runtime.Database, ran.Result, me, cancel);
        return Page(
            view with
            {
                Refused = ran.Result,
                Refusal = refused,
                Attempt = attempt,
                Data = view.MayEdit && ran.Typed is not null ? WithReadOnly(view.Form, view.Task, ran.Typed) : view.Data,
            },
            refused.Status
        );
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

    private static int? Revision(IFormCollection form) => int.TryParse(form[TaskFields.Revision], out var revision) ? revision : null;

    private static FormSchema? FormOf(TaskDetail task) =>
        task.Form is { } schema && FormSchema.TryParse(schema.ToJsonString(), out var form, out _) ? form : null;

    private static JsonElement Typed(FormSchema? schema, IFormCollection form) =>
        schema?.ReadPost(Pairs(form)) ?? JsonSerializer.SerializeToElement(new JsonObject());

    private static IEnumerable<KeyValuePair<string, string>> Pairs(IFormCollection form) =>
        form.SelectMany(field => field.Value, (field, value) => KeyValuePair.Create(field.Key, value ?? ""));
}
