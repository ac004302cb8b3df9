using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Definitions;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Host.Tests.Journeys;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Durability;

/// <summary>
/// Two hosts push work to people while one after the other is killed. <c>ORCHESTRATION_PUSHES</c> and <c>ORCHESTRATION_KILLS</c> make it larger.
/// </summary>
public sealed class PushDurabilityTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Team = "claims-adjusting";

    private const string Step = """
        { "id": "look", "type": "Orchestration.HumanTask", "version": 1,
          "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Look" } },
          "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } },
          "weight": { "typeName": "Int32", "expression": { "type": "Literal", "value": 1 } } }
        """;

    private static readonly string[] People = ["adjuster1", "adjuster2", "senior1"];

    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        await using var host = new HostApp(_database.ConnectionString);
        host.StartServer();
        var document = System.Text.Encoding.UTF8.GetBytes(Journey.Of("push", Step).ToJsonString());
        (
            await host.Services.GetRequiredService<DefinitionStore>().PublishAsync(new("push", document, "designer"), "test", host.Clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Hosts_killed_at_any_moment_offer_each_task_once_and_lose_none()
    {
        var (pushes, kills) = (Number("ORCHESTRATION_PUSHES", 60), Number("ORCHESTRATION_KILLS", 2));
        var random = new Random(12);
        HostProcess[] hosts = await Task.WhenAll(HostProcess.StartAsync(_database.ConnectionString), HostProcess.StartAsync(_database.ConnectionString));
        using var wire = new Persistent();
        HttpClient[] clients = [.. hosts.Select(host => new HttpClient(wire, disposeHandler: false) { BaseAddress = host.Address })];
        try
        {
            // No one has to complete anything to get more.
            await RunAsync("insert into person_capacity (person_id, live, deferred) select id, 0, 10000 from person");
            (
                await new Worker(clients[0], "senior1").SendAsync(HttpMethod.Put, $"/api/teams/{Team}/distribution/mode", new { mode = "offer" })
            ).EnsureSuccessStatusCode();
            foreach (var person in People)
                (await new Worker(clients[0], person).SendAsync(HttpMethod.Put, "/api/me/presence", new { state = "Available" })).EnsureSuccessStatusCode();

            using var done = new CancellationTokenSource();
            var people = People.Select((person, i) => AcceptAsync(new(clients[i % 2], person), done.Token)).ToArray();
            var opened = OpenAsync(new(clients[0], "frontoffice"), pushes);
            for (var kill = 1; kill <= kills; kill++)
            {
                // Somewhere in the middle of its share of the work, by how much is given out.
                var from = pushes * kill / (kills + 2);
                var until = from + random.Next(1, Math.Max(2, pushes / (kills + 2)));
                await Eventually.AsksAsync(
                    () => CountAsync("task_offer where state = 'Accepted'"),
                    count => count >= Math.Min(until, pushes),
                    "work is given out"
                );
                var victim = random.Next(2);
                await hosts[victim].KillAsync();
                hosts[victim] = await HostProcess.StartAsync(_database.ConnectionString, hosts[victim].Address);
            }

            await opened;
            await Eventually.AsksAsync(() => CountAsync("task where state = 'Reserved'"), count => count == pushes, "every task has found someone");
            await done.CancelAsync();
            await Task.WhenAll(people);
            (await CountAsync("task")).ShouldBe(pushes);
            (await CountAsync("(select task_id from task_offer where state = 'Accepted' group by task_id having count(*) > 1) doubles")).ShouldBe(0);
            (await CountAsync("event where action = 'task.claimed'")).ShouldBe(pushes, "each was given to someone once");
            (await CountAsync("task_offer where state not in ('Accepted', 'Expired', 'Withdrawn')")).ShouldBe(0, "no offer is stuck");
            (await CountAsync("event where action = 'task.offered'")).ShouldBe(await CountAsync("task_offer"), "each offer is in history");
            (
                await CountAsync(
                    """
                    (select action, lag(action) over (partition by chain_id order by sequence) before from event
                        where action like 'task.offer%' or action = 'task.claimed') e
                    where action = 'task.offered' and before = 'task.offered'
                    """
                )
            ).ShouldBe(0, "none was offered to two people at once");
            await Eventually.AsksAsync(() => CountAsync("distribution_request"), count => count == 0, "nothing waits to be looked at");
            wire.Repeated.ShouldBePositive("the kills must hit clients that are at work");
            output.WriteLine($"{pushes} pushes, {kills} kills, {wire.Repeated} requests repeated, {await CountAsync("task_offer")} offers");
        }
        finally
        {
            foreach (var client in clients)
                client.Dispose();
            foreach (var host in hosts)
                await host.DisposeAsync();
        }
    }

    private static async Task OpenAsync(Worker office, int pushes)
    {
        var number = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(1, pushes),
            new ParallelOptions { MaxDegreeOfParallelism = 2 },
            async (_, _) =>
            {
                var reference = $"PUSH-{Interlocked.Increment(ref number)}";
                (await office.StartAsync("push", reference, new { }, key: reference)).EnsureSuccessStatusCode();
            }
        );
    }

    /// <summary>Accepts each offer, as a person does who looks at their page again and again.</summary>
    private static async Task AcceptAsync(Worker person, CancellationToken stop)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!stop.IsCancellationRequested)
        {
            foreach (var offer in (await person.GetAsync("/api/offers")).AsArray())
            {
                // The offer may be over; what matters is what the database says in the end.
                var id = (string)offer!["id"]!;
                await person.SendAsync(HttpMethod.Post, $"/api/offers/{id}/accept", new JsonObject { ["operationId"] = $"accept-{id}" });
            }

            await again.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;

    private async Task<int> CountAsync(string from)
    {
        await using var query = _database.DataSource.CreateCommand($"select count(*)::int from {from}");
        return (int)(await query.ExecuteScalarAsync())!;
    }

    private async Task RunAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
