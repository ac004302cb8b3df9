using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Journeys;
using Orchestration.Host.Shell.Parts;

namespace Orchestration.Host.Elsa.Definitions;

/// <summary>Definitions: list, read, save, publish, retract, revert, delete.</summary>
internal static class WorkflowDefinitionEndpoints
{
    /// <summary>Largest page of a list.</summary>
    private const int MaxPage = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        var definitions = api.MapGroup("/workflow-definitions");
        definitions.MapGet("/", List);
        definitions.MapGet("/by-definition-id/{definitionId}", ByDefinitionId);
        definitions.MapGet("/by-id/{id}", ById);
        definitions.MapGet("/many-by-id", ManyById);
        definitions.MapGet("/{definitionId}/versions", Versions);
        definitions.MapGet(
            "/query/count",
            async (DefinitionStore store, CancellationToken cancel) => ElsaJson.Json(new { count = await store.CountAsync(cancel) })
        );
        definitions.MapGet(
            "/validation/is-name-unique",
            async (string? name, string? definitionId, DefinitionStore store, CancellationToken cancel) =>
                ElsaJson.Json(new { isUnique = await store.IsNameUniqueAsync(name ?? "", definitionId, cancel) })
        );
        definitions.MapGet("/{definitionId}/consumers", Consumers);
        definitions.MapGet("/subgraph/{versionId}", Subgraph);
        definitions.MapGet("/subgraph/segments/{versionId}", Segments);
        definitions.MapPost("/", Save).RequireAuthorization(JourneyAccess.Edit);
        definitions.MapPost("/{definitionId}/publish", Publish).RequireAuthorization(JourneyAccess.Publish);
        definitions.MapPost("/{definitionId}/retract", Retract).RequireAuthorization(JourneyAccess.Publish);
        definitions.MapPost("/{definitionId}/revert/{version:int}", Revert).RequireAuthorization(JourneyAccess.Edit);
        definitions.MapPost("/{definitionId}/update-references", UpdateReferences).RequireAuthorization(JourneyAccess.Publish);
        definitions.MapDelete("/{definitionId}", Delete).RequireAuthorization(JourneyAccess.Edit);
        definitions.MapDelete("/{definitionId}/version/{version:int}", DeleteVersion).RequireAuthorization(JourneyAccess.Edit);
        api.MapDelete("/workflow-definition-versions/{id}", DeleteVersionById).RequireAuthorization(JourneyAccess.Edit);
    }

    private static async Task<IResult> List(HttpRequest request, ClaimsPrincipal person, JourneyAccess access, DefinitionStore store, CancellationToken cancel)
    {
        var query = request.Query;
        var size = Number("pageSize") is { } asked ? Math.Clamp(asked, 1, MaxPage) : MaxPage;
        var filter = new DefinitionFilter(query["versionOptions"])
        {
            Ids = Many("ids"),
            DefinitionIds = Many("definitionIds"),
            Search = query["searchTerm"],
            OrderBy = query["orderBy"],
            Descending = query["orderDirection"] == "Descending",
            Skip = Math.Clamp(Number("page") ?? 0, 0, int.MaxValue / MaxPage - 1) * size,
            Take = size,
        };
        var mayEdit = access.May(person, JourneyAccess.Edit);

        // There are no system definitions, so a list of only those is empty.
        var (items, total) = query["isSystem"].ToString().Equals("true", StringComparison.OrdinalIgnoreCase) ? ([], 0) : await store.ListAsync(filter, cancel);
        return ElsaJson.Json(
            new
            {
                items = items.Select(d => Summary(d, mayEdit ? Links.Of(d.Version.DefinitionId) : null)),
                totalCount = total,
                links = Links.OfList(mayEdit),
            }
        );

        int? Number(string name) => int.TryParse(query[name], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

        string[] Many(string name) => [.. query[name].OfType<string>().Where(id => id.Length > 0)];
    }

    private static object Summary(StoredDefinition stored, JsonArray? links) =>
        new
        {
            links,
            isMaterializerAvailable = links is null ? (bool?)null : true,
            id = stored.Version.Id,
            definitionId = stored.Version.DefinitionId,
            name = stored.Version.Name,
            description = stored.Version.Description,
            version = stored.Version.Version,
            isLatest = stored.Version.IsLatest,
            isPublished = stored.Version.IsPublished,
            materializerName = "Json",
            createdAt = stored.Version.CreatedAt,
            isReadonly = false,
        };

    private static async Task<IResult> ByDefinitionId(
        string definitionId,
        string? versionOptions,
        ClaimsPrincipal person,
        JourneyAccess access,
        DefinitionStore store,
        CancellationToken cancel
    ) => Model(await store.FindStoredAsync(definitionId, versionOptions ?? "Latest", cancel), store, access.May(person, JourneyAccess.Edit));

    private static async Task<IResult> ById(string id, ClaimsPrincipal person, JourneyAccess access, DefinitionStore store, CancellationToken cancel) =>
        Model(await store.FindStoredAsync(id, cancel), store, access.May(person, JourneyAccess.Edit));

    private static IResult Model(StoredDefinition? stored, DefinitionStore store, bool mayEdit) =>
        stored is null ? Results.NotFound() : ElsaJson.Json(DefinitionDocument.ToModel(stored, store.Registry, mayEdit));

    private static async Task<IResult> ManyById(string[] ids, ClaimsPrincipal person, JourneyAccess access, DefinitionStore store, CancellationToken cancel)
    {
        var (items, _) = ids.Length == 0 ? ([], 0) : await store.ListAsync(new() { Ids = ids }, cancel);
        var mayEdit = access.May(person, JourneyAccess.Edit);
        return ElsaJson.List([.. items.Select(d => DefinitionDocument.ToModel(d, store.Registry, mayEdit))]);
    }

    private static async Task<IResult> Versions(string definitionId, DefinitionStore store, CancellationToken cancel)
    {
        var (items, _) = await store.ListAsync(
            new()
            {
                DefinitionIds = [definitionId],
                OrderBy = "Version",
                Descending = true,
            },
            cancel
        );
        return ElsaJson.Json(
            items.Select(stored =>
            {
                var model = DefinitionDocument.ToModel(stored, store.Registry, mayEdit: false);
                model["materializerName"] = "Json";
                model["stringData"] = model["root"]?.ToJsonString(ElsaJson.Options);
                model.Remove("root");
                return model;
            })
        );
    }

    private static async Task<IResult> Consumers(string definitionId, DefinitionStore store, CancellationToken cancel) =>
        ElsaJson.Json(new { consumingWorkflowDefinitionIds = await ConsumersOf(definitionId, store, cancel) });

    /// <summary>Definitions whose newest version uses this one as an activity, or starts it.</summary>
    public static async Task<string[]> ConsumersOf(string definitionId, DefinitionStore store, CancellationToken cancel)
    {
        var (items, _) = await store.ListAsync(new("Latest"), cancel);
        return
        [
            .. items
                .Where(d => d.Version.DefinitionId != definitionId && JsonObjects.Parse(d.Document).Object is { } document && Uses(document))
                .Select(d => d.Version.DefinitionId),
        ];

        bool Uses(JsonNode? node) =>
            node switch
            {
                JsonObject json => (json.Text("workflowDefinitionId") == definitionId && json.ContainsKey("type")) || json.Any(p => Uses(p.Value)),
                JsonArray array => array.Any(Uses),
                _ => false,
            };
    }

    private static async Task<IResult> UpdateReferences(string definitionId, DefinitionStore store, CancellationToken cancel) =>
        // A workflow used as an activity is looked up when its consumer is compiled, so there is nothing to rewrite.
        await store.FindStoredAsync(definitionId, "Latest", cancel) is null
            ? Results.NotFound()
            : ElsaJson.Json(new { affectedWorkflows = Array.Empty<string>() });

    private static async Task<IResult> Subgraph(string versionId, string? parentNodeId, DefinitionStore store, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(parentNodeId))
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("parentNodeId", "'parentNodeId' must not be empty."));
        return await store.FindStoredAsync(versionId, cancel) is { } stored && DefinitionGraph.Find(stored, parentNodeId) is { } node
            ? ElsaJson.Json(node)
            : Results.NotFound();
    }

    private static async Task<IResult> Segments(string versionId, string? childNodeId, DefinitionStore store, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(childNodeId))
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("childNodeId", "'childNodeId' must not be empty."));
        return await store.FindStoredAsync(versionId, cancel) is { } stored && DefinitionGraph.Segments(stored, childNodeId) is { } segments
            ? ElsaJson.Json(segments)
            : Results.NotFound();
    }

    private static async Task<IResult> Save(
        JsonBody body,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        if (body.Object["model"] is not JsonObject model)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("model", "'model' must not be empty."));
        if (DefinitionRules.Wrong(model) is { } wrong)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, wrong);
        var publish = body.Object.Flag("publish") == true;
        if (publish && !access.May(context.User, JourneyAccess.Publish))
            return ElsaJson.Problem(
                StatusCodes.Status403Forbidden,
                "You can edit journeys, but not publish them. Save a draft and ask someone who can publish it."
            );

        var definitionId = DefinitionRules.Id(model, clock);
        var edit = DesignerRequests.Editing(context, DefinitionDocument.Revision(model));
        var result = await store.SaveDraftAsync(definitionId, before => DefinitionDocument.ToStored(model, before), "designer", edit, clock.Now(), cancel);
        if (result is not EditResult.Saved saved)
            return Refused(result);
        return publish
            ? await PublishAsync(definitionId, context, access, store, clock, cancel)
            : Saved(store, saved.Definition, saved.Errors, alreadyPublished: false, consumers: 0, access.May(context.User, JourneyAccess.Edit));
    }

    private static Task<IResult> Publish(
        string definitionId,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    ) => PublishAsync(definitionId, context, access, store, clock, cancel);

    private static async Task<IResult> PublishAsync(
        string definitionId,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        var (result, wasAlready) = await store.PublishLatestAsync(definitionId, DesignerRequests.Editing(context, null), clock.Now(), cancel);
        if (result is not EditResult.Saved published)
            return Refused(result);
        var consumers = wasAlready ? [] : await ConsumersOf(definitionId, store, cancel);
        return Saved(store, published.Definition, [], wasAlready, consumers.Length, access.May(context.User, JourneyAccess.Edit));
    }

    private static IResult Saved(
        DefinitionStore store,
        StoredDefinition definition,
        IReadOnlyList<DefinitionError> errors,
        bool alreadyPublished,
        int consumers,
        bool mayEdit
    ) =>
        ElsaJson.Json(
            new
            {
                workflowDefinition = DefinitionDocument.ToModel(definition, store.Registry, mayEdit),
                alreadyPublished,
                consumingWorkflowCount = consumers,
                validationErrors = errors.Select(e => new { message = $"{e.Reason} ({e.Path})" }),
            }
        );

    private static async Task<IResult> Retract(
        string definitionId,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    ) =>
        await store.RetractAsync(definitionId, JourneyAccess.Actor(context.User), clock.Now(), cancel) switch
        {
            EditResult.Saved retracted => ElsaJson.Json(
                DefinitionDocument.ToModel(retracted.Definition, store.Registry, access.May(context.User, JourneyAccess.Edit))
            ),
            EditResult.NotPublished => ElsaJson.Problem(StatusCodes.Status400BadRequest, $"Workflow with id {definitionId} is not published"),
            var other => Refused(other),
        };

    private static async Task<IResult> Revert(
        string definitionId,
        int version,
        HttpContext context,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        var result = await store.RevertAsync(definitionId, version, DesignerRequests.Editing(context, null), clock.Now(), cancel);
        if (result is not EditResult.Saved saved)
            return Refused(result);
        context.Response.Headers.Location = $"/elsa/api/workflow-definitions/by-id/{saved.Definition.Version.Id}";
        return ElsaJson.Json(Summary(saved.Definition, null), StatusCodes.Status201Created);
    }

    private static async Task<IResult> Delete(string definitionId, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel) =>
        await store.DeleteAsync(definitionId, null, JourneyAccess.Actor(context.User), clock.Now(), cancel) is { } refused
            ? Refused(refused)
            : Results.NoContent();

    private static async Task<IResult> DeleteVersion(
        string definitionId,
        int version,
        HttpContext context,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        if (await store.FindStoredAsync(definitionId, version.ToString(CultureInfo.InvariantCulture), cancel) is not { } stored)
            return Results.NotFound();
        return await store.DeleteAsync(definitionId, stored.Version.Id, JourneyAccess.Actor(context.User), clock.Now(), cancel) is { } refused
            ? Refused(refused)
            : Results.Ok();
    }

    private static async Task<IResult> DeleteVersionById(string id, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        if (await store.FindStoredAsync(id, cancel) is not { } stored)
            return Results.NotFound();
        return await store.DeleteAsync(stored.Version.DefinitionId, id, JourneyAccess.Actor(context.User), clock.Now(), cancel) is { } refused
            ? Refused(refused)
            : Results.NoContent();
    }

    /// <summary>Why a change was refused, in the form of which Studio shows every reason.</summary>
    public static IResult Refused(EditResult result) =>
        result switch
        {
            EditResult.NotFound => Results.NotFound(),
            EditResult.Conflict conflict => ElsaJson.Problem(
                StatusCodes.Status409Conflict,
                $"Not saved: {conflict.By} changed this journey at {conflict.At.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC, after you opened it. "
                    + "Open it again to see the change, then repeat yours."
            ),
            EditResult.Invalid invalid => ElsaJson.Problem(
                StatusCodes.Status400BadRequest,
                [.. invalid.Errors.Select(e => (e.Path, $"Not published. {e.Reason} ({e.Path})"))]
            ),
            EditResult.InUse used => ElsaJson.Problem(
                StatusCodes.Status409Conflict,
                $"Not deleted: {Words.Count((int)used.Running, "running case uses", "running cases use")} it. Unpublish it instead to prevent new cases."
            ),
            _ => throw new InvalidOperationException($"No answer for {result.GetType().Name}."),
        };
}
