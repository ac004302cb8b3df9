using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>Clocks of cases over the shipped journeys: what the law says, day by day.</summary>
public sealed class CaseClockTests
{
    [Theory]
    [InlineData("US-CA", "us-ca-claims-acknowledge", "2026-06-17T00:00", "10 CCR 2695.5(e)(1): 15 calendar days")]
    [InlineData("US-AK", "us-ak-claims-acknowledge", "2026-06-15T17:00", "3 AAC 26.040: 10 working days")]
    [InlineData("GB", "uk-claims-acknowledge", "2026-06-08T17:00", "the company's own five business days")]
    public async Task Each_jurisdiction_gives_a_claim_its_own_clock(string jurisdiction, string policy, string due, string why)
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, jurisdiction);

        var clocks = await ClocksAsync(world, id);
        clocks.Keys.ShouldBe(["claims-settle", policy], ignoreOrder: true);
        Local(world, clocks[policy]).ShouldBe(due, why);

        world.Clock.Advance(Duration.FromHours(1));
        await DoAsync(world, id, "acknowledge", "Acknowledged", """{ "channel": "E-mail", "acknowledgedOn": "2026-06-01" }""", "adjuster1");
        (await ClocksAsync(world, id))[policy].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        (await world.ScalarAsync<int>("select count(*)::int from deadline d join sla_clock c on c.id = d.subject_id where c.status = 'Completed'")).ShouldBe(0);
        (
            await world.ScalarAsync<int>(
                "select count(*)::int from sla_ledger l join sla_clock c on c.id = l.clock_id where c.policy = @policy",
                new { policy }
            )
        ).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Waiting_for_the_customer_stops_our_clock_and_not_the_one_of_the_law()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, "US-CA");
        await AcknowledgeAndCoverAsync(world, id);
        await DoAsync(world, id, "fraudCheck", "Clear", """{ "policyHistoryChecked": true }""", "adjuster1");
        await DoAsync(world, id, "requestDocuments", "NotRequired", "{}", "adjuster2");
        var before = await ClocksAsync(world, id);
        before["us-ca-claims-decide"].Status.ShouldBe(ClockStatus.Running);
        before["claims-settle"].Status.ShouldBe(ClockStatus.Running);

        world.Clock.Advance(Duration.FromHours(2));
        await DoAsync(world, id, "assess", "NeedInformation", """{ "openQuestions": "Where did it burst?" }""", "adjuster2");
        var waiting = await ClocksAsync(world, id);
        waiting["claims-settle"]
            .ShouldSatisfyAllConditions(
                c => c.Status.ShouldBe(ClockStatus.Paused),
                c => c.DueAt.ShouldBeNull(),
                c => c.Segments[^1].Cause.ShouldBe("step:requestInformation")
            );
        waiting["us-ca-claims-decide"]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Running), c => c.DueAt.ShouldBe(before["us-ca-claims-decide"].DueAt));
        (await world.ScalarAsync<int>("select count(*)::int from deadline d join sla_clock c on c.id = d.subject_id where c.status = 'Paused'")).ShouldBe(
            0,
            "a pause freezes the ladder"
        );

        world.Clock.Advance(Duration.FromDays(7));
        await DoAsync(world, id, "requestInformation", "Answered", """{ "answers": "In the kitchen" }""", "adjuster1");
        var after = (await ClocksAsync(world, id))["claims-settle"];
        after.Status.ShouldBe(ClockStatus.Running);
        (after.DueAt!.Value - before["claims-settle"].DueAt!.Value).ShouldBe(Duration.FromDays(7), "five business days passed under the pause");
        (await world.ActionsAsync(id)).Where(a => a is "sla.paused" or "sla.resumed").ShouldBe(["sla.paused", "sla.resumed"]);
    }

    [Theory]
    [InlineData("US-CA", "us-ca", "2026-07-12T00:00", "2026-08-10T00:00", "2026-09-08T00:00", "2026-10-07T00:00")]
    [InlineData("US-AK", "us-ak", "2026-06-23T17:00", "2026-08-24T17:00", "2026-10-27T17:00", "2026-12-30T17:00")]
    public async Task Status_letters_recur_until_the_decision(string jurisdiction, string law, string decide, params string[] letters)
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, jurisdiction);
        await AcknowledgeAndCoverAsync(world, id);
        await DoAsync(world, id, "fraudCheck", "Clear", """{ "policyHistoryChecked": true }""", "adjuster1");
        await DoAsync(world, id, "requestDocuments", "NotRequired", "{}", "adjuster2");
        Local(world, (await ClocksAsync(world, id))[$"{law}-claims-decide"]).ShouldBe(decide);

        for (var generation = 1; generation <= letters.Length; generation++)
        {
            // The clock asks for the letter five days ahead; it goes out two days before the time is up.
            var running = (await ClocksAsync(world, id)).Values.Single(c => !c.Ended && c.Policy.Kind == SlaKind.Statutory);
            var calendar = world.Get<ServiceLevelCatalog>().CalendarOf(running);
            world.Clock.Set(running.DueAt!.Value - Duration.FromDays(2));
            await SweepAsync(world);
            await SweepAsync(world);
            var letter = await world.ScalarAsync<Guid>("select id from workflow_instance where definition_id = 'claims-status-letter' and status = 'Running'");
            var today = LocalDatePattern.Iso.Format(world.Clock.GetCurrentInstant().InZone(calendar.Zone).Date);
            await DoAsync(world, letter, "write", "Sent", $$"""{ "sentOn": "{{today}}", "reason": "The adjuster's report is not in yet." }""", "adjuster1");
            await world.Runtime.Stimuli.SweepAsync(100);
            world.Clock.Advance(Duration.FromSeconds(3));
            await world.Runtime.Stimuli.SweepAsync(100);
            await world.Runtime.Stimuli.SweepAsync(100);

            var next = await ClockAsync(world, id, $"{law}-claims-status-letter", generation);
            next.Status.ShouldBe(ClockStatus.Running);
            Local(world, next).ShouldBe(letters[generation - 1], $"letter {generation}");
        }

        (await ClocksAsync(world, id))[$"{law}-claims-decide"]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        await DoAsync(world, id, "assess", "Assessed", """{ "assessedAmount": 500, "recommendation": "Pay", "reasoning": "As claimed." }""", "adjuster2");
        await DoAsync(world, id, "decide", "Approve", """{ "approvedAmount": 500, "reason": "As assessed." }""", "adjuster2");
        (await ClockAsync(world, id, $"{law}-claims-status-letter", letters.Length)).ShouldSatisfyAllConditions(
            c => c.Status.ShouldBe(ClockStatus.Completed),
            c => c.Breached.ShouldBeFalse()
        );
        (await world.ScalarAsync<int>("select count(*)::int from sla_clock where instance_id = @id and breached and kind = 'statutory'", new { id })).ShouldBe(
            0
        );
    }

    [Theory]
    [InlineData("Funded", """{ "fundedOn": "2026-06-23", "fundedAmount": 300000 }""")]
    [InlineData("Rescinded", """{ "rescindedOn": "2026-06-22" }""")]
    public async Task A_loan_keeps_every_date_of_TRID_rescission_and_Reg_B(string end, string data)
    {
        // Monday 1 June 2026, 10:00 in New York.
        await using var world = await ShippedAsync("2026-06-01T10:00", "America/New_York");
        var id = await world.StartAsync(
            "mortgage-origination",
            "MTG-1",
            JsonNode.Parse("""{ "loanAmount": 300000, "propertyAddress": "12 Alder Lane", "purpose": "Refinance" }""")!.AsObject()
        );
        (await ClocksAsync(world, id)).ShouldBeEmpty("nothing runs before the application is complete");

        await DoAsync(
            world,
            id,
            "completeness",
            "Complete",
            """
            { "name": true, "income": true, "socialSecurityNumber": true, "propertyAddress": true, "propertyValue": true, "loanAmount": true,
              "completedOn": "2026-05-29" }
            """,
            "processor1"
        );
        var clocks = await ClocksAsync(world, id);
        Local(world, clocks["us-trid-loan-estimate"]).ShouldBe("2026-06-03T17:00", "three general business days after Friday 29 May");
        Local(world, clocks["us-reg-b-notice"]).ShouldBe("2026-06-29T00:00", "30 calendar days after 29 May: by the end of 28 June");

        await DoAsync(
            world,
            id,
            "loanEstimate",
            "Sent",
            """{ "loanAmount": 300000, "interestRate": 6, "termMonths": 360, "closingCosts": 9000, "delivery": "Mail", "sentOn": "2026-06-01" }""",
            "closer1"
        );
        clocks = await ClocksAsync(world, id);
        clocks["us-trid-loan-estimate"].Status.ShouldBe(ClockStatus.Completed);
        Local(world, clocks["us-trid-loan-estimate-before-closing"])
            .ShouldBe("2026-06-09T00:00", "mailed Monday 1 June: the earliest closing is Tuesday 9 June");

        await DoAsync(
            world,
            id,
            "income",
            "Verified",
            """{ "employments": [{ "employer": "Harbor Works", "monthlyIncome": 9000, "verifiedBy": "W-2" }], "monthlyIncome": 9000, "monthlyDebt": 1200 }""",
            "processor1"
        );
        await DoAsync(world, id, "processing", "Processed", """{ "creditScore": 742, "titleClear": true, "hazardInsurance": true }""", "processor1");
        await DoAsync(
            world,
            id,
            "appraisal",
            "Received",
            """{ "appraiser": "R. Whitlock", "appraisedOn": "2026-06-01", "appraisedValue": 400000 }""",
            "processor1"
        );
        await DoAsync(
            world,
            id,
            "underwriting",
            "Approve",
            """{ "debtToIncome": 36, "loanToValue": 75, "reasoning": "Within guidelines.", "conditions": [] }""",
            "underwriter1"
        );
        (await ClocksAsync(world, id))["us-reg-b-notice"].Status.ShouldBe(ClockStatus.Completed);

        await DoAsync(world, id, "clearToClose", "Scheduled", """{ "closingDate": "2026-06-17", "settlementAgent": "Hartwell Title" }""", "closer1");
        clocks = await ClocksAsync(world, id);
        Local(world, clocks["us-trid-closing-disclosure-received"]).ShouldBe("2026-06-14T00:00", "closing Wednesday 17 June: received by Saturday 13 June");
        Local(world, clocks["us-trid-closing-disclosure-mailed"]).ShouldBe("2026-06-11T00:00", "and mailed by Wednesday 10 June");

        world.Clock.Set(In("2026-06-13T10:00", "America/New_York"));
        await DoAsync(
            world,
            id,
            "closingDisclosure",
            "Received",
            """{ "delivery": "E-mail", "sentOn": "2026-06-13", "receivedOn": "2026-06-13", "annualPercentageRate": 6.1 }""",
            "closer1"
        );
        clocks = await ClocksAsync(world, id);
        clocks["us-trid-closing-disclosure-received"]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        clocks["us-trid-closing-disclosure-mailed"].Breached.ShouldBeTrue("three days too late for the mail");
        Local(world, clocks["us-trid-closing-waiting-period"])
            .ShouldBe("2026-06-17T00:00", "the third business day after Saturday is Wednesday: closing may be on it");

        world.Clock.Set(In("2026-06-17T00:00", "America/New_York"));
        await SweepAsync(world);
        world.Clock.Set(In("2026-06-17T11:00", "America/New_York"));
        await DoAsync(world, id, "closing", "Closed", """{ "closedOn": "2026-06-17", "identityVerified": true, "documentsSigned": true }""", "closer1");
        clocks = await ClocksAsync(world, id);
        clocks["us-trid-closing-waiting-period"].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        Local(world, clocks["us-rescission"])
            .ShouldBe("2026-06-23T00:00", "12 CFR 1026.23: Thursday 18, not Juneteenth, Saturday 20 and Monday 22 June; midnight of the third");
        clocks["us-trid-loan-estimate-before-closing"]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());

        // The wait ends by itself at midnight and is no breach; the loan is funded after it, or the customer was first.
        world.Clock.Set(In("2026-06-23T00:00", "America/New_York"));
        await SweepAsync(world);
        (await world.ScalarAsync<int>("select count(*)::int from stimulus")).ShouldBe(0);
        world.Clock.Set(In("2026-06-23T10:00", "America/New_York"));
        await DoAsync(world, id, "fund", end, data, "closer1");
        (await ClocksAsync(world, id))["us-rescission"]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        await EndedAsync(world, id);
    }

    [Fact]
    public async Task The_dates_of_the_rule_s_example_are_kept()
    {
        await using var world = await ShippedAsync("2025-03-03T10:00", "America/New_York");
        await world.PublishAsync(
            "mortgage-origination",
            (
                "a",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Wait" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "mortgage-closing" } }
                """
            )
        );
        var id = await world.StartAsync("mortgage-origination", "MTG-2");

        await world.Runtime.Stimuli.PublishAsync(
            "ClosingScheduled",
            "MTG-2",
            new OrderedDictionary<string, object?> { ["closingDate"] = "2025-03-19" },
            "test"
        );

        var clocks = await ClocksAsync(world, id);
        Local(world, clocks["us-trid-closing-disclosure-received"])
            .ShouldBe("2025-03-16T00:00", "closing Wednesday 2025-03-19: received by Saturday 2025-03-15");
        Local(world, clocks["us-trid-closing-disclosure-mailed"]).ShouldBe("2025-03-13T00:00", "mailed by Wednesday 2025-03-12");

        await world.Runtime.Stimuli.PublishAsync(
            "ClosingScheduled",
            "MTG-2",
            new OrderedDictionary<string, object?> { ["closingDate"] = "2025-03-26" },
            "test"
        );
        var moved = await ClockAsync(world, id, "us-trid-closing-disclosure-received", 2);
        Local(world, moved).ShouldBe("2025-03-23T00:00", "a new date starts the next generation");
        (await ClockAsync(world, id, "us-trid-closing-disclosure-received", 1)).Status.ShouldBe(ClockStatus.Completed);
    }

    [Fact]
    public async Task A_complaint_counts_from_the_day_it_was_received_and_its_window_closes_by_itself()
    {
        // Wednesday 3 June 2026; received on Monday.
        await using var world = await ShippedAsync("2026-06-03T10:00", "Europe/London");
        var id = await world.StartAsync(
            "complaint",
            "CMP-1",
            JsonNode.Parse("""{ "subject": "Nobody called back", "receivedOn": "2026-06-01" }""")!.AsObject()
        );
        var clocks = await ClocksAsync(world, id);
        clocks.Keys.ShouldBe(["uk-disp-final-response", "uk-disp-summary-resolution"], ignoreOrder: true);
        Local(world, clocks["uk-disp-final-response"]).ShouldBe("2026-07-28T00:00", "DISP 1.6.2R: 8 weeks after 1 June");
        Local(world, clocks["uk-disp-summary-resolution"]).ShouldBe("2026-06-04T17:00", "DISP 1.5.1R: close of the third business day after receipt");

        await DoAsync(
            world,
            id,
            "acknowledge",
            "ResolveNow",
            """{ "category": "Delay", "summary": "Nobody called back.", "acknowledgedOn": "2026-06-03" }""",
            "frontoffice"
        );
        world.Clock.Set(In("2026-06-04T17:00", "Europe/London"));
        await SweepAsync(world);

        (await world.OpenTaskAsync(id)).StepId.ShouldBe("investigate", "the attempt to resolve it is called off");
        (await ClocksAsync(world, id))["uk-disp-summary-resolution"].Breached.ShouldBeFalse("the end of the window is no breach");
        await DoAsync(world, id, "investigate", "Concluded", """{ "facts": "Two calls lost.", "findings": "Our fault.", "outcome": "Upheld" }""", "senior1");
        await DoAsync(world, id, "review", "Approve", """{ "fair": true, "comments": "Fine" }""", "compliance");
        await DoAsync(
            world,
            id,
            "finalResponse",
            "Sent",
            """{ "sentOn": "2026-06-05", "outcome": "Upheld", "ombudsmanLeafletEnclosed": true, "sixMonthsStated": true }""",
            "frontoffice"
        );
        clocks = await ClocksAsync(world, id);
        clocks["uk-disp-final-response"].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        clocks["uk-disp-summary-resolution"].Status.ShouldBe(ClockStatus.Cancelled, "no clock outlives its case");
        (
            await world.ScalarAsync<string>(
                """
                select string_agg(e.action, ' ' order by e.sequence) from event e join sla_clock k on replace(k.id::text, '-', '') = e.entity_id
                where k.policy = 'uk-disp-summary-resolution'
                """
            )
        ).ShouldBe("sla.started sla.rung-skipped sla.rung sla.over", "that the window closed is neither a success nor a breach");
    }

    [Fact]
    public async Task A_complaint_settled_within_the_window_meets_both_clocks()
    {
        await using var world = await ShippedAsync("2026-06-03T10:00", "Europe/London");
        var id = await world.StartAsync(
            "complaint",
            "CMP-1",
            JsonNode.Parse("""{ "subject": "Nobody called back", "receivedOn": "2026-06-01" }""")!.AsObject()
        );
        await DoAsync(
            world,
            id,
            "acknowledge",
            "ResolveNow",
            """{ "category": "Delay", "summary": "Nobody called back.", "acknowledgedOn": "2026-06-03" }""",
            "frontoffice"
        );
        await DoAsync(world, id, "resolve", "Resolved", """{ "agreedOn": "2026-06-03", "agreement": "Call back today, apology." }""", "frontoffice");
        world.Clock.Set(In("2026-06-04T16:59", "Europe/London"));
        await SweepAsync(world);
        await DoAsync(world, id, "summaryLetter", "Sent", """{ "sentOn": "2026-06-04", "ombudsmanRightsStated": true }""", "frontoffice");
        var clocks = await ClocksAsync(world, id);
        foreach (var policy in new[] { "uk-disp-final-response", "uk-disp-summary-resolution" })
            clocks[policy].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        await EndedAsync(world, id);
    }

    [Theory]
    [InlineData("US-CA", "us-ca-claims-decide", "2026-07-12T00:00", "10 CCR 2695.7(b): 40 calendar days after proof on 1 June")]
    [InlineData("US-AK", "us-ak-claims-decide", "2026-06-23T17:00", "3 AAC 26.070: 15 working days, Juneteenth is none")]
    [InlineData("GB", "uk-claims-decide", "2026-06-29T17:00", "the company's own 20 business days")]
    public async Task A_claim_walked_to_its_payment_keeps_the_clock_of_its_jurisdiction(string jurisdiction, string policy, string due, string why)
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ProvenClaimAsync(world, jurisdiction);
        var decide = (await ClocksAsync(world, id))[policy];
        Local(world, decide).ShouldBe(due, why);

        // At the last moment before it is due.
        world.Clock.Set(decide.DueAt!.Value - Duration.FromMinutes(1));
        await AssessAndDecideAsync(world, id);
        await DoAsync(world, id, "pay", "Paid", """{ "payee": "Ines Castellan", "paidAmount": 500, "paidOn": "2026-06-12" }""", "adjuster1");
        var clocks = await ClocksAsync(world, id);
        clocks[policy].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        clocks["claims-settle"].Status.ShouldBe(ClockStatus.Completed);
        await EndedAsync(world, id);
    }

    [Theory]
    [InlineData("US-CA", "us-ca-claims-decide")]
    [InlineData("US-AK", "us-ak-claims-decide")]
    public async Task A_claim_decided_too_late_is_a_breach_that_compliance_watches_to_its_end(string jurisdiction, string policy)
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ProvenClaimAsync(world, jurisdiction);
        var decide = (await ClocksAsync(world, id))[policy];
        world.Clock.Set(decide.DueAt!.Value);
        await SweepAsync(world);
        (await ClocksAsync(world, id))[policy].Breached.ShouldBeTrue("the due instant itself is too late");

        world.Clock.Set(decide.StartedAt + (decide.DueAt.Value - decide.StartedAt) * 1.5);
        await SweepAsync(world);
        (await world.OpenTaskAsync(id)).Watchers.ShouldBe(["Grace Okafor"]);
        await AssessAndDecideAsync(world, id);
        (await world.OpenTaskAsync(id)).ShouldSatisfyAllConditions(
            t => t.StepId.ShouldBe("pay"),
            t => t.Watchers.ShouldBe(["Grace Okafor"], "she watches the case")
        );
        await DoAsync(world, id, "pay", "Paid", """{ "payee": "Ines Castellan", "paidAmount": 500, "paidOn": "2026-08-12" }""", "adjuster1");
        (await ClocksAsync(world, id))[policy]
            .ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.BreachedAt.ShouldBe(decide.DueAt));
        await EndedAsync(world, id);
    }

    [Fact]
    public async Task Who_knows_the_line_of_business_checks_the_cover_first_until_time_presses()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, "US-CA");
        await DoAsync(world, id, "acknowledge", "Acknowledged", """{ "channel": "E-mail", "acknowledgedOn": "2026-06-01" }""", "adjuster1");
        var (task, other) = (await world.OpenTaskAsync(id), await world.PersonAsync("frontoffice"));
        task.PreferredSkills.ShouldBe(["property-claims"]);
        (await ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "early"), other))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldContain("property-claims");

        var clock = (await ClockQueries.OfTaskAsync(world.Database, task.Id)).Clocks.Single().State;
        var calendar = world.Get<ServiceLevelCatalog>().CalendarOf(clock);
        world.Clock.Set(calendar.Add(clock.StartedAt, Duration.FromHours(12)));
        await SweepAsync(world);
        task = await world.OpenTaskAsync(id);
        task.PreferredSkills.ShouldBeEmpty();
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "late"), other));
        (
            await world.ScalarAsync<int>(
                "select count(*)::int from notification n join person p on p.id = n.person_id where n.task_id = @Id and p.user_name = 'frontoffice'",
                new { task.Id }
            )
        ).ShouldBe(1, "the team was told that anybody may take it");
    }

    [Fact]
    public async Task A_cancelled_case_leaves_no_clock_and_no_deadline()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, "US-CA");
        await CancelCase.RunAsync(world.Runtime, id, "opened by mistake", await world.PersonAsync("supervisor"));
        (await ClocksAsync(world, id)).Values.ShouldAllBe(c => c.Status == ClockStatus.Cancelled);
        (await world.ScalarAsync<int>("select count(*)::int from deadline where kind = 'rung'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_case_and_its_clocks_start_in_one_transaction()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, "US-CA");
        (
            await world.ScalarAsync<int>(
                """
                select count(distinct xmin)::int from (select xmin::text from workflow_instance where id = @id union all select xmin::text from sla_clock
                    where instance_id = @id union all select xmin::text from deadline where instance_id = @id) x
                """,
                new { id }
            )
        ).ShouldBe(1, "everything is of one transaction");
    }

    [Fact]
    public async Task An_event_a_case_does_not_wait_for_moves_its_clocks_and_counts_as_telling_nobody()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var id = await ClaimAsync(world, "US-CA");
        (await world.Runtime.Stimuli.PublishAsync("ClaimAcknowledged", "CLM-1", null, "frontoffice"))!.Told.ShouldBe(0);
        (await ClocksAsync(world, id))["us-ca-claims-acknowledge"].Status.ShouldBe(ClockStatus.Completed);
        (await world.Runtime.Stimuli.PublishAsync("ClaimAcknowledged", null, null, "frontoffice"))!.Told.ShouldBe(
            0,
            "an event for everybody is nobody's in particular"
        );
        (await world.ScalarAsync<int>("select count(*)::int from stimulus")).ShouldBe(0);
    }

    [Fact]
    public async Task A_rung_of_a_case_acts_on_what_is_open_in_it_and_calls_webhooks_in_the_same_transaction()
    {
        await using var world = await ShippedAsync("2026-06-01T18:00", "UTC");
        var policy = """
            { "id": "watch", "name": "Hook", "subject": "case", "calendar": "24x7", "target": { "amount": "PT1H", "unit": "elapsed" },
              "start": { "events": ["case.opened"], "where": { "journey": ["one"] } },
              "ladder": [ { "percent": 50, "actions": [ { "action": "raisePriority", "by": 1 }, { "action": "notify", "to": "lead" },
                { "action": "webhook", "url": "https://example.com/hook" } ] },
                          { "percent": 100, "actions": [ { "action": "raisePriority", "by": 1 }, { "action": "reassign", "to": "lead" } ] } ] }
            """;
        await world.PublishAsync(
            "one",
            (
                "a",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Look" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
                """
            )
        );
        (
            await SaveServiceLevel.RunAsync(
                world.Get<Orchestration.Workflows.Settings.SettingDocuments>(),
                world.Get<ServiceLevelCatalog>(),
                "sla",
                "watch",
                0,
                JsonNode.Parse(policy)!.AsObject(),
                await world.PersonAsync("admin"),
                world.Clock.GetCurrentInstant()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        var id = await world.StartAsync("one", "ONE-1");

        world.Clock.Advance(Duration.FromMinutes(30));
        await SweepAsync(world);
        (await world.OpenTaskAsync(id)).Priority.ShouldBe((short)2);
        (
            await world.ScalarAsync<string>(
                "select payload->>'url' || ' ' || (payload->>'type') || ' ' || (payload->'data'->>'rung') from effect where kind = 'webhook'"
            )
        ).ShouldBe("https://example.com/hook sla.rung 50%");
        (
            await world.ScalarAsync<string>(
                "select string_agg(p.user_name, ',') from notification n join person p on p.id = n.person_id where n.instance_id = @id",
                new { id }
            )
        ).ShouldBe("senior1", "the lead of the open step's team");

        world.Clock.Advance(Duration.FromMinutes(40));
        await SweepAsync(world);
        await SweepAsync(world);
        var task = await world.OpenTaskAsync(id);
        task.ShouldSatisfyAllConditions(
            t => t.Priority.ShouldBe((short)1),
            t => t.Owner.ShouldBe("Helen Kowalski"),
            t => t.Breached.ShouldBeTrue("the case is late, and its open task with it")
        );
        (await world.ActionsAsync(id)).Count(a => a == "sla.rung").ShouldBe(2);
    }

    private static async Task<World> ShippedAsync(string local, string zone)
    {
        var world = await World.CreateAsync();
        world.Clock.Set(In(local, zone));
        await world.LoadShippedAsync();
        return world;
    }

    private static Instant In(string local, string zone) =>
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm").Parse(local).Value.InZoneStrictly(DateTimeZoneProviders.Tzdb[zone]).ToInstant();

    private static Task<Guid> ClaimAsync(World world, string jurisdiction) =>
        world.StartAsync(
            "claims",
            "CLM-1",
            JsonNode
                .Parse($$"""{ "jurisdiction": "{{jurisdiction}}", "claimedAmount": 800, "lossDescription": "Burst pipe", "lossDate": "2026-05-30" }""")!
                .AsObject()
        );

    /// <summary>A claim whose proof is complete, on the day it was reported.</summary>
    private static async Task<Guid> ProvenClaimAsync(World world, string jurisdiction)
    {
        var id = await ClaimAsync(world, jurisdiction);
        await AcknowledgeAndCoverAsync(world, id);
        await DoAsync(world, id, "fraudCheck", "Clear", """{ "policyHistoryChecked": true }""", "adjuster1");
        await DoAsync(world, id, "requestDocuments", "NotRequired", "{}", "adjuster2");
        return id;
    }

    private static async Task AssessAndDecideAsync(World world, Guid id)
    {
        await DoAsync(world, id, "assess", "Assessed", """{ "assessedAmount": 500, "recommendation": "Pay", "reasoning": "As claimed." }""", "adjuster2");
        await DoAsync(world, id, "decide", "Approve", """{ "approvedAmount": 500, "reason": "As assessed." }""", "adjuster2");
    }

    /// <summary>The case is finished, without incident, and nothing of it waits or runs.</summary>
    private static async Task EndedAsync(World world, Guid id)
    {
        (await world.ScalarAsync<string>("select sub_status || ' ' || incident_count from workflow_instance where id = @id", new { id })).ShouldBe(
            "Finished 0"
        );
        (await world.ScalarAsync<int>("select count(*)::int from task where instance_id = @id and ended_at is null", new { id })).ShouldBe(0);
        (await world.ScalarAsync<int>("select count(*)::int from sla_clock where instance_id = @id and status in ('Running', 'Paused')", new { id })).ShouldBe(
            0,
            "no clock outlives its case"
        );
        (await world.ScalarAsync<int>("select count(*)::int from deadline where instance_id = @id", new { id })).ShouldBe(0);
    }

    private static async Task AcknowledgeAndCoverAsync(World world, Guid id)
    {
        await DoAsync(world, id, "acknowledge", "Acknowledged", """{ "channel": "E-mail", "acknowledgedOn": "2026-06-01" }""", "adjuster1");
        await DoAsync(world, id, "coverage", "Covered", """{ "policyInForce": true, "peril": "Water", "limit": 50000, "deductible": 500 }""", "adjuster1");
    }

    private static async Task DoAsync(World world, Guid id, string step, string outcome, string data, string who)
    {
        var person = await world.PersonAsync(who);
        var task = await world.OpenTaskAsync(id, step);
        var claimed =
            task.OwnerId is { } owner && owner != person.Id
                ? await world.DoneAsync(
                    AssignTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"assign-{task.Id}"), who, null, await world.PersonAsync("admin"))
                )
            : task.OwnerId is null ? await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"claim-{task.Id}"), person))
            : null;
        await world.DoneAsync(
            CompleteTask.RunAsync(
                world.Tasks,
                new(task.Id, claimed?.Revision ?? task.Revision, $"complete-{task.Id}"),
                outcome,
                JsonNode.Parse(data)!.AsObject(),
                person
            )
        );
        world.Clock.Advance(Duration.FromSeconds(3));
        await world.Runtime.Stimuli.SweepAsync(100);
    }

    private static async Task SweepAsync(World world)
    {
        while (await world.Get<Escalate>().SweepAsync(100) > 0) { }

        await world.Runtime.Stimuli.SweepAsync(100);
        world.Clock.Advance(Duration.FromSeconds(3));
        await world.Runtime.Stimuli.SweepAsync(100);
    }

    /// <summary>Clocks of the case itself, the last generation of each policy.</summary>
    private static async Task<Dictionary<string, ClockState>> ClocksAsync(World world, Guid id) =>
        (await ClockQueries.OfCaseAsync(world.Database, id))
            .Clocks.GroupBy(c => c.State.Policy.Id)
            .ToDictionary(g => g.Key, g => g.MaxBy(c => c.State.Generation)!.State);

    private static async Task<ClockState> ClockAsync(World world, Guid id, string policy, int generation) =>
        (await ClockQueries.OfCaseAsync(world.Database, id)).Clocks.Single(c => c.State.Policy.Id == policy && c.State.Generation == generation).State;

    private static string Local(World world, ClockState clock) =>
        LocalDateTimePattern
            .CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm")
            .Format(clock.DueAt.ShouldNotBeNull().InZone(world.Get<ServiceLevelCatalog>().CalendarOf(clock).Zone).LocalDateTime);
}
