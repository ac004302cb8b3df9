using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Search;

/// <summary>
/// The search for everyone: customers, cases, tasks, names of files, comments, people and guidance. What the person works on comes first.
/// Each statement has the rule of who sees what; nothing is found and then hidden.
/// </summary>
public static class SearchAll
{
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
        var near = await AtHand.ReadAsync(database, actor, now, cancel, query.Words);
        var (customers, areExact) =
            wanted.Count == 0 ? ([], false) : await FindCustomers.IdsAsync(database, wanted, Math.Max(limit, 10), actor, near, now, cancel);
        if (query.Customer.Count > 0 && customers.Length == 0)
            return new();

        // At once, each on a connection of its own: nothing of one depends on the others.
        var hasCustomers = customers.Length > 0 && query is { Owner: null, Journey: null, IsAboutDue: false };
        var results = WorkAsync(runtime, new(query, customers, near, limit, actor, now), query, areExact, actor, now, cancel);
        Task<IReadOnlyList<ArticleSummary>> guidance = query.IsFiltered
            ? Task.FromResult<IReadOnlyList<ArticleSummary>>([])
            : FindArticles.FindAsync(database, query.Words, limit, cancel);
        Task<IReadOnlyList<CustomerSummary>> summaries = hasCustomers
            ? CustomerQueries.SummariesAsync(database, [.. customers.Take(limit)], actor, now, cancel)
            : Task.FromResult<IReadOnlyList<CustomerSummary>>([]);
        await Task.WhenAll(results, guidance, summaries);
        return (await results) with { Guidance = await guidance, Customers = await summaries };
    }

    private static async Task<SearchResults> WorkAsync(
        WorkflowRuntime runtime,
        SearchStatements statement,
        SearchQuery query,
        bool areExactCustomers,
        Person actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var hasNotes = !query.IsAboutDue && query.Words.Count > 0;
        var results = await ExactAsync(runtime.Database, statement, hasNotes, !query.IsFiltered, cancel);
        return query.Words.Sum(word => word.Length) > 3 && query.Words.All(IsSpelt)
            ? await AddAlikeAsync(
                runtime,
                actor,
                now,
                statement,
                results,
                query.Words,
                Math.Min(Enough, statement.Limit),
                hasNotes,
                hasNotes && !areExactCustomers,
                cancel
            )
            : results;
    }

    /// <summary>The customers and cases that the person opened lately and still sees, those opened often first.</summary>
    public static async Task<IReadOnlyList<RecentItem>> RecentAsync(
        NpgsqlDataSource database,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var near = await AtHand.ReadAsync(database, actor, now, cancel);
        var me = Eligibility.Of("$1", "$2");
        await using var query = database.Query(
            $"""
            select o.id, k.id is not null, coalesce(k.name, c.reference), coalesce(k.number, c.customer_name),
                c.test_by is not null
            from unnest($4::uuid[]) with ordinality o (id, place)
            left join customer k on k.id = o.id and k.merged_into is null and ($3 or {CustomerAccess.Sees(me, "k.id")})
            left join journey_case c on c.id = o.id and (c.test_by is null or c.test_by = $1) and ($3 or {me.SeesRun("c.id")})
            where k.id is not null or c.id is not null order by o.place limit $5
            """,
            actor.Id,
            now,
            Eligibility.SeesAll(actor),
            near.Opened,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var items = new List<RecentItem>();
        while (await r.ReadAsync(cancel))
            items.Add(new(r.GetGuid(0), r.GetBoolean(1), r.GetString(2), r.GetString(3), r.GetBoolean(4)));
        return items;
    }

    // Numbers are never guessed, and words of scripts that don't separate them can't be alike.
    private static bool IsSpelt(string word) => !Patterns.IsIdeographic(word) && !word.Any(c => char.IsAsciiDigit(c) || c is '%' or '_' or '\\');

    /// <summary>What has every word: cases and people on one connection, tasks and what belongs to them on another.</summary>
    private static async Task<SearchResults> ExactAsync(
        NpgsqlDataSource database,
        SearchStatements statement,
        bool hasNotes,
        bool hasPeople,
        CancellationToken cancel
    )
    {
        await using var first = Batch(database, statement.Cases(), hasPeople ? statement.People() : null);
        await using var second = Batch(database, statement.Tasks(), hasNotes ? statement.Files() : null, hasNotes ? statement.Comments() : null);
        var (casesAndPeople, work) = (CasesAndPeopleAsync(), TasksAndNotesAsync());
        await Task.WhenAll(casesAndPeople, work);
        var (cases, people) = await casesAndPeople;
        return (await work) with { Cases = cases, People = people };

        async Task<(List<FoundCase>, List<FoundPerson>)> CasesAndPeopleAsync()
        {
            await using var r = await first.ExecuteReaderAsync(cancel);
            return (
                await ReadAsync(
                    r,
                    _ => new FoundCase(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetBoolean(4), r.InstantOrNull(5), r.GetBoolean(6)),
                    cancel
                ),
                hasPeople ? await ReadAsync(r, _ => new FoundPerson(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetFieldValue<string[]>(3)), cancel) : []
            );
        }

        async Task<SearchResults> TasksAndNotesAsync()
        {
            await using var r = await second.ExecuteReaderAsync(cancel);
            return new()
            {
                Tasks = await ReadAsync(r, TaskOf, cancel),
                Files = hasNotes ? await ReadAsync(r, FileOf, cancel) : [],
                Comments = hasNotes ? await ReadAsync(r, CommentOf, cancel) : [],
            };
        }
    }

    private static NpgsqlBatch Batch(NpgsqlDataSource database, params NpgsqlBatchCommand?[] commands)
    {
        var batch = database.CreateBatch();
        batch.Add("select set_config('pg_trgm.word_similarity_threshold', '0.5', true), set_config('plan_cache_mode', 'force_custom_plan', true)");
        foreach (var command in commands.OfType<NpgsqlBatchCommand>())
            batch.BatchCommands.Add(command);
        return batch;
    }

    /// <summary>Where few have every word, those whose words are alike: titles of tasks, names of files, comments.</summary>
    private static async Task<SearchResults> AddAlikeAsync(
        WorkflowRuntime runtime,
        Person actor,
        Instant now,
        SearchStatements statement,
        SearchResults exact,
        IReadOnlyList<string> words,
        int enough,
        bool hasFiles,
        bool hasComments,
        CancellationToken cancel
    )
    {
        var titles = exact.Tasks.Count < enough ? await AlikeTitles.FindAsync(runtime, words, actor, now, cancel) : [];
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

    private static FoundTask TaskOf(NpgsqlDataReader r) =>
        new(r.GetGuid(0), r.GetString(1), r.Text(2), r.Text(3), r.Text(4), r.InstantOrNull(5), r.GetBoolean(6));

    private static FoundComment CommentOf(NpgsqlDataReader r) =>
        new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetString(3), r.GetString(4), r.Instant(5), r.GetBoolean(6));

    private static FoundFile FileOf(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetString(3), r.Text(4), r.GetBoolean(5));

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader r, Func<NpgsqlDataReader, T> read, CancellationToken cancel)
    {
        await r.NextResultAsync(cancel);
        var rows = new List<T>();
        while (await r.ReadAsync(cancel))
            rows.Add(read(r));
        return rows;
    }
}
