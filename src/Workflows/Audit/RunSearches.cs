using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>
/// Runs saved searches that are due, each with the rights its owner has now, and tells them what is new. A run looks from where the last good one ended to a
/// minute ago: an event may be committed a little after its time. One that fails is tried again on its next date, with the same beginning.
/// </summary>
public sealed class RunSearches(WorkflowRuntime runtime, FindPerson people, AccessLog access)
{
    /// <summary>Most hits that are counted.</summary>
    public const int MostHits = 1000;

    private const int DaysKept = 400;
    private static readonly Duration Settled = Duration.FromMinutes(1);

    /// <summary>Runs those that are due. Returns how many.</summary>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        var ran = 0;
        for (; !stop.IsCancellationRequested && await DueAsync(stop) is { } due; ran++)
            await RunAsync(due, stop);
        return ran;
    }

    private async Task<Due?> DueAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select s.id, s.person_id, s.name, s.filter, s.weekday, s.at_time, s.seen_to, s.next_at, p.user_name,
                coalesce((select r.problem is not null from saved_search_run r where r.search_id = s.id order by r.at desc, r.id desc limit 1), false)
            from saved_search s join person p on p.id = s.person_id where s.next_at <= $1 order by s.next_at, s.id limit 1
            """,
            runtime.Clock.Now()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(
                r.GetGuid(0),
                r.GetGuid(1),
                r.GetString(2),
                JsonSerializer.Deserialize<HistoryFilter>(r.GetString(3), SavedSearches.Json)!,
                r.IsDBNull(4) ? null : (IsoDayOfWeek)r.GetInt16(4),
                LocalTime.FromTimeOnly(r.GetFieldValue<TimeOnly>(5)),
                r.Instant(6),
                r.Instant(7),
                r.GetString(8),
                r.GetBoolean(9)
            )
            : null;
    }

    private async Task RunAsync(Due due, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        var person = await people.OfIdAsync(due.Person, now, cancel);
        var next = SavedSearches.Next(due.Weekday, due.Time, await SavedSearches.ZoneAsync(runtime.Database, due.Person, cancel), now);
        var to = Instant.Max(due.SeenTo, now - Settled);
        if (person?.May(Permissions.ReviewHistory) != true)
        {
            const string Lost = "You can't review history any more, so the search was paused.";
            await EndAsync(due, new(now, due.SeenTo, to, null, Lost), null, person is not null, $"Paused: {due.Name}", Lost, null, cancel);
            return;
        }

        // Without an index that leads to the events, a search is limited in time.
        var from = due.Filter.IsNarrow ? due.SeenTo : Instant.Max(due.SeenTo, to - Duration.FromDays(HistoryFilter.MostDays));
        var filter = due.Filter with { From = from, To = to };
        await access.WriteNowAsync(new(now, person.Id, "search", null, $"{due.Name}: {filter.Address}", "", null, "job"), cancel);
        var (hits, problem) = from < to ? await SearchAsync(filter, person, cancel) : (0, null);
        var run = new SearchRun(now, from, to, hits, problem);
        if (problem is not null)
            await EndAsync(due, run, next, !due.HasFailed, $"Failed: {due.Name}", problem, "/compliance/searches", cancel);
        else
            await EndAsync(due, run, next, hits > 0, $"{Count(hits!.Value)} found: {due.Name}", "", $"/compliance/history{filter.Address}", cancel);
    }

    private async Task<(int? Hits, string? Problem)> SearchAsync(HistoryFilter filter, Person person, CancellationToken cancel)
    {
        try
        {
            var hits = 0;
            await foreach (var _ in HistorySearch.ReadAsync(runtime, filter, MostHits + 1, person, HistorySearch.MostTime, cancel))
                hits++;
            return (hits, null);
        }
        catch (SearchTooWideException e)
        {
            return (null, e.Message);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or JsonException)
        {
            return (null, "The database couldn't answer the search. It is tried again on its next date.");
        }
    }

    /// <summary>Writes how a run went, unless someone paused, changed or deleted the search meanwhile.</summary>
    /// <param name="next">When it runs next; null: it is paused.</param>
    /// <param name="tell">Whether its owner is told.</param>
    private async Task EndAsync(Due due, SearchRun run, Instant? next, bool tell, string title, string body, string? path, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var move = connection.CreateBatch())
        {
            move.Add(
                "update saved_search set next_at = $3, seen_to = case when $4 then $5 else seen_to end where id = $1 and next_at = $2",
                due.Id,
                due.NextAt,
                next,
                run.Problem is null,
                run.To
            );
            if (await move.ExecuteNonQueryAsync(cancel) == 0)
                return;
        }

        var history = await NamedChain.LockAsync(connection, $"search:{due.Id:N}", "system", run.At, cancel);
        var payload = new
        {
            name = due.Name,
            owner = due.UserName,
            from = run.From.ToString(),
            to = run.To.ToString(),
            hits = run.Hits,
            problem = run.Problem,
        };
        history.Add(new("search.ran", "search", Ids.Text(due.Id), 0, JsonSerializer.SerializeToUtf8Bytes(payload, SavedSearches.Json)));
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into saved_search_run (id, search_id, at, from_at, to_at, hits, problem) values ($1, $2, $3, $4, $5, $6, $7)",
            Ids.New(run.At),
            due.Id,
            run.At,
            run.From,
            run.To,
            run.Hits,
            run.Problem
        );
        batch.Add("delete from saved_search_run where search_id = $1 and at < $2", due.Id, run.At - Duration.FromDays(DaysKept));
        if (tell)
            batch.BatchCommands.Add(Notify.Command(run.At, [new(due.Person, NotificationKinds.SearchFound, title, body, null, null) { Path = path }]));
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        if (tell)
            runtime.Changes.Publish([new(ChangeKind.Person, due.Person)]);
    }

    private static string Count(int hits) =>
        hits > MostHits ? $"More than {MostHits} events"
        : hits == 1 ? "1 event"
        : $"{hits} events";

    private sealed record Due(
        Guid Id,
        Guid Person,
        string Name,
        HistoryFilter Filter,
        IsoDayOfWeek? Weekday,
        LocalTime Time,
        Instant SeenTo,
        Instant NextAt,
        string UserName,
        bool HasFailed
    );
}
