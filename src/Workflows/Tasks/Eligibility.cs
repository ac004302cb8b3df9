using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// Who may see, take, review and be given a task: the one place that says so. Each member is SQL about a row of <c>task</c> named <c>t</c> and one
/// person; lists, counts, verbs and the ladder put
/// these into their statements, and C# only turns the answers into reasons. A condition may be null where a task has no team: that counts as false, and
/// is read with <c>coalesce</c>.
/// </summary>
internal sealed class Eligibility
{
    private readonly string _id;
    private readonly string _userName;
    private readonly string _active;
    private readonly string _roles;
    private readonly string _now;
    private readonly bool _isViewer;

    private Eligibility(string id, string userName, string active, string roles, string now, bool isViewer = false) =>
        (_id, _userName, _active, _roles, _now, _isViewer) = (id, userName, active, roles, now, isViewer);

    /// <summary>
    /// Of the person whose id is a parameter, at the time that is another one: <c>("$1", "$2")</c>. What does not depend on the task is read once for the
    /// whole statement.
    /// </summary>
    public static Eligibility Of(string id, string now) => new(id, Self("user_name", id), Self("active", id), Self("roles", id), now);

    /// <summary>Of each row of <c>person</c> with this alias.</summary>
    public static Eligibility OfRow(string alias, string now) => new($"{alias}.id", $"{alias}.user_name", $"{alias}.active", $"{alias}.roles", now);

    /// <summary>Whether someone sees every case and task: those who steer, review or answer the customer.</summary>
    public static bool SeesAll(Person actor) => actor.May(Permissions.SeeAllWork);

    /// <summary>Whether someone may add to a task: the people it concerns, and those who steer or answer the customer.</summary>
    public static bool MayContribute(Person actor, bool concerned) => concerned || actor.May(Permissions.Contribute);

    /// <summary>A row of <c>person_skill</c> whose certificate is valid today.</summary>
    public static string IsCertified(string alias, string now) => $"({alias}.certified_until is null or {alias}.certified_until > {now}::date)";

    /// <summary>Endings of the names by which steps ask for the skill of a row of <c>person_skill</c>: none, and each level up to the person's.</summary>
    public static string Levels(string alias) => $"unnest((array['', ':1', ':2', ':3', ':4', ':5'])[1 : {alias}.level + 1])";

    /// <summary>A current row of <c>substitution</c> between two people.</summary>
    public static string IsInForce(string alias, string now) => $"({alias}.ended_at is null and {alias}.from_at <= {now} and {alias}.until_at > {now})";

    /// <summary>A row of <c>task</c> for a step that <c>t</c> excludes by four eyes.</summary>
    public static string IsExcludedStep(string alias) =>
        $"({alias}.instance_id = t.instance_id and {alias}.activity_id = any(t.excluded_steps) and t.test_by is null)";

    /// <summary>Everyone whom four eyes or a conflict of interest exclude from <c>t</c>, as an array of ids.</summary>
    public static string ExcludedPeople =>
        $$"""
            (case when t.excluded_steps = '{}' then '{}' else array(select unnest{{WorkedOn("x")}} from task x where {{IsExcludedStep("x")}}) end
                || case when t.test_by is null and exists (select from conflict) then conflicting_people(t.instance_id) else '{}' end)
            """;

    /// <summary>Everyone who worked on or reviewed a row of <c>task</c>, also in someone's place.</summary>
    public static string WorkedOn(string alias) => $"({alias}.actors || {alias}.reviewers)";

    /// <summary>Ids of the people whose substitute they are now.</summary>
    public string Absent => $"select s.person_id from substitution s where s.substitute_id = {_id} and {IsInForce("s", _now)}";

    /// <summary>Their id.</summary>
    public string Id => _id;

    /// <summary>Their user name.</summary>
    public string UserName => _userName;

