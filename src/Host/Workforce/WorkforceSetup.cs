using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Workforce;

/// <summary>Who is there, what they can do and how much of it: presence, skills, capacity and the shift plan.</summary>
internal static class WorkforceSetup
{
    public static void MapWorkforce(this WebApplication app)
    {
        app.MapPresence();
        app.MapPresencePages();
        app.MapSkills();
        app.MapSkillPages();
        app.MapCapacity();
        app.MapShifts();
        app.MapShiftPages();
    }

    /// <summary>Whether the person steers any team. Which one, each endpoint checks.</summary>
    public static bool Steers(this Person person) => Policies.Allow(Policies.Supervise, person) || person.Leads.Count > 0;

    /// <summary>An endpoint for people who steer a team; the others get 403.</summary>
    public static RouteGroupBuilder ForThoseWhoSteer(this RouteGroupBuilder endpoints)
    {
        endpoints.AddEndpointFilter(
            async (context, next) =>
                PersonIdentity.Of(context.HttpContext.User).Person.Steers() ? await next(context)
                : ApiSurface.Of(context.HttpContext.Request) is null ? Results.Forbid()
                : Problems.Of(403, "forbidden", "You don't lead a team", "Only supervisors and team leads can do this.")
        );
        return endpoints;
    }
}
