using NodaTime;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Forecast;

/// <summary>Ways to save a deadline, the cheapest first.</summary>
public enum FixKind
{
    /// <summary>Make the task critical: it is taken before the others.</summary>
    Reorder,

    /// <summary>Give the task to a person.</summary>
    Push,

    /// <summary>Let a person of another team work for the task's team for some hours.</summary>
    Move,

    /// <summary>Let a person work longer.</summary>
    Overtime,

    /// <summary>Agree on a later date with the customer. Only of promises.</summary>
    NewDate,

    /// <summary>Ask the customer for that date: what comes before <see cref="NewDate"/>. It changes nothing yet, and is no fix of its own.</summary>
    AskDate,
}

/// <summary>Someone else's clock that a fix makes more, or less, likely to be missed.</summary>
public sealed record SideEffect(Guid Clock, double Before, double After);

/// <summary>A fix, and what it does.</summary>
/// <param name="Clock">The clock it is for.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Task">The task, for all but a new date.</param>
/// <param name="Person">Who gets it, is lent or works longer.</param>
/// <param name="Team">The team they are lent to.</param>
/// <param name="From">When a loan or overtime begins.</param>
/// <param name="Until">When it ends; the new date.</param>
public sealed record Fix(Guid Clock, FixKind Kind, Guid? Task, Guid? Person, string? Team, Instant? From, Instant? Until)
{
    /// <summary>Probability that the clock is missed without it.</summary>
    public double Before { get; init; }

    /// <summary>Probability that the clock is missed with it.</summary>
    public double After { get; init; }

    /// <summary>How many more deadlines of others are expected to be missed; negative: fewer.</summary>
    public double Others { get; init; }

    /// <summary>Clocks of others that it makes worse by a point or more, the worst first.</summary>
    public IReadOnlyList<SideEffect> Worse { get; init; } = [];

    /// <summary>How many fewer deadlines are expected to be missed in all.</summary>
    public double Gain => Before - After - Others;
}

/// <summary>The fixes of a clock.</summary>
/// <param name="All">Those that help it more than they harm others, the cheapest first.</param>
/// <param name="IsComplete">Whether every candidate was simulated.</param>
public sealed record ClockFixes(IReadOnlyList<Fix> All, bool IsComplete)
{
    /// <summary>The cheapest; null: none was found.</summary>
    public Fix? Best => All is [var best, ..] ? best : null;
}

/// <summary>
/// Finds the cheapest fix of clocks: each candidate is simulated with the same chance as without it, so that what differs is its effect. How much it simulates
/// is limited by tasks begun, not by time, so the same forecast gives the same fixes.
/// </summary>
/// <param name="forecast">The forecast.</param>
/// <param name="mayMove">Whether whoever asks may lend or plan this person; null: everyone.</param>
/// <param name="maySteer">Whether they steer the team of this task; null: every task's.</param>
/// <param name="cancel">Ends the search between two simulations.</param>
internal sealed class Fixes(OfficeForecast forecast, Func<Guid, bool>? mayMove = null, Func<Guid, bool>? maySteer = null, CancellationToken cancel = default)
{
    /// <summary>Probability from which a clock is worth a fix.</summary>
    public const double Worthwhile = 0.3;

    private const int Runs = 60;
    private const double Smallest = 0.15;
    private const int MostWorse = 8;
    private static readonly int[] Hours = [2, 4];

    private readonly Office _office = forecast.Office;
    private readonly OfficeInput _input = forecast.Snapshot.Input;
    private readonly Dictionary<Guid, int> _person = forecast.Office.PersonIds.Select((id, i) => (id, i)).ToDictionary(one => one.id, one => one.i);
    private readonly Dictionary<Guid, int> _task = forecast.Office.TaskIds.Select((id, i) => (id, i)).ToDictionary(one => one.id, one => one.i);
    private readonly Dictionary<Guid, int> _clock = forecast.Office.ClockIds.Select((id, i) => (id, i)).ToDictionary(one => one.id, one => one.i);
    private readonly Dictionary<int, Ends> _bases = [];

    /// <summary>Tasks begun in simulations so far.</summary>
    public long Begun { get; private set; }

