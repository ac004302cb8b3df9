using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Webhooks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Escalation;

/// <summary>A task as the ladder sees it, including the changes made so far.</summary>
internal sealed record LadderTask(Guid Id, string Title, TaskState State, int Revision, short Priority, Guid? Owner, bool OwnerIsActive, string? Team)
{
    public string[] RequiredSkills { get; init; } = [];

    public string[] PreferredSkills { get; init; } = [];

    /// <summary>Candidates in addition to the team.</summary>
    public Guid[] Candidates { get; init; } = [];

    /// <summary>People who worked on a step that four eyes exclude.</summary>
    public Guid[] Excluded { get; init; } = [];

    /// <summary>People who forwarded it and are no longer candidates.</summary>
    public Guid[] GaveUp { get; init; } = [];

    public Guid[] Watchers { get; init; } = [];

    public Guid? OnBehalfOf { get; init; }

    /// <summary>Whom the ladder takes it from.</summary>
    public Guid? Relieved { get; init; }
}

/// <summary>The writes of a sweep, collected row by row and executed as one statement per table, however many clocks it handles.</summary>
internal sealed class EscalationWrites(Instant now, string actor)
{
    private readonly List<Guid> _over = [];
    private readonly List<(Guid Deadline, Instant DueAt)> _later = [];
    private readonly List<(Guid Deadline, string Error)> _failed = [];
    private readonly List<(Guid Clock, ClockState State)> _clocks = [];
    private readonly Dictionary<Guid, LadderTask> _tasks = [];
    private readonly List<Notice> _notices = [];
    private readonly List<(string Kind, Guid? Target, OrderedDictionary<string, object?> Payload)> _stimuli = [];
    private readonly List<(Guid Instance, OrderedDictionary<string, object?> Payload)> _webhooks = [];

    private readonly List<(Guid Instance, Guid Person)> _caseWatchers = [];

    /// <summary>To be announced after the commit.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>Nothing is left to happen to the deadline's clock.</summary>
    public void Over(Guid deadline) => _over.Add(deadline);

    /// <summary>The clock could not be dealt with; it is tried again later and later.</summary>
    public void Failed(Guid deadline, Exception e) => _failed.Add((deadline, e.ToString()));

    public void Clock(Guid deadline, Guid clock, LadderDecision decision, Guid instance)
    {
        _clocks.Add((clock, decision.State));
        if (decision.NextAt is { } next)
            _later.Add((deadline, next.Truncated()));
        else
            _over.Add(deadline);
        Changes.Add(new(ChangeKind.Instance, instance));
    }

    public void Task(LadderTask task)
    {
        _tasks[task.Id] = task;
        Changes.Add(new(ChangeKind.Task, task.Id));
    }

    public void CaseWatcher(Guid instance, Guid person) => _caseWatchers.Add((instance, person));

    public void Tell(Guid person, string kind, string title, string body, Guid instance, Guid? task)
    {
        _notices.Add(new(person, kind, title, body, instance, task));
        Changes.Add(new(ChangeKind.Person, person));
    }

    public void Stimulus(string kind, Guid? target, OrderedDictionary<string, object?> payload) => _stimuli.Add((kind, target, payload));

    public void Webhook(Guid instance, OrderedDictionary<string, object?> payload) => _webhooks.Add((instance, payload));

