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

public sealed partial class DefinitionStore
{
    /// <summary>
    /// Stores a version and publishes it in one transaction: it becomes latest and published, its triggers replace those of the version before, and
    /// history says who
    /// did it. A draft that exists is replaced.
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
        var (workflow, errors) = await CompileToPublishAsync(document, definition.Origin, cancel);
        if (workflow is null)
            return new PublishResult.Invalid(errors);
        var (taken, schedules) = await TriggersAsync(connection, workflow, cancel);
        if (errors.Count + taken.Count > 0)
            return new PublishResult.Invalid([.. errors, .. taken]);

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
            // A schedule that did not change goes on as it was: publishing again neither delays it nor repeats a start.
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

    /// <summary>What prevents publishing a document, all of it at once.</summary>
    public async Task<IReadOnlyList<DefinitionError>> CheckAsync(byte[] document, CancellationToken cancel = default) =>
        (await CompileToPublishAsync(document, null, cancel)).Errors;

    /// <summary>The compiled document, or null, and what prevents publishing it. Names are checked in a document with other errors too.</summary>
    private async Task<(CompiledWorkflow? Workflow, IReadOnlyList<DefinitionError> Errors)> CompileToPublishAsync(
        byte[] document,
        string? origin,
        CancellationToken cancel
    )
    {
        var (workflow, errors) = Compile(document, DefinitionUse.Publish);
        if ((workflow ?? Compile(document, DefinitionUse.Draft).Workflow) is not { } graph)
            return (null, errors);

        // Shipped files are loaded one by one, before there are people: what they name may come later. A test checks them together.
        var isShipped = origin == "file";
        var names = await CheckNames(graph, isShipped, cancel);
        return (workflow, [.. errors, .. isShipped ? [] : await MissingWorkflowsAsync(graph, cancel), .. names]);
    }

    /// <summary>Activities that start a workflow that doesn't exist. One that is not published yet will do: two workflows can start each other.</summary>
    private async Task<IEnumerable<DefinitionError>> MissingWorkflowsAsync(CompiledWorkflow workflow, CancellationToken cancel)
    {
        const string Input = "WorkflowDefinitionId";
        var named = workflow
            .Nodes.Where(n => n.TypeName is DispatchWorkflow.TypeName or BulkDispatchWorkflows.TypeName or ExecuteWorkflow.TypeName)
            .Select(n => (Node: n, Id: n.Literal(Input) as string))
            .Where(n => !string.IsNullOrEmpty(n.Id) && n.Id != workflow.DefinitionId)
            .ToList();
        if (named.Count == 0)
            return [];
        await using var query = database.Query(
            "select named from unnest($1::text[]) named where not exists (select from workflow_definition where definition_id = named)",
            (object)named.ConvertAll(n => n.Id!).ToArray()
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var missing = new HashSet<string>();
        while (await reader.ReadAsync(cancel))
            missing.Add(reader.GetString(0));
        return named
            .Where(n => missing.Contains(n.Id!))
            .Select(n => new DefinitionError(
                n.Node.Path + ".workflowDefinitionId",
                $"Activity '{n.Node.DisplayName}': there is no workflow '{n.Id}' to start."
            ));
    }

    /// <summary>
    /// What is wrong with the triggers of a version beside those of other definitions, and the schedules of the version before. Publishers of endpoints
    /// wait for each other here, so no two get the same path.
    /// </summary>
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
}
