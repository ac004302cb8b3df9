using Orchestration.Engine.Storage;

namespace Orchestration.Host.Embedded;

/// <summary>
/// The database of this host: the server of <c>ConnectionStrings:Orchestration</c> where that is set, else a PostgreSQL of its own
/// in <c>Embedded:Directory</c> (default <c>.data/postgres</c>, relative to the content root), which stops when this is disposed.
/// </summary>
internal sealed partial class EmbeddedDatabase : IAsyncDisposable
{
    private readonly EmbeddedPostgres? _server;

    private EmbeddedDatabase(string connectionString, EmbeddedPostgres? server) => (ConnectionString, _server) = (connectionString, server);

    public string ConnectionString { get; }

    /// <exception cref="EmbeddedPostgresException">The message is for the operator.</exception>
    public static async Task<EmbeddedDatabase> StartAsync(
        IConfiguration configuration, IHostEnvironment environment, ILogger logger, CancellationToken cancellation = default)
    {
        if (configuration.GetConnectionString("Orchestration") is { Length: > 0 } given)
        {
            return new(given, null);
        }

        var directory = configuration["Embedded:Directory"] is { Length: > 0 } set ? set : Path.Combine(".data", "postgres");
        var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = Path.GetFullPath(directory, environment.ContentRootPath),
                Package = Path.Combine(environment.ContentRootPath, "Embedded"),
                Progress = step => Log.Step(logger, step),
            },
            cancellation);
        Log.Started(logger, server.Major, server.Directory);
        return new(server.ConnectionString, server);
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Step}")]
        public static partial void Step(ILogger logger, string step);

        [LoggerMessage(2, LogLevel.Information, "Embedded PostgreSQL {Major} runs in {Directory}")]
        public static partial void Started(ILogger logger, int major, string directory);
    }
}
