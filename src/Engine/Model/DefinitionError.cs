namespace Orchestration.Engine.Model;

/// <summary>One thing that is wrong with a definition.</summary>
/// <param name="Path">JSON path, e.g. <c>$.root.activities[2].condition</c>.</param>
/// <param name="Reason">The error, written for an analyst, with the name of the activity.</param>
public sealed record DefinitionError(string Path, string Reason);
