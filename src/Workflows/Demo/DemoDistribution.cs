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

    /// <summary>
    /// An offer stands for half a shift: whoever signs in as one of the adjusters finds theirs, and two that nobody answered don't make everyone away.
    /// </summary>
    private const string Policy = """{ "offerSeconds": 14400, "againMinutes": 1 }""";

    /// <summary>Sets policy and modes. Call it once, after the demo cases were made.</summary>
    public async Task RunAsync(CancellationToken cancel = default)
    {
        if (await FindAsync("supervisor", cancel) is not { } supervisor)
            return;
        if (await FindAsync("senior1", cancel) is { } lead)
        {
            await policies.SaveDraftAsync("claims-adjusting", 0, Policy, supervisor, cancel);
            await policies.PublishAsync("claims-adjusting", 1, withoutReplay: true, lead, cancel);
        }

        foreach (var (team, mode) in Teams)
            await policies.SetModeAsync(team, mode, supervisor, cancel);
    }

    private async Task<Person?> FindAsync(string userName, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select id from person where user_name = $1 and active", userName);
        return await query.ExecuteScalarAsync(cancel) is Guid id ? await people.OfIdAsync(id, runtime.Clock.Now(), cancel) : null;
    }
}
