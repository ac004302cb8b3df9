using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Startup;

/// <summary>What an operator should know about the machine or the database is said when the host starts.</summary>
public sealed class StartWarningTests
{
    private const string Proxy = "HTTPS_PROXY is set, but requests of workflows and webhooks don't use a proxy. They are sent directly.";

    [Fact]
    public async Task A_proxy_in_the_environment_is_not_used_and_that_is_said()
    {
        var written = await StartAsync(new() { ["HTTPS_PROXY"] = "http://proxy.example:3128" });
        written.ShouldContain(Proxy);
        written.ShouldNotContain(line => line.StartsWith("The database role", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_role_with_more_rights_than_needed_works_and_that_is_said()
    {
        var written = await StartAsync(new() { ["HTTP_PROXY"] = "" }, isOwner: true);
        written.ShouldContain(line => line.StartsWith("The database role", StringComparison.Ordinal) && line.Contains("ConnectionStrings:Owner"));
        written.ShouldNotContain(Proxy);
    }

    private static async Task<IReadOnlyCollection<string>> StartAsync(Dictionary<string, string> settings, bool isOwner = false)
    {
        await using var database = await StartedDatabase.CreateAsync();
        settings["Logging:LogLevel:Default"] = "Warning";
        if (isOwner)
            (settings["ConnectionStrings:Owner"], settings["ConnectionStrings:Orchestration"]) = ("", database.ConnectionString);
        await using var app = new HostApp(database.ConnectionString, settings: settings);
        using var lines = new LogLines();
        await using var logged = app.WithWebHostBuilder(builder => builder.ConfigureServices(services => services.AddSingleton<ILoggerProvider>(lines)));
        logged.UseKestrel(0);
        logged.StartServer();
        return lines.Written;
    }
}
