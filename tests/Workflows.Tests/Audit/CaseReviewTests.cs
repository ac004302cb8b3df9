using System.Globalization;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Demo;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Simulation;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>A case as it was, from history alone. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class CaseReviewTests
{
    [Fact]
    public async Task Now_is_what_the_rows_say_for_the_cases_of_all_shipped_journeys()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var services = world.Get<IServiceProvider>();
        var demo = ActivatorUtilities.CreateInstance<DemoCases>(services, ActivatorUtilities.CreateInstance<FindPerson>(services));
        (await demo.RunAsync()).ShouldBeGreaterThan(20);
        foreach (var person in OfficePlan.Demo.People)
            await world
                .Get<AddPerson>()
                .TryAsync(
                    new NewPerson(person.UserName, person.DisplayName, null, [Roles.Employee])
                    {
                        Teams = person.Teams,
                        Skills = [.. person.Skills.Select(skill => new Skill(skill.Key, skill.Level))],
                    },
                    null,
                    "test",
                    world.Clock.Now()
                );
        var from = new LocalDate(2026, 6, 2);
        var begin = from.AtStartOfDayInZone(OfficePlan.Demo.Zone).ToInstant();
        var until = begin + Duration.FromDays(1);
        await using (var office = new OfficeDriver(new OfficeModel(OfficePlan.Demo, from, until, 7), world.Database, begin, NullLoggerFactory.Instance))
            (await office.RunAsync(until)).Completed.ShouldBeGreaterThan(20);
        world.Clock.Advance(until - world.Clock.Now());
        var compliance = await world.PersonAsync("compliance");
        var cases = await IdsAsync(world);
        cases.Count.ShouldBeGreaterThan(40);
        var differences = new List<string>();
        foreach (var id in cases)
        {
            var review = (await CaseReview.OpenAsync(world.Runtime, id, compliance))!;
            var moment = await review.AtAsync(world.Clock.Now());
            Compare("status", await StatusAsync(world, id), moment.Case.Status!);
            Compare("tasks", await TasksAsync(world, id), string.Join('\n', moment.Case.Tasks.OrderBy(t => t.Id.ToString("N")).Select(Text)));
            Compare("clocks", await ClocksAsync(world, id), string.Join('\n', moment.Case.Clocks.OrderBy(c => c.Id.ToString("N")).Select(Text)));
            Compare("facts", Text(await FactQueries.OfCaseAsync(world.Runtime, id, compliance)), Text(moment.Facts));
            Compare("version", await VersionAsync(world, id), moment.Workflow?.Id ?? "");
            var seers = await WhoCouldSee.ReadAsync(world.Runtime, moment.Case, world.Clock.Now());
            Compare("seers", await SeersAsync(world, id), string.Join(' ', seers.Select(s => s.UserName).Order(StringComparer.Ordinal)));

            void Compare(string what, string live, string replayed)
            {
                if (live != replayed)
                    differences.Add($"{moment.Case.Reference} {what}\nlive:\n{live}\nreplayed:\n{replayed}\n");
            }
        }

        differences.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_moment_is_as_it_was_although_everything_changed_since()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (one, two) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("frontoffice"));
        var input = new JsonObject
        {
            ["jurisdiction"] = "US-CA",
            ["claimedAmount"] = 900,
            ["lossDescription"] = "Fire",
        };
        var id = await world.StartAsync("claims", input: input);
        var started = world.Clock.Now();
        world.Clock.Advance(Duration.FromHours(1));
        var first = await Desk.AtAsync(world, id);
        await first.DoneAsync(AssignTask.RunAsync(world.Tasks, first.Next, one.UserName, null, await world.PersonAsync("supervisor")));
        var assigned = world.Clock.Now();
        world.Clock.Advance(Duration.FromHours(1));
        await first.DoneAsync(AssignTask.RunAsync(world.Tasks, first.Next, two.UserName, null, await world.PersonAsync("supervisor")));
        var review = (await CaseReview.OpenAsync(world.Runtime, id, await world.PersonAsync("compliance")))!;

        (await review.AtAsync(started - Duration.FromSeconds(1))).Case.Status.ShouldBeNull();
        var atStart = await review.AtAsync(started);
        atStart.Case.Tasks.ShouldHaveSingleItem().ShouldSatisfyAllConditions(t => t.State.ShouldBe(TaskState.Ready), t => t.Owner.ShouldBeNull());
        atStart.Facts.Single(f => f.Name == "claimedAmount").Value!.GetValue<double>().ShouldBe(900);
        atStart.Rules.Select(r => r.Kind).Distinct().ShouldBe(["journey", "form", "policy"]);
        atStart.Rules.ShouldAllBe(r => r.Version == 1);
        atStart.Case.Clocks.ShouldNotBeEmpty();
        (await review.AtAsync(assigned)).Case.Tasks[0].Owner.ShouldBe(one.Id);
        (await review.AtAsync(world.Clock.Now())).Case.Tasks[0].Owner.ShouldBe(two.Id);
        (await review.AfterAsync(1)).Case.Tasks.ShouldBeEmpty();
    }

    private static string Text(IEnumerable<CaseFact> facts) =>
        string.Join('\n', facts.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Name} {f.Value?.ToJsonString()} {f.Currency}"));

    private static string Text(TaskAt task) =>
        $"{task.Id:N} {task.Step} {task.State} {task.Owner:N} {task.Reviewer:N} {task.Team} {task.Priority} {task.Outcome}";

    private static string Text(ClockAt clock) =>
        $"{clock.Id:N} {(clock.EndedAt is not null ? "Ended" : clock.Status)} "
        + $"{(clock.EndedAt is null ? clock.DueAt?.ToString("uuuu-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : null)} {clock.Breached}";

    private static async Task<List<Guid>> IdsAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<Guid>("select id from journey_case order by reference")];
    }

    private static Task<string> StatusAsync(World world, Guid id) =>
        world.ScalarAsync<string>(
            """
            select case when status = 'Running' then 'Running' when sub_status = 'Finished' then 'Completed' else sub_status end from workflow_instance
            where id = @id
            """,
            new { id }
        );

    private static Task<string> VersionAsync(World world, Guid id) =>
        world.ScalarAsync<string>("select definition_version_id from workflow_instance where id = @id", new { id });

    private static Task<string> TasksAsync(World world, Guid id) =>
        world.ScalarAsync<string>(
            """
            select coalesce(string_agg(concat_ws(' ', replace(id::text, '-', ''), activity_id, state, replace(coalesce(owner_id::text, ''), '-', ''),
                replace(coalesce(reviewer_id::text, ''), '-', ''), coalesce(team, ''), priority, coalesce(outcome, '')), e'\n'
                order by replace(id::text, '-', '')), '')
            from task where instance_id = @id
            """,
            new { id }
        );

    private static Task<string> ClocksAsync(World world, Guid id) =>
        world.ScalarAsync<string>(
            """
            select coalesce(string_agg(replace(id::text, '-', '') || ' ' || case when status in ('Running', 'Paused') then status else 'Ended' end || ' '
                || coalesce(case when status in ('Running', 'Paused') then to_char(due_at, 'YYYY-MM-DD HH24:MI:SS') end, '') || ' '
                || initcap(breached::text), e'\n' order by replace(id::text, '-', '')), '')
            from sla_clock where instance_id = @id
            """,
            new { id }
        );

    private static Task<string> SeersAsync(World world, Guid id) =>
        world.ScalarAsync<string>(
            $"""
            select coalesce(string_agg(p.user_name, ' ' order by p.user_name collate "C"), '') from person p
            where p.active and (p.roles && array['supervisor', 'administrator', 'compliance', 'frontoffice']
                or {Eligibility.OfRow("p", "@now").SeesRun("@id")})
            """,
            new { id, now = world.Clock.Now().ToDateTimeUtc() }
        );
}
