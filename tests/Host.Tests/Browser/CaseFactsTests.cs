using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>The case beside the form, and promises, in a real browser: an adjuster in New York.</summary>
public sealed class CaseFactsTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task An_adjuster_reads_the_case_beside_the_form_and_records_a_promise_in_local_time_without_losing_a_draft()
    {
        var id = await ClaimAsync();
        var task = (string)(await office.Person("adjuster1").ClaimAsync(id, "acknowledge"))["id"]!;
        var page = await chromium.SignedInAsync(office.Host, "adjuster1", "America/New_York");
        await page.GotoAsync($"/tasks/{task}");

        // Beside the form on a wide screen, above it on a narrow one.
        var (facts, form) = (page.Locator(".case-facts"), page.Locator("#task-form"));
        (await facts.BoundingBoxAsync())!.X.ShouldBeGreaterThan((await form.BoundingBoxAsync())!.X + (await form.BoundingBoxAsync())!.Width - 1);
        (await facts.InnerTextAsync()).ShouldContain("A pipe burst");
        await page.PictureAsync("task-facts");
        await page.SetViewportSizeAsync(390, 844);
        (await facts.BoundingBoxAsync())!.Y.ShouldBeLessThan((await form.BoundingBoxAsync())!.Y);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        await page.PictureAsync("task-facts-390");
        await page.SetViewportSizeAsync(1280, 900);

        await page.Locator("#task-form textarea").FillAsync("We call on Friday");
        await page.GetByText("Record a promise").ClickAsync();
        await page.GetByLabel("What did we promise?").FillAsync("Call back about the cover");
        await page.GetByLabel("By when?").FillAsync("2026-06-05T15:00");
        await page.GetByLabel("How did we tell the customer?").SelectOptionAsync("Phone");
        await page.PictureAsync("task-promise-form");
        await page.Button("Record promise").ClickAsync();
        await page.Locator("[data-promise]").WaitForAsync();
        (await page.Locator("[data-promise]").InnerTextAsync()).ShouldContain("5 Jun 2026, 15:00");
        (await page.Locator("#task-form textarea").InputValueAsync()).ShouldBe("We call on Friday");
        var promise = (await office.FrontOffice.GetAsync($"/api/cases/{id}/promises"))[0]!;
        ((DateTimeOffset)promise["dueAt"]!).ShouldBe(DateTimeOffset.Parse("2026-06-05T15:00:00-04:00", System.Globalization.CultureInfo.InvariantCulture));
        await page.PictureAsync("task-promise");
        await page.EndAsync();
    }

    [Fact]
    public async Task Front_office_settles_promises_on_the_page_of_the_case_while_it_changes()
    {
        var id = await ClaimAsync();
        var due = (office.Clock.GetCurrentInstant() + Duration.FromHours(4)).ToDateTimeOffset();
        await PromiseAsync("Call back about the cover");
        await PromiseAsync("Send the list of documents");
        var page = await chromium.SignedInAsync(office.Host, "frontoffice");
        await page.GotoAsync($"/cases/{id}");
        var call = page.Locator("[data-promise]").Filter(new() { HasText = "Call back" });
        await call.GetByText("Settle …").ClickAsync();
        await call.GetByRole(AriaRole.Radio, new() { Name = "Broken" }).CheckAsync();
        await call.GetByLabel("Reason (unless it was kept)").FillAsync("Line was busy all day");

        // Someone else records a promise meanwhile: the page follows, and what is being typed stays.
        await PromiseAsync("Name a contact");
        await page.GetByText("Promised: Name a contact").First.WaitForAsync();
        (await call.GetByLabel("Reason (unless it was kept)").InputValueAsync()).ShouldBe("Line was busy all day");
        (await call.GetByLabel("Reason (unless it was kept)").IsVisibleAsync()).ShouldBeTrue();
        await page.PictureAsync("case-settle");
        await call.GetByRole(AriaRole.Button, new() { Name = "Settle promise" }).ClickAsync();
        await page.Locator(".promises-settled").WaitForAsync();
        (await page.Locator(".promises-settled").InnerTextAsync()).ShouldContain("Broken");
        await page.GetByText("Promise broken: Call back about the cover").First.WaitForAsync();
        await page.PictureAsync("case-promises");
        await page.SetViewportSizeAsync(390, 844);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        await page.PictureAsync("case-promises-390");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.SetViewportSizeAsync(1280, 900);
        await page.GotoAsync($"/cases/{id}");
        await page.PictureAsync("case-promises-dark");
        await page.EndAsync();

        Task PromiseAsync(string what) =>
            office.FrontOffice.SendAsync(
                HttpMethod.Post,
                $"/api/cases/{id}/promises",
                new
                {
                    what,
                    dueAt = due,
                    channel = "Phone",
                }
            );
    }

    private Task<Guid> ClaimAsync() =>
        office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "US-NY",
                claimedAmount = 2400.5,
                lossDescription = "A pipe burst in the kitchen on Sunday night. Water ran through the ceiling and soaked the sofa.",
                lossDate = "2026-05-31",
            }
        );
}
