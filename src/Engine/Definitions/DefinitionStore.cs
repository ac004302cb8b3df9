using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Definitions;

/// <summary>
/// Definitions, by version, and the cache of compiled ones. A version never changes once it is published. At most one version of a definition is the
/// latest, at most one is
/// published; the database holds both rules.
/// </summary>
public sealed partial class DefinitionStore(NpgsqlDataSource database, ActivityRegistry registry, Changes changes)
{
    private const string Columns =
        "id, definition_id, version, name, description, is_latest, is_published, origin, origin_hash, created_by, created_at, published_at is not null";
    private const string QualifiedColumns =
        "d.id, d.definition_id, d.version, d.name, d.description, d.is_latest, d.is_published, d.origin, d.origin_hash, d.created_by, "
        + "d.created_at, d.published_at is not null";

    /// <summary>Documents read by one statement: what is in memory at once while many are compiled.</summary>
    private const int LoadedTogether = 200;

    private readonly ConcurrentDictionary<string, CompiledWorkflow> _compiled = new();
    private readonly ConcurrentDictionary<string, CompiledWorkflow> _published = new();
    private readonly ConcurrentDictionary<string, JsonObject> _resources = new();

    /// <summary>Collects the documents a definition refers to by name (forms), as a JSON object; they are pinned to the version when it is published.</summary>
    public Func<CompiledWorkflow, JsonObject> CollectResources { get; init; } = _ => [];

    /// <summary>
    /// Finds what is wrong with the names by which a definition refers to things outside of it (teams, people …). Asked before a person publishes, and
    /// for a draft; the second argument says whether the definition ships with the product.
    /// </summary>
    public Func<CompiledWorkflow, bool, CancellationToken, Task<IReadOnlyList<DefinitionError>>> CheckNames { get; init; } =
        (_, _, _) => Task.FromResult<IReadOnlyList<DefinitionError>>([]);

    /// <summary>Activity types known to this host.</summary>
    public ActivityRegistry Registry => registry;

    /// <summary>The compiled version.</summary>
    /// <exception cref="DefinitionUnavailableException">It doesn't exist or can't be compiled.</exception>
    public async ValueTask<CompiledWorkflow> GetVersionAsync(string versionId, CancellationToken cancel = default)
    {
        if (_compiled.TryGetValue(versionId, out var compiled))
            return compiled;
        return await LoadAsync("id = $1", versionId, cancel) ?? throw new DefinitionUnavailableException(versionId, "it does not exist");
    }

    /// <summary>The published version of a definition, or null. Up to a second behind other hosts; starting checks it in the database.</summary>
    public async ValueTask<CompiledWorkflow?> FindPublishedAsync(string definitionId, CancellationToken cancel = default)
    {
        if (_published.TryGetValue(definitionId, out var published))
            return published;
        return await LoadAsync("definition_id = $1 and is_published", definitionId, cancel) is { } loaded ? Keep(loaded) : null;
    }

    /// <summary>A document that a version refers to by name (a form), as it was at publish, or null.</summary>
    public async ValueTask<JsonNode?> FindResourceAsync(string versionId, string name, CancellationToken cancel = default)
    {
        await GetVersionAsync(versionId, cancel);
        return _resources[versionId][name];
    }

    /// <summary>Ids of all definitions with a published version, by name.</summary>
    public async Task<IReadOnlyList<string>> PublishedIdsAsync(CancellationToken cancel = default)
    {
        var ids = new List<string>();
        await using var query = database.Query("select definition_id from workflow_definition where is_published order by name, definition_id");
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            ids.Add(reader.GetString(0));
        return ids;
    }

    /// <summary>Published versions, by name, without those that no longer compile: one of them must not hide the others.</summary>
    public async Task<IReadOnlyList<CompiledWorkflow>> UsablePublishedAsync(CancellationToken cancel = default)
    {
        var usable = new List<CompiledWorkflow>();
        foreach (var id in await PublishedIdsAsync(cancel))
        {
            try
            {
                if (await FindPublishedAsync(id, cancel) is { } workflow)
                    usable.Add(workflow);
            }
            catch (DefinitionUnavailableException) { }
        }

        return usable;
    }

    /// <summary>
    /// Brings the cache up to what is published, entry by entry: a burst looks up the workflows it executes and cannot wait, so there is no moment in
    /// which one is missing. Reads only what isn't compiled yet or uses another workflow as an activity. Call at start and after definitions changed. One
    /// that cannot be compiled is left out.
    /// </summary>
    public async Task LoadPublishedAsync(CancellationToken cancel = default)
    {
        // What is published while this runs isn't among the removed entries.
        var before = _published.Keys.ToList();
        var (published, stale) = (new HashSet<string>(), new List<string>());
        await using (var query = database.Query("select definition_id, id from workflow_definition where is_published"))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
            {
                var (definitionId, id) = (reader.GetString(0), reader.GetString(1));
                published.Add(definitionId);
                if (!_published.TryGetValue(definitionId, out var known) || known.Id != id || known.DependsOn.Count > 0)
                    stale.Add(id);
            }
        }

