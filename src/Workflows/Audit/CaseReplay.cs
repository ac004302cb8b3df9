using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Audit;

/// <summary>Plays the history of a case, so that one can look at the case as it was. It depends on events and on nothing else.</summary>
public sealed class CaseReplay
{
    private readonly Func<string, Guid?> _person;
    private readonly Dictionary<string, JsonNode?> _variables = [];
    private readonly Dictionary<string, JsonNode?> _entered = [];
    private readonly OrderedDictionary<Guid, TaskAt> _tasks = [];
    private readonly OrderedDictionary<Guid, ClockAt> _clocks = [];
    private readonly HashSet<string> _ended = [];
    private readonly Dictionary<string, string> _waiting = [];
    private readonly List<Guid> _watchers = [];
    private CaseAt _case;

    private CaseReplay(Func<string, Guid?> person)
    {
        _person = person;
        _case = new()
        {
            Variables = _variables,
            Entered = _entered,
            Tasks = [],
            Clocks = [],
            Ended = _ended,
            Waiting = new HashSet<string>(),
            Watchers = _watchers,
        };
    }

    /// <summary>The case after these events.</summary>
    /// <param name="events">Its history, oldest first, from the beginning.</param>
    /// <param name="person">The person of a user name or id, or null.</param>
    public static CaseAt Play(IEnumerable<CaseEvent> events, Func<string, Guid?> person)
    {
        var replay = new CaseReplay(person);
        foreach (var e in events)
            replay.Add(e);
        return replay._case with { Tasks = [.. replay._tasks.Values], Clocks = [.. replay._clocks.Values], Waiting = replay._waiting.Values.ToHashSet() };
    }

    /// <summary>The events until a moment, inclusive.</summary>
    public static IEnumerable<CaseEvent> Until(IEnumerable<CaseEvent> events, Instant moment) => events.Where(e => e.At.ToInstant() <= moment);

    private void Add(CaseEvent e)
    {
        var at = e.At.ToInstant();
        _case = _case with { At = at, Sequence = e.Sequence };
        var told = e.Payload as JsonObject ?? [];
        switch (e.Entity)
        {
            case JournalEvents.Entity:
                OfActivity(e, told, at);
                break;
            case "task" when Guid.TryParse(e.EntityId, out var task):
                OfTask(task, e, told, at);
                break;
            case "clock" when Guid.TryParse(e.EntityId, out var clock):
                OfClock(clock, e, told, at);
                break;
            case "history" when e.Action == "history.erased" && told["sequences"] is JsonArray erased:
                _case = _case with { Erased = _case.Erased + erased.Count };
                break;
            default:
                OfCase(e, told, at);
                break;
        }
    }

    private void OfCase(CaseEvent e, JsonObject told, Instant at)
    {
        switch (e.Action)
        {
            case "case.started":
                _case = _case with
                {
                    Status = _case.Status ?? "Running",
                    Journey = Text(told, "journey"),
                    Reference = Text(told, "reference"),
                    CustomerNumber = Text(told, "customerId"),
                    CustomerName = Text(told, "customerName"),
                    FirstVersionId = Text(told, "definition"),
                    StartedBy = e.Actor,
                    StartedAt = at,
                };
                break;
            case "case.cancelled":
                End("Cancelled", at);
                break;
            case "case.watched":
                _watchers.AddRange(People(told, "watchers").Except(_watchers));
                break;
            case "instance.altered":
                Altered(told, at);
                break;
        }
    }

    private void Altered(JsonObject told, Instant at)
    {
        switch (Text(told, "type"))
        {
            case "Migrate" when told["version"] is JsonValue version && version.TryGetValue<int>(out var number):
                _case = _case with { MovedTo = number };
                break;
            case "ModifyVariable" when Text(told, "variable") is { } variable:
                _variables[variable] = told["value"]?.DeepClone();
                break;
            case "Cancel":
                End("Cancelled", at);
                break;
            case "ScheduleActivity" when _case.Status is "Faulted" or "Completed":
                _case = _case with { Status = "Running", EndedAt = null };
                break;
        }
    }

