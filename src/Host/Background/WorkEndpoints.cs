using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Background;

/// <summary>Work in the background.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="State">Queued, Running, Done or Failed.</param>
/// <param name="Total">Items.</param>
/// <param name="Done">Items that were done.</param>
/// <param name="Refused">Items that were not.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Error">Why it was given up.</param>
/// <param name="Result">Why items were refused (the first 500), and for clocks what changed.</param>
public sealed record WorkView(
    Guid Id,
    string Title,
    string State,
    int Total,
    int Done,
    int Refused,
    Instant RequestedAt,
    Instant? EndedAt,
    string? Error,
    WorkResult? Result
)
{
    internal static WorkView Of(WorkStatus work) =>
        new(
            work.Id,
            WorkWords.Title(work),
            work.State.ToString(),
            work.Total,
            work.Done,
            work.Refused,
            work.RequestedAt,
            work.EndedAt,
            work.Error,
            work.Result
        );
}

/// <summary>Long work and its progress, for the person who asked for it.</summary>
internal static class WorkEndpoints
{
    private const int Newest = 50;

    public static void MapBackgroundWork(this WebApplication app)
    {
        var api = app.MapGroup("/api/jobs/work").WithTags("Background work");
        api.MapGet(
                "",
                async (BackgroundWork work, Person me, CancellationToken cancel) =>
                    TypedResults.Ok((await work.ListAsync(me, Newest, cancel)).Select(WorkView.Of))
            )
            .WithSummary("Lists your background work, newest first");
        api.MapGet(
                "/{id:guid}",
                async Task<Results<Ok<WorkView>, ProblemHttpResult>> (Guid id, BackgroundWork work, Person me, CancellationToken cancel) =>
                    await work.FindAsync(id, me, cancel) is { } found ? TypedResults.Ok(WorkView.Of(found)) : Problems.NotFound("background work", id)
            )
            .WithSummary("Shows progress; poll until the state is Done or Failed")
            .ProducesProblem(404);

        var pages = app.MapGroup("/background-work").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (BackgroundWork work, Person me, CancellationToken cancel) =>
                Html.Page(new BackgroundWorkListPage { Work = await work.ListAsync(me, Newest, cancel) })
        );
        pages.MapGet(
            "/{id:guid}",
            async (Guid id, BackgroundWork work, Person me, CancellationToken cancel) =>
                await work.FindAsync(id, me, cancel) is { } found ? Html.Page(new BackgroundWorkPage { Work = found }) : Results.NotFound()
        );
    }
}

/// <summary>Where you can follow the work, and its title.</summary>
internal static class WorkWords
{
    public static string Api(Guid id) => $"/api/jobs/work/{id}";

    public static string Page(Guid id) => $"/background-work/{Ids.Text(id)}";

    public static string Title(WorkStatus work) =>
        work.Order switch
        {
            WorkOrder.Bulk bulk => $"{Words.Humanize(bulk.Verb)} {Words.Count(bulk.Items.Count, "task")}",
            WorkOrder.Migrate migrate => $"Move {Words.Count(migrate.Instances.Count, "case")} to version {migrate.ToVersion} of {migrate.DefinitionId}",
            WorkOrder.Recompute recompute => $"{(recompute.Store ? "Recompute" : "Preview")} clocks for {recompute.Policy ?? recompute.Calendar}",
            WorkOrder.CheckHistory => "Check history",
            _ => "Background work",
        };

    /// <summary>The page with the result of a recompute or a check.</summary>
    public static string? ResultPage(WorkStatus work) =>
        work is { Order: WorkOrder.CheckHistory, State: WorkState.Done } ? "/compliance"
        : work.Order is WorkOrder.Recompute recompute && work.State == WorkState.Done
            ? $"/administration/{(recompute.Policy is null ? "calendars" : "policies")}/"
                + $"{Uri.EscapeDataString(recompute.Policy ?? recompute.Calendar!)}?recomputed={Ids.Text(work.Id)}"
        : null;

    /// <summary>The answer if the operation ID belongs to other work.</summary>
    public static ProblemHttpResult Reused(string? operationId) =>
        Problems.Of(409, "operation-reused", "This operation id is already in use", $"“{operationId}” belongs to another request of yours. Use a new id.");
}
