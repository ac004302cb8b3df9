using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Durability;

/// <summary>Browsers cancel requests whenever a person moves on to the next page.</summary>
public sealed class BrokenOffRequestTests
{
    [Fact]
    public async Task A_request_that_is_broken_off_ends_in_peace_and_leaves_its_connection_to_the_next()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync("CLM-1"));
        var database = world.App.Services.GetRequiredService<NpgsqlDataSource>();
        using var stays = await world.App.BrowserAsync("supervisor");

        // The page waits for its comments when the person leaves it.
        await using var locker = await database.OpenConnectionAsync();
        await using var held = await locker.BeginTransactionAsync();
        await new NpgsqlCommand("lock table task_comment in access exclusive mode", locker).ExecuteNonQueryAsync();
        using (var leaves = new CancellationTokenSource())
        {
            using var browser = await world.App.BrowserAsync("supervisor");
            var page = browser.GetAsync(task, leaves.Token);
            while (await WaitingAsync(locker) == 0) { }

            await leaves.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(page);
        }

        for (var i = 0; i < 20; i++)
            (await stays.GetAsync("/cases")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await WaitingAsync(locker)).ShouldBe(1);

        await held.RollbackAsync();
        (await stays.GetAsync(task)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<long> WaitingAsync(NpgsqlConnection connection) =>
        (long)
            (
                await new NpgsqlCommand(
                    "select count(*) from pg_locks where relation = 'task_comment'::regclass and not granted",
                    connection
                ).ExecuteScalarAsync()
            )!;
}
