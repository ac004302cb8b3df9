using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Journeys;

/// <summary>An event from outside.</summary>
/// <param name="Name">Event name.</param>
/// <param name="CorrelationId">Reference of the case that receives the event; without one, every case that waits for it and that you can see does.</param>
/// <param name="Payload">Payload of the event.</param>
/// <param name="OperationId">Chosen by you; the same id with the same body publishes once and gives the same answer again.</param>
public sealed record EventBody(string? Name, string? CorrelationId, JsonNode? Payload, string? OperationId = null);

/// <summary>What became of the event.</summary>
/// <param name="Told">How many waits it ended and cases it started.</param>
/// <param name="KeptUntil">Nothing waits for it yet: the first wait of a case with this reference that opens until then gets it.</param>
public sealed record EventAnswer(int Told, Instant? KeptUntil);

internal static class JourneyEndpoints
{
    public static void MapJourneys(this WebApplication app)
    {
        app.MapGet(
                "/api/journeys",
                async (DefinitionStore definitions, CancellationToken cancel) => TypedResults.Ok(await JourneyQueries.ListAsync(definitions, cancel))
            )
            .WithTags("Journeys")
            .WithSummary("Lists published journeys with their input schemas");
        app.MapPost("/api/events", PublishAsync)
            .WithTags("Journeys")
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Publishes an event to waiting cases that you can see")
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    private static async Task<Results<Ok<EventAnswer>, ProblemHttpResult>> PublishAsync(
        EventBody body,
        WorkflowRuntime runtime,
        JourneyAccess access,
        PersonIdentity who,
        CancellationToken cancel
    )
    {
        var me = who.Person;
        var errors = new Dictionary<string, string[]>();
        if (string.IsNullOrWhiteSpace(body.Name))
            errors["name"] = ["is required"];
        if (body.OperationId is { Length: 0 or > 200 })
            errors["operationId"] = ["must have from 1 to 200 characters"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        var payload = WorkflowData.FromOutside(body.Payload, "payload");
        var operation = body.OperationId is { } id ? Operation.Of(me.UserName, id, "event", body.Name, body.CorrelationId, WorkflowData.ToJson(payload)) : null;
        return
            await runtime.Stimuli.PublishAsync(
                body.Name!,
                body.CorrelationId,
                payload,
                me.UserName,
                audience: access.MayTell(new(who), runtime.Clock.Now()),
                operation: operation,
                cancel: cancel
            )
                is { } published
            ? TypedResults.Ok(new EventAnswer(published.Told, published.KeptUntil))
            : Problems.Of(
                409,
                "operation-reused",
                "The operation id is already in use",
                $"“{body.OperationId}” belongs to another request of yours. Use a new id."
            );
    }
}
