using System.Data;
using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tasks;

/// <summary>What verbs on tasks and contacts need: the runtime, and the clocks that follow them.</summary>
public sealed record TaskRuntime(WorkflowRuntime Runtime, ClocksFollow ClocksFollow, CustomerReached CustomerReached);

/// <summary>What every verb carries.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Revision">Revision the caller last saw.</param>
/// <param name="OperationId">Chosen by the caller; the same id with the same body gives the same answer again.</param>
public sealed record TaskRequest(Guid TaskId, int Revision, string OperationId)
{
    /// <summary>
    /// The answer is <see cref="TaskResult.ReasonRequired"/> where the actor first has to say why they open a sensitive record. Default: whoever calls has
    /// asked them.
    /// </summary>
    public bool AsksForReason { get; init; }
}

/// <summary>
/// One verb on one task: locks the case, reads all that its rules need in the same round trip, and writes everything in a second one.
/// </summary>
internal sealed class TaskTransaction : IAsyncDisposable
{
    /// <summary>Deadline at which a suspended task resumes.</summary>
    public const string ResumeDeadline = "task-resume";

    public const string ForgetResumeDeadline = $"delete from deadline where subject_id = $1 and kind = '{ResumeDeadline}'";

    private readonly InstanceTransaction _transaction;
    private readonly TaskRequest _request;
    private readonly Operation _operation;
    private readonly Person _actor;

    private readonly TaskRuntime _tasks;
    private readonly TaskVerb _verb;

    private TaskTransaction(TaskRuntime tasks, InstanceTransaction transaction, TaskVerb verb, TaskRequest request, Operation operation, Person actor) =>
        (_tasks, _transaction, _verb, _request, _operation, _actor) = (tasks, transaction, verb, request, operation, actor);

    /// <summary>The answer if the rules common to all verbs already give one.</summary>
    public TaskResult? Refusal { get; private set; }

    /// <summary>The task. Only there when nothing was refused.</summary>
    public TaskRow Task { get; private set; } = null!;

    /// <summary>The subject of the verb: the actor, or the assignee.</summary>
    public Subject Subject { get; private set; } = null!;

    public Instant Now => _transaction.Now;

    public InstanceTransaction Instance => _transaction;

