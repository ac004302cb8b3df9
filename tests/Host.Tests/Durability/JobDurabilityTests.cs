using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Durability;

/// <summary>Jobs when hosts die and when the database is away.</summary>
public sealed class JobDurabilityTests : IAsyncLifetime
{
    private const string Step = """
        { "definitionId": "JOURNEY", "name": "JOURNEY", "root": { "id": "act", "name": "act", "type": "Orchestration.HumanTask", "version": 1,
            "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Act" } },
            "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-intake" } },
            "slaDuration": { "typeName": "String", "expression": { "type": "Literal", "value": "TARGET" } },
            "slaUnit": { "typeName": "String", "expression": { "type": "Literal", "value": "elapsed" } },
            "slaCalendar": { "typeName": "String", "expression": { "type": "Literal", "value": "24x7" } } } }
        """;

    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        await using var host = new HostApp(_database.ConnectionString);
        await host.Api().GetAsync("/health/live");
        foreach (var (journey, target) in new[] { ("plain", "PT8H"), ("urgent", "PT2S") })
        {
            var document = Step.Replace("JOURNEY", journey, StringComparison.Ordinal).Replace("TARGET", target, StringComparison.Ordinal);
            (
                await host
                    .Services.GetRequiredService<DefinitionStore>()
                    .PublishAsync(new(journey, Encoding.UTF8.GetBytes(document), "designer"), "analyst", host.Clock.GetCurrentInstant())
            ).ShouldBeOfType<PublishResult.Published>();
        }
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_job_whose_host_is_killed_is_run_by_the_other_and_does_its_work_once()
    {
        var hosts = await Task.WhenAll(HostProcess.StartAsync(_database.ConnectionString), HostProcess.StartAsync(_database.ConnectionString));
        await using var one = hosts[0];
        await using var two = hosts[1];
        using var wire = new Persistent();
        using var client = new HttpClient(wire, disposeHandler: false) { BaseAddress = one.Address };
        var cases = new List<Guid>();
        var office = new Worker(client, "frontoffice");
        for (var i = 0; i < 6; i++)
            cases.Add(await office.OpenAsync("plain", $"PLAIN-{i}", new { }));
        var supervisor = new Worker(client, "supervisor");
        var real = new List<JsonNode>();
        foreach (var id in cases)
            real.Add(await supervisor.TaskAsync(id, "act"));

        // Tasks that do not exist make the work long.
        var items = Enumerable
            .Range(0, 3000)
            .Select(i =>
                i % 500 == 250
                    ? new { id = (string)real[i / 500]["id"]!, revision = (int)real[i / 500]["revision"]! }
                    : new { id = Ids.Named($"nothing {i}").ToString(), revision = 1 }
            )
            .ToArray();
        var answer = await supervisor.SendAsync(
            HttpMethod.Post,
            "/api/tasks/bulk",
            new
            {
                verb = "priority",
                priority = 2,
                operationId = "many",
                items,
            }
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        var work = answer.Headers.Location!.ToString();
        (
            await supervisor.SendAsync(
                HttpMethod.Post,
                "/api/tasks/bulk",
                new
                {
                    verb = "priority",
                    priority = 2,
                    operationId = "many",
                    items,
                }
            )
        ).Headers.Location!.ToString().ShouldBe(work, "asking again is asking once");

        await Eventually.AsksAsync(() => CountAsync("select done + refused from background_work"), count => count > 0, "it is under way");
        var worker = await WorkerAsync();
        var (dies, lives) = worker == one.Id ? (one, two) : (two, one);
        await dies.KillAsync();
        (await CountAsync("select done + refused from background_work")).ShouldBeLessThan(items.Length, "it was killed in the middle");
        var died = Stopwatch.GetTimestamp();

        await Eventually.AsksAsync(WorkerAsync, id => id == lives.Id, "the other host has taken it");
        Stopwatch.GetElapsedTime(died).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        using var other = new HttpClient(wire, disposeHandler: false) { BaseAddress = lives.Address };
        var reader = new Worker(other, "supervisor");
        var done = await Eventually.AsksAsync(() => reader.GetAsync(work), status => (string?)status["state"] == "Done", "it is done");
        ((int)done["done"]! + (int)done["refused"]!).ShouldBe(items.Length);
        ((int)done["done"]!).ShouldBe(cases.Count);
        foreach (var id in cases)
            (await reader.HistoryAsync(id)).Count(e => (string)e["action"]! == "task.prioritized").ShouldBe(1);
        (await HistoryAsync(work)).ShouldBe(["work.requested", "work.started", "work.done"]);
    }

    [Fact]
    public async Task While_the_database_is_away_the_host_neither_dies_nor_floods_its_log_and_goes_on_by_itself()
    {
        await using var host = await HostProcess.StartAsync(_database.ConnectionString);
        using var wire = new Persistent();
        using var client = new HttpClient(wire, disposeHandler: false) { BaseAddress = host.Address };
        var id = await new Worker(client, "frontoffice").OpenAsync("urgent", "URGENT-1", new { });
        var name = new NpgsqlConnectionStringBuilder(_database.ConnectionString).Database;
        await using var server = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Database = "postgres" });
        var before = host.Said.Length;

        await AllowAsync(false);
        var away = Stopwatch.GetTimestamp();
        await Eventually.AsksAsync(
            async () => (await client.GetAsync("/health/ready")).StatusCode,
            status => status == HttpStatusCode.ServiceUnavailable && Stopwatch.GetElapsedTime(away) > TimeSpan.FromSeconds(15),
            "the database has been away for a while"
        );
        host.HasExited.ShouldBeFalse(host.Said);
        host.Said[before..]
            .Split('\n')
            .Count(line => line.StartsWith("warn: Hangfire", StringComparison.Ordinal) || line.StartsWith("fail: Hangfire", StringComparison.Ordinal))
            .ShouldBeLessThan(12, host.Said[before..]);

        await AllowAsync(true);

        // One session: a sign-in for every question would meet the limit of attempts.
        var supervisor = new Worker(client, "supervisor");
        await Eventually.AsksAsync(() => supervisor.HistoryAsync(id), events => events.Any(e => (string)e["action"]! == "sla.breached"), "the clock acts");

        async Task AllowAsync(bool allow)
        {
            await using var command = server.CreateCommand(
                $"alter database {name} allow_connections {allow}; select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' "
                    + $"and not {allow}"
            );
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Process that works on the background work, or 0.</summary>
    private async Task<int> WorkerAsync()
    {
        await using var query = _database.DataSource.CreateCommand(
            """
            select s.data ->> 'ServerId' from hangfire.job j join hangfire.state s on s.id = j.stateid
            where j.statename = 'Processing' and j.invocationdata ->> 'Type' like '%DoWork%' order by s.id desc limit 1
            """
        );
        return await query.ExecuteScalarAsync() is string server ? int.Parse(server.Split(':')[1], CultureInfo.InvariantCulture) : 0;
    }

    private async Task<int> CountAsync(string sql)
    {
        await using var query = _database.DataSource.CreateCommand(sql);
        return (int)(await query.ExecuteScalarAsync())!;
    }

    private async Task<List<string>> HistoryAsync(string work)
    {
        await using var query = _database.DataSource.Query(
            "select action from event where chain_id = $1 order by sequence",
            Ids.Named($"work:{Guid.Parse(work.Split('/')[^1]):N}")
        );
        await using var rows = await query.ExecuteReaderAsync();
        var actions = new List<string>();
        while (await rows.ReadAsync())
            actions.Add(rows.GetString(0));
        return actions;
    }
}
