using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Audit;

/// <summary>How a decided amount stands to the limit of who decided, at that time.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AuthorityFinding>))]
public enum AuthorityFinding
{
    /// <summary>Well below the limit, or without one.</summary>
    Within,

    /// <summary>At least <see cref="AuthorityReport.NearShare"/> of the limit.</summary>
    Near,

    /// <summary>It was refused: the amount was above the limit.</summary>
    Refused,

    /// <summary>There was no limit then, and the amount is above what the person may decide today.</summary>
    Unlimited,

    /// <summary>Decided although it was above the limit. The product doesn't allow that: the limit or the decision in history was changed.</summary>
    Above,
}

/// <summary>A decision on an amount, or an attempt at one.</summary>
/// <param name="Case">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Journey">Its journey.</param>
/// <param name="Step">Title of the step.</param>
/// <param name="Outcome">The outcome.</param>
/// <param name="By">User name of who decided: of a review, the reviewer.</param>
/// <param name="At">When.</param>
/// <param name="Sequence">The event of the case; 0: it is one of a child workflow.</param>
/// <param name="Label">What the form calls the amount.</param>
/// <param name="Amount">The amount.</param>
/// <param name="Currency">ISO 4217 code, or null.</param>
/// <param name="Limit">The limit in force then; null: none.</param>
/// <param name="Role">Key of the role that gave it, or null.</param>
/// <param name="Today">Their limit today; null: none.</param>
/// <param name="Finding">How the amount stands to the limit.</param>
public sealed record AuthorityDecision(
    Guid Case,
    string Reference,
    string Journey,
    string Step,
    string? Outcome,
    string By,
    Instant At,
    int Sequence,
    string Label,
    decimal Amount,
    string? Currency,
    decimal? Limit,
    string? Role,
    decimal? Today,
    AuthorityFinding Finding
);

/// <summary>What someone decided in a time.</summary>
/// <param name="By">User name.</param>
/// <param name="Decisions">How many amounts they decided.</param>
/// <param name="Near">How many near their limit.</param>
/// <param name="Refused">How many were refused.</param>
/// <param name="Exceptions">How many were above the limit, or without one and above today's.</param>
public sealed record AuthorityPerson(string By, int Decisions, int Near, int Refused, int Exceptions);

/// <summary>Decisions of a time, and who made them.</summary>
/// <param name="People">By user name; the same figures as the decisions without their filters.</param>
/// <param name="Decisions">Newest first, at most <see cref="AuthorityReport.Most"/>.</param>
public sealed record AuthorityDecisions(IReadOnlyList<AuthorityPerson> People, IReadOnlyList<AuthorityDecision> Decisions);

/// <summary>Which decisions to list.</summary>
/// <param name="From">Made since then.</param>
/// <param name="To">Made before then.</param>
/// <param name="Findings">Only these; empty: all.</param>
/// <param name="By">Only of the person with this user name; null: of all.</param>
public sealed record AuthorityFilter(Instant From, Instant To, IReadOnlyList<AuthorityFinding> Findings, string? By = null)
{
    /// <summary>Only of this case; null: of all.</summary>
    public Guid? Case { get; init; }
}

/// <summary>
/// Who decided on which amount within which limit, from history. The limit in force is part of the event of the decision, so that a limit that changed
/// afterwards changes nothing here.
/// </summary>
public static class AuthorityReport
{
    /// <summary>Most decisions of a report.</summary>
    public const int Most = 2000;

    /// <summary>From this share of the limit a decision is near it.</summary>
    public const decimal NearShare = 0.8m;

