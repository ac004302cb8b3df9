using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Audit;

/// <summary>A row of the access log.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When it was opened first.</param>
/// <param name="Until">When it was opened last.</param>
/// <param name="Opens">How often.</param>
/// <param name="Person">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="Name">Their name.</param>
/// <param name="Kind">customer, case, task, document, search or export.</param>
/// <param name="Subject">Id of what was opened, or null.</param>
/// <param name="What">What it is called: a reference, a name, the words of a search.</param>
/// <param name="Case">The case it belongs to, or null.</param>
/// <param name="Origin">From which address.</param>
/// <param name="Source">page or api.</param>
/// <param name="Reason">Why, if they were asked.</param>
/// <param name="Flags">Why a rule found it unusual.</param>
public sealed record AccessRow(
    Guid Id,
    Instant At,
    Instant Until,
    int Opens,
    Guid Person,
    string UserName,
    string Name,
    string Kind,
    Guid? Subject,
    string What,
    Guid? Case,
    string Origin,
    string Source,
    string? Reason,
    IReadOnlyList<string> Flags
);

/// <summary>Which rows. Members that are null don't filter.</summary>
public sealed record AccessFilter
{
    /// <summary>Id of who opened.</summary>
    public Guid? Person { get; init; }

    /// <summary>User name of who opened.</summary>
    public string? UserName { get; init; }

    /// <summary>Number of a customer: their record and all of their cases.</summary>
    public string? Customer { get; init; }

    /// <summary>Reference of a case: it, its tasks and its files.</summary>
    public string? Case { get; init; }
    public string? Kind { get; init; }
    public Instant? From { get; init; }
    public Instant? To { get; init; }

    /// <summary>Only what a rule found unusual.</summary>
    public bool Flagged { get; init; }

    /// <summary>Only those with a reason, of sensitive customers.</summary>
    public bool WithReason { get; init; }
    public (DateTime At, Guid Id)? Before { get; init; }
    public int Limit { get; init; } = 50;
}

/// <summary>Reads the access log.</summary>
public static class AccessQueries
{
    /// <summary>Kinds there are.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["customer", "case", "task", "document", "search", "export"];

    /// <summary>How many openings since then a rule found unusual.</summary>
    public static async Task<long> UnusualAsync(NpgsqlDataSource database, Instant since, CancellationToken cancel = default)
    {
        await using var query = database.Query("select count(distinct access_id) from access_flag where at >= $1", since);
        return (long)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>A page, newest first.</summary>
    public static async Task<Page<AccessRow>> ListAsync(NpgsqlDataSource database, AccessFilter filter, CancellationToken cancel = default)
    {
        var (before, id) = filter.Before is var (at, last) ? (at, last) : ((DateTime?)null, (Guid?)null);
        await using var query = database.Query(
            """
            with subject as materialized (
                select c.id from journey_case c where c.reference = $4
                union all select t.id from journey_case c join task t on t.instance_id = c.id where c.reference = $4
                union all select f.id from journey_case c join task t on t.instance_id = c.id join task_attachment f on f.task_id = t.id where c.reference = $4
                union all select m.id from customer k join customer m on m.survivor = k.survivor where k.number = $3
                union all select c.id from customer k join customer m on m.survivor = k.survivor join journey_case c on c.customer_id = m.number
                    where k.number = $3
                union all select t.id from customer k join customer m on m.survivor = k.survivor join journey_case c on c.customer_id = m.number
                    join task t on t.instance_id = c.id where k.number = $3)
            select a.id, a.at, a.until_at, a.opens, a.person_id, p.user_name, p.display_name, a.kind, a.subject_id,
                coalesce(case a.kind when 'customer' then (select c.name || ' (' || c.number || ')' from customer c where c.id = a.subject_id)
                    when 'case' then (select c.reference from journey_case c where c.id = a.subject_id)
                    when 'task' then (select coalesce(c.reference || ': ', '') || t.title from task t left join journey_case c on c.id = t.instance_id
                        where t.id = a.subject_id)
                    when 'document' then (select coalesce(c.reference || ': ', '') || f.name from task_attachment f join task t on t.id = f.task_id
                        left join journey_case c on c.id = t.instance_id where f.id = a.subject_id) end, nullif(a.what, ''), 'no longer there'),
                case a.kind when 'case' then a.subject_id when 'task' then (select t.instance_id from task t where t.id = a.subject_id)
                    when 'document' then (select t.instance_id from task_attachment f join task t on t.id = f.task_id where f.id = a.subject_id) end,
                a.origin, a.source, a.reason, array(select f.reason from access_flag f where f.access_id = a.id order by f.found_at)
            from (select * from access_log l
                where ($1::uuid is null or l.person_id = $1) and ($2::text is null or l.person_id in (select p.id from person p where p.user_name = $2))
                    and ($3::text is null and $4::text is null or l.subject_id in (select id from subject))
                    and ($5::text is null or l.kind = $5) and ($6::timestamptz is null or l.at >= $6) and ($7::timestamptz is null or l.at < $7)
                    and (not $8 or exists (select from access_flag f where f.access_id = l.id))
                    and (not $12 or l.reason is not null)
                    and ($9::timestamptz is null or (l.at, l.id) < ($9, $10::uuid))
                order by l.at desc, l.id desc limit $11) a
            join person p on p.id = a.person_id
            order by a.at desc, a.id desc
            """,
            filter.Person,
            filter.UserName,
            filter.Customer,
            filter.Case,
            filter.Kind,
            filter.From,
            filter.To,
            filter.Flagged,
            before,
            id,
            filter.Limit + 1,
            filter.WithReason
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var rows = new List<AccessRow>();
        while (await r.ReadAsync(cancel))
            rows.Add(
                new(
                    r.GetGuid(0),
                    r.Instant(1),
                    r.Instant(2),
                    r.GetInt32(3),
                    r.GetGuid(4),
                    r.GetString(5),
                    r.GetString(6),
                    r.GetString(7),
                    r.GuidOrNull(8),
                    r.GetString(9),
                    r.GuidOrNull(10),
                    r.GetString(11),
                    r.GetString(12),
                    r.Text(13),
                    r.GetFieldValue<string[]>(14)
                )
            );
        return Page<AccessRow>.Of(rows, filter.Limit, row => (row.At.ToDateTimeUtc(), row.Id));
    }
}
