using Npgsql;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>Whose figures someone may see: supervisors and administrators everyone's, leads those of the teams they lead, everyone their own.</summary>
/// <param name="Teams">Teams there are to choose from, by title.</param>
/// <param name="IsAll">Whether they see everything, also what belongs to no team.</param>
public sealed record PerformanceScope(IReadOnlyList<Team> Teams, bool IsAll)
{
    /// <summary>The scope of a person who steers.</summary>
    public static async Task<PerformanceScope> OfAsync(NpgsqlDataSource database, Person me, CancellationToken cancel)
    {
        var all = me.May(Permissions.SteerTeams);
        return new([.. (await TeamQueries.ListAsync(database, cancel)).Where(team => all || me.Leads.Contains(team.Key))], all);
    }

    /// <summary>The teams of a query: one, or all that they may see; null: everything. Not allowed: an empty list.</summary>
    /// <param name="team">The team; null: all.</param>
    /// <param name="office"><c>front</c> or <c>back</c>; null: both.</param>
    public IReadOnlyList<string>? KeysOf(string? team, string? office = null) =>
        team is not null || office is not null
            ? [.. Teams.Where(t => (team is null || t.Key == team) && (office is null || t.Office == office)).Select(t => t.Key)]
        : IsAll ? null
        : [.. Teams.Select(t => t.Key)];

    /// <summary>Whether they may see a person's figures: of someone who works, or has worked, in one of their teams.</summary>
    public Task<bool> SeesAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel) =>
        PerformanceQueries.WorksInAsync(database, person, KeysOf(null), cancel);
}
