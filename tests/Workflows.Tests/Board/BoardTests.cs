using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Board;

/// <summary>What the board counts. That each of its numbers is the length of a list is tested on its page.</summary>
public sealed class BoardTests
{
    private const string Adjusting = "claims-adjusting";

    [Fact]
    public async Task Open_tasks_are_counted_by_state_reason_and_deadline()
    {
        await using var world = await WithJourneyAsync();
        var (adjuster, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("supervisor"));
        for (var i = 1; i <= 5; i++)
        {
            await world.StartAsync("look", $"REF-{i}");
            world.Clock.Advance(Duration.FromSeconds(1));
        }

        await using (var test = await world.Database.OpenConnectionAsync())
        await using (
            var mark = new Npgsql.NpgsqlCommand(
                "update task set test_by = (select id from person where user_name = 'analyst') where id = (select max(id::text)::uuid from task)",
                test
            )
        )
            await mark.ExecuteNonQueryAsync();
        var desks = await DesksAsync(world);
        await desks[0].DoneAsync(ClaimTask.RunAsync(world.Tasks, desks[0].Next, adjuster));
        await desks[1].DoneAsync(ClaimTask.RunAsync(world.Tasks, desks[1].Next, adjuster));
        await desks[1].DoneAsync(SuspendTask.RunAsync(world.Tasks, desks[1].Next, "waitingForCustomer", null, null, adjuster));
        await desks[2].DoneAsync(SuspendTask.RunAsync(world.Tasks, desks[2].Next, "waitingForThirdParty", null, null, supervisor));

        var team = (await ReadAsync(world)).Teams.Single();

        var total = team.Total;
        (total.Open, total.Waiting, total.InWork, total.Suspended).ShouldBe((4, 1, 1, 2));
        total.SuspendedBy.ShouldBe(new Dictionary<string, int> { ["waitingForCustomer"] = 1, ["waitingForThirdParty"] = 1 });
        (total.OnTrack, total.AtRisk, total.Overdue).ShouldBe((4, 0, 0));
        (total.ArrivedHour, total.ArrivedToday, total.UnderDay, total.Older).ShouldBe((4, 4, 4, 0));
        (total.Yesterday, total.LastWeek).ShouldBe((null, null));
        team.Steps.ShouldHaveSingleItem().Figures.Open.ShouldBe(4);

        // Later: overdue, older, and one done.
        world.Clock.Advance(Duration.FromHours(30));
        await desks[0].DoneAsync(CompleteTask.RunAsync(world.Tasks, desks[0].Next, "Done", [], adjuster));
        total = (await ReadAsync(world)).Total;
        (total.Open, total.Overdue, total.AtRisk, total.OnTrack).ShouldBe((3, 3, 0, 0));
        (total.ArrivedHour, total.UnderDay, total.UnderThreeDays).ShouldBe((0, 0, 3));
        (total.CompletedHour, total.CompletedToday, total.LateToday).ShouldBe((1, 1, 1));
        (total.MostUrgent!.Id, total.Oldest!.Id).ShouldBe((desks[1].Task, desks[1].Task));
        total.Oldest.Reference.ShouldBe("REF-2");
    }

