using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// Sends the case back to an earlier step: this task ends as Cancelled, everything after that step is cancelled, and it opens again with the earlier data as
/// its draft. Everyone who worked on any of it still counts for four eyes. One transaction.
/// </summary>
public static class ReturnTask
{
    /// <summary>Reasons, as codes: for history, and for learning from them.</summary>
    public static readonly IReadOnlyList<string> Reasons = ["incomplete", "incorrect", "newInformation", "wrongPath", "other"];

    /// <summary>Returns.</summary>
    /// <param name="step">Id of the earlier step.</param>
    /// <param name="reason">One of <see cref="Reasons"/>.</param>
    /// <param name="note">What needs to change; required if the reason is <c>other</c>.</param>
    /// <param name="actor">The owner, or someone who can move the team's work.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? step,
        string? reason,
        string? note,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (string.IsNullOrWhiteSpace(step))
            return new TaskResult.InvalidRequest("step", "Choose the step to return to.");
        if (reason is null || !Reasons.Contains(reason))
            return new TaskResult.InvalidRequest("reason", $"The reason must be one of {string.Join(", ", Reasons)}.");
        if (reason == "other" && string.IsNullOrWhiteSpace(note))
            return new TaskResult.InvalidRequest("note", "Explain why the task is returned.");
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Return,
            request,
            actor,
            actor.UserName,
            $"{step}\n{reason}\n{note}",
            also: Sql.Command(
                """
                select o.title, p.id from task t join task o on o.instance_id = t.instance_id left join person p on p.user_name = o.ended_by
                where t.id = $1 and o.activity_id = $2 and o.state in ('Completed', 'Skipped') order by o.container_id = t.container_id desc nulls last,
                    o.ended_at desc limit 1
                """,
                request.TaskId,
                step
            ),
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can return this task.");
        if (t.Subject.Exclusion is { } excluded)
            return excluded;
        if (t.Also is not [string title, var worker])
            return new TaskResult.InvalidRequest("step", "This case hasn't completed that step.");

        var burst = await t.Instance.AdvanceAsync(new Stimulus.GoBack(Ids.Text(t.Task.BookmarkId), step), cancel);
        if (burst.Refused is not null)
            return new TaskResult.InvalidRequest("step", $"“{title}” does not come before this step.");
        t.End(TaskState.Cancelled, $"returned: {reason}", workers: t.IsOwner ? t.Workers : null);

        // The step that this burst reopened, not the same step in a parallel branch: it gets its previous data, with the reason
        // as a comment.
        var anew = burst.Opened.ConvertAll(bookmark => Guid.Parse(bookmark.Id)).ToArray();
        t.Write(
            """
            update task t set draft = (select o.data from task o where o.instance_id = t.instance_id and o.activity_id = $2 and o.state = 'Completed'
                order by o.container_id = t.container_id desc nulls last, o.ended_at desc limit 1)
            where t.instance_id = $3 and t.bookmark_id = any($1) and t.activity_id = $2
            """,
            anew,
            step,
            t.Task.InstanceId
        );
        t.Write(
            """
            insert into task_comment (id, task_id, author, body, created_at) select gen_random_uuid(), id, $3, $4, $5 from task
                where instance_id = $6 and bookmark_id = any($1) and activity_id = $2
            """,
            anew,
            step,
            actor.UserName,
            $"Returned from “{t.Task.Title}”: {Words(reason)}.{(string.IsNullOrWhiteSpace(note) ? "" : $" {note}")}",
            t.Now,
            t.Task.InstanceId
        );
        if (worker is Guid person && person != actor.Id)
            Notify.Write(
                t.Instance,
                person,
                "task.returned",
                $"Returned to you: {title}",
                $"{actor.DisplayName}: {Words(reason)}. {note}".TrimEnd(' ', '.') + ".",
                null
            );
        return await t.CommitAsync(
            "task.returned",
            new(t.Task.Id, TaskState.Cancelled, t.Task.Revision + 1, null, null),
            new
            {
                title = t.Task.Title,
                step,
                stepTitle = title,
                reason,
                note,
            },
            cancel
        );
    }

    /// <summary>A reason as people read it.</summary>
    public static string Words(string reason) =>
        reason switch
        {
            "incomplete" => "incomplete",
            "incorrect" => "incorrect",
            "newInformation" => "new information",
            "wrongPath" => "wrong path",
            _ => "other reason",
        };
}
