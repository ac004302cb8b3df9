using NodaTime;
using Npgsql;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Teams;

/// <summary>How the offices did in the last seven days, by the figures of performance.</summary>
/// <param name="Teams">Of the teams of an office.</param>
/// <param name="Customers">Of all cases: a customer rates the whole case. Null for who doesn't steer all teams.</param>
/// <param name="From">The first of the days.</param>
/// <param name="To">The last of them.</param>
public sealed record OfficeMeasures(Figures Teams, Figures? Customers, LocalDate From, LocalDate To)
{
    private const int Days = 7;

    public static async Task<IReadOnlyDictionary<string, OfficeMeasures>> ReadAsync(
        NpgsqlDataSource database,
        IReadOnlyList<Team> teams,
        Person me,
        Instant now,
        CancellationToken cancel
    )
    {
        var offices = teams.GroupBy(team => team.Office).ToList();
        if (offices.Count < 2)
            return new Dictionary<string, OfficeMeasures>();
        var today = now.InZone(await PerformanceQueries.ZoneAsync(database, cancel)).Date;
        var customers = me.May(Permissions.SteerTeams) ? await OfAsync(null) : null;
        var measures = new Dictionary<string, OfficeMeasures>();
        foreach (var office in offices)
            measures[office.Key] = new(await OfAsync([.. office.Select(team => team.Key)]), customers, today.PlusDays(1 - Days), today);
        return measures;

        async Task<Figures> OfAsync(IReadOnlyList<string>? keys)
        {
            var query = new FigureQuery(today.PlusDays(1 - Days), today)
            {
                Teams = keys,
                ByWeek = false,
                IsTotalOnly = true,
                IsWithoutBacklog = true,
            };
            return (await ReadFigures.RunAsync(database, query, cancel)).Total;
        }
    }
}
