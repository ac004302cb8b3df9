using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>
/// All an instance knows between bursts. One JSON document in storage. Not thread safe: loaded, advanced by one burst, stored.
/// Executions that ended are not kept (history has them), so the document does not grow with the age of the instance.
/// </summary>
public sealed class InstanceState
{
    public required string Id { get; init; }
    public required string DefinitionId { get; init; }

    /// <summary>The version it runs on. Only a migration changes it.</summary>
    public required string DefinitionVersionId { get; set; }
    public required int DefinitionVersion { get; set; }
    public string? ParentInstanceId { get; set; }
    public string? CorrelationId { get; set; }
    public string? Name { get; set; }
    public WorkflowStatus Status { get; set; }
    public WorkflowSubStatus SubStatus { get; set; }
    public Instant CreatedAt { get; set; }
    public Instant UpdatedAt { get; set; }
    public Instant? FinishedAt { get; set; }

    /// <summary>Bookmark of the parent that this instance's end resumes, or null.</summary>
    public string? ParentBookmarkId { get; set; }
    public List<Bookmark> Bookmarks { get; } = [];
    public List<Incident> Incidents { get; } = [];

    /// <summary>Activity executions that have not ended, and the workflow's own. After a burst those that ended in it are gone.</summary>
    public IReadOnlyList<ActivityExecution> Executions => ExecutionList;

    /// <summary>Workflow outputs set so far.</summary>
    public OrderedDictionary<string, object?> Output { get; } = [];

    internal List<ActivityExecution> ExecutionList { get; set; } = [];
    internal List<CompletionCallback> Callbacks { get; } = [];
    internal List<OutputRecord> ActivityOutputs { get; } = [];

    /// <summary>Workflow variables with their values, by definition; the defaults before the first run.</summary>
    public IEnumerable<KeyValuePair<VariableDefinition, object?>> Variables(CompiledWorkflow workflow)
    {
        var root = ExecutionList.Find(x => x.Parent is null);

        foreach (var variable in workflow.Variables)
            yield return new(variable, root?.FindLocal(variable.Id) is { Value: { } value } ? value : variable.Default);
    }

    /// <summary>The output an activity set the last time it ended, if its container still runs; otherwise null.</summary>
    public object? FindOutput(string activityId, string name)
    {
        for (var i = ActivityOutputs.Count - 1; i >= 0; i--)
        {
            var record = ActivityOutputs[i];
            if (
                record.Name == name
                && record.NodeId.EndsWith(activityId, StringComparison.Ordinal)
                && record.NodeId.Length > activityId.Length
                && record.NodeId[^(activityId.Length + 1)] == ':'
            )
                return record.Value;
        }

        return null;
    }

    /// <summary>
    /// The state as UTF-8 JSON. Keys keep their order and values their types, so store it as text or bytes (<c>jsonb</c> would reorder keys).
    /// </summary>
    public byte[] ToJson() => StateJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a state.</exception>
    public static InstanceState FromJson(ReadOnlyMemory<byte> json) => StateJson.Read(json);
}
