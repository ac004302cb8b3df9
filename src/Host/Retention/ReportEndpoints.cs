using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Cases;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Retention;

/// <summary>A case for an auditor, on one page to read or print. Opening it is in the history of the case.</summary>
internal static class ReportEndpoints
{
    private const int MostOpenings = 500;

    public static void Map(WebApplication app)
    {
        app.MapGet("/compliance/cases/{id:guid}/report", PageAsync).RequireAuthorization(Permissions.ReviewHistory).ExcludeFromDescription();
        app.MapGet(
                "/api/cases/{id:guid}/report",
                async Task<IResult> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    if (await CaseHistory.WithheldAsync(runtime, id, me, cancel) is not var (_, withheld))
                        return Problems.NotFound("case", id);
                    var report = await CaseReport.ReadAsync(runtime.Database, id, withheld.Count > 0, cancel);
                    await CaseReport.RecordAsync(runtime, id, "report", me.UserName, cancel);
                    return TypedResults.Ok(report);
                }
            )
            .WithTags("Retention")
            .RequireAuthorization(Permissions.ReviewHistory)
            .WithSummary("Gets a case's tasks with their data, the ledgers of its deadlines and what proves its history")
            .Produces<CaseReport>()
            .ProducesProblem(404);
    }

    private static async Task<IResult> PageAsync(Guid id, WorkflowRuntime runtime, AccessLog log, Person me, CancellationToken cancel)
    {
        if (
            await CaseHistory.WithheldAsync(runtime, id, me, cancel) is not var (_, withheld)
            || await CasePages.ViewAsync(runtime, id, me, null, null, null, cancel) is not { } view
        )
            return Results.NotFound();
        var report = await CaseReport.ReadAsync(runtime.Database, id, withheld.Count > 0, cancel);
        await CaseReport.RecordAsync(runtime, id, "report", me.UserName, cancel);
        await log.FlushAsync(cancel);
        var decisions = new AuthorityFilter(view.Case.CreatedAt.ToInstant(), view.Now + Duration.FromDays(1), []) { Case = id };
        return Html.Page(
            new CaseReportPage
            {
                View = view,
                Access = await AccessQueries.ListAsync(runtime.Database, new() { Case = view.Case.Reference, Limit = MostOpenings }, cancel),
                Decisions = (await AuthorityReport.ReadAsync(runtime, decisions, cancel)).Decisions,
                Report = report,
                HidesData = withheld.Count > 0,
            }
        );
    }
}
