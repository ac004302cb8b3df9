using NodaTime;
using Npgsql;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>
/// The ids of a page of cases, as SQL. It reads one index in the order of the list and looks up each condition by primary key until the page is full; or it
/// begins with the few cases that a condition leaves (<see cref="FewIds"/>).
/// </summary>
internal sealed class CaseListQuery
{
    private readonly CaseFilter _filter;
    private readonly Eligibility? _me;
    private readonly List<object?> _values = [];
    private readonly List<string> _ofCase = [];

    private CaseListQuery(CaseFilter filter, Person actor, Instant now)
    {
        _filter = filter;
        if (!Eligibility.SeesAll(actor))
        {
            _me = Eligibility.Of("$1", "$2");
            _values.AddRange([actor.Id, now]);
        }
    }

    /// <summary>SQL that selects <c>id</c> of one case more than the filter's limit, with its parameters from <c>$1</c>.</summary>
    public static async Task<(string Sql, IReadOnlyList<object?> Values)> PageAsync(
        NpgsqlDataSource database,
        CaseFilter filter,
        Person actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var query = new CaseListQuery(filter, actor, now);
        var (few, isVisible) = await query.FewAsync(database, now, cancel);
        query.AddConditions(now);
        return (query.Sql(few, isVisible), query._values);
    }

    /// <summary>The few runs that the conditions leave, and since when, or null; and whether only those that the person sees are among them.</summary>
    private async Task<((Guid[] Ids, DateTime[] At)? Few, bool IsVisible)> FewAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        var few = new FewIds(_filter.Few);
        var sets = new List<int>();
        var visible = _me switch
        {
            null => -1,
            { } me when _filter.Journey is { } of => few.AddDated(me.SeenRuns("j.journey = $3"), _values[0], _values[1], of),
            { } me => few.AddDated(me.SeenRuns(), _values[0], _values[1]),
        };
        if (visible >= 0)
            sets.Add(visible);
        if (_filter.Journey is { } journey)
            sets.Add(few.AddDated("select id, created_at from workflow_instance where definition_id = $1", journey));
        if (_filter is { Journey: { } running, Status: "Running" })
            sets.Add(few.AddDated("select id, created_at from workflow_instance where definition_id = $1 and status = 'Running'", running));
        if (_filter.CustomerId is { } customer)
            sets.Add(few.AddDated("select id, created_at from journey_case where customer_id = $1", customer));
        if (_filter.Urgency == Urgency.Breached)
            sets.Add(few.AddDated("select id, created_at from journey_case where due_at <= $1", now));
        if (_filter.Urgency == Urgency.AtRisk)
            sets.Add(few.AddDated("select id, created_at from journey_case where risk_at <= $1 and due_at > $1", now));
        var found = string.IsNullOrWhiteSpace(_filter.Search)
            ? ((int Words, int Journeys)?)null
            : CaseWords.Find(few, _filter.Search, _filter.Status == "Running", _me, [.. _values]);
        await few.ReadAsync(database, cancel);
        var ids = FewIds.Common([.. sets.Select(set => few[set]), found is var (words, journeys) ? few.Either(words, journeys) : null]);
        ids = ids is null ? null : [.. ids.Distinct()];
        return (ids is null ? null : (ids, Array.ConvertAll(ids, few.At)), _me is null || few[visible] is not null);
    }

    private void AddConditions(Instant now)
    {
        if (_filter.Journey is { } journey)
            And("c.journey = ", journey);
        if (_filter.CustomerId is { } customer)
            And("c.customer_id = ", customer);
        switch (_filter.Urgency)
        {
            case Urgency.Breached:
                And("c.due_at <= ", now);
                break;
            case Urgency.AtRisk:
                And("c.due_at > ", now);
                _ofCase.Add($"c.risk_at <= ${_values.Count}");
                break;
            case Urgency.OnTime:
                And("coalesce(c.risk_at, 'infinity') > ", now);
                break;
        }

        if (!string.IsNullOrWhiteSpace(_filter.Search))
        {
            _values.Add(CaseWords.Pattern(_filter.Search));
            _ofCase.Add(CaseWords.Match("c", $"${_values.Count}"));
        }

        void And(string condition, object value)
        {
            _values.Add(value);
            _ofCase.Add($"{condition}${_values.Count}");
        }
    }

    private string Sql((Guid[] Ids, DateTime[] At)? few, bool isVisible)
    {
        if (few is var (ids, at))
        {
            // In the order of the list, so that no case is looked at once the page is full.
            var (before, order) = (Before("f.created_at", "f.id"), Direction("f.created_at", "f.id"));
            return $"""
                select f.id from (select * from unnest({Value(ids)}, {Value(at)}) f (id, created_at) where true {before} {order} offset 0) f
                where {(isVisible ? "true" : _me!.SeesRun("f.id"))} and {OfCase("f.id")} and {IsStatus("f.id")} limit {Value(_filter.Limit + 1)}
                """;
        }

        if (_filter.Status is { } status)
        {
            return $"""
                select i.id from workflow_instance i where i.status = {Value(status)} and {OfCase("i.id")}
                    and {(isVisible ? "true" : _me!.SeesRun("i.id"))} {Order("i.created_at", "i.id")}
                """;
        }

        if (isVisible)
            return $"select c.id from journey_case c where {OfCase("c.id", inRow: true)} {Order("c.created_at", "c.id")}";

        // A page of each of their names, and of these a page.
        var each = $"""
            select v.created_at, v.instance_id from case_viewer v
            where v.viewer = k.viewer and {_me!.IsViewer} and {OfCase("v.instance_id")} {Order("v.created_at", "v.instance_id")}
            """;
        return $"""
            select instance_id id from (select distinct s.created_at, s.instance_id from unnest({_me.ViewerNames}) k (viewer) cross join lateral ({each}) s) c
            {Sorted("c.created_at", "c.instance_id")}
            """;
    }

    /// <summary>The conditions on the case: in a row of it, or as one look-up that the planner doesn't turn into a join.</summary>
    private string OfCase(string id, bool inRow = false)
    {
        var all = _ofCase.Count == 0 ? "true" : string.Join(" and ", _ofCase);
        return inRow ? $"({all})" : $"coalesce((select {all} from journey_case c where c.id = {id}), false)";
    }

    private string IsStatus(string id) =>
        _filter.Status is { } status ? $"(select i.status from workflow_instance i where i.id = {id}) = {Value(status)}" : "true";

    /// <summary>From where the page before ended, in the order of the list, one more than a page.</summary>
    private string Order(string at, string id) => $"{Before(at, id)} {Sorted(at, id)}";

    private string Before(string at, string id) =>
        _filter.Before is { } before ? $"and ({at}, {id}) {(_filter.Oldest ? ">" : "<")} ({Value(before.At)}::timestamptz, {Value(before.Id)}::uuid)" : "";

    private string Sorted(string at, string id) => $"{Direction(at, id)} limit {Value(_filter.Limit + 1)}";

    private string Direction(string at, string id)
    {
        var direction = _filter.Oldest ? "" : " desc";
        return $"order by {at}{direction}, {id}{direction}";
    }

    private string Value(object value)
    {
        _values.Add(value);
        return $"${_values.Count}";
    }
}
