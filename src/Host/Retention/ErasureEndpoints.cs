using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using ErasureAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Retention.ErasureRequest>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Retention;

/// <summary>A request to erase what we hold of a customer.</summary>
/// <param name="CustomerId">The record.</param>
/// <param name="Reason">Why, at most 1000 characters. History keeps it: name no customer.</param>
public sealed record ErasureBody(Guid CustomerId, string? Reason = null);

internal static class ErasureEndpoints
{
    private const int Most = 100;

    public static void Map(WebApplication app)
    {
        var api = app.MapGroup("/api/erasures").WithTags("Retention").RequireAuthorization(Policies.Erasures);
        api.MapGet(
                "",
                async (WorkflowRuntime runtime, CancellationToken cancel) => TypedResults.Ok(await ErasureQueries.ListAsync(runtime.Database, Most, cancel))
            )
            .WithSummary("Lists requests to erase a customer's data, open ones first");
        api.MapGet(
                "/{id:guid}",
                async Task<ErasureAnswer> (Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
                    await ErasureQueries.FindAsync(runtime.Database, id, cancel) is { } found ? TypedResults.Ok(found) : Problems.NotFound("request", id)
            )
            .WithSummary("Gets a request; when it is done, with the signed receipt of what was erased")
            .ProducesProblem(404);
        api.MapPost(
                "",
                async Task<ErasureAnswer> (ErasureBody body, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await erasures.RequestAsync(body.CustomerId, body.Reason, me, cancel), "customer", body.CustomerId, runtime, cancel)
            )
            .RequireAuthorization(Permissions.KeepRecords)
            .WithSummary("Asks to erase all data of a customer; someone else must approve it")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapPost(
                "/{id:guid}/approve",
                async Task<ErasureAnswer> (Guid id, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await erasures.ApproveAsync(id, me, cancel), "request", id, runtime, cancel)
            )
            .RequireAuthorization(Permissions.DecideErasures)
            .WithSummary("Approves someone else's request: the data are erased now, or when the customer's cases have ended")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost(
                "/{id:guid}/refuse",
                async Task<ErasureAnswer> (Guid id, WhyBody body, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await erasures.RefuseAsync(id, body.Reason, me, cancel), "request", id, runtime, cancel)
            )
            .WithSummary("Refuses a request, or withdraws your own; to refuse, you need the permission to decide")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        app.MapPost("/api/customers/{id:guid}/export", ExportAsync)
            .WithTags("Retention")
            .RequireAuthorization(Permissions.KeepRecords)
            .WithSummary("Exports all data of a customer for them: a ZIP with a page to print, JSON and the documents")
            .Produces(200, contentType: "application/zip")
            .ProducesProblem(404)
            .ProducesProblem(422);

        var pages = app.MapGroup("/compliance/erasures").RequireAuthorization(Policies.Erasures).ExcludeFromDescription();
        pages.MapGet(
            "",
            (Guid? customer, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                ListAsync(runtime, customer, "", null, StatusCodes.Status200OK, me, cancel)
        );
        pages.MapPost("", RequestAsync).RequireAuthorization(Permissions.KeepRecords);
        pages.MapGet(
            "/{id:guid}",
            (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) => PageAsync(runtime, id, null, StatusCodes.Status200OK, me, cancel)
        );
        pages
            .MapPost(
                "/{id:guid}/approve",
                async (Guid id, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await DoneAsync(await erasures.ApproveAsync(id, me, cancel), runtime, id, me, cancel)
            )
            .RequireAuthorization(Permissions.DecideErasures);
        pages.MapPost(
            "/{id:guid}/refuse",
            async (Guid id, IFormCollection form, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await DoneAsync(await erasures.RefuseAsync(id, form["reason"], me, cancel), runtime, id, me, cancel)
        );
        pages
            .MapPost(
                "/customers/{id:guid}/export",
                async (Guid id, IFormCollection form, WorkflowRuntime runtime, HttpContext http, Person me, CancellationToken cancel) =>
                    await ExportAsync(id, new(form["reason"]), runtime, http, me, cancel)
            )
            .RequireAuthorization(Permissions.KeepRecords);
    }

    private static async Task<ErasureAnswer> AnswerAsync(ErasureResult result, string what, Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
        result switch
        {
            ErasureResult.Done done => TypedResults.Ok((await ErasureQueries.FindAsync(runtime.Database, done.Id, cancel))!),
            ErasureResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
            ErasureResult.Forbidden => Problems.Of(
                403,
                "forbidden",
                "Someone else asked for it",
                "You can withdraw your own requests. To refuse others, you need the permission to decide."
            ),
            ErasureResult.Refused refused => Problems.Of(409, "erasure-refused", "The data can't be erased", refused.Reason),
            _ => Problems.NotFound(what, id),
        };

    private static async Task<IResult> RequestAsync(IFormCollection form, Erasures erasures, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        if (!Guid.TryParse(form["customerId"], out var customer))
            return Results.NotFound();
        var reason = form["reason"].ToString();
        return await erasures.RequestAsync(customer, reason, me, cancel) switch
        {
            ErasureResult.Done done => Results.LocalRedirect($"/compliance/erasures/{Ids.Text(done.Id)}"),
            ErasureResult.Invalid invalid => await ListAsync(
                runtime,
                customer,
                reason,
                $"The reason {invalid.Errors["reason"][0]}.",
                StatusCodes.Status422UnprocessableEntity,
                me,
                cancel
            ),
            ErasureResult.Refused refused => await ListAsync(runtime, customer, reason, refused.Reason, StatusCodes.Status409Conflict, me, cancel),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> DoneAsync(ErasureResult result, WorkflowRuntime runtime, Guid id, Person me, CancellationToken cancel) =>
        result switch
        {
            ErasureResult.Done => Results.LocalRedirect($"/compliance/erasures/{Ids.Text(id)}"),
            ErasureResult.Invalid => await PageAsync(
                runtime,
                id,
                "Enter a reason for refusing the request.",
                StatusCodes.Status422UnprocessableEntity,
                me,
                cancel
            ),
            ErasureResult.Refused refused => await PageAsync(runtime, id, refused.Reason, StatusCodes.Status409Conflict, me, cancel),
            ErasureResult.Forbidden => Results.Forbid(),
            _ => Results.NotFound(),
        };

    private static async Task<IResult> ExportAsync(Guid id, WhyBody body, WorkflowRuntime runtime, HttpContext http, Person me, CancellationToken cancel)
    {
        var reason = body.Reason?.Trim() ?? "";
        if (reason.Length is 0 or > LegalHolds.LongestReason)
            return Problems.Invalid(new() { ["reason"] = [reason.Length == 0 ? "is required" : $"must have at most {LegalHolds.LongestReason} characters"] });
        if (await AccessExport.BeginAsync(runtime, id, reason, me, cancel) is not { } customer)
            return Problems.NotFound("customer", id);
        http.Response.ContentType = "application/zip";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{Ids.Text(customer)}.zip\"";
        await AccessExport.WriteAsync(runtime.Database, customer, runtime.Clock.Now(), http.Response.Body, cancel);
        return Results.Empty;
    }

    private static async Task<IResult> ListAsync(
        WorkflowRuntime runtime,
        Guid? customer,
        string reason,
        string? refused,
        int status,
        Person me,
        CancellationToken cancel
    )
    {
        var about = customer is { } id ? await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) : null;
        if (customer is not null && about is null)
            return Results.NotFound();
        var requests = await ErasureQueries.ListAsync(runtime.Database, Most, cancel);
        return Html.Page(
            new ErasuresPage
            {
                Requests = requests,
                Names = await TeamQueries.NamesAsync(runtime.Database, requests.Select(r => r.RequestedBy).Distinct(), cancel),
                Customer = about,
                Holds = about is null ? [] : await LegalHolds.OfCustomerAsync(runtime.Database, about.Id, runtime.Clock.Now(), cancel),
                Open = about is null ? null : await ErasureQueries.OpenOfAsync(runtime.Database, about.Id, cancel),
                Reason = reason,
                Refused = refused,
                Me = me,
            },
            status
        );
    }

    private static async Task<IResult> PageAsync(WorkflowRuntime runtime, Guid id, string? refused, int status, Person me, CancellationToken cancel) =>
        await ErasureQueries.FindAsync(runtime.Database, id, cancel) is { } request
            ? Html.Page(
                new ErasurePage
                {
                    Request = request,
                    Names = await TeamQueries.NamesAsync(runtime.Database, [request.RequestedBy, request.DecidedBy ?? ""], cancel),
                    Cases = request.State is ErasureState.Requested or ErasureState.Waiting
                        ? await CustomerWork.CasesAsync(runtime, request.CustomerId, me, runtime.Clock.Now(), cancel)
                        : [],
                    Refused = refused,
                    Me = me,
                },
                status
            )
            : Results.NotFound();
}
