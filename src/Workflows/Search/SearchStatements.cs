using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Search;

/// <summary>The statements of one search. Parameters: <c>$1</c> who, <c>$2</c> now, <c>$3</c> whether they see all; then those of the statement.</summary>
internal sealed class SearchStatements(SearchQuery query, Guid[] customers, AtHand near, int limit, Person actor, Instant now)
{
    // As many are ranked besides what is at hand; of more that match, any are as good.
    private const int MostRanked = 100;

    /// <summary>The most urgent tasks are looked through first: whoever types a common word finds enough among them.</summary>
    private const int MostUrgent = 1000;

    private readonly Eligibility _me = Eligibility.Of("$1", "$2");
    private readonly List<object?> _values = [];

    public int Limit => limit;

    public NpgsqlBatchCommand Cases()
    {
        Begin();
        var (held, opened) = (Value(near.Runs), Value(near.Opened));
        var isOfCustomer = OfCustomers("c.customer_id");
        var filter = $"{Journey("c.journey")} and {Due("c.due_at")} and {OwnsOne()}";
        var and =
            $"{Sees("s.case_id")}{(query.Customer.Count > 0 ? $" and exists (select from journey_case c where c.id = s.case_id and {isOfCustomer})" : "")}";
        var isOwn = $"(c.test_by is null or c.test_by = $1) and {filter}";
        var open = "";
        var byWords = query.Words.Count > 0 ? ByWords() : null;
        var byCustomer =
            customers.Length > 0 && (query.Customer.Count == 0 || query.Words.Count == 0)
                ? $"""
                    (select c.id from journey_case c where {isOfCustomer} and {Sees("c.id")}
                        order by c.created_at desc limit {MostRanked})
                    """
                : null;
        var byFilter =
            byWords is null && byCustomer is null
                ? query.IsAboutDue
                    ? $"""
                        (select c.id from journey_case c where c.due_at is not null and {filter} and {Sees("c.id")}
                            order by c.due_at limit {MostRanked})
                        """
                    : $"(select c.id from journey_case c where {filter} and {Sees("c.id")} order by c.created_at desc limit {MostRanked})"
                : null;
        return Command(
            $"""
            with {_me.Viewer}{open} select c.id, c.reference, c.customer_name, coalesce(d.name, c.journey), i.status = 'Running', c.due_at,
                c.test_by is not null
            from (select distinct id from ({string.Join(" union all ", new[] { byWords, byCustomer, byFilter }.OfType<string>())}) f) found
            join journey_case c on c.id = found.id join workflow_instance i on i.id = c.id
            left join workflow_definition d on d.id = i.definition_version_id
            where {isOwn}
            order by lower(c.reference) = lower({Value(query.Text)}) desc,
                c.id = any({held}) desc, array_position({opened}, c.id), i.status = 'Running' desc,
                {(query.IsAboutDue ? "c.due_at, " : "")}c.created_at desc, c.id
            limit {Value(limit)}
            """
        );

        // The open ones come before the closed ones, of which there are many more: these are looked for only if there aren't enough.
        string ByWords()
        {
            var (ways, text) = (WaysOfWords().ToList(), Value(query.Text));
            open = $"""
                , open as materialized (select c.id from ({All("s.open and ")}) f join journey_case c on c.id = f.id where {isOwn})
                """;
            var atHand = $"(select * from case_search where case_id = any({held} || {opened}) offset 0) s";
            return $"""
                select s.case_id id from {atHand} where ({string.Join(" or ", ways)}) and {and} union all select id from open
                union all {All($"(select count(*) from open) < {Value(limit)} and not s.open and ")}
                union all select s.case_id from case_search s where s.case_id = any(array(select c.id from journey_case c
                    where c.reference = any(array[{text}, upper({text})]))) and {and}
                """;

            string All(string which) =>
                string.Join(" union all ", ways.Select(words => $"(select s.case_id id from case_search s where {which}{words} and {and} limit {MostRanked})"));
        }
    }

    /// <summary>Condition on the id of a case. Whoever sees few finds nothing else, however much the words match.</summary>
    private string Sees(string run) => near.Seen is null ? $"($3 or {_me.AsViewer().SeesRun(run)})" : $"{run} = any({Value(near.Seen)})";

