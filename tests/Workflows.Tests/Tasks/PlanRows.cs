using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>How many rows of a table a statement reads by its indexes. Small tables are read whole, unless the planner may not.</summary>
internal static class PlanRows
{
    public static async Task<double> ReadAsync(NpgsqlDataSource database, string sql, IReadOnlyList<object?> values, string table)
    {
        await using var batch = database.CreateBatch();
        batch.Add("select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)");
        batch.Add($"explain (analyze, format json) {sql}", [.. values]);
        await using var r = await batch.ExecuteReaderAsync();
        await r.NextResultAsync();
        await r.ReadAsync();
        using var plan = JsonDocument.Parse(r.GetString(0));
        return Rows(plan.RootElement[0].GetProperty("Plan"));

        double Rows(JsonElement node) =>
            (node.TryGetProperty("Relation Name", out var name) && name.GetString() == table ? Number("Actual Rows", node) + Removed(node) : 0)
            + (node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().Sum(Rows) : 0);
    }

    private static double Removed(JsonElement node) => Number("Rows Removed by Filter", node) + Number("Rows Removed by Index Recheck", node);

    private static double Number(string what, JsonElement node) =>
        node.TryGetProperty(what, out var number) ? number.GetDouble() * node.GetProperty("Actual Loops").GetDouble() : 0;
}
