using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Benchmarks;

/// <summary>
/// Cases started and human steps completed (claim + complete) a second over HTTP, by demo people who are signed in, on a running host in Development.
/// The journey is that of <see cref="Throughput"/>, so the two can be compared. A health check says what the requests themselves cost.
/// <c>dotnet run -c Release --project tests/Benchmarks -- http http://localhost:8080 [seconds] [clients …]</c>
/// </summary>
internal static class HttpThroughput
{
    // A host that just started compiles for longer than this, so the first numbers of clients come with a longer one.
    private const int WarmUp = 2;
    private const int FirstWarmUp = 10;
    private static readonly string Run = $"{Environment.ProcessId}-{Environment.TickCount64}";
    private static long s_number;

    public static async Task RunAsync(string url, int seconds, int[] numbers)
    {
        using var analyst = await SignInAsync(url, "analyst");
        using var frontOffice = await SignInAsync(url, "frontoffice");
        using var adjuster = await SignInAsync(url, "adjuster1");
        var journey = JsonNode.Parse(Throughput.Journey.Replace("\"value\": \"bench\"", "\"value\": \"claims-adjusting\"", StringComparison.Ordinal))!;
        await SendAsync(
            analyst,
            "/api/definitions",
            new
            {
                definition = journey,
                publish = true,
                operationId = Run,
            }
        );
        foreach (var clients in numbers)
        {
            var warmUp = clients == numbers[0] ? FirstWarmUp : WarmUp;
            await MeasureAsync("health check", clients, WarmUp, () => frontOffice.GetStringAsync("/health/live"));
            var cases = new ConcurrentBag<string>();
            await MeasureAsync("start", clients, warmUp, async () => cases.Add(await StartAsync(frontOffice)), print: false);
            await MeasureAsync("start", clients, seconds, async () => cases.Add(await StartAsync(frontOffice)));
            var tasks = new ConcurrentQueue<string>();
            await Parallel.ForEachAsync(cases, async (id, _) => tasks.Enqueue(await TaskAsync(adjuster, id)));
            await MeasureAsync("claim+complete", clients, warmUp, () => PairAsync(adjuster, tasks), print: false);
            await MeasureAsync("claim+complete", clients, seconds, () => PairAsync(adjuster, tasks));
        }
    }

    private static async Task<string> StartAsync(HttpClient client)
    {
        var number = Interlocked.Increment(ref s_number);
        var started = await SendAsync(
            client,
            "/api/cases",
            new
            {
                journey = "bench",
                reference = $"B-{Run}-{number}",
                customer = new { id = "C-1001", name = "Ines Castellan" },
                input = new { },
            }
        );
        return started.GetProperty("case").GetProperty("id").GetString()!;
    }

    private static async Task<string> TaskAsync(HttpClient client, string id) =>
        (await client.GetFromJsonAsync<JsonElement>($"/api/tasks?view=all&case={id}")).GetProperty("items")[0].GetProperty("id").GetString()!;

    /// <summary>Claims the next task and completes it. Does nothing when none is left.</summary>
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

    private static async Task MeasureAsync(string what, int clients, int seconds, Func<Task> once, bool print = true)
    {
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var times = (await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(ClientAsync)))).SelectMany(t => t).Order().ToList();
        if (print)
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what, -15} {clients, 3} clients: {times.Count / watch.Elapsed.TotalSeconds, 6:0}/s   p50 {times[times.Count / 2], 5:0.0} ms   p99 "
                        + $"{times[times.Count * 99 / 100], 5:0.0} ms   client: "
                        + $"{(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / times.Count:0.00} ms CPU"
                )
            );

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
        var session = await SendAsync(client, "/api/session", new { userName = person, password = "demo" });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.GetProperty("accessToken").GetString());
        return client;
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonSerializer.Deserialize<JsonElement>(text)
            : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {text}");
    }
}
