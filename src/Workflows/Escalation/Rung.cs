using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>The actions of one rung. Everything is collected and written in the transaction that marks the rung as done.</summary>
internal sealed class Rung(Escalate.Due due, ClockState clock, LadderRung? rung, LadderPeople people, Instant now, EscalationWrites writes)
{
    private readonly HashSet<(Guid Person, Guid? Task)> _told = [];

    /// <summary>Notifies the target and the watchers.</summary>
    public void Tell(LadderAction.Notify notify, List<LadderTask> tasks)
    {
        var told = People(notify.To, tasks).Concat(tasks.SelectMany(task => task.Watchers)).Concat(due.IsOfTask ? [] : due.Watchers).Distinct();
        var passed = clock.DueAt is { } at && now >= at;
        var late = passed && clock.Policy.IsDeadline;
        var what = due.IsOfTask ? tasks[0].Title : $"{clock.Policy.Name} ({due.Reference})";
        var how = (clock.Policy.Wait, passed) switch
        {
            (null, true) => "Overdue",
            (null, false) => rung is { Percent: < 75 } ? "Reminder" : "Due soon",
            (WaitEnd.Closes, true) => "Window closed",
            (WaitEnd.Closes, false) => "Window closes soon",
            (_, true) => "Waiting period ended",
            _ => "Waiting period ends soon",
        };
        foreach (var person in told)
            Tell(person, late ? "sla.breached" : "sla.reminder", $"{how}: {what}", due.IsOfTask ? tasks[0].Id : null, late ? null : due.AlreadyLate);
    }

    /// <summary>Adds a watcher to the case of the clock and to every task it opens from now on.</summary>
    public void Watch(LadderAction.AddWatcher watcher, List<LadderTask> tasks)
    {
        var added = People(watcher.Who, tasks).Where(due.Watchers.Add).ToArray();
        if (added.Length == 0)
            return;
        due.RecordCase("case.watched", new { name = clock.Policy.Name, watchers = added });
        foreach (var person in added)
        {
            writes.CaseWatcher(due.InstanceId, person);
            if (tasks.Count == 0)
                Tell(person, "task.watched", $"You're watching {due.Reference}", null);
        }
    }

    /// <summary>Acts on a live task; returns its new state.</summary>
    public LadderTask Do(LadderAction action, LadderTask task)
    {
        switch (action)
        {
            case LadderAction.RaisePriority raise when task.Priority > 1:
                var priority = (short)Math.Max(1, task.Priority - raise.By);
                due.Record(
                    "task.priority-raised",
                    task,
                    new
                    {
                        title = task.Title,
                        from = task.Priority,
                        to = priority,
                    }
                );
                return task with { Priority = priority };

            case LadderAction.RelaxSkills when task.PreferredSkills.Length > 0:
                due.Record("task.skills-relaxed", task, new { title = task.Title, skills = task.PreferredSkills });
                return task with { PreferredSkills = [] };

            case LadderAction.AddWatcher watcher when People(watcher.Who, task).Except(task.Watchers).ToArray() is { Length: > 0 } added:
                due.Record("task.watched", task, new { title = task.Title, watchers = added });
                foreach (var person in added)
                    Tell(person, "task.watched", $"You're watching {task.Title}", task.Id);
                return task with { Watchers = [.. task.Watchers, .. added] };

            case LadderAction.Reassign reassign
                when due.Tester is null
                    && task.State is TaskState.Ready or TaskState.Reserved or TaskState.InProgress
                    && people.Takeover(reassign.To, task) is var next
                    && next.Person != task.Owner:
                due.Record(
                    "task.reassigned",
                    task,
                    new
                    {
                        title = task.Title,
                        previous = task.Owner,
                        owner = next.Person,
                        onBehalfOf = next.InPlaceOf,
                        team = task.Team,
                    }
                );
                if (next.Person is { } owner)
                    Tell(owner, "task.assigned", $"{task.Title} was assigned to you", task.Id);
                if (task.Owner is { } previous)
                    Tell(previous, "task.taken-over", $"{task.Title} was taken from you", task.Id);
                return task with
                {
                    Owner = next.Person,
                    OwnerIsActive = true,
                    OnBehalfOf = next.InPlaceOf,
                    Relieved = task.Relieved ?? task.Owner,
                    State = next.Person is null ? TaskState.Ready : TaskState.Reserved,
                };

            default:
                return task;
        }
    }

    /// <summary>Performs an action that doesn't change tasks. In a test nothing leaves: a workflow that is started is a test, too.</summary>
    public void Do(LadderAction action, string? title)
    {
        switch (action)
        {
            case LadderAction.PublishEvent publish:
                writes.Stimulus(
                    "publish",
                    null,
                    new()
                    {
                        ["name"] = publish.EventName,
                        ["correlationId"] = null,
                        ["instanceId"] = Ids.Text(due.InstanceId),
                        ["payload"] = null,
                    }
                );
                break;

            case LadderAction.StartWorkflow start:
                writes.Stimulus(
                    "start",
                    Ids.New(now),
                    new()
                    {
                        ["definitionId"] = start.DefinitionId,
                        ["correlationId"] = due.Reference,
                        ["input"] = new OrderedDictionary<string, object?>(),
                        ["testBy"] = due.Tester?.ToString(),
                    }
                );
                break;

            case LadderAction.Webhook webhook when due.Tester is null:
                writes.Webhook(
                    due.InstanceId,
                    new()
                    {
                        ["url"] = webhook.Url.OriginalString,
                        ["type"] = "sla.rung",
                        ["at"] = NodaTime.Text.InstantPattern.ExtendedIso.Format(now),
                        ["data"] = new OrderedDictionary<string, object?>
                        {
                            ["clock"] = due.ClockId.ToString(),
                            ["case"] = due.InstanceId.ToString(),
                            ["reference"] = due.Reference,
                            ["policy"] = clock.Policy.Id,
                            ["generation"] = clock.Generation,
                            ["rung"] = rung!.Key,
                            ["due"] = clock.DueAt?.ToString(),
                            ["task"] = title,
                        },
                    }
                );
                break;
        }
    }

    private IEnumerable<Guid> People(LadderTarget target, List<LadderTask> tasks) =>
        tasks.Count == 0 ? People(target, (LadderTask?)null) : tasks.SelectMany(task => People(target, task)).Distinct();

    private IReadOnlyList<Guid> People(LadderTarget target, LadderTask? task) => due.Tester is { } tester ? [tester] : people.Of(target, task);

    /// <summary>A person gets one notification per rung and task: the first that applies.</summary>
    private void Tell(Guid person, string kind, string title, Guid? task, string? alreadyLate = null)
    {
        if (!_told.Add((person, task)))
            return;
        var already = alreadyLate is null ? "" : $" · already overdue: {alreadyLate}";
        writes.Tell(person, kind, title, $"{due.Reference} · {rung!.Key} of {clock.Policy.Name}{already}", due.InstanceId, task);
    }
}
