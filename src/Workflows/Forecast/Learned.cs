using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Forecast;

/// <summary>Work that arrived, of one step for one team with the same required skills.</summary>
internal sealed record LearnedStream(string Journey, string Step, Work Sample, double PerWeek, Spread? Due, double[] Profile);

/// <summary>What the last eight weeks say about how work goes here. Test cases don't count. Immutable.</summary>
internal sealed class Learned
{
    /// <summary>How much history it looks at.</summary>
    public static readonly Duration Back = Duration.FromDays(56);

    private const int FewestSamples = 5;

    /// <summary>Most tasks and ends of clocks read, the latest.</summary>
    private const int Most = 40_000;

    /// <summary>Offset that lets a promise be settled before it is due, in minutes.</summary>
    public const double PromiseOffset = 60 * 24 * 60;

    private static readonly StepModel Unknown = new(Spread.Around(20, 0.6), 0, Spread.Around(2 * 24 * 60, 0.8));

    private readonly Dictionary<(string, string), StepModel> _steps = [];
    private readonly Dictionary<Guid, double> _speeds = [];
    private readonly Dictionary<(string Policy, string Step), Spread> _after = [];

    /// <summary>Until when the history goes that it learned from.</summary>
    public required Instant At { get; init; }

    /// <summary>Tasks it learned from.</summary>
    public int Tasks { get; private set; }

    /// <summary>Whole weeks of history there are, at least one.</summary>
    public double Weeks { get; private set; } = 1;

    /// <summary>Minutes from the end of a task to the beginning of one that already waited: breaks, finding it, other work.</summary>
    public Spread Gap { get; private set; } = Spread.Exactly(5);

    /// <summary>How much busier or quieter weeks are than they should be by chance.</summary>
    public double LoadSpread { get; private set; } = 0.1;

    public IReadOnlyList<LearnedStream> Streams { get; private set; } = [];

    /// <summary>When promises are settled: minutes from due, plus <see cref="PromiseOffset"/>; null: too few were.</summary>
    public Spread? Promises { get; private set; }

    /// <summary>How a step goes; of one that is new, by what its definition expects.</summary>
    public StepModel StepOf(string definition, string step, Duration? expected) =>
        _steps.TryGetValue((definition, step), out var model) ? model
        : expected is { } effort ? Unknown with { Effort = Spread.Around(Math.Max(1, effort.TotalMinutes), 0.6) }
        : Unknown;

    /// <summary>Time someone takes, as a multiple of what steps usually take.</summary>
    public double SpeedOf(Guid person) => _speeds.GetValueOrDefault(person, 1);

    /// <summary>Open minutes from the end of a step to the end of a clock of its case; null: too few cases are known.</summary>
    public Spread? After(string policy, string step) => _after.GetValueOrDefault((policy, step));

    /// <summary>Learns.</summary>
    /// <param name="zone">In whose hours of the week arrivals are counted.</param>
    public static async Task<Learned> ReadAsync(
        NpgsqlDataSource database,
        ServiceLevelCatalog serviceLevels,
        DateTimeZone zone,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var learned = new Learned { At = now };
        var from = now - Back;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var tasks = await PastTask.ReadAsync(connection, from, now, Most, cancel);
        var shifts = await PastTask.ShiftsAsync(connection, from, now, cancel);
        learned.LearnWork(tasks, shifts);
        learned.LearnArrivals(tasks, now, zone);
        await learned.LearnClocksAsync(connection, serviceLevels, from, now, cancel);
        return learned;
    }

