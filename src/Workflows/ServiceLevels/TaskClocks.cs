using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>A stored clock.</summary>
public sealed record StoredClock(Guid Id, ClockState State);

/// <summary>Reading and writing clocks.</summary>
internal static class TaskClocks
{
    /// <summary>Live clocks of a task.</summary>
    public static NpgsqlBatchCommand Select(Guid task) => Sql.Command("select id, state from sla_clock where task_id = $1 and status in ('Running', 'Paused')", task);

    /// <summary>Reads what <see cref="Select"/> selects.</summary>
    public static async Task<IReadOnlyList<StoredClock>> ReadAsync(DbDataReader r, CancellationToken cancel)
    {
        var clocks = new List<StoredClock>();
        while (await r.ReadAsync(cancel))
            clocks.Add(new(r.GetGuid(0), ClockJson.Read(r.GetString(1))));
        return clocks;
    }

    /// <summary>A task waits: clocks whose policies know the reason stand still. Returns when the task is due now.</summary>
    public static Instant? Pause(InstanceTransaction transaction, ServiceLevelCatalog serviceLevels, IReadOnlyList<StoredClock> clocks, string reason) =>
        Change(transaction, clocks, clock => clock.Policy.PauseReasons.Contains(reason) ? Clock.Pause(clock, serviceLevels.CalendarOf(clock), transaction.Now, reason) : null, serviceLevels, "sla.paused", reason);

    /// <summary>A task waits no more. Returns when it is due now.</summary>
    public static Instant? Resume(InstanceTransaction transaction, ServiceLevelCatalog serviceLevels, IReadOnlyList<StoredClock> clocks) =>
        Change(transaction, clocks, clock => clock.Status == ClockStatus.Paused ? Clock.Resume(clock, serviceLevels.CalendarOf(clock), transaction.Now, "task.resumed") : null, serviceLevels, "sla.resumed", null);

    private static Instant? Change(
        InstanceTransaction transaction, IReadOnlyList<StoredClock> clocks, Func<ClockState, ClockChange?> change, ServiceLevelCatalog serviceLevels, string action, string? reason)
    {
        Instant? due = null;
        foreach (var clock in clocks)
        {
            var state = clock.State;
            if (change(state) is { } changed && changed.State != state)
            {
                state = changed.State;
                serviceLevels.Store(transaction, clock.Id, changed);
                transaction.Record(new(action, "clock", Ids.Text(clock.Id), state.Generation, JsonSerializer.SerializeToUtf8Bytes(
                    new { policy = state.Policy.Id, due = state.DueAt?.ToString(), reason }, JsonSerializerOptions.Web)));
            }

            if (state.DueAt is { } at && (due is null || at < due))
                due = at;
        }

        return due;
    }
}
