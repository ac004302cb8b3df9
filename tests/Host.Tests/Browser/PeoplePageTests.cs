using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>People, from adding one to their first sign-in and their last.</summary>
public sealed class PeoplePageTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task An_administrator_adds_a_person_who_chooses_a_password_and_is_deactivated_later(ColorScheme scheme)
    {
        var (user, look) = (scheme == ColorScheme.Light ? "vera.lang" : "omar.haddad", $"people-{scheme}".ToLowerInvariant());
        var page = await chromium.SignedInAsync(office.Host, "admin", scheme: scheme);
        await page.GotoAsync("/administration/people");
        await page.GetByLabel("Search people by name, user name or email").FillAsync("brandt");
        await Assertions.Expect(page.Locator("#people")).ToContainTextAsync("1 person");
        await page.GetByLabel("Search people by name, user name or email").FillAsync("");
        await page.GetByText("Grace Okafor").WaitForAsync();
        await page.PictureAsync($"{look}-list");

        await page.GetByRole(AriaRole.Link, new() { Name = "Add person" }).ClickAsync();
        await page.GetByLabel("User name").FillAsync(user);
        await page.GetByLabel("Name required", new() { Exact = true }).FillAsync("Vera Lang");
        await page.GetByLabel("Email").FillAsync("vera at example");
        await page.GetByLabel("Works in Claims adjusting").CheckAsync();
        await page.GetByText("Add skills", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Skill", new() { Exact = true }).First.FillAsync("property-claims");
        await page.GetByLabel("Expires on").First.FillAsync("2028-01-31");
        await page.GetByLabel("Certificate", new() { Exact = true }).First.FillAsync("PC-1042");
        await page.EvaluateAsync("document.querySelectorAll('form').forEach(f => f.noValidate = true)");
        await page.Button("Add person").ClickAsync();
        await page.Locator("#email-error").WaitForAsync();
        (await page.GetByLabel("Certificate", new() { Exact = true }).First.InputValueAsync()).ShouldBe("PC-1042", "what was typed is kept");
        await page.PictureAsync($"{look}-error");
        await page.GetByLabel("Email").FillAsync("vera@example.com");
        await page.Button("Add person").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Vera Lang" }).WaitForAsync();

        var profile = page.Url;
        await page.Button("Create password link").ClickAsync();
        var link = new Uri(await page.Locator("code.secret").InnerTextAsync());
        await page.PictureAsync($"{look}-person");
        await NarrowAsync(page, $"{look}-person-390");

        var vera = await chromium.NewPageAsync(office.Host.ClientOptions.BaseAddress.ToString(), scheme: scheme);
        await vera.GotoAsync(link.PathAndQuery);
        await vera.PictureAsync($"{look}-password");
        await vera.GetByLabel("New password").FillAsync("four quiet evenings");
        await vera.GetByLabel("Repeat it").FillAsync("four quiet evenings");
        await vera.Button("Save password").ClickAsync();
        await vera.GetByText("Your password is saved").WaitForAsync();
        await vera.GetByLabel("User name").FillAsync(user);
        await vera.GetByLabel("Password").FillAsync("four quiet evenings");
        await vera.Button("Sign in").ClickAsync();
        await vera.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();

        await page.GotoAsync(profile);
        await page.GetByText("Deactivate …").ClickAsync();
        await page.GetByLabel("Reason").FillAsync("Left the company");
        await page.Button("Deactivate Vera Lang").ClickAsync();
        await page.Button("Reactivate").WaitForAsync();
        await page.GetByText("Left the company").WaitForAsync();
        await page.PictureAsync($"{look}-deactivated");
        await vera.GotoAsync("/");
        await vera.Button("Sign in").WaitForAsync();
        await vera.EndAsync();
        await page.EndAsync();
    }

    private static async Task NarrowAsync(IPage page, string name)
    {
        await page.SetViewportSizeAsync(390, 844);
        await page.EvaluateAsync("document.getAnimations().forEach(a => a.finish())");
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390, "nothing sticks out on a phone");
        await page.PictureAsync(name);
        await page.SetViewportSizeAsync(1280, 800);
    }

    [Fact]
    public async Task Teams_and_people_are_imported_after_a_preview()
    {
        var page = await chromium.SignedInAsync(office.Host, "admin");
        await page.GotoAsync("/administration/teams");
        await page.PictureAsync("teams-list");
        await page.GetByRole(AriaRole.Link, new() { Name = "Claims adjusting" }).ClickAsync();
        await page.PictureAsync("teams-team");
        await page.GetByLabel("Add members").FillAsync("closer1, processor1");
        await page.Button("Save changes").ClickAsync();
        await page.GetByText("Changes saved").WaitForAsync();
        (await page.GetByText("Jonas Eriksen (processor1)").IsVisibleAsync()).ShouldBeTrue();

        await page.GotoAsync("/administration/import-people");
        await ChooseAsync("user_name,display_name,email,roles\nlea,Lea Berg,lea@example.com,employee\nlea,,no address,boss\n");
        await page.GetByText("Nothing was imported").WaitForAsync();
        (await page.GetByRole(AriaRole.Row).AllInnerTextsAsync()).Count(row => row.Contains("Line 3", StringComparison.Ordinal)).ShouldBe(4);
        await page.PictureAsync("import-errors");
        await NarrowAsync(page, "import-errors-390");
        await ChooseAsync("user_name,display_name,email,roles\nlea,Lea Berg,lea@example.com,employee\nadjuster2,Sofia Bianchi,,employee\n");
        await page.GetByText("1 person will be added, 1 changed").WaitForAsync();
        await page.PictureAsync("import-preview");
        await page.Button("Import 2 people").ClickAsync();
        await page.GetByText("Imported: 1 added, 1 changed.").WaitForAsync();
        await page.GetByText("Sofia Bianchi").WaitForAsync();
        await page.EndAsync();

        async Task ChooseAsync(string file)
        {
            await page.GetByLabel("CSV file")
                .SetInputFilesAsync(
                    new FilePayload
                    {
                        Name = "people.csv",
                        MimeType = "text/csv",
                        Buffer = System.Text.Encoding.UTF8.GetBytes(file),
                    }
                );
            await page.Button("Preview").ClickAsync();
        }
    }
}
