using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Demo;

/// <summary>Makes the push engine visible in the demo: adjusters are offered work, and claims intake and underwriting see what is best next.</summary>
public sealed class DemoDistribution(WorkflowRuntime runtime, FindPerson people, DistributionPolicies policies)
{
    private const string Offered = "claims-adjusting";
    private static readonly string[] Suggested = ["claims-intake", "mortgage-underwriting"];

    /// <summary>
    /// An offer stands for half a shift: whoever signs in as one of the adjusters finds theirs, and two that nobody answered don't make everyone away.
    /// </summary>
    private const string Policy = """{ "offerSeconds": 14400, "againMinutes": 1 }""";

    /// <summary>Has the next best task suggested. Call it once, after the demo cases were made: it changes nothing that the simulated office does.</summary>
    public async Task SuggestAsync(CancellationToken cancel = default)
    {
        if (await FindAsync("supervisor", cancel) is not { } supervisor)
            return;
        foreach (var team in Suggested)
            await policies.SetModeAsync(team, "suggest", supervisor, cancel);
    }

    /// <summary>Sets the policy of offers and turns them on. Call it once, after the simulated office has come to the present.</summary>
    public async Task OfferAsync(CancellationToken cancel = default)
    {
        if (await FindAsync("supervisor", cancel) is not { } supervisor)
            return;
        if (await FindAsync("senior1", cancel) is { } lead)
        {
            await policies.SaveDraftAsync(Offered, 0, Policy, supervisor, cancel);
            await policies.PublishAsync(Offered, 1, lead, cancel);
        }

        await policies.SetModeAsync(Offered, "offer", supervisor, cancel);
    }

    private async Task<Person?> FindAsync(string userName, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select id from person where user_name = $1 and active", userName);
        return await query.ExecuteScalarAsync(cancel) is Guid id ? await people.OfIdAsync(id, runtime.Clock.Now(), cancel) : null;
    }
}
