using System.Data.Common;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>A task in a list.</summary>
public sealed record TaskSummary(
    Guid Id,
    Guid CaseId,
    string Title,
    TaskState State,
    int Revision,
    short Priority,
    string? Team,
    Guid? OwnerId,
    string? Owner,
    DateTime? DueAt,
    bool Breached,
    DateTime CreatedAt,
    string Journey,
    string? Reference,
    string? CustomerName,
    string? Outcome,
    DateTime? EndedAt,
    DateTime? StartedAt,
    Guid? ReviewerId,
    DateTime? SuspendedUntil
);

/// <summary>A task with all a person needs to do it.</summary>
public sealed record TaskDetail(
    Guid Id,
    Guid CaseId,
    string Title,
    string? Description,
    TaskState State,
    int Revision,
    short Priority,
    string? Team,
    string[] Candidates,
    string[] RequiredSkills,
    string[] ExcludedSteps,
    Guid? OwnerId,
    string? Owner,
    DateTime? DueAt,
    bool Breached,
    DateTime CreatedAt,
    DateTime? ClaimedAt,
    DateTime? StartedAt,
    DateTime? EndedAt,
    string? EndedBy,
    string[] Outcomes,
    string? Outcome,
    string Journey,
    string? Reference,
    string? CustomerId,
    string? CustomerName,
    string StepId,
    JsonNode? Form,
    JsonNode? Data,
    JsonNode? Draft
)
{
    /// <summary>Skills whose holders come first, until the ladder of its clock relaxes them.</summary>
    public string[] PreferredSkills { get; init; } = [];

    /// <summary>Who is told of what happens to it besides its owner, by name.</summary>
    public string[] Watchers { get; init; } = [];

    /// <summary>What its form began with: data of the case and computed defaults.</summary>
    public JsonNode? Prefill { get; init; }

    /// <summary>Outcome that waits for approval.</summary>
    public string? ProposedOutcome { get; init; }

    /// <summary>Whether somebody else must approve it.</summary>
    public bool RequiresReview { get; init; }

    /// <summary>Who was asked to review it, or does.</summary>
    public Guid? ReviewerId { get; init; }
    public string? Reviewer { get; init; }

    /// <summary>What a suspended task waits for, and until when at most.</summary>
    public string? SuspendedReason { get; init; }
    public DateTime? SuspendedUntil { get; init; }

    /// <summary>Outcome by which the case goes on when the step is skipped; null when it can not be.</summary>
    public string? SkipOutcome { get; init; }

    /// <summary>Who delegated it to its owner.</summary>
    public string? DelegatedBy { get; init; }

    /// <summary>Who is away, when the owner has it as a substitute.</summary>
    public string? OnBehalfOf { get; init; }

    /// <summary>Why it ended without being completed.</summary>
    public string? EndReason { get; init; }

    /// <summary>What whoever asks could do as things are: <c>claim</c>, <c>takeOver</c>, <c>review</c>, <c>contribute</c>.</summary>
    public IReadOnlyList<string> May { get; init; } = [];
}

/// <summary>How much work a person has.</summary>
/// <param name="Mine">Open tasks they own.</param>
/// <param name="Overdue">Of these, those past their due time.</param>
/// <param name="Soon">Of these, those due soon.</param>
/// <param name="Open">What they could claim; 1,000 at most is counted.</param>
public sealed record WorkCount(int Mine, int Overdue, int Soon, int Open);

/// <summary>A step of a case.</summary>
/// <param name="Task">Its task.</param>
/// <param name="MayOpen">Whether the person may open the task.</param>
/// <param name="MayClaim">Whether they could claim it now.</param>
/// <param name="StepId">Id of the step in its definition.</param>
public sealed record CaseStep(TaskSummary Task, bool MayOpen, bool MayClaim, string StepId);

/// <summary>Somebody who could be given a task, with how many they have.</summary>
public sealed record Assignee(string UserName, string DisplayName, int OpenTasks);

/// <summary>What to list.</summary>
public sealed record TaskFilter
{
    /// <summary><c>mine</c>: owned by whoever asks; <c>open</c>: what they could take now (open tasks, reviews, and what somebody has whose substitute they are); <c>team</c>: theirs to take or to see through their teams; <c>all</c>: whatever they may see.</summary>
    public string View { get; init; } = "mine";

