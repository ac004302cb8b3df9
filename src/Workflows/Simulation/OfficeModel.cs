using NodaTime;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Simulation;

/// <summary>
/// An office under a simulated clock: customers write, people come and go, take the most urgent task they may take, wait for customers, complete. Pure: it
/// says what happens next, and is told what came of it. The same profile, seed and answers give the same acts.
/// </summary>
public sealed class OfficeModel
{
    private const string Supervisor = "supervisor";

    /// <summary>How often a review ends without changes.</summary>
    private const double Approvals = 0.78;

    private readonly OfficeProfile _profile;
    private readonly Instant _until;
    private readonly OfficeChance _work;
    private readonly PriorityQueue<Entry, (Instant At, long Order)> _agenda = new();
    private readonly Dictionary<string, Worker> _people;
    private readonly Dictionary<Guid, Job> _jobs = [];
    private readonly HashSet<Guid> _returned = [];
    private readonly Dictionary<(Guid Case, string Step), OfficePerson> _doneBy = [];
    private readonly Dictionary<Guid, int> _numbers = [];
    private readonly int _seed;
    private long _order;

    /// <summary>An office from the beginning of a day until an instant.</summary>
    public OfficeModel(OfficeProfile profile, LocalDate from, Instant until, int seed)
    {
        (_profile, _until, _work, _seed) = (profile, until, new(seed), seed);
        var last = until.InZone(profile.Zone).Date.PlusDays(14);
        _people = profile.People.ToDictionary(
            person => person.UserName,
            person => new Worker(person, OfficeShifts.Of(person, profile, from, last, seed)),
            StringComparer.Ordinal
        );
        foreach (var worker in _people.Values)
        {
            foreach (var shift in worker.Shifts)
                Plan(shift.Start, new Entry.Look(worker));
        }

        foreach (var arrival in OfficeArrivals.Of(profile, from, until, seed))
            Plan(arrival.At, new Entry.Arrival(arrival));
    }

    /// <summary>When people work, by user name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Interval>> Shifts => _people.ToDictionary(p => p.Key, p => p.Value.Shifts);

    /// <summary>The next act, or null when the end is reached.</summary>
    public OfficeAct? Next()
    {
        while (_agenda.TryDequeue(out var entry, out var when) && when.At < _until)
        {
            if (ActOf(entry, when.At) is { } act)
                return act;
        }

        return null;
    }

    /// <summary>A case was started, as the arrival of that number asked.</summary>
    public void Started(OfficeAct.StartCase arrival, Guid @case)
    {
        _numbers[@case] = arrival.Number;
        var journey = _profile.Journeys.First(profile => profile.Journey == arrival.Journey);
        if (_work.Is(journey.Withdrawn))
            Plan(arrival.At + Days(_work.Around(8)), new Entry.Fixed(at => new OfficeAct.Cancel(at, @case)));
        if (!_work.Is(journey.Promised))
            return;
        var made = InHours(arrival.At + Days(_work.Between(0.1, 4)));
        var due = InHours(made + Days(_work.Between(1, 6)));
        Plan(made, new Entry.Fixed(at => new OfficeAct.Promise(at, @case, _work.Of(OfficePlan.Promises), due)));
        var kept = _work.Is(0.86);
        Plan(
            kept ? due - Duration.FromHours(_work.Between(1, 20)) : due + Duration.FromHours(_work.Between(2, 30)),
            new Entry.Fixed(at => new OfficeAct.Settle(at, @case, kept))
        );
    }

    /// <summary>A case was finished. What its customer says has chances of its own: it changes nothing of the work.</summary>
    public void Finished(OfficeEnd end, Instant at)
    {
        if (_numbers.Remove(end.Case, out var number) && OfficeRatings.Of(end, at, new(unchecked((int)(2_654_435_761 * (uint)number) ^ _seed))) is { } rating)
            Plan(rating.At, new Entry.Fixed(_ => rating));
    }

    /// <summary>A task opened, or is open again.</summary>
    public void Opened(OfficeTask task, Instant at)
    {
        var job = _jobs[task.Id] = new(task, _order++);
        Offer(job, at);
    }

