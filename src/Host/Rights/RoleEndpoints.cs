using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Staff;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;
using LimitAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<System.Collections.Generic.IReadOnlyList<Orchestration.Workflows.Access.AuthorityLimit>>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;
using RolesAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<System.Collections.Generic.IReadOnlyList<Orchestration.Workflows.Staff.RoleDetails>>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Rights;

/// <summary>What a role becomes.</summary>
/// <param name="Revision">Revision you last saw; 0 adds the role.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Permissions">Keys of what it allows, of `GET /api/permissions`.</param>
/// <param name="Description">What it is for.</param>
public sealed record RoleBody(int? Revision, string? Title, IReadOnlyList<string>? Permissions, string? Description = null);

/// <summary>Up to what amount people of a role may decide.</summary>
/// <param name="Revision">Revision you last saw; 0 adds the limit.</param>
/// <param name="Journey">Id of the journey.</param>
/// <param name="Field">Field that its steps decide on.</param>
/// <param name="Amount">The highest amount; null: no limit.</param>
/// <param name="Currency">ISO 4217 code; empty: amounts of every currency.</param>
public sealed record LimitBody(int? Revision, string? Journey, string? Field, decimal? Amount, string? Currency = null);

/// <summary>Authority limits.</summary>
/// <param name="Limits">Limits of all roles.</param>
/// <param name="Amounts">What limits can be about: amounts that steps of published journeys decide on.</param>
public sealed record LimitsAnswer(IReadOnlyList<AuthorityLimit> Limits, IReadOnlyList<DecidedAmount> Amounts);

/// <summary>Who can do what.</summary>
/// <param name="Permissions">All permissions.</param>
/// <param name="People">Active people by name.</param>
/// <param name="Rules">Permissions that one person shouldn't have together.</param>
public sealed record AccessAnswer(IReadOnlyList<Permission> Permissions, IReadOnlyList<PersonAccessRow> People, IReadOnlyList<DutyRule> Rules);

/// <summary>The API of roles and permissions.</summary>
internal static class RoleEndpoints
{
    public static void MapRoleEndpoints(this WebApplication app)
    {
        app.MapGet("/api/permissions", () => TypedResults.Ok(Permissions.All))
            .WithTags("Roles")
            .WithSummary("Lists permissions")
            .RequireAuthorization(Policies.SeeAccess);
        app.MapGet(
                "/api/access",
                async (string? search, string? permission, string? role, bool? conflicts, WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(
                        new AccessAnswer(
                            Permissions.All,
                            await AccessReport.ReadAsync(runtime.Database, new(search, permission, role, conflicts == true), cancel),
                            DutyRule.All
                        )
                    )
            )
            .WithTags("Roles")
            .WithSummary("Lists who can do what, by which role, and which duties should be apart")
            .RequireAuthorization(Policies.SeeAccess);

        var api = app.MapGroup("/api/roles").WithTags("Roles").RequireAuthorization(Permissions.ManageRoles);
        api.MapGet("", async (WorkflowRuntime runtime, CancellationToken cancel) => TypedResults.Ok(await CustomRoles.ListAsync(runtime.Database, cancel)))
            .WithSummary("Lists roles: the shipped ones, then those that administrators composed");
        api.MapPut(
                "/{key}",
                async (string key, RoleBody body, WorkflowRuntime runtime, DutySettings duties, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        await CustomRoles.SaveAsync(
                            runtime,
                            duties,
                            new(key, body.Title ?? "", body.Description ?? "", Bodies.Some(body.Permissions)),
                            body.Revision ?? 0,
                            me.UserName,
                            cancel
                        ),
                        runtime,
                        key,
                        cancel
                    )
            )
            .WithSummary("Adds a role, or changes one, in open sessions too; shipped roles don't change")
            .Changes();
        api.MapDelete(
                "/{key}",
                async (string key, int? revision, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await CustomRoles.RemoveAsync(runtime, key, revision ?? 0, me.UserName, cancel), runtime, key, cancel)
            )
            .WithSummary("Removes a role that no one has")
            .ProducesProblem(404)
            .ProducesProblem(409);
    }

    /// <summary>Limits go to who composes roles.</summary>
    public static void MapLimitEndpoints(this WebApplication app)
    {
        var api = app.MapGroup("/api").WithTags("Roles").RequireAuthorization(Permissions.ManageRoles);
        api.MapGet(
                "/authority-limits",
                async (WorkflowRuntime runtime, FormCatalog forms, CancellationToken cancel) =>
                    TypedResults.Ok(
                        new LimitsAnswer(
                            await AuthorityLimits.ListAsync(runtime.Database, cancel),
                            await AuthorityLimits.DecidedAsync(runtime.Definitions, forms, cancel)
                        )
                    )
            )
            .WithSummary("Lists up to what amounts roles may decide, and which amounts journeys decide on");
        api.MapPut("/roles/{key}/limits", SaveLimitAsync)
            .WithSummary("Adds or changes the amount up to which people of a role may decide; shipped roles can have limits too")
            .Changes();
        api.MapDelete("/roles/{key}/limits", RemoveLimitAsync).WithSummary("Removes an authority limit").ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<LimitAnswer> SaveLimitAsync(
        string key,
        LimitBody body,
        WorkflowRuntime runtime,
        FormCatalog forms,
        Person me,
        CancellationToken cancel
    )
    {
        var limit = new AuthorityLimit(key, body.Journey ?? "", body.Field ?? "", body.Currency ?? "", body.Amount, body.Revision ?? 0);
        var decided = await AuthorityLimits.DecidedAsync(runtime.Definitions, forms, cancel);
        return await LimitsOfAsync(await AuthorityLimits.SaveAsync(runtime, decided, limit, me.UserName, cancel), runtime, key, cancel);
    }

    private static async Task<LimitAnswer> RemoveLimitAsync(
        string key,
        string journey,
        string field,
        string? currency,
        int? revision,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var limit = new AuthorityLimit(key, journey, field, currency ?? "", null, revision ?? 0);
        return await LimitsOfAsync(await AuthorityLimits.RemoveAsync(runtime, limit, me.UserName, cancel), runtime, key, cancel);
    }

    private static async Task<LimitAnswer> LimitsOfAsync(StaffResult result, WorkflowRuntime runtime, string key, CancellationToken cancel) =>
        result is StaffResult.Done
            ? TypedResults.Ok<IReadOnlyList<AuthorityLimit>>([.. (await AuthorityLimits.ListAsync(runtime.Database, cancel)).Where(l => l.Role == key)])
            : StaffAnswers.Refused(result, "limit of the role", key);

    private static async Task<RolesAnswer> AnswerAsync(StaffResult result, WorkflowRuntime runtime, string key, CancellationToken cancel) =>
        result is StaffResult.Done ? TypedResults.Ok(await CustomRoles.ListAsync(runtime.Database, cancel)) : StaffAnswers.Refused(result, "role", key);
}
