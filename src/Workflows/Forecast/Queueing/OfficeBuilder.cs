using NodaTime;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>Turns what is known about an office into arrays. Who may take what is decided by the filters of the push engine.</summary>
internal sealed class OfficeBuilder
{
    private readonly OfficeInput _input;
    private readonly Dictionary<string, int> _classes = new(StringComparer.Ordinal);
    private readonly List<int[]> _peopleOf = [];
    private readonly List<int> _lateShare = [];
    private readonly Dictionary<string, int[]> _standing = new(StringComparer.Ordinal);
    private readonly Worker[] _workers;
    private readonly Fit _fit;
    private readonly int _horizon;

    private OfficeBuilder(OfficeInput input)
    {
        _input = input;
        _workers = [.. input.Workers.Select(one => one.Worker with { Presence = Worker.Available, ShiftEnd = null })];
        _fit = new(_workers, new(), input.Now, new Dictionary<string, int>());
        _horizon = (int)input.Horizon.TotalMinutes;
    }

    public static Office Build(OfficeInput input) => new OfficeBuilder(input).Build();

    private Office Build()
    {
        var people = _workers.Select((one, i) => (one.Id, i)).ToDictionary(one => one.Id, one => one.i);
        var tasks = _input.Work;
        var number = tasks.Select((one, i) => (one.Work.Id, i)).ToDictionary(one => one.Id, one => one.i);
        var classes = tasks.Select(one => ClassOf(one.Work)).ToArray();
        var streamClass = _input.Streams.Select(stream => ClassOf(stream.Sample)).ToArray();
        var due = tasks.Select(one => one.DueAt is { } at ? Minutes(at) : (int?)null).ToArray();
        var keys = tasks.Select((one, i) => Office.KeyOf(one.Work, due[i], PolicyOf(one.Work), _input.Now)).ToArray();
        var owner = tasks
            .Select(one =>
                one.Owner is not { } id ? -1
                : people.TryGetValue(id, out var person) ? person
                : -2
            )
            .ToArray();
        var (queue, own) = (Lists(_peopleOf.Count), Lists(_workers.Length));
        for (var i = 0; i < tasks.Count; i++)
        {
            if (tasks[i].WaitsSince is not null)
                continue;
            if (owner[i] >= 0)
                own[owner[i]].Add(Office.Entry(Office.OwnKey(keys[i], tasks[i].Worked is not null), i));
            else if (owner[i] == -1 && classes[i] >= 0)
                queue[classes[i]].Add(Office.Entry(keys[i], i));
        }

        var axes = new Dictionary<string, MinuteAxis>(StringComparer.Ordinal);
        var clockAxis = _input.Clocks.Select(AxisOf).ToArray();
        var taskAxis = new MinuteAxis?[tasks.Count];
        foreach (var (clock, axis) in _input.Clocks.Zip(clockAxis))
        {
            if (clock is { Pauses: true, Task: { } task } && number.TryGetValue(task, out var of))
                taskAxis[of] ??= axis;
        }

        var shifts = _input.Workers.Select(one => ShiftsOf(one.Shifts)).ToArray();
        var times = _input.Streams.Select(TimesOf).ToArray();
        var journeys = _input.Streams.Select(stream => stream.Journey).Distinct().ToList();
        var after = _input
            .Clocks.Select(clock => clock.After.Where(one => number.ContainsKey(one.Key)).Select(one => (Task: number[one.Key], one.Value)).ToArray())
            .ToArray();
        return new()
        {
            Now = _input.Now,
            Horizon = _horizon,
            Seed = unchecked((ulong)_input.Seed),
            PersonIds = [.. _workers.Select(one => one.Id)],
            ShiftFrom = [.. shifts.Select(one => one.From)],
            ShiftUntil = [.. shifts.Select(one => one.Until)],
            Speed = [.. _input.Workers.Select(one => one.Speed)],
            ClassesOf = [.. Enumerable.Range(0, _workers.Length).Select(ClassesOf)],
            LentClasses = [.. _input.Workers.Select((one, i) => one.LentTo is { } team ? Lent(i, team) : null)],
            LentFrom = [.. _input.Workers.Select(one => one.LentTo is null ? 0 : Minutes(one.Lent.Start))],
            LentUntil = [.. _input.Workers.Select(one => one.LentTo is null ? 0 : Minutes(one.Lent.End))],
            Gap = _input.Gap,
            Classes = _peopleOf.Count,
            PeopleOf = [.. _peopleOf],
            LateShare = [.. _lateShare],
            TaskIds = [.. tasks.Select(one => one.Work.Id)],
            Class = classes,
            Owner = owner,
            Key = keys,
            LateAfter = [.. tasks.Select((one, i) => due[i] is { } at ? at - (int)one.Step.Effort.Mean : Office.Never)],
            Step = [.. tasks.Select(one => one.Step)],
            Worked = [.. tasks.Select(one => one.Worked ?? -1)],
            Share = [.. tasks.Select(one => one.Share)],
            MayWait = [.. tasks.Select(one => one.MayWait)],
            WaitsSince = [.. tasks.Select(one => one.WaitsSince is { } since ? Math.Max(0, -Minutes(since)) : Office.Never)],
            WaitsUntil = [.. tasks.Select(one => one.WaitsUntil is { } until ? Math.Max(0, Minutes(until)) : Office.Never)],
            TaskAxis = taskAxis,
            Queue = [.. queue.Select(Sorted)],
            Own = [.. own.Select(Sorted)],
            StreamClass = streamClass,
            StreamStep = [.. _input.Streams.Select(stream => stream.Step)],
            StreamMean = [.. _input.Streams.Select((stream, i) => stream.PerWeek * times[i][^1] / Math.Max(1e-9, stream.Profile.Sum()))],
            StreamDue = [.. _input.Streams.Select(stream => stream.Due)],
            StreamPriority = [.. _input.Streams.Select(stream => stream.Sample.Priority)],
            StreamTimes = times,
            StreamJourney = [.. _input.Streams.Select(stream => journeys.IndexOf(stream.Journey))],
            LoadSpread = _input.LoadSpread,
            ClockIds = [.. _input.Clocks.Select(clock => clock.Id)],
            ClockTask = [.. _input.Clocks.Select(clock => clock.Task is { } task ? number[task] : -1)],
            ClockDue = [.. _input.Clocks.Select(clock => Minutes(clock.DueAt))],
            ClockPauses = [.. _input.Clocks.Select(clock => clock.Pauses)],
            ClockAxis = clockAxis,
            ClockTasks = [.. after.Select(one => one.Select(each => each.Task).ToArray())],
            ClockAfter = [.. after.Select(one => one.Select(each => each.Value).ToArray())],
            ClockRest = [.. _input.Clocks.Select(clock => clock.Rest)],
            ClockRestPassed = [.. _input.Clocks.Select(clock => clock.RestPassed)],
        };

        MinuteAxis AxisOf(OfficeClock clock) =>
            axes.TryGetValue(clock.Calendar, out var axis)
                ? axis
                : axes[clock.Calendar] = new(_input.Calendars.GetValueOrDefault(clock.Calendar), _input.Now, 2 * _horizon);
    }

