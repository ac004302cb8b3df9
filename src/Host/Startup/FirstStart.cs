using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

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
        await services.GetRequiredService<Migrator>().MigrateAsync(database);
        await Partitions.EnsureAsync(database, services.GetRequiredService<IClock>().Now());

        var seed = services.GetRequiredService<SeedPeople>();
        var now = services.GetRequiredService<IClock>().Now();
        await seed.TeamsAsync(await ReadAsync(app, "teams.json"), now);
        await seed.SkillsAsync(await ReadAsync(app, "skills.json"), now);
        if (app.Environment.IsDevelopment())
        {
            var people = await seed.DemoAsync(await ReadAsync(app, "people.json"), DemoPassword, now);
            var names = string.Join(", ", people.Select(p => p.UserName));
            DemoPeople(app.Logger, DemoPassword, names);
        }
        else if (await seed.FirstAdministratorAsync(administrator.UserName, administrator.Password, now) is FirstAdministratorResult.Refused refused)
        {
            throw new ConfigurationException(refused.Reason);
        }

        await services.GetRequiredService<JourneyFiles>().LoadAsync(app.Environment.Definitions(), now);
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
}
