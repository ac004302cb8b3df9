using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Journeys;

/// <summary>A definition to be stored.</summary>
/// <param name="Definition">Elsa 3 JSON; without a <c>definitionId</c> it becomes a new definition.</param>
/// <param name="Publish">Put it into use, or store nothing when it is not valid. Default: keep it as a draft, valid or not.</param>
/// <param name="Revision">Revision of the definition you last saw (0: none), to detect changes by someone else. Default: not checked.</param>
/// <param name="OperationId">Chosen by you, at most 200 characters; repeating the request with the same id is harmless.</param>
public sealed record DefinitionBody(JsonObject Definition, bool? Publish, int? Revision, string OperationId);

/// <summary>A stored version.</summary>
/// <param name="Id">The version.</param>
/// <param name="DefinitionId">Its definition.</param>
/// <param name="Version">Its number.</param>
/// <param name="Revision">Number of changes of the definition so far.</param>
/// <param name="IsPublished">Whether new cases start with it.</param>
/// <param name="Problems">What prevents a draft from being published.</param>
public sealed record DefinitionAnswer(string Id, string DefinitionId, int Version, int Revision, bool IsPublished, IReadOnlyList<DefinitionProblem> Problems);

/// <summary>One thing that is wrong with a definition.</summary>
/// <param name="Activity">ID of the activity, if it concerns one.</param>
/// <param name="Field">The activity's (or the definition's) member.</param>
/// <param name="Path">JSON path in the definition.</param>
/// <param name="Reason">The error.</param>
public sealed record DefinitionProblem(string? Activity, string Field, string Path, string Reason)
{
    /// <summary>Finds the activity that a path leads into: the innermost object with a type and an id.</summary>
    public static DefinitionProblem Of(DefinitionError error, JsonNode document)
    {
        var (node, activity, field) = ((JsonNode?)document, (string?)null, error.Path.TrimStart('$', '.'));
        var rest = field;

        while (rest.Length > 0 && node is not null)
        {
            var end = rest.AsSpan(1).IndexOfAny('.', '[') is >= 0 and var at ? at + 1 : rest.Length;
            var part = rest[..end].Trim('.', '[', ']');
            rest = rest[end..];
            node =
                node is System.Text.Json.Nodes.JsonArray array
                && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index < array.Count
                    ? array[index]
                : node is JsonObject members ? members[part]
                : null;
            if (node is JsonObject json && json.Text("type") is not null && json.Text("id") is { } id)
                (activity, field) = (id, rest.TrimStart('.'));
        }

        return new(activity, field.Split('.', '[')[0], error.Path, error.Reason);
    }
}

internal static class DefinitionEndpoints
{
    public static void MapDefinitions(this WebApplication app)
    {
        var definitions = app.MapGroup("/api/definitions").WithTags("Definitions").RequireAuthorization(Permissions.EditJourneys);
        definitions
            .MapPost("", StoreAsync)
            .Accepts<DefinitionBody>("application/json")
            .WithSummary("Saves a definition as a draft or publishes it")
            .ProducesProblem(400)
            .ProducesProblem(403)
            .ProducesProblem(409)
            .ProducesProblem(413)
            .ProducesProblem(422);
        MigrationEndpoints.Map(definitions);
    }

    private static async Task<Results<Ok<DefinitionAnswer>, ProblemHttpResult>> StoreAsync(
        JsonBody body,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        NpgsqlDataSource database,
        IClock clock,
        Person me,
        CancellationToken cancel
    )
    {
        if (body.Error is { } unreadable)
            return Problems.Of(400, "unreadable", "The request can't be read", unreadable);
        var errors = new Dictionary<string, string[]>();
        var operationId = body.Object.Text("operationId");
        if (string.IsNullOrWhiteSpace(operationId) || operationId.Length > 200)
            errors["operationId"] = ["is required: an id of at most 200 characters that makes retries safe"];
        if (body.Object["publish"] is not null && body.Object.Flag("publish") is null)
            errors["publish"] = ["must be true or false"];
        if (body.Object["revision"] is not null && body.Object.Number("revision") is null or < 0)
            errors["revision"] = ["must be a whole number, 0 or more"];
        var definition = body.Object["definition"] as JsonObject;
        var document = definition is null ? [] : JsonSerializer.SerializeToUtf8Bytes(definition, JsonObjects.Options);
        if (definition is null)
            errors["definition"] = ["is required and must be an object"];
        else if (DefinitionRules.Wrong(definition) is { } wrong)
            errors["definition." + wrong.Field] = [wrong.Reason];
        else if (document.Length > DefinitionParser.MaxBytes)
            errors["definition"] = [$"must have at most {DefinitionParser.MaxBytes:N0} bytes"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);

        var request = new PublishRequest(
            DefinitionRules.Id(definition!, clock),
            document,
            body.Object.Flag("publish") == true,
            body.Object.Number("revision"),
            operationId!
        );
        var mayPublish = access.May(context.User, JourneyAccess.Publish);
        return await PublishJourney.RunAsync(store, database, request, me, mayPublish, clock.Now(), cancel) switch
        {
            PublishJourneyResult.Done done => TypedResults.Ok(Answer(done.Definition, done.Errors)),
            PublishJourneyResult.Invalid invalid => Invalid(invalid.Errors, definition!),
            PublishJourneyResult.Stale stale => Conflict(stale.By, stale.At),
            PublishJourneyResult.MayNotPublish => Problems.Of(
                403,
                "may-not-publish",
                "You can't publish journeys",
                "You can edit them. Store a draft and ask someone who can publish it."
            ),
            PublishJourneyResult.OperationReused reused => Problems.Of(
                409,
                "operation-reused",
                "The operation id is already in use",
                $"“{reused.OperationId}” belongs to another request of yours. Use a new id."
            ),
            PublishJourneyResult.Deleted deleted => Problems.NotFound("version", deleted.VersionId),
            var other => throw new InvalidOperationException($"No answer for {other.GetType().Name}."),
        };
    }

    private static DefinitionAnswer Answer(StoredDefinition stored, IReadOnlyList<DefinitionError> errors)
    {
        var document = JsonObjects.Parse(stored.Document).Object!;
        return new(
            stored.Version.Id,
            stored.Version.DefinitionId,
            stored.Version.Version,
            stored.Revision,
            stored.Version.IsPublished,
            [.. errors.Select(e => DefinitionProblem.Of(e, document))]
        );
    }

    private static ProblemHttpResult Conflict(string by, Instant at) =>
        Problems.Of(
            409,
            "stale-revision",
            "Someone else changed the definition",
            $"{by} changed it at {at}, after you read it. Read it again, then repeat your change.",
            ("by", by),
            ("at", at)
        );

    private static ProblemHttpResult Invalid(IReadOnlyList<DefinitionError> errors, JsonObject definition)
    {
        var problem = Problems.Invalid(
            errors.GroupBy(e => e.Path).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray()),
            title: "The definition isn't valid",
            detail: "Nothing was stored."
        );
        problem.ProblemDetails.Extensions["problems"] = errors.Select(e => DefinitionProblem.Of(e, definition)).ToList();
        return problem;
    }
}
