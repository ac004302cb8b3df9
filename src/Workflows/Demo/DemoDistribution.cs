using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Demo;

/// <summary>Makes the push engine visible in the demo: adjusters are offered work, and claims intake and underwriting see what is best next.</summary>
public sealed class DemoDistribution(WorkflowRuntime runtime, FindPerson people, DistributionPolicies policies)
{
    private static readonly (string Team, string Mode)[] Teams =
    [
        ("claims-adjusting", "offer"),
        ("claims-intake", "suggest"),
        ("mortgage-underwriting", "suggest"),
    ];

    /// <summary>Sets the modes. Call it once, after the demo cases were made.</summary>
    public async Task RunAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query("select id from person where user_name = 'supervisor' and active");
        if (await query.ExecuteScalarAsync(cancel) is not Guid id || await people.OfIdAsync(id, runtime.Clock.Now(), cancel) is not { } supervisor)
            return;
        foreach (var (team, mode) in Teams)
            await policies.SetModeAsync(team, mode, supervisor, cancel);
    }
}
