using Orchestration.Engine.Runtime;
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
    public static void Map(WebApplication app)
    {
        app.MapGet("/compliance/cases/{id:guid}/report", PageAsync).RequireAuthorization(Permissions.ReviewHistory).ExcludeFromDescription();
        app.MapGet(
                "/api/cases/{id:guid}/report",
                async Task<IResult> (Guid id, WorkflowRuntime runtime, AccessLog log, Person me, CancellationToken cancel) =>
                {
                    if (await CaseHistory.WithheldAsync(runtime, id, me, cancel) is not var (_, withheld))
                        return Problems.NotFound("case", id);
                    await log.FlushAsync(cancel);
                    var report = await CaseReport.ReadAsync(runtime, id, withheld.Count > 0, cancel);
                    await CaseReport.RecordAsync(runtime, id, "report", me.UserName, cancel);
                    return TypedResults.Ok(report);
                }
            )
            .WithTags("Retention")
            .RequireAuthorization(Permissions.ReviewHistory)
            .WithSummary("Gets a case's tasks with their data, its deadlines, decisions on amounts, who opened it, and what proves its history")
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
        await log.FlushAsync(cancel);
        var report = await CaseReport.ReadAsync(runtime, id, withheld.Count > 0, cancel);
        await CaseReport.RecordAsync(runtime, id, "report", me.UserName, cancel);
        return Html.Page(
            new CaseReportPage
            {
                View = view,
                Report = report,
                HidesData = withheld.Count > 0,
            }
        );
    }
}
