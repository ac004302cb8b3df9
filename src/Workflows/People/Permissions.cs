using System.Collections.Frozen;

namespace Orchestration.Workflows.People;

/// <summary>Something a person may do, whatever their teams.</summary>
/// <param name="Key">As roles and the API name it.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Sentence">What it allows.</param>
public sealed record Permission(string Key, string Title, string Sentence);

/// <summary>
/// All permissions, and which of them the shipped roles have. This is the one place that says so: endpoints, pages and rules ask
/// <see cref="Person.May"/>. What people may do with a task or case because of their team is not here.
/// </summary>
public static class Permissions
{
    /// <summary>See every task and case.</summary>
    public const string SeeAllWork = "work:see-all";

    /// <summary>Comment on tasks of others.</summary>
    public const string Contribute = "work:contribute";

    /// <summary>Steer all teams.</summary>
    public const string SteerTeams = "teams:steer";

    /// <summary>See offers of all teams.</summary>
    public const string SeeOffers = "offers:see";

    /// <summary>Start cases for customers.</summary>
    public const string StartCases = "cases:start";

    /// <summary>Change live cases by hand.</summary>
    public const string AlterCases = "cases:alter";

    /// <summary>Start test cases.</summary>
    public const string StartTests = "tests:start";

    /// <summary>Remove test cases of others.</summary>
    public const string RemoveTests = "tests:remove";

    /// <summary>Enter, merge and import customers.</summary>
    public const string KeepCustomers = "customers:keep";

    /// <summary>See why customers need particular care.</summary>
    public const string SeeVulnerability = "customers:see-vulnerability";

    /// <summary>Mark customers as sensitive.</summary>
    public const string MarkSensitive = "customers:mark-sensitive";

    /// <summary>See journeys in the designer.</summary>
    public const string ReadJourneys = "journeys:read";

    /// <summary>Design journeys.</summary>
    public const string EditJourneys = "journeys:edit";

    /// <summary>Publish journeys.</summary>
    public const string PublishJourneys = "journeys:publish";

    /// <summary>Start and cancel runs in the designer.</summary>
    public const string RunJourneys = "journeys:run";

    /// <summary>Pause automatic progress.</summary>
    public const string OperateJourneys = "journeys:operate";

    /// <summary>Publish events.</summary>
    public const string PublishEvents = "events:publish";

    /// <summary>Look after people and teams.</summary>
    public const string ManagePeople = "people:manage";

    /// <summary>Compose roles.</summary>
    public const string ManageRoles = "roles:manage";

    /// <summary>Change settings.</summary>
    public const string ManageSettings = "settings:manage";

    /// <summary>Pause and retry jobs.</summary>
    public const string OperateJobs = "jobs:operate";

    /// <summary>Check and prove history.</summary>
    public const string ReviewHistory = "history:review";

    /// <summary>Place legal holds, set retention, ask for erasures, export logs.</summary>
    public const string KeepRecords = "records:keep";

    /// <summary>Decide requests to erase a customer's data, and proposals to change retention.</summary>
    public const string DecideErasures = "erasures:decide";

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<Permission> All =
    [
        new(SeeAllWork, "See all work", "Sees every case and task, also of teams they don't belong to."),
        new(Contribute, "Comment on all work", "Comments on tasks and attaches files to them without having worked on them."),
        new(SteerTeams, "Steer all teams", "Assigns, moves and prioritizes work of every team, plans shifts, and sees forecasts and figures."),
        new(SeeOffers, "See offers", "Sees to whom work of any team was offered, and why."),
        new(StartCases, "Start cases", "Starts cases for customers, and makes promises and contacts."),
        new(AlterCases, "Change live cases", "Changes, cancels and retries live cases by hand, and decides on such changes of others."),
        new(StartTests, "Start test cases", "Tries out journeys with test cases."),
        new(RemoveTests, "Remove test cases", "Removes test cases that someone else started."),
        new(KeepCustomers, "Keep customers", "Adds, edits, merges and imports customers."),
        new(SeeVulnerability, "See vulnerabilities", "Sees why customers need particular care."),
        new(MarkSensitive, "Mark sensitive customers", "Says whose records nobody opens without a reason, and sees why."),
        new(ReadJourneys, "Read journeys", "Opens journeys and their runs in the designer."),
        new(EditJourneys, "Design journeys", "Edits, imports and removes drafts of journeys."),
        new(PublishJourneys, "Publish journeys", "Puts a version of a journey into use, and takes it out again."),
        new(RunJourneys, "Run journeys", "Starts, cancels and repairs runs in the designer."),
        new(OperateJourneys, "Pause journeys", "Pauses and resumes automatic progress on all hosts."),
        new(PublishEvents, "Publish events", "Publishes events that journeys wait for."),
        new(ManagePeople, "Manage people", "Adds, changes and deactivates people and teams, gives roles, and ends sessions."),
        new(ManageRoles, "Compose roles", "Says which permissions a role has."),
        new(ManageSettings, "Change settings", "Changes calendars, service levels, skills, webhooks and email defaults."),
        new(OperateJobs, "Operate jobs", "Pauses, resumes and retries background jobs and messages."),
        new(ReviewHistory, "Review history", "Searches, checks and proves history, and sees who opened which records."),
        new(KeepRecords, "Keep records", "Places legal holds, sets retention, asks for erasures, and exports cases and logs."),
        new(DecideErasures, "Decide erasures", "Approves or refuses what others ask for: to erase a customer's data, or to change retention."),
    ];

