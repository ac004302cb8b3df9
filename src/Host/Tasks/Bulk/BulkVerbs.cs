using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Distribution;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>A verb that can be applied to many tasks.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Run">Does it to one of them.</param>
internal sealed record BulkVerb(string Name, RunVerb Run);

/// <summary>The verbs for many tasks: those of <see cref="TaskVerbs"/> that say so, and offering tasks to someone.</summary>
internal sealed class BulkVerbs(PushTask push)
{
    private readonly IReadOnlyList<BulkVerb> _all =
    [
        .. TaskVerbs.All.Where(verb => verb.InBulk).Select(verb => new BulkVerb(verb.Name, verb.Run)),
        new("offer", (_, request, input, me, cancel) => push.RunAsync(request.TaskId, input.Person, me, cancel)),
    ];

    /// <summary>The verb of that name, or null.</summary>
    public BulkVerb? Find(string? name) => _all.FirstOrDefault(verb => verb.Name == name);

    /// <summary>“claim, release, assign, forward, priority, suspend or offer”.</summary>
    public string Names => $"{string.Join(", ", _all.SkipLast(1).Select(verb => verb.Name))} or {_all[^1].Name}";
}
