using Dapper;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>
/// What a list or a page offers, the verb accepts; what the verb accepts, is offered. Over generated people, teams, skills, absences, exclusions,
/// conflicts of interest and refusals.
/// </summary>
public sealed class EligibilityTests
{
    private const int Worlds = 44;
    private static readonly string[] Skills = ["glass", "fraud"];

    [Fact]
    public async Task What_is_offered_is_accepted_and_what_is_accepted_is_offered()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("generated", ("b", Step.Of("Approve", Step.Excluding("a"))), ("a", Step.Of("Prepare")));
        var supervisor = await world.PersonAsync("supervisor");
        var wrong = new List<string>();
        var (accepted, overridden) = (new Dictionary<string, int>(), 0);
        for (var seed = 1; seed <= Worlds; seed++)
        {
            var random = new Random(seed);
            var people = await PeopleAsync(world, random, seed);
            for (var number = 0; number < 3; number++)
            {
                var @case = await world.StartAsync("generated", $"GEN-{seed}-{number}");
                var desk = await Desk.AtAsync(world, @case);
                await ShapeAsync(world, random, desk.Task, seed, people);
                var task = (await TaskDetail.FindAsync(world.Runtime, desk.Task, supervisor))!;
                var offered = (await Assignees.ReadAsync(world.Database, desk.Task, world.Clock.Now())).Select(a => a.UserName).ToHashSet();
                var overrides = (await Assignees.OverrideAsync(world.Database, desk.Task, world.Clock.Now())).Select(a => a.UserName).ToHashSet();
                overridden += overrides.Count;
                var owner = people.Find(p => p.Person.Id == task.OwnerId);
                foreach (var (person, active) in people)
                {
                    if (active)
                        await TakeAsync(desk, task, person, $"world {seed}, task {number}, {person.UserName}");
                    if (task.State == TaskState.ReadyForReview)
                        continue;
                    await GiveAsync(
                        "assign",
                        desk,
                        task,
                        AssignTask.RunAsync(world.Tasks, desk.Next, person.UserName, null, supervisor),
                        offered.Contains(person.UserName) || overrides.Contains(person.UserName),
                        $"world {seed}, task {number}, {person.UserName}"
                    );
                    if (owner is { Active: true })
                        await GiveAsync(
                            "delegate",
                            desk,
                            task,
                            DelegateTask.RunAsync(world.Tasks, desk.Next, person.UserName, null, owner.Person),
                            offered.Contains(person.UserName),
                            $"world {seed}, task {number}, {person.UserName}"
                        );
                }
            }
        }

        wrong.ShouldBeEmpty();
        // Each kind was seen often enough to mean something.
        foreach (var verb in new[] { "claim", "takeOver", "review", "assign", "delegate" })
            accepted.GetValueOrDefault(verb).ShouldBeGreaterThan(4, verb);
        overridden.ShouldBeGreaterThan(0, "no one was eligible");

        async Task TakeAsync(Desk desk, TaskDetail task, Person person, string where)
        {
            var (verb, run) = task.State switch
            {
                TaskState.Ready => ("claim", ClaimTask.RunAsync(world.Tasks, desk.Next, person)),
                TaskState.ReadyForReview => ("review", StartReview.RunAsync(world.Tasks, desk.Next, person)),
                _ => ("takeOver", TakeOverTask.RunAsync(world.Tasks, desk.Next, person)),
            };
            var result = await run;
            if (result is TaskResult.Done)
                await RestoreAsync(world, task.Id);
            var page = await TaskDetail.FindAsync(world.Runtime, task.Id, person);
            var now = world.Clock.Now();
            var list = await TaskList.ReadAsync(world.Database, new() { View = "open", CaseId = task.CaseId }, person, now);
            var steps = await CaseStepList.ReadAsync(world.Database, task.CaseId, person, now);
            var listed = list.Items.Any(t => t.Id == task.Id);
            var counted = (await TaskList.CountAsync(world.Database, person, now, now)).Open;
            var all = (await TaskList.ReadAsync(world.Database, new() { View = "open" }, person, now)).Items.Count;
            var may = page?.May.Contains(verb) == true;
            Compare($"{verb} on its page", may, result, where);
            if (steps.Single(s => s.Task.Id == task.Id) is var step && step.MayClaim != listed)
                wrong.Add($"{where}: its case says {step.MayClaim}, its list {listed}");
            if (step.MayOpen != page is not null)
                wrong.Add($"{where}: its case opens it: {step.MayOpen}, its page: {page is not null}");
            if (counted != all)
                wrong.Add($"{where}: {counted} counted, {all} listed");

            // Leads and supervisors may review without being asked by their lists.
            var asLead = verb == "review" && may && !listed && (person.Is(Roles.Supervisor) || await LeadsAsync(world, person, task));
            if (!asLead)
                Compare($"{verb} in its list", listed, result, where);
            if (result is TaskResult.Done)
                accepted[verb] = accepted.GetValueOrDefault(verb) + 1;
        }