    /// <param name="titles">Titles to find instead of those that have every word.</param>
    public NpgsqlBatchCommand Tasks(IReadOnlyList<string>? titles = null)
    {
        Begin();
        var sees = $"($3 or coalesce({_me.Sees}, false))";
        var filter = $"t.ended_at is null and {Journey("coalesce(c.journey, t.definition_id)")} and {Due("t.due_at")} and {Owner("t.owner_id")}";
        var title = titles is null
            ? string.Join(" and ", query.Words.Select(word => AtHand.HasWord(Value(Like.Escape(word)))).DefaultIfEmpty("true"))
            : $"({string.Join(" or ", titles.Select(one => $"{AtHand.Title} like ' ' || lower({Value(Like.Escape(one))})"))})";
        var isOfCustomer = customers.Length > 0 ? OfCustomers("c.customer_id") : "false";
        var most = Value(MostRanked);
        var ways = new List<string>();
        const string From = "select t.id from task t left join journey_case c on c.id = t.instance_id where";
        var urgent = "";
        if (query.Words.Count > 0 || query.Customer.Count == 0)
        {
            var of = query.Customer.Count > 0 ? isOfCustomer : "true";
            var all = $"{filter} and {title} and {of}";
            ways.Add($"({Among($"t.id = any({Value(near.Tasks)})")} {all} limit {most})");
            if (query.Words.Count == 0)
                ways.Add($"({From} {all} and {sees} order by t.order_at limit {most})");
            else if (titles is null && near.Titled is { } titled)
                ways.Add($"({Among($"t.id = any({Value(titled)})")} {all} and {sees} limit {most})");
            else
            {
                // An index of words would list all tasks that have a common one.
                var seen = near.Seen is { Length: <= MostUrgent } few ? few : null;
                var first = seen is null ? $"t.ended_at is null order by t.order_at, t.id limit {MostUrgent}" : $"t.instance_id = any({Value(seen)})";
                urgent = $"with urgent as materialized ({Among(first)} {all} and {sees} limit {most})";
                ways.Add("select id from urgent");
                if (seen is null)
                    ways.Add($"({From} (select count(*) from urgent) < {Value(limit)} and {all} and {sees} limit {most})");
            }
        }

        if (titles is null && customers.Length > 0 && (query.Customer.Count == 0 || query.Words.Count == 0))
        {
            ways.Add(
                $"""
                (select t.id from journey_case c join task t on t.instance_id = c.id where {isOfCustomer} and {filter} and {sees} limit {most})
                """
            );
        }

        return Command(
            $"""
            {urgent} select t.id, t.title, coalesce(c.reference, i.correlation_id), c.customer_name, p.display_name, t.due_at,
                t.test_by is not null
            from (select distinct id from ({string.Join(" union all ", ways)}) f) found join task t on t.id = found.id
            join workflow_instance i on i.id = t.instance_id left join journey_case c on c.id = t.instance_id left join person p on p.id = t.owner_id
            where t.test_by is null or t.test_by = $1
            order by coalesce(t.owner_id = $1 or t.reviewer_id = $1, false) desc, array_position({Value(near.Opened)}, t.id), t.order_at, t.id
            limit {Value(limit)}
            """
        );

        static string Among(string few) =>
            $"select t.id from (select * from task t where {few} offset 0) t left join journey_case c on c.id = t.instance_id where";
    }

    /// <param name="alike">Whether names that are alike count, instead of those that have every word.</param>
    public NpgsqlBatchCommand Files(bool alike = false)
    {
        Begin();
        var matches = alike ? $"fold({Value(string.Join(' ', query.Words))}) <% fold(' ' || a.name)" : Words("fold(' ' || a.name)");
        return Command(
            $"""
            select a.id, t.id, {Unguarded("a.name")}, t.title, c.reference, t.test_by is not null
            from task_attachment a join task t on t.id = a.task_id left join journey_case c on c.id = t.instance_id
            where {matches} and ($3 or coalesce({_me.Sees}, false)) and {OfCase()}
            order by coalesce(t.owner_id = $1, false) desc, a.created_at desc, a.id limit {Value(limit)}
            """
        );
    }

