using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.ServiceLevels;

/// <summary>Which clocks to compute again: exactly one of calendar, policy and clock.</summary>
/// <param name="Calendar">Running clocks on this calendar.</param>
/// <param name="Policy">Running clocks of this policy.</param>
/// <param name="Clock">This clock.</param>
/// <param name="Preview">True (the default): report what would change and change nothing.</param>
/// <param name="Reason">Why; needed unless it is a preview.</param>
public sealed record RecomputeBody(string? Calendar, string? Policy, Guid? Clock, bool Preview = true, string? Reason = null);

internal static class ClockEndpoints
{
    public static void MapClocks(this WebApplication app)
    {
        var clocks = app.MapGroup("/api/clocks").WithTags("Clocks");
        clocks
            .MapGet("/{id:guid}", FindAsync)
            .WithSummary("Gets a clock with its due time, calculation steps, ledger and ladder")
            .ProducesProblem(404)
            .ProducesProblem(409);
        clocks
            .MapPost("/recompute", RecomputeAsync)
            .RequireAuthorization(Permissions.SteerTeams)
            .WithSummary("Recomputes clocks after a calendar or policy change; a preview by default. More than 200 clocks are recomputed in the background")
            .ProducesProblem(404)
            .ProducesProblem(422);
        app.MapGet("/api/cases/{id:guid}/clocks", OfCaseAsync).WithTags("Clocks").WithSummary("Lists the clocks of a case and its tasks").ProducesProblem(404);
        app.MapGet("/api/tasks/{id:guid}/clocks", OfTaskAsync).WithTags("Clocks").WithSummary("Lists the clocks of a task").ProducesProblem(404);
    }

    private static async Task<Results<Ok<ClockDetail>, ProblemHttpResult>> FindAsync(Guid id, ClockRuntime clocks, Person me, CancellationToken cancel)
    {
        var now = clocks.Runtime.Clock.Now();
        var found = await ClockQueries.FindAsync(clocks.Runtime.Database, id, me, now, cancel);
        if (ClockSummary.Of(found, clocks.ServiceLevels, now) is not [var summary])
            return Problems.NotFound("clock", id);
        return summary.Problem is { } problem
            ? Problems.Of(409, "clock-unreadable", "The clock can't be read", $"{problem} It ends with its task or case.")
            : TypedResults.Ok(ClockDetail.Of(found.Clocks[0], clocks.ServiceLevels, now));
    }

    private static async Task<Results<Ok<IReadOnlyList<ClockSummary>>, ProblemHttpResult>> OfCaseAsync(
        Guid id,
        ClockRuntime clocks,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(clocks.Runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        var now = clocks.Runtime.Clock.Now();
        return TypedResults.Ok(ClockSummary.Of(await ClockQueries.AllOfCaseAsync(clocks.Runtime.Database, id, cancel), clocks.ServiceLevels, now));
    }

    private static async Task<Results<Ok<IReadOnlyList<ClockSummary>>, ProblemHttpResult>> OfTaskAsync(
        Guid id,
        ClockRuntime clocks,
        Person me,
        CancellationToken cancel
    )
    {
        if (await TaskDetail.FindAsync(clocks.Runtime, id, me, cancel) is null)
            return Problems.NotFound("task", id);
        var now = clocks.Runtime.Clock.Now();
        return TypedResults.Ok(ClockSummary.Of(await ClockQueries.OfTaskAsync(clocks.Runtime.Database, id, cancel), clocks.ServiceLevels, now));
    }

    private static async Task<Results<Ok<RecomputeAnswer>, Accepted<WorkView>, ProblemHttpResult>> RecomputeAsync(
        RecomputeBody body,
        ClockRuntime clocks,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (new object?[] { body.Calendar, body.Policy, body.Clock }.Count(given => given is not null) != 1)
            errors["calendar"] = ["provide exactly one of calendar, policy and clock"];
        if (!body.Preview && string.IsNullOrWhiteSpace(body.Reason))
            errors["reason"] = ["is required"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        var scope = new RecomputeScope(body.Calendar, body.Policy, body.Clock);
        if (await RecomputeClocks.IsLongAsync(clocks, scope, cancel))
        {
            var id = (await work.AskAsync(new WorkOrder.Recompute(body.Calendar, body.Policy, body.Reason?.Trim(), !body.Preview), null, me, cancel))!.Value;
            return TypedResults.Accepted(WorkWords.Api(id), WorkView.Of((await work.FindAsync(id, me, cancel))!));
        }

        return await RecomputeClocks.RunAsync(clocks, scope, body.Reason?.Trim(), !body.Preview, me, cancel) is { } answer
            ? TypedResults.Ok(answer)
            : Problems.NotFound(
                body.Calendar is not null ? "calendar"
                    : body.Policy is not null ? "SLA policy"
                    : "clock",
                body.Calendar ?? body.Policy ?? $"{body.Clock}"
            );
    }
}