    /// <summary>The class of a task: its people. −1: no one may take it.</summary>
    private int ClassOf(Work work)
    {
        // One with another policy is another class, and so is one for another team: who is lent is lent to a team.
        var standing = work.Signature;
        if (!_standing.TryGetValue(standing, out var people))
            _standing[standing] = people = [.. Enumerable.Range(0, _workers.Length).Where(i => _fit.Standing(_workers[i], work) is null)];
        if (work.IsPersonal || work.Preferred.Count > 0)
        {
            var preferring = _fit.Preferring(work);
            people = [.. people.Where(i => Fit.Personal(_workers[i], work) is null && _fit.Preference(_workers[i], work, preferring) is null)];
        }

        if (people.Length == 0)
            return -1;
        var key = $"{work.Team}|{string.Join(',', people)}";
        if (_classes.TryGetValue(key, out var known))
            return known;
        _peopleOf.Add(people);
        _lateShare.Add(PolicyOf(work)?.LateShare ?? -1);
        return _classes[key] = _peopleOf.Count - 1;
    }

    private DistributionPolicy? PolicyOf(Work work) => work.Team is { } team ? _input.Pushed.GetValueOrDefault(team) : null;

    private int[] ClassesOf(int person) => [.. Enumerable.Range(0, _peopleOf.Count).Where(c => Array.IndexOf(_peopleOf[c], person) >= 0)];

    /// <summary>Classes of a team that someone who is in it may take from.</summary>
    private int[] Lent(int person, string team) =>
        [.. ClassesOf(person).Where(c => _classes.Any(one => one.Value == c && one.Key.StartsWith($"{team}|", StringComparison.Ordinal)))];

    private (int[] From, int[] Until) ShiftsOf(IReadOnlyList<Interval> shifts)
    {
        var (from, until) = (new List<int>(), new List<int>());
        foreach (var shift in shifts.Where(shift => shift.End > _input.Now).OrderBy(shift => shift.Start))
        {
            var (begin, end) = (Math.Max(0, Minutes(shift.Start)), Minutes(shift.End));
            if (until.Count > 0 && begin <= until[^1])
                until[^1] = Math.Max(until[^1], end);
            else if (end > begin)
                (from, until) = ([.. from, begin], [.. until, end]);
        }

        return ([.. from], [.. until]);
    }

    /// <summary>Sums of the weights of the hours from now on.</summary>
    private double[] TimesOf(OfficeStream stream)
    {
        var sums = new double[Math.Max(1, (_horizon + 59) / 60)];
        var sum = 0.0;
        for (var hour = 0; hour < sums.Length; hour++)
        {
            var local = (_input.Now + Duration.FromMinutes(60 * hour + 30)).InZone(_input.Zone);
            sums[hour] = sum += stream.Profile[((int)local.DayOfWeek - 1) * 24 + local.Hour];
        }

        return sums;
    }

    private static List<long>[] Lists(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<long>())];

    private static long[] Sorted(List<long> entries)
    {
        entries.Sort();
        return [.. entries];
    }

    /// <summary>The minute at whose end something is: never too early.</summary>
    private int Minutes(Instant at) => (int)Math.Clamp(Math.Ceiling((at - _input.Now).TotalMinutes), -100_000_000, 100_000_000);
}
