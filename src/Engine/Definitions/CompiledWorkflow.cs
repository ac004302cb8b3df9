namespace Orchestration.Engine.Definitions;

/// <summary>A definition version, parsed and compiled once to an immutable graph. Thread safe; cached by version id.</summary>
public sealed class CompiledWorkflow
{
    /// <summary>Version id.</summary>
    public required string Id { get; init; }
    public required string DefinitionId { get; init; }
    public required int Version { get; init; }
    public string? Name { get; init; }
}

/// <summary>One thing that is wrong with a definition.</summary>
/// <param name="Path">JSON path, e.g. <c>$.root.activities[2].condition</c>.</param>
/// <param name="Reason">What is wrong, in words an analyst understands, naming the activity.</param>
public sealed record DefinitionError(string Path, string Reason);
