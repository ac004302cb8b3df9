using System.Collections.Concurrent;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// The people whose requests this host serves, each read again when what it knows is older than <see cref="Freshness"/>. So a request costs no query, and a
/// person who was deactivated or signed out on another host is refused within that time.
/// </summary>
public sealed class FindPerson(NpgsqlDataSource database)
{
    /// <summary>Maximum age of an answer.</summary>
    public static readonly Duration Freshness = Duration.FromSeconds(15);

    private readonly ConcurrentDictionary<Guid, Known> _known = new();

    /// <summary>The active person to whom a session belongs, or null if the session or the person is no longer good.</summary>
    /// <param name="id">Person.</param>
    /// <param name="session">Session.</param>
    /// <param name="stamp">Stamp the session began with.</param>
    public async ValueTask<Person?> OfSessionAsync(Guid id, Guid session, Guid stamp, Instant now, CancellationToken cancel = default)
    {
        var known = _known.GetValueOrDefault(id);
        if (known is null || now - known.At > Freshness || now < known.At)
            known = await ReadAsync(id, now, cancel, session);
        return known.Person?.SecurityStamp == stamp && !known.EndedSessions.Contains(session) ? known.Person : null;
    }

    /// <summary>The active person's current data, or null. For work in their name while no one is signed in.</summary>
    public async Task<Person?> OfIdAsync(Guid id, Instant now, CancellationToken cancel = default) => (await ReadAsync(id, now, cancel)).Person;

    /// <summary>Reads the person again at the next request: this host changed them.</summary>
    public void Forget(Guid id) => _known.TryRemove(id, out _);

    /// <param name="session">One that asks: that it was seen goes along with what is read anyway, every few minutes.</param>
    private async Task<Known> ReadAsync(Guid id, Instant now, CancellationToken cancel, Guid? session = null)
    {
        var seen = _known.GetValueOrDefault(id)?.Seen ?? new();
        await using var query = database.CreateBatch();
        query.Add(
            """
            select p.user_name, p.display_name, p.email, p.roles, p.security_stamp,
                   array(select team_key from team_member where person_id = p.id order by team_key),
                   array(select key from team where lead_id = p.id order by key),
                   array(select s.id from ended_session s where s.person_id = p.id and s.expires_at > $2),
                   array(select distinct unnest(c.permissions) from custom_role c where c.key = any(p.roles))
            from person p where p.id = $1 and p.active
            """,
            id,
            now
        );
        if (session is { } asks && (!seen.TryGetValue(asks, out var before) || now - before >= PersonSessions.SeenWithin))
        {
            query.Add("update person_session set seen_at = $2 where id = $1 and seen_at < $2", asks, now);
            seen[asks] = now;
        }

        await using var reader = await query.ExecuteReaderAsync(cancel);
        if (!await reader.ReadAsync(cancel))
        {
            // Nothing is kept, so that made-up ids do not fill the memory.
            Forget(id);
            return new(null, [], now, seen);
        }

        var person = new Person(
            id,
            reader.GetString(0),
            reader.GetString(1),
            reader.Text(2),
            reader.GetFieldValue<string[]>(3),
            reader.GetFieldValue<string[]>(5),
            reader.GetFieldValue<string[]>(6),
            reader.GetGuid(4)
        )
        {
            OwnPermissions = reader.GetFieldValue<string[]>(8),
        };
        return _known[id] = new(person, reader.GetFieldValue<Guid[]>(7), now, seen);
    }

    private sealed record Known(Person? Person, Guid[] EndedSessions, Instant At, ConcurrentDictionary<Guid, Instant> Seen);
}
