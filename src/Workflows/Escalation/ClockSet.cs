using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>
/// The live clocks of a case or a task within a transaction. Each is evaluated by its own policy at every change of their subject, and all are written with
/// their ledger, deadlines and history by <see cref="Write"/>. A clock that can't be read stays as it is, blocks nothing, is named on the jobs page, and
/// ends with its subject.
/// </summary>
internal sealed class ClockSet(ServiceLevelCatalog serviceLevels, LiveClocks stored)
{
    private readonly List<Live> _clocks =
    [
        .. stored.Clocks.Where(clock => serviceLevels.FindCalendarOf(clock.State) is not null).Select(clock => new Live(clock.Id, clock.State)),
    ];

    private readonly List<UnreadableClock> _unreadable =
    [
        .. stored.Unreadable,
        .. stored
            .Clocks.Where(clock => serviceLevels.FindCalendarOf(clock.State) is null)
            .Select(clock => new UnreadableClock(clock.Id, clock.State.Policy.Id)),
    ];

    private bool _ended;

    /// <summary>Whether the set is empty.</summary>
    public bool IsEmpty => _clocks.Count == 0 && _unreadable.Count == 0;

    /// <summary>Whether a condition of theirs needs to know facts.</summary>
    public bool AsksFacts => _clocks.Exists(clock => clock.State.Policy.AsksFacts);

    /// <summary>The earliest due time of the running clocks.</summary>
    public Instant? DueAt => _clocks.Min(clock => clock.State.Ended ? null : clock.State.DueAt);

    /// <summary>From when on they are urgent, or null.</summary>
    public Urgent? Urgent =>
        ServiceLevels.Urgent.Earliest(_clocks.Select(clock => ServiceLevels.Urgent.Of(clock.State, serviceLevels.CalendarOf(clock.State))));

