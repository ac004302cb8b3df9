using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Audit;

/// <summary>Two people who had to be different, in one case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Journey">Its journey.</param>
/// <param name="Rule"><c>review</c>: work and its approval; <c>step</c>: a step that excludes whoever did another; <c>change</c>: a change by hand.</param>
/// <param name="Decided">What was decided: the title of the step, or the change.</param>
/// <param name="DecidedBy">User name of who decided.</param>
/// <param name="Approved">What approved it.</param>
/// <param name="ApprovedBy">User name of who approved.</param>
/// <param name="At">When it was approved.</param>
/// <param name="Sequence">The event of the approval.</param>
/// <param name="Finding">Why it is conspicuous; null: it isn't.</param>
public sealed record EyesPair(
    Guid Case,
    string Reference,
    string Journey,
    string Rule,
    string Decided,
    string DecidedBy,
    string Approved,
    string ApprovedBy,
    Instant At,
    int Sequence,
    string? Finding
);

/// <summary>
/// Who decided and who approved, from history: whether four eyes were four. A pair is conspicuous when both are the same person, when one acted in the place
/// of the other, or when one was the other's substitute at that time.
/// </summary>
public static class FourEyes
{
    /// <summary>Most pairs of a report.</summary>
    public const int Most = 2000;

    /// <summary>The pairs of a time, newest first.</summary>
    /// <param name="from">Approved since then.</param>
    /// <param name="to">Approved before then.</param>
    /// <param name="onlyFindings">Only what is conspicuous.</param>
    public static async Task<IReadOnlyList<EyesPair>> ReadAsync(
        WorkflowRuntime runtime,
        Instant from,
        Instant to,
        bool onlyFindings,
        CancellationToken cancel = default
    )
    {
        await using var query = runtime.Database.Query(
            $"""
            with done as (
                select e.chain_id, e.sequence, e.at, e.actor, e.entity_id, e.activity_id, e.payload from event e
                where e.action = 'task.completed' and e.entity <> 'activity' and e.at >= $1 and e.at < $2),
            pair as (
                -- Work that was reviewed: its owner asked, the reviewer approved.
                select d.chain_id, 'review' rule, d.payload ->> 'title' decided, asked.actor decided_by, 'Review: ' || (d.payload ->> 'title') approved,
                    d.actor approved_by, d.at, d.sequence, d.payload ->> 'onBehalfOf' in_place, asked.payload ->> 'onBehalfOf' asked_in_place
                from done d
                join lateral (select q.actor, q.payload from event q where q.chain_id = d.chain_id and q.entity = 'task' and q.entity_id = d.entity_id
                    and q.action = 'task.review-requested' and q.sequence < d.sequence order by q.sequence desc limit 1) asked on true
                where d.payload ->> 'reviewer' is not null
                -- A step that excludes whoever did another.
                union all
                select d.chain_id, 'step', o.payload ->> 'title', o.actor, d.payload ->> 'title', d.actor, d.at, d.sequence, d.payload ->> 'onBehalfOf',
                    o.payload ->> 'onBehalfOf'
                from done d
                join task t on t.id = d.entity_id::uuid and t.excluded_steps <> '{"{}"}' and t.test_by is null
                join event o on o.chain_id = d.chain_id and o.sequence < d.sequence and o.action = 'task.completed' and o.activity_id = any(t.excluded_steps)
                -- Changes by hand that someone else had to approve.
                union all
                select e.chain_id, 'change', e.payload ->> 'type', e.payload ->> 'requestedBy', 'Approved: ' || (e.payload ->> 'type'), e.actor, e.at,
                    e.sequence, null, null
                from event e where e.action = 'instance.altered' and e.entity <> 'activity' and e.at >= $1 and e.at < $2
                    and e.payload ->> 'requestedBy' is not null),
            judged as (
                select p.*, c.reference, c.journey, case
                    when lower(p.decided_by) = lower(p.approved_by) then 'The same person'
                    when p.in_place in (a.user_name, a.id::text) or p.asked_in_place in (b.user_name, b.id::text) then 'One acted in the place of the other'
                    when exists (select from substitution s where s.from_at <= p.at and s.until_at > p.at and (s.ended_at is null or s.ended_at > p.at)
                        and (s.person_id, s.substitute_id) in ((a.id, b.id), (b.id, a.id))) then 'One was the substitute of the other'
                    end finding
                from pair p join journey_case c on c.id = p.chain_id
                left join person a on a.user_name = p.decided_by left join person b on b.user_name = p.approved_by
                where c.test_by is null)
            select chain_id, reference, journey, rule, decided, decided_by, approved, approved_by, at, sequence, finding from judged
            where not $3 or finding is not null order by at desc, sequence desc limit {Most}
            """,
            from,
            to,
            onlyFindings
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var pairs = new List<EyesPair>();
        while (await r.ReadAsync(cancel))
            pairs.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.GetString(2),
                    r.GetString(3),
                    r.Text(4) ?? "",
                    r.GetString(5),
                    r.Text(6) ?? "",
                    r.GetString(7),
                    r.Instant(8),
                    r.GetInt32(9),
                    r.Text(10)
                )
            );
        return pairs;
    }
}
