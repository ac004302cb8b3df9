using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;

namespace Orchestration.Host.OwnView;

/// <summary>A link to make.</summary>
/// <param name="Language"><c>en</c> or <c>de</c>; left out: as the customer's browser asks.</param>
/// <param name="Days">How many days it works, 1 to 365; left out: as the setting OwnView:LinkDays says.</param>
/// <param name="AsksBirth">Whether the customer must also know their date of birth.</param>
/// <param name="SendTo">Email address of the customer's record to send it to; left out: it isn't sent.</param>
public sealed record OwnViewLinkBody(string? Language = null, int? Days = null, bool AsksBirth = false, string? SendTo = null);

/// <summary>A link that was made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Address to give to the customer. It isn't shown again.</param>
/// <param name="ExpiresAt">When it stops working.</param>
public sealed record OwnViewLinkMade(Guid Id, string Url, Instant ExpiresAt);

/// <summary>A message to the customer of a case.</summary>
/// <param name="Text">What they read, at most 4000 characters.</param>
/// <param name="TaskId">The open step that it is about; if the step waits for the customer, this is the question that they answer.</param>
public sealed record CustomerMessageBody(string? Text, Guid? TaskId = null);

/// <summary>The API of links with which customers follow their cases.</summary>
internal static class OwnViewLinkEndpoints
{
    public static void MapOwnViewLinks(this WebApplication app)
    {
        var links = app.MapGroup("/api/cases/{id:guid}/own-view-links").WithTags("Own view");
        links.MapGet("", ListAsync).WithSummary("Lists the links with which the customer can follow a case, and when they did").ProducesProblem(404);
        links
            .MapPost("", MakeAsync)
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Makes a link with which the customer can follow a case without an account, and mails it if asked to")
            .ProducesProblem(404)
            .ProducesProblem(422);
        links.MapDelete("/{link:guid}", RevokeAsync).RequireAuthorization(Permissions.StartCases).WithSummary("Revokes a link at once").ProducesProblem(404);
        app.MapPost("/api/cases/{id:guid}/messages", WriteAsync)
            .WithTags("Own view")
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Writes a message that the customer reads in their own view of the case")
            .ProducesProblem(404)
            .ProducesProblem(422);
        app.MapGet("/api/cases/{id:guid}/rating", RatingAsync)
            .WithTags("Own view")
            .WithSummary("Gets how satisfied the customer was with a case")
            .ProducesProblem(404);
        OwnViewStaffPages.Map(app.MapGroup("").RequireAuthorization(Permissions.StartCases).ExcludeFromDescription());
    }

    /// <summary>Address of the page that a code opens.</summary>
    public static string Url(HttpRequest request, MailSettings mail, string code) =>
        new Uri(mail.PublicUrl ?? new Uri($"{request.Scheme}://{request.Host}"), $"{OwnViewPages.Path}/{code}").AbsoluteUri;

    private static async Task<Results<Ok<IReadOnlyList<OwnViewLink>>, ProblemHttpResult>> ListAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await CaseQueries.FindAsync(runtime, id, me, cancel) is null
            ? Problems.NotFound("case", id)
            : TypedResults.Ok(await OwnViewLinks.ListAsync(runtime.Database, [id], cancel));

    private static async Task<Results<Created<OwnViewLinkMade>, ProblemHttpResult>> MakeAsync(
        Guid id,
        OwnViewLinkBody body,
        HttpRequest request,
        MailSettings mail,
        OwnViewSettings settings,
        MailOwnViewLink links,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        var wanted = new LinkRequest(body.Language, body.Days ?? settings.LinkDays, body.AsksBirth) { SendTo = body.SendTo };
        return await OwnViewLinks.MakeAsync(runtime, links, id, wanted, me, cancel) switch
        {
            LinkResult.Made made => TypedResults.Created(
                $"/api/cases/{id}/own-view-links",
                new OwnViewLinkMade(made.Id, Url(request, mail, made.Code), made.ExpiresAt)
            ),
            LinkResult.Invalid invalid => Problems.Invalid(new() { [invalid.Field] = [invalid.Reason] }),
            _ => Problems.NotFound("case", id),
        };
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        Guid id,
        Guid link,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await OwnViewLinks.RevokeAsync(runtime, id, link, me, cancel) is LinkResult.Revoked ? TypedResults.NoContent() : Problems.NotFound("link", link);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> WriteAsync(
        Guid id,
        CustomerMessageBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (await CaseQueries.FindAsync(runtime, id, me, cancel) is null)
            return Problems.NotFound("case", id);
        return await WriteToCustomer.RunAsync(runtime, id, body.TaskId, body.Text ?? "", me, cancel) is { } wrong
            ? Problems.Invalid(new() { [wrong.Field == "task" ? "taskId" : wrong.Field] = [wrong.Reason] })
            : TypedResults.NoContent();
    }

    private static async Task<Results<Ok<Rating>, ProblemHttpResult>> RatingAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await CaseQueries.FindAsync(runtime, id, me, cancel) is not null && await RateCase.ListAsync(runtime.Database, [id], cancel) is [var rated]
            ? TypedResults.Ok(rated.Rating)
            : Problems.NotFound("rating of case", id);
}
