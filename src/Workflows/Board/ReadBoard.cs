using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Board;

/// <summary>
/// Reads the board from the indexes of open tasks and of what ended today; no history, and no task but those it names. The rules are those of the lists
/// (<see cref="Tasks.TaskFilter"/>), so that each count is the length of its list.
/// </summary>
public static class ReadBoard
{
    // Instants are parameters: the server would subtract from now again for every task.
    private const string Counts = """
        select s.team, f.* from unnest($1::text[], $2::timestamptz[]) s (team, today) cross join lateral (
            select t.definition_id, t.activity_id, t.suspended_reason, count(*)::int, (count(*) filter (where t.owner_id is null))::int,
                (count(*) filter (where t.order_at > $3 and t.risk_at <= $3))::int, (count(*) filter (where t.order_at <= $3))::int,
                (count(*) filter (where t.created_at > $5))::int,
                (count(*) filter (where t.created_at > $6))::int,
                (count(*) filter (where t.created_at > $7))::int,
                (count(*) filter (where t.created_at >= $4))::int, (count(*) filter (where t.created_at >= s.today))::int,
                min(t.created_at), min(t.created_at) filter (where t.owner_id is null), min(t.order_at)
            from task t where t.team = s.team and t.ended_at is null and t.test_by is null
            group by t.definition_id, t.activity_id, t.suspended_reason) f
        """;

    private const string Flow = """
        select s.team, f.* from unnest($1::text[], $2::timestamptz[]) s (team, today) cross join lateral (
            select t.definition_id, t.activity_id,
                (count(*) filter (where t.created_at >= $4))::int, (count(*) filter (where t.created_at >= s.today))::int,
                (count(*) filter (where t.ended_as = 'Completed' and t.ended_at >= $4))::int,
                (count(*) filter (where t.ended_as = 'Completed' and t.ended_at >= s.today))::int,
                (count(*) filter (where t.ended_as = 'Completed' and t.ended_at >= s.today and t.order_at <= t.ended_at))::int
            from task t where t.team = s.team and t.ended_at >= least(s.today, $4) and t.test_by is null
            group by t.definition_id, t.activity_id) f
        """;

    private const string Past = """
        select s.team, s.days, b.definition_id, b.activity_id, coalesce(b.open, 0), coalesce(b.waiting, 0), coalesce(b.suspended, 0), coalesce(b.at_risk, 0),
            coalesce(b.overdue, 0)
        from unnest($1::text[], $2::int[], $3::timestamptz[]) s (team, days, at)
        left join board_snapshot b on b.at = s.at and b.team = s.team
        where exists (select from board_snapshot k where k.at = s.at)
        """;

    private const string Named = """
        select s.number, f.id, f.title, f.reference
        from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bool[]) s (number, team, definition, activity, at, by_due)
        cross join lateral (
            select t.id, t.title, c.reference from task t left join journey_case c on c.id = t.instance_id
            where not s.by_due and t.created_at = s.at and t.ended_at is null and t.test_by is null and t.team = s.team and t.definition_id = s.definition
                and t.activity_id = s.activity
            union all
            select t.id, t.title, c.reference from task t left join journey_case c on c.id = t.instance_id
            where s.by_due and t.order_at = s.at and t.ended_at is null and t.test_by is null and t.team = s.team and t.definition_id = s.definition
                and t.activity_id = s.activity
            order by id limit 1) f
        """;

