using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Definitions;

/// <summary>The editor, and the revision they started from.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Revision">Revision of the definition that they saw last; null when the client knows none, which is then not checked.</param>
/// <param name="Page">The page they edit in: its own saves never conflict with each other, however they overlap.</param>
public sealed record DefinitionEdit(string Actor, int? Revision = null, string? Page = null)
{
    /// <summary>
    /// Remembered with the id of the version that the edit made, in its transaction. The caller has looked for it before; a second use at the same time
    /// breaks <see cref="Operation.Constraint"/>.
    /// </summary>
    public Operation? Operation { get; init; }
}

/// <summary>How a change of a definition went.</summary>
public abstract record EditResult
{
    private EditResult() { }

    /// <param name="Definition">Its current state.</param>
    /// <param name="Errors">What prevents publishing.</param>
    public sealed record Saved(StoredDefinition Definition, IReadOnlyList<DefinitionError> Errors) : EditResult;

    /// <summary>Someone else changed it since the editor started; nothing was written.</summary>
    public sealed record Conflict(string By, Instant At) : EditResult;

    /// <summary>It does not validate; nothing was published.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : EditResult;

    public sealed record NotFound : EditResult;

    /// <summary>It is not published, so there is nothing to retract.</summary>
    public sealed record NotPublished : EditResult;

    /// <summary>Instances run on it; nothing was deleted.</summary>
    public sealed record InUse(long Running) : EditResult;
}