    /// <summary>What steps can ask for that they hold today, as an array: <c>skill</c>, and <c>skill:1</c> to their level.</summary>
    public string Skills => $"array(select s.skill || l from person_skill s, {Levels("s")} l where s.person_id = {_id} and {IsCertified("s", _now)})";

    /// <summary>Teams they work in, lead, or substitute for someone in, as an array.</summary>
    public string Teams =>
        $"""
            array(select m.team_key from team_member m where m.person_id = {_id} or m.person_id in ({Absent})
                union select l.key from team l where l.lead_id = {_id})
            """;

    /// <summary>Named as a candidate, or a member of the team.</summary>
    public string IsCandidate =>
        $"""
            (t.test_by is null and ({IsNamed} or t.team = any(array(select m.team_key from team_member m where m.person_id = {_id}))) or {Tests})
            """;

    /// <summary>Tries out the journey with the test case of the task. Nobody else is offered it, and skills and four eyes don't apply.</summary>
    private string Tests => $"coalesce(t.test_by = {_id}, false)";

    /// <summary>Named as a candidate.</summary>
    public string IsNamed => $"{_userName} = any(t.candidates)";

    /// <summary>Forwarded it to someone else and is no longer a candidate.</summary>
    public string GaveUp => $"{_id} = any(t.gave_up)";

    /// <summary>
    /// Forwarded it, declined its offer or let one expire: their preferred skills keep it from no one else any more, pulled or pushed.
    /// </summary>
    public string PassedOn => $"{_id} = any({PassedOnBy})";

    /// <summary>Everyone who did, as an array of ids.</summary>
    public const string PassedOnBy = "(t.gave_up || t.passed_by)";

    /// <summary>Their substitutes are eligible: they are the owner, or a candidate who didn't forward the task.</summary>
    public string IsRepresented => $"({_id} = t.owner_id or not {GaveUp} and {IsCandidate})";

    /// <summary>
    /// Substitutes for someone who is eligible. The first three conditions are the cheapest, and give the same result unless someone forwarded the
    /// task.
    /// </summary>
    public string StandsIn =>
        $"""
            (t.test_by is null and (t.owner_id = any(array({Absent}))
                or t.team = any(array(select m.team_key from team_member m where m.person_id in ({Absent})))
                or t.candidates && array(select a.user_name from person a where a.id in ({Absent})))
                and (cardinality(t.gave_up) = 0 or exists (select from person a where a.id in ({Absent}) and {OfRow("a", _now).IsRepresented})))
            """;

    /// <summary>
    /// Worked on or reviewed a step of the same case that this one excludes. Not <c>exists</c>: the planner joins it, and reads every task there is.
    /// </summary>
    public string IsExcluded =>
        $$"""
            (t.excluded_steps <> '{}'
                and coalesce((select true from task o where {{IsExcludedStep("o")}} and {{_id}} = any{{WorkedOn("o")}} limit 1), false))
            """;

    /// <summary>Has a conflict of interest with the customer of the case. Most people have none, which is found out first.</summary>
    public string IsConflicted =>
        $"""
            (t.test_by is null and exists (select from conflict c where c.person_id = {_id} and c.lifted_at is null)
                and t.instance_id in (select conflicting_runs({_id})))
            """;

    /// <summary>Could do the work: works here, has the required skills today and is excluded by neither four eyes nor a conflict of interest.</summary>
    public string IsFit => $"({_active} and ({Tests} or t.required_skills <@ {Skills}) and not {IsExcluded} and not {IsConflicted})";

    /// <summary>Eligible without anyone's decision: a candidate or the substitute of one, who didn't forward the task.</summary>
    public string IsEntitled => $"(not {GaveUp} and ({IsCandidate} or {StandsIn}))";