        async Task GiveAsync(string verb, Desk desk, TaskDetail task, Task<TaskResult> run, bool offered, string where)
        {
            var result = await run;
            if (result is TaskResult.Done { Answer.OwnerId: var owner })
            {
                await RestoreAsync(world, desk.Task);
                accepted[verb] = accepted.GetValueOrDefault(verb) + 1;

                // Giving it to its owner again is accepted and not worth an offer.
                if (owner == task.OwnerId)
                    return;
            }

            Compare(verb, offered, result, where);
        }

        void Compare(string what, bool offered, TaskResult result, string where)
        {
            if (offered != result is TaskResult.Done)
                wrong.Add($"{where}: {what} is {(offered ? "offered" : "not offered")}, the verb says {result}");
        }
    }

    private static async Task<List<Someone>> PeopleAsync(World world, Random random, int seed)
    {
        var now = world.Clock.Now().ToDateTimeUtc();
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync("update substitution set ended_at = @now where ended_at is null", new { now });
        var people = new List<Someone>();
        for (var i = 0; i < 6; i++)
        {
            var (id, name, active) = (Ids.New(world.Clock.Now()), $"p{seed}.{i}", random.Next(8) > 0);
            string[] roles = [random.Next(6) == 0 ? Roles.Supervisor : "employee"];
            await connection.ExecuteAsync(
                """
                insert into person (id, user_name, display_name, roles, password_hash, security_stamp, active, created_at, updated_at) values (@id,
                    @name, @name, @roles, '', @id, @active, @now, @now)
                """,
                new
                {
                    id,
                    name,
                    roles,
                    active,
                    now,
                }
            );
            foreach (var skill in Skills.Where(_ => random.Next(3) > 0))
                await connection.ExecuteAsync(
                    "insert into skill (key, title, created_at) values (@skill, @skill, '2026-01-01') on conflict do nothing;"
                        + "insert into person_skill (person_id, skill, level, certified_until) values (@id, @skill, @level, @until::date)",
                    new
                    {
                        id,
                        skill,
                        level = Math.Max(random.Next(1, 6), random.Next(1, 6)),
                        until = random.Next(4) switch
                        {
                            0 => now.AddDays(-3),
                            1 => now.AddDays(3),
                            _ => (DateTime?)null,
                        },
                    }
                );
            // All of these cases are the customer's.
            if (random.Next(7) == 0)
                await connection.ExecuteAsync(
                    "insert into conflict (id, person_id, customer_id, reason, declared_by, declared_at, lifted_by, lifted_at, lift_reason) values "
                        + "(gen_random_uuid(), @id, 'C-1', 'Is the customer', 'test', @now, @by, @at, @by)",
                    random.Next(3) == 0
                        ? new
                        {
                            id,
                            now,
                            by = (string?)"test",
                            at = (DateTime?)now,
                        }
                        : new
                        {
                            id,
                            now,
                            by = (string?)null,
                            at = (DateTime?)null,
                        }
                );
            people.Add(new(new(id, name, name, null, roles, [], [], default), active));
        }

        foreach (var team in Teams(seed))
        {
            await connection.ExecuteAsync(
                "insert into team (key, title, lead_id, created_at) values (@team, @team, @lead, @now)",
                new
                {
                    team,
                    lead = random.Next(2) == 0 ? Any(random, people) : (Guid?)null,
                    now,
                }
            );
            foreach (var (person, _) in people.Where(_ => random.Next(3) == 0))
                await connection.ExecuteAsync(
                    "insert into team_member values (@team, @id, @now)",
                    new
                    {
                        team,
                        id = person.Id,
                        now,
                    }
                );
        }

        foreach (var (person, _) in people.Where(_ => random.Next(3) == 0))
        {
            var substitute = Any(random, people);
            if (substitute != person.Id)
                await connection.ExecuteAsync(
                    """
                    insert into substitution (id, person_id, substitute_id, from_at, until_at, created_by, created_at) values (gen_random_uuid(),
                        @id, @substitute, @from, @until, 'test', @now)
                    """,
                    new
                    {
                        id = person.Id,
                        substitute,
                        from = now.AddDays(random.Next(5) == 0 ? 1 : -1),
                        until = now.AddDays(2),
                        now,
                    }
                );
        }

        return people;
    }

    /// <summary>Gives a task a generated state, and its case a step that is done.</summary>
    private static async Task ShapeAsync(World world, Random random, Guid task, int seed, List<Someone> people)
    {
        await using var connection = new NpgsqlConnection(world.OwnerConnectionString);
        var state = random.Next(6) switch
        {
            0 => "Reserved",
            1 => "InProgress",
            2 => "ReadyForReview",
            _ => "Ready",
        };
        await connection.ExecuteAsync(
            """
            update task set state = @state, team = @team, candidates = @candidates, required_skills = @required, preferred_skills = @preferred,
                gave_up = @gaveUp, actors = @actors,
                owner_id = @owner, on_behalf_of = @onBehalfOf, proposed_outcome = @proposed, data = case when @proposed is null then null else '{}'::json end
            where id = @task
            """,
            new
            {
                task,
                state,
                team = random.Next(4) == 0 ? null : Teams(seed)[random.Next(2)],
                candidates = people.Where(_ => random.Next(5) == 0).Select(p => p.Person.UserName).ToArray(),
                required = Needs(),
                preferred = Needs(),
                gaveUp = Some(5),
                actors = Some(8),
                owner = state == "Ready" ? null : (Guid?)Any(random, people),
                onBehalfOf = state != "Ready" && random.Next(5) == 0 ? Any(random, people) : (Guid?)null,
                proposed = state == "ReadyForReview" ? "Done" : null,
            }
        );
        await connection.ExecuteAsync(
            """
            insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, outcomes, priority, state,
                outcome, actors, reviewers, changed_by, created_at,
                changed_at, ended_at, ended_by)
            select gen_random_uuid(), instance_id, gen_random_uuid(), definition_id, definition_version_id, 'a', 'First', '{Done}', 3, 'Completed',
                'Done', @actors, @reviewers, 'test', created_at,
                changed_at, changed_at, 'test'
            from task where id = @task;
            create table if not exists kept as select * from task where false;
            delete from kept;
            insert into kept select * from task where id = @task
            """,
            new
            {
                task,
                actors = Some(7),
                reviewers = Some(10),
            }
        );

        string[] Needs() => [.. Skills.Where(_ => random.Next(4) == 0).Select(skill => random.Next(3) > 0 ? skill : $"{skill}:{random.Next(1, 6)}")];

        Guid[] Some(int oneOf) => [.. people.Where(_ => random.Next(oneOf) == 0).Select(p => p.Person.Id)];
    }

    private static async Task RestoreAsync(World world, Guid task) =>
        await world.ScalarAsync<int>(
            """
            update task t set state = k.state, owner_id = k.owner_id, on_behalf_of = k.on_behalf_of, delegated_by = k.delegated_by,
                reviewer_id = k.reviewer_id, reviewers = k.reviewers,
                actors = k.actors, claimed_at = k.claimed_at, revision = k.revision, changed_by = k.changed_by, changed_at = k.changed_at
            from kept k where t.id = @task and k.id = t.id returning 1
            """,
            new { task }
        );

    private static async Task<bool> LeadsAsync(World world, Person person, TaskDetail task) =>
        await world.ScalarAsync<bool>("select exists (select from team where key = @team and lead_id = @id)", new { team = task.Team, id = person.Id });

    private static string[] Teams(int seed) => [$"x{seed}", $"y{seed}"];

    private static Guid Any(Random random, List<Someone> people) => people[random.Next(people.Count)].Person.Id;

    private sealed record Someone(Person Person, bool Active);
}
