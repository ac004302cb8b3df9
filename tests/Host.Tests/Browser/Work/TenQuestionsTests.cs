using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser.Work;

/// <summary>The ten questions that the front office hears most (docs/front-office.md), with the clicks that each takes once the customer is open.</summary>
public sealed class TenQuestionsTests(Chromium chromium, ITestOutputHelper output)
{
    private int _clicks;

    [Fact]
    public async Task Each_of_the_ten_most_frequent_questions_takes_two_clicks_at_most()
    {
        await using var world = await PageWorld.CreateAsync("Pay the claim");
        await SeedAsync(world);
        var page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync("/front-office");

        // The name, misspelt as it was heard, and Enter.
        var finding = Stopwatch.StartNew();
        await page.Locator("#front-search").PressSequentiallyAsync("nowack");
        await page.GetByRole(AriaRole.Option, new() { Name = "Marta Novak" }).First.WaitForAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Marta Novak" }).WaitForAsync();
        var home = page.Url;
        output.WriteLine($"Finding the customer: 1 key after the name, {finding.Elapsed.TotalSeconds:0.0} s");

        var cases = page.Locator("[aria-labelledby=cases-title]");
        await AskAsync("Where is my claim?", 0, () => SeenAsync(cases, "Next: Pay the claim"));
        await AskAsync("Who works on it?", 0, () => SeenAsync(cases, "with Daniel Brandt"));
        await AskAsync("What did you promise me?", 0, () => SeenAsync(page.Locator("#promises"), "Send the letter"));
        await AskAsync("What do you need from me?", 0, () => SeenAsync(cases, "Waiting for the customer since"));
        await AskAsync("Did you get my document?", 0, () => SeenAsync(page.Locator("[aria-labelledby=files-title]"), "invoice.txt"));
        await AskAsync("When will I be paid?", 0, () => SeenAsync(cases, "Pay the claim, due"));
        await AskAsync("Which of my cases are open?", 0, async () => (await cases.Locator("[data-case]").CountAsync()).ShouldBe(2));
        await AskAsync(
            "I want to complain",
            2,
            async () =>
            {
                await ClickAsync(page.Locator("main").GetByRole(AriaRole.Link, new() { Name = "Start a case" }));
                await ClickAsync(page.Locator("main").GetByRole(AriaRole.Link, new() { Name = "Complaint" }).First);
                await Assertions.Expect(page.Locator("[name=':customer-name']")).ToHaveValueAsync("Marta Novak");
            }
        );
        await AskAsync(
            "Please call me back",
            2,
            async () =>
            {
                await ClickAsync(page.GetByText("Promise something …"));
                await page.Locator("#contact-dueAt").FillAsync("2031-05-01T10:00");
                await ClickAsync(page.GetByRole(AriaRole.Button, new() { Name = "Record contact" }));
                await SeenAsync(page.Locator("#promises"), "Call back");
            }
        );
        await AskAsync(
            "Change my address",
            2,
            async () =>
            {
                await ClickAsync(page.Locator("[aria-labelledby=record-title] .head-end"));
                await page.Locator("[name=addresses]").FillAsync("12 Alder Lane, Leeds");
                await ClickAsync(page.Locator("main form").GetByRole(AriaRole.Button, new() { Name = "Save customer" }));
                await SeenAsync(page.Locator("[aria-labelledby=record-title]"), "12 Alder Lane");
            }
        );
        await page.EndAsync();

        async Task AskAsync(string question, int clicks, Func<Task> answer)
        {
            if (page.Url != home)
                await page.GotoAsync(home);
            _clicks = 0;
            var took = Stopwatch.StartNew();
            await answer();
            output.WriteLine($"{question} {_clicks} clicks, {took.Elapsed.TotalSeconds:0.0} s");
            _clicks.ShouldBe(clicks, question);
            _clicks.ShouldBeLessThanOrEqualTo(2, question);
        }
    }

    private static Task SeenAsync(ILocator where, string text) => Assertions.Expect(where).ToContainTextAsync(text);

    private Task ClickAsync(ILocator what)
    {
        _clicks++;
        return what.ClickAsync();
    }

    /// <summary>Two cases: one with a promise and a file that someone works on, the other waits for the customer.</summary>
    private static async Task SeedAsync(PageWorld world)
    {
        var (first, second) = (await world.StartAsync(), await world.StartAsync());
        var (office, adjuster) = (await world.App.ApiAsync("frontoffice"), await world.App.ApiAsync("adjuster1"));
        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(30);
        (await office.PostAsJsonAsync($"/api/cases/{first}/promises", new { what = "Send the letter", dueAt = $"{due}" })).EnsureSuccessStatusCode();
        var task = await world.OpenTaskAsync(first);
        await world.ClaimedByAsync("adjuster1", task);
        using var file = new StringContent("An invoice");
        var sent = await adjuster.PostAsync($"/api{task}/attachments?name=invoice.txt&revision=2&operationId=file-1", file);
        sent.IsSuccessStatusCode.ShouldBeTrue(await sent.Content.ReadAsStringAsync());

        var waits = await world.OpenTaskAsync(second);
        await world.ClaimedByAsync("adjuster1", waits);
        (
            await adjuster.PostAsJsonAsync(
                $"/api{waits}/suspend",
                new
                {
                    revision = 2,
                    operationId = "wait-1",
                    reason = "waitingForCustomer",
                }
            )
        ).EnsureSuccessStatusCode();
        (await adjuster.GetFromJsonAsync<JsonObject>($"/api{waits}"))!["state"]!.GetValue<string>().ShouldBe("Suspended");
    }
}
