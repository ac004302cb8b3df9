namespace Orchestration.Workflows.Notifications;

/// <summary>A kind of notification as people choose about it.</summary>
/// <param name="Kind">As stored.</param>
/// <param name="Title">Name on pages.</param>
public sealed record NotificationKind(string Kind, string Title);

/// <summary>The kinds a person can also get by e-mail. In the product they get all of them.</summary>
public static class NotificationKinds
{
    /// <summary>A supervisor changed a presence, or missed offers did.</summary>
    internal const string PresenceChanged = "person.presence-changed";

    /// <summary>A certificate expires soon.</summary>
    internal const string SkillExpires = "person.skill-expires";

    /// <summary>Figures of the last week, for supervisors and leads.</summary>
    internal const string WeeklyDigest = "performance.weekly";

    /// <summary>A check of history found differences.</summary>
    internal const string HistoryDiffers = "history.differs";

    /// <summary>A place outside has had no tree head for too long.</summary>
    internal const string HeadNotHeld = "history.head-not-held";

    /// <summary>Someone asks for an erasure, and another person has to decide.</summary>
    internal const string ErasureRequested = "erasure.requested";

    /// <summary>A reviewer recorded a finding that someone, or their team, has to remedy.</summary>
    internal const string FindingRecorded = "finding.recorded";

    /// <summary>A saved search over history found something, or couldn't run.</summary>
    internal const string SearchFound = "search.found";

    /// <summary>Someone proposes another policy of retention, and another person has to decide.</summary>
    internal const string RetentionProposed = "retention.proposed";

    /// <summary>A customer did something in their own view, and no task has an owner who would be told.</summary>
    internal const string CustomerWrote = "customer.wrote";

    /// <summary>A promise will probably be late, and someone is to ask the customer for a later date.</summary>
    internal const string DateAsked = "promise.date-asked";

    /// <summary>The owning team decided on what someone said about guidance.</summary>
    internal const string GuidanceDecided = "guidance.decided";

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<NotificationKind> All =
    [
        new("task.assigned", "Someone assigns work to me"),
        new("task.delegated", "Someone delegates work to me"),
        new("task.forwarded", "Someone forwards work to me"),
        new("task.taken-over", "Someone takes over my work"),
        new("task.returned", "My work is returned to me"),
        new("task.resumed", "My suspended work resumes"),
        new("task.cancelled", "My work is cancelled"),
        new("case.changed", "Someone changes a case I work on by hand"),
        new("task.mention", "Someone mentions me in a comment"),
        new("task.comment", "Someone comments on my work"),
        new(CustomerWrote, "A customer writes about work that is unassigned"),
        new("task.watched", "Something I watch is late or ends"),
        new("task.review-requested", "Someone requests my review"),
        new("task.review-approved", "My work was approved"),
        new("task.changes-requested", "My work needs changes"),
        new("task.review-returned", "My work needs another reviewer"),
        new("team.person-left", "Someone in my teams is deactivated"),
        new("person.substitute-left", "My substitute is deactivated"),
        new("person.changed", "My teams, roles or skills change"),
        new("person.second-factor-reset", "An administrator resets my second factor"),
        new(PresenceChanged, "Someone changes my presence, or I miss offers"),
        new(SkillExpires, "A certificate of mine or my team expires soon"),
        new(HistoryDiffers, "A check finds that history was altered"),
        new(DateAsked, "I'm to ask a customer for a later date"),
        new(SearchFound, "A saved search of mine finds something, or fails"),
        new(FindingRecorded, "A reviewer records a finding for me or a team I lead"),
        new(GuidanceDecided, "My proposal or report about guidance is accepted or declined"),
        new(HeadNotHeld, "Tree heads of history aren't held outside"),
        new(ErasureRequested, "Someone asks to erase a customer's data, and I can approve it"),
        new(RetentionProposed, "Someone proposes to change retention, and I can approve it"),
        new("sla.reminder", "My work is due soon"),
        new("sla.breached", "My work is overdue"),
        new(WeeklyDigest, "Weekly figures of my teams, on Monday"),
    ];

    /// <summary>Whether there is such a kind.</summary>
    public static bool Exists(string kind) => All.Any(one => one.Kind == kind);
}
