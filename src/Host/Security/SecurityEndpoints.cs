using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Security;

/// <summary>The API of sessions and second factors.</summary>
internal static class SecurityEndpoints
{
    public static void MapSecurityEndpoints(this WebApplication app)
    {
        var mine = app.MapGroup("/api/me/sessions").WithTags("Session");
        mine.MapGet(
                "",
                async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await PersonSessions.ListAsync(runtime.Database, me.Id, runtime.Clock.Now(), cancel))
            )
            .WithSummary("Lists where you are signed in, the session seen last first");
        mine.MapDelete(
                "/{session:guid}",
                (Guid session, WorkflowRuntime runtime, Person me, CancellationToken cancel) => EndAsync(runtime, me.Id, session, me, cancel)
            )
            .WithSummary("Ends a session of yours: its next request is refused")
            .ProducesProblem(404);

        var theirs = app.MapGroup("/api/people/{id:guid}").WithTags("People").RequireAuthorization(Permissions.ManagePeople);
        theirs
            .MapGet(
                "/sessions",
                async Task<Results<Ok<IReadOnlyList<PersonSession>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
                    await PersonDetails.FindAsync(runtime.Database, id, runtime.Clock.Now(), cancel) is null
                        ? Problems.NotFound("person", id)
                        : TypedResults.Ok(await PersonSessions.ListAsync(runtime.Database, id, runtime.Clock.Now(), cancel))
            )
            .WithSummary("Lists where a person is signed in, the session seen last first")
            .ProducesProblem(404);
        theirs
            .MapDelete(
                "/sessions/{session:guid}",
                (Guid id, Guid session, WorkflowRuntime runtime, Person me, CancellationToken cancel) => EndAsync(runtime, id, session, me, cancel)
            )
            .WithSummary("Ends a session of a person: its next request is refused")
            .ProducesProblem(404);
        theirs
            .MapDelete(
                "/sessions",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await PersonSessions.EndAllAsync(runtime, id, me.UserName, cancel) ? TypedResults.NoContent() : Problems.NotFound("person", id)
            )
            .WithSummary("Ends every session of a person")
            .ProducesProblem(404);
        theirs
            .MapDelete(
                "/second-factor",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await RestoreAccess.ResetSecondFactorAsync(runtime, id, me.UserName, cancel) switch
                    {
                        StaffResult.Done => TypedResults.NoContent(),
                        StaffResult.Refused refused => Problems.Of(409, "refused", "There is nothing to reset", refused.Reason),
                        _ => Problems.NotFound("person", id),
                    }
            )
            .WithSummary("Resets a person's second factor: they set up another app, and their sessions end")
            .ProducesProblem(404)
            .ProducesProblem(409);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(
        WorkflowRuntime runtime,
        Guid person,
        Guid session,
        Person me,
        CancellationToken cancel
    ) => await PersonSessions.EndAsync(runtime, person, session, me.UserName, cancel) ? TypedResults.NoContent() : Problems.NotFound("session", session);
}