    /// <summary>Keys of teams; null: any.</summary>
    public IReadOnlyList<string>? Teams { get; init; }
    public Guid? CaseId { get; init; }
    public TaskState? State { get; init; }
    public string? Journey { get; init; }
    public bool? Overdue { get; init; }

    /// <summary>Due no later than this.</summary>
    public Instant? DueBefore { get; init; }
    public string? Search { get; init; }
    public (DateTime At, Guid Id)? After { get; init; }
    public int Limit { get; init; } = 50;
}

/// <summary>Reading tasks. Everybody sees only what their teams and roles allow.</summary>
public static class TaskQueries
{
    private const string Summary = """
        select t.id, t.instance_id, t.title, t.state, t.revision, t.priority, t.team, t.owner_id, p.display_name, t.due_at, t.breached, t.created_at,
            coalesce(c.journey, t.definition_id), coalesce(c.reference, i.correlation_id), c.customer_name, t.outcome, t.ended_at, t.started_at, t.reviewer_id, t.suspended_until, t.order_at
        from task t
        join workflow_instance i on i.id = t.instance_id
        left join journey_case c on c.id = t.instance_id
        left join person p on p.id = t.owner_id
        """;

    /// <summary>SQL of the people whose substitute a person ($1) is now.</summary>
    private static string Absent(string now) =>
        $"select s.person_id from substitution s where s.substitute_id = $1 and s.ended_at is null and s.from_at <= {now} and s.until_at > {now}";

    /// <summary>SQL that is true for tasks (<c>t</c>) a person ($1 id, $2 user name) without a role that sees everything may see.</summary>
    internal static string Visible(string now) =>
        $"""
            ($1 in (t.owner_id, t.reviewer_id) or $2 = any(t.candidates) or $1 = any(t.actors || t.watchers || t.reviewers)
                or t.team in (select m.team_key from team_member m where m.person_id = $1 or m.person_id in ({Absent(
                now
            )}) union all select l.key from team l where l.lead_id = $1)
                or t.owner_id in ({Absent(now)}) or t.candidates && array(select a.user_name from person a where a.id in ({Absent(now)})))
            """;

    /// <summary>SQL that is true for tasks (<c>t</c>) whose preferred skills a person has, or nobody else who could take it: preferring must not leave a task to nobody.</summary>
    internal static string ComesFirst(string person, string now) =>
        $"""
            (cardinality(t.preferred_skills) = 0 or t.preferred_skills <@ array(select s.skill from person_skill s where s.person_id = {person} and (s.certified_until is null or s.certified_until > {now}::date))
                or not exists (
                    select from person q where q.active and not q.id = any(t.gave_up)
                        and (q.user_name = any(t.candidates) or exists (select from team_member m where m.person_id = q.id and m.team_key = t.team))
                        and t.required_skills || t.preferred_skills <@ array(select s.skill from person_skill s where s.person_id = q.id and (s.certified_until is null or s.certified_until > {now}::date))
                        and not exists (select from task o where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps) and q.id = any(o.actors || o.reviewers))))
            """;

    /// <summary>
    /// SQL that is true for tasks (<c>t</c>) that wait for somebody like a person ($1 id, $2 user name): open ones they could claim, reviews they could take, and what an absent owner has whose substitute
    /// they are. The rules of <see cref="TaskTransaction.WhyNotEligible"/>, for lists.
    /// </summary>
    private static string Takeable(string now) =>
        $"""
            (((t.state in ('Ready', 'ReadyForReview') and not $1 = any(t.gave_up)
                    and ($2 = any(t.candidates) or t.team = any(array(select m.team_key from team_member m where m.person_id = $1 or m.person_id in ({Absent(
                now
            )})))
                        or t.candidates && array(select a.user_name from person a where a.id in ({Absent(now)})))
                    and (t.state = 'ReadyForReview' or {ComesFirst(
                "$1",
                now
            )}) and (t.state = 'Ready' or not coalesce($1 = any(t.actors || t.owner_id || t.on_behalf_of), false)))
                or (t.state in ('Reserved', 'InProgress') and t.owner_id = any(array({Absent(now)}))))
                and t.required_skills <@ array(select s.skill from person_skill s where s.person_id = $1 and (s.certified_until is null or s.certified_until > {now}::date))
                and not exists (select from task o where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps) and $1 = any(o.actors || o.reviewers)))
            """;

