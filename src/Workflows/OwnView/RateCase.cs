using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.OwnView;

/// <summary>A rating in a list.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Rating">The rating.</param>
public sealed record RatedCase(Guid CaseId, string Reference, Rating Rating);

/// <summary>A customer rates a case that has ended: once, and they can change it while the case can be rated.</summary>
public static class RateCase
{
    /// <summary>Most characters of a comment.</summary>
    public const int LongestComment = 2000;

    /// <summary>Rates. The caller has found the link just before.</summary>
    /// <param name="satisfaction">From 1, not at all, to 5; null: they chose none.</param>
    /// <param name="recommend">From 0 to 10, or null.</param>
    /// <param name="comment">More; or empty.</param>
    public static async Task<OwnViewResult> RunAsync(
        WorkflowRuntime runtime,
        FollowedCase link,
        int? satisfaction,
        int? recommend,
        string comment,
        CancellationToken cancel = default
    )
    {
        comment = comment.ReplaceLineEndings("\n").Trim();
        if (satisfaction is not (>= 1 and <= 5) || recommend is < 0 or > 10)
            return new OwnViewResult.Refused(OwnViewProblem.Score);
        if (comment.Length > LongestComment)
            return new OwnViewResult.Refused(OwnViewProblem.TooLong);
        if (CustomerRules.Unfit(comment, LongestComment, lines: true) is not null)
            return new OwnViewResult.Refused(OwnViewProblem.Unfit);
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            FollowedCase.Actor,
            ("$1", link.Case),
            reads:
            [
                Sql.Command(
                    """
                    select i.finished_at, r.satisfaction, r.recommend, r.comment,
                        (select count(*)::int from event e where e.chain_id = $1 and e.action = 'case.rated' and e.at > $3)
                    from workflow_instance i join own_view_link l on l.case_id = i.id and l.id = $2 and l.revoked_at is null
                    left join own_view_rating r on r.case_id = i.id
                    where i.id = $1
                    """,
                    link.Case,
                    link.Link,
                    runtime.Clock.Now() - Duration.FromDays(1)
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return new OwnViewResult.Gone();
        var ended = t.Reads.InstantOrNull(0);
        var isSame =
            !t.Reads.IsDBNull(1)
            && t.Reads.GetInt16(1) == satisfaction
            && (t.Reads.IsDBNull(2) ? null : (int?)t.Reads.GetInt16(2)) == recommend
            && t.Reads.GetString(3) == comment;
        var ratings = t.Reads.GetInt32(4);
        await t.DoneReadingAsync();
        if (t.IsRunning || ended is not { } at || t.Now >= at + ReadOwnView.RatingTime)
            return new OwnViewResult.Refused(OwnViewProblem.NotNow);
        if (isSame)
            return new OwnViewResult.Done();
        if (ratings >= CustomerAnswers.MostInADay)
            return new OwnViewResult.Refused(OwnViewProblem.TooMuch);
        t.Write(
            """
            insert into own_view_rating (case_id, satisfaction, recommend, comment, rated_at, changed_at) values ($1, $2, $3, $4, $5, $5)
            on conflict (case_id) do update set satisfaction = excluded.satisfaction, recommend = excluded.recommend, comment = excluded.comment,
                changed_at = excluded.changed_at
            """,
            link.Case,
            (short)satisfaction.Value,
            (short?)recommend,
            comment,
            t.Now
        );
        t.Record(
            new(
                "case.rated",
                "case",
                Ids.Text(link.Case),
                0,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        satisfaction,
                        recommend,
                        comment = comment.Length == 0 ? null : comment,
                    },
                    TaskJson.Options
                )
            )
        );
        t.Announce(new(ChangeKind.Instance, link.Case));
        await t.CommitAsync(cancel);
        return new OwnViewResult.Done();
    }

    /// <summary>Ratings of these cases, the newest first. The caller has checked that the person can see the cases.</summary>
    public static async Task<IReadOnlyList<RatedCase>> ListAsync(NpgsqlDataSource database, IEnumerable<Guid> cases, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select c.id, c.reference, r.satisfaction, r.recommend, r.comment, r.changed_at from own_view_rating r join journey_case c on c.id = r.case_id
            where r.case_id = any($1) order by r.changed_at desc, c.id
            """,
            (object)cases.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var ratings = new List<RatedCase>();
        while (await r.ReadAsync(cancel))
            ratings.Add(new(r.GetGuid(0), r.GetString(1), new(r.GetInt16(2), r.IsDBNull(3) ? null : r.GetInt16(3), r.GetString(4), r.Instant(5))));
        return ratings;
    }
}
