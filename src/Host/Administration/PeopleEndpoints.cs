using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Administration;

internal static class PeopleEndpoints
{
    public static void MapPeople(this WebApplication app)
    {
        var pages = app.MapGroup("/administration/people").RequireAuthorization(Roles.Administrator).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (string? q, ListPeople people, IClock clock, CancellationToken cancel) =>
                Html.Page(new PeoplePage { People = await people.ReadAsync(q, clock.Now(), cancel), Search = q })
        );
        pages.MapGet(
            "/list",
            async (string? q, ListPeople people, IClock clock, CancellationToken cancel) =>
                Html.Page(new PeopleList { People = await people.ReadAsync(q, clock.Now(), cancel) })
        );
    }
}
