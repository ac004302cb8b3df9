using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Guidance;

/// <summary>What someone has to say about guidance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoteKind>))]
public enum NoteKind
{
    /// <summary>What it says is no longer right.</summary>
    OutOfDate,

    /// <summary>A question that nothing answers.</summary>
    NoAnswer,

    /// <summary>Another text for an article.</summary>
    Proposal,
}

/// <summary>A note on guidance.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Body">What was said or asked: at most 4000 characters.</param>
/// <param name="ArticleId">The article; null: a question about nothing that there is.</param>
/// <param name="Suggested">Of a proposal, the text it proposes instead.</param>
/// <param name="TaskId">The task at which it came up, or null.</param>
/// <param name="Team">Team that should answer; null: the owner of the article, else of what is pinned to the journey, else the team of the task.</param>
public sealed record NoteRequest(NoteKind Kind, string Body, Guid? ArticleId = null, string? Suggested = null, Guid? TaskId = null, string? Team = null);

/// <summary>A note with what came of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What it is.</param>
/// <param name="ArticleId">The article, or null.</param>
/// <param name="ArticleTitle">Its title.</param>
/// <param name="Team">Key of the owning team.</param>
/// <param name="Body">What was said.</param>
/// <param name="Suggested">The text that is proposed.</param>
/// <param name="WrittenBy">User name of who wrote it.</param>
/// <param name="WrittenByName">Their name.</param>
/// <param name="WrittenAt">When.</param>
/// <param name="TaskId">The task of the owning team; null: it was removed.</param>
/// <param name="Outcome">What the team decided: Accept or Decline; null: not yet.</param>
/// <param name="Reply">What the team answered.</param>
public sealed record GuidanceNote(
    Guid Id,
    NoteKind Kind,
    Guid? ArticleId,
    string? ArticleTitle,
    string Team,
    string Body,
    string? Suggested,
    string WrittenBy,
    string WrittenByName,
    Instant WrittenAt,
    Guid? TaskId,
    string? Outcome,
    string? Reply
)
{
    /// <summary>Whether someone may see it: who wrote it, and those who write for the owning team.</summary>
    public bool IsSeenBy(Person person) => WrittenBy == person.UserName || ArticleAccess.Writes(person, Team);
}

/// <summary>Turns what people say about guidance into work of the owning team: each note is a run of the shipped journey, with a task like any other.</summary>
public static class ReportGuidance
{
    /// <summary>Definition id of the journey.</summary>
    public const string Journey = "guidance-change";

    /// <summary>Its step in which the owning team decides.</summary>
    internal const string DecideStep = "decide";

    private const int LongestNote = 4000;

    private const string Columns = """
        select n.id, n.kind, n.article_id, a.title, n.team, n.body, n.suggested, n.written_by, coalesce(p.display_name, n.written_by), n.written_at, t.id,
            t.outcome, t.data ->> 'reply'
        from guidance_note n left join guidance_article a on a.id = n.article_id left join person p on p.user_name = n.written_by
        left join lateral (select t.id, t.outcome, t.data from task t where t.instance_id = n.instance_id order by t.created_at, t.id limit 1) t on true
        """;

    /// <summary>Notes it and opens the task: one transaction.</summary>
    public static async Task<ArticleResult> RunAsync(WorkflowRuntime runtime, NoteRequest request, Person actor, CancellationToken cancel = default)
    {
        request = request with { Body = request.Body.Trim().ReplaceLineEndings("\n"), Suggested = request.Suggested?.ReplaceLineEndings("\n").TrimEnd() };
        var article = request.ArticleId is { } about ? await ArticleQueries.FindAsync(runtime.Database, about, actor, cancel) : null;
        if (request.ArticleId is not null && article?.Version is null)
            return new ArticleResult.NotFound();
        var task = request.TaskId is { } at ? await TaskDetail.FindAsync(runtime, at, actor, cancel) : null;
        if (request.TaskId is not null && task is null)
            return new ArticleResult.NotFound();
        if (Check(request, article) is { Count: > 0 } errors)
            return new ArticleResult.Invalid(errors);
        if (await TeamAsync(runtime.Database, request, article, task, cancel) is not { } team)
            return new ArticleResult.Invalid(new Dictionary<string, string[]> { ["team"] = ["must be the key of a team that can answer"] });
        var id = Ids.New(runtime.Clock.Now());
        var title = Title(request, article);
        var result = await runtime.StartAsync(
            new(
                Journey,
                new()
                {
                    ["team"] = team,
                    ["title"] = title,
                    ["said"] = Said(request, actor),
                    ["suggestion"] = request.Suggested ?? "",
                }
            )
            {
                InstanceId = id,
                CorrelationId = ReferenceOf(id),
                AlsoWrite = t =>
                {
                    t.Write(
                        """
                        insert into guidance_note (id, kind, article_id, team, body, suggested, task_id, instance_id, written_by, written_at)
                            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                        """,
                        Ids.New(t.Now),
                        request.Kind.ToString(),
                        article?.Id,
                        team,
                        request.Body,
                        request.Suggested,
                        task?.Id,
                        id,
                        actor.UserName,
                        t.Now
                    );
                    var told = JsonSerializer.SerializeToUtf8Bytes(
                        new
                        {
                            kind = request.Kind.ToString(),
                            title,
                            note = request.Body,
                        },
                        TaskJson.Options
                    );
                    t.Record(new("guidance.reported", "guidance", Ids.Text(article?.Id ?? id), 0, told));
                },
            },
            actor.UserName,
            cancel
        );
        return result is StartResult.Started
            ? new ArticleResult.Done(article?.Id ?? id, article?.Revision ?? 0)
            : new ArticleResult.Refused($"The journey “{Journey}” isn't published, so no one would get this. Ask an administrator to publish it.");
    }

