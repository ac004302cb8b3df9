namespace Orchestration.Host.Staff;

/// <summary>People and teams, for administrators: pages and API.</summary>
internal static class StaffSetup
{
    public static void MapStaff(this WebApplication app)
    {
        app.MapPeople();
        app.MapPeoplePages();
        app.MapStaffTeams();
        app.MapStaffTeamPages();
        app.MapImports();
    }
}
