namespace Orchestration.Engine.Execution;

/// <summary>What a Fault activity throws.</summary>
internal sealed class FaultException(string code, string category, string type, string? message) : Exception(message)
{
    public string Code { get; } = code;
    public string Category { get; } = category;
    public string FaultType { get; } = type;

    /// <summary>Name of an exception as incidents show it.</summary>
    public static string TypeName(Exception exception) => exception.GetType().Name;
}

/// <summary>An input could not be evaluated.</summary>
internal sealed class InputEvaluationException(string inputName, Exception inner)
    : Exception($"Failed to evaluate activity input '{inputName}'", inner);

/// <summary>The definition has an activity whose type this host does not know.</summary>
internal sealed class ActivityNotFoundException(string typeName, int version)
    : Exception($"Activity type '{typeName}' version {version} was not found.");
