using System.Text;
using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Compilation;

/// <summary>The purpose of parsing a definition.</summary>
public enum DefinitionUse
{
    /// <summary>To edit it: unknown activities are kept, and what only a run needs can be missing.</summary>
    Draft,

    /// <summary>To publish it: everything that can't run is refused.</summary>
    Publish,

    /// <summary>To run a version that was published before, perhaps by another host: as a draft, so that it still runs as far as it can.</summary>
    Run,
}

/// <summary>A workflow another definition uses as an activity.</summary>
/// <param name="TypeName">The activity's type name.</param>
/// <param name="DefinitionId">Definition it names, or null.</param>
/// <param name="VersionId">Version it names, or null.</param>
/// <param name="Version">Version number it names, or 0.</param>
public sealed record WorkflowReference(string TypeName, string? DefinitionId, string? VersionId, int Version);

/// <summary>A stored definition version.</summary>
public sealed record WorkflowSource(ReadOnlyMemory<byte> Json);

/// <summary>
/// Finds the definition behind a workflow used as an activity: by version id, else by definition id and version, else its published version, else its
/// latest, else by type name (the definition's name in Pascal case). Null when there is none.
/// </summary>
public delegate WorkflowSource? FindWorkflow(WorkflowReference reference);

/// <summary>Parses Elsa's definition JSON into a compiled graph and reports all its errors together.</summary>
public static class DefinitionParser
{
    /// <summary>Largest document in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>Most activities, those of workflows used as activities included.</summary>
    public const int MaxActivities = 10_000;

    /// <summary>Deepest nesting of activities.</summary>
    public const int MaxNesting = 250;

    private static readonly JsonDocumentOptions JsonOptions = new()
    {
        MaxDepth = 1024,
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Parses a document of Elsa's workflow definition model.</summary>
    /// <returns>The graph, or null with at least one error. A draft may come with both.</returns>
    public static (CompiledWorkflow? Workflow, IReadOnlyList<DefinitionError> Errors) Parse(
        ReadOnlyMemory<byte> json,
        ActivityRegistry registry,
        DefinitionUse use = DefinitionUse.Publish,
        FindWorkflow? findWorkflow = null
    )
    {
        if (json.Length > MaxBytes)
            return (null, [new DefinitionError("$", $"The definition has {json.Length:N0} bytes; at most {MaxBytes:N0} are allowed.")]);

        JsonDocument document;

        try
        {
            document = JsonDocument.Parse(json, JsonOptions);
        }
        catch (JsonException exception)
        {
            return (null, [new DefinitionError(exception.Path ?? "$", $"Not valid JSON: {exception.Message}")]);
        }

        using (document)
        {
            var compiler = new DefinitionCompiler(registry, use, findWorkflow ?? (static _ => null));
            var workflow = compiler.Compile(document.RootElement);
            return (compiler.IsFatal ? null : workflow, compiler.Errors);
        }
    }

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte}, ActivityRegistry, DefinitionUse, FindWorkflow?)"/>
    public static (CompiledWorkflow? Workflow, IReadOnlyList<DefinitionError> Errors) Parse(
        string json,
        ActivityRegistry registry,
        DefinitionUse use = DefinitionUse.Publish,
        FindWorkflow? findWorkflow = null
    ) => Parse(Encoding.UTF8.GetBytes(json), registry, use, findWorkflow);
}
