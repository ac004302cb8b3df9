using NodaTime;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.ServiceLevels;

public sealed class ClockTests
{
    private static readonly BusinessCalendar Office = Shipped.Calendar("claims-office");

    [Theory]
    [InlineData("us-trid-loan-estimate", "2026-06-01T10:00", null, "2026-06-04T17:00", "12 CFR 1026.19(e)(1)(iii)")]
    [InlineData(
        "us-trid-loan-estimate-before-closing",
        "2026-06-01T10:00",
        null,
        "2026-06-09T00:00",
        "12 CFR 1026.19(e)(1)(iii)(B): mailed on 1 June, closing on 9 June at the earliest"
    )]
    [InlineData(
        "us-trid-closing-waiting-period",
        "2025-03-15T10:00",
        null,
        "2025-03-19T00:00",
        "12 CFR 1026.19(f)(1)(ii): received on Saturday 15 March, closing on Wednesday 19 March at the earliest"
    )]
    [InlineData(
        "us-trid-closing-waiting-period",
        "2025-01-16T10:00",
        null,
        "2025-01-21T00:00",
        "12 CFR 1026.19(f)(1)(ii): received on Thursday; Friday, Saturday and Tuesday count, Sunday and Martin Luther King Day do not"
    )]
    [InlineData(
        "us-trid-closing-waiting-period",
        "2026-06-30T10:00",
        null,
        "2026-07-03T00:00",
        "Friday 3 July 2026, on which 4 July is observed, is a specific business day"
    )]
    [InlineData(
        "us-trid-loan-estimate-before-closing",
        "2025-01-13T10:00",
        null,
        "2025-01-22T00:00",
        "the seventh day after Monday 13 January, without Sunday and Martin Luther King Day"
    )]
    [InlineData("us-rescission", "2025-01-16T14:00", null, "2025-01-22T00:00", "12 CFR 1026.23(a)(3): midnight at the end of Tuesday 21 January")]
    [InlineData("us-trid-closing-disclosure-received", "2025-03-10T10:00", "2025-03-19T10:00", "2025-03-16T00:00", "received by the end of Saturday 15 March")]
    [InlineData("us-trid-closing-disclosure-mailed", "2025-03-10T10:00", "2025-03-19T10:00", "2025-03-13T00:00", "mailed by the end of Wednesday 12 March")]
    [InlineData("us-rescission", "2018-06-01T14:00", null, "2018-06-06T00:00", "12 CFR 1026.23(a)(3): midnight of Tuesday 5 June")]
    [InlineData("us-reg-b-notice", "2026-06-01T10:00", null, "2026-07-02T00:00", "12 CFR 1002.9: by the end of 1 July")]
    [InlineData("us-ca-claims-acknowledge", "2026-06-01T10:00", null, "2026-06-17T00:00", "10 CCR 2695.5(e): by the end of 16 June")]
    [InlineData("us-ca-claims-decide", "2026-06-01T10:00", null, "2026-07-12T00:00", "10 CCR 2695.7(b): by the end of 11 July, a Saturday")]
    [InlineData("us-ak-claims-acknowledge", "2026-03-23T10:00", null, "2026-04-07T17:00", "3 AAC 26.040: Seward's Day, 30 March 2026, does not count")]
    [InlineData(
        "us-ak-claims-decide",
        "2026-10-12T10:00",
        null,
        "2026-11-03T17:00",
        "3 AAC 26.070: Columbus Day counts in Alaska, Alaska Day falls on a Sunday and is observed on Monday 19 October"
    )]
    [InlineData("uk-disp-final-response", "2026-06-01T10:00", null, "2026-07-28T00:00", "DISP 1.6.2R: 8 weeks")]
    [InlineData(
        "uk-disp-summary-resolution",
        "2026-04-02T18:00",
        null,
        "2026-04-09T17:00",
        "DISP 1.5.1R: received the evening before Good Friday, close of the third business day after Easter Monday"
    )]
    [InlineData("uk-disp-summary-resolution", "2026-04-04T12:00", null, "2026-04-09T17:00", "received on Easter Saturday")]
    public void Statutory_clocks_are_due_when_the_law_says(string policyId, string start, string? anchor, string due, string source)
    {
        var policy = SlaPolicyTests.Policy(policyId);
        var calendar = Shipped.Calendar(policy.Calendar);
        var started = calendar.At(start);
        var clock = Clock.Start(policy, calendar, started, started, "event", anchor is null ? null : calendar.At(anchor));
        calendar.Local(clock.DueAt.ShouldNotBeNull()).ShouldBe(due, source);
    }

