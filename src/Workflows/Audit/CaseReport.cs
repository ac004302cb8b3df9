using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Audit;

/// <summary>A task for an auditor.</summary>
/// <param name="Id">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="Team">Key of its team, or null.</param>
/// <param name="State">Its state.</param>
/// <param name="Outcome">How it was completed, or null.</param>
/// <param name="Owner">Name of its owner, or null.</param>
/// <param name="OpenedAt">When it opened.</param>
/// <param name="ClaimedAt">When someone claimed it.</param>
/// <param name="StartedAt">When work began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="EndReason">Why it ended without being completed.</param>
/// <param name="Data">What was entered; null: nothing, or the reader may not see it.</param>
/// <param name="Comments">Its comments, oldest first.</param>
/// <param name="Files">Its files.</param>
public sealed record ReportedTask(
    Guid Id,
    string Title,
    string? Team,
    string State,
    string? Outcome,
    string? Owner,
    Instant OpenedAt,
    Instant? ClaimedAt,
    Instant? StartedAt,
    Instant? EndedAt,
    string? EndReason,
    JsonElement? Data,
    IReadOnlyList<ReportedComment> Comments,
    IReadOnlyList<ReportedFile> Files
);

/// <summary>A comment.</summary>
public sealed record ReportedComment(string Author, string Body, Instant At);

/// <summary>A file, with its SHA-256 in hexadecimal digits.</summary>
public sealed record ReportedFile(string Name, string ContentType, long Size, string Hash, string AddedBy, Instant At);

/// <summary>An interval of a deadline.</summary>
/// <param name="Clock">Its clock.</param>
/// <param name="Name">Name of the deadline.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When it ended.</param>
/// <param name="Kind">Ran, Paused or OutsideHours.</param>
/// <param name="Cause">Why.</param>
/// <param name="Counted">Time it used.</param>
public sealed record ReportedInterval(Guid Clock, string Name, Instant From, Instant To, string Kind, string Cause, Duration Counted);

