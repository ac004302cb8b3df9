using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Definitions;

/// <summary>A stored version with its document.</summary>
/// <param name="Version">Its facts.</param>
/// <param name="Document">As it was saved.</param>
/// <param name="Revision">Number of changes of the definition so far: an edit that began with an older one is refused.</param>
public sealed record StoredDefinition(DefinitionVersion Version, byte[] Document, int Revision);

/// <summary>Which versions a list of definitions has.</summary>
/// <param name="Which">Elsa's words: <c>Latest</c>, <c>Published</c>, <c>LatestOrPublished</c>, <c>LatestAndPublished</c>, <c>Draft</c>, <c>All</c> or a
/// version number. Others mean all.</param>
public sealed record DefinitionFilter(string? Which = null)
{
    public string[] Ids { get; init; } = [];
    public string[] DefinitionIds { get; init; } = [];

    /// <summary>Part of the name, description or id, without regard to case.</summary>
    public string? Search { get; init; }

    /// <summary><c>Name</c>, <c>Version</c> or <c>Created</c> (default).</summary>
    public string? OrderBy { get; init; }

    public bool Descending { get; init; }
    public int Skip { get; init; }

    /// <summary>Null: all.</summary>
    public int? Take { get; init; }
}

public sealed partial class DefinitionStore
{
    /// <summary>Versions in the order asked for, with the number of all that fit the filter.</summary>
    public async Task<(IReadOnlyList<StoredDefinition> Items, long Total)> ListAsync(DefinitionFilter filter, CancellationToken cancel = default)
    {
        var which = filter.Which switch
        {
            "Latest" => "d.is_latest",
            "Published" => "d.is_published",
            "LatestOrPublished" => "(d.is_latest or d.is_published)",
            "LatestAndPublished" => "(d.is_latest and d.is_published)",
            "Draft" => "(d.is_latest and not d.is_published)",
            _ => int.TryParse(filter.Which, out var number) && number > 0 ? $"d.version = {number}" : "true",
        };
        var order = filter.OrderBy switch
        {
            "Name" => "lower(d.name)",
            "Version" => "d.version",
            _ => "d.created_at",
        };
        var direction = filter.Descending ? "desc" : "asc";
        await using var query = database.Query(
            $"""
            select {QualifiedColumns}, d.document, coalesce(c.event_sequence, 0), count(*) over ()
            from workflow_definition d left join event_chain c on c.name = 'definition:' || d.definition_id
            where {which} and (cardinality($1) = 0 or d.id = any($1)) and (cardinality($2) = 0 or d.definition_id = any($2))
                and ($3 = '' or strpos(lower(concat_ws(' ', d.name, d.description, d.definition_id, d.id)), lower($3)) > 0)
            order by {order} {direction}, d.definition_id, d.version {direction} offset $4 limit $5
            """,
            filter.Ids,
            filter.DefinitionIds,
            filter.Search ?? "",
            filter.Skip,
            filter.Take
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var items = new List<StoredDefinition>();
        var total = (long)filter.Skip;
        while (await reader.ReadAsync(cancel))
        {
            items.Add(ReadStored(reader));
            total = reader.GetInt64(14);
        }

        return (items, total);
    }

    /// <summary>A version by its id, or null.</summary>
    public async Task<StoredDefinition?> FindStoredAsync(string versionId, CancellationToken cancel = default) =>
        (await ListAsync(new() { Ids = [versionId], Take = 1 }, cancel)).Items is [var found] ? found : null;

    /// <summary>A version of a definition, or null. Of several that fit, the newest.</summary>
    /// <param name="definitionId">Definition.</param>
    /// <param name="which">See <see cref="DefinitionFilter"/>.</param>
    public async Task<StoredDefinition?> FindStoredAsync(string definitionId, string? which, CancellationToken cancel = default) =>
        (
            await ListAsync(
                new(which)
                {
                    DefinitionIds = [definitionId],
                    OrderBy = "Version",
                    Descending = true,
                    Take = 1,
                },
                cancel
            )
        ).Items
            is [var found]
            ? found
            : null;

    /// <summary>Number of definitions.</summary>
    public async Task<long> CountAsync(CancellationToken cancel = default)
    {
        await using var query = database.Query("select count(*) from workflow_definition where is_latest");
        return (long)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Whether no other definition has the name in its newest version.</summary>
    public async Task<bool> IsNameUniqueAsync(string name, string? exceptDefinitionId, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select not exists (select from workflow_definition where is_latest and lower(name) = lower($1) and definition_id is distinct from $2)",
            name.Trim(),
            exceptDefinitionId
        );
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }

    private static StoredDefinition ReadStored(NpgsqlDataReader reader) => new(Read(reader), reader.Utf8(12), reader.GetInt32(13));
}
