using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Cases;
using Orchestration.Host.Http;
using Orchestration.Host.Performance;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Compliance;

/// <summary>An event of history.</summary>
/// <param name="Chain">Its chain: the case, or another thing.</param>
/// <param name="Sequence">Its position in the chain.</param>
/// <param name="At">When.</param>
/// <param name="Actor">User name of who did it; <c>system</c>: the service.</param>
/// <param name="Action">What happened.</param>
/// <param name="Text">The same in words.</param>
/// <param name="Source">page, api, job or workflow.</param>
/// <param name="Case">Reference of the case, or null.</param>
/// <param name="Customer">Name of its customer, or null.</param>
/// <param name="Journey">Its journey, or null.</param>
/// <param name="Step">The step, or null.</param>
/// <param name="Thing">What it happened to, if that is no case.</param>
/// <param name="Leaf">Hash of the event.</param>
public sealed record HistoryHitView(
    Guid Chain,
    int Sequence,
    Instant At,
    string Actor,
    string Action,
    string Text,
    string Source,
    string? Case,
    string? Customer,
    string? Journey,
    string? Step,
    string? Thing,
    string Leaf
);

/// <summary>A page of a search.</summary>
public sealed record HistoryHits(IReadOnlyList<HistoryHitView> Items, string? Next);

/// <summary>Search over all history, for compliance.</summary>
internal static class HistoryEndpoints
{
    private const int PageSize = 50;
    private const int MostExported = 1_000_000;
    private static readonly Duration ExportTime = Duration.FromMinutes(10);

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/search", SearchAsync)
            .WithSummary("Searches all history, newest first")
            .WithDescription(
                "Without a person, customer, case, action or outcome it searches at most 31 days; without anything, the last day. `field` and `value` "
                    + "look into what was recorded; a value after > or < is a number. A search that takes longer than 15 seconds is refused."
            )
            .ProducesProblem(422);
        api.MapGet("/search.csv", ExportAsync)
            .WithSummary("Exports a search as CSV, at most a million events; the export is itself in history")
            .Produces<string>(200, "text/csv")
            .ProducesProblem(422);
        pages.MapGet("/history", PageAsync);
        pages.MapGet("/history.csv", ExportAsync);
    }

    private static async Task<Results<Ok<HistoryHits>, ProblemHttpResult>> SearchAsync(
        [AsParameters] HistoryQuery query,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel,
        int limit = PageSize
    )
    {
        var (filter, errors) = query.Read(runtime.Clock.Now());
        if (limit is < 1 or > Orchestration.Workflows.Storage.Cursor.MaxLimit)
            errors["limit"] = [$"must be from 1 to {Orchestration.Workflows.Storage.Cursor.MaxLimit}"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        try
        {
            var (hits, next) = await HistorySearch.PageAsync(runtime, filter, limit, me, cancel);
            var timeline = await TimelineAsync(runtime, hits, cancel);
            return TypedResults.Ok(new HistoryHits([.. hits.Select(hit => View(hit, timeline))], next?.ToString()));
        }
        catch (SearchTooWideException e)
        {
            return Problems.Of(422, "search-too-wide", "The search is too wide", e.Message);
        }
    }

    private static async Task<IResult> PageAsync([AsParameters] HistoryQuery query, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var (filter, errors) = query.Read(runtime.Clock.Now());
        IReadOnlyList<HistoryHit> hits = [];
        HistoryCursor? next = null;
        string? refused = null;
        if (errors.Count == 0)
        {
            try
            {
                (hits, next) = await HistorySearch.PageAsync(runtime, filter, PageSize, me, cancel);
            }
            catch (SearchTooWideException e)
            {
                refused = e.Message;
            }
        }

        var people = await TeamQueries.EveryoneAsync(runtime.Database, cancel);
        var timeline = await TimelineAsync(runtime, hits, cancel);
        return Html.Page(
            new HistorySearchPage
            {
                Query = query,
                IsOn = filter.IsOn,
                Errors = errors,
                Refused = refused,
                Hits = [.. hits.Select(hit => (hit, timeline.Sentence(hit.Event)))],
                Next = next?.ToString(),
                People = people,
                Zone = (await NotificationPreferences.OfAsync(runtime.Database, me.Id, cancel)).TimeZone,
                Journeys = (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name),
            },
            errors.Count > 0 || refused is not null ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static async Task<IResult> ExportAsync([AsParameters] HistoryQuery query, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var (filter, errors) = (query with { Cursor = null }).Read(runtime.Clock.Now());
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        await RecordAsync(runtime, me, query with { Cursor = null }, cancel);
        return Results.Stream(
            async body =>
            {
                await using var writer = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), 65_536, leaveOpen: true)
                {
                    NewLine = "\r\n",
                };
                await writer.WriteLineAsync("at,actor,action,text,source,case,customer,journey,step,thing,chain,sequence,hash");
                var timeline = new Timeline(new Dictionary<string, string>(), await TeamsAsync(runtime, cancel), null);
                await foreach (var hit in HistorySearch.ReadAsync(runtime, filter, MostExported, me, ExportTime, cancel))
                {
                    var v = View(hit, timeline);
                    object?[] cells =
                    [
                        InstantPattern.ExtendedIso.Format(v.At),
                        v.Actor,
                        v.Action,
                        v.Text,
                        v.Source,
                        v.Case,
                        v.Customer,
                        v.Journey,
                        v.Step,
                        v.Thing,
                        v.Chain.ToString("N"),
                        v.Sequence,
                        v.Leaf,
                    ];
                    await writer.WriteLineAsync(string.Join(',', cells.Select(PerformanceExport.Cell)));
                }
            },
            "text/csv; charset=utf-8",
            "history.csv"
        );
    }

    /// <summary>An export is in history before anyone has it.</summary>
    private static async Task RecordAsync(WorkflowRuntime runtime, Person me, HistoryQuery query, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, $"exports:{me.Id:N}", me.UserName, runtime.Clock.Now(), cancel);
        history.Add(new("history.exported", "export", Ids.Text(me.Id), 0, JsonSerializer.SerializeToUtf8Bytes(new { search = query.Address, format = "csv" })));
        await using var batch = connection.CreateBatch();
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }

    private static async Task<Timeline> TimelineAsync(WorkflowRuntime runtime, IReadOnlyList<HistoryHit> hits, CancellationToken cancel) =>
        new(await TeamQueries.NamesAsync(runtime.Database, Timeline.People(hits.Select(h => h.Event)), cancel), await TeamsAsync(runtime, cancel), null);

    private static async Task<IReadOnlyDictionary<string, string>> TeamsAsync(WorkflowRuntime runtime, CancellationToken cancel) =>
        (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);

    private static HistoryHitView View(HistoryHit hit, Timeline timeline) =>
        new(
            hit.Chain,
            hit.Event.Sequence,
            hit.Event.At.ToInstant(),
            hit.Event.Actor,
            hit.Event.Action,
            timeline.Sentence(hit.Event),
            hit.Source,
            hit.CaseReference,
            hit.Customer,
            hit.Journey,
            hit.Event.ActivityId,
            hit.Thing,
            hit.Event.Leaf
        );
}
