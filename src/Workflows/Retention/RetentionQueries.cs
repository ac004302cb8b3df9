using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Retention;

/// <summary>Cases of a rule.</summary>
/// <param name="Rule">Its key; null: no rule fits, and they stay.</param>
/// <param name="Cases">Ended cases.</param>
/// <param name="Due">Those whose time is over.</param>
/// <param name="Soon">Those whose time is over within a year.</param>
/// <param name="First">When the first of them is due, or was.</param>
public sealed record RuleFigures(string? Rule, long Cases, long Due, long Soon, Instant? First);

/// <summary>A case that will be removed.</summary>
/// <param name="Id">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Journey">Its journey.</param>
/// <param name="Rule">By which rule.</param>
/// <param name="Jurisdiction">Where, or null.</param>
/// <param name="ClosedAt">When it ended.</param>
/// <param name="RemoveAt">When its time is over.</param>
/// <param name="Held">Whether a hold keeps it.</param>
public sealed record DueForRemoval(Guid Id, string Reference, string Journey, string Rule, string? Jurisdiction, Instant ClosedAt, Instant RemoveAt, bool Held);

/// <summary>A batch that was removed.</summary>
public sealed record PastRemoval(Instant At, RetentionProof Proof);

/// <summary>What will be removed, when and why, and what was.</summary>
/// <param name="Rules">By rule.</param>
/// <param name="Next">The next cases, the earliest first.</param>
/// <param name="Past">The newest batches.</param>
/// <param name="Unscheduled">Ended cases that the job hasn't looked at.</param>
/// <param name="Failed">Cases that ended with a failure: they can be resumed, and stay until someone cancels them.</param>
public sealed record RetentionStatus(
    IReadOnlyList<RuleFigures> Rules,
    IReadOnlyList<DueForRemoval> Next,
    IReadOnlyList<PastRemoval> Past,
    long Unscheduled,
    long Failed
);

/// <summary>Reads what retention will do and has done.</summary>
public static class RetentionQueries
{
    /// <summary>Reads it.</summary>
    /// <param name="rule">Cases of this rule only; null: of all.</param>
    /// <param name="limit">Most cases.</param>
    public static async Task<RetentionStatus> ReadAsync(NpgsqlDataSource database, string? rule, int limit, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select rule, count(*), count(*) filter (where remove_at <= $1), count(*) filter (where remove_at > $1 and remove_at <= $1 + interval '1 year'),
                min(remove_at) from case_retention group by rule order by min(remove_at) nulls last
            """,
            now
        );
        batch.Add(
            """
            with next as (select * from case_retention where remove_at is not null and ($2::text is null or rule = $2) order by remove_at, case_id limit $3)
            select n.case_id, c.reference, c.journey, n.rule, n.jurisdiction, n.closed_at, n.remove_at, h.held_case is not null
            from next n join journey_case c on c.id = n.case_id
                left join (select distinct held_case from holds_of(array(select case_id from next), $1)) h on h.held_case = n.case_id
            order by n.remove_at, n.case_id
            """,
            now,
            rule,
            limit
        );
        batch.Add(
            "select at, payload from event where chain_id = $1 and action = 'retention.removed' and payload is not null order by sequence desc limit 20",
            Ids.Named(KeepRetention.Chain)
        );
        batch.Add(
            """
            select count(*) filter (where i.sub_status <> 'Faulted' and r.case_id is null), count(*) filter (where i.sub_status = 'Faulted')
            from workflow_instance i join journey_case c on c.id = i.id left join case_retention r on r.case_id = i.id
            where i.status = 'Finished' and c.test_by is null
            """
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var rules = new List<RuleFigures>();
        while (await r.ReadAsync(cancel))
            rules.Add(new(r.Text(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.InstantOrNull(4)));
        await r.NextResultAsync(cancel);
        var next = new List<DueForRemoval>();
        while (await r.ReadAsync(cancel))
            next.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Text(4), r.Instant(5), r.Instant(6), r.GetBoolean(7)));
        await r.NextResultAsync(cancel);
        var past = new List<PastRemoval>();
        while (await r.ReadAsync(cancel))
            past.Add(new(r.Instant(0), JsonSerializer.Deserialize<RetentionProof>(r.GetString(1), JsonSerializerOptions.Web)!));
        await r.NextResultAsync(cancel);
        await r.ReadAsync(cancel);
        return new(rules, next, past, r.GetInt64(0), r.GetInt64(1));
    }
}
