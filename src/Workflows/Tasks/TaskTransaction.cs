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

namespace Orchestration.Workflows.Tasks;

/// <summary>What verbs on tasks need: the runtime, and the clocks that follow them.</summary>
public sealed record TaskRuntime(WorkflowRuntime Runtime, ClocksFollow ClocksFollow);

/// <summary>What every verb carries.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Revision">Revision the caller last saw.</param>
/// <param name="OperationId">Chosen by the caller; the same id with the same body gives the same answer again.</param>
public sealed record TaskRequest(Guid TaskId, int Revision, string OperationId);

/// <summary>A task as a verb sees it, under its case's lock.</summary>
public sealed record TaskRow(
    Guid Id,
    Guid InstanceId,
    Guid BookmarkId,
    string DefinitionVersionId,
    string ActivityId,
    string Title,
    TaskState State,
    int Revision,
    Guid? OwnerId,
    string? Team,
    string[] Candidates,
    string[] RequiredSkills,
    string[] Outcomes,
    string? Form,
    string? FormName,
    string? Outcome,
    string? EndedBy,
    Instant? EndedAt,
    string ChangedBy,
    Instant ChangedAt,
    short Priority
)
{
    /// <summary>Where a suspended task returns to.</summary>
    public TaskState? SuspendedFrom { get; init; }

    /// <summary>Outcome by which the case goes on when the step is skipped.</summary>
    public string? SkipOutcome { get; init; }

    /// <summary>Whether somebody else must approve it.</summary>
    public bool RequiresReview { get; init; }

    /// <summary>Who was asked to review it, or does.</summary>
    public Guid? ReviewerId { get; init; }

    /// <summary>Outcome that waits for approval.</summary>
    public string? ProposedOutcome { get; init; }

    /// <summary>Data that wait for approval.</summary>
    public byte[]? ProposedData { get; init; }

    /// <summary>Absent person in whose place the owner has it.</summary>
    public Guid? OnBehalfOf { get; init; }

    /// <summary>Everybody who has worked on it.</summary>
    public Guid[] Actors { get; init; } = [];

    /// <summary>Who forwarded it and is no candidate any more.</summary>
    public Guid[] GaveUp { get; init; } = [];

    /// <summary>User name of its owner.</summary>
    public string? Owner { get; init; }

    /// <summary>What its form began with, as JSON.</summary>
    public string? Prefill { get; init; }

    /// <summary>Skills whose holders come first, until they are relaxed.</summary>
    public string[] PreferredSkills { get; init; } = [];

    /// <summary>SLA policies that its step names.</summary>
    public string[] Policies { get; init; } = [];

    /// <summary>What a suspended task waits for.</summary>
    public string? SuspendedReason { get; init; }

    /// <summary>Who is told of what happens to it besides its owner.</summary>
    public Guid[] Watchers { get; init; } = [];
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

    private TaskTransaction(TaskRuntime tasks, InstanceTransaction transaction, TaskRequest request, Operation operation, Person actor) =>
        (_tasks, _transaction, _request, _operation, _actor) = (tasks, transaction, request, operation, actor);

    /// <summary>The answer if the rules common to all verbs already give one.</summary>
    public TaskResult? Refusal { get; private set; }

    /// <summary>The task. Only there when nothing was refused.</summary>
    public TaskRow Task { get; private set; } = null!;

    /// <summary>The person the verb is about: whoever acts, or the assignee.</summary>
    public Subject Subject { get; private set; } = null!;

    public Instant Now => _transaction.Now;

    public InstanceTransaction Instance => _transaction;

    /// <summary>Locks and reads.</summary>
    /// <param name="tasks">Where it is done.</param>
    /// <param name="verb">What is asked.</param>
    /// <param name="request">The request.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="subject">User name of whom it is about.</param>
    /// <param name="body">The rest of the request, for the operation id.</param>
    /// <param name="redirect">Whether a substitute gets it in place of an absent subject.</param>
    /// <param name="also">One more thing to read; its rows are <see cref="Also"/>.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<TaskTransaction> OpenAsync(
        TaskRuntime tasks,
        TaskVerb verb,
        TaskRequest request,
        Person actor,
        string subject,
        string? body = null,
        bool redirect = false,
        NpgsqlBatchCommand? also = null,
        CancellationToken cancel = default
    )
    {
        var operation = Operation.Of(actor.UserName, request.OperationId, verb.ToString(), request.TaskId.ToString(), $"{request.Revision}", body);
        var transaction = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor.UserName,
            ("(select instance_id from task where id = $1)", request.TaskId),
            reads:
            [
                operation.Find(),
                Select(request.TaskId),
                Subject.Select(subject, request.TaskId, tasks.Runtime.Clock.Now(), actor, redirect),
                ClockReader.SelectOfTask(request.TaskId),
                .. also is null ? (NpgsqlBatchCommand[])[] : [also],
            ],
            moves: verb is TaskVerb.Complete or TaskVerb.ApproveReview or TaskVerb.Skip or TaskVerb.Return or TaskVerb.Fail or TaskVerb.Cancel,
            cancel: cancel
        );
        var task = new TaskTransaction(tasks, transaction, request, operation, actor);
        try
        {
            task.Refusal = await task.ReadAsync(verb, also is not null, cancel);
            return task;
        }
        catch
        {
            await task.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the subject may not have this task, or null if they may: candidate or team member (or standing in for one), skilled, and not one of the excluded steps' people.</summary>
    /// <param name="anyway">Whoever gives it to them knows that they are no candidate, or gave it up.</param>
    public TaskResult? WhyNotEligible(bool anyway = false)
    {
        if (!Subject.IsActive)
            return new TaskResult.Forbidden($"{Subject.DisplayName} is not active.");
        if (!anyway && Task.GaveUp.Contains(Subject.Id))
            return new TaskResult.Forbidden($"{Subject.DisplayName} forwarded this task and is no candidate for it any more.");
        if (!anyway && !Subject.IsCandidate && Subject.StandsInFor is null)
            return new TaskResult.Forbidden($"{Subject.DisplayName} is not a candidate for this task.");
        if (Task.RequiredSkills.Except(Subject.Skills).FirstOrDefault() is { } missing)
            return new TaskResult.Forbidden($"{Subject.DisplayName} lacks the skill '{missing}' that this task requires.");
        return Subject.ExcludedBy is { } step ? new TaskResult.ExcludedByFourEyes(step.Id, step.Title) : null;
    }

    /// <summary>Why the subject may not take this task for themself yet, though they are eligible: somebody who has its preferred skills could.</summary>
    public TaskResult? WhyNotYet() =>
        Subject.ComesFirst
            ? null
            : new TaskResult.Forbidden(
                $"Colleagues with the preferred skills ({string.Join(", ", Task.PreferredSkills)}) come first for this task. Its team's lead can assign it to you."
            );

    /// <summary>Why the subject may not review this task, or null if they may: whoever could do it, leads its team or supervises, and has not worked on it.</summary>
    public TaskResult? WhyNotReviewer()
    {
        if (Subject.Id == Task.OwnerId || Subject.Id == Task.OnBehalfOf || Task.Actors.Contains(Subject.Id))
            return new TaskResult.ExcludedByFourEyes(Task.ActivityId, Task.Title);
        return WhyNotEligible(anyway: Subject.LeadsTeam || Subject.Roles.Contains(Roles.Supervisor));
    }

    /// <summary>Whether whoever asks may move other people's work: supervisors, administrators and the lead of the task's team.</summary>
    public bool MayMoveWork => _actor.Is(Roles.Supervisor, Roles.Administrator) || Subject.ActorLeadsTeam;

    /// <summary>The owner, as far as the rules of a verb need to know.</summary>
    public bool IsOwner => Task.OwnerId == _actor.Id;

    /// <summary>Whether whoever asks reviews it.</summary>
    public bool IsReviewer => Task.ReviewerId == _actor.Id;

    /// <summary>The outcome, when there is nothing to choose.</summary>
    public string? OnlyOutcome => Task.Outcomes.Length == 1 ? Task.Outcomes[0] : null;

    /// <summary>First row of what was read besides, or null.</summary>
    public object?[]? Also { get; private set; }

    /// <summary>Whether the subject has it as somebody's substitute, and whose.</summary>
    public Guid? OnBehalfOf => Subject is { IsCandidate: false, StandsInFor: { } absent } ? absent.Id : null;

    /// <summary>Who is away, when the subject gets it in place of the person that was named.</summary>
    public (Guid Id, string Name)? InsteadOf(string named) =>
        string.Equals(named, Subject.UserName, StringComparison.OrdinalIgnoreCase) ? null : Subject.StandsInFor ?? (Subject.Id, named);

    /// <summary>Who counts as having worked on it when the owner does something, besides those who did before.</summary>
    public Guid[] Workers => Task.OnBehalfOf is { } absent ? [_actor.Id, absent] : [_actor.Id];

    private IReadOnlyList<StoredClock> _clocks = [];

    /// <summary>What the task waits for while it is suspended: clocks whose policies know the reason stand still.</summary>
    public string? WaitsFor { get; set; }

    /// <summary>What a person entered, for the conditions of clocks.</summary>
    public OrderedDictionary<string, object?>? SubmittedData { get; set; }

    /// <summary>Ends the task without its outcome having been reached: whatever else it was going through is over.</summary>
    /// <param name="state">Terminal state, but Completed.</param>
    /// <param name="reason">Why.</param>
    /// <param name="outcome">For Skipped: by which outcome the case goes on.</param>
    /// <param name="workers">Who counts as having worked on it.</param>
    public void End(TaskState state, string reason, string? outcome = null, Guid[]? workers = null)
    {
        Write(
            """
            update task set state = $2, outcome = $3, end_reason = $4, ended_by = $5, ended_at = $6, owner_id = case when $2 = 'Cancelled' then null else owner_id end,
                actors = array(select distinct unnest(actors || $7::uuid[])), reviewer_id = null, proposed_outcome = null, suspended_from = null, suspended_reason = null, suspended_until = null,
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
        if (answer.State.IsTerminal())
            TellWatchers(_transaction, Task.Id, Task.Title, answer.Outcome ?? answer.State.ToString(), Task.Watchers.Where(id => id != _actor.Id));
        var remember = _operation.Remember(JsonSerializer.SerializeToUtf8Bytes(answer, TaskJson.Options), Now);
        _transaction.Write(remember);
        _transaction.Announce(new(ChangeKind.Task, Task.Id));
        await _transaction.CommitAsync(cancel);
        return new TaskResult.Done(answer);
    }

    /// <summary>Whoever watches a task is told how it ended.</summary>
    public static void TellWatchers(InstanceTransaction transaction, Guid task, string title, string how, IEnumerable<Guid> watchers)
    {
        foreach (var watcher in watchers)
            Notify.Write(transaction, watcher, "task.watched", $"{title} has ended: {how}", "", task);
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    private static NpgsqlBatchCommand Select(Guid id) =>
        Sql.Command(
            """
            select id, instance_id, bookmark_id, definition_version_id, activity_id, title, state, revision, owner_id, team, candidates,
                required_skills, outcomes, form, form_name, outcome, ended_by, ended_at, changed_by, changed_at, priority, suspended_from, skip_outcome, requires_review, reviewer_id,
                proposed_outcome, case when proposed_outcome is not null then data end, on_behalf_of, actors, gave_up, (select p.user_name from person p where p.id = owner_id), prefill, preferred_skills, watchers, policies, suspended_reason
            from task where id = $1
            """,
            id
        );

    private async Task<TaskResult?> ReadAsync(TaskVerb verb, bool also, CancellationToken cancel)
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
        Task = Read(reads);
        WaitsFor = Task.SuspendedReason;
        await _transaction.NextResultAsync(cancel);
        if (await Subject.ReadAsync(reads, cancel) is not { } subject)
            return new TaskResult.InvalidRequest("person", "There is no such person.");
        Subject = subject;
        await _transaction.NextResultAsync(cancel);
        _clocks = await ClockReader.ReadAsync(reads, cancel);
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

        // What somebody may not see is not there for them: no refusal tells them what it is.
        if (!Subject.ActorSees && !TaskQueries.SeesAll(_actor))
            return new TaskResult.NotFound();
        if (Task.State.IsTerminal())
            return new TaskResult.AlreadyEnded(Task.State, Task.Outcome, Task.EndedBy!, Task.EndedAt!.Value);
        if (Task.Revision != _request.Revision)
            return new TaskResult.StaleRevision(_request.Revision, Task.Revision, Task.State, Task.ChangedBy, Task.ChangedAt, await ChangesAsync(cancel));
        return TaskLifeCycle.Allows(Task.State, verb) ? null : new TaskResult.WrongState(Task.State, verb);
    }

    /// <summary>What was done to the task since the caller read it.</summary>
    private async Task<IReadOnlyList<TaskChange>> ChangesAsync(CancellationToken cancel)
    {
        await using var r = await _transaction.QueryAsync(
            Sql.Command(
                "select revision, action, actor, at from event where chain_id = $1 and entity = 'task' and entity_id = $2 and revision > $3 and action not in ('task.commented', 'task.attached') order by sequence limit 100",
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

    private static TaskRow Read(DbDataReader r) =>
        new(
            r.GetGuid(0),
            r.GetGuid(1),
            r.GetGuid(2),
            r.GetString(3),
            r.GetString(4),
            r.GetString(5),
            Enum.Parse<TaskState>(r.GetString(6)),
            r.GetInt32(7),
            r.GuidOrNull(8),
            r.Text(9),
            r.GetFieldValue<string[]>(10),
            r.GetFieldValue<string[]>(11),
            r.GetFieldValue<string[]>(12),
            r.Text(13),
            r.Text(14),
            r.Text(15),
            r.Text(16),
            r.InstantOrNull(17),
            r.GetString(18),
            r.Instant(19),
            r.GetInt16(20)
        )
        {
            SuspendedFrom = r.Text(21) is { } from ? Enum.Parse<TaskState>(from) : null,
            SkipOutcome = r.Text(22),
            RequiresReview = r.GetBoolean(23),
            ReviewerId = r.GuidOrNull(24),
            ProposedOutcome = r.Text(25),
            ProposedData = r.IsDBNull(26) ? null : r.Utf8(26),
            OnBehalfOf = r.GuidOrNull(27),
            Actors = r.GetFieldValue<Guid[]>(28),
            GaveUp = r.GetFieldValue<Guid[]>(29),
            Owner = r.Text(30),
            Prefill = r.Text(31),
            PreferredSkills = r.GetFieldValue<string[]>(32),
            Watchers = r.GetFieldValue<Guid[]>(33),
            Policies = r.GetFieldValue<string[]>(34),
            SuspendedReason = r.Text(35),
        };
}

/// <summary>What the rules need to know of a person in relation to a task.</summary>
/// <param name="Id">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="IsActive">Whether they work here.</param>
/// <param name="Roles">Their roles.</param>
/// <param name="Skills">Skills they hold today.</param>
/// <param name="IsCandidate">Named as a candidate, or in the team.</param>
/// <param name="ActorSees">Whether the task concerns whoever asks: candidate, lead, owner, reviewer, watcher, worker, or standing in for one.</param>
/// <param name="LeadsTeam">Leads the task's team.</param>
/// <param name="StandsInFor">Somebody away now who is a candidate or the owner, whose substitute they are.</param>
/// <param name="ActorLeadsTeam">Whether whoever asks leads the task's team.</param>
/// <param name="ActorIsCandidate">Whether whoever asks is a candidate or in the team.</param>
/// <param name="ExcludedBy">Excluded step they have worked on.</param>
/// <param name="ComesFirst">They have the preferred skills, or nobody who could take it does.</param>
internal sealed record Subject(
    Guid Id,
    string UserName,
    string DisplayName,
    bool IsActive,
    string[] Roles,
    string[] Skills,
    bool IsCandidate,
    bool ActorSees,
    bool LeadsTeam,
    (Guid Id, string Name)? StandsInFor,
    bool ActorLeadsTeam,
    bool ActorIsCandidate,
    (string Id, string Title)? ExcludedBy,
    bool ComesFirst
)
{
    /// <summary>Four eyes is judged by person: whoever has worked on or reviewed an excluded step of the same case, also in somebody's place.</summary>
    public static NpgsqlBatchCommand Select(string person, Guid task, Instant now, Person actor, bool redirect) =>
        Sql.Command(
            $"""
            select p.id, p.user_name, p.display_name, p.active, p.roles,
                array(select s.skill from person_skill s where s.person_id = p.id and (s.certified_until is null or s.certified_until > $3::date)),
                c.candidate, coalesce({TaskQueries.Visible(
                "$3"
            )}, false), coalesce(l.lead_id = p.id, false), z.id, z.display_name, coalesce(l.lead_id = $1, false),
                $2 = any(t.candidates) or exists (select from team_member m where m.person_id = $1 and m.team_key = t.team),
                x.activity_id, x.title, {TaskQueries.ComesFirst("p.id", "$3")}
            from task t
            left join team l on l.key = t.team
            join person p on lower(p.user_name) = lower(coalesce(
                case when $6 then (select u.user_name from substitution s join person a on a.id = s.person_id join person u on u.id = s.substitute_id
                    where lower(a.user_name) = lower($5) and s.ended_at is null and s.from_at <= $3 and s.until_at > $3 limit 1) end, $5))
            cross join lateral (select p.user_name = any(t.candidates) or exists (select from team_member m where m.person_id = p.id and m.team_key = t.team) as candidate) c
            left join lateral (
                select a.id, a.display_name from substitution s join person a on a.id = s.person_id
                where s.substitute_id = p.id and s.ended_at is null and s.from_at <= $3 and s.until_at > $3 and not a.id = any(t.gave_up)
                    and (a.id = t.owner_id or a.user_name = any(t.candidates) or exists (select from team_member m where m.person_id = a.id and m.team_key = t.team))
                order by a.id = t.owner_id desc nulls last, lower(a.user_name) = lower($5) desc limit 1) z on true
            left join lateral (
                select o.activity_id, o.title from task o
                where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps) and p.id = any(o.actors || o.reviewers) limit 1) x on true
            where t.id = $4
            """,
            actor.Id,
            actor.UserName,
            now,
            task,
            person,
            redirect
        );

    public static async Task<Subject?> ReadAsync(DbDataReader r, CancellationToken cancel) =>
        await r.ReadAsync(cancel)
            ? new(
                r.GetGuid(0),
                r.GetString(1),
                r.GetString(2),
                r.GetBoolean(3),
                r.GetFieldValue<string[]>(4),
                r.GetFieldValue<string[]>(5),
                r.GetBoolean(6),
                r.GetBoolean(7),
                r.GetBoolean(8),
                r.GuidOrNull(9) is { } absent ? (absent, r.GetString(10)) : null,
                r.GetBoolean(11),
                r.GetBoolean(12),
                r.Text(13) is { } step ? (step, r.GetString(14)) : null,
                r.GetBoolean(15)
            )
            : null;
}

internal static class TaskJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
    };
}
