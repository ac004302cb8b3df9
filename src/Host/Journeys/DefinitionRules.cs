using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;

namespace Orchestration.Host.Journeys;

/// <summary>What a definition needs to be stored at all, even as a draft.</summary>
internal static class DefinitionRules
{
    /// <summary>The id a document gives itself, or a new one.</summary>
    public static string Id(JsonObject model, IClock clock) => model.Text("definitionId") is { Length: > 0 } given ? given : Ids.Text(Ids.New(clock.Now()));

    /// <summary>What keeps a document even from being kept as a draft: Studio could not open it again.</summary>
    public static (string Field, string Reason)? Wrong(JsonObject model)
    {
        foreach (var name in new[] { "definitionId", "name", "description" })
        {
            if (model[name] is { } value && model.Text(name) is null)
                return (name, $"'{name}' must be a string, not {value.GetValueKind()}.");
        }

        if (model.Text("definitionId") is { } id && (id.Length > 200 || id.Any(c => char.IsControl(c) || c is '/' or '\\' or '?' or '#' or '%')))
            return ("definitionId", "'definitionId' must have at most 200 characters and none of / \\ ? # %.");
        if (model.Text("name") is { Length: > 500 })
            return ("name", "'name' must have at most 500 characters.");
        foreach (var name in new[] { "variables", "inputs", "outputs", "outcomes" })
        {
            if (model[name] is not (null or JsonArray))
                return (name, $"'{name}' must be a list.");
        }

        foreach (var name in new[] { "root", "options", "customProperties" })
        {
            if (model[name] is not (null or JsonObject))
                return (name, $"'{name}' must be an object.");
        }

        return null;
    }
}
