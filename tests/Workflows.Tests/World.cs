using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Testing;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tests;

/// <summary>The workflows on their own database, with people, a fake clock and no background work: a test sweeps explicitly.</summary>
public sealed class World : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly ServiceProvider _services;
    private readonly bool _isGuest;

    private World(TestDatabase database, ServiceProvider services, bool isGuest) => (_database, _services, _isGuest) = (database, services, isGuest);

    public FakeClock Clock { get; private init; } = null!;

    public string ConnectionString => _database.ApplicationConnectionString;

    public string OwnerConnectionString => _database.ConnectionString;

    public WorkflowRuntime Runtime => Get<WorkflowRuntime>();

    public TaskRuntime Tasks => Get<TaskRuntime>();

    /// <summary>Connections of the application's role.</summary>
    public NpgsqlDataSource Database => Get<NpgsqlDataSource>();

    public static async Task<World> CreateAsync(MailSettings? mail = null, bool allowPrivateAddresses = false, TestDatabase? database = null)
    {
        var world = Host(database ?? await TestDatabase.CreateAsync(), new FakeClock(), mail, allowPrivateAddresses, isGuest: false);
        var seed = world.Get<SeedPeople>();
        await seed.TeamsAsync(await File.ReadAllBytesAsync(Repository.Path("definitions/teams.json")), world.Clock.Now());
        await seed.SkillsAsync(await File.ReadAllBytesAsync(Repository.Path("definitions/skills.json")), world.Clock.Now());
        await seed.DemoAsync(await File.ReadAllBytesAsync(Repository.Path("definitions/people.json")), "demo", world.Clock.Now());
        return world;
    }

    /// <summary>Another host on the same database, with its own connections and memory and the same clock. Dispose of it first.</summary>
    /// <param name="ahead">How much its clock is wrong.</param>
    public async Task<World> AnotherHostAsync(Duration ahead = default)
    {
        var other = Host(_database, Clock, null, false, isGuest: true, ahead);
        await other.Get<ServiceLevelCatalog>().LoadAsync();
        await other.Get<FormCatalog>().LoadAsync();
        await other.Get<PeopleCatalog>().LoadAsync();
        return other;
    }

    private static World Host(TestDatabase database, FakeClock clock, MailSettings? mail, bool allowPrivateAddresses, bool isGuest, Duration ahead = default)
    {
        var collection = new ServiceCollection();
        collection.AddDataProtection().UseEphemeralDataProtectionProvider();
        var services = collection
            .AddLogging(l => l.SetMinimumLevel(LogLevel.Warning))
            .AddSingleton(_ => Sql.CreateDataSource(database.ApplicationConnectionString))
            .AddSingleton<IClock>(ahead == default ? clock : new Ahead(clock, ahead))
            .AddSingleton<Changes>()
            .AddSingleton<AddPerson>()
            .AddSingleton<SeedPeople>()
            .AddSingleton<SignIn>()
            .AddSingleton<FindPerson>()
            .AddSingleton(new PasswordSettings())
            .AddSingleton(new SecondFactorSettings([Roles.Administrator]))
            .AddWorkflows()
            .AddSingleton(mail ?? new())
            .AddSingleton(_ => new HttpEffects(allowPrivateAddresses))
            .AddSingleton<TimeProvider>(new AheadTime(ahead))
            .BuildServiceProvider();
        return new World(database, services, isGuest) { Clock = clock };
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Loads the shipped calendars, policies, forms and journeys.</summary>
    public async Task LoadShippedAsync() => (await Get<JourneyFiles>().LoadAsync(Repository.Path("definitions"), Clock.Now())).ShouldBe(0);

    /// <summary>A person as the host would hand them in.</summary>
    public async Task<Person> PersonAsync(string userName)
    {
        await using var connection = await Database.OpenConnectionAsync();
        var row = await connection.QuerySingleAsync<(Guid Id, string Name, string[] Roles)>(
            "select id, display_name, roles from person where user_name = @userName",
            new { userName }
        );
        return new(row.Id, userName, row.Name, null, row.Roles, [], [], default);
    }

    /// <summary>Publishes a journey of human steps, one after the other.</summary>
    public async Task PublishAsync(string id, params (string Id, string Inputs)[] steps)
    {
        var activities = steps.Select(s => $$"""{ "id": "{{s.Id}}", "type": "Orchestration.HumanTask", "version": 1, {{s.Inputs}} }""");
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [ {{string.Join(
                ",",
                activities
            )}} ] } }
            """;
        (
            await Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    /// <summary>Opens a case.</summary>
    public async Task<Guid> StartAsync(string journey, string reference = "REF-1", JsonObject? input = null) =>
        (await StartCase.RunAsync(Runtime, new(journey, reference, "C-1", "Marta Novak", input ?? [], $"key-{reference}"), await PersonAsync("frontoffice")))
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;

    /// <summary>The only open task of a case, or of its step.</summary>
    public async Task<TaskDetail> OpenTaskAsync(Guid instance, string? step = null)
    {
        var supervisor = await PersonAsync("supervisor");
        var tasks = await TaskList.ReadAsync(Database, new() { View = "all", CaseId = instance }, supervisor, Clock.Now());
        var details = new List<TaskDetail>();
        foreach (var task in tasks.Items.Where(t => !t.State.IsTerminal()))
            details.Add((await TaskDetail.FindAsync(Runtime, task.Id, supervisor))!);
        return details.Single(t => step is null || t.StepId == step);
    }

    public async Task<TaskAnswer> DoneAsync(Task<TaskResult> result) => (await result).ShouldBeOfType<TaskResult.Done>().Answer;

    /// <summary>Figures count no event while an older transaction runs on the server; that of another test counts too.</summary>
    public async Task KeepFiguresAsync()
    {
        do await Get<KeepFigures>().RunAsync();
        while (await ScalarAsync<bool>("select exists (select from event where xact >= (select xact from performance_cursor))"));
    }

    /// <summary>A probe of the test, with the rights of the owner of the tables.</summary>
    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task<IReadOnlyList<string>> ActionsAsync(Guid instance)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<string>(
                "select action from event where chain_id = @instance and entity <> 'activity' order by sequence",
                new { instance }
            ),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (!_isGuest)
            await _database.DisposeAsync();
    }

    static World() => SqlMapper.AddTypeHandler(new TextArray());

    private sealed class Ahead(IClock clock, Duration by) : IClock
    {
        public Instant GetCurrentInstant() => clock.GetCurrentInstant() + by;
    }

    private sealed class AheadTime(Duration by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by.ToTimeSpan();
    }

    private sealed class TextArray : SqlMapper.TypeHandler<string[]>
    {
        public override string[] Parse(object value) => (string[])value;

        public override void SetValue(System.Data.IDbDataParameter parameter, string[]? value) => parameter.Value = value;
    }
}
