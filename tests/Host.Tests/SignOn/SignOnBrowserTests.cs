using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Browser;
using OtpNet;

namespace Orchestration.Host.Tests.SignOn;

/// <summary>Signing in, sessions and composed roles as people meet them, on a host on which administrators need a code.</summary>
public sealed class SignOnBrowserTests(Chromium chromium, SecondFactorPageTests.Strict strict) : IClassFixture<SecondFactorPageTests.Strict>
{
    private readonly HostApp _app = strict.App;

    [Fact]
    public async Task An_administrator_turns_on_codes_composes_a_role_and_ends_another_session()
    {
        var first = await AtPasswordAsync("admin");
        var key = await TurnOnAsync(first);

        _app.Clock.Advance(Duration.FromSeconds(30));
        var second = await AtPasswordAsync("admin");
        await second.GetByLabel("Code", new() { Exact = true }).FillAsync(CodeOf(key));
        await second.Button("Sign in").ClickAsync();
        await second.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).WaitForAsync();

        await second.GotoAsync("/administration/new-role");
        await second.GetByLabel("Key required").FillAsync("record-keeper");
        await second.GetByLabel("Name required").FillAsync("Record keeper");
        await second.Locator("input[name=permission][value='records:keep']").CheckAsync();
        await second.Button("Add role").ClickAsync();
        await second.WaitForURLAsync("**/administration/roles*");
        await second.GotoAsync("/administration/people?q=closer1");
        await second.GetByRole(AriaRole.Link, new() { Name = "Luca Moreau" }).ClickAsync();
        await second.Locator("input[name=role][value='record-keeper']").CheckAsync();
        await second.Button("Save changes").ClickAsync();
        await second.GetByText("Changes saved").WaitForAsync();

        await second.GotoAsync("/security");
        (await second.Locator(".sessions > li").CountAsync()).ShouldBe(2);
        await second.Button("Sign out all other sessions").ClickAsync();
        await Assertions.Expect(second.Locator(".sessions > li")).ToHaveCountAsync(1);
        await first.GotoAsync("/security");
        await first.Button("Sign in").WaitForAsync();

        _app.Clock.Advance(Duration.FromSeconds(16));
        var keeper = await AtPasswordAsync("closer1");
        await TurnOnAsync(keeper);
        await keeper.GotoAsync("/");
        await keeper.GetByRole(AriaRole.Link, new() { Name = "Compliance", Exact = true }).ClickAsync();
        await Assertions
            .Expect(keeper.GetByRole(AriaRole.Navigation, new() { Name = "Compliance" }).GetByRole(AriaRole.Link))
            .ToHaveTextAsync(["Legal holds", "Retention", "Erasure", "Exports"]);
        foreach (var closed in new[] { "/compliance", "/compliance/history", "/compliance/findings", "/administration/roles" })
            (await keeper.GotoAsync(closed))!.Status.ShouldNotBe(200, closed);
        foreach (var page in new[] { first, second, keeper })
            await page.EndAsync();
    }

    /// <summary>Sets up an app, after a wrong code; a composed role needs one, too.</summary>
    private async Task<byte[]> TurnOnAsync(IPage page)
    {
        await page.GetByText("Can't scan it?").ClickAsync();
        var key = Base32Encoding.ToBytes((await page.Locator("code.secret").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal));
        await page.GetByLabel("Code that the app shows").FillAsync("000000");
        await page.Button("Turn on").ClickAsync();
        await page.GetByRole(AriaRole.Alert).WaitForAsync();
        await page.GetByLabel("Code that the app shows").FillAsync(CodeOf(key));
        await page.Button("Turn on").ClickAsync();
        await Assertions.Expect(page.Locator(".codes code")).ToHaveCountAsync(10);
        return key;
    }

    private async Task<IPage> AtPasswordAsync(string userName)
    {
        _app.StartServer();
        var page = await chromium.NewPageAsync(_app.ClientOptions.BaseAddress.ToString());
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("User name").FillAsync(userName);
        await page.GetByLabel("Password").FillAsync("demo");
        await page.Button("Sign in").ClickAsync();
        return page;
    }

    private string CodeOf(byte[] key) => new Totp(key).ComputeTotp(_app.Clock.GetCurrentInstant().ToDateTimeUtc());
}