    /// <summary>A task is over, whoever ended it.</summary>
    public void Ended(Guid task, Instant at)
    {
        if (!_jobs.Remove(task, out var job))
            return;
        LetGo(job, at);

        // What was planned for it doesn't happen.
        job.Turn++;
    }

    /// <summary>Someone may not have a task after all. Nobody offers it to them again.</summary>
    public void Refused(Guid task, string person, Instant at)
    {
        if (_jobs.GetValueOrDefault(task) is not { } job)
            return;
        job.Refused.Add(person);
        LetGo(job, at);
        (job.Owner, job.State, job.Turn) = (null, JobState.Waiting, job.Turn + 1);
        Offer(job, at);
    }

    /// <summary>Someone else has a task now.</summary>
    public void Given(Guid task, string person, Instant at)
    {
        if (_jobs.GetValueOrDefault(task) is not { } job || !_people.TryGetValue(person, out var worker))
            return;
        LetGo(job, at);
        (job.Owner, job.State, job.Turn) = (worker, JobState.Kept, job.Turn + 1);
        Look(worker, at);
    }

    /// <summary>Whoever works on it is free again.</summary>
    private void LetGo(Job job, Instant at)
    {
        if (job.Owner is { } owner && ReferenceEquals(owner.Current, job))
            Free(owner, at);
    }

    private OfficeAct? ActOf(Entry entry, Instant at)
    {
        switch (entry)
        {
            case Entry.Arrival { Case: var arrival }:
                return new OfficeAct.StartCase(at, arrival.Number, arrival.Journey, arrival.Customer, arrival.Input);
            case Entry.Fixed @fixed:
                return @fixed.Act(at);
            case Entry.Look { Person: var person }:
                return LookAt(person, at);
            case Entry.Done { Job: var job } done when done.Turn == job.Turn && job is { State: JobState.Held, Owner: { } owner }:
                return Finish(job, owner, at);
            case Entry.Judge { Job: var job } judge when judge.Turn == job.Turn && job is { State: JobState.Suspended, Owner: { } owner }:
                var approved = _work.Is(1 - (1 - Approvals) * owner.Person.Errors);
                if (!approved)
                {
                    job.State = JobState.Kept;
                    Look(owner, at);
                }

                return new OfficeAct.Review(at, job.Task.Id, judge.Reviewer, approved);
            case Entry.Wait { Job: var job } wait when wait.Turn == job.Turn && job is { State: JobState.Held, Owner: { } owner }:
                (job.State, job.Turn) = (JobState.Suspended, job.Turn + 1);
                Plan(InHours(at + Days(_work.Around(2.5, 0.7))), new Entry.Answer(job, job.Turn));
                Free(owner, at);
                return new OfficeAct.Suspend(at, job.Task.Id, owner.Person.UserName);
            case Entry.Answer { Job: var job } answer when answer.Turn == job.Turn && job is { State: JobState.Suspended, Owner: { } owner }:
                (job.State, job.IsAnswered) = (JobState.Kept, true);
                Look(owner, at);
                return null;
            default:
                return null;
        }
    }

    /// <summary>Someone who is there and free takes what they have kept, else the most urgent task they may take, if it can be done by the evening.</summary>
    private OfficeAct? LookAt(Worker person, Instant at)
    {
        person.Looking = false;
        if (person.Current is not null || !person.IsThere(at))
            return null;
        var mine = _jobs
            .Values.Where(job => job.State == JobState.Kept && ReferenceEquals(job.Owner, person) && person.CanFinish(at, 0.5 * MinutesOf(job)))
            .MinBy(job => job.Urgency);
        if (mine is not null)
        {
            Work(mine, person, at, _work.Around(0.5 * MinutesOf(mine)));
            var resumed = mine.IsAnswered ? new OfficeAct.Resume(at, mine.Task.Id, person.Person.UserName) : null;
            mine.IsAnswered = false;
            return resumed;
        }

        var open = _jobs.Values.Where(job => job.State == JobState.Waiting && job.OpenTo(person.Person) && person.CanFinish(at, MinutesOf(job)));
        if (open.MinBy(job => job.Urgency) is not { } next)
            return null;
        next.Owner = person;
        var minutes = _work.Around(MinutesOf(next)) * person.Person.Speed;
        if (!next.HasWaited && _work.Is(_profile.StepOf(next.Task.Journey, next.Task.Step).Waits))
        {
            (next.HasWaited, next.State, next.Turn, person.Current) = (true, JobState.Held, next.Turn + 1, next);
            Plan(person.After(at, minutes / 2), new Entry.Wait(next, next.Turn));
        }
        else
        {
            Work(next, person, at, minutes);
        }

        return new OfficeAct.Claim(at, next.Task.Id, person.Person.UserName);
    }

