using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;
using Orchestration.Workflows.Jobs;

namespace Orchestration.Host.Tests.Durability;

/// <summary>Real host processes on one database: killed in the middle of work, and two running together.</summary>
public sealed class DurabilityTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_host_killed_in_the_middle_of_a_run_loses_nothing()
    {
        const int cases = 8;
        const int stepsBeforeTheKill = 20;
        await using var first = await HostProcess.StartAsync(_database.ConnectionString);
        using var wire = new Persistent();
        var office = new RemoteOffice(wire, first.Address);
        var halfway = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = 0;

        var claims = Enumerable
            .Range(1, cases)
            .Select(n =>
                Task.Run(() =>
                    SettleAsync(
                        office,
                        $"CLM-{n}",
                        () =>
                        {
                            if (Interlocked.Increment(ref done) == stepsBeforeTheKill)
                                halfway.SetResult();
                        }
                    )
                )
            )
            .ToArray();
        await Task.WhenAny(halfway.Task, Task.WhenAll(claims));
        await first.KillAsync();
        await using var second = await HostProcess.StartAsync(_database.ConnectionString, first.Address);
        var ids = await Task.WhenAll(claims);

        wire.Repeated.ShouldBePositive("the kill must hit a client that is at work");
        foreach (var id in ids)
        {
            ((string)(await office.Person("supervisor").CaseAsync(id))["case"]!["subStatus"]!).ShouldBe("Finished");
            var history = await office.Person("supervisor").HistoryAsync(id);
            history.Select(e => (int)e["sequence"]!).ShouldBe(Enumerable.Range(1, history.Count), "the chain has neither gap nor double");
            history
                .Where(e => (string)e["action"]! == "task.completed")
                .Select(e => (string)e["activityId"]!)
                .ShouldBe(["acknowledge", "coverage", "requestDocuments", "fraudCheck", "assess", "decide", "pay"], "every step happened exactly once");
        }
    }

    [Fact]
    public async Task Two_hosts_work_on_the_same_cases_and_each_clock_acts_once()
    {
        const int cases = 12;
        await PublishUrgentAsync();
        var hosts = await Task.WhenAll(HostProcess.StartAsync(_database.ConnectionString), HostProcess.StartAsync(_database.ConnectionString));
        await using var one = hosts[0];
        await using var two = hosts[1];
        using var toOne = new Persistent();
        using var toTwo = new Persistent();
        var left = new RemoteOffice(toOne, one.Address);
        var right = new RemoteOffice(toTwo, two.Address);

        // Opened at one host, seen and fought for at both.
        var ids = await Task.WhenAll(Enumerable.Range(1, cases).Select(n => left.Person("frontoffice").OpenAsync("urgent", $"URG-{n}", new { })));
        var won = new ConcurrentBag<string>();
        foreach (var id in ids)
        {
            var task = await right.Person("adjuster1").TaskAsync(id, "act");
            var answers = await Task.WhenAll(left.Person("adjuster1").AskAsync(task, "claim"), right.Person("frontoffice").AskAsync(task, "claim"));
            answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBeLessThanOrEqualTo(1, "at most one claim wins; none does when the clock was faster");
            answers.Where(a => a.StatusCode != HttpStatusCode.OK).ShouldAllBe(a => a.StatusCode == HttpStatusCode.Conflict);
        }

        foreach (var id in ids)
        {
            var history = await Eventually.AsksAsync(
                () => right.Person("supervisor").HistoryAsync(id),
                events => events.Any(e => (string)e["action"]! == "sla.breached"),
                $"case {id} is escalated"
            );
            history.Count(e => (string)e["action"]! == "sla.breached").ShouldBe(1);
            history
                .Where(e => (string)e["action"]! is "sla.rung" or "sla.rung-skipped")
                .Select(e => (string)e["payload"]!["rung"]!)
                .Order(StringComparer.Ordinal)
                .ShouldBe(["100%", "75%"]);
            history.Count(e => (string)e["action"]! == "task.reassigned").ShouldBe(1);
        }
    }

    [Fact]
    public async Task Three_hosts_that_start_at_once_on_an_empty_database_get_along()
    {
        await using var empty = await TestDatabase.CreateEmptyAsync();
        var hosts = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => HostProcess.StartAsync(empty.ConnectionString)));
        try
        {
            using var wire = new Persistent();
            var admin = new RemoteOffice(wire, hosts[0].Address).Person("admin");
            var jobs = await Eventually.AsksAsync(
                async () => (await admin.GetAsync("/api/jobs")).AsArray(),
                all => all.Count(j => (string?)j!["state"] == "Scheduled") == JobCatalog.All.Count,
                "every job is scheduled"
            );
            jobs.Select(j => (string)j!["name"]!).ShouldBe(JobCatalog.All.Select(j => j.Name));
            hosts.ShouldAllBe(host => !host.Said.Contains("23505", StringComparison.Ordinal) && !host.Said.Contains("42P07", StringComparison.Ordinal));
        }
        finally
        {
            foreach (var host in hosts)
                await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_host_that_is_told_to_stop_ends_what_it_is_at_and_gives_back_what_it_waits_for()
    {
        // A receiver that accepts a request and never answers.
        using var receiver = new HttpListener();
        var address = $"http://127.0.0.1:{HostProcess.FreePort()}/";
        receiver.Prefixes.Add(address);
        receiver.Start();
        await PublishAsync(
            "calls",
            $$"""
            { "id": "call", "type": "Elsa.SendHttpRequest", "version": 1, "url": { "typeName": "Uri", "expression": { "type": "Literal",
              "value": "{{address}}" } }, "method": { "typeName": "String", "expression": { "type": "Literal", "value": "POST" } } }
            """
        );
        await using var first = await HostProcess.StartAsync(_database.ConnectionString, settings: ("Http__AllowPrivateAddresses", "true"));
        using var wire = new Persistent();
        var office = new RemoteOffice(wire, first.Address);
        var id = await office.Person("frontoffice").OpenAsync("calls", "CALL-1", new { });
        var taken = await receiver.GetContextAsync();
        var key = taken.Request.Headers["Idempotency-Key"];

        // People keep working.
        var claims = Enumerable.Range(1, 4).Select(n => SettleAsync(office, $"CLM-{n}", () => { })).ToArray();
        (await first.StopAsync()).ShouldBe(0, first.Said);
        await using (var database = NpgsqlDataSource.Create(_database.ConnectionString))
        await using (var free = database.CreateCommand("select count(*)::int from hangfire.jobqueue q, effect e where q.fetchedat is null and e.attempts = 0"))
            (await free.ExecuteScalarAsync()).ShouldBe(1, "the next host need not wait for anything");

        await using var second = await HostProcess.StartAsync(_database.ConnectionString, first.Address, ("Http__AllowPrivateAddresses", "true"));
        var again = await receiver.GetContextAsync();
        again.Request.Headers["Idempotency-Key"].ShouldBe(key);
        again.Response.StatusCode = 204;
        again.Response.Close();
        foreach (var claim in await Task.WhenAll(claims))
            ((string)(await office.Person("supervisor").CaseAsync(claim))["case"]!["subStatus"]!).ShouldBe("Finished");
        await Eventually.AsksAsync(
            async () => (string)(await office.Person("supervisor").CaseAsync(id))["case"]!["subStatus"]!,
            status => status == "Finished",
            "the call is answered"
        );
    }

    /// <summary>A claim from notice to payment. Each request has its own operation ID, so sending it again is harmless.</summary>
    private static async Task<Guid> SettleAsync(RemoteOffice office, string reference, Action stepDone)
    {
        var id = await office
            .Person("frontoffice")
            .OpenAsync(
                "claims",
                reference,
                new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = 900,
                    lossDescription = "Hail",
                }
            );
        (string Who, string Step, string Outcome, object Data)[] steps =
        [
            ("adjuster1", "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" }),
            ("adjuster1", "coverage", "Covered", new { policyInForce = true, peril = "Storm" }),
            ("adjuster2", "requestDocuments", "NotRequired", new { }),
            ("adjuster1", "fraudCheck", "Clear", new { policyHistoryChecked = true }),
            (
                "adjuster1",
                "assess",
                "Assessed",
                new
                {
                    assessedAmount = 800,
                    recommendation = "Pay",
                    reasoning = "Photos agree.",
                }
            ),
            ("adjuster2", "decide", "Approve", new { approvedAmount = 700, reason = "As assessed." }),
            (
                "adjuster1",
                "pay",
                "Paid",
                new
                {
                    payee = "Ines Castellan",
                    paidAmount = 700,
                    paidOn = "2026-06-02",
                }
            ),
        ];
        foreach (var (who, step, outcome, data) in steps)
        {
            await office.Person(who).DoAsync(id, step, outcome, data);
            stepDone();
        }

        return id;
    }

    /// <summary>A journey of one step that is overdue after a second.</summary>
    private Task PublishUrgentAsync() =>
        PublishAsync(
            "urgent",
            """
            { "id": "act", "name": "act", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String",
              "expression": { "type": "Literal", "value": "Act" } },
              "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-intake" } },
              "slaDuration": { "typeName": "String", "expression": { "type": "Literal", "value": "PT1S" } }, "slaUnit": { "typeName": "String",
                "expression": { "type": "Literal", "value": "elapsed" } },
              "slaCalendar": { "typeName": "String", "expression": { "type": "Literal", "value": "24x7" } } }
            """
        );

    private async Task PublishAsync(string journey, string activity)
    {
        await using var host = new HostApp(_database.ConnectionString);
        await host.Api().GetAsync("/health/live");
        var start = (string)JsonNode.Parse(activity)!["id"]!;
        var document = $$"""
            { "definitionId": "{{journey}}", "name": "{{journey}}", "root": { "id": "flow", "type": "Elsa.Flowchart", "version": 1,
              "start": "{{start}}", "connections": [], "activities": [ {{activity}} ] } }
            """;
        (
            await host
                .Services.GetRequiredService<DefinitionStore>()
                .PublishAsync(new(journey, Encoding.UTF8.GetBytes(document), "designer"), "analyst", host.Clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    /// <summary>People who work through a host somewhere else.</summary>
    private sealed class RemoteOffice(HttpMessageHandler wire, Uri address)
    {
        private readonly ConcurrentDictionary<string, Worker> _people = new();

        public Worker Person(string userName) =>
            _people.GetOrAdd(userName, name => new(new HttpClient(wire, disposeHandler: false) { BaseAddress = address }, name));
    }
}
