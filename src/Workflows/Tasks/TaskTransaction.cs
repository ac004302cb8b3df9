using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>Where tasks are worked on: the runtime and the service levels.</summary>
public sealed record TaskDesk(WorkflowRuntime Runtime, ServiceLevelCatalog ServiceLevels);

/// <summary>What every verb carries.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Revision">Revision the caller last saw.</param>
/// <param name="OperationId">Chosen by the caller; the same id with the same body gives the same answer again.</param>
public sealed record TaskRequest(Guid TaskId, int Revision, string OperationId);

/// <summary>A task as a verb sees it, under its case's lock.</summary>
public sealed record TaskRow(
    Guid Id, Guid InstanceId, Guid BookmarkId, string DefinitionVersionId, string ActivityId, string Title, TaskState State, int Revision, Guid? OwnerId, string? Team, string[] Candidates,
    string[] RequiredSkills, string[] Outcomes, string? Form, string? FormName, string? Outcome, string? EndedBy, Instant? EndedAt, string ChangedBy, Instant ChangedAt, short Priority);

/// <summary>
/// One verb on one task: locks the case, reads all that its rules need in the same round trip, and writes everything in a second one.
/// </summary>
internal sealed class TaskTransaction : IAsyncDisposable
{
    private readonly InstanceTransaction _transaction;
    private readonly TaskRequest _request;
    private readonly Operation _operation;
    private readonly Person _actor;

    private readonly TaskDesk _desk;

    private TaskTransaction(TaskDesk desk, InstanceTransaction transaction, TaskRequest request, Operation operation, Person actor) =>
        (_desk, _transaction, _request, _operation, _actor) = (desk, transaction, request, operation, actor);

    /// <summary>The answer if the rules common to all verbs already give one.</summary>
    public TaskResult? Refusal { get; private set; }

    /// <summary>The task. Only there when nothing was refused.</summary>
    public TaskRow Task { get; private set; } = null!;

    /// <summary>The person the verb is about: whoever acts, or the assignee.</summary>
    public Subject Subject { get; private set; } = null!;

    public Instant Now => _transaction.Now;

    public InstanceTransaction Instance => _transaction;

