using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Orchestration.Host.Tests.Pages;

/// <summary>What a supervisor can do with a task that no one is eligible for, and the pause reasons that the page offers.</summary>
public sealed class AssignPageTests
{
    [Fact]
    public async Task What_no_one_is_eligible_for_is_assigned_to_anyone()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync());
        var supervisor = await world.App.BrowserAsync("supervisor");
        (await PageWorld.PageAsync(supervisor, task)).Body!.TextContent.ShouldNotContain("No one is eligible");

        await using (var connection = await world.App.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync())
        await using (var command = new NpgsqlCommand("delete from team_member where team_key = 'claims-adjusting'", connection))
            await command.ExecuteNonQueryAsync();

        var page = await PageWorld.PageAsync(supervisor, task);
        page.Body!.TextContent.ShouldContain("No one is eligible for this task.");
        page.QuerySelectorAll("#person option").Select(o => o.GetAttribute("value")).ShouldContain("closer1");
        (await PageWorld.PressAsync(supervisor, task, $"{task}/assign", (":person", "closer1"))).StatusCode.ShouldBe(HttpStatusCode.Found);
        (await PageWorld.PageAsync(await world.App.BrowserAsync("closer1"), task)).QuerySelector($"form[action='{task}/start']").ShouldNotBeNull();
    }

    [Fact]
    public async Task The_reasons_that_policies_name_are_offered()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync());
        var page = await PageWorld.PageAsync(await world.App.BrowserAsync("supervisor"), task);
        page.QuerySelectorAll("#wait-reason option")
            .Select(o => $"{o.GetAttribute("value")}: {o.TextContent}")
            .ShouldBe(["waitingForCustomer: Customer", "waitingForThirdParty: Third party", "waitingForColleague: Colleague"]);
    }
}
