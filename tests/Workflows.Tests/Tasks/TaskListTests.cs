using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class TaskListTests
{
    [Fact]
    public async Task A_list_has_what_its_filter_says_in_the_order_of_due_times()
    {
        await using var world = await WithThreeAsync();
        (await ListAsync(world, new() { View = "all" })).ShouldBe(["REF-1", "REF-2"]);
        (await ListAsync(world, new() { View = "all", Overdue = true })).ShouldBe(["REF-1"]);
        (await ListAsync(world, new() { View = "all", Overdue = false })).ShouldBe(["REF-2"]);
        (await ListAsync(world, new() { View = "all", DueBefore = world.Clock.Now() })).ShouldBe(["REF-1"]);
        (await ListAsync(world, new() { View = "all", State = TaskState.Completed })).ShouldBe(["REF-3"]);
        (await ListAsync(world, new() { View = "all", State = TaskState.Skipped })).ShouldBeEmpty();
        (await ListAsync(world, new() { View = "all", Search = "ref-2" })).ShouldBe(["REF-2"]);
        (await ListAsync(world, new() { View = "all", Search = "novak" })).ShouldBe(["REF-1", "REF-2"]);
        (await ListAsync(world, new() { View = "open" }, "adjuster1")).ShouldBe(["REF-1", "REF-2"]);
        (await ListAsync(world, new() { View = "mine" }, "adjuster1")).ShouldBeEmpty();
        (await ListAsync(world, new() { View = "mine", State = TaskState.Completed }, "adjuster1")).ShouldBe(["REF-3"]);
    }

    [Fact]
    public async Task The_pages_of_a_list_follow_each_other()
    {
        await using var world = await WithThreeAsync();
        var supervisor = await world.PersonAsync("supervisor");
        var first = await TaskList.ReadAsync(world.Database, new() { View = "all", Limit = 1 }, supervisor, world.Clock.Now());
        Cursor.TryRead(first.Next, out var after).ShouldBeTrue();
        var second = await TaskList.ReadAsync(
            world.Database,
            new()
            {
                View = "all",
                Limit = 1,
                After = after,
            },
            supervisor,
            world.Clock.Now()
        );
        first.Items.Concat(second.Items).Select(t => t.Reference).ShouldBe(["REF-1", "REF-2"]);
        second.Next.ShouldBeNull();
    }

    /// <summary>Named by the step, through the team, or as a substitute: all count.</summary>
    [Fact]
    public async Task What_a_person_could_take_is_counted_however_it_concerns_them()
    {
        await using var world = await WithThreeAsync();
        await world.PublishAsync("named", ("a", Step.Of("Look", ("team", "String", ""), ("candidates", "List<String>", new[] { "adjuster1" }))));
        await world.StartAsync("named", "REF-4");
        (await OpenAsync("adjuster1")).ShouldBe(3);
        (await OpenAsync("supervisor")).ShouldBe(0);

        await using (
            var away = world.Database.Query(
                """
                insert into substitution (id, person_id, substitute_id, from_at, until_at, created_by, created_at)
                    select gen_random_uuid(), a.id, s.id, $1, $2, 'test', $1 from person a, person s where a.user_name = 'adjuster1'
                    and s.user_name = 'supervisor'
                """,
                world.Clock.Now() - Duration.FromHours(1),
                world.Clock.Now() + Duration.FromHours(1)
            )
        )
            await away.ExecuteNonQueryAsync();
        (await OpenAsync("supervisor")).ShouldBe(3);

        async Task<int> OpenAsync(string user) =>
            (await TaskList.CountAsync(world.Database, await world.PersonAsync(user), world.Clock.Now(), world.Clock.Now())).Open;
    }

    /// <summary>One that is overdue, one that is not due at all, and one that adjuster1 has done.</summary>
    private static async Task<World> WithThreeAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look")));
        var overdue = await world.StartAsync("one");
        await world.StartAsync("one", "REF-2");
        var done = await Desk.AtAsync(world, await world.StartAsync("one", "REF-3"));
        await done.DoneAsync(ClaimTask.RunAsync(world.Tasks, done.Next, await world.PersonAsync("adjuster1")));
        await done.DoneAsync(CompleteTask.RunAsync(world.Tasks, done.Next, null, [], await world.PersonAsync("adjuster1")));
        await using var due = world.Database.Query("update task set due_at = $2 where instance_id = $1", overdue, world.Clock.Now() - Duration.FromHours(1));
        await due.ExecuteNonQueryAsync();
        return world;
    }

    private static async Task<IEnumerable<string?>> ListAsync(World world, TaskFilter filter, string user = "supervisor") =>
        (await TaskList.ReadAsync(world.Database, filter, await world.PersonAsync(user), world.Clock.Now())).Items.Select(t => t.Reference);
}
