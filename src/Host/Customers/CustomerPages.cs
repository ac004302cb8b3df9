using Microsoft.AspNetCore.Mvc;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Cases;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.Customers;

internal static class CustomerPages
{
    private const int PageSize = 50;
    private const int TimelineSize = 40;

    public static void MapCustomerPages(this WebApplication app)
    {
        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.MapGet(
            "/customers",
            async (string? q, string? cursor, int? added, int? changed, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new CustomersPage
                    {
                        List = await ListAsync(runtime, q, cursor, me, cancel),
                        Me = me,
                        Told = added is { } a && changed is { } c ? $"Imported: {a} added, {c} changed." : null,
                    }
                )
        );
        pages.MapGet(
            "/customers/list",
            async (string? q, string? cursor, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(new CustomerList { List = await ListAsync(runtime, q, cursor, me, cancel) })
        );
        pages.MapGet(
            "/customers/by-number",
            async (string? number, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await CustomerQueries.OfNumberAsync(runtime.Database, number ?? "", me, runtime.Clock.Now(), cancel) is { } found
                    ? Results.LocalRedirect($"/customers/{Ids.Text(found.Id)}")
                    : Results.NotFound()
        );
        pages.MapGet(
            "/customers/{id:guid}",
            (Guid id, string? told, string? show, string? before, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                PageAsync(runtime, id, me, new(), told, null, StatusCodes.Status200OK, cancel, timeline: (Shows(show), Before(before)))
        );
        pages.MapGet("/customers/{id:guid}/history", HistoryAsync);
        pages.MapPost("/customers/{id:guid}/contacts", RecordAsync).RequireAuthorization(Permissions.StartCases);
        pages.MapPost("/customers/{id:guid}/own-view", OwnViewAsync).RequireAuthorization(Permissions.StartCases);
        pages.MapPost("/customers/{id:guid}/sensitive", SensitiveAsync).RequireAuthorization(Permissions.MarkSensitive);
        pages.MapPost("/customers/{id:guid}/merge", MergeAsync).RequireAuthorization(Permissions.KeepCustomers);
        pages.MapPost("/customers/{id:guid}/unmerge", UndoAsync).RequireAuthorization(Permissions.KeepCustomers);
        FrontOfficePages.Map(pages);
        CustomerEditPages.Map(pages);
    }

    private static async Task<CustomerListView> ListAsync(WorkflowRuntime runtime, string? q, string? cursor, Person me, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        if (!string.IsNullOrWhiteSpace(q))
            return new(q, new(await FindCustomers.FindAsync(runtime.Database, q, PageSize, me, now, cancel), null), null);
        Cursor.TryRead(cursor, out var before);
        return new("", await CustomerQueries.ListAsync(runtime.Database, before, PageSize, me, now, cancel), cursor);
    }

    private static async Task<IResult> PageAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person me,
        ContactForm contact,
        string? told,
        string? refused,
        int status,
        CancellationToken cancel,
        OwnViewAttempt? ownView = null,
        (CustomerEvents Shows, Instant? Before) timeline = default
    )
    {
        var (database, now) = (runtime.Database, runtime.Clock.Now());
        if (await CustomerQueries.FindAsync(database, id, me, now, cancel) is not { } customer)
            return Results.NotFound();
        var cases = await CustomerWork.CasesAsync(runtime, customer.Id, me, now, cancel);
        var ids = cases.Select(c => c.Id).ToList();
        var versions = new Dictionary<string, CompiledWorkflow?>();
        foreach (var version in cases.Where(c => c.Waits.Count > 0).Select(c => c.VersionId).Distinct())
            versions[version] = await WorkflowAsync(runtime, version, cancel);
        return Html.Page(
            new CustomerPage
            {
                View = new()
                {
                    Customer = customer,
                    Cases = cases,
                    Promises = await CustomerWork.PromisesAsync(database, ids, cancel),
                    Messages = await OpenMessages.ListAsync(database, customer.Id, me, now, cancel),
                    Files = await NoteQueries.OfCasesAsync(database, ids, me, now, cancel),
                    Holds = await LegalHolds.OfCustomerAsync(database, customer.Id, now, cancel),
                    Timeline = await TimelineAsync(runtime, customer.Id, timeline.Shows, timeline.Before, me, cancel),
                    OwnView = await OwnViewDesk.PanelAsync(
                        runtime,
                        [.. cases.Select(c => (c.Id, $"{c.JourneyName ?? Words.Humanize(c.Journey)} {c.Reference}"))],
                        customer,
                        me,
                        cancel
                    )
                        is { } panel
                        ? panel with
                        {
                            Customer = customer.Id,
                            Attempt = ownView,
                        }
                        : null,
                    StepName = (version, step) => Timeline.StepName(versions.GetValueOrDefault(version), step),
                    Me = me,
                    Now = now,
                    Contact =
                        contact.Case.Length == 0 && contact.Errors.Count == 0 && cases.FirstOrDefault(c => c.IsRunning) is { } newest
                            ? contact with
                            {
                                Case = Ids.Text(newest.Id),
                            }
                            : contact,
                    Told = told switch
                    {
                        "contact" => "Contact recorded",
                        "answered" => "Marked as answered",
                        "promise" => "Contact and promise recorded",
                        "saved" => "Customer saved",
                        "sensitive" => "Marked as sensitive",
                        "not-sensitive" => "No longer sensitive",
                        "merged" => "Customers merged",
                        "unmerged" => "Merging undone",
                        _ => null,
                    },
                    Refused = refused,
                },
            },
            status
        );
    }

    private static CustomerEvents Shows(string? text) =>
        Enum.TryParse<CustomerEvents>(text, ignoreCase: true, out var shows) && Enum.IsDefined(shows) ? shows : default;

    private static Instant? Before(string? text) => InstantPattern.ExtendedIso.Parse(text ?? "") is { Success: true, Value: var at } ? at : null;

    private static async Task<IResult> HistoryAsync(Guid id, string? show, string? before, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is not { } customer)
            return Results.NotFound();
        return Html.Page(new CustomerTimelineList { Timeline = await TimelineAsync(runtime, customer.Id, Shows(show), Before(before), me, cancel) });
    }

    private static async Task<CustomerTimeline> TimelineAsync(
        WorkflowRuntime runtime,
        Guid id,
        CustomerEvents shows,
        Instant? before,
        Person me,
        CancellationToken cancel
    )
    {
        var (events, next) = await CustomerHistory.ReadAsync(runtime.Database, id, shows, before, TimelineSize, me, runtime.Clock.Now(), cancel);
        var people = await TeamQueries.NamesAsync(runtime.Database, Timeline.People(events.Select(e => e.Event)), cancel);
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);
        var timeline = new Timeline(people, teams, null);
        var entries = events
            .GroupBy(e => (e.CaseId, e.Reference))
            .SelectMany(of => timeline.Tell([.. of.Select(e => e.Event).OrderBy(e => e.Sequence)]).Select(entry => (of.Key.CaseId, of.Key.Reference, entry)))
            .Where(e => e.entry.Lines.Count > 0)
            .Select(e => (e.CaseId, e.Reference, e.entry with { Technical = [] }))
            .OrderByDescending(e => e.Item3.At);
        return new($"/customers/{Ids.Text(id)}", [.. entries], next) { Shows = shows, Before = before };
    }

