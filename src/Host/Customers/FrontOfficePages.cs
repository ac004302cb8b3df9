using Microsoft.AspNetCore.Mvc;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Customers;

/// <summary>The home of the front office, what customers say of us, and messages that it answers.</summary>
internal static class FrontOfficePages
{
    public const string Home = "/front-office";

    public static void Map(RouteGroupBuilder pages)
    {
        var keep = pages.MapGroup("").RequireAuthorization(Permissions.KeepCustomers);
        keep.MapGet(
            Home,
            async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new FrontOfficePage
                    {
                        Day = await FrontOffice.ReadAsync(runtime.Database, me, runtime.Clock.Now(), cancel),
                        Satisfaction = await ReadRatings.FiguresAsync(runtime.Database, me, runtime.Clock.Now(), cancel),
                        Now = runtime.Clock.Now(),
                        Me = me,
                    }
                )
        );
        keep.MapGet(
            $"{Home}/ratings",
            async (bool? unhappy, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new RatingsPage
                    {
                        Of = await ReadRatings.FiguresAsync(runtime.Database, me, runtime.Clock.Now(), cancel),
                        Ratings = await ReadRatings.ListAsync(runtime.Database, unhappy == true, me, runtime.Clock.Now(), cancel),
                        IsUnhappy = unhappy == true,
                    }
                )
        );
        pages.MapPost("/customers/{id:guid}/contacts/{contact:guid}/answered", AnsweredAsync).RequireAuthorization(Permissions.StartCases);
    }

    private static async Task<IResult> AnsweredAsync(
        Guid id,
        Guid contact,
        [FromForm] string? back,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } customer
        && await OpenMessages.AnsweredAsync(runtime, customer.Id, contact, me, cancel)
            ? Results.LocalRedirect(back == Home ? Home : $"/customers/{Ids.Text(customer.Id)}?told=answered")
            : Results.NotFound();
}
