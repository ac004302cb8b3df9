using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Distribution;

/// <summary>A decision about a task, as it was kept.</summary>
/// <param name="Id">The decision.</param>
/// <param name="At">When.</param>
/// <param name="PolicyVersion">Version of the team's policy; 0: the built-in one.</param>
/// <param name="Trigger">What asked for it.</param>
/// <param name="PersonId">Who was chosen; null: no one could be.</param>
/// <param name="Person">Their display name.</param>
/// <param name="Shadow">Computed without acting.</param>
/// <param name="Offer">How the offer stands or ended; null: there was none.</param>
/// <param name="OfferReason">Why it was declined or withdrawn, or accepted without an answer.</param>
/// <param name="Why">Candidates, scores, and who was filtered out by what.</param>
public sealed record TaskDecision(
    Guid Id,
    Instant At,
    int PolicyVersion,
    string Trigger,
    Guid? PersonId,
    string? Person,
    bool Shadow,
    OfferState? Offer,
    string? OfferReason,
    Explanation Why
);

/// <summary>How a team's offers went.</summary>
/// <param name="Offers">Offers and assignments.</param>
/// <param name="Accepted">Accepted ones, and assignments: at once, or for want of an answer.</param>
/// <param name="Declined">Declined ones.</param>
/// <param name="Expired">Ones that nobody answered.</param>
/// <param name="Withdrawn">Ones that were taken back.</param>
/// <param name="SecondsToAccept">Median time from an offer to its acceptance; null: none was accepted.</param>
public sealed record OfferFigures(int Offers, int Accepted, int Declined, int Expired, int Withdrawn, double? SecondsToAccept);

/// <summary>A team's task that is offered to someone.</summary>
/// <param name="Id">The offer.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="PersonId">Whom it is offered to.</param>
/// <param name="Person">Their display name.</param>
/// <param name="OfferedAt">Since when.</param>
/// <param name="ExpiresAt">Until when.</param>
/// <param name="PushedBy">User name of who pushed it by hand; null: the push engine.</param>
public sealed record TeamOffer(Guid Id, Guid TaskId, string Title, Guid PersonId, string Person, Instant OfferedAt, Instant ExpiresAt, string? PushedBy);

/// <summary>Reads what the push engine did.</summary>
public static class DistributionQueries
{
    private const int Newest = 20;

    /// <summary>The newest decisions about a task, newest first.</summary>
    public static async Task<IReadOnlyList<TaskDecision>> OfTaskAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select d.id, d.at, d.policy_version, d.trigger, d.person_id, p.display_name, d.shadow, o.state, o.reason, d.document
            from distribution_decision d left join person p on p.id = d.person_id left join task_offer o on o.decision_id = d.id
            where d.task_id = $1 order by d.at desc, d.id desc limit $2
            """,
            task,
            Newest
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var decisions = new List<TaskDecision>();
        while (await r.ReadAsync(cancel))
            decisions.Add(
                new(
                    r.GetGuid(0),
                    r.Instant(1),
                    r.GetInt32(2),
                    r.GetString(3),
                    r.GuidOrNull(4),
                    r.Text(5),
                    r.GetBoolean(6),
                    r.Text(7) is { } state ? Enum.Parse<OfferState>(state) : null,
                    r.Text(8),
                    Explanation.Read(r.GetString(9))
                )
            );
        return decisions;
    }

    /// <summary>The open offers of a team's tasks, the one that expires first before the others.</summary>
    public static async Task<IReadOnlyList<TeamOffer>> OpenOfTeamAsync(NpgsqlDataSource database, string team, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select o.id, t.id, t.title, p.id, p.display_name, o.offered_at, o.expires_at, o.pushed_by
            from task_offer o join task t on t.id = o.task_id and t.state = 'Ready' join person p on p.id = o.person_id
            where o.state = 'Open' and t.team = $1 order by o.expires_at, o.id
            """,
            team
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var offers = new List<TeamOffer>();
        while (await r.ReadAsync(cancel))
            offers.Add(new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetGuid(3), r.GetString(4), r.Instant(5), r.Instant(6), r.Text(7)));
        return offers;
    }

    /// <summary>How a team's offers went since then.</summary>
    public static async Task<OfferFigures> FiguresAsync(NpgsqlDataSource database, string team, Instant since, CancellationToken cancel = default)
    {
        var (offers, accepted, declined, expired, withdrawn) = (0, 0, 0, 0, 0);
        double? seconds = null;
        await using (
            var query = database.Query(
                """
                select count(*)::int, count(*) filter (where o.state = 'Accepted')::int, count(*) filter (where o.state = 'Declined')::int,
                    count(*) filter (where o.state = 'Expired')::int, count(*) filter (where o.state = 'Withdrawn')::int,
                    percentile_cont(0.5) within group (order by extract(epoch from o.ended_at - o.offered_at)::float8)
                        filter (where o.state = 'Accepted' and o.reason is null and o.ended_at > o.offered_at)
                from task_offer o join task t on t.id = o.task_id where t.team = $1 and o.offered_at >= $2
                """,
                team,
                since
            )
        )
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            if (await r.ReadAsync(cancel))
                (offers, accepted, declined, expired, withdrawn, seconds) = (
                    r.GetInt32(0),
                    r.GetInt32(1),
                    r.GetInt32(2),
                    r.GetInt32(3),
                    r.GetInt32(4),
                    r.IsDBNull(5) ? null : r.GetDouble(5)
                );
        }

        return new(offers, accepted, declined, expired, withdrawn, seconds);
    }
}
