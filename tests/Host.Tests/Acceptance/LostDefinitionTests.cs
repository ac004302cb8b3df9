using System.Net;
using System.Net.Http.Json;
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

    [Theory]
    [InlineData("update workflow_instance set state = '{}' where id = '{0}'")]
    [InlineData(
        """
            update workflow_definition set document = '{"root": 7}' where id = (select definition_version_id from workflow_instance where id = '{0}')
            """
    )]
    public async Task A_case_that_can_not_be_read_can_be_opened_and_cancelled(string damage)
    {
        var id = await ClaimThatWaitsForDocumentsAsync();
        await office.QueryAsync<int>("create table before as select id, document from workflow_definition where definition_id = 'claims'");
        await office.QueryAsync<int>(damage.Replace("{0}", id.ToString(), StringComparison.Ordinal));
        await office.RestartAsync();

        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Running");
        using (var browser = await office.Host.BrowserAsync("supervisor"))
            (await browser.GetStringAsync($"/cases/{id:N}")).ShouldContain(">Cancel");
        using var supervisor = await office.Host.ApiAsync("supervisor");
        (await supervisor.PostAsJsonAsync($"/api/cases/{id}/cancel", new { reason = "It can't be read." })).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["subStatus"]!).ShouldBe("Cancelled");
        (await office.QueryAsync<string>($"select distinct state from task where instance_id = '{id}' and ended_at is null")).ShouldBeEmpty();
        (await office.QueryAsync<string>($"select status from sla_clock where instance_id = '{id}' and status in ('Running', 'Paused')")).ShouldBeEmpty();
        (await office.QueryAsync<Guid>($"select id from deadline where instance_id = '{id}'")).ShouldBeEmpty();
        (await office.Supervisor.HistoryAsync(id)).Select(e => (string)e["action"]!).ShouldContain("task.cancelled");
        (await supervisor.PostAsJsonAsync($"/api/cases/{id}/cancel", new { reason = "Again." })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await office.QueryAsync<int>("update workflow_definition d set document = b.document from before b where b.id = d.id; drop table before");
        await office.RestartAsync();
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
