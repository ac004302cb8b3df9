using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Performance;

/// <summary>Reads figures from the sums of days; history is never asked.</summary>
public static class ReadFigures
{
    private const string Week = "day - (extract(isodow from day)::int - 1)";

    private const string Where = """
        day >= $1 and day <= $2 and ($3::text is null or journey = $3) and ($4::text is null or step = $4) and ($5::text[] is null or team = any($5))
        """;

    /// <summary>The figures of a query.</summary>
    public static async Task<PerformanceReport> RunAsync(NpgsqlDataSource database, FigureQuery query, CancellationToken cancel = default)
    {
        var total = new Figures();
        var periods = new SortedDictionary<LocalDate, Figures>();
        var rows = new Dictionary<string, Figures>();
        var clocks = new Dictionary<string, (Sum OnTime, long Breaches)>();
        var first = query.ByWeek ? Monday(query.From) : query.From;
        for (var day = first; day <= query.To; day = day.PlusDays(query.ByWeek ? 7 : 1))
            periods[day] = new();
        var period = query.ByWeek ? Week : "day";
        var group = query.Group switch
        {
            FigureGroup.Journey => "journey",
            FigureGroup.Step => "journey || e'\\n' || step",
            FigureGroup.Team => "team",
            _ => "nullif(team, team)",
        };
        var span = query is { ByWeek: true, IsOfWholeWeeks: true } ? 7 : 1;
        object?[] values = [query.From.ToDateOnly(), query.To.ToDateOnly(), query.Journey, query.Step, query.Teams?.ToArray(), query.Person ?? Guid.Empty];
        var who = query.Person is null ? $"$6::uuid is not null and person_id <> '{Guid.Empty}'" : "person_id = $6";
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select measure, bucket, {period}, {(query.IsTotalOnly ? "null, null" : $"{group}, clock")}, sum(count)::bigint, sum(total)::bigint,
                {(query.IsTotalOnly ? "3" : $"grouping({period}, {group}, clock)")}
            from performance_day where person_id = $6 and measure = any({All}) and span = {span} and {Where}
            group by {(
                query.IsTotalOnly
                    ? $"measure, bucket, {period}"
                    : $"grouping sets ((measure, bucket, {period}), (measure, bucket, {group}), (measure, bucket, clock))"
            )}
            """,
            values
        );
        if (!query.IsWithoutBacklog)
            batch.Add(
                $"""
                select measure, {group}, sum(count)::bigint from performance_day
                where person_id = $6 and measure = any(array[1, 2, 10, 11]::smallint[]) and span = {span} and day < $1 and ($2::date is not null)
                    and ($3::text is null or journey = $3) and ($4::text is null or step = $4) and ($5::text[] is null or team = any($5))
                group by measure, {group}
                """,
                values
            );
        if (query.Group == FigureGroup.Person)
            batch.Add(
                $"""
                select measure, bucket, person_id::text, sum(count)::bigint, sum(total)::bigint from performance_day
                where {who} and measure = any({All}) and span = {span} and {Where}
                group by measure, bucket, person_id
                """,
                values
            );

        // Someone is present for all of their work: nobody can say for which journey or step.
        var hasPresence = query is { Journey: null, Step: null };
        var hasTeamPresence = hasPresence && query is { Group: FigureGroup.Team, IsTotalOnly: false };
        if (hasPresence)
            batch.Add(
                $"""
                select {period}, {(
                    query.Group == FigureGroup.Person ? "person_id::text" : "null"
                )}, sum(present)::bigint, sum(engaged)::bigint, count(*)::bigint
                from presence_day where day >= $1 and day <= $2 and ($3::uuid is null or person_id = $3) and ($4::text[] is null
                    or person_id in (select m.person_id from team_member m where m.team_key = any($4)))
                group by 1, 2
                """,
                [query.From.ToDateOnly(), query.To.ToDateOnly(), query.Person, query.Teams?.ToArray()]
            );
        if (hasTeamPresence)
            batch.Add(
                """
                select m.team_key, sum(d.present)::bigint, sum(d.engaged)::bigint, count(*)::bigint
                from presence_day d join team_member m on m.person_id = d.person_id
                where d.day >= $1 and d.day <= $2 and ($3::uuid is null or d.person_id = $3) and ($4::text[] is null or m.team_key = any($4))
                group by m.team_key
                """,
                [query.From.ToDateOnly(), query.To.ToDateOnly(), query.Person, query.Teams?.ToArray()]
            );
        batch.Add("select zone, current_at from performance_cursor");
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var (measure, bucket, count, sum) = ((Measure)r.GetInt16(0), r.GetInt16(1), r.GetInt64(5), r.GetInt64(6));
            switch (r.GetInt32(7))
            {
                case 0b011:
                    total.Add(measure, bucket, count, sum);
                    periods[LocalDate.FromDateOnly(r.GetFieldValue<DateOnly>(2))].Add(measure, bucket, count, sum);
                    break;
                case 0b101 when r.Text(3) is { } key:
                    Row(key).Add(measure, bucket, count, sum);
                    break;
                case 0b110 when measure is Measure.Clock or Measure.Breach && r.GetString(4) is { Length: > 0 } policy:
                    var (onTime, breaches) = clocks.GetValueOrDefault(policy);
                    clocks[policy] = measure == Measure.Clock ? (new(onTime.Count + count, onTime.Total + sum), breaches) : (onTime, breaches + count);
                    break;
            }
        }

        var isOfCases = query is { Teams: null, Step: null, Person: null } && query.Group == FigureGroup.Journey;
        var (more, less) = isOfCases ? (Measure.CaseStarted, Measure.CaseEnded) : (Measure.Opened, Measure.Ended);
        var open = 0L;
        if (!query.IsWithoutBacklog)
            await r.NextResultAsync(cancel);
        while (!query.IsWithoutBacklog && await r.ReadAsync(cancel))
        {
            var measure = (Measure)r.GetInt16(0);
            var count =
                measure == more ? r.GetInt64(2)
                : measure == less ? -r.GetInt64(2)
                : 0;
            open += count;
            if (r.Text(1) is { } key && count != 0)
                Row(key).Backlog = (Row(key).Backlog ?? 0) + count;
        }

        if (query.Group == FigureGroup.Person)
        {
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                Row(r.GetString(2)).Add((Measure)r.GetInt16(0), r.GetInt16(1), r.GetInt64(3), r.GetInt64(4));
        }

        if (hasPresence)
            await r.NextResultAsync(cancel);
        while (hasPresence && await r.ReadAsync(cancel))
        {
            Present(total);
            Present(periods[LocalDate.FromDateOnly(r.GetFieldValue<DateOnly>(0))]);
            if (r.Text(1) is { } key)
                Present(Row(key));

            void Present(Figures figures) => figures.AddPresence(r.GetInt64(2), r.GetInt64(3), r.GetInt64(4));
        }

        if (hasTeamPresence)
            await r.NextResultAsync(cancel);
        while (hasTeamPresence && await r.ReadAsync(cancel))
        {
            // A team that did nothing has no row.
            if (rows.TryGetValue(r.GetString(0), out var team))
                team.AddPresence(r.GetInt64(1), r.GetInt64(2), r.GetInt64(3));
        }

        await r.NextResultAsync(cancel);
        var isCounted = await r.ReadAsync(cancel);
        var zone = isCounted ? DateTimeZoneProviders.Tzdb[r.GetString(0)] : DateTimeZone.Utc;
        var currentAt = isCounted ? r.InstantOrNull(1) : null;
        await r.DisposeAsync();

        if (query is { Person: null, IsWithoutBacklog: false })
        {
            foreach (var figures in periods.Values)
                figures.Backlog = open += figures.Of(more).Count - figures.Of(less).Count;
            total.Backlog = open;
            if (query.Group != FigureGroup.Person)
            {
                foreach (var figures in rows.Values)
                    figures.Backlog = (figures.Backlog ?? 0) + figures.Of(more).Count - figures.Of(less).Count;
            }
        }

        return new(
            query,
            total,
            [.. periods.Select(p => (p.Key, p.Value))],
            await NamedAsync(connection, query, rows, cancel),
            [
                .. clocks
                    .Select(c => new ClockRow(c.Key, c.Value.OnTime, c.Value.Breaches))
                    .OrderByDescending(c => c.OnTime.Count - c.OnTime.Total)
                    .ThenBy(c => c.Policy, StringComparer.Ordinal),
            ],
            zone,
            currentAt
        );

        Figures Row(string key)
        {
            if (!rows.TryGetValue(key, out var figures))
                rows[key] = figures = new();
            return figures;
        }
    }

    /// <summary>Monday of a day's week.</summary>
    public static LocalDate Monday(LocalDate day) => day.PlusDays(1 - (int)day.DayOfWeek);

    private static readonly string All = $"'{{{string.Join(',', Enum.GetValues<Measure>().Select(m => (short)m))}}}'";

    /// <summary>
    /// Their names as they are now: a step that was renamed has one row, under the title of its newest task; someone who has left has theirs too.
    /// </summary>
    private static async Task<IReadOnlyList<FigureRow>> NamedAsync(
        NpgsqlConnection connection,
        FigureQuery query,
        Dictionary<string, Figures> rows,
        CancellationToken cancel
    )
    {
        var keys = rows.Keys.Where(key => key.Length > 0 && key[^1] != '\n').ToArray();
        var titles = new Dictionary<string, string>();
        if (keys.Length > 0 && query.Group != FigureGroup.Journey)
        {
            await using var batch = connection.CreateBatch();
            batch.Add(
                query.Group switch
                {
                    FigureGroup.Step => """
                    select k.key, f.title from unnest($1::text[]) k(key) cross join lateral (select title from step_fact f
                        where f.journey = split_part(k.key, e'\n', 1) and f.step = split_part(k.key, e'\n', 2) order by f.opened_at desc limit 1) f
                    """,
                    FigureGroup.Team => "select key, title from team where key = any($1)",
                    _ => "select id::text, display_name || case when active then '' else ' (no longer here)' end from person where id = any($1::uuid[])",
                },
                query.Group == FigureGroup.Person ? Array.ConvertAll(keys, Guid.Parse) : keys
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                titles[r.GetString(0)] = r.GetString(1);
        }

        return
        [
            .. keys.Select(key =>
                {
                    var parts = key.Split('\n');
                    return new FigureRow(
                        query.Group is FigureGroup.Step or FigureGroup.Journey ? parts[0] : null,
                        parts[^1],
                        titles.GetValueOrDefault(key, parts[^1]),
                        rows[key]
                    );
                })
                .OrderByDescending(row => row.Figures.Of(Measure.Cycle).Count + row.Figures.Of(Measure.CaseCycle).Count)
                .ThenBy(row => row.Title, StringComparer.OrdinalIgnoreCase),
        ];
    }
}
