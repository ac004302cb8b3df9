using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser.Work;

/// <summary>The card of an offer, as the person sees it who is offered the task.</summary>
public sealed class OfferCardTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task An_offer_stays_through_a_reload_and_in_a_second_tab_and_its_step_is_done_by_a_key_and_a_click()
    {
        await office.PushAsync("card-key");
        var page = await chromium.SignedInAsync(office.Host, "adjuster2");
        await office.OfferAsync("card-key", 1);
        var card = page.Locator(".offer-card");
        await card.GetByText("Offered to you until").WaitForAsync();
        await page.ReloadAsync();
        await card.GetByText("Offered to you until").WaitForAsync();
        var second = await page.Context.NewPageAsync();
        await second.GotoAsync(office.Host.ClientOptions.BaseAddress + "cases");
        await second.Locator(".offer-card").GetByText("Offered to you until").WaitForAsync();
        await page.PictureAsync("offer-card");

        await page.BringToFrontAsync();
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("a");

        await page.WaitForURLAsync("**/tasks/*");
        await page.GetByRole(AriaRole.Heading, new() { Name = "look", Exact = true }).First.WaitForAsync();
        await Assertions.Expect(second.Locator(".offer-card")).ToHaveCountAsync(0);
        var task = page.Url.Split('?')[0].Split('/')[^1];
        var adjuster = office.Person("adjuster2");
        var taken = await adjuster.GetAsync($"/api/tasks/{task}");
        ((string)taken["state"]!).ShouldBe("Reserved");
        await page.GetByRole(AriaRole.Button, new() { Name = "Done", Exact = true }).ClickAsync();
        await Eventually.AsksAsync(
            () => adjuster.GetAsync($"/api/tasks/{task}"),
            answer => (string)answer["state"]! == "Completed",
            "one key and one click after the offer"
        );
        await page.EndAsync();
    }

    [Fact]
    public async Task An_offer_is_declined_by_two_keys_of_which_the_second_is_the_reason()
    {
        await office.PushAsync("card-decline");
        var page = await chromium.SignedInAsync(office.Host, "adjuster2");
        var offer = await office.OfferAsync("card-decline", 1);
        await page.Locator(".offer-card").GetByText("Offered to you until").WaitForAsync();
        await page.Locator("h1").ClickAsync();

        await page.Keyboard.PressAsync("3");
        await page.Keyboard.PressAsync("d");
        await Assertions.Expect(page.Locator(".offer-card [data-reason='1']")).ToBeFocusedAsync();
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            foreach (var width in new[] { 390, 1440 })
            {
                await page.SetViewportSizeAsync(width, 900);
                await page.PictureAsync($"offer-decline-{scheme}-{width}".ToLowerInvariant());
            }
        }

        await page.Keyboard.PressAsync("3");
        await Eventually.AsksAsync(
            () => office.QueryAsync<string>($"select state || ': ' || coalesce(reason, '') from task_offer where id = '{offer}'"),
            answers => answers is ["Declined: I lack the experience for it"],
            "only the key after d is the reason"
        );
        await Assertions.Expect(page.Locator(".offer-card")).ToHaveCountAsync(0);
        var adjuster = office.Person("adjuster2");
        var task = (await office.QueryAsync<Guid>($"select task_id from task_offer where id = '{offer}'"))[0];
        await adjuster.DoneAsync(await adjuster.GetAsync($"/api/tasks/{task}"), "claim", new { });
        await adjuster.DoneAsync(await adjuster.GetAsync($"/api/tasks/{task}"), "complete", new { outcome = "Done" });
        await page.EndAsync();
    }

    [Fact]
    public async Task An_offer_that_expires_in_the_middle_of_a_click_says_so_and_the_task_can_still_be_claimed()
    {
        await office.PushAsync("card-late");
        var page = await chromium.SignedInAsync(office.Host, "adjuster2");
        var offer = await office.OfferAsync("card-late", 1);
        var accept = page.Locator(".offer-card").GetByRole(AriaRole.Button, new() { Name = "Accept" });
        await accept.WaitForAsync();

        // The click is on its way while the time runs out.
        await page.RouteAsync(
            "**/offers/*/accept",
            async route =>
            {
                office.Clock.Advance(Duration.FromMinutes(3));
                await Eventually.AsksAsync(
                    () => office.QueryAsync<string>($"select state from task_offer where id = '{offer}'"),
                    states => states is ["Expired"],
                    "the offer has expired"
                );
                await route.ContinueAsync();
            }
        );
        await accept.ClickAsync();

        await page.GetByText("The offer had expired.").WaitForAsync();
        await page.PictureAsync("offer-over");
        await page.GetByRole(AriaRole.Link, new() { Name = "Open the task: you may be able to claim it" }).ClickAsync();
        await page.WaitForURLAsync("**/tasks/*");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Claim") }).First.ClickAsync();
        var task = page.Url.Split('?')[0].Split('/')[^1];
        var adjuster = office.Person("adjuster2");
        var claimed = await Eventually.AsksAsync(
            () => adjuster.GetAsync($"/api/tasks/{task}"),
            answer => (string)answer["state"]! == "Reserved",
            "it is theirs"
        );
        await adjuster.DoneAsync(claimed, "complete", new { outcome = "Done" });
        await page.EndAsync();
    }
}
