using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Forecast;

/// <summary>A clock, and what will become of it.</summary>
public sealed record ForecastRow(ClockFacts Clock, ClockForecast Forecast);

/// <summary>A forecast of the whole office.</summary>
/// <param name="Rows">Every clock that is forecast.</param>
/// <param name="MadeAt">When it was made.</param>
public sealed record OfficeForecast(IReadOnlyList<ForecastRow> Rows, Instant MadeAt)
{
    internal OfficeSnapshot Snapshot { get; init; } = null!;

    internal Office Office { get; init; } = null!;

    internal double[] Busy { get; init; } = [];

    /// <summary>Fixes that were found, by whom they are for.</summary>
    internal Dictionary<string, Dictionary<Guid, Fix?>> Found { get; } = [];

    /// <summary>All fixes of clocks that someone opened, by whom they are for.</summary>
    internal Dictionary<(string For, Guid Clock), ClockFixes> Opened { get; } = [];

    /// <summary>What several fixes prevent together, by whom they are for and the clocks.</summary>
    internal Dictionary<string, double> Prevented { get; } = [];

    /// <summary>When tasks end that someone asked about: minutes in each run, in order.</summary>
    internal Dictionary<Guid, int[]> Ends { get; } = [];

    /// <summary>Clocks that aren't forecast, and why.</summary>
    public IReadOnlyList<LeftOut> Left => Snapshot.Left;

    /// <summary>Completed tasks of the last eight weeks that it was learned from.</summary>
    public int LearnedFrom { get; init; }

    /// <summary>Whether more than <see cref="ForecastOffice.MostTasks"/> tasks are open: then there is no forecast.</summary>
    public bool IsTooLarge { get; init; }

    /// <summary>Open tasks by id.</summary>
    public IReadOnlyDictionary<Guid, TaskFacts> Tasks => Snapshot.Tasks;

    /// <summary>Who works here, by id.</summary>
    public IReadOnlyDictionary<Guid, PersonFacts> People => Snapshot.People;
}

/// <summary>
/// Makes forecasts and keeps the latest one for a while, as pages and fixes ask for the same one. What was learned from history is kept for hours.
/// </summary>
public sealed class ForecastOffice(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels) : IDisposable
{
    private const int Seed = 20_261_129;
    private static readonly Duration KeepLearned = Duration.FromHours(6);

    private const int MostFixes = 40;

    /// <summary>With fewer completed tasks to learn from, a forecast is a guess.</summary>
    private const int FewestTasks = 50;

    /// <summary>Tasks begun in simulations of fixes: about three seconds on two cores.</summary>
    private const long Budget = 3_000_000;

    /// <summary>Of more open tasks there is no forecast: all runs of a queue as long would take longer than anyone waits.</summary>
    public const int MostTasks = 20_000;

    private readonly SemaphoreSlim _one = new(1, 1);
    private Learned? _learned;
    private OfficeForecast? _latest;

    /// <summary>How long a forecast is the latest.</summary>
    internal Duration KeepFor { get; set; } = Duration.FromMinutes(3);

    /// <summary>The database.</summary>
    public WorkflowRuntime Runtime => runtime;

    /// <summary>The zone of the office.</summary>
    public DateTimeZone Zone => FutureShifts.OfficeCalendar(serviceLevels)?.Zone ?? DateTimeZone.Utc;

