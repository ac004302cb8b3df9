using System.Text.Json.Nodes;
using Orchestration.Engine.Execution;

namespace Orchestration.Workflows.Facts;

/// <summary>
/// Keeps hidden facts out of what else shows data of a case: entered data of a step, values that its form began with, rows of history. It is for people who
/// look at a step without working on it. People who work on it see its whole form, because its author gave the step to them.
/// </summary>
public static class FactMask
{
    /// <summary>Members of a step's data, draft and initial values that hold hidden facts; an empty path stands for all of it.</summary>
    /// <param name="workflow">The version the case runs on.</param>
    /// <param name="step">Id of the step.</param>
    /// <param name="hidden">The facts that the person can't see.</param>
    /// <param name="fields">Fields of its form: name, path of the case data it begins with, and expression that computes it.</param>
    public static IReadOnlyList<IReadOnlyList<string>> InStep(
        CompiledWorkflow workflow,
        string step,
        IReadOnlyList<FactField> hidden,
        IEnumerable<(string Name, string? From, string? Computed)> fields
    )
    {
        var asked = fields.ToList();
        var own = StepRoot(workflow, step);
        var found = new List<IReadOnlyList<string>>();
        foreach (var fact in hidden)
        {
            var root = Root(workflow, fact.From);
            if (root == own)
                found.Add(fact.From.Members);
            foreach (var (name, from, computed) in asked)
            {
                var shows = from is not null
                    ? CasePath.TryParse(from, out var path) && Root(workflow, path) == root && Overlap(path.Members, fact.From.Members)
                    : computed?.Contains(fact.From.Variable ?? fact.From.Step ?? "reference", StringComparison.Ordinal) == true;
                if (shows)
                    found.Add([name]);
            }
        }

        return found;
    }

    /// <summary>The data without those members; null if all of it is hidden.</summary>
    public static JsonNode? Without(JsonNode? data, IReadOnlyList<IReadOnlyList<string>> members)
    {
        foreach (var path in members)
        {
            if (path.Count == 0)
                return null;
            var holder = data as JsonObject;
            foreach (var member in path.SkipLast(1))
                holder = holder?[member] as JsonObject;
            holder?.Remove(path[^1]);
        }

        return data;
    }

    // Data of a step that a variable captures is the same value under two names.
    private static string Root(CompiledWorkflow workflow, CasePath path) =>
        path.Step is { } step ? StepRoot(workflow, step)
        : path.Variable is { } variable ? $"variables.{variable}"
        : path.Text;

    private static string StepRoot(CompiledWorkflow workflow, string step) =>
        workflow.FindActivity(step)?.OutputTarget("Data") is { } target && workflow.Variables.FirstOrDefault(v => v.Id == target) is { } variable
            ? $"variables.{variable.Name}"
            : $"steps.{step}";

    private static bool Overlap(IReadOnlyList<string> one, IReadOnlyList<string> other) => one.Zip(other).All(pair => pair.First == pair.Second);
}
