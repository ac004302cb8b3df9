using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>An instance as lists show it.</summary>
public sealed record InstanceSummary(
    Guid Id,
    string DefinitionId,
    string DefinitionVersionId,
    int DefinitionVersion,
    Guid? ParentId,
    string? CorrelationId,
    string? Name,
    string Status,
    string SubStatus,
    int IncidentCount,
    Instant CreatedAt,
    Instant UpdatedAt,
    Instant? FinishedAt
);

/// <summary>Filter for instances. Empty or null members don't filter.</summary>
public sealed record InstanceFilter
{
    public Guid[] Ids { get; init; } = [];
    public string[] DefinitionIds { get; init; } = [];
    public string[] DefinitionVersionIds { get; init; } = [];
    public string[] CorrelationIds { get; init; } = [];

    /// <summary>Exact names.</summary>
    public string[] Names { get; init; } = [];
    public string[] Statuses { get; init; } = [];
    public string[] SubStatuses { get; init; } = [];
    public bool? HasIncidents { get; init; }

    /// <summary>Part of the name, correlation id, definition id or id, without regard to case.</summary>
    public string? Search { get; init; }

    /// <summary>
    /// Elsa's column (<c>CreatedAt</c>, <c>UpdatedAt</c>, <c>FinishedAt</c>), operator (<c>Is</c>, <c>IsNot</c>, <c>GreaterThan</c>,
    /// <c>GreaterThanOrEqual</c>, <c>LessThan</c>, <c>LessThanOrEqual</c>) and instant.
    /// </summary>
    public IReadOnlyList<(string Column, string Operator, Instant At)> Times { get; init; } = [];

    /// <summary>SQL of a condition on a row of <c>workflow_instance</c> named <c>i</c>, whose parameters begin at $13, or null.</summary>
    public (string Sql, object?[] Values)? Only { get; init; }

    /// <summary><c>Created</c> (default), <c>UpdatedAt</c>, <c>Finished</c> or <c>Name</c>.</summary>
    public string? OrderBy { get; init; }

    public bool Descending { get; init; } = true;
    public int Skip { get; init; }
    public int Take { get; init; } = 100;
}

/// <summary>Reads instances without locking them.</summary>
public static class InstanceQueries
{
    private const string Columns =
        "id, definition_id, definition_version_id, definition_version, parent_id, correlation_id, name, status, sub_status, "
        + "incident_count, created_at, updated_at, finished_at";

    /// <summary>Nobody turns as many pages; counting a million runs takes seconds.</summary>
    public const int MostCounted = 10_000;

    /// <summary>Instances in the order asked for, with the number of all that fit the filter, to <see cref="MostCounted"/> at most.</summary>
    public static async Task<(IReadOnlyList<InstanceSummary> Items, long Total)> ListAsync(
        NpgsqlDataSource database,
        InstanceFilter filter,
        CancellationToken cancel = default
    )
    {
        var order = filter.OrderBy switch
        {
            "UpdatedAt" => "updated_at",
            "Finished" => "finished_at",
            "Name" => "lower(name)",
            _ => "created_at",
        };

        // What is never null is in the order of its index.
        var direction = (filter.Descending ? "desc" : "asc") + (order is "finished_at" or "lower(name)" ? " nulls last" : "");
        var times = string.Concat(filter.Times.Select((t, i) => $" and {Column(t.Column)} {Comparison(t.Operator)} ($11::timestamptz[])[{i + 1}]"));
        var matching = $"""
            workflow_instance i
            where (cardinality($1) = 0 or id = any($1)) and (cardinality($2) = 0 or definition_id = any($2))
                and (cardinality($3) = 0 or definition_version_id = any($3))
                and (cardinality($4) = 0 or correlation_id = any($4)) and (cardinality($5) = 0 or status = any($5))
                    and (cardinality($6) = 0 or sub_status = any($6))
                and (cardinality($12) = 0 or name = any($12))
                and ($7::boolean is null or (incident_count > 0) = $7)
                and ($8 = '' or strpos(lower(concat_ws(' ', name, correlation_id, definition_id, replace(id::text, '-', ''))), lower($8)) > 0){times}{(
                    filter.Only is { } only ? $" and {only.Sql}" : ""
                )}
            """;
        await using var query = database.Query(
            $"""
            select {Columns}, (select count(*) from (select from {matching} limit {MostCounted}) counted)
            from {matching} order by {order} {direction}, id offset $9 limit $10
            """,
            [
                filter.Ids,
                filter.DefinitionIds,
                filter.DefinitionVersionIds,
                filter.CorrelationIds,
                filter.Statuses,
                filter.SubStatuses,
                filter.HasIncidents,
                filter.Search ?? "",
                filter.Skip,
                filter.Take,
                filter.Times.Select(t => t.At).ToArray(),
                filter.Names,
                .. filter.Only?.Values ?? [],
            ]
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var items = new List<InstanceSummary>();
        var total = (long)filter.Skip;
        while (await reader.ReadAsync(cancel))
        {
            items.Add(Read(reader));
            total = reader.GetInt64(13);
        }

        return (items, total);
    }

    /// <summary>An instance with its state, or null.</summary>
    public static async Task<(InstanceSummary Summary, InstanceState State)?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query($"select {Columns}, state from workflow_instance where id = $1", id);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (Read(reader), InstanceState.FromJson(reader.Utf8(13))) : null;
    }

    private static string Column(string column) =>
        column switch
        {
            "UpdatedAt" => "updated_at",
            "FinishedAt" => "finished_at",
            _ => "created_at",
        };

    private static string Comparison(string comparison) =>
        comparison switch
        {
            "Is" => "=",
            "IsNot" => "<>",
            "GreaterThanOrEqual" => ">=",
            "LessThan" => "<",
            "LessThanOrEqual" => "<=",
            _ => ">",
        };

    private static InstanceSummary Read(NpgsqlDataReader r) =>
        new(
            r.GetGuid(0),
            r.GetString(1),
            r.GetString(2),
            r.GetInt32(3),
            r.GuidOrNull(4),
            r.Text(5),
            r.Text(6),
            r.GetString(7),
            r.GetString(8),
            r.GetInt32(9),
            r.Instant(10),
            r.Instant(11),
            r.InstantOrNull(12)
        );
}

/// <summary>Finds where instances wait.</summary>
public static class BookmarkQueries
{
    /// <summary>The bookmark that waits for a stimulus, or null. Of several, the oldest.</summary>
    /// <param name="database">Database.</param>
    /// <param name="hash">See <see cref="StimulusHash"/>.</param>
    public static async Task<(Guid Instance, string Bookmark)?> FindAsync(NpgsqlDataSource database, string hash, CancellationToken cancel = default)
    {
        await using var query = database.Query("select instance_id, id from bookmark where hash = $1 order by created_at, id limit 1", hash);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(0), Ids.Text(reader.GetGuid(1))) : null;
    }
}
