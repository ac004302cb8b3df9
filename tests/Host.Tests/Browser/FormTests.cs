using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>The form of a step as a person uses it.</summary>
public sealed class FormTests(Chromium chromium, SharedWorld shared) : IClassFixture<SharedWorld>
{
    private const string Form = """
        { "type": "object", "title": "The check",
          "properties": {
            "reference": { "type": "string", "title": "Reference", "x-readOnly": true, "x-from": "reference", "x-order": 1 },
            "deductible": { "type": "number", "title": "Deductible", "format": "currency", "x-computed": "250 * 2", "x-order": 2, "x-width": 6 },
            "covered": { "type": "string", "title": "Covered", "enum": ["Yes", "No"], "x-order": 3 },
            "called": { "type": "string", "title": "Called at", "format": "date-time", "x-order": 8 },
            "lossOn": { "type": "string", "title": "Date of loss", "format": "date", "x-order": 9 },
            "items": { "type": "array", "title": "Items", "x-order": 10, "items": { "type": "object", "required": ["name"],
              "properties": { "name": { "type": "string", "title": "Item", "maxLength": 50 }, "broken": { "type": "boolean", "title": "Broken" } },
              "if": { "properties": { "broken": { "const": true } }, "required": ["broken"] },
              "then": { "properties": { "cost": { "type": "number", "title": "Cost", "format": "currency" } }, "required": ["cost"] } } } },
          "required": ["covered"],
          "if": { "properties": { "covered": { "const": "No" } }, "required": ["covered"] },
          "then": { "properties": { "clause": { "type": "string", "title": "Clause", "maxLength": 100, "x-order": 4 }, "warned": { "type": "boolean",
            "title": "Customer was warned", "x-order": 5 } }, "required": ["clause"] },
          "else": { "properties": { "limit": { "type": "number", "title": "Limit", "format": "currency", "x-order": 4 } } },
          "additionalProperties": true, "x-outcomes": { "NeedInfo": ["called"] } }
        """;

