using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>A conflict of interest to declare.</summary>
/// <param name="CustomerId">The customer, as cases name them.</param>
/// <param name="Reason">Why it is one, at most 500 characters.</param>
public sealed record ConflictBody(string? CustomerId, string? Reason);

/// <summary>Why a conflict is none any more.</summary>
/// <param name="Reason">At most 500 characters.</param>
public sealed record LiftBody(string? Reason);

/// <summary>Conflicts of interest: whose work someone must not do.</summary>
internal static class ConflictEndpoints
{
    public static void MapConflicts(this WebApplication app)
    {
        var api = app.MapGroup("/api/people/{id:guid}/conflicts").WithTags("Workforce").RequireAuthorization(Policies.Steer);
        api.MapGet(
                "",
                async Task<Results<Ok<IReadOnlyList<ConflictOfInterest>>, ProblemHttpResult>> (
                    Guid id,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await TeamQueries.SteersPersonAsync(runtime.Database, me, id, cancel)
                        ? TypedResults.Ok(await Conflicts.OfAsync(runtime.Database, id, cancel))
                        : Problems.NotFound("person", id)
            )
            .WithSummary("Lists someone's conflicts of interest")
            .WithDescription("Also lifted ones. Those in force come first.")
            .ProducesProblem(403)
            .ProducesProblem(404);
        api.MapPost(
                "",
                async Task<Results<Ok<IReadOnlyList<ConflictOfInterest>>, ProblemHttpResult>> (
                    Guid id,
                    ConflictBody body,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) => await AnswerAsync(await Conflicts.DeclareAsync(runtime, id, body.CustomerId, body.Reason, me, cancel), id, runtime, cancel)
            )
            .WithSummary("Declares a conflict of interest")
            .WithDescription(
                "The person can't be given, claim or do work on the customer's cases. Offers are withdrawn; tasks they have must be given to someone else."
            )
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapPost(
                "/{conflict:guid}/lift",
                async Task<Results<Ok<IReadOnlyList<ConflictOfInterest>>, ProblemHttpResult>> (
                    Guid id,
                    Guid conflict,
                    LiftBody body,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) => await AnswerAsync(await Conflicts.LiftAsync(runtime, id, conflict, body.Reason, me, cancel), id, runtime, cancel)
            )
            .WithSummary("Lifts a conflict of interest")
            .WithDescription("It is kept. No one lifts a conflict of their own.")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);

        var page = app.MapGroup("/administration/people/{id:guid}/conflicts").RequireAuthorization(Permissions.ManagePeople).ExcludeFromDescription();
        page.MapGet("", (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) => PanelAsync(null, id, runtime, me, cancel));
        page.MapPost(
            "",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await PanelAsync(await Conflicts.DeclareAsync(runtime, id, form["customer"], form["reason"], me, cancel), id, runtime, me, cancel)
        );
        page.MapPost(
            "/{conflict:guid}/lift",
            async (Guid id, Guid conflict, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await PanelAsync(await Conflicts.LiftAsync(runtime, id, conflict, form["reason"], me, cancel), id, runtime, me, cancel)
        );
    }

    private static async Task<Results<Ok<IReadOnlyList<ConflictOfInterest>>, ProblemHttpResult>> AnswerAsync(
        ConflictResult result,
        Guid person,
        WorkflowRuntime runtime,
        CancellationToken cancel
    ) =>
        result switch
        {
            ConflictResult.Done => TypedResults.Ok(await Conflicts.OfAsync(runtime.Database, person, cancel)),
            ConflictResult.Invalid invalid => Problems.Invalid(invalid.Errors),
            ConflictResult.Exists => Problems.Of(409, "conflict-exists", "The conflict is declared already", Exists),
            ConflictResult.OwnConflict => Problems.Of(409, "own-conflict", "You can't lift your own conflict", Own),
            _ => Problems.NotFound("person or conflict", person),
        };

    private static async Task<IResult> PanelAsync(ConflictResult? result, Guid person, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        result is ConflictResult.NotFound || !await TeamQueries.SteersPersonAsync(runtime.Database, me, person, cancel)
            ? Results.NotFound()
            : Html.Page(
                new ConflictPanel
                {
                    Person = person,
                    Conflicts = await Conflicts.OfAsync(runtime.Database, person, cancel),
                    IsOwn = me.Id == person,
                    Refused = result switch
                    {
                        ConflictResult.Exists => Exists,
                        ConflictResult.OwnConflict => Own,
                        ConflictResult.Invalid invalid => string.Join(" ", invalid.Errors.Select(error => $"{Field(error.Key)} {error.Value[0]}.")),
                        _ => null,
                    },
                }
            );

    private const string Exists = "This person already has a conflict of interest with this customer.";
    private const string Own = "Ask someone else to lift it.";

    private static string Field(string name) => name == "reason" ? "The reason" : "The customer";
}