    /// <summary>The cheapest fix of each of these clocks, as long as the budget lasts; null: nothing found helps without harming others more.</summary>
    /// <param name="clocks">The most urgent first.</param>
    /// <param name="budget">Tasks begun in simulations.</param>
    public Dictionary<Guid, Fix?> Cheapest(IEnumerable<Guid> clocks, long budget)
    {
        var found = new Dictionary<Guid, Fix?>();
        foreach (var clock in clocks)
        {
            if (Begun >= budget)
                break;
            found[clock] = All(clock, stopAtFirst: true).Best;
        }

        return found;
    }

    /// <summary>Fixes of a clock that help more than they harm, in the order of their cost.</summary>
    /// <param name="stopAtFirst">Only the cheapest.</param>
    /// <param name="budget">Tasks begun in simulations.</param>
    public ClockFixes All(Guid clock, bool stopAtFirst = false, long budget = long.MaxValue)
    {
        var fixes = new List<Fix>();
        if (!_clock.TryGetValue(clock, out var number))
            return new(fixes, true);
        var isComplete = true;
        foreach (var kind in Candidates(clock).GroupBy(fix => fix.Kind))
        {
            var best = kind.TakeWhile(_ => isComplete = Begun < budget)
                .Select(fix => Evaluate(fix, number))
                .Where(fix => IsOffered(fix))
                .MaxBy(fix => (fix.Gain, -(fix.Until ?? Instant.MinValue).ToUnixTimeTicks()));
            if (best is null)
                continue;
            fixes.Add(best);
            if (stopAtFirst)
                break;
        }

        return new(fixes, isComplete);
    }

    /// <summary>What a fix that someone chose does; null: it can't be simulated, as the forecast doesn't know its task or person.</summary>
    public Fix? Evaluate(Fix fix) =>
        _clock.TryGetValue(fix.Clock, out var clock)
        && (fix.Person is not { } person || _person.ContainsKey(person))
        && (
            fix.Kind is FixKind.NewDate or FixKind.AskDate
            || (fix.Task is { } id && _task.TryGetValue(id, out var task) && (fix.Kind != FixKind.Reorder || IsQueued(task)))
        )
            ? Evaluate(fix, clock)
            : null;

    private bool IsQueued(int task) => _office.Owner[task] == -1 && _office.Class[task] >= 0;

    /// <summary>A fix with what it does.</summary>
    public Fix Evaluate(Fix fix, int clock)
    {
        cancel.ThrowIfCancellationRequested();
        var scope = Scope(clock);
        var without = Base(scope);
        var changed = Apply(fix, scope == _office.Horizon ? _office : _office with { Horizon = scope });
        if (changed is null)
            return fix;
        var with = Forecaster.Simulate(changed, Runs);
        Begun += with.Begun;
        var (others, worse) = (0.0, new List<SideEffect>());
        for (var i = 0; i < _office.Clocks; i++)
        {
            if (i == clock || _office.ClockDue[i] >= scope)
                continue;
            var (before, after) = (without.Breach(i), with.Breach(i));
            others += after - before;
            if (after - before >= 0.01)
                worse.Add(new(_office.ClockIds[i], before, after));
        }

        return fix with
        {
            Before = without.Breach(clock),
            After = with.Breach(clock),
            Others = others,
            Worse = [.. worse.OrderByDescending(one => one.After - one.Before).Take(MostWorse)],
        };
    }

    /// <summary>
    /// How many fewer deadlines are expected to be missed if all of these are done: they compete, so it is less than the sum of what each gains.
    /// Of several fixes of the same task or person, the first counts.
    /// </summary>
    public double Together(IEnumerable<Fix> fixes)
    {
        cancel.ThrowIfCancellationRequested();
        var changed = fixes
            .DistinctBy(fix => fix.Kind is FixKind.Move or FixKind.Overtime ? fix.Person : fix.Task ?? fix.Clock)
            .Aggregate(_office, (office, fix) => Apply(fix, office) ?? office);
        var (without, with) = (Base(_office.Horizon), Forecaster.Simulate(changed, Runs));
        Begun += with.Begun;
        return Enumerable.Range(0, _office.Clocks).Where(i => _office.ClockDue[i] < _office.Horizon).Sum(i => without.Breach(i) - with.Breach(i));
    }

    private static bool IsOffered(Fix fix) =>
        fix.Before - fix.After >= Math.Max(Smallest, fix.Before / 2) && fix.Others <= Math.Max(0.02, (fix.Before - fix.After) * 0.5);

