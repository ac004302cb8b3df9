using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>
/// The initial data of a form: fields with <c>x-from</c> get data of the case, fields with <c>x-computed</c> the value of their expression. Computed
/// once, when the
/// task opens, so that everyone sees the same values and it stays clear what a decision was based on.
/// </summary>
internal static class TaskPrefill
{
    /// <summary>The values, or null when the form asks for none.</summary>
    public static async ValueTask<Json?> OfAsync(
        DefinitionStore definitions,
        BurstWriteContext context,
        byte[]? form,
        string? formName,
        CancellationToken cancel
    )
    {
        var schema = form is null
            ? formName is null
                ? null
                : await TaskForms.SharedAsync(definitions, context.State.DefinitionVersionId, formName, cancel)
            : form.AsSpan().IndexOf("\"x-"u8) >= 0 && FormSchema.TryParse(Encoding.UTF8.GetString(form), out var own, out _)
                ? own
                : null;
        if (schema is null || !schema.Root.AllProperties.Any(field => field.From is not null || field.Computed is not null))
            return null;

        var scope = new CaseScope(context);
        foreach (var field in schema.Root.AllProperties)
        {
            var value =
                field.From is { } path ? scope.Find(path)
                : field.Computed is not null ? Compute(field, scope)
                : null;
            if (value is not null && FormSchema.Fit(field, JsonNode.Parse(WorkflowData.ToUtf8(value))) is { } fits)
                scope.Fields[field.Name] = fits;
        }

        return scope.Fields.Count == 0 ? null : new Json(Encoding.UTF8.GetBytes(scope.Fields.ToJsonString()));
    }

    private static object? Compute(FormField field, CaseScope scope)
    {
        try
        {
            return field.ComputedBy!.Evaluate(scope);
        }
        catch (ExpressionException)
        {
            // A default that can't be computed is left empty; the person fills in the field.
            return null;
        }
    }

    /// <summary>What the expressions of a form can read: variables and outputs of the case, and the preceding fields as inputs.</summary>
    private sealed class CaseScope(BurstWriteContext context) : ExpressionScope
    {
        private readonly Random _random = new(context.State.Id.GetHashCode(StringComparison.Ordinal));
        private readonly Dictionary<string, object?> _variables = CasePath.Variables(context.State, context.Workflow);

        public JsonObject Fields { get; } = [];

        public object? Find(string path) => CasePath.TryParse(path, out var parsed) ? parsed.Find(context.State, _variables) : null;

        public override bool TryGetVariable(string name, out object? value) => _variables.TryGetValue(name, out value);

        public override void SetVariable(string name, object? value) => throw new ExpressionException("A form can't change the case.");

        public override IEnumerable<string> VariableNames => _variables.Keys;

        public override bool TryGetInput(string name, out object? value)
        {
            value = Fields[name] is { } node ? WorkflowData.FromUtf8(Encoding.UTF8.GetBytes(node.ToJsonString())) : null;
            return value is not null;
        }

        public override IEnumerable<string> InputNames => Fields.Select(f => f.Key);

        public override object? GetOutputFrom(string activityIdOrName, string? outputName) => context.State.FindOutput(activityIdOrName, outputName ?? "Data");

        public override IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs => [];
        public override object? LastResult => null;
        public override string WorkflowInstanceId => context.State.Id;
        public override string WorkflowDefinitionId => context.State.DefinitionId;
        public override string WorkflowDefinitionVersionId => context.State.DefinitionVersionId;
        public override int WorkflowDefinitionVersion => context.State.DefinitionVersion;
        public override string? CorrelationId
        {
            get => context.State.CorrelationId;
            set => throw new ExpressionException("A form can't change the case.");
        }
        public override string? WorkflowInstanceName
        {
            get => context.State.Name;
            set => throw new ExpressionException("A form can't change the case.");
        }

        public override void SetOutcomes(IReadOnlyList<string> outcomes) => throw new ExpressionException("A form can't change the case.");

        public override Instant Now => context.Transaction.Now;

        public override double NextRandom() => _random.NextDouble();

        public override Guid NextGuid() => Ids.New(Now);
    }
}
