using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Host.CustomerPromises;

internal static class PromiseEndpoints
{
    public static void MapPromises(this WebApplication app)
    {
        var promises = app.MapGroup("/api/cases/{id:guid}/promises").WithTags("Promises");
        promises.MapGet("", ListAsync).WithSummary("Lists what the customer of a case was promised, by when it is due").ProducesProblem(404);
        promises
            .MapPost("", MakeAsync)
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Records a promise to the customer as a clock of the case")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        promises
            .MapGet("/check", CheckAsync)
            .WithSummary("Says how likely a promise is to be kept, before it is made")
            .WithDescription(
                "By the forecast of the office if the step is open, else by how long other cases took; without a step, by promises with about as much time."
            )
            .ProducesProblem(404)
            .ProducesProblem(422);
        promises
            .MapPost("/{clock:guid}/move", MoveAsync)
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Moves an open promise to a later date that the customer agreed to")
            .WithDescription("The new date is checked as that of a new promise is. The ledger counts it as moved.")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        promises
            .MapPost("/{clock:guid}/settle", SettleAsync)
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Settles a promise as kept, broken or withdrawn")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    private static async Task<Results<Ok<IReadOnlyList<PromiseSummary>>, ProblemHttpResult>> ListAsync(
        Guid id,
        ClockRuntime clocks,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(clocks.Runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        var now = clocks.Runtime.Clock.Now();
        return TypedResults.Ok<IReadOnlyList<PromiseSummary>>([
            .. (await ClockQueries.OfCaseAsync(clocks.Runtime.Database, id, cancel))
                .Clocks.Where(clock => clock.State.Policy.Kind == SlaKind.Promise)
                .Select(clock => PromiseSummary.Of(clock.Stored, now))
                .OrderBy(promise => promise.DueAt),
        ]);
    }

    private static async Task<Results<Created, ProblemHttpResult>> MakeAsync(Guid id, PromiseBody body, MakePromise make, Person me, CancellationToken cancel)
    {
        var (errors, runtime) = (new Dictionary<string, string>(), make.Clocks.Runtime);
        if (PromiseRules.Make(body, runtime.Clock.Now(), errors) is not { } request)
            return Invalid(errors);
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await make.RunAsync(id, request, me, cancel) switch
        {
            PromiseResult.Unlikely unlikely => Unlikely(unlikely.Odds),
            PromiseResult.Done done => TypedResults.Created($"/api/clocks/{done.ClockId}"),
            PromiseResult.Ended => Problems.Of(409, "already-ended", "The case has already ended"),
            PromiseResult.NoSuchStep => Problems.Invalid(new() { ["step"] = [$"the journey has no human step “{body.Step}”"] }),
            PromiseResult.OperationReused => Problems.Of(
                409,
                "operation-reused",
                "The operation id is already in use",
                $"“{body.OperationId}” belongs to another request of yours. Use a new id."
            ),
            _ => Problems.NotFound("case", id),
        };
    }

    private static async Task<Results<Ok<PromiseCheck>, ProblemHttpResult>> CheckAsync(
        Guid id,
        DateTimeOffset? dueAt,
        string? step,
        MakePromise make,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(make.Clocks.Runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        var due = dueAt is { } at ? Instant.FromDateTimeOffset(at) : Instant.MinValue;
        if (due <= make.Clocks.Runtime.Clock.Now() || !BusinessCalendar.Covers(due))
            return Problems.Invalid(new() { ["dueAt"] = [dueAt is null ? "is required" : "must be in the future"] });
        var odds = await make.OddsAsync(id, string.IsNullOrWhiteSpace(step) ? null : step, due, cancel);
        return TypedResults.Ok(new PromiseCheck(odds, make.NeedsReason(odds)));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> SettleAsync(
        Guid id,
        Guid clock,
        SettleBody body,
        ClockRuntime clocks,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string>();
        if (PromiseRules.Settle(body, errors) is not { } outcome)
            return Invalid(errors);
        if (await CaseQueries.FindAsync(clocks.Runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await Promises.SettleAsync(clocks, id, clock, outcome, body.Reason?.Trim(), me, cancel) switch
        {
            PromiseResult.Done => TypedResults.NoContent(),
            PromiseResult.Ended => Problems.Of(409, "already-ended", "The promise has already been settled"),
            _ => Problems.NotFound("promise", clock),
        };
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> MoveAsync(
        Guid id,
        Guid clock,
        MovePromiseBody body,
        MakePromise make,
        Person me,
        CancellationToken cancel
    )
    {
        var (errors, runtime) = (new Dictionary<string, string>(), make.Clocks.Runtime);
        if (PromiseRules.Move(body, runtime.Clock.Now(), errors) is not var (due, reason))
            return Invalid(errors);
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await make.MoveAsync(id, clock, due, reason, me, cancel) switch
        {
            PromiseResult.Done => TypedResults.NoContent(),
            PromiseResult.Unlikely unlikely => Unlikely(unlikely.Odds),
            PromiseResult.NotLater => Problems.Invalid(new() { ["dueAt"] = [PromiseForm.NotLater] }),
            PromiseResult.Ended => Problems.Of(409, "already-ended", "The promise has already been settled, or its time has passed"),
            _ => Problems.NotFound("promise", clock),
        };
    }

    private static ProblemHttpResult Unlikely(PromiseOdds odds) =>
        Problems.Invalid(new() { ["reason"] = [$"is required: the promise is likely to be broken ({Words.Percent(odds.Chance)} likely to be kept)"] });

    private static ProblemHttpResult Invalid(Dictionary<string, string> errors) =>
        Problems.Invalid(errors.ToDictionary(error => error.Key, error => new[] { error.Value }));
}
