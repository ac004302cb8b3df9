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
        app.MapConflicts();
        app.MapShifts();
        app.MapShiftPages();
    }
}
