using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Filters;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Bulk;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Teams;

/// <summary>The page of the teams a person steers: the board, the backlog, and the people.</summary>
internal static class TeamPages
{
    /// <summary>Farther than anyone reads.</summary>
    private const int LastPage = 200;

    public static void MapTeams(this WebApplication app)
    {
        var pages = app.MapGroup("/team").ExcludeFromDescription();
        pages
            .MapGet(
                "",
                async ([AsParameters] BacklogFilter filter, int? did, HttpRequest request, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var (teams, shown, refused) = await SteeredAsync(runtime, filter.Key, me, cancel);
                    if (refused is not null)
                        return refused;
                    var now = runtime.Clock.Now();
                    var zone = await ZoneAsync(runtime, request, me, cancel);

                    return Html.Page(new TeamPage { Backlog = await BacklogAsync(runtime, teams, shown, filter, zone, me, now, cancel), Did = did });
                }
            )
            .RequireAuthorization(Policies.Steer)
            .HideWithoutRight();
        var parts = pages.MapGroup("").RequireAuthorization(Policies.Steer).HideWithoutRight();
        parts.MapGet(
            "/board",
            async (string? key, HttpRequest request, WorkflowRuntime runtime, KeptBoards boards, Person me, CancellationToken cancel) =>
            {
                var (teams, shown, refused) = await SteeredAsync(runtime, key, me, cancel);
                IReadOnlyList<Team> scope = shown is null ? teams : [shown];
                if (refused is not null)
                    return refused;
                var board = boards.ReadAsync(scope, await ZoneAsync(runtime, request, me, cancel), cancel);
                var measures = await OfficeMeasures.ReadAsync(runtime.Database, scope, me, runtime.Clock.Now(), cancel);
                return Html.Page(
                    new TeamPart
                    {
                        Board = await board,
                        Measures = measures,
                        Team = shown,
                        IsPage = !request.IsFragment(),
                    }
                );
            }
        );
        parts.MapGet(
            "/people",
            async ([AsParameters] BacklogFilter filter, HttpRequest request, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var (teams, shown, refused) = await SteeredAsync(runtime, filter.Key, me, cancel);
                if (refused is not null)
                    return refused;
                var people = await PeopleAsync(runtime, shown is null ? teams : [shown], filter, runtime.Clock.Now(), cancel);
                return Html.Page(
                    new TeamPart
                    {
                        People = people,
                        Team = shown,
                        IsPage = !request.IsFragment(),
                    }
                );
            }
        );
        parts.MapGet(
            "/assignees",
            async (Guid[] task, string? q, string? verb, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                task.Length is 0 or > BacklogFilter.PageSize ? Problems.Invalid(new() { ["task"] = [$"must name from 1 to {BacklogFilter.PageSize} tasks"] })
                : await Assignees.ChoiceAsync(runtime.Database, task, me, runtime.Clock.Now(), cancel) is { } choice
                    ? Html.Page(
                        new AssigneeList
                        {
                            Choice = choice,
                            Q = q?.Trim() ?? "",
                            IsOffer = verb == "offer",
                        }
                    )
                : Results.NotFound()
        );
        parts.MapPost(
            "/bulk",
            async (
                [AsParameters] BacklogFilter filter,
                HttpContext http,
                BulkVerbs verbs,
                TaskRuntime tasks,
                BackgroundWork work,
                Person me,
                CancellationToken cancel
            ) =>
            {
                var form = await http.Request.ReadFormAsync(cancel);
                if (form[BulkPages.AllField] != "true")
                    return await BulkPages.RunAsync(http, null, verbs, tasks, work, me, cancel);
                var (teams, shown, refused) = await SteeredAsync(tasks.Runtime, filter.Key, me, cancel);
                if (refused is not null)
                    return refused;
                var zone = await ZoneAsync(tasks.Runtime, http.Request, me, cancel);
                var (list, _) = await ListAsync(tasks.Runtime, teams, shown, filter, zone, tasks.Runtime.Clock.Now(), cancel);
                var all = await TaskList.ReadAsync(
                    tasks.Runtime.Database,
                    list with
                    {
                        Skip = 0,
                        Limit = WorkOrder.MaxItems + 1,
                    },
                    me,
                    tasks.Runtime.Clock.Now(),
                    cancel
                );
                var items = all.Items.Where(task => task.EndedAt is null).Select(task => new BulkItem(task.Id, task.Revision)).ToList();
                return await BulkPages.RunAsync(http, items, verbs, tasks, work, me, cancel);
            }
        );
        BoardEndpoints.Map(app);
    }

    /// <summary>The teams that someone steers, and the one asked for; or the answer when there are none, or not that one.</summary>
    internal static async Task<(List<Team> Teams, Team? Shown, IResult? Refused)> SteeredAsync(
        WorkflowRuntime runtime,
        string? key,
        Person me,
        CancellationToken cancel
    )
    {
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).Where(t => TeamQueries.Steers(me, t.Key)).ToList();
        var shown = string.IsNullOrEmpty(key) ? null : teams.Find(t => t.Key == key);
        return (teams, shown, teams.Count == 0 || (shown is null && !string.IsNullOrEmpty(key)) ? Results.NotFound() : null);
    }