    /// <summary>Locks and reads.</summary>
    /// <param name="desk">Where it is done.</param>
    /// <param name="verb">What is asked.</param>
    /// <param name="request">The request.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="subject">User name of whom it is about.</param>
    /// <param name="body">The rest of the request, for the operation id.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<TaskTransaction> OpenAsync(
        TaskDesk desk, TaskVerb verb, TaskRequest request, Person actor, string subject, string? body = null, CancellationToken cancel = default)
    {
        var operation = Operation.Of(actor.UserName, request.OperationId, verb.ToString(), request.TaskId.ToString(), $"{request.Revision}", body);
        var transaction = await InstanceTransaction.OpenAsync(
            desk.Runtime,
            actor.UserName,
            ("(select instance_id from task where id = $1)", request.TaskId),
            reads: [operation.Find(), Select(request.TaskId), Subject.Select(subject, request.TaskId, desk.Runtime.Clock.Now()), TaskClocks.Select(request.TaskId)],
            moves: verb is TaskVerb.Complete or TaskVerb.Cancel,
            cancel: cancel);
        var task = new TaskTransaction(desk, transaction, request, operation, actor);
        try
        {
            task.Refusal = await task.ReadAsync(verb, cancel);
            return task;
        }
        catch
        {
            await task.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the subject may not have this task, or null if they may: candidate or team member, skilled, and not one of the excluded steps' people.</summary>
    public TaskResult? WhyNotEligible()
    {
        if (!Subject.IsActive)
            return new TaskResult.Forbidden("This person is not active.");
        if (!Task.Candidates.Contains(Subject.UserName, StringComparer.OrdinalIgnoreCase) && !(Task.Team is { } team && Subject.Teams.Contains(team)))
            return new TaskResult.Forbidden($"{Subject.DisplayName} is not a candidate for this task.");
        if (Task.RequiredSkills.Except(Subject.Skills).FirstOrDefault() is { } missing)
            return new TaskResult.Forbidden($"{Subject.DisplayName} lacks the skill '{missing}' that this task requires.");
        return Subject.ExcludedBy is { } step ? new TaskResult.ExcludedByFourEyes(step.Id, step.Title) : null;
    }

    /// <summary>Whether whoever asks may move other people's work: supervisors, administrators and the lead of the task's team.</summary>
    public bool MayMoveWork => _actor.Is(Roles.Supervisor, Roles.Administrator) || Subject.ActorLeadsTeam;

    /// <summary>The owner, as far as the rules of a verb need to know.</summary>
    public bool IsOwner => Task.OwnerId == _actor.Id;

    /// <summary>Clocks of the task, read under the lock.</summary>
    public IReadOnlyList<StoredClock> Clocks { get; private set; } = [];

    /// <summary>The task was done: its clocks have their answer.</summary>
    public void StopClocks()
    {
        foreach (var clock in Clocks)
            _desk.ServiceLevels.StopClock(_transaction, clock);
    }

    /// <summary>The task is not to be done: its clocks no longer matter.</summary>
    public void CancelClocks(string reason)
    {
        foreach (var clock in Clocks)
            _desk.ServiceLevels.CancelClock(_transaction, _transaction.History, clock, reason);
    }

    public void Write(string sql, params ReadOnlySpan<object?> values) => _transaction.Write(sql, values);

    /// <summary>Records what happened, remembers the answer and commits.</summary>
    public async Task<TaskResult> CommitAsync(string action, TaskAnswer answer, object? payload, CancellationToken cancel)
    {
        _transaction.Record(new(action, "task", Ids.Text(Task.Id), answer.Revision, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options)) { ActivityId = Task.ActivityId });
        var remember = _operation.Remember(JsonSerializer.SerializeToUtf8Bytes(answer, TaskJson.Options), Now);
        _transaction.Write(remember);
        _transaction.Announce(new(ChangeKind.Task, Task.Id));
        await _transaction.CommitAsync(cancel);
        return new TaskResult.Done(answer);
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    private static Npgsql.NpgsqlBatchCommand Select(Guid id) => Sql.Command(
        """
        select id, instance_id, bookmark_id, definition_version_id, activity_id, title, state, revision, owner_id, team, candidates,
            required_skills, outcomes, form, form_name, outcome, ended_by, ended_at, changed_by, changed_at, priority
        from task where id = $1
        """,
        id);

    private async Task<TaskResult?> ReadAsync(TaskVerb verb, CancellationToken cancel)
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
        await _transaction.NextResultAsync(cancel);
        if (await Subject.ReadAsync(reads, _actor.Id, cancel) is not { } subject)
            return new TaskResult.InvalidRequest("person", "There is no such person.");
        Subject = subject;
        await _transaction.NextResultAsync(cancel);
        Clocks = await TaskClocks.ReadAsync(reads, cancel);
        await _transaction.DoneReadingAsync();

        if (Task.State.IsTerminal())
            return new TaskResult.AlreadyEnded(Task.State, Task.Outcome, Task.EndedBy!, Task.EndedAt!.Value);
        if (Task.Revision != _request.Revision)
            return new TaskResult.StaleRevision(_request.Revision, Task.Revision, Task.State, Task.ChangedBy, Task.ChangedAt);
        return TaskLifeCycle.Allows(Task.State, verb) ? null : new TaskResult.WrongState(Task.State, verb);
    }

    private static TaskRow Read(DbDataReader r) => new(
        r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.GetString(3), r.GetString(4), r.GetString(5), Enum.Parse<TaskState>(r.GetString(6)), r.GetInt32(7), r.GuidOrNull(8), r.Text(9),
        r.GetFieldValue<string[]>(10), r.GetFieldValue<string[]>(11), r.GetFieldValue<string[]>(12), r.Text(13), r.Text(14), r.Text(15), r.Text(16), r.InstantOrNull(17), r.GetString(18),
        r.Instant(19), r.GetInt16(20));
}

/// <summary>What the rules need to know of a person in relation to a task.</summary>
internal sealed record Subject(Guid Id, string UserName, string DisplayName, bool IsActive, string[] Teams, string[] Skills, bool ActorLeadsTeam, (string Id, string Title)? ExcludedBy)
{
    /// <summary>Four eyes is judged by person: whoever has worked on an excluded step of the same case.</summary>
    public static Npgsql.NpgsqlBatchCommand Select(string person, Guid task, Instant today) => Sql.Command(
        """
        select p.id, p.user_name, p.display_name, p.active,
            array(select m.team_key from team_member m where m.person_id = p.id),
            array(select s.skill from person_skill s where s.person_id = p.id and (s.certified_until is null or s.certified_until > $3::date)),
            (select l.lead_id from team l where l.key = t.team),
            x.activity_id, x.title
        from person p
        join task t on t.id = $2
        left join lateral (
            select o.activity_id, o.title from task o
            where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps) and p.id = any(o.actors) limit 1) x on true
        where lower(p.user_name) = lower($1)
        """,
        person, task, today);

    public static async Task<Subject?> ReadAsync(DbDataReader r, Guid actor, CancellationToken cancel) => await r.ReadAsync(cancel)
        ? new(
            r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetBoolean(3), r.GetFieldValue<string[]>(4), r.GetFieldValue<string[]>(5), r.GuidOrNull(6) == actor,
            r.Text(7) is { } step ? (step, r.GetString(8)) : null)
        : null;
}

internal static class TaskJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };
}
