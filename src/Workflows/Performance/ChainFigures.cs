using System.Globalization;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Performance;

/// <summary>Counts chains of history: takes off what they added before, and adds what they are now.</summary>
internal sealed class ChainFigures
{
    private readonly NpgsqlConnection _connection;
    private readonly DateTimeZone _zone;
    private readonly Dictionary<string, Guid> _people;
    private readonly HashSet<Guid> _ids;

    private ChainFigures(NpgsqlConnection connection, DateTimeZone zone, Dictionary<string, Guid> people) =>
        (_connection, _zone, _people, _ids) = (connection, zone, people, [.. people.Values]);

    public static async Task<ChainFigures> LoadAsync(NpgsqlConnection connection, DateTimeZone zone, CancellationToken cancel)
    {
        var people = new Dictionary<string, Guid>(StringComparer.OrdinalIgnoreCase);
        await using var command = new NpgsqlCommand("select user_name, id from person", connection);
        await using var r = await command.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            people[r.GetString(0)] = r.GetGuid(1);
        return new(connection, zone, people);
    }

    /// <summary>Counts some chains.</summary>
    /// <param name="chains">Their ids.</param>
    /// <param name="since">Presences of transactions below are counted.</param>
    public async Task CountAsync(IReadOnlyCollection<Guid> chains, long since, CancellationToken cancel)
    {
        if (chains.Count == 0)
            return;
        var ids = chains.ToArray();
        var (folds, presences) = await FoldAsync(ids, since, cancel);
        var cases = await CasesAsync(folds, cancel);
        var change = new Parts();
        var (before, spells) = await BeforeAsync(ids, cancel);
        change.Add(before, -1);
        var written = new List<(Guid Chain, Guid Case, string Journey, CaseFold Fold)>();
        var parts = new List<(Guid Chain, string Parts)>();
        foreach (var (chain, fold) in folds)
        {
            if (!cases.TryGetValue(chain, out var found))
                continue;
            var sums = CaseParts.Of(fold.Fold, found.Journey, _zone);
            change.Add(sums, 1);
            written.Add((chain, found.Case, found.Journey, fold.Fold));
            parts.Add((chain, PartsJson.Write(sums)));
        }

        await using var batch = _connection.CreateBatch();
        batch.Add("delete from step_fact where chain_id = any($1)", ids);
        batch.Add("delete from work_spell where chain_id = any($1)", ids);
        batch.Add("delete from performance_chain where chain_id = any($1)", ids);
        StepFacts.Insert(batch, written);
        batch.Add(
            "insert into performance_chain (chain_id, parts) select * from unnest($1::uuid[], $2::json[])",
            parts.Select(p => p.Chain).ToArray(),
            new JsonTexts([.. parts.Select(p => p.Parts)])
        );
        PartsJson.Apply(batch, change);
        await batch.ExecuteNonQueryAsync(cancel);

        spells.AddRange(written.SelectMany(w => w.Fold.Visits).SelectMany(v => v.Spells));
        await new PresenceDays(_connection, _zone).CountAsync(spells, presences, cancel);
    }

    private Guid? Person(string name) =>
        _people.TryGetValue(name, out var id) ? id
        : Guid.TryParse(name, out var known) && _ids.Contains(known) ? known
        : null;

