using System.Text;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>How a clock becomes rows: itself, the deadline of its next rung, and its ledger. One statement for a clock that starts, one or two for one that changes.</summary>
internal static class ClockRows
{
    /// <summary>Writes a clock as it is now.</summary>
    public static void Write(
        InstanceTransaction transaction, Guid instance, Guid? task, Guid id, bool isNew, ClockState state, IReadOnlyList<LedgerRow> rows, ServiceLevelCatalog serviceLevels)
    {
        var now = transaction.Now;
        var next = Ladder.NextAt(state, serviceLevels.CalendarOf(state))?.Truncated();
        if (isNew)
        {
            transaction.Write(
                """
                with clock as (
                    insert into sla_clock (id, instance_id, task_id, policy, kind, status, due_at, breached, generation, state, created_at, changed_at)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11))
                insert into deadline (id, kind, due_at, instance_id, subject_id, generation) select $12, 'rung', $13, $2, $1, $9 where $13::timestamptz is not null
                """,
                id, instance, task, state.Policy.Id, state.Policy.Kind.ToString().ToLowerInvariant(), state.Status.ToString(), state.DueAt, state.Breached, state.Generation, StateOf(state), now, Ids.New(now), next);
        }
        else
        {
            transaction.Write(
                """
                with clock as (update sla_clock set status = $3, due_at = $4, breached = $5, generation = $6, state = $7, changed_at = $8 where id = $1),
                    gone as (delete from deadline where subject_id = $1 and kind = 'rung')
                insert into deadline (id, kind, due_at, instance_id, subject_id, generation) select $9, 'rung', $10, $2, $1, $6 where $10::timestamptz is not null
                """,
                id, instance, state.Status.ToString(), state.DueAt, state.Breached, state.Generation, StateOf(state), now, Ids.New(now), next);
        }

        if (rows.Count > 0)
            transaction.Write(Ledger(id, rows));
    }

    /// <summary>Statement that adds rows to a clock's ledger.</summary>
    public static NpgsqlBatchCommand Ledger(Guid id, IReadOnlyList<LedgerRow> rows) => Sql.Command(
        "insert into sla_ledger (clock_id, generation, from_at, to_at, kind, cause, counted) select $1, * from unnest($2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])",
        id, rows.Select(r => r.Generation).ToArray(), rows.Select(r => r.From).ToArray(), rows.Select(r => r.To).ToArray(), rows.Select(r => r.Kind.ToString()).ToArray(),
        rows.Select(r => r.Cause).ToArray(), rows.Select(r => r.Counted.ToInt64Nanoseconds() / 1000).ToArray());

    internal static Json StateOf(ClockState clock) => new(Encoding.UTF8.GetBytes(ClockJson.Write(clock)));
}
