using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Distribution;

/// <summary>What the page of a team's distribution shows.</summary>
/// <param name="Team">The team.</param>
/// <param name="Figures">How its offers went in the last week.</param>
/// <param name="Unassignable">Its open tasks that no one can be given now.</param>
/// <param name="Versions">Versions of its policy, the newest first.</param>
/// <param name="Form">The values of the form: typed ones, or the draft's, or the policy's.</param>
/// <param name="Calendars">Names of calendars by id.</param>
/// <param name="Me">User name of whoever reads.</param>
public sealed record DistributionModel(
    TeamDistribution Team,
    OfferFigures Figures,
    IReadOnlyList<UnassignableTask> Unassignable,
    IReadOnlyList<DistributionVersion> Versions,
    DistributionPolicy Form,
    IReadOnlyDictionary<string, string> Calendars,
    string Me
)
{
    public IReadOnlyList<DefinitionError> Errors { get; init; } = [];

    /// <summary>Why the last change was refused.</summary>
    public string? Refused { get; init; }

    public ReplayReport? Replay { get; init; }

    /// <summary>Days that a replay covers.</summary>
    public int Days { get; init; } = 30;
}

/// <summary>Reads what that page shows.</summary>
internal sealed class DistributionReads(DistributionPolicies policies, UnassignableWork unassignable, WorkflowRuntime runtime, ServiceLevelCatalog catalog)
{
    /// <summary>Null: there is no such team, or the person doesn't steer it.</summary>
    public async Task<DistributionModel?> FindAsync(string key, Person me, CancellationToken cancel)
    {
        if (!DistributionPolicies.MaySteer(me, key) || await policies.FindAsync(key, cancel) is not { } team)
            return null;
        var figures = await DistributionQueries.FiguresAsync(runtime.Database, key, runtime.Clock.Now() - Duration.FromDays(7), cancel);
        var form = team.Draft is { } draft ? policies.Check(draft.Document, team.Policy.Version).Policy ?? team.Policy : team.Policy;
        return new(
            team,
            figures,
            await unassignable.OfTeamAsync(key, cancel),
            await DistributionVersion.ListAsync(runtime.Database, key, cancel),
            form,
            catalog.Calendars.ToDictionary(calendar => calendar.Key, calendar => calendar.Value.Name),
            me.UserName
        );
    }
}
