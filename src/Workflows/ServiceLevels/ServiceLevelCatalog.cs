using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// The calendars, SLA policies and forms in force, parsed, in this host's memory; and how clocks of tasks become rows. Read-only snapshot, replaced as a whole when a
/// setting changed. Running clocks carry the policy they started with.
/// </summary>
public sealed class ServiceLevelCatalog(SettingDocuments settings)
{
    private volatile Snapshot _snapshot = new([], [], [], [], Enumerable.Empty<SlaPolicy>().ToLookup(_ => ""));

    /// <summary>Calendars by id.</summary>
    public IReadOnlyDictionary<string, BusinessCalendar> Calendars => _snapshot.Calendars;

    /// <summary>Policies of cases that an event may start a clock of.</summary>
    internal IEnumerable<SlaPolicy> StartedBy(string caseEvent) => _snapshot.ByStart[caseEvent];

    /// <summary>Policies by id.</summary>
    public IReadOnlyDictionary<string, SlaPolicy> Policies => _snapshot.Policies;

    /// <summary>Forms by name, as JSON text.</summary>
    public IReadOnlyDictionary<string, string> Forms => _snapshot.Forms;

    /// <summary>Reads everything in force again.</summary>
    public async Task LoadAsync(CancellationToken cancel = default)
    {
        var documents = await settings.ListAsync(null, cancel);
        var calendars = new Dictionary<string, BusinessCalendar>();
        var versions = new Dictionary<string, BusinessCalendar>();
        var policies = new Dictionary<string, SlaPolicy>();
        foreach (var document in documents.Where(d => d.Kind == SettingKind.Calendar))
        {
            if (BusinessCalendar.TryParse(document.Document, out var calendar, out _))
                versions[calendar.Fingerprint] = calendars[document.Name] = calendar;
        }

        foreach (var document in await settings.SupersededAsync(SettingKind.Calendar, cancel))
        {
            if (BusinessCalendar.TryParse(document.Document, out var calendar, out _))
                versions.TryAdd(calendar.Fingerprint, calendar);
        }

        foreach (var document in documents.Where(d => d.Kind == SettingKind.Sla))
        {
            if (SlaPolicy.TryParse(document.Document, calendars.ContainsKey, out var policy, out _))
                policies[document.Name] = policy;
        }

        _snapshot = new(
            calendars,
            versions,
            policies,
            documents.Where(d => d.Kind == SettingKind.Form).ToDictionary(d => d.Name, d => d.Document),
            policies.Values.Where(p => p.Subject == SlaSubject.Case).OrderBy(p => p.Id, StringComparer.Ordinal).SelectMany(p => p.Start.Events, (p, e) => (Event: e, Policy: p)).ToLookup(x => x.Event, x => x.Policy));
    }

    /// <summary>The policy a human step asks for, or what is wrong with what it asks for, or neither when it asks for none.</summary>
    public (SlaPolicy? Policy, string? Problem) Resolve(string? policy, string? duration, string? unit, string? calendar)
    {
        var snapshot = _snapshot;
        if (!string.IsNullOrWhiteSpace(policy))
            return snapshot.Policies.TryGetValue(policy, out var found) ? (found, null) : (null, $"There is no SLA policy '{policy}'.");
        if (string.IsNullOrWhiteSpace(duration))
            return (null, null);
        if (!SlaTarget.TryParse(duration, unit ?? "elapsed", out var target, out var reason))
            return (null, $"SLA duration: {reason}.");
        var name = string.IsNullOrWhiteSpace(calendar) ? "24x7" : calendar;
        return snapshot.Calendars.ContainsKey(name) ? (SlaPolicy.Inline(target, name), null) : (null, $"There is no calendar '{name}'.");
    }

    /// <summary>The very version of the calendar a clock was computed with: editing a calendar changes no running clock. One this host has not heard of yet is taken for the one in force.</summary>
    public BusinessCalendar CalendarOf(ClockState clock) =>
        _snapshot.Versions.TryGetValue(clock.CalendarFingerprint, out var calendar) || _snapshot.Calendars.TryGetValue(clock.Policy.Calendar, out calendar)
            ? calendar
            : throw new InvalidOperationException($"Calendar '{clock.Policy.Calendar}' of policy '{clock.Policy.Id}' is missing.");

    /// <summary>Starts the clock of a task that opens now, or null when its step asks for none.</summary>
    internal ClockState? Start(OpenTask open, Instant now) =>
        Resolve(open.SlaPolicy, open.SlaDuration, open.SlaUnit, open.SlaCalendar).Policy is { } policy ? Clock.Start(policy, _snapshot.Calendars[policy.Calendar], now, now, "task.opened") : null;

