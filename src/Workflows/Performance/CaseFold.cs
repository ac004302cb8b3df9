using System.Globalization;
using NodaTime;

namespace Orchestration.Workflows.Performance;

/// <summary>An event of a case's history, as far as figures need it.</summary>
internal sealed record FoldEvent(Instant At, string Actor, string Action, string Entity, string EntityId, string? ActivityId)
{
    public string? Owner { get; init; }
    public string? Team { get; init; }
    public string? Person { get; init; }
    public string? Title { get; init; }

    /// <summary>Where a task was returned to.</summary>
    public string? Step { get; init; }
    public string? Outcome { get; init; }
    public string? Policy { get; init; }
    public string? TaskId { get; init; }
    public string? Satisfaction { get; init; }
    public string? Recommend { get; init; }

    /// <summary>Minutes that someone is expected to work on it.</summary>
    public int? Effort { get; init; }
}

/// <summary>A stretch of work of one person on one task.</summary>
internal readonly record struct Spell(Guid Person, Instant From, Instant To);

/// <summary>One visit of a case to a step.</summary>
internal sealed class Visit(Guid task, FoldEvent opened)
{
    public Guid Task => task;
    public string Step { get; } = opened.ActivityId ?? "";
    public string Title { get; } = opened.Title ?? "";
    public string Team { get; set; } = opened.Team ?? "";
    public Instant OpenedAt => opened.At;
    public int? Expected { get; } = opened.Effort * 60;
    public Instant? ClaimedAt { get; set; }
    public Instant? StartedAt { get; set; }
    public Instant? EndedAt { get; set; }
    public string? EndedAs { get; set; }
    public string? Outcome { get; set; }
    public Guid? Owner { get; set; }
    public int Waiting { get; set; }
    public int Working { get; set; }
    public int Suspended { get; set; }
    public int Touches { get; set; }
    public int Changes { get; set; }
    public bool Returned { get; set; }
    public bool? OnTime { get; set; }

    public List<Spell> Spells { get; } = [];

    /// <summary>When, who and what: offered, declined or missed.</summary>
    public List<(Instant At, Guid? Person, Measure Measure)> Offers { get; } = [];
}

/// <summary>A clock that ended, or whose deadline passed.</summary>
internal sealed class ClockFact(string policy, Guid? task, bool isPromise)
{
    public string Policy => policy;
    public Guid? Task => task;
    public bool IsPromise => isPromise;
    public Instant? EndedAt { get; set; }

    /// <summary>Null while it runs, and for those that were cancelled or measured no deadline.</summary>
    public bool? Met { get; set; }

    /// <summary>Of a promise: someone took it back.</summary>
    public bool IsWithdrawn { get; set; }
    public Instant? BreachedAt { get; set; }
}

/// <summary>
/// The facts of one chain of history. They depend on its events and on nothing else, and on all of them: a later return makes an earlier visit one that was not
/// right the first time.
/// </summary>
internal sealed class CaseFold(Func<string, Guid?> person)
{
    private enum Phase
    {
        Waiting,
        Working,
        Suspended,
        Ended,
    }

    private sealed class State(Instant at)
    {
        public Phase Phase = Phase.Waiting;
        public Phase Before = Phase.Waiting;
        public Instant Since = at;
        public Guid? Worker;

        /// <summary>Time since an owner has it without having started: it counts as work if they complete it like that.</summary>
        public Instant? OwnedSince;
    }

    private readonly Dictionary<Guid, (Visit Visit, State State)> _visits = [];
    private readonly Dictionary<string, ClockFact> _clocks = [];

    public IEnumerable<Visit> Visits => _visits.Values.Select(v => v.Visit);
    public IEnumerable<ClockFact> Clocks => _clocks.Values;
    public Instant? StartedAt { get; private set; }
    public Instant? EndedAt { get; private set; }
    public bool IsCompleted { get; private set; }

    /// <summary>The customer's last rating: when, of 5, and whether they would recommend us, of 10.</summary>
    public (Instant At, int Satisfaction, int? Recommend)? Rating { get; private set; }

    public Visit? Find(Guid? task) => task is { } id && _visits.TryGetValue(id, out var found) ? found.Visit : null;

    public void Add(FoldEvent e)
    {
        switch (e.Entity)
        {
            case "task" when Guid.TryParse(e.EntityId, out var task):
                OfTask(task, e);
                break;
            case "clock":
                OfClock(e);
                break;
            case "case" when e.Action == "case.started":
                StartedAt = e.At;
                break;
            case "case" when e.Action == "case.cancelled":
                (EndedAt, IsCompleted) = (EndedAt ?? e.At, false);
                break;
            case "case" when e.Action == "case.rated" && int.TryParse(e.Satisfaction, CultureInfo.InvariantCulture, out var score):
                Rating = (e.At, score, int.TryParse(e.Recommend, CultureInfo.InvariantCulture, out var recommend) ? recommend : null);
                break;
            case "activity" when e.Action == "Completed" && EndedAt is null:
                (EndedAt, IsCompleted) = (e.At, true);
                break;
        }
    }

