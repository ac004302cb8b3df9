using NodaTime;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>A version that cases run on and that no longer can be loaded: those cases wait, all others go on.</summary>
public sealed class LostDefinitionTests(Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task A_version_that_can_not_be_loaded_stops_its_own_cases_only()
    {
        var lost = await ClaimThatWaitsForDocumentsAsync();
        await office.QueryAsync<int>(
            "create table kept as select id, document from workflow_definition where definition_id = 'claims'; "
                + "update workflow_definition set document = '{\"root\": 7}' where definition_id = 'claims'"
        );
        await office.RestartAsync();
        var other = await office.FrontOffice.OpenAsync("complaint", office.NewReference("CMP"), new { subject = "Late" });
        await office.FrontOffice.ClaimAsync(other, "acknowledge");

        // Eleven days later both the reminder of the lost claim and the clock of the complaint are due.
        office.Clock.Advance(Duration.FromDays(11));
        await Eventually.AsksAsync(
            () => office.Supervisor.HistoryAsync(other),
            events => events.Any(e => (string)e["action"]! == "sla.breached"),
            "the complaint is escalated"
        );
        await Eventually.AsksAsync(
            () => office.QueryAsync<string>("select last_error from deadline where kind = 'timer' and attempts > 0"),
            errors => errors.Count == 1,
            "the timer of the claim was tried"
        );
        ((string)(await office.Supervisor.CaseAsync(lost))["case"]!["status"]!).ShouldBe("Running");
        ((int)(await office.Supervisor.CaseAsync(lost))["case"]!["openTasks"]!).ShouldBe(1, "it waits as it was");

        await office.QueryAsync<int>("update workflow_definition d set document = k.document from kept k where k.id = d.id");
        await office.RestartAsync();
        office.Clock.Advance(Duration.FromHours(2));
        await Eventually.AsksAsync(
            () => office.Supervisor.StepsAsync(lost),
            steps => steps.Contains("chaseDocuments"),
            "the claim goes on when its version is back"
        );
    }

    private async Task<Guid> ClaimThatWaitsForDocumentsAsync()
    {
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "GB",
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );
        await office.Person("adjuster1").DoAsync(id, "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" });
        await office.Person("adjuster1").DoAsync(id, "coverage", "Covered", new { policyInForce = true, peril = "Storm" });
        await office.Person("adjuster2").DoAsync(id, "requestDocuments", "Requested", new { documents = new[] { new { kind = "Photos" } } });
        return id;
    }
}