    [Fact]
    public async Task Trends_compare_with_the_snapshots_of_yesterday_and_last_week()
    {
        await using var world = await WithJourneyAsync();
        await world.StartAsync("look", "REF-1");
        await world.StartAsync("look", "REF-2");
        (await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now())).ShouldBe(1);
        (await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now())).ShouldBe(0, "the hour is kept already");
        world.Clock.Advance(Duration.FromDays(1));
        var desks = await DesksAsync(world);
        await desks[0].DoneAsync(CancelTask.RunAsync(world.Tasks, desks[0].Next, "Not needed", await world.PersonAsync("supervisor")));
        await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now());

        var total = (await ReadAsync(world)).Total;
        total.Yesterday.ShouldBe(new BoardPast(2, 2, 0, 0, 0));
        total.LastWeek.ShouldBeNull();

        world.Clock.Advance(Duration.FromDays(6));
        total = (await ReadAsync(world)).Total;
        (total.Yesterday, total.LastWeek).ShouldBe((null, new BoardPast(2, 2, 0, 0, 0)));

        world.Clock.Advance(BoardSnapshots.Kept);
        await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now());
        (await world.ScalarAsync<long>("select count(distinct at) from board_snapshot")).ShouldBe(1);
    }

    [Fact]
    public async Task A_step_that_has_no_tasks_any_more_still_counts_in_the_trend()
    {
        await using var world = await WithJourneyAsync();
        await world.StartAsync("look", "REF-1");
        await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now());
        var desks = await DesksAsync(world);
        await desks[0].DoneAsync(CancelTask.RunAsync(world.Tasks, desks[0].Next, "Not needed", await world.PersonAsync("supervisor")));
        await world.PublishAsync("other", ("sign", Step.Of("Sign it", Step.Outcomes("Done"))));
        await world.StartAsync("other", "REF-2");
        world.Clock.Advance(Duration.FromDays(1));
        await BoardSnapshots.TakeAsync(world.Database, world.Clock.Now());

        var team = (await ReadAsync(world)).Teams.Single();
        (team.Total.Open, team.Total.Yesterday!.Open).ShouldBe((1, 1));
        team.Steps.ShouldHaveSingleItem().Title.ShouldBe("Sign it");
    }

    [Fact]
    public async Task A_team_without_people_and_work_has_zeros()
    {
        await using var world = await WithJourneyAsync();
        var team = (await ReadAsync(world, new Team("nobody", "Nobody", null, []))).Teams.Single();
        team.Total.ShouldBe(BoardFigures.None);
        team.People.ShouldBe(new BoardPeople(0, 0, 0, 0));
        team.Steps.ShouldBeEmpty();
    }

    [Fact]
    public async Task Someone_in_three_teams_counts_once_in_each_and_once_in_all()
    {
        await using var world = await WithJourneyAsync();
        var all = await TeamQueries.ListAsync(world.Database);
        var of = all.Where(team => team.Members.Any(member => member.UserName == "adjuster1")).ToArray();
        of.Length.ShouldBe(3);
        var board = await ReadAsync(world, of);
        board.Teams.Select(team => team.People.Members).ShouldBe(of.Select(team => team.Members.Count));
        board.People.Members.ShouldBe(of.SelectMany(team => team.Members).DistinctBy(member => member.Id).Count());
        board.People.Members.ShouldBeLessThan(board.Teams.Sum(team => team.People.Members));
    }

    [Fact]
    public async Task A_renamed_step_has_its_newest_name()
    {
        await using var world = await WithJourneyAsync();
        await world.StartAsync("look", "REF-1");
        (await ReadAsync(world)).Teams.Single().Steps.Single().Title.ShouldBe("Look at it");
        await world.PublishAsync("look", ("look", Step.Of("Look closely", Step.Outcomes("Done"))));
        (await ReadAsync(world)).Teams.Single().Steps.Single().Title.ShouldBe("Look closely");
    }

    /// <summary>New York changes its clocks on 1 November 2026, at 06:00 UTC.</summary>
    [Fact]
    public void Today_and_yesterday_are_those_of_the_team_or_else_the_reader()
    {
        var now = Instant.FromUtc(2026, 11, 2, 3, 20);
        var newYork = BoardDay.Of(new Team("a", "A", null, []) { TimeZone = "America/New_York" }, DateTimeZone.Utc, now);
        newYork.Today.ShouldBe(Instant.FromUtc(2026, 11, 1, 4, 0), "this day has 25 hours");
        newYork.Yesterday.ShouldBe(Instant.FromUtc(2026, 11, 1, 2, 0), "22:20 in summer time, to the nearest hour");
        var reader = BoardDay.Of(new Team("a", "A", null, []), DateTimeZone.Utc, now);
        (reader.Today, reader.Yesterday, reader.LastWeek).ShouldBe(
            (Instant.FromUtc(2026, 11, 2, 0, 0), Instant.FromUtc(2026, 11, 1, 3, 0), Instant.FromUtc(2026, 10, 26, 3, 0))
        );
    }

    [Fact]
    public async Task What_came_today_depends_on_the_zone_of_the_team()
    {
        await using var world = await WithJourneyAsync();
        await world.StartAsync("look", "REF-1");
        world.Clock.Advance(Duration.FromHours(8));
        var team = (await TeamQueries.ListAsync(world.Database)).Single(t => t.Key == Adjusting);

        // Where it is two in the morning now it became midnight in between; in a zone ten hours behind it did not.
        var hour = world.Clock.Now().InUtc().Hour;
        var changed = DateTimeZone.ForOffset(Offset.FromHours(hour <= 14 ? 2 - hour : 26 - hour));
        var same = hour >= 10 ? "Etc/UTC" : "Etc/GMT-14";
        (await ReadBoard.RunAsync(world.Runtime, [team], changed, world.Clock.Now())).Total.ArrivedToday.ShouldBe(0);
        (await ReadBoard.RunAsync(world.Runtime, [team with { TimeZone = same }], changed, world.Clock.Now())).Total.ArrivedToday.ShouldBe(1);
    }

    private static async Task<World> WithJourneyAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync(
            "look",
            ("look", Step.Of("Look at it", Step.Outcomes("Done"), ("slaDuration", "String", "PT8H"), ("slaUnit", "String", "elapsed")))
        );
        return world;
    }

    private static async Task<TeamBoard> ReadAsync(World world, params Team[] teams) =>
        await ReadBoard.RunAsync(
            world.Runtime,
            teams.Length > 0 ? teams : [.. (await TeamQueries.ListAsync(world.Database)).Where(team => team.Key == Adjusting)],
            DateTimeZone.Utc,
            world.Clock.Now()
        );

    private static async Task<List<Desk>> DesksAsync(World world)
    {
        var tasks = await TaskList.ReadAsync(
            world.Database,
            new() { View = "all", Sort = TaskSort.Oldest },
            await world.PersonAsync("supervisor"),
            world.Clock.Now()
        );
        return [.. tasks.Items.Where(task => !task.IsTest).Select(task => new Desk(world, task.Id, task.Revision))];
    }
}
