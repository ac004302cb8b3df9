using NodaTime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>A verb for many tasks.</summary>
/// <param name="Name">claim, assign, priority or suspend.</param>
/// <param name="Person">assign: to whom, by user name.</param>
/// <param name="Priority">priority: 1 (critical) to 5 (planning).</param>
/// <param name="Reason">suspend: the pause reason; otherwise why.</param>
/// <param name="Until">suspend: when the tasks resume on their own.</param>
public sealed record BulkVerb(string Name, string? Person = null, int? Priority = null, string? Reason = null, DateTimeOffset? Until = null)
{
    /// <summary>Applies the verb to one task; null if there is no such verb.</summary>
    public Func<TaskRequest, Task<TaskResult>>? On(TaskRuntime tasks, Person actor, CancellationToken cancel) =>
        Name switch
        {
            "claim" => request => ClaimTask.RunAsync(tasks, request, actor, cancel),
            "assign" => request => AssignTask.RunAsync(tasks, request, Person ?? "", Reason, actor, cancel),
            "priority" => request => PrioritizeTask.RunAsync(tasks, request, Priority, Reason, actor, cancel),
            "suspend" => request =>
                SuspendTask.RunAsync(tasks, request, Reason, Until is { } until ? Instant.FromDateTimeOffset(until) : null, null, actor, cancel),
            _ => null,
        };
}
