namespace Orchestration.Workflows.Tasks.Lists;

/// <summary>SQL of the open tasks that a person owns, reviews or could be offered: a condition with an index each.</summary>
internal static class OfferedTasks
{
    /// <summary>
    /// Selects the id of every open task that could be offered to a person, or that they own or review: a condition with an index each, because of all
    /// together the planner expects every task there is.
    /// </summary>
    /// <param name="me">The person whose id is <c>$1</c>.</param>
    public static string Reachable(Eligibility me) =>
        $"""
            select id from task where ended_at is null and team = any({TeamsOf(me)}) union all {ReachableElsewhere(me)} union all {Own}
            """;

    /// <summary>The teams whose work is offered to them, as an array.</summary>
    public static string TeamsOf(Eligibility me) => $"array(select m.team_key from team_member m where m.person_id = $1 or m.person_id in ({me.Absent}))";

    /// <summary>Selects the ids of the open tasks that could be offered to them whatever the team.</summary>
    public static string ReachableElsewhere(Eligibility me) =>
        $"""
            select id from task where ended_at is null and cardinality(candidates) > 0
                and candidates && array(select a.user_name from person a where a.id = $1 or a.id in ({me.Absent}))
            union all select id from task where ended_at is null and owner_id = any(array({me.Absent}))
            union all select id from task where ended_at is null and test_by = $1
            """;

    /// <summary>Selects the ids of the open tasks that someone, whose id is <c>$1</c>, owns or reviews. Nobody reviews what they own.</summary>
    public const string Own = """
        select id from task where ended_at is null and owner_id = $1 union all select id from task where ended_at is null and reviewer_id = $1
        """;

    /// <summary>Selects the id of every open task that could be offered to a person, each once and as they are found.</summary>
    /// <param name="me">The person whose id is <c>$1</c>.</param>
    public static string Offerable(Eligibility me)
    {
        var teams = TeamsOf(me);
        var names = $"array(select a.user_name from person a where a.id = $1 or a.id in ({me.Absent}))";
        var others = $"ended_at is null and not coalesce(team = any({teams}), false)";
        return $"""
            select id from task where ended_at is null and team = any({teams})
            union all select id from task where {others} and cardinality(candidates) > 0 and candidates && {names}
            union all select id from task where {others} and not candidates && {names} and owner_id = any(array({me.Absent}))
            """;
    }

    /// <summary>SQL that is true for every row of <c>task</c> that is offered to them, and cheap: it needs no other row.</summary>
    public static string CouldBeOffered(Eligibility me) =>
        $"""
            (t.state in ('Ready', 'ReadyForReview') and (t.team = any({TeamsOf(me)}) or cardinality(t.candidates) > 0 or t.test_by is not null)
                or t.owner_id = any(array({me.Absent})))
            """;
}
