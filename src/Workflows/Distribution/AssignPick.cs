using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
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
