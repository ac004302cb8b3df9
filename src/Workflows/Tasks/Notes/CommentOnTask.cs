using System.Text.RegularExpressions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Notes;

/// <summary>
/// Adds a plain-text comment to a live task. People mentioned (<c>@userName</c>) are notified and may see the task from then on. The task's revision stays, so
/// no one's form becomes stale.
/// </summary>
public static partial class CommentOnTask
{
    /// <summary>Longest comment, in characters.</summary>
    public const int MaxLength = 10_000;

    /// <summary>Who is mentioned, and whether the customer is sensitive: then notifications, which are also sent by e-mail, don't quote the comment.</summary>
    private const string Also = """
        select (select coalesce(array_agg(id), '{}') from person where active and lower(user_name) = any($1)),
            exists (select from task t join workflow_instance i on i.id = t.instance_id join journey_case c on c.id = run_root(i.id, i.parent_id)
                join customer m on m.number = c.customer_id join customer d on d.survivor = m.survivor
                join sensitive_customer s on s.customer_id = d.id where t.id = $2)
        """;

    /// <summary>Comments.</summary>
    /// <param name="body">The text.</param>
    /// <param name="actor">A person involved in the task, or one with a role that supervises or answers the customer.</param>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? body, Person actor, CancellationToken cancel = default)
    {
        body = body?.ReplaceLineEndings("\n").Replace("\0", "", StringComparison.Ordinal).Trim();
        if (string.IsNullOrEmpty(body))
            return new TaskResult.InvalidRequest("body", "Enter a comment.");
        if (body.Length > MaxLength)
            return new TaskResult.InvalidRequest("body", $"The comment is longer than {MaxLength:N0} characters.");
        var mentioned = Mentions(body);
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Comment,
            request,
            actor,
            actor.UserName,
            body,
            also: Sql.Command(Also, mentioned, request.TaskId),
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!Eligibility.MayContribute(actor, t.Subject.ActorSees))
            return new TaskResult.Forbidden("Only people involved in this task can comment.");

        t.Write(
            "insert into task_comment (id, task_id, author, body, created_at) values ($1, $2, $3, $4, $5)",
            Ids.New(t.Now),
            t.Task.Id,
            actor.UserName,
            body,
            t.Now
        );
        var words = t.Also![1] is true ? "The customer is sensitive. Open the task to read it." : Excerpt(body);
        var told = ((Guid[])t.Also[0]!).Where(id => id != actor.Id).ToArray();
        if (told.Length > 0)
            t.Write("update task set watchers = array(select distinct unnest(watchers || $2::uuid[])) where id = $1", t.Task.Id, told);
        foreach (var person in told)
            Notify.Write(t.Instance, person, "task.mention", $"{actor.DisplayName} mentioned you: {t.Task.Title}", words, t.Task.Id);
        if (t.Task.OwnerId is { } owner && owner != actor.Id && !told.Contains(owner))
            Notify.Write(t.Instance, owner, "task.comment", $"{actor.DisplayName} commented: {t.Task.Title}", words, t.Task.Id);
        foreach (var watcher in t.Task.Watchers.Where(id => id != actor.Id && id != t.Task.OwnerId && !told.Contains(id)))
            Notify.Write(t.Instance, watcher, "task.comment", $"{actor.DisplayName} commented: {t.Task.Title}", words, t.Task.Id);
        return await t.CommitAsync(
            "task.commented",
            new(t.Task.Id, t.Task.State, t.Task.Revision, t.Task.OwnerId, null),
            new
            {
                title = t.Task.Title,
                body,
                mentions = told,
            },
            cancel
        );
    }

    /// <summary>User names that a text mentions, in lower case, at most twenty.</summary>
    public static string[] Mentions(string body) =>
        [.. Mention().Matches(body).Select(m => m.Groups[1].Value.TrimEnd('.', '-', '@').ToLowerInvariant()).Distinct().Take(20)];

    private static string Excerpt(string body) => body.Length <= 200 ? body : string.Concat(body.AsSpan(0, char.IsHighSurrogate(body[198]) ? 198 : 199), "…");

    /// <summary>A mention: <c>@</c> and a user name, not in the middle of a word such as an e-mail address.</summary>
    [GeneratedRegex(@"(?<![\w@.])@([A-Za-z0-9][A-Za-z0-9._@-]{0,63})", RegexOptions.CultureInvariant)]
    public static partial Regex Mention();
}
