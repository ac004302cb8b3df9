using NodaTime;
using Npgsql;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// A page of tasks, as SQL. It reads open tasks in the order of the list until the page is full, or begins with the few that a condition leaves
/// (<see cref="FewIds"/>).
/// </summary>
internal sealed class TaskListQuery
{
    private readonly TaskFilter _filter;
    private readonly Eligibility? _me;
    private readonly List<object?> _values = [];
    private readonly List<string> _where = [];

    /// <summary>By which rows are found, before the other conditions are judged.</summary>
    private readonly List<string> _first = [];

    /// <summary>Whether an open task is one of those that were searched for, where these are known. Null: its words say so.</summary>
    private string? _isFound;

    private string? _after;

    private TaskListQuery(TaskFilter filter, Person actor, Instant now)
    {
        _filter = filter;
        if (filter.View is "mine" or "open" or "next" or "team" || !Eligibility.SeesAll(actor))
        {
            _values.AddRange([actor.Id, now]);
            _me = Eligibility.Of("$1", "$2");
        }
    }

    /// <summary>The statement and its parameters. It selects <see cref="TaskSummary.Columns"/> and <c>order_at</c>, one row more than the limit.</summary>
    public static async Task<Statement> PageAsync(NpgsqlDataSource database, TaskFilter filter, Person actor, Instant now, CancellationToken cancel) =>
        (await ReadAsync(database, filter, actor, now, cancel)).Page(now);

    /// <summary>The same, and the statement that counts the tasks of the list, to a limit. What is few is found out once for both.</summary>
    public static async Task<(Statement Page, Statement Length)> CountedPageAsync(
        NpgsqlDataSource database,
        TaskFilter filter,
        Person actor,
        Instant now,
        int most,
        CancellationToken cancel
    )
    {
        var query = await ReadAsync(database, filter, actor, now, cancel);
        var length = $"select count(*)::int from (select from {query.From} where {query.Where} limit {query.Value(most)}) counted";
        Statement counts = new(length, [.. query._values]);
        return (query.Page(now), counts);
    }

    /// <summary>SQL and its parameters.</summary>
    public sealed record Statement(string Sql, IReadOnlyList<object?> Values);

    private Statement Page(Instant now)
    {
        if (_filter.Sort == TaskSort.Customer && _first.Count == 0)
            BeginWithMostUrgent();
        var order = Order();
        var (limit, skip, at) = (Value(_filter.Limit + 1), Value(_filter.Skip), Value(now));

        // First the page, then what belongs to it: beside the cost the planner expects of some conditions it can't tell a look-up of fifty cases from a scan.
        return new(
            $"""
            with page as materialized (select t.id from {Candidates(order, $"{limit} + {skip}")} order by {order} limit {limit} offset {skip})
            select {TaskSummary.Columns}, t.order_at from page join task t on t.id = page.id {TaskSummary.Joins(at)} order by {order}
            """,
            _values
        );
    }

    /// <summary>No index has tasks in the order of their customers, so of many tasks only those with the earliest deadlines are sorted.</summary>
    private void BeginWithMostUrgent()
    {
        var most = _filter.View is "open" or "next" ? TaskList.MostOffered : FewIds.Most;
        _first.Add($"t.id = any(array(select t.id from task t where {Where} order by t.order_at, t.id limit {most}))");
        _where.Clear();
        _where.Add("true");
    }