    /// <summary>
    /// Has the preferred skills, or no other candidate who hasn't passed it on has them: a preference must not leave a task without candidates.
    /// </summary>
    public string HasPriority
    {
        get
        {
            var other = OfRow("q", _now);
            return $"""
                (cardinality(t.preferred_skills) = 0 or t.test_by is not null or t.preferred_skills <@ {Skills}
                    or not exists (select from person q where not {other.PassedOn} and {other.IsCandidate} and t.preferred_skills <@ {other.Skills}
                    and {other.IsFit}))
                """;
        }
    }

    /// <summary>Leads the team of the task.</summary>
    public string Leads => $"t.team = any(array(select l.key from team l where l.lead_id = {_id}))";

    /// <summary>Worked on the task itself, or it was in someone's hands in their place.</summary>
    public string WorkedOnIt => $"coalesce({_id} = any(t.actors || t.owner_id || t.on_behalf_of), false)";

    /// <summary>May claim it while it is open.</summary>
    public string MayTake => $"({IsFit} and {IsEntitled} and {HasPriority})";

    /// <summary>
    /// May take it without a look at substitutes and preferred skills, which most people and tasks have none of: cheap to ask. False says nothing.
    /// </summary>
    public string PlainlyMayTake => $"({IsFit} and not {GaveUp} and {IsCandidate} and cardinality(t.preferred_skills) = 0)";

    /// <summary>Can take the task over from its absent owner.</summary>
    public string MayTakeOver => $"({IsOwnersSubstitute} and {IsFit})";

    /// <summary>Can be a reviewer: is eligible for the task, leads its team or supervises.</summary>
    public string MayJudge => $"({IsEntitled} or {Leads} or array['{Roles.Supervisor}'] <@ {_roles})";

    /// <summary>Can review the task: can be a reviewer, and hasn't worked on the task.</summary>
    public string MayReview => $"(not {WorkedOnIt} and {MayJudge} and {IsFit})";

    /// <summary>Can receive the task from someone else: also a candidate who forwarded it, because the person who assigns it may know that.</summary>
    public string MayReceive => $"({IsCandidate} or {IsEntitled})";

    /// <summary>Can be assigned or delegated the task.</summary>
    public string MayBeGiven => $"({MayReceive} and {IsFit})";

    /// <summary>
    /// Can be assigned the task by a supervisor although they aren't a candidate or lack a skill, because no one is eligible (a team without
    /// members, say). Four eyes and conflicts of interest still hold.
    /// </summary>
    public string MayBeGivenUnclaimable =>
        $"({_active} and not {IsExcluded} and not {IsConflicted} and not exists (select from person q where {OfRow("q", _now).MayBeGiven}))";

    /// <summary>Can act on the task in its current state: claim it, take it over, or review it (also as lead or supervisor).</summary>
    public string MayActNext =>
        $"""
            (t.state = 'Ready' and {MayTake} or t.state in ('Reserved', 'InProgress') and {MayTakeOver} or t.state = 'ReadyForReview' and {MayReview})
            """;

    /// <summary>
    /// Work for people like them: unassigned tasks they can claim, reviews of their own teams, and tasks of absent owners whose substitute they are.
    /// </summary>
    public string IsOffered =>
        $"""
            ((t.state in ('Ready', 'ReadyForReview') and {IsEntitled} and (t.state = 'ReadyForReview' or {HasPriority})
                and (t.state = 'Ready' or not {WorkedOnIt})
                or t.state in ('Reserved', 'InProgress') and {IsOwnersSubstitute}) and {IsFit})
            """;

    /// <summary>Offered to them and not theirs already: the review that someone asked them for is among their own tasks.</summary>
    public string IsAvailable => $"(t.reviewer_id is distinct from {_id} and {IsOffered})";

    /// <summary>It is theirs and waits for nothing else: they own or review it.</summary>
    public string WorksOnIt => $"(t.owner_id = {_id} and t.state in ('Reserved', 'InProgress') or t.reviewer_id = {_id} and t.state = 'InReview')";

