using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// Passes a task on to another team, or to a person who becomes a candidate. The person who forwards it gives up their own eligibility and can't claim it
/// again. → Ready. Allowed for the owner, a candidate of an unassigned task, and people who can move the team's work (who give up nothing).
/// </summary>
public static class ForwardTask
{
    /// <summary>Forwards; the draft is kept.</summary>
    /// <param name="team">Key of a team, or null.</param>
    /// <param name="person">User name of a person, or null. One of the two.</param>
    /// <param name="reason">Why, for history; optional.</param>
    /// <param name="actor">Who forwards.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? team,
        string? person,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        (team, person) = (string.IsNullOrWhiteSpace(team) ? null : team, string.IsNullOrWhiteSpace(person) ? null : person);
        if (team is null == person is null)
            return new TaskResult.InvalidRequest("team", "Choose either a team or a person.");
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Forward,
            request,
            actor,
            person ?? actor.UserName,
            $"{team}\n{person}\n{reason}",
            also: Sql.Command("select title from team where key = $1 and retired_at is null", team),
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        var own = t.IsOwner || (t.Task.OwnerId is null && t.Subject.ActorIsCandidate && !t.Task.GaveUp.Contains(actor.Id));
        if (!own && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only its owner, a candidate of an open task, the team's lead or a supervisor can forward this task.");
        if (team is not null && t.Also is null)
            return new TaskResult.InvalidRequest("team", $"There is no team '{team}', or it is retired.");
        if (team is not null && team == t.Task.Team)
            return new TaskResult.InvalidRequest("team", "The task is already with this team.");
        if (person is not null && t.Subject.Id == actor.Id)
            return new TaskResult.InvalidRequest("person", "You can't forward a task to yourself.");
        if (person is not null && t.CheckEligibility() is { } ineligible)
            return ineligible;

        t.Write(
            """
            update task set state = 'Ready', owner_id = null, on_behalf_of = null, delegated_by = null, claimed_at = null, team = coalesce($2, team),
                candidates = case when $3::text is null then candidates else array_remove(candidates, $3) || $3 end,
                gave_up = case when $4::uuid is null then array_remove(gave_up, $7::uuid) else array_remove(array_remove(gave_up, $4), $7::uuid) || $4 end,
                revision = revision + 1, changed_by = $5, changed_at = $6
            where id = $1
            """,
            t.Task.Id,
            team,
            person is null ? null : t.Subject.UserName,
            own ? actor.Id : null,
            actor.UserName,
            t.Now,
            person is null ? null : t.Subject.Id
        );
        if (person is not null)
            Notify.Write(t.Instance, t.Subject.Id, "task.forwarded", $"{actor.DisplayName} forwarded to you: {t.Task.Title}", reason ?? "", t.Task.Id);
        return await t.CommitAsync(
            "task.forwarded",
            new(t.Task.Id, TaskState.Ready, t.Task.Revision + 1, null, null),
            new
            {
                title = t.Task.Title,
                team,
                person = person is null ? null : t.Subject.UserName,
                previous = t.Task.OwnerId,
                reason,
            },
            cancel
        );
    }
}
