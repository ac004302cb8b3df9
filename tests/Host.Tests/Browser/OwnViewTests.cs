using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>A customer with a phone and no account.</summary>
public sealed class OwnViewTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task A_claim_is_followed_and_answered_on_a_phone_in_both_languages_without_barriers()
    {
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "GB",
                claimedAmount = 900,
                lossDescription = "Burst pipe",
            }
        );
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(id, "acknowledge");
        (
            await adjuster.SendAsync(
                HttpMethod.Post,
                $"/api/tasks/{task["id"]}/suspend",
                new
                {
                    revision = (int)task["revision"]!,
                    reason = "waitingForCustomer",
                    operationId = Worker.NewOperation(),
                }
            )
        ).EnsureSuccessStatusCode();
        var made = await office.FrontOffice.SendAsync(HttpMethod.Post, $"/api/cases/{id}/own-view-links", new { });
        var follow = new Uri((string)(await made.JsonAsync())["url"]!).PathAndQuery;

        foreach (var (scheme, language, heading) in new[] { (ColorScheme.Light, "de", "Ihr Schadenfall"), (ColorScheme.Dark, "en", "Your claim") })
        {
            var page = await chromium.NewPageAsync(
                office.Host.ClientOptions.BaseAddress.ToString(),
                scheme: scheme,
                locale: language == "de" ? "de-AT" : "en-GB"
            );
            await page.SetViewportSizeAsync(390, 844);
            await page.GotoAsync(follow);
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(heading);
            await page.EvaluateAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
            (await AccessibilityTests.ViolationsAsync(page)).Select(v => v.GetProperty("id").GetString()).ShouldBeEmpty();
            (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue();
            if (language == "de")
            {
                await page.EndAsync();
                continue;
            }

            await page.GetByLabel("Your answer").FillAsync("Here is the estimate.");
            await page.Locator(".own-need input[type=file]")
                .SetInputFilesAsync(
                    new FilePayload
                    {
                        Name = "estimate.pdf",
                        MimeType = "application/pdf",
                        Buffer = "%PDF-1.7"u8.ToArray(),
                    }
                );
            await page.GetByRole(AriaRole.Button, new() { Name = "Send answer" }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Thank you. We have received it.");
            await Assertions.Expect(page.Locator(".own-need")).ToHaveCountAsync(0);
            await Assertions.Expect(page.Locator(".own-mine")).ToContainTextAsync("Here is the estimate.");
            await page.EndAsync();
        }

        ((string)(await adjuster.TaskAsync(id, "acknowledge"))["state"]!).ShouldNotBe("Suspended");
    }
}