    /// <summary>Writes a new clock and the deadline of its first rung.</summary>
    internal void Attach(BurstWriteContext context, ClockState clock, Guid task)
    {
        var transaction = context.Transaction;
        var now = transaction.Now;
        var id = Ids.New(now);
        transaction.Write(
            "insert into sla_clock (id, instance_id, task_id, policy, kind, status, due_at, breached, generation, state, created_at, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
            id, context.InstanceId, task, clock.Policy.Id, clock.Policy.Kind.ToString().ToLowerInvariant(), clock.Status.ToString(), clock.DueAt, clock.Breached, clock.Generation, StateOf(clock), now);
        if (Ladder.NextAt(clock, CalendarOf(clock)) is { } next)
            transaction.Write("insert into deadline (id, kind, due_at, instance_id, subject_id, generation) values ($1, 'rung', $2, $3, $4, $5)", Ids.New(now), next.Truncated(), context.InstanceId, id, clock.Generation);
        context.History.Add(new("sla.started", "clock", Ids.Text(id), clock.Generation, JsonSerializer.SerializeToUtf8Bytes(
            new { policy = clock.Policy.Id, target = clock.Target.ToString(), due = clock.DueAt?.ToString(), task = Ids.Text(task) }, TaskJson.Options)));
    }

    /// <summary>The goal was reached.</summary>
    internal void StopClock(InstanceTransaction transaction, StoredClock clock) => End(transaction, transaction.Record, clock, Clock.Stop(clock.State, CalendarOf(clock.State), transaction.Now), "task completed");

    /// <summary>The goal no longer matters.</summary>
    internal void CancelClock(InstanceTransaction transaction, HistoryAppend history, StoredClock clock, string reason) =>
        End(transaction, history.Add, clock, Clock.Cancel(clock.State, CalendarOf(clock.State), transaction.Now), reason);

    /// <summary>Statement that stores a changed clock.</summary>
    internal static NpgsqlBatchCommand Update(Guid id, ClockState clock, Instant now) => Sql.Command(
        "update sla_clock set status = $2, due_at = $3, breached = $4, generation = $5, state = $6, changed_at = $7 where id = $1",
        id, clock.Status.ToString(), clock.DueAt, clock.Breached, clock.Generation, StateOf(clock), now);

    /// <summary>Writes a clock that paused or goes on, its ledger, and the deadline of its next rung.</summary>
    internal void Store(InstanceTransaction transaction, Guid id, ClockChange change)
    {
        WriteChange(transaction, id, change);
        if (Ladder.NextAt(change.State, CalendarOf(change.State)) is { } next)
            transaction.Write("insert into deadline (id, kind, due_at, instance_id, subject_id, generation) values ($1, 'rung', $2, $3, $4, $5)", Ids.New(transaction.Now), next.Truncated(), transaction.InstanceId, id, change.State.Generation);
    }

    private static void WriteChange(InstanceTransaction transaction, Guid id, ClockChange change)
    {
        transaction.Write(Update(id, change.State, transaction.Now));
        transaction.Write("delete from deadline where subject_id = $1 and kind = 'rung'", id);
        var rows = change.Rows;
        if (rows.Count > 0)
        {
            transaction.Write(
                "insert into sla_ledger (clock_id, generation, from_at, to_at, kind, cause, counted) select $1, * from unnest($2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])",
                id, rows.Select(r => r.Generation).ToArray(), rows.Select(r => r.From).ToArray(), rows.Select(r => r.To).ToArray(), rows.Select(r => r.Kind.ToString()).ToArray(),
                rows.Select(r => r.Cause).ToArray(), rows.Select(r => r.Counted.ToInt64Nanoseconds() / 1000).ToArray());
        }
    }

    private static void End(InstanceTransaction transaction, Action<HistoryEvent> record, StoredClock clock, ClockChange change, string reason)
    {
        WriteChange(transaction, clock.Id, change);
        record(new(
            change.State.Status == ClockStatus.Cancelled ? "sla.cancelled" : change.State.Breached ? "sla.missed" : "sla.met",
            "clock", Ids.Text(clock.Id), change.State.Generation, JsonSerializer.SerializeToUtf8Bytes(new { policy = change.State.Policy.Id, due = change.State.DueAt?.ToString(), reason }, TaskJson.Options)));
    }

    private static Json StateOf(ClockState clock) => new(Encoding.UTF8.GetBytes(ClockJson.Write(clock)));

    private sealed record Snapshot(
        Dictionary<string, BusinessCalendar> Calendars, Dictionary<string, BusinessCalendar> Versions, Dictionary<string, SlaPolicy> Policies, Dictionary<string, string> Forms,
        ILookup<string, SlaPolicy> ByStart);
}