    /// <summary>Notes, the newest first. The caller has checked who may see them: the owning team, administrators, and who wrote them.</summary>
    /// <param name="teams">Owning teams; null: all.</param>
    /// <param name="kind">Null: every kind.</param>
    /// <param name="article">Null: about any article, or none.</param>
    /// <param name="writer">User name of who wrote them; null: anyone.</param>
    /// <param name="isOpen">Whether only those that nobody decided yet.</param>
    public static async Task<IReadOnlyList<GuidanceNote>> ListAsync(
        NpgsqlDataSource database,
        IReadOnlyList<string>? teams,
        NoteKind? kind,
        Guid? article,
        string? writer,
        bool isOpen,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            {Columns} where ($1::text[] is null or n.team = any($1)) and ($2::text is null or n.kind = $2) and ($3::uuid is null or n.article_id = $3)
                and ($4::text is null or n.written_by = $4) and (not $5 or t.outcome is null)
            order by n.written_at desc, n.id limit 200
            """,
            teams?.ToArray(),
            kind?.ToString(),
            article,
            writer,
            isOpen
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>The note whose work a task is, or null. The caller has checked that the person can see the task.</summary>
    public static async Task<GuidanceNote?> OfInstanceAsync(NpgsqlDataSource database, Guid instance, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Columns} where n.instance_id = $1", instance);
        return (await ReadAsync(query, cancel)).FirstOrDefault();
    }

    /// <summary>A note by its id, or null.</summary>
    public static async Task<GuidanceNote?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Columns} where n.id = $1", id);
        return (await ReadAsync(query, cancel)).FirstOrDefault();
    }

    /// <summary>Reference of a run of the journey.</summary>
    internal static string ReferenceOf(Guid run) => $"GDN-{run.ToString("N")[^10..].ToUpperInvariant()}";

    private static Dictionary<string, string[]> Check(NoteRequest request, ArticleDetails? article)
    {
        var errors = new Dictionary<string, string[]>();
        if ((request.Body.Length == 0 ? "is required" : CustomerRules.Unfit(request.Body, LongestNote, lines: true)) is { } body)
            errors["body"] = [body];
        if (request.Kind != NoteKind.NoAnswer && article is null)
            errors["articleId"] = ["is required"];
        if (request.Kind == NoteKind.Proposal)
        {
            if (string.IsNullOrWhiteSpace(request.Suggested))
                errors["suggested"] = ["is required"];
            else if (CustomerRules.Unfit(request.Suggested, ArticleCheck.LongestBody, lines: true) is { } suggested)
                errors["suggested"] = [suggested];
            else if (request.Suggested == article?.Published?.Body)
                errors["suggested"] = ["is what the article says now"];
        }
        else if (request.Suggested is { Length: > 0 })
            errors["suggested"] = ["is for proposals"];
        return errors;
    }

    private static string Title(NoteRequest request, ArticleDetails? article) =>
        request.Kind switch
        {
            NoteKind.OutOfDate => $"Out of date: {article!.Published!.Title}",
            NoteKind.Proposal => $"Proposal for: {article!.Published!.Title}",
            _ => $"No answer found: {(request.Body.Length > 80 ? request.Body[..80] + "…" : request.Body).ReplaceLineEndings(" ")}",
        };

    private static string Said(NoteRequest request, Person actor) =>
        request.Kind switch
        {
            NoteKind.OutOfDate => $"{actor.DisplayName} says that this article is out of date: {request.Body}",
            NoteKind.Proposal => $"{actor.DisplayName} proposes another text: {request.Body}",
            _ => $"{actor.DisplayName} found no answer to this question: {request.Body}",
        } + "\n\nAccept it once guidance says so, or decline it. Whoever wrote this reads your reply.";

    private static async Task<string?> TeamAsync(
        NpgsqlDataSource database,
        NoteRequest request,
        ArticleDetails? article,
        TaskDetail? task,
        CancellationToken cancel
    )
    {
        if (article is not null)
            return article.Team;
        await using var query = database.Query(
            """
            select key from team where retired_at is null and key = coalesce($1, (select a.team from guidance_pin p
                join guidance_article a on a.id = p.article_id and a.version is not null and a.retired_at is null
                where p.journey = $2 group by 1 order by count(*) filter (where p.step = $3) desc, count(*) desc, 1 limit 1), $4)
            """,
            request.Team is { Length: > 0 } team ? team : null,
            task?.Journey,
            task?.StepId,
            task?.Team
        );
        return await query.ExecuteScalarAsync(cancel) as string;
    }

    private static async Task<List<GuidanceNote>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var notes = new List<GuidanceNote>();
        while (await r.ReadAsync(cancel))
        {
            notes.Add(
                new(
                    r.GetGuid(0),
                    Enum.Parse<NoteKind>(r.GetString(1)),
                    r.GuidOrNull(2),
                    r.Text(3),
                    r.GetString(4),
                    r.GetString(5),
                    r.Text(6),
                    r.GetString(7),
                    r.GetString(8),
                    r.Instant(9),
                    r.GuidOrNull(10),
                    r.Text(11),
                    r.Text(12)
                )
            );
        }

        return notes;
    }
}
