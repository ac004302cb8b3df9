using System.Data;
using System.Text;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>How much work a person has.</summary>
/// <param name="Mine">Open tasks they own.</param>
/// <param name="Overdue">Of these, those that are breached: the due time of one of their clocks, or of their case's, has passed.</param>
/// <param name="Soon">Of these, those that are not breached but due soon.</param>
/// <param name="Open">Tasks they can claim; counts to 1,000 at most.</param>
public sealed record WorkCount(int Mine, int Overdue, int Soon, int Open);

/// <summary>What to list.</summary>
public sealed record TaskFilter
{
    /// <summary>
    /// <c>mine</c>: owned by the person; <c>open</c>: what they can take now (unassigned tasks, reviews, tasks of people they substitute for);
    /// <c>next</c>: what they own and can work on, and what they can take; <c>team</c>: tasks of their teams; <c>all</c>: everything they can see.
    /// </summary>
    public string View { get; init; } = "mine";

    /// <summary>The backlog of these teams, without test cases; null: any, and those of none.</summary>
    public IReadOnlyList<string>? Teams { get; init; }
    public Guid? CaseId { get; init; }
    public TaskState? State { get; init; }
    public string? Journey { get; init; }

    /// <summary>Breached (true) or not (false): the due time of one of its clocks, or of its case's, has passed.</summary>
    public bool? Overdue { get; init; }

    /// <summary>At risk (true) or not (false); a breached one is not.</summary>
    public bool? AtRisk { get; init; }

    /// <summary>Due no later than this.</summary>
    public Instant? DueBefore { get; init; }
    public string? Search { get; init; }
    public (DateTime At, Guid Id)? After { get; init; }
    public int Limit { get; init; } = 50;
}

/// <summary>Lists and counts of tasks. Everyone sees only what their teams and roles allow.</summary>
public static class TaskList
{
    /// <summary>Lists open tasks by due time, or those of a terminal state when the filter asks for one.</summary>
    public static async Task<Page<TaskSummary>> ReadAsync(
        NpgsqlDataSource database,
        TaskFilter filter,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var values = new List<object?>();
        var where = new StringBuilder("where true");
        if (filter.View == "mine")
        {
            values.Add(actor.Id);
            where.Append(" and (t.owner_id = $1 or t.reviewer_id = $1)");
        }
        else if (filter.View is "open" or "next" or "team" || !Eligibility.SeesAll(actor))
        {
            values.AddRange([actor.Id, now]);
            var me = Eligibility.Of("$1", "$2");
            where.Append($" and {filter.View switch { "open" => me.IsOffered, "next" => $"({me.WorksOnIt} or {me.IsOffered})", _ => me.Sees }}");
        }

        if (filter.State is { } state)
            And(state.IsTerminal() ? "t.ended_as = " : "t.state = ", state.ToString());
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
            where.Append($" and t.team = any(${values.Count}) and t.test_by is null");
        }

        if (filter.Overdue is { } overdue)
            And(overdue ? "t.order_at <= " : "t.order_at > ", now);
        if (filter.AtRisk is { } risk)
        {
            And("t.order_at > ", now);
            where.Append($" and coalesce(t.risk_at <= ${values.Count}, false) = {(risk ? "true" : "false")}");
        }

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

        values.AddRange([filter.Limit + 1, now]);

        // First the page, then what belongs to it: beside the cost the planner expects of some conditions it can't tell a look-up of fifty cases from a scan.
        var customer = string.IsNullOrWhiteSpace(filter.Search) ? "" : "left join journey_case c on c.id = t.instance_id";
        await using var query = database.Query(
            $"""
            with page as materialized (select t.* from task t {customer} {where} order by t.order_at, t.id limit ${values.Count - 1})
            select {TaskSummary.Columns}, t.order_at from page t {TaskSummary.Joins($"${values.Count}")} order by t.order_at, t.id
            """,
            values.ToArray()
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<(TaskSummary Task, DateTime OrderAt)>();
        while (await reader.ReadAsync(cancel))
            rows.Add((TaskSummary.Read(reader), reader.GetDateTime("order_at")));
        var tasks = Page<(TaskSummary Task, DateTime OrderAt)>.Of(rows, filter.Limit, r => (r.OrderAt, r.Task.Id));
        return new(tasks.Items.Select(r => r.Task).ToList(), tasks.Next);

        void And(string condition, object value)
        {
            values.Add(value);
            where.Append($" and {condition}${values.Count}");
        }
    }

    /// <summary>A person's counts: tasks they own, and tasks they can take. Test cases don't count.</summary>
    /// <param name="database">The database.</param>
    /// <param name="actor">Whose work.</param>
    /// <param name="soon">Until when it counts as due soon.</param>
    /// <param name="now">Now.</param>
    public static async Task<WorkCount> CountAsync(NpgsqlDataSource database, Person actor, Instant soon, Instant now, CancellationToken cancel = default)
    {
        var me = Eligibility.Of("$1", "$2");
        await using var query = database.Query(
            $"""
            select count(*)::int, count(*) filter (where due_at <= $2)::int, count(*) filter (where due_at > $2 and due_at <= $3)::int,
                (select count(*)::int from (
                    select from task t
                    where t.ended_at is null and t.test_by is null and {me.IsOffered}
                        -- Says nothing new, but lets indexes find them.
                        and (t.team = any(array(select m.team_key from team_member m where m.person_id = $1 or m.person_id in ({me.Absent})))
                            or cardinality(t.candidates) > 0 or t.owner_id = any(array({me.Absent})))
                    limit 1000) open)
            from task where (owner_id = $1 or reviewer_id = $1) and ended_at is null and test_by is null
            """,
            actor.Id,
            now,
            soon
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GetInt32(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3));
    }
}

/// <summary>Patterns of SQL's <c>like</c>.</summary>
internal static class Like
{
    /// <summary>Text in which no character is a wildcard.</summary>
    public static string Escape(string text) =>
        text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal);
}
