using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>A change to a case by hand that needed, or needs, a second person.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Summary">What it does, in words.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedBy">User name of the person, or the name of the API key, that requested it.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="State"><c>Pending</c>, <c>Approved</c> (and done) or <c>Refused</c>.</param>
/// <param name="DecidedBy">User name of the second person.</param>
/// <param name="DecidedAt">When.</param>
public sealed record CaseChange(
    Guid Id,
    string Summary,
    string Reason,
    string RequestedBy,
    Instant RequestedAt,
    string State,
    string? DecidedBy,
    Instant? DecidedAt
);

/// <summary>A change that waits for a second person, with what it changes.</summary>
/// <param name="Change">The request.</param>
/// <param name="Run">The run that it changes, or the one that started it.</param>
/// <param name="Case">The case that this is, or null.</param>
/// <param name="Subject">Reference of the case, or name of the run or its journey.</param>
public sealed record RequestedChange(CaseChange Change, Guid Run, Guid? Case, string Subject);

/// <summary>How changing a case went.</summary>
public abstract record AlterCaseResult
{
    private AlterCaseResult() { }

    /// <summary>It is done.</summary>
    public sealed record Done(AlterationResult Result) : AlterCaseResult;

    /// <summary>A second person must approve it first.</summary>
    public sealed record Pending(Guid Change) : AlterCaseResult;

    /// <summary>Nothing was changed.</summary>
    public sealed record Refused(string Reason) : AlterCaseResult;

    /// <summary>The person who requested a change can't approve it.</summary>
    public sealed record SamePerson : AlterCaseResult;

    /// <summary>Someone has decided it already.</summary>
    public sealed record Decided(string By) : AlterCaseResult;

    public sealed record NotFound : AlterCaseResult;
}

