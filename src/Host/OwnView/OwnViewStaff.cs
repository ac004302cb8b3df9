using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;

namespace Orchestration.Host.OwnView;

/// <summary>What came of a form of the panel: a link that is shown once, or why it was refused.</summary>
/// <param name="Url">Address of a link that was made, or null.</param>
/// <param name="ExpiresAt">When that stops working.</param>
/// <param name="Refused">Why nothing was done, or null.</param>
public sealed record OwnViewAttempt(string? Url, Instant ExpiresAt, string? Refused)
{
    /// <summary>Email address that the link is sent to, or null.</summary>
    public string? SentTo { get; init; }

    /// <summary>Text of a message that was refused.</summary>
    public string Text { get; init; } = "";
}

/// <summary>The customer's own view on the pages of staff.</summary>
public sealed record OwnViewPanelView
{
    /// <summary>Cases that a link can be made for, with what to call each. The first is chosen.</summary>
    public required IReadOnlyList<(Guid Id, string Title)> Cases { get; init; }
    public required IReadOnlyList<OwnViewLink> Links { get; init; }
    public required IReadOnlyList<RatedCase> Ratings { get; init; }

    /// <summary>Open tasks that a message can be about, suspended ones first; only on the page of a case.</summary>
    public IReadOnlyList<(Guid Id, string Title, bool IsSuspended)> Tasks { get; init; } = [];
    public required bool MayMake { get; init; }

    /// <summary>Whether the customer's date of birth is known.</summary>
    public required bool KnowsBirth { get; init; }

    /// <summary>Addresses that a link can be mailed to.</summary>
    public IReadOnlyList<string> Emails { get; init; } = [];

    public required Instant Now { get; init; }

    /// <summary>The customer whose page it is; null: it is the page of a case.</summary>
    public Guid? Customer { get; init; }
    public OwnViewAttempt? Attempt { get; init; }
}

/// <summary>Reads the panel, and does what its forms ask for.</summary>
internal sealed class OwnViewDesk(WorkflowRuntime runtime, OwnViewSettings settings, MailSettings mail, MailOwnViewLink links)
{
    /// <summary>The panel; null: there is nothing to show, and nothing to make.</summary>
    /// <param name="cases">Cases that the person sees.</param>
    /// <param name="customer">The record of their customer, if it is known.</param>
    public static async Task<OwnViewPanelView?> PanelAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<(Guid Id, string Title)> cases,
        CustomerDetails? customer,
        Person me,
        CancellationToken cancel
    )
    {
        if (customer is null || cases.Count == 0)
            return null;
        var ids = cases.Select(one => one.Id).ToList();
        return new()
        {
            Cases = cases,
            Links = await OwnViewLinks.ListAsync(runtime.Database, ids, cancel),
            Ratings = await RateCase.ListAsync(runtime.Database, ids, cancel),
            MayMake = me.May(Permissions.StartCases),
            KnowsBirth = customer.Data.BornOn is not null,
            Emails = MailOwnViewLink.RefusesMail(customer.Consents()) ? [] : customer.Data.Emails,
            Now = runtime.Clock.Now(),
        };
    }

    /// <summary>Makes the link that a form asks for; null: there is no such case that the person sees.</summary>
    public async Task<OwnViewAttempt?> MakeAsync(Guid @case, IFormCollection form, HttpRequest request, Person me, CancellationToken cancel)
    {
        if (await CaseQueries.FindAsync(runtime, @case, me, cancel) is null)
            return null;
        var days =
            string.IsNullOrWhiteSpace(form["days"]) ? settings.LinkDays
            : int.TryParse(form["days"], out var given) ? given
            : 0;
        var language = form["language"].ToString() is { Length: > 0 } chosen ? chosen : null;
        var to = form["sendTo"].ToString() is { Length: > 0 } address ? address : null;
        return await OwnViewLinks.MakeAsync(runtime, links, @case, new(language, days, form["asksBirth"] == "true") { SendTo = to }, me, cancel) switch
        {
            LinkResult.Made made => new(OwnViewLinkEndpoints.Url(request, mail, made.Code), made.ExpiresAt, null) { SentTo = to },
            LinkResult.Invalid { Field: "sendTo" } invalid => new(null, default, $"The email address {invalid.Reason}."),
            LinkResult.Invalid { Field: "days" } invalid => new(null, default, $"The number of days {invalid.Reason}."),
            LinkResult.Invalid { Field: "asksBirth" } invalid => new(null, default, $"The question for the date of birth {invalid.Reason}."),
            LinkResult.Invalid invalid => new(null, default, $"The {invalid.Field} {invalid.Reason}."),
            _ => null,
        };
    }

    /// <summary>Writes the message that a form has. The caller has checked that the person can see the case. Null: done.</summary>
    public async Task<OwnViewAttempt?> WriteAsync(Guid @case, IFormCollection form, Person me, CancellationToken cancel)
    {
        Guid? task = Guid.TryParse(form["task"], out var about) ? about : null;
        var text = form["text"].ToString();
        return await WriteToCustomer.RunAsync(runtime, @case, task, text, me, cancel) is { } wrong
            ? new(null, default, $"The {(wrong.Field == "text" ? "message" : wrong.Field)} {wrong.Reason}.") { Text = text }
            : null;
    }
}

/// <summary>What the forms of the panel ask for that leads back to where they are. Making a link shows its page once, so the pages do that.</summary>
internal static class OwnViewStaffPages
{
    public static void Map(RouteGroupBuilder pages) =>
        pages.MapPost(
            "/cases/{id:guid}/own-view/{link:guid}/revoke",
            async (Guid id, Guid link, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var form = await http.Request.ReadFormAsync(cancel);
                if (
                    await CaseQueries.FindAsync(runtime, id, me, cancel) is null
                    || await OwnViewLinks.RevokeAsync(runtime, id, link, me, cancel) is not LinkResult.Revoked
                )
                    return Results.NotFound();
                return Results.LocalRedirect(
                    Guid.TryParse(form["customer"], out var customer) ? $"/customers/{Ids.Text(customer)}#own-view" : $"/cases/{Ids.Text(id)}#own-view"
                );
            }
        );
}