public sealed partial class DefinitionStore
{
    /// <summary>
    /// Stores a document as the draft of a definition: over the draft there is, else as the next version. A document that could not be published is kept
    /// as well; the answer says what is wrong with it.
    /// </summary>
    /// <param name="definitionId">Definition; created if it doesn't exist.</param>
    /// <param name="document">Creates the document, a JSON object, from the stored one (null: none).</param>
    /// <param name="origin"><c>designer</c> or <c>import</c>.</param>
    /// <param name="edit">Who.</param>
    /// <param name="now">When.</param>
    public async Task<EditResult> SaveDraftAsync(
        string definitionId,
        Func<byte[]?, byte[]> document,
        string origin,
        DefinitionEdit edit,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (history, latest) = await LockAsync(connection, definitionId, edit.Actor, now, cancel);
        if (await ConflictAsync(connection, history, edit, cancel) is { } conflict)
            return conflict;

        // A trial run stays on the version it started with, like every instance.
        var overwrite = latest is { WasPublished: false } && !await HasInstancesAsync(connection, latest, cancel);
        var before = latest is null ? null : await DocumentAsync(connection, latest.Id, cancel);
        var id = overwrite ? latest!.Id : Ids.Text(Ids.New(now));
        var version = overwrite ? latest!.Version : await NextVersionAsync(connection, definitionId, cancel);
        var content =
            WithHeader(document(before), id, definitionId, version) ?? throw new ArgumentException("The document is no JSON object.", nameof(document));
        var (name, description) = Names(content);
        var stored = new DefinitionVersion(
            id,
            definitionId,
            version,
            name,
            description,
            true,
            false,
            origin,
            null,
            edit.Actor,
            overwrite ? latest!.CreatedAt : now
        );
        history.Add(
            new(
                "definition.saved",
                "definition",
                definitionId,
                version,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        id,
                        version,
                        name,
                        page = edit.Page,
                    }
                )
            )
        );
        await using var batch = connection.CreateBatch();
        if (overwrite)
        {
            batch.Add(
                "update workflow_definition set name = $2, description = $3, document = $4, origin = $5, origin_hash = null, created_by = $6 where id = $1",
                id,
                name,
                description,
                new Json(content),
                origin,
                edit.Actor
            );
        }
        else
        {
            batch.Add("update workflow_definition set is_latest = false where definition_id = $1 and is_latest", definitionId);
            batch.Add(
                """
                insert into workflow_definition (id, definition_id, version, name, description, is_latest, is_published, document, origin,
                    created_by, created_at)
                values ($1, $2, $3, $4, $5, true, false, $6, $7, $8, $9)
                """,
                id,
                definitionId,
                version,
                name,
                description,
                new Json(content),
                origin,
                edit.Actor,
                now
            );
        }

        batch.WriteChain(history);
        Remember(batch, edit, id, now);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        _compiled.TryRemove(id, out _);
        changes.Publish([new(ChangeKind.Definition, Ids.Named(definitionId))]);
        return new EditResult.Saved(new(stored, content, history.Sequence), await CheckAsync(content, cancel));
    }

    /// <summary>Publishes the newest version unchanged.</summary>
    public async Task<(EditResult Result, bool WasAlready)> PublishLatestAsync(
        string definitionId,
        DefinitionEdit edit,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (await FindStoredAsync(definitionId, "Latest", cancel) is not { } latest)
            return (new EditResult.NotFound(), false);
        if (latest.Version.IsPublished)
            return (new EditResult.Saved(latest, []), true);
        return await PublishAsync(
            new(definitionId, latest.Document, latest.Version.Origin)
            {
                OriginHash = latest.Version.OriginHash,
                Edit = edit with { Revision = latest.Revision, Page = null },
            },
            edit.Actor,
            now,
            cancel
        ) switch
        {
            PublishResult.Published => (new EditResult.Saved((await FindStoredAsync(definitionId, "Latest", cancel))!, []), false),
            PublishResult.Invalid invalid => (new EditResult.Invalid(invalid.Errors), false),
            PublishResult.Conflict conflict => (new EditResult.Conflict(conflict.By, conflict.At), false),
            var other => throw new InvalidOperationException($"No answer for {other.GetType().Name}."),
        };
    }

    /// <summary>
    /// Unpublishes: nothing starts with it any more, running instances continue. Starts that still wait are withdrawn, and the steps that wait for their
    /// runs fault.
    /// </summary>
    public async Task<EditResult> RetractAsync(string definitionId, string actor, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (history, latest) = await LockAsync(connection, definitionId, actor, now, cancel);
        if (latest is null)
            return new EditResult.NotFound();
        await using var retract = new NpgsqlBatch(connection);
        retract.Add("update workflow_definition set is_published = false where definition_id = $1 and is_published returning version", definitionId);
        if (await retract.ExecuteScalarAsync(cancel) is not int version)
            return new EditResult.NotPublished();
        history.Add(new("definition.retracted", "definition", definitionId, version, null));
        await using var batch = connection.CreateBatch();
        batch.Add("delete from workflow_trigger where definition_id = $1", definitionId);
        batch.Add(
            """
            with gone as (delete from stimulus where queue = $1 and kind = 'start' returning payload),
                waiting as (
                    select payload ->> 'parentId' as parent, payload ->> 'parentBookmarkId' as bookmark, count(*) as starts from gone
                    where payload ->> 'parentBookmarkId' is not null group by 1, 2)
            insert into stimulus (id, kind, instance_id, payload, due_at, created_at)
            select gen_random_uuid(), 'fail', parent::uuid, json_build_object('bookmarkId', bookmark, 'error', format(
                'Workflow %s was retracted before %s.', $1, case starts when 1 then 'its run started' else starts || ' of its runs started' end)), $2, $2
            from waiting
            """,
            definitionId,
            now
        );
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        await ChangedAsync(definitionId, cancel);
        return new EditResult.Saved((await FindStoredAsync(definitionId, "Latest", cancel))!, []);
    }

    /// <summary>Makes an older version the draft, as a new version or over the draft there is.</summary>
    public async Task<EditResult> RevertAsync(string definitionId, int version, DefinitionEdit edit, Instant now, CancellationToken cancel = default) =>
        await FindStoredAsync(definitionId, version.ToString(System.Globalization.CultureInfo.InvariantCulture), cancel) is { } old
            ? await SaveDraftAsync(definitionId, _ => old.Document, "designer", edit, now, cancel)
            : new EditResult.NotFound();

    /// <summary>
    /// Deletes versions of a definition, or all of them, with their finished instances left as they are. Refused while instances run on one of them: their work
    /// would be lost.
    /// </summary>
    /// <param name="definitionId">Definition.</param>
    /// <param name="versionId">One version; null for all.</param>
    /// <param name="actor">Who.</param>
    /// <param name="now">When.</param>
    public async Task<EditResult?> DeleteAsync(string definitionId, string? versionId, string actor, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (history, latest) = await LockAsync(connection, definitionId, actor, now, cancel);
        if (latest is null)
            return new EditResult.NotFound();
        await using var delete = new NpgsqlBatch(connection);
        delete.Add(
            "select count(*) from workflow_instance where definition_id = $1 and ($2::text is null or definition_version_id = $2) and status = 'Running'",
            definitionId,
            versionId
        );
        if (await delete.ExecuteScalarAsync(cancel) is long running and > 0)
            return new EditResult.InUse(running);

        history.Add(
            new(
                "definition.deleted",
                "definition",
                definitionId,
                latest.Version,
                JsonSerializer.SerializeToUtf8Bytes(new { id = versionId, name = latest.Name })
            )
        );
        await using var batch = connection.CreateBatch();
        batch.Add("delete from workflow_definition where definition_id = $1 and ($2::text is null or id = $2)", definitionId, versionId);
        batch.Add(
            """
            update workflow_definition set is_latest = true
            where id = (select id from workflow_definition where definition_id = $1 order by version desc limit 1) and not is_latest
            """,
            definitionId
        );
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        await ChangedAsync(definitionId, cancel);
        return null;
    }

    /// <summary>What keeps a draft from being run; empty when nothing does.</summary>
    public IReadOnlyList<DefinitionError> CheckRun(StoredDefinition draft) => Compile(draft.Document, DefinitionUse.Run) is (null, var errors) ? errors : [];

    private static void Remember(NpgsqlBatch batch, DefinitionEdit? edit, string versionId, Instant now)
    {
        if (edit?.Operation is { } operation)
            batch.BatchCommands.Add(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(versionId), now));
    }

    private async Task ChangedAsync(string definitionId, CancellationToken cancel)
    {
        await ReloadPublishedAsync(definitionId, cancel);
        changes.Publish([new(ChangeKind.Definition, Ids.Named(definitionId))]);
    }

    /// <summary>Whether someone else changed the definition since the editor started.</summary>
    private static async Task<EditResult.Conflict?> ConflictAsync(
        NpgsqlConnection connection,
        HistoryAppend history,
        DefinitionEdit edit,
        CancellationToken cancel
    )
    {
        if (edit.Revision is not { } revision || revision == history.Sequence)
            return null;
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select e.actor, e.at, e.payload ->> 'page' from event e
            where e.chain_id = $1 and e.sequence > $2
            """,
            history.Chain,
            revision
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        EditResult.Conflict? conflict = null;
        while (await reader.ReadAsync(cancel))
        {
            if (edit.Page is null || reader.Text(2) != edit.Page)
                conflict = new(reader.GetString(0), reader.Instant(1));
        }

        return conflict;
    }

    /// <summary>
    /// Whether publishing a document takes the place of the newest version: of a draft, or of the same document that was retracted. Other versions may
    /// have instances, which stay on the version they started with.
    /// </summary>
    private static async Task<bool> IsReplaceableAsync(NpgsqlConnection connection, DefinitionVersion latest, byte[] document, CancellationToken cancel)
    {
        if (!latest.WasPublished || latest.IsPublished)
            return !latest.WasPublished;
        var stored = await DocumentAsync(connection, latest.Id, cancel);
        return WithHeader(document, latest.Id, latest.DefinitionId, latest.Version) is { } again && again.AsSpan().SequenceEqual(stored);
    }

    private static async Task<bool> HasInstancesAsync(NpgsqlConnection connection, DefinitionVersion version, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select exists (select from workflow_instance where definition_id = $1 and definition_version_id = $2)", version.DefinitionId, version.Id);
        return (bool)(await batch.ExecuteScalarAsync(cancel))!;
    }

    private static async Task<byte[]> DocumentAsync(NpgsqlConnection connection, string id, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select document from workflow_definition where id = $1", id);
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return reader.Utf8(0);
    }

    /// <summary>Never reuses a number, even of a deleted version: history and instances refer to it.</summary>
    private static async Task<int> NextVersionAsync(NpgsqlConnection connection, string definitionId, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select greatest(
                (select max(version) from workflow_definition where definition_id = $1),
                (select max(revision) from event where chain_id = $2 and entity = 'definition'), 0)
            """,
            definitionId,
            Ids.Named("definition:" + definitionId)
        );
        return Convert.ToInt32(await batch.ExecuteScalarAsync(cancel), System.Globalization.CultureInfo.InvariantCulture) + 1;
    }

    private static (string? Name, string? Description) Names(byte[] document)
    {
        using var json = JsonDocument.Parse(document, new() { MaxDepth = 1024 });
        return (Text("name"), Text("description"));

        string? Text(string property) =>
            json.RootElement.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
