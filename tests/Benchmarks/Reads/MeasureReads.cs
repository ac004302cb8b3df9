using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Orchestration.Benchmarks.Reads;

/// <summary>
/// How long a running host takes for its lists, searches, counters and pages, for people who see everything, a team's cases, few and none, one request at a
/// time. <c>dotnet run -c Release --project tests/Benchmarks -- reads http://localhost:8080 [times] [part of a path] [person …]</c>
/// </summary>
internal static class MeasureReads
{
    private const double Goal = 50;

    private static readonly string[] People = ["supervisor", "frontoffice", "compliance", "analyst", "senior1", "adjuster1", "processor1", "few", "none"];

    /// <summary>Part of a name many have, a name some have, one nobody has, two letters, and parts of references.</summary>
    private static readonly string[] Searches = ["nov", "Marta%20Novak", "xqzzy", "zq", "ma", "00100", "00012345", "claims"];

    private static IEnumerable<string> Paths =>
        [
            "/",
            "/?sort=priority",
            "/?sort=customer",
            "/?show=overdue",
            .. Searches.Select(q => $"/work?q={q}"),
            "/work/beside",
            "/team",
            "/team/board",
            "/team/people",
            "/api/board",
            "/team?show=at-risk",
            "/team?show=completed-today",
            "/team?sort=newest",
            "/team?show=overdue",
            "/team?show=unassigned",
            "/team?show=suspended",
            "/team?q=nov",
            "/team?q=xqzzy",
            "/team?key=claims-adjusting",
            "/team?journey=complaint",
            "/cases",
            "/cases/list?sort=oldest",
            .. new[] { "claims", "complaint", "demo-address-check", "no-such-journey" }.SelectMany(journey =>
                (string[])[$"/cases/list?journey={journey}", $"/cases/list?journey={journey}&sort=oldest", $"/cases/list?journey={journey}&status=Running"]
            ),
            "/cases/list?status=Running",
            "/cases/list?status=Running&sort=oldest",
            "/cases/list?status=Finished",
            "/cases/list?status=Finished&sort=oldest",
            "/cases/list?urgency=Breached",
            "/cases/list?urgency=AtRisk",
            "/cases/list?urgency=AtRisk&journey=demo-address-check",
            .. Searches.SelectMany(q => (string[])[$"/cases/list?q={q}", $"/cases/list?q={q}&status=Running"]),
            .. Searches.Select(q => $"/commands?q={q}"),
            "/commands?q=martha%20nowack",
            "/search?q=nov",
            "/customers",
            .. Searches.Select(q => $"/customers/list?q={q}"),
            .. Searches.Take(4).Select(q => $"/start/customers?q={q}"),
            "/api/tasks?view=all",
            "/api/tasks?view=team",
            "/api/tasks?view=team",
            "/api/tasks?view=all&atRisk=true",
            "/api/tasks?view=all&overdue=true",
            "/api/tasks?view=all&state=Suspended",
            "/api/tasks?view=all&state=Completed",
            "/api/tasks?view=all&state=Cancelled",
            "/api/tasks?view=all&q=xqzzy",
            "/notifications",
            "/elsa/api/workflow-instances?page=0&pageSize=25",
            "/elsa/api/workflow-instances?page=0&pageSize=25&status=Running",
        ];

    public static async Task RunAsync(string url, int times, string only, string[] people)
    {
        var all = new List<(string Who, string Path, double P50, double P95, int Bytes, string? Fault)>();
        foreach (var person in people.Length == 0 ? People : people)
        {
            using var client = new HttpClient { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(40) };
            var session = await client.PostAsJsonAsync("/api/session", new { userName = person, password = "demo" });
            session.EnsureSuccessStatusCode();
            var token = (await session.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("accessToken").GetString();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var pages = await CasesAndTasksAsync(client);
            foreach (var path in Paths.Concat(pages).Where(path => path.Contains(only, StringComparison.Ordinal)))
            {
                // Once to compile and prepare, then what a person waits for.
                using (await client.GetAsync(path)) { }
                var (taken, bytes, fault) = (new List<double>(), 0, (string?)null);
                for (var i = 0; i < times && fault is null; i++)
                {
                    var began = Stopwatch.GetTimestamp();
                    try
                    {
                        using var answer = await client.GetAsync(path);
                        bytes = (await answer.Content.ReadAsByteArrayAsync()).Length;
                        if (!answer.IsSuccessStatusCode)
                            fault = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
                    }
                    catch (TaskCanceledException)
                    {
                        fault = "no answer";
                    }

                    taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    if (taken.Sum() > 1500)
                        break;
                }

                // Forbidden and not found are right answers for some people, and not of interest.
                if (fault is "403" or "404")
                    continue;
                taken.Sort();
                all.Add((person, path, taken[taken.Count / 2], taken[(int)Math.Ceiling(taken.Count * 0.95) - 1], bytes, fault));
            }
        }

        foreach (var (who, path, p50, p95, bytes, fault) in all.OrderByDescending(one => one.P95))
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{p95, 8:0.0} {p50, 8:0.0} ms {bytes / 1024.0, 7:0.0} KB  {who, -12} {path} {fault}")
            );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{all.Count} requests, {all.Count(one => one.P95 > Goal || one.Fault is not null)} over {Goal} ms at p95; largest team page {all.Where(one =>
                    one.Path.StartsWith("/team", StringComparison.Ordinal)).Select(one => one.Bytes / 1024.0).DefaultIfEmpty().Max():0} KB"
            )
        );
    }

    /// <summary>A case in every state of the list, and an open and an ended task, as far as the person sees any.</summary>
    private static async Task<IReadOnlyList<string>> CasesAndTasksAsync(HttpClient client)
    {
        var paths = new List<string>();
        foreach (
            var (list, page) in ((string, string)[])
                [("/api/cases?status=Running&limit=1", "/cases/"), ("/api/tasks?view=all&limit=1", "/tasks/"), ("/api/cases?limit=1", "/cases/")]
        )
        {
            using var answer = await client.GetAsync(list);
            if (!answer.IsSuccessStatusCode)
                continue;
            foreach (var item in (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("items").EnumerateArray())
                paths.Add(page + item.GetProperty("id").GetString());
        }

        return paths;
    }
}