    private static async Task<IResult> RecordAsync(Guid id, HttpContext http, TaskRuntime tasks, MakePromise make, Person me, CancellationToken cancel)
    {
        var posted = await http.Request.ReadFormAsync(cancel);
        var form = ContactForm.Of(posted);
        var operation = posted["operation"].ToString() is { Length: > 0 and <= 100 } given ? given : null;
        var errors = new Dictionary<string, string[]>();
        Guid? about = Guid.TryParse(form.Case, out var @case) ? @case : null;
        var resume = form.Resume.Select(task => Guid.TryParse(task, out var one) ? one : Guid.Empty).Where(one => one != Guid.Empty).ToList();
        var body = new ContactBody(form.Channel, form.Incoming, form.Outcome, form.Note, about, null, resume, operation);
        var request = body.Read(errors);
        var wrong = errors.ToDictionary(e => e.Key, e => e.Value[0]);
        var promise = form.Promise.Length + form.DueAt.Length == 0 ? null : Promise(form, about, operation, tasks.Runtime.Clock.Now(), wrong);
        if (promise is not null && wrong.Count == 0)
            promise = promise with { Step = await ContactPromise.StepAsync(make, about!.Value, form.Promise, form.Kept, cancel) };
        if (promise is not null && wrong.Count == 0 && promise.Reason is null)
        {
            // Before the contact is recorded: a promise that is refused afterwards would leave half of the form.
            if (await make.OddsAsync(about!.Value, promise.Step, promise.DueAt, cancel) is { } odds && make.NeedsReason(odds))
                wrong["promiseReason"] = $"is required: it is likely to be broken ({Words.Percent(odds.Chance)} likely to be kept)";
        }

        if (request is null || wrong.Count > 0)
            return await RefusedAsync(wrong);
        switch (await RecordContact.RunAsync(tasks, id, request, me, cancel))
        {
            case ContactResult.Invalid invalid:
                return await RefusedAsync(invalid.Errors.ToDictionary(e => e.Key, e => e.Value[0]));
            case ContactResult.NotFound:
                return Results.NotFound();
            case ContactResult.OperationReused:
                return await PageAsync(
                    tasks.Runtime,
                    id,
                    me,
                    form,
                    null,
                    "This contact was already recorded, with other words. Check the timeline before you record it again.",
                    StatusCodes.Status409Conflict,
                    cancel
                );
            case ContactResult.Done { NotResumed: [var still, ..] }:
                return await PageAsync(
                    tasks.Runtime,
                    id,
                    me,
                    new(),
                    null,
                    $"The contact was recorded, but a task still waits: {still}",
                    StatusCodes.Status409Conflict,
                    cancel
                );
        }

        if (promise is null)
            return Results.LocalRedirect($"/customers/{Ids.Text(id)}?told=contact");
        return await make.RunAsync(about!.Value, promise, me, cancel) is PromiseResult.Done
            ? Results.LocalRedirect($"/customers/{Ids.Text(id)}?told=promise")
            : await PageAsync(
                tasks.Runtime,
                id,
                me,
                new(),
                null,
                "The contact was recorded, but not the promise: the case has already ended.",
                StatusCodes.Status409Conflict,
                cancel
            );

        Task<IResult> RefusedAsync(Dictionary<string, string> why) =>
            PageAsync(tasks.Runtime, id, me, form with { Errors = why }, null, null, StatusCodes.Status422UnprocessableEntity, cancel);
    }

