using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Definitions;

/// <summary>
/// A stored document as Elsa's model and back. What belongs to the server (ids, version, publication) is laid over the document when it
/// is shown; everything else is stored and returned unchanged, including unknown members.
/// </summary>
internal static class DefinitionDocument
{
    /// <summary>Custom property that tells the server which state of a draft an editor began with. Elsa's model has no place of its own for it.</summary>
    private const string RevisionKey = "Orchestration.Revision";

    private const string Schema = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json";

    /// <summary>Never stored: the server sets them.</summary>
    private static readonly string[] OfServer =
    [
        "links",
        "id",
        "definitionId",
        "createdAt",
        "version",
        "isLatest",
        "isPublished",
        "isReadonly",
        "isSystem",
        "$schema",
        "materializerName",
        "providerName",
    ];

    /// <summary>Known to Studio's model: if Studio doesn't send one, the analyst removed it.</summary>
    private static readonly HashSet<string> OfStudio =
    [
        "name",
        "description",
        "toolVersion",
        "variables",
        "inputs",
        "outputs",
        "outcomes",
        "customProperties",
        "options",
        "root",
        .. OfServer,
    ];

    /// <summary>The revision an editor started from, or null if the client doesn't send revisions.</summary>
    public static int? Revision(JsonObject model) => (model["customProperties"] as JsonObject)?.Number(RevisionKey);

    /// <summary>Elsa's placeholder for an activity whose type isn't installed. It contains the original activity; Studio can draw it.</summary>
    private const string NotFoundType = "Elsa.NotFoundActivity";

    /// <summary>The document to store for a model. Studio drops unknown members, so those of the previous version are kept.</summary>
    public static byte[] ToStored(JsonObject model, byte[]? before = null)
    {
        var document = model.DeepClone().AsObject();
        foreach (var name in OfServer)
            document.Remove(name);
        if (document["customProperties"] is JsonObject custom)
            custom.Remove(RevisionKey);
        if (document["root"] is JsonObject root)
            document["root"] = Restored(root);
        if (before is not null && JsonObjects.Parse(before).Object is { } old)
        {
            foreach (var (name, value) in old)
            {
                if (!OfStudio.Contains(name) && !document.ContainsKey(name))
                    document[name] = value?.DeepClone();
            }
        }

        return JsonSerializer.SerializeToUtf8Bytes(document, ElsaJson.Options);
    }

    /// <summary>Elsa's model of a stored version, as Studio edits it.</summary>
    public static JsonObject ToModel(StoredDefinition stored, ActivityRegistry registry, bool mayEdit)
    {
        var model = Whole(stored);
        if (model["root"] is JsonObject root && root.Text("nodeId") is not null && root.Text("type") is not null)
            model["root"] = Drawable(root, registry);
        if (mayEdit)
            model["links"] = Links.Of(stored.Version.DefinitionId);
        if (stored.Version.IsLatest)
            model["customProperties"]!.AsObject()[RevisionKey] = stored.Revision;
        return model;
    }

    /// <summary>Elsa's model as a file, for export.</summary>
    public static JsonObject ToExport(StoredDefinition stored)
    {
        var model = Whole(stored);
        model.Remove("$schema");
        model.Insert(0, "$schema", Schema);
        return model;
    }

    /// <summary>The activity tree alone, with the ids Studio needs.</summary>
    public static JsonObject? Root(StoredDefinition stored) => Whole(stored)["root"] as JsonObject;

    private static JsonObject Whole(StoredDefinition stored)
    {
        var version = stored.Version;
        var model = JsonObjects.Parse(stored.Document).Object ?? [];
        model["id"] = version.Id;
        model["definitionId"] = version.DefinitionId;
        model["name"] = version.Name ?? model.Text("name");
        model["createdAt"] = JsonSerializer.SerializeToNode(version.CreatedAt, ElsaJson.Options);
        model["version"] = version.Version;
        model["isLatest"] = version.IsLatest;
        model["isPublished"] = version.IsPublished;
        model["isReadonly"] = false;
        model["isSystem"] = false;
        foreach (var list in new[] { "variables", "inputs", "outputs", "outcomes" })
        {
            if (model[list] is not JsonArray)
                model[list] = new JsonArray();
        }

        if (model["customProperties"] is not JsonObject)
            model["customProperties"] = new JsonObject();
        if (model["options"] is not JsonObject options)
            model["options"] = options = [];
        options.TryAdd("autoUpdateConsumingWorkflows", false);
        if (model["root"] is JsonObject root)
            Complete(root, "Workflow1");
        return model;
    }

