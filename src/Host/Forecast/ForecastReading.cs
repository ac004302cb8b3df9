using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Filters;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Forecast;

/// <summary>Reads a forecast for someone: only what they steer.</summary>
internal static class ForecastReading
{
    private const int CalibrationWeeks = 4;

    /// <summary>Farther than anyone reads.</summary>
    private const int LastPage = 200;

    /// <summary>The view; null: they steer no team, or not the one they ask for.</summary>
    /// <param name="fixes">Find the fixes of the most urgent shown clocks, which takes seconds; else only those that are known.</param>
    /// <param name="also">More clocks whose applied fixes are read.</param>
    public static async Task<ForecastView?> ReadAsync(
        ForecastOffice office,
        ForecastFilter filter,
        Person me,
        bool fixes,
        CancellationToken cancel,
        params Guid[] also
    )
    {
        var teams = (await TeamQueries.ListAsync(office.Runtime.Database, cancel)).Where(team => TeamQueries.Steers(me, team.Key)).ToList();
        if (teams.Count == 0 || filter.Team is not null && teams.TrueForAll(team => team.Key != filter.Team))
            return null;
        var made = await office.LatestAsync(cancel: cancel);
        var rows = made.Rows.Where(row => Steers(me, row.Clock) && Matches(row.Clock, filter, office.Zone)).ToList();
        var listed = rows.Where(row => filter.Lists(row.Forecast.Breach))
            .OrderBy(row => row.Clock.DueAt)
            .ThenByDescending(row => row.Forecast.Breach)
            .ThenBy(row => row.Clock.Id)
            .ToList();
        var shown = listed.Skip((filter.Page - 1) * ForecastView.MostRows).Take(ForecastView.MostRows).ToList();
        var risky = shown.Where(row => row.Forecast.Breach >= ForecastFilter.Risk).Select(row => row.Clock.Id).ToList();
        var found = await office.FixesAsync(made, risky, me, known: !fixes, cancel);
        var several = found.Values.OfType<Fix>().ToList();
        return new(made, teams, filter, office.Zone)
        {
            Rows = rows,
            Left = [.. made.Left.Where(left => Steers(me, left.Clock) && Matches(left.Clock, filter, office.Zone))],
            Listed = listed.Count,
            Items = [.. shown.Select(row => Item(made, row, found.GetValueOrDefault(row.Clock.Id), found.ContainsKey(row.Clock.Id), filter.Team, me))],
            HasLooked = fixes,
            Prevented = several.Count > 1 ? await office.TogetherAsync(made, several, me, cancel) : null,
            Applied = await AppliedFixes.OfAsync(office.Runtime.Database, [.. shown.Select(row => row.Clock.Id), .. also], cancel),
            Saved = await SavedFilters.ListAsync(office.Runtime.Database, me, FilterPages.Forecast, cancel),
            Journeys = (await JourneyQueries.ListAsync(office.Runtime.Definitions, cancel)).ToDictionary(journey => journey.Id, journey => journey.Name),
            Calibration = await ForecastHistory.CalibrationAsync(
                office.Runtime.Database,
                made.MadeAt - Duration.FromDays(7 * CalibrationWeeks),
                cancel: cancel
            ),
        };
    }

    /// <summary>A row. It names a task of the team that was asked for, else of one that the person steers: a case may be at steps of several teams.</summary>
    /// <param name="known">Whether fixes were looked for.</param>
    public static ForecastItem Item(OfficeForecast made, ForecastRow row, Fix? fix, bool known, string? team, Person me)
    {
        var tasks = row.Clock.Tasks.Select(id => made.Tasks.GetValueOrDefault(id)).OfType<TaskFacts>().ToList();
        var task =
            tasks.Find(one => team is not null && one.Team == team)
            ?? tasks.Find(one => one.Team is { } of ? TeamQueries.Steers(me, of) : me.May(Permissions.SteerTeams));
        var forecast = row.Forecast;
        return new(
            row.Clock,
            new(forecast.Breach, forecast.Late, forecast.LateElapsed, forecast.Likely, forecast.AtLatest),
            task is null ? null : BreachReason.Of(made, task.Id),
            task,
            fix,
            known
        );
    }

    /// <summary>Whether someone sees the forecast of a clock: who steers a team of its tasks. Supervisors see all.</summary>
    public static bool Steers(Person me, ClockFacts clock) => me.May(Permissions.SteerTeams) || clock.Teams.Any(team => TeamQueries.Steers(me, team));

    /// <summary>The filter of a query; null: the day isn't one.</summary>
    public static ForecastFilter? Filter(string? team, string? journey, string? by, bool? statutory, string? show = null, int? page = null)
    {
        LocalDate? day = null;
        if (!string.IsNullOrEmpty(by))
        {
            if (LocalDatePattern.Iso.Parse(by) is not { Success: true, Value: var parsed })
                return null;
            day = parsed;
        }

        if (!string.IsNullOrEmpty(show) && ForecastFilter.Shows.All(one => one.Key != show) || page is < 1 or > LastPage)
            return null;
        return new(Text(team), Text(journey), day, statutory == true) { Show = Text(show), Page = page ?? 1 };

        static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;
    }

    private static bool Matches(ClockFacts clock, ForecastFilter filter, DateTimeZone zone) =>
        (filter.Team is null || clock.Teams.Contains(filter.Team))
        && (filter.Journey is null || clock.Journey == filter.Journey)
        && (filter.By is not { } day || clock.DueAt.InZone(zone).Date <= day)
        && (!filter.Statutory || clock.Kind == Workflows.ServiceLevels.SlaKind.Statutory);
}
