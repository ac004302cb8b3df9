using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>A demo person at work through the public API. Signs in again when the session has run out, as a client would.</summary>
public sealed class Worker(HttpClient http, string userName)
{
    private static int s_operations;
    private readonly Lock _lock = new();
    private Task<string>? _token;

    public string UserName => userName;

    /// <summary>A new operation ID.</summary>
    public static string NewOperation() => $"test-{Environment.ProcessId}-{Interlocked.Increment(ref s_operations)}";

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        var token = await TokenAsync(refused: null);
        var answer = await http.SendAsync(Request(token));
        return answer.StatusCode == HttpStatusCode.Unauthorized ? await http.SendAsync(Request(await TokenAsync(refused: token))) : answer;

        HttpRequestMessage Request(string bearer)
        {
            var request = new HttpRequestMessage(method, path)
            {
                Content = body is null ? null : body as HttpContent ?? JsonContent.Create(body),
                Headers = { Authorization = new AuthenticationHeaderValue("Bearer", bearer) },
            };
            foreach (var (name, value) in headers)
                request.Headers.Add(name, value);
            return request;
        }
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        var answer = await SendAsync(HttpMethod.Get, path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{userName} GET {path}");
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    /// <summary>Opens a case and gives its id.</summary>
    public async Task<Guid> OpenAsync(string journey, string reference, object input)
    {
        var answer = await StartAsync(journey, reference, input);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return Guid.Parse(answer.Headers.Location!.ToString().Split('/')[^1]);
    }

    public Task<HttpResponseMessage> StartAsync(string journey, string reference, object input, string? key = null) =>
        SendAsync(
            HttpMethod.Post,
            "/api/cases",
            new
            {
                journey,
                reference,
                customer = new { id = "C-1001", name = "Ines Castellan" },
                input,
            },
            key is null ? [] : [("Idempotency-Key", key)]
        );

    public Task<HttpResponseMessage> PublishAsync(string name, string reference, object payload) =>
        SendAsync(
            HttpMethod.Post,
            "/api/events",
            new
            {
                name,
                correlationId = reference,
                payload,
            }
        );

    /// <summary>The open task of a step. There is exactly one.</summary>
    public async Task<JsonNode> TaskAsync(Guid @case, string step)
    {
        var open = await TasksAsync(@case);
        return open.Where(task => (string)task["stepId"]! == step)
            .ShouldHaveSingleItem($"{step} among {string.Join(", ", open.Select(task => task["stepId"]))}");
    }

    /// <summary>Unassigned steps, by name.</summary>
    public async Task<string[]> StepsAsync(Guid @case) => [.. (await TasksAsync(@case)).Select(task => (string)task["stepId"]!).Order(StringComparer.Ordinal)];

    /// <summary>Asks a task for a verb, with the revision it has now.</summary>
    public async Task<HttpResponseMessage> AskAsync(JsonNode task, string verb, object? more = null, int? revision = null, string? operation = null)
    {
        var body = new JsonObject { ["revision"] = revision ?? (int)task["revision"]!, ["operationId"] = operation ?? NewOperation() };
        foreach (var (name, value) in more is null ? [] : JsonSerializer.SerializeToNode(more, JsonSerializerOptions.Web)!.AsObject())
            body[name] = value?.DeepClone();
        return await SendAsync(HttpMethod.Post, $"/api/tasks/{task["id"]}/{verb}", body);
    }

    /// <summary>Asks a task for a verb that must be done.</summary>
    public async Task DoneAsync(JsonNode task, string verb, object? more = null)
    {
        var answer = await AskAsync(task, verb, more);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{userName} asks to {verb}: {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Claims a step's task and returns its new state.</summary>
    public async Task<JsonNode> ClaimAsync(Guid @case, string step)
    {
        var task = await TaskAsync(@case, step);
        var answer = await AskAsync(task, "claim");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{userName} claims {step}: {await answer.Content.ReadAsStringAsync()}");
        return await GetAsync($"/api/tasks/{task["id"]}");
    }

    /// <summary>Does a step from claim to outcome.</summary>
    public async Task DoAsync(Guid @case, string step, string outcome, object? data = null)
    {
        var task = await ClaimAsync(@case, step);
        var answer = await AskAsync(task, "complete", new { outcome, data });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{userName} completes {step}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async Task<JsonNode> CaseAsync(Guid id) => await GetAsync($"/api/cases/{id}");

    /// <summary>What happened to a case, oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> HistoryAsync(Guid id) =>
        [.. (await GetAsync($"/api/cases/{id}/history?limit=1000"))["items"]!.AsArray().Select(e => e!)];

    private async Task<List<JsonNode>> TasksAsync(Guid @case)
    {
        var tasks = new List<JsonNode>();
        foreach (var item in (await GetAsync($"/api/tasks?view=all&case={@case}"))["items"]!.AsArray())
        {
            if (item!["endedAt"] is null)
                tasks.Add(await GetAsync($"/api/tasks/{item["id"]}"));
        }

        return tasks;
    }

    /// <summary>The token of the session, or a new one in place of one that was refused; of several requests at once, one signs in for all.</summary>
    private Task<string> TokenAsync(string? refused)
    {
        lock (_lock)
        {
            if (_token is null or { IsFaulted: true } or { IsCanceled: true } || (_token.IsCompletedSuccessfully && _token.Result == refused))
                _token = SignInAsync();
            return _token;
        }
    }

    private async Task<string> SignInAsync()
    {
        var answer = await http.PostAsJsonAsync("/api/session", new SignInRequest(userName, FirstStart.DemoPassword));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{userName} signs in");
        return (await answer.Content.ReadFromJsonAsync<SessionTokens>())!.AccessToken;
    }
}
