using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>The pages of performance. What someone may not see is not found.</summary>
internal static class PerformancePages
{
    private const int MostTasks = 200;

    public static void AddPerformance(this IServiceCollection services) => services.AddSingleton<PerformanceServices>();

    public static void MapPerformance(this WebApplication app)
    {
        app.MapPerformanceEndpoints();
        var pages = app.MapGroup("/performance").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (HttpContext http, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                if (!Policies.Steers(me))
                    return http.Request.Query.ContainsKey("person") || http.Request.Query.ContainsKey("team")
                        ? Results.NotFound()
                        : Results.LocalRedirect("/performance/me");
                var (filter, refused) = await FilterAsync(http, services, cancel);
                if (refused is not null)
                    return refused;
                return await PerformanceView.ReadAsync(services, filter, me, cancel) is { } view
                    ? Html.Page(new PerformancePage { View = view })
                    : Results.NotFound();
            }
        );
        pages.MapGet(
            "/me",
            async (HttpContext http, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                var (filter, refused) = await FilterAsync(http, services, cancel);
                return refused ?? Html.Page(new MyFiguresPage { Mine = await MyFigures.ReadAsync(services, filter, me, cancel) });
            }
        );
        pages.MapGet(
            "/tasks",
            async (string? show, HttpContext http, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                var (filter, refused) = await FilterAsync(http, services, cancel);
                if (refused is not null)
                    return refused;
                if (await TeamsAsync(services, filter, me, cancel) is not { } allowed)
                    return Results.NotFound();
                var which = Enum.TryParse<FactFilter>(show, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : FactFilter.All;
                var zone = await services.ZoneAsync(cancel);
                var rows = new List<StepFactRow>();
                await foreach (
                    var row in StepFactList.ReadAsync(services.Runtime.Database, allowed, which, zone, MostTasks + 1, cancel).WithCancellation(cancel)
                )
                    rows.Add(row);
                return Html.Page(
                    new FactListPage
                    {
                        Filter = filter,
                        Show = which,
                        Rows = rows.Take(MostTasks).ToList(),
                        HasMore = rows.Count > MostTasks,
                        IsOwn = filter.Person == me.Id && !Policies.Steers(me),
                        Zone = zone,
                    }
                );
            }
        );
        pages.MapGet(
            "/export/{file}",
            async (string file, string? show, HttpContext http, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                if (PerformanceExport.Find(file, PerformanceExport.Tables.Select(t => t.Name).Concat(ChartData.All.Keys)) is not var (table, isXlsx))
                    return Results.NotFound();
                var (filter, refused) = await FilterAsync(http, services, cancel);
                if (refused is not null)
                    return refused;
                if (table == PerformanceExport.TaskTable)
                {
                    if (await TeamsAsync(services, filter, me, cancel) is not { } allowed)
                        return Results.NotFound();
                    var which = Enum.TryParse<FactFilter>(show, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : FactFilter.All;
                    var rows = PerformanceExport.TasksAsync(services, allowed, which, await services.ZoneAsync(cancel), cancel);
                    return await PerformanceExport.WriteAsync(table, isXlsx, PerformanceExport.Columns(table, filter.Group), rows, cancel);
                }

                if (!Policies.Steers(me) || await PerformanceView.ReadAsync(services, filter, me, cancel) is not { } view)
                    return Results.NotFound();
                var chart = ChartData.All.TryGetValue(table, out var of) ? of(view) : null;
                var columns = chart is null ? PerformanceExport.Columns(table, filter.Group) : PerformanceExport.Columns(chart);
                var cells = chart is null ? PerformanceExport.Rows(table, view) : PerformanceExport.Rows(chart);
                return await PerformanceExport.WriteAsync(table, isXlsx, columns, cells.ToAsyncEnumerable(), cancel);
            }
        );
        pages.MapGet(
            "/me/export/{file}",
            async (string file, HttpContext http, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                if (PerformanceExport.Find(file, PerformanceExport.MyTables) is not var (table, isXlsx))
                    return Results.NotFound();
                var (filter, refused) = await FilterAsync(http, services, cancel);
                if (refused is not null)
                    return refused;
                var mine = await MyFigures.ReadAsync(services, filter, me, cancel);
                var chart = table == "flow" ? ChartData.Completed(mine) : null;
                var columns = chart is null ? PerformanceExport.Columns(table, FigureGroup.Step) : PerformanceExport.Columns(chart);
                var rows = chart is null ? PerformanceExport.Rows(table, mine) : PerformanceExport.Rows(chart);
                return await PerformanceExport.WriteAsync($"my-{table}", isXlsx, columns, rows.ToAsyncEnumerable(), cancel);
            }
        );
        pages.MapTargets();
    }

    /// <summary>The filter of an address, or the refusal of one that isn't valid.</summary>
    public static async Task<(PerformanceFilter Filter, IResult? Refused)> FilterAsync(HttpContext http, PerformanceServices services, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var filter = PerformanceFilter.Read(http.Request.Query, await services.TodayAsync(cancel), errors);
        return (filter, errors.Count == 0 ? null : Problems.Invalid(errors, StatusCodes.Status400BadRequest));
    }

    /// <summary>The query as far as the reader may see it: what they steer, or what they did themselves; null: nothing.</summary>
    private static async Task<FigureQuery?> TeamsAsync(PerformanceServices services, PerformanceFilter filter, Person me, CancellationToken cancel)
    {
        if (filter.Person == me.Id)
            return filter.Query(filter.Team is { } own ? [own] : null);
        if (!Policies.Steers(me))
            return null;
        var scope = await PerformanceScope.OfAsync(services.Runtime.Database, me, cancel);
        var teams = scope.KeysOf(filter.Team, filter.Office);
        return teams is { Count: 0 } || (filter.Person is { } person && !await scope.SeesAsync(services.Runtime.Database, person, cancel))
            ? null
            : filter.Query(teams);
    }
}

/// <summary>A person's own figures, and what the middle of their teams does.</summary>
/// <param name="Filter">Whose period it is.</param>
/// <param name="Report">Their own.</param>
/// <param name="Before">Those of the time that it is compared with.</param>
/// <param name="Teams">Their teams.</param>
public sealed record MyFigures(PerformanceFilter Filter, PerformanceReport Report, Figures Before, IReadOnlyList<TeamMedian> Teams)
{
    public static async Task<MyFigures> ReadAsync(PerformanceServices services, PerformanceFilter filter, Person me, CancellationToken cancel)
    {
        var own = filter with { Person = me.Id, Team = null, Group = FigureGroup.Step };
        var database = services.Runtime.Database;
        var report = await ReadFigures.RunAsync(database, own.Query(null), cancel);
        var before = await ReadFigures.RunAsync(database, own.Before().Query(null) with { IsTotalOnly = true }, cancel);
        var teams = new List<TeamMedian>();
        foreach (var team in (await TeamQueries.ListAsync(database, cancel)).Where(t => me.Teams.Contains(t.Key)))
        {
            var query = own.Query([team.Key]) with { Person = null, Group = FigureGroup.Person };
            var people = await ReadFigures.RunAsync(database, query, cancel);
            var members = team.Members.Select(m => Ids.Text(m.Id)).ToHashSet();
            teams.Add(new(team.Title, [.. people.Rows.Where(row => members.Contains(Guid.Parse(row.Key).ToString("N"))).Select(row => row.Figures)]));
        }

        return new(own, report, before.Total, teams);
    }
}

/// <summary>The middle of a team. It names no one, and is not shown for so few people that one could be recognized.</summary>
/// <param name="Title">The team.</param>
/// <param name="Members">Figures of its people.</param>
public sealed record TeamMedian(string Title, IReadOnlyList<Figures> Members)
{
    /// <summary>Fewer, and the median would give away what a colleague does.</summary>
    public const int LeastPeople = 4;

    /// <summary>The median of a figure over the people who have it; null for too few.</summary>
    public double? Of(Kpi kpi)
    {
        var values = Members.Select(m => kpi.Of(m)).Where(v => kpi.Unit == KpiUnit.Count || v.IsEnough).Select(v => v.Value).OfType<double>().Order().ToList();
        if (values.Count < LeastPeople)
            return null;
        return values.Count % 2 == 1 ? values[values.Count / 2] : (values[values.Count / 2 - 1] + values[values.Count / 2]) / 2;
    }
}
