using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>People: the list, adding and editing, access.</summary>
internal static class PeoplePages
{
    private const string People = "/administration/people";

    public static void MapPeoplePages(this WebApplication app)
    {
        var pages = app.MapGroup(People).RequireAuthorization(Permissions.ManagePeople).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel) =>
                Html.Page(new PeoplePage { View = await ListAsync(request, runtime, cancel) })
        );
        pages.MapGet(
            "/list",
            async (HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel) =>
                Html.Page(new PeopleList { View = await ListAsync(request, runtime, cancel) })
        );
        pages.MapGet(
            "/new",
            async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(new PersonPage { View = await NewAsync(runtime, new() { Roles = [Roles.Employee] }, me, cancel) })
        );
        pages.MapPost("/new", AddAsync);
        pages.MapGet(
            "/{id:guid}",
            async (Guid id, string? done, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await ReadAsync(runtime, id, me, cancel) is { } view
                    ? Html.Page(new PersonPage { View = view with { Done = done == "saved" ? "Changes saved" : null } })
                    : Results.NotFound()
        );
        pages.MapPost("/{id:guid}", ChangeAsync);
        pages.MapPost(
            "/{id:guid}/deactivate",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, ReturnWork work, Person me, CancellationToken cancel) =>
                await AnswerAsync(
                    await DeactivatePerson.RunAsync(runtime, work, id, Revision(form), form["reason"], me.UserName, cancel),
                    runtime,
                    id,
                    me,
                    cancel
                )
        );
        pages.MapPost(
            "/{id:guid}/reactivate",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(await RestoreAccess.ReactivateAsync(runtime, id, Revision(form), me.UserName, cancel), runtime, id, me, cancel)
        );
        pages.MapPost(
            "/{id:guid}/unlock",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(await RestoreAccess.UnlockAsync(runtime, id, me.UserName, cancel), runtime, id, me, cancel)
        );
        pages.MapPost(
            "/{id:guid}/reset-second-factor",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(await RestoreAccess.ResetSecondFactorAsync(runtime, id, me.UserName, cancel), runtime, id, me, cancel)
        );
        pages.MapPost("/{id:guid}/password-link", LinkAsync);
    }

    private static async Task<IResult> AddAsync(IFormCollection form, WorkflowRuntime runtime, DutySettings duties, Person me, CancellationToken cancel)
    {
        var typed = PersonForm.Read(form);
        var errors = new Dictionary<string, string[]>();
        var data = typed.Data(errors);
        var result = errors.Count > 0 ? new StaffResult.Invalid(errors) : await SavePerson.AddAsync(runtime, data, me.UserName, duties, cancel);
        return result switch
        {
            StaffResult.Added added => Results.LocalRedirect($"{People}/{Ids.Text(added.Person)}"),
            StaffResult.Invalid invalid => Html.Page(
                new PersonPage { View = await NewAsync(runtime, typed, me, cancel) with { Errors = invalid.Errors } },
                StatusCodes.Status422UnprocessableEntity
            ),
            _ => throw new InvalidOperationException($"{result.GetType().Name} has no page."),
        };
    }

    private static async Task<IResult> ChangeAsync(
        Guid id,
        IFormCollection form,
        WorkflowRuntime runtime,
        DutySettings duties,
        Person me,
        CancellationToken cancel
    )
    {
        var typed = PersonForm.Read(form);
        var errors = new Dictionary<string, string[]>();
        var data = typed.Data(errors);
        var result =
            errors.Count > 0 ? new StaffResult.Invalid(errors) : await SavePerson.ChangeAsync(runtime, id, Revision(form), data, me.UserName, duties, cancel);
        if (result is StaffResult.Done)
            return Results.LocalRedirect($"{People}/{Ids.Text(id)}?done=saved");
        if (await ReadAsync(runtime, id, me, cancel) is not { } view)
            return Results.NotFound();
        view = view with { Form = typed with { UserName = view.Form.UserName } };
        return result is StaffResult.Invalid invalid
            ? Html.Page(new PersonPage { View = view with { Errors = invalid.Errors } }, StatusCodes.Status422UnprocessableEntity)
            : Html.Page(
                new PersonPage { View = view with { Refused = $"{Stale} Below is what you entered: save it again to replace the other changes." } },
                StatusCodes.Status409Conflict
            );
    }

    private static async Task<IResult> LinkAsync(
        Guid id,
        HttpRequest request,
        WorkflowRuntime runtime,
        PasswordLinks links,
        MailSettings mail,
        Person me,
        CancellationToken cancel
    )
    {
        var result = await links.MakeAsync(id, me.UserName, cancel);
        if (await ReadAsync(runtime, id, me, cancel) is not { } view)
            return Results.NotFound();
        return result switch
        {
            PasswordLinkResult.Made made => Html.Page(
                new PersonPage { View = view with { Link = new(StaffAnswers.Url(request, mail, made.Token), made.ExpiresAt, made.MailedTo) } }
            ),
            PasswordLinkResult.Refused refused => Html.Page(new PersonPage { View = view with { Refused = refused.Reason } }, StatusCodes.Status409Conflict),
            _ => Results.NotFound(),
        };
    }

    private const string Stale = "Someone else has changed this person since you opened the page.";

    private static async Task<IResult> AnswerAsync(StaffResult result, WorkflowRuntime runtime, Guid id, Person me, CancellationToken cancel)
    {
        if (result is StaffResult.Done)
            return Results.LocalRedirect($"{People}/{Ids.Text(id)}");
        return result is not StaffResult.NotFound && await ReadAsync(runtime, id, me, cancel) is { } view
            ? Html.Page(
                new PersonPage
                {
                    View = view with
                    {
                        Refused = result switch
                        {
                            StaffResult.Refused refused => refused.Reason,
                            StaffResult.Invalid invalid => $"The reason {invalid.Errors.First().Value[0]}.",
                            _ => $"{Stale} Review it and try again.",
                        },
                    },
                },
                StatusCodes.Status409Conflict
            )
            : Results.NotFound();
    }

    private static async Task<PeopleView> ListAsync(HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var query = request.Query;
        var roles = await CustomRoles.ListAsync(runtime.Database, cancel);
        string? Chosen(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;
        var filter = new PeopleFilter(
            Chosen("q"),
            Chosen("role") is { } role && roles.Any(known => known.Key == role) ? role : null,
            Chosen("team")?.Replace("\0", ""),
            Chosen("state") is { } state && PeopleFilter.States.Contains(state) ? state : null,
            int.TryParse(query["page"], out var page) ? Math.Clamp(page, 1, 100_000) : 1
        );
        return new(
            await ListPeople.ReadAsync(runtime.Database, filter, runtime.Clock.Now(), cancel),
            filter,
            await TeamDetails.ChoicesAsync(runtime.Database, cancel),
            roles
        )
        {
            Done = ImportPages.Done(query),
        };
    }

    private static async Task<PersonView> NewAsync(WorkflowRuntime runtime, PersonForm form, Person me, CancellationToken cancel) =>
        new()
        {
            Form = form,
            Teams = await TeamDetails.ChoicesAsync(runtime.Database, cancel),
            KnownRoles = await CustomRoles.ListAsync(runtime.Database, cancel),
            KnownSkills = [.. (await Choices.ReadAsync(runtime.Database, cancel))["skill"]],
            Me = me,
            Now = runtime.Clock.Now(),
        };

    private static async Task<PersonView?> ReadAsync(WorkflowRuntime runtime, Guid id, Person me, CancellationToken cancel) =>
        await PersonDetails.FindAsync(runtime.Database, id, runtime.Clock.Now(), cancel) is { } person
            ? await NewAsync(runtime, PersonForm.Of(person), me, cancel) with
            {
                Person = person,
                History = await StaffHistory.OfPersonAsync(runtime.Database, id, cancel),
            }
            : null;

    private static int Revision(IFormCollection form) => int.TryParse(form["revision"], out var revision) ? revision : 0;
}
