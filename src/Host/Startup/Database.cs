using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Startup;

/// <summary>How the host connects to its database.</summary>
/// <param name="Application">With the role that works with the data.</param>
/// <param name="Owner">With the role that changes the schema; used only before the host serves. Null: not known to this host.</param>
internal sealed record DatabaseConnections(string Application, string? Owner);

internal static class Database
{
    private const string ApplicationRole = "orchestration_app";

    /// <summary>The server of <c>ConnectionStrings:Orchestration</c>, or without one our own in <c>Embedded:Directory</c>.</summary>
    public static async Task AddDatabaseAsync(this WebApplicationBuilder builder)
    {
        var connection = builder.Configuration.GetConnectionString("Orchestration");
        var owner = builder.Configuration.GetConnectionString("Owner");
        if (string.IsNullOrWhiteSpace(connection))
        {
            var server = await EmbeddedPostgres.StartAsync(
                new()
                {
                    Directory = Path.GetFullPath(builder.Configuration["Embedded:Directory"] ?? ".data/postgres", builder.Environment.ContentRootPath),
                    Settings = EmbeddedPostgresOptions.MachineSettings,
                    Progress = Console.WriteLine,
                }
            );
            owner = server.ConnectionString;
            connection = new NpgsqlConnectionStringBuilder(owner) { Username = ApplicationRole }.ConnectionString;
            builder.Services.AddSingleton(_ => server);
        }

        // Made by the container, so that both go with it: connections first, then the server.
        builder.Services.AddSingleton(services =>
        {
            services.GetService<EmbeddedPostgres>();
            return Sql.CreateDataSource(connection);
        });
        builder.Services.AddSingleton(new DatabaseConnections(connection, string.IsNullOrWhiteSpace(owner) ? null : owner));
        builder.Services.AddJobs(connection);
        builder.Services.AddSingleton(new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly));
    }
}
