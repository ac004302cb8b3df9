using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Findings;

/// <summary>
/// Reads findings. Reviewers see all of them. Whoever sees the tasks of a finding sees what it says; what it is about they only see if it is a case that they
/// see.
/// </summary>
public static class FindingQueries
{
    /// <summary>What the tasks of a finding say: the last one, and what its owner answered last. The one place that says what a state is.</summary>
    private const string State = $"""
        left join lateral (select t.* from task t where t.instance_id = f.id
            order by t.ended_at desc nulls first, t.created_at desc, t.id desc limit 1) l on true
        left join lateral (select t.outcome from task t where t.instance_id = f.id and t.activity_id = '{RecordFinding.RemedyStep}' and t.outcome is not null
            order by t.ended_at desc, t.id desc limit 1) a on true
        cross join lateral (select case
            when l.id is null then 'Open'
            when l.ended_at is not null and l.outcome is null then 'Cancelled'
            when l.activity_id = '{RecordFinding.RemedyStep}' and l.ended_at is null then case l.state when 'Ready' then 'Open' else 'InProgress' end
            when l.outcome = 'SendBack' then 'Open'
            when l.outcome = 'Accept' then case a.outcome when 'Remedied' then 'Accepted' else 'Rejected' end
            else case a.outcome when 'Remedied' then 'Remedied' else 'Disputed' end end state) s
        """;

    private const string IsOverdue = "(s.state in ('Open', 'InProgress') and f.due_at < $1)";

    private const string Select = $"""
        select f.id, f.title, f.body, f.severity, s.state, f.case_id, f.step, f.event, f.person, f.search, f.reference, f.team, m.title, f.owner,
            coalesce(o.display_name, f.owner), f.due_at, {IsOverdue}, f.recorded_by, coalesce(r.display_name, f.recorded_by), f.recorded_at,
            case when l.ended_at is null then l.id end, case when l.ended_at is null then w.display_name end,
            b.display_name
        from finding f {State} left join team m on m.key = f.team left join person o on o.user_name = f.owner
        left join person r on r.user_name = f.recorded_by left join person w on w.id = l.owner_id left join person b on b.user_name = f.person
        """;

    /// <summary>A page, newest first. The caller has checked that the person reviews history.</summary>
    public static async Task<Page<ReviewFinding>> ListAsync(WorkflowRuntime runtime, FindingFilter filter, CancellationToken cancel = default)
    {
        var (before, id) = filter.Before is var (at, last) ? (at, last) : ((DateTime?)null, (Guid?)null);
        await using var query = runtime.Database.Query(
            $"""
            {Select} where ($2::text[] is null or s.state = any($2)) and ($3::text is null or f.severity = $3) and ($4::text is null or f.team = $4)
                and ($5::text is null or f.owner = $5) and ($6::text is null or f.reference = $6 or f.case_id = $7) and (not $8 or {IsOverdue})
                and ($9::timestamptz is null or (f.recorded_at, f.id) < ($9, $10::uuid))
            order by f.recorded_at desc, f.id desc limit $11
            """,
            runtime.Clock.Now(),
            filter.States?.Select(state => state.ToString()).ToArray(),
            filter.Severity?.ToString(),
            filter.Team,
            filter.Owner,
            filter.Case,
            Guid.TryParse(filter.Case, out var found) ? found : null,
            filter.Overdue,
            before,
            id,
            filter.Limit + 1
        );
        var rows = await ReadAsync(query, cancel);
        return Page<ReviewFinding>.Of(rows, filter.Limit, row => (row.RecordedAt.ToDateTimeUtc(), row.Id));
    }