    /// <summary>Something happened to their subject.</summary>
    /// <param name="name">What, as policies name it.</param>
    /// <param name="waits">What the subject waits for after the change.</param>
    /// <param name="facts">Facts of the case.</param>
    /// <param name="startable">Policies that this may start a clock of, as far as their conditions hold.</param>
    public void Follow(string name, IReadOnlySet<string> waits, IReadOnlyDictionary<string, string> facts, IEnumerable<SlaPolicy> startable, Instant now)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var clock in _clocks.Where(c => !c.State.Ended).ToList())
        {
            touched.Add(clock.State.Policy.Id);
            Evaluate(clock.State.Policy, clock);
        }

        foreach (var policy in startable)
        {
            if (touched.Add(policy.Id))
                Evaluate(policy, null);
        }

        void Evaluate(SlaPolicy policy, Live? clock)
        {
            // A running clock continues with the calendar it was computed with; its next generation starts with it too.
            var calendar = clock is null ? serviceLevels.Calendars.GetValueOrDefault(policy.Calendar) : serviceLevels.CalendarOf(clock.State);
            if (calendar is null)
                return;
            var change = new SubjectChange(now, name, waits, facts);
            if (
                Clock.Evaluate(
                    policy,
                    clock?.State,
                    change,
                    calendar,
                    now,
                    CaseFacts.Anchor(policy, facts, calendar),
                    CaseFacts.Started(policy, facts, calendar, now)
                )
                is not { } moved
            )
                return;
            if (clock is null)
                _clocks.Add(new(Ids.New(now), moved.State) { IsNew = true, Rows = [.. moved.Rows] });
            else
                clock.Change(moved);
            if (moved.Next is { } next)
                _clocks.Add(new(Ids.New(now), next) { IsNew = true });
        }
    }

    /// <summary>Their subject has ended: those whose goal that is have reached it, the others are cancelled.</summary>
    /// <param name="change">How it ended; null when no policy can have that as its goal.</param>
    public void End(SubjectChange? change, Instant now)
    {
        _ended = true;
        foreach (var clock in _clocks.Where(c => !c.State.Ended))
        {
            var calendar = serviceLevels.CalendarOf(clock.State);
            clock.Change(
                change is not null && clock.State.Policy.Stop.Holds(change) ? Clock.Stop(clock.State, calendar, now) : Clock.Cancel(clock.State, calendar, now)
            );
        }
    }

    /// <summary>Writes what changed since the last time, and forgets the clocks that have ended.</summary>
    /// <param name="transaction">Transaction of the case.</param>
    /// <param name="history">Its history.</param>
    /// <param name="instance">The case.</param>
    /// <param name="task">The task whose clocks they are, with its title; null: the case's own.</param>
    /// <param name="reason">Why clocks that ended did.</param>
    public void Write(InstanceTransaction transaction, HistoryAppend history, Guid instance, (Guid Id, string Title)? task, string? reason = null)
    {
        foreach (var clock in _clocks)
        {
            var state = clock.State;
            var name = task is null ? state.Policy.Name : null;
            if (clock.IsNew)
                Record(
                    "sla.started",
                    new
                    {
                        policy = state.Policy.Id,
                        name,
                        task = task?.Title,
                        taskId = task is { } subject ? Ids.Text(subject.Id) : null,
                        target = state.Target.ToString(),
                        due = state.DueAt?.ToString(),
                        wait = state.Policy.WaitKind,
                    }
                );
            if (!clock.IsNew && ReferenceEquals(state, clock.Stored))
                continue;
            ClockRows.Write(transaction, instance, task?.Id, clock.Id, clock.IsNew, state, clock.Rows, serviceLevels);
            var told = new
            {
                policy = state.Policy.Id,
                name,
                task = task?.Title,
                due = state.DueAt?.ToString(),
                wait = state.Policy.WaitKind,
                reason = state.Status == ClockStatus.Paused ? state.Segments[^1].Cause
                : state.Ended ? reason
                : null,
            };
            if (state is { Ended: false, BreachedAt: { } due } && (clock.IsNew || clock.Stored is { Breached: false }))
                Record(
                    "sla.breached",
                    new
                    {
                        policy = state.Policy.Id,
                        name,
                        due = due.ToString(),
                        task = task?.Title,
                    }
                );
            if (state.Ended)
                Record(
                    Clock.IsOver(state, transaction.Now) ? "sla.over"
                        : state.Status == ClockStatus.Cancelled ? "sla.cancelled"
                        : state.Breached ? "sla.missed"
                        : "sla.met",
                    told
                );
            else if (clock.IsNew ? state.Status == ClockStatus.Paused : clock.Stored is { } before && before.Status != state.Status)
                Record(state.Status == ClockStatus.Paused ? "sla.paused" : "sla.resumed", told);
            clock.Written();

            void Record(string action, object payload) =>
                history.Add(new(action, "clock", Ids.Text(clock.Id), state.Generation, JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options)));
        }

        _clocks.RemoveAll(clock => clock.State.Ended);
        if (!_ended)
        {
            if (_unreadable.Count > 0)
                transaction.Write(ClockRows.Report([.. _unreadable.Select(clock => clock.Id)], transaction.Now));
            return;
        }

        foreach (var clock in _unreadable)
        {
            transaction.Write(
                """
                with clock as (update sla_clock set status = 'Cancelled', due_at = null, changed_at = $2 where id = $1)
                delete from deadline where subject_id = $1 and kind = 'rung'
                """,
                clock.Id,
                transaction.Now
            );
            history.Add(
                new(
                    "sla.cancelled",
                    "clock",
                    Ids.Text(clock.Id),
                    1,
                    JsonSerializer.SerializeToUtf8Bytes(
                        new
                        {
                            policy = clock.Policy,
                            name = task is null ? clock.Policy : null,
                            task = task?.Title,
                            reason = "the clock could not be read",
                        },
                        TaskJson.Options
                    )
                )
            );
        }

        _unreadable.Clear();
    }

    /// <summary>A clock within a transaction.</summary>
    private sealed class Live(Guid id, ClockState state)
    {
        public Guid Id => id;

        public ClockState State { get; private set; } = state;

        /// <summary>The stored state once everything written so far is committed.</summary>
        public ClockState? Stored { get; private set; } = state;

        public bool IsNew { get; set; }

        public List<LedgerRow> Rows { get; init; } = [];

        public void Change(ClockChange change)
        {
            State = change.State;
            Rows.AddRange(change.Rows);
        }

        public void Written()
        {
            (Stored, IsNew) = (State, false);
            Rows.Clear();
        }
    }
}
