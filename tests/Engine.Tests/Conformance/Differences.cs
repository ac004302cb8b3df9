namespace Orchestration.Engine.Tests.Conformance;

/// <summary>Where we differ from stock Elsa on purpose. Also listed in docs/elsa-compatibility.md.</summary>
internal static class Differences
{
    public static string? ReasonFor(string name, string difference) => null;
}
