using Orchestration.Engine.Runtime;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Rights;

/// <summary>Roles: the list, and composing one.</summary>
internal static class RolePages
{
    private const string Path = "/administration/roles";

    public static void MapRoles(this WebApplication app)
    {
        app.MapRoleEndpoints();
        var pages = app.MapGroup("/administration").RequireAuthorization(Permissions.ManageRoles).ExcludeFromDescription();
        pages.MapGet(
            "/roles",
            async (string? done, WorkflowRuntime runtime, CancellationToken cancel) =>
                Html.Page(
                    new RolesPage
                    {
                        Roles = await CustomRoles.ListAsync(runtime.Database, cancel),
                        Done = done switch
                        {
                            "saved" => "The role is saved. It applies at once.",
                            "removed" => "The role is removed",
                            _ => null,
                        },
                    }
                )
        );
        pages.MapGet("/new-role", () => Html.Page(new RolePage { Role = new("", "", "", [], 0, false, 0) }));
        pages.MapGet(
            "/roles/{key}",
            async (string key, WorkflowRuntime runtime, CancellationToken cancel) =>
                (await CustomRoles.ListAsync(runtime.Database, cancel)).FirstOrDefault(role => role.Key == key) is { } role
                    ? Html.Page(new RolePage { Role = role, History = await StaffHistory.OfRoleAsync(runtime.Database, key, cancel) })
                    : Results.NotFound()
        );
        pages.MapPost("/new-role", (IFormCollection form, HttpContext context) => SaveAsync(form["key"].ToString(), 0, form, context));
        pages.MapPost(
            "/roles/{key}",
            (string key, IFormCollection form, HttpContext context) =>
                SaveAsync(key, int.TryParse(form["revision"], out var revision) && revision > 0 ? revision : int.MaxValue, form, context)
        );
        pages.MapPost(
            "/roles/{key}/remove",
            async (string key, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await CustomRoles.RemoveAsync(runtime, key, int.TryParse(form["revision"], out var revision) ? revision : 0, me.UserName, cancel) switch
                {
                    StaffResult.Done => Results.LocalRedirect($"{Path}?done=removed"),
                    StaffResult.NotFound => Results.NotFound(),
                    var refused => Html.Page(
                        new RolePage
                        {
                            Role = (await CustomRoles.ListAsync(runtime.Database, cancel)).First(role => role.Key == key),
                            Refused = (refused as StaffResult.Refused)?.Reason ?? Stale,
                        },
                        StatusCodes.Status409Conflict
                    ),
                }
        );
    }

    private const string Stale = "Someone else has changed this role since you opened the page. Review it and try again.";

    private static async Task<IResult> SaveAsync(string key, int revision, IFormCollection form, HttpContext context)
    {
        var services = context.RequestServices;
        var (runtime, cancel) = (services.GetRequiredService<WorkflowRuntime>(), context.RequestAborted);
        var data = new RoleData(key, form["title"].ToString(), form["description"].ToString(), [.. form["permission"].OfType<string>()]);
        var result = await CustomRoles.SaveAsync(
            runtime,
            services.GetRequiredService<DutySettings>(),
            data,
            revision,
            services.GetRequiredService<Person>().UserName,
            cancel
        );
        if (result is StaffResult.Done)
            return Results.LocalRedirect($"{Path}?done=saved");
        if (result is StaffResult.NotFound)
            return Results.NotFound();
        var now = (await CustomRoles.ListAsync(runtime.Database, cancel)).FirstOrDefault(role => role.Key == key && revision > 0);
        return Html.Page(
            new RolePage
            {
                Role = new(key, data.Title, data.Description, data.Permissions, now?.People ?? 0, false, now?.Revision ?? 0),
                Errors = (result as StaffResult.Invalid)?.Errors ?? [],
                Refused = result is StaffResult.Stale ? Stale : null,
            },
            result is StaffResult.Stale ? StatusCodes.Status409Conflict : StatusCodes.Status422UnprocessableEntity
        );
    }
}
