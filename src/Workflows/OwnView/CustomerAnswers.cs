using System.Security.Cryptography;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.OwnView;

/// <summary>A document as it was sent.</summary>
/// <param name="Name">File name.</param>
/// <param name="Type">Content type by the sender, or null.</param>
/// <param name="Content">The content.</param>
public sealed record SentFile(string Name, string? Type, byte[] Content);

/// <summary>What a customer sends.</summary>
/// <param name="Text">The text; or empty.</param>
/// <param name="Files">Documents.</param>
/// <param name="Answers">Task that waits for it; null: it is about nothing in particular.</param>
/// <param name="IsAll">Whether the step goes on now, as that is everything it waited for.</param>
/// <param name="OperationId">Of the form: sent again, it is done once.</param>
public sealed record CustomerMessage(string Text, IReadOnlyList<SentFile> Files, Guid? Answers, bool IsAll, string OperationId);

/// <summary>
/// What a customer writes and sends. The text is a contact through the portal, and a comment on the task that it answers; documents are put with that task, or
/// with the oldest open one. A task that waited goes on, and its owner is told, or others (<see cref="WhoIsTold"/>). All of it is one transaction. What answers
/// no question of ours waits for an answer (<see cref="OpenMessages"/>).
/// </summary>
public static class CustomerAnswers
{
    /// <summary>Most characters of a text.</summary>
    public const int Longest = 4000;

    /// <summary>Most documents at once.</summary>
    public const int MostFiles = 5;

    /// <summary>Most messages, documents and ratings of a case, and changes of contact data, in a day.</summary>
    internal const int MostInADay = 30;

    /// <summary>Takes what the customer sent. The caller has found the link just before.</summary>
    public static async Task<OwnViewResult> SendAsync(TaskRuntime tasks, FollowedCase link, CustomerMessage message, CancellationToken cancel = default)
    {
        var text = message.Text.ReplaceLineEndings("\n").Trim();
        if (Problem(text, message.Files, out var files) is { } problem)
            return new OwnViewResult.Refused(problem);
        var operation = Operation.Of(
            FollowedCase.Actor,
            $"{Ids.Text(link.Link)}-{message.OperationId}",
            ["answer", text, message.Answers?.ToString(), .. files.Select(file => Convert.ToHexString(file.Hash))]
        );
        try
        {
            return await SendAsync(tasks, link, message, text, files, operation, cancel);
        }
        catch (PostgresException e) when (e.ConstraintName == Operation.Constraint)
        {
            // The same form was sent twice, and the other request was first.
            return new OwnViewResult.Done();
        }
    }

    private sealed record ReadyFile(string Name, string Type, byte[] Content, byte[] Hash);

    private sealed record Target(Guid Task, string Activity, string Title, int Revision, bool Waits, string[] Policies, int Files);

    private static async Task<OwnViewResult> SendAsync(
        TaskRuntime tasks,
        FollowedCase link,
        CustomerMessage message,
        string text,
        List<ReadyFile> files,
        Operation operation,
        CancellationToken cancel
    )
    {
        var now = tasks.Runtime.Clock.Now();
        var told = await WhoIsTold.ReadAsync(tasks.Runtime.Database, link.Case, message.Answers, cancel);
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            FollowedCase.Actor,
            ("$1", link.Case),
            reads:
            [
                operation.Find(),
                Sql.Command("select exists (select from own_view_link where id = $1 and revoked_at is null and expires_at > $2)", link.Link, now),
                Sql.Command(
                    """
                    select (select count(*)::int from customer_contact where case_id = $1 and recorded_by = $2 and at > $3),
                        (select count(*)::int from task_attachment a join task t on t.id = a.task_id
                            where t.instance_id = $1 and a.added_by = $2 and a.created_at > $3)
                    """,
                    link.Case,
                    FollowedCase.Actor,
                    now - Duration.FromDays(1)
                ),
                Sql.Command(
                    $"""
                    select t.id, t.activity_id, t.title, t.revision,
                        coalesce(lower(t.suspended_reason) = lower('{ResumeTask.WaitsForCustomer}'), false),
                        t.policies, (select count(*)::int from task_attachment a where a.task_id = t.id)
                    from task t where t.instance_id = $1 and t.ended_at is null order by t.id = $2::uuid desc nulls last, t.created_at, t.id limit 1
                    """,
                    link.Case,
                    message.Answers
                ),
                ClockReader.SelectOfTask(message.Answers ?? Guid.Empty),
            ],
            moves: false,
            now: now,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return new OwnViewResult.Gone();
        await t.NextResultAsync(cancel);
        if (await t.Reads.ReadAsync(cancel))
            return new OwnViewResult.Done();
        await t.NextResultAsync(cancel);
        await t.Reads.ReadAsync(cancel);
        if (!t.Reads.GetBoolean(0))
            return new OwnViewResult.Gone();
        await t.NextResultAsync(cancel);
        await t.Reads.ReadAsync(cancel);
        var (messagesToday, filesToday) = (t.Reads.GetInt32(0), t.Reads.GetInt32(1));
        await t.NextResultAsync(cancel);
        var target = await t.Reads.ReadAsync(cancel)
            ? new Target(
                t.Reads.GetGuid(0),
                t.Reads.GetString(1),
                t.Reads.GetString(2),
                t.Reads.GetInt32(3),
                t.Reads.GetBoolean(4),
                t.Reads.GetFieldValue<string[]>(5),
                t.Reads.GetInt32(6)
            )
            : null;
        await t.NextResultAsync(cancel);
        var clocks = await ClockReader.ReadLiveAsync(t.Reads, cancel);
        await t.DoneReadingAsync();

        if (files.Count > 0 && target is null)
            return new OwnViewResult.Refused(OwnViewProblem.NoStep);
        if (messagesToday >= MostInADay || filesToday + files.Count > MostInADay || target?.Files + files.Count > AttachToTask.MaxFiles)
            return new OwnViewResult.Refused(OwnViewProblem.TooMuch);

        // The question may have been withdrawn meanwhile: what was sent is kept then, and nothing goes on.
        var answers = target is { Waits: true } && target.Task == message.Answers;
        var names = string.Join("; ", files.Select(file => file.Name));
        WriteContact(t, link, text, names, answers ? target : null);
        if (target is not null)
        {
            foreach (var file in files)
                WriteFile(t, target, file);
            if (answers && message.IsAll)
                await ResumeTask.WriteAsync(tasks, t, target.Task, target.Title, target.Activity, target.Revision + 1, target.Policies, clocks, cancel);
            if (answers && message.IsAll)
                t.Write(TaskTransaction.ForgetResumeDeadline, target.Task);
            t.Announce(new(ChangeKind.Task, target.Task));
        }

        var notices = told.Notices(link.Case, $"The customer {(answers ? "answered" : "wrote")}: {target?.Title ?? t.CorrelationId}", Excerpt(text, names));
        t.Write(Notify.Command(t.Now, notices));
        foreach (var notice in notices)
            t.Announce(new(ChangeKind.Person, notice.Person));
        t.Write(operation.Remember("true"u8.ToArray(), t.Now));
        t.Announce(new(ChangeKind.Instance, link.Case));
        await t.CommitAsync(cancel);
        return new OwnViewResult.Done();
    }