    /// <summary>
    /// What the page is taken from. The order comes first, and then the conditions, which are judged only until the page is full: the planner expects so few
    /// rows of them that it would judge and sort all. Each team's tasks are read on their own: in the order of all, those of other teams would be judged too.
    /// A filter isn't read so: it would have to fill a page of each team, and a team may have nothing of it.
    /// </summary>
    /// <param name="order">SQL of the order.</param>
    /// <param name="most">SQL of how many rows are enough.</param>
    private string Candidates(string order, string most)
    {
        const string Columns = "t.id, t.priority, t.order_at, t.created_at";
        if (_filter.Sort == TaskSort.Customer)
            return $"{From} where {Where}";
        if (_filter.View == "mine" && IsOpen)
            return $"(({Walk("t.owner_id = $1 and t.ended_at is null")}) union all ({Walk("t.reviewer_id = $1 and t.ended_at is null")})) t";
        if (_first.Count > 0 || _isFound is not null)
            return $"({Walk(IsOpen ? "t.ended_at is null" : "true", From)}) t";
        if (IsPlain && _filter is { State: TaskState.Suspended, Teams: null, Sort: TaskSort.Urgency })
            return $"({Walk("t.suspended_from is not null")}) t";
        if (!IsPlain || _filter.State is not null || EachTeam() is not var (teams, others))
            return $"{From} where {Where}";
        var ofTeams = $"select s.* from unnest({teams}) k (team) cross join lateral ({Walk("t.team = k.team and t.ended_at is null")}) s";
        var ofOthers = others is null
            ? ""
            : $"""
                 union all select {Columns} from (
                    select * from task t where t.id = any(array({others})) and not coalesce(t.team = any({teams}), false) offset 0) t
                where {Where}
                """;
        return $"({ofTeams}{ofOthers}) t";

        string Walk(string which, string from = "task t") =>
            $"select {Columns} from (select * from {from} where {which} order by {order} offset 0) t where {Where} limit {most}";
    }

    /// <summary>Whether nothing but the state, the teams and who sees what narrows the list.</summary>
    private bool IsPlain =>
        string.IsNullOrWhiteSpace(_filter.Search)
        && _filter
            is {
                Journey: null,
                Step: null,
                Owner: null,
                Overdue: null,
                AtRisk: null,
                DueBefore: null,
                WaitsFor: null,
                Flow: null,
                CaseId: null,
                InWork: false,
                Opened: (null, null)
            };

    /// <summary>The teams of the tasks that the list can have, as an array, and the ids of those that can be of another team or none. Null: any team.</summary>
    private (string Teams, string? Others)? EachTeam() =>
        (_filter.View, _filter.Teams) switch
        {
            ("open", _) => (OfferedTasks.TeamsOf(_me!), OfferedTasks.ReachableElsewhere(_me!)),
            ("next", _) => (OfferedTasks.TeamsOf(_me!), $"{OfferedTasks.ReachableElsewhere(_me!)} union all {OfferedTasks.Own}"),
            ("all", { } teams) => (Value(teams.ToArray()), null),
            _ => null,
        };

    /// <summary>Without the limit, the planner joins the few rows with all others that an index of open tasks has.</summary>
    private string From =>
        _first.Count > 0 ? $"(select * from task t where {string.Join(" and ", _first)} offset 0) t"
        : _isFound is null ? "task t"
        : $"(select * from task t where t.ended_at is null {_after} order by t.order_at, t.id offset 0) t";

    private string Where => string.Join(" and ", _where);

    private static async Task<TaskListQuery> ReadAsync(NpgsqlDataSource database, TaskFilter filter, Person actor, Instant now, CancellationToken cancel)
    {
        var query = new TaskListQuery(filter, actor, now);
        await query.BeginWithFewAsync(database, now, cancel);
        query.AddWho();
        query.AddFilter(now);
        return query;
    }

    /// <summary>Whether only tasks that have not ended are listed.</summary>
    private bool IsOpen => _filter.State?.IsTerminal() != true && _filter is { CaseId: null, Flow: null };

    /// <summary>
    /// Finds the few tasks, or runs, that a condition leaves. The tasks of one case are few anyway, and so are a person's own.
    /// </summary>
    private async Task BeginWithFewAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        if (_filter.CaseId is not null || _filter.View == "mine")
            return;
        var few = new FewIds(_filter.Few);
        var (runs, tasks) = (new List<int>(), new List<int>());
        if (_filter.View is "open" or "next")
            tasks.Add(few.Add(OfferedTasks.Reachable(_me!), _values[0], now));
        else if (_me is not null)
            runs.Add(_filter.Journey is { } of ? few.Add(_me.SeenRuns("j.journey = $3"), _values[0], now, of) : few.Add(_me.SeenRuns(), _values[0], now));
        if (_filter.Journey is { } journey && IsOpen)
            runs.Add(few.Add("select id from workflow_instance where definition_id = $1 and status = 'Running'", journey));
        if (_filter.AtRisk == true && IsOpen)
            tasks.Add(few.Add(AtRisk, now, _filter.Few));
        if (_filter.State == TaskState.Suspended)
            tasks.Add(few.Add("select id from task where suspended_from is not null"));
        var (words, journeys, titled) = (-1, -1, -1);
        if (!string.IsNullOrWhiteSpace(_filter.Search) && IsOpen)
        {
            (words, journeys) = CaseWords.Find(few, _filter.Search, true, _me, [.. _values]);
            titled = few.Add($"select id from task t where t.ended_at is null and {Title} like lower($1)", CaseWords.Pattern(_filter.Search));
        }

