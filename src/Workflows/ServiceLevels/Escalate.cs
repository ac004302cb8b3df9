using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// Acts on the rungs of clocks that are due: in batches, each in one transaction in which acting and marking are the same thing, so a rung acts exactly once however many hosts sweep.
/// Cases are locked with SKIP LOCKED: the sweeper never waits for a lock, so many at once can not deadlock; what somebody holds is taken the next time.
/// </summary>
public sealed partial class Escalate(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, ILogger<Escalate> log)
{
    private const string Actor = "system";

    /// <summary>Acts on what is due, oldest first. Returns how many clocks were looked at.</summary>
    /// <param name="limit">At most this many clocks.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var due = await LockAsync(connection, now, limit, cancel);
        if (due.Count == 0)
            return 0;

        var facts = await FactsAsync(connection, due, cancel);
        await using var batch = connection.CreateBatch();
        var changes = new List<Change>();
        foreach (var one in due.Values)
        {
            try
            {
                Act(one, facts, now, batch, changes);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A clock whose calendar is gone, say: it must not stop the others. It is tried again later.
                NotActed(log, one.ClockId, e);
                batch.Add(
                    "update deadline set attempts = attempts + 1, last_error = left($3, 2000), due_at = $2 + make_interval(secs => least(3600, 2 ^ least(attempts + 1, 12))) where id = $1",
                    one.DeadlineId, now, e.ToString());
            }
        }

