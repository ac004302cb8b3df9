using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Performance;

/// <summary>Whose figures someone may see: supervisors and administrators everyone's, leads those of the teams they lead, everyone their own.</summary>
/// <param name="Teams">Teams there are to choose from, by title.</param>
/// <param name="IsAll">Whether they see everything, also what belongs to no team.</param>
public sealed record PerformanceScope(IReadOnlyList<Team> Teams, bool IsAll)
{
    /// <summary>The scope of a person who steers.</summary>
    public static async Task<PerformanceScope> OfAsync(NpgsqlDataSource database, Person me, CancellationToken cancel)
    {
        var all = Policies.Allow(Policies.Supervise, me);
        return new([.. (await TeamQueries.ListAsync(database, cancel)).Where(team => all || me.Leads.Contains(team.Key))], all);
    }

    /// <summary>The teams of a query: one, or all that they may see; null: everything. Not allowed: an empty list.</summary>
    public IReadOnlyList<string>? KeysOf(string? team) =>
        team is not null ? [.. Teams.Where(t => t.Key == team).Select(t => t.Key)]
        : IsAll ? null
        : [.. Teams.Select(t => t.Key)];

    /// <summary>Whether they may see a person's figures: of someone who works, or has worked, in one of their teams.</summary>
    public async Task<bool> SeesAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select exists (select from person where id = $1) and ($2::text[] is null
                or exists (select from team_member where person_id = $1 and team_key = any($2))
                or exists (select from step_fact where person_id = $1 and team = any($2) and ended_at is not null))
            """,
            person,
            KeysOf(null)?.ToArray()
        );
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }
}
