using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>Teams: the list, adding, editing, retiring.</summary>
internal static class StaffTeamPages
{
    private const string Teams = "/administration/teams";
    private const int MostChoices = 5_000;

    public static void MapStaffTeamPages(this WebApplication app)
    {
        var pages = app.MapGroup("/administration").RequireAuthorization(Permissions.ManagePeople).ExcludeFromDescription();
        pages.MapGet(
            "/teams",
            async (HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel) =>
                Html.Page(new StaffTeamsPage { Teams = await TeamDetails.ListAsync(runtime.Database, cancel), Done = ImportPages.Done(request.Query) })
        );
        pages.MapGet(
            "/new-team",
            async (WorkflowRuntime runtime, CancellationToken cancel) =>
                Html.Page(new StaffTeamPage { View = await NewAsync(runtime, new(null, null), cancel) })
        );
        pages.MapPost("/new-team", AddAsync);
        pages.MapGet(
            "/teams/{key}",
            async (string key, string? done, WorkflowRuntime runtime, CancellationToken cancel) =>
                await ReadAsync(runtime, key, cancel) is { } view
                    ? Html.Page(new StaffTeamPage { View = view with { Done = done == "saved" ? "Changes saved" : null } })
                    : Results.NotFound()
        );
        pages.MapPost("/teams/{key}", ChangeAsync);
        foreach (var retire in new[] { true, false })
            pages.MapPost(
                retire ? "/teams/{key}/retire" : "/teams/{key}/restore",
                async (string key, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await SaveTeam.RetireAsync(runtime, key, Revision(form), retire, me.UserName, cancel), runtime, key, null, cancel)
            );
    }

    private static async Task<IResult> AddAsync(IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var typed = Read(form, form["key"].ToString());
        return await SaveTeam.AddAsync(runtime, typed.Data, me.UserName, cancel) switch
        {
            StaffResult.Done => Results.LocalRedirect($"{Teams}/{typed.Data.Key.Trim()}"),
            StaffResult.Invalid invalid => Html.Page(
                new StaffTeamPage { View = await NewAsync(runtime, typed, cancel) with { Errors = invalid.Errors } },
                StatusCodes.Status422UnprocessableEntity
            ),
            var other => throw new InvalidOperationException($"{other.GetType().Name} has no page."),
        };
    }

    private static async Task<IResult> ChangeAsync(string key, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var typed = Read(form, key);
        return await AnswerAsync(await SaveTeam.ChangeAsync(runtime, Revision(form), typed.Data, me.UserName, cancel), runtime, key, typed, cancel);
    }

    private static async Task<IResult> AnswerAsync(StaffResult result, WorkflowRuntime runtime, string key, AddTeamBody? typed, CancellationToken cancel)
    {
        if (result is StaffResult.Done)
            return Results.LocalRedirect($"{Teams}/{key}{(typed is null ? "" : "?done=saved")}");
        if (await ReadAsync(runtime, key, cancel) is not { } view)
            return Results.NotFound();
        view = view with { Form = typed ?? view.Form };
        return result switch
        {
            StaffResult.Invalid invalid => Html.Page(
                new StaffTeamPage { View = view with { Errors = invalid.Errors } },
                StatusCodes.Status422UnprocessableEntity
            ),
            StaffResult.Refused refused => Html.Page(new StaffTeamPage { View = view with { Refused = refused.Reason } }, StatusCodes.Status409Conflict),
            _ => Html.Page(
                new StaffTeamPage { View = view with { Refused = "Someone else has changed this team since you opened the page. Review it and save again." } },
                StatusCodes.Status409Conflict
            ),
        };
    }

    private static async Task<StaffTeamView> NewAsync(WorkflowRuntime runtime, AddTeamBody form, CancellationToken cancel) =>
        new()
        {
            Form = form,
            People = (await ListPeople.ReadAsync(runtime.Database, new(State: "active", Size: MostChoices), runtime.Clock.Now(), cancel)).Items,
        };

    private static async Task<StaffTeamView?> ReadAsync(WorkflowRuntime runtime, string key, CancellationToken cancel) =>
        await TeamDetails.FindAsync(runtime.Database, key, cancel) is { } team
            ? await NewAsync(
                runtime,
                new(team.Key, team.Title, team.Description, team.Lead?.UserName, [.. team.Members.Select(m => m.UserName)], team.Office, team.TimeZone),
                cancel
            ) with
            {
                Team = team,
                History = await StaffHistory.OfTeamAsync(runtime.Database, key, cancel),
            }
            : null;

    /// <summary>Members are those that stay checked and those that were typed; commas, semicolons or blanks separate user names.</summary>
    private static AddTeamBody Read(IFormCollection form, string key) =>
        new(
            key,
            form["title"],
            form["description"],
            UserName(form["lead"].ToString()),
            [.. form["member"].OfType<string>().Concat(form["add"].OfType<string>().SelectMany(names => names.Split([',', ';', ' '])))],
            form["office"].ToString() is { Length: > 0 } office ? office : null,
            form["timeZone"]
        );

    private static string? UserName(string text) => text.Trim() is { Length: > 0 } name ? name : null;

    private static int Revision(IFormCollection form) => int.TryParse(form["revision"], out var revision) ? revision : 0;
}