    /// <summary>The decisions of a time. Test cases don't count.</summary>
    public static async Task<AuthorityDecisions> ReadAsync(WorkflowRuntime runtime, AuthorityFilter filter, CancellationToken cancel = default)
    {
        await using var batch = runtime.Database.CreateBatch();
        batch.BatchCommands.Add(
            Sql.Command(
                $"""
                {Judged}
                select actor, count(*) filter (where finding <> 'Refused')::int, count(*) filter (where finding = 'Near')::int,
                    count(*) filter (where finding = 'Refused')::int, count(*) filter (where finding in ('Above', 'Unlimited'))::int
                from judged group by actor order by 5 desc, 4 desc, 3 desc, 1
                """,
                filter.From,
                filter.To,
                filter.Case
            )
        );
        batch.BatchCommands.Add(
            Sql.Command(
                $"""
                {Judged}
                select case_id, reference, journey, title, outcome, actor, at, case when case_id = chain_id then sequence else 0 end,
                    label, amount, currency, authority_limit, role, today, finding
                from judged where ($4::text[] = '{"{}"}' or finding = any($4)) and ($5::text is null or lower(actor) = lower($5))
                order by at desc, chain_id, sequence desc limit {Most}
                """,
                filter.From,
                filter.To,
                filter.Case,
                filter.Findings.Select(finding => finding.ToString()).ToArray(),
                filter.By
            )
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var people = new List<AuthorityPerson>();
        while (await r.ReadAsync(cancel))
            people.Add(new(r.GetString(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4)));
        await r.NextResultAsync(cancel);
        var decisions = new List<AuthorityDecision>();
        while (await r.ReadAsync(cancel))
            decisions.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.GetString(2),
                    r.Text(3) ?? "",
                    r.Text(4),
                    r.GetString(5),
                    r.Instant(6),
                    r.GetInt32(7),
                    r.Text(8) ?? "",
                    r.GetDecimal(9),
                    r.Text(10),
                    r[11] as decimal?,
                    r.Text(12),
                    r[13] as decimal?,
                    Enum.Parse<AuthorityFinding>(r.GetString(14))
                )
            );
        return new(people, decisions);
    }

    private static readonly string Judged = FormattableString.Invariant(
        $"""
        with decided as (
            select e.chain_id, e.sequence, e.at, e.actor, e.action, e.payload ->> 'title' title, e.payload ->> 'outcome' outcome,
                e.payload -> 'authority' ->> 'field' field, e.payload -> 'authority' ->> 'label' label,
                (e.payload -> 'authority' ->> 'amount')::numeric amount, e.payload -> 'authority' ->> 'currency' currency,
                (e.payload -> 'authority' ->> 'limit')::numeric authority_limit, e.payload -> 'authority' ->> 'role' role,
                (e.payload -> 'authority' ->> 'isLimited')::boolean is_limited, t.definition_id
            from event e left join task t on t.id = e.entity_id::uuid
            where e.action in ('task.completed', 'task.authority-exceeded') and e.entity = 'task' and e.at >= $1 and e.at < $2
                and ($3::uuid is null or e.chain_id = $3 or e.chain_id in (select i.id from workflow_instance i where i.parent_id = $3))
                and e.payload -> 'authority' ->> 'amount' is not null),
        compared as (
            select d.*, c.id case_id, c.reference, c.journey, now.is_limited limited_today, now.may_all, now.highest today
            from decided d join journey_case c on c.id = coalesce((select i.parent_id from workflow_instance i where i.id = d.chain_id), d.chain_id)
            left join person p on p.user_name = d.actor
            cross join lateral (
                select count(*) > 0 is_limited, coalesce(bool_or(a.amount is null) filter (where a.role = any(p.roles)), false) may_all,
                    max(a.amount) filter (where a.role = any(p.roles)) highest
                from authority_limit a where a.journey = d.definition_id and a.field = d.field and a.currency in ('', coalesce(d.currency, ''))) now
            where c.test_by is null),
        judged as (
            select *, case
                when action = 'task.authority-exceeded' then 'Refused'
                when is_limited and (role is null or amount > authority_limit) then 'Above'
                when not is_limited and limited_today and not may_all and amount > coalesce(today, 0) then 'Unlimited'
                when is_limited and authority_limit > 0 and amount >= {NearShare} * authority_limit then 'Near'
                else 'Within' end finding
            from compared)
        """
    );
}
