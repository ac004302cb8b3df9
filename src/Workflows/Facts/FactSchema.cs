using System.Text.Json.Nodes;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Facts;

/// <summary>A fact of a case, as one person sees it.</summary>
/// <param name="Name">Its key in the journey.</param>
/// <param name="Label">What to call it.</param>
/// <param name="Format">How to show it.</param>
/// <param name="Value">Its value; null if the start of the case left it open.</param>
/// <param name="Currency">Currency of an amount, or null.</param>
public sealed record CaseFact(string Name, string Label, FactFormat Format, JsonNode? Value, string? Currency);

/// <summary>
/// The facts of a journey, in order: <c>customProperties.facts</c> of its definition. Without that member they are the inputs that a variable of the same name
/// keeps, for everyone who can see the case. Immutable, and read once per version.
/// </summary>
public sealed class FactSchema
{
    /// <summary>Member of the definition's <c>customProperties</c>.</summary>
    public const string Property = "facts";

    internal FactSchema(IReadOnlyList<FactField> fields) => Fields = fields;

    public IReadOnlyList<FactField> Fields { get; }

    /// <summary>Makes a registry read facts and refuse at publish what is wrong with them, all errors at once.</summary>
    public static ActivityRegistry AddTo(ActivityRegistry registry) => registry.Add(Property, FactSchemaReader.Read);

    /// <summary>The facts of a version.</summary>
    public static FactSchema Of(CompiledWorkflow workflow) => workflow.Property<FactSchema>(Property) ?? new([]);

    /// <summary>The facts that a person can't see.</summary>
    public IReadOnlyList<FactField> HiddenFrom(FactViewer viewer) => [.. Fields.Where(fact => !viewer.MaySee(fact))];

    /// <summary>Whether a fact of the version is hidden from the person; assumed of a version that can't be read.</summary>
    public static async Task<bool> HidesAsync(DefinitionStore definitions, string versionId, FactViewer viewer, CancellationToken cancel = default)
    {
        try
        {
            return Of(await definitions.GetVersionAsync(versionId, cancel)).HiddenFrom(viewer).Count > 0;
        }
        catch (DefinitionUnavailableException)
        {
            return true;
        }
    }

    /// <summary>
    /// The facts of a case that a person can see, in order: those that have a value, and inputs without one. The caller has checked that they can see the case.
    /// </summary>
    public IReadOnlyList<CaseFact> Read(InstanceState state, CompiledWorkflow workflow, FactViewer viewer) =>
        Read(state, workflow, Fields.Where(viewer.MaySee));

    /// <summary>The facts that a journey shows to its customer and that have a value, each with what the customer calls it.</summary>
    public IReadOnlyList<(LocalText Label, CaseFact Fact)> ReadForCustomer(InstanceState state, CompiledWorkflow workflow)
    {
        var labels = Fields.Where(fact => fact is { Customer: not null, IsRestricted: false }).ToDictionary(fact => fact.Name);
        return [.. Read(state, workflow, labels.Values).Where(fact => fact.Value is not null).Select(fact => (labels[fact.Name].Customer!, fact))];
    }

    /// <summary>The same of a case that isn't at hand as a state: its reference, its variables by name and the data that was entered in a step.</summary>
    public IReadOnlyList<CaseFact> Read(string? reference, IReadOnlyDictionary<string, object?> variables, Func<string, object?> entered, FactViewer viewer) =>
        Read(reference, variables, entered, Fields.Where(viewer.MaySee));

    private static List<CaseFact> Read(InstanceState state, CompiledWorkflow workflow, IEnumerable<FactField> fields) =>
        Read(state.CorrelationId, CasePath.Variables(state, workflow), step => state.FindOutput(step, "Data"), fields);

    private static List<CaseFact> Read(
        string? reference,
        IReadOnlyDictionary<string, object?> variables,
        Func<string, object?> entered,
        IEnumerable<FactField> fields
    )
    {
        var facts = new List<CaseFact>();
        foreach (var fact in fields)
        {
            var value = fact.From.Find(reference, variables, entered);
            if (IsEmpty(value) && !fact.IsInput)
                continue;
            facts.Add(
                new(
                    fact.Name,
                    fact.Label,
                    fact.Format,
                    IsEmpty(value) ? null : JsonNode.Parse(WorkflowData.ToUtf8(value)),
                    fact.Format == FactFormat.Money ? fact.Currency ?? fact.CurrencyFrom?.Find(reference, variables, entered) as string : null
                )
            );
        }

        return facts;
    }

    private static bool IsEmpty(object? value) => value is null or "" or List<object?> { Count: 0 } or OrderedDictionary<string, object?> { Count: 0 };
}
