using Dapper;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Performance;

/// <summary>Figures that follow history. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class FiguresTests
{
    private static readonly LocalDate Monday = new(2026, 6, 1);

    [Fact]
    public async Task A_small_history_has_the_figures_that_one_computes_by_hand()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First", ("effort", "Int32", 30))), ("b", Step.Of("Second")));
        var (one, two) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var id = await world.StartAsync("j");

        // First: 10 minutes unassigned, 5 claimed, 20 worked, 60 suspended, 10 worked = 105 minutes, in two goes.
        var first = await Desk.AtAsync(world, id);
        Wait(world, 10);
        await first.DoneAsync(ClaimTask.RunAsync(world.Tasks, first.Next, one));
        Wait(world, 5);
        await first.DoneAsync(StartTask.RunAsync(world.Tasks, first.Next, one));
        Wait(world, 20);
        await first.DoneAsync(SuspendTask.RunAsync(world.Tasks, first.Next, "waitingForCustomer", null, null, one));
        Wait(world, 60);
        await first.DoneAsync(ResumeTask.RunAsync(world.Tasks, first.Next, one));
        Wait(world, 10);
        await first.DoneAsync(CompleteTask.RunAsync(world.Tasks, first.Next, null, [], one));

        // Second: sent back by someone who has had it for 15 minutes.
        var second = await Desk.AtAsync(world, id);
        await second.DoneAsync(ClaimTask.RunAsync(world.Tasks, second.Next, two));
        Wait(world, 15);
        await second.DoneAsync(ReturnTask.RunAsync(world.Tasks, second.Next, "a", "incomplete", null, two));
        await KeepAsync(world);

        (await FactsAsync(world)).ShouldBe([
            "a adjuster1 Completed waiting 900 working 1800 suspended 3600 touches 2 returned",
            "b adjuster2 Returned waiting 900 working 0 suspended 0 touches 0",
            "a  open waiting 0 working 0 suspended 0 touches 0",
        ]);
        var report = await ReadAsync(world, new(Monday, Monday.PlusDays(6)));
        Value(report.Total, "arrivals").ShouldBe(3);
        Value(report.Total, "throughput").ShouldBe(1);
        Value(report.Total, "backlog").ShouldBe(1);
        Value(report.Total, "rightFirstTime").ShouldBe(0);
        Value(report.Total, "touches").ShouldBe(2);
        Value(report.Total, "effort").ShouldBe(1);
        Value(report.Total, "cycle")!.Value.ShouldBe(105 * 60, 105 * 60 * 0.19);
        Value(report.Total, "cases").ShouldBe(1);
        report.Rows.Select(r => (r.Key, r.Title, Value(r.Figures, "backlog"))).ShouldBe([("a", "First", 1), ("b", "Second", 0)]);
        var own = await ReadAsync(world, new(Monday, Monday.PlusDays(6)) { Person = one.Id, ByWeek = false });
        Value(own.Total, "throughput").ShouldBe(1);
        Value(own.Total, "backlog").ShouldBeNull("nobody's backlog is a person's");
        own.Periods.Count.ShouldBe(7);

        var days = new FigureQuery(Monday, Monday.PlusDays(6)) { ByWeek = false, IsTotalOnly = true };
        var (all, rest) = ((await ReadAsync(world, days)).Total, (await ReadAsync(world, days with { IsWithoutBacklog = true })).Total);
        (Value(all, "backlog"), Value(rest, "backlog")).ShouldBe((1, null));
        foreach (var kpi in Kpi.All.Where(kpi => kpi.Key != "backlog"))
            kpi.Of(rest).ShouldBe(kpi.Of(all), kpi.Key);
        var none = await ReadAsync(world, new(Monday, Monday) { Teams = ["claims-payments"] });
        Kpi.All.ShouldAllBe(kpi => kpi.Unit == KpiUnit.Count || kpi.Of(none.Total).Value == null, "nothing is divided by nothing");
    }

    [Fact]
    public async Task Figures_that_followed_in_any_steps_on_two_hosts_equal_those_computed_anew()
    {
        await using var world = await World.CreateAsync();
        await using var other = await world.AnotherHostAsync();
        await world.LoadShippedAsync();
        await other.Runtime.Definitions.LoadPublishedAsync();
        await world.PublishAsync("j", ("a", Step.Of("First", ("effort", "Int32", 30))), ("b", Step.Of("Second", ("team", "String", "claims-payments"))));
        var random = new Random(7);
        var (one, two) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var presence = world.Get<Presence>();
        for (var number = 0; number < 12; number++)
        {
            await (number % 3 == 0 ? world.StartAsync("complaint", $"CMP-{number}", ComplaintInput()) : world.StartAsync("j", $"REF-{number}"));
            // Each change of presence ends the one before it.
            var state = number % 2 == 0 ? PresenceState.Available : PresenceState.Training;
            (await presence.SetAsync(one.Id, state, null, null, one)).ShouldBeOfType<PresenceResult.Done>();
            if (random.Next(2) == 0)
                await presence.SetAsync(two.Id, state, null, null, two);

            for (var act = 0; act < 6; act++)
            {
                await ActAsync(world, random.Next(2) == 0 ? one : two, random);
                Wait(world, random.Next(200));
                if (random.Next(3) == 0)
                    await (random.Next(2) == 0 ? world : other).Get<KeepFigures>().StepAsync(random.Next(1, 30));
            }
        }

        await Task.WhenAll(KeepAsync(world), KeepAsync(other), KeepAsync(world));
        var followed = await DumpAsync(world);
        followed.Count.ShouldBeGreaterThan(100);
        followed.ShouldContain(line => line.StartsWith("presence_day", StringComparison.Ordinal));
        await world.Get<KeepFigures>().RebuildAsync();
        (await DumpAsync(world)).ShouldBe(followed);
        foreach (var group in Enum.GetValues<FigureGroup>())
        {
            var days = await ReadAsync(world, new(Monday, Monday.PlusDays(27)) { Group = group });
            var weeks = await ReadAsync(world, new(Monday, Monday.PlusDays(27)) { Group = group, IsOfWholeWeeks = true });
            weeks.Rows.Select(Line).ShouldBe(days.Rows.Select(Line), "weeks are their days");
            weeks.Periods.Select(p => Line(new("", "", "", p.Figures))).ShouldBe(days.Periods.Select(p => Line(new("", "", "", p.Figures))));
        }

        (await world.ScalarAsync<long>("select count(*) from performance_day where count = 0 and total = 0")).ShouldBe(0);

        // The sums are those of the facts, which are in another table.
        (
            await world.ScalarAsync<long>(
                "select sum(count)::bigint from performance_day where span = 1 and measure = 12 and person_id = @Empty",
                new { Guid.Empty }
            )
        ).ShouldBe(await world.ScalarAsync<long>("select count(*) from step_fact where ended_as = 'Completed'"));
    }

    [Fact]
    public async Task The_backlog_is_as_long_as_the_list_behind_it()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First")));
        var first = await world.StartAsync("j", "REF-1");
        await world.StartAsync("j", "REF-2");
        world.Clock.Advance(Duration.FromDays(1));
        await world.StartAsync("j", "REF-3");
        var daniel = await world.PersonAsync("adjuster1");
        var desk = await Desk.AtAsync(world, first);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, daniel));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], daniel));
        await KeepAsync(world);
        foreach (var (day, references) in new[] { (-1, ""), (0, "REF-1 REF-2"), (1, "REF-2 REF-3") })
        {
            var query = new FigureQuery(Monday.PlusDays(day), Monday.PlusDays(day)) { Journey = "j" };
            var open = new List<string?>();
            await foreach (var row in StepFactList.ReadAsync(world.Database, query, FactFilter.Open, DateTimeZone.Utc, 10))
                open.Add(row.Reference);
            string.Join(' ', open).ShouldBe(references);
            Value((await ReadAsync(world, query)).Total, "backlog").ShouldBe(open.Count);
        }

        var done = new List<StepFactRow>();
        await foreach (var row in StepFactList.ReadAsync(world.Database, new(Monday, Monday.PlusDays(1)), FactFilter.Completed, DateTimeZone.Utc, 10))
            done.Add(row);
        done.ShouldHaveSingleItem().Reference.ShouldBe("REF-1");
    }

    [Fact]
    public async Task An_event_that_commits_after_later_ones_is_counted_and_once()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First")));
        var late = await world.StartAsync("j", "REF-LATE");
        await KeepAsync(world);
        Value((await ReadAsync(world, new(Monday, Monday))).Total, "arrivals").ShouldBe(1);

        await using var connection = await world.Database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into event (chain_id, sequence, at, actor, action, entity, entity_id, revision, activity_id, leaf, salt, payload)
                values (@late, 900, @At, 'system', 'task.opened', 'task', replace(gen_random_uuid()::text, '-', ''), 1, 'a', '', '', '{"title":"Late"}')
                """,
                new { late, At = world.Clock.GetCurrentInstant().ToDateTimeUtc() }
            );
            await world.StartAsync("j", "REF-2");
            await world.Get<KeepFigures>().RunAsync();
            await transaction.CommitAsync();
        }

        await KeepAsync(world);
        await KeepAsync(world);
        Value((await ReadAsync(world, new(Monday, Monday))).Total, "arrivals").ShouldBe(3);
    }

    [Fact]
    public async Task A_person_in_three_teams_counts_once_for_each_and_once_in_the_total()
    {
        await using var world = await World.CreateAsync();
        var daniel = await world.PersonAsync("adjuster1");
        string[] teams = ["claims-intake", "claims-adjusting", "claims-payments"];
        await world.PublishAsync("j", [.. teams.Select(team => (team, Step.Of($"For {team}", ("team", "String", team))))]);
        var id = await world.StartAsync("j");
        foreach (var team in teams)
        {
            var desk = await Desk.AtAsync(world, id, team);
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, daniel));
            Wait(world, 5);
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], daniel));
        }

        await world.Get<Presence>().SetAsync(daniel.Id, PresenceState.Available, null, null, daniel);
        Wait(world, 60);
        await world.Get<Presence>().SetAsync(daniel.Id, PresenceState.OffShift, null, null, daniel);
        await KeepAsync(world);
        var byTeam = await ReadAsync(world, new(Monday, Monday) { Group = FigureGroup.Team });
        byTeam.Rows.Select(r => r.Key).Order().ShouldBe(teams.Order());
        byTeam.Rows.ShouldAllBe(r => Value(r.Figures, "throughput") == 1);
        Value(byTeam.Total, "throughput").ShouldBe(3);
        byTeam.Total.Presence.Count.ShouldBe(3600);
        byTeam.Rows.ShouldAllBe(r => r.Figures.Presence.Count == 3600 && r.Figures.PresenceDays == 1, "once for each team, once in the total");
        var ofJourney = await ReadAsync(world, new(Monday, Monday) { Journey = "j", Group = FigureGroup.Team });
        ofJourney.Rows.Count.ShouldBe(byTeam.Rows.Count);
        ofJourney.Rows.Select(r => r.Figures).Append(ofJourney.Total).ShouldAllBe(figures => figures.Presence.Count == 0);
        foreach (var team in teams)
            (await ReadAsync(world, new(Monday, Monday) { Teams = [team] })).Total.Presence.Count.ShouldBe(3600);
        var byPerson = await ReadAsync(world, new(Monday, Monday) { Group = FigureGroup.Person });
        byPerson.Rows.Select(r => (r.Title, Value(r.Figures, "throughput"))).ShouldBe([(daniel.DisplayName, 3d)]);

        // Someone who has left keeps what they did.
        await world.ScalarAsync<int>("update person set active = false, deactivated_by = 'x', deactivated_at = now() where id = @Id returning 1", daniel);
        byPerson = await ReadAsync(world, new(Monday, Monday) { Group = FigureGroup.Person });
        byPerson.Rows.Select(r => r.Title).ShouldBe([$"{daniel.DisplayName} (no longer here)"]);
    }

    [Theory]
    [InlineData(2026, 3, 29, 23)]
    [InlineData(2026, 10, 25, 25)]
    [InlineData(2026, 6, 7, 24)]
    public async Task A_day_has_as_many_hours_as_it_has_in_the_organisations_zone(int year, int month, int day, int hours)
    {
        await using var world = await World.CreateAsync();
        var date = new LocalDate(year, month, day);
        var zone = DateTimeZoneProviders.Tzdb["Europe/Berlin"];
        var sofia = await world.PersonAsync("adjuster2");
        var chosen = NotificationPreferences.Default with { TimeZone = zone.Id };
        await NotificationPreferences.SaveAsync(world.Runtime, null, chosen, await world.PersonAsync("admin"));
        world.Clock.Set(zone.AtStartOfDay(date.PlusDays(-1)).ToInstant());
        await world.Get<Presence>().SetAsync(sofia.Id, PresenceState.Available, null, null, sofia);
        world.Clock.Set(zone.AtStartOfDay(date.PlusDays(1)).ToInstant() + Duration.FromHours(1));
        await world.Get<Presence>().SetAsync(sofia.Id, PresenceState.OffShift, null, null, sofia);
        await KeepAsync(world);

        var report = await ReadAsync(world, new(date.PlusDays(-1), date.PlusDays(1)) { ByWeek = false });
        report.Periods.Select(p => p.Figures.Presence.Count / 3600).ShouldBe([24, hours, 1]);
        report.Zone.Id.ShouldBe(zone.Id);
    }

    [Fact]
    public async Task Another_zone_of_the_organisation_counts_all_days_anew()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First")));
        world.Clock.Set(Instant.FromUtc(2026, 6, 1, 23, 30));
        await world.StartAsync("j");
        await KeepAsync(world);
        Value((await ReadAsync(world, new(Monday, Monday))).Total, "arrivals").ShouldBe(1);
        await NotificationPreferences.SaveAsync(
            world.Runtime,
            null,
            NotificationPreferences.Default with
            {
                TimeZone = "Europe/Berlin",
            },
            await world.PersonAsync("admin")
        );
        await KeepAsync(world);
        Value((await ReadAsync(world, new(Monday, Monday))).Total, "arrivals").ShouldBe(0);
        Value((await ReadAsync(world, new(Monday.PlusDays(1), Monday.PlusDays(1)))).Total, "arrivals").ShouldBe(1);
    }

    [Fact]
    public async Task A_renamed_step_keeps_its_row_under_its_new_name_and_test_cases_count_nowhere()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("Old name")));
        await world.StartAsync("j", "REF-1");
        Wait(world, 1);
        await world.PublishAsync("j", ("a", Step.Of("New name")));
        await world.StartAsync("j", "REF-2");
        var test = new Cases.CaseRequest("j", "REF-3", "C-1", "Marta Novak", [], "key-3") { IsTest = true };
        await Cases.StartCase.RunAsync(world.Runtime, test, await world.PersonAsync("supervisor"));
        await KeepAsync(world);
        var report = await ReadAsync(world, new(Monday, Monday));
        report.Rows.Select(r => (r.Title, Value(r.Figures, "arrivals"))).ShouldBe([("New name", 2d)]);
        Value(report.Total, "cases").ShouldBe(2);
    }

    [Fact]
    public async Task Erased_history_leaves_equal_figures_whether_followed_or_computed_anew()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First")));
        var id = await world.StartAsync("j");
        await KeepAsync(world);
        await using (var connection = new NpgsqlConnection(world.OwnerConnectionString))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync("select erase_history(@id, null, now(), 'admin', 'asked for')", new { id });
        }

        await KeepAsync(world);
        var followed = await DumpAsync(world);
        await world.Get<KeepFigures>().RebuildAsync();
        (await DumpAsync(world)).ShouldBe(followed);
    }

    private static string Line(FigureRow row) => $"{row.Key} {string.Join(' ', Kpi.All.Select(kpi => kpi.Of(row.Figures).Value))}";

    private static void Wait(World world, int minutes) => world.Clock.Advance(Duration.FromMinutes(minutes));

    private static Task KeepAsync(World world) => world.KeepFiguresAsync();

    private static Task<PerformanceReport> ReadAsync(World world, FigureQuery query) => ReadFigures.RunAsync(world.Database, query);

    private static double? Value(Figures figures, string kpi) => Kpi.Find(kpi)!.Of(figures).Value;

    private static System.Text.Json.Nodes.JsonObject ComplaintInput() => new() { ["subject"] = "No one called back.", ["receivedOn"] = "2026-06-01" };

    /// <summary>Whatever can be done with a random open task.</summary>
    private static async Task ActAsync(World world, Person person, Random random)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        var tasks = (
            await connection.QueryAsync<(Guid Id, int Revision, string State, string Step)>(
                "select id, revision, state, activity_id from task where ended_at is null order by created_at, id"
            )
        ).ToList();
        if (tasks.Count == 0)
            return;
        var (id, revision, state, step) = tasks[random.Next(tasks.Count)];
        var ask = new Workflows.Tasks.TaskRequest(id, revision, $"{id:N}-{revision}");
        await (
            (state, random.Next(4)) switch
            {
                ("Ready", _) => ClaimTask.RunAsync(world.Tasks, ask, person),
                ("Reserved", 0) => ReleaseTask.RunAsync(world.Tasks, ask, "no time", person),
                ("Reserved", _) => StartTask.RunAsync(world.Tasks, ask, person),
                ("Suspended", _) => ResumeTask.RunAsync(world.Tasks, ask, person),
                ("InProgress", 0) => SuspendTask.RunAsync(world.Tasks, ask, "waitingForCustomer", null, null, person),
                ("InProgress", 1) when step == "b" => ReturnTask.RunAsync(world.Tasks, ask, "a", "incomplete", null, person),
                _ => CompleteTask.RunAsync(world.Tasks, ask, null, [], person),
            }
        );
    }

    private static async Task<IReadOnlyList<string>> FactsAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<string>(
                """
                select format('%s %s %s waiting %s working %s suspended %s touches %s%s', f.step, p.user_name, coalesce(f.ended_as, 'open'), f.waiting,
                    f.working, f.suspended, f.touches, case when f.returned then ' returned' end)
                from step_fact f left join person p on p.id = f.person_id order by f.opened_at, f.task_id
                """
            ),
        ];
    }

    /// <summary>Everything that is kept, but for the cursor.</summary>
    private static async Task<IReadOnlyList<string>> DumpAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        var lines = new List<string>();
        foreach (var table in new[] { "performance_day", "step_fact", "work_spell", "presence_day" })
            lines.AddRange(await connection.QueryAsync<string>($"select '{table} ' || t::text from {table} t order by 1"));
        return lines;
    }
}
