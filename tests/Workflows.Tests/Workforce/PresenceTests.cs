using Dapper;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Staff;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Workforce;

/// <summary>What sets a presence, and what it leaves behind. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class PresenceTests
{
    [Fact]
    public async Task A_person_sets_their_presence_with_history_and_asks_their_pushing_teams_for_work()
    {
        await using var world = await World.CreateAsync();
        await world.ScalarAsync<int>("with t as (update team set distribution = 'offer' where key = 'claims-adjusting' returning 1) select 1 from t");
        var sofia = await world.PersonAsync("adjuster2");
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.OffShift, "who never said anything is off shift");

        (await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia)).ShouldBeOfType<PresenceResult.Done>();
        (await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia)).ShouldBeOfType<PresenceResult.Done>("again changes nothing");
        (await Presence(world).SetAsync(sofia.Id, PresenceState.Away, " Meeting ", null, sofia)).ShouldBeOfType<PresenceResult.Done>();

        (await ChangesAsync(world, sofia)).ShouldBe(["Away Meeting Person adjuster2", "Available  Person adjuster2"]);
        (await world.PersonActionsAsync("adjuster2")).Count(action => action == "person.presence").ShouldBe(2);
        (await world.ScalarAsync<string>("select string_agg(team || ' ' || trigger, ', ') from distribution_request where person_id = @Id", sofia)).ShouldBe(
            "claims-adjusting available"
        );
    }

    [Theory]
    [InlineData(PresenceState.Engaged, "", null, "state")]
    [InlineData((PresenceState)17, "", null, "state")]
    [InlineData(null, "", null, "state")]
    [InlineData(PresenceState.Away, "  ", null, "reason")]
    [InlineData(PresenceState.Away, "a\nb", null, "reason")]
    [InlineData(PresenceState.Away, "Break", -1, "until")]
    [InlineData(PresenceState.Away, "Break", 600, "until")]
    [InlineData(PresenceState.Available, "", 1, "until")]
    public async Task What_can_not_be_set_is_refused_with_its_field(PresenceState? state, string reason, int? days, string field)
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        Instant? until = days is { } ahead ? world.Clock.Now() + Duration.FromDays(ahead) : null;
        (await Presence(world).SetAsync(sofia.Id, state, reason, until, sofia)).ShouldBeOfType<PresenceResult.Invalid>().Errors.Keys.ShouldBe([field]);
        (await world.ScalarAsync<int>("select count(*) from presence_change")).ShouldBe(0);
    }

    [Fact]
    public async Task Supervisors_and_leads_set_the_presence_of_their_people_and_tell_them_and_others_can_not()
    {
        await using var world = await World.CreateAsync();
        var (sofia, daniel, supervisor) = (await world.PersonAsync("adjuster2"), await world.PersonAsync("adjuster1"), await world.PersonAsync("supervisor"));
        (await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, daniel)).ShouldBeOfType<PresenceResult.NotFound>();
        (await Presence(world).SetAsync(sofia.Id, PresenceState.Training, "", null, supervisor)).ShouldBeOfType<PresenceResult.Done>();
        (await ChangesAsync(world, sofia)).ShouldBe(["Training  Supervisor supervisor"]);
        (await world.ToldAsync("adjuster2"))
            .ShouldHaveSingleItem()
            .ShouldStartWith("person.presence-changed: Tomás Herrera changed your presence: You are in training now.");
    }

    [Fact]
    public async Task A_shift_makes_available_and_off_shift_and_what_was_set_by_hand_holds_until_its_next_begin_or_end()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await ShiftAsync(world, "adjuster2", 10, 14);
        await ShiftAsync(world, "adjuster2", 14, 15, ShiftKind.Training);

        (await AtAsync(world, 9, sofia)).ShouldBe(PresenceState.OffShift);
        (await AtAsync(world, 10, sofia)).ShouldBe(PresenceState.Available);
        await Presence(world).SetAsync(sofia.Id, PresenceState.Away, "Lunch", null, sofia);
        (await AtAsync(world, 13, sofia)).ShouldBe(PresenceState.Away, "nothing in the plan begins or ends");
        (await AtAsync(world, 14, sofia)).ShouldBe(PresenceState.Training);
        (await AtAsync(world, 15, sofia)).ShouldBe(PresenceState.OffShift);
        (await ChangesAsync(world, sofia)).ShouldBe([
            "OffShift  Shift system",
            "Training  Shift system",
            "Away Lunch Person adjuster2",
            "Available  Shift system",
        ]);
        (await world.ScalarAsync<int>("select count(*) from presence where look_at <= @now", new { now = world.Clock.Now().ToDateTimeUtc() })).ShouldBe(
            0,
            "nothing is left to look at"
        );
    }

    [Fact]
    public async Task Someone_who_is_early_stays_available_through_their_shift()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await ShiftAsync(world, "adjuster2", 10, 14);
        await AtAsync(world, 9, sofia);
        await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        (await AtAsync(world, 10, sofia)).ShouldBe(PresenceState.Available);
        (await AtAsync(world, 14, sofia)).ShouldBe(PresenceState.OffShift);
        (await ChangesAsync(world, sofia)).Count.ShouldBe(2, "the begin of the shift changes nothing");
    }

    [Fact]
    public async Task Removing_the_shift_someone_is_in_makes_them_off_shift()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        var shift = await ShiftAsync(world, "adjuster2", 8, 14);
        (await AtAsync(world, 9, sofia)).ShouldBe(PresenceState.Available, "a shift that has begun counts at once");
        (await world.Get<PlanShifts>().RemoveAsync(shift, await world.PersonAsync("senior1"))).ShouldBeOfType<ShiftResult.Done>();
        (await AtAsync(world, 9, sofia)).ShouldBe(PresenceState.OffShift);
    }

    [Fact]
    public async Task An_absence_is_leave_and_ends_in_what_the_shift_plan_says()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await ShiftAsync(world, "adjuster2", 9, 17);
        var absences = world.Get<Substitutions>();
        var arranged = await absences.ArrangeAsync(null, "adjuster1", At(world, 10), At(world, 12), "Dentist", sofia);
        (await AtAsync(world, 9, sofia)).ShouldBe(PresenceState.Available);
        (await AtAsync(world, 10, sofia)).ShouldBe(PresenceState.Leave);
        await absences.EndAsync(arranged.ShouldBeOfType<SubstitutionResult.Arranged>().Id, sofia);
        (await AtAsync(world, 11, sofia)).ShouldBe(PresenceState.Available, "the absence ended early, in the middle of the shift");
        (await ChangesAsync(world, sofia)).ShouldBe(["Available  Shift system", "Leave  Absence system", "Available  Shift system"]);
    }

    [Fact]
    public async Task A_break_with_an_end_ends_by_itself()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await Presence(world).SetAsync(sofia.Id, PresenceState.Away, "Break", world.Clock.Now() + Duration.FromMinutes(15), sofia);
        world.Clock.Advance(Duration.FromMinutes(14));
        await Presence(world).SweepAsync(100);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Away);
        world.Clock.Advance(Duration.FromMinutes(1));
        await Presence(world).SweepAsync(100);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available);
    }

    [Fact]
    public async Task Silence_makes_away_after_the_grace_and_a_page_that_connects_makes_available_again()
    {
        await using var world = await World.CreateAsync();
        var (sofia, daniel) = (await world.PersonAsync("adjuster2"), await world.PersonAsync("adjuster1"));
        await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        await Presence(world).SetAsync(daniel.Id, PresenceState.Available, null, null, daniel);
        await Presence(world).SeenAsync(sofia);
        for (var minute = 0; minute < 8; minute++)
        {
            world.Clock.Advance(Duration.FromMinutes(1));
            await Presence(world).SeenAsync(sofia);
            await Presence(world).SweepAsync(100);
        }

        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available, "her page is connected");
        (await world.PresenceAsync(daniel)).State.ShouldBe(PresenceState.Available, "who works without pages is not silent");
        world.Clock.Advance(Orchestration.Workflows.Workforce.Presence.Grace - Duration.FromSeconds(1));
        await Presence(world).SweepAsync(100);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available);
        world.Clock.Advance(Duration.FromSeconds(1));
        await Presence(world).SweepAsync(100);
        var away = await world.PresenceAsync(sofia);
        (away.State, away.Reason, away.Cause).ShouldBe((PresenceState.Away, "No page open", PresenceCause.Silence));

        await Presence(world).SeenAsync(sofia);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available);
    }

    [Fact]
    public async Task Signing_out_is_off_shift_and_signing_in_during_the_shift_is_available()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await ShiftAsync(world, "adjuster2", 8, 14);
        await AtAsync(world, 9, sofia);
        await Presence(world).SignedOutAsync(sofia);
        (await AtAsync(world, 10, sofia)).ShouldBe(PresenceState.OffShift, "the plan doesn't contradict someone who left");
        await Presence(world).SeenAsync(sofia);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available);
    }

    [Fact]
    public async Task Two_missed_offers_in_a_row_make_away_and_tell_why()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        (await MissAsync(world, sofia)).ShouldBe(0);
        await using (var answered = await world.Database.OpenConnectionAsync())
        await using (var batch = answered.CreateBatch())
        {
            batch.BatchCommands.Add(Orchestration.Workflows.Workforce.Presence.OfferAnswered(sofia.Id));
            await batch.ExecuteNonQueryAsync();
        }

        (await MissAsync(world, sofia)).ShouldBe(0, "an answer in between begins the count anew");
        (await MissAsync(world, sofia)).ShouldBe(2);
        var away = await world.PresenceAsync(sofia);
        (away.State, away.Cause).ShouldBe((PresenceState.Away, PresenceCause.MissedOffers));
        (await world.ToldAsync("adjuster2")).ShouldHaveSingleItem().ShouldContain("You let 2 offers in a row expire.");
    }

    [Fact]
    public async Task Someone_available_is_engaged_while_they_work_on_a_task_and_nowhere_else_is_it_stored()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Check", Step.Outcomes("Done"))));
        var sofia = await world.PersonAsync("adjuster2");
        await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, sofia));
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Available, "reserved is not work yet");
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, sofia));
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Engaged);
        await Presence(world).SetAsync(sofia.Id, PresenceState.Away, "Break", null, sofia);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.Away);
        (await ChangesAsync(world, sofia)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Someone_deactivated_is_off_shift()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        (await world.DeactivateAsync("adjuster2")).ShouldBeOfType<StaffResult.Done>();
        await Presence(world).SweepAsync(100);
        (await world.PresenceAsync(sofia)).State.ShouldBe(PresenceState.OffShift);
        (await Presence(world).SetAsync(sofia.Id, PresenceState.Available, null, null, sofia)).ShouldBeOfType<PresenceResult.NotFound>();
    }

    [Fact]
    public async Task Many_hosts_that_look_at_once_change_a_presence_once()
    {
        await using var world = await World.CreateAsync();
        await using var other = await world.AnotherHostAsync();
        var sofia = await world.PersonAsync("adjuster2");
        await ShiftAsync(world, "adjuster2", 9, 14);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Presence(i % 2 == 0 ? world : other).SweepAsync(100)));
        (await ChangesAsync(world, sofia)).ShouldBe(["Available  Shift system"]);
    }

    private static Presence Presence(World world) => world.Get<Presence>();

    private static Instant At(World world, int hour) => world.Clock.Now().InUtc().Date.At(new LocalTime(hour, 0)).InUtc().ToInstant();

    /// <summary>The state at this hour, after the job ran.</summary>
    private static async Task<PresenceState> AtAsync(World world, int hour, Person person)
    {
        if (At(world, hour) > world.Clock.Now())
            world.Clock.Set(At(world, hour));
        await Presence(world).SweepAsync(100);
        return (await world.PresenceAsync(person)).State;
    }

    private static async Task<Guid> ShiftAsync(World world, string person, int from, int until, ShiftKind kind = ShiftKind.Work) =>
        (await world.Get<PlanShifts>().AddAsync([new(person, At(world, from), At(world, until), kind)], await world.PersonAsync("supervisor")))
            .ShouldBeOfType<ShiftResult.Done>()
            .Added.Single();

    private static async Task<int> MissAsync(World world, Person person)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var changes = await Orchestration.Workflows.Workforce.Presence.MissedOfferAsync(connection, person.Id, world.Clock.Now());
        await transaction.CommitAsync();
        return changes.Count;
    }

    private static async Task<IReadOnlyList<string>> ChangesAsync(World world, Person person) =>
        [.. (await PresenceQueries.ChangesAsync(world.Database, person.Id, 100)).Select(c => $"{c.State} {c.Reason} {c.Cause} {c.ChangedBy}")];
}

internal static class PresenceOf
{
    public static async Task<PresenceStatus> PresenceAsync(this World world, Person person) =>
        (await PresenceQueries.OfAsync(world.Database, person.Id, world.Clock.Now()))!;
}
