using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// Returns the open work of deactivated people: their tasks go back to the candidates (a suspended one when its suspension ends), their reviews to the other
/// reviewers. Drafts stay. What they have handed in for review stays in review. Each case is one transaction, and a recurring job finds what is left: a host
/// died in between, or a claim was under way while the person was deactivated.
/// </summary>
public sealed partial class ReturnWork(TaskRuntime tasks, ILogger<ReturnWork> log)
{
    /// <summary>Tasks in the hands of deactivated people.</summary>
    private const string Held = """
        select t.instance_id, p.id person_id, coalesce(p.deactivated_by, 'system') actor, coalesce(p.deactivated_at, p.updated_at) due_at
            from person p join task t on t.owner_id = p.id where not p.active and t.ended_at is null and t.state in ('Reserved', 'InProgress', 'Suspended')
        union all
        select t.instance_id, p.id, coalesce(p.deactivated_by, 'system'), coalesce(p.deactivated_at, p.updated_at)
            from person p join task t on t.reviewer_id = p.id where not p.active and t.ended_at is null
        """;

    /// <summary>Returns everything of one person.</summary>
    public async Task OfAsync(Guid person, CancellationToken cancel = default)
    {
        foreach (var (instance, actor) in await FindAsync(person, int.MaxValue, cancel))
            await TryAsync(instance, actor, skipLocked: false, cancel);
    }

    /// <summary>Returns what is left of anyone, by cases. Two hosts can sweep at once: a locked case is left for the next sweep.</summary>
    /// <param name="limit">At most this many cases.</param>
    /// <returns>Number of cases handled.</returns>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var done = 0;
        foreach (var (instance, actor) in await FindAsync(null, limit, cancel))
        {
            if (await TryAsync(instance, actor, skipLocked: true, cancel))
                done++;
        }

        return done;
    }

    private async Task<List<(Guid Instance, string Actor)>> FindAsync(Guid? person, int limit, CancellationToken cancel)
    {
        await using var query = tasks.Runtime.Database.Query(
            $"select instance_id, min(actor) from ({Held}) held where $1::uuid is null or person_id = $1 group by instance_id order by min(due_at) limit $2",
            person,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var found = new List<(Guid, string)>();
        while (await r.ReadAsync(cancel))
            found.Add((r.GetGuid(0), r.GetString(1)));
        return found;
    }

    private async Task<bool> TryAsync(Guid instance, string actor, bool skipLocked, CancellationToken cancel)
    {
        try
        {
            return await ReturnAsync(instance, actor, skipLocked, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A clock whose calendar is gone, say: it must not keep the others. The job tries again.
            NotReturned(log, instance, e);
            return false;
        }
    }

    private async Task<bool> ReturnAsync(Guid instance, string actor, bool skipLocked, CancellationToken cancel)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor,
            ("$1", instance),
            skipLocked,
            reads:
            [
                Sql.Command(
                    """
                    select t.id, t.title, t.activity_id, t.state, t.revision, t.policies, t.suspended_reason, t.reviewer_id is not null, p.id, p.display_name,
                        t.owner_id
                    from task t join person p on not p.active and (p.id = t.reviewer_id
                        or p.id = t.owner_id and t.state in ('Reserved', 'InProgress', 'Suspended'))
                    where t.instance_id = $1 and t.ended_at is null order by t.created_at, t.id
                    """,
                    instance
                ),
            ],
            moves: false,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return false;
        await t.NextResultAsync(cancel);
        var held = new List<HeldTask>();
        for (var r = t.Reads; await r.ReadAsync(cancel); )
            held.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.GetString(2),
                    Enum.Parse<TaskState>(r.GetString(3)),
                    r.GetInt32(4),
                    r.GetFieldValue<string[]>(5),
                    r.Text(6),
                    r.GetBoolean(7),
                    r.GetGuid(8),
                    r.GetString(9),
                    r.GuidOrNull(10)
                )
            );
        await t.DoneReadingAsync();
        foreach (var task in held)
            await ReturnAsync(t, task, cancel);
        if (held.Count > 0)
        {
            CaseViewers.Keep(t, instance);
            await t.CommitAsync(cancel);
        }

        return held.Count > 0;
    }

    private async Task ReturnAsync(InstanceTransaction t, HeldTask task, CancellationToken cancel)
    {
        ServiceLevels.LiveClocks clocks;
        await using (var reader = await t.QueryAsync(ClockReader.SelectOfTask(task.Id), cancel))
            clocks = await ClockReader.ReadLiveAsync(reader, cancel);
        t.Write(
            task.IsReview
                ? "update task set state = 'ReadyForReview', reviewer_id = null, revision = revision + 1, changed_by = $2, changed_at = $3 where id = $1"
                : """
                update task set state = case when state = 'Suspended' then state else 'Ready' end,
                    suspended_from = case when state = 'Suspended' then 'Ready' end,
                    owner_id = null, on_behalf_of = null, delegated_by = null, claimed_at = null, revision = revision + 1, changed_by = $2, changed_at = $3
                where id = $1
                """,
            task.Id,
            t.Actor,
            t.Now
        );
        t.Write(AskForPeople.For(task.Id, "task.released", t.Now));
        var action = task.IsReview ? "task.review-released" : "task.released";
        var waits = task.State == TaskState.Suspended ? task.SuspendedReason : null;
        await tasks.ClocksFollow(t, clocks, new(task.Id, task.Title, task.ActivityId, task.Policies, action) { WaitsFor = waits }, cancel);
        var reason = $"{task.PersonName} was deactivated.";
        t.Record(
            new(
                action,
                "task",
                Ids.Text(task.Id),
                task.Revision + 1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = task.Title,
                        previous = task.Person,
                        reason,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = task.ActivityId,
            }
        );
        if (task.IsReview && task.Owner is { } owner && owner != task.Person)
            Notify.Write(t, owner, "task.review-returned", $"Needs another reviewer: {task.Title}", reason, task.Id);
        t.Announce(new(ChangeKind.Task, task.Id));
    }

    [LoggerMessage(EventId = 231, Level = LogLevel.Error, Message = "Work of a deactivated person in case {Case} couldn't be returned; retrying")]
    private static partial void NotReturned(ILogger log, Guid @case, Exception e);

    private sealed record HeldTask(
        Guid Id,
        string Title,
        string ActivityId,
        TaskState State,
        int Revision,
        string[] Policies,
        string? SuspendedReason,
        bool IsReview,
        Guid Person,
        string PersonName,
        Guid? Owner
    );
}