    [Theory]
    [InlineData("businessDays", "3", "2026-06-04T08:00", "the office opens on the third open day")]
    [InlineData("calendarDays", "3", "2026-06-04T00:00", "midnight at the begin of the third day")]
    [InlineData("weeks", "1", "2026-06-08T00:00", "midnight at the begin of the seventh day")]
    public void A_wait_that_opens_ends_at_the_begin_of_its_last_day_and_no_pause_after_that_moves_it(string unit, string amount, string due, string why)
    {
        SlaTarget.TryParse(amount, unit, out var target, out _).ShouldBeTrue();
        var policy = SlaPolicy.Inline(target, "claims-office") with { Wait = WaitEnd.OpensOn };
        var started = Office.At("2026-06-01T20:00");
        var clock = Clock.Start(policy, Office, started, started, "sent");
        Local(clock.DueAt).ShouldBe(due, why);
        ClockLedger.Explain(clock, Office, started).Steps.ShouldContain("The wait ends when the last day opens.");

        var held = Clock.Pause(clock, Office, Office.At("2026-06-02T10:00"), "waiting").State;
        Clock.Resume(held, Office, Office.At("2026-06-03T10:00"), "back").State.DueAt.ShouldNotBeNull().ShouldBeGreaterThan(clock.DueAt!.Value);
        Clock.Pause(clock, Office, clock.DueAt!.Value, "waiting").State.ShouldBe(clock);
        Clock.Stop(clock, Office, Office.At("2026-06-20T10:00")).State.Breached.ShouldBeFalse();
    }

    [Fact]
    public void The_end_of_the_wait_is_told_when_the_last_day_opens_and_not_before()
    {
        var policy = SlaPolicyTests.Policy("us-trid-closing-waiting-period");
        var calendar = Shipped.Calendar(policy.Calendar);
        var received = calendar.At("2025-01-16T12:00");
        var clock = Clock.Start(policy, calendar, received, received, "event:ClosingDisclosureReceived");

        Ladder.NextAt(clock, calendar).ShouldBe(calendar.At("2025-01-21T00:00"));
        Ladder.Decide(clock, calendar, calendar.At("2025-01-20T23:59")).Acts.ShouldBeNull();
        var acts = Ladder.Decide(clock, calendar, calendar.At("2025-01-21T00:00")).Acts.ShouldNotBeNull();
        acts.Actions.ShouldContain(new LadderAction.PublishEvent("ClosingWaitingPeriodEnded"));
    }

    [Fact]
    public void A_window_that_closed_is_used_up_and_neither_met_nor_late()
    {
        var policy = SlaPolicyTests.Policy("uk-disp-summary-resolution");
        var calendar = Shipped.Calendar(policy.Calendar);
        var received = calendar.At("2026-06-01T09:00");
        var clock = Clock.Start(policy, calendar, received, received, "case.opened");
        Clock.IsOver(clock, calendar.At("2026-06-04T16:59")).ShouldBeFalse();

        var now = calendar.At("2026-07-30T10:00");
        Clock.IsOver(clock, now).ShouldBeTrue();
        Clock.PercentUsed(clock, calendar, now).ShouldBe(100, "and not many times as much");
        Urgent.Of(clock, calendar).ShouldBeNull();
        Clock.MarkBreach(clock, now).ShouldBe(clock);
        var explained = ClockLedger.Explain(clock, calendar, now);
        explained.Steps.ShouldContain("The window closed Thu 2026-06-04 17:00.");
        explained.Steps.ShouldNotContain(step => step.Contains('%'));
        explained.Remaining.ShouldBeNull();

        Clock.IsOver(Clock.Cancel(clock, calendar, now).State, now).ShouldBeTrue("a case that ends later does not open it again");
        Clock.IsOver(Clock.Stop(clock, calendar, calendar.At("2026-06-03T10:00")).State, now).ShouldBeFalse("it was used in time");
    }

