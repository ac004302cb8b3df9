using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.HumanStep;

namespace Orchestration.Workflows.Guidance;

/// <summary>Whether the place of a pin exists: the skill; or the step, field and outcome in the version it names, else in the published one.</summary>
internal static class PinCheck
{
    /// <summary>The published version of a journey; null: there is none that can be read.</summary>
    public static async Task<CompiledWorkflow?> PublishedAsync(WorkflowRuntime runtime, string id, CancellationToken cancel)
    {
        try
        {
            return await runtime.Definitions.FindPublishedAsync(id, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with a pin, as a reason; null: nothing.</summary>
    /// <param name="published">The published version of its journey, if it names one.</param>
    public static async Task<string?> WhyNotAsync(WorkflowRuntime runtime, Pin pin, CompiledWorkflow? published, CancellationToken cancel)
    {
        if (pin.Skill is { } skill)
        {
            await using var query = runtime.Database.Query("select exists (select from skill where key = $1)", skill);
            return await query.ExecuteScalarAsync(cancel) is true ? null : "there is no such skill";
        }

        if (published is null)
            return "no such journey is published";
        if (pin.Version > published.Version)
            return $"the journey is at version {published.Version}";
        var (journey, which) =
            pin.Version is { } version && version != published.Version
                ? (await VersionAsync(runtime, published.DefinitionId, version, cancel), $"version {version} of the journey")
                : (published, "the journey");
        if (journey is null)
            return $"there is no {which} that can be read";
        if (pin.Step is null)
            return null;
        if (journey.FindActivity(pin.Step) is not { } step || step.Type.Outputs.All(output => output.Name != "Data"))
            return $"{which} has no such step";
        if (pin.Outcome is { } outcome && StepDesign.Outcomes(step) is var outcomes && !outcomes.Contains(outcome))
            return $"the step has no outcome “{outcome}” ({string.Join(", ", outcomes)})";
        return pin.Field is { } field && await StepDesign.FieldsAsync(runtime.Definitions, journey, step, cancel) is { } fields && !fields.Contains(field)
            ? fields.Count == 0
                ? "the step has no form"
                : $"the form of the step has no field “{field}” ({string.Join(", ", fields)})"
            : null;
    }

    private static async Task<CompiledWorkflow?> VersionAsync(WorkflowRuntime runtime, string journey, int version, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select id from workflow_definition where definition_id = $1 and version = $2", journey, version);
        if (await query.ExecuteScalarAsync(cancel) is not string id)
            return null;
        try
        {
            return await runtime.Definitions.GetVersionAsync(id, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }
}
