namespace Orchestration.Host.Tests.Acceptance;

/// <summary>definitions/mortgage-origination.json, from application to funding.</summary>
public sealed class MortgageTests(Office office) : IClassFixture<Office>
{
    private static readonly object Complete = new
    {
        name = true,
        income = true,
        socialSecurityNumber = true,
        propertyAddress = true,
        propertyValue = true,
        loanAmount = true,
        completedOn = "2026-06-01",
    };

    private Worker Processor => office.Person("processor1");

    private Worker Underwriter => office.Person("underwriter1");

    private Worker Closer => office.Person("closer1");

    [Fact]
    public async Task A_loan_goes_from_application_through_conditions_to_funding()
    {
        var (id, _) = await ApplyAsync();
        await ToUnderwritingAsync(id);

        foreach (var condition in new[] { "Letter of explanation", "Final inspection" })
        {
            await Underwriter.DoAsync(id, "underwriting", "ApproveWithConditions", Decision(new { condition, priorTo = "Documents" }));
            (await office.Supervisor.StepsAsync(id)).ShouldBe(["clearConditions"]);
            await Processor.DoAsync(id, "clearConditions", "Submitted", new { cleared = new[] { new { condition, evidence = "In the file" } } });
        }

        await Underwriter.DoAsync(id, "underwriting", "Approve", Decision());
        await Closer.DoAsync(id, "clearToClose", "Scheduled", new { closingDate = "2026-06-12", settlementAgent = "Hartwell Title" });
        await Closer.DoAsync(
            id,
            "closingDisclosure",
            "Received",
            new
            {
                delivery = "E-mail",
                sentOn = "2026-06-05",
                receivedOn = "2026-06-08",
                annualPercentageRate = 6.1,
            }
        );
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["watchPeriod"]);
        await Closer.DoAsync(id, "watchPeriod", "PeriodOver", new { endedOn = "2026-06-12" });
        await Closer.DoAsync(
            id,
            "closing",
            "Closed",
            new
            {
                closedOn = "2026-06-12",
                identityVerified = true,
                documentsSigned = true,
            }
        );
        await Closer.DoAsync(id, "fund", "Funded", new { fundedOn = "2026-06-12", fundedAmount = 300000 });

