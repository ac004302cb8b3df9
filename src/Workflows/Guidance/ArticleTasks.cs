using System.Globalization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Guidance;

/// <summary>
/// Makes the backlog of owners tasks like any other: an article whose draft waits for approval, or whose check is overdue, has one task of its team. Approving,
/// sending back or confirming the article completes it, by whoever did that. It is withdrawn when the draft is discarded or changed, or the article retired.
/// </summary>
/// <remarks>
/// Each change of an article asks for a look (<c>look_at</c>), in its transaction. Looking again changes nothing, so a crash on the way costs nothing either.
/// </remarks>
public sealed class ArticleTasks(TaskRuntime tasks)
{
    private const string Draft = "Draft";
    private const string Check = "Check";

    private static readonly Duration Again = Duration.FromDays(1);

    /// <summary>Looks at articles that are due for it. Only one host does at a time. Returns how many it looked at.</summary>
    /// <param name="limit">At most this many.</param>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var now = tasks.Runtime.Clock.Now();
        var due = await DueAsync(now, limit, cancel);
        foreach (var article in due)
        {
            var open = article.Open;
            if (article.Run is not null && (open is null || article.Kind != article.Wanted))
            {
                await EndAsync(article, cancel);
                open = null;
            }

            var opened = article.Wanted is not null && open is null && await OpenAsync(article, now, cancel);
            await using var looked = tasks.Runtime.Database.Query(
                "update guidance_article set look_at = $3 where id = $1 and look_at = $2",
                article.Id,
                article.LookAt,
                opened || article.Wanted is not null ? now + Again : article.OverdueAt
            );
            await looked.ExecuteNonQueryAsync(cancel);
        }