    private void OfActivity(CaseEvent e, JsonObject told, Instant at)
    {
        if (told[JournalEvents.VariablesMember] is JsonObject variables)
        {
            foreach (var (name, value) in variables)
                _variables[name] = value?.DeepClone();
        }

        var isJourney = e.ActivityType == "Elsa.Workflow" && told["parent"] is null;
        switch (e.Action)
        {
            case "Completed" when isJourney:
                End("Completed", at);
                break;
            case "Faulted" when _case.Status is null or "Running":
                _case = _case with { Status = "Faulted" };
                break;
            case "incident.retried" or "Resumed" when _case.Status == "Faulted":
                _case = _case with { Status = "Running", EndedAt = null };
                break;
            case "Completed" when e.ActivityId is { } id:
                _ended.Add(id);
                _waiting.Remove(e.EntityId);
                break;
            case "Suspended" when e.ActivityId is { } id:
                _waiting[e.EntityId] = id;
                break;
            case "Canceled":
                _waiting.Remove(e.EntityId);
                break;
        }
    }

    private void End(string status, Instant at)
    {
        if (_case.EndedAt is null || _case.Status == "Faulted")
            _case = _case with { Status = status, EndedAt = at };
        _waiting.Clear();
    }

    private void OfTask(Guid id, CaseEvent e, JsonObject told, Instant at)
    {
        if (e.Action == "task.opened")
        {
            _tasks[id] = new(id, e.ActivityId ?? "", Text(told, "title") ?? "", at)
            {
                Team = Text(told, "team"),
                Candidates = [.. Texts(told, "candidates")],
                Priority = Number(told, "priority"),
                Form = Text(told, "form"),
            };
            return;
        }

        if (!_tasks.TryGetValue(id, out var task))
            return;
        var (actor, before) = (_person(e.Actor), task);
        var owner = Text(told, "owner") is { } name ? _person(name) : null;
        task = e.Action switch
        {
            "task.claimed" or "task.assigned" or "task.delegated" or "task.taken-over" => Owned(task, owner, told),
            "task.reassigned" when owner is not null => Owned(task, owner, told),
            "task.released" when task.State == TaskState.Suspended => Owned(task, null, told) with { State = task.State, Before = TaskState.Ready },
            "task.released" or "task.reassigned" => Owned(task, null, told),
            "task.forwarded" => Owned(task, null, told) with
            {
                Team = Text(told, "team") ?? task.Team,
                Candidates = Text(told, "person") is { } person ? [.. task.Candidates.Where(c => c != person), person] : task.Candidates,
            },
            "task.started" => task with { State = TaskState.InProgress, Owner = actor ?? task.Owner, Reviewer = null },
            "task.stopped" => task with { State = TaskState.Reserved },
            "task.suspended" => task with { State = TaskState.Suspended, Before = task.State, WaitsFor = Text(told, "reason") },
            "task.resumed" => task with { State = task.Before, WaitsFor = null },
            "task.review-requested" => task with
            {
                State = TaskState.ReadyForReview,
                Reviewer = Text(told, "reviewer") is { } asked ? _person(asked) : null,
                Owner = actor ?? task.Owner,
            },
            "task.review-started" => task with { State = TaskState.InReview, Reviewer = actor },
            "task.review-released" => task with { State = TaskState.ReadyForReview, Reviewer = null },
            "task.changes-requested" when told["ready"] is not null => Owned(task, null, told) with { Reviewer = null },
            "task.changes-requested" => task with { State = TaskState.InProgress, Reviewer = null },
            "task.prioritized" or "task.priority-raised" => task with { Priority = Number(told, "to") ?? task.Priority },
            "task.completed" => Ended(task, TaskState.Completed, told, at),
            "task.skipped" => Ended(task, TaskState.Skipped, told, at),
            "task.failed" => Ended(task, TaskState.Failed, told, at),
            "task.cancelled" or "task.returned" => Ended(task, TaskState.Cancelled, told, at) with { Owner = null },
            _ => task,
        };
        IEnumerable<Guid> involved = e.Action switch
        {
            "task.watched" => People(told, "watchers"),
            "task.completed" when Text(told, "reviewer") is not null => [],
            "task.returned" when before.Owner != actor => [],
            "task.started" or "task.completed" or "task.review-requested" or "task.delegated" or "task.failed" or "task.returned" => new[]
            {
                actor,
                before.OnBehalfOf,
            }.OfType<Guid>(),
            "task.review-started" => new[] { actor }.OfType<Guid>(),
            _ => [],
        };
        _tasks[id] = task with { Involved = [.. task.Involved.Union(involved)] };
        if (e.Action == "task.completed" && told["data"] is { } data)
            _entered[task.Step] = data.DeepClone();
    }

