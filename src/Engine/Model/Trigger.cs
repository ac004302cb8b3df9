namespace Orchestration.Engine.Model;

/// <summary>An activity that starts an instance.</summary>
/// <param name="ActivityId">The activity.</param>
/// <param name="Kind">Its type name: <c>Elsa.Event</c>, <c>Elsa.HttpEndpoint</c>, <c>Elsa.Timer</c>, <c>Elsa.Cron</c> or <c>Elsa.StartAt</c>.</param>
/// <param name="Hash">Matches a stimulus; equal to the hash of a bookmark that waits for the same stimulus.</param>
/// <param name="Payload">Event: <c>EventName</c>. HTTP: <c>Path</c>, <c>Method</c>. Timer: <c>Interval</c>. Cron: <c>CronExpression</c>, <c>TimeZone</c>.
/// StartAt: <c>ExecuteAt</c>.</param>
public sealed record Trigger(string ActivityId, string Kind, string Hash, OrderedDictionary<string, object?> Payload);
