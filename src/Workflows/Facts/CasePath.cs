using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Orchestration.Engine.Execution;

namespace Orchestration.Workflows.Facts;

/// <summary>
/// Where a value of a case is: <c>reference</c>, a variable with members (<c>claim.amount</c>, or <c>variables.claim.amount</c>), or the data that was entered
/// in a step (<c>steps.assess.amount</c>).
/// </summary>
public sealed partial class CasePath
{
    private const int MostParts = 8;

    private CasePath(string text, string? variable, string? step, IReadOnlyList<string> members) =>
        (Text, Variable, Step, Members) = (text, variable, step, members);

    /// <summary>The path as written.</summary>
    public string Text { get; }

    /// <summary>Name of the variable; null if the path starts elsewhere.</summary>
    public string? Variable { get; }

    /// <summary>Id of the step whose data it starts at, or null.</summary>
    public string? Step { get; }

    /// <summary>Members to descend into from there.</summary>
    public IReadOnlyList<string> Members { get; }

    /// <summary>False if the text isn't a path. Whether the variable or step exists is another question.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CasePath? path)
    {
        path = null;
        if (!Syntax().IsMatch(text))
            return false;
        var parts = text.Split('.');
        if (parts.Length > MostParts)
            return false;
        path = parts switch
        {
            ["reference"] => new(text, null, null, []),
            ["steps", var step, .. var members] => new(text, null, step, members),
            ["variables", var variable, .. var members] => new(text, variable, null, members),
            [var variable, .. var members] => new(text, variable, null, members),
            [] => null,
        };
        return path is not null;
    }

    /// <summary>The value in a case, or null.</summary>
    /// <param name="state">The case.</param>
    /// <param name="variables">Its variables by name.</param>
    public object? Find(InstanceState state, IReadOnlyDictionary<string, object?> variables) =>
        Find(state.CorrelationId, variables, step => state.FindOutput(step, "Data"));

    /// <summary>The value in a case that isn't at hand as a state, or null.</summary>
    /// <param name="reference">Its reference.</param>
    /// <param name="variables">Its variables by name.</param>
    /// <param name="entered">The data that was entered in a step.</param>
    public object? Find(string? reference, IReadOnlyDictionary<string, object?> variables, Func<string, object?> entered)
    {
        if (Variable is null && Step is null)
            return reference;
        var value = Step is not null ? entered(Step) : variables.GetValueOrDefault(Variable!);
        foreach (var member in Members)
            value = value is OrderedDictionary<string, object?> members && members.TryGetValue(member, out var found) ? found : null;
        return value;
    }

    /// <summary>A case's variables by name.</summary>
    public static Dictionary<string, object?> Variables(InstanceState state, CompiledWorkflow workflow) =>
        state.Variables(workflow).GroupBy(variable => variable.Key.Name).ToDictionary(group => group.Key, group => group.First().Value);

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Syntax();
}
