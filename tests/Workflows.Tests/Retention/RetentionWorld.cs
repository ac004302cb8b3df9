using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Npgsql;
using Orchestration.Proof;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Retention;

/// <summary>An office with a journey of one step, history that is proven to a folder, and a policy that keeps cases for a month.</summary>
internal sealed class RetentionWorld : IAsyncDisposable
{
    public const string OneMonth = """{ "key": "walk", "journey": "walk", "from": "closed", "months": 1, "why": "A month is enough" }""";

    private readonly string _folder = Directory.CreateTempSubdirectory("orchestration-retention-").FullName;

    private readonly HoldHeads _heads;

    private RetentionWorld(World world)
    {
        World = world;
        Keeping = new("office", SigningKey.Create("office"), null, [], _folder, Duration.FromMinutes(1));
        History = new(world.Runtime, Keeping, NullLogger<KeepHistory>.Instance);
        _heads = new(world.Runtime, Keeping, world.Get<SendMail>(), NullLogger<HoldHeads>.Instance);
        Erasures = new(world.Runtime, world.Get<SettingDocuments>(), Keeping);
        Retention = world.Get<KeepRetention>();
    }

    public World World { get; }
    public HistoryKeeping Keeping { get; }
    public KeepHistory History { get; }
    public Erasures Erasures { get; }
    public KeepRetention Retention { get; }
    public PolicyProposals Proposals => World.Get<PolicyProposals>();

    public static async Task<RetentionWorld> CreateAsync(string running = "wait")
    {
        var office = new RetentionWorld(await World.CreateAsync());
        var step = """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """;
        await office.World.PublishAsync("walk", ("assess", step));
        (await office.SaveAsync(0, PolicyTests.Document(OneMonth, running: running))).ShouldBeOfType<ProposalResult.Saved>();
        return office;
    }

    /// <summary>One person proposes, another approves.</summary>
    public async Task<ProposalResult> SaveAsync(int version, string document)
    {
        var proposed = await Proposals.ProposeAsync(version, document, "Counsel says so", await World.PersonAsync("compliance"));
        return proposed is ProposalResult.Proposed(var id) ? await Proposals.ApproveAsync(id, await World.PersonAsync("admin")) : proposed;
    }

    public async Task<PolicyVersion> PolicyAsync() => (await RetentionPolicies.FindAsync(World.Get<SettingDocuments>()))!;

    public async Task<Guid> StartAsync(string reference, string customer = "C-1", string name = "Marta Novak") =>
        (await StartCase.RunAsync(World.Runtime, new("walk", reference, customer, name, [], $"key-{reference}"), await World.PersonAsync("frontoffice")))
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;

    /// <summary>Ends a case.</summary>
    public async Task EndAsync(Guid id, string note = "fine")
    {
        var (task, adjuster) = (await World.OpenTaskAsync(id), await World.PersonAsync("adjuster1"));
        var revision = task.Revision;
        if (task.OwnerId is null)
            revision = (await World.DoneAsync(ClaimTask.RunAsync(World.Tasks, new(task.Id, revision, $"claim-{id}"), adjuster))).Revision;
        await World.DoneAsync(CompleteTask.RunAsync(World.Tasks, new(task.Id, revision, $"end-{id}"), "Done", new() { ["note"] = note }, adjuster));
    }

    /// <summary>A case that has ended.</summary>
    public async Task<Guid> ClosedAsync(string reference, string customer = "C-1")
    {
        var id = await StartAsync(reference, customer);
        await EndAsync(id);
        return id;
    }

    /// <summary>Appends all history to the log, signs it and holds it outside, then checks it as the verifier does.</summary>
    public async Task<HistoryCheckResult> ProveAsync()
    {
        while (await World.ScalarAsync<long>("select count(*) - (select size from log_state) from event") != 0)
            await History.RunAsync();
        World.Clock.Advance(Keeping.Every);
        await History.RunAsync();
        await _heads.RunAsync();
        return await new HistoryCheck(World.Database, Keeping.Keys, new KeptLog(_folder)).RunAsync();
    }

    /// <summary>Tables with a row that has a text anywhere, as it is or as searches fold it.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(string text)
    {
        await using var connection = new NpgsqlConnection(World.OwnerConnectionString);
        var found = new List<string>();
        foreach (var table in await connection.QueryAsync<string>("select tablename from pg_tables where schemaname = 'public' order by 1"))
        {
            var sql = $"select exists (select from {table} t where t::text ilike '%' || @text || '%' or t::text like '%' || fold(@text) || '%')";
            if (await connection.ExecuteScalarAsync<bool>(sql, new { text }))
                found.Add(table);
        }

        return found;
    }

    public Task<bool> ExistsAsync(Guid id) => World.ScalarAsync<bool>("select exists (select from journey_case where id = @id)", new { id });

    public async ValueTask DisposeAsync()
    {
        _heads.Dispose();
        await World.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
