namespace Orchestration.Workflows.Notifications;

/// <summary>A kind of notification as people choose about it.</summary>
/// <param name="Kind">As stored.</param>
/// <param name="Title">What people read.</param>
public sealed record NotificationKind(string Kind, string Title);

/// <summary>The kinds a person may also want by e-mail. In the product everybody is told everything.</summary>
public static class NotificationKinds
{
    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<NotificationKind> All =
    [
        new("task.assigned", "Work is given to me"),
        new("task.delegated", "Somebody has me do their work"),
        new("task.forwarded", "Work is passed on to me"),
        new("task.taken-over", "Somebody takes over my work"),
        new("task.returned", "Work of mine comes back"),
        new("task.resumed", "Work of mine has waited long enough"),
        new("task.cancelled", "Work I have is no longer needed"),
        new("task.mention", "Somebody mentions me in a comment"),
        new("task.comment", "Somebody comments on my work"),
        new("task.watched", "Something I watch begins to need it, or ends"),
        new("task.review-requested", "Work waits for my review"),
        new("task.review-approved", "My work was approved"),
        new("task.changes-requested", "My work needs changes"),
        new("sla.reminder", "Something of mine is due soon"),
        new("sla.breached", "Something of mine is overdue"),
    ];

    /// <summary>Whether there is such a kind.</summary>
    public static bool Exists(string kind) => All.Any(one => one.Kind == kind);
}