    /// <summary>Reads the board of some teams.</summary>
    /// <param name="teams">The teams; who may see them is the caller's concern.</param>
    /// <param name="reader">Zone of the reader, for teams without one.</param>
    public static async Task<TeamBoard> RunAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<Team> teams,
        DateTimeZone reader,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var days = teams.ToDictionary(team => team.Key, team => BoardDay.Of(team, reader, now));
        var people = PresenceQueries.PresentAsync(runtime.Database, days.Keys, cancel);
        var steps = await StepsAsync(runtime.Database, days, now, cancel);
        await NameAsync(runtime.Database, steps, cancel);
        var titles = new Dictionary<(string, string), string>();
        foreach (var key in steps.Keys.Where(key => !titles.ContainsKey((key.Journey, key.Step))))
            titles[(key.Journey, key.Step)] = await TitleAsync(runtime, key, cancel);
        var present = await people;
        var of = steps.ToLookup(step => step.Key.Team);
        return new(now, [.. teams.Select(team => Team(team, days[team.Key], of[team.Key], titles, present))]);
    }

    private static BoardTeam Team(
        Team team,
        BoardDay day,
        IEnumerable<KeyValuePair<(string Team, string Journey, string Step), BoardFigures>> found,
        Dictionary<(string, string), string> titles,
        IReadOnlyDictionary<Guid, PersonLoad> present
    )
    {
        var steps = found.ToList();
        var total = steps.Select(step => step.Value).Aggregate((BoardFigures?)null, (sum, one) => sum is null ? one : sum + one) ?? BoardFigures.None;
        return new(
            team.Key,
            team.Title,
            team.Office,
            day.Zone.Id,
            total,
            [
                .. steps
                    .Where(step => step.Value is not { Open: 0, ArrivedToday: 0, CompletedToday: 0, ArrivedHour: 0, CompletedHour: 0 })
                    .Select(step => new BoardStep(step.Key.Journey, step.Key.Step, titles[(step.Key.Journey, step.Key.Step)], step.Value))
                    .OrderByDescending(step => step.Figures.Overdue)
                    .ThenByDescending(step => step.Figures.AtRisk)
                    .ThenByDescending(step => step.Figures.Open)
                    .ThenBy(step => step.Title, StringComparer.OrdinalIgnoreCase),
            ]
        )
        {
            Members = [.. team.Members.Select(member => member.Id)],
            Present = present,
        };
    }

    private static async Task<Dictionary<(string Team, string Journey, string Step), BoardFigures>> StepsAsync(
        NpgsqlDataSource database,
        Dictionary<string, BoardDay> days,
        Instant now,
        CancellationToken cancel
    )
    {
        var (keys, today) = (days.Keys.ToArray(), days.Values.Select(day => day.Today).ToArray());
        await using var batch = database.CreateBatch();
        var hour = now - Duration.FromHours(1);
        batch.Add(Counts, keys, today, now, hour, now - Duration.FromDays(1), now - Duration.FromDays(3), now - Duration.FromDays(7));
        batch.Add(Flow, keys, today, now, hour);
        batch.Add(
            Past,
            (string[])[.. keys, .. keys],
            (int[])[.. keys.Select(_ => 1), .. keys.Select(_ => 7)],
            (Instant[])[.. days.Values.Select(day => day.Yesterday), .. days.Values.Select(day => day.LastWeek)]
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var steps = new Dictionary<(string, string, string), BoardFigures>();
        while (await r.ReadAsync(cancel))
            Add(Key(r, 1), Open(r));
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            Add(
                Key(r, 1),
                new()
                {
                    ArrivedHour = r.GetInt32(3),
                    ArrivedToday = r.GetInt32(4),
                    CompletedHour = r.GetInt32(5),
                    CompletedToday = r.GetInt32(6),
                    LateToday = r.GetInt32(7),
                }
            );
        await r.NextResultAsync(cancel);
        await PastAsync(r, steps, keys, cancel);
        return steps;

        void Add((string, string, string) key, BoardFigures figures) => steps[key] = steps.TryGetValue(key, out var before) ? before + figures : figures;
    }

    /// <summary>
    /// Where there is a snapshot, each step has counts of then: 0 if it had no tasks. A step of then that has none now is there too, so that totals are right.
    /// </summary>
    private static async Task PastAsync(
        DbDataReader r,
        Dictionary<(string Team, string Journey, string Step), BoardFigures> steps,
        string[] teams,
        CancellationToken cancel
    )
    {
        var past = new Dictionary<(string Team, int Days), Dictionary<(string Team, string, string), BoardPast>>();
        while (await r.ReadAsync(cancel))
        {
            var then = (r.GetString(0), r.GetInt32(1));
            if (!past.TryGetValue(then, out var counts))
                past.Add(then, counts = []);
            if (!r.IsDBNull(2))
                counts[Key(r, 2)] = new(r.GetInt32(4), r.GetInt32(5), r.GetInt32(6), r.GetInt32(7), r.GetInt32(8));
        }

        foreach (var key in past.Values.SelectMany(counts => counts.Keys).Where(key => !steps.ContainsKey(key)).Distinct().ToList())
            steps[key] = BoardFigures.None;
        var nothing = new BoardPast(0, 0, 0, 0, 0);
        foreach (var key in steps.Keys.ToList())
            steps[key] = steps[key] with { Yesterday = Then(key, 1), LastWeek = Then(key, 7) };

        BoardPast? Then((string Team, string, string) key, int days) =>
            past.TryGetValue((key.Team, days), out var counts) ? counts.GetValueOrDefault(key, nothing) : null;
    }

    private static BoardFigures Open(DbDataReader r)
    {
        var (reason, open) = (r.Text(3), r.GetInt32(4));
        var (day, three, week) = (r.GetInt32(8), r.GetInt32(9), r.GetInt32(10));
        var first = new BoardTask(Guid.Empty, r.Instant(13), null, null);
        return new()
        {
            Open = open,
            Waiting = reason is null ? r.GetInt32(5) : 0,
            SuspendedBy = reason is null ? BoardFigures.None.SuspendedBy : new SortedDictionary<string, int>(StringComparer.Ordinal) { [reason] = open },
            AtRisk = r.GetInt32(6),
            Overdue = r.GetInt32(7),
            UnderDay = day,
            UnderThreeDays = three - day,
            UnderWeek = week - three,
            ArrivedHour = r.GetInt32(11),
            ArrivedToday = r.GetInt32(12),
            Oldest = first,
            WaitingSince = reason is null ? r.InstantOrNull(14) : null,
            MostUrgent = r.GetDateTime(15) == DateTime.MaxValue ? null : first with { At = r.Instant(15) },
        };
    }

    private static (string, string, string) Key(DbDataReader r, int at) => (r.GetString(0), r.GetString(at), r.GetString(at + 1));

    /// <summary>Looks up the oldest and the most urgent task of each step by its instant.</summary>
    private static async Task NameAsync(
        NpgsqlDataSource database,
        Dictionary<(string Team, string Journey, string Step), BoardFigures> steps,
        CancellationToken cancel
    )
    {
        var wanted = steps
            .SelectMany(step => new[] { (step.Key, Task: step.Value.Oldest, ByDue: false), (step.Key, Task: step.Value.MostUrgent, ByDue: true) })
            .Where(one => one.Task is not null)
            .ToList();
        if (wanted.Count == 0)
            return;
        await using var query = database.Query(
            Named,
            Enumerable.Range(0, wanted.Count).ToArray(),
            wanted.Select(one => one.Key.Team).ToArray(),
            wanted.Select(one => one.Key.Journey).ToArray(),
            wanted.Select(one => one.Key.Step).ToArray(),
            wanted.Select(one => one.Task!.At).ToArray(),
            wanted.Select(one => one.ByDue).ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var found = new Dictionary<int, BoardTask>();
        while (await r.ReadAsync(cancel))
            found[r.GetInt32(0)] = wanted[r.GetInt32(0)].Task! with { Id = r.GetGuid(1), Title = r.GetString(2), Reference = r.Text(3) };

        // One that ended in between is not named.
        for (var i = 0; i < wanted.Count; i++)
        {
            var (key, _, byDue) = wanted[i];
            steps[key] = byDue ? steps[key] with { MostUrgent = found.GetValueOrDefault(i) } : steps[key] with { Oldest = found.GetValueOrDefault(i) };
        }
    }

    /// <summary>The step's name in the published version, or of its newest task if it is computed or the step is gone.</summary>
    private static async Task<string> TitleAsync(WorkflowRuntime runtime, (string Team, string Journey, string Step) key, CancellationToken cancel)
    {
        var (team, journey, step) = key;
        if (await StepTitles.OfAsync(runtime, journey, step, cancel) is { } published)
            return published;
        await using var query = runtime.Database.Query(
            """
            select title from task where team = $1 and definition_id = $2 and activity_id = $3 and ended_at is null and test_by is null
            order by created_at desc, id desc limit 1
            """,
            team,
            journey,
            step
        );
        return await query.ExecuteScalarAsync(cancel) as string ?? step;
    }
}
