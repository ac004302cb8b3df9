using Orchestration.Engine.Definitions;

namespace Orchestration.Engine.Execution;

/// <summary>The pure heart: definition, state, stimulus and now in; new state and everything to write out.</summary>
public static class Burst
{
    /// <summary>A new instance that has not run yet.</summary>
    public static InstanceState NewInstance(CompiledWorkflow workflow, string instanceId, BurstContext context) => new()
    {
        Id = instanceId,
        DefinitionId = workflow.DefinitionId,
        DefinitionVersionId = workflow.Id,
        DefinitionVersion = workflow.Version,
        CreatedAt = context.Now,
        UpdatedAt = context.Now,
    };

    /// <summary>Moves the instance by one stimulus until every branch waits or ends. No I/O, no wall clock, no randomness.</summary>
    public static BurstResult Advance(CompiledWorkflow workflow, InstanceState state, Stimulus stimulus, BurstContext context) =>
        throw new NotSupportedException();
}