    private async Task<(Dictionary<Guid, Folded> Folds, List<(Guid Person, Instant At)> Presences)> FoldAsync(
        Guid[] chains,
        long since,
        CancellationToken cancel
    )
    {
        var folds = new Dictionary<Guid, Folded>();
        var presences = new List<(Guid, Instant)>();
        await using var batch = _connection.CreateBatch();
        batch.Add(
            """
            select e.chain_id, e.at, e.actor, e.action, e.entity, e.entity_id, e.activity_id, p.owner, p.team, p.person, p.title, p.step, p.outcome,
                p.policy, p."taskId", k.effort, p.journey, p.test, p.satisfaction, p.recommend
            from event e
                left join lateral json_to_record(case when e.entity <> 'person' and json_typeof(e.payload) = 'object' then e.payload end)
                    as p(owner text, team text, person text, title text, step text, outcome text, policy text, "taskId" text, journey text, test text,
                        satisfaction text, recommend text) on true
                left join task k on e.action = 'task.opened' and k.id = e.entity_id::uuid
            where e.chain_id = any($1) and (e.entity in ('task', 'clock', 'case') or e.activity_type = 'Elsa.Workflow'
                or (e.action = 'person.presence' and e.xact >= $2))
            order by e.chain_id, e.sequence
            """,
            chains,
            since
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var at = r.Instant(1);
            if (r.GetString(4) == "person")
            {
                if (Guid.TryParse(r.GetString(5), out var person))
                    presences.Add((person, at));
                continue;
            }

            var chain = r.GetGuid(0);
            if (!folds.TryGetValue(chain, out var folded))
                folds[chain] = folded = new(new(Person));
            folded.Journey ??= r.Text(16);
            folded.IsTest |= r.Text(17) == "true";
            folded.HasWork |= r.GetString(4) != "activity";
            folded.Fold.Add(
                new(at, r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5), r.Text(6))
                {
                    Owner = r.Text(7),
                    Team = r.Text(8),
                    Person = r.Text(9),
                    Title = r.Text(10),
                    Step = r.Text(11),
                    Outcome = r.Text(12),
                    Policy = r.Text(13),
                    TaskId = r.Text(14),
                    Effort = r.IsDBNull(15) ? null : r.GetInt32(15),
                    Satisfaction = r.Text(18),
                    Recommend = r.Text(19),
                }
            );
        }

        return (folds, presences);
    }

    /// <summary>The case and journey of each chain that counts: those of cases say so themselves, other runs belong to the case above them.</summary>
    private async Task<Dictionary<Guid, (Guid Case, string Journey)>> CasesAsync(Dictionary<Guid, Folded> folds, CancellationToken cancel)
    {
        var cases = folds.Where(f => f.Value is { Journey: not null, IsTest: false }).ToDictionary(f => f.Key, f => (f.Key, f.Value.Journey!));
        var others = folds.Where(f => f.Value is { Journey: null, HasWork: true }).Select(f => f.Key).ToArray();
        if (others.Length == 0)
            return cases;
        await using var batch = _connection.CreateBatch();
        batch.Add(
            """
            select i.id, r.id, coalesce(c.journey, r.definition_id) from workflow_instance i join workflow_instance r on r.id = run_root(i.id, i.parent_id)
                left join journey_case c on c.id = r.id
            where i.id = any($1) and i.test_by is null
            """,
            others
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            cases[reader.GetGuid(0)] = (reader.GetGuid(1), reader.GetString(2));
        return cases;
    }

    /// <summary>What the chains have added so far.</summary>
    private async Task<(Parts Parts, List<Spell> Spells)> BeforeAsync(Guid[] chains, CancellationToken cancel)
    {
        var parts = new Parts();
        var spells = new List<Spell>();
        await using var batch = _connection.CreateBatch();
        batch.Add("select parts from performance_chain where chain_id = any($1)", chains);
        batch.Add("select person_id, from_at, to_at from work_spell where chain_id = any($1)", chains);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            PartsJson.Read(r.Utf8(0), parts);
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            spells.Add(new(r.GetGuid(0), r.Instant(1), r.Instant(2)));
        return (parts, spells);
    }

    private sealed class Folded(CaseFold fold)
    {
        public CaseFold Fold => fold;
        public string? Journey { get; set; }
        public bool IsTest { get; set; }

        /// <summary>Anything besides the run itself.</summary>
        public bool HasWork { get; set; }
    }
}

/// <summary>Parts as they are stored: rows of nine values.</summary>
internal static class PartsJson
{
    private static readonly LocalDatePattern Day = LocalDatePattern.Iso;