    /// <summary>How many there are. The caller has checked that the person reviews history.</summary>
    public static async Task<FindingCounts> CountAsync(WorkflowRuntime runtime, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"""
            select count(*) filter (where s.state = 'Open'), count(*) filter (where s.state = 'InProgress'),
                count(*) filter (where s.state in ('Remedied', 'Disputed')), count(*) filter (where {IsOverdue}),
                count(*) filter (where s.state in ('Accepted', 'Rejected', 'Cancelled'))
            from finding f {State}
            """,
            runtime.Clock.Now()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4));
    }

    /// <summary>A finding as a person sees it; null if there is none, or they can't see it.</summary>
    public static async Task<ReviewFinding?> FindAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        var me = Eligibility.Of("$2", "$1");
        var (all, reviews) = (Eligibility.SeesAll(actor), actor.May(Permissions.ReviewHistory));
        await using var batch = runtime.Database.CreateBatch();
        batch.Add(
            $"select ($4 or {me.SeesRun("f.case_id")}) from finding f where f.id = $3 and ($4 or $5 or {me.SeesRun("f.id")})",
            runtime.Clock.Now(),
            actor.Id,
            id,
            all || reviews,
            all
        );
        batch.Add($"{Select} where f.id = $2", runtime.Clock.Now(), id);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var seesCase = r.GetBoolean(0);
        await r.NextResultAsync(cancel);
        await r.ReadAsync(cancel);
        var finding = Read(r);
        return reviews || finding.About?.Case is not null && seesCase ? finding : finding with { About = null };
    }

    /// <summary>What its owner answered and reviewers decided, oldest first. The caller has checked that the person sees the finding.</summary>
    public static async Task<IReadOnlyList<FindingAnswer>> AnswersAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select t.id, t.activity_id, t.outcome, coalesce(t.data ->> 'done', t.data ->> 'reply', t.end_reason), t.ended_by,
                coalesce(p.display_name, t.ended_by), t.ended_at
            from task t left join person p on p.user_name = t.ended_by where t.instance_id = $1 and t.ended_at is not null order by t.ended_at, t.id
            """,
            id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var answers = new List<FindingAnswer>();
        while (await r.ReadAsync(cancel))
            answers.Add(new(r.GetGuid(0), r.GetString(1), r.Text(2), r.Text(3), r.GetString(4), r.GetString(5), r.Instant(6)));
        return answers;
    }

    /// <summary>Ids of those of its tasks that a person can open.</summary>
    public static async Task<IReadOnlySet<Guid>> TasksAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"select t.id from task t where t.instance_id = $3 and ($4 or coalesce({Eligibility.Of("$1", "$2").Sees}, false))",
            actor.Id,
            runtime.Clock.Now(),
            id,
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var tasks = new HashSet<Guid>();
        while (await r.ReadAsync(cancel))
            tasks.Add(r.GetGuid(0));
        return tasks;
    }

    /// <summary>A case that a finding can be about, by its id; null: there is none.</summary>
    public static async Task<(Guid Id, string Reference)?> SubjectAsync(NpgsqlDataSource database, string id, CancellationToken cancel = default)
    {
        if (!Guid.TryParse(id, out var wanted))
            return null;
        await using var query = database.Query("select id, reference from journey_case where id = $1", wanted);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GetGuid(0), r.GetString(1)) : null;
    }

    /// <summary>The steps of a case that had a task, with their titles. The caller has checked that the person sees the case.</summary>
    public static async Task<IReadOnlyList<(string Step, string Title)>> StepsAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query("select activity_id, min(title) from task where instance_id = $1 group by 1 order by min(created_at), 1", id);
        await using var r = await query.ExecuteReaderAsync(cancel);
        var steps = new List<(string, string)>();
        while (await r.ReadAsync(cancel))
            steps.Add((r.GetString(0), r.GetString(1)));
        return steps;
    }

    private static async Task<List<ReviewFinding>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var findings = new List<ReviewFinding>();
        while (await r.ReadAsync(cancel))
            findings.Add(Read(r));
        return findings;
    }

    private static ReviewFinding Read(NpgsqlDataReader r)
    {
        var about = new FindingSubject(r.GuidOrNull(5), r.Text(6), r.IsDBNull(7) ? null : r.GetInt32(7), r.Text(8), r.Text(9))
        {
            Reference = r.Text(10),
            PersonName = r.Text(22),
        };
        return new(
            r.GetGuid(0),
            r.GetString(1),
            r.GetString(2),
            Enum.Parse<FindingSeverity>(r.GetString(3)),
            Enum.Parse<FindingState>(r.GetString(4)),
            about == new FindingSubject() ? null : about,
            r.Text(11),
            r.Text(12),
            r.Text(13),
            r.Text(14),
            r.Instant(15),
            r.GetBoolean(16),
            r.GetString(17),
            r.GetString(18),
            r.Instant(19),
            r.GuidOrNull(20),
            r.Text(21)
        );
    }
}
