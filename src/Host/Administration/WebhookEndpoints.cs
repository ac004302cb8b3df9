using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Host.Administration;

/// <summary>A new webhook endpoint.</summary>
/// <param name="Url">Where events are posted to.</param>
/// <param name="EventTypes">Which events.</param>
/// <param name="Description">Its purpose.</param>
public sealed record AddWebhookBody(string? Url, IReadOnlyList<string>? EventTypes, string? Description = null);

/// <summary>A changed webhook endpoint.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="EventTypes">Which events.</param>
/// <param name="Active">Whether it receives events.</param>
/// <param name="Description">Its purpose.</param>
public sealed record ChangeWebhookBody(int? Revision, IReadOnlyList<string>? EventTypes, bool Active = true, string? Description = null);

/// <summary>Which state of it is meant.</summary>
/// <param name="Revision">Revision you last saw.</param>
public sealed record RevisionBody(int? Revision);

/// <summary>An endpoint with its secret, which is shown this once.</summary>
public sealed record WebhookWithSecret(WebhookEndpoint Endpoint, string? Secret);

internal static class WebhookEndpoints
{
    public static void MapWebhooks(this WebApplication app)
    {
        var api = app.MapGroup("/api/webhooks").WithTags("Webhooks").RequireAuthorization(Permissions.ManageSettings);
        api.MapGet("", async (NpgsqlDataSource database, CancellationToken cancel) => TypedResults.Ok(await WebhookEndpoint.ListAsync(database, cancel)))
            .WithSummary("Lists webhook endpoints");
        api.MapGet("/event-types", () => TypedResults.Ok(WebhookEvents.All)).WithSummary("Lists the types of events");
        api.MapPost(
                "",
                async (AddWebhookBody body, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
                    Answer(await webhooks.AddAsync(body.Url, body.Description, body.EventTypes, me.UserName, cancel))
            )
            .WithSummary("Adds an endpoint and returns its secret")
            .ProducesProblem(422);
        api.MapPut(
                "/{id:guid}",
                async (Guid id, ChangeWebhookBody body, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
                    Answer(await webhooks.ChangeAsync(id, body.Revision ?? 0, body.Description, body.EventTypes, body.Active, me.UserName, cancel))
            )
            .WithSummary("Changes an endpoint's events or description, or turns it on or off")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapPost(
                "/{id:guid}/renew-secret",
                async (Guid id, RevisionBody body, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
                    Answer(await webhooks.RotateAsync(id, body.Revision ?? 0, me.UserName, cancel))
            )
            .WithSummary("Renews an endpoint's secret; the old one stays valid for 24 hours")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost(
                "/{id:guid}/test",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
                    await webhooks.TestAsync(id, me.UserName, cancel) ? TypedResults.NoContent() : Problems.NotFound("active webhook endpoint", id)
            )
            .WithSummary("Sends a test event")
            .ProducesProblem(404);
        api.MapDelete(
                "/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
                    await webhooks.RemoveAsync(id, me.UserName, cancel) ? TypedResults.NoContent() : Problems.NotFound("webhook endpoint", id)
            )
            .WithSummary("Removes an endpoint")
            .ProducesProblem(404);

        var pages = app.MapGroup("/administration/webhooks").RequireAuthorization(Permissions.ManageSettings).ExcludeFromDescription();
        pages.MapGet("", async (NpgsqlDataSource database, CancellationToken cancel) => await PageAsync(database, new(), cancel));
        pages.MapPost(
            "",
            async (IFormCollection form, ManageWebhooks webhooks, NpgsqlDataSource database, Person me, CancellationToken cancel) =>
            {
                string? url = form["url"],
                    description = form["description"];
                var types = form["type"].OfType<string>().ToList();
                return await webhooks.AddAsync(url, description, types, me.UserName, cancel) switch
                {
                    WebhookResult.Done done => await PageAsync(database, new() { Secret = done.Secret, SecretOf = done.Endpoint.Url }, cancel),
                    WebhookResult.Invalid invalid => await PageAsync(
                        database,
                        new()
                        {
                            Url = url,
                            Description = description,
                            Types = types,
                            Errors = invalid.Errors,
                        },
                        cancel,
                        StatusCodes.Status422UnprocessableEntity
                    ),
                    _ => Results.LocalRedirect("/administration/webhooks"),
                };
            }
        );
        pages.MapPost(
            "/{id:guid}/renew-secret",
            async (Guid id, [FromForm] int revision, ManageWebhooks webhooks, NpgsqlDataSource database, Person me, CancellationToken cancel) =>
                await webhooks.RotateAsync(id, revision, me.UserName, cancel) is WebhookResult.Done done
                    ? await PageAsync(database, new() { Secret = done.Secret, SecretOf = done.Endpoint.Url }, cancel)
                    : Results.LocalRedirect("/administration/webhooks")
        );
        pages.MapPost(
            "/{id:guid}/switch",
            async (Guid id, [FromForm] int revision, ManageWebhooks webhooks, NpgsqlDataSource database, Person me, CancellationToken cancel) =>
            {
                if (await WebhookEndpoint.FindAsync(database, id, cancel) is { } endpoint)
                    await webhooks.ChangeAsync(id, revision, endpoint.Description, endpoint.EventTypes, !endpoint.Active, me.UserName, cancel);
                return Results.LocalRedirect("/administration/webhooks");
            }
        );
        pages.MapPost(
            "/{id:guid}/test",
            async (Guid id, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
            {
                await webhooks.TestAsync(id, me.UserName, cancel);
                return Results.LocalRedirect("/administration/webhooks");
            }
        );
        pages.MapPost(
            "/{id:guid}/remove",
            async (Guid id, ManageWebhooks webhooks, Person me, CancellationToken cancel) =>
            {
                await webhooks.RemoveAsync(id, me.UserName, cancel);
                return Results.LocalRedirect("/administration/webhooks");
            }
        );
    }

    private static async Task<IResult> PageAsync(NpgsqlDataSource database, WebhookForm form, CancellationToken cancel, int status = StatusCodes.Status200OK) =>
        Html.Page(new WebhooksPage { Endpoints = await WebhookEndpoint.ListAsync(database, cancel), Form = form }, status);

    private static Results<Ok<WebhookWithSecret>, ProblemHttpResult> Answer(WebhookResult result) =>
        result switch
        {
            WebhookResult.Done done => TypedResults.Ok(new WebhookWithSecret(done.Endpoint, done.Secret)),
            WebhookResult.Invalid invalid => Problems.Invalid(invalid.Errors),
            WebhookResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                "The webhook endpoint has changed",
                $"It is now at revision {stale.Current.Revision}. Review it and try again.",
                ("current", stale.Current)
            ),
            _ => Problems.Of(404, "not-found", "Webhook endpoint not found"),
        };
}