    public static string Write(Parts parts)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (var (key, (count, total)) in parts.Sums)
            {
                json.WriteStartArray();
                json.WriteStringValue(key.Person == Guid.Empty ? "" : Ids.Text(key.Person));
                json.WriteNumberValue((int)key.Measure);
                json.WriteStringValue(Day.Format(key.Day));
                json.WriteStringValue(key.Journey);
                json.WriteStringValue(key.Step);
                json.WriteStringValue(key.Team);
                json.WriteStringValue(key.Clock);
                json.WriteNumberValue(key.Bucket);
                json.WriteNumberValue(count);
                json.WriteNumberValue(total);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    public static void Read(byte[] utf8, Parts into)
    {
        using var document = JsonDocument.Parse(utf8);
        foreach (var row in document.RootElement.EnumerateArray())
        {
            var person = row[0].GetString()!;
            into.Add(
                new(
                    person.Length == 0 ? Guid.Empty : Guid.Parse(person, CultureInfo.InvariantCulture),
                    (Measure)row[1].GetInt32(),
                    Day.Parse(row[2].GetString()!).Value,
                    row[3].GetString()!,
                    row[4].GetString()!,
                    row[5].GetString()!,
                    row[6].GetString()!,
                    row[7].GetInt16()
                ),
                row[8].GetInt64(),
                row[9].GetInt64()
            );
        }
    }

    /// <summary>Adds to the sums. A sum that is zero is no row.</summary>
    public static void Apply(NpgsqlBatch batch, Parts change)
    {
        if (change.Sums.Count == 0)
            return;
        var rows = change.Sums.ToList();
        object?[] values =
        [
            rows.Select(s => s.Key.Person).ToArray(),
            rows.Select(s => (short)s.Key.Measure).ToArray(),
            rows.Select(s => s.Key.Day.ToDateOnly()).ToArray(),
            rows.Select(s => s.Key.Journey).ToArray(),
            rows.Select(s => s.Key.Step).ToArray(),
            rows.Select(s => s.Key.Team).ToArray(),
            rows.Select(s => s.Key.Clock).ToArray(),
            rows.Select(s => s.Key.Bucket).ToArray(),
            rows.Select(s => s.Value.Count).ToArray(),
            rows.Select(s => s.Value.Total).ToArray(),
        ];
        batch.Add(
            """
            insert into performance_day as d (person_id, measure, span, day, journey, step, team, clock, bucket, count, total)
            select c.person_id, c.measure, s.span, case s.span when 1 then c.day else c.day - (extract(isodow from c.day)::int - 1) end, c.journey, c.step,
                c.team, c.clock, c.bucket, sum(c.count), sum(c.total)
            from unnest($1::uuid[], $2::smallint[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[], $9::bigint[],
                $10::bigint[]) c(person_id, measure, day, journey, step, team, clock, bucket, count, total), (values (1::smallint), (7::smallint)) s(span)
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9
            on conflict (person_id, measure, span, day, journey, step, team, clock, bucket) do update
                set count = d.count + excluded.count, total = d.total + excluded.total
            """,
            values
        );
        var less = rows.Where(s => s.Value.Count < 0 || s.Value.Total < 0).Select(s => s.Key).ToList();
        if (less.Count == 0)
            return;
        batch.Add(
            """
            delete from performance_day d using unnest($1::uuid[], $2::smallint[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::smallint[]) z(person_id, measure, day, journey, step, team, clock, bucket)
            where d.count = 0 and d.total = 0 and d.person_id = z.person_id and d.measure = z.measure and d.journey = z.journey
                and (d.span = 1 and d.day = z.day or d.span = 7 and d.day = z.day - (extract(isodow from z.day)::int - 1))
                and d.step = z.step and d.team = z.team and d.clock = z.clock and d.bucket = z.bucket
            """,
            [
                less.Select(k => k.Person).ToArray(),
                less.Select(k => (short)k.Measure).ToArray(),
                less.Select(k => k.Day.ToDateOnly()).ToArray(),
                less.Select(k => k.Journey).ToArray(),
                less.Select(k => k.Step).ToArray(),
                less.Select(k => k.Team).ToArray(),
                less.Select(k => k.Clock).ToArray(),
                less.Select(k => k.Bucket).ToArray(),
            ]
        );
    }
}