    /// <summary>Whether somebody sees every case and task: whoever steers, reviews or answers the customer.</summary>
    public static bool SeesAll(Person actor) => actor.Is(Roles.Supervisor, Roles.Administrator, Roles.Compliance, Roles.FrontOffice);

    /// <summary>Whether somebody may add to a task: whoever it concerns, and whoever steers or answers the customer.</summary>
    internal static bool MayContribute(Person actor, bool concerned) => concerned || actor.Is(Roles.Supervisor, Roles.Administrator, Roles.FrontOffice);

    /// <summary>Lists open tasks by due time, or those of a terminal state when the filter asks for one.</summary>
    public static async Task<Page<TaskSummary>> ListAsync(
        NpgsqlDataSource database,
        TaskFilter filter,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var values = new List<object?> { actor.Id, actor.UserName };
        var where = new StringBuilder(
            filter.View switch
            {
                "mine" => " where (t.owner_id = $1 or t.reviewer_id = $1) and $2::text is not null",
                "open" => " where " + On(values, now, Takeable),
                "team" => " where " + On(values, now, Visible),
                _ => SeesAll(actor) ? " where ($1::uuid is not null and $2::text is not null)" : " where " + On(values, now, Visible),
            }
        );
        if (filter.State is { } state)
            And("t.state = ", state.ToString());
        if (filter.State?.IsTerminal() == true)
            where.Append(" and t.ended_at is not null");
        else if (filter.CaseId is null)
            where.Append(" and t.ended_at is null");
        if (filter.CaseId is { } instance)
            And("t.instance_id = ", instance);
        if (filter.Journey is { } journey)
            And("t.definition_id = ", journey);
        if (filter.Teams is { } teams)
        {
            values.Add(teams.ToArray());
            where.Append($" and t.team = any(${values.Count})");
        }

        if (filter.Overdue is { } overdue)
            And(overdue ? "t.order_at < " : "t.order_at >= ", now);
        if (filter.DueBefore is { } before)
            And("t.order_at <= ", before);
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            values.Add("%" + Like.Escape(filter.Search.Trim()) + "%");
            where.Append($" and (t.title ilike ${values.Count} or c.reference ilike ${values.Count} or c.customer_name ilike ${values.Count})");
        }

        if (filter.After is { } after)
        {
            values.Add(after.At);
            values.Add(after.Id);
            where.Append($" and (t.order_at, t.id) > (${values.Count - 1}::timestamptz, ${values.Count}::uuid)");
        }

        values.Add(filter.Limit + 1);
        // First the page, then what belongs to it: beside the price the planner puts on some conditions it can not tell a look-up of fifty cases from a scan of all.
        var customer = string.IsNullOrWhiteSpace(filter.Search) ? "" : "left join journey_case c on c.id = t.instance_id";
        var page = $"with page as materialized (select t.* from task t {customer}{where} order by t.order_at, t.id limit ${values.Count})";
        await using var query = database.Query(
            $"{page} {Summary.Replace("from task t", "from page t", StringComparison.Ordinal)} order by t.order_at, t.id",
            values.ToArray()
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<(TaskSummary Task, DateTime OrderAt)>();
        while (await reader.ReadAsync(cancel))
            rows.Add((ReadSummary(reader), reader.GetDateTime(20)));
        var tasks = Page<(TaskSummary Task, DateTime OrderAt)>.Of(rows, filter.Limit, r => (r.OrderAt, r.Task.Id));
        return new(tasks.Items.Select(r => r.Task).ToList(), tasks.Next);

        void And(string condition, object value)
        {
            values.Add(value);
            where.Append($" and {condition}${values.Count}");
        }
    }