    /// <param name="alike">Whether comments with words that are alike count, instead of those that have every word.</param>
    public NpgsqlBatchCommand Comments(bool alike = false)
    {
        Begin();
        const string From = "from task_comment m join task t on t.id = m.task_id left join journey_case c on c.id = t.instance_id";

        // There are so many comments that only those are compared of which a word begins with the same two letters.
        var matches = alike ? string.Join(" and ", query.Words.Select(word => Alike($"fold({Value(word)})"))) : Words("m.words");
        var best = alike ? $"round(word_similarity(fold({Value(query.Text)}), m.words)::numeric, 1) desc, " : "";
        var found = $"{matches} and ($3 or coalesce({_me.Sees}, false)) and {OfCase()}";
        return Command(
            $"""
            select m.id, t.id, {Unguarded("m.body")}, coalesce(p.display_name, m.author), t.title, m.created_at,
                t.test_by is not null
            {From} left join person p on p.user_name = m.author
            where {(alike ? $"m.id in (select m.id {From} where {found} limit {MostRanked})" : found)}
            order by {best}coalesce(t.owner_id = $1 or m.author = {_me.UserName}, false) desc, m.created_at desc, m.id limit {Value(limit)}
            """
        );

        static string Alike(string word) => $"m.words like '% ' || left({word}, 2) || '%' and {word} <% m.words";
    }

    public NpgsqlBatchCommand People()
    {
        Begin();
        var text = Value(query.Text);
        return Command(
            $"""
            select p.id, p.user_name, p.display_name, array(select m.title from team_member t join team m on m.key = t.team_key
                where t.person_id = p.id order by m.title)
            from person p where p.active and ({Words("p.words")} or length({text}) > 2 and fold({text}) <% p.words)
            order by word_similarity(fold({text}), p.words) desc, p.display_name, p.id limit {Value(limit)}
            """
        );
    }

    /// <summary>The text, unless the person has to give a reason first.</summary>
    private static string Unguarded(string text) => $"case when is_guarded_number(c.customer_id, $1, $2) then '{SensitiveCustomers.Hidden}' else {text} end";

    private void Begin()
    {
        _values.Clear();
        _values.AddRange([actor.Id, now, Eligibility.SeesAll(actor)]);
    }

    private NpgsqlBatchCommand Command(string sql) => Sql.Command(sql, [.. _values]);

    private string Value(object value)
    {
        _values.Add(value);
        return $"${_values.Count}";
    }

    /// <summary>Every word is in the text.</summary>
    private string Words(string text) => string.Join(" and ", query.Words.Select(word => $"{text} like {Patterns.Of(word, Value(Like.Escape(word)))}"));

    /// <summary>Every word is in the case's own words, or one of several in its journey.</summary>
    private IEnumerable<string> WaysOfWords()
    {
        var patterns = query.Words.Select(word => $"lower({Value(CaseWords.Pattern(word))})").ToList();
        var own = string.Join(" and ", patterns.Select(pattern => $"s.words like {pattern}"));
        yield return query.Numbered is { } part ? $"({own} or s.words like lower({Value(CaseWords.Pattern(part))}))" : own;
        foreach (var journey in patterns.Where(_ => patterns.Count > 1))
        {
            // Most words aren't in the name of any journey, which the server then finds out once.
            var others = string.Join(" and ", patterns.Where(one => one != journey).Select(one => $"s.words like {one}"));
            yield return $"""
                exists (select from viewer_journey j where {CaseWords.OfJourney("j.journey")} like {journey}) and {others}
                and (select {CaseWords.OfJourney("c.journey")} like {journey} from journey_case c where c.id = s.case_id)
                """;
        }
    }

    private string OfCustomers(string number) => $"{number} in (select m.number from customer m where m.survivor = any({Value(customers)}))";

    private string OfCase() => $"{Journey("c.journey")} and {(query.Customer.Count > 0 ? OfCustomers("c.customer_id") : "true")} and {Owner("t.owner_id")}";

    private string Journey(string journey) =>
        query.Journey is { } name
            ? $"""
                {journey} in (select d.definition_id from workflow_definition d
                    where fold(' ' || d.definition_id || ' ' || coalesce(d.name, '')) like '% ' || fold({Value(Like.Escape(name))}) || '%')
                """
            : "true";

    private string Due(string due) =>
        (query.DueBefore is { } before ? $"{due} < {Value(before.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant())}" : "true")
        + (query.DueFrom is { } from ? $" and {due} >= {Value(from.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant())}" : "");

    private string Owner(string owner) =>
        query.Owner switch
        {
            null => "true",
            "me" => $"{owner} = $1",
            { } name => $"""
                {owner} in (select p.id from person p
                    where fold(' ' || p.display_name || ' ' || p.user_name) like '% ' || fold({Value(Like.Escape(name))}) || '%')
                """,
        };

    private string OwnsOne() =>
        query.Owner is null ? "true" : $"exists (select from task t where t.instance_id = c.id and t.ended_at is null and {Owner("t.owner_id")})";
}
