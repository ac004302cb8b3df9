using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Audit;

/// <summary>
/// Looks for unusual access by plain rules, each with its reason: someone opened a case or customer with which they have nothing to do, opened many customers
/// in an hour, or opened something out of their shifts. Openings are looked at an hour later: a contact is often recorded after the record was opened.
/// </summary>
public static class ReviewAccess
{
    /// <summary>More customers than that in an hour are many.</summary>
    public const int MostCustomers = 25;

    /// <summary>How long after it an opening is looked at.</summary>
    public static readonly Duration Patience = Duration.FromHours(1);

    /// <summary>Looks at what was opened since the last time. Returns how many openings are unusual.</summary>
    public static async Task<int> RunAsync(WorkflowRuntime runtime, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select seen_at from access_review for update");
        batch.Add(
            $"""
            with fresh as materialized (
                    select a.*, p.user_name, p.roles from access_log a join person p on p.id = a.person_id
                    where a.at > (select seen_at from access_review) and a.at <= $1),
                opened as (
                    select f.*, coalesce(t.instance_id, d.instance_id, case when f.kind = 'case' then f.subject_id end) case_id
                    from fresh f
                    left join task t on f.kind = 'task' and t.id = f.subject_id
                    left join lateral (select o.instance_id from task_attachment x join task o on o.id = x.task_id
                        where f.kind = 'document' and x.id = f.subject_id) d on true
                    where f.kind in ('customer', 'case', 'task', 'document') and not f.roles && array['compliance', 'administrator']),
                about as (
                    select o.*, c.reference, coalesce(k.survivor, m.survivor) customer, coalesce(c.reference, k.name) title from opened o
                    left join journey_case c on c.id = o.case_id left join customer m on m.number = c.customer_id
                    left join customer k on o.kind = 'customer' and k.id = o.subject_id
                    where coalesce(o.case_id, k.id) is not null),
                found as (
                    select 'no-relation' rule, a.person_id, a.id access_id, a.at,
                        'Opened ' || coalesce(a.title, 'a case') || ' without a task, a contact or a team in it' reason,
                        'no-relation ' || a.person_id || coalesce(a.case_id, a.customer) || to_char(a.at, ' YYYY-MM-DD') once
                    from about a join person p on p.id = a.person_id
                    where not {Eligibility.OfRow("p", "$2").SeesRun("a.case_id")}
                        and not exists (select from customer g join journey_case c on c.customer_id = g.number
                            where a.case_id is null and g.survivor = a.customer and {Eligibility.OfRow("p", "$2").SeesRun("c.id")})
                        and not exists (select from customer g join customer_contact n on n.customer_id = g.id where g.survivor = a.customer
                            and n.recorded_by = a.user_name and n.at between a.at - interval '1 day' and a.at + interval '1 hour')
                        and not exists (select from event e where e.chain_id = a.case_id and e.actor = a.user_name and e.entity <> 'activity'
                            and e.at between a.at - interval '1 day' and a.at + interval '1 hour')
                    union all
                    select 'many-customers', a.person_id, a.id, a.at, 'Opened ' || n.customers || ' customers in an hour',
                        'many-customers ' || a.person_id || to_char(a.at, ' YYYY-MM-DD HH24')
                    from about a cross join lateral (select count(distinct coalesce(k.survivor, m.survivor)) customers from access_log l
                        left join customer k on l.kind = 'customer' and k.id = l.subject_id
                        left join journey_case c on l.kind = 'case' and c.id = l.subject_id left join customer m on m.number = c.customer_id
                        where l.person_id = a.person_id and l.at > a.at - interval '1 hour' and l.at <= a.at) n
                    where n.customers > {MostCustomers}
                    union all
                    select 'off-shift', a.person_id, a.id, a.at, 'Opened ' || coalesce(a.title, 'a case') || ' out of their shifts',
                        'off-shift ' || a.person_id || to_char(a.at, ' YYYY-MM-DD HH24')
                    from about a
                    where exists (select from shift s where s.person_id = a.person_id and s.until_at > a.at - interval '7 days'
                            and s.from_at < a.at + interval '7 days')
                        and not exists (select from shift s where s.person_id = a.person_id and s.from_at - interval '30 minutes' <= a.at
                            and s.until_at + interval '30 minutes' > a.at)),
                flagged as (
                    insert into access_flag (id, rule, person_id, access_id, at, reason, found_at, once)
                    select gen_random_uuid(), f.rule, f.person_id, f.access_id, f.at, f.reason, $2, f.once
                    from (select distinct on (once) * from found order by once, at desc) f on conflict (once) do nothing returning 1)
            select count(*)::int from flagged
            """,
            now - Patience,
            now
        );
        batch.Add("update access_review set seen_at = greatest(seen_at, $1)", now - Patience);
        int flagged;
        await using (var r = await batch.ExecuteReaderAsync(cancel))
        {
            await r.NextResultAsync(cancel);
            await r.ReadAsync(cancel);
            flagged = r.GetInt32(0);
        }

        await transaction.CommitAsync(cancel);
        return flagged;
    }
}
