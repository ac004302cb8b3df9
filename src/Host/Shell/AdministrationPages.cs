using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Shell;

/// <summary>A page of the administration.</summary>
/// <param name="Href">Its path.</param>
/// <param name="Title">Its tab.</param>
/// <param name="Visible">Who may open it.</param>
internal sealed record AdministrationPages(string Href, string Title, Func<Person, bool> Visible)
{
    private static readonly AdministrationPages[] All =
    [
        new("/administration/people", "People", person => person.May(Permissions.ManagePeople)),
        new("/administration/teams", "Teams", person => person.May(Permissions.ManagePeople)),
        new("/administration/roles", "Roles", person => person.May(Permissions.ManageRoles)),
        new("/administration/access", "Who can do what", Policies.SeesAccess),
        new("/administration/skills", "Skills", person => person.May(Permissions.ManageSettings)),
        new("/administration/calendars", "Calendars", person => person.May(Permissions.ManageSettings)),
        new("/administration/policies", "Service levels", person => person.May(Permissions.ManageSettings)),
        new("/administration/jobs", "Jobs", person => person.May(Permissions.OperateJobs)),
        new("/administration/webhooks", "Webhooks", person => person.May(Permissions.ManageSettings)),
        new("/administration/notifications", "Email", person => person.May(Permissions.ManageSettings)),
    ];

    /// <summary>Those that someone may open.</summary>
    public static IEnumerable<AdministrationPages> For(Person person) => All.Where(page => page.Visible(person));
}
