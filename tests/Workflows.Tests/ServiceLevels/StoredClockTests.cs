using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Calendars;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>What can be written can be read back; what can't be read all the same stops nothing but itself.</summary>
public sealed class StoredClockTests
{
    private static readonly LadderAction[] Tell = [new LadderAction.Notify(LadderTarget.Owner)];

    /// <summary>What may be made of a policy: some of it makes sense, some does not.</summary>
    private static readonly Func<SlaPolicy, SlaPolicy>[] Changes =
    [
        policy => policy,
        policy => policy with { Target = SlaTarget.Zero },
        policy => policy with { Target = SlaTarget.Weeks(2) },
        policy => policy with { Target = SlaTarget.WorkingTime(Duration.FromHours(8)) },
        policy => policy with { Direction = ClockDirection.Backward, AnchorFact = "closing" },
        policy => policy with { Direction = ClockDirection.Backward, AnchorFact = null },
        policy => policy with { Direction = ClockDirection.Forward, AnchorFact = null },
        policy => policy with { AnchorFact = "closing" },
        policy => policy with { Wait = WaitEnd.OpensOn },
        policy => policy with { Wait = WaitEnd.EndsAfter },
        policy => policy with { Name = "" },
        policy => policy with { Name = "Prüfung „heute“ \u2028 <b>" },
        policy => policy with { Name = new string('n', 201) },
        policy => policy with { Name = "a\0b" },
        policy => policy with { Name = "\ud800" },
        policy => policy with { Version = 0 },
        policy => policy with { Calendar = new string('c', 101) },
        policy => policy with { Pausable = false },
        policy => policy with { Pausable = true, PauseReasons = ["waiting"] },
        policy => policy with { PauseReasons = ["waiting", ""] },
        policy => policy with { Reset = policy.Stop },
        policy => policy with { Recurrence = new(SlaTarget.Zero, false) },
        policy => policy with { Recurrence = new(SlaTarget.Weeks(1), true), Reset = policy.Stop },
        policy => policy with { Ladder = [] },
        policy => policy with { Ladder = [new LadderRung(400, null, null, Tell)] },
        policy => policy with { Ladder = [new LadderRung(50, null, null, Tell), new LadderRung(50, null, null, Tell)] },
        policy => policy with { Ladder = [new LadderRung(null, SlaTarget.Zero, null, Tell)] },
        policy => policy with { Start = policy.Start with { Events = [] } },
        policy => policy with { Stop = policy.Stop with { At = "sentOn" } },
    ];

    [Fact]
    public void Every_clock_that_can_be_written_can_be_read()
    {
        var (written, refused) = (0, 0);
        Laws.Hold(
            from policy in Policies
            from status in Gen.Elements(Enum.GetValues<ClockStatus>())
            from odd in Gen.Choose(0, 14)
            select Stored(policy, status, odd),
            clock =>
            {
                string text;
                try
                {
                    text = ClockJson.Write(clock);
                }
                catch (JsonException)
                {
                    refused++;
                    return;
                }

                written++;
                ClockJson.TryRead(Encoding.UTF8.GetBytes(text), out var read).ShouldBeTrue(text);
                ClockJson.Write(read!).ShouldBe(text);
            }
        );
        written.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task Every_policy_and_calendar_that_can_be_saved_is_in_force()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (admin, catalog, number) = (await world.PersonAsync("admin"), world.Get<ServiceLevelCatalog>(), 0);
        Laws.Hold(
            from policy in Policies
            from calendar in RandomCalendar.Any
            select (policy, calendar),
            made =>
            {
                var id = $"made-{++number}";
                var calendar = JsonNode.Parse($$"""{ "id": "{{id}}", "name": "C", {{made.calendar.Hours}}, "holidays": [ {{made.calendar.Holidays}} ] }""")!;
                Save(SettingKind.Calendar, id, calendar).ShouldBeOfType<SaveServiceLevelResult.Saved>();
                catalog.Calendars[id].HolidaysIn(2026).ShouldBe(made.calendar.Calendar.HolidaysIn(2026));

                var policy = JsonNode.Parse((made.policy with { Id = id }).ToJson())!;
                var saved = Save(SettingKind.Sla, id, policy) is SaveServiceLevelResult.Saved;
                catalog.Policies.ContainsKey(id).ShouldBe(saved);
                if (saved)
                    ClockJson.Write(Stored(catalog.Policies[id], ClockStatus.Running, 0)).ShouldNotBeEmpty();
            },
            oneOf: 20
        );

        SaveServiceLevelResult Save(string kind, string id, JsonNode document) =>
            SaveServiceLevel
                .RunAsync(world.Get<SettingDocuments>(), catalog, kind, id, 0, document.AsObject(), admin, world.Clock.GetCurrentInstant())
                .GetAwaiter()
                .GetResult();
    }

