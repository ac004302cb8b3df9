using System.Text.RegularExpressions;
using System.Xml.Linq;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Startup;

/// <summary>What docker-compose.yml and the Dockerfile ask for is there, and what they set up is as they say.</summary>
public sealed partial class ComposeTests
{
    private static string Text(string path) => File.ReadAllText(Repository.Path(path));

    [Fact]
    public void Every_variable_is_a_setting_that_the_host_reads_and_the_readme_explains()
    {
        var keys = Variable().Matches(Text("docker-compose.yml")).Select(match => match.Groups[1].Value.Replace("__", ":", StringComparison.Ordinal)).ToList();
        keys.Distinct()
            .ShouldBe([
                "ConnectionStrings:Owner",
                "ConnectionStrings:Orchestration",
                "FirstAdministrator:UserName",
                "FirstAdministrator:Password",
                "Hosts:0",
                "Hosts:1",
            ]);

        var readme = Text("README.md");
        var code = string.Concat(
            Directory
                .EnumerateFiles(Repository.Path("src/Host"), "*.cs", SearchOption.AllDirectories)
                .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/node_modules/", StringComparison.Ordinal))
                .Select(File.ReadAllText)
        );
        foreach (var key in keys)
        {
            readme.ShouldContain($"`{key}`");
            var (section, name) = (key.Split(':')[0], key.Split(':')[1]);
            var isRead =
                section == "ConnectionStrings" ? $"GetConnectionString(\"{name}\")"
                : int.TryParse(name, out _) ? $"List(\"{section}\")"
                : $"\"{key}\"";
            code.ShouldContain(isRead);
        }
    }

    [Fact]
    public void The_image_restores_every_project_of_the_host()
    {
        var projects = new HashSet<string>();
        Follow("Host");
        projects.Count.ShouldBeGreaterThan(3);
        var (restored, before) = (new HashSet<string>(), Text("Dockerfile").Split("RUN dotnet restore")[0]);
        foreach (Match copy in Copied().Matches(before))
            restored.Add(copy.Groups[1].Value);
        restored.ShouldBe(projects, ignoreOrder: true);

        void Follow(string project)
        {
            if (!projects.Add(project))
                return;
            foreach (var reference in XDocument.Parse(Text($"src/{project}/{project}.csproj")).Descendants("ProjectReference"))
                Follow(Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        }
    }

    [Fact]
    public async Task Migrate_sets_up_an_empty_database_whose_application_can_not_change_history()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        string[] settings =
        [
            $"--ConnectionStrings:Owner={database.ConnectionString}",
            $"--ConnectionStrings:Orchestration={database.ApplicationConnectionString}",
            "--Logging:LogLevel:Default=None",
        ];
        for (var i = 0; i < 2; i++)
            typeof(Program).Assembly.EntryPoint!.Invoke(null, [(string[])["migrate", .. settings]]).ShouldBe(0);

        await using var application = NpgsqlDataSource.Create(database.ApplicationConnectionString);
        (await DatabaseRoles.ExcessAsync(application, TestContext.Current.CancellationToken)).ShouldBeNull();
        foreach (var sql in (string[])["update event set actor = 'me'", "delete from event", "truncate event", "drop table event", "create table mine ()"])
        {
            await using var command = application.CreateCommand(sql);
            (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, sql);
        }

        await using var count = application.CreateCommand("select count(*) from event");
        (await count.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(0L);
    }

    [GeneratedRegex(@"^\s+([A-Za-z]+__\w+):", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^COPY src/(\w+)/\1\.csproj src/\1/packages\.lock\.json src/\1/$", RegexOptions.Multiline)]
    private static partial Regex Copied();
}