    [Fact]
    public void A_clock_is_at_risk_when_three_quarters_of_its_time_are_used_and_late_when_it_is_due()
    {
        var clock = Clock.Start(
            SlaPolicy.Inline(SlaTarget.WorkingTime(Duration.FromHours(8)), "claims-office"),
            Office,
            Office.At("2026-06-01T12:00"),
            Office.At("2026-06-01T12:00"),
            "task.opened"
        );
        var urgent = Urgent.Of(clock, Office).ShouldNotBeNull();
        urgent.LateAt.ShouldBe(clock.DueAt!.Value);
        urgent.RiskAt.ShouldBe(Office.Subtract(urgent.LateAt, Duration.FromHours(2)));
        urgent.At(urgent.RiskAt - Duration.FromSeconds(1)).ShouldBe(Urgency.OnTime);
        urgent.At(urgent.RiskAt).ShouldBe(Urgency.AtRisk);
        urgent.At(urgent.LateAt).ShouldBe(Urgency.Breached);

        var paused = Clock.Pause(clock, Office, Office.At("2026-06-01T13:00"), "waiting").State;
        Urgent.Of(paused, Office).ShouldBeNull("it can't become late while it stands still");
        var late = Clock.Pause(clock, Office, urgent.LateAt + Duration.FromHours(1), "waiting").State;
        Urgent.Of(late, Office).ShouldBe(new Urgent(urgent.LateAt, urgent.LateAt), "what is late stays late");
        Urgent.Of(Clock.Stop(clock, Office, urgent.LateAt).State, Office).ShouldBeNull();
    }

    [Fact]
    public void Waiting_for_the_customer_pauses_the_internal_clock_and_never_the_statutory_acknowledgement()
    {
        var internalClock = SlaPolicyTests.Policy("claims-assess");
        var statutory = SlaPolicyTests.Policy("us-ca-claims-acknowledge");
        var california = Shipped.Calendar("us-california");
        var opened = Change("2026-06-01T09:00", "task.opened");
        var caseOpened = Change("2026-06-01T09:00", "case.opened");
        var waits = Change("2026-06-02T12:00", "task.suspended", "waitingForCustomer");

        var own = Clock.Evaluate(internalClock, null, opened, Office, opened.At).ShouldNotBeNull().State;
        var law = Clock.Evaluate(statutory, null, caseOpened, california, caseOpened.At).ShouldNotBeNull().State;

        own = Clock.Evaluate(internalClock, own, waits, Office, waits.At)!.State;
        own.Status.ShouldBe(ClockStatus.Paused);
        own.DueAt.ShouldBeNull();
        own.PausedSince.ShouldBe(waits.At);
        Clock.Evaluate(statutory, law, waits, california, waits.At)!.State.ShouldBe(law);
        Clock.Pause(law, california, waits.At, "waitingForCustomer").State.ShouldBe(law);
    }

    [Fact]
    public void A_resumed_clock_gets_the_hours_that_were_left()
    {
        var clock = Start(SlaTarget.WorkingTime(Duration.FromHours(8)), "2026-06-01T09:00");
        Local(clock.DueAt).ShouldBe("2026-06-01T17:00");
        var paused = Clock.Pause(clock, Office, Office.At("2026-06-01T12:00"), "waitingForCustomer");
        var resumed = Clock.Resume(paused.State, Office, Office.At("2026-06-03T16:00"), "documents arrived");
        Local(resumed.State.DueAt).ShouldBe("2026-06-04T12:00", "three hours used, one left today, four tomorrow");
        Local(resumed.State.OriginalDueAt).ShouldBe("2026-06-01T17:00");
        paused.Rows.ShouldBe([new LedgerRow(1, clock.StartedAt, Office.At("2026-06-01T12:00"), LedgerKind.Ran, "opened", Duration.FromHours(3))]);
        resumed.Rows.ShouldBe([
            new LedgerRow(1, Office.At("2026-06-01T12:00"), Office.At("2026-06-03T16:00"), LedgerKind.Paused, "waitingForCustomer", Duration.Zero),
        ]);
    }