    /// <summary>Studio leaves the canvas empty if an activity has no type or ID, or an unknown type.</summary>
    private static JsonObject Drawable(JsonObject activity, ActivityRegistry registry)
    {
        foreach (var (name, value) in activity.ToArray())
        {
            if (value is JsonObject child && child.Text("type") is not null && child.Text("id") is not null && child.Text("nodeId") is not null)
                activity[name] = Drawable(child, registry);
            else if (value is JsonArray items && name == "activities")
            {
                activity[name] = new JsonArray([
                    .. items
                        .OfType<JsonObject>()
                        .Select(
                            (item, i) =>
                                item.Text("nodeId") is not null && item.Text("type") is not null && item.Text("id") is not null
                                    ? Drawable((JsonObject)item.DeepClone(), registry)
                                    : Placeholder(item, $"unnamed{i + 1}", $"{activity.Text("nodeId")}:unnamed{i + 1}", item.Text("type") ?? "no type", [], [])
                        ),
                ]);
            }
        }

        if (activity.Number("version") is null)
            activity["version"] = 1;
        var type = activity.Text("type")!;
        if (registry.Find(type) is not null || activity.ContainsKey("workflowDefinitionId") || activity.ContainsKey("workflowDefinitionVersionId"))
            return (JsonObject)activity.DeepClone();

        return Placeholder(
            activity,
            activity.Text("id")!,
            activity.Text("nodeId")!,
            type,
            (JsonObject)activity["metadata"]!.DeepClone(),
            (JsonObject)activity["customProperties"]!.DeepClone()
        );
    }

    private static JsonObject Placeholder(JsonObject activity, string id, string nodeId, string type, JsonObject metadata, JsonObject custom)
    {
        metadata["displayText"] = $"Not found: {type}";
        return new()
        {
            ["missingTypeName"] = type,
            ["missingTypeVersion"] = activity.Number("version") ?? 1,
            ["originalActivityJson"] = activity.ToJsonString(ElsaJson.Options),
            ["id"] = id,
            ["nodeId"] = nodeId,
            ["name"] = activity.Text("name"),
            ["type"] = NotFoundType,
            ["version"] = 1,
            ["customProperties"] = custom,
            ["metadata"] = metadata,
        };
    }

