using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Someone who steers a team offers one of its open tasks to a person by hand, whatever the team's mode. The person must be allowed to claim it; whether they
/// are available and have capacity is the supervisor's decision. An open offer to someone else is withdrawn.
/// </summary>
public sealed class PushTask(TaskRuntime tasks, DatabaseTime time, DistributionMetrics metrics)
{
    private static readonly Duration Timeout = Duration.FromMinutes(10);

    /// <summary>Offers it.</summary>
    /// <param name="task">The task.</param>
    /// <param name="person">User name or id of who is offered it.</param>
    /// <param name="actor">The team's lead, a supervisor or an administrator.</param>
    public async Task<TaskResult> RunAsync(Guid task, string? person, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(person))
            return new TaskResult.InvalidRequest("person", "Enter the user name of who is offered the task.");
        var rules = Eligibility.OfRow("p", "$3");
        var now = await time.NowAsync(cancel);
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor.UserName,
            ("(select instance_id from task where id = $1)", task),
            reads:
            [
                Sql.Command(
                    $"""
                    select t.title, t.revision, t.activity_id, t.state, t.team, t.weight, t.work_kind, p.id, p.display_name, p.user_name,
                        coalesce({rules.MayTake}, false), coalesce({Eligibility.Of("$4", "$3").Leads}, false),
                        (select o.person_id from task_offer o where o.task_id = t.id and o.state = 'Open')
                    from task t left join person p on (lower(p.user_name) = lower($2) or p.id::text = $2) and p.active where t.id = $1
                    """,
                    task,
                    person.Trim(),
                    now,
                    actor.Id
                ),
            ],
            moves: false,
            now: now,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return new TaskResult.NotFound();
        await t.NextResultAsync(cancel);
        var r = t.Reads;
        if (!await r.ReadAsync(cancel))
            return new TaskResult.NotFound();
        var steers = actor.May(Permissions.SteerTeams) || r.GetBoolean(11);
        if (!steers)
            return new TaskResult.NotFound();
        var state = Enum.Parse<TaskState>(r.GetString(3));
        if (state != TaskState.Ready)
            return new TaskResult.WrongState(state, TaskVerb.Claim);
        if (r.IsDBNull(7))
            return new TaskResult.InvalidRequest("person", "There is no active person with this user name.");
        if (!r.GetBoolean(10))
            return new TaskResult.Forbidden($"{r.GetString(8)} may not claim this task.");
        var (title, revision, activity, team) = (r.GetString(0), r.GetInt32(1), r.GetString(2), r.Text(4));
        var work = new Work
        {
            Id = task,
            OpenedAt = now,
            Weight = r.GetInt32(5),
            Kind = r.GetString(6) == "live" ? WorkKind.Live : WorkKind.Deferred,
        };
        var (receiver, userName, other) = (r.GetGuid(7), r.GetString(9), r.GuidOrNull(12));
        await t.DoneReadingAsync();
        var answer = new TaskResult.Done(new(task, state, revision, null, null));
        if (other == receiver)
            return answer;
        t.Write(
            "update task_offer set state = 'Withdrawn', reason = $2, ended_at = $3 where task_id = $1 and state = 'Open'",
            task,
            $"{actor.DisplayName} offered it to someone else.",
            now
        );
        Offer.Write(t, work, receiver, null, OfferState.Open, now + Timeout, actor.UserName);
        t.Record(
            new(
                "task.offered",
                "task",
                Ids.Text(task),
                revision,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title,
                        person = userName,
                        until = (now + Timeout).ToString(),
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = activity,
            }
        );
        t.Announce(new(ChangeKind.Task, task));
        foreach (var one in new[] { other, receiver }.OfType<Guid>())
            t.Announce(new(ChangeKind.Person, one));
        await t.CommitAsync(cancel);
        metrics.Offered(team ?? "", "manual");
        return answer;
    }
}
