using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>The same of many tasks.</summary>
/// <param name="Verb">claim, assign, priority or suspend.</param>
/// <param name="OperationId">Chosen by you; repeating the whole with the same id is harmless.</param>
/// <param name="Items">Which, with the revisions you last saw; at most 10,000. More than 200 are done in the background.</param>
/// <param name="Person">assign: to whom, by user name.</param>
/// <param name="Priority">priority: 1 (critical) to 5 (planning).</param>
/// <param name="Reason">suspend: what they wait for; else why.</param>
/// <param name="Until">suspend: when they come back by themselves.</param>
public sealed record BulkBody(
    string? Verb,
    string? OperationId,
    IReadOnlyList<BulkItem>? Items,
    string? Person = null,
    int? Priority = null,
    string? Reason = null,
    DateTimeOffset? Until = null
);

/// <summary>How one of many went.</summary>
/// <param name="Id">Which.</param>
/// <param name="Status">HTTP status it would have had alone.</param>
/// <param name="Task">What it is now, when it was done.</param>
/// <param name="Problem">Why it was not.</param>
public sealed record BulkView(Guid Id, int Status, TaskAnswer? Task, ProblemDetails? Problem);

/// <summary>A substitution to be arranged.</summary>
/// <param name="Substitute">User name of who stands in.</param>
/// <param name="Until">Until when, exclusive.</param>
/// <param name="From">From when; now when left out.</param>
/// <param name="Person">User name of who is away; yourself when left out.</param>
/// <param name="Reason">Why.</param>
public sealed record SubstitutionBody(string? Substitute, DateTimeOffset? Until, DateTimeOffset? From = null, string? Person = null, string? Reason = null);

internal static class BulkEndpoints
{
    public static void Map(RouteGroupBuilder tasks) =>
        tasks
            .MapPost("/bulk", BulkAsync)
            .WithSummary("Claims, assigns, prioritizes or suspends many; answers for each, and never fails as a whole because of one")
            .ProducesProblem(409)
            .ProducesProblem(422);

    public static void MapSubstitutions(this WebApplication app)
    {
        var substitutions = app.MapGroup("/api/substitutions").WithTags("People");
        substitutions
            .MapGet(
                "",
                async (Substitutions all, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await all.ListAsync(Policies.Allow(Policies.Supervise, me) ? null : me, cancel))
            )
            .WithSummary("Who is away and who stands in: yours, or everybody's for supervisors");
        substitutions
            .MapPost(
                "",
                async Task<Results<Created<object>, ProblemHttpResult>> (SubstitutionBody body, Substitutions all, Person me, CancellationToken cancel) =>
                    await all.ArrangeAsync(body.Person, body.Substitute, At(body.From), At(body.Until), body.Reason, me, cancel) switch
                    {
                        SubstitutionResult.Arranged done => TypedResults.Created<object>((string?)null, new { done.Id }),
                        SubstitutionResult.Invalid invalid => Problems.Invalid(new() { [invalid.Field] = [invalid.Reason] }),
                        SubstitutionResult.Overlaps overlaps => Problems.Of(409, "overlaps", "Somebody stands in already", null, ("with", overlaps.With)),
                        _ => Problems.Of(403, "forbidden", "You may not arrange this for somebody else"),
                    }
            )
            .WithSummary("Arranges a substitution while somebody is away")
            .ProducesProblem(403)
            .ProducesProblem(409)
            .ProducesProblem(422);
        substitutions
            .MapDelete(
                "/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Substitutions all, Person me, CancellationToken cancel) =>
                    await all.EndAsync(id, me, cancel) ? TypedResults.NoContent() : Problems.NotFound("substitution", id)
            )
            .WithSummary("Ends one")
            .ProducesProblem(404);
    }

    private static async Task<Results<Ok<List<BulkView>>, Accepted<WorkView>, ProblemHttpResult>> BulkAsync(
        BulkBody body,
        TaskDesk desk,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Items is not { Count: > 0 and <= WorkOrder.MaxItems })
            errors["items"] = [$"must name from 1 to {WorkOrder.MaxItems} tasks"];
        if (string.IsNullOrWhiteSpace(body.OperationId) || body.OperationId.Length > 160)
            errors["operationId"] = ["is required: an id of your own, at most 160 characters, so that a retry is harmless"];
        var asked = new BulkVerb(body.Verb ?? "", body.Person, body.Priority, body.Reason, body.Until);
        var verb = asked.On(desk, me, cancel);
        if (verb is null)
            errors["verb"] = ["must be claim, assign, priority or suspend"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        if (body.Items!.Count > BulkTasks.MaxItems)
            return await work.AskAsync(new WorkOrder.Bulk(asked, body.Items), body.OperationId, me, cancel) is { } id
                ? TypedResults.Accepted(WorkWords.Api(id), WorkView.Of((await work.FindAsync(id, me, cancel))!))
                : WorkWords.Reused(body.OperationId);

        var answers = await BulkTasks.RunAsync(body.Items, body.OperationId!, verb!);
        return TypedResults.Ok(
            answers
                .Select(one => one.Result is TaskResult.Done done ? new BulkView(one.Id, 200, done.Answer, null) : Refused(one.Id, TaskProblems.Of(one.Result)))
                .ToList()
        );
    }

    private static BulkView Refused(Guid id, ProblemHttpResult problem) => new(id, problem.StatusCode, null, problem.ProblemDetails);

    private static Instant? At(DateTimeOffset? at) => at is { } time ? Instant.FromDateTimeOffset(time) : null;
}