    [Theory]
    [InlineData("2026-06-03T10:00", "2026-06-03T15:00", "2026-06-04T17:00", "the same day: nothing was lost")]
    [InlineData("2026-06-03T10:00", "2026-06-04T09:00", "2026-06-05T17:00", "a night under the pause adds a day")]
    [InlineData("2026-06-03T10:00", "2026-06-08T09:00", "2026-06-09T17:00", "and three open days three")]
    [InlineData("2026-06-04T10:00", "2026-06-04T18:00", "2026-06-05T17:00", "resumed after the close of the last day: the next one")]
    public void A_resumed_clock_of_days_gets_the_days_that_were_left(string paused, string resumed, string due, string why)
    {
        var clock = Start(SlaTarget.BusinessDays(3), "2026-06-01T09:00");
        Local(clock.DueAt).ShouldBe("2026-06-04T17:00");
        var stands = Clock.Pause(clock, Office, Office.At(paused), "waiting").State;
        Local(Clock.Resume(stands, Office, Office.At(resumed), "back").State.DueAt).ShouldBe(due, why);
    }

    [Fact]
    public void A_backward_clock_keeps_its_date_through_a_pause()
    {
        var policy = SlaPolicy.Inline(SlaTarget.BusinessDays(3), "us-trid-specific") with { Direction = ClockDirection.Backward, AnchorFact = "closing" };
        var calendar = Shipped.Calendar("us-trid-specific");
        var started = calendar.At("2025-03-10T10:00");
        var clock = Clock.Start(policy, calendar, started, started, "scheduled", calendar.At("2025-03-19T10:00"));
        var paused = Clock.Pause(clock, calendar, calendar.At("2025-03-11T10:00"), "waiting").State;
        Clock.Resume(paused, calendar, calendar.At("2025-03-13T10:00"), "back").State.DueAt.ShouldBe(clock.DueAt);
    }

    [Fact]
    public void Stopping_at_the_due_instant_is_too_late_and_one_instant_earlier_is_not()
    {
        var clock = Start(SlaTarget.WorkingTime(Duration.FromHours(1)), "2026-06-01T09:00");
        var due = clock.DueAt!.Value;
        Clock.Stop(clock, Office, due - Duration.Epsilon).State.Breached.ShouldBeFalse();
        var late = Clock.Stop(clock, Office, due).State;
        late.ShouldSatisfyAllConditions(
            state => state.Breached.ShouldBeTrue(),
            state => state.Status.ShouldBe(ClockStatus.Completed),
            state => state.BreachedAt.ShouldBe(due)
        );
        Clock.Stop(late, Office, due + Duration.FromHours(1)).State.ShouldBe(late, "stopping twice changes nothing");
        Clock.Resume(late, Office, due, "x").State.ShouldBe(late);
    }

    [Fact]
    public void A_late_start_may_breach_at_once_and_the_policy_says_whether_missed_rungs_act()
    {
        var started = Office.At("2026-06-01T09:00");
        var now = Office.At("2026-06-05T09:00");
        var policy = SlaPolicy.Inline(SlaTarget.WorkingTime(Duration.FromHours(8)), "claims-office");

        var acts = Clock.Start(policy, Office, started, now, "opened");
        acts.Breached.ShouldBeTrue();
        Ladder.Decide(acts, Office, now).Acts.ShouldNotBeNull().Key.ShouldBe("100%");

        var silent = Clock.Start(policy with { MissedRungsAct = false }, Office, started, now, "opened");
        silent.Breached.ShouldBeTrue();
        Ladder.Decide(silent, Office, now).Acts.ShouldBeNull();
        silent.Rungs.ShouldBe([
            new RungRecord("75%", Office.At("2026-06-01T15:00"), now, false),
            new RungRecord("100%", Office.At("2026-06-01T17:00"), now, false),
        ]);
    }

    [Fact]
    public void A_status_letter_starts_the_next_period_until_the_decision()
    {
        var policy = SlaPolicyTests.Policy("us-ca-claims-status-letter");
        var calendar = Shipped.Calendar(policy.Calendar);
        var delayed = Change("2026-07-10T10:00", "event:DecisionDelayed");
        var first = Clock.Evaluate(policy, null, delayed, calendar, delayed.At)!.State;
        calendar.Local(first.DueAt!.Value).ShouldBe("2026-08-10T00:00");

        var letter = Change("2026-08-05T10:00", "event:StatusLetterSent");
        var sent = Clock.Evaluate(policy, first, letter, calendar, letter.At)!;
        sent.State.ShouldSatisfyAllConditions(state => state.Status.ShouldBe(ClockStatus.Completed), state => state.Breached.ShouldBeFalse());
        var second = sent.Next.ShouldNotBeNull();
        second.Generation.ShouldBe(2);
        calendar.Local(second.DueAt!.Value).ShouldBe("2026-09-05T00:00");

        var decided = Change("2026-08-20T10:00", "event:ClaimDecided");
        var ended = Clock.Evaluate(policy, second, decided, calendar, decided.At)!;
        ended.State.Status.ShouldBe(ClockStatus.Completed);
        ended.Next.ShouldBeNull();
    }

