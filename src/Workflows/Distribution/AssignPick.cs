using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>Gives a task to whom it was decided to give it, in one transaction of its case: its clocks move with it.</summary>
public sealed class AssignPick(TaskRuntime tasks, DistributionMetrics metrics, ILogger<AssignPick> log)
{
    /// <summary>Assigns it.</summary>
    /// <returns>Whether it was assigned: false if the task is gone or the person can't have it, null if its case is locked, so try again.</returns>
    internal async Task<bool?> RunAsync(Decided decided, CancellationToken cancel)
    {
        var (pick, decision) = decided;
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            "system",
            ("(select instance_id from task where id = $1)", pick.Work.Id),
            skipLocked: true,
            reads:
            [
                Sql.Command(
                    $"""
                    select t.title, t.revision, t.activity_id, t.policies, (select user_name from person where id = $2),
                        coalesce({Eligibility.Of("$2", "$3").MayTake}, false) from task t
                    where t.id = $1 and t.state = 'Ready' and not exists (select from task_offer o where o.task_id = t.id and o.state = 'Open')
                    """,
                    pick.Work.Id,
                    pick.Person.Id,
                    decision.At
                ),
                ClockReader.SelectOfTask(pick.Work.Id),
            ],
            moves: false,
            now: decision.At,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return null;
        await t.NextResultAsync(cancel);
        var r = t.Reads;
        if (!await r.ReadAsync(cancel))
            return false;
        if (!r.GetBoolean(5))
        {
            OfferPicks.MayNot(log, pick.Work.Id, pick.Person.Id);
            return false;
        }

        var (title, revision, activity, policies, userName) = (r.GetString(0), r.GetInt32(1), r.GetString(2), r.GetFieldValue<string[]>(3), r.GetString(4));
        await t.NextResultAsync(cancel);
        var clocks = await ClockReader.ReadLiveAsync(r, cancel);
        await t.DoneReadingAsync();
        t.Write(Decision.InsertAll([decision]));
        Offer.Write(t, pick.Work, pick.Person.Id, decision.Id, OfferState.Accepted, decision.At + decision.Policy.OfferTimeout, null);
        var given = new GivenTask(pick.Work.Id, title, activity, policies, pick.Person.Id, userName);
        await given.WriteAsync(tasks, t, clocks, "You're the best match for it.", cancel);
        t.Record(
            new(
                "task.assigned",
                "task",
                Ids.Text(pick.Work.Id),
                revision + 1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title,
                        owner = userName,
                        decision = decision.Id,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = activity,
            }
        );
        t.Announce(new(ChangeKind.Task, pick.Work.Id));
        t.Announce(new(ChangeKind.Person, pick.Person.Id));
        await t.CommitAsync(cancel);
        metrics.Offered(decision.Team, "assign");
        return true;
    }
}

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
        CaseViewers.AddOwner(t, UserName);
        await tasks.ClocksFollow(t, clocks, new(Id, Title, ActivityId, Policies, "task.assigned"), cancel);
        Notify.Write(t, Person, "task.assigned", $"{Title} was assigned to you", why, Id);
    }
}
