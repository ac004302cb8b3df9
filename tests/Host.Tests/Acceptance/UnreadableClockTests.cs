using System.Net;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Clocks, calendars and policies that can't be read are shown as such, and take no page away.</summary>
public sealed class UnreadableClockTests(Office office) : IClassFixture<Office>
{
    private static readonly object Notice = new
    {
        jurisdiction = "GB",
        claimedAmount = 900,
        lossDescription = "Hail",
    };

    [Fact]
    public async Task A_clock_that_can_not_be_read_is_shown_on_pages_and_in_the_api()
    {
        var id = await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice);
        var task = (await office.Supervisor.TaskAsync(id, "acknowledge"))["id"];
        var clock = (await office.QueryAsync<Guid>($"select id from sla_clock where instance_id = '{id}' and task_id is null order by id limit 1")).Single();
        await office.QueryAsync<int>($"update sla_clock set state = '{{}}' where instance_id = '{id}'");

        var clocks = (await office.Supervisor.GetAsync($"/api/cases/{id}/clocks")).AsArray();
        clocks.Count.ShouldBeGreaterThan(1);
        clocks.ShouldAllBe(one => (string?)one!["problem"] == "The clock can't be read.");
        (await office.Supervisor.GetAsync($"/api/tasks/{task}/clocks")).AsArray().ShouldNotBeEmpty();
        var problem = await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/clocks/{clock}")).ProblemAsync(409);
        ((string)problem["title"]!).ShouldBe("The clock can't be read");
        using var browser = await office.Host.BrowserAsync("supervisor");
        foreach (var page in new[] { $"/cases/{id:N}", $"/tasks/{Guid.Parse((string)task!):N}" })
            WebUtility.HtmlDecode(await browser.GetStringAsync(page)).ShouldContain("The clock can't be read.");
    }

    [Fact]
    public async Task A_calendar_that_can_not_be_read_takes_no_page_away_and_is_on_the_jobs_page()
    {
        var id = await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice);
        var task = (await office.Supervisor.TaskAsync(id, "acknowledge"))["id"];
        await office.QueryAsync<int>("create table kept as select * from setting_document where kind = 'calendar'");
        await office.QueryAsync<int>("update setting_document set document = '{}' where kind = 'calendar'");
        await office.RestartAsync();
        try
        {
            using var browser = await office.Host.BrowserAsync("supervisor");
            foreach (var page in new[] { $"/cases/{id:N}", $"/tasks/{Guid.Parse((string)task!):N}" })
                WebUtility.HtmlDecode(await browser.GetStringAsync(page)).ShouldContain("can't be read. No one is reminded of this deadline.");
            ((string?)(await office.Supervisor.GetAsync($"/api/cases/{id}/clocks"))[0]!["problem"]).ShouldNotBeNull().ShouldStartWith("Calendar '");
            using var admin = await office.Host.BrowserAsync("admin");
            var jobs = WebUtility.HtmlDecode(await admin.GetStringAsync("/administration/jobs"));
            jobs.ShouldContain("Calendars and service levels that can't be read");
            jobs.ShouldContain("/administration/policies/claims-settle");
        }
        finally
        {
            await office.QueryAsync<int>(
                "update setting_document s set document = k.document from kept k where k.kind = s.kind and k.name = s.name and k.version = s.version"
            );
            await office.RestartAsync();
        }
    }
}