    /// <summary>Replaces placeholders with the original activities, if the analyst kept them.</summary>
    private static JsonNode? Restored(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray array:
                return new JsonArray([.. array.Select(Restored)]);
            case JsonObject json
                when json.Text("type") == NotFoundType
                    && json.Text("originalActivityJson") is { } original
                    && JsonObjects.Parse(Encoding.UTF8.GetBytes(original)).Object is { } activity:
                if (json["metadata"]?["designer"] is { } designer && activity["metadata"] is JsonObject metadata)
                    metadata["designer"] = designer.DeepClone();
                return activity;
            case JsonObject json:
                var restored = new JsonObject(
                    json.Select(p => KeyValuePair.Create(p.Key, p.Value is JsonObject or JsonArray ? Restored(p.Value) : p.Value?.DeepClone()))
                );
                Reconnect(restored);
                return restored;
            default:
                return node?.DeepClone();
        }
    }

    /// <summary>A stock server sets connections aside that leave an activity of a type it does not know; here they are connections again.</summary>
    private static void Reconnect(JsonObject flowchart)
    {
        if (
            (flowchart["customProperties"] as JsonObject)?["notFoundConnections"] is not JsonArray { Count: > 0 } aside
            || flowchart["activities"] is not JsonArray activities
        )
            return;
        if (flowchart["connections"] is not JsonArray connections)
            flowchart["connections"] = connections = [];
        var ids = activities.OfType<JsonObject>().Select(activity => activity.Text("id")).ToHashSet();
        foreach (
            var connection in aside
                .OfType<JsonObject>()
                .Where(c => ids.Contains((c["source"] as JsonObject)?.Text("activity")) && ids.Contains((c["target"] as JsonObject)?.Text("activity")))
                .ToList()
        )
        {
            aside.Remove(connection);
            if (
                !connections.Any(other =>
                    JsonNode.DeepEquals(other?["source"], connection["source"]) && JsonNode.DeepEquals(other?["target"], connection["target"])
                )
            )
                connections.Add(connection);
        }
    }

    /// <summary>What Elsa's server adds to activities when it shows them: paths, and members that Studio takes for granted.</summary>
    private static void Complete(JsonObject json, string parent)
    {
        var path = parent;
        if (json.Text("type") is { } type && json.Text("id") is { } id)
        {
            path = $"{parent}:{id}";
            json["nodeId"] = path;
            if (json["metadata"] is not JsonObject)
                json["metadata"] = new JsonObject();
            if (json["customProperties"] is not JsonObject custom)
                json["customProperties"] = custom = [];
            custom.TryAdd("canStartWorkflow", false);
            custom.TryAdd("runAsynchronously", false);
            if (type == "Elsa.Flowchart")
                custom.TryAdd("notFoundConnections", new JsonArray());
        }

        foreach (var (name, value) in json.ToArray())
        {
            if (name is "metadata" or "customProperties")
                continue;
            if (value is JsonObject child)
                Complete(child, path);
            else if (value is JsonArray items)
            {
                foreach (var item in items.OfType<JsonObject>())
                    Complete(item, path);
            }
        }
    }
}

/// <summary>
/// A client's permissions on a definition, in Elsa's form. Studio only lets an analyst edit a definition that has a link to publish it.
/// </summary>
internal static class Links
{
    public static JsonArray Of(string definitionId)
    {
        var self = $"/workflow-definitions/{definitionId}";
        return
        [
            Link(self, "self", "GET"),
            Link($"/workflow-definitions/by-definition-id/{definitionId}", "self", "GET"),
            Link(self + "/versions", "versions", "GET"),
            Link(self + "/bulk-dispatch", "bulk-dispatch", "POST"),
            Link(self + "/dispatch", "dispatch", "POST"),
            Link(self + "/execute", "execute", "POST"),
            Link(self + "/export", "export", "POST"),
            Link(self + "/publish", "publish", "POST"),
            Link(self + "/retract", "retract", "POST"),
            Link(self, "delete", "DELETE"),
            Link(self + "/import", "import", "PUT"),
            Link(self + "/update-references", "update-references", "POST"),
        ];
    }

    /// <summary>For the list as a whole. Without the bulk links Studio offers neither bulk actions nor a new journey.</summary>
    public static JsonArray OfList(bool mayEdit)
    {
        JsonArray links =
        [
            Link("/workflow-definitions", "self", "GET"),
            Link("/workflow-definitions/validation/is-name-unique", "is-name-unique", "GET"),
            Link("/workflow-definitions/query/count", "count", "GET"),
            Link("/workflow-definitions/many-by-id", "many-by-id", "GET"),
        ];
        if (mayEdit)
        {
            links.Add(Link("/bulk-actions/delete/workflow-definitions/by-definition-id", "bulk-delete-by-definition-id", "POST"));
            links.Add(Link("/bulk-actions/delete/workflow-definitions/by-id", "bulk-delete-by-id", "POST"));
            links.Add(Link("/bulk-actions/publish/workflow-definitions/by-definition-ids", "bulk-publish", "POST"));
            links.Add(Link("/bulk-actions/retract/workflow-definitions/by-definition-ids", "bulk-retract", "POST"));
            links.Add(Link("/workflow-definitions/import", "import", "POST"));
            links.Add(Link("/workflow-definitions/import-files", "import-files", "POST"));
            links.Add(Link("/workflow-definitions", "create", "POST"));
        }

        return links;
    }

    private static JsonObject Link(string href, string rel, string method) =>
        new()
        {
            ["href"] = href,
            ["rel"] = rel,
            ["method"] = method,
        };
}
