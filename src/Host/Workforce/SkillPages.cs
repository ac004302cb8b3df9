using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>The data of the matrix.</summary>
/// <param name="Teams">Teams the reader steers.</param>
/// <param name="Team">Key of the one that is shown; null: all.</param>
/// <param name="People">Its people.</param>
/// <param name="Skills">The skills they have, and those in use that no one has: columns, in this order.</param>
public sealed record SkillMatrixView(IReadOnlyList<Team> Teams, string? Team, IReadOnlyList<SkilledPerson> People, IReadOnlyList<CatalogSkill> Skills)
{
    /// <summary>Certificates that expire within 30 days or have expired, the most urgent first.</summary>
    public IReadOnlyList<(SkilledPerson Person, HeldSkill Skill)> Expiring { get; } =
    [.. People.SelectMany(p => p.Skills.Where(s => s.ExpiresSoon || !s.Counts).Select(s => (Person: p, Skill: s))).OrderBy(e => e.Skill.DaysLeft)];

    /// <summary>The highest level at which open tasks require each skill.</summary>
    public IReadOnlyDictionary<string, int> Required { get; init; } = new Dictionary<string, int>();

    public string TitleOf(string skill) => Skills.FirstOrDefault(s => s.Key == skill)?.Title ?? skill;
}

/// <summary>The data of the catalogue's page.</summary>
public sealed record SkillCatalogView(IReadOnlyList<CatalogSkill> Skills)
{
    /// <summary>What was typed for a new skill, when it was refused.</summary>
    public (string Key, string Title, string Description) Typed { get; init; } = ("", "", "");
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();
    public string? Refused { get; init; }
}

/// <summary>People × skills for those who steer, and the catalogue for administrators.</summary>
internal static class SkillPages
{
    private const string Catalog = "/administration/skills";

    public static void MapSkillPages(this WebApplication app)
    {
        app.MapGroup("/skills")
            .RequireAuthorization(Policies.Steer)
            .ExcludeFromDescription()
            .MapGet(
                "",
                async (string? team, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var shown = string.IsNullOrEmpty(team) ? null : team;
                    if (await TeamsAsync(runtime, shown, me, cancel) is not { Count: > 0 } keys)
                        return Results.NotFound();
                    var now = runtime.Clock.Now();
                    var people = await SkillMatrix.ReadAsync(runtime.Database, keys, now, cancel);
                    var had = people.SelectMany(p => p.Skills).Select(s => s.Skill).ToHashSet();
                    var skills = (await SkillCatalog.ListAsync(runtime.Database, now, cancel))
                        .Where(s => had.Contains(s.Key) || (shown is null && s.RetiredAt is null))
                        .ToList();
                    var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).Where(t => TeamQueries.Steers(me, t.Key)).ToList();
                    return Html.Page(
                        new SkillMatrixPage
                        {
                            View = new(teams, shown, people, skills) { Required = await SkillMatrix.RequiredAsync(runtime.Database, keys, cancel) },
                        }
                    );
                }
            );

        var catalog = app.MapGroup(Catalog).RequireAuthorization(Permissions.ManageSettings).ExcludeFromDescription();
        catalog.MapGet("", async (WorkflowRuntime runtime, CancellationToken cancel) => Page(await ReadAsync(runtime, cancel), 200));
        catalog.MapPost(
            "",
            async (IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var (key, title, description) = (form["key"].ToString().Trim(), form["title"].ToString(), form["description"].ToString());
                return await SkillCatalog.SaveAsync(runtime, key, title, description, Revision(form), me.UserName, cancel) switch
                {
                    SkillResult.Done => Results.LocalRedirect(Catalog),
                    SkillResult.Invalid invalid => Page(
                        await ReadAsync(runtime, cancel) with
                        {
                            Errors = invalid.Errors,
                            Typed = (key, title, description),
                        },
                        422
                    ),
                    SkillResult.Stale => Page(await ReadAsync(runtime, cancel) with { Refused = Stale }, 409),
                    _ => Results.NotFound(),
                };
            }
        );
        foreach (var retire in new[] { true, false })
        {
            catalog.MapPost(
                $"/{{key}}/{(retire ? "retire" : "restore")}",
                async (string key, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await SkillCatalog.RetireAsync(runtime, key, Revision(form), retire, me.UserName, cancel) switch
                    {
                        SkillResult.Done => Results.LocalRedirect(Catalog),
                        SkillResult.Stale => Page(await ReadAsync(runtime, cancel) with { Refused = Stale }, 409),
                        _ => Results.NotFound(),
                    }
            );
        }
    }

    private const string Stale = "Someone else has changed this skill since you opened the page. Review it and try again.";

    /// <summary>The key of a team that the person steers, or of all such teams; empty: they don't steer it, or there is none.</summary>
    public static async Task<IReadOnlyList<string>> TeamsAsync(WorkflowRuntime runtime, string? team, Person me, CancellationToken cancel) =>
        [
            .. (await TeamQueries.ListAsync(runtime.Database, cancel))
                .Where(t => TeamQueries.Steers(me, t.Key) && (team is null || t.Key == team))
                .Select(t => t.Key),
        ];

    private static async Task<SkillCatalogView> ReadAsync(WorkflowRuntime runtime, CancellationToken cancel) =>
        new(await SkillCatalog.ListAsync(runtime.Database, runtime.Clock.Now(), cancel));

    private static RazorComponentResult<SkillCatalogPage> Page(SkillCatalogView view, int status) => Html.Page(new SkillCatalogPage { View = view }, status);

    private static int Revision(IFormCollection form) => int.TryParse(form["revision"], out var revision) ? revision : 0;
}