        if (IsOpen && _filter is { Teams: not null } and ({ Step: not null } or { WaitsFor: not null }))
        {
            var values = new List<object?>();
            var step = string.Join(" and ", OfBoard(value => Numbered(values, value)));
            tasks.Add(few.Add($"select t.id from task t where {step} and t.ended_at is null and t.test_by is null", [.. values]));
        }

        await few.ReadAsync(database, cancel);
        if (FewIds.Common(runs.Select(set => few[set])) is { } someRuns)
            _first.Add($"t.instance_id = any({Value(someRuns)})");
        if (FewIds.Common(tasks.Select(set => few[set])) is { } someTasks)
            _first.Add($"t.id = any({Value(someTasks)})");
        if (words >= 0 && few.Either(words, journeys) is { } cases && few[titled] is { } named)
        {
            // Hashed, where each task is compared. An array whose values the plan doesn't know is compared one by one.
            var (ofCases, ofTasks) = (Value(cases), Value(named));
            _isFound = $"(t.instance_id in (select unnest({ofCases}::uuid[])) or t.id in (select unnest({ofTasks}::uuid[])))";
            if (cases.Length + named.Length <= _filter.Sorted || _filter.Sort != TaskSort.Urgency)
                _first.Add($"(t.instance_id = any({ofCases}) or t.id = any({ofTasks}))");
        }
    }

    private void AddWho()
    {
        // By their indexes: of the condition on both columns the planner expects half of all tasks.
        if (_filter.View == "mine" && IsOpen)
            _first.Add($"t.id = any(array({OfferedTasks.Own}))");
        var who = _filter.View switch
        {
            "mine" when IsOpen => "true",
            "mine" => "(t.owner_id = $1 or t.reviewer_id = $1)",
            "open" => _me!.IsAvailable,
            "next" => $"({_me!.WorksOnIt} or {_me.IsOffered})",
            _ => _me is { } me ? $"t.definition_id = any({me.SeenJourneys}) and {me.Sees}" : "true",
        };
        if (string.IsNullOrWhiteSpace(_filter.Search))
            _where.Add(who);
        else
        {
            // In this order: who may take a task costs more to find out than whether it was searched for, and this more than whether they ever could.
            if (_filter.View == "open")
                _where.Add(OfferedTasks.CouldBeOffered(_me!));
            _where.Add($"case when {_isFound ?? HasWords()} then {who} end");
        }
    }

    private string HasWords()
    {
        var pattern = Value(CaseWords.Pattern(_filter.Search!));
        var ofCase = $"(select {CaseWords.Match("c", pattern)} from journey_case c where c.id = t.instance_id)";
        return $"({Title} like lower({pattern}) or coalesce({ofCase}, false))";
    }

    private void AddFilter(Instant now)
    {
        if (_filter.State is { } state)
            _where.Add(
                (state, _filter.Teams) switch
                {
                    // As the board counts them: its index has these columns.
                    (TaskState.Ready, not null) => "t.owner_id is null and t.suspended_reason is null",
                    (TaskState.Suspended, not null) => "t.suspended_reason is not null",
                    (TaskState.Suspended, null) => "t.suspended_from is not null",
                    _ => $"t.{(state.IsTerminal() ? "ended_as" : "state")} = {Value(state.ToString())}",
                }
            );
        if (_filter.State?.IsTerminal() == true)
            _where.Add("t.ended_at is not null");
        else if (IsOpen)
            _where.Add("t.ended_at is null");
        if (_filter.CaseId is { } instance)
            _where.Add($"t.instance_id = {Value(instance)}");
        if (_filter.Journey is { } journey)
            _where.Add($"t.definition_id = {Value(journey)}");
        _where.AddRange(OfBoard(Value));
        if (_filter.Teams is not null)
            _where.Add("t.test_by is null");
        if (_filter.Owner is { } owner)
            _where.Add($"t.owner_id = {Value(owner)}");
        if (_filter.InWork)
            _where.Add("t.owner_id is not null and t.suspended_reason is null");
        if (_filter.Opened.After is { } openedAfter)
            _where.Add($"t.created_at > {Value(openedAfter)}");
        if (_filter.Opened.UpTo is { } upTo)
            _where.Add($"t.created_at <= {Value(upTo)}");
        if (_filter.Flow is { } flow)
            _first.Add($"t.id = any(array({Flowing(flow)}))");
        if (_filter.Overdue is { } overdue)
            _where.Add($"t.order_at {(overdue ? "<=" : ">")} {Value(now)}");
        if (_filter.AtRisk is { } risk)
            _where.Add($"t.order_at > {Value(now)} and coalesce(t.risk_at <= ${_values.Count}, false) = {(risk ? "true" : "false")}");
        if (_filter.DueBefore is { } before)
            _where.Add($"t.order_at <= {Value(before)}");
        if (_filter.After is { } after)
        {
            var isAfter = $"(t.order_at, t.id) > ({Value(after.At)}::timestamptz, {Value(after.Id)}::uuid)";
            _after = $"and {isAfter}";
            _where.Add(isAfter);
        }
    }

    /// <summary>Conditions that the index of the board begins with.</summary>
    private IEnumerable<string> OfBoard(Func<object, string> value)
    {
        if (_filter.Teams is { } teams)
            yield return $"t.team = any({value(teams.ToArray())})";
        if (_filter.Step is var (journey, step))
            yield return $"t.definition_id = {value(journey)} and t.activity_id = {value(step)}";
        if (_filter.WaitsFor is { } reason)
            yield return $"t.suspended_reason = {value(reason)}";
    }

    /// <summary>Selects the ids of a flow: of each team those since its own instant.</summary>
    private string Flowing(TaskFlow flow)
    {
        var since = $"unnest({Value(flow.Since.Keys.ToArray())}::text[], {Value(flow.Since.Values.ToArray())}::timestamptz[]) s (team, since)";
        const string Ended = "k.team = s.team and k.ended_at >= s.since";
        return flow.Kind switch
        {
            FlowKind.Arrived => $"""
                select f.id from {since} cross join lateral (
                    select k.id from task k where k.team = s.team and k.ended_at is null and k.created_at >= s.since
                    union all select k.id from task k where {Ended} and k.created_at >= s.since) f
                """,
            FlowKind.Completed => Completed("true"),
            _ => Completed("k.order_at <= k.ended_at"),
        };

        // One look into the index for each team: joined, the planner expects a third of all tasks and reads them all.
        string Completed(string which) =>
            $"""
                select f.id from {since} cross join lateral (
                    select k.id from task k where {Ended} and k.ended_as = 'Completed' and {which} offset 0) f
                """;
    }

    private string Order() =>
        _filter.Sort switch
        {
            TaskSort.Priority => "t.priority, t.order_at, t.id",
            TaskSort.Oldest => "t.created_at, t.id",
            TaskSort.Newest => "t.created_at desc, t.id desc",
            TaskSort.Customer => "(select lower(c.customer_name) from journey_case c where c.id = t.instance_id), t.order_at, t.id",
            _ => "t.order_at, t.id",
        };

    /// <summary>
    /// Selects the ids of the tasks at risk. Those that were at risk by now, the overdue ones included, are read in that order: the planner expects nearly all
    /// tasks of the condition, and would look through them.
    /// </summary>
    private const string AtRisk = """
        select id from (
            select id, order_at, count(*) over () > $2 many
            from (select id, order_at from task where ended_at is null and risk_at <= $1 order by risk_at limit $2 + 1) r) r
        where order_at > $1 or many
        """;

    /// <summary>The title of a row of <c>task</c> as its index has it.</summary>
    private const string Title = "(' ' || lower(t.title))";

    private string Value(object value) => Numbered(_values, value);

    private static string Numbered(List<object?> values, object value)
    {
        values.Add(value);
        return $"${values.Count}";
    }
}