    private void Work(Job job, Worker person, Instant at, double minutes)
    {
        (job.State, job.Turn, person.Current) = (JobState.Held, job.Turn + 1, job);
        Plan(person.After(at, minutes), new Entry.Done(job, job.Turn));
    }

    private OfficeAct Finish(Job job, Worker owner, Instant at)
    {
        var step = _profile.StepOf(job.Task.Journey, job.Task.Step);
        if (
            step.Returned is { Step: { } earlier } returned
            && !_returned.Contains(job.Task.Case)
            && _work.Is(returned.Probability * (_doneBy.GetValueOrDefault((job.Task.Case, earlier))?.Errors ?? 1))
        )
        {
            _returned.Add(job.Task.Case);
            return new OfficeAct.Return(at, job.Task.Id, owner.Person.UserName, earlier);
        }

        var possible = step.Outcomes.Where(o => job.Task.Outcomes.Contains(o.Outcome)).ToList();
        var outcome = possible.Count == 0 ? job.Task.Outcomes[0] : possible[_work.Weighted([.. possible.Select(o => o.Weight)])].Outcome;
        if (!job.WasReviewed && _work.Is(step.Reviewed))
        {
            (job.WasReviewed, job.State, job.Turn) = (true, JobState.Suspended, job.Turn + 1);
            var colleague = _people.Values.FirstOrDefault(w => w != owner && w.IsThere(at) && job.OpenTo(w.Person))?.Person.UserName ?? Supervisor;
            Plan(InHours(at + Duration.FromMinutes(_work.Around(70, 0.9))), new Entry.Judge(job, job.Turn, colleague));
            Free(owner, at);
            return new OfficeAct.AskReview(at, job.Task.Id, owner.Person.UserName, colleague, outcome);
        }

        var answers = _profile.Journeys.FirstOrDefault(profile => profile.Journey == job.Task.Journey)?.Answers ?? [];
        foreach (var answer in answers.Where(a => a.Step == job.Task.Step && a.Outcome == outcome && _work.Is(a.Probability)))
            Plan(at + Days(_work.Around(answer.Days)), new Entry.Fixed(later => new OfficeAct.Event(later, job.Task.Case, answer.Event)));
        _doneBy[(job.Task.Case, job.Task.Step)] = owner.Person;
        return new OfficeAct.Complete(at, job.Task.Id, owner.Person.UserName, outcome);
    }

    private double MinutesOf(Job job) => _profile.StepOf(job.Task.Journey, job.Task.Step).Minutes;

    /// <summary>Whoever has been idle longest, and may take it, sees it after a few minutes.</summary>
    private void Offer(Job job, Instant at)
    {
        var idle = _people.Values.Where(w => w.Current is null && !w.Looking && w.IsThere(at) && job.OpenTo(w.Person)).MinBy(w => w.IdleSince);
        if (idle is not null)
            Look(idle, at + Duration.FromMinutes(_work.Exponential(6)));
    }

    private void Free(Worker person, Instant at)
    {
        (person.Current, person.IdleSince) = (null, at);
        Look(person, at + Duration.FromMinutes(_work.Between(1, 8)));
    }

    private void Look(Worker person, Instant at)
    {
        person.Looking = true;
        Plan(at, new Entry.Look(person));
    }

    private void Plan(Instant at, Entry entry) => _agenda.Enqueue(entry, (at, _order++));

    private static Duration Days(double days) => Duration.FromMinutes(days * 24 * 60);

