using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Startup;

/// <summary>The first administrator of a new database outside Development.</summary>
internal sealed record FirstAdministratorSettings(string? UserName, string? Password)
{
    public static FirstAdministratorSettings Read(SettingsReader settings) =>
        new(settings.Text("FirstAdministrator:UserName"), settings.Text("FirstAdministrator:Password"));
}

internal static partial class FirstStart
{
    /// <summary>Password of every demo account.</summary>
    public const string DemoPassword = "demo";

    /// <summary>
    /// Brings the database to this program's schema and makes the people a new one needs: demo people in Development, the configured
    /// administrator elsewhere.
    /// </summary>
    /// <exception cref="MigrationException">Database and program do not fit.</exception>
    /// <exception cref="ConfigurationException">No one could sign in.</exception>
    public static async Task PrepareDatabaseAsync(this WebApplication app, FirstAdministratorSettings administrator)
    {
        var services = app.Services;
        var database = services.GetRequiredService<NpgsqlDataSource>();
        if (services.GetRequiredService<DatabaseConnections>().Owner is not null)
            await app.MigrateAsync();
        else if (await DatabaseRoles.CanMigrateAsync(database))
            await UpdateSchemaAsync(services, database);
        else
            await services.GetRequiredService<Migrator>().CheckAsync(database);
        if (await DatabaseRoles.ExcessAsync(database) is { } excess)
            TooManyRights(app.Logger, excess);
        await Partitions.EnsureAsync(database, services.GetRequiredService<IClock>().Now());

        var seed = services.GetRequiredService<SeedPeople>();
        var now = services.GetRequiredService<IClock>().Now();
        await seed.TeamsAsync(await ReadAsync(app, "teams.json"), now);
        await seed.SkillsAsync(await ReadAsync(app, "skills.json"), now);
        if (app.Environment.IsDevelopment())
        {
            var people = await seed.DemoAsync(await ReadAsync(app, "people.json"), DemoPassword, now);
            await seed.LimitsAsync(await ReadAsync(app, "limits.json"), now);
            var names = string.Join(", ", people.Select(p => p.UserName));
            DemoPeople(app.Logger, DemoPassword, names);
        }
        else if (await seed.FirstAdministratorAsync(administrator.UserName, administrator.Password, now) is FirstAdministratorResult.Refused refused)
        {
            throw new ConfigurationException(refused.Reason);
        }

        await services.GetRequiredService<JourneyFiles>().LoadAsync(app.Environment.Definitions(), now);
        var policy = Path.Combine(app.Environment.Definitions(), "retention", "policy.json");
        if (await RetentionPolicies.LoadFileAsync(services.GetRequiredService<SettingDocuments>(), policy, now) is [var wrong, ..])
            BadPolicy(app.Logger, policy, $"{wrong.Path} {wrong.Reason}");
    }

    /// <summary>Brings the schema up to date with the owner's role, and gives the application's role its rights.</summary>
    /// <exception cref="MigrationException">Database and program do not fit.</exception>
    /// <exception cref="ConfigurationException">The owner's connection is not configured.</exception>
    public static async Task MigrateAsync(this WebApplication app)
    {
        var connections = app.Services.GetRequiredService<DatabaseConnections>();
        await using var owner = Sql.CreateDataSource(
            connections.Owner ?? throw new ConfigurationException("Set ConnectionStrings:Owner to a connection of the owner of the database.")
        );
        await UpdateSchemaAsync(app.Services, owner);
        await DatabaseRoles.GrantAsync(owner, connections.Application);
    }

    private static async Task UpdateSchemaAsync(IServiceProvider services, NpgsqlDataSource owner)
    {
        await services.GetRequiredService<Migrator>().MigrateAsync(owner);
        await JobSetup.InstallAsync(owner);
    }

    /// <summary>The shipped definitions: next to the published program, otherwise in the working copy.</summary>
    public static string Definitions(this IHostEnvironment environment)
    {
        var published = Path.Combine(environment.ContentRootPath, "definitions");
        return Directory.Exists(published) ? published : Path.GetFullPath(Path.Combine(environment.ContentRootPath, "../../definitions"));
    }

    private static Task<byte[]> ReadAsync(WebApplication app, string file) => File.ReadAllBytesAsync(Path.Combine(app.Environment.Definitions(), file));

    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "Demo users, all with the password '{Password}': {People}")]
    private static partial void DemoPeople(ILogger log, string password, string people);

    [LoggerMessage(EventId = 309, Level = LogLevel.Error, Message = "{File} is invalid; the policy of retention stays as it is: {Error}")]
    private static partial void BadPolicy(ILogger log, string file, string error);

    [LoggerMessage(
        EventId = 306,
        Level = LogLevel.Warning,
        Message = "The database role {Excess}, which the application doesn't need. Set ConnectionStrings:Owner to this role, and "
            + "ConnectionStrings:Orchestration to one of the application's own, which is created if it doesn't exist"
    )]
    private static partial void TooManyRights(ILogger log, string excess);
}
