using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>The presence menu of the top bar, and the people of a team.</summary>
internal static class PresencePages
{
    public static void MapPresencePages(this WebApplication app)
    {
        var mine = app.MapGroup("/presence").ExcludeFromDescription();
        mine.MapGet("/chip", (WorkflowRuntime runtime, Person me, CancellationToken cancel) => ChipAsync(runtime, me, cancel));
        mine.MapPost(
            "",
            async (HttpRequest request, IFormCollection form, Presence presence, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var result = await presence.SetAsync(me.Id, State(form["state"]), form["reason"], null, me, cancel);
                if (result is PresenceResult.Invalid invalid)
                    return Problems.Invalid(invalid.Errors);
                return request.IsFragment() ? await ChipAsync(runtime, me, cancel) : Results.LocalRedirect("/");
            }
        );
        mine.MapPost(
            "/seen",
            async (Presence presence, Person me, CancellationToken cancel) =>
            {
                await presence.SeenAsync(me, cancel);
                return Results.NoContent();
            }
        );

        var team = app.MapGroup("/team/people").RequireAuthorization(Policies.Steer).ExcludeFromDescription();
        team.MapPost(
            "/{id:guid}/presence",
            async (Guid id, IFormCollection form, Presence presence, Person me, CancellationToken cancel) =>
            {
                // The page has one form for everyone's field; the others are empty.
                var chosen = (form["presence"].FirstOrDefault(value => !string.IsNullOrEmpty(value)) ?? "").Split(':', 2);
                return await presence.SetAsync(id, State(chosen[0]), chosen.Length > 1 ? chosen[1] : null, null, me, cancel) switch
                {
                    PresenceResult.Invalid invalid => Problems.Invalid(invalid.Errors),
                    PresenceResult.NotFound => Results.NotFound(),
                    _ => Results.LocalRedirect(Requests.LocalOr(form["to"], "/team")),
                };
            }
        );
    }

    private static PresenceState? State(string? text) => Enum.TryParse<PresenceState>(text, out var state) && Enum.IsDefined(state) ? state : null;

    private static async Task<IResult> ChipAsync(WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await PresenceQueries.OfAsync(runtime.Database, me.Id, runtime.Clock.Now(), cancel) is { } presence
            ? Html.Page(new PresenceChip { Presence = presence })
            : Results.NotFound();
}
