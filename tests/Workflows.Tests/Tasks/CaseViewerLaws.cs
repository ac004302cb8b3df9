using Dapper;
using FsCheck;
using FsCheck.Fluent;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>Whoever does what in whatever order, the rows that say who sees a case are what its tasks, watchers and opener say.</summary>
public sealed class CaseViewerLaws
{
    private static readonly string[] People = ["adjuster1", "adjuster2", "senior1", "closer1", "processor1"];

    private const int Verbs = 21;

    /// <summary>One request to the first open task of the case.</summary>
    private sealed record Ask(int Verb, int By, int Whom);

    /// <summary>
    /// Who sees a case, said once more and without the rows: who opened it, watches it, or has to do with one of its tasks themselves; members and leads of
    /// a task's team; and whoever stands in for a member, a candidate or an owner.
    /// </summary>
    private const string FromScratch = """
        select p.user_name from person p join journey_case c on c.id = @id
        where c.created_by = p.user_name
            or exists (select from case_watcher w where w.instance_id = c.id and w.person_id = p.id)
            or exists (select from task t where t.instance_id = c.id and (
                p.id in (t.owner_id, t.reviewer_id, t.test_by) or p.id = any(t.actors) or p.id = any(t.watchers) or p.id = any(t.reviewers)
                or t.test_by is null and exists (
                    select from person a where (a.id = p.id or exists (select from substitution s where s.substitute_id = p.id and s.person_id = a.id
                        and s.ended_at is null and s.from_at <= @now and s.until_at > @now))
                    and (a.user_name = any(t.candidates) or a.id = t.owner_id
                        or exists (select from team_member m where m.team_key = t.team and m.person_id = a.id)
                        or exists (select from team l where l.key = t.team and l.lead_id = p.id)))))
        order by p.user_name
        """;

    [Fact]
    public async Task Whoever_does_what_the_rows_say_who_sees_the_case()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "two",
            ("a", Step.Of("Check", Step.Outcomes("Done", "Skip", "Cancelled", "Failed"), ("skipOutcome", "String", "Skip"))),
            (
                "b",
                Step.Of(
                    "Pay",
                    Step.Outcomes("Done", "Skip", "Cancelled", "Failed"),
                    ("skipOutcome", "String", "Skip"),
                    ("candidates", "List<String>", new[] { "closer1" })
                )
            )
        );
        var people = new List<Person>();
        foreach (var name in People)
            people.Add(await world.PersonAsync(name));

        // The processor stands in for the second adjuster.
        await world.ScalarAsync<int>(
            """
            insert into substitution (id, person_id, substitute_id, from_at, until_at, created_by, created_at)
            select gen_random_uuid(), a.id, s.id, @now - interval '1 day', @now + interval '9 days', 'test', @now
            from person a, person s where a.user_name = 'adjuster2' and s.user_name = 'processor1' returning 1
            """,
            new { now = world.Clock.GetCurrentInstant().ToDateTimeUtc() }
        );
        var cases = 0;
        var ask =
            from verb in Gen.Choose(0, Verbs - 1)
            from @by in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)), (1, Gen.Constant(4)))
            from whom in Gen.Choose(0, People.Length - 1)
            select new Ask(verb, @by, whom);
        Laws.Hold(ask.ArrayOf(30), asks => RunAsync(world, people, asks, ++cases).GetAwaiter().GetResult(), oneOf: 50);
    }

    private static async Task RunAsync(World world, List<Person> people, Ask[] asks, int number)
    {
        var instance = await world.StartAsync("two", $"SEEN-{number}");
        await SameAsync("start");
        for (var i = 0; i < asks.Length; i++)
        {
            var open = await world.ScalarAsync<Guid?>(
                "select id from task where instance_id = @instance and ended_at is null order by created_at, id limit 1",
                new { instance }
            );
            if (open is not { } id)
                break;
            var revision = await world.ScalarAsync<int>("select revision from task where id = @id", new { id });
            if (await DoAsync(world, asks[i], new(id, revision, $"seen-{number}-{i}"), people) is TaskResult.Done)
                await SameAsync($"{i}: {asks[i]}");
        }

        async Task SameAsync(string after)
        {
            var now = world.Clock.GetCurrentInstant();
            await using var connection = await world.Database.OpenConnectionAsync();
            var rule = (await connection.QueryAsync<string>(FromScratch, new { id = instance, now = now.ToDateTimeUtc() })).ToList();
            var seen = new List<string>();
            foreach (var name in await connection.QueryAsync<string>("select user_name from person order by user_name"))
            {
                var person = (await world.PersonAsync(name)) with { Roles = [] };
                if (await CaseQueries.FindAsync(world.Runtime, instance, person) is not null)
                    seen.Add(name);
            }

            seen.Order().ShouldBe(rule.Order(), after);
        }
    }

    private static Task<TaskResult> DoAsync(World world, Ask ask, TaskRequest request, List<Person> people)
    {
        var (desk, me, whom) = (world.Tasks, people[ask.By], People[ask.Whom]);
        return ask.Verb switch
        {
            0 or 1 => ClaimTask.RunAsync(desk, request, me),
            2 => TakeOverTask.RunAsync(desk, request, me),
            3 => StartTask.RunAsync(desk, request, me),
            4 => StopTask.RunAsync(desk, request, me),
            5 => ReleaseTask.RunAsync(desk, request, null, me),
            6 or 7 => AssignTask.RunAsync(desk, request, whom, null, me),
            8 => DelegateTask.RunAsync(desk, request, whom, null, me),
            9 => ForwardTask.RunAsync(desk, request, null, whom, null, me),
            10 => ForwardTask.RunAsync(desk, request, "mortgage-closing", null, null, me),
            11 => SuspendTask.RunAsync(desk, request, "waitingForCustomer", null, null, me),
            12 => ResumeTask.RunAsync(desk, request, me),
            13 => CommentOnTask.RunAsync(desk, request, $"Look, @{whom}", me),
            14 => RequestReview.RunAsync(desk, request, "Done", [], whom, me),
            15 => StartReview.RunAsync(desk, request, me),
            16 => ApproveReview.RunAsync(desk, request, me),
            17 => RequestChanges.RunAsync(desk, request, "more", me),
            18 => CompleteTask.RunAsync(desk, request, "Done", [], me),
            19 => SkipTask.RunAsync(desk, request, "small", me),
            _ => CancelTask.RunAsync(desk, request, "duplicate", me),
        };
    }
}
