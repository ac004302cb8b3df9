using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Shell;

/// <summary>The left navigation. A feature adds its entry here, with who sees it; its endpoints check permissions themselves.</summary>
internal static class Navigation
{
    public const string MyWork = "my-work";
    public const string Team = "team";
    public const string Forecast = "forecast";
    public const string Performance = "performance";
    public const string Shifts = "shifts";
    public const string Skills = "skills";
    public const string Cases = "cases";
    public const string StartCase = "start-case";
    public const string Customers = "customers";
    public const string FrontOffice = "front-office";
    public const string Promises = "promises";
    public const string Guidance = "guidance";
    public const string Designer = "designer";
    public const string TestCase = "test-case";
    public const string Changes = "changes";
    public const string People = "people";
    public const string Compliance = "compliance";

    private static readonly Group[] Groups =
    [
        new(
            null,
            [
                new(FrontOffice, "Front office", "headset", "/front-office", PermissionHolders.IsFrontOffice, "f"),
                new(MyWork, "My work", "checkbox", "/", _ => true, "w"),
                new(Team, "Team", "users", "/team", Policies.Steers, "t"),
                new(Forecast, "Forecast", "trending-up", "/forecast", Policies.Steers),
                new(Performance, "Performance", "chart-histogram", "/performance", _ => true),
                new(Shifts, "Shifts", "calendar-time", "/shifts", Policies.Steers),
                new(Skills, "Skills", "certificate", "/skills", Policies.Steers),
                new(Customers, "Customers", "address-book", "/customers", _ => true, "u"),
                new(
                    Promises,
                    "Promises",
                    "heart-handshake",
                    "/promises",
                    person => Policies.Steers(person) || PermissionHolders.IsFrontOffice(person) || person.Is(Roles.Compliance)
                ),
                new(Cases, "Cases", "folders", "/cases", _ => true, "c"),
                new(Guidance, "Guidance", "book-2", "/guidance", _ => true),
                new(StartCase, "Start a case", "circle-plus", "/start", person => person.May(Permissions.StartCases)),
            ]
        ),
        new(
            "Manage",
            [
                new(Designer, "Designer", "sitemap", "/studio", person => person.May(Permissions.EditJourneys)),
                new(TestCase, "Test a journey", "flask", "/start?test=true", person => person.May(Permissions.StartTests)),
                new(Changes, "Requested changes", "user-question", "/changes", person => person.May(Permissions.AlterCases)),
                new(Compliance, "Compliance", "shield-check", "/compliance", person => CompliancePages.For(person).Any()),
                new(People, "Administration", "settings", "/administration/people", person => AdministrationPages.For(person).Any()),
            ]
        ),
    ];

    /// <summary>The entries a person sees.</summary>
    public static IEnumerable<Group> For(Person person) =>
        Groups
            .Select(group =>
                group with
                {
                    Items =
                    [
                        .. group
                            .Items.Where(item => item.Visible(person))
                            .Select(item =>
                                item.Section switch
                                {
                                    People => item with { Href = AdministrationPages.For(person).First().Href },
                                    Compliance => item with { Href = CompliancePages.For(person).First().Href },
                                    _ => item,
                                }
                            ),
                    ],
                }
            )
            .Where(group => group.Items.Count > 0);

    internal sealed record Group(string? Title, IReadOnlyList<Item> Items);

    /// <param name="Section">Its constant.</param>
    /// <param name="Title">Its label.</param>
    /// <param name="Icon">Tabler icon without <c>ti-</c>.</param>
    /// <param name="Href">Its address.</param>
    /// <param name="Visible">Who sees it.</param>
    /// <param name="Key">Key that goes there after <c>g</c>.</param>
    internal sealed record Item(string Section, string Title, string Icon, string Href, Func<Person, bool> Visible, string? Key = null);
}
