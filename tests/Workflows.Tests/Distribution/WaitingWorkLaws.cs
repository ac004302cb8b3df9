using Dapper;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>A decision about the tasks that were read is the decision about all tasks there are.</summary>
public sealed class WaitingWorkLaws
{
    private const int Cases = 20;
    private const int Tasks = 500;
    private const int Offices = 60;

    [Fact]
    public async Task What_is_read_gives_the_same_plan_as_everything_there_is()
    {
        await using var world = await World.CreateAsync();
        await MakeAsync(world);
        var (picks, personal, late, statutory, read) = (0, 0, 0, 0, 0);
        for (var seed = 1; seed <= Offices; seed++)
        {
            var random = new Random(seed);
            await ShuffleAsync(world, seed);
            var now = world.Clock.Now();
            var calendar = seed % 2 == 0 ? null : world.Get<ServiceLevelCatalog>().Calendars["claims-office"];
            var policy = new DistributionPolicy
            {
                // Who knows a case isn't read for all of them.
                Affinity = 0,
                LateShare = random.Next(1, 100),
                SlackStep = Duration.FromMinutes(random.Next(1, 90)),
            };
            if (seed % 3 == 0)
                policy = policy with { Values = [5, 60, 60, 15, 100] };
            await using var connection = await world.Database.OpenConnectionAsync();
            var waiting = new WaitingWork(connection, PushWorld.Team, policy, calendar, now);
            var people = (await TeamSnapshot.PeopleAsync(connection, PushWorld.Team, policy, now, default))
                .Select(person => person with { Presence = Worker.Available, Slots = random.Next(0, 4), FreeDeferred = 400, FreeLive = 400 })
                .ToList();
            if (seed % 4 == 0)
                people = [.. people.Select((person, place) => place == seed % people.Count ? person with { Slots = 1 } : person with { Slots = 0 })];

            var everything = await waiting.AllAsync(10_000, null, default);
            var some = await waiting.ReadAsync(people, [], default);

            everything.Count.ShouldBe(Tasks);
            var whole = Distributor.Distribute(people, everything, policy, now, turn: seed);
            Text(Distributor.Distribute(people, some, policy, now, turn: seed)).ShouldBe(Text(whole), $"office {seed}");
            picks += whole.Picks.Count;
            personal += whole.Picks.Count(pick => pick.Work.IsPersonal);
            late += whole.Picks.Count(pick => WorkKey.Of(pick.Work, policy, now).Late);
            statutory += whole.Picks.Count(pick => pick.Work.Statutory);
            read += some.Count;
        }

        (picks, personal, late, statutory).ShouldSatisfyAllConditions(
            found => found.picks.ShouldBeGreaterThan(100),
            found => found.personal.ShouldBeGreaterThan(0),
            found => found.late.ShouldBeGreaterThan(0),
            found => found.statutory.ShouldBeGreaterThan(0)
        );
        read.ShouldBeLessThan(Offices * Tasks * 3 / 4, "a part is read");
    }

    [Fact]
    public async Task Tasks_that_are_closed_to_someone_do_not_hide_the_one_that_is_theirs()
    {
        await using var world = await World.CreateAsync();
        var push = await MakeAsync(world);
        await world.ScalarAsync<int>(
            """
            update task set due_at = now() + interval '1 year' where true;
            update task set passed_by = array(select id from person where user_name = 'adjuster1')
                where id in (select id from task where ended_at is null order by id limit 480);
            insert into task_offer (id, task_id, person_id, state, weight, work_kind, offered_at, expires_at, ended_at)
                select gen_random_uuid(), t.id, p.id, 'Declined', 100, 'deferred', now(), now(), now() from task t, person p
                where p.user_name = 'adjuster1' and t.passed_by <> '{}' returning 1
            """
        );
        await world.ScalarAsync<int>("update task set created_at = created_at + interval '1 hour' where passed_by = '{}' and ended_at is null returning 1");
        await push.AvailableAsync("adjuster1");
        await push.RunAsync();
        var (_, offer) = await push.OnlyOfferAsync();
        (
            await world.ScalarAsync<int>("select cardinality(t.passed_by) from task_offer o join task t on t.id = o.task_id where o.id = @offer", new { offer })
        ).ShouldBe(0);
    }

