using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.OwnView;

/// <summary>
/// Sees to the links of a case that has ended, once: those that work go on working for a while, and a customer who got one by mail is asked for a rating by
/// mail, with a link of its own, because the codes of earlier ones are kept nowhere.
/// </summary>
public sealed class EndOfCase(WorkflowRuntime runtime, MailOwnViewLink mail, OwnViewSettings settings)
{
    private const string Actor = "system";

    /// <summary>Sees to cases that ended, and returns how many. A case that someone else holds is left for the next run.</summary>
    /// <param name="limit">At most this many.</param>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var ended = new List<Guid>();
        await using (
            var query = runtime.Database.Query(
                """
                select distinct l.case_id from own_view_link l join workflow_instance i on i.id = l.case_id
                where not l.saw_end and i.status = 'Finished' and i.sub_status <> 'Faulted' and i.finished_at is not null limit $1
                """,
                limit
            )
        )
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                ended.Add(r.GetGuid(0));
        }

        var done = 0;
        foreach (var @case in ended)
        {
            if (await SeeToAsync(@case, cancel))
                done++;
        }

        return done;
    }

    private async Task<bool> SeeToAsync(Guid @case, CancellationToken cancel)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            Actor,
            ("$1", @case),
            skipLocked: true,
            reads:
            [
                Sql.Command(
                    $$"""
                    select i.finished_at, l.sent_to, l.language, l.asks_birth, coalesce(s.emails, '{}'), {{MailOwnViewLink.ConsentsOf("s.id")}},
                        exists (select from own_view_rating r where r.case_id = c.id)
                    from journey_case c join workflow_instance i on i.id = c.id
                    left join customer m on m.number = c.customer_id left join customer s on s.id = m.survivor
                    left join lateral (select o.sent_to, o.language, o.asks_birth from own_view_link o where o.case_id = c.id and o.sent_to is not null
                        and o.revoked_at is null order by o.created_at desc, o.id desc limit 1) l on true
                    where c.id = $1 and exists (select from own_view_link o where o.case_id = c.id and not o.saw_end)
                    """,
                    @case
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return false;
        var r = t.Reads;
        var (ended, to, language) = (r.Instant(0), r.Text(1), r.Text(2));
        var asksBirth = !r.IsDBNull(3) && r.GetBoolean(3);
        var mails = to is not null && mail.Refuse(to, r.GetFieldValue<string[]>(4), MailOwnViewLink.ReadConsents(r, 5)) is null;
        var isRated = r.GetBoolean(6);
        await t.DoneReadingAsync();

        var until = ended + Duration.FromDays(settings.DaysAfterEnd);
        t.Write(
            """
            update own_view_link set saw_end = true,
                expires_at = case when revoked_at is null and expires_at > $2 then greatest(expires_at, $3) else expires_at end where case_id = $1
            """,
            @case,
            t.Now,
            until
        );
        if (mails && !isRated && t.Now < until && t.Now < ended + ReadOwnView.RatingTime)
        {
            var (link, _) = OwnViewLinks.Write(t, mail, @case, new(language, 0, asksBirth) { SendTo = to, AsksRating = true }, until, isOver: true);
            OwnViewLinks.Record(t, link, "own-view.rating-asked", new { expires = until.ToString(), sentTo = to });
        }

        await t.CommitAsync(cancel);
        return true;
    }
}
