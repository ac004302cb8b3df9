using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Performance;

/// <summary>Writes visits to steps, for the lists behind the figures.</summary>
internal static class StepFacts
{
    public static void Insert(NpgsqlBatch batch, IReadOnlyList<(Guid Chain, Guid Case, string Journey, CaseFold Fold)> chains)
    {
        var rows = chains.SelectMany(c => c.Fold.Visits.Select(visit => (c.Chain, c.Case, c.Journey, Visit: visit))).ToList();
        if (rows.Count == 0)
            return;
        object?[] values =
        [
            rows.Select(r => r.Visit.Task).ToArray(),
            rows.Select(r => r.Chain).ToArray(),
            rows.Select(r => r.Case).ToArray(),
            rows.Select(r => r.Journey).ToArray(),
            rows.Select(r => r.Visit.Step).ToArray(),
            rows.Select(r => r.Visit.Title).ToArray(),
            rows.Select(r => r.Visit.Team).ToArray(),
            rows.Select(r => r.Visit.Owner).ToArray(),
            rows.Select(r => r.Visit.OpenedAt).ToArray(),
            Times(r => r.ClaimedAt),
            Times(r => r.StartedAt),
            Times(r => r.EndedAt),
            rows.Select(r => r.Visit.EndedAs).ToArray(),
            rows.Select(r => r.Visit.Outcome).ToArray(),
            rows.Select(r => r.Visit.Waiting).ToArray(),
            rows.Select(r => r.Visit.Working).ToArray(),
            rows.Select(r => r.Visit.Suspended).ToArray(),
            rows.Select(r => r.Visit.Expected).ToArray(),
            rows.Select(r => r.Visit.Touches).ToArray(),
            rows.Select(r => r.Visit.Changes).ToArray(),
            rows.Select(r => r.Visit.Returned).ToArray(),
            rows.Select(r => r.Visit.OnTime).ToArray(),
        ];
        batch.Add(
            """
            insert into step_fact (task_id, chain_id, case_id, journey, step, title, team, person_id, opened_at, claimed_at, started_at, ended_at,
                ended_as, outcome, waiting, working, suspended, expected, touches, changes, returned, on_time)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::timestamptz[],
                $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::int[], $16::int[], $17::int[], $18::int[],
                $19::int[], $20::int[], $21::bool[], $22::bool[])
            """,
            values
        );
        var spells = rows.SelectMany(r => r.Visit.Spells.Select(spell => (r.Chain, Spell: spell))).ToList();
        batch.Add(
            "insert into work_spell (chain_id, person_id, from_at, to_at) select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])",
            spells.Select(s => s.Chain).ToArray(),
            spells.Select(s => s.Spell.Person).ToArray(),
            spells.Select(s => s.Spell.From).ToArray(),
            spells.Select(s => s.Spell.To).ToArray()
        );

        Instant?[] Times(Func<Visit, Instant?> of) => [.. rows.Select(r => of(r.Visit))];
    }
}

/// <summary>
/// Counts how long people were available on a day, and how much of that they worked on a task; two tasks at a time are one. A day has as many
/// hours as it has in the zone.
/// </summary>
internal sealed class PresenceDays(NpgsqlConnection connection, DateTimeZone zone)
{
    /// <summary>Counts the days that changed anew.</summary>
    /// <param name="spells">Work that was added or taken off.</param>
    /// <param name="changes">Presences that changed: each ends the one before it.</param>
    public async Task CountAsync(IReadOnlyList<Spell> spells, IReadOnlyList<(Guid Person, Instant At)> changes, CancellationToken cancel)
    {
        var days = new HashSet<(Guid Person, LocalDate Day)>();
        foreach (var spell in spells)
            AddDays(spell.Person, spell.From, spell.To);
        if (changes.Count > 0)
        {
            var earliest = changes.GroupBy(c => c.Person).ToDictionary(g => g.Key, g => g.Min(c => c.At));
            await using var batch = connection.CreateBatch();
            batch.Add(
                """
                select c.person_id, b.at, c.at from unnest($1::uuid[], $2::timestamptz[]) p(person_id, since)
                    join presence_change c on c.person_id = p.person_id and c.at >= p.since
                    join presence_change b on b.person_id = c.person_id and b.revision = c.revision - 1
                where b.state = 'Available'
                """,
                earliest.Keys.ToArray(),
                earliest.Values.ToArray()
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                AddDays(r.GetGuid(0), r.Instant(1), r.Instant(2));
        }

        foreach (var some in days.Chunk(2000))
            await WriteAsync(some, cancel);

        void AddDays(Guid person, Instant from, Instant to)
        {
            var last = to.InZone(zone).Date;
            for (var day = from.InZone(zone).Date; day <= last; day = day.PlusDays(1))
                days.Add((person, day));
        }
    }

    private async Task WriteAsync((Guid Person, LocalDate Day)[] days, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            with d as (select * from unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[]) d(person_id, day, begins, ends)),
            present as materialized (
                select d.*, range_agg(tstzrange(greatest(c.at, d.begins), least(n.at, d.ends))) times
                from d join presence_change c on c.person_id = d.person_id and c.state = 'Available' and c.at < d.ends
                        and c.at >= coalesce((select max(b.at) from presence_change b where b.person_id = d.person_id and b.at <= d.begins), '-infinity')
                    join presence_change n on n.person_id = c.person_id and n.revision = c.revision + 1 and n.at > d.begins and n.at > c.at
                group by d.person_id, d.day, d.begins, d.ends
            ),
            engaged as (
                select p.person_id, p.day, p.times * range_agg(tstzrange(s.from_at, s.to_at)) times
                from present p join work_spell s on s.person_id = p.person_id and s.from_at < p.ends and s.to_at > p.begins
                group by p.person_id, p.day, p.times
            ),
            gone as (delete from presence_day g using d where g.person_id = d.person_id and g.day = d.day
                and not exists (select from present p where p.person_id = d.person_id and p.day = d.day))
            insert into presence_day (day, person_id, present, engaged)
            select p.day, p.person_id, (select sum(extract(epoch from upper(t) - lower(t))) from unnest(p.times) t),
                coalesce((select sum(extract(epoch from upper(t) - lower(t))) from engaged e, unnest(e.times) t
                    where e.person_id = p.person_id and e.day = p.day), 0)
            from present p
            on conflict (day, person_id) do update set present = excluded.present, engaged = excluded.engaged
            """,
            days.Select(d => d.Person).ToArray(),
            days.Select(d => d.Day.ToDateOnly()).ToArray(),
            days.Select(d => zone.AtStartOfDay(d.Day).ToInstant()).ToArray(),
            days.Select(d => zone.AtStartOfDay(d.Day.PlusDays(1)).ToInstant()).ToArray()
        );
        await batch.ExecuteNonQueryAsync(cancel);
    }
}
