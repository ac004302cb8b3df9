using System.Data;
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

    /// <summary>A step of a journey.</summary>
    public (string Journey, string Step)? Step { get; init; }

    /// <summary>Id of the owner.</summary>
    public Guid? Owner { get; init; }

    /// <summary>Someone has it, and it isn't suspended: assigned, in progress or in review.</summary>
    public bool InWork { get; init; }

    /// <summary>Suspended for this reason.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Opened later than the first instant, and no later than the second.</summary>
    public (Instant? After, Instant? UpTo) Opened { get; init; }

    /// <summary>What came to teams or was done by them, open or not; null: open tasks.</summary>
    public TaskFlow? Flow { get; init; }

    /// <summary>Due no later than this.</summary>
    public Instant? DueBefore { get; init; }
    public string? Search { get; init; }
    public (DateTime At, Guid Id)? After { get; init; }

    /// <summary>Default: the earliest deadline first, overdue ones included. Another order has no cursor: use <see cref="Skip"/>.</summary>
    public TaskSort Sort { get; init; }

    /// <summary>How many to leave out at the start.</summary>
    public int Skip { get; init; }
    public int Limit { get; init; } = 50;

    /// <summary>So many are few. The answer is the same with any number.</summary>
    internal int Few { get; init; } = FewIds.Most;

    /// <summary>If more were searched for they aren't sorted: a page of them is found sooner in the order of the list. The answer is the same.</summary>
    internal int Sorted { get; init; } = 1500;
}

/// <summary>What came to teams or was done by them. Test cases don't count.</summary>
/// <param name="Kind">Which of both.</param>
/// <param name="Since">Since when, by team: each has its own today.</param>
public sealed record TaskFlow(FlowKind Kind, IReadOnlyDictionary<string, Instant> Since);

/// <summary>What a <see cref="TaskFlow"/> lists.</summary>
public enum FlowKind
{
    /// <summary>Opened, whatever became of them.</summary>
    Arrived,
    Completed,

    /// <summary>Completed after the due time of the worst clock.</summary>
    CompletedLate,
}

/// <summary>How many tasks a list has.</summary>
/// <param name="Count">So many, or as many as are counted.</param>
/// <param name="IsMore">It has more.</param>
public readonly record struct ListLength(int Count, bool IsMore);

/// <summary>In which order tasks are listed; the earliest deadline first among equals.</summary>
public enum TaskSort
{
    Urgency,
    Priority,
    Oldest,
    Newest,
    Customer,
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
    ) => await ReadAsync(database, await TaskListQuery.PageAsync(database, filter, actor, now, cancel), filter.Limit, cancel);

    /// <summary>The same, and how many tasks the list has.</summary>
    public static async Task<(Page<TaskSummary> Page, ListLength Length)> ReadCountedAsync(
        NpgsqlDataSource database,
        TaskFilter filter,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var most = string.IsNullOrWhiteSpace(filter.Search) ? MostCounted : MostFound;
        var (page, length) = await TaskListQuery.CountedPageAsync(database, filter, actor, now, most + 1, cancel);

        // The count may look at every task, the page looks at few: they are read at the same time.
        var counting = LengthAsync(database, length, most, cancel);
        var tasks = await ReadAsync(database, page, filter.Limit, cancel);
        return (tasks, await counting);
    }

    private static async Task<Page<TaskSummary>> ReadAsync(NpgsqlDataSource database, TaskListQuery.Statement query, int limit, CancellationToken cancel)
    {
        await using var command = database.Query(query.Sql, [.. query.Values]);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var rows = new List<(TaskSummary Task, DateTime OrderAt)>();
        while (await reader.ReadAsync(cancel))
            rows.Add((TaskSummary.Read(reader), reader.GetDateTime("order_at")));
        var tasks = Page<(TaskSummary Task, DateTime OrderAt)>.Of(rows, limit, r => (r.OrderAt, r.Task.Id));
        return new(tasks.Items.Select(r => r.Task).ToList(), tasks.Next);
    }

    private static async Task<ListLength> LengthAsync(NpgsqlDataSource database, TaskListQuery.Statement query, int most, CancellationToken cancel)
    {
        await using var command = database.Query(query.Sql, [.. query.Values]);
        var count = (int)(await command.ExecuteScalarAsync(cancel))!;
        return new(Math.Min(count, most), count > most);
    }

    /// <summary>A list that is longer is not counted to its end.</summary>
    public const int MostCounted = 10_000;

    /// <summary>Nor is what a search finds: each task's case is looked at.</summary>
    public const int MostFound = 100;

    /// <summary>More tasks that a person can take aren't counted: who may take a task is judged for each.</summary>
    public const int MostOffered = 200;

    /// <summary>A person's counts: tasks they own, and tasks they can take, to <see cref="MostOffered"/>. Test cases don't count.</summary>
    /// <param name="database">The database.</param>
    /// <param name="actor">Whose work.</param>
    /// <param name="soon">Until when it counts as due soon.</param>
    /// <param name="now">Now.</param>
    public static async Task<WorkCount> CountAsync(NpgsqlDataSource database, Person actor, Instant soon, Instant now, CancellationToken cancel = default)
    {
        var me = Eligibility.Of("$1", "$2");
        await using var query = database.Query(
            $"""
            select count(*)::int, count(*) filter (where order_at <= $2)::int, count(*) filter (where order_at > $2 and order_at <= $3)::int,
                (select count(*)::int from (
                    select from ({OfferedTasks.Offerable(me)} offset 0) reachable
                    -- One look-up for each: joined, the conditions would be judged for every open task first.
                    cross join lateral (select from task t
                        where t.id = reachable.id and t.ended_at is null and t.test_by is null and {me.IsAvailable} limit 1) offered
                    limit {MostOffered}) open)
            from (
                select order_at from task where ended_at is null and owner_id = $1 and test_by is null
                union all select order_at from task where ended_at is null and reviewer_id = $1 and test_by is null) own
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