    /// <summary>
    /// May see it without a role that sees everything: a candidate, lead, owner, reviewer, watcher, someone who worked on it, or standing in for one.
    /// </summary>
    public string Sees =>
        $"""
            ({_id} in (t.owner_id, t.reviewer_id, t.test_by) or {_id} = any(t.actors || t.watchers || t.reviewers)
                or t.test_by is null and ({IsNamed} or t.team in (select m.team_key from team_member m where m.person_id = {_id} or m.person_id in ({Absent})
                    union all select l.key from team l where l.lead_id = {_id})
                or t.owner_id in ({Absent}) or t.candidates && array(select a.user_name from person a where a.id in ({Absent}))))
            """;

    /// <summary>SQL that is true for a run that they see without a role that sees everything: one look at the rows of <see cref="CaseViewers"/>.</summary>
    /// <param name="run">SQL of its id.</param>
    public string SeesRun(string run) =>
        $"coalesce((select true from case_viewer v where v.instance_id = {run} and v.viewer = any({ViewerNames}) and {IsViewer} limit 1), false)";

    /// <summary>
    /// SQL that selects the id and <c>created_at</c> of the runs that they see so, some of them more than once, and no more of each name than are few.
    /// </summary>
    /// <param name="journeys">Condition on <c>j.journey</c>: names that never saw a case of such a journey are left out. Null: any.</param>
    public string SeenRuns(string? journeys = null)
    {
        var known = journeys is null ? "true" : $"exists (select from viewer_journey j where j.viewer = n.viewer and {journeys})";
        return $"""
            select s.instance_id, s.created_at from (select n.viewer from unnest({ViewerNames}) n (viewer) where {known} offset 0) k cross join lateral (
                select v.instance_id, v.created_at from case_viewer v where v.viewer = k.viewer and {IsViewer} limit {FewIds.Most + 1}) s
            """;
    }

    /// <summary>SQL of the journeys of which they see a case, or once saw one, as an array.</summary>
    public string SeenJourneys => $"array(select j.journey from viewer_journey j where j.viewer = any({ViewerNames}))";

    /// <summary>Condition on a row of <c>case_viewer</c> named <c>v</c> with one of their <see cref="ViewerNames"/>.</summary>
    public string IsViewer => $"(v.stands_in or v.viewer <> all({AbsentNames}))";

    /// <summary>
    /// SQL of a common table expression, <c>viewer as (…)</c>, for a statement that asks in several places which runs they see: what doesn't depend on the
    /// run is planned and read once. The conditions are then those of <see cref="AsViewer"/>.
    /// </summary>
    public string Viewer => $"viewer as materialized (select {ViewerNames} names, {AbsentNames} absent)";

    /// <summary>The same person, in a statement with <see cref="Viewer"/>.</summary>
    public Eligibility AsViewer() => new(_id, _userName, _active, _roles, _now, true);

    /// <summary>What they are called in <c>case_viewer</c>, as an array: themselves, their teams, and the people whose substitute they are.</summary>
    public string ViewerNames =>
        _isViewer
            ? "(select names from viewer)::text[]"
            : $"array(select {_userName} union all select '{CaseViewers.TeamPrefix}' || k from unnest({Teams}) k union all "
                + $"select a.user_name from person a where a.id in ({Absent}))";

    private string AbsentNames => _isViewer ? "(select absent from viewer)::text[]" : $"array(select a.user_name from person a where a.id in ({Absent}))";

    /// <summary>Id of who gets a task that is given to them: a candidate's substitute while the candidate is away, else themself.</summary>
    public string Receiver =>
        $"""
            coalesce((select case when {_active} and {IsCandidate} then s.substitute_id end from substitution s where s.person_id = {_id} and {IsInForce(
                "s",
                _now
            )} limit 1), {_id})
            """;

    private string IsOwnersSubstitute => $"t.owner_id = any(array({Absent}))";

    private static string Self(string column, string id) => $"(select self.{column} from person self where self.id = {id})";
}

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
