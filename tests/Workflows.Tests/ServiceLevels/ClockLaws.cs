using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>Laws of clocks, ledgers and ladders under random histories: pauses, resumes, sweeps, outages and double sweeps.</summary>
public sealed class ClockLaws
{
    private static readonly LadderAction[] Tell = [new LadderAction.Notify(LadderTarget.Owner)];

    [Fact]
    public void The_ledger_has_no_gap_and_sums_up_to_the_time_used() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                var (state, rows, calendar, now) = Run(history);
                var ledger = ClockLedger.Of(state, calendar, now);
                if (ledger.Count > 0)
                {
                    ledger[0].From.ShouldBe(state.StartedAt);
                    ledger[^1].To.ShouldBe(state.EndedAt ?? now);
                }

                ledger.Zip(ledger.Skip(1)).ShouldAllBe(pair => pair.First.To == pair.Second.From);
                ledger.ShouldAllBe(row =>
                    row.Cause.Length > 0 && row.From < row.To && row.Counted == (row.Kind == LedgerKind.Ran ? row.To - row.From : Duration.Zero)
                );
                ledger.Take(rows.Count).ShouldBe(rows, "rows once written are final");
                Sum(rows).ShouldBe(state.Used);
                var percent = Clock.PercentUsed(state, calendar, now);
                percent.ShouldBe(state.Total > Duration.Zero && !Clock.IsOver(state, now) ? Sum(ledger) / state.Total * 100 : 100, 1e-6);
            }
        );

    [Fact]
    public void Computing_a_clock_again_from_its_history_gives_the_stored_one_bit_for_bit() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                var (state, rows, calendar, now) = Run(history);
                var again = Clock.Recompute(state, state.Policy, calendar, now);
                ClockJson.Write(again.State).ShouldBe(ClockJson.Write(Clock.MarkBreach(state, now)));
                again.Rows.ShouldBe(rows);
            }
        );

    [Fact]
    public void A_clock_survives_storage_without_loss() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                var (state, _, calendar, now) = Run(history);
                var stored = ClockJson.Write(state);
                var read = ClockJson.Read(stored);
                ClockJson.Write(read).ShouldBe(stored);
                Ladder.NextAt(read, calendar).ShouldBe(Ladder.NextAt(state, calendar));
                ClockLedger.Explain(read, calendar, now).Steps.ShouldBe(ClockLedger.Explain(state, calendar, now).Steps);
            }
        );

    [Fact]
    public void There_is_a_due_time_unless_it_is_paused_and_the_original_one_and_a_breach_stay() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                ClockState? before = null;
                Run(
                    history,
                    state =>
                    {
                        (state.DueAt is null).ShouldBe(
                            state.Status == ClockStatus.Paused
                                || (state.Ended && before!.Status == ClockStatus.Paused && before.DueAt is null)
                                || (state.Ended && before!.Ended && before.DueAt is null)
                        );
                        state.PausedSince.HasValue.ShouldBe(state.Status == ClockStatus.Paused);
                        state.Ended.ShouldBe(state.Status is ClockStatus.Completed or ClockStatus.Cancelled);
                        if (before is not null)
                        {
                            state.OriginalDueAt.ShouldBe(before.OriginalDueAt);
                            (before.BreachedAt ?? state.BreachedAt).ShouldBe(state.BreachedAt, "a breach stays");
                        }

                        before = state;
                    }
                );
            }
        );

    [Fact]
    public void A_pause_never_makes_a_clock_due_earlier_and_one_of_no_length_changes_nothing() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                var calendar = history.Calendar.Calendar;
                var state = Clock.Start(Policy(history), calendar, history.Start, history.Start, "opened", history.Anchor);
                var pausedAt = history.Start + history.Steps[0].Wait;
                var paused = Clock.Pause(state, calendar, pausedAt, "waiting").State;
                Clock.Resume(paused, calendar, pausedAt, "back").State.DueAt.ShouldBe(state.DueAt);
                var resumed = Clock.Resume(paused, calendar, pausedAt + history.Steps[1].Wait, "back").State;
                resumed.DueAt.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(state.DueAt.ShouldNotBeNull());
            }
        );

    [Fact]
    public void Each_rung_is_dealt_with_at_most_once_never_in_a_pause_and_none_is_lost() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                List<RungRecord> records = [];
                var (state, _, calendar, now) = Run(
                    history,
                    onDecision: (before, decision, at) =>
                    {
                        records.AddRange(decision.Recorded);
                        (before.Status == ClockStatus.Running || decision.Recorded.Count == 0).ShouldBeTrue("only a running clock climbs its ladder");
                        decision.Recorded.ShouldAllBe(record => record.DueAt <= at && record.At == at);
                        decision.Recorded.Count(record => record.Acted).ShouldBe(decision.Recorded.Count == 0 ? 0 : 1, "only the highest one passed acts");
                        if (decision.Acts is { } acts)
                        {
                            decision.Recorded[^1].ShouldSatisfyAllConditions(last => last.Acted.ShouldBeTrue(), last => last.Rung.ShouldBe(acts.Key));
                        }

                        (decision.NextAt is null || decision.NextAt > at).ShouldBeTrue("what is passed is done");

                        var twice = Ladder.Decide(decision.State, history.Calendar.Calendar, at);
                        twice.ShouldSatisfyAllConditions(
                            second => second.Acts.ShouldBeNull(),
                            second => second.Recorded.ShouldBeEmpty(),
                            second => second.BreachedNow.ShouldBeFalse()
                        );
                    }
                );
                if (!state.Ended)
                {
                    state = Clock.Resume(state, calendar, now, "back").State;
                    var far = now + Duration.FromDays(9000);
                    var last = Ladder.Decide(state, calendar, far);
                    records.AddRange(last.Recorded);
                    records.Select(record => record.Rung).Order().ShouldBe(state.Policy.Ladder.Select(rung => rung.Key).Order(), "every rung exactly once");
                    last.State.Breached.ShouldBe(history.Wait is null);
                    last.NextAt.ShouldBeNull();
                }

                records.Select(record => record.Rung).ShouldBeUnique();
                state.Rungs.Where(record => record.At <= now).ShouldBe(records.Where(record => record.At <= now));
            }
        );

    [Fact]
    public void Sweeping_exactly_when_told_to_lets_every_rung_act_in_order_of_percent() =>
        Laws.Hold(
            Histories(),
            history =>
            {
                var calendar = history.Calendar.Calendar;
                var state = Clock.Start(Policy(history), calendar, history.Start, history.Start, "opened", history.Anchor);
                List<string> acted = [];
                List<string> skipped = [];
                while (Ladder.NextAt(state, calendar) is { } next)
                {
                    var decision = Ladder.Decide(state, calendar, Instant.Max(next, history.Start));
                    acted.AddRange(decision.Acts is { } acts ? [acts.Key] : []);
                    skipped.AddRange(decision.Recorded.Where(record => !record.Acted).Select(record => record.Rung));
                    state = decision.State;
                }

                var percents = acted
                    .Where(key => key.EndsWith('%'))
                    .Select(key => int.Parse(key[..^1], System.Globalization.CultureInfo.InvariantCulture))
                    .ToList();
                percents.ShouldBe(percents.Order());
                acted.Concat(skipped).Order().ShouldBe(state.Policy.Ladder.Select(rung => rung.Key).Order());
            }
        );

    private static Duration Sum(IEnumerable<LedgerRow> rows) => rows.Aggregate(Duration.Zero, (sum, row) => sum + row.Counted);

    private static (ClockState State, List<LedgerRow> Rows, BusinessCalendar Calendar, Instant Now) Run(
        History history,
        Action<ClockState>? onState = null,
        Action<ClockState, LadderDecision, Instant>? onDecision = null
    )
    {
        var calendar = history.Calendar.Calendar;
        var now = history.Start;
        var state = Clock.Start(Policy(history), calendar, now, now, "opened", history.Anchor);
        List<LedgerRow> rows = [];
        onState?.Invoke(state);
        foreach (var (operation, wait) in history.Steps)
        {
            now += wait;
            if (operation == Operation.Sweep)
            {
                var decision = Ladder.Decide(state, calendar, now);
                onDecision?.Invoke(state, decision, now);
                state = decision.State;
            }
            else
            {
                var change = operation switch
                {
                    Operation.Pause => Clock.Pause(state, calendar, now, "waitingForCustomer"),
                    Operation.PauseOtherwise => Clock.Pause(state, calendar, now, "waitingForThirdParty"),
                    Operation.Resume => Clock.Resume(state, calendar, now, "documents arrived"),
                    Operation.Stop => Clock.Stop(state, calendar, now),
                    _ => Clock.Cancel(state, calendar, now),
                };
                state = change.State;
                rows.AddRange(change.Rows);
            }

            onState?.Invoke(state);
        }

        return (state, rows, calendar, now);
    }

    private static SlaPolicy Policy(History history) =>
        SlaPolicy.Inline(history.Target, "any") with
        {
            Direction = history.Anchor is null ? ClockDirection.Forward : ClockDirection.Backward,
            AnchorFact = history.Anchor is null ? null : "closing",
            Wait = history.Wait,
            Ladder =
            [
                new LadderRung(50, null, null, Tell),
                new LadderRung(75, null, null, Tell),
                new LadderRung(100, null, null, Tell),
                new LadderRung(120, null, null, Tell),
                new LadderRung(null, SlaTarget.Elapsed(Duration.FromMinutes(30)), null, Tell),
                new LadderRung(null, null, SlaTarget.WorkingTime(Duration.FromMinutes(30)), Tell),
            ],
        };

    private static Gen<History> Histories() =>
        from calendar in RandomCalendar.Any
        from start in calendar.Instants
        from unit in Gen.Elements(Enum.GetValues<SlaUnit>())
        from amount in Gen.Choose(1, 40)
        from backward in Gen.Choose(0, 3)
        from wait in Gen.Elements<WaitEnd?>(null, null, null, WaitEnd.OpensOn, WaitEnd.EndsAfter, WaitEnd.Closes)
        from lead in Gen.Choose(-10, 200)
        from steps in Gen.Choose(2, 12).SelectMany(count => Step.ArrayOf(count))
        let target = TargetOf(unit, amount)
        select new History(
            calendar,
            Whole(start),
            target,
            backward == 0 ? Whole(start) + Duration.FromHours(lead * 12) : null,
            wait == WaitEnd.OpensOn && (backward == 0 || !target.CountsDays) ? null : wait,
            steps
        );

    private static Gen<(Operation Operation, Duration Wait)> Step =>
        from operation in Gen.Frequency(
            (4, Gen.Constant(Operation.Sweep)),
            (3, Gen.Constant(Operation.Pause)),
            (1, Gen.Constant(Operation.PauseOtherwise)),
            (3, Gen.Constant(Operation.Resume)),
            (1, Gen.Elements(Operation.Stop, Operation.Cancel))
        )
        from wait in Gen.OneOf(
            Gen.Choose(0, 3600).Select(seconds => Duration.FromSeconds(seconds)),
            Gen.Choose(0, 400).Select(hours => Duration.FromHours(hours)),
            Gen.Choose(0, 60).Select(days => Duration.FromDays(days))
        )
        select (operation, wait);

    private static SlaTarget TargetOf(SlaUnit unit, int amount) =>
        unit switch
        {
            SlaUnit.Elapsed => SlaTarget.Elapsed(Duration.FromMinutes(amount * 37)),
            SlaUnit.WorkingTime => SlaTarget.WorkingTime(Duration.FromMinutes(amount * 37)),
            SlaUnit.BusinessDays => SlaTarget.BusinessDays(amount),
            SlaUnit.CalendarDays => SlaTarget.CalendarDays(amount),
            _ => SlaTarget.Weeks(amount / 5 + 1),
        };

    /// <summary>Whole microseconds, as every now of the product is.</summary>
    private static Instant Whole(Instant at) => Instant.FromUnixTimeTicks(at.ToUnixTimeTicks() / 10 * 10);

    private enum Operation
    {
        Sweep,
        Pause,
        PauseOtherwise,
        Resume,
        Stop,
        Cancel,
    }

    private sealed record History(
        RandomCalendar Calendar,
        Instant Start,
        SlaTarget Target,
        Instant? Anchor,
        WaitEnd? Wait,
        (Operation Operation, Duration Wait)[] Steps
    );
}
