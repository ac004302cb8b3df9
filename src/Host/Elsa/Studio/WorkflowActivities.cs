using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>Published definitions that can be used as activities, as the palette shows them.</summary>
internal static class WorkflowActivities
{
    public static async Task<IEnumerable<object>> ReadAsync(DefinitionStore store, CancellationToken cancel)
    {
        var (items, _) = await store.ListAsync(new("Published"), cancel);
        return items
            .Select(stored => (stored.Version, Document: JsonObjects.Parse(stored.Document).Object!))
            .Where(d => (d.Document["options"] as JsonObject)?.Flag("usableAsActivity") == true && d.Version.Name is { Length: > 0 })
            .Select(d => Describe(d.Version, d.Document));
    }

    private static object Describe(DefinitionVersion version, JsonObject document)
    {
        // Elsa names the type after the definition: words in Pascal case.
        var typeName = string.Concat(version.Name!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        return new
        {
            typeName,
            clrType = typeName,
            name = typeName,
            version = version.Version,
            category = (document["options"] as JsonObject)?.Text("activityCategory") is { Length: > 0 } category ? category : "Workflows",
            displayName = version.Name,
            description = version.Description,
            inputs = Members(document, "inputs")
                .Select(
                    (input, order) =>
                        new
                        {
                            isWrapped = true,
                            uiHint = input.Text("uiHint") ?? "singleline",
                            category = input.Text("category"),
                            isSensitive = false,
                            autoEvaluate = true,
                            name = input.Text("name"),
                            typeName = input.Text("type") ?? "Object",
                            displayName = input.Text("displayName") ?? input.Text("name"),
                            description = input.Text("description"),
                            order,
                            isBrowsable = true,
                            isSynthetic = true,
                        }
                ),
            outputs = Members(document, "outputs")
                .Select(
                    (output, order) =>
                        new
                        {
                            name = output.Text("name"),
                            typeName = output.Text("type") ?? "Object",
                            displayName = output.Text("displayName") ?? output.Text("name"),
                            description = output.Text("description"),
                            order,
                            isBrowsable = true,
                            isSynthetic = true,
                        }
                ),
            kind = "Action",
            runAsynchronously = false,
            ports = (
                (IEnumerable<object>)
                    [
                        new
                        {
                            name = "Root",
                            displayName = "Root",
                            type = "Embedded",
                            isBrowsable = false,
                        },
                    ]
            ).Concat(
                document
                    .Texts("outcomes")
                    .Select(o => new
                    {
                        name = o,
                        displayName = o,
                        type = "Flow",
                        isBrowsable = true,
                    })
            ),
            customProperties = new Dictionary<string, object>
            {
                ["RootType"] = "WorkflowDefinitionActivity",
                ["WorkflowDefinitionId"] = version.DefinitionId,
                ["WorkflowDefinitionVersionId"] = version.Id,
            },
            constructionProperties = new Dictionary<string, object>
            {
                ["WorkflowDefinitionId"] = version.DefinitionId,
                ["WorkflowDefinitionVersionId"] = version.Id,
                ["Version"] = version.Version,
            },
            isContainer = false,
            isBrowsable = true,
            isStart = false,
            isTerminal = false,
        };
    }

    private static IEnumerable<JsonObject> Members(JsonObject document, string name) =>
        (document[name] as JsonArray)?.OfType<JsonObject>().Where(m => m.Text("name") is not null) ?? [];
}
