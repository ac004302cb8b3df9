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
        new("task.cancelled", "Work I have is no longer needed"),
        new("task.mentioned", "Somebody mentions me in a comment"),
        new("task.review", "Work waits for my review, or mine was reviewed"),
        new("sla.reminder", "Something of mine is due soon"),
        new("sla.breached", "Something of mine is overdue"),
        new("watch", "Something I watch changes"),
    ];

    /// <summary>Whether there is such a kind.</summary>
    public static bool Exists(string kind) => All.Any(one => one.Kind == kind);
}
