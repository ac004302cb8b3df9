using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <content>What bursts send, as rows.</content>
public sealed partial class StimulusQueue
{
    /// <summary>Writes what an instance sends, as one statement. Returns the ids.</summary>
    internal static IReadOnlyList<Guid> Enqueue(NpgsqlBatch batch, string sender, Guid? testBy, IReadOnlyList<OutgoingStimulus> stimuli, Instant now)
    {
        if (stimuli.Count == 0)
            return [];
        var ids = stimuli.Select(_ => Ids.New(now)).ToArray();
        var encoded = stimuli.Select(stimulus => Encode(sender, stimulus)).ToList();
        foreach (var (_, _, payload) in encoded.Where(e => testBy is not null && e.Kind is "start" or "publish"))
            payload["testBy"] = testBy?.ToString();
        batch.Add(
            """
            insert into stimulus (id, kind, instance_id, payload, due_at, created_at)
            select s.id, s.kind, s.instance, s.payload, case when s.place <= $1 then $2 else $3 end, $3
            from unnest($4::uuid[], $5::text[], $6::uuid[], $7::json[]) with ordinality s(id, kind, instance, payload, place) order by s.place
            """,
            AtOnce,
            now + Grace,
            now,
            ids,
            encoded.ConvertAll(e => e.Kind).ToArray(),
            encoded.ConvertAll(e => e.Target).ToArray(),
            new JsonTexts(encoded.ConvertAll(e => System.Text.Encoding.UTF8.GetString(WorkflowData.ToUtf8(e.Payload))).ToArray())
        );
        return ids;
    }

    private static (string Kind, Guid? Target, OrderedDictionary<string, object?> Payload) Encode(string sender, OutgoingStimulus stimulus) =>
        stimulus switch
        {
            OutgoingStimulus.PublishEvent e => (
                "publish",
                null,
                new()
                {
                    ["name"] = e.EventName,
                    ["correlationId"] = e.CorrelationId,
                    ["instanceId"] = e.InstanceId,
                    ["payload"] = e.Payload,
                    ["senderId"] = sender,
                }
            ),
            OutgoingStimulus.StartInstance s => (
                "start",
                Guid.Parse(s.InstanceId),
                new()
                {
                    ["definitionId"] = s.DefinitionId,
                    ["correlationId"] = s.CorrelationId,
                    ["input"] = s.Input,
                    ["parentId"] = sender,
                    ["parentBookmarkId"] = s.ParentBookmarkId,
                }
            ),
            OutgoingStimulus.ChildEnded c => (
                "child",
                Guid.Parse(c.ParentInstanceId),
                new() { ["bookmarkId"] = c.ParentBookmarkId, ["input"] = c.ToResume().Input }
            ),
            OutgoingStimulus.CancelInstance c => ("cancel", Guid.Parse(c.InstanceId), new() { ["reason"] = c.Reason }),
            _ => throw new InvalidOperationException($"No encoding for {stimulus.GetType().Name}."),
        };

    private static Guid? TestBy(OrderedDictionary<string, object?> payload) => payload.GetValueOrDefault("testBy") is string id ? Guid.Parse(id) : null;
}
