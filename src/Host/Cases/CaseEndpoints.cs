using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Cases;

/// <summary>A customer.</summary>
public sealed record CustomerBody(string? Id, string? Name);

/// <summary>A case to be opened.</summary>
/// <param name="Journey">Id of a journey.</param>
/// <param name="Reference">Business reference, unique over all cases, e.g. CLM-2026-000123.</param>
/// <param name="Customer">Whose case it is.</param>
/// <param name="Input">Input of the journey, by its schema.</param>
public sealed record StartCaseBody(string? Journey, string? Reference, CustomerBody? Customer, JsonObject? Input);

/// <summary>Why.</summary>
public sealed record ReasonBody(string? Reason);

/// <summary>A history with the sequence to continue after.</summary>
public sealed record HistoryPage(IReadOnlyList<CaseEvent> Items, int? Next);

internal static class CaseEndpoints
{
    public static void MapCases(this WebApplication app)
    {
        var cases = app.MapGroup("/api/cases").WithTags("Cases");
        cases
            .MapPost("", StartAsync)
            .RequireAuthorization(Policies.StartCases)
            .WithSummary("Starts a case")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        cases.MapGet("", ListAsync).WithSummary("Lists cases you can see, newest first");
        cases.MapGet("/{id:guid}", FindAsync).WithSummary("Gets a case with its open tasks and incidents").ProducesProblem(404);
        cases.MapGet("/{id:guid}/history", HistoryAsync).WithSummary("Lists the history of a case, oldest first").ProducesProblem(404);
        cases
            .MapPost("/{id:guid}/cancel", CancelAsync)
            .RequireAuthorization(Policies.AlterCases)
            .WithSummary("Cancels a case and its open tasks")
            .ProducesProblem(404)
            .ProducesProblem(409);
        cases
            .MapPost("/{id:guid}/incidents/{activityInstanceId}/retry", RetryAsync)
            .RequireAuthorization(Policies.AlterCases)
            .WithSummary("Retries a failed step")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        CaseChangeEndpoints.Map(cases);
    }

    private static async Task<Results<Created<CaseDetail>, ProblemHttpResult>> StartAsync(
        StartCaseBody body,
        [FromHeader(Name = "Idempotency-Key")] string? key,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        Require("journey", body.Journey, 200);
        Require("reference", body.Reference, 100);
        Require("customer.id", body.Customer?.Id, 100);
        Require("customer.name", body.Customer?.Name, 200);
        if (key is { Length: > 200 })
            errors["Idempotency-Key"] = ["must have at most 200 characters"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);

        // Without a key the reference, which is unique, still keeps a retry from opening a second case.
        var request = new CaseRequest(
            body.Journey!,
            body.Reference!,
            body.Customer!.Id!,
            body.Customer.Name!,
            body.Input ?? [],
            string.IsNullOrEmpty(key) ? $"start:{body.Reference}" : key
        );
        switch (await StartCase.RunAsync(runtime, request, me, cancel))
        {
            case StartCaseResult.Started started:
                var detail = await CaseQueries.FindAsync(runtime, started.CaseId, me, cancel);
                return TypedResults.Created($"/api/cases/{started.CaseId}", detail);
            case StartCaseResult.UnknownJourney unknown:
                return Problems.Of(404, "unknown-journey", "Journey not found", $"No published journey has the id “{unknown.Journey}”.");
            case StartCaseResult.InvalidInput invalid:
                return Problems.Invalid(
                    invalid.Errors.GroupBy(e => $"input.{e.Name}").ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray()),
                    title: "The input doesn't match the journey"
                );
            case StartCaseResult.ReferenceTaken taken:
                return Problems.Of(409, "reference-taken", "The reference is already in use", $"Another case already has the reference “{taken.Reference}”.");
            case StartCaseResult.AlreadyRunning:
                return Problems.Of(409, "already-running", "A case like this is already running", "The journey allows only one running case of this kind.");
            case StartCaseResult.KeyReused reused:
                return Problems.Of(
                    409,
                    "operation-reused",
                    "The idempotency key is already in use",
                    $"“{reused.Key}” belongs to another request of yours. Use a new key."
                );
            default:
                throw new InvalidOperationException("No such result.");
        }

        void Require(string field, string? value, int most)
        {
            if (string.IsNullOrWhiteSpace(value))
                errors[field] = ["is required"];
            else if (value.Length > most)
                errors[field] = [$"must have at most {most} characters"];
        }
    }

    private static async Task<Results<Ok<Page<CaseSummary>>, ProblemHttpResult>> ListAsync(
        NpgsqlDataSource database,
        Person me,
        IClock clock,
        CancellationToken cancel,
        [Description("Part of a reference, customer id or customer name")] string? q = null,
        string? journey = null,
        [Description("Running or Finished")] string? status = null,
        string? customer = null,
        string? cursor = null,
        int limit = 50
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (status is not (null or "Running" or "Finished"))
            errors["status"] = ["must be Running or Finished"];
        Problems.CheckPage(cursor, limit, errors, out var before);
        if (errors.Count > 0)
            return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
        return TypedResults.Ok(
            await CaseQueries.ListAsync(
                database,
                new()
                {
                    Search = q,
                    Journey = journey,
                    Status = status,
                    CustomerId = customer,
                    Before = before,
                    Limit = limit,
                },
                me,
                clock.Now(),
                cancel
            )
        );
    }

    private static async Task<Results<Ok<CaseDetail>, ProblemHttpResult>> FindAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await CaseQueries.FindAsync(runtime, id, me, cancel) is { } found ? TypedResults.Ok(found) : Problems.NotFound("case", id);

    private static async Task<Results<Ok<HistoryPage>, ProblemHttpResult>> HistoryAsync(
        Guid id,
        NpgsqlDataSource database,
        Person me,
        IClock clock,
        CancellationToken cancel,
        [Description("Sequence to continue after")] int after = 0,
        int limit = 200
    )
    {
        if (limit is < 1 or > 1000)
            return Problems.Invalid(new() { ["limit"] = ["must be from 1 to 1000"] }, StatusCodes.Status400BadRequest);
        return await CaseQueries.HistoryAsync(database, id, after, limit, me, clock.Now(), cancel) is { } events
            ? TypedResults.Ok(new HistoryPage(events, events.Count == limit ? events[^1].Sequence : null))
            : Problems.NotFound("case", id);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> CancelAsync(
        Guid id,
        ReasonBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (string.IsNullOrWhiteSpace(body.Reason))
            return Problems.Invalid(new() { ["reason"] = ["is required"] });
        return await CancelCase.RunAsync(runtime, id, body.Reason, me, cancel) switch
        {
            CancelCaseResult.Cancelled => TypedResults.NoContent(),
            CancelCaseResult.Ended => Problems.Of(409, "already-ended", "The case has already ended"),
            _ => Problems.NotFound("case", id),
        };
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RetryAsync(
        Guid id,
        string activityInstanceId,
        ReasonBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        string.IsNullOrWhiteSpace(body.Reason)
            ? Problems.Invalid(new() { ["reason"] = ["is required"] })
            : await RetryIncident.RunAsync(runtime, id, activityInstanceId, body.Reason.Trim(), me, cancel) switch
            {
                null => TypedResults.NoContent(),
                "" => Problems.NotFound("incident", activityInstanceId),
                { } reason => Problems.Of(409, "not-retried", "The step can't be retried", reason),
            };
}