/// <summary>
/// What an auditor asks for besides the timeline: tasks with their data, ledgers of deadlines, decisions on amounts, who opened the case, and what proves the
/// history.
/// </summary>
/// <param name="Tasks">Tasks, in their order.</param>
/// <param name="Ledger">Every interval of every deadline.</param>
/// <param name="Events">Events in the history.</param>
/// <param name="Leaf">Leaf of the last one, in hexadecimal digits.</param>
/// <param name="TreeHead">The newest signed tree head, or null.</param>
/// <param name="InLog">Events of the history that are in the Merkle log.</param>
/// <param name="Decisions">Decisions on amounts with the limit in force then, newest first.</param>
/// <param name="Access">Who opened the case, its tasks and files, the newest 500; <c>next</c> is the cursor of the access log for the rest.</param>
public sealed record CaseReport(
    IReadOnlyList<ReportedTask> Tasks,
    IReadOnlyList<ReportedInterval> Ledger,
    int Events,
    string Leaf,
    string? TreeHead,
    long InLog,
    IReadOnlyList<AuthorityDecision> Decisions,
    Page<AccessRow> Access
)
{
    private const int MostOpenings = 500;

    /// <summary>Reads it. The caller has checked that the person can see the case, and has flushed the access log.</summary>
    /// <param name="hidesData">Whether data of tasks are left out, because a fact of the case is hidden from the reader.</param>
    public static async Task<CaseReport> ReadAsync(WorkflowRuntime runtime, Guid id, bool hidesData, CancellationToken cancel = default)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select c.task_id, coalesce(p.display_name, c.author), c.body, c.created_at from task_comment c join task t on t.id = c.task_id
                left join person p on p.user_name = c.author where t.instance_id in (select run from runs_of(array[$1])) order by c.created_at, c.id
            """,
            id
        );
        batch.Add(
            """
            select a.task_id, a.name, a.content_type, a.size, a.hash, coalesce(p.display_name, a.added_by), a.created_at
            from task_attachment a join task t on t.id = a.task_id left join person p on p.user_name = a.added_by
            where t.instance_id in (select run from runs_of(array[$1])) order by a.created_at, a.id
            """,
            id
        );
        batch.Add(
            """
            select t.id, t.title, t.team, t.state, t.outcome, p.display_name, t.created_at, t.claimed_at, t.started_at, t.ended_at, t.end_reason, t.data::text
            from task t left join person p on p.id = t.owner_id
            where t.instance_id in (select run from runs_of(array[$1])) order by t.created_at, t.id
            """,
            id
        );
        batch.Add(
            """
            select c.id, c.name, l.from_at, l.to_at, l.kind, l.cause, l.counted from sla_clock c join sla_ledger l on l.clock_id = c.id
            where c.instance_id in (select run from runs_of(array[$1])) order by c.created_at, c.id, l.generation, l.from_at
            """,
            id
        );
        batch.Add(
            $"""
            select i.event_sequence, i.event_head, c.reference, c.created_at, (select note from log_head {KeptHead.NewestFirst} limit 1),
                (select count(*) from log_chain c join log_tile t on t.level = 0 and t.number = c.tile, unnest(t.chains) u(chain)
                    where c.chain_id = i.id and u.chain = i.id)
            from workflow_instance i join journey_case c on c.id = i.id where i.id = $1
            """,
            id
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var comments = new List<(Guid Task, ReportedComment Comment)>();
        while (await r.ReadAsync(cancel))
            comments.Add((r.GetGuid(0), new(r.GetString(1), r.GetString(2), r.Instant(3))));
        await r.NextResultAsync(cancel);
        var files = new List<(Guid Task, ReportedFile File)>();
        while (await r.ReadAsync(cancel))
        {
            var hash = Convert.ToHexStringLower(r.GetFieldValue<byte[]>(4));
            files.Add((r.GetGuid(0), new(r.GetString(1), r.GetString(2), r.GetInt64(3), hash, r.GetString(5), r.Instant(6))));
        }

        await r.NextResultAsync(cancel);
        var (commentsOf, filesOf) = (comments.ToLookup(c => c.Task, c => c.Comment), files.ToLookup(f => f.Task, f => f.File));
        var tasks = new List<ReportedTask>();
        while (await r.ReadAsync(cancel))
            tasks.Add(Read(r, hidesData, commentsOf, filesOf));
        await r.NextResultAsync(cancel);
        var ledger = new List<ReportedInterval>();
        while (await r.ReadAsync(cancel))
        {
            var counted = Duration.FromTicks(r.GetInt64(6) * 10);
            ledger.Add(new(r.GetGuid(0), r.GetString(1), r.Instant(2), r.Instant(3), r.GetString(4), r.GetString(5), counted));
        }

        await r.NextResultAsync(cancel);
        await r.ReadAsync(cancel);
        var (events, leaf, reference, started) = (r.GetInt32(0), Convert.ToHexStringLower(r.GetFieldValue<byte[]>(1)), r.GetString(2), r.Instant(3));
        var (head, inLog) = (r.Text(4), r.GetInt64(5));
        var decisions = new AuthorityFilter(started, runtime.Clock.Now() + Duration.FromDays(1), []) { Case = id };
        return new(
            tasks,
            ledger,
            events,
            leaf,
            head,
            inLog,
            (await AuthorityReport.ReadAsync(runtime, decisions, cancel)).Decisions,
            await AccessQueries.ListAsync(runtime.Database, new() { Case = reference, Limit = MostOpenings }, cancel)
        );
    }

    /// <summary>Notes in the history of a case that someone exported it.</summary>
    /// <param name="format">As what: <c>report</c> or <c>proof</c>.</param>
    public static async Task RecordAsync(WorkflowRuntime runtime, Guid id, string format, string actor, CancellationToken cancel = default)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", id), moves: false, cancel: cancel);
        if (transaction.InstanceId is null)
            return;
        transaction.Record(new("case.exported", "case", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { format })));
        await transaction.CommitAsync(cancel);
    }

    private static ReportedTask Read(NpgsqlDataReader r, bool hidesData, ILookup<Guid, ReportedComment> comments, ILookup<Guid, ReportedFile> files)
    {
        var id = r.GetGuid(0);
        return new(
            id,
            r.GetString(1),
            r.Text(2),
            r.GetString(3),
            r.Text(4),
            r.Text(5),
            r.Instant(6),
            r.InstantOrNull(7),
            r.InstantOrNull(8),
            r.InstantOrNull(9),
            r.Text(10),
            hidesData || r.Text(11) is not { } data ? null : JsonSerializer.Deserialize<JsonElement>(data),
            [.. comments[id]],
            [.. files[id]]
        );
    }
}