    /// <summary>Some cases, and many tasks in each; a step of it that is over had been someone's.</summary>
    private static async Task<PushWorld> MakeAsync(World world)
    {
        var push = await PushWorld.AtAsync(world, "offer");
        for (var i = 0; i < Cases; i++)
            await world.StartAsync("one", $"REF-{i}");
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, outcomes, team, priority, state,
                    created_at, changed_by, changed_at, actors, ended_at)
                select gen_random_uuid(), t.instance_id, gen_random_uuid(), t.definition_id, t.definition_version_id, case i when 1 then 'z' else 'a' end,
                    t.title, t.outcomes, t.team, 3, case i when 1 then 'Cancelled' else 'Ready' end, t.created_at, 'test', t.changed_at,
                    case i when 1 then array(select m.person_id from team_member m where m.team_key = t.team
                        order by hashtext(t.id::text || m.person_id) limit 1)
                        else '{}' end, case i when 1 then t.changed_at end
                from task t, generate_series(1, @Copies) i
            """,
            new { Copies = Tasks / Cases }
        );
        return push;
    }

    /// <summary>Makes each task different: deadline, statutory or not, priority, age, effort, skills, and who it is closed to.</summary>
    private static async Task ShuffleAsync(World world, int seed)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            delete from task_offer; delete from sla_clock where policy = 'law';
            with people as (select array(select m.person_id from team_member m where m.team_key = @Team order by 1) ids),
                n as (select id, abs(hashtext(id::text || @seed || 'a')) a, abs(hashtext(id::text || @seed || 'b')) b,
                    abs(hashtext(id::text || @seed || 'c')) c, abs(hashtext(id::text || @seed || 'd')) d from task)
            update task t set due_at = case when n.a % 5 > 0 then @now + (n.b % 8000 - 3000) * interval '1 minute' end, priority = 1 + n.c % 5,
                created_at = @now - (n.d % 9000) * interval '1 minute', effort = (array[null, 90])[1 + n.a / 5 % 2],
                required_skills = (array['{}', '{fraud:3}'])[1 + n.b / 7 % 2]::text[],
                preferred_skills = (array['{}', '{}', '{motor-claims}'])[1 + n.c / 5 % 3]::text[],
                excluded_steps = case when n.c / 15 % 4 = 0 then '{z}'::text[] else '{}' end,
                work_kind = case when n.d / 3 % 4 = 0 then 'live' else 'deferred' end,
                gave_up = case when n.a / 15 % 3 = 0 then p.ids[1 + n.a % 3:1 + n.a % 3] else '{}' end,
                passed_by = case when n.b / 28 % 3 = 0 then p.ids[1 + n.b % 3:1 + n.b % 3] else '{}' end
            from n, people p where n.id = t.id and t.ended_at is null;
            insert into sla_clock (id, instance_id, task_id, policy, name, kind, status, generation, state, late_at, created_at, changed_at)
                select gen_random_uuid(), t.instance_id, case when t.priority > 1 then t.id end, 'law', 'Law', 'statutory', 'Running', 1, '{}',
                    t.due_at, @now, @now from task t where abs(hashtext(t.id::text || @seed)) % 4 = 0 and t.due_at is not null;
            update task t set statutory_at = (select min(k.late_at) from sla_clock k where k.instance_id = t.instance_id
                and (k.task_id is null or k.task_id = t.id) and k.kind = 'statutory') where t.ended_at is null;
            insert into task_offer (id, task_id, person_id, state, weight, work_kind, offered_at, expires_at, ended_at)
                select gen_random_uuid(), t.id, t.passed_by[1], 'Declined', 100, 'deferred', @now, @now, @now from task t where t.passed_by <> '{}'
            """,
            new
            {
                PushWorld.Team,
                seed = $"{seed}",
                now = world.Clock.Now().ToDateTimeUtc(),
            }
        );
    }

    private static string Text(Plan plan) => string.Join('\n', plan.Picks.Select(pick => $"{pick.Work.Id} {pick.Person.Name} {pick.Score}"));
}
