using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>The same action for many items. Each item has its own result: one failure never affects the others.</summary>
internal static class BulkActionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var bulk = api.MapGroup("/bulk-actions");
        bulk.MapPost("/publish/workflow-definitions/by-definition-ids", Publish).RequireAuthorization(JourneyAccess.Publish);
        bulk.MapPost("/retract/workflow-definitions/by-definition-ids", Retract).RequireAuthorization(JourneyAccess.Publish);
        bulk.MapPost("/delete/workflow-definitions/by-definition-id", DeleteDefinitions).RequireAuthorization(JourneyAccess.Edit);
        bulk.MapPost("/delete/workflow-definitions/by-id", DeleteVersions).RequireAuthorization(JourneyAccess.Edit);
        bulk.MapPost(
                "/delete/workflow-instances/by-id",
                async (JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                {
                    var seen = await access.SeenAsync([.. body.Object.Texts("ids").Select(InstanceEndpoints.Id).OfType<Guid>()], cancel);
                    return ElsaJson.Json(new { deleted = (await DeleteRuns.RunAsync(database, [.. seen], cancel)).Deleted });
                }
            )
            .RequireAuthorization(JourneyAccess.Edit);
        api.MapDelete(
                "/workflow-instances/{id}",
                async (string id, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                    await access.FindAsync(id, cancel) is not { } key
                        ? Results.NotFound()
                        : await DeleteRuns.RunAsync(database, [key], cancel) switch
                        {
                            (1, _) => Results.NoContent(),
                            (_, 1) => ElsaJson.Problem(StatusCodes.Status409Conflict, "Not deleted: the run is still running or is a customer's case."),
                            _ => Results.NotFound(),
                        }
            )
            .RequireAuthorization(JourneyAccess.Edit);
        api.MapPost("/actions/workflow-definitions/refresh", Refresh).RequireAuthorization(JourneyAccess.Publish);
        api.MapPost(
                "/actions/workflow-definitions/reload",
                async (DefinitionStore store, CancellationToken cancel) =>
                {
                    await store.LoadPublishedAsync(cancel);
                    return Results.Ok();
                }
            )
            .RequireAuthorization(JourneyAccess.Publish);
    }

    private static async Task<IResult> Publish(JsonBody body, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        var (published, already, notFound, failed) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        var warnings = new Dictionary<string, string>();
        foreach (var id in body.Object.Texts("definitionIds"))
        {
            switch (await store.PublishLatestAsync(id, DesignerRequests.Editing(context, null), clock.Now(), cancel))
            {
                case (EditResult.Saved, true):
                    already.Add(id);
                    break;
                case (EditResult.Saved, false):
                    published.Add(id);
                    break;
                case (EditResult.NotFound, _):
                    notFound.Add(id);
                    break;
                case (EditResult.Invalid invalid, _):
                    failed.Add(id);
                    warnings[id] = string.Join(" ", invalid.Errors.Select(e => $"{e.Reason} ({e.Path})"));
                    break;
                case (EditResult.Conflict conflict, _):
                    failed.Add(id);
                    warnings[id] = $"{conflict.By} is changing this definition.";
                    break;
            }
        }

        return ElsaJson.Json(
            new
            {
                published,
                alreadyPublished = already,
                notFound,
                skipped = Array.Empty<string>(),
                updatedConsumers = Array.Empty<string>(),
                failed,
                warnings,
            }
        );
    }

    private static async Task<IResult> Retract(JsonBody body, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        var (retracted, notPublished, notFound) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var id in body.Object.Texts("definitionIds"))
        {
            var list = await store.RetractAsync(id, JourneyAccess.Actor(context.User), clock.Now(), cancel) switch
            {
                EditResult.Saved => retracted,
                EditResult.NotPublished => notPublished,
                _ => notFound,
            };
            list.Add(id);
        }

        return ElsaJson.Json(
            new
            {
                retracted,
                alreadyRetracted = Array.Empty<string>(),
                skipped = Array.Empty<string>(),
                notPublished,
                notFound,
            }
        );
    }

    private static async Task<IResult> DeleteDefinitions(JsonBody body, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        var deleted = 0;
        foreach (var id in body.Object.Texts("definitionIds"))
            deleted += await store.DeleteAsync(id, null, JourneyAccess.Actor(context.User), clock.Now(), cancel) is null ? 1 : 0;
        return ElsaJson.Json(new { deleted });
    }

    private static async Task<IResult> DeleteVersions(JsonBody body, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        var deleted = 0;
        foreach (var id in body.Object.Texts("ids"))
        {
            if (
                await store.FindStoredAsync(id, cancel) is { } stored
                && await store.DeleteAsync(stored.Version.DefinitionId, id, JourneyAccess.Actor(context.User), clock.Now(), cancel) is null
            )
                deleted++;
        }

        return ElsaJson.Json(new { deleted });
    }

    private static async Task<IResult> Refresh(JsonBody body, DefinitionStore store, CancellationToken cancel)
    {
        var asked = body.Object.Texts("definitionIds");
        await store.LoadPublishedAsync(cancel);
        var known = (await store.ListAsync(new("Published") { DefinitionIds = asked }, cancel)).Items.Select(d => d.Version.DefinitionId).ToList();
        return ElsaJson.Json(new { refreshed = known, notFound = asked.Except(known) });
    }
}
