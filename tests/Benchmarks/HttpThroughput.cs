using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Benchmarks;

/// <summary>
/// Cases started and human steps completed (claim + complete) a second over HTTP, by demo people who are signed in, on a running host in Development.
/// Journey and team are those of <see cref="Throughput"/>: a team that nobody is pushed work of. The same with a team that is offered its work comes besides. A
/// health check says what the requests themselves cost. With the host's database, in turns with the same verbs called in this process on it.
/// <c>dotnet run -c Release --project tests/Benchmarks -- http http://localhost:8080 [CONNECTION] [seconds] [clients …]</c>
/// </summary>
internal static class HttpThroughput
{
    private const string Team = "bench";
    private const string PushedTeam = "claims-adjusting";
    private const string Employee = "adjuster1";

    // A host that just started compiles for longer than this, so the first numbers of clients come with a longer one.
    private const int WarmUp = 2;
    private const int FirstWarmUp = 20;
    private static readonly string Run = $"{Environment.ProcessId}-{Environment.TickCount64}";
    private static readonly MediaTypeHeaderValue s_json = new("application/json");
    private static long s_number;

    private const int Rounds = 2;

    public static async Task RunAsync(string url, string? database, int seconds, int[] numbers)
    {
        using var analyst = await SignInAsync(url, "analyst");
        using var frontOffice = await SignInAsync(url, "frontoffice");
        using var supervisor = await SignInAsync(url, "supervisor");
        using (var administrator = await SignInAsync(url, "admin"))
            await AddTeamAsync(administrator);
        using var employee = await SignInAsync(url, Employee);
        await PublishAsync(analyst, Team);
        await PublishAsync(analyst, PushedTeam);
        await using var inProcess = database is null ? null : await InProcess.OpenAsync(database, "frontoffice", Employee);
        foreach (var clients in numbers)
        {
            var warmUp = clients == numbers[0] ? FirstWarmUp : WarmUp;
            await MeasureAsync("health check", clients, WarmUp, () => frontOffice.GetByteArrayAsync("/health/live"));
            if (inProcess is null)
                await MeasureTeamAsync(Team, "", clients, warmUp);
            else
                await CompareAsync(inProcess, clients, warmUp);
            var mode = (await GetAsync(supervisor, $"/api/teams/{PushedTeam}/distribution")).GetProperty("mode").GetString()!;
            await SetModeAsync("offer");
            try
            {
                await MeasureTeamAsync(PushedTeam, ", pushed", clients, WarmUp);
            }
            finally
            {
                await SetModeAsync(mode);
            }
        }

        async Task SetModeAsync(string mode)
        {
            using var answer = await supervisor.PutAsJsonAsync($"/api/teams/{PushedTeam}/distribution/mode", new { mode });
            answer.EnsureSuccessStatusCode();
        }

        async Task MeasureTeamAsync(string team, string named, int clients, int warmUp)
        {
            var cases = new ConcurrentBag<string>();
            await MeasureAsync("", clients, warmUp, async () => cases.Add(await StartAsync(frontOffice, team)));
            await MeasureAsync($"start{named}", clients, seconds, async () => cases.Add(await StartAsync(frontOffice, team)));

            var tasks = await TasksAsync(cases);
            await MeasureAsync("", clients, Math.Min(warmUp, seconds), () => PairAsync(employee, tasks));
            await MeasureAsync($"claim+complete{named}", clients, seconds, () => PairAsync(employee, tasks));
        }

        // Each start is one task to complete, and in process completes more: it starts as many as both need.
        async Task CompareAsync(InProcess without, int clients, int warmUp)
        {
            var cases = new ConcurrentBag<string>();
            await MeasureAsync("", clients, warmUp, async () => cases.Add(await StartAsync(frontOffice, Team)));
            await MeasureAsync("", clients, warmUp, async () => cases.Add(await without.StartAsync(Journey(Team))));
            await RatioAsync(
                "start",
                named => MeasureAsync(named, clients, seconds, async () => cases.Add(await StartAsync(frontOffice, Team))),
                named => MeasureAsync(named, clients, seconds, async () => cases.Add(await without.StartAsync(Journey(Team))))
            );
            var tasks = await TasksAsync(cases);
            await MeasureAsync("", clients, WarmUp, () => PairAsync(employee, tasks));
            await MeasureAsync("", clients, WarmUp, () => without.PairAsync(tasks));
            await RatioAsync(
                "claim+complete",
                named => MeasureAsync(named, clients, seconds, () => PairAsync(employee, tasks)),
                named => MeasureAsync(named, clients, seconds, () => without.PairAsync(tasks))
            );
        }

        async Task<ConcurrentQueue<string>> TasksAsync(IEnumerable<string> cases)
        {
            var tasks = new ConcurrentQueue<string>();
            await Parallel.ForEachAsync(cases.Order(), async (id, _) => tasks.Enqueue(await TaskAsync(employee, id)));
            return tasks;
        }
    }