        // Clocks of the same case share its chain of history.
        var chains = due.Values.Select(d => d.History).Distinct().Where(h => h.Count > 0).ToList();
        batch.Add(
            "update workflow_instance i set event_sequence = s.sequence, event_head = s.head, updated_at = $1 from unnest($2::uuid[], $3::int[], $4::bytea[]) s(id, sequence, head) where i.id = s.id",
            now, chains.ConvertAll(c => c.Chain).ToArray(), chains.ConvertAll(c => c.Sequence).ToArray(), chains.ConvertAll(c => c.Head).ToArray());
        foreach (var chain in chains)
            runtime.HistoryWriting?.Invoke(chain, batch);
        HistoryAppend.WriteAll(batch, chains);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(changes);
        return due.Count;
    }

    private static async Task<Dictionary<Guid, Due>> LockAsync(NpgsqlConnection connection, Instant now, int limit, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            with due as materialized (
                select id, subject_id, instance_id from deadline where kind = 'rung' and due_at <= $1 order by due_at limit $2 for update skip locked)
            select due.id, due.subject_id, i.id, i.event_sequence, i.event_head from due join workflow_instance i on i.id = due.instance_id
            for no key update of i skip locked
            """,
            now, limit);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var due = new Dictionary<Guid, Due>();
        var histories = new Dictionary<Guid, HistoryAppend>();
        while (await r.ReadAsync(cancel))
        {
            var instance = r.GetGuid(2);
            if (!histories.TryGetValue(instance, out var history))
                histories[instance] = history = new(instance, r.GetInt32(3), r.GetFieldValue<byte[]>(4), now, Actor);
            due[r.GetGuid(1)] = new(r.GetGuid(0), r.GetGuid(1), instance, history);
        }

        return due;
    }

    /// <summary>Reads clocks, tasks and people. After the locks, so that it sees what was committed before them.</summary>
    private static async Task<Facts> FactsAsync(NpgsqlConnection connection, Dictionary<Guid, Due> due, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select c.id, c.state, t.id, t.title, t.state, t.revision, t.priority, t.owner_id, t.team,
                coalesce((select array_agg(a) from task o, unnest(o.actors) a where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps)), '{}'),
                coalesce(j.reference, i.correlation_id, '')
            from sla_clock c left join task t on t.id = c.task_id join workflow_instance i on i.id = c.instance_id left join journey_case j on j.id = c.instance_id
            where c.id = any($1)
            """,
            due.Keys.ToArray());
        batch.Add(
            """
            select t.id, t.instance_id, t.title, t.state, t.revision, t.priority, t.owner_id, t.team,
                coalesce((select array_agg(a) from task o, unnest(o.actors) a where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps)), '{}')
            from task t where t.ended_at is null and t.instance_id in (select c.instance_id from sla_clock c where c.id = any($1) and c.task_id is null) order by t.created_at, t.id
            """,
            due.Keys.ToArray());
        batch.Add("select t.key, p.id, p.display_name from team t left join person p on p.id = t.lead_id and p.active");
        batch.Add("select m.team_key, m.person_id from team_member m join person p on p.id = m.person_id and p.active");
        batch.Add("select id, roles from person where active and roles && array['supervisor', 'compliance']");
        var facts = new Facts();
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var one = due[r.GetGuid(0)];
            one.Clock = ClockJson.Read(r.GetString(1));
            one.Reference = r.GetString(10);
            if (r.GuidOrNull(2) is { } task)
            {
                one.IsOfTask = true;
                one.Tasks.Add(task);
                facts.Tasks[task] = new(
                    task, r.GetString(3), Enum.Parse<TaskState>(r.GetString(4)), r.GetInt32(5), r.GetInt16(6), r.GuidOrNull(7), r.Text(8), r.GetFieldValue<Guid[]>(9));
            }
        }

        // A clock of a case acts on what is open in it. Clocks of the same case share its tasks, so that one does not undo what the other did.
        var open = new List<(Guid Case, Guid Task)>();
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            facts.Tasks.TryAdd(r.GetGuid(0), new(
                r.GetGuid(0), r.GetString(2), Enum.Parse<TaskState>(r.GetString(3)), r.GetInt32(4), r.GetInt16(5), r.GuidOrNull(6), r.Text(7), r.GetFieldValue<Guid[]>(8)));
            open.Add((r.GetGuid(1), r.GetGuid(0)));
        }

        var byCase = open.ToLookup(o => o.Case, o => o.Task);
        foreach (var one in due.Values.Where(d => !d.IsOfTask))
            one.Tasks.AddRange(byCase[one.InstanceId]);
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            if (r.GuidOrNull(1) is { } lead)
                facts.Leads[r.GetString(0)] = (lead, r.GetString(2));
        }

        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            facts.Member(r.GetString(0)).Add(r.GetGuid(1));
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var roles = r.GetFieldValue<string[]>(1);
            if (roles.Contains("supervisor"))
                facts.Supervisors.Add(r.GetGuid(0));
            if (roles.Contains("compliance"))
                facts.Compliance.Add(r.GetGuid(0));
        }

        return facts;
    }

    private void Act(Due due, Facts facts, Instant now, NpgsqlBatch batch, List<Change> changes)
    {
        if (due.Clock is not { } clock || clock.Ended)
        {
            batch.Add("delete from deadline where id = $1", due.DeadlineId);
            return;
        }

        var decision = Ladder.Decide(clock, serviceLevels.CalendarOf(clock), now);
        var commands = new List<NpgsqlBatchCommand>();
        var tasks = due.Tasks.ConvertAll(id => facts.Tasks[id]);
        var title = due.IsOfTask ? tasks[0].Title : null;
        foreach (var record in decision.Recorded)
        {
            due.Record(new(
                record.Acted ? "sla.rung" : "sla.rung-skipped", "clock", Ids.Text(due.ClockId), clock.Generation,
                Payload(new { rung = record.Rung, due = record.DueAt.ToString(), policy = clock.Policy.Id, name = title is null ? clock.Policy.Name : null, task = title })));
        }

        if (decision.BreachedNow)
        {
            due.Record(new("sla.breached", "clock", Ids.Text(due.ClockId), clock.Generation, Payload(new { policy = clock.Policy.Id, name = title is null ? clock.Policy.Name : null, due = clock.DueAt?.ToString(), task = title })));
            if (due.IsOfTask)
                tasks[0] = tasks[0] with { Breached = true };
        }

        foreach (var action in decision.Acts?.Actions ?? [])
        {
            switch (action)
            {
                case LadderAction.Notify notify:
                    Tell(notify, decision.Acts!, due, tasks, facts, now, commands, changes);
                    break;
                case LadderAction.RaisePriority or LadderAction.Reassign:
                    tasks = tasks.ConvertAll(task => Do(action, due, task, facts));
                    break;
                default:
                    Do(action, decision.Acts!, due, title, now, commands);
                    break;
            }
        }

        foreach (var task in tasks)
        {
            if (task == facts.Tasks[task.Id])
                continue;
            commands.Add(Sql.Command(
                """
                update task set priority = $2, owner_id = $3, state = $4, breached = breached or $5, claimed_at = case when $3::uuid is null then null else coalesce(claimed_at, $6) end,
                    revision = revision + 1, changed_by = $7, changed_at = $6
                where id = $1
                """,
                task.Id, task.Priority, task.Owner, task.State.ToString(), task.Breached, now, Actor));
            changes.Add(new(ChangeKind.Task, task.Id));
            facts.Tasks[task.Id] = task with { Revision = task.Revision + 1 };
        }

        commands.Add(ServiceLevelCatalog.Update(due.ClockId, decision.State, now));
        commands.Add(decision.NextAt is { } next
            ? Sql.Command("update deadline set due_at = $2, attempts = 0, last_error = null where id = $1", due.DeadlineId, next.Truncated())
            : Sql.Command("delete from deadline where id = $1", due.DeadlineId));
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        changes.Add(new(ChangeKind.Instance, due.InstanceId));
    }

    private static void Tell(LadderAction.Notify notify, LadderRung rung, Due due, List<DueTask> tasks, Facts facts, Instant now, List<NpgsqlBatchCommand> commands, List<Change> changes)
    {
        var late = due.Clock!.DueAt is { } at && now >= at && !due.Clock.Policy.WaitingPeriod;
        var what = due.IsOfTask ? tasks[0].Title : $"{due.Clock.Policy.Name} ({due.Reference})";
        var told = tasks.Count == 0 ? facts.People(notify.To, null) : tasks.SelectMany(task => facts.People(notify.To, task)).Distinct();
        foreach (var person in told)
        {
            commands.Add(Notify.Command(
                now, person, late ? "sla.breached" : "sla.reminder", late ? $"Overdue: {what}" : $"Due soon: {what}",
                $"{due.Reference} · {rung.Key} of {due.Clock.Policy.Name}", due.InstanceId, due.IsOfTask ? tasks[0].Id : null));
            changes.Add(new(ChangeKind.Person, person));
        }
    }

    private static DueTask Do(LadderAction action, Due due, DueTask task, Facts facts)
    {
        if (task.State.IsTerminal())
            return task;
        switch (action)
        {
            case LadderAction.RaisePriority raise when task.Priority > 1:
                var priority = (short)Math.Max(1, task.Priority - raise.By);
                due.Record(new("task.priority-raised", "task", Ids.Text(task.Id), task.Revision + 1, Payload(new { title = task.Title, from = task.Priority, to = priority })));
                return task with { Priority = priority };

            case LadderAction.Reassign reassign when task.State is TaskState.Ready or TaskState.Reserved or TaskState.InProgress && facts.Takeover(reassign.To, task) is var next && next != task.Owner:
                due.Record(new("task.reassigned", "task", Ids.Text(task.Id), task.Revision + 1, Payload(new { title = task.Title, previous = task.Owner, owner = next, team = task.Team })));
                return task with { Owner = next, State = next is null ? TaskState.Ready : TaskState.Reserved };

            default:
                return task;
        }
    }

    private static void Do(LadderAction action, LadderRung rung, Due due, string? title, Instant now, List<NpgsqlBatchCommand> commands)
    {
        switch (action)
        {
            case LadderAction.PublishEvent publish:
                Queue(commands, "publish", null, new() { ["name"] = publish.EventName, ["correlationId"] = null, ["instanceId"] = Ids.Text(due.InstanceId), ["payload"] = null }, now);
                break;

            case LadderAction.StartWorkflow start:
                Queue(commands, "start", Ids.New(now), new() { ["definitionId"] = start.DefinitionId, ["correlationId"] = due.Reference, ["input"] = new OrderedDictionary<string, object?>() }, now);
                break;

            case LadderAction.Webhook webhook:
                var clock = due.Clock!;
                commands.Add(Sql.Command(
                    "insert into effect (id, kind, instance_id, bookmark_id, activity_id, payload, state, due_at, created_at) values ($1, 'webhook', $2, null, '', $3, 'pending', $4, $4)",
                    Ids.New(now), due.InstanceId,
                    new Json(Payload(new
                    {
                        url = webhook.Url.OriginalString, type = "sla.rung",
                        data = new { clock = due.ClockId, @case = due.InstanceId, reference = due.Reference, policy = clock.Policy.Id, generation = clock.Generation, rung = rung.Key, due = clock.DueAt?.ToString(), task = title },
                    })),
                    now));
                break;

            case LadderAction.AddWatcher or LadderAction.RelaxSkills:
                // Known to policies, not yet to tasks: history says so, rather than nobody.
                due.Record(new("sla.action-unavailable", "clock", Ids.Text(due.ClockId), due.Clock!.Generation, Payload(new { rung = rung.Key, action = action.GetType().Name })));
                break;
        }
    }

    private static void Queue(List<NpgsqlBatchCommand> commands, string kind, Guid? target, OrderedDictionary<string, object?> payload, Instant now) => commands.Add(Sql.Command(
        "insert into stimulus (id, kind, instance_id, payload, due_at, created_at) values ($1, $2, $3, $4, $5, $5)",
        Ids.New(now), kind, target, new Json(Orchestration.Engine.Expressions.WorkflowData.ToUtf8(payload)), now));

    private static byte[] Payload(object payload) => JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options);

    [LoggerMessage(EventId = 210, Level = LogLevel.Error, Message = "The ladder of clock {Clock} could not act; it will be tried again")]
    private static partial void NotActed(ILogger log, Guid clock, Exception e);

    private sealed record DueTask(Guid Id, string Title, TaskState State, int Revision, short Priority, Guid? Owner, string? Team, Guid[] Excluded)
    {
        public bool Breached { get; init; }
    }

    private sealed class Due(Guid deadlineId, Guid clockId, Guid instanceId, HistoryAppend history)
    {
        public Guid DeadlineId => deadlineId;
        public Guid ClockId => clockId;
        public Guid InstanceId => instanceId;
        public HistoryAppend History => history;
        public ClockState? Clock { get; set; }

        /// <summary>A clock of a task; else of the case itself.</summary>
        public bool IsOfTask { get; set; }

        /// <summary>What it acts on: its task, or what is open in its case.</summary>
        public List<Guid> Tasks { get; } = [];
        public string Reference { get; set; } = "";

        public void Record(HistoryEvent e) => History.Add(e);
    }

    private sealed class Facts
    {
        private readonly Dictionary<string, List<Guid>> _members = [];

        /// <summary>Tasks as they are after what was done so far.</summary>
        public Dictionary<Guid, DueTask> Tasks { get; } = [];
        public Dictionary<string, (Guid Id, string Name)> Leads { get; } = [];
        public List<Guid> Supervisors { get; } = [];
        public List<Guid> Compliance { get; } = [];

        public List<Guid> Member(string team) => _members.TryGetValue(team, out var members) ? members : _members[team] = [];

        /// <summary>Who is told. Somebody who is missing falls through to the lead, then the team, then the supervisors, so that a reminder never goes nowhere.</summary>
        public IReadOnlyList<Guid> People(LadderTarget target, DueTask? task)
        {
            var lead = task?.Team is { } team && Leads.TryGetValue(team, out var found) ? [found.Id] : (Guid[])[];
            IReadOnlyList<Guid> people = target switch
            {
                LadderTarget.Owner => task?.Owner is { } owner ? [owner] : [],
                LadderTarget.Compliance => Compliance,
                LadderTarget.Manager => Supervisors,
                LadderTarget.Team => [],
                _ => lead,
            };
            if (people.Count == 0 && target is not LadderTarget.Team)
                people = lead;
            if (people.Count == 0 && task?.Team is { } members)
                people = Member(members);
            return people.Count > 0 ? people : Supervisors;
        }

        /// <summary>Who takes the task over: the lead unless four eyes excludes them, else nobody in particular (the team).</summary>
        public Guid? Takeover(LadderTarget target, DueTask task) =>
            target is not LadderTarget.Team && task.Team is { } team && Leads.TryGetValue(team, out var lead) && !task.Excluded.Contains(lead.Id) ? lead.Id : null;
    }
}