        foreach (var ids in stale.Chunk(LoadedTogether))
            await LoadPublishedAsync(ids, cancel);
        foreach (var gone in before.Where(id => !published.Contains(id)))
            _published.TryRemove(gone, out _);
    }

    private async Task LoadPublishedAsync(string[] ids, CancellationToken cancel)
    {
        var rows = new List<StoredVersion>();
        await using (var query = database.Query($"{StoredVersion.Select} where is_published and id = any($1)", (object)ids))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                rows.Add(StoredVersion.Read(reader));
        }

        System.Threading.Tasks.Parallel.ForEach(
            rows,
            new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancel },
            row =>
            {
                try
                {
                    Keep(CompileStored(row));
                }
                catch (DefinitionUnavailableException)
                {
                    // The caller that starts it gets the error.
                    _published.TryRemove(row.DefinitionId, out _);
                }
            }
        );
    }

    /// <summary>Reads again which version of a definition is published.</summary>
    internal async Task ReloadPublishedAsync(string definitionId, CancellationToken cancel)
    {
        CompiledWorkflow? loaded = null;
        try
        {
            loaded = await LoadAsync("definition_id = $1 and is_published", definitionId, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            // The caller that starts it gets the error.
        }

        if (loaded is not null)
            Keep(loaded);
        else
            _published.TryRemove(definitionId, out _);
    }

    /// <summary>Versions only increase: a result that was read before another version was published doesn't replace it.</summary>
    private CompiledWorkflow Keep(CompiledWorkflow loaded) =>
        _published.AddOrUpdate(loaded.DefinitionId, loaded, (_, known) => known.Version > loaded.Version ? known : loaded);

    internal CompiledWorkflow? CachedPublished(string definitionId) => _published.GetValueOrDefault(definitionId);

    internal CompiledWorkflow Cached(string versionId) => _compiled[versionId];

    /// <summary>The version's facts, or null.</summary>
    /// <param name="definitionId">Definition.</param>
    /// <param name="which"><c>is_latest</c> or <c>is_published</c>.</param>
    public async Task<DefinitionVersion?> FindAsync(string definitionId, VersionOptions which, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"select {Columns} from workflow_definition where definition_id = $1 and {(which == VersionOptions.Published ? "is_published" : "is_latest")}",
            definitionId
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? Read(reader) : null;
    }

    /// <summary>Parses without storing: what is wrong with a document.</summary>
    public (CompiledWorkflow? Workflow, IReadOnlyList<DefinitionError> Errors) Compile(byte[] document, DefinitionUse use) =>
        DefinitionParser.Parse(document, registry, use, FindUsed);

    private async Task<CompiledWorkflow?> LoadAsync(string where, string value, CancellationToken cancel)
    {
        await using var query = database.Query($"{StoredVersion.Select} where {where}", value);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? CompileStored(StoredVersion.Read(reader)) : null;
    }

    private CompiledWorkflow CompileStored(StoredVersion stored)
    {
        var (workflow, errors) = Compile(stored.Document, DefinitionUse.Run);
        if (workflow is null)
            throw new DefinitionUnavailableException(stored.Id, string.Join("; ", errors.Select(e => $"{e.Path}: {e.Reason}")));

        // A draft can change on another host, so it is read whenever it is needed, with the current forms.
        _resources[stored.Id] = stored.WasPublished ? (JsonObject)JsonNode.Parse(stored.Resources)! : CollectResources(workflow);
        return stored.WasPublished ? _compiled[stored.Id] = workflow : workflow;
    }

    private sealed record StoredVersion(string Id, string DefinitionId, byte[] Document, byte[] Resources, bool WasPublished)
    {
        public const string Select = "select id, definition_id, document, resources, published_at is not null from workflow_definition";

        public static StoredVersion Read(NpgsqlDataReader r) => new(r.GetString(0), r.GetString(1), r.Utf8(2), r.Utf8(3), r.GetBoolean(4));
    }

    /// <summary>The document with the identity it has here; all else stays as the author wrote it. Null when it is no JSON object.</summary>
    private static byte[]? WithHeader(byte[] document, string id, string definitionId, int version)
    {
        try
        {
            if (JsonNode.Parse(document, documentOptions: new() { MaxDepth = 1024 }) is not JsonObject json)
                return null;
            json["id"] = id;
            json["definitionId"] = definitionId;
            json["version"] = version;
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer))
                json.WriteTo(writer);
            return buffer.ToArray();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // Not JSON, or the same member twice.
            return null;
        }
    }

    /// <summary>The definition behind a workflow used as an activity. Only compiling asks, once per version, so a blocking read is good enough.</summary>
    private WorkflowSource? FindUsed(WorkflowReference reference)
    {
        using var connection = database.OpenConnection();
        using var query = new NpgsqlCommand(
            """
            select document from workflow_definition
            where ($1::text is not null and id = $1) or ($2::text is not null and definition_id = $2)
                or ($1::text is null and $2::text is null and replace(name, ' ', '') = $4)
            order by id = $1 desc nulls last, version = $3 desc, is_published desc, is_latest desc, version desc limit 1
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = (object?)reference.VersionId ?? DBNull.Value },
                new() { Value = (object?)reference.DefinitionId ?? DBNull.Value },
                new() { Value = reference.Version },
                new() { Value = reference.TypeName },
            },
        };
        return query.ExecuteScalar() is string text ? new(System.Text.Encoding.UTF8.GetBytes(text)) : null;
    }

    /// <summary>Locks the definition (its chain of history) against other publishers and reads its latest version.</summary>
    private static async Task<(HistoryAppend History, DefinitionVersion? Latest)> LockAsync(
        NpgsqlConnection connection,
        string definitionId,
        string actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, "definition:" + definitionId, actor, now, cancel);
        await using var query = new NpgsqlCommand($"select {Columns} from workflow_definition where definition_id = $1 and is_latest", connection)
        {
            Parameters = { new() { Value = definitionId } },
        };
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return (history, await reader.ReadAsync(cancel) ? Read(reader) : null);
    }

    private static DefinitionVersion Read(NpgsqlDataReader r) =>
        new(
            r.GetString(0),
            r.GetString(1),
            r.GetInt32(2),
            r.Text(3),
            r.Text(4),
            r.GetBoolean(5),
            r.GetBoolean(6),
            r.GetString(7),
            r.Text(8),
            r.GetString(9),
            r.Instant(10)
        )
        {
            WasPublished = r.GetBoolean(11),
        };
}
