using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>A capacity.</summary>
/// <param name="Live">Weight of live work they can have at a time, 0 to 10,000.</param>
/// <param name="Deferred">Weight of deferred work they can have at a time, 0 to 10,000.</param>
/// <param name="Revision">Revision you last saw; 0 while nobody set it.</param>
public sealed record CapacityBody(int? Live, int? Deferred, int? Revision);

/// <summary>How much work people can have, and how long steps take.</summary>
internal static class CapacityEndpoints
{
    public static void MapCapacity(this WebApplication app)
    {
        var api = app.MapGroup("/api/people/{id:guid}/capacity").WithTags("Workforce").RequireAuthorization(Policies.Steer);
        api.MapGet(
                "",
                async Task<Results<Ok<Capacity>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await TeamQueries.SteersPersonAsync(runtime.Database, me, id, cancel)
                    && await Capacity.OfAsync(runtime.Database, id, cancel) is { } capacity
                        ? TypedResults.Ok(capacity)
                        : Problems.NotFound("person", id)
            )
            .WithSummary("Gets how much work someone can have, and how much they have")
            .WithDescription($"While nobody set it, everyone has {Load.DefaultLive} for live and {Load.DefaultDeferred} for deferred work.")
            .ProducesProblem(403)
            .ProducesProblem(404);
        api.MapPut(
                "",
                async Task<Results<Ok<Capacity>, ProblemHttpResult>> (
                    Guid id,
                    CapacityBody body,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await Capacity.SaveAsync(runtime, id, body.Live, body.Deferred, body.Revision, me, cancel) switch
                    {
                        CapacityResult.Done => TypedResults.Ok(await Capacity.OfAsync(runtime.Database, id, cancel)),
                        CapacityResult.Invalid invalid => Problems.Invalid(invalid.Errors),
                        CapacityResult.Stale stale => Problems.Of(
                            409,
                            "stale-revision",
                            "The capacity has changed",
                            $"It is now at revision {stale.Revision}. Review it and try again.",
                            ("revision", stale.Revision)
                        ),
                        _ => Problems.NotFound("person", id),
                    }
            )
            .WithSummary("Sets how much work someone can have at a time")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        app.MapGroup("/api/step-efforts")
            .WithTags("Workforce")
            .MapGet(
                "",
                async (string? definition, WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(await StepEffort.ListAsync(runtime.Database, definition, cancel: cancel))
            )
            .WithSummary("Lists how long steps took in the last 90 days")
            .WithDescription($"Minutes, as median and quartiles. A step needs {StepEffort.LeastSamples} samples before new tasks take its median as effort.");

        var page = app.MapGroup("/administration/people/{id:guid}/capacity").RequireAuthorization(Permissions.ManagePeople).ExcludeFromDescription();
        page.MapGet(
            "",
            async (Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
                await Capacity.OfAsync(runtime.Database, id, cancel) is { } capacity
                    ? Html.Page(new CapacityPanel { Person = id, Capacity = capacity })
                    : Results.NotFound()
        );
        page.MapPost(
            "",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var result = await Capacity.SaveAsync(runtime, id, Number(form["live"]), Number(form["deferred"]), Number(form["revision"]), me, cancel);
                if (result is CapacityResult.NotFound || await Capacity.OfAsync(runtime.Database, id, cancel) is not { } capacity)
                    return Results.NotFound();
                return Html.Page(
                    new CapacityPanel
                    {
                        Person = id,
                        Capacity = capacity,
                        Saved = result is CapacityResult.Done,
                        Refused = result switch
                        {
                            CapacityResult.Stale => "Someone else has changed the capacity. Review it and try again.",
                            CapacityResult.Invalid => "Enter numbers from 0 to 10000.",
                            _ => null,
                        },
                    }
                );
            }
        );
    }

    private static int? Number(string? text) => int.TryParse(text, out var number) ? number : null;
}