    [Fact]
    public void Each_jurisdiction_starts_its_own_clock()
    {
        var opened = Change("2026-06-01T09:00", "case.opened") with
        {
            Facts = new Dictionary<string, string> { ["journey"] = "claims", ["jurisdiction"] = "US-AK" },
        };
        string[] policies = ["us-ca-claims-acknowledge", "us-ak-claims-acknowledge", "uk-claims-acknowledge"];
        policies
            .Where(id => Clock.Evaluate(SlaPolicyTests.Policy(id), null, opened, Shipped.Calendar(SlaPolicyTests.Policy(id).Calendar), opened.At) is not null)
            .ShouldBe(["us-ak-claims-acknowledge"]);
    }

    [Fact]
    public void A_waiting_period_ends_without_a_breach()
    {
        var policy = SlaPolicyTests.Policy("us-rescission");
        var calendar = Shipped.Calendar(policy.Calendar);
        var closed = calendar.At("2018-06-01T14:00");
        var clock = Clock.Start(policy, calendar, closed, closed, "LoanClosed");
        var over = Ladder.Decide(clock, calendar, calendar.At("2018-06-06T00:00"));
        over.Acts!.Actions.ShouldContain(new LadderAction.PublishEvent("RescissionPeriodEnded"));
        over.State.Breached.ShouldBeFalse();
        Clock.Stop(over.State, calendar, calendar.At("2018-06-07T09:00")).State.Breached.ShouldBeFalse();
    }

    [Fact]
    public void A_promise_is_due_when_the_customer_was_told()
    {
        var promised = Office.At("2026-06-05T15:00");
        var started = Office.At("2026-06-01T10:00");
        var clock = Clock.Start(SlaPolicy.Promise("claims-office"), Office, started, started, "promised by Ann on the phone", promised);
        clock.DueAt.ShouldBe(promised);
        Clock.Stop(clock, Office, promised).State.Breached.ShouldBeTrue();
    }

    [Fact]
    public void A_promise_that_is_given_up_is_breached_even_before_it_is_due_and_stays_so()
    {
        var promised = Office.At("2026-06-05T15:00");
        var started = Office.At("2026-06-01T10:00");
        var broken = Office.At("2026-06-02T09:00");
        var clock = Clock.Start(SlaPolicy.Promise("claims-office"), Office, started, started, "promised by Ann on the phone", promised);

        var missed = Clock.Miss(clock, Office, broken).State with { Settled = PromiseOutcome.Broken };

        missed.ShouldSatisfyAllConditions(
            c => c.Status.ShouldBe(ClockStatus.Completed),
            c => c.EndedAt.ShouldBe(broken),
            c => c.BreachedAt.ShouldBe(promised),
            c => Promises.StateOf(c, broken).ShouldBe(PromiseState.Broken)
        );
        ClockJson.Write(ClockJson.Read(ClockJson.Write(missed))).ShouldBe(ClockJson.Write(missed));
        ClockJson.Write(Clock.Recompute(missed, missed.Policy, Office, Office.At("2026-06-09T09:00")).State).ShouldBe(ClockJson.Write(missed));
        Clock.Miss(missed, Office, promised).State.ShouldBeSameAs(missed);
    }

    [Theory]
    [InlineData("2026-06-05T14:59", "Kept", PromiseState.Kept)]
    [InlineData("2026-06-05T15:00", "Kept", PromiseState.KeptLate)]
    [InlineData("2026-06-05T15:00", "Broken", PromiseState.Broken)]
    [InlineData("2026-06-05T15:00", "Withdrawn", PromiseState.Withdrawn)]
    public void A_settled_promise_stands_where_it_was_put(string at, string outcome, PromiseState state)
    {
        var started = Office.At("2026-06-01T10:00");
        var clock = Clock.Start(SlaPolicy.Promise("claims-office"), Office, started, started, "promised by Ann", Office.At("2026-06-05T15:00"));
        Promises.StateOf(clock, Office.At("2026-06-05T14:59")).ShouldBe(PromiseState.Open);
        Promises.StateOf(clock, Office.At("2026-06-05T15:00")).ShouldBe(PromiseState.Overdue);
        var settled = Enum.Parse<PromiseOutcome>(outcome);
        var change = settled switch
        {
            PromiseOutcome.Kept => Clock.Stop(clock, Office, Office.At(at)),
            PromiseOutcome.Broken => Clock.Miss(clock, Office, Office.At(at)),
            _ => Clock.Cancel(clock, Office, Office.At(at)),
        };
        Promises.StateOf(change.State with { Settled = settled }, Office.At("2026-07-01T10:00")).ShouldBe(state);
    }

