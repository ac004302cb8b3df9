using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Staff;

/// <summary>What administrators say about a team: one to be added, or what an existing one is changed to.</summary>
/// <param name="Key">As journeys name it; never changes.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">Its purpose, or empty.</param>
/// <param name="Lead">User name of who leads it; null: no one.</param>
/// <param name="Members">User names of who works in it.</param>
public sealed record TeamData(string Key, string Title, string Description, string? Lead, IReadOnlyList<string> Members)
{
    /// <summary>It answers customers.</summary>
    public const string Front = "front";

    /// <summary>It works through what waits.</summary>
    public const string Back = "back";

    /// <summary><see cref="Front"/> or <see cref="Back"/>.</summary>
    public string Office { get; init; } = Back;

    /// <summary>Zone of its day on the board, by its tz database id; null: the reader's.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>Someone in a team.</summary>
public sealed record StaffMember(Guid Id, string UserName, string DisplayName, bool Active);

/// <summary>Everything administrators see of a team.</summary>
/// <param name="Key">As journeys name it.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">Its purpose, or empty.</param>
/// <param name="Lead">Who leads it.</param>
/// <param name="Members">Who works in it, by name.</param>
/// <param name="RetiredAt">Since when it gets no new work.</param>
/// <param name="OpenTasks">Tasks that are with it.</param>
/// <param name="Revision">Send it with the next change.</param>
public sealed record TeamDetails(
    string Key,
    string Title,
    string Description,
    StaffMember? Lead,
    IReadOnlyList<StaffMember> Members,
    Instant? RetiredAt,
    int OpenTasks,
    int Revision
)
{
    /// <summary><c>front</c> or <c>back</c>.</summary>
    public string Office { get; init; } = TeamData.Back;

    /// <summary>Zone of its day on the board, by its tz database id; null: the reader's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>All teams by title; the retired ones last.</summary>
    public static async Task<IReadOnlyList<TeamDetails>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ReadAsync(connection, null, cancel, countTasks: true);
    }

    /// <summary>All teams, to choose from: without their open tasks.</summary>
    public static async Task<IReadOnlyList<TeamDetails>> ChoicesAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ReadAsync(connection, null, cancel);
    }

    /// <summary>The team with this key, or null.</summary>
    public static async Task<TeamDetails?> FindAsync(NpgsqlDataSource database, string key, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ReadAsync(connection, key, cancel, countTasks: true) is [var team] ? team : null;
    }

    /// <summary>What can be changed of it.</summary>
    internal TeamData Data => new(Key, Title, Description, Lead?.UserName, [.. Members.Select(m => m.UserName)]) { Office = Office, TimeZone = TimeZone };

    /// <summary>All teams, or one.</summary>
    /// <param name="countTasks">False: <see cref="OpenTasks"/> is 0. Counting reads every open task.</param>
    internal static async Task<List<TeamDetails>> ReadAsync(NpgsqlConnection connection, string? key, CancellationToken cancel, bool countTasks = false)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select t.key, t.title, t.description, l.id, l.user_name, l.display_name, l.active, t.retired_at,
                t.open_tasks, t.revision, p.id, p.user_name, p.display_name, p.active, t.office, t.time_zone
            -- Counted before the join, which has a row for each member.
            from (select *, case when $2 then (select count(*)::int from task k where k.team = key and k.ended_at is null) else 0 end open_tasks
                from team where $1::text is null or key = $1 offset 0) t
            left join person l on l.id = t.lead_id
            left join (team_member m join person p on p.id = m.person_id) on m.team_key = t.key
            order by t.retired_at is not null, lower(t.title), t.key, lower(p.display_name), p.id
            """,
            key,
            countTasks
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var teams = new List<TeamDetails>();
        List<StaffMember> members = [];
        while (await r.ReadAsync(cancel))
        {
            if (teams.Count == 0 || teams[^1].Key != r.GetString(0))
            {
                var lead = r.GuidOrNull(3) is { } id ? new StaffMember(id, r.GetString(4), r.GetString(5), r.GetBoolean(6)) : null;
                teams.Add(
                    new(r.GetString(0), r.GetString(1), r.GetString(2), lead, members = [], r.InstantOrNull(7), r.GetInt32(8), r.GetInt32(9))
                    {
                        Office = r.GetString(14),
                        TimeZone = r.Text(15),
                    }
                );
            }

            if (r.GuidOrNull(10) is { } member)
                members.Add(new(member, r.GetString(11), r.GetString(12), r.GetBoolean(13)));
        }

        return teams;
    }
}
