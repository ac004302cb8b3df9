using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Shell;

internal static class Database
{
    /// <summary>The server of <c>ConnectionStrings:Orchestration</c>, or without one our own in <c>Embedded:Directory</c>.</summary>
    public static async Task AddDatabaseAsync(this WebApplicationBuilder builder)
    {
        var connection = builder.Configuration.GetConnectionString("Orchestration");
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
            connection = server.ConnectionString;
            builder.Services.AddSingleton(_ => server);
        }

        // Made by the container, so that both go with it: connections first, then the server.
        builder.Services.AddSingleton(services =>
        {
            services.GetService<EmbeddedPostgres>();
            return Sql.CreateDataSource(connection);
        });
        builder.Services.AddJobs(connection);
        builder.Services.AddSingleton(new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly));
    }
}