    private void OfTask(Guid task, FoldEvent e)
    {
        if (e.Action == "task.opened")
        {
            _visits[task] = (new(task, e), new(e.At));
            return;
        }

        if (!_visits.TryGetValue(task, out var found) || found.State.Phase == Phase.Ended)
            return;
        var (visit, state) = found;
        switch (e.Action)
        {
            case "task.claimed" or "task.assigned" or "task.delegated" or "task.taken-over" or "task.reassigned":
                Own(visit, state, e);
                break;
            case "task.released" when state.Phase == Phase.Suspended:
                (state.Before, visit.Owner, state.OwnedSince) = (Phase.Waiting, null, null);
                break;
            case "task.released" or "task.forwarded":
                (visit.Owner, visit.Team, state.OwnedSince) = (null, e.Team ?? visit.Team, null);
                To(visit, state, Phase.Waiting, e.At, null);
                break;
            case "task.started":
                visit.StartedAt ??= e.At;
                visit.Owner ??= person(e.Actor);
                To(visit, state, Phase.Working, e.At, visit.Owner);
                break;
            case "task.stopped" or "task.review-requested" or "task.review-released":
                To(visit, state, Phase.Waiting, e.At, null);
                break;
            case "task.review-started":
                To(visit, state, Phase.Working, e.At, person(e.Actor));
                break;
            case "task.changes-requested":
                visit.Changes++;
                To(visit, state, visit.Owner is null ? Phase.Waiting : Phase.Working, e.At, visit.Owner);
                break;
            case "task.suspended":
                state.Before = state.Phase;
                To(visit, state, Phase.Suspended, e.At, null);
                break;
            case "task.resumed":
                To(visit, state, state.Before, e.At, visit.Owner);
                break;
            case "task.offered":
                visit.Offers.Add((e.At, Who(e.Person), Measure.Offered));
                break;
            case "task.offer-declined":
                visit.Offers.Add((e.At, person(e.Actor), Measure.Declined));
                break;
            case "task.offer-expired":
                visit.Offers.Add((e.At, Who(e.Person), Measure.Missed));
                break;
            case "task.completed" or "task.skipped" or "task.cancelled" or "task.failed" or "task.returned":
                End(visit, state, e);
                break;
        }
    }

    private Guid? Who(string? name) => name is null ? null : person(name);

    private void Own(Visit visit, State state, FoldEvent e)
    {
        visit.Owner = Who(e.Owner);
        visit.ClaimedAt ??= visit.Owner is null ? null : e.At;
        if (state.Phase == Phase.Suspended)
        {
            state.Before = Phase.Waiting;
            return;
        }

        To(visit, state, Phase.Waiting, e.At, null);
        state.OwnedSince = visit.Owner is null ? null : e.At;
    }

    private void End(Visit visit, State state, FoldEvent e)
    {
        if (e.Action == "task.completed")
        {
            visit.Owner = Who(e.Owner) ?? visit.Owner ?? person(e.Actor);

            // Nobody pressed Start: they worked on it since they had it.
            if (visit.StartedAt is null && state is { Phase: Phase.Waiting, OwnedSince: { } since })
            {
                visit.Waiting += Seconds(state.Since, since);
                (state.Phase, state.Since, state.Worker) = (Phase.Working, since, visit.Owner);
                visit.StartedAt = since;
                visit.Touches++;
            }
        }

        To(visit, state, Phase.Ended, e.At, null);
        (visit.EndedAt, visit.Outcome) = (e.At, e.Outcome);
        visit.EndedAs = e.Action switch
        {
            "task.completed" => "Completed",
            "task.skipped" => "Skipped",
            "task.failed" => "Failed",
            "task.returned" => "Returned",
            _ => "Cancelled",
        };
        if (e.Action != "task.returned")
            return;
        var sentBack = _visits
            .Values.Select(v => v.Visit)
            .Where(v => v.Step == e.Step && v.EndedAs == "Completed")
            .OrderByDescending(v => v.EndedAt)
            .FirstOrDefault();
        if (sentBack is not null)
            sentBack.Returned = true;
    }

    private static void To(Visit visit, State state, Phase phase, Instant at, Guid? worker)
    {
        var seconds = Seconds(state.Since, at);
        switch (state.Phase)
        {
            case Phase.Waiting:
                visit.Waiting += seconds;
                break;
            case Phase.Working:
                visit.Working += seconds;
                if (state.Worker is { } who && at > state.Since)
                    visit.Spells.Add(new(who, state.Since, at));
                break;
            case Phase.Suspended:
                visit.Suspended += seconds;
                break;
        }

        if (phase == Phase.Working && state.Phase != Phase.Working)
            visit.Touches++;
        (state.Phase, state.Since, state.Worker) = (phase, at, worker);
        if (phase != Phase.Waiting)
            state.OwnedSince = null;
        else if (visit.Owner is not null)
            state.OwnedSince ??= at;
    }

    private void OfClock(FoldEvent e)
    {
        if (e.Action is "sla.started" or "promise.made")
        {
            var isPromise = e.Action == "promise.made";
            _clocks[e.EntityId] = new(isPromise ? "promise" : e.Policy ?? "", Guid.TryParse(e.TaskId, out var task) ? task : null, isPromise);
            return;
        }

        if (!_clocks.TryGetValue(e.EntityId, out var clock))
            return;
        if (e.Action == "sla.breached")
            clock.BreachedAt ??= e.At;
        if (
            e.Action
            is not (
                "sla.met"
                or "sla.missed"
                or "sla.cancelled"
                or "sla.over"
                or "promise.kept"
                or "promise.kept-late"
                or "promise.broken"
                or "promise.withdrawn"
            )
        )
            return;
        clock.EndedAt = e.At;
        clock.IsWithdrawn = e.Action == "promise.withdrawn";
        clock.Met = e.Action switch
        {
            "sla.met" or "promise.kept" => true,
            "sla.missed" or "promise.kept-late" or "promise.broken" => false,
            _ => null,
        };
        if (clock is { IsPromise: false, Met: { } met } && Find(clock.Task) is { } visit)
            visit.OnTime = (visit.OnTime ?? true) && met;
    }

    private static int Seconds(Instant from, Instant to) => Math.Max(0, (int)(to - from).TotalSeconds);
}
