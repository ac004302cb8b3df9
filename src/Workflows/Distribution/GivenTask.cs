using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>An open task that the push engine gives to someone.</summary>
/// <param name="Id">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="ActivityId">Its step.</param>
/// <param name="Policies">Its SLA policies.</param>
/// <param name="Person">Who gets it.</param>
/// <param name="UserName">Their user name.</param>
internal sealed record GivenTask(Guid Id, string Title, string ActivityId, string[] Policies, Guid Person, string UserName)
{
    /// <summary>
    /// Reserves the task for the person and tells them, in the transaction of its case. That they may have it was checked under its lock; the caller records
    /// <c>task.assigned</c>.
    /// </summary>
    /// <param name="why">Why it is theirs, in a sentence to them.</param>
    public async Task WriteAsync(TaskRuntime tasks, InstanceTransaction t, LiveClocks clocks, string why, CancellationToken cancel)
    {
        t.Write(
            """
            update task set state = 'Reserved', owner_id = $2, on_behalf_of = null, delegated_by = null, claimed_at = $3, revision = revision + 1,
                changed_by = $4, changed_at = $3 where id = $1
            """,
            Id,
            Person,
            t.Now,
            t.Actor
        );
        CaseViewers.AddOwner(t, Id, UserName);
        await tasks.ClocksFollow(t, clocks, new(Id, Title, ActivityId, Policies, "task.assigned"), cancel);
        Notify.Write(t, Person, "task.assigned", $"{Title} was assigned to you", why, Id);
    }
}