    /// <summary>The contact, and the comment on the task that a text answers. Files without a text are no message that the customer reads.</summary>
    private static void WriteContact(InstanceTransaction t, FollowedCase link, string text, string names, Target? task)
    {
        var id = Ids.New(t.Now);
        if (link.Customer is { } customer)
        {
            var (isMessage, note) = (text.Length > 0, text.Length > 0 ? text : names);
            t.Write(
                """
                insert into customer_contact (id, customer_id, channel, incoming, outcome, note, case_id, task_id, shared, waits, at, recorded_by)
                    values ($1, $2, 'Portal', true, 'Received', $3, $4, $5, $6, $7, $8, $9)
                """,
                id,
                customer,
                note,
                link.Case,
                task?.Task,
                isMessage,
                task is null,
                t.Now,
                FollowedCase.Actor
            );
            var told = new
            {
                channel = nameof(ContactChannel.Portal),
                incoming = true,
                outcome = nameof(ContactOutcome.Received),
                note,
                shared = isMessage,
                step = task?.Title,
            };
            t.Record(new("contact.recorded", "contact", Ids.Text(id), 1, JsonSerializer.SerializeToUtf8Bytes(told, TaskJson.Options)));
        }

        if (task is null || text.Length == 0)
            return;
        t.Write(
            "insert into task_comment (id, task_id, author, body, created_at) values ($1, $2, $3, $4, $5)",
            Ids.New(t.Now),
            task.Task,
            FollowedCase.Actor,
            text,
            t.Now
        );
        RecordOfTask(t, task, "task.commented", new { title = task.Title, body = text });
    }

    private static void WriteFile(InstanceTransaction t, Target task, ReadyFile file)
    {
        var id = Ids.New(t.Now);
        t.Write(AttachToTask.Insert, id, task.Task, file.Name, file.Type, (long)file.Content.Length, file.Hash, file.Content, FollowedCase.Actor, t.Now);
        var told = new
        {
            title = task.Title,
            attachment = Ids.Text(id),
            name = file.Name,
            type = file.Type,
            size = file.Content.Length,
            sha256 = Convert.ToHexStringLower(file.Hash),
        };
        RecordOfTask(t, task, "task.attached", told);
    }

    private static void RecordOfTask(InstanceTransaction t, Target task, string action, object payload) =>
        t.Record(
            new(action, "task", Ids.Text(task.Task), task.Revision, JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options))
            {
                ActivityId = task.Activity,
            }
        );

    private static OwnViewProblem? Problem(string text, IReadOnlyList<SentFile> sent, out List<ReadyFile> files)
    {
        files = [];
        if (text.Length == 0 && sent.Count == 0)
            return OwnViewProblem.Empty;
        if (text.Length > Longest)
            return OwnViewProblem.TooLong;
        if (CustomerRules.Unfit(text, Longest, lines: true) is not null)
            return OwnViewProblem.Unfit;
        if (sent.Count > MostFiles)
            return OwnViewProblem.TooManyFiles;
        foreach (var file in sent)
        {
            if (file.Content.Length > AttachToTask.MaxBytes)
                return OwnViewProblem.FileTooLarge;
            var name = FileType.SafeName(file.Name);
            if (name.Length == 0 || file.Content.Length == 0 || !FileType.TryFind(name, file.Type, file.Content, out var type, out _))
                return OwnViewProblem.FileType;
            files.Add(new(name, type, file.Content, SHA256.HashData(file.Content)));
        }

        return null;
    }

    private static string Excerpt(string text, string names)
    {
        var all = string.Join("; ", new[] { text, names }.Where(part => part.Length > 0));
        return all.Length <= 200 ? all : string.Concat(all.AsSpan(0, char.IsHighSurrogate(all[198]) ? 198 : 199), "…");
    }
}