    private static async Task RatioAsync(string what, Func<string, Task<double>> over, Func<string, Task<double>> without)
    {
        var (http, process) = (0.0, 0.0);
        for (var round = 0; round < Rounds; round++)
        {
            http += await over(what);
            process += await without($"{what} in process");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {http / process:0.00} of in process"));
    }

    /// <summary>The team of <see cref="Throughput"/>, with one member, unless it is there.</summary>
    private static async Task AddTeamAsync(HttpClient administrator)
    {
        using var found = await administrator.GetAsync($"/api/teams/{Team}");
        if (found.StatusCode == HttpStatusCode.NotFound)
            await SendAsync(
                administrator,
                "/api/teams",
                new
                {
                    key = Team,
                    title = "Bench",
                    members = new[] { Employee },
                }
            );
    }

    private static async Task PublishAsync(HttpClient analyst, string team)
    {
        var journey = JsonNode.Parse(Throughput.Journey.Replace("\"value\": \"bench\"", $"\"value\": \"{team}\"", StringComparison.Ordinal))!;
        journey["definitionId"] = Journey(team);
        await SendAsync(
            analyst,
            "/api/definitions",
            new
            {
                definition = journey,
                publish = true,
                operationId = $"{Run}-{team}",
            }
        );
    }

    private static string Journey(string team) => $"bench-{team}";

    private static async Task<string> StartAsync(HttpClient client, string team)
    {
        var number = Interlocked.Increment(ref s_number);
        var started = await SendAsync(
            client,
            "/api/cases",
            new
            {
                journey = Journey(team),
                reference = $"B-{Run}-{number}",
                customer = new { id = "C", name = "Customer" },
            }
        );
        using var answer = JsonDocument.Parse(started);
        return answer.RootElement.GetProperty("case").GetProperty("id").GetString()!;
    }

    private static async Task<string> TaskAsync(HttpClient client, string id) =>
        (await GetAsync(client, $"/api/tasks?view=all&case={id}")).GetProperty("items")[0].GetProperty("id").GetString()!;

    /// <summary>Claims the next task and completes it.</summary>
    private static async Task PairAsync(HttpClient client, ConcurrentQueue<string> tasks)
    {
        if (!tasks.TryDequeue(out var task))
            throw new InvalidOperationException("No task is left: measure for fewer seconds.");
        await SendAsync(client, $"/api/tasks/{task}/claim", new { revision = 1, operationId = $"c-{task}" });
        await SendAsync(
            client,
            $"/api/tasks/{task}/complete",
            new
            {
                revision = 2,
                operationId = $"d-{task}",
                outcome = "Done",
            }
        );
    }

    /// <param name="what">What is printed; empty: nothing, it only warms up.</param>
    private static async Task<double> MeasureAsync(string what, int clients, int seconds, Func<Task> once)
    {
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var times = (await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(ClientAsync)))).SelectMany(t => t).Order().ToList();
        var rate = times.Count / watch.Elapsed.TotalSeconds;
        if (what.Length > 0)
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what, -25} {clients, 3} clients: {rate, 6:0}/s   p50 {times[times.Count / 2], 5:0.0} ms   p99 "
                        + $"{times[times.Count * 99 / 100], 5:0.0} ms   client: "
                        + $"{(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / times.Count:0.00} ms CPU"
                )
            );
        return rate;

        async Task<List<double>> ClientAsync()
        {
            var each = new List<double>();
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                var began = watch.Elapsed.TotalMilliseconds;
                await once();
                each.Add(watch.Elapsed.TotalMilliseconds - began);
            }

            return each;
        }
    }

    private static async Task<HttpClient> SignInAsync(string url, string person)
    {
        var client = new HttpClient { BaseAddress = new(url) };
        using var session = JsonDocument.Parse(await SendAsync(client, "/api/session", new { userName = person, password = "demo" }));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.RootElement.GetProperty("accessToken").GetString());
        return client;
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path) =>
        JsonSerializer.Deserialize<JsonElement>(await client.GetByteArrayAsync(path));

    /// <summary>Sends bytes and reads bytes: what the client does takes time from the host, which runs on the same machine.</summary>
    private static async Task<byte[]> SendAsync<T>(HttpClient client, string path, T body)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body));
        content.Headers.ContentType = s_json;
        using var answer = await client.PostAsync(path, content);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        return answer.IsSuccessStatusCode
            ? bytes
            : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {System.Text.Encoding.UTF8.GetString(bytes)}");
    }
}
