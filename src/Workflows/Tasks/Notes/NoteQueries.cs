using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Notes;

/// <summary>A comment, as plain text.</summary>
public sealed record Comment(Guid Id, string Author, string AuthorName, string Body, Instant At);

/// <summary>A file of a task.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">File name.</param>
/// <param name="ContentType">Its content type.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Hash of its content, in lower-case hex.</param>
/// <param name="AddedBy">User name of who attached it.</param>
/// <param name="AddedByName">What others call them.</param>
/// <param name="At">When.</param>
public sealed record Attachment(Guid Id, string Name, string ContentType, long Size, string Sha256, string AddedBy, string AddedByName, Instant At);

/// <summary>A file of a case.</summary>
/// <param name="TaskId">Its task.</param>
/// <param name="TaskTitle">What the task is called.</param>
/// <param name="File">The file.</param>
public sealed record CaseFile(Guid TaskId, string TaskTitle, Attachment File);

/// <summary>Reads the comments and attachments of a task. Callers have checked that the person can see the task.</summary>
public static class NoteQueries
{
    /// <summary>Comments, the oldest first, at most 500.</summary>
    public static async Task<IReadOnlyList<Comment>> CommentsAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select c.id, c.author, coalesce(p.display_name, c.author), c.body, c.created_at from task_comment c left join person p on p.user_name = c.author
            where c.task_id = $1 order by c.created_at, c.id limit 500
            """,
            task
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var comments = new List<Comment>();
        while (await r.ReadAsync(cancel))
            comments.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Instant(4)));
        return comments;
    }

    /// <summary>Files, the oldest first, without their content.</summary>
    public static async Task<IReadOnlyList<Attachment>> AttachmentsAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select a.id, a.name, a.content_type, a.size, encode(a.hash, 'hex'), a.added_by, coalesce(p.display_name, a.added_by), a.created_at
            from task_attachment a left join person p on p.user_name = a.added_by where a.task_id = $1 order by a.created_at, a.id
            """,
            task
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var files = new List<Attachment>();
        while (await r.ReadAsync(cancel))
            files.Add(Read(r));
        return files;
    }

    /// <summary>Files of those tasks of cases that the person can open, the newest first, at most 200, without their content.</summary>
    public static async Task<IReadOnlyList<CaseFile>> OfCasesAsync(
        NpgsqlDataSource database,
        IReadOnlyList<Guid> cases,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            select a.id, a.name, a.content_type, a.size, encode(a.hash, 'hex'), a.added_by, coalesce(p.display_name, a.added_by), a.created_at, t.id, t.title
            from task t join task_attachment a on a.task_id = t.id left join person p on p.user_name = a.added_by
            where t.instance_id = any($3) and ($4 or {Eligibility.Of("$1", "$2").Sees}) order by a.created_at desc, a.id limit 200
            """,
            actor.Id,
            now,
            cases.ToArray(),
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var files = new List<CaseFile>();
        while (await r.ReadAsync(cancel))
            files.Add(new(r.GetGuid(8), r.GetString(9), Read(r)));
        return files;
    }

    /// <summary>A file of a task with its content, or null.</summary>
    public static async Task<(string Name, string ContentType, byte[] Content)?> ContentAsync(
        NpgsqlDataSource database,
        Guid task,
        Guid attachment,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query("select name, content_type, content from task_attachment where id = $1 and task_id = $2", attachment, task);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GetString(0), r.GetString(1), r.GetFieldValue<byte[]>(2)) : null;
    }

    private static Attachment Read(NpgsqlDataReader r) =>
        new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.GetString(4), r.GetString(5), r.GetString(6), r.Instant(7));
}
