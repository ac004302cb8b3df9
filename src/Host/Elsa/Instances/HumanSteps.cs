using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Host.Elsa.Http;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>
/// Who has a waiting human step and when it is due, in the run viewer. Studio shows the inputs that an activity's descriptor names and nothing
/// else, so these are inputs that no editor shows.
/// </summary>
internal static class HumanSteps
{
    private const string Holder = "Owner";
    private const string Due = "Due";

    /// <summary>What the descriptor of a human step contains in addition to its inputs.</summary>
    public static IEnumerable<object> ViewerInputs(ActivityType type) =>
        type.TypeName != HumanTask.TypeName
            ? []
            : new[] { Holder, Due }.Select(
                (name, order) =>
                    new
                    {
                        isWrapped = true,
                        uiHint = "singleline",
                        autoEvaluate = false,
                        name,
                        typeName = "String",
                        displayName = name,
                        order = order - 10,
                        isReadOnly = true,
                        isBrowsable = false,
                        isSerializable = true,
                        isSynthetic = true,
                    }
            );

    /// <summary>Waiting human steps of a run, by the execution that waits.</summary>
    public static async Task<IReadOnlyDictionary<string, OpenStep>> ReadAsync(
        NpgsqlDataSource database,
        Guid instance,
        InstanceState state,
        Instant now,
        CancellationToken cancel
    )
    {
        var waiting = state.Bookmarks.Where(b => b.Name == HumanTask.TypeName).ToDictionary(b => b.Id, b => b.ActivityInstanceId);
        var steps = waiting.Count == 0 ? [] : await OpenStep.ReadAsync(database, instance, now, cancel);
        return steps.Where(s => waiting.ContainsKey(s.BookmarkId)).ToDictionary(s => waiting[s.BookmarkId]);
    }

    /// <summary>The inputs of an execution, preceded by the facts about its task.</summary>
    public static JsonObject? State(JsonObject? inputs, OpenStep? step)
    {
        if (step is null)
            return inputs;
        var shown = new JsonObject
        {
            [Holder] = step.Owner ?? (step.Team is { } team ? $"Unassigned ({team})" : "Unassigned"),
            [Due] = step.DueAt is { } due
                ? due.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) + (step.Breached ? " (missed)" : "")
                : "No due time",
        };
        foreach (var (name, value) in inputs ?? [])
            shown[name] = value?.DeepClone();
        return shown;
    }
}
