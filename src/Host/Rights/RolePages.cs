using System.Globalization;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Rights;

/// <summary>Roles: the list, and composing one.</summary>
internal static class RolePages
{
    private const string Path = "/administration/roles";

    public static void MapRoles(this WebApplication app)
    {
        app.MapRoleEndpoints();
        app.MapLimitEndpoints();
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
            async (string key, HttpContext context) => await FindAsync(key, context) is { } page ? Html.Page(page) : Results.NotFound()
        );
        pages.MapPost("/roles/{key}/limits", (string key, IFormCollection form, HttpContext context) => LimitAsync(key, form, context, remove: false));
        pages.MapPost("/roles/{key}/limits/remove", (string key, IFormCollection form, HttpContext context) => LimitAsync(key, form, context, remove: true));
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

    private static async Task<RolePage?> FindAsync(string key, HttpContext context)
    {
        var services = context.RequestServices;
        var (runtime, cancel) = (services.GetRequiredService<WorkflowRuntime>(), context.RequestAborted);
        return (await CustomRoles.ListAsync(runtime.Database, cancel)).FirstOrDefault(role => role.Key == key) is { } role
            ? new RolePage
            {
                Role = role,
                History = await StaffHistory.OfRoleAsync(runtime.Database, key, cancel),
                Limits = [.. (await AuthorityLimits.ListAsync(runtime.Database, cancel)).Where(limit => limit.Role == key)],
                Decided = await AuthorityLimits.DecidedAsync(runtime.Definitions, services.GetRequiredService<FormCatalog>(), cancel),
            }
            : null;
    }

    private static async Task<IResult> LimitAsync(string key, IFormCollection form, HttpContext context, bool remove)
    {
        var services = context.RequestServices;
        var (runtime, me, cancel) = (services.GetRequiredService<WorkflowRuntime>(), services.GetRequiredService<Person>(), context.RequestAborted);
        var of = form["of"].ToString().Split(' ', 2);
        var typed = form["amount"].ToString().Replace(",", "", StringComparison.Ordinal).Trim();
        var isAmount = decimal.TryParse(typed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount);
        var limit = new AuthorityLimit(
            key,
            of[0],
            of.Length > 1 ? of[1] : "",
            form["currency"].ToString(),
            isAmount ? amount : null,
            int.TryParse(form["revision"], out var revision) ? revision : 0
        );
        var result =
            remove ? await AuthorityLimits.RemoveAsync(runtime, limit, me.UserName, cancel)
            : isAmount || typed.Length == 0
                ? await AuthorityLimits.SaveAsync(
                    runtime,
                    await AuthorityLimits.DecidedAsync(runtime.Definitions, services.GetRequiredService<FormCatalog>(), cancel),
                    limit,
                    me.UserName,
                    cancel
                )
            : new StaffResult.Invalid(new() { ["amount"] = ["must be a number, or empty"] });
        if (result is StaffResult.Done)
            return Results.LocalRedirect($"{Path}/{Uri.EscapeDataString(key)}#limits-title");
        if (await FindAsync(key, context) is not { } page)
            return Results.NotFound();
        page.LimitErrors = (result as StaffResult.Invalid)?.Errors ?? [];
        page.Typed = remove ? null : (form["of"].ToString(), limit.Currency, form["amount"].ToString());
        page.Refused = result is StaffResult.Invalid ? null : StaleLimit;
        return Html.Page(page, result is StaffResult.Invalid ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status409Conflict);
    }

    private const string StaleLimit = "Someone else has changed this limit since you opened the page. Review it and try again.";
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
