using Orchestration.Host.Identity;
using Orchestration.Host.Shell;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Tests.Shell;

/// <summary>The page on which people begin, after signing in and by the name of the product.</summary>
public sealed class HomeTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("analyst", "/studio")]
    [InlineData("admin", "/administration/people")]
    [InlineData("compliance", "/compliance")]
    [InlineData("frontoffice", "/front-office")]
    [InlineData("supervisor", "/")]
    [InlineData("adjuster1", "/")]
    public async Task Signing_in_and_the_brand_lead_to_the_same_page(string userName, string home)
    {
        using var browser = host.App.Browser();
        var signedIn = await browser.SubmitAsync("/sign-in", new() { ["userName"] = userName, ["password"] = "demo" });
        signedIn.Headers.Location!.OriginalString.ShouldBe(home);
        (await browser.GetAsync(home)).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        (await browser.GetStringAsync("/cases")).ShouldContain($"class=\"brand\" href=\"{home}\"");
    }

    [Fact]
    public void A_composed_role_leads_to_a_page_that_it_opens()
    {
        foreach (var permission in Permissions.All)
        {
            var person = new Person(Guid.Empty, "own", "Own", null, [], [], [], default) { OwnPermissions = [permission.Key] };
            var home = Home.Of(person);
            var open = Navigation.For(person).SelectMany(group => group.Items).Select(item => item.Href);
            open.ShouldContain(home, permission.Key);
        }

        HomeOf(Permissions.ManageRoles).ShouldBe("/administration/roles");
        HomeOf(Permissions.KeepRecords).ShouldBe("/compliance/holds");
        HomeOf(Permissions.SteerTeams, Permissions.EditJourneys).ShouldBe("/team");
        HomeOf().ShouldBe("/");

        static string HomeOf(params string[] permissions) => Home.Of(new(Guid.Empty, "own", "Own", null, [], [], [], default) { OwnPermissions = permissions });
    }
}
