using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Distribution;

/// <summary>Accepts an offer.</summary>
/// <param name="OperationId">Chosen by the caller; the same id again gives the same answer.</param>
public sealed record AcceptBody(string? OperationId = null);

/// <summary>Declines an offer.</summary>
/// <param name="Reason">Why.</param>
public sealed record DeclineBody(string? Reason);

/// <summary>Offers a task to someone.</summary>
/// <param name="Person">User name of who is offered it.</param>
public sealed record PushBody(string? Person);

internal static class OfferEndpoints
{
    public static void MapOffers(this WebApplication app)
    {
        var offers = app.MapGroup("/api/offers").WithTags("Distribution");
        offers
            .MapGet(
                "",
                async (WorkflowRuntime runtime, DatabaseTime time, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await Offer.OpenOfAsync(runtime.Database, me.Id, await time.NowAsync(cancel), cancel))
            )
            .WithSummary("Lists tasks that are offered to you now");
        offers
            .MapPost(
                "/{id:guid}/accept",
                async (Guid id, AcceptBody? body, AnswerOffer answers, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        id,
                        await answers.AcceptAsync(id, body?.OperationId ?? Ids.Text(Ids.New(runtime.Clock.Now())), me, cancel),
                        runtime.Database,
                        me,
                        cancel
                    )
            )
            .WithSummary("Accepts an offer: claims its task")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        offers
            .MapPost(
                "/{id:guid}/decline",
                async (Guid id, DeclineBody body, AnswerOffer answers, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(id, await answers.DeclineAsync(id, body.Reason, me, cancel), runtime.Database, me, cancel)
            )
            .WithSummary("Declines an offer; the task goes to the next best person")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        app.MapGet(
                "/api/suggestions",
                async (SuggestWork suggest, Person me, CancellationToken cancel) => TypedResults.Ok(await suggest.ForAsync(me, cancel: cancel))
            )
            .WithTags("Distribution")
            .WithSummary("Lists the next best tasks for you, with the reasons");
        app.MapPost(
                "/api/tasks/{id:guid}/offer",
                async Task<Results<NoContent, ProblemHttpResult>> (
                    Guid id,
                    PushBody body,
                    PushTask push,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await push.RunAsync(id, body.Person, me, cancel) is var result && result is TaskResult.Done
                        ? TypedResults.NoContent()
                        : (await Refusals.OfAsync(runtime.Database, result, me, cancel)).Problem()
            )
            .WithTags("Distribution")
            .WithSummary("Offers an unassigned task to someone by hand")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        app.MapGet(
                "/api/tasks/{id:guid}/distribution",
                async Task<Results<Ok<IReadOnlyList<TaskDecision>>, ProblemHttpResult>> (
                    Guid id,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) => await DecisionsAsync(runtime, id, me, cancel) is { } decisions ? TypedResults.Ok(decisions) : Problems.NotFound("task", id)
            )
            .WithTags("Distribution")
            .WithSummary("Explains who was given a task, and why no one else: for those who steer the team in full, for others what is about them")
            .ProducesProblem(404);
    }

    /// <summary>
    /// The decisions about a task; for people who don't steer its team, without what they say about others. Null: the person can't see the task.
    /// </summary>
    internal static async Task<IReadOnlyList<TaskDecision>?> DecisionsAsync(WorkflowRuntime runtime, Guid id, Person me, CancellationToken cancel)
    {
        if (await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task)
            return null;
        var decisions = await DistributionQueries.OfTaskAsync(runtime.Database, id, cancel);
        if (SeesOthers(task.Team, me))
            return decisions;
        return
        [
            .. decisions.Select(decision =>
                decision with
                {
                    Person = decision.PersonId == me.Id ? decision.Person : null,
                    PersonId = decision.PersonId == me.Id ? me.Id : null,
                    OfferReason = decision.PersonId == me.Id ? decision.OfferReason : null,
                    Why = decision.Why with
                    {
                        Candidates = [.. decision.Why.Candidates.Where(one => one.Id == me.Id)],
                        Filtered = [.. decision.Why.Filtered.Where(one => one.Id == me.Id)],
                    },
                }
            ),
        ];
    }

    /// <summary>Whether someone sees what decisions say about other people.</summary>
    internal static bool SeesOthers(string? team, Person me) => me.May(Permissions.SeeOffers) || (team is not null && me.Leads.Contains(team));

    private static async Task<Results<Ok<TaskAnswer>, ProblemHttpResult>> AnswerAsync(
        Guid id,
        AnswerResult result,
        NpgsqlDataSource database,
        Person me,
        CancellationToken cancel
    ) =>
        result switch
        {
            AnswerResult.Done done => TypedResults.Ok(done.Task),
            AnswerResult.Over over => Problems.Of(
                409,
                "offer-over",
                "The offer has ended",
                $"{over.Reason}{(over.IsOpen ? " The task is still open: you may be able to claim it." : "")}",
                ("state", over.State),
                ("taskId", over.TaskId),
                ("taskIsOpen", over.IsOpen)
            ),
            AnswerResult.Invalid invalid => Problems.Invalid(new() { [invalid.Field] = [invalid.Reason] }),
            AnswerResult.Refused refused => (await Refusals.OfAsync(database, refused.Why, me, cancel)).Problem(),
            _ => Problems.NotFound("offer", id),
        };
}
