using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Proof;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Compliance;

/// <summary>The newest signed tree head and the keys that check it.</summary>
/// <param name="Head">Text of the head; null: none was signed yet.</param>
/// <param name="Keys">Public keys.</param>
/// <param name="Copies">Where it is held outside; a timestamp authority's token with it, base64.</param>
public sealed record HistoryHead(string? Head, IReadOnlyList<string> Keys, IReadOnlyList<HeadCopy> Copies);

/// <summary>Proofs that history was not altered, for compliance.</summary>
internal static class ComplianceEndpoints
{
    public static void MapCompliance(this WebApplication app)
    {
        var api = app.MapGroup("/api/history").WithTags("History").RequireAuthorization(Permissions.ReviewHistory);
        api.MapGet("/head", HeadAsync).WithSummary("Gets the newest signed tree head of history, where it is held, and the public keys");
        api.MapGet("/growth", GrowthAsync).WithSummary("Gets what proves that history only grew between two tree heads, by their sizes").ProducesProblem(404);
        app.MapGet("/api/cases/{id:guid}/proof", ProofAsync)
            .WithTags("History")
            .RequireAuthorization(Permissions.ReviewHistory)
            .WithSummary("Exports the history of a case with its proofs, for the offline verifier")
            .ProducesProblem(404);

        var pages = app.MapGroup("/compliance").RequireAuthorization(Permissions.ReviewHistory).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (WorkflowRuntime runtime, HistoryKeeping keeping, BackgroundWork work, CancellationToken cancel) =>
                Html.Page(
                    new CompliancePage
                    {
                        Status = await HistoryStatus.ReadAsync(runtime.Database, cancel),
                        Keeping = keeping,
                        Now = runtime.Clock.Now(),
                        Unusual = await AccessQueries.UnusualAsync(runtime.Database, runtime.Clock.Now() - CompliancePage.Lately, cancel),
                        Since = LocalDatePattern.Iso.Format((runtime.Clock.Now() - CompliancePage.Lately).InUtc().Date),
                        Findings = await FindingQueries.CountAsync(runtime, cancel),
                        Overdue = await OverdueClock.ListAsync(runtime.Database, runtime.Clock.Now(), cancel),
                        IsChecking = await work.CheckAskedForAsync(cancel) is not null,
                    }
                )
        );
        pages.MapPost(
            "/check",
            async (BackgroundWork work, Person me, CancellationToken cancel) =>
            {
                await work.AskForCheckAsync(me, cancel);
                return Results.LocalRedirect("/compliance");
            }
        );
        api.MapPost(
                "/checks",
                async (BackgroundWork work, Person me, CancellationToken cancel) =>
                    TypedResults.Accepted(WorkWords.Api(await work.AskForCheckAsync(me, cancel)))
            )
            .WithSummary("Checks all history in the background; one check at a time");
        HistoryEndpoints.Map(api, pages);
        SearchEndpoints.Map(api, pages);
        CaseReviewEndpoints.Map(api, pages);
        FourEyesEndpoints.Map(api, pages);
        AuthorityEndpoints.Map(api, pages);
        AccessEndpoints.Map(api, pages);
    }

    private static async Task<Ok<HistoryHead>> HeadAsync(WorkflowRuntime runtime, KeepHistory keep, HistoryKeeping keeping, CancellationToken cancel)
    {
        var head = await keep.LastHeadAsync(cancel);
        return TypedResults.Ok(
            new HistoryHead(
                head?.Note,
                [.. keeping.Keys.Select(key => key.ToString())],
                head is null ? [] : await HeadCopy.ListAsync(runtime.Database, head, cancel)
            )
        );
    }

    private static async Task<Results<Ok<GrowthProof>, ProblemHttpResult>> GrowthAsync(long from, long to, KeepHistory keep, CancellationToken cancel) =>
        await keep.GrowthAsync(from, to, cancel) is { } proof
            ? TypedResults.Ok(proof)
            : TypedResults.Problem("There are no signed tree heads of these two sizes.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<CaseProof>, ProblemHttpResult>> ProofAsync(
        Guid id,
        WorkflowRuntime runtime,
        KeepHistory keep,
        Person me,
        HttpContext context,
        CancellationToken cancel
    )
    {
        if (await CaseHistory.WithheldAsync(runtime, id, me, cancel) is not var (reference, withheld))
            return Problems.NotFound("case", id);
        var head = await keep.LastHeadAsync(cancel);
        var signed = head is null ? null : SignedHead.Parse(head.Note);
        var proof = await HistoryExport.ReadAsync(runtime.Database, id, reference, signed, e => !withheld.Contains(e.Entity), cancel);
        await CaseReport.RecordAsync(runtime, id, "proof", me.UserName, cancel);
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{Ids.Text(id)}-proof.json\"";
        return TypedResults.Ok(proof);
    }
}
