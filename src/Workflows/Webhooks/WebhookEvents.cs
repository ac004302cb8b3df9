using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Webhooks;

/// <summary>
/// Turns events of history into webhooks, in the transaction that writes the event: an effect for every endpoint that wants its type. The endpoints are kept in this host's memory and read again
/// when a setting changed, so that nothing is read, and usually nothing done, on the way of a task.
/// </summary>
public sealed class WebhookEvents(NpgsqlDataSource database)
{
    /// <summary>Type of the event that an administrator sends to try an endpoint.</summary>
    public const string Test = "webhook.test";

    /// <summary>The types an endpoint may ask for: actions of history that concern the outside.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        "case.started", "case.cancelled",
        "task.opened", "task.claimed", "task.assigned", "task.reassigned", "task.released", "task.started", "task.completed", "task.cancelled", "task.suspended", "task.resumed", "task.delegated", "task.forwarded", "task.skipped", "task.returned",
        "sla.started", "sla.breached", "sla.met", "sla.missed", "sla.paused", "sla.resumed",
        "effect.given-up",
    ];

    private volatile IReadOnlyDictionary<string, Guid[]> _wanted = new Dictionary<string, Guid[]>();

    /// <summary>Reads who wants what.</summary>
    public async Task LoadAsync(CancellationToken cancel = default) =>
        _wanted = (await WebhookEndpoint.ListAsync(database, cancel)).Where(e => e.Active)
            .SelectMany(e => e.EventTypes.Select(type => (type, e.Id))).GroupBy(pair => pair.type, pair => pair.Id).ToDictionary(g => g.Key, g => g.ToArray());

    /// <summary>Adds the effects of the events to the batch that writes them.</summary>
    public void Write(HistoryAppend history, NpgsqlBatch batch)
    {
        var wanted = _wanted;
        if (wanted.Count == 0)
            return;
        foreach (var e in history.Events)
        {
            if (e.Entity == JournalEvents.Entity || !wanted.TryGetValue(e.Action, out var endpoints))
                continue;
            foreach (var endpoint in endpoints)
            {
                batch.BatchCommands.Add(Effects.Insert(Ids.New(history.At), SendWebhook.Kind, history.Chain, new()
                {
                    ["endpoint"] = Ids.Text(endpoint), ["type"] = e.Action, ["at"] = NodaTime.Text.InstantPattern.ExtendedIso.Format(history.At),
                    ["data"] = new OrderedDictionary<string, object?> { ["caseId"] = Ids.Text(history.Chain), ["entity"] = e.Entity, ["entityId"] = e.EntityId, ["revision"] = e.Revision, ["actor"] = history.Actor },
                }, history.At));
            }
        }
    }
}
