using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Forecast;

/// <summary>Reads a forecast for someone: only what they steer.</summary>
internal static class ForecastReading
{
    private const int CalibrationWeeks = 4;

    /// <summary>The view; null: they steer no team, or not the one they ask for.</summary>
    /// <param name="fixes">Find the fixes of the shown clocks, which takes seconds; else only those that are known.</param>
    public static async Task<ForecastView?> ReadAsync(ForecastOffice office, ForecastFilter filter, Person me, bool fixes, CancellationToken cancel)
    {
        var teams = (await TeamQueries.ListAsync(office.Runtime.Database, cancel)).Where(team => TeamQueries.Steers(me, team.Key)).ToList();
        if (teams.Count == 0 || filter.Team is not null && teams.TrueForAll(team => team.Key != filter.Team))
            return null;
        var made = await office.LatestAsync(cancel: cancel);
        var rows = made.Rows.Where(row => Steers(me, row.Clock) && Matches(row, filter, office.Zone)).ToList();
        var risky = rows.Where(row => row.Forecast.Breach >= 0.3).OrderBy(row => row.Clock.DueAt).ThenByDescending(row => row.Forecast.Breach).ToList();
        var shown = risky.Take(ForecastView.MostRows).ToList();
        var found = await office.FixesAsync(made, [.. shown.Select(row => row.Clock.Id)], me, known: !fixes, cancel);
        return new(made, teams, filter, office.Zone)
        {
            Rows = rows,
            AtRisk = risky.Count,
            Items = [.. shown.Select(row => Item(made, row, found.GetValueOrDefault(row.Clock.Id), fixes || found.ContainsKey(row.Clock.Id)))],
            Journeys = (await JourneyQueries.ListAsync(office.Runtime.Definitions, cancel)).ToDictionary(journey => journey.Id, journey => journey.Name),
            Calibration = await ForecastHistory.CalibrationAsync(
                office.Runtime.Database,
                made.MadeAt - Duration.FromDays(7 * CalibrationWeeks),
                cancel: cancel
            ),
        };
    }

    public static ForecastItem Item(OfficeForecast made, ForecastRow row, Fix? fix, bool known)
    {
        var task = row.Clock.Tasks.Select(id => made.Tasks.GetValueOrDefault(id)).FirstOrDefault(one => one is not null);
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
    public static ForecastFilter? Filter(string? team, string? journey, string? by, bool? statutory)
    {
        LocalDate? day = null;
        if (!string.IsNullOrEmpty(by))
        {
            if (LocalDatePattern.Iso.Parse(by) is not { Success: true, Value: var parsed })
                return null;
            day = parsed;
        }

        return new(Text(team), Text(journey), day, statutory == true);

        static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;
    }

    private static bool Matches(ForecastRow row, ForecastFilter filter, DateTimeZone zone) =>
        (filter.Team is null || row.Clock.Teams.Contains(filter.Team))
        && (filter.Journey is null || row.Clock.Journey == filter.Journey)
        && (filter.By is not { } day || row.Clock.DueAt.InZone(zone).Date <= day)
        && (!filter.Statutory || row.Clock.Kind == Workflows.ServiceLevels.SlaKind.Statutory);
}
