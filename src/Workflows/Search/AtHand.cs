using NodaTime;
using Npgsql;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Search;

/// <summary>
/// What someone works with: searches look there first, and show it first. Everything here is only where to look; each statement still asks whether the person
/// sees it.
/// </summary>
/// <param name="Seen">The runs that they see, if these are few; null: many, or all.</param>
/// <param name="Tasks">Open tasks that they own or review, the most urgent ones.</param>
/// <param name="Runs">Runs of these.</param>
/// <param name="Customers">Customers of these runs.</param>
/// <param name="Opened">
/// Ids of the customers, cases and tasks that they opened lately: the more often and the later, the earlier in the list. From the log of access.
/// </param>
/// <param name="Titled">
/// Open tasks with the words in their title, if these are few; null: many. There are few titles, so either many have a word or none.
/// </param>
internal sealed record AtHand(Guid[]? Seen, Guid[] Tasks, Guid[] Runs, Guid[] Customers, Guid[] Opened, Guid[]? Titled)
{
    private const int MostTitled = 200;

    // More is not at hand.
    private const string MostTasks = "200";
    private const string MostOpenings = "100";

    private const string Held = $"""
        (select k.id, k.instance_id, k.test_by from task k where k.owner_id = $1 and k.ended_at is null order by k.order_at, k.id limit {MostTasks})
        union (select k.id, k.instance_id, k.test_by from task k where k.reviewer_id = $1 and k.ended_at is null limit {MostTasks})
        """;

    private const string HeldRuns = $"select t.instance_id from ({Held}) t where t.test_by is null";

    /// <summary>SQL of the title of a row of <c>task</c>, as its index has it.</summary>
    public const string Title = "(' ' || lower(t.title))";

    /// <summary>Reads it.</summary>
    /// <param name="words">Words that are looked for in titles.</param>
    public static async Task<AtHand> ReadAsync(
        NpgsqlDataSource database,
        Person actor,
        Instant now,
        CancellationToken cancel,
        params IReadOnlyList<string> words
    )
    {
        var sets = new FewIds(FewIds.Most);
        var tasks = sets.Add($"select t.id from ({Held}) t", actor.Id);
        var runs = sets.Add($"select distinct r.instance_id from ({HeldRuns}) r", actor.Id);
        var customers = sets.Add(
            $"select distinct m.survivor from journey_case c join customer m on m.number = c.customer_id where c.id in ({HeldRuns})",
            actor.Id
        );
        var opened = sets.Add(
            $"""
            select l.subject_id from (
                select subject_id, opens, at from access_log where person_id = $1 and kind in ('customer', 'case', 'task') and subject_id is not null
                order by at desc, id desc limit {MostOpenings}) l
            group by 1 order by sum(l.opens / (1 + extract(epoch from $2 - l.at) / 86400)) desc, max(l.at) desc
            """,
            actor.Id,
            now
        );
        int? titled = words.Count == 0 ? null : sets.Add(Titles(words), [.. words.Select(Like.Escape)]);
        int? seen = Eligibility.SeesAll(actor) ? null : sets.Add(Eligibility.Of("$1", "$2").SeenRuns(), actor.Id, now);
        await sets.ReadAsync(database, cancel);
        return new(
            seen is { } set ? sets[set] : null,
            sets[tasks] ?? [],
            sets[runs] ?? [],
            sets[customers] ?? [],
            sets[opened] ?? [],
            titled is { } found && sets[found] is { Length: < MostTitled } few ? few : null
        );
    }

    private static string Titles(IReadOnlyList<string> words) =>
        $"""
            select t.id from task t where t.ended_at is null and {string.Join(" and ", words.Select((_, place) => HasWord($"${place + 1}")))} limit {MostTitled}
            """;

    /// <summary>Condition on the title of a row of <c>task</c>: a word of it begins so.</summary>
    /// <param name="word">SQL of the word, escaped for <c>like</c>.</param>
    public static string HasWord(string word) => $"{Title} like '% ' || lower({word}) || '%'";
}
