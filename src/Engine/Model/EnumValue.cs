namespace Orchestration.Engine.Model;

/// <summary>
/// What is a .NET enumeration in Elsa (the status in the result of ExecuteWorkflow): its name in expressions, its number in JSON and so, as in Elsa,
/// after the next wait.
/// </summary>
internal sealed record EnumValue(string Name, int Number)
{
    public override string ToString() => Name;
}