    /// <summary>A day beyond the due time shows most of what a fix does to others.</summary>
    private int Scope(int clock) => Math.Min(_office.Horizon, (Math.Max(0, _office.ClockDue[clock]) / Office.FirstDay + 2) * Office.FirstDay);

    private Ends Base(int scope)
    {
        if (_bases.TryGetValue(scope, out var known))
            return known;
        known = Forecaster.Simulate(_office with { Horizon = scope }, Runs);
        Begun += known.Begun;
        return _bases[scope] = known;
    }

    private IEnumerable<Fix> Candidates(Guid clock)
    {
        var facts = forecast.Snapshot.Clocks[clock];
        var tasks = facts.Tasks.Where(id => _task.ContainsKey(id) && maySteer?.Invoke(id) != false).Select(id => _task[id]).ToList();
        foreach (var task in tasks)
        {
            var work = _input.Work[task];
            if (IsQueued(task) && work.WaitsSince is null && _office.Key[task] != Office.InFront(_office.Key[task]))
                yield return new(clock, FixKind.Reorder, work.Work.Id, null, null, null, null);
            if (work.WaitsSince is null && _office.Class[task] >= 0)
            {
                foreach (var person in _office.PeopleOf[_office.Class[task]].Where(person => person != _office.Owner[task]).OrderBy(FreeAt).Take(2))
                    yield return new(clock, FixKind.Push, work.Work.Id, _office.PersonIds[person], null, null, null);
            }
        }

        foreach (var task in tasks)
        {
            var work = _input.Work[task];
            if (work.WaitsSince is null && work.Work.Team is { } team)
            {
                foreach (var fix in Moves(clock, task, work, team).Concat(Overtimes(clock, task)))
                    yield return fix;
            }
        }

        if (facts.Kind == SlaKind.Promise)
        {
            var forecastOf = forecast.Rows.First(row => row.Clock.Id == clock).Forecast;
            var late = forecastOf.AtLatest ?? facts.DueAt + Duration.FromDays(2);
            var date = Instant.Max(late, facts.DueAt + Duration.FromDays(1));
            yield return new(clock, FixKind.NewDate, null, null, null, null, Hour(date));
        }

        static Instant Hour(Instant at) => Instant.FromUnixTimeSeconds((at.ToUnixTimeSeconds() / 3600 + 1) * 3600);
    }

    /// <summary>People of other teams who hold the skills and have time, for two or four hours of their next shift.</summary>
    private IEnumerable<Fix> Moves(Guid clock, int task, OfficeWork work, string team)
    {
        var candidates = Enumerable
            .Range(0, _office.People)
            .Where(person => !_input.Workers[person].Worker.Teams.Contains(team) && HasShift(person, _office.ClockDue[_clock[clock]]))
            .Where(person => mayMove?.Invoke(_office.PersonIds[person]) != false)
            .Where(person =>
                work.Work.Required.All(need => _input.Workers[person].Worker.Holds(need, _input.Now)) && !work.Work.Excluded.Contains(_office.PersonIds[person])
            )
            .OrderBy(person => forecast.Busy[person])
            .Take(2);
        foreach (var person in candidates)
        {
            foreach (var hours in Hours)
            {
                var from = _office.ShiftFrom[person][0];
                yield return new(clock, FixKind.Move, work.Work.Id, _office.PersonIds[person], team, At(from), At(from + hours * 60));
            }
        }
    }

    /// <summary>People who may have the task stay longer after their last shift before it is due.</summary>
    private IEnumerable<Fix> Overtimes(Guid clock, int task)
    {
        var due = _office.ClockDue[_clock[clock]];
        int[] people =
            _office.Owner[task] >= 0 ? [_office.Owner[task]]
            : _office.Class[task] >= 0 ? _office.PeopleOf[_office.Class[task]]
            : [];
        foreach (var person in people.Where(person => mayMove?.Invoke(_office.PersonIds[person]) != false).OrderBy(FreeAt).Take(2))
        {
            var last = Array.FindLastIndex(_office.ShiftUntil[person], until => until < due);
            if (last < 0)
                continue;
            foreach (var hours in Hours)
            {
                var (from, until) = (_office.ShiftUntil[person][last], _office.ShiftUntil[person][last] + hours * 60);
                if (last + 1 == _office.ShiftFrom[person].Length || _office.ShiftFrom[person][last + 1] >= until)
                    yield return new(clock, FixKind.Overtime, _office.TaskIds[task], _office.PersonIds[person], null, At(from), At(until));
            }
        }
    }

