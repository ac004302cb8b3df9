using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks.Lists;

/// <summary>The open task behind a waiting human step, for viewers of the run.</summary>
/// <param name="BookmarkId">The bookmark that waits for it, as the engine writes it.</param>
/// <param name="State">Its state.</param>
/// <param name="Owner">Display name of the owner, or null.</param>
/// <param name="Team">Title of the team, or null.</param>
/// <param name="DueAt">When its worst clock is due, or was (UTC); null without one.</param>
/// <param name="Breached">Whether that has passed.</param>
public sealed record OpenStep(string BookmarkId, TaskState State, string? Owner, string? Team, DateTime? DueAt, bool Breached)
{
    /// <summary>All of an instance.</summary>
    public static async Task<IReadOnlyList<OpenStep>> ReadAsync(NpgsqlDataSource database, Guid instance, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select t.bookmark_id, t.state, p.display_name, coalesce(m.title, t.team), w.due_at, coalesce(w.urgency = '{Urgency.Breached}', false)
            from task t left join person p on p.id = t.owner_id left join team m on m.key = t.team {WorstClock.OfTask("$2")}
            where t.instance_id = $1 and t.ended_at is null
            """,
            instance,
            now
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var steps = new List<OpenStep>();
        while (await reader.ReadAsync(cancel))
        {
            steps.Add(
                new(
                    Ids.Text(reader.GetGuid(0)),
                    Enum.Parse<TaskState>(reader.GetString(1)),
                    reader.Text(2),
                    reader.Text(3),
                    reader.IsDBNull(4) ? null : reader.GetDateTime(4),
                    reader.GetBoolean(5)
                )
            );
        }

        return steps;
    }
}
