using System.Data;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>
/// Acts on due rungs in batches. Acting and marking happen in the same transaction, so a rung acts exactly once however many hosts sweep.
/// Cases are locked with SKIP LOCKED. The sweeper never waits for a lock, so it can't deadlock; a case that is locked is handled by the next sweep.
/// </summary>
public sealed partial class Escalate(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, ILogger<Escalate> log)
{
    private const string Actor = "system";

    /// <summary>Clocks per transaction: their cases stay locked until it ends, and a verb on one of them waits for that.</summary>
    private const int Batch = 250;

    /// <summary>Batches in progress at the same time: while the database writes one, this host computes the other.</summary>
    private const int Sweepers = 2;

    /// <summary>Acts on everything that is due or becomes due while it runs. Returns the number of clocks it looked at.</summary>
    /// <param name="stop">Ends it after the batches under way.</param>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        var first = await SweepAsync(Batch, CancellationToken.None);
        return first < Batch ? first : first + (await Task.WhenAll(Enumerable.Range(0, Sweepers).Select(_ => UntilNothingAsync(stop)))).Sum();
    }

    /// <summary>Acts on due rungs, oldest first. Returns the number of clocks it looked at.</summary>
    /// <param name="limit">At most this many clocks.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var due = new Dictionary<Guid, Due>();
        try
        {
            await SweepAsync(limit, null, due, cancel);
        }
        catch (PostgresException e) when (!e.IsTransient && due.Count > 0)
        {
            // The database refuses the data of one clock. It must not block the others: process each separately, and retry that one later.
            foreach (var one in due.Values)
                await SweepAloneAsync(one, cancel);
        }

        return due.Count;
    }

    private async Task<int> UntilNothingAsync(CancellationToken stop)
    {
        var (count, total) = (Batch, 0);
        while (count > 0 && !stop.IsCancellationRequested)
            total += count = await Task.Run(() => SweepAsync(Batch, CancellationToken.None), CancellationToken.None);
        return total;
    }

    private async Task SweepAloneAsync(Due one, CancellationToken cancel)
    {
        try
        {
            await SweepAsync(1, one.DeadlineId, [], cancel);
        }
        catch (PostgresException e) when (!e.IsTransient)
        {
            NotActed(log, one.ClockId, e);
            var writes = new EscalationWrites(runtime.Clock.Now(), Actor);
            writes.Failed(one.DeadlineId, e);
            await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
            await using var batch = connection.CreateBatch();
            writes.WriteTo(batch);
            await batch.ExecuteNonQueryAsync(cancel);
        }
    }

    private async Task SweepAsync(int limit, Guid? only, Dictionary<Guid, Due> due, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await LockAsync(connection, now, limit, only, due, cancel);
        if (due.Count == 0)
            return;

        var (tasks, people) = await FactsAsync(connection, due, now, cancel);
        var writes = new EscalationWrites(now, Actor);
        foreach (var one in due.Values)
        {
            try
            {
                Act(one, tasks, people, now, writes);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A clock whose calendar is gone, say: it must not stop the others. It is tried again later.
                NotActed(log, one.ClockId, e);
                writes.Failed(one.DeadlineId, e);
            }
        }

        await using var batch = connection.CreateBatch();
        writes.WriteTo(batch);

        // Clocks of the same case share its chain of history.
        var chains = due.Values.Select(d => d.History).Distinct().Where(h => h.Count > 0).ToList();
        if (chains.Count > 0)
        {
            batch.Add(
                "update workflow_instance i set event_sequence = s.sequence, event_head = s.head, updated_at = $1 from unnest($2::uuid[], $3::int[], "
                    + "$4::bytea[]) s(id, sequence, head) where i.id = s.id",
                now,
                chains.ConvertAll(c => c.Chain).ToArray(),
                chains.ConvertAll(c => c.Sequence).ToArray(),
                chains.ConvertAll(c => c.Head).ToArray()
            );
            var tests = due.Values.Where(d => d.Tester is not null).Select(d => d.InstanceId).ToHashSet();
            runtime.HistoryWriting?.Invoke([.. chains.Where(c => !tests.Contains(c.Chain))], batch);
            HistoryAppend.WriteAll(batch, chains);
        }

        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(writes.Changes.Distinct());
    }

    private static async Task LockAsync(NpgsqlConnection connection, Instant now, int limit, Guid? only, Dictionary<Guid, Due> due, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            with due as materialized (
                select id, subject_id, instance_id from deadline where kind = 'rung' and due_at <= $1 {(
                only is null ? "" : "and id = $3"
            )} order by due_at limit $2 for update skip locked)
            select due.id, due.subject_id, i.id, i.event_sequence, i.event_head, i.correlation_id from due join workflow_instance i on i.id = due.instance_id
            for no key update of i skip locked
            """,
            only is { } one ? [now, limit, one] : [now, limit]
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var histories = new Dictionary<Guid, HistoryAppend>();
        while (await r.ReadAsync(cancel))
        {
            var instance = r.GetGuid(2);
            if (!histories.TryGetValue(instance, out var history))
                histories[instance] = history = new(instance, r.GetInt32(3), r.GetFieldValue<byte[]>(4), now, Actor);
            due[r.GetGuid(1)] = new(r.GetGuid(0), r.GetGuid(1), instance, history) { Reference = r.Text(5) ?? "" };
        }
    }

    /// <summary>Reads clocks, tasks and people. Runs after the locks are taken, so that it sees everything committed before them.</summary>
    private static async Task<(Dictionary<Guid, LadderTask> Tasks, LadderPeople People)> FactsAsync(
        NpgsqlConnection connection,
        Dictionary<Guid, Due> due,
        Instant now,
        CancellationToken cancel
    )
    {
        var columns = $$"""
            t.id, t.title, t.state, t.revision, t.priority, t.owner_id, coalesce(o.active, false) owner_active, t.team, t.required_skills, t.preferred_skills,
                t.gave_up, t.watchers, t.on_behalf_of,
                {{Eligibility.ExcludedPeople}} excluded,
                case when t.candidates = '{}' then '{}' else array(select c.id from person c where {{Eligibility.OfRow(
                "c",
                "$1"
            ).IsNamed}} and c.active) end candidates
            """;
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select c.id clock_id, c.state clock_state, j.reference, array(select w.person_id from case_watcher w where
                w.instance_id = c.instance_id), (select k.name from sla_clock k where k.instance_id = c.instance_id and k.id <> c.id
                and (k.task_id is null or k.task_id = c.task_id) and k.late_at <= $2 order by {WorstClock.WorstFirst("$2")} limit 1),
                i.test_by, {columns}
            from unnest($1::uuid[]) d(id) join sla_clock c on c.id = d.id join workflow_instance i on i.id = c.instance_id
            left join task t on t.id = c.task_id left join person o on o.id = t.owner_id left join journey_case j on j.id = c.instance_id
            """,
            due.Keys.ToArray(),
            now
        );
        LadderPeople.Select(batch, now);
        var tasks = new Dictionary<Guid, LadderTask>();
        var people = new LadderPeople();
        var watchers = new Dictionary<Guid, HashSet<Guid>>();
        await using (var r = await batch.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                Add(r);
            await people.ReadAsync(r, cancel);
        }

        // A case clock acts on the open tasks of its case. Clocks of the same case share its tasks and watchers, so that one doesn't undo the changes
        // of another.
        var ofCases = due.Values.Where(d => d is { State: not null, IsOfTask: false }).ToLookup(d => d.InstanceId);
        if (ofCases.Count == 0)
            return (tasks, people);
        await using var open = connection.CreateBatch();
        open.Add(
            $"""
            select t.instance_id, {columns}
            from unnest($1::uuid[]) d(id) join task t on t.instance_id = d.id left join person o on o.id = t.owner_id
            where t.ended_at is null order by t.created_at, t.id
            """,
            ofCases.Select(c => c.Key).ToArray()
        );
        await using (var r = await open.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
            {
                var task = Read(r);
                tasks.TryAdd(task.Id, task);
                foreach (var one in ofCases[r.GetGuid(0)])
                    one.Tasks.Add(task.Id);
            }
        }

        return (tasks, people);

        void Add(NpgsqlDataReader r)
        {
            var one = due[r.GetGuid(0)];
            (one.State, one.Reference) = (r.Utf8(1), r.Text(2) ?? one.Reference);
            if (!watchers.TryGetValue(one.InstanceId, out var watch))
                watchers[one.InstanceId] = watch = [.. r.GetFieldValue<Guid[]>(3)];
            one.Watchers = watch;
            one.AlreadyLate = r.Text(4);
            one.Tester = r.GuidOrNull(5);
            if (r.IsDBNull(6))
                return;
            var task = Read(r);
            one.IsOfTask = true;
            one.Tasks.Add(task.Id);
            tasks[task.Id] = task;
        }

        static LadderTask Read(NpgsqlDataReader r) =>
            new(
                r.GetGuid("id"),
                r.GetString("title"),
                Enum.Parse<TaskState>(r.GetString("state")),
                r.GetInt32("revision"),
                r.GetInt16("priority"),
                r.GuidOrNull("owner_id"),
                r.GetBoolean("owner_active"),
                r.Text("team")
            )
            {
                RequiredSkills = r.GetFieldValue<string[]>("required_skills"),
                PreferredSkills = r.GetFieldValue<string[]>("preferred_skills"),
                GaveUp = r.GetFieldValue<Guid[]>("gave_up"),
                Watchers = r.GetFieldValue<Guid[]>("watchers"),
                OnBehalfOf = r.GuidOrNull("on_behalf_of"),
                Excluded = r.GetFieldValue<Guid[]>("excluded"),
                Candidates = r.GetFieldValue<Guid[]>("candidates"),
            };
    }

    private void Act(Due due, Dictionary<Guid, LadderTask> all, LadderPeople people, Instant now, EscalationWrites writes)
    {
        var clock = due.State is null ? null : ClockJson.Read(due.State);
        if (clock is null || clock.Ended)
        {
            writes.Over(due.DeadlineId);
            return;
        }

        var decision = Ladder.Decide(clock, serviceLevels.CalendarOf(clock), now);
        var tasks = due.Tasks.ConvertAll(id => all[id]);
        var title = due.IsOfTask ? tasks[0].Title : null;
        foreach (var record in decision.Recorded)
        {
            due.Record(
                record.Acted ? "sla.rung" : "sla.rung-skipped",
                due.ClockId,
                clock.Generation,
                new
                {
                    rung = record.Rung,
                    due = record.DueAt.ToString(),
                    policy = clock.Policy.Id,
                    name = title is null ? clock.Policy.Name : null,
                    task = title,
                    // A ladder that reaches the end of a window or wait tells of no delay.
                    over = Clock.IsOver(clock, record.DueAt) ? clock.Policy.WaitKind : null,
                }
            );
        }

        if (decision.BreachedNow)
        {
            due.Record(
                "sla.breached",
                due.ClockId,
                clock.Generation,
                new
                {
                    policy = clock.Policy.Id,
                    name = title is null ? clock.Policy.Name : null,
                    due = clock.DueAt?.ToString(),
                    task = title,
                }
            );
            writes.Changes.AddRange(tasks.Select(task => new Change(ChangeKind.Task, task.Id)));
        }

        var rung = new Rung(due, clock, decision.Acts, people, now, writes);
        foreach (var action in decision.Acts?.Actions ?? [])
        {
            switch (action)
            {
                case LadderAction.Notify notify:
                    rung.Tell(notify, tasks);
                    break;
                case LadderAction.PublishEvent or LadderAction.StartWorkflow or LadderAction.Webhook:
                    rung.Do(action, title);
                    break;
                case LadderAction.AddWatcher watcher when !due.IsOfTask:
                    rung.Watch(watcher, tasks);
                    goto default;
                default:
                    tasks = tasks.ConvertAll(task => task.State.IsTerminal() ? task : rung.Do(action, task));
                    break;
            }
        }

        foreach (var task in tasks)
        {
            if (task != all[task.Id])
                writes.Task(all[task.Id] = task with { Revision = task.Revision + 1 });
        }

        writes.Clock(due.DeadlineId, due.ClockId, decision, due.InstanceId);
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Error, Message = "Escalation of clock {Clock} failed; retrying")]
    private static partial void NotActed(ILogger log, Guid clock, Exception e);

    internal sealed class Due(Guid deadlineId, Guid clockId, Guid instanceId, HistoryAppend history)
    {
        public Guid DeadlineId => deadlineId;

        public Guid ClockId => clockId;

        public Guid InstanceId => instanceId;

        public HistoryAppend History => history;

        /// <summary>The stored clock, or null when it is gone.</summary>
        public byte[]? State { get; set; }

        /// <summary>A clock of a task; else of the case itself.</summary>
        public bool IsOfTask { get; set; }

        /// <summary>The tasks a rung acts on: the clock's task, or the open tasks of its case.</summary>
        public List<Guid> Tasks { get; } = [];

        public string Reference { get; set; } = "";

        /// <summary>Another clock of the same task or case that is late, or null.</summary>
        public string? AlreadyLate { get; set; }

        /// <summary>Who tries out the journey, when the run is a test: everyone and everything else is left alone.</summary>
        public Guid? Tester { get; set; }

        /// <summary>Who watches the case.</summary>
        public HashSet<Guid> Watchers { get; set; } = [];

        public void Record(string action, Guid clock, int generation, object payload) =>
            History.Add(new(action, "clock", Ids.Text(clock), generation, EscalationWrites.Payload(payload)));

        public void RecordCase(string action, object payload) => History.Add(new(action, "case", Ids.Text(InstanceId), 0, EscalationWrites.Payload(payload)));

        public void Record(string action, LadderTask task, object payload) =>
            History.Add(new(action, "task", Ids.Text(task.Id), task.Revision + 1, EscalationWrites.Payload(payload)));
    }
}
