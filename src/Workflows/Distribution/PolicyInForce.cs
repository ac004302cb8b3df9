using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Distribution;

/// <summary>The policy by which a team's work finds people now.</summary>
/// <param name="Policy">The team's, or the built-in one.</param>
/// <param name="Calendar">Its calendar; null: slack is elapsed time.</param>
/// <param name="Problem">Why the team's policy can't be read, as a sentence: nothing is pushed until someone publishes another one.</param>
internal sealed record PolicyInForce(DistributionPolicy Policy, BusinessCalendar? Calendar, string? Problem)
{
    public static async Task<PolicyInForce> ReadAsync(NpgsqlConnection connection, ServiceLevelCatalog serviceLevels, string team, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Select(team));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await ReadAsync(r, serviceLevels, cancel);
    }

    /// <summary>Selects the policy of a team for <see cref="ReadAsync(NpgsqlDataReader, ServiceLevelCatalog, CancellationToken)"/>.</summary>
    public static NpgsqlBatchCommand Select(string team) =>
        Sql.Command("select document, version from setting_document where kind = 'distribution' and name = $1 and is_latest", team);

    /// <summary>Reads it from the current result.</summary>
    public static async Task<PolicyInForce> ReadAsync(NpgsqlDataReader r, ServiceLevelCatalog serviceLevels, CancellationToken cancel)
    {
        if (!await r.ReadAsync(cancel))
            return Of(new(), serviceLevels, null);
        var version = r.GetInt32(1);
        return DistributionPolicyJson.TryParse(r.GetString(0), version, serviceLevels.Calendars.ContainsKey, out var policy, out var errors)
            ? Of(policy, serviceLevels, null)
            : Of(new() { Version = version }, serviceLevels, $"Version {version} of the policy can't be read: {errors[0].Path} {errors[0].Reason}.");
    }

    /// <summary>A policy that names no calendar measures slack in the opening hours of the office.</summary>
    public static DistributionPolicy WithCalendar(DistributionPolicy policy, ServiceLevelCatalog serviceLevels) =>
        policy.Calendar is null ? policy with { Calendar = serviceLevels.OfficeCalendar?.Id } : policy;

    private static PolicyInForce Of(DistributionPolicy policy, ServiceLevelCatalog serviceLevels, string? problem)
    {
        policy = WithCalendar(policy, serviceLevels);
        return new(policy, policy.Calendar is { } id ? serviceLevels.Calendars.GetValueOrDefault(id) : null, problem);
    }
}