    /// <summary>The instant itself, or the next working morning.</summary>
    private Instant InHours(Instant at)
    {
        var local = at.InZone(_profile.Zone);
        if (local.DayOfWeek < IsoDayOfWeek.Saturday && local.Hour is >= 8 and < 17)
            return at;
        var day = local.Hour < 8 ? local.Date : local.Date.PlusDays(1);
        while (day.DayOfWeek >= IsoDayOfWeek.Saturday)
            day = day.PlusDays(1);
        return day.At(new(8, 0)).InZoneLeniently(_profile.Zone).ToInstant() + Duration.FromMinutes(_work.Between(10, 400));
    }

    private enum JobState
    {
        Waiting,
        Held,
        Suspended,

        /// <summary>Held by someone who does something else just now.</summary>
        Kept,
    }

    private sealed class Job(OfficeTask task, long number)
    {
        private readonly List<SkillNeed> _needs = [.. task.Skills.Select(SkillNeed.Parse)];

        public OfficeTask Task => task;

        public JobState State { get; set; }

        public Worker? Owner { get; set; }

        /// <summary>What was planned for an earlier turn doesn't happen.</summary>
        public int Turn { get; set; }

        public bool HasWaited { get; set; }

        /// <summary>The customer answered; whoever has it resumes it when they get to it.</summary>
        public bool IsAnswered { get; set; }

        public bool WasReviewed { get; set; }

        public HashSet<string> Refused { get; } = [];

        public (Instant, Instant, long) Urgency { get; } = (task.Due ?? Instant.MaxValue, task.OpenedAt, number);

        public bool OpenTo(OfficePerson person) =>
            (task.Team is { } team && person.Teams.Contains(team) || task.Candidates.Contains(person.UserName))
            && _needs.All(need => person.Skills.Any(has => has.Key == need.Skill && has.Level >= need.Level))
            && !Refused.Contains(person.UserName);
    }

    private sealed class Worker(OfficePerson person, IReadOnlyList<Interval> shifts)
    {
        private static readonly Duration Overtime = Duration.FromHours(1);
        private static readonly Duration Break = Duration.FromHours(4);
        private int _now;

        public OfficePerson Person => person;

        public IReadOnlyList<Interval> Shifts => shifts;

        public Job? Current { get; set; }

        public bool Looking { get; set; }

        public Instant IdleSince { get; set; }

        public bool IsThere(Instant at)
        {
            while (_now < shifts.Count && shifts[_now].End <= at)
                _now++;
            return _now < shifts.Count && shifts[_now].Start <= at;
        }

        /// <summary>Whether so many minutes of work that begins at an instant of a shift are done on the same day.</summary>
        public bool CanFinish(Instant at, double minutes) => Duration.FromMinutes(minutes) <= LeftOfDay(at);

        /// <summary>
        /// When so many minutes of work are done that begins at an instant of a shift. What takes little longer than the day is finished in the evening,
        /// the rest goes on in the next shift.
        /// </summary>
        public Instant After(Instant at, double minutes)
        {
            var left = Duration.FromMinutes(minutes);
            if (left - LeftOfDay(at) is var evening && evening > Duration.Zero && evening <= Overtime)
                return shifts[LastOfDay].End + evening;
            for (var i = _now; i < shifts.Count; i++)
            {
                var from = Instant.Max(at, shifts[i].Start);
                if (from + left <= shifts[i].End)
                    return from + left;
                left -= shifts[i].End - from;
            }

            return Instant.MaxValue;
        }

        private Duration LeftOfDay(Instant at) =>
            shifts.Take(_now..(LastOfDay + 1)).Aggregate(Duration.Zero, (left, shift) => left + (shift.End - Instant.Max(at, shift.Start)));

        private int LastOfDay
        {
            get
            {
                var last = _now;
                while (last + 1 < shifts.Count && shifts[last + 1].Start - shifts[last].End < Break)
                    last++;
                return last;
            }
        }
    }

    private abstract record Entry
    {
        public sealed record Arrival(OfficeArrival Case) : Entry;

        public sealed record Look(Worker Person) : Entry;

        public sealed record Done(Job Job, int Turn) : Entry;

        public sealed record Wait(Job Job, int Turn) : Entry;

        public sealed record Answer(Job Job, int Turn) : Entry;

        public sealed record Judge(Job Job, int Turn, string Reviewer) : Entry;

        public sealed record Fixed(Func<Instant, OfficeAct> Act) : Entry;
    }
}