    /// <summary>The latest forecast, no older than forecasts are kept.</summary>
    /// <param name="fresh">Make a new one whatever its age.</param>
    public async Task<OfficeForecast> LatestAsync(bool fresh = false, int runs = Forecaster.Runs, CancellationToken cancel = default)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var now = runtime.Clock.Now();
            if (!fresh && _latest is { } latest && now >= latest.MadeAt && now - latest.MadeAt < KeepFor)
                return latest;
            if (await IsTooLargeAsync(cancel))
                return _latest = Make(OfficeSnapshot.Empty(Zone, now, Seed), runs: 1) with { IsTooLarge = true };
            if (_learned is not { } learned || now - learned.At > KeepLearned || now < learned.At)
                _learned = learned = await Learned.ReadAsync(runtime.Database, serviceLevels, Zone, now, cancel);
            var snapshot = await OfficeSnapshot.ReadAsync(runtime.Database, serviceLevels, learned, Zone, now, Seed, cancel);
            return _latest = Make(snapshot, runs) with { LearnedFrom = learned.Tasks };
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<bool> IsTooLargeAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            "select count(*) > $1 from (select from task where ended_at is null and test_by is null limit $1 + 1) open",
            MostTasks
        );
        return await query.ExecuteScalarAsync(cancel) is true;
    }

    /// <summary>How often an open task ends by an instant, and by when four of five runs end it (null: not within 14 days).</summary>
    /// <returns>Null: the forecast can't say, as it doesn't know the task, has too little history, or doesn't look as far.</returns>
    public async Task<(double Share, Instant? By, int Runs)?> EndOfAsync(Guid @case, Guid task, Instant by, CancellationToken cancel = default)
    {
        var forecast = await LatestAsync(cancel: cancel);
        var (input, horizon) = (forecast.Snapshot.Input, forecast.Snapshot.Input.Now + forecast.Snapshot.Input.Horizon);
        if (forecast.LearnedFrom < FewestTasks || !forecast.Tasks.ContainsKey(task) || by > horizon)
            return null;
        await _one.WaitAsync(cancel);
        try
        {
            if (!forecast.Ends.TryGetValue(task, out var ends))
            {
                var asked = input with { Clocks = [new OfficeClock(task, @case, task, horizon, "")] };
                ends = Forecaster.Simulate(OfficeBuilder.Build(asked), Forecaster.Runs).Ended;
                Array.Sort(ends);
                forecast.Ends[task] = ends;
            }

            var minutes = (by - input.Now).TotalMinutes;
            var likely = ends[(int)Math.Ceiling(ends.Length * 0.8) - 1];
            return (
                (double)ends.Count(end => end < minutes) / ends.Length,
                likely >= input.Horizon.TotalMinutes ? null : input.Now + Duration.FromMinutes(likely),
                ends.Length
            );
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Ends its lock.</summary>
    public void Dispose() => _one.Dispose();

    /// <summary>The cheapest fix of the most urgent clocks of a forecast that this person steers; of the others it isn't known.</summary>
    /// <param name="clocks">The most urgent first.</param>
    /// <param name="known">Only those that were found already.</param>
    public async Task<IReadOnlyDictionary<Guid, Fix?>> FixesAsync(
        OfficeForecast forecast,
        IReadOnlyList<Guid> clocks,
        Person actor,
        bool known = false,
        CancellationToken cancel = default
    )
    {
        var key = For(actor);
        await _one.WaitAsync(cancel);
        try
        {
            var found = forecast.Found.GetValueOrDefault(key) ?? (forecast.Found[key] = []);
            var missing = clocks.Where(clock => !found.ContainsKey(clock)).Take(known ? 0 : MostFixes).ToList();
            foreach (var (clock, fix) in Search(forecast, actor, cancel).Cheapest(missing, Budget))
                found[clock] = fix;
            return clocks.Where(found.ContainsKey).ToDictionary(clock => clock, clock => found[clock]);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>How many fewer deadlines are expected to be missed if all of these fixes, which were found for this person, are applied.</summary>
    public async Task<double> TogetherAsync(OfficeForecast forecast, IReadOnlyList<Fix> fixes, Person actor, CancellationToken cancel = default)
    {
        var key = $"{For(actor)}: {string.Join(' ', fixes.Select(fix => fix.Clock).Order())}";
        await _one.WaitAsync(cancel);
        try
        {
            return forecast.Prevented.TryGetValue(key, out var known) ? known : forecast.Prevented[key] = Search(forecast, actor, cancel).Together(fixes);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Every kind of fix that helps a clock more than it harms others, the cheapest first. They are found once for a forecast.</summary>
    public async Task<ClockFixes> FixesOfAsync(OfficeForecast forecast, Guid clock, Person actor, CancellationToken cancel = default)
    {
        var key = (For(actor), clock);
        await _one.WaitAsync(cancel);
        try
        {
            if (!forecast.Opened.TryGetValue(key, out var fixes))
            {
                forecast.Opened[key] = fixes = Search(forecast, actor, cancel).All(clock, budget: Budget);
                if (fixes.IsComplete)
                    (forecast.Found.GetValueOrDefault(key.Item1) ?? (forecast.Found[key.Item1] = []))[clock] = fixes.Best;
            }

            return fixes;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What a fix that someone chose would do; null: the forecast can't say.</summary>
    internal async Task<Fix?> EvaluateAsync(OfficeForecast forecast, Fix fix, Person actor, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return Search(forecast, actor, cancel).Evaluate(fix);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What more people in a team would change.</summary>
    public async Task<WhatIfAnswer> TryAsync(OfficeForecast forecast, int people, string team, Instant until, CancellationToken cancel = default)
    {
        var hours = FutureShifts.OfficeCalendar(serviceLevels)?.Openings(forecast.MadeAt, until).Select(one => one.Open).ToList();
        await _one.WaitAsync(cancel);
        try
        {
            return WhatIf.Run(forecast, people, team, until, hours ?? [new(forecast.MadeAt, until)]);
        }
        finally
        {
            _one.Release();
        }
    }

    private static string For(Person actor) => actor.May(Permissions.SteerTeams) ? "*" : string.Join(',', actor.Leads.Order(StringComparer.Ordinal));

    private static Fixes Search(OfficeForecast forecast, Person actor, CancellationToken cancel) =>
        actor.May(Permissions.SteerTeams)
            ? new(forecast, cancel: cancel)
            : new(
                forecast,
                person => forecast.People[person].Teams.Any(actor.Leads.Contains),
                task => forecast.Tasks.GetValueOrDefault(task)?.Team is { } team && actor.Leads.Contains(team),
                cancel
            );

    /// <summary>The next caller gets a new forecast: something was changed.</summary>
    public void Forget() => _latest = null;

    /// <summary>The next caller also learns anew: there is much more to learn from than before.</summary>
    public void LearnAnew() => (_latest, _learned) = (null, null);

    /// <summary>Makes a forecast and writes it to history. Returns how many rows were written.</summary>
    public async Task<int> PublishAsync(int runs = Forecaster.Runs, CancellationToken cancel = default)
    {
        var forecast = await LatestAsync(fresh: true, runs, cancel);
        return await ForecastHistory.WriteAsync(runtime.Database, [.. forecast.Rows.Select(row => (row.Forecast, row.Clock.DueAt))], forecast.MadeAt, cancel);
    }

    internal static OfficeForecast Make(OfficeSnapshot snapshot, int runs)
    {
        var office = OfficeBuilder.Build(snapshot.Input);
        var ends = Forecaster.Simulate(office, runs, busy: true);
        return new([.. Forecaster.Summary(ends).Select(one => new ForecastRow(snapshot.Clocks[one.Clock], one))], snapshot.Input.Now)
        {
            Snapshot = snapshot,
            Office = office,
            Busy = ends.Busy,
        };
    }
}