    /// <summary>What waits for a person: what is theirs, and what they could claim.</summary>
    /// <param name="database">The database.</param>
    /// <param name="actor">Whose work.</param>
    /// <param name="soon">Until when it counts as due soon.</param>
    /// <param name="now">Now.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<WorkCount> CountAsync(NpgsqlDataSource database, Person actor, Instant soon, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select count(*)::int, count(*) filter (where due_at <= $3)::int, count(*) filter (where due_at > $3 and due_at <= $4)::int,
                (select count(*)::int from (
                    select from task t
                    where t.ended_at is null and {Takeable("$3")}
                        -- Says nothing new, but lets indexes find them.
                        and (t.team = any(array(select m.team_key from team_member m where m.person_id = $1 or m.person_id in ({Absent(
                "$3"
            )}))) or cardinality(t.candidates) > 0 or t.owner_id = any(array({Absent("$3")})))
                    limit 1000) open)
            from task where (owner_id = $1 or reviewer_id = $1) and $2::text is not null and ended_at is null
            """,
            actor.Id,
            actor.UserName,
            now,
            soon
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GetInt32(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3));
    }

    /// <summary>All steps of a case in the order they opened. The caller has checked that the person may see the case; <see cref="CaseStep.MayOpen"/> says which tasks they may open.</summary>
    public static async Task<IReadOnlyList<CaseStep>> OfCaseAsync(
        NpgsqlDataSource database,
        Guid @case,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var values = new List<object?> { actor.Id, actor.UserName, @case, SeesAll(actor) };
        var (visible, takeable) = (On(values, now, Visible), On(values, now, Takeable));
        await using var query = database.Query(
            Summary.Replace("t.order_at", $"t.order_at, coalesce($4 or {visible}, false), coalesce({takeable}, false), t.activity_id", StringComparison.Ordinal)
                + " where t.instance_id = $3 order by t.created_at, t.id limit 500",
            values.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var steps = new List<CaseStep>();
        while (await r.ReadAsync(cancel))
            steps.Add(new(ReadSummary(r), r.GetBoolean(21), r.GetBoolean(22), r.GetString(23)));
        return steps;
    }

    /// <summary>Who could be given a task: candidates and members of its team with the skills it requires whom four eyes does not exclude, the least busy first.</summary>
    public static async Task<IReadOnlyList<Assignee>> AssigneesAsync(NpgsqlDataSource database, Guid task, Instant now, CancellationToken cancel = default) =>
        [.. (await AssigneesAsync(database, [task], now, cancel))[task]];

    /// <summary>The same for the tasks of a list.</summary>
    public static async Task<ILookup<Guid, Assignee>> AssigneesAsync(NpgsqlDataSource database, Guid[] tasks, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select p.user_name, p.display_name, (select count(*)::int from task w where w.owner_id = p.id and w.ended_at is null) open, t.id
            from task t join person p on p.active and (p.user_name = any(t.candidates) or exists (select from team_member m where m.person_id = p.id and m.team_key = t.team))
            where t.id = any($1) and p.id is distinct from t.owner_id
                and t.required_skills <@ array(select s.skill from person_skill s where s.person_id = p.id and (s.certified_until is null or s.certified_until > $2::date))
                and not exists (select from task o where o.instance_id = t.instance_id and o.activity_id = any(t.excluded_steps) and p.id = any(o.actors || o.reviewers))
            order by open, lower(p.display_name)
            """,
            tasks,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new List<(Guid Task, Assignee Assignee)>();
        while (await r.ReadAsync(cancel))
            people.Add((r.GetGuid(3), new(r.GetString(0), r.GetString(1), r.GetInt32(2))));
        return people.ToLookup(one => one.Task, one => one.Assignee);
    }

    /// <summary>The task, or null when there is none or the person may not see it.</summary>
    public static async Task<TaskDetail?> FindAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"""
            select t.id, t.instance_id, t.title, t.description, t.state, t.revision, t.priority, t.team, t.candidates, t.required_skills, t.excluded_steps, t.owner_id, p.display_name,
                t.due_at, t.breached, t.created_at, t.claimed_at, t.started_at, t.ended_at, t.ended_by, t.outcomes, t.outcome, coalesce(c.journey, t.definition_id),
                coalesce(c.reference, i.correlation_id), c.customer_id, c.customer_name, t.activity_id, t.form, t.form_name, t.data, t.draft, t.definition_version_id,
                t.prefill, t.proposed_outcome, t.requires_review, t.reviewer_id, v.display_name, t.suspended_reason, t.suspended_until, t.skip_outcome, d.display_name, b.display_name, t.end_reason,
                coalesce({Takeable("$5")}, false), coalesce({Visible("$5")}, false), t.preferred_skills,
                array(select w.display_name from person w where w.id = any(t.watchers) order by w.display_name)
            from task t
            join workflow_instance i on i.id = t.instance_id
            left join journey_case c on c.id = t.instance_id
            left join person p on p.id = t.owner_id
            left join person v on v.id = t.reviewer_id
            left join person d on d.id = t.delegated_by
            left join person b on b.id = t.on_behalf_of
            where t.id = $3 and ($4 or {Visible("$5")})
            """,
            actor.Id,
            actor.UserName,
            id,
            SeesAll(actor),
            runtime.Clock.Now()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;

        var form =
            r.Text(27) is { } own ? JsonNode.Parse(own)
            : r.Text(28) is { } name ? await runtime.Definitions.FindResourceAsync(r.GetString(31), name, cancel)
            : null;
        return new(
            r.GetGuid(0),
            r.GetGuid(1),
            r.GetString(2),
            r.Text(3),
            Enum.Parse<TaskState>(r.GetString(4)),
            r.GetInt32(5),
            r.GetInt16(6),
            r.Text(7),
            r.GetFieldValue<string[]>(8),
            r.GetFieldValue<string[]>(9),
            r.GetFieldValue<string[]>(10),
            r.GuidOrNull(11),
            r.Text(12),
            r.Time(13),
            r.GetBoolean(14),
            r.GetDateTime(15),
            r.Time(16),
            r.Time(17),
            r.Time(18),
            r.Text(19),
            r.GetFieldValue<string[]>(20),
            r.Text(21),
            r.GetString(22),
            r.Text(23),
            r.Text(24),
            r.Text(25),
            r.GetString(26),
            form?.DeepClone(),
            Node(r, 29),
            Node(r, 30)
        )
        {
            Prefill = Node(r, 32),
            PreferredSkills = r.GetFieldValue<string[]>(45),
            Watchers = r.GetFieldValue<string[]>(46),
            ProposedOutcome = r.Text(33),
            RequiresReview = r.GetBoolean(34),
            ReviewerId = r.GuidOrNull(35),
            Reviewer = r.Text(36),
            SuspendedReason = r.Text(37),
            SuspendedUntil = r.Time(38),
            SkipOutcome = r.Text(39),
            DelegatedBy = r.Text(40),
            OnBehalfOf = r.Text(41),
            EndReason = r.Text(42),
            May = May(Enum.Parse<TaskState>(r.GetString(4)), r.GetBoolean(43), r.GetBoolean(44), r.GuidOrNull(35), actor),
        };
    }

    private static List<string> May(TaskState state, bool takeable, bool concerned, Guid? reviewer, Person actor)
    {
        var may = new List<string>();
        if (takeable && state == TaskState.Ready)
            may.Add("claim");
        if (takeable && (state is TaskState.Reserved or TaskState.InProgress))
            may.Add("takeOver");
        if (state == TaskState.ReadyForReview && (takeable || reviewer == actor.Id))
            may.Add("review");
        if (!state.IsTerminal() && MayContribute(actor, concerned))
            may.Add("contribute");
        return may;
    }

    private static string On(List<object?> values, Instant now, Func<string, string> sql)
    {
        values.Add(now);
        return sql($"${values.Count}");
    }

    private static TaskSummary ReadSummary(DbDataReader r) =>
        new(
            r.GetGuid(0),
            r.GetGuid(1),
            r.GetString(2),
            Enum.Parse<TaskState>(r.GetString(3)),
            r.GetInt32(4),
            r.GetInt16(5),
            r.Text(6),
            r.GuidOrNull(7),
            r.Text(8),
            r.Time(9),
            r.GetBoolean(10),
            r.GetDateTime(11),
            r.GetString(12),
            r.Text(13),
            r.Text(14),
            r.Text(15),
            r.Time(16),
            r.Time(17),
            r.GuidOrNull(18),
            r.Time(19)
        );

    private static JsonNode? Node(DbDataReader r, int ordinal) => r.Text(ordinal) is { } json ? JsonNode.Parse(json) : null;

    internal static DateTime? Time(this DbDataReader r, int ordinal) => r.IsDBNull(ordinal) ? null : r.GetDateTime(ordinal);
}

/// <summary>Patterns of SQL's <c>like</c>.</summary>
internal static class Like
{
    /// <summary>Text in which no character is a wildcard.</summary>
    public static string Escape(string text) =>
        text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal);
}