    public void WriteTo(NpgsqlBatch batch)
    {
        if (_clocks.Count > 0)
        {
            batch.Add(
                """
                update sla_clock c set breached = n.breached, state = n.state, changed_at = $4
                    from unnest($1::uuid[], $2::bool[], $3::json[]) n(id, breached, state) where c.id = n.id
                """,
                _clocks.Select(c => c.Clock).ToArray(),
                _clocks.Select(c => c.State.Breached).ToArray(),
                new JsonTexts(_clocks.Select(c => ClockJson.Write(c.State)).ToArray()),
                now
            );
        }

        if (_later.Count > 0)
        {
            batch.Add(
                """
                update deadline d set due_at = n.due_at, attempts = 0, last_error = null from unnest($1::uuid[], $2::timestamptz[]) n(id, due_at)
                    where d.id = n.id
                """,
                _later.Select(l => l.Deadline).ToArray(),
                _later.Select(l => l.DueAt).ToArray()
            );
        }

        if (_over.Count > 0)
            batch.Add("delete from deadline where id = any($1)", _over.ToArray());
        if (_failed.Count > 0)
        {
            batch.Add(
                """
                update deadline d set attempts = attempts + 1, last_error = left(n.error, 2000),
                    due_at = $3 + make_interval(secs => least(3600, 2 ^ least(attempts + 1, 12)))
                from unnest($1::uuid[], $2::text[]) n(id, error) where d.id = n.id
                """,
                _failed.Select(f => f.Deadline).ToArray(),
                _failed.Select(f => f.Error).ToArray(),
                now
            );
        }

        if (_tasks.Count > 0)
            WriteTasks(batch);
        if (_caseWatchers.Count > 0)
            batch.Add(
                "insert into case_watcher (instance_id, person_id, added_at) select *, $3 from unnest($1::uuid[], $2::uuid[])",
                _caseWatchers.Select(w => w.Instance).ToArray(),
                _caseWatchers.Select(w => w.Person).ToArray(),
                now
            );
        if (_tasks.Count + _caseWatchers.Count > 0)
            batch.Add(
                CaseViewers.Keep("= any(array(select instance_id from task where id = any($1)) || $2::uuid[])"),
                _tasks.Keys.ToArray(),
                _caseWatchers.Select(w => w.Instance).ToArray()
            );
        if (_notices.Count > 0)
            batch.BatchCommands.Add(Notify.Command(now, _notices));
        if (_stimuli.Count > 0)
        {
            batch.Add(
                """
                insert into stimulus (id, kind, instance_id, payload, due_at, created_at) select *, $5, $5
                    from unnest($1::uuid[], $2::text[], $3::uuid[], $4::json[])
                """,
                _stimuli.Select(_ => Ids.New(now)).ToArray(),
                _stimuli.Select(s => s.Kind).ToArray(),
                _stimuli.Select(s => s.Target).ToArray(),
                new JsonTexts(_stimuli.Select(s => WorkflowData.ToJson(s.Payload)).ToArray()),
                now
            );
        }

        foreach (var (instance, payload) in _webhooks)
            batch.BatchCommands.Add(Effects.Insert(Ids.New(now), SendWebhook.Kind, instance, payload, now));
    }

    private void WriteTasks(NpgsqlBatch batch)
    {
        var tasks = _tasks.Values.ToList();
        batch.Add(
            """
            update task t set priority = n.priority, owner_id = n.owner, on_behalf_of = n.behalf, state = n.state, revision = n.revision,
                preferred_skills = case when n.relaxed then '{}' else t.preferred_skills end,
                delegated_by = case when n.owner = t.owner_id then t.delegated_by end,
                claimed_at = case when n.owner is null then null when n.owner is distinct from t.owner_id then $8 else t.claimed_at end,
                changed_by = $9, changed_at = $8
            from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::bool[])
                n(id, priority, owner, behalf, state, revision, relaxed)
            where t.id = n.id
            """,
            tasks.Select(t => t.Id).ToArray(),
            tasks.Select(t => t.Priority).ToArray(),
            tasks.Select(t => t.Owner).ToArray(),
            tasks.Select(t => t.OnBehalfOf).ToArray(),
            tasks.Select(t => t.State.ToString()).ToArray(),
            tasks.Select(t => t.Revision).ToArray(),
            tasks.Select(t => t.PreferredSkills.Length == 0).ToArray(),
            now,
            actor
        );
        batch.BatchCommands.Add(AskForPeople.For([.. tasks.Select(t => t.Id)], "escalation", now));
        var relieved = tasks.Where(t => t.Relieved != t.Owner).Select(t => t.Relieved).OfType<Guid>().Distinct().ToArray();
        if (relieved.Length > 0)
            batch.BatchCommands.Add(AskForWork.For(relieved, AskForWork.CapacityFreed, now));
        var watchers = tasks.SelectMany(t => t.Watchers.Select(person => (t.Id, Person: person))).ToList();
        if (watchers.Count > 0)
        {
            batch.Add(
                """
                update task t set watchers = array(select distinct unnest(t.watchers || n.people))
                from (select w.id, array_agg(w.person) as people from unnest($1::uuid[], $2::uuid[]) w(id, person) group by w.id) n where t.id = n.id
                    and not n.people <@ t.watchers
                """,
                watchers.Select(w => w.Id).ToArray(),
                watchers.Select(w => w.Person).ToArray()
            );
        }
    }

    public static byte[] Payload(object payload) => JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options);
}
