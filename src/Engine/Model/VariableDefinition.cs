namespace Orchestration.Engine.Model;

/// <summary>A variable that a container declares.</summary>
/// <param name="Id">Unique in its container; outputs and SetVariable refer to it.</param>
/// <param name="Name">Name in expressions.</param>
/// <param name="Type">Declared type.</param>
/// <param name="Default">Default value, already converted.</param>
/// <param name="IsPersisted">False for variables without storage or in memory: they are back at their default after a wait, as in Elsa.</param>
public sealed record VariableDefinition(string Id, string Name, DataType Type, object? Default, bool IsPersisted);

/// <summary>An input that a workflow declares.</summary>
public sealed record InputDefinition(
    string Name,
    DataType Type,
    string TypeName,
    string? DisplayName,
    string? Description,
    string? Category,
    string? UIHint,
    object? Default,
    bool IsRequired
)
{
    /// <summary>The allowed values; empty: any. Our own member <c>options</c> of an input in the document.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>
    /// Whether it is a date, such as 2026-06-01. Elsa has no alias for that type and refuses a document with it, so text with the UI hint
    /// <c>date-picker</c> is one too.
    /// </summary>
    public bool IsDate => Type.Name == "DateOnly" || (Type.Name == "String" && UIHint == "date-picker");
}

/// <summary>An output that a workflow declares.</summary>
public sealed record OutputDefinition(string Name, DataType Type, string TypeName, string? DisplayName, string? Description);
