using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tasks.Parts;

/// <summary>
/// The step a person just finished, and what happens next: for the message on the page they go on with. Read anew, so that nothing but an id
/// travels through the address.
/// </summary>
/// <param name="Title">What was done and how.</param>
/// <param name="Next">What happens next.</param>
public sealed record DoneStep(string Title, string Next)
{
    internal static async Task<DoneStep?> FindAsync(WorkflowRuntime runtime, Guid? id, Person me, CancellationToken cancel)
    {
        if (id is null || await TaskDetail.FindAsync(runtime, id.Value, me, cancel) is not { Outcome: { } outcome } task)
            return null;
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);
        var open = (await CaseStepList.ReadAsync(runtime.Database, task.CaseId, me, runtime.Clock.Now(), cancel))
            .Where(s => s.Task.EndedAt is null)
            .Select(s => s.Task)
            .ToList();
        return new(
            $"{task.Title}: {Words.Humanize(outcome)}",
            open.Count == 0 ? "No open tasks in this case." : $"Next in {task.Reference}: {string.Join(", ", open.Select(Describe))}."
        );

        string Describe(TaskSummary next) =>
            (next.OwnerId == me.Id ? "you" : next.Owner ?? (next.Team is { } team ? teams.GetValueOrDefault(team, team) : null)) is { } who
                ? $"{next.Title} ({who})"
                : next.Title;
    }
}
