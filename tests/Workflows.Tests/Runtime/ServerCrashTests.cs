using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Npgsql;
using Orchestration.Proof;
using Orchestration.Testing;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>A database server that crashes and recovers while people work: they repeat what had no answer, and it has happened once.</summary>
public sealed class ServerCrashTests
{
    private const int Clients = 4;
    private const int CasesEach = 15;
    private int _done;
    private int _repeated;

    [Fact]
    public async Task Work_goes_on_after_the_server_crashes_and_everything_happened_once()
    {
        var database = await TestDatabase.CreateAloneAsync();
        await using var world = await World.CreateAsync(database: database);
        await world.PublishAsync("one", ("a", Step.Of("Work")));
        var (agent, adjuster) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("adjuster1"));

        var clients = Enumerable.Range(1, Clients).Select(client => Task.Run(() => WorkAsync(world, client, agent, adjuster))).ToArray();
        foreach (var crash in (int[])[Clients * CasesEach / 4, Clients * CasesEach / 2])
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            while (Volatile.Read(ref _done) < crash && !clients.Any(client => client.IsFaulted))
                await timer.WaitForNextTickAsync();
            await CrashAsync(database);
        }

        await Task.WhenAll(clients);
        database.DataSource.Clear();
        world.Database.Clear();

        _repeated.ShouldBePositive("the crashes must hit clients at work");
        foreach (var action in (string[])["case.started", "task.opened", "task.claimed", "task.completed"])
            (
                await world.ScalarAsync<string>("select count(*) || ' of ' || count(distinct chain_id) from event where action = @action", new { action })
            ).ShouldBe($"{Clients * CasesEach} of {Clients * CasesEach}", action);
        (await world.ScalarAsync<int>("select count(*) from workflow_instance where sub_status <> 'Finished'")).ShouldBe(0);
        var keeping = new HistoryKeeping("office", SigningKey.Create("office"), null, [], null, Duration.FromMinutes(1));
        var log = new KeepHistory(world.Runtime, keeping, NullLogger<KeepHistory>.Instance);
        while (await world.ScalarAsync<long>("select count(*) - (select size from log_state) from event") != 0)
            await log.RunAsync();
        var proof = await new HistoryCheck(world.Database, [], null).RunAsync();
        proof.Findings.ShouldBeEmpty();
        proof.Events.ShouldBeGreaterThan(Clients * CasesEach * 4);
    }

    private async Task WorkAsync(World world, int client, Person agent, Person adjuster)
    {
        for (var i = 1; i <= CasesEach; i++)
        {
            var reference = $"REF-{client}-{i}";
            var started = await AskAsync(() => StartCase.RunAsync(world.Runtime, new("one", reference, "C-1", "Marta Novak", [], reference), agent));
            var id = started.ShouldBeOfType<StartCaseResult.Started>().CaseId;
            var task = await AskAsync(() => world.OpenTaskAsync(id));
            var claimed = await AskAsync(() => ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"claim-{reference}"), adjuster));
            var revision = claimed.ShouldBeOfType<TaskResult.Done>().Answer.Revision;
            (
                await AskAsync(() => CompleteTask.RunAsync(world.Tasks, new(task.Id, revision, $"end-{reference}"), null, [], adjuster))
            ).ShouldBeOfType<TaskResult.Done>();
            Interlocked.Increment(ref _done);
        }
    }

    /// <summary>Asks again until there is an answer.</summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (e is NpgsqlException or IOException)
            {
                Interlocked.Increment(ref _repeated);
                await timer.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>The death of one of its processes: the server cuts all connections at once, and starts anew from its log.</summary>
    private static async Task CrashAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        using var backend = Process.GetProcessById(connection.ProcessID);
        backend.Kill();
        await backend.WaitForExitAsync();
    }
}