    [Fact]
    public void A_rung_is_due_at_its_share_of_the_working_time()
    {
        var clock = Start(SlaTarget.WorkingTime(Duration.FromHours(8)), "2026-06-01T12:00");
        Ladder.Rungs(clock, Office).Select(rung => $"{rung.Rung.Key} {Local(rung.DueAt)}").ShouldBe(["75% 2026-06-02T09:00", "100% 2026-06-02T11:00"]);
        Local(Ladder.NextAt(clock, Office)).ShouldBe("2026-06-02T09:00");
    }

    [Fact]
    public void After_an_outage_only_the_highest_rung_passed_acts()
    {
        var policy = SlaPolicyTests.Policy("uk-disp-final-response");
        var calendar = Shipped.Calendar(policy.Calendar);
        var started = calendar.At("2026-06-01T10:00");
        var clock = Clock.Start(policy, calendar, started, started, "case.opened");
        var late = Ladder.Decide(clock, calendar, calendar.At("2026-07-24T10:00"));
        late.Acts!.Key.ShouldBe("90%");
        late.Recorded.Select(record => (record.Rung, record.Acted)).ShouldBe([("50%", false), ("75%", false), ("90%", true)]);
        late.BreachedNow.ShouldBeFalse();
        calendar.Local(late.NextAt!.Value).ShouldBe("2026-07-28T00:00");
        Ladder.Decide(late.State, calendar, calendar.At("2026-07-24T10:01")).Acts.ShouldBeNull("once only");
    }

    [Fact]
    public void An_outage_past_the_last_rung_still_marks_the_breach()
    {
        var policy = SlaPolicyTests.Policy("us-ca-claims-acknowledge");
        var calendar = Shipped.Calendar(policy.Calendar);
        var started = calendar.At("2026-06-01T10:00");
        var late = Ladder.Decide(Clock.Start(policy, calendar, started, started, "case.opened"), calendar, calendar.At("2026-09-01T10:00"));
        late.Acts!.Key.ShouldBe("120%");
        late.BreachedNow.ShouldBeTrue();
        calendar.Local(late.State.BreachedAt!.Value).ShouldBe("2026-06-17T00:00");
        late.NextAt.ShouldBeNull();
    }

    [Fact]
    public void A_pause_freezes_the_ladder_and_a_resume_never_repeats_a_rung()
    {
        var clock = Start(SlaTarget.WorkingTime(Duration.FromHours(8)), "2026-06-01T09:00");
        var reminded = Ladder.Decide(clock, Office, Office.At("2026-06-01T15:00"));
        reminded.Acts!.Key.ShouldBe("75%");
        var paused = Clock.Pause(reminded.State, Office, Office.At("2026-06-01T15:30"), "waiting").State;
        Ladder.NextAt(paused, Office).ShouldBeNull();
        Ladder.Decide(paused, Office, Office.At("2026-06-20T12:00")).Acts.ShouldBeNull();
        var resumed = Clock.Resume(paused, Office, Office.At("2026-06-22T09:00"), "back").State;
        Ladder.Rungs(resumed, Office).Select(rung => $"{rung.Rung.Key} {Local(rung.DueAt)}").ShouldBe(["100% 2026-06-22T10:30"]);
    }

