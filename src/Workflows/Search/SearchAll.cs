using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Search;

/// <summary>
/// The search for everyone: customers, cases, tasks, names of files, comments, people and guidance. What the person works on comes first.
/// Each statement has the rule of
/// who sees what; nothing is found and then hidden.
/// </summary>
public static class SearchAll
{
    // As many are ranked; of more that match, any are as good.
    private const int MostRanked = 200;

    /// <summary>Fewer exact ones, and those that are alike are looked for too.</summary>
    private const int Enough = 3;

    /// <summary>Finds what was asked for, so many of each kind.</summary>
    public static async Task<SearchResults> RunAsync(
        WorkflowRuntime runtime,
        SearchQuery query,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (query.IsEmpty)
            return new();
        var database = runtime.Database;
        var wanted = query.Customer.Count > 0 ? query.Customer : query.Words;
        var (customers, areExact) = wanted.Count == 0 ? ([], false) : await FindCustomers.IdsAsync(database, wanted, Math.Max(limit, 10), actor, now, cancel);
        if (query.Customer.Count > 0 && customers.Length == 0)
            return new();

        var statement = new Statements(query, customers, await CaseViewers.FewSeenAsync(database, actor, now, cancel), limit, actor, now);
        var hasNotes = !query.IsAboutDue && query.Words.Count > 0;
        var results = await ExactAsync(database, statement, hasNotes, !query.IsFiltered, cancel);
        if (query.Words.Sum(word => word.Length) > 3 && query.Words.All(IsSpelt))
            results = await AddAlikeAsync(runtime, statement, results, query.Words, Math.Min(Enough, limit), hasNotes, hasNotes && !areExact, cancel);
        if (!query.IsFiltered)
            results = results with { Guidance = await FindArticles.FindAsync(database, query.Words, limit, cancel) };
        return query.Owner is not null || query.Journey is not null || query.IsAboutDue || customers.Length == 0
            ? results
            : results with
            {
                Customers = await CustomerQueries.SummariesAsync(database, [.. customers.Take(limit)], actor, now, cancel),
            };
    }

    // Numbers are never guessed, and words of scripts that don't separate them can't be alike.
    private static bool IsSpelt(string word) => !Patterns.IsIdeographic(word) && !word.Any(c => char.IsAsciiDigit(c) || c is '%' or '_' or '\\');

    private static async Task<SearchResults> ExactAsync(
        NpgsqlDataSource database,
        Statements statement,
        bool hasNotes,
        bool hasPeople,
        CancellationToken cancel
    )
    {
        await using var batch = database.CreateBatch();
        batch.Add("select set_config('pg_trgm.word_similarity_threshold', '0.5', true), set_config('plan_cache_mode', 'force_custom_plan', true)");
        batch.BatchCommands.Add(statement.Cases());
        batch.BatchCommands.Add(statement.Tasks());
        if (hasNotes)
        {
            batch.BatchCommands.Add(statement.Files());
            batch.BatchCommands.Add(statement.Comments());
        }

        if (hasPeople)
            batch.BatchCommands.Add(statement.People());
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return new()
        {
            Cases = await ReadAsync(
                r,
                _ => new FoundCase(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetBoolean(4), r.InstantOrNull(5)),
                cancel
            ),
            Tasks = await ReadAsync(r, TaskOf, cancel),
            Files = hasNotes ? await ReadAsync(r, FileOf, cancel) : [],
            Comments = hasNotes ? await ReadAsync(r, CommentOf, cancel) : [],
            People = hasPeople
                ? await ReadAsync(r, _ => new FoundPerson(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetFieldValue<string[]>(3)), cancel)
                : [],
        };
    }