    /// <summary>Locks and reads.</summary>
    /// <param name="tasks">Services for task verbs.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="request">The request.</param>
    /// <param name="actor">The person who asks.</param>
    /// <param name="subject">User name of the subject.</param>
    /// <param name="body">The rest of the request, for the operation id.</param>
    /// <param name="also">One more thing to read; its rows are <see cref="Also"/>.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<TaskTransaction> OpenAsync(
        TaskRuntime tasks,
        TaskVerb verb,
        TaskRequest request,
        Person actor,
        string subject,
        string? body = null,
        NpgsqlBatchCommand? also = null,
        CancellationToken cancel = default
    )
    {
        var operation = Operation.Of(actor.UserName, request.OperationId, verb.ToString(), request.TaskId.ToString(), $"{request.Revision}", body);
        var now = tasks.Runtime.Clock.Now();
        var transaction = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor.UserName,
            ("(select instance_id from task where id = $1)", request.TaskId),
            reads:
            [
                operation.Find(),
                Subject.SelectTask(verb, request.TaskId, now, actor),
                .. request.AsksForReason ? (NpgsqlBatchCommand[])[Sql.Command(GuardedRecords.Of("task"), request.TaskId, actor.Id, now)] : [],
                .. Subject.CanBePlain(verb) ? (NpgsqlBatchCommand[])[] : [Subject.Select(verb, subject, request.TaskId, now, actor)],
                ClockReader.SelectOfTask(request.TaskId),
                .. also is null ? (NpgsqlBatchCommand[])[] : [also],
            ],
            moves: verb is TaskVerb.Complete or TaskVerb.ApproveReview or TaskVerb.Skip or TaskVerb.Return or TaskVerb.Fail or TaskVerb.Cancel,
            now: now,
            cancel: cancel
        );
        var task = new TaskTransaction(tasks, transaction, verb, request, operation, actor);
        try
        {
            task.Refusal = await task.ReadAsync(also is not null, cancel);
            return task;
        }
        catch
        {
            await task.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Null if the rules of <see cref="Eligibility"/> allow the subject what the verb says; otherwise the first reason why not.
    /// </summary>
    public TaskResult? CheckEligibility()
    {
        if (Subject.May)
            return null;
        if (!Subject.IsActive)
            return new TaskResult.Forbidden($"{Subject.DisplayName} is not active.");
        if (Subject.WorkedOnIt)
            return new TaskResult.ExcludedByFourEyes(Task.ActivityId, Task.Title);
        if (!Subject.IsEntitled && Task.GaveUp.Contains(Subject.Id))
            return new TaskResult.Forbidden($"{Subject.DisplayName} forwarded this task, or wrote what it is about, and isn't a candidate for it.");
        if (!Subject.IsEntitled)
            return new TaskResult.Forbidden($"{Subject.DisplayName} is not a candidate for this task.");
        if (Subject.MissingSkill is { } missing)
            return new TaskResult.Forbidden(Lacks(Subject, missing));
        return Subject.Exclusion
            ?? new TaskResult.Forbidden(
                $"Colleagues with the preferred skills ({string.Join(", ", Task.PreferredSkills)}) come first for this task. "
                    + "Its team's lead can assign it to you."
            );
    }

    private static string Lacks(Subject person, string need) =>
        need.Split(':') is [var skill, var level]
            ? $"This task requires the skill '{skill}' at level {level}. "
                + (person.HeldLevel is { } held ? $"{person.DisplayName} has level {held}." : $"{person.DisplayName} doesn't have it.")
            : $"{person.DisplayName} lacks the skill '{need}' that this task requires.";

    /// <summary>Whether the actor can move other people's work: supervisors, administrators and the lead of the task's team.</summary>
    public bool MayMoveWork => _actor.May(Permissions.SteerTeams) || Subject.ActorLeadsTeam;

    /// <summary>The owner, as far as the rules of a verb need to know.</summary>
    public bool IsOwner => Task.OwnerId == _actor.Id;

    /// <summary>Whether the actor is the reviewer.</summary>
    public bool IsReviewer => Task.ReviewerId == _actor.Id;

    /// <summary>The outcome, when there is nothing to choose.</summary>
    public string? OnlyOutcome => Task.Outcomes.Length == 1 ? Task.Outcomes[0] : null;

    /// <summary>First row of the additional read, or null.</summary>
    public object?[]? Also { get; private set; }

    /// <summary>Whether the subject has the task as a substitute, and for whom.</summary>
    public Guid? OnBehalfOf => Subject is { IsCandidate: false, StandsInFor: { } absent } ? absent.Id : null;

    /// <summary>Who counts as having worked on it when the owner acts, in addition to those who already do.</summary>
    public Guid[] Workers => Task.OnBehalfOf is { } absent ? [_actor.Id, absent] : [_actor.Id];

    private LiveClocks _clocks = LiveClocks.None;

    /// <summary>The pause reason while the task is suspended: clocks whose policies name it pause.</summary>
    public string? WaitsFor { get; set; }

    /// <summary>The entered data, for the conditions of clocks.</summary>
    public OrderedDictionary<string, object?>? SubmittedData { get; set; }

    /// <summary>Ends the task without an outcome of its own; a suspension or review ends with it.</summary>
    /// <param name="state">Terminal state, but Completed.</param>
    /// <param name="reason">Why.</param>
    /// <param name="outcome">For Skipped: the outcome that the case continues with.</param>
    /// <param name="workers">Who counts as having worked on it.</param>
    public void End(TaskState state, string reason, string? outcome = null, Guid[]? workers = null)
    {
        Write(
            """
            update task set state = $2, outcome = $3, end_reason = $4, ended_by = $5, ended_at = $6,
                owner_id = case when $2 = 'Cancelled' then null else owner_id end,
                actors = array(select distinct unnest(actors || $7::uuid[])), reviewer_id = null, proposed_outcome = null, suspended_from = null,
                    suspended_reason = null, suspended_until = null,
                revision = revision + 1, changed_by = $5, changed_at = $6
            where id = $1
            """,
            Task.Id,
            state.ToString(),
            outcome,
            reason,
            _actor.UserName,
            Now,
            workers ?? []
        );
        if (Task.SuspendedFrom is not null)
            Write(ForgetResumeDeadline, Task.Id);
    }

    public void Write(string sql, params ReadOnlySpan<object?> values) => _transaction.Write(sql, values);

    /// <summary>Lets the clocks follow, records what happened, remembers the answer and commits.</summary>
    public async Task<TaskResult> CommitAsync(string action, TaskAnswer answer, object? payload, CancellationToken cancel)
    {
        await _tasks.ClocksFollow(
            _transaction,
            _clocks,
            new(Task.Id, Task.Title, Task.ActivityId, Task.Policies, action)
            {
                WaitsFor = answer.State == TaskState.Suspended ? WaitsFor : null,
                Ends = answer.State.IsTerminal(),
                SubmittedData = SubmittedData,
            },
            cancel
        );
        _transaction.Record(
            new(action, "task", Ids.Text(Task.Id), answer.Revision, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options))
            {
                ActivityId = Task.ActivityId,
            }
        );
        WriteViewers();
        if (answer.State.IsTerminal())
            TellWatchers(_transaction, Task.Id, Task.Title, answer.Outcome ?? answer.State.ToString(), Task.Watchers.Where(id => id != _actor.Id));
        if (answer.State == TaskState.Ready)
            _transaction.Write(AskForPeople.For(Task.Id, action, Now));
        FollowPeople(answer.State);
        var remember = _operation.Remember(JsonSerializer.SerializeToUtf8Bytes(answer, TaskJson.Options), Now);
        _transaction.Write(remember);
        _transaction.Announce(new(ChangeKind.Task, Task.Id));
        await _transaction.CommitAsync(cancel);
        return new TaskResult.Done(answer);
    }

    /// <summary>Who sees the case now. The frequent verbs change little or nothing: an owner who works sees it already.</summary>
    private void WriteViewers()
    {
        if (_verb == TaskVerb.Claim)
            CaseViewers.AddOwner(_transaction, _actor.UserName);
        else if (
            _verb is not (TaskVerb.Stop or TaskVerb.Suspend or TaskVerb.Resume or TaskVerb.Prioritize or TaskVerb.Attach)
            && (_verb is not (TaskVerb.Start or TaskVerb.Complete) || Task.OnBehalfOf is not null || Task.ReviewerId is not null)
        )
            CaseViewers.Keep(_transaction, Task.InstanceId);
    }

    /// <summary>Who is relieved of the task can be given other work, and pages show who is engaged.</summary>
    private void FollowPeople(TaskState state)
    {
        if ((Task.State == TaskState.InReview ? Task.ReviewerId : Task.OwnerId) is { } held && Task.HolderIsPushed)
            _transaction.Write(AskForWork.Relieved(held, Task.Id, Now));
        if (Task.State == state)
            return;
        if (TaskState.InProgress == state || Task.State == TaskState.InProgress)
            _transaction.Announce(new(ChangeKind.Presence, Task.OwnerId ?? _actor.Id));
        if (TaskState.InReview == state || Task.State == TaskState.InReview)
            _transaction.Announce(new(ChangeKind.Presence, Task.ReviewerId ?? _actor.Id));
    }

    /// <summary>Tells the watchers of a task how it ended.</summary>
    public static void TellWatchers(InstanceTransaction transaction, Guid task, string title, string how, IEnumerable<Guid> watchers)
    {
        foreach (var watcher in watchers)
            Notify.Write(transaction, watcher, "task.watched", $"{title} has ended: {how}", "", task);
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    private async Task<TaskResult?> ReadAsync(bool also, CancellationToken cancel)
    {
        await _transaction.NextResultAsync(cancel);
        var reads = _transaction.Reads;
        if (await reads.ReadAsync(cancel))
        {
            return _operation.IsSame(reads.GetFieldValue<byte[]>(0))
                ? new TaskResult.Done(JsonSerializer.Deserialize<TaskAnswer>(reads.Utf8(1), TaskJson.Options)!)
                : new TaskResult.OperationReused(_request.OperationId);
        }

        await _transaction.NextResultAsync(cancel);
        if (!await reads.ReadAsync(cancel))
            return new TaskResult.NotFound();
        Task = TaskRow.Read(reads);
        WaitsFor = Task.SuspendedReason;
        var subject = reads.GetBoolean("plain") ? Subject.Plain(_actor) : null;
        await _transaction.NextResultAsync(cancel);
        GuardedRecord? guarded = null;
        if (_request.AsksForReason)
        {
            guarded = await GuardedRecords.ReadAsync(reads, cancel);
            await _transaction.NextResultAsync(cancel);
        }

        if (!Subject.CanBePlain(_verb))
        {
            subject = await Subject.ReadAsync(reads, cancel);
            await _transaction.NextResultAsync(cancel);
        }

        _clocks = await ClockReader.ReadLiveAsync(reads, cancel);
        if (also)
        {
            await _transaction.NextResultAsync(cancel);
            if (await reads.ReadAsync(cancel))
            {
                Also = new object?[reads.FieldCount];
                for (var i = 0; i < Also.Length; i++)
                    Also[i] = reads.IsDBNull(i) ? null : reads.GetValue(i);
            }
        }

        await _transaction.DoneReadingAsync();
        if (subject is null && Subject.CanBePlain(_verb))
        {
            await using var person = await _transaction.QueryAsync(Subject.Select(_verb, _actor.UserName, Task.Id, Now, _actor), cancel);
            subject = await Subject.ReadAsync(person, cancel);
        }

        if (subject is null)
            return new TaskResult.InvalidRequest("person", "Person not found.");
        Subject = subject;

        // A task the person can't see is reported as missing, so that no refusal reveals it.
        if (!Subject.ActorSees && !Eligibility.SeesAll(_actor))
            return new TaskResult.NotFound();
        if (guarded is not null)
            return new TaskResult.ReasonRequired(guarded);
        if (Task.State.IsTerminal())
            return new TaskResult.AlreadyEnded(Task.State, Task.Outcome, Task.EndedBy!, Task.EndedAt!.Value);
        if (Task.Revision != _request.Revision)
            return new TaskResult.StaleRevision(_request.Revision, Task.Revision, Task.State, Task.ChangedBy, Task.ChangedAt, await ChangesAsync(cancel));
        return TaskLifeCycle.Allows(Task.State, _verb) ? null : new TaskResult.WrongState(Task.State, _verb);
    }

    /// <summary>The changes to the task since the caller read it.</summary>
    private async Task<IReadOnlyList<TaskChange>> ChangesAsync(CancellationToken cancel)
    {
        await using var r = await _transaction.QueryAsync(
            Sql.Command(
                """
                select revision, action, actor, at from event where chain_id = $1 and entity = 'task' and entity_id = $2 and revision > $3
                    and action not in ('task.commented', 'task.attached') order by sequence limit 100
                """,
                Task.InstanceId,
                Ids.Text(Task.Id),
                (long)_request.Revision
            ),
            cancel
        );
        var changes = new List<TaskChange>();
        while (await r.ReadAsync(cancel))
            changes.Add(new(r.GetInt64(0), r.GetString(1), r.GetString(2), r.Instant(3)));
        return changes;
    }
}

internal static class TaskJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
    };
}
