using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using HoldAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Retention.LegalHold>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Retention;

/// <summary>A legal hold to place: on a case, or on all cases that fit everything that is named.</summary>
/// <param name="CaseId">One case.</param>
/// <param name="CustomerId">Cases of a customer, and the record.</param>
/// <param name="Journey">Cases of a journey.</param>
/// <param name="StartedFrom">Cases that began on this day (UTC) or later.</param>
/// <param name="StartedUntil">Cases that began on this day (UTC) or earlier.</param>
/// <param name="Words">Part of a reference, customer or journey.</param>
/// <param name="Reason">Why.</param>
/// <param name="Until">Last day (UTC); left out: until it is lifted.</param>
public sealed record HoldBody(
    Guid? CaseId = null,
    Guid? CustomerId = null,
    string? Journey = null,
    string? StartedFrom = null,
    string? StartedUntil = null,
    string? Words = null,
    string? Reason = null,
    string? Until = null
);

/// <summary>Why something is done to what compliance keeps.</summary>
/// <param name="Reason">At most 1000 characters. History keeps it: name no customer.</param>
public sealed record WhyBody(string? Reason = null);

internal static class HoldEndpoints
{
    private const int MostCases = 100;

    public static void Map(WebApplication app)
    {
        var api = app.MapGroup("/api/holds").WithTags("Retention").RequireAuthorization(Permissions.KeepRecords);
        api.MapGet(
                "",
                async (WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(await LegalHolds.ListAsync(runtime.Database, runtime.Clock.Now(), cancel))
            )
            .WithSummary("Lists legal holds, those in force first");
        api.MapPost(
                "",
                async Task<HoldAnswer> (HoldBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await PlaceAsync(body, runtime, me, cancel), runtime, Guid.Empty, cancel)
            )
            .WithSummary("Places a legal hold: what it takes in is neither removed nor erased")
            .ProducesProblem(422);
        api.MapPost(
                "/{id:guid}/lift",
                async Task<HoldAnswer> (Guid id, WhyBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await LegalHolds.LiftAsync(runtime, id, body.Reason, me, cancel), runtime, id, cancel)
            )
            .WithSummary("Lifts a legal hold")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);

        var pages = app.MapGroup("/compliance/holds").RequireAuthorization(Permissions.KeepRecords).ExcludeFromDescription();
        pages.MapGet(
            "",
            (string? caseId, string? customerId, WorkflowRuntime runtime, CancellationToken cancel) =>
                PageAsync(
                    runtime,
                    new(new Dictionary<string, string> { ["caseId"] = caseId ?? "", ["customerId"] = customerId ?? "" }, new Dictionary<string, string[]>()),
                    cancel
                )
        );
        pages.MapPost("", PostAsync);
        pages.MapGet(
            "/{id:guid}",
            (Guid id, WorkflowRuntime runtime, CancellationToken cancel) => PageAsync(runtime, id, null, StatusCodes.Status200OK, cancel)
        );
        pages.MapPost(
            "/{id:guid}/lift",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await LegalHolds.LiftAsync(runtime, id, form["reason"], me, cancel) switch
                {
                    HoldResult.Done => Results.LocalRedirect($"/compliance/holds/{Ids.Text(id)}"),
                    HoldResult.Invalid => await PageAsync(
                        runtime,
                        id,
                        "Enter a reason for lifting the hold.",
                        StatusCodes.Status422UnprocessableEntity,
                        cancel
                    ),
                    HoldResult.Ended => await PageAsync(runtime, id, "Someone has lifted this hold already.", StatusCodes.Status409Conflict, cancel),
                    _ => Results.NotFound(),
                }
        );
    }

    private static async Task<HoldResult> PlaceAsync(HoldBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var scope = new HoldScope(
            body.CaseId,
            body.CustomerId,
            body.Journey,
            Given.Day(body.StartedFrom, "startedFrom", errors),
            Given.Day(body.StartedUntil, "startedUntil", errors),
            body.Words
        );
        var until = Given.Day(body.Until, "until", errors);
        return errors.Count > 0 ? new HoldResult.Invalid(errors) : await LegalHolds.PlaceAsync(runtime, scope, body.Reason, until, me, cancel);
    }

    private static async Task<HoldAnswer> AnswerAsync(HoldResult result, WorkflowRuntime runtime, Guid id, CancellationToken cancel) =>
        result switch
        {
            HoldResult.Done done => TypedResults.Ok((await LegalHolds.FindAsync(runtime.Database, done.Id, cancel))!),
            HoldResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
            HoldResult.Ended => Problems.Of(409, "hold-lifted", "The hold was lifted already"),
            _ => Problems.NotFound("hold", id),
        };

    private static async Task<IResult> PostAsync(IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var body = new HoldBody(
            Given.Id(form["caseId"], "caseId", errors),
            Given.Id(form["customerId"], "customerId", errors),
            form["journey"],
            form["startedFrom"],
            form["startedUntil"],
            form["words"],
            form["reason"],
            form["until"]
        );
        var result = errors.Count > 0 ? new HoldResult.Invalid(errors) : await PlaceAsync(body, runtime, me, cancel);
        return result switch
        {
            HoldResult.Done done => Results.LocalRedirect($"/compliance/holds/{Ids.Text(done.Id)}"),
            HoldResult.Invalid invalid => await PageAsync(runtime, PostedForm.Of(form, invalid.Errors), cancel),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> PageAsync(WorkflowRuntime runtime, PostedForm form, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        _ = Guid.TryParse(form["caseId"], out var @case);
        _ = Guid.TryParse(form["customerId"], out var customer);
        return Html.Page(
            new HoldsPage
            {
                Holds = await LegalHolds.ListAsync(runtime.Database, now, cancel),
                Journeys = await JourneysAsync(runtime, cancel),
                Form = form,
                About = await LegalHolds.NamesAsync(runtime.Database, @case, customer, cancel),
                Now = now,
            },
            form.Errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static async Task<IResult> PageAsync(WorkflowRuntime runtime, Guid id, string? refused, int status, CancellationToken cancel) =>
        await LegalHolds.FindAsync(runtime.Database, id, cancel) is { } hold
            ? Html.Page(
                new HoldPage
                {
                    Hold = hold,
                    Cases = await LegalHolds.CasesAsync(runtime.Database, id, MostCases + 1, cancel),
                    Most = MostCases,
                    Names = await TeamQueries.NamesAsync(runtime.Database, [hold.PlacedBy, hold.LiftedBy ?? ""], cancel),
                    Journeys = await JourneysAsync(runtime, cancel),
                    Refused = refused,
                    Now = runtime.Clock.Now(),
                },
                status
            )
            : Results.NotFound();

    internal static async Task<Dictionary<string, string>> JourneysAsync(WorkflowRuntime runtime, CancellationToken cancel) =>
        (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name);
}
