using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Simulation;

/// <summary>The presence of the demo office's people in its past: available during their shifts, with the history that each change has.</summary>
internal static class DemoPresence
{
    private const string Actor = "system";

    /// <summary>Writes the presence of everyone, person by person.</summary>
    /// <param name="shifts">By user name.</param>
    /// <param name="until">Shifts that end later are left out.</param>
    public static async Task WriteAsync(
        NpgsqlDataSource database,
        IReadOnlyDictionary<string, IReadOnlyList<Interval>> shifts,
        Instant until,
        CancellationToken cancel
    )
    {
        foreach (var (userName, times) in shifts)
        {
            var over = times.Where(shift => shift.End <= until).OrderBy(shift => shift.Start).ToList();
            if (over.Count > 0)
                await WriteAsync(database, userName, over, cancel);
        }
    }

    private static async Task WriteAsync(NpgsqlDataSource database, string userName, List<Interval> shifts, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        Guid person;
        int revision;
        await using (var find = connection.CreateBatch())
        {
            find.Add("select p.id, coalesce(s.revision, 0) from person p left join presence s on s.person_id = p.id where p.user_name = $1", userName);
            await using var r = await find.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return;
            (person, revision) = (r.GetGuid(0), r.GetInt32(1));
        }

        var chain = await NamedChain.LockAsync(connection, PersonHistory.ChainOf(person), Actor, shifts[0].Start, cancel);
        var (sequence, head) = (chain.Sequence, chain.Head);
        var changes = shifts.SelectMany(shift => new[] { (shift.Start, "Available", "OffShift"), (shift.End, "OffShift", "Available") }).ToList();
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into presence_change (person_id, at, revision, state, reason, cause, changed_by)
            select $1, c.at, $2 + c.number, c.state, '', 'Shift', $5 from unnest($3::timestamptz[], $4::text[]) with ordinality c(at, state, number)
            """,
            person,
            revision,
            changes.Select(c => c.Item1).ToArray(),
            changes.Select(c => c.Item2).ToArray(),
            Actor
        );
        batch.Add(
            """
            insert into presence (person_id, state, cause, changed_by, since, revision, look_at) values ($1, 'OffShift', 'Shift', $2, $3, $4, '-infinity')
            on conflict (person_id) do update set revision = $4, since = case when presence.state = 'OffShift' then $3 else presence.since end
            """,
            person,
            Actor,
            shifts[^1].End,
            revision + changes.Count
        );
        foreach (var (at, to, from) in changes)
        {
            var history = new HistoryAppend(chain.Chain, sequence, head, at, Actor);
            history.Add(
                new(
                    "person.presence",
                    "person",
                    person.ToString("N"),
                    0,
                    JsonSerializer.SerializeToUtf8Bytes(
                        new
                        {
                            changes = new[]
                            {
                                new
                                {
                                    field = "presence",
                                    from,
                                    to,
                                },
                            },
                            reason = "",
                            cause = "Shift",
                        }
                    )
                )
            );
            history.WriteTo(batch);
            (sequence, head) = (history.Sequence, history.Head);
        }

        batch.Add("update event_chain set event_sequence = $2, event_head = $3 where id = $1", chain.Chain, sequence, head);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }
}