        return due.Count;
    }

    /// <summary>The article whose task a run is, and its title; null: none, or the task has ended. Callers checked that the person sees the task.</summary>
    public static async Task<(Guid Id, string Title)?> OfInstanceAsync(NpgsqlDataSource database, Guid run, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, coalesce(draft ->> 'title', title) from guidance_article where work_run = $1", run);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GetGuid(0), r.GetString(1)) : null;
    }

    private async Task<List<DueArticle>> DueAsync(Instant now, int limit, CancellationToken cancel)
    {
        await using var query = tasks.Runtime.Database.Query(
            $"""
            select a.id, a.look_at, a.team, coalesce(a.draft ->> 'title', a.title), a.writers, a.changed_by, coalesce(p.display_name, a.changed_by),
                a.review_on, a.work_run, a.work_kind,
                case when a.retired_at is not null or m.retired_at is not null then null when a.draft_state = 'InReview' then '{Draft}'
                    when a.version is not null and a.review_on < $2 then '{Check}' end,
                t.id, t.revision,
                case when v.published_at > t.created_at or a.work_kind = '{Check}' and a.retired_at is null and a.review_on >= $2 then 'Accept'
                    when a.work_kind = '{Draft}' and a.retired_at is null and a.review_note is not null then 'Decline' end,
                case when v.published_at > t.created_at then v.approved_by else a.changed_by end,
                case when a.version is not null and a.retired_at is null then a.review_on + 1 end
            from guidance_article a join team m on m.key = a.team left join person p on p.user_name = a.changed_by
            left join guidance_version v on v.article_id = a.id and v.number = a.version
            left join lateral (select o.id, o.revision, o.created_at from task o where o.instance_id = a.work_run and o.ended_at is null limit 1) t on true
            where a.look_at <= $1 order by a.look_at, a.id limit $3
            """,
            now,
            now.InUtc().Date.ToDateOnly(),
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var due = new List<DueArticle>();
        while (await r.ReadAsync(cancel))
        {
            due.Add(
                new(r.GetGuid(0), r.Instant(1), r.GetString(2), r.GetString(3), r.GetFieldValue<string[]>(4), r.GetString(5), r.GetString(6))
                {
                    ReviewOn = r.IsDBNull(7) ? null : r.GetFieldValue<DateOnly>(7),
                    Run = r.GuidOrNull(8),
                    Kind = r.Text(9),
                    Wanted = r.Text(10),
                    Open = r.GuidOrNull(11) is { } task ? (task, r.GetInt32(12)) : null,
                    Outcome = r.Text(13),
                    EndedBy = r.GetString(14),
                    OverdueAt = r.IsDBNull(15) ? null : LocalDate.FromDateOnly(r.GetFieldValue<DateOnly>(15)).AtMidnight().InUtc().ToInstant(),
                }
            );
        }

        return due;
    }

    /// <summary>Ends the run, if it goes on, and takes it from the article.</summary>
    private async Task EndAsync(DueArticle article, CancellationToken cancel)
    {
        var done =
            article is { Open: var (task, revision), Outcome: { } outcome }
            && await PersonAsync(article.EndedBy, cancel) is { } person
            && await CompleteElsewhere.RunAsync(tasks, new(task, revision, $"guidance-{Ids.Text(article.Run!.Value)}"), outcome, person, cancel)
                is TaskResult.Done;
        if (!done)
            await CancelCase.RunAsync(tasks.Runtime, article.Run!.Value, "The article no longer needs it.", article.EndedBy, cancel);
        await using var ended = tasks.Runtime.Database.Query(
            "update guidance_article set work_run = null, work_kind = null where id = $1 and work_run = $2",
            article.Id,
            article.Run
        );
        await ended.ExecuteNonQueryAsync(cancel);
    }

    private async Task<bool> OpenAsync(DueArticle article, Instant now, CancellationToken cancel)
    {
        var isDraft = article.Wanted == Draft;
        var said = isDraft
            ? $"{article.ChangedByName} asks for the approval of this draft. Read the article, then approve it or send it back there: that completes "
                + "this task. Its writers can't approve it."
            : $"This article had to be checked by {article.ReviewOn?.ToString("d MMM yyyy", CultureInfo.InvariantCulture)}. Read it, then say there that it "
                + "is still right, or publish a change: that completes this task.";
        var run = Ids.New(now);
        var result = await tasks.Runtime.StartAsync(
            new(
                ReportGuidance.Journey,
                new()
                {
                    ["team"] = article.Team,
                    ["title"] = $"{(isDraft ? "Approve" : "Check")}: {article.Title}",
                    ["said"] = said,
                    ["suggestion"] = "",
                }
            )
            {
                InstanceId = run,
                CorrelationId = ReportGuidance.ReferenceOf(run),
                AlsoWrite = t =>
                {
                    t.Write("update guidance_article set work_run = $2, work_kind = $3 where id = $1", article.Id, run, article.Wanted);
                    if (isDraft)
                        t.Write(
                            "update task set gave_up = array(select id from person where user_name = any($2)) where instance_id = $1",
                            run,
                            article.Writers
                        );
                },
            },
            isDraft ? article.ChangedBy : "system",
            cancel
        );
        return result is StartResult.Started;
    }

    private async Task<Person?> PersonAsync(string userName, CancellationToken cancel)
    {
        await using var query = tasks.Runtime.Database.Query("select id from person where user_name = $1", userName);
        return await query.ExecuteScalarAsync(cancel) is Guid id
            ? await new FindPerson(tasks.Runtime.Database).OfIdAsync(id, tasks.Runtime.Clock.Now(), cancel)
            : null;
    }

    private sealed record DueArticle(Guid Id, Instant LookAt, string Team, string Title, string[] Writers, string ChangedBy, string ChangedByName)
    {
        public DateOnly? ReviewOn { get; init; }

        /// <summary>The run that it has, what for, and its open task.</summary>
        public Guid? Run { get; init; }
        public string? Kind { get; init; }
        public (Guid Id, int Revision)? Open { get; init; }

        /// <summary>What it needs a task for; null: nothing.</summary>
        public string? Wanted { get; init; }

        /// <summary>How its task ends; null: it is withdrawn.</summary>
        public string? Outcome { get; init; }
        public required string EndedBy { get; init; }

        /// <summary>When its check will be overdue, or null.</summary>
        public Instant? OverdueAt { get; init; }
    }
}
