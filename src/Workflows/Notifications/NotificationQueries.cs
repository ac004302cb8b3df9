using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Notifications;

/// <summary>A notification.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What kind, e.g. <c>sla.breached</c>.</param>
/// <param name="Title">One line.</param>
/// <param name="Body">More, or empty.</param>
/// <param name="CaseId">The case.</param>
/// <param name="Reference">Reference of that case.</param>
/// <param name="TaskId">Task to open from it.</param>
/// <param name="At">When.</param>
/// <param name="IsRead">Whether it was read.</param>
public sealed record Notification(Guid Id, string Kind, string Title, string Body, Guid? CaseId, string? Reference, Guid? TaskId, Instant At, bool IsRead);

/// <summary>Reads a person's notifications and marks them as read. Only their own.</summary>
public static class NotificationQueries
{
    /// <summary>How many are unread; 100 at most is counted.</summary>
    public static async Task<int> UnreadAsync(NpgsqlDataSource database, Person person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select count(*)::int from (select from notification where person_id = $1 and read_at is null limit 100) unread",
            person.Id
        );
        return (int)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>The newest, at most <paramref name="limit"/>.</summary>
    public static async Task<IReadOnlyList<Notification>> ListAsync(
        NpgsqlDataSource database,
        bool unreadOnly,
        int limit,
        Person person,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select n.id, n.kind, n.title, n.body, c.id, c.reference, n.task_id, n.created_at, n.read_at is not null
            from notification n left join journey_case c on c.id = n.instance_id
            where n.person_id = $1 and (n.read_at is null or not $2)
            order by n.created_at desc, n.id desc limit $3
            """,
            person.Id,
            unreadOnly,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var notifications = new List<Notification>();
        while (await r.ReadAsync(cancel))
            notifications.Add(
                new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GuidOrNull(4), r.Text(5), r.GuidOrNull(6), r.Instant(7), r.GetBoolean(8))
            );
        return notifications;
    }

    /// <summary>Marks a notification as read and returns its link. Null if the person has no such notification.</summary>
    public static async Task<(Guid? TaskId, Guid? CaseId, string? Path)?> ReadAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person person,
        CancellationToken cancel = default
    )
    {
        await using var update = runtime.Database.Query(
            """
            update notification n set read_at = coalesce(n.read_at, $3) where n.id = $1 and n.person_id = $2
            returning n.task_id, (select c.id from journey_case c where c.id = n.instance_id), n.path
            """,
            id,
            person.Id,
            runtime.Clock.Now()
        );
        await using var r = await update.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var leads = (r.GuidOrNull(0), r.GuidOrNull(1), r.Text(2));
        runtime.Changes.Publish([new(ChangeKind.Person, person.Id)]);
        return leads;
    }

    /// <summary>Marks all as read.</summary>
    public static async Task ReadAllAsync(WorkflowRuntime runtime, Person person, CancellationToken cancel = default)
    {
        await using var update = runtime.Database.Query(
            "update notification set read_at = $2 where person_id = $1 and read_at is null",
            person.Id,
            runtime.Clock.Now()
        );
        await update.ExecuteNonQueryAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Person, person.Id)]);
    }
}
