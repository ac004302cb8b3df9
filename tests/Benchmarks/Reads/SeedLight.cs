using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Benchmarks.Reads;

/// <summary>
/// Adds closed cases of which there is only what lists, search and reports read (<c>light.sql</c>): a tenth of the bytes of one with all its tasks, clocks and
/// history. Indexes are dropped meanwhile; a run that broke off is gone on with.
/// </summary>
internal static class SeedLight
{
    private const string Tables =
        "array['workflow_instance', 'journey_case', 'task', 'sla_clock', 'case_search', 'case_viewer', 'case_retention', 'customer', 'customer_search']";

    public static async Task RunAsync(ServiceProvider services, NpgsqlConnection session, long cases, long customers, Instant now)
    {
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await SeedReads.RunAsync(
            session,
            """
            drop table if exists bench.kept;
            create table bench.kept (template uuid, day date, zone text, policy_version int, rule text, jurisdiction text, remove_at timestamptz)
            """
        );
        if (await RetentionPolicies.FindAsync(services.GetRequiredService<SettingDocuments>()) is { } policy)
            await KeepAsync(database, services.GetRequiredService<WorkflowRuntime>().Definitions, policy, now);
        await SeedReads.RunAsync(session, string.Create(CultureInfo.InvariantCulture, $"set bench.light = {cases}; set bench.now = '{now}'"));
        await SeedReads.RunFileAsync(session, "light.sql");
        if (!await SeedReads.AsksAsync(session, "exists (select from bench.light where not made)"))
            return;
        await SeedReads.RunAsync(session, $"call bench.drop_indexes({Tables}); call bench.drop_keys({Tables})");
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => AddAsync(database, customers)));
    }

    private static async Task AddAsync(NpgsqlDataSource database, long customers)
    {
        await using var session = await SeedReads.OpenAsync(database);
        await SeedReads.RunAsync(session, string.Create(CultureInfo.InvariantCulture, $"set bench.customers = {customers}"));
        await using var add = new NpgsqlCommand("select bench.add_light($1)", session) { CommandTimeout = 0 };
        add.Parameters.Add(Sql.Parameter(CaseWords.Of("c")));
        while (await add.ExecuteScalarAsync() is > 0L) { }
    }

    /// <summary>Until when the policy keeps the copies of each case, by the day on which they ended.</summary>
    private static async Task KeepAsync(NpgsqlDataSource database, DefinitionStore definitions, PolicyVersion policy, Instant now)
    {
        var cases = new List<(Guid Id, string Journey, string Version, byte[] State)>();
        await using (
            var query = database.Query(
                """
                select i.id, i.definition_id, i.definition_version_id, i.state from bench.template t join workflow_instance i on i.id = t.id
                where i.status = 'Finished'
                """
            )
        )
        {
            await using var r = await query.ExecuteReaderAsync();
            while (await r.ReadAsync())
                cases.Add((r.GetGuid(0), r.GetString(1), r.GetString(2), r.Utf8(3)));
        }

        var zone = policy.Policy.Zone;
        var days = Enumerable.Range(-1, 3 * 366 + 2).Select(ago => now.InZone(zone).Date.PlusDays(-ago)).ToList();
        foreach (var (id, journey, version, state) in cases)
        {
            var facts = CaseFacts.Of(InstanceState.FromJson(state), await definitions.GetVersionAsync(version));
            var rule = policy.Policy.For(journey, facts);
            await using var write = database.Query(
                "insert into bench.kept select $1, n.day, $2, $3, $4, $5, n.remove_at from unnest($6::date[], $7::timestamptz[]) n (day, remove_at)",
                id,
                zone.Id,
                policy.Version,
                rule?.Key,
                facts.GetValueOrDefault(policy.Policy.JurisdictionFact),
                days.ConvertAll(day => day.ToDateOnly()).ToArray(),
                days.ConvertAll(day => day.AtStartOfDayInZone(zone).ToInstant()).ConvertAll(at => rule?.RemoveAt(at, at, zone)).ToArray()
            );
            await write.ExecuteNonQueryAsync();
        }
    }
}
