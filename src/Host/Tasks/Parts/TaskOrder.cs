using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tasks.Parts;

/// <summary>The orders that lists of tasks offer. Lists are read by due time; of long ones, the most urgent tasks are put in order.</summary>
internal static class TaskOrder
{
    public static readonly IReadOnlyList<(string Key, string Title)> All =
    [
        ("", "Most urgent first"),
        ("priority", "Highest priority first"),
        ("oldest", "Oldest first"),
        ("newest", "Newest first"),
        ("customer", "Customer"),
    ];

    /// <summary>The tasks in the order; an unknown one is that of the list.</summary>
    public static IReadOnlyList<TaskSummary> Sort(IReadOnlyList<TaskSummary> tasks, string? order) =>
        order switch
        {
            "priority" => [.. tasks.OrderBy(task => task.Priority)],
            "oldest" => [.. tasks.OrderBy(task => task.CreatedAt)],
            "newest" => [.. tasks.OrderByDescending(task => task.CreatedAt)],
            "customer" => [.. tasks.OrderBy(task => task.CustomerName, StringComparer.CurrentCultureIgnoreCase)],
            _ => tasks,
        };
}