    private TaskAt Owned(TaskAt task, Guid? owner, JsonObject told) =>
        task with
        {
            State = owner is null ? TaskState.Ready : TaskState.Reserved,
            Owner = owner,
            OnBehalfOf = owner is not null && Text(told, "onBehalfOf") is { } absent ? _person(absent) : null,
        };

    private static TaskAt Ended(TaskAt task, TaskState state, JsonObject told, Instant at) =>
        task with
        {
            State = state,
            Outcome = state is TaskState.Completed or TaskState.Skipped ? Text(told, "outcome") : null,
            EndedAt = at,
            WaitsFor = null,
            Reviewer = state == TaskState.Completed ? task.Reviewer : null,
        };

    private void OfClock(Guid id, CaseEvent e, JsonObject told, Instant at)
    {
        if (e.Action is "sla.started" or "promise.made")
        {
            var isPromise = e.Action == "promise.made";
            _clocks[id] = new(id, Text(told, isPromise ? "title" : "name") ?? Text(told, "policy") ?? "", at)
            {
                IsPromise = isPromise,
                Policy = isPromise ? null : Text(told, "policy"),
                Task = Guid.TryParse(Text(told, "taskId"), out var task) ? task : null,
                DueAt = Time(told, "due"),
            };
            return;
        }

        if (!_clocks.TryGetValue(id, out var clock))
            return;
        _clocks[id] = e.Action switch
        {
            "sla.paused" => clock with { Status = ClockStatus.Paused, DueAt = null },
            "sla.resumed" => clock with { Status = ClockStatus.Running, DueAt = Time(told, "due") ?? clock.DueAt },
            "sla.recomputed" => clock with { DueAt = Time(told, "due"), Breached = told["breached"]?.GetValue<bool>() ?? clock.Breached },
            "promise.moved" => clock with { DueAt = Time(told, "due") },
            "sla.breached" => clock with { Breached = true },
            "sla.met" => Ended(clock, ClockStatus.Completed, at, null),
            "sla.missed" => Ended(clock, ClockStatus.Completed, at, null) with { Breached = true },
            "sla.over" => Ended(clock, ClockStatus.Completed, at, null),
            "sla.cancelled" => Ended(clock, ClockStatus.Cancelled, at, null),
            "promise.kept" => Ended(clock, ClockStatus.Completed, at, "kept"),
            "promise.kept-late" => Ended(clock, ClockStatus.Completed, at, "kept late") with { Breached = true },
            "promise.broken" => Ended(clock, ClockStatus.Completed, at, "broken") with { Breached = true },
            "promise.withdrawn" => Ended(clock, ClockStatus.Cancelled, at, "withdrawn"),
            _ => clock,
        };
    }

    private static ClockAt Ended(ClockAt clock, ClockStatus status, Instant at, string? settled) =>
        clock with
        {
            Status = status,
            EndedAt = at,
            Settled = settled,
        };

    private IEnumerable<Guid> People(JsonObject told, string member) => Texts(told, member).Select(_person).OfType<Guid>();

    private static IEnumerable<string> Texts(JsonObject told, string member) =>
        told[member] is JsonArray list ? list.Select(item => item?.ToString()).OfType<string>() : [];

    private static string? Text(JsonObject told, string member) => told[member] is JsonValue value ? value.ToString() : null;

    private static int? Number(JsonObject told, string member) =>
        told[member] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<int>() : null;

    private static Instant? Time(JsonObject told, string member) =>
        Text(told, member) is { } text && InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var at } ? at : null;
}