    private void LearnWork(List<PastTask> tasks, Dictionary<Guid, List<Interval>> shifts)
    {
        var efforts = new Dictionary<(string, string), List<(double Minutes, Guid Person)>>();
        var waits = new Dictionary<(string, string), (int Tasks, List<double> Minutes)>();
        var gaps = new List<double>();
        foreach (var mine in tasks.Where(task => task is { Completed: true, Person: not null }).GroupBy(task => task.Person!.Value))
        {
            var theirs = shifts.GetValueOrDefault(mine.Key) ?? [];

            // One thing at a time: a task that someone holds isn't worked on while they finish another.
            var free = Instant.MinValue;
            var first = true;
            foreach (var (begin, end, task, isLast) in mine.SelectMany(task => task.Stretches()).OrderBy(stretch => stretch.End))
            {
                var from = Instant.Max(begin, free);
                var minutes = PastTask.Worked(theirs, from, end);
                if (minutes is { } worked)
                    task.Effort += worked;
                else
                    task.Unknown = true;

                // It already waited when they became free: what lies between is no lack of work.
                if (
                    !first
                    && task.TakenAt > free
                    && task.CreatedAt < free
                    && begin == task.TakenAt
                    && PastTask.Worked(theirs, free, begin) is { } gap and < 180
                )
                    gaps.Add(gap);
                (free, first) = (end, false);
                if (!isLast)
                    continue;
                var key = (task.Definition, task.Step);
                if (!waits.TryGetValue(key, out var waited))
                    waits[key] = waited = (0, []);
                waited.Minutes.AddRange(task.Waits.Select(wait => (wait.End - wait.Start).TotalMinutes));
                waits[key] = (waited.Tasks + 1, waited.Minutes);
                if (task.Unknown)
                    continue;
                if (!efforts.TryGetValue(key, out var known))
                    efforts[key] = known = [];
                known.Add((Math.Max(1, task.Effort), mine.Key));
            }
        }

        Tasks = efforts.Values.Sum(one => one.Count);
        var means = efforts.ToDictionary(one => one.Key, one => one.Value.Average(each => each.Minutes));
        foreach (
            var person in efforts.SelectMany(one => one.Value.Select(each => (each.Person, each.Minutes, Mean: means[one.Key]))).GroupBy(one => one.Person)
        )
        {
            // Few tasks say little about a person: as if they had done eight more at the usual speed.
            var usual = person.Average(one => one.Mean) * 8;
            _speeds[person.Key] = Math.Clamp((person.Sum(one => one.Minutes) + usual) / (person.Sum(one => one.Mean) + usual), 0.5, 2);
        }

        var all = waits.Values.SelectMany(one => one.Minutes).ToList();
        foreach (var (key, known) in efforts.Where(one => one.Value.Count >= FewestSamples))
        {
            var (count, minutes) = waits[key];
            var wait =
                minutes.Count >= FewestSamples ? Spread.Of(minutes)
                : all.Count >= FewestSamples ? Spread.Of(all)
                : Unknown.Wait;
            _steps[key] = new(Spread.Of(known.Select(one => one.Minutes / SpeedOf(one.Person))), Math.Min(1, (double)minutes.Count / count), wait);
        }

        if (gaps.Count >= FewestSamples)
            Gap = Spread.Of(gaps);
    }

