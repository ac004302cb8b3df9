using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Shell;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Journeys;

/// <summary>An event from outside.</summary>
/// <param name="Name">Event name.</param>
/// <param name="CorrelationId">Reference of the case it is for; without one, everybody who waits for it is told.</param>
/// <param name="Payload">What it brings.</param>
public sealed record EventBody(string? Name, string? CorrelationId, JsonNode? Payload);

/// <summary>How many were told.</summary>
public sealed record EventAnswer(int Told);

internal static class JourneyEndpoints
{
    public static void MapJourneys(this WebApplication app)
    {
        app.MapGet("/api/journeys", async (DefinitionStore definitions, CancellationToken cancel) => TypedResults.Ok(await JourneyQueries.ListAsync(definitions, cancel)))
            .WithTags("Journeys").WithSummary("Published journeys with the schema of their input");
        app.MapPost("/api/events", PublishAsync).WithTags("Journeys").RequireAuthorization(Policies.StartCases).WithSummary("Tells waiting cases that something happened").ProducesProblem(422);
    }

    private static async Task<Results<Ok<EventAnswer>, ProblemHttpResult>> PublishAsync(EventBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(body.Name))
            return Problems.Invalid(new() { ["name"] = ["is required"] });
        var payload = body.Payload is null ? null : WorkflowData.FromUtf8(System.Text.Encoding.UTF8.GetBytes(body.Payload.ToJsonString()));
        return TypedResults.Ok(new EventAnswer(await runtime.Stimuli.PublishAsync(body.Name, body.CorrelationId, payload, me.UserName, cancel: cancel)));
    }
}