    /// <summary>Where few have every word, those whose words are alike: titles of tasks, names of files, comments.</summary>
    private static async Task<SearchResults> AddAlikeAsync(
        WorkflowRuntime runtime,
        Statements statement,
        SearchResults exact,
        IReadOnlyList<string> words,
        int enough,
        bool hasFiles,
        bool hasComments,
        CancellationToken cancel
    )
    {
        var titles = exact.Tasks.Count < enough ? await AlikeTitles.FindAsync(runtime, words, cancel) : [];
        var (needsTasks, needsFiles, needsComments) = (titles.Count > 0, hasFiles && exact.Files.Count == 0, hasComments && exact.Comments.Count < enough);
        if (!needsTasks && !needsFiles && !needsComments)
            return exact;
        await using var batch = runtime.Database.CreateBatch();
        batch.Add("select set_config('pg_trgm.word_similarity_threshold', '0.55', true), set_config('plan_cache_mode', 'force_custom_plan', true)");
        if (needsTasks)
            batch.BatchCommands.Add(statement.Tasks(titles));
        if (needsFiles)
            batch.BatchCommands.Add(statement.Files(alike: true));
        if (needsComments)
        {
            batch.Add("select set_config('pg_trgm.word_similarity_threshold', '0.45', true)");
            batch.BatchCommands.Add(statement.Comments(alike: true));
        }

        await using var r = await batch.ExecuteReaderAsync(cancel);
        return exact with
        {
            Tasks = needsTasks ? [.. exact.Tasks.UnionBy(await ReadAsync(r, TaskOf, cancel), task => task.Id).Take(statement.Limit)] : exact.Tasks,
            Files = needsFiles ? await ReadAsync(r, FileOf, cancel) : exact.Files,
            Comments =
                needsComments && await r.NextResultAsync(cancel)
                    ? [.. exact.Comments.UnionBy(await ReadAsync(r, CommentOf, cancel), comment => comment.Id).Take(statement.Limit)]
                    : exact.Comments,
        };
    }

    private static FoundTask TaskOf(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetString(1), r.Text(2), r.Text(3), r.Text(4), r.InstantOrNull(5));

    private static FoundComment CommentOf(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetString(3), r.GetString(4), r.Instant(5));