    /// <summary>What the shipped roles may do. Administrators compose others; these don't change.</summary>
    private static readonly FrozenDictionary<string, FrozenSet<string>> Shipped = new Dictionary<string, string[]>
    {
        [Roles.Analyst] = [StartTests, ReadJourneys, EditJourneys, PublishJourneys, RunJourneys, PublishEvents],
        [Roles.Employee] = [StartCases],
        [Roles.Supervisor] =
        [
            SeeAllWork,
            Contribute,
            SteerTeams,
            SeeOffers,
            StartCases,
            AlterCases,
            KeepCustomers,
            SeeVulnerability,
            MarkSensitive,
            ReadJourneys,
        ],
        [Roles.FrontOffice] = [SeeAllWork, Contribute, StartCases, KeepCustomers, SeeVulnerability],
        [Roles.Compliance] = [SeeAllWork, SeeOffers, SeeVulnerability, MarkSensitive, ReadJourneys, ReviewHistory, KeepRecords, DecideErasures],
        [Roles.Administrator] = [.. All.Select(permission => permission.Key).Except([SeeVulnerability, MarkSensitive, ReviewHistory, KeepRecords])],
    }.ToFrozenDictionary(role => role.Key, role => role.Value.ToFrozenSet());

    /// <summary>What a shipped role may do; nothing for another one.</summary>
    public static IReadOnlySet<string> Of(string role) => Shipped.GetValueOrDefault(role) ?? FrozenSet<string>.Empty;

    /// <summary>Whether there is such a permission.</summary>
    public static bool Exists(string key) => All.Any(permission => permission.Key == key);

    /// <summary>Its name on pages.</summary>
    public static string Title(string key) => All.FirstOrDefault(permission => permission.Key == key)?.Title ?? key;
}

/// <summary>Two permissions that one person shouldn't have together.</summary>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
/// <param name="Reason">Why, as a sentence.</param>
public sealed record DutyRule(string First, string Second, string Reason)
{
    /// <summary>All rules.</summary>
    public static readonly IReadOnlyList<DutyRule> All =
    [
        new(Permissions.EditJourneys, Permissions.PublishJourneys, "The person who designs a journey isn't the one who puts it into use."),
        new(Permissions.ManagePeople, Permissions.SeeAllWork, "The person who administers people doesn't read cases."),
        new(Permissions.ManagePeople, Permissions.ManageRoles, "The person who gives roles doesn't say what a role may do."),
        new(Permissions.ManageSettings, Permissions.SteerTeams, "The person who sets service levels isn't the one whose teams are measured by them."),
        new(Permissions.ReviewHistory, Permissions.AlterCases, "The person who reviews what happened to cases doesn't change them."),
        new(Permissions.ReviewHistory, Permissions.ManagePeople, "The person who reviews changes of access doesn't make them."),
    ];

    /// <summary>The rules that someone with these permissions breaks.</summary>
    public static IEnumerable<DutyRule> BrokenBy(IReadOnlySet<string> permissions) =>
        All.Where(rule => permissions.Contains(rule.First) && permissions.Contains(rule.Second));
}
