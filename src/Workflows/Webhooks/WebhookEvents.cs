using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Webhooks;

/// <summary>
/// Turns history events into webhooks, in the transaction that writes the event: one effect for every endpoint that subscribes to its type.
/// </summary>
public static class WebhookEvents
{
    /// <summary>Type of the event that an administrator sends to try an endpoint.</summary>
    public const string Test = "webhook.test";

    /// <summary>The types an endpoint may ask for: actions of history that concern the outside.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        "case.started",
        "case.cancelled",
        "task.opened",
        "task.claimed",
        "task.assigned",
        "task.reassigned",
        "task.released",
        "task.started",
        "task.completed",
        "task.cancelled",
        "task.suspended",
        "task.resumed",
        "task.delegated",
        "task.forwarded",
        "task.skipped",
        "task.returned",
        "sla.started",
        "sla.breached",
        "sla.met",
        "sla.missed",
        "sla.over",
        "sla.paused",
        "sla.resumed",
        "effect.given-up",
    ];

    /// <summary>
    /// Adds the effects of the events to the batch that writes them. Who wants them is looked up by that statement itself: an endpoint that was added counts
    /// from the moment its addition is committed, on every host. What happens in a test case concerns no one outside.
    /// </summary>
    /// <param name="histories">Chains of instances, of the same time and actor.</param>
    /// <param name="batch">Where the effects go.</param>
    public static void Write(IReadOnlyList<HistoryAppend> histories, NpgsqlBatch batch)
    {
        var events = histories
            .SelectMany(h => h.Events.Where(e => Types.Contains(e.Action) && e.Entity != JournalEvents.Entity), (h, e) => (h.Chain, Event: e))
            .ToList();
        if (events.Count == 0)
            return;
        var (at, actor) = (histories[0].At, histories[0].Actor);
        batch.Add(
            "select queue_webhooks($1, $2, $3, $4, $5, $6, $7, $8, $9) where exists (select from webhook_endpoint where active)",
            SendWebhook.Kind,
            events.ConvertAll(e => e.Chain).ToArray(),
            events.ConvertAll(e => e.Event.Action).ToArray(),
            events.ConvertAll(e => e.Event.Entity).ToArray(),
            events.ConvertAll(e => e.Event.EntityId).ToArray(),
            events.ConvertAll(e => e.Event.Revision).ToArray(),
            at,
            NodaTime.Text.InstantPattern.ExtendedIso.Format(at),
            actor
        );
    }

    private static readonly System.Collections.Frozen.FrozenSet<string> Types = System.Collections.Frozen.FrozenSet.ToFrozenSet(All, StringComparer.Ordinal);
}