        await EndedAsync(id);
    }

    [Fact]
    public async Task The_clock_of_the_waiting_period_may_end_the_wait()
    {
        var (id, reference) = await ApplyAsync();
        await ToUnderwritingAsync(id);
        await Underwriter.DoAsync(id, "underwriting", "Approve", Decision());
        await Closer.DoAsync(id, "clearToClose", "Scheduled", new { closingDate = "2026-06-12", settlementAgent = "Hartwell Title" });
        await Closer.DoAsync(
            id,
            "closingDisclosure",
            "Received",
            new
            {
                delivery = "E-mail",
                sentOn = "2026-06-05",
                receivedOn = "2026-06-08",
                annualPercentageRate = 6.1,
            }
        );

        await office.FrontOffice.PublishAsync("ClosingWaitingPeriodEnded", reference, new { });

        (await office.Supervisor.StepsAsync(id)).ShouldBe(["closing"]);
    }

    [Fact]
    public async Task An_incomplete_application_is_completed_or_closed()
    {
        var (id, _) = await ApplyAsync();
        await IncompleteAsync(id, "ItemsReceived");
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["completeness"]);
        await IncompleteAsync(id, "NoResponse");

        await EndedAsync(id);
    }

    [Fact]
    public async Task A_withdrawal_ends_whatever_is_open()
    {
        var (id, reference) = await ApplyAsync();
        await Processor.DoAsync(id, "completeness", "Complete", Complete);
        await Closer.DoAsync(id, "loanEstimate", "Sent", Estimate);
        var appraisal = await Processor.ClaimAsync(id, "appraisal");
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["appraisal", "income", "processing"]);

        await office.FrontOffice.PublishAsync("ApplicationWithdrawn", reference, new { reason = "Bought elsewhere" });

        await EndedAsync(id);
        (await office.Supervisor.StepsAsync(id)).ShouldBeEmpty();
        var late = await (await Processor.AskAsync(appraisal, "start")).ProblemAsync(409);
        ((string)late["type"]!).ShouldBe("/problems/already-ended");
        ((string)late["state"]!).ShouldBe("Cancelled");
        (await office.Supervisor.HistoryAsync(id)).Count(e => (string)e["action"]! == "task.cancelled").ShouldBe(3);
    }

    [Fact]
    public async Task A_decline_after_conditions_ends_with_the_notice_of_adverse_action()
    {
        var (id, _) = await ApplyAsync();
        await ToUnderwritingAsync(id);
        await Underwriter.DoAsync(id, "underwriting", "ApproveWithConditions", Decision(new { condition = "Second appraisal", priorTo = "Documents" }));
        await Processor.DoAsync(
            id,
            "clearConditions",
            "Submitted",
            new { cleared = new[] { new { condition = "Second appraisal", evidence = "Value lower" } } }
        );
        await Underwriter.DoAsync(
            id,
            "underwriting",
            "Decline",
            new
            {
                debtToIncome = 38,
                loanToValue = 104,
                reasoning = "Value",
                declineReasons = new[] { "Value of collateral" },
            }
        );
        await Underwriter.DoAsync(id, "adverseAction", "Sent", new { sentOn = "2026-06-10", reasons = "Value of collateral" });

        await EndedAsync(id);
    }

    private static object Estimate =>
        new
        {
            loanAmount = 300000,
            interestRate = 6.0,
            termMonths = 360,
            closingCosts = 9000,
            delivery = "E-mail",
            sentOn = "2026-06-01",
        };

    private static object Decision(params object[] conditions) =>
        new
        {
            debtToIncome = 36,
            loanToValue = 75,
            reasoning = "Within guidelines.",
            conditions,
        };

    private async Task<(Guid Id, string Reference)> ApplyAsync()
    {
        var reference = office.NewReference("MTG");
        return (
            await office.FrontOffice.OpenAsync("mortgage-origination", reference, new { loanAmount = 300000, propertyAddress = "12 Alder Lane" }),
            reference
        );
    }

    private async Task ToUnderwritingAsync(Guid id)
    {
        await Processor.DoAsync(id, "completeness", "Complete", Complete);
        await Closer.DoAsync(id, "loanEstimate", "Sent", Estimate);
        await Processor.DoAsync(
            id,
            "income",
            "Verified",
            new
            {
                employments = new[]
                {
                    new
                    {
                        employer = "Harbor Works",
                        monthlyIncome = 9000,
                        verifiedBy = "W-2",
                    },
                },
                monthlyIncome = 9000,
                monthlyDebt = 1200,
            }
        );
        await Processor.DoAsync(
            id,
            "processing",
            "Processed",
            new
            {
                creditScore = 742,
                titleClear = true,
                hazardInsurance = true,
            }
        );
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["appraisal"], "underwriting waits for the whole file");
        await Processor.DoAsync(
            id,
            "appraisal",
            "Received",
            new
            {
                appraiser = "R. Whitlock",
                appraisedOn = "2026-06-01",
                appraisedValue = 400000,
            }
        );
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["underwriting"]);
    }

    private async Task IncompleteAsync(Guid id, string answer)
    {
        await Processor.DoAsync(
            id,
            "completeness",
            "Incomplete",
            new
            {
                name = true,
                income = false,
                socialSecurityNumber = true,
                propertyAddress = true,
                propertyValue = true,
                loanAmount = true,
                missing = "Income",
            }
        );
        await Processor.DoAsync(
            id,
            "noticeOfIncompleteness",
            answer,
            new
            {
                sentOn = "2026-06-01",
                respondBy = "2026-06-20",
                received = "Pay stubs",
            }
        );
    }

    private async Task EndedAsync(Guid id)
    {
        var loan = (await office.Supervisor.CaseAsync(id))["case"]!;
        ((string)loan["subStatus"]!).ShouldBe("Finished");
        ((int)loan["openTasks"]!).ShouldBe(0);
        ((int)loan["incidentCount"]!).ShouldBe(0);
    }
}
