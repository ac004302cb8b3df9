using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tasks.Parts;

/// <summary>The orders that lists of tasks offer.</summary>
internal static class TaskOrder
{
    public static readonly IReadOnlyList<(string Key, string Title)> All =
    [
        ("", "Soonest due first"),
        ("priority", "Highest priority first"),
        ("oldest", "Oldest first"),
        ("newest", "Newest first"),
        ("customer", "Customer"),
    ];

    /// <summary>The order of that key; an unknown one is the first.</summary>
    public static TaskSort Of(string? key) =>
        key switch
        {
            "priority" => TaskSort.Priority,
            "oldest" => TaskSort.Oldest,
            "newest" => TaskSort.Newest,
            "customer" => TaskSort.Customer,
            _ => TaskSort.Urgency,
        };
}
