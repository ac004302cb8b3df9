using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Definitions;

/// <summary>Parts of a definition that Studio asks for when an analyst opens an activity inside another.</summary>
internal static class DefinitionGraph
{
    /// <summary>The activity at a path, with the port of its container that holds it.</summary>
    public static object? Find(StoredDefinition stored, string nodeId) => Path(stored, nodeId) is [.., var node] ? Node(node) : null;

    /// <summary>The activity itself.</summary>
    public static JsonObject? Activity(StoredDefinition stored, string nodeId) => Path(stored, nodeId) is [.., var node] ? node.Activity : null;

    /// <summary>The activity, its outermost container, and the steps an analyst takes to get there.</summary>
    public static object? Segments(StoredDefinition stored, string nodeId)
    {
        if (Path(stored, nodeId) is not [.., var child] path)
            return null;

        // Flowcharts and the workflow are what is drawn; the steps are the activities one opens between them.
        var steps = path.Zip(path.Skip(1)).Where(p => p.First.Activity.Text("type") is not ("Elsa.Workflow" or "Elsa.Flowchart")).ToList();
        var container = steps.Count == 0 ? path[0] : steps[^1].First;
        return new
        {
            childNode = Node(child),
            container = Node(container),
            pathSegments = steps.Select(p => new
            {
                activityNodeId = p.First.NodeId,
                activityId = p.First.Activity.Text("id"),
                activityType = p.First.Activity.Text("type"),
                portName = p.Second.Port,
                activityName = p.First.Activity.Text("name") ?? p.First.Activity.Text("type"),
            }),
        };
    }

    private static object Node(GraphNode node) =>
        new
        {
            nodeId = node.NodeId,
            port = node.Port,
            activity = node.Activity,
        };

    /// <summary>From the workflow down to the activity; empty if there is none.</summary>
    private static List<GraphNode> Path(StoredDefinition stored, string nodeId)
    {
        if (DefinitionDocument.Root(stored) is not { } root)
            return [];
        var version = stored.Version;
        var workflow = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["definitionId"] = version.DefinitionId,
                ["version"] = version.Version,
                ["id"] = version.Id,
            },
            ["publication"] = new JsonObject { ["isLatest"] = version.IsLatest, ["isPublished"] = version.IsPublished },
            ["inputs"] = new JsonArray(),
            ["outputs"] = new JsonArray(),
            ["outcomes"] = new JsonArray(),
            ["workflowMetadata"] = new JsonObject
            {
                ["name"] = version.Name,
                ["description"] = version.Description,
                ["createdAt"] = version.CreatedAt.ToString(),
            },
            ["options"] = new JsonObject { ["autoUpdateConsumingWorkflows"] = false },
            ["isReadonly"] = false,
            ["isSystem"] = false,
            ["definitionHandle"] = new JsonObject { ["definitionVersionId"] = version.Id },
            ["root"] = root.DeepClone(),
            ["id"] = "Workflow1",
            ["nodeId"] = "Workflow1",
            ["type"] = "Elsa.Workflow",
            ["version"] = 1,
            ["customProperties"] = new JsonObject(),
            ["metadata"] = new JsonObject(),
        };
        var path = new List<GraphNode>();
        return Descend(workflow, "", nodeId, path) ? path : [];
    }

    private static bool Descend(JsonObject json, string port, string nodeId, List<GraphNode> path)
    {
        var mark = path.Count;
        if (json.Text("nodeId") is { } here)
        {
            path.Add(new(here, port, json));
            if (here == nodeId)
                return true;
        }

        foreach (var (name, value) in json)
        {
            var below =
                path.Count > mark || port.Length == 0 ? char.ToUpperInvariant(name.Length > 0 ? name[0] : ' ') + name[Math.Min(1, name.Length)..] : port;
            if (name is "metadata" or "customProperties")
                continue;
            if (
                value is JsonObject child
                    ? Descend(child, below, nodeId, path)
                    : value is JsonArray items && items.OfType<JsonObject>().Any(item => Descend(item, below, nodeId, path))
            )
                return true;
        }

        path.RemoveRange(mark, path.Count - mark);
        return false;
    }

    private sealed record GraphNode(string NodeId, string Port, JsonObject Activity);
}
