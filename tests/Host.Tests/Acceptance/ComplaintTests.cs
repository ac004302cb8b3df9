namespace Orchestration.Host.Tests.Acceptance;

/// <summary>definitions/complaint.json: resolved immediately, or investigated and answered.</summary>
public sealed class ComplaintTests(Office office) : IClassFixture<Office>
{
    private static readonly object Triage = new
    {
        category = "Delay",
        summary = "Nobody called back.",
        acknowledgedOn = "2026-06-01",
    };

    [Fact]
    public async Task A_complaint_that_is_settled_at_once_ends_with_a_summary_resolution()
    {
        var (id, _) = await ComplainAsync("ResolveNow");
        var call = await office.FrontOffice.GetAsync($"/api/tasks/{(await office.FrontOffice.TaskAsync(id, "resolve"))["id"]}");
        ((string)call["workKind"]!, (int)call["effort"]!).ShouldBe(("live", 35));
        await office.FrontOffice.DoAsync(id, "resolve", "Resolved", new { agreedOn = "2026-06-01", agreement = "Call back today, apology." });
        await office.FrontOffice.DoAsync(id, "summaryLetter", "Sent", new { sentOn = "2026-06-01", ombudsmanRightsStated = true });

        await EndedAsync(id);
    }

    [Fact]
    public async Task When_the_third_business_day_is_over_the_complaint_is_investigated()
    {
        var (id, reference) = await ComplainAsync("ResolveNow");
        await office.FrontOffice.PublishAsync("SummaryResolutionWindowClosed", reference, new { });
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["investigate"], "the attempt to resolve it is called off");
    }

    [Fact]
    public async Task Findings_are_reviewed_by_compliance_and_reworked_before_the_final_response()
    {
        var (id, _) = await ComplainAsync("Investigate");
        foreach (var verdict in new[] { "Rework", "Approve" })
        {
            await office
                .Person("senior1")
                .DoAsync(
                    id,
                    "investigate",
                    "Concluded",
                    new
                    {
                        facts = "Two calls lost.",
                        findings = "Our fault.",
                        outcome = "Upheld",
                    }
                );
            await office.Person("compliance").DoAsync(id, "review", verdict, new { fair = true, comments = "Redress?" });
        }

        await office.FrontOffice.DoAsync(
            id,
            "finalResponse",
            "Sent",
            new
            {
                sentOn = "2026-06-05",
                outcome = "Upheld",
                ombudsmanLeafletEnclosed = true,
                sixMonthsStated = true,
            }
        );
        await EndedAsync(id);
    }

    private async Task<(Guid Id, string Reference)> ComplainAsync(string way)
    {
        var reference = office.NewReference("CMP");
        var id = await office.FrontOffice.OpenAsync("complaint", reference, new { subject = "Nobody called back" });
        await office.FrontOffice.DoAsync(id, "acknowledge", way, Triage);
        return (id, reference);
    }

    private async Task EndedAsync(Guid id) => ((string)(await office.Supervisor.CaseAsync(id))["case"]!["subStatus"]!).ShouldBe("Finished");
}