    private void LearnArrivals(List<PastTask> tasks, Instant now, DateTimeZone zone)
    {
        if (tasks.Count == 0)
            return;
        var first = Instant.Max(tasks.Min(task => task.CreatedAt), now - Duration.FromDays(28));
        Weeks = Math.Max(1, (now - first).TotalDays / 7);
        var lastWeek = now - Duration.FromDays(7);
        var recent = tasks.Where(task => task.CreatedAt >= first).ToList();
        var profiles = recent.GroupBy(task => task.Definition).ToDictionary(one => one.Key, one => ProfileOf(one.Select(task => task.CreatedAt), zone));
        Streams =
        [
            .. recent
                .GroupBy(task => (task.Definition, task.Step, task.Team, Skills: string.Join(',', task.Required), Named: string.Join(',', task.Named)))
                .Select(same =>
                {
                    var perWeek = same.Count() / Weeks;

                    // A busy week is often followed by another one.
                    if (Weeks >= 2)
                        perWeek = (perWeek + same.Count(task => task.CreatedAt >= lastWeek)) / 2;
                    var due = same.Where(task => task.DueAt is not null).Select(task => (task.DueAt!.Value - task.CreatedAt).TotalMinutes).ToList();
                    return new LearnedStream(
                        same.Key.Definition,
                        same.Key.Step,
                        same.First().Sample,
                        perWeek,
                        due.Count * 2 > same.Count() ? Spread.Of(due) : null,
                        profiles[same.Key.Definition]
                    );
                }),
        ];
        var weeks = (int)Math.Min(8, (now - tasks.Min(task => task.CreatedAt)).TotalDays / 7);
        if (weeks < 3)
            return;
        var spreads = new List<double>();
        foreach (var journey in tasks.GroupBy(task => task.Definition))
        {
            var counts = Enumerable.Range(0, weeks).Select(week => journey.Count(task => (int)((now - task.CreatedAt).TotalDays / 7) == week)).ToList();
            var mean = counts.Average();
            if (mean >= 20)
                spreads.Add(Math.Max(0, counts.Sum(count => (count - mean) * (count - mean)) / (weeks - 1) - mean) / (mean * mean));
        }

        if (spreads.Count > 0)
            LoadSpread = Math.Clamp(Math.Sqrt(spreads.Average()), 0, 0.6);
    }

    private static double[] ProfileOf(IEnumerable<Instant> arrivals, DateTimeZone zone)
    {
        var profile = new double[7 * 24];
        foreach (var at in arrivals)
        {
            var local = at.InZone(zone);
            profile[((int)local.DayOfWeek - 1) * 24 + local.Hour]++;
        }

        // A little everywhere: that nothing arrived at an hour yet doesn't mean that nothing can.
        var floor = Math.Max(1e-6, profile.Sum() / 5000);
        return [.. profile.Select(count => count + floor)];
    }

    private async Task LearnClocksAsync(NpgsqlConnection connection, ServiceLevelCatalog serviceLevels, Instant from, Instant now, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select c.policy, t.activity_id, max(t.ended_at), c.changed_at from sla_clock c join task t on t.instance_id = c.instance_id and t.ended_at <= $2
            where c.task_id is null and c.status = 'Completed' and c.kind <> 'promise' and c.changed_at between $1 and $2 and t.test_by is null
                and t.ended_at > c.created_at - interval '1 minute'
            group by c.id, c.policy, t.activity_id, c.changed_at order by c.changed_at desc limit $3
            """,
            from,
            now,
            Most
        );
        batch.Add(
            """
            select c.due_at, c.changed_at, c.breached from sla_clock c
            where c.task_id is null and c.status = 'Completed' and c.kind = 'promise' and c.changed_at between $1 and $2 and c.due_at is not null
            order by c.changed_at desc limit 5000
            """,
            from,
            now
        );
        var after = new Dictionary<(string, string), List<double>>();
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var key = (r.GetString(0), r.GetString(1));
            var calendar = serviceLevels.Policies.GetValueOrDefault(key.Item1) is { } policy
                ? serviceLevels.Calendars.GetValueOrDefault(policy.Calendar)
                : null;
            var (task, clock) = (r.Instant(2), r.Instant(3));
            if (!after.TryGetValue(key, out var known))
                after[key] = known = [];
            known.Add((calendar?.Between(task, clock) ?? clock - task).TotalMinutes);
        }

        foreach (var (key, known) in after.Where(one => one.Value.Count >= FewestSamples))
            _after[key] = Spread.Of(known);
        await r.NextResultAsync(cancel);
        var promises = new List<double>();
        while (await r.ReadAsync(cancel))
        {
            var (due, ended, breached) = (r.Instant(0), r.Instant(1), r.GetBoolean(2));

            // One that was given up before it was due is missed.
            var minutes = (ended - due).TotalMinutes;
            promises.Add(PromiseOffset + (breached ? Math.Max(1, minutes) : Math.Min(-1, minutes)));
        }

        if (promises.Count >= FewestSamples)
            Promises = Spread.Of(promises);
    }
}
