using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;

namespace Orchestration.Host.Tasks.Parts;

/// <summary>
/// The step a person just finished, and what happens next: for the message on the page they go on with. Read anew, so that nothing but an id
/// travels through the address.
/// </summary>
/// <param name="Title">What was done and how.</param>
/// <param name="Reference">The case.</param>
/// <param name="Next">Its open steps.</param>
public sealed record DoneStep(string Title, string? Reference, IReadOnlyList<NextStep> Next)
{
    internal static async Task<DoneStep?> FindAsync(WorkflowRuntime runtime, Guid? id, Person me, CancellationToken cancel)
    {
        if (id is null || await TaskDetail.FindAsync(runtime, id.Value, me, cancel) is not { Outcome: { } outcome } task)
            return null;
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);
        var steps = await CaseStepList.ReadAsync(runtime.Database, task.CaseId, me, runtime.Clock.Now(), cancel);
        return new(
            $"{task.Title}: {Words.Humanize(outcome)}",
            task.Reference,
            [.. steps.Where(s => s.Task.EndedAt is null).Select(s => new NextStep(s.Task.Id, s.Task.Title, Who(s.Task), s.MayOpen))]
        );

        string? Who(TaskSummary next) => next.OwnerId == me.Id ? "you" : next.Owner ?? (next.Team is { } team ? teams.GetValueOrDefault(team, team) : null);
    }
}

/// <summary>An open step.</summary>
/// <param name="Id">Its task.</param>
/// <param name="Title">Its title.</param>
/// <param name="Who">Its owner, or its team.</param>
/// <param name="MayOpen">Whether the person may open it.</param>
public sealed record NextStep(Guid Id, string Title, string? Who, bool MayOpen);