    /// <summary>The reader's zone: the one they chose, else the one that their browser told (app.js), else UTC.</summary>
    internal static async Task<DateTimeZone> ZoneAsync(WorkflowRuntime runtime, HttpRequest request, Person me, CancellationToken cancel) =>
        await NotificationPreferences.ZoneOfAsync(runtime.Database, me.Id, cancel)
        ?? (request.Cookies.TryGetValue("zone", out var id) ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) : null)
        ?? DateTimeZone.Utc;

    private static async Task<TeamBacklog> BacklogAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<Team> teams,
        Team? shown,
        BacklogFilter filter,
        DateTimeZone reader,
        Person me,
        Instant now,
        CancellationToken cancel
    )
    {
        filter = filter with { Page = Math.Clamp(filter.Page ?? 1, 1, LastPage) };
        var (list, owner) = await ListAsync(runtime, teams, shown, filter, reader, now, cancel);

        var (tasks, length) = await TaskList.ReadCountedAsync(runtime.Database, list, me, now, cancel);
        return new TeamBacklog(teams, shown, tasks, length, now)
        {
            Filter = filter,
            AllTeams = await TeamQueries.ListAsync(runtime.Database, cancel),
            Saved = await SavedFilters.ListAsync(runtime.Database, me, FilterPages.Team, cancel),
            Journeys = (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name),
            StepTitle = list.Step is var (journey, step) ? await StepTitles.OfAsync(runtime, journey, step, cancel) ?? step : null,
            OwnerName = owner?.DisplayName ?? filter.Owner,
        };
    }

    /// <summary>The list of a filter, and the owner that it names.</summary>
    private static async Task<(TaskFilter List, TeamMember? Owner)> ListAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<Team> teams,
        Team? shown,
        BacklogFilter filter,
        DateTimeZone reader,
        Instant now,
        CancellationToken cancel
    )
    {
        var scope = (shown is null ? teams : [shown]).Where(team => string.IsNullOrEmpty(filter.Office) || team.Office == filter.Office);
        var owner = string.IsNullOrEmpty(filter.Owner) ? null : await TeamQueries.PersonAsync(runtime.Database, filter.Owner, cancel);
        var list = filter.List(
            scope.ToDictionary(team => team.Key, team => BoardDay.Of(team, reader, now)),
            string.IsNullOrEmpty(filter.Owner) ? null : owner?.Id ?? Guid.Empty,
            now
        );
        return (list, owner);
    }

    private static async Task<PeopleAtWork> PeopleAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<Team> teams,
        BacklogFilter filter,
        Instant now,
        CancellationToken cancel
    )
    {
        // A team's page names all of its people, and so do the links of the board.
        int? most = string.IsNullOrEmpty(filter.Key) && string.IsNullOrEmpty(filter.People) ? PeopleAtWork.Few : null;
        var (people, total) = await PresenceQueries.FirstOfTeamsAsync(runtime.Database, teams.Select(team => team.Key), most, now, cancel);
        var engaged = people.Where(person => person.Presence.State == PresenceState.Engaged).Select(person => person.Id);
        return new(people, total, await PresenceQueries.InHandAsync(runtime.Database, engaged, cancel), filter.Key, filter.People, now);
    }
}
