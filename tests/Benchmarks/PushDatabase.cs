using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Benchmarks;

/// <summary>
/// Decisions of the push engine on a database of 1,000 people in 20 teams and 100,000 open tasks: one person becomes free (request to committed offer),
/// everyone of a team becomes free at once, and how long after a case was started its task is offered by a host that listens. Goals: a single decision under
/// 50 ms (99th percentile), everyone under 2 s with the offers written, an offer within a second of its cause.
/// <c>dotnet run -c Release --project tests/Benchmarks -- push-database [tasks] [teams] [times]</c>
/// </summary>
internal static class PushDatabase
{
    private const int People = 1000;

    /// <summary>Cases a customer has, on average.</summary>
    private const int CasesOfCustomer = 3;

    private const string Journey = """
        { "definitionId": "push", "name": "Push", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
            { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Check the claim" } },
              "team": { "typeName": "String", "expression": { "type": "Literal", "value": "team-0" } }, "slaDuration": { "typeName": "String",
                  "expression": { "type": "Literal", "value": "PT4H" } } } ] } }
        """;

    private static readonly Person Starter = new(Guid.Empty, "bench0", "Bench", null, [Roles.Supervisor], [], [], default);

    public static async Task RunAsync(int tasks, int teams, int times)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,
                Settings = new Dictionary<string, string> { ["max_wal_size"] = "4GB", ["shared_preload_libraries"] = "pg_stat_statements" },
            }
        );
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(server.ConnectionString, SystemClock.Instance);
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await Sweeper.OnceAsync(database, "create extension if not exists pg_stat_statements");
        await Sweeper.PrepareAsync(services, database);
        var runtime = services.GetRequiredService<WorkflowRuntime>();
        await SeedAsync(services, runtime, database, tasks, teams);
        await services.GetRequiredService<ServiceLevelCatalog>().LoadAsync();
        await services.GetRequiredService<PeopleCatalog>().LoadAsync();
        var push = services.GetRequiredService<DistributeWork>();

        var single = new List<double>();
        var each = new List<ServerUse>();
        for (var i = 0; i < times + 10; i++)
        {
            var (person, team) = await FreeAsync(database, $"offset {i * 37 % People} limit 1");
            var idle = await ServerUse.NowAsync(database);
            var watch = Start();
            if (await push.TeamAsync(team) != 1)
                throw new InvalidOperationException($"Nothing was given to {person}.");
            single.Add(watch.Elapsed.TotalMilliseconds);
            each.Add((await ServerUse.NowAsync(database)).Since(idle));
        }

        await FreeAsync(database, $"limit {People}");
        var host = Process.GetCurrentProcess().TotalProcessorTime;
        var before = await ServerUse.NowAsync(database);
        var all = Start();
        var given = 0;
        for (var team = 0; team < teams; team++)
        {
            while (await push.TeamAsync($"team-{team}") is var more and > 0)
                given += more;
        }

        var everyone = all.Elapsed.TotalSeconds;
        var used = (await ServerUse.NowAsync(database)).Since(before);
        var hosted = (Process.GetCurrentProcess().TotalProcessorTime - host).TotalMilliseconds;
        single = [.. single.Skip(10).Order()];
        each = each[10..];
        var latency = await LatencyAsync(services, runtime, database, times / 4);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{People} people in {teams} teams, {tasks} open tasks: one decision p50 {At(single, 0.5):0.0} ms, p99 {At(single, 0.99):0.0} ms; everyone at "
                    + $"once {given} offers in {everyone:0.00} s; from the start of a case to its offer p50 {At(latency, 0.5):0} ms, p99 "
                    + $"{At(latency, 0.99):0} ms, max {latency[^1]:0} ms. The server used for one decision {each.Average(one => one.Cpu):0.0} ms of CPU, "
                    + $"{each.Average(one => one.Statements):0} statements, {each.Average(one => one.Buffers):0} buffers; for everyone {used.Cpu:0} ms "
                    + $"(the host {hosted:0} ms), {used.Statements:0} statements, {used.Wal / 1e6:0.0} MB of WAL"
            )
        );
    }

    private static async Task SeedAsync(ServiceProvider services, WorkflowRuntime runtime, NpgsqlDataSource database, int tasks, int teams)
    {
        var definition = new NewDefinition("push", Encoding.UTF8.GetBytes(Journey), "file");
        await Sweeper.OnceAsync(
            database,
            $"insert into team (key, title, created_at) select 'team-' || i, 'Team ' || i, now() from generate_series(0, {teams - 1}) i"
        );
        if (await runtime.Definitions.PublishAsync(definition, "bench", runtime.Clock.Now()) is not PublishResult.Published)
            throw new InvalidOperationException("The journey does not publish.");
        var id = await StartAsync(runtime, 0);
        await new CaseCopies(database, id).AddAsync(tasks);
        await Sweeper.OnceAsync(
            database,
            $$"""
            insert into skill (key, title, created_at) select k, k, now() from unnest('{fha,va,title,fraud,appeal,legal}'::text[]) k on conflict do nothing;
            insert into person (id, user_name, display_name, security_stamp, roles, created_at, updated_at)
                select ('4' || lpad(to_hex(i), 31, '0'))::uuid, 'push' || i, 'Push ' || i, gen_random_uuid(), '{employee}', now(), now()
                from generate_series(1, {{People}}) i;
            insert into team_member (team_key, person_id, joined_at) select 'team-' || i % {{teams}}, ('4' || lpad(to_hex(i), 31, '0'))::uuid, now()
                from generate_series(1, {{People}}) i;
            insert into person_skill (person_id, skill, level) select p.id, k.key, 1 + abs(hashtext(p.user_name || k.key)) % 5 from person p, skill k
                where p.user_name like 'push%' and k.key in ('fha', 'va', 'title', 'fraud', 'appeal', 'legal') and hashtext(k.key || p.user_name) % 3 = 0;
            insert into presence (person_id, state, cause, changed_by, since) select id, 'Away', 'Person', 'bench', now() from person
                where user_name like 'push%';
            update task t set team = 'team-' || n % {{teams}}, priority = 1 + n / 7 % 5, created_at = now() - n * interval '1 minute' / 10,
                due_at = case when n / 3 % 5 > 0 then now() + (n * 79 % 12000 - 2000) * interval '1 minute' end,
                required_skills = array_remove(array[(array['fha','va','title','fraud','appeal','legal'])[1 + n / {{teams}} % 12]], null)
                from (select id, abs(hashtext(id::text) % 100000) n from task) h where h.id = t.id;
            insert into customer (id, number, name, survivor, created_by, created_at, changed_at)
                select id, 'B-' || i, 'Customer ' || i, id, 'bench', now(), now()
                from (select i, ('5' || lpad(to_hex(i), 31, '0'))::uuid id from generate_series(0, {{tasks / CasesOfCustomer}}) i) c;
            update journey_case set customer_id = ('5' || lpad(to_hex(abs(hashtext(id::text) % {{tasks / CasesOfCustomer}})), 31, '0'))::uuid;
            insert into sla_clock (id, instance_id, task_id, policy, name, kind, status, generation, state, late_at, created_at, changed_at)
                select gen_random_uuid(), t.instance_id, t.id, 'bench', 'Bench', 'statutory', 'Running', 1, k.state, t.due_at, now(), now() from task t,
                    (select state from sla_clock limit 1) k where t.due_at is not null and t.priority = 2;
            update task set statutory_at = due_at where priority = 2;
            update team set distribution = 'offer' where key like 'team-%';
            delete from distribution_request;
            """
        );
        await Sweeper.OnceAsync(database, "vacuum analyze");
    }

    private static async Task<Guid> StartAsync(WorkflowRuntime runtime, int number) =>
        await StartCase.RunAsync(runtime, new("push", $"L-{number}", "C", "Customer", [], $"k-{number}"), Starter) is StartCaseResult.Started(var id)
            ? id
            : throw new InvalidOperationException("Not started.");

    /// <summary>Ends what is offered, and frees these people only.</summary>
    private static async Task<(string Person, string Team)> FreeAsync(NpgsqlDataSource database, string which)
    {
        await Sweeper.OnceAsync(
            database,
            $"""
            delete from task_offer; delete from distribution_request; update presence set state = 'Away' where state = 'Available';
            update presence set state = 'Available' where person_id in (select id from person where user_name like 'push%' order by id {which});
            insert into distribution_request (team, person_id, trigger, at) select m.team_key, m.person_id, 'available', now() from team_member m
                join presence p on p.person_id = m.person_id and p.state = 'Available'
            """
        );
        await using var query = database.Query(
            "select p.user_name, r.team from distribution_request r join person p on p.id = r.person_id order by r.id limit 1"
        );
        await using var r = await query.ExecuteReaderAsync();
        await r.ReadAsync();
        return (r.GetString(0), r.GetString(1));
    }

    private static async Task<List<double>> LatencyAsync(ServiceProvider services, WorkflowRuntime runtime, NpgsqlDataSource database, int times)
    {
        var watch = services.GetServices<IHostedService>().Where(service => service.GetType().Name is "PushWatch" or "ChangesListener").ToList();
        foreach (var service in watch)
            await service.StartAsync(default);
        var took = new List<double>();
        for (var i = 1; i <= times + 3; i++)
        {
            await FreeAsync(database, "offset 19 limit 1");
            await Sweeper.OnceAsync(database, "update task set team = 'team-1' where team = 'team-0' and ended_at is null");
            await Sweeper.OnceAsync(database, "delete from distribution_request");
            var offered = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            var began = Start();
            using var listening = runtime.Changes.Listen(change =>
            {
                if (change.Kind == ChangeKind.Person)
                    offered.TrySetResult(began.Elapsed);
            });
            await StartAsync(runtime, i);
            took.Add((await offered.Task.WaitAsync(TimeSpan.FromSeconds(30))).TotalMilliseconds);
        }

        foreach (var service in watch)
            await service.StopAsync(default);
        return [.. took.Skip(3).Order()];
    }

    private static double At(List<double> sorted, double share) => sorted[(int)((sorted.Count - 1) * share)];

#pragma warning disable RS0030 // A benchmark measures real time.
    private static Stopwatch Start() => Stopwatch.StartNew();
#pragma warning restore RS0030
}
