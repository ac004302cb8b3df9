using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Filters;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Teams;

internal static class TeamPages
{
    /// <summary>Farther than anyone reads.</summary>
    private const int LastPage = 200;

    public static void MapTeams(this WebApplication app) =>
        app.MapGet(
                "/team",
                async (
                    string? key,
                    string? q,
                    string? journey,
                    string? show,
                    string? sort,
                    int? page,
                    int? did,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).Where(t => TeamQueries.Steers(me, t.Key)).ToList();
                    if (teams.Count == 0)
                        return Results.Forbid();
                    var shown = key is null ? null : teams.Find(t => t.Key == key);
                    if (key is not null && shown is null)
                        return Results.NotFound();
                    var filter = new BacklogFilter(shown?.Key, q, journey, show, sort, Math.Clamp(page ?? 1, 1, LastPage));
                    var now = runtime.Clock.Now();
                    var list = new TaskFilter
                    {
                        View = "all",
                        Teams = shown is null ? teams.ConvertAll(t => t.Key) : [shown.Key],
                        Search = q,
                        Journey = string.IsNullOrEmpty(journey) ? null : journey,
                        Overdue = show == "overdue" ? true : null,
                        State = show switch
                        {
                            "unassigned" => TaskState.Ready,
                            "suspended" => TaskState.Suspended,
                            _ => null,
                        },
                        Sort = TaskOrder.Of(sort),
                        Skip = (filter.Page!.Value - 1) * TeamBacklog.PageSize,
                        Limit = TeamBacklog.PageSize,
                    };

                    // The counts look at every task, the page at few: they are read at the same time.
                    var counting = TaskList.LoadAsync(runtime.Database, list.Teams, now, cancel);
                    var tasks = await TaskList.ReadAsync(runtime.Database, list, me, now, cancel);
                    var assignees = await Assignees.ReadAsync(
                        runtime.Database,
                        [.. tasks.Items.Where(t => TaskLifeCycle.Allows(t.State, TaskVerb.Assign)).Select(t => t.Id)],
                        now,
                        cancel
                    );
                    return Html.Page(
                        new TeamPage
                        {
                            Backlog = new TeamBacklog(teams, shown, tasks, await counting, assignees, now)
                            {
                                Filter = filter,
                                Saved = await SavedFilters.ListAsync(runtime.Database, me, FilterPages.Team, cancel),
                                Journeys = (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name),
                            },
                            Did = did,
                        }
                    );
                }
            )
            .ExcludeFromDescription();
}
