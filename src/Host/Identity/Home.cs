using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>The page on which a person begins.</summary>
internal static class Home
{
    /// <summary>Tasks first, for those who have any. Roles that administrators composed lead to the first page they open.</summary>
    public static string Of(Person person) =>
        PermissionHolders.IsFrontOffice(person) ? "/front-office"
        : person.Is(Roles.Employee, Roles.Supervisor) || person.Teams.Count + person.Leads.Count > 0 ? "/"
        : person.Is(Roles.Analyst) ? "/studio"
        : person.Is(Roles.Administrator) ? "/administration/people"
        : person.Is(Roles.Compliance) ? "/compliance"
        : person.May(Permissions.SteerTeams) ? "/team"
        : person.May(Permissions.EditJourneys) ? "/studio"
        : person.May(Permissions.ReviewHistory) ? "/compliance"
        : person.May(Permissions.KeepRecords) ? "/compliance/holds"
        : Policies.SeesErasures(person) ? "/compliance/erasures"
        : person.May(Permissions.ManagePeople) ? "/administration/people"
        : person.May(Permissions.ManageRoles) ? "/administration/roles"
        : person.May(Permissions.ManageSettings) ? "/administration/skills"
        : person.May(Permissions.OperateJobs) ? "/administration/jobs"
        : person.May(Permissions.SeeAllWork) ? "/cases"
        : "/";
}
