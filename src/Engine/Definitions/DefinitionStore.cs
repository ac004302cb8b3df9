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
/// Definitions by version, and the cache of compiled ones. A version never changes once it is published. At most one version of a definition is the latest
/// and at most one is published; the database enforces both.
/// </summary>
public sealed partial class DefinitionStore(NpgsqlDataSource database, ActivityRegistry registry, Changes changes)
{
    private const string Columns =
        "id, definition_id, version, name, description, is_latest, is_published, origin, origin_hash, created_by, created_at, published_at is not null";
    private const string QualifiedColumns =
        "d.id, d.definition_id, d.version, d.name, d.description, d.is_latest, d.is_published, d.origin, d.origin_hash, d.created_by, "
        + "d.created_at, d.published_at is not null";

    private readonly ConcurrentDictionary<string, CompiledWorkflow> _compiled = new();
    private readonly ConcurrentDictionary<string, CompiledWorkflow> _published = new();
    private readonly ConcurrentDictionary<string, JsonObject> _resources = new();

    /// <summary>Collects the documents a definition refers to by name (forms), as a JSON object; they are pinned to the version when it is published.</summary>
    public Func<CompiledWorkflow, JsonObject> CollectResources { get; init; } = _ => [];

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

    /// <summary>Loads what is published, entry by entry, so no entry is ever missing. Leaves out versions that can't be compiled.</summary>
    public async Task LoadPublishedAsync(CancellationToken cancel = default)
    {
        // What is published while this runs isn't among the removed entries.
        var before = _published.Keys.ToList();
        var published = await PublishedIdsAsync(cancel);
        foreach (var id in published)
            await ReloadPublishedAsync(id, cancel);
        foreach (var gone in before.Except(published))
            _published.TryRemove(gone, out _);
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

    /// <summary>
    /// Stores a version and publishes it in one transaction: it becomes latest and published, its triggers replace those of the version before, and history
    /// says who did it. A draft that exists is replaced.
    /// </summary>
    public async Task<PublishResult> PublishAsync(NewDefinition definition, string actor, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (history, latest) = await LockAsync(connection, definition.DefinitionId, actor, now, cancel);
        if (definition.Edit is { } edit && await ConflictAsync(connection, history, edit, cancel) is { } conflict)
            return new PublishResult.Conflict(conflict.By, conflict.At);
        var version = latest?.Version ?? 0;
        var id = latest?.Id ?? "";
        if (latest is null || !await IsReplaceableAsync(connection, latest, definition.Document, cancel))
            (version, id) = (await NextVersionAsync(connection, definition.DefinitionId, cancel), Ids.Text(Ids.New(now)));
        if (WithHeader(definition.Document, id, definition.DefinitionId, version) is not { } document)
            return new PublishResult.Invalid([new("$", "The definition must be a JSON object.")]);
        var (workflow, errors) = Compile(document, DefinitionUse.Publish);
        if (workflow is null || errors.Count > 0)
            return new PublishResult.Invalid(errors);
        var (taken, schedules) = await TriggersAsync(connection, workflow, cancel);
        if (taken.Count > 0)
            return new PublishResult.Invalid(taken);

        var resources = CollectResources(workflow);
        var stored = new DefinitionVersion(
            id,
            definition.DefinitionId,
            version,
            workflow.Name,
            workflow.Description,
            true,
            true,
            definition.Origin,
            definition.OriginHash,
            actor,
            now
        )
        {
            WasPublished = true,
        };
        history.Add(
            new(
                "definition.published",
                "definition",
                definition.DefinitionId,
                version,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        id,
                        version,
                        name = workflow.Name,
                        origin = definition.Origin,
                    }
                )
            )
        );
        await using var batch = connection.CreateBatch();
        batch.Add(
            "update workflow_definition set is_latest = false, is_published = false where definition_id = $1 and (is_latest or is_published)",
            definition.DefinitionId
        );
        batch.Add(
            """
            insert into workflow_definition (id, definition_id, version, name, description, is_latest, is_published, document, resources, origin,
                origin_hash, created_by, created_at, published_at)
            values ($1, $2, $3, $4, $5, true, true, $6, $7, $8, $9, $10, $11, $11)
            on conflict (id) do update set name = excluded.name, description = excluded.description, is_latest = true, is_published = true,
                document = excluded.document,
                resources = excluded.resources, origin = excluded.origin, origin_hash = excluded.origin_hash, created_by = excluded.created_by,
                    published_at = excluded.published_at
            """,
            id,
            stored.DefinitionId,
            version,
            stored.Name,
            stored.Description,
            new Json(document),
            new Json(JsonSerializer.SerializeToUtf8Bytes(resources)),
            stored.Origin,
            stored.OriginHash,
            actor,
            now
        );
        batch.Add("delete from workflow_trigger where definition_id = $1", definition.DefinitionId);
        foreach (var trigger in workflow.Triggers)
        {
            // An unchanged schedule continues: publishing again neither delays nor repeats a start.
            var payload = WorkflowData.ToUtf8(trigger.Payload);
            var due = schedules.TryGetValue((trigger.ActivityId, trigger.Kind, System.Text.Encoding.UTF8.GetString(payload)), out var before)
                ? before
                : TriggerSchedule.First(trigger, now);
            batch.Add(
                """
                insert into workflow_trigger (id, definition_id, definition_version_id, activity_id, name, hash, payload, due_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                Ids.New(now),
                definition.DefinitionId,
                id,
                trigger.ActivityId,
                trigger.Kind,
                trigger.Hash,
                new Json(payload),
                due?.Truncated()
            );
        }

        batch.WriteChain(history);
        Remember(batch, definition.Edit, id, now);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        _compiled[id] = workflow;
        _resources[id] = resources;
        Keep(workflow);
        changes.Publish([new(ChangeKind.Definition, Ids.Named(definition.DefinitionId))]);
        return new PublishResult.Published(stored, WasAlready: false);
    }

    /// <summary>Errors of a version's triggers, and the previous schedules. Publishers of endpoints take turns here.</summary>
    private static async Task<(List<DefinitionError> Taken, Dictionary<(string Activity, string Kind, string Payload), Instant?> Schedules)> TriggersAsync(
        NpgsqlConnection connection,
        CompiledWorkflow workflow,
        CancellationToken cancel
    )
    {
        var endpoints = workflow.Triggers.Where(t => t.Kind == HttpEndpoint.TypeName).ToList();
        await using var batch = connection.CreateBatch();
        if (endpoints.Count > 0)
            batch.Add("select pg_advisory_xact_lock(hashtext('http-endpoints'))");
        batch.Add("select activity_id, name, payload::text, due_at from workflow_trigger where definition_id = $1", workflow.DefinitionId);
        batch.Add(
            """
            select t.hash, t.payload, coalesce(d.name, t.definition_id) from workflow_trigger t
            left join workflow_definition d on d.id = t.definition_version_id where t.hash = any($1) and t.definition_id <> $2
            """,
            endpoints.ConvertAll(t => t.Hash).ToArray(),
            workflow.DefinitionId
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        if (endpoints.Count > 0)
            await reader.NextResultAsync(cancel);
        var schedules = new Dictionary<(string, string, string), Instant?>();
        while (await reader.ReadAsync(cancel))
            schedules[(reader.GetString(0), reader.GetString(1), reader.GetString(2))] = reader.InstantOrNull(3);
        await reader.NextResultAsync(cancel);
        var others = new List<(string Hash, string Path, string Name)>();
        while (await reader.ReadAsync(cancel))
            others.Add((reader.GetString(0), HttpRoute.PathOf(reader.Utf8(1)), reader.GetString(2)));

        var taken = new List<DefinitionError>();
        for (var i = 0; i < endpoints.Count; i++)
        {
            var (trigger, path) = (endpoints[i], (string)endpoints[i].Payload["Path"]!);
            var node = workflow.FindActivity(trigger.ActivityId)!;
            var what = $"Activity '{node.Name ?? node.Id}': {trigger.Payload["Method"]} {path}";
            if (others.Find(o => o.Hash == trigger.Hash && string.Equals(o.Path, path, StringComparison.OrdinalIgnoreCase)) is { Name: { } other })
                taken.Add(new(node.Path + ".path", $"{what} starts '{other}' already."));
            else if (
                endpoints.FindIndex(t => t.Hash == trigger.Hash && string.Equals((string)t.Payload["Path"]!, path, StringComparison.OrdinalIgnoreCase)) < i
            )
                taken.Add(new(node.Path + ".path", $"{what} is the path of another endpoint of this workflow as well."));
        }

        return (taken, schedules);
    }

    /// <summary>Parses a document without storing it and returns its errors.</summary>
    public (CompiledWorkflow? Workflow, IReadOnlyList<DefinitionError> Errors) Compile(byte[] document, DefinitionUse use) =>
        DefinitionParser.Parse(document, registry, use, FindUsed);

    private async Task<CompiledWorkflow?> LoadAsync(string where, string value, CancellationToken cancel)
    {
        await using var query = database.Query(
            $"select id, definition_id, version, document, resources, published_at is not null from workflow_definition where {where}",
            value
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        if (!await reader.ReadAsync(cancel))
            return null;

        var id = reader.GetString(0);
        var (workflow, errors) = Compile(reader.Utf8(3), DefinitionUse.Run);
        if (workflow is null)
            throw new DefinitionUnavailableException(id, string.Join("; ", errors.Select(e => $"{e.Path}: {e.Reason}")));

        // A draft can change on another host, so it is read whenever it is needed, with the current forms.
        var isFixed = reader.GetBoolean(5);
        _resources[id] = isFixed ? (JsonObject)JsonNode.Parse(reader.Utf8(4))! : CollectResources(workflow);
        return isFixed ? _compiled[id] = workflow : workflow;
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