    [Theory]
    [InlineData("PT0S")]
    [InlineData("P0D")]
    [InlineData("PT0M")]
    [InlineData("PT0H")]
    public async Task A_step_that_may_take_no_time_is_not_published_and_is_an_incident_when_an_expression_says_so(string duration)
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        (await PublishAsync(world, "literal", Step.Of("Look", ("slaDuration", "String", duration))))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.Single()
            .Reason.ShouldContain("greater than zero");

        var expression = $$"""
            {{Step.Of("Look")}}, "slaDuration": { "typeName": "String", "expression": { "type": "JavaScript", "value": "'{{duration}}'" } }
            """;
        (await PublishAsync(world, "computed", expression)).ShouldBeOfType<PublishResult.Published>();
        var id = await world.StartAsync("computed");
        (await world.ScalarAsync<int>("select count(*)::int from task where instance_id = @id", new { id })).ShouldBe(0);
        var supervisor = await world.PersonAsync("supervisor");
        (await CaseQueries.FindAsync(world.Runtime, id, supervisor))
            .ShouldNotBeNull()
            .Incidents.Single()
            .ShouldSatisfyAllConditions(i => i.ActivityId.ShouldBe("look"), i => i.Message.ShouldContain("greater than zero"));
    }

    [Fact]
    public async Task Clocks_that_can_not_be_read_stop_no_other_no_verb_and_not_the_end_of_their_case()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (admin, supervisor, now) = (await world.PersonAsync("admin"), await world.PersonAsync("supervisor"), world.Clock.GetCurrentInstant());
        foreach (var (policy, subject) in new[] { ("own", "task"), ("whole", "case") })
        {
            var document = JsonNode.Parse(
                $$"""
                { "id": "{{policy}}", "name": "Own", "subject": "{{subject}}", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" },
                  "ladder": [] }
                """
            )!;
            (
                await SaveServiceLevel.RunAsync(
                    world.Get<SettingDocuments>(),
                    world.Get<ServiceLevelCatalog>(),
                    SettingKind.Sla,
                    policy,
                    0,
                    document.AsObject(),
                    admin,
                    now
                )
            ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        }

        (await PublishAsync(world, "look", Step.Of("Look", ("slaPolicy", "String", "own")))).ShouldBeOfType<PublishResult.Published>();
        var broken = await world.StartAsync("look", "REF-1");
        var sound = await world.StartAsync("look", "REF-2");
        (
            await world.ScalarAsync<int>(
                """
                with broken as (update sla_clock set state = replace(state::text, 'PT8H', 'PT0S')::json where instance_id = @broken returning 1)
                select count(*)::int from broken
                """,
                new { broken }
            )
        ).ShouldBe(2);

        foreach (var (scope, skipped) in new[] { (new RecomputeScope(Policy: "own"), 1), (new RecomputeScope(Calendar: "24x7"), 2) })
        {
            var answer = (await RecomputeClocks.RunAsync(world.Get<ClockRuntime>(), scope, "test", store: true, supervisor)).ShouldNotBeNull();
            answer.Looked.ShouldBe(skipped, "those of the other case");
            answer.Skipped.Select(c => c.CaseId).Distinct().ShouldBe([broken]);
            answer.Skipped.Count.ShouldBe(skipped);
        }

        var desk = await Desk.AtAsync(world, broken);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")));
        var lost = await ClockQueries.AllOfCaseAsync(world.Database, broken);
        lost.Clocks.ShouldBeEmpty();
        lost.Lost.Select(clock => (clock.Policy, clock.TaskId is null, clock.Status))
            .ShouldBe([("own", false, ClockStatus.Running), ("whole", true, ClockStatus.Running)], ignoreOrder: true);
        await world.Get<Escalate>().RunAsync();
        (await JobQueries.FailingAsync(world.Database, 10)).Select(row => row.InstanceId).ShouldBe([broken, broken], "they are named before a rung is due");

        world.Clock.Advance(Duration.FromHours(9));
        await world.Get<Escalate>().RunAsync();
        (await ClockQueries.AllOfCaseAsync(world.Database, sound)).Clocks.ShouldAllBe(c => c.State.Breached);

        (await CancelCase.RunAsync(world.Runtime, broken, "mistake", supervisor)).ShouldBe(CancelCaseResult.Cancelled);
        (await world.ScalarAsync<string>("select string_agg(distinct status, ' ') from sla_clock where instance_id = @broken", new { broken })).ShouldBe(
            "Cancelled"
        );
        (await world.ScalarAsync<int>("select count(*)::int from deadline where instance_id = @broken", new { broken })).ShouldBe(0);
        (await world.ActionsAsync(broken)).Count(action => action == "sla.cancelled").ShouldBe(2);
    }

    [Fact]
    public async Task A_calendar_and_a_policy_that_can_not_be_read_are_named_and_stop_no_other()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var catalog = world.Get<ServiceLevelCatalog>();
        catalog.Unreadable.ShouldBeEmpty();
        foreach (var (kind, name) in new[] { (SettingKind.Calendar, "us-alaska"), (SettingKind.Sla, "claims-settle") })
            (
                await world.ScalarAsync<int>(
                    """
                    with broken as (update setting_document set document = '{}' where kind = @kind and name = @name returning 1)
                    select count(*)::int from broken
                    """,
                    new { kind, name }
                )
            ).ShouldBe(1, name);
        var before = (catalog.Calendars.Count, catalog.Policies.Count);

        await catalog.LoadAsync();

        catalog.Unreadable.ShouldContain(one => one.Kind == SettingKind.Calendar && one.Name == "us-alaska" && one.Version == 1 && one.Reason.Length > 0);
        catalog.Unreadable.ShouldContain(one => one.Kind == SettingKind.Sla && one.Name == "claims-settle");
        (catalog.Calendars.Count + 1, catalog.Policies.Count + catalog.Unreadable.Count - 1).ShouldBe(before, "policies need their calendar");
    }

    private static async Task<PublishResult> PublishAsync(World world, string id, string step) =>
        await world.Runtime.Definitions.PublishAsync(
            new(
                id,
                Encoding.UTF8.GetBytes(
                    $$"""
                    { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1,
                      "activities": [ { "id": "look", "type": "Orchestration.HumanTask", "version": 1, {{step}} } ] } }
                    """
                ),
                "designer"
            ),
            "test",
            world.Clock.Now()
        );

    private static Gen<SlaPolicy> Policies =>
        from shipped in Gen.Elements("claims-settle", "us-trid-closing-waiting-period", "us-ca-claims-status-letter", "us-trid-closing-disclosure-mailed")
        from changes in Gen.Elements(Changes).ArrayOf(2)
        select changes.Aggregate(SlaPolicyTests.Policy(shipped), (policy, change) => change(policy));

    /// <summary>A clock of a policy, whole or with one thing wrong.</summary>
    private static ClockState Stored(SlaPolicy policy, ClockStatus status, int odd)
    {
        var at = Instant.FromUtc(2026, 6, 1, 9, 0);
        var ended = status is ClockStatus.Completed or ClockStatus.Cancelled;
        return new()
        {
            Policy = policy,
            CalendarFingerprint = "f",
            Generation = odd == 1 ? 0 : 1,
            Status = status,
            StartedAt = at,
            AnchorAt = policy.Direction == ClockDirection.Backward && odd != 2 ? at : null,
            OriginalDueAt = at,
            DueAt = status == ClockStatus.Paused || odd == 3 ? null : at,
            EndedAt = ended != (odd == 4) ? at : null,
            Segments =
                odd == 5 ? []
                : odd == 6 ? [new(at, null, true, "opened", Duration.Zero), new(at, null, true, "opened", Duration.Zero)]
                : [new(at, null, true, "opened", Duration.Zero)],
            Used = Duration.Zero,
            Total = Duration.FromHours(1),
        };
    }
}
