using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>Resumes a suspended task in its earlier state; its clocks continue.</summary>
public static class ResumeTask
{
    /// <summary>Reason of a suspension that ends when the customer is heard from.</summary>
    public const string WaitsForCustomer = "WaitingForCustomer";

    internal const string Update = """
        update task set state = suspended_from, suspended_from = null, suspended_reason = null, suspended_until = null, revision = revision + 1,
            changed_by = $2, changed_at = $3
        where id = $1
        """;

    /// <summary>Resumes, by its owner or someone who can move the team's work.</summary>
    public static Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default) =>
        RunAsync(tasks, request, actor, hasHeard: false, cancel);

    /// <summary>Resumes a task that waits for the customer, by someone who has just heard from them.</summary>
    internal static Task<TaskResult> HasHeardAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel) =>
        RunAsync(tasks, request, actor, hasHeard: true, cancel);

    /// <summary>Writes that a suspended task goes on though nobody of ours asked for it: its time has come, or the customer has answered.</summary>
    /// <param name="revision">The revision that it gets.</param>
    internal static async Task WriteAsync(
        TaskRuntime tasks,
        InstanceTransaction t,
        Guid task,
        string title,
        string activity,
        int revision,
        string[] policies,
        LiveClocks clocks,
        CancellationToken cancel
    )
    {
        t.Write(Update, task, t.Actor, t.Now);
        t.Write(AskForPeople.For(task, "task.resumed", t.Now));
        await tasks.ClocksFollow(t, clocks, new(task, title, activity, policies, "task.resumed"), cancel);
        t.Record(
            new("task.resumed", "task", Ids.Text(task), revision, JsonSerializer.SerializeToUtf8Bytes(new { title }, TaskJson.Options))
            {
                ActivityId = activity,
            }
        );
    }

    private static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, bool hasHeard, CancellationToken cancel)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Resume, request, actor, actor.UserName, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner && !t.MayMoveWork && !(hasHeard && string.Equals(t.Task.SuspendedReason, WaitsForCustomer, StringComparison.OrdinalIgnoreCase)))
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can resume this task.");

        t.Write(Update, t.Task.Id, actor.UserName, t.Now);
        t.Write(TaskTransaction.ForgetResumeDeadline, t.Task.Id);
        return await t.CommitAsync(
            "task.resumed",
            new(t.Task.Id, t.Task.SuspendedFrom!.Value, t.Task.Revision + 1, t.Task.OwnerId, null),
            new { title = t.Task.Title },
            cancel
        );
    }
}

/// <summary>Resumes suspended tasks whose wait is over.</summary>
public sealed partial class ResumeSuspended(TaskRuntime tasks, ILogger<ResumeSuspended> log)
{
    private const string Actor = "system";

    /// <summary>
    /// Resumes due tasks, oldest first. Two hosts can sweep concurrently: a locked case is left for the next sweep. Returns the number of deadlines
    /// handled.
    /// </summary>
    /// <param name="limit">At most this many.</param>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var runtime = tasks.Runtime;
        var due = new List<(Guid Id, Guid Instance, Guid Task)>();
        await using (
            var query = runtime.Database.Query(
                "select id, instance_id, subject_id from deadline where kind = $1 and due_at <= $2 order by due_at limit $3",
                TaskTransaction.ResumeDeadline,
                runtime.Clock.Now(),
                limit
            )
        )
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                due.Add((reader.GetGuid(0), reader.GetGuid(1), reader.GetGuid(2)));
        }

        var done = 0;
        foreach (var (id, instance, task) in due)
        {
            try
            {
                if (await ResumeAsync(id, instance, task, cancel))
                    done++;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A clock whose calendar is gone, say: it must not stop the others.
                NotResumed(log, task, e);
                await using var postpone = runtime.Database.Query(
                    """
                    update deadline set attempts = attempts + 1, last_error = left($3, 2000),
                        due_at = $2 + make_interval(secs => least(3600, 2 ^ least(attempts + 1, 12))) where id = $1
                    """,
                    id,
                    runtime.Clock.Now(),
                    e.ToString()
                );
                await postpone.ExecuteNonQueryAsync(cancel);
            }
        }

        return done;
    }

    private async Task<bool> ResumeAsync(Guid id, Guid instance, Guid task, CancellationToken cancel)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            Actor,
            ("$1", instance),
            skipLocked: true,
            reads:
            [
                Sql.Command(
                    """
                    select t.title, t.revision, t.owner_id, t.activity_id, t.suspended_reason, t.policies from deadline d left join task t
                        on t.id = d.subject_id and t.state = 'Suspended' where d.id = $1 and d.due_at <= $2
                    """,
                    id,
                    tasks.Runtime.Clock.Now()
                ),
                ClockReader.SelectOfTask(task),
            ],
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return false;

        var r = t.Reads;
        var (title, revision, owner, activity, reason) = (r.Text(0), r.IsDBNull(1) ? 0 : r.GetInt32(1) + 1, r.GuidOrNull(2), r.Text(3), r.Text(4));
        var policies = title is null ? [] : r.GetFieldValue<string[]>(5);
        await t.NextResultAsync(cancel);
        var clocks = await ClockReader.ReadLiveAsync(r, cancel);
        await t.DoneReadingAsync();

        t.Write("delete from deadline where id = $1", id);
        if (title is not null)
        {
            await ResumeTask.WriteAsync(tasks, t, task, title, activity!, revision, policies, clocks, cancel);
            if (owner is { } person)
                Notify.Write(t, person, "task.resumed", $"Resumed: {title}", $"No longer waiting: {reason}", task);
            t.Announce(new(ChangeKind.Task, task));
        }

        await t.CommitAsync(cancel);
        return true;
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Error, Message = "Task {Task} couldn't be resumed on its date; retrying")]
    private static partial void NotResumed(ILogger log, Guid task, Exception e);
}
