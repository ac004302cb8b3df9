namespace Orchestration.Workflows.Tasks;

/// <summary>One task of a bulk change.</summary>
/// <param name="Id">The task.</param>
/// <param name="Revision">Revision the caller last saw.</param>
public sealed record BulkItem(Guid Id, int Revision);

/// <summary>How one of many went.</summary>
public sealed record BulkAnswer(Guid Id, TaskResult Result);

/// <summary>
/// The same verb on many tasks: each in a transaction of its own with its own answer, by the same rules as alone. It never fails as a whole because of one of
/// them. [KADAI #1121]
/// </summary>
public static class BulkTasks
{
    /// <summary>Most tasks at a time.</summary>
    public const int MaxItems = 200;

    /// <summary>
    /// Asks all of them, in their order. Each has an operation id made of the caller's and its own, so repeating the whole with the same id is harmless.
    /// </summary>
    public static async Task<IReadOnlyList<BulkAnswer>> RunAsync(IReadOnlyList<BulkItem> items, string operationId, Func<TaskRequest, Task<TaskResult>> verb)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(items.Count, MaxItems);
        var answers = new List<BulkAnswer>(items.Count);
        foreach (var item in items)
            answers.Add(new(item.Id, await verb(new(item.Id, item.Revision, $"{operationId}:{item.Id:N}"))));
        return answers;
    }
}
