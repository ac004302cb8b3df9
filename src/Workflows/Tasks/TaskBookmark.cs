namespace Orchestration.Workflows.Tasks;

/// <summary>The bookmark a human step waits on: its name, and the run input that resumes it.</summary>
public static class TaskBookmark
{
    /// <summary>Name of the bookmark; also the Elsa type name of the step.</summary>
    public const string Name = "Orchestration.HumanTask";

    internal const string OutcomeKey = "Outcome";
    internal const string DataKey = "Data";
    internal const string PersonKey = "Person";
    internal const string NotDoneKey = "NotDone";
    internal const string ReasonKey = "Reason";

    /// <summary>Run input that completes a step.</summary>
    public static OrderedDictionary<string, object?> Completed(string outcome, OrderedDictionary<string, object?> data, string person) =>
        new()
        {
            [OutcomeKey] = outcome,
            [DataKey] = data,
            [PersonKey] = person,
        };

    /// <summary>
    /// Run input that ends a step whose task wasn't done. The case continues by the outcome of that name; a step without such an outcome fails, so that a
    /// person decides.
    /// </summary>
    /// <param name="state"><c>Cancelled</c> or <c>Failed</c>.</param>
    /// <param name="reason">Why.</param>
    /// <param name="person">User name of the person who ended it.</param>
    public static OrderedDictionary<string, object?> NotDone(TaskState state, string reason, string person) =>
        new()
        {
            [NotDoneKey] = state.ToString(),
            [ReasonKey] = reason,
            [PersonKey] = person,
        };

    /// <summary>The data a person entered, from the run input of <see cref="Completed"/>.</summary>
    internal static object? DataOf(OrderedDictionary<string, object?> input) => input.GetValueOrDefault(DataKey);
}
