using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Performance;

/// <summary>What pages of performance read besides figures.</summary>
public static class PerformanceQueries
{
    /// <summary>The zone whose days are counted.</summary>
    public static async Task<DateTimeZone> ZoneAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query("select zone from performance_cursor");
        return await query.ExecuteScalarAsync(cancel) is string zone ? DateTimeZoneProviders.Tzdb[zone] : DateTimeZone.Utc;
    }

    /// <summary>Steps of a journey that any case has visited, with the title of the newest visit, by title.</summary>
    public static async Task<IReadOnlyList<(string Key, string Title)>> StepsAsync(
        NpgsqlDataSource database,
        string journey,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            with recursive step as (
                (select step from step_fact where journey = $1 order by step limit 1)
                union all
                select (select f.step from step_fact f where f.journey = $1 and f.step > s.step order by f.step limit 1) from step s where s.step is not null
            )
            select s.step, f.title from step s cross join lateral (select title from step_fact f where f.journey = $1 and f.step = s.step
                order by f.opened_at desc limit 1) f order by lower(f.title)
            """,
            journey
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var steps = new List<(string, string)>();
        while (await r.ReadAsync(cancel))
            steps.Add((r.GetString(0), r.GetString(1)));
        return steps;
    }

    /// <summary>The display name of a person, or null.</summary>
    public static async Task<string?> NameAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query("select display_name from person where id = $1", person);
        return await query.ExecuteScalarAsync(cancel) as string;
    }

    /// <summary>Whether someone works, or has worked, in one of some teams.</summary>
    /// <param name="teams">Keys of the teams; null: any, or none.</param>
    public static async Task<bool> WorksInAsync(NpgsqlDataSource database, Guid person, IReadOnlyList<string>? teams, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select exists (select from person where id = $1) and ($2::text[] is null
                or exists (select from team_member where person_id = $1 and team_key = any($2))
                or exists (select from step_fact where person_id = $1 and team = any($2) and ended_at is not null))
            """,
            person,
            teams?.ToArray()
        );
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }
}