    /// <summary>The promise that was typed with a contact, or null with the errors.</summary>
    private static PromiseRequest? Promise(ContactForm form, Guid? about, string? operation, Instant now, Dictionary<string, string> errors)
    {
        var found = new Dictionary<string, string>();
        var body = new PromiseBody(
            form.Promise.Length == 0 ? ContactPromise.Usual : form.Promise,
            PromiseRules.Due(form.DueAt, found),
            form.Channel == nameof(ContactChannel.Call) ? "Phone" : form.Channel,
            null,
            operation is null ? null : $"{operation}-promise",
            form.PromiseReason
        );
        var request = PromiseRules.Make(body, now, found);
        if (about is null)
            found["case"] = "is required for a promise";
        foreach (var (field, reason) in found)
            errors[field == "what" ? "promise" : field] = reason;
        return request;
    }

    private static async Task<IResult> OwnViewAsync(Guid id, HttpContext http, OwnViewDesk desk, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        if (!Guid.TryParse(form["case"], out var @case) || await desk.MakeAsync(@case, form, http.Request, me, cancel) is not { } attempt)
            return Results.NotFound();

        var status = attempt.Refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity;
        return await PageAsync(runtime, id, me, new(), null, null, status, cancel, attempt);
    }

    private static async Task<IResult> SensitiveAsync(Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var marks = form["mark"] == "true";
        SensitiveKind? kind = Enum.TryParse<SensitiveKind>(form["kind"], out var one) && Enum.IsDefined(one) ? one : null;
        _ = int.TryParse(form["revision"], out var revision);
        var result = marks
            ? await SensitiveCustomers.MarkAsync(runtime, id, revision, kind, form["reason"].ToString(), me, cancel)
            : await SensitiveCustomers.UnmarkAsync(runtime, id, revision, me, cancel);
        return result switch
        {
            CustomerResult.Done => Results.LocalRedirect($"/customers/{Ids.Text(id)}?told={(marks ? "sensitive" : "not-sensitive")}"),
            CustomerResult.Invalid invalid => await PageAsync(
                runtime,
                id,
                me,
                new(),
                null,
                string.Join(" ", invalid.Errors.Select(error => Words.Sentence([$"{error.Key} {error.Value[0]}"]))),
                StatusCodes.Status422UnprocessableEntity,
                cancel
            ),
            CustomerResult.Stale => await PageAsync(
                runtime,
                id,
                me,
                new(),
                null,
                "Someone has changed this customer meanwhile. Review it and try again.",
                StatusCodes.Status409Conflict,
                cancel
            ),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> MergeAsync(Guid id, [FromForm] string? duplicate, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (await CustomerQueries.OfNumberAsync(runtime.Database, (duplicate ?? "").Trim(), me, runtime.Clock.Now(), cancel) is not { } other)
        {
            return await PageAsync(
                runtime,
                id,
                me,
                new(),
                null,
                "There is no customer with this number or identifier.",
                StatusCodes.Status422UnprocessableEntity,
                cancel
            );
        }

        return await MergeCustomers.RunAsync(runtime, other.Id, id, me, cancel) switch
        {
            CustomerResult.Done => Results.LocalRedirect($"/customers/{Ids.Text(id)}?told=merged"),
            CustomerResult.Refused refused => await PageAsync(runtime, id, me, new(), null, refused.Reason, StatusCodes.Status409Conflict, cancel),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> UndoAsync(Guid id, [FromForm] Guid? back, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await MergeCustomers.UndoAsync(runtime, id, me, cancel) switch
        {
            CustomerResult.Done => Results.LocalRedirect($"/customers/{Ids.Text(back ?? id)}?told=unmerged"),
            CustomerResult.Refused refused => await PageAsync(runtime, id, me, new(), null, refused.Reason, StatusCodes.Status409Conflict, cancel),
            _ => Results.NotFound(),
        };

    private static async Task<CompiledWorkflow?> WorkflowAsync(WorkflowRuntime runtime, string version, CancellationToken cancel)
    {
        try
        {
            return await runtime.Definitions.GetVersionAsync(version, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            // The step keeps the name that the journey has for it.
            return null;
        }
    }
}

/// <summary>The data of the list of customers.</summary>
/// <param name="Q">What is looked for; or empty.</param>
/// <param name="Page">What was found.</param>
/// <param name="Cursor">Where the page begins, or null.</param>
public sealed record CustomerListView(string Q, Page<CustomerSummary> Page, string? Cursor);