    [Fact]
    public void A_forgotten_holiday_moves_the_due_time_when_it_is_recomputed_and_the_original_stays()
    {
        var file = File.ReadAllText(Path.Combine(Shipped.Folder("calendars"), "claims-office.json"));
        var storm = Shipped.Parse(
            file.Replace(
                "\"holidays\": [",
                "\"holidays\": [ { \"name\": \"Storm\", \"rule\": \"dates\", \"dates\": [\"2026-06-02\"] },",
                StringComparison.Ordinal
            )
        );
        var clock = Start(SlaTarget.BusinessDays(2), "2026-06-01T09:00");
        var again = Clock.Recompute(clock, clock.Policy, storm, Office.At("2026-06-01T12:00"));
        Local(again.State.DueAt).ShouldBe("2026-06-04T17:00");
        Local(again.State.OriginalDueAt).ShouldBe("2026-06-03T17:00");
        again.State.CalendarFingerprint.ShouldBe(storm.Fingerprint);
        ClockLedger.Explain(again.State, storm, Office.At("2026-06-01T12:00")).Steps.ShouldContain("Tue 2026-06-02 does not count: Storm.");
    }

    [Fact]
    public void The_computation_is_explained_step_by_step()
    {
        var clock = Start(SlaTarget.BusinessDays(3), "2026-07-01T09:00");
        var explained = ClockLedger.Explain(Clock.MarkBreach(clock, Office.At("2026-07-08T12:00")), Office, Office.At("2026-07-08T12:00"));
        explained.Steps.ShouldBe([
            "Policy inline version 1: 3 business days, calendar Claims office (America/New_York).",
            "Started Wed 2026-07-01 09:00 (opened): originally due Tue 2026-07-07 17:00.",
            "Wed 2026-07-01 is the day it counts from and does not count itself.",
            "Thu 2026-07-02 is day 1.",
            "Fri 2026-07-03 does not count: Independence Day (observed).",
            "Sat 2026-07-04 does not count: Independence Day.",
            "Sun 2026-07-05 does not count: closed.",
            "Mon 2026-07-06 is day 2.",
            "Tue 2026-07-07 is day 3.",
            "Used 111.4% (1 d 15 h of 1 d 11 h).",
            "Breached: the target wasn't met by Tue 2026-07-07 17:00.",
        ]);
        explained.Remaining.ShouldBe(-Duration.FromHours(4));
        explained
            .Ledger.Select(row => $"{row.Kind} {row.Counted.TotalHours} {row.Cause}")
            .ShouldBe([
                "Ran 8 opened",
                "OutsideHours 0 outside hours",
                "Ran 9 opened",
                "OutsideHours 0 outside hours; Independence Day (observed), Independence Day",
                "Ran 9 opened",
                "OutsideHours 0 outside hours",
                "Ran 9 opened",
                "OutsideHours 0 outside hours",
                "Ran 4 opened",
            ]);
    }

    [Fact]
    public void The_reason_of_a_pause_may_change_and_the_ledger_tells_both()
    {
        var policy = SlaPolicyTests.Policy("claims-assess");
        var clock = Clock.Start(policy, Office, Office.At("2026-06-01T09:00"), Office.At("2026-06-01T09:00"), "task.opened");
        var customer = Clock
            .Evaluate(policy, clock, Change("2026-06-01T10:00", "task.suspended", "waitingForCustomer"), Office, Office.At("2026-06-01T10:00"))!
            .State;
        var both = Clock
            .Evaluate(
                policy,
                customer,
                Change("2026-06-01T11:00", "task.changed", "waitingForThirdParty", "waitingForCustomer"),
                Office,
                Office.At("2026-06-01T11:00")
            )!
            .State;
        both.ShouldBe(customer);
        var other = Clock
            .Evaluate(policy, both, Change("2026-06-01T12:00", "task.changed", "waitingForThirdParty"), Office, Office.At("2026-06-01T12:00"))!
            .State;
        ClockLedger
            .Of(other, Office, Office.At("2026-06-01T13:00"))
            .Select(row => row.Cause)
            .ShouldBe(["task.opened", "waitingForCustomer", "waitingForThirdParty"]);
        Clock
            .Evaluate(policy, other, Change("2026-06-01T14:00", "task.resumed"), Office, Office.At("2026-06-01T14:00"))!
            .State.Status.ShouldBe(ClockStatus.Running);
    }

    private static ClockState Start(SlaTarget target, string at) =>
        Clock.Start(SlaPolicy.Inline(target, "claims-office"), Office, Office.At(at), Office.At(at), "opened");

    private static string Local(Instant? at) => Office.Local(at.ShouldNotBeNull());

    private static SubjectChange Change(string at, string name, params string[] pauseReasons) =>
        new(Office.At(at), name, pauseReasons.ToHashSet(), new Dictionary<string, string> { ["journey"] = "claims", ["jurisdiction"] = "US-CA" });
}
