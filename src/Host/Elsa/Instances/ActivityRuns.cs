using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>One execution of an activity, put together from its journal rows.</summary>
internal sealed class ActivityRun(JournalRow first)
{
    public string Id => first.ActivityInstanceId;
    public string? ParentId => first.ParentActivityInstanceId;
    public string ActivityId => first.ActivityId;
    public string NodeId => first.NodeId;
    public string ActivityType => first.ActivityType;
    public int ActivityTypeVersion => first.ActivityTypeVersion;
    public string? ActivityName => first.ActivityName;
    public Instant StartedAt => first.At;
    public Instant? EndedAt { get; private set; }

    /// <summary>Elsa's word: Running, Completed, Canceled or Faulted.</summary>
    public string Status { get; private set; } = "Running";

    /// <summary>Waits for something.</summary>
    public bool IsWaiting { get; private set; }

    // Some are set when it starts waiting, others when it completes.
    private readonly Dictionary<string, JsonNode?> _outputs = [];

    public JsonObject? Inputs { get; private set; }
    public JsonObject? Payload { get; private set; }

    /// <summary>Faults of it and of what ran below it.</summary>
    public int Faults { get; private set; }

    /// <summary>The execution that completed just before it and so caused it, and how many came before it.</summary>
    public ActivityRun? ScheduledBy { get; private set; }

    public int Depth { get; private set; }

    /// <summary>A journal entry that was not stored, as history would have it.</summary>
    public static JournalRow Row(JournalEntry entry, int sequence) =>
        new(
            sequence,
            Instant.MinValue,
            entry.EventName,
            entry.ActivityInstanceId,
            entry.ParentActivityInstanceId,
            entry.ActivityId,
            entry.NodeId,
            entry.ActivityType,
            entry.ActivityTypeVersion,
            entry.ActivityName,
            entry.Message,
            null,
            entry.HasInputs ? InstanceModel.Data(new OrderedDictionary<string, object?>(entry.Inputs)) as JsonObject : null,
            InstanceModel.Data(entry.Payload) as JsonObject
        );

    /// <summary>Executions in the order in which they began.</summary>
    public static IReadOnlyList<ActivityRun> From(IEnumerable<JournalRow> rows)
    {
        var runs = new Dictionary<string, ActivityRun>();
        ActivityRun? completed = null;
        foreach (var row in rows)
        {
            if (!runs.TryGetValue(row.ActivityInstanceId, out var run))
            {
                var parent = row.ParentActivityInstanceId is { } id ? runs.GetValueOrDefault(id) : null;
                runs.Add(row.ActivityInstanceId, run = new(row));
                run.ScheduledBy = completed is { } cause && cause.ParentId == run.ParentId && run.ParentId is not null ? cause : parent;
                run.Depth = run.ScheduledBy is { } before ? before.Depth + 1 : 0;
            }

            run.Inputs = row.Inputs ?? run.Inputs;
            run.Payload = row.Payload ?? run.Payload;
            foreach (var (name, value) in row.Payload?["Outputs"] as JsonObject ?? [])
                run._outputs[name] = value?.DeepClone();
            run.IsWaiting = row.EventName == "Suspended";
            switch (row.EventName)
            {
                case "Completed":
                    (run.Status, run.EndedAt) = ("Completed", row.At);
                    completed = run;
                    break;
                case "Canceled":
                    (run.Status, run.EndedAt) = ("Canceled", row.At);
                    break;
                case "Faulted":
                    (run.Status, run.EndedAt) = ("Faulted", row.At);
                    for (var at = run; at is not null; at = at.ParentId is { } up ? runs.GetValueOrDefault(up) : null)
                        at.Faults++;
                    break;
                case "Resumed":
                    (run.Status, run.EndedAt) = ("Running", null);
                    break;
            }
        }

        return [.. runs.Values];
    }

    /// <summary>Elsa's summary of an execution.</summary>
    public object Summary(Guid instance) =>
        new
        {
            workflowInstanceId = Ids.Text(instance),
            activityId = ActivityId,
            activityNodeId = NodeId,
            activityType = ActivityType,
            activityTypeVersion = ActivityTypeVersion,
            activityName = ActivityName,
            startedAt = StartedAt,
            hasBookmarks = IsWaiting,
            status = Status,
            metadata = new { },
            aggregateFaultCount = Faults,
            completedAt = EndedAt,
            id = Id,
        };

    /// <summary>Elsa's record of an execution.</summary>
    /// <param name="instance">Its instance.</param>
    /// <param name="workflow">The version it ran on, for the names of its outputs; null when it is gone.</param>
    /// <param name="exception">The exception it faulted with, or null.</param>
    /// <param name="step">Its open task when it is a human step that waits.</param>
    public object Record(Guid instance, CompiledWorkflow? workflow, object? exception, OpenStep? step) =>
        new
        {
            workflowInstanceId = Ids.Text(instance),
            activityId = ActivityId,
            activityNodeId = NodeId,
            activityType = ActivityType,
            activityTypeVersion = ActivityTypeVersion,
            activityName = ActivityName,
            activityState = HumanSteps.State(Inputs, step),
            outputs = Outputs(workflow),
            payload = Payload,
            exception,
            properties = new { },
            metadata = new { },
            startedAt = StartedAt,
            hasBookmarks = IsWaiting,
            status = Status,
            aggregateFaultCount = Faults,
            completedAt = EndedAt,
            schedulingActivityExecutionId = ScheduledBy?.Id,
            schedulingActivityId = ScheduledBy?.ActivityId,
            callStackDepth = Depth,
            id = Id,
            tenantId = "",
        };

    private Dictionary<string, JsonNode?>? Outputs(CompiledWorkflow? workflow) =>
        workflow?.FindNode(NodeId)?.Type.Outputs is { Count: > 0 } outputs
            ? outputs.ToDictionary(o => o.Name, o => _outputs.GetValueOrDefault(o.Name)?.DeepClone())
            : null;
}
