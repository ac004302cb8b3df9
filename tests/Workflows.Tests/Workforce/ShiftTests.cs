using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tests.Staff;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Workforce;

/// <summary>The shift plan. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class ShiftTests
{
    private static readonly DateTimeZone London = DateTimeZoneProviders.Tzdb["Europe/London"];

    [Fact]
    public async Task Everything_that_is_wrong_is_told_at_once_and_nothing_is_planned()
    {
        await using var world = await World.CreateAsync();
        var wrong = await PlanAsync(
            world,
            "senior1",
            new("adjuster1", At("2026-06-01T08:00Z"), At("2026-06-01T16:00Z")),
            new("adjuster1", At("2026-06-01T15:00Z"), At("2026-06-01T18:00Z")),
            new("processor1", At("2026-06-01T08:00Z"), At("2026-06-01T16:00Z")),
            new("nobody", At("2026-06-01T08:00Z"), At("2026-06-01T07:00Z")),
            new("adjuster2", At("2026-06-01T08:00Z"), At("2026-06-02T09:00Z")),
            new("adjuster2", At("2028-06-01T08:00Z"), null, null)
        );
        wrong
            .ShouldBeOfType<ShiftResult.Invalid>()
            .Errors.Select(e => $"{e.Index} {e.Field}: {e.Reason}")
            .ShouldBe([
                "1 from: The shift overlaps another one of the same person.",
                "2 person: “processor1” is not the user name of an active person whose shifts you can plan.",
                "3 person: “nobody” is not the user name of an active person whose shifts you can plan.",
                "3 until: The end must be after the start.",
                "4 until: A shift has at most 24 hours.",
                "5 from: The start must be at most a month ago, and at most 400 days ahead.",
                "5 until: The end is missing.",
                "5 kind: The kind must be Work or Training.",
            ]);
        (await world.ScalarAsync<int>("select count(*) from shift")).ShouldBe(0);
    }

    [Fact]
    public async Task Planning_the_same_again_adds_nothing_and_history_has_each_shift_once()
    {
        await using var world = await World.CreateAsync();
        var shift = new PlannedShift("adjuster1", At("2026-06-02T08:00Z"), At("2026-06-02T16:00Z"));
        (await PlanAsync(world, "supervisor", shift)).ShouldBeOfType<ShiftResult.Done>().Added.Count.ShouldBe(1);
        (await PlanAsync(world, "supervisor", shift)).ShouldBeOfType<ShiftResult.Done>().Added.ShouldBeEmpty();
        (await world.PersonActionsAsync("adjuster1")).Count(a => a == "person.shift-planned").ShouldBe(1);
    }

    [Fact]
    public async Task A_week_is_copied_at_the_same_times_of_day_when_the_clocks_change_in_between()
    {
        await using var world = await World.CreateAsync();
        world.Clock.Set(At("2026-10-20T09:00Z"));
        await PlanAsync(world, "supervisor", new PlannedShift("adjuster1", At("2026-10-21T07:00Z"), At("2026-10-21T15:30Z"), ShiftKind.Training));
        var plan = world.Get<PlanShifts>();
        var (lead, week) = (await world.PersonAsync("supervisor"), new LocalDate(2026, 10, 21));
        (await plan.CopyAsync("claims-adjusting", week, week.PlusDays(7), London, lead)).ShouldBeOfType<ShiftResult.Done>().Added.Count.ShouldBe(1);
        (await plan.CopyAsync("claims-adjusting", week, week.PlusDays(2), London, lead)).ShouldBeOfType<ShiftResult.Invalid>("the same week");
        (await plan.CopyAsync("claims-adjusting", week, week.PlusDays(7), London, await world.PersonAsync("adjuster1"))).ShouldBeOfType<ShiftResult.NotFound>();
        var copied = (await Shift.ListAsync(world.Database, ["claims-adjusting"], At("2026-10-26T00:00Z"), At("2026-11-02T00:00Z"))).Single();
        (copied.From, copied.Until, copied.Kind).ShouldBe((At("2026-10-28T08:00Z"), At("2026-10-28T16:30Z"), ShiftKind.Training), "8:00 stays 8:00 in winter");
    }

    [Fact]
    public async Task A_file_is_planned_in_its_zone_and_its_errors_are_told_by_line_all_at_once()
    {
        await using var world = await World.CreateAsync();
        var plan = world.Get<PlanShifts>();
        var lead = await world.PersonAsync("supervisor");
        const string Wrong = """
            user_name,date,from,until,kind
            adjuster1,2026-06-02,08:00,16:30,Work
            adjuster1,02.06.2026,08:00,soon,Play
            nobody,2026-06-02,08:00,16:30,
            adjuster1,2026-06-02,12:00,18:00,
            """;
        (await ImportShifts.RunAsync(plan, Wrong, London, lead))
            .ShouldBeOfType<ShiftResult.WrongFile>()
            .Errors.Select(e => $"{e.Line} {e.Column}: {e.Reason}")
            .ShouldBe([
                "3 date: “02.06.2026” is not a date like 2026-06-01.",
                "3 until: “soon” is not a time like 08:30.",
                "3 kind: “Play” is not Work or Training.",
                "4 user_name: “nobody” is not the user name of an active person whose shifts you can plan.",
                "5 from: The shift overlaps another one of the same person.",
            ]);
        (await world.ScalarAsync<int>("select count(*) from shift")).ShouldBe(0);

        (await ImportShifts.RunAsync(plan, ImportShifts.Sample, London, lead)).ShouldBeOfType<ShiftResult.Done>().Added.Count.ShouldBe(3);
        (await ImportShifts.RunAsync(plan, ImportShifts.Sample, London, lead)).ShouldBeOfType<ShiftResult.Done>().Added.ShouldBeEmpty();
        var shifts = await Shift.ListAsync(world.Database, ["claims-adjusting"], At("2026-06-01T00:00Z"), At("2026-06-05T00:00Z"));
        shifts
            .Select(s => $"{s.UserName} {s.From} {s.Until} {s.Kind}")
            .ShouldBe([
                "adjuster1 2026-06-01T07:00:00Z 2026-06-01T15:30:00Z Work",
                "adjuster2 2026-06-01T21:00:00Z 2026-06-02T05:00:00Z Work",
                "adjuster2 2026-06-03T08:00:00Z 2026-06-03T11:00:00Z Training",
            ]);
    }

    [Theory]
    // New York skips 2:00 to 3:00 on 14 March 2027: a skipped time is as much later as the clocks were moved.
    [InlineData("2027-03-14", "02:30", "10:00", "2027-03-14T07:30Z", "2027-03-14T14:00Z")]
    [InlineData("2027-03-13", "22:00", "02:30", "2027-03-14T03:00Z", "2027-03-14T07:30Z")]
    // It repeats 1:00 to 2:00 on 1 November 2026: the first of both is meant.
    [InlineData("2026-11-01", "01:30", "09:00", "2026-11-01T05:30Z", "2026-11-01T14:00Z")]
    [InlineData("2026-10-31", "22:00", "01:30", "2026-11-01T02:00Z", "2026-11-01T05:30Z")]
    public async Task A_file_with_times_that_the_clocks_skip_or_repeat_is_planned(string date, string from, string until, string begins, string ends)
    {
        await using var world = await World.CreateAsync();
        var file = $"user_name,date,from,until,kind\nadjuster1,{date},{from},{until},Work\n";

        (await ImportShifts.RunAsync(world.Get<PlanShifts>(), file, DateTimeZoneProviders.Tzdb["America/New_York"], await world.PersonAsync("supervisor")))
            .ShouldBeOfType<ShiftResult.Done>()
            .Added.ShouldHaveSingleItem();

        var shift = (await Shift.ListAsync(world.Database, ["claims-adjusting"], At(begins) - Duration.FromDays(1), At(ends) + Duration.FromDays(1))).Single();
        (shift.From, shift.Until).ShouldBe((At(begins), At(ends)));
    }

    private static async Task<ShiftResult> PlanAsync(World world, string actor, params PlannedShift[] shifts) =>
        await world
            .Get<PlanShifts>()
            .AddAsync(shifts, await world.PersonAsync(actor) with { Roles = [actor == "senior1" ? Roles.Employee : Roles.Supervisor] });

    private static Instant At(string text) =>
        OffsetDateTimePattern.CreateWithInvariantCulture("uuuu'-'MM'-'dd'T'HH':'mmo<Z+HH:mm>").Parse(text).Value.ToInstant();
}
