using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Workflows.Forecast;

namespace Orchestration.Host.Tests.Browser.Work;

/// <summary>The forecast of missed deadlines, as a supervisor and others see it. It is Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class ForecastPageTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task A_supervisor_sees_what_will_be_missed_and_gives_it_to_someone()
    {
        // Someone who comes back in ten days has a task that is due today.
        var reference = office.NewReference("CLM");
        var input = new
        {
            jurisdiction = "GB",
            claimedAmount = 900,
            lossDescription = "Burst pipe",
            lossDate = "2026-05-28",
            product = "Home",
        };
        var id = await office.FrontOffice.OpenAsync("claims", reference, input);
        var shift = new
        {
            person = "adjuster1",
            from = "2026-06-11T13:00:00Z",
            until = "2026-06-11T21:00:00Z",
            kind = "Work",
        };
        (await office.Supervisor.SendAsync(HttpMethod.Post, "/api/shifts", new { shifts = new[] { shift } })).EnsureSuccessStatusCode();
        await office.Supervisor.DoneAsync(await office.Supervisor.TaskAsync(id, "acknowledge"), "assign", new { person = "adjuster1" });

        // The job may have made one before all this, and time stands still.
        office.Host.Services.GetRequiredService<ForecastOffice>().Forget();
        var page = await chromium.SignedInAsync(office.Host, "supervisor");
        await page.GotoAsync("/forecast");
        await page.GetByText("1 of 1 deadline will probably be missed by Thursday, June 4").WaitForAsync();
        var row = page.Locator(".forecast-row", new() { HasText = reference });
        await row.GetByText("Almost certain to be missed").WaitForAsync();
        await row.GetByText("Daniel Brandt has it").WaitForAsync();
        await page.GetByText("1 of the 1 below can be saved: 1 by giving it to someone.").WaitForAsync();
        await page.GetByText("No outcomes yet").WaitForAsync();
        await page.PictureAsync("forecast");

        // Two more people don't help what someone else has.
        await page.Locator(".what-if select[name=team]").SelectOptionAsync("claims-intake");
        await page.GetByRole(AriaRole.Spinbutton, new() { Name = "People" }).FillAsync("2");
        await page.Button("Try").ClickAsync();
        await page.GetByText("1 instead of 1 will probably be missed").WaitForAsync();

        await page.GotoAsync("/forecast");
        await row.GetByRole(AriaRole.Link).First.ClickAsync();
        await page.GetByText("100% → 0%, costs others nothing").First.WaitForAsync();
        await page.PictureAsync("forecast-clock");
        await page.Button("Give it to Mei Lindqvist").ClickAsync();
        await page.GetByText("Done. The forecast was made again.").WaitForAsync();
        await page.GetByText("No deadline is at risk").WaitForAsync();
        (await office.Supervisor.HistoryAsync(id)).ShouldContain(e => (string)e["action"]! == "task.assigned");
        (await page.GotoAsync("/forecast?by=soon"))!.Status.ShouldBe(404);
        await page.EndAsync();

        var worker = await chromium.SignedInAsync(office.Host, "closer1");
        (await worker.GotoAsync("/forecast"))!.Status.ShouldBe(404);
        await worker.EndAsync();
    }
}
