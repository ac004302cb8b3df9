using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>What a claim and a complete cost in round trips and statements: a change of these numbers is a decision, not an accident.</summary>
public sealed class CostTests
{
    [Theory]
    [InlineData(0, 12, 14)]
    [InlineData(1, 12, 16)]
    [InlineData(3, 12, 18)]
    public async Task A_claim_and_a_complete_take_two_round_trips_each_and_clocks_add_one_statement_each_and_one_together_to_the_complete(
        int clocks,
        int claim,
        int complete
    )
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var policies = Enumerable.Range(0, clocks).Select(i => $"clock-{i}").ToArray();
        foreach (var id in policies)
        {
            var policy = new JsonObject
            {
                ["id"] = id,
                ["name"] = id,
                ["calendar"] = "claims-office",
                ["target"] = new JsonObject { ["amount"] = "PT8H", ["unit"] = "workingTime" },
            };
            (
                await SaveServiceLevel.RunAsync(
                    world.Get<SettingDocuments>(),
                    world.Get<ServiceLevelCatalog>(),
                    SettingKind.Sla,
                    id,
                    0,
                    policy,
                    await world.PersonAsync("admin"),
                    world.Clock.GetCurrentInstant()
                )
            ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        }

        await world.PublishAsync("one", ("a", Step.Of("Look", ("slaPolicies", "List<String>", policies))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        var person = await world.PersonAsync("adjuster1");
        (await CountAsync(world, () => desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person)))).ShouldBe((2, claim));

        // One of them says that the case is no longer open.
        (await CountAsync(world, () => desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person)))).ShouldBe((2, complete));
    }

    [Fact]
    public async Task Work_on_a_task_that_keeps_its_owner_writes_no_index()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look")));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")));
        await using var connection = await world.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        foreach (var change in new[] { "state = 'InProgress', started_at = now()", "draft = '{}'", "state = 'Reserved', started_at = null" })
        {
            await using var update = new NpgsqlCommand(
                $"update task set {change}, revision = revision + 1, changed_by = 'x', changed_at = clock_timestamp() where id = $1",
                connection,
                transaction
            )
            {
                Parameters = { new() { Value = desk.Task } },
            };
            (await update.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        await using var query = new NpgsqlCommand(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'task'",
            connection,
            transaction
        );
        await using var r = await query.ExecuteReaderAsync();
        await r.ReadAsync();
        (r.GetInt64(0), r.GetInt64(1)).ShouldBe((3, 3));
    }

    [Theory]
    [InlineData("adjuster1")]
    [InlineData("supervisor")]
    public async Task The_server_keeps_the_plans_of_what_every_request_about_a_case_asks(string userName)
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look")));
        var (id, person) = (await world.StartAsync("one"), await world.PersonAsync(userName));
        var (task, now) = ((await world.OpenTaskAsync(id)).Id, world.Clock.Now());
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", await world.PersonAsync("supervisor"), now))!.Id;
        await using var one = Sql.CreateDataSource(new NpgsqlConnectionStringBuilder(world.ConnectionString) { MaxPoolSize = 1 }.ConnectionString);
        var (known, changes) = (world.Runtime.Definitions, new Changes(NullLogger<Changes>.Instance));
        var runtime = new WorkflowRuntime(one, known, world.Runtime.BurstWrites, changes, world.Clock, NullLogger<WorkflowRuntime>.Instance);

        for (var i = 0; i < 12; i++)
        {
            foreach (var (kind, subject) in new[] { ("task", task), ("case", id), ("customer", customer) })
                (await SensitiveCustomers.GuardedAsync(one, kind, subject, null, person, now)).ShouldBeNull();
            (await SensitiveCustomers.GuardedAsync(one, "number", null, "C-1", person, now)).ShouldBeNull();
            (await CaseQueries.WithFactsAsync(runtime, id, person)).ShouldNotBeNull();
            (await FactQueries.OfCaseAsync(runtime, id, person)).ShouldBeEmpty();
            (await TaskDetail.FindAsync(runtime, task, person)).ShouldNotBeNull();
        }

        // It plans the first five times anew and then compares.
        await using var plans = one.CreateCommand("select statement, generic_plans, custom_plans from pg_prepared_statements");
        await using var r = await plans.ExecuteReaderAsync();
        var count = 0;
        while (await r.ReadAsync())
        {
            r.GetInt64(2).ShouldBeLessThanOrEqualTo(5, r.GetString(0));
            count++;
        }

        count.ShouldBe(7);
    }

    /// <summary>Counts what one session of this database is sent. Npgsql reports each round trip as an activity.</summary>
    private static async Task<(int RoundTrips, int Statements)> CountAsync(World world, Func<Task> work)
    {
        var database = await world.ScalarAsync<string>("select current_database()");
        var sent = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (sent)
                {
                    if ((string?)activity.GetTagItem("db.namespace") == database)
                        sent.Add((string)activity.GetTagItem("db.query.text")!);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await work();
        return (sent.Count, sent.Sum(batch => batch.Split(";\n").Length));
    }
}
