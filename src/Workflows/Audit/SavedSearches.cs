using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>The searches over history that people saved. Each person sees and changes their own only. Callers have checked that they review history.</summary>
public static class SavedSearches
{
    /// <summary>Most searches of a person.</summary>
    public const int Most = 50;

    private const int LongestName = 100;

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    private static readonly LocalTime Usual = new(7, 0);

    /// <summary>Those of a person, by name.</summary>
    public static async Task<IReadOnlyList<SavedSearch>> ListAsync(NpgsqlDataSource database, Person person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select s.id, s.name, s.filter, s.weekday, s.at_time, s.next_at, r.at, r.from_at, r.to_at, r.hits, r.problem from saved_search s
            left join lateral (select * from saved_search_run x where x.search_id = s.id order by x.at desc, x.id desc limit 1) r on true
            where s.person_id = $1 order by lower(s.name), s.id
            """,
            person.Id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var searches = new List<SavedSearch>();
        while (await r.ReadAsync(cancel))
            searches.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    JsonSerializer.Deserialize<HistoryFilter>(r.GetString(2), Json)!,
                    r.IsDBNull(3) ? null : (IsoDayOfWeek)r.GetInt16(3),
                    LocalTime.FromTimeOnly(r.GetFieldValue<TimeOnly>(4)),
                    r.InstantOrNull(5),
                    r.IsDBNull(6) ? null : Run(r, 6)
                )
            );
        return searches;
    }

    /// <summary>The runs of a search, newest first; null: they have no such search.</summary>
    public static async Task<IReadOnlyList<SearchRun>?> RunsAsync(NpgsqlDataSource database, Guid id, Person person, CancellationToken cancel = default)
    {
        await using var batch = database.CreateBatch();
        batch.Add("select from saved_search where id = $1 and person_id = $2", id, person.Id);
        batch.Add("select at, from_at, to_at, hits, problem from saved_search_run where search_id = $1 order by at desc, id desc limit 100", id);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        await r.NextResultAsync(cancel);
        var runs = new List<SearchRun>();
        while (await r.ReadAsync(cancel))
            runs.Add(Run(r, 0));
        return runs;
    }

    /// <summary>Saves a search. It looks at what happens from now on.</summary>
    /// <param name="filter">What to look for; its <see cref="HistoryFilter.Check"/> found nothing. Its times are left out.</param>
    public static async Task<SavedSearchResult> SaveAsync(
        WorkflowRuntime runtime,
        HistoryFilter filter,
        SearchPlan plan,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var now = runtime.Clock.Now();
        filter = filter with { From = null, To = null, Before = null };
        var (name, errors) = Check(plan);
        if (!filter.IsOn)
            errors["query"] = ["must look for something besides a time"];
        if (errors.Count > 0)
            return new SavedSearchResult.Invalid(errors);
        var (id, time) = (Ids.New(now), plan.Time ?? Usual);
        return await WriteAsync(
            runtime,
            id,
            actor,
            async (connection, batch) =>
            {
                batch.Add(
                    """
                    insert into saved_search (id, person_id, name, filter, weekday, at_time, seen_to, next_at, created_at)
                    select $1, $2, $3, $4, $5, $6, $7, $8, $7 where (select count(*) from saved_search where person_id = $2) < $9
                    """,
                    id,
                    actor.Id,
                    name,
                    new Json(JsonSerializer.SerializeToUtf8Bytes(filter, Json)),
                    (short?)plan.Weekday,
                    time.ToTimeOnly(),
                    now,
                    Next(plan.Weekday, time, await ZoneAsync(runtime.Database, actor.Id, cancel), now),
                    Most
                );
                return await batch.ExecuteNonQueryAsync(cancel) == 0
                    ? new SavedSearchResult.Invalid(new Dictionary<string, string[]> { ["name"] = [$"can't be added: you have {Most} saved searches"] })
                    : null;
            },
            "search.saved",
            new
            {
                name,
                search = filter.Address,
                weekday = plan.Weekday?.ToString(),
                time = time.ToString("HH:mm", null),
            },
            cancel
        );
    }

    /// <summary>Renames a search, and changes when it runs.</summary>
    public static async Task<SavedSearchResult> ChangeAsync(WorkflowRuntime runtime, Guid id, SearchPlan plan, Person actor, CancellationToken cancel = default)
    {
        var (name, errors) = Check(plan);
        if (errors.Count > 0)
            return new SavedSearchResult.Invalid(errors);
        var time = plan.Time ?? Usual;
        return await WriteAsync(
            runtime,
            id,
            actor,
            async (_, batch) =>
                await ExecuteAsync(
                    batch,
                    Sql.Command(
                        """
                        update saved_search set name = $3, weekday = $4, at_time = $5, next_at = case when next_at is null then null else $6 end
                        where id = $1 and person_id = $2
                        """,
                        id,
                        actor.Id,
                        name,
                        (short?)plan.Weekday,
                        time.ToTimeOnly(),
                        Next(plan.Weekday, time, await ZoneAsync(runtime.Database, actor.Id, cancel), runtime.Clock.Now())
                    ),
                    cancel
                ),
            "search.changed",
            new
            {
                name,
                weekday = plan.Weekday?.ToString(),
                time = time.ToString("HH:mm", null),
            },
            cancel
        );
    }

    /// <summary>Pauses a search. What happens while it is paused isn't looked at.</summary>
    public static Task<SavedSearchResult> PauseAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default) =>
        WriteAsync(
            runtime,
            id,
            actor,
            (_, batch) => ExecuteAsync(batch, Sql.Command("update saved_search set next_at = null where id = $1 and person_id = $2", id, actor.Id), cancel),
            "search.paused",
            new { },
            cancel
        );

    /// <summary>Resumes a search: it looks at what happens from now on.</summary>
    public static Task<SavedSearchResult> ResumeAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default) =>
        WriteAsync(
            runtime,
            id,
            actor,
            async (_, batch) =>
            {
                if ((await ListAsync(runtime.Database, actor, cancel)).FirstOrDefault(search => search.Id == id) is not { } found)
                    return new SavedSearchResult.NotFound();
                var now = runtime.Clock.Now();
                var next = Next(found.Weekday, found.Time, await ZoneAsync(runtime.Database, actor.Id, cancel), now);
                return await ExecuteAsync(
                    batch,
                    Sql.Command(
                        """
                        update saved_search set next_at = $3, seen_to = case when next_at is null then $4 else seen_to end where id = $1 and person_id = $2
                        """,
                        id,
                        actor.Id,
                        next,
                        now
                    ),
                    cancel
                );
            },
            "search.resumed",
            new { },
            cancel
        );

    /// <summary>Deletes a search with its runs. History keeps that there were any.</summary>
    public static Task<SavedSearchResult> RemoveAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default) =>
        WriteAsync(
            runtime,
            id,
            actor,
            (_, batch) => ExecuteAsync(batch, Sql.Command("delete from saved_search where id = $1 and person_id = $2", id, actor.Id), cancel),
            "search.removed",
            new { },
            cancel
        );

    /// <summary>When it runs next, after <paramref name="now"/>.</summary>
    internal static Instant Next(IsoDayOfWeek? weekday, LocalTime time, string zone, Instant now) =>
        CronSchedule
            .Parse(string.Create(CultureInfo.InvariantCulture, $"TZ={zone} {time.Minute} {time.Hour} * * {(weekday is { } day ? $"{(int)day}" : "*")}"))
            .NextAfter(now)!
            .Value;

    /// <summary>The time zone of a person.</summary>
    internal static async Task<string> ZoneAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel) =>
        (await NotificationPreferences.OfAsync(database, person, cancel)).TimeZone;

    private static (string Name, Dictionary<string, string[]> Errors) Check(SearchPlan plan)
    {
        var (name, errors) = (plan.Name?.Trim() ?? "", new Dictionary<string, string[]>());
        if ((name.Length == 0 ? "is required" : CustomerRules.Unfit(name, LongestName)) is { } wrong)
            errors["name"] = [wrong];
        return (name, errors);
    }

    private static async Task<SavedSearchResult?> ExecuteAsync(NpgsqlBatch batch, NpgsqlBatchCommand command, CancellationToken cancel)
    {
        batch.BatchCommands.Add(command);
        return await batch.ExecuteNonQueryAsync(cancel) == 0 ? new SavedSearchResult.NotFound() : null;
    }

    /// <summary>Changes a row and writes history in one transaction.</summary>
    /// <param name="change">The change; what it answers ends the transaction without one.</param>
    private static async Task<SavedSearchResult> WriteAsync(
        WorkflowRuntime runtime,
        Guid id,
        Person actor,
        Func<NpgsqlConnection, NpgsqlBatch, Task<SavedSearchResult?>> change,
        string action,
        object payload,
        CancellationToken cancel
    )
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var batch = connection.CreateBatch())
        {
            try
            {
                if (await change(connection, batch) is { } refused)
                    return refused;
            }
            catch (PostgresException e) when (e.ConstraintName == "saved_search_name")
            {
                return new SavedSearchResult.Invalid(new Dictionary<string, string[]> { ["name"] = ["is the name of another search of yours"] });
            }
        }

        var history = await NamedChain.LockAsync(connection, $"search:{id:N}", actor.UserName, runtime.Clock.Now(), cancel);
        history.Add(new(action, "search", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(payload, Json)));
        await using var told = connection.CreateBatch();
        told.WriteChain(history);
        await told.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new SavedSearchResult.Done(id);
    }

    private static SearchRun Run(NpgsqlDataReader r, int first) =>
        new(r.Instant(first), r.Instant(first + 1), r.Instant(first + 2), r.IsDBNull(first + 3) ? null : r.GetInt32(first + 3), r.Text(first + 4));
}
