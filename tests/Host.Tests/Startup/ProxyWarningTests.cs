using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Orchestration.Host.Tests.Startup;

/// <summary>A proxy in the environment isn't used for requests of workflows, and the host says so when it starts.</summary>
public sealed class ProxyWarningTests
{
    [Theory]
    [InlineData("HTTPS_PROXY", "http://proxy.example:3128", true)]
    [InlineData("HTTP_PROXY", "", false)]
    public async Task A_proxy_in_the_environment_is_not_used_and_that_is_said(string name, string value, bool isSaid)
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(
            database.ConnectionString,
            settings: new Dictionary<string, string> { [name] = value, ["Logging:LogLevel:Default"] = "Warning" }
        );
        using var lines = new Lines();
        await using var logged = app.WithWebHostBuilder(builder => builder.ConfigureServices(services => services.AddSingleton<ILoggerProvider>(lines)));
        logged.UseKestrel(0);
        logged.StartServer();

        lines.Written.Any(line => line == $"{name} is set, but requests of workflows and webhooks don't use a proxy. They are sent directly.").ShouldBe(isSaid);
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue(formatter(state, exception));

        public void Dispose() { }
    }
}
