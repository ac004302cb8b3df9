using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>What a version of a journey says about the tasks of a human step, before there are any.</summary>
public static class StepDesign
{
    /// <summary>How it can end.</summary>
    public static IReadOnlyList<string> Outcomes(ActivityNode step) =>
        StepNames.Names(step.Literal("Outcomes")) is { Length: > 0 } given ? given : HumanTask.DefaultOutcomes;

    /// <summary>
    /// Names of the fields of its form, in order, with those that only some answers call for. Empty: it has no form; null: an expression makes the form of each
    /// task.
    /// </summary>
    public static async ValueTask<IReadOnlyList<string>?> FieldsAsync(
        DefinitionStore definitions,
        CompiledWorkflow journey,
        ActivityNode step,
        CancellationToken cancel = default
    )
    {
        if (!step.IsLiteral("Form"))
            return null;
        var form = await TaskForms.FindAsync(
            definitions,
            journey.Id,
            HumanTask.SchemaText(step.Literal("Form")),
            step.Literal("FormName") is string { Length: > 0 } name ? name : null,
            cancel
        );
        return form is null ? [] : [.. form.Root.AllProperties.Select(field => field.Name)];
    }
}
