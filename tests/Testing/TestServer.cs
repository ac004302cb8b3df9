using System.ComponentModel;
using System.Diagnostics;
using Orchestration.Embedded;
using Testcontainers.PostgreSql;

namespace Orchestration.Testing;

public enum TestServerKind
{
    /// <summary>The server that <c>ORCHESTRATION_TEST_POSTGRES</c> names.</summary>
    Given,

    /// <summary>A container, removed by Testcontainers when the test process ends.</summary>
    Container,

    /// <summary>A server that the test process starts from installed binaries and that ends with it.</summary>
    Embedded,
}

/// <summary>Which PostgreSQL server the tests use.</summary>
/// <param name="Description">For the reader of the test output: which server it is, and why.</param>
public sealed record TestServerChoice(TestServerKind Kind, string Description);

/// <summary>
/// The PostgreSQL server of this test process, started for the first test that needs a database: a container where a Docker engine
/// answers, else an embedded one. <c>ORCHESTRATION_TEST_POSTGRES</c> overrides this with the connection string of a user who may
/// create databases, or with <c>embedded</c>.
/// </summary>
public static class TestServer
{
    /// <summary>The image that docker-compose.yml runs in Production.</summary>
    public const string Image = "postgres:17";

    private const string Variable = "ORCHESTRATION_TEST_POSTGRES";

    // Test databases don't need to survive anything, and each test has its own connections.
    private static readonly Dictionary<string, string> s_settings = new()
    {
        ["fsync"] = "off",
        ["synchronous_commit"] = "off",
        ["full_page_writes"] = "off",
        ["max_connections"] = "500",
        ["max_wal_size"] = "4GB",
    };

    private static readonly Lazy<Task<string>> s_started = new(StartAsync);

    // Held until the process ends: collected, it would take the server with it in the middle of a test.
    private static IAsyncDisposable? s_server;

    /// <summary>Connects as a user who can create databases.</summary>
    public static Task<string> ConnectionStringAsync() => s_started.Value;

    /// <param name="setting">The value of <c>ORCHESTRATION_TEST_POSTGRES</c>.</param>
    /// <param name="path">The folders in which to look for the <c>docker</c> command, separated as in <c>PATH</c>.</param>
    /// <param name="patience">Timeout for an answer of the Docker engine.</param>
    public static async Task<TestServerChoice> ChooseAsync(string? setting, string path, TimeSpan patience) =>
        setting switch
        {
            "embedded" => new(TestServerKind.Embedded, $"embedded PostgreSQL ({Variable}=embedded)"),
            { Length: > 0 } => new(TestServerKind.Given, $"the server of {Variable}"),
            _ when await EngineVersionAsync(path, patience) is { } version => new(TestServerKind.Container, $"{Image} in a container (Docker {version})"),
            _ => new(TestServerKind.Embedded, "embedded PostgreSQL (no Docker engine answers)"),
        };

    private static async Task<string> StartAsync()
    {
        var setting = Environment.GetEnvironmentVariable(Variable);
        var choice = await ChooseAsync(setting, Environment.GetEnvironmentVariable("PATH") ?? "", TimeSpan.FromSeconds(5));
        Xunit.TestContext.Current.SendDiagnosticMessage($"Test database: {choice.Description}");
        return choice.Kind switch
        {
            TestServerKind.Given => setting!,
            TestServerKind.Container => await StartContainerAsync(),
            _ => await StartEmbeddedAsync(),
        };
    }

    private static async Task<string> StartContainerAsync()
    {
        // As the embedded server is initialized. The module itself turns off what keeps data through a crash; the later setting wins.
        var container = new PostgreSqlBuilder(Image)
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8")
            .WithCommand([.. s_settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })])
            .Build();
        s_server = container;
        await container.StartAsync();
        return container.GetConnectionString();
    }

    private static async Task<string> StartEmbeddedAsync()
    {
        var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = Path.Combine(Path.GetTempPath(), $"orchestration-test-{Environment.ProcessId}"),
                Temporary = true,
                Settings = s_settings,
            }
        );
        s_server = server;
        return server.ConnectionString;
    }

    // A client without an engine fails, or in older versions succeeds and names no version of the server.
    private static async Task<string?> EngineVersionAsync(string path, TimeSpan patience)
    {
        var command = OperatingSystem.IsWindows() ? "docker.exe" : "docker";
        var folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (folders.Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists) is not { } docker)
        {
            return null;
        }

        var start = new ProcessStartInfo(docker, ["info", "--format", "{{.ServerVersion}}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var timeout = new CancellationTokenSource(patience);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var version = (await process.StandardOutput.ReadToEndAsync(timeout.Token)).Trim();
                await process.WaitForExitAsync(timeout.Token);
                return process.ExitCode == 0 && version.Length > 0 ? version : null;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