    private static FoundFile FileOf(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetString(3), r.Text(4));

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader r, Func<NpgsqlDataReader, T> read, CancellationToken cancel)
    {
        await r.NextResultAsync(cancel);
        var rows = new List<T>();
        while (await r.ReadAsync(cancel))
            rows.Add(read(r));
        return rows;
    }

    /// <summary>The statements of one search. Parameters: <c>$1</c> who, <c>$2</c> now, <c>$3</c> whether they see all; then those of the statement.</summary>
    private sealed class Statements(SearchQuery query, Guid[] customers, Guid[]? few, int limit, Person actor, Instant now)
    {
        private readonly Eligibility _me = Eligibility.Of("$1", "$2");
        private readonly List<object?> _values = [];

        public int Limit => limit;

        public NpgsqlBatchCommand Cases()
        {
            Begin();
            var isOfCustomer = OfCustomers("c.customer_id");
            var filter = $"{Journey("c.journey")} and {Due("c.due_at")} and {OwnsOne()}";
            var and =
                $"{Sees("s.case_id")}{(query.Customer.Count > 0 ? $" and exists (select from journey_case c where c.id = s.case_id and {isOfCustomer})" : "")}";
            var byWords =
                query.Words.Count > 0
                    ? string.Join(
                        " union all ",
                        WaysOfWords().Select(words => $"(select s.case_id id from case_search s where {words} and {and} limit {MostRanked})")
                    )
                    : null;
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
                select c.id, c.reference, c.customer_name, coalesce(d.name, c.journey), i.status = 'Running', c.due_at
                from (select distinct id from ({string.Join(" union all ", new[] { byWords, byCustomer, byFilter }.OfType<string>())}) f) found
                join journey_case c on c.id = found.id join workflow_instance i on i.id = c.id
                left join workflow_definition d on d.id = i.definition_version_id
                where (c.test_by is null or c.test_by = $1) and {filter}
                order by lower(c.reference) = lower({Value(query.Text)}) desc,
                    exists (select from task t where t.instance_id = c.id and t.ended_at is null and t.owner_id = $1) desc, i.status = 'Running' desc,
                    {(query.IsAboutDue ? "c.due_at, " : "")}c.created_at desc, c.id
                limit {Value(limit)}
                """
            );
        }

        /// <summary>Condition on the id of a case. Whoever sees few finds nothing else, however much the words match.</summary>
        private string Sees(string run) => few is null ? $"($3 or {_me.SeesRun(run)})" : $"{run} = any({Value(few)})";

        /// <param name="titles">Titles to find instead of those that have every word.</param>
        public NpgsqlBatchCommand Tasks(IReadOnlyList<string>? titles = null)
        {
            Begin();
            var sees = $"($3 or coalesce({_me.Sees}, false))";
            var filter = $"t.ended_at is null and {Journey("coalesce(c.journey, t.definition_id)")} and {Due("t.due_at")} and {Owner("t.owner_id")}";
            const string Title = "(' ' || lower(t.title))";
            var title = titles is null
                ? string.Join(" and ", query.Words.Select(word => $"{Title} like '% ' || lower({Value(Like.Escape(word))}) || '%'").DefaultIfEmpty("true"))
                : $"({string.Join(" or ", titles.Select(one => $"{Title} like ' ' || lower({Value(Like.Escape(one))})"))})";
            var isOfCustomer = customers.Length > 0 ? OfCustomers("c.customer_id") : "false";
            var most = Value(MostRanked);
            var ways = new List<string>();
            const string From = "select t.id from task t left join journey_case c on c.id = t.instance_id where";
            if (query.Words.Count > 0 || query.Customer.Count == 0)
            {
                var of = query.Customer.Count > 0 ? isOfCustomer : "true";
                ways.Add($"({From} (t.owner_id = $1 or t.reviewer_id = $1) and {filter} and {title} and {of} limit {most})");
                ways.Add($"({From} {filter} and {title} and {of} and {sees} {(query.Words.Count == 0 ? "order by t.order_at" : "")} limit {most})");
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
                select t.id, t.title, coalesce(c.reference, i.correlation_id), c.customer_name, p.display_name, t.due_at
                from (select distinct id from ({string.Join(" union all ", ways)}) f) found join task t on t.id = found.id
                join workflow_instance i on i.id = t.instance_id left join journey_case c on c.id = t.instance_id left join person p on p.id = t.owner_id
                where t.test_by is null or t.test_by = $1
                order by coalesce(t.owner_id = $1 or t.reviewer_id = $1, false) desc, t.order_at, t.id limit {Value(limit)}
                """
            );
        }

        /// <param name="alike">Whether names that are alike count, instead of those that have every word.</param>
        public NpgsqlBatchCommand Files(bool alike = false)
        {
            Begin();
            var matches = alike ? $"fold({Value(string.Join(' ', query.Words))}) <% fold(' ' || a.name)" : Words("fold(' ' || a.name)");
            return Command(
                $"""
                select a.id, t.id, {Unguarded("a.name")}, t.title, c.reference
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
                select m.id, t.id, {Unguarded("m.body")}, coalesce(p.display_name, m.author), t.title, m.created_at
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
                from person p
                cross join lateral (select fold(' ' || replace(p.display_name, '-', ' ') || ' ' || p.user_name) words) w
                where p.active and ({Words("w.words")} or length({text}) > 2 and fold({text}) <% w.words)
                order by word_similarity(fold({text}), w.words) desc, p.display_name, p.id limit {Value(limit)}
                """
            );
        }

        /// <summary>The text, unless the person has to give a reason first.</summary>
        private static string Unguarded(string text) =>
            $"case when is_guarded_number(c.customer_id, $1, $2) then '{SensitiveCustomers.Hidden}' else {text} end";

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
}
