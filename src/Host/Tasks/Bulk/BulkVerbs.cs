using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Distribution;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>The verbs that can be applied to many tasks: those of <see cref="TaskVerbs"/> that say so, and offering a task to someone.</summary>
internal sealed class BulkVerbs(PushTask push)
{
    private readonly IReadOnlyList<TaskVerbRow> _all =
    [
        .. TaskVerbs.All.Where(verb => verb.InBulk),
        new(
            "offer",
            "Offers an unassigned task to someone",
            (_, request, input, me, cancel) => push.RunAsync(request.TaskId, input.Person, me, cancel),
            () => Results.NotFound()
        ),
    ];

    /// <summary>The verb of that name, or null.</summary>
    public TaskVerbRow? Find(string? name) => _all.FirstOrDefault(verb => verb.Name == name);

    /// <summary>“claim, assign, forward, priority, suspend or offer”.</summary>
    public string Names
    {
        get
        {
            string[] names = [.. _all.Select(verb => verb.Name)];
            return $"{string.Join(", ", names[..^1])} or {names[^1]}";
        }
    }
}
