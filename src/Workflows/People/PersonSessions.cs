using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>With what someone signs in.</summary>
/// <param name="Origin">IP address, or network of an IPv6 address.</param>
/// <param name="Device">Browser and system, in words.</param>
/// <param name="IsBrowser">Whether the session is a cookie; otherwise it is tokens of the API.</param>
public sealed record SignInFrom(string Origin, string Device = "", bool IsBrowser = false);

/// <summary>A session that goes on.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Kind"><c>browser</c> or <c>api</c>.</param>
/// <param name="Method"><c>password</c>, <c>code</c>, <c>recovery-code</c>, or the name of an identity provider.</param>
/// <param name="Origin">IP address, or network of an IPv6 address.</param>
/// <param name="Device">Browser and system, in words; may be empty.</param>
/// <param name="StartedAt">When they signed in.</param>
/// <param name="SeenAt">Last request, within <see cref="PersonSessions.SeenWithin"/>.</param>
public sealed record PersonSession(Guid Id, string Kind, string Method, string Origin, string Device, Instant StartedAt, Instant SeenAt);

/// <summary>Where people are signed in, and ends of that.</summary>
public static class PersonSessions
{
    /// <summary>How long a browser stays signed in after its last request.</summary>
    public static readonly Duration BrowserLife = Duration.FromHours(12);

    /// <summary>How long a client of the API can refresh its tokens.</summary>
    public static readonly Duration ApiLife = Duration.FromDays(14);

    /// <summary>How exact <see cref="PersonSession.SeenAt"/> is.</summary>
    public static readonly Duration SeenWithin = Duration.FromMinutes(5);

    /// <summary>The sessions of a person that go on, the one seen last first.</summary>
    public static async Task<IReadOnlyList<PersonSession>> ListAsync(NpgsqlDataSource database, Guid person, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select s.id, s.kind, s.method, s.origin, s.device, s.started_at, s.seen_at
            from person_session s join person p on p.id = s.person_id and p.security_stamp = s.stamp and p.active
            where s.person_id = $1 and s.seen_at > case s.kind when 'browser' then $2 else $3 end
                and not exists (select from ended_session e where e.id = s.id)
            order by s.seen_at desc, s.id desc
            """,
            person,
            now - BrowserLife - SeenWithin,
            now - ApiLife
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var sessions = new List<PersonSession>();
        while (await r.ReadAsync(cancel))
            sessions.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.Instant(5), r.Instant(6)));
        return sessions;
    }

    /// <summary>Ends a session: its next request is refused, on every host.</summary>
    /// <param name="person">Whose session.</param>
    /// <param name="session">Which.</param>
    /// <param name="actor">User name of who ends it.</param>
    /// <returns>False: the person has no such session, or it has ended already.</returns>
    public static async Task<bool> EndAsync(WorkflowRuntime runtime, Guid person, Guid session, string actor, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor, now, cancel);
        await using var end = connection.CreateBatch();
        end.Add(
            """
            with found as (insert into ended_session (id, person_id, expires_at)
                select id, person_id, $3 from person_session where id = $1 and person_id = $2 on conflict do nothing returning id)
            select s.device from person_session s join found using (id)
            """,
            session,
            person,
            now + ApiLife
        );
        if (await end.ExecuteScalarAsync(cancel) is not string device)
            return false;
        await using var batch = connection.CreateBatch();
        history.Add("person.session-ended", new { reason = device.Length > 0 ? $"Signed out remotely: {device}" : "Signed out remotely" });
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Access, person)]);
        return true;
    }

    /// <summary>Ends every session of a person.</summary>
    /// <param name="actor">User name of who ends them.</param>
    /// <returns>False: there is no such person.</returns>
    public static async Task<bool> EndAllAsync(WorkflowRuntime runtime, Guid person, string actor, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor, now, cancel);
        await using var change = connection.CreateBatch();
        change.Add("update person set security_stamp = gen_random_uuid(), updated_at = $2 where id = $1", person, now);
        if (await change.ExecuteNonQueryAsync(cancel) == 0)
            return false;
        await using var batch = connection.CreateBatch();
        history.Add("person.sessions-ended");
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Access, person)]);
        return true;
    }

    /// <summary>Puts a new session into a transaction.</summary>
    internal static void Start(NpgsqlBatch batch, Guid session, Guid person, Guid stamp, string method, SignInFrom from, Instant now) =>
        batch.Add(
            """
            insert into person_session (id, person_id, stamp, kind, method, origin, device, started_at, seen_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
            """,
            session,
            person,
            stamp,
            from.IsBrowser ? "browser" : "api",
            method,
            from.Origin,
            from.Device,
            now
        );

    /// <summary>Forgets sessions that ended long ago.</summary>
    internal static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        await using var delete = database.Query("delete from person_session where seen_at < $1", now - ApiLife - Duration.FromDays(1));
        return await delete.ExecuteNonQueryAsync(cancel);
    }
}
