using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Administration;
using Orchestration.Host.Http;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Storage;
using PersonAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Staff.PersonDetails>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Staff;

/// <summary>The API of people, for administrators.</summary>
internal static class PeopleEndpoints
{
    public static void MapPeople(this WebApplication app)
    {
        var api = app.MapGroup("/api/people").WithTags("People").RequireAuthorization(Permissions.ManagePeople);
        api.MapGet("", ListAsync)
            .WithSummary("Lists people by name")
            .WithDescription("`state` is active, locked, no-password or deactivated; `size` is at most 200.")
            .ProducesProblem(400);
        api.MapGet(
                "/{id:guid}",
                async Task<PersonAnswer> (Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
                    await PersonDetails.FindAsync(runtime.Database, id, runtime.Clock.Now(), cancel) is { } person
                        ? TypedResults.Ok(person)
                        : Problems.NotFound("person", id)
            )
            .WithSummary("Gets a person")
            .ProducesProblem(404);
        api.MapPost("", AddAsync).WithSummary("Adds a person, who chooses a password with a link: POST /api/people/{id}/password-link").ProducesProblem(422);
        api.MapPut(
                "/{id:guid}",
                async Task<PersonAnswer> (Guid id, ChangePersonBody body, WorkflowRuntime runtime, DutySettings duties, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        await SavePerson.ChangeAsync(runtime, id, body.Revision ?? 0, body.Data, me.UserName, duties, cancel),
                        runtime,
                        id,
                        cancel
                    )
            )
            .WithSummary("Changes a person's name, email, roles, teams, leads and skills")
            .Changes();
        api.MapPost(
                "/{id:guid}/deactivate",
                async Task<PersonAnswer> (Guid id, DeactivateBody body, ReturnWork work, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        await DeactivatePerson.RunAsync(runtime, work, id, body.Revision ?? 0, body.Reason, me.UserName, cancel),
                        runtime,
                        id,
                        cancel
                    )
            )
            .WithSummary("Deactivates a person: their sessions end, and their open work returns to its candidates")
            .Changes();
        api.MapPost(
                "/{id:guid}/reactivate",
                async Task<PersonAnswer> (Guid id, RevisionBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await RestoreAccess.ReactivateAsync(runtime, id, body.Revision ?? 0, me.UserName, cancel), runtime, id, cancel)
            )
            .WithSummary("Reactivates a person with the teams, roles and skills they had")
            .Changes();
        api.MapPost(
                "/{id:guid}/unlock",
                async Task<PersonAnswer> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await RestoreAccess.UnlockAsync(runtime, id, me.UserName, cancel), runtime, id, cancel)
            )
            .WithSummary("Unlocks a person who is locked out after failed sign-ins")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost("/{id:guid}/password-link", LinkAsync)
            .WithSummary("Makes a link with which a person chooses a password, once; earlier links stop working")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost("/import", ImportAsync)
            .WithSummary("Previews a CSV file of people, or applies it; with an error in any line nothing is imported")
            .WithDescription(
                $"Columns: {string.Join(", ", ImportPeople.Columns)}. `lines` of a 422 are all errors, with line, column and reason. Send `apply=true` and the "
                    + "`fingerprint` of a preview to apply it; `mailLinks=true` mails links to choose a password to the people who are added."
            )
            .TakesCsv();
        api.MapGet("/import/sample", () => StaffAnswers.Sample(ImportPeople.Sample, "people.csv")).WithSummary("Downloads a sample file");
    }

    private static async Task<Results<Ok<PersonList>, ProblemHttpResult>> ListAsync(
        string? search,
        string? role,
        string? team,
        string? state,
        int? page,
        int? size,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (role is not null && (await CustomRoles.ListAsync(runtime.Database, cancel)) is var roles && !roles.Any(known => known.Key == role))
            errors["role"] = [$"must be one of {string.Join(", ", roles.Select(known => known.Key))}"];
        if (state is not null && !PeopleFilter.States.Contains(state))
            errors["state"] = [$"must be one of {string.Join(", ", PeopleFilter.States)}"];
        if (page is < 1 or > 1_000_000)
            errors["page"] = ["must be from 1 to 1000000"];
        if (size is < 1 or > Cursor.MaxLimit)
            errors["size"] = [$"must be from 1 to {Cursor.MaxLimit}"];
        if (errors.Count > 0)
            return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
        var filter = new PeopleFilter(search, role, team, state, page ?? 1, size ?? 50);
        return TypedResults.Ok(await ListPeople.ReadAsync(runtime.Database, filter, runtime.Clock.Now(), cancel));
    }

    private static async Task<Results<Created<PersonDetails>, ProblemHttpResult>> AddAsync(
        AddPersonBody body,
        WorkflowRuntime runtime,
        DutySettings duties,
        Person me,
        CancellationToken cancel
    )
    {
        var result = await SavePerson.AddAsync(runtime, body.Data, me.UserName, duties, cancel);
        return result is StaffResult.Added { Person: var id }
            ? TypedResults.Created($"/api/people/{id}", await PersonDetails.FindAsync(runtime.Database, id, runtime.Clock.Now(), cancel))
            : StaffAnswers.Refused(result, "person", "");
    }

    private static async Task<Results<Ok<PasswordLink>, ProblemHttpResult>> LinkAsync(
        Guid id,
        PasswordLinks links,
        MailSettings mail,
        HttpRequest request,
        Person me,
        CancellationToken cancel
    ) =>
        await links.MakeAsync(id, me.UserName, cancel) switch
        {
            PasswordLinkResult.Made made => TypedResults.Ok(new PasswordLink(StaffAnswers.Url(request, mail, made.Token), made.ExpiresAt, made.MailedTo)),
            PasswordLinkResult.Refused refused => Problems.Of(409, "refused", "The person can't get a link", refused.Reason),
            _ => Problems.NotFound("person", id),
        };

    private static async Task<Results<Ok<ImportAnswer>, ProblemHttpResult>> ImportAsync(
        bool? apply,
        string? fingerprint,
        bool? mailLinks,
        HttpRequest request,
        PasswordLinks links,
        WorkflowRuntime runtime,
        DutySettings duties,
        Person me,
        CancellationToken cancel
    ) =>
        StaffAnswers.Of(
            await StaffAnswers.TextAsync(request, cancel) is { } file
                ? await ImportPeople.RunAsync(runtime, file, apply == true, fingerprint, mailLinks == true ? links : null, me.UserName, duties, cancel)
                : StaffAnswers.NotText
        );

    private static async Task<PersonAnswer> AnswerAsync(StaffResult result, WorkflowRuntime runtime, Guid id, CancellationToken cancel) =>
        result is StaffResult.Done && await PersonDetails.FindAsync(runtime.Database, id, runtime.Clock.Now(), cancel) is { } person
            ? TypedResults.Ok(person)
            : StaffAnswers.Refused(result, "person", id);
}
