using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>How a clock becomes rows: itself, the deadline of its next rung, and its ledger in one statement, and what its task and case keep of it.</summary>
internal static class ClockRows
{
    /// <summary>Writes the current state of a clock.</summary>
    public static void Write(
        InstanceTransaction transaction,
        Guid instance,
        Guid? task,
        Guid id,
        bool isNew,
        ClockState state,
        IReadOnlyList<LedgerRow> rows,
        ServiceLevelCatalog serviceLevels
    )
    {
        var now = transaction.Now;
        var calendar = serviceLevels.CalendarOf(state);
        var next = Ladder.NextAt(state, calendar)?.Truncated();
        var urgent = Urgent.Of(state, calendar);
        const string Ledgered = """
            , ledger as (insert into sla_ledger (clock_id, generation, from_at, to_at, kind, cause, counted) select $1, *
                from unnest($10::int[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::bigint[]))
            """;
        var rest = $"""
            {(rows.Count == 0 ? "" : Ledgered)}
            insert into deadline (id, kind, due_at, instance_id, subject_id, generation) select $16, 'rung', $17, $2, $1, $6 where $17::timestamptz is not null
            """;
        var clock = isNew
            ? Sql.Command(
                $"""
                with clock as (
                    insert into sla_clock (id, instance_id, task_id, policy, kind, status, due_at, breached, generation, state, created_at, changed_at,
                        name, risk_at, late_at)
                        values ($1, $2, $7, $8, $9, $3, $4, $5, $6, $18, $19, $19, $20, $21, $22))
                {rest}
                """,
                [
                    id,
                    instance,
                    state.Status.ToString(),
                    state.DueAt,
                    state.Breached,
                    state.Generation,
                    task,
                    state.Policy.Id,
                    state.Policy.Kind.ToString().ToLowerInvariant(),
                    .. Ledger(rows),
                    Ids.New(now),
                    next,
                    StateOf(state),
                    now,
                    state.Policy.Name,
                    urgent?.RiskAt,
                    urgent?.LateAt,
                ]
            )
            : Sql.Command(
                $"""
                with clock as (update sla_clock set status = $3, due_at = $4, breached = $5, generation = $6, state = $7, changed_at = $8, name = $18,
                        risk_at = $19, late_at = $20 where id = $1),
                    gone as (delete from deadline where subject_id = $1 and kind = $9)
                {rest}
                """,
                [
                    id,
                    instance,
                    state.Status.ToString(),
                    state.DueAt,
                    state.Breached,
                    state.Generation,
                    StateOf(state),
                    now,
                    "rung",
                    .. Ledger(rows),
                    Ids.New(now),
                    next,
                    state.Policy.Name,
                    urgent?.RiskAt,
                    urgent?.LateAt,
                ]
            );
        transaction.Write(clock);
        if (task is null && state.Policy.Kind == SlaKind.Promise)
        {
            transaction.Write(state.Ended ? OpenPromise.Gone : OpenPromise.Keep, state.Ended ? [id] : [id, instance, state.DueAt ?? state.OriginalDueAt]);
            if (state.Ended)
                transaction.Write(OpenPromise.Settle, id, Promises.StateOf(state, now).ToString(), state.EndedAt ?? now);
        }

        WorstClock.Keep(transaction, instance, task, id, urgent);
    }

    /// <summary>
    /// Statement that makes clocks that can't be read due at once: the sweeper then fails to act on them, and from then on they are on the jobs page.
    /// </summary>
    public static NpgsqlBatchCommand Report(Guid[] clocks, Instant now) =>
        Sql.Command(
            """
            with sooner as (update deadline set due_at = $2 where subject_id = any($1) and kind = 'rung' and attempts = 0 and due_at > $2)
            insert into deadline (id, kind, due_at, instance_id, subject_id)
                select gen_random_uuid(), 'rung', $2, c.instance_id, c.id from sla_clock c
                where c.id = any($1) and not exists (select from deadline d where d.subject_id = c.id and d.kind = 'rung')
            """,
            clocks,
            now
        );

    /// <summary>Runs <see cref="Report"/>.</summary>
    public static async Task ReportAsync(NpgsqlDataSource database, Guid[] clocks, Instant now, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Report(clocks, now));
        await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Statement that adds rows to a clock's ledger.</summary>
    public static NpgsqlBatchCommand Ledger(Guid id, IReadOnlyList<LedgerRow> rows) =>
        Sql.Command(
            """
            insert into sla_ledger (clock_id, generation, from_at, to_at, kind, cause, counted) select $1, *
                from unnest($2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])
            """,
            [id, .. Ledger(rows)]
        );

    private static object?[] Ledger(IReadOnlyList<LedgerRow> rows) =>
        [
            rows.Select(r => r.Generation).ToArray(),
            rows.Select(r => r.From).ToArray(),
            rows.Select(r => r.To).ToArray(),
            rows.Select(r => r.Kind.ToString()).ToArray(),
            rows.Select(r => r.Cause).ToArray(),
            rows.Select(r => r.Counted.ToInt64Nanoseconds() / 1000).ToArray(),
        ];

    private static Json StateOf(ClockState clock) => new(ClockJson.WriteUtf8(clock));
}

/// <summary>SQL of the rows of <c>open_promise</c>, written with the clock of a promise.</summary>
internal static class OpenPromise
{
    public const string Gone = "delete from open_promise where clock_id = $1";

    /// <summary>What became of it, in the ledger.</summary>
    public const string Settle = "update promise set outcome = $2, settled_at = $3 where clock_id = $1";

    public const string Keep =
        "insert into open_promise (clock_id, instance_id, due_at) values ($1, $2, $3) on conflict (clock_id) do update set due_at = excluded.due_at";
}
