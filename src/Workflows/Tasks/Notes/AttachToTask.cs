using System.Security.Cryptography;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Notes;

/// <summary>
/// Attaches a file to a live task. It is stored in the database, with its SHA-256 also in history, so that a file that was exchanged is noticed. Only types
/// that office work needs, by what the content is and not by what it is called. As a comment, it leaves the revision alone.
/// </summary>
public static class AttachToTask
{
    /// <summary>Largest file: 10 MB.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>Most files of one task.</summary>
    public const int MaxFiles = 50;

    internal const string Insert = """
        insert into task_attachment (id, task_id, name, content_type, size, hash, content, added_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    /// <summary>Attaches.</summary>
    /// <param name="name">File name.</param>
    /// <param name="declaredType">Content type from the sender, or null.</param>
    /// <param name="content">The file, at most <see cref="MaxBytes"/>.</param>
    /// <param name="actor">A person involved in the task, or one with a role that supervises or answers the customer.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? name,
        string? declaredType,
        byte[] content,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (content.Length > MaxBytes)
            return new TaskResult.InvalidRequest("file", $"The file is larger than {MaxBytes / (1024 * 1024)} MB.");
        name = FileType.SafeName(name);
        if (name.Length == 0)
            return new TaskResult.InvalidRequest("file", "The file needs a name.");
        if (content.Length == 0)
            return new TaskResult.InvalidRequest("file", "The file is empty.");
        if (!FileType.TryFind(name, declaredType, content, out var type, out var reason))
            return new TaskResult.InvalidRequest("file", reason);

        var hash = SHA256.HashData(content);
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Attach,
            request,
            actor,
            actor.UserName,
            $"{name}\n{Convert.ToHexStringLower(hash)}",
            also: Engine.Storage.Sql.Command("select count(*)::int from task_attachment where task_id = $1", request.TaskId),
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!Eligibility.MayContribute(actor, t.Subject.ActorSees))
            return new TaskResult.Forbidden("Only people involved in this task can attach files.");
        if (t.Also is [int and >= MaxFiles])
            return new TaskResult.InvalidRequest("file", $"The task already has {MaxFiles} files.");

        var id = Ids.New(t.Now);
        t.Write(Insert, id, t.Task.Id, name, type, (long)content.Length, hash, content, actor.UserName, t.Now);
        return await t.CommitAsync(
            "task.attached",
            new(t.Task.Id, t.Task.State, t.Task.Revision, t.Task.OwnerId, null),
            new
            {
                title = t.Task.Title,
                attachment = Ids.Text(id),
                name,
                type,
                size = content.Length,
                sha256 = Convert.ToHexStringLower(hash),
            },
            cancel
        );
    }
}
