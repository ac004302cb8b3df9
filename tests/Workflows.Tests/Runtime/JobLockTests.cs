using Orchestration.Workflows.Jobs;

namespace Orchestration.Workflows.Tests.Runtime;

public sealed class JobLockTests
{
    [Fact]
    public async Task A_held_lock_keeps_others_out_and_keeps_no_dead_rows()
    {
        await using var world = await World.CreateAsync();
        await using (var held = await JobLock.TryTakeAsync(world.Database, "long"))
        {
            held.ShouldNotBeNull();
            (await JobLock.TryTakeAsync(world.Database, "long")).ShouldBeNull();
            (await Holding(world, "state = 'idle in transaction'")).ShouldBe(1);

            // The oldest snapshot of all decides which rows vacuum may remove.
            (await Holding(world, "backend_xmin is not null")).ShouldBe(0);
        }

        await using var again = await JobLock.TryTakeAsync(world.Database, "long");
        again.ShouldNotBeNull();
    }

    private static Task<long> Holding(World world, string condition) =>
        world.ScalarAsync<long>(
            $"select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null and {condition}"
        );
}
