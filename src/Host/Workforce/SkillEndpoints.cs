using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;
using SkillAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Workforce.CatalogSkill>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Workforce;

/// <summary>A skill of the catalogue.</summary>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What someone with the skill can do.</param>
/// <param name="Revision">Revision you last saw; leave it out to add the skill.</param>
public sealed record CatalogSkillBody(string? Title, string? Description = null, int? Revision = null);

/// <summary>A revision.</summary>
/// <param name="Revision">Revision you last saw.</param>
public sealed record SkillRevisionBody(int? Revision);

/// <summary>The API of skills.</summary>
internal static class SkillEndpoints
{
    public static void MapSkills(this WebApplication app)
    {
        var skills = app.MapGroup("/api/skills").WithTags("Workforce");
        skills
            .MapGet(
                "",
                async (WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(await SkillCatalog.ListAsync(runtime.Database, runtime.Clock.Now(), cancel))
            )
            .WithSummary("Lists the catalogue of skills");
        skills
            .MapPut(
                "/{key}",
                async Task<SkillAnswer> (string key, CatalogSkillBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        await SkillCatalog.SaveAsync(runtime, key, body.Title, body.Description, body.Revision ?? 0, me.UserName, cancel),
                        runtime,
                        key,
                        cancel
                    )
            )
            .RequireAuthorization(Permissions.ManageSettings)
            .WithSummary("Adds a skill to the catalogue, or changes its title and description")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        foreach (var retire in new[] { true, false })
        {
            skills
                .MapPost(
                    $"/{{key}}/{(retire ? "retire" : "restore")}",
                    async Task<SkillAnswer> (string key, SkillRevisionBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                        await AnswerAsync(await SkillCatalog.RetireAsync(runtime, key, body.Revision ?? -1, retire, me.UserName, cancel), runtime, key, cancel)
                )
                .RequireAuthorization(Permissions.ManageSettings)
                .WithSummary(retire ? "Retires a skill: no one else can be given it" : "Restores a retired skill")
                .ProducesProblem(404)
                .ProducesProblem(409);
        }

        app.MapGroup("/api/skill-matrix")
            .WithTags("Workforce")
            .RequireAuthorization(Policies.Steer)
            .MapGet(
                "",
                async Task<Results<Ok<IReadOnlyList<SkilledPerson>>, ProblemHttpResult>> (
                    string? team,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await SkillPages.TeamsAsync(runtime, team, me, cancel) is { Count: > 0 } teams
                        ? TypedResults.Ok(await SkillMatrix.ReadAsync(runtime.Database, teams, runtime.Clock.Now(), cancel))
                        : Problems.NotFound("team", team ?? "")
            )
            .WithSummary("Lists people with their skills, levels and certificates")
            .WithDescription("`team` is the key of a team you steer; without it, everyone in such teams is listed.")
            .ProducesProblem(403)
            .ProducesProblem(404);
    }

    private static async Task<SkillAnswer> AnswerAsync(SkillResult result, WorkflowRuntime runtime, string key, CancellationToken cancel) =>
        result switch
        {
            SkillResult.Invalid invalid => Problems.Invalid(invalid.Errors),
            SkillResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                "The skill has changed",
                $"It is now at revision {stale.Revision}. Review it and try again.",
                ("revision", stale.Revision)
            ),
            SkillResult.Done => TypedResults.Ok(
                (await SkillCatalog.ListAsync(runtime.Database, runtime.Clock.Now(), cancel)).Single(skill => skill.Key == key)
            ),
            _ => Problems.NotFound("skill", key),
        };
}