    /// <summary>The office with a fix; null: it can't be.</summary>
    private Office? Apply(Fix fix, Office office)
    {
        if (fix.Kind is FixKind.NewDate or FixKind.AskDate)
            return office with { ClockDue = With(office.ClockDue, _clock[fix.Clock], Minute(fix.Until!.Value)) };
        if (fix.Task is not { } id || !_task.TryGetValue(id, out var task))
            return null;
        switch (fix.Kind)
        {
            case FixKind.Reorder:
                var (key, c) = (Office.InFront(office.Key[task]), office.Class[task]);
                var queue = office.Queue[c].Where(entry => (int)(uint)entry != task).Append(Office.Entry(key, task)).Order().ToArray();
                return office with { Key = With(office.Key, task, key), Queue = With(office.Queue, c, queue) };
            case FixKind.Push:
                return Push(office, task, _person[fix.Person!.Value]);
            case FixKind.Move:
                return Lend(office, _person[fix.Person!.Value], task, fix);
            default:
                var person = _person[fix.Person!.Value];
                var shifts = office
                    .ShiftFrom[person]
                    .Zip(office.ShiftUntil[person])
                    .Append((Minute(fix.From!.Value), Minute(fix.Until!.Value)))
                    .OrderBy(shift => shift.Item1)
                    .ToArray();
                return office with
                {
                    ShiftFrom = With(office.ShiftFrom, person, [.. shifts.Select(shift => shift.Item1)]),
                    ShiftUntil = With(office.ShiftUntil, person, [.. shifts.Select(shift => shift.Item2)]),
                };
        }
    }

    private static Office Push(Office office, int task, int person)
    {
        var own = office.Own.ToArray();
        var queue = office.Queue;
        if (office.Owner[task] >= 0)
            own[office.Owner[task]] = [.. own[office.Owner[task]].Where(entry => (int)(uint)entry != task)];
        else if (office.Class[task] is >= 0 and var c)
            queue = With(queue, c, [.. queue[c].Where(entry => (int)(uint)entry != task)]);
        own[person] = [.. own[person].Append(Office.Entry(office.Key[task], task)).Order()];
        return office with { Owner = With(office.Owner, task, person), Own = own, Queue = queue, Worked = With(office.Worked, task, -1) };
    }

    /// <summary>Someone who may take from a class if they were in its team: they hold what its tasks require, and no one excludes them.</summary>
    private Office Lend(Office office, int person, int task, Fix fix)
    {
        var worker = _input.Workers[person].Worker;
        var classes = Enumerable
            .Range(0, _input.Work.Count)
            .Where(i => _input.Work[i].Work is var work && work.Team == fix.Team && office.Class[i] >= 0)
            .Where(i => _input.Work[i].Work.Required.All(need => worker.Holds(need, _input.Now)) && !_input.Work[i].Work.Excluded.Contains(worker.Id))
            .Select(i => office.Class[i])
            .Append(office.Class[task])
            .Where(c => c >= 0)
            .Distinct()
            .Order()
            .ToArray();
        var people = office.PeopleOf.ToArray();
        foreach (var c in classes)
        {
            if (!people[c].Contains(person))
                people[c] = [.. people[c], person];
        }

        return office with
        {
            PeopleOf = people,
            LentClasses = With(office.LentClasses, person, classes),
            LentFrom = With(office.LentFrom, person, Minute(fix.From!.Value)),
            LentUntil = With(office.LentUntil, person, Minute(fix.Until!.Value)),
        };
    }

    private bool HasShift(int person, int before) => _office.ShiftFrom[person].Length > 0 && _office.ShiftFrom[person][0] < before;

    /// <summary>Whoever is there first and has least to do comes first.</summary>
    private double FreeAt(int person) =>
        (_office.ShiftFrom[person].Length == 0 ? 1e9 : _office.ShiftFrom[person][0]) + _office.Own[person].Length * 30 + forecast.Busy[person] / 100;

    private Instant At(int minute) => _office.Now + Duration.FromMinutes(minute);

    private int Minute(Instant at) => (int)Math.Ceiling((at - _office.Now).TotalMinutes);

    private static T[] With<T>(T[] all, int place, T value)
    {
        var copy = (T[])all.Clone();
        copy[place] = value;
        return copy;
    }
}