/// <summary>
/// Changes a live case, or a run without a case that people work in, by hand: variables, steps, version, or the end of it. Each change has a reason, is in
/// its history and is told to the people who work on it. One that could pass a rule of four eyes, review, skills or authority (<see cref="SecondPerson"/>) is
/// done only when a second person approves it.
/// </summary>
public static class AlterCase
{
    /// <summary>Does it, or asks for a second person.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="run">The case, or a child workflow of it.</param>
    /// <param name="case">The case, or the run that started the others if they belong to no case.</param>
    /// <param name="alterations">As Elsa writes them, each readable by <see cref="Alteration.Read"/>.</param>
    /// <param name="reason">Why.</param>
    /// <param name="actor">Who.</param>
    /// <param name="isPerson">Whether that is a person. What needs two people can't be requested with an API key: its holder could approve it.</param>
    public static async Task<AlterCaseResult> RunAsync(
        WorkflowRuntime runtime,
        Guid run,
        Guid @case,
        JsonArray alterations,
        string reason,
        string actor,
        bool isPerson,
        CancellationToken cancel = default
    )
    {
        if (await InstanceQueries.FindAsync(runtime.Database, run, cancel) is not { State: var state })
            return new AlterCaseResult.NotFound();
        var read = SecondPerson.WithRetries(Read(alterations), state);
        if (!await SecondPerson.IsNeededAsync(runtime, state, read, cancel))
            return Of(await Alterations.RunAsync(runtime, run, read, actor, new(reason), cancel));
        if (!isPerson)
            return new AlterCaseResult.Refused("A second person must approve this change, so a person must request it. An API key can't.");

        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", @case), moves: false, cancel: cancel);
        var id = Ids.New(transaction.Now);
        var workflow = await runtime.Definitions.GetVersionAsync(state.DefinitionVersionId, cancel);
        var summary = string.Join("; ", read.Select(alteration => Describe(alteration, workflow, state)));
        transaction.Write(
            """
            insert into case_change (id, instance_id, case_id, alterations, summary, reason, requested_by, requested_at, state)
            values ($1, $2, $3, $4, $5, $6, $7, $8, 'Pending')
            """,
            id,
            run,
            @case,
            new Json(JsonSerializer.SerializeToUtf8Bytes(alterations)),
            summary,
            reason,
            actor,
            transaction.Now
        );
        transaction.Record(new("case.change-requested", "case-change", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { summary, reason })));
        await TellAsync(transaction, Changed, $"A change to {{0}} was requested by {actor}", $"{summary}. {reason}", cancel, run);
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new AlterCaseResult.Pending(id);
    }

    /// <summary>
    /// Whether a second person must approve it, if it is done later. A failed step can have been retried by then, so that its retry counts too.
    /// </summary>
    public static async Task<bool> NeedsSecondPersonAsync(WorkflowRuntime runtime, Guid run, JsonArray alterations, CancellationToken cancel = default) =>
        await InstanceQueries.FindAsync(runtime.Database, run, cancel) is { State: var state }
        && await SecondPerson.IsNeededAsync(runtime, state, Read(alterations), cancel);

    /// <summary>Does a requested change, in the name of both.</summary>
    public static async Task<AlterCaseResult> ApproveAsync(WorkflowRuntime runtime, Guid @case, Guid change, Person actor, CancellationToken cancel = default)
    {
        if (await FindAsync(runtime.Database, @case, change, cancel) is not var (run, alterations, found))
            return new AlterCaseResult.NotFound();
        if (found.DecidedBy is { } by)
            return new AlterCaseResult.Decided(by);
        if (found.RequestedBy == actor.UserName)
            return new AlterCaseResult.SamePerson();
        var cause = new AlterationCause(found.Reason, found.RequestedBy)
        {
            Also = async (transaction, cancelled) =>
                await DecideAsync(transaction, change, "Approved", cancelled) ? null : "Someone else has just decided this change.",
        };
        return Of(await Alterations.RunAsync(runtime, run, Read(alterations), actor.UserName, cause, cancel));
    }

    /// <summary>Refuses a requested change, or withdraws one's own.</summary>
    public static async Task<AlterCaseResult> RefuseAsync(
        WorkflowRuntime runtime,
        Guid @case,
        Guid change,
        string reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (await FindAsync(runtime.Database, @case, change, cancel) is not var (_, _, found))
            return new AlterCaseResult.NotFound();
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor.UserName, ("$1", @case), moves: false, cancel: cancel);
        if (!await DecideAsync(transaction, change, "Refused", cancel))
            return new AlterCaseResult.Decided(found.DecidedBy ?? "Someone else");
        transaction.Record(
            new("case.change-refused", "case-change", Ids.Text(change), 0, JsonSerializer.SerializeToUtf8Bytes(new { summary = found.Summary, reason }))
        );
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new AlterCaseResult.Done(new(null, []));
    }

    /// <summary>Changes of a case that were requested, newest first.</summary>
    public static async Task<IReadOnlyList<CaseChange>> ListAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Columns} where case_id = $1 order by requested_at desc, id desc limit 200", @case);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var changes = new List<CaseChange>();
        while (await reader.ReadAsync(cancel))
            changes.Add(Change(reader));
        return changes;
    }

    /// <summary>
    /// Changes that wait for a second person, of cases that someone sees and of runs without a case, oldest first. They may change live cases, so they
    /// see what others want to change.
    /// </summary>
    public static async Task<IReadOnlyList<RequestedChange>> PendingAsync(WorkflowRuntime runtime, Person viewer, CancellationToken cancel = default)
    {
        var (seen, values) = RunVisibility.Of(Viewer.Of(viewer, otherRuns: true), runtime.Clock.Now(), 1) ?? ("true", []);
        await using var query = runtime.Database.Query(
            $"""
            select x.id, x.summary, x.reason, x.requested_by, x.requested_at, x.state, x.decided_by, x.decided_at,
                i.id, c.id, coalesce(c.reference, i.name, d.name, i.definition_id)
            from case_change x join workflow_instance i on i.id = x.case_id left join journey_case c on c.id = i.id
                left join workflow_definition d on d.id = i.definition_version_id
            where x.state = 'Pending' and {seen} order by x.requested_at, x.id limit 200
            """,
            values
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var changes = new List<RequestedChange>();
        while (await reader.ReadAsync(cancel))
            changes.Add(new(Change(reader), reader.GetGuid(8), reader.GuidOrNull(9), reader.GetString(10)));
        return changes;
    }

    /// <summary>The case, or the run without a case, that a requested change is about; null if the person sees no such change.</summary>
    public static async Task<Guid?> RunOfAsync(WorkflowRuntime runtime, Guid change, Person viewer, CancellationToken cancel = default)
    {
        var (seen, values) = RunVisibility.Of(Viewer.Of(viewer, otherRuns: true), runtime.Clock.Now(), 2) ?? ("true", []);
        await using var query = runtime.Database.Query(
            $"select i.id from case_change x join workflow_instance i on i.id = x.case_id where x.id = $1 and {seen}",
            [change, .. values]
        );
        return await query.ExecuteScalarAsync(cancel) as Guid?;
    }

    /// <summary>
    /// Tells the people who work on a case that one of its runs was changed, in the transaction that changes it (<see cref="WorkflowRuntime.Altering"/>).
    /// </summary>
    internal static Task ToldAsync(InstanceTransaction transaction, string done, AlterationCause? cause, CancellationToken cancel) =>
        transaction.State is { ParentInstanceId: null, SubStatus: WorkflowSubStatus.Cancelled }
            ? CancelledAsync(transaction, cause?.Reason ?? "", cancel)
            : TellAsync(transaction, Changed, $"{{0}} was changed by {transaction.Actor}", $"{done} {cause?.Reason}".Trim(), cancel);

    /// <summary>
    /// Tells the people who work on a case that it is cancelled, in the transaction that cancels it. Its child workflows are cancelled a little later; their
    /// people are told now too.
    /// </summary>
    internal static Task CancelledAsync(InstanceTransaction transaction, string reason, CancellationToken cancel) =>
        TellAsync(transaction, "task.cancelled", $"{{0}} was cancelled by {transaction.Actor}", reason, cancel);

    private const string Changed = "case.changed";

    private const string Columns = """
        select id, summary, reason, requested_by, requested_at, state, decided_by, decided_at, instance_id, alterations from case_change
        """;

    private static async Task<(Guid Run, JsonArray Alterations, CaseChange Change)?> FindAsync(
        NpgsqlDataSource database,
        Guid @case,
        Guid change,
        CancellationToken cancel
    )
    {
        await using var query = database.Query($"{Columns} where case_id = $1 and id = $2", @case, change);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(8), JsonNode.Parse(reader.Utf8(9))!.AsArray(), Change(reader)) : null;
    }

    private static CaseChange Change(NpgsqlDataReader r) =>
        new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Instant(4), r.GetString(5), r.Text(6), r.InstantOrNull(7));

    private static async Task<bool> DecideAsync(InstanceTransaction transaction, Guid change, string state, CancellationToken cancel)
    {
        await using var reader = await transaction.QueryAsync(
            Sql.Command(
                "update case_change set state = $2, decided_by = $3, decided_at = $4 where id = $1 and state = 'Pending' returning id",
                change,
                state,
                transaction.Actor,
                transaction.Now
            ),
            cancel
        );
        return await reader.ReadAsync(cancel);
    }

    private static async Task TellAsync(InstanceTransaction transaction, string kind, string title, string body, CancellationToken cancel, Guid? changed = null)
    {
        var run = changed ?? transaction.InstanceId!.Value;
        var workers = new List<(Guid Person, Guid Task, string Case)>();
        await using (
            var reader = await transaction.QueryAsync(
                Sql.Command(
                    """
                    with recursive run (id) as (
                        select run_root(i.id, i.parent_id) from workflow_instance i where i.id = $1
                        union all select c.id from run join workflow_instance c on c.parent_id = run.id)
                    select distinct on (p.id) p.id, t.id, coalesce(c.reference, i.name, t.title)
                    from run join task t on t.instance_id = run.id join person p on p.id in (t.owner_id, t.reviewer_id)
                        join workflow_instance i on i.id = $1 left join journey_case c on c.id = run_root(i.id, i.parent_id)
                    where t.ended_at is null and p.user_name <> $2 order by p.id, t.instance_id <> $1, t.id
                    """,
                    run,
                    transaction.Actor
                ),
                cancel
            )
        )
        {
            while (await reader.ReadAsync(cancel))
                workers.Add((reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2)));
        }

        foreach (var (person, task, @case) in workers)
        {
            var line = title.Replace("{0}", @case, StringComparison.Ordinal);
            Notify.Write(transaction, person, kind, char.ToUpperInvariant(line[0]) + line[1..], body, task);
        }
    }

    private static List<Alteration> Read(JsonArray alterations) => [.. alterations.OfType<JsonObject>().Select(a => Alteration.Read(a).Alteration!)];

    private static AlterCaseResult Of(AlterationResult result) =>
        !result.IsFound ? new AlterCaseResult.NotFound()
        : result.Refused is { } refused ? new AlterCaseResult.Refused(refused)
        : new AlterCaseResult.Done(result);

    private static string Describe(Alteration alteration, CompiledWorkflow workflow, InstanceState state) =>
        alteration switch
        {
            Alteration.ModifyVariable modify =>
                $"Set {workflow.Variables.FirstOrDefault(v => v.Id == modify.VariableId)?.Name ?? modify.VariableId} to {WorkflowData.ToJson(modify.Value)}",
            Alteration.ScheduleActivity schedule => $"Run “{Step(schedule.ActivityId, schedule.ActivityInstanceId, workflow, state)}”",
            Alteration.CancelActivity one => $"Stop “{Step(one.ActivityId, one.ActivityInstanceId, workflow, state)}”",
            Alteration.Migrate migrate => $"Continue in version {migrate.TargetVersion} of the journey",
            _ => "Cancel the case",
        };

    private static string? Step(string? activity, string? instance, CompiledWorkflow workflow, InstanceState state)
    {
        var node =
            activity is not null ? workflow.FindActivity(activity)
            : state.Executions.FirstOrDefault(e => e.Id == instance) is { } execution ? workflow.FindNode(execution.NodeId)
            : null;
        return node?.Literal("Title") as string ?? node?.CanvasText ?? node?.Name ?? activity ?? instance;
    }
}