    [Fact]
    public async Task Fields_come_and_go_with_the_answers_and_the_server_judges_by_the_same_rule()
    {
        var (_, task, page) = await OpenAsync();
        (await page.GetByLabel("Clause").IsVisibleAsync()).ShouldBeFalse();
        (await page.GetByLabel("Limit").IsVisibleAsync()).ShouldBeTrue();

        await page.GetByLabel("No", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Clause").WaitForAsync();
        (await page.GetByLabel("Limit").IsVisibleAsync()).ShouldBeFalse();
        (await page.Locator("label[for=f-clause]").TextContentAsync())!.ShouldContain("required");

        // Refused because of the field that was just shown, with everything kept.
        await page.Button("Approve").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Link, new() { Name = "Clause" }).ClickAsync();
        (await page.EvaluateAsync<string>("document.activeElement.id")).ShouldBe("f-clause");
        (await page.Locator("#f-clause-error").TextContentAsync()).ShouldBe("Clause is required.");
        await page.GetByLabel("Clause").FillAsync("4.2");

        // Another answer hides it; the first answer shows it again with what was typed.
        await page.GetByLabel("Yes", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Limit").WaitForAsync();
        (await page.GetByLabel("Clause").IsVisibleAsync()).ShouldBeFalse();
        await page.GetByLabel("No", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Clause").WaitForAsync();
        (await page.GetByLabel("Clause").InputValueAsync()).ShouldBe("4.2");

        // A hidden field isn't sent: the clause isn't part of a covered loss.
        await page.GetByLabel("Yes", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Limit").FillAsync("1,250.50");
        await page.Button("Approve").ClickAsync();
        await page.GetByText("Next in").WaitForAsync();
        await page.GotoAsync(task);
        var sent = await page.Locator("[aria-labelledby=sent-title]").TextContentAsync();
        sent.ShouldNotBeNull();
        sent.ShouldContain("1,250.50");
        sent.ShouldNotContain("4.2");
        await page.EndAsync();
    }

    [Fact]
    public async Task What_the_case_knows_is_shown_and_stays_through_a_refusal_and_what_is_computed_can_be_changed()
    {
        var (reference, task, page) = await OpenAsync();
        (await page.Locator("#f-reference").TextContentAsync())!.Trim().ShouldBe(reference);
        (await page.GetByLabel("Deductible").InputValueAsync()).ShouldBe("500.00");
        await page.GetByLabel("Deductible").FillAsync("1,5");

        await page.Button("Approve").ClickAsync();

        await page.Locator("#f-deductible-error").WaitForAsync();
        (await page.Locator("#f-deductible-error").TextContentAsync())!.ShouldContain("Deductible must be a number.");
        (await page.GetByLabel("Deductible").InputValueAsync()).ShouldBe("1,5", "what was typed is not taken for fifteen, and not lost");
        (await page.Locator("#f-reference").TextContentAsync())!.Trim().ShouldBe(reference);
        await page.GotoAsync(task);
        (await page.Locator("#f-reference").TextContentAsync())!.Trim().ShouldBe(reference, "the draft has it too");
        (await page.GetByLabel("Deductible").InputValueAsync()).ShouldBe("1,5");
        await page.EndAsync();
    }

    [Fact]
    public async Task Times_are_typed_in_the_zone_of_the_person_and_shown_in_that_of_the_reader()
    {
        var (_, task, page) = await OpenAsync("America/New_York");
        await page.GetByLabel("Yes", new() { Exact = true }).CheckAsync();
        await page.GetByText("Your time: America/New_York").First.WaitForAsync();
        await page.GetByLabel("Date of loss").FillAsync("2026-05-30");

        // The outcome needs it.
        await page.Button("Need info").ClickAsync();
        await page.Locator("#f-called-error").WaitForAsync();
        (await page.Locator("label[for=f-called]").TextContentAsync())!.ShouldContain("required for Need info");
        await page.GetByLabel("Called at").FillAsync("2026-06-01T09:30");
        await page.Button("Need info").ClickAsync();
        await page.GetByText("Next in").WaitForAsync();

        await page.GotoAsync(task);
        (await page.Locator("[aria-labelledby=sent-title] time").First.GetAttributeAsync("datetime")).ShouldBe("2026-06-01T13:30:00Z");
        (await page.Locator("[aria-labelledby=sent-title] time").First.TextContentAsync())!.ShouldContain("09:30");
        (await page.Locator("[aria-labelledby=sent-title]").TextContentAsync())!.ShouldContain("30 May 2026");
        await page.EndAsync();
    }

    [Fact]
    public async Task Rows_are_added_and_removed_and_each_asks_by_its_own_answers()
    {
        var (_, task, page) = await OpenAsync();
        await page.GetByLabel("Yes", new() { Exact = true }).CheckAsync();
        await page.Locator("[name='items[0].name']").FillAsync("Sofa");
        await page.Button("Add").ClickAsync();
        await page.Locator("[name='items[1].name']").FillAsync("Carpet");
        await page.Button("Add").ClickAsync();
        await page.Locator("[name='items[2].name']").FillAsync("Lamp");
        (await page.Locator("[name='items[2].cost']").IsVisibleAsync()).ShouldBeFalse();
        await page.Locator("[name='items[2].broken']").CheckAsync();
        await page.Locator("[name='items[2].cost']").WaitForAsync();
        (await page.Locator("[name='items[0].cost']").IsVisibleAsync()).ShouldBeFalse();
        await page.Button("Remove").Nth(1).ClickAsync();

        await page.Button("Approve").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("Items 2, Cost").WaitForAsync();
        (await page.Locator("[name='items[1].name']").InputValueAsync()).ShouldBe("Lamp", "the gap is closed and nothing else lost");
        await page.Locator("[name='items[1].cost']").FillAsync("35");
        await page.Button("Approve").ClickAsync();
        await page.GetByText("Next in").WaitForAsync();

        await page.GotoAsync(task);
        (await page.Locator("[aria-labelledby=sent-title] tbody td").AllTextContentsAsync())
            .Select(cell => cell.Trim())
            .ShouldBe(["Sofa", "No", "–", "Lamp", "Yes", "35.00"]);
        await page.EndAsync();
    }

    [Fact]
    public async Task What_was_typed_goes_with_no_other_button_of_the_page_and_a_second_pair_of_eyes_sees_it()
    {
        var (reference, task, page) = await OpenAsync();
        await page.GetByLabel("No", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Clause").FillAsync("4.2 Gradual seepage");

        // Immediately, before the draft could be saved automatically.
        await page.GetByLabel("Comment", new() { Exact = true }).FillAsync("Seepage, I think.");
        await page.Button("Add comment").ClickAsync();
        await page.GetByText("Seepage, I think.").WaitForAsync();
        (await page.GetByLabel("Clause").InputValueAsync()).ShouldBe("4.2 Gradual seepage");

        await page.GetByText("Request a review …").ClickAsync();
        await page.GetByLabel("Reviewer").SelectOptionAsync("senior1");
        await page.Button("Propose: Approve").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Proposed outcome" }).WaitForAsync();
        await page.EndAsync();

        var reviewer = await chromium.SignedInAsync(shared.World.App, "senior1");
        await reviewer.GetByRole(AriaRole.Button, new() { Name = $"Review Check the loss, {reference}" }).ClickAsync();
        (await reviewer.Locator("[aria-labelledby=form-title]").TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("4.2 Gradual seepage"),
            t => t.ShouldContain("Proposed by Daniel Brandt")
        );
        await reviewer.GetByLabel("What needs to change?").FillAsync("Quote the clause.");
        await reviewer.Button("Request changes").ClickAsync();
        await reviewer.GotoAsync(task);
        (await reviewer.Locator("[aria-labelledby=facts-title]").TextContentAsync())!.ShouldContain("In progress");
        await reviewer.EndAsync();
    }

    [Fact]
    public async Task What_was_typed_for_a_refused_verb_is_there_again()
    {
        var (_, task, page) = await OpenAsync();
        await page.GetByText("Suspend …").ClickAsync();
        await page.GetByLabel("Note").FillAsync("Waiting for the photographs");

        // Someone changes the task, and the page doesn't know.
        await page.RouteAsync("**/news*", route => route.AbortAsync());
        var supervisor = await shared.World.App.BrowserAsync("supervisor");
        (await PageWorld.PressAsync(supervisor, task, $"{task}/priority", (":priority", "1"))).StatusCode.ShouldBe(System.Net.HttpStatusCode.Found);
        await page.Button("Suspend").ClickAsync();

        await page.GetByText("The task has changed").WaitForAsync();
        (await page.GetByLabel("Note").InputValueAsync()).ShouldBe("Waiting for the photographs");
        await page.Button("Suspend").ClickAsync();
        await page.GetByText("Waiting for customer.").WaitForAsync();
        await page.EndAsync();
    }

    [Fact]
    public async Task A_field_of_both_branches_has_the_control_of_the_branch_that_holds()
    {
        var (_, task, page) = await OpenAsync(
            form: """
            { "type": "object", "title": "The check",
              "properties": { "hotel": { "type": "string", "title": "Hotel", "enum": ["Yes", "No"], "x-order": 1 } }, "required": ["hotel"],
              "if": { "properties": { "hotel": { "const": "Yes" } }, "required": ["hotel"] },
              "then": { "properties": { "stay": { "type": "integer", "title": "Nights", "minimum": 1, "x-order": 2, "x-width": 6 },
                "why": { "type": "string", "title": "Why a hotel", "maxLength": 100, "x-order": 3 } }, "required": ["stay"] },
              "else": { "properties": { "stay": { "type": "string", "title": "Where", "enum": ["Family", "Friends", "Neighbours", "Colleagues",
                "Elsewhere"], "x-order": 2 }, "why": { "type": "string", "title": "Why no hotel", "maxLength": 100, "x-order": 3 } } } }
            """
        );
        await page.GetByLabel("Yes", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Nights").FillAsync("0");
        await page.GetByLabel("Why a hotel").FillAsync("The ceiling is down");
        (await page.GetByLabel("Where").IsVisibleAsync()).ShouldBeFalse();

        // The error is shown at the field that is visible.
        await page.Button("Approve").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Link, new() { Name = "Nights" }).ClickAsync();
        (await page.EvaluateAsync<string>("document.activeElement.value")).ShouldBe("0");

        await page.GetByLabel("No", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Where").SelectOptionAsync("Family");
        (await page.GetByLabel("Nights").IsVisibleAsync()).ShouldBeFalse();
        (await page.GetByLabel("Why no hotel").InputValueAsync()).ShouldBe("The ceiling is down", "the answer to the same question goes with it");
        await page.Button("Approve").ClickAsync();
        await page.GetByText("Next in").WaitForAsync();

        await page.GotoAsync(task);
        (await page.Locator("[aria-labelledby=sent-title]").TextContentAsync())!.ShouldSatisfyAllConditions(
            sent => sent.ShouldContain("Where"),
            sent => sent.ShouldContain("Family"),
            sent => sent.ShouldNotContain("Nights"),
            sent => sent.ShouldContain("Why no hotel")
        );
        await page.EndAsync();
    }

    private async Task<(string Reference, string Task, IPage Page)> OpenAsync(string timeZone = "UTC", string form = Form)
    {
        var (world, reference) = (shared.World, shared.World.NewReference());
        await world.PublishAsync("Check the loss", form);
        var task = await world.OpenTaskAsync(await world.StartAsync(reference));
        var page = await chromium.SignedInAsync(world.App, "adjuster1", timeZone);
        await page.GetByRole(AriaRole.Button, new() { Name = $"Claim Check the loss, {reference}" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "The check" }).WaitForAsync();
        return (reference, task, page);
    }
}
