using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>A company for a test: the host as it ships on its own database, its demo people, a clock that stands still.</summary>
public sealed class Office : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Worker> _people = new();
    private TestDatabase _database = null!;
    private int _references;

    public TestDatabase Database => _database;

    public HostApp Host { get; private set; } = null!;

    public FakeClock Clock { get; } = new();

    public Worker FrontOffice => Person("frontoffice");

    public Worker Supervisor => Person("supervisor");

    public async ValueTask InitializeAsync()
    {
        _database = await StartedDatabase.CreateAsync();
        Host = new(_database.ConnectionString, Clock);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _database.DisposeAsync();
    }

    public Worker Person(string userName) => _people.GetOrAdd(userName, name => new(Host.Api(), name));

    /// <summary>A reference no other case of this office has.</summary>
    public string NewReference(string kind) => $"{kind}-2026-{Interlocked.Increment(ref _references):000000}";

    /// <summary>Stops the host and starts another on the same database, as a restart does.</summary>
    public async Task RestartAsync()
    {
        await Host.DisposeAsync();
        _people.Clear();
        Host = new(_database.ConnectionString, Clock);
    }

    /// <summary>Rows of a query, for data that the API doesn't show.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(await reader.GetFieldValueAsync<T>(0));
        return rows;
    }
}

internal static class Answers
{
    /// <summary>The problem an answer is, after a look at its status.</summary>
    public static async Task<JsonNode> ProblemAsync(this HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, text);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        return JsonNode.Parse(text)!;
    }

    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
}

/// <summary>Waiting for what another thread or process does: asks again and again until it is so, and fails when it takes too long.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static async Task<T> AsksAsync<T>(Func<Task<T>> question, Func<T, bool> isSo, string what)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var answer = await question();
            if (isSo(answer))
                return answer;
            try
            {
                await again.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new ShouldAssertException($"After {Patience.TotalSeconds} s still not: {what}. Last answer: {answer}");
            }
        }
    }
}
