using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;
using PresenceAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Workforce.PresenceStatus>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Workforce;

/// <summary>A presence to be set.</summary>
/// <param name="State">Available, Away, Training, Leave or OffShift.</param>
/// <param name="Reason">What they are away for: required for Away.</param>
/// <param name="Until">When it ends by itself; null: when someone or something changes it.</param>
public sealed record PresenceBody(PresenceState? State, string? Reason = null, DateTimeOffset? Until = null);

/// <summary>The API of presence.</summary>
internal static class PresenceEndpoints
{
    private const int MostChanges = 200;

    public static void MapPresence(this WebApplication app)
    {
        var mine = app.MapGroup("/api/me/presence").WithTags("Workforce");
        mine.MapGet("", async (WorkflowRuntime runtime, Person me, CancellationToken cancel) => await OfAsync(runtime, me.Id, cancel))
            .WithSummary("Gets your presence");
        mine.MapPut(
                "",
                (PresenceBody body, Presence presence, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    SetAsync(me.Id, body, presence, runtime, me, cancel)
            )
            .WithSummary("Sets your presence")
            .WithDescription("Someone who is available shows as Engaged while they work on a task; Engaged can't be set.")
            .ProducesProblem(422);

        var theirs = app.MapGroup("/api/people/{id:guid}/presence").WithTags("Workforce").RequireAuthorization(Policies.Steer);
        theirs
            .MapGet(
                "",
                async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TeamQueries.SteersPersonAsync(runtime.Database, me, id, cancel)
                        ? await OfAsync(runtime, id, cancel)
                        : (PresenceAnswer)Problems.NotFound("person", id)
            )
            .WithSummary("Gets the presence of someone in your teams")
            .ProducesProblem(403)
            .ProducesProblem(404);
        theirs
            .MapPut(
                "",
                (Guid id, PresenceBody body, Presence presence, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    SetAsync(id, body, presence, runtime, me, cancel)
            )
            .WithSummary("Sets the presence of someone in your teams, and tells them")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(422);
        theirs
            .MapGet(
                "/changes",
                async Task<Results<Ok<IReadOnlyList<PresenceEvent>>, ProblemHttpResult>> (
                    Guid id,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await TeamQueries.SteersPersonAsync(runtime.Database, me, id, cancel)
                        ? TypedResults.Ok(await PresenceQueries.ChangesAsync(runtime.Database, id, MostChanges, cancel))
                        : Problems.NotFound("person", id)
            )
            .WithSummary($"Lists the last {MostChanges} changes of someone's presence, newest first, each with its cause")
            .ProducesProblem(403)
            .ProducesProblem(404);

        app.MapGroup("/api/teams/{key}/people")
            .WithTags("Workforce")
            .RequireAuthorization(Policies.Steer)
            .MapGet(
                "",
                async Task<Results<Ok<IReadOnlyList<TeamPerson>>, ProblemHttpResult>> (
                    string key,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    TeamQueries.Steers(me, key) && (await TeamQueries.ListAsync(runtime.Database, cancel)).Any(team => team.Key == key)
                        ? TypedResults.Ok<IReadOnlyList<TeamPerson>>([
                            .. (await PresenceQueries.OfTeamsAsync(runtime.Database, [key], runtime.Clock.Now(), cancel)).Where(person => person.IsMember),
                        ])
                        : Problems.NotFound("team", key)
            )
            .WithSummary("Lists the people of a team with their presence, and their load against their capacity")
            .ProducesProblem(403)
            .ProducesProblem(404);
    }

    private static async Task<PresenceAnswer> SetAsync(
        Guid person,
        PresenceBody body,
        Presence presence,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        Instant? until = body.Until is { } at ? Instant.FromDateTimeOffset(at) : null;
        return await presence.SetAsync(person, body.State, body.Reason, until, me, cancel) switch
        {
            PresenceResult.Invalid invalid => Problems.Invalid(invalid.Errors),
            PresenceResult.NotFound => Problems.NotFound("person", person),
            _ => await OfAsync(runtime, person, cancel),
        };
    }

    private static async Task<PresenceAnswer> OfAsync(WorkflowRuntime runtime, Guid person, CancellationToken cancel) =>
        await PresenceQueries.OfAsync(runtime.Database, person, runtime.Clock.Now(), cancel) is { } status
            ? TypedResults.Ok(status)
            : Problems.NotFound("person", person);
}
