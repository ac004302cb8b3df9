using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Cases;

namespace Orchestration.Host.Cases;

/// <summary>One line of a timeline.</summary>
/// <param name="Icon">Tabler icon without <c>ti-</c>.</param>
/// <param name="Tone"><c>good</c>, <c>bad</c> or null.</param>
/// <param name="Text">What happened.</param>
/// <param name="More">Reason or explanation.</param>
/// <param name="Due">Due time that belongs to it.</param>
/// <param name="TaskId">Task to open.</param>
/// <param name="Weight">The heaviest line of a burst is its headline.</param>
public sealed record TimelineLine(string Icon, string? Tone, string Text, string? More, Instant? Due, Guid? TaskId, int Weight)
{
    /// <summary>What happens at <see cref="Due"/>.</summary>
    public string DueWord { get; init; } = "due";
}

/// <summary>The events of one burst: everything that was committed together.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Who set it off; null: the service itself.</param>
/// <param name="Lines">What matters to people, most important first.</param>
/// <param name="Technical">The engine's events, in order.</param>
public sealed record TimelineEntry(Instant At, string? Actor, IReadOnlyList<TimelineLine> Lines, IReadOnlyList<string> Technical);

/// <summary>History in words: newest first, one entry per burst.</summary>
internal sealed class Timeline(IReadOnlyDictionary<string, string> people, IReadOnlyDictionary<string, string> teams, CompiledWorkflow? workflow)
{
    private const string WorkflowType = "Elsa.Workflow";

    /// <summary>Names in history that people are to be looked up for: user names and ids.</summary>
    public static IEnumerable<string> People(IEnumerable<CaseEvent> events) =>
        events
            .SelectMany(e =>
                new[] { e.Actor, Text(e.Payload, "owner"), Text(e.Payload, "person"), Text(e.Payload, "previous"), Text(e.Payload, "requestedBy") }
            )
            .OfType<string>()
            .Distinct();

    public IReadOnlyList<TimelineEntry> Tell(IReadOnlyList<CaseEvent> events)
    {
        var entries = new List<TimelineEntry>();
        foreach (var burst in events.GroupBy(e => (e.At, e.Actor)))
        {
            var lines = burst.Select(Line).OfType<TimelineLine>().OrderByDescending(l => l.Weight).ToList();
            var technical = burst.Where(e => Line(e) is null && !IsOfBody(e)).Select(Technical).ToList();
            entries.Add(
                new(
                    burst.Key.At.ToInstant(),
                    people.GetValueOrDefault(burst.Key.Actor) ?? (burst.Key.Actor == "system" ? null : burst.Key.Actor),
                    lines,
                    technical
                )
            );
        }

        // What only moved the machine belongs to the entry after which it happened.
        entries.Reverse();
        return entries;
    }

    /// <summary>What a fix was said to do: “91% → 8% to be missed”.</summary>
    private static string? Forecast(CaseEvent e) =>
        e.Payload is { } told && told["before"] is JsonValue before && told["after"] is JsonValue after
            ? $"{Words.Percent(before.GetValue<double>())} → {Words.Percent(after.GetValue<double>())} to be missed"
            : null;

    /// <summary>One event as a sentence, or as technicians say it.</summary>
    public string Sentence(CaseEvent e) => Line(e)?.Text ?? Technical(e);

    private TimelineLine? Line(CaseEvent e)
    {
        var title = Text(e.Payload, "title") ?? Text(e.Payload, "task") ?? "";
        var clock = Text(e.Payload, "name");
        var reason = Text(e.Payload, "reason");
        Guid? task = e.Entity == "task" && Guid.TryParse(e.EntityId, out var id) ? id : null;
        return e.Action switch
        {
            "case.started" => new("flag", "good", "Case started", null, null, null, 100),
            "case.cancelled" => new("ban", "bad", "Case cancelled", reason, null, null, 100),
            "instance.cancelled" => new("ban", null, "Workflow cancelled", reason, null, null, 100),
            "history.erased" => new("eraser", null, "Personal data erased from the history", reason, null, null, 100),
            "case.exported" => new("file-export", null, "Case exported", Text(e.Payload, "format") == "proof" ? "with proofs" : null, null, null, 30),
            "case.removed" => new("trash", null, "Test case removed", null, null, null, 100),
            "task.completed" => new("check", "good", $"{title}: {Words.Humanize(Text(e.Payload, "outcome") ?? "")}", null, null, task, 90),
            "task.authority-exceeded" => new("scale", "bad", $"Above the authority limit: {title}", AboveLimit(e.Payload), null, task, 70),
            "task.cancelled" => new("circle-minus", null, $"No longer needed: {title}", reason, null, task, 60),
            "task.claimed" => new("hand-grab", null, $"Claimed: {title}", null, null, task, 80),
            "task.started" => new("player-play", null, $"Started: {title}", null, null, task, 80),
            "task.released" => new("arrow-back-up", null, $"Released: {title}", reason, null, task, 80),
            "task.assigned" => new("user-check", null, $"Assigned to {Name(e, "owner")}: {title}", reason, null, task, 80),
            "task.offered" => new("user-bolt", null, $"Offered to {Name(e, "person")}: {title}", null, Time(e, "until"), task, 45) { DueWord = "until" },
            "task.offer-declined" => new("user-x", null, $"Offer declined: {title}", reason, null, task, 50),
            "task.offer-expired" => new("clock-x", null, $"Offer expired: {title}", null, null, task, 45),
            "task.offer-withdrawn" => new("user-minus", null, $"Offer withdrawn: {title}", reason, null, task, 45),
            "task.opened" => new(
                "inbox",
                null,
                $"Next: {title}",
                Text(e.Payload, "team") is { } team ? $"for {teams.GetValueOrDefault(team, team)}" : null,
                Time(e, "due"),
                task,
                40
            ),
            "task.priority-raised" => new(
                "chevron-up",
                null,
                $"Priority raised to {Words.Priority(e.Payload?["to"]?.GetValue<int>() ?? 3).ToLowerInvariant()}: {title}",
                null,
                null,
                task,
                50
            ),
            "task.reassigned" => Text(e.Payload, "owner") is null
                ? new(
                    "users",
                    null,
                    $"Returned to {(Text(e.Payload, "team") is { } team ? teams.GetValueOrDefault(team, team) : "everyone")}: {title}",
                    null,
                    null,
                    task,
                    60
                )
                : new("user-up", null, $"Assigned to {Name(e, "owner")}: {title}", null, null, task, 60),
            "task.suspended" => new(
                "player-pause",
                null,
                $"Suspended: {title}",
                string.Join(
                    ": ",
                    new[] { Words.Humanize(reason ?? "").ToLowerInvariant(), Text(e.Payload, "note") }.Where(text => !string.IsNullOrEmpty(text))
                ),
                Time(e, "until"),
                task,
                80
            ),
            "task.resumed" => new("player-play", null, $"Resumed: {title}", null, null, task, 80),
            "task.stopped" => new("player-stop", null, $"Work stopped: {title}", null, null, task, 80),
            "task.delegated" => new("user-share", null, $"Delegated to {Name(e, "owner")}: {title}", reason, null, task, 80),
            "task.forwarded" => new("arrow-forward-up", null, $"Forwarded: {title}", reason, null, task, 80),
            "task.taken-over" => new("user-up", null, $"Taken over: {title}", null, null, task, 80),
            "task.returned" => new("arrow-back", "bad", $"Returned to {Text(e.Payload, "stepTitle")}: {title}", Text(e.Payload, "note"), null, task, 92),
            "task.skipped" => new("player-skip-forward", null, $"Skipped: {title}", reason, null, task, 90),
            "task.failed" => new("alert-circle", "bad", $"Failed: {title}", reason, null, task, 92),
            "task.prioritized" => new(
                "arrows-up-down",
                null,
                $"Priority {Words.Priority(e.Payload?["to"]?.GetValue<int>() ?? 3).ToLowerInvariant()}: {title}",
                reason,
                null,
                task,
                80
            ),
            "task.commented" => new("message", null, $"Comment on {title}", Text(e.Payload, "body"), null, task, 80),
            "task.attached" => new("paperclip", null, $"File attached to {title}", Text(e.Payload, "name"), null, task, 80),
            "task.review-requested" => new("eye-question", null, $"Review requested: {title}", null, null, task, 80),
            "task.review-started" => new("eye-check", null, $"Review started: {title}", null, null, task, 80),
            "task.review-released" => new("arrow-back-up", null, $"Review released: {title}", reason, null, task, 80),
            "task.skills-relaxed" => new("certificate-off", null, $"Preferred skills no longer apply: {title}", null, null, task, 50),
            "task.watched" => new("eye", null, $"Watcher added: {title}", null, null, task, 50),
            "case.watched" => new("eye", null, "Watcher added to the case", clock, null, null, 50),
            "task.changes-requested" => new("message-report", null, $"Changes requested: {title}", reason, null, task, 85),
            "sla.breached" => new(
                "flame",
                "bad",
                $"Overdue: {(title.Length > 0 ? title : clock ?? Words.Humanize(Text(e.Payload, "policy") ?? ""))}",
                null,
                Time(e, "due"),
                null,
                95
            ),
            "sla.rung" when (clock ?? title) is { Length: > 0 } over && Text(e.Payload, "over") is { } what => what == "window"
                ? new("clock-off", null, $"Window closed: {over}", null, null, null, 55)
                : new("hourglass-off", null, $"Waiting period ended: {over}", null, null, null, 55),
            "sla.started" when clock is not null => new("clock", null, $"Clock started: {clock}", null, Time(e, "due"), null, 35)
            {
                DueWord = Text(e.Payload, "wait") switch
                {
                    "window" => "closes",
                    "wait" => "ends",
                    _ => "due",
                },
            },
            "sla.met" when IsPromise(e) => new("circle-check", "good", $"Promise kept: {clock}", null, null, null, 45),
            "sla.missed" when IsPromise(e) => new("clock-x", "bad", $"Promise kept late: {clock}", null, null, null, 45),
            "sla.cancelled" when IsPromise(e) && Time(e, "due")?.ToDateTimeUtc() <= e.At => new(
                "heart-broken",
                "bad",
                $"Promise broken: {clock}",
                null,
                null,
                null,
                45
            ),
            "sla.cancelled" when IsPromise(e) => new("circle-minus", null, $"Promise no longer needed: {clock}", null, null, null, 30),
            "sla.met" when clock is not null => new("clock-check", "good", $"Completed on time: {clock}", null, null, null, 45),
            "sla.missed" when clock is not null => new("clock-x", "bad", $"Completed late: {clock}", null, null, null, 45),
            "sla.paused" when clock is not null => new("player-pause", null, $"Clock paused: {clock}", Reason(e), null, null, 45),
            "sla.resumed" when clock is not null => new("player-play", null, $"Clock resumed: {clock}", null, Time(e, "due"), null, 45),
            "sla.cancelled" when clock is not null => new("circle-minus", null, $"Clock cancelled: {clock}", null, null, null, 30),
            "sla.recomputed" => new("calculator", null, $"Recomputed: {clock}", reason, Time(e, "due"), null, 90),
            "sla.rung" when clock is not null => new("bell", null, $"Escalated at {Text(e.Payload, "rung")}: {clock}", null, null, null, 55),
            "promise.made" => new("heart-handshake", null, $"Promised: {title}", Text(e.Payload, "channel"), Time(e, "due"), null, 90),
            "promise.moved" => new("calendar-share", null, $"New date agreed: {title}", reason, Time(e, "due"), null, 90),
            "promise.date-asked" => new("calendar-question", null, $"Asked the customer for a later date: {title}", null, Time(e, "due"), null, 90)
            {
                DueWord = "until",
            },
            "fix.applied" => new("bandage", null, $"Fix of the forecast applied: {title}", Forecast(e), null, null, 60),
            "promise.kept" => new("circle-check", "good", $"Promise kept: {title}", reason, null, null, 90),
            "promise.kept-late" => new("clock-x", "bad", $"Promise kept late: {title}", reason, null, null, 90),
            "promise.broken" => new("heart-broken", "bad", $"Promise broken: {title}", reason, null, null, 90),
            "promise.withdrawn" => new("circle-minus", null, $"Promise withdrawn: {title}", reason, null, null, 90),
            "contact.recorded" => new(ContactText.Icon(Text(e.Payload, "channel")), null, ContactText.Of(e.Payload), Text(e.Payload, "note"), null, null, 90),
            "contact.answered" => new("message-check", null, "Message from the customer marked as answered", null, null, null, 70),
            "guidance.reported" => new("book-2", null, title, Text(e.Payload, "note"), null, null, 80),
            "customer.added" => new("user-plus", "good", "Customer added", null, null, null, 90),
            "customer.changed" => new("pencil", null, $"Customer changed: {ContactText.Fields(e.Payload)}", null, null, null, 70),
            "customer.marked-sensitive" => new("lock", null, "Marked as sensitive", null, null, null, 70),
            "customer.unmarked-sensitive" => new("lock-open", null, "No longer sensitive", null, null, null, 70),
            "customer.confirmed" => new("user-check", null, "Customer confirmed how to reach them", null, null, null, 70),
            "own-view.link-made" => new(
                "link",
                null,
                "Link for the customer made",
                Text(e.Payload, "sentTo") is { } to ? $"sent to {to}" : null,
                null,
                null,
                70
            ),
            "own-view.rating-asked" => new("star", null, "Customer asked for a rating", $"sent to {Text(e.Payload, "sentTo")}", null, null, 70),
            "own-view.link-revoked" => new("link-off", null, "Link for the customer revoked", reason, null, null, 70),
            "case.rated" => new(
                "star",
                Text(e.Payload, "satisfaction") is "4" or "5" ? "good"
                    : Text(e.Payload, "satisfaction") is "1" or "2" ? "bad"
                    : null,
                $"Rated by the customer: {e.Payload?["satisfaction"]} of 5",
                Text(e.Payload, "comment"),
                null,
                null,
                90
            ),
            "customer.merged" => new(
                "arrows-join",
                null,
                $"Merged: {Text(e.Payload, "name")} ({Text(e.Payload, "number")}) into {Text(e.Payload, "into")}",
                null,
                null,
                null,
                90
            ),
            "customer.unmerged" => new(
                "arrows-split",
                null,
                $"Merging undone: {Text(e.Payload, "name")} ({Text(e.Payload, "number")}) from {Text(e.Payload, "from")}",
                null,
                null,
                null,
                90
            ),
            "sla.rung" when title.Length > 0 => new("bell", null, $"Escalated at {Text(e.Payload, "rung")}: {title}", null, null, null, 55),
            "instance.altered" => Altered(e),
            "case.change-requested" => new("user-question", null, $"Change requested: {Text(e.Payload, "summary")}", reason, null, null, 90),
            "case.change-refused" => new("user-x", null, $"Change refused: {Text(e.Payload, "summary")}", reason, null, null, 90),
            "effect.retried" => new("refresh", null, $"Sent again: {Effect(e)}", null, null, null, 85),
            "effect.discarded" => new("trash", "bad", $"Discarded: {Effect(e)}", reason, null, null, 90),
            "effect.dropped" => new("circle-minus", null, $"Not sent: {Effect(e)}", reason, null, null, 45),
            "incident.retried" => new("refresh", null, "Failed step retried", reason, null, null, 85),
            "Faulted" => new("alert-triangle", "bad", $"Failed: {Activity(e)}", Text(e.Payload, "message"), null, null, 98),
            "effect.given-up" => new("plug-connected-x", "bad", "An external system could not be reached", Text(e.Payload, "error"), null, null, 97),
            _ => null,
        };
    }

    /// <summary>A change by hand, with its reason and who asked for it.</summary>
    private TimelineLine Altered(CaseEvent e)
    {
        var step = Text(e.Payload, "activity") is { } id
            ? workflow?.FindActivity(id) is { } node
                ? node.Literal("Title") as string ?? Words.Humanize(node.Name ?? id)
                : Words.Humanize(id)
            : "a step";
        var (icon, tone, text) = Text(e.Payload, "type") switch
        {
            "Migrate" => ("versions", null, $"Continues in version {e.Payload!["version"]} of the journey"),
            "ModifyVariable" => ("tool", null, $"Changed by hand: {Words.Humanize(Text(e.Payload, "variable") ?? "")}"),
            "ScheduleActivity" => ("tool", null, $"Run by hand: {step}"),
            "CancelActivity" => ("tool", null, $"Stopped by hand: {step}"),
            "Cancel" => ("ban", "bad", "Case cancelled"),
            _ => ("tool", (string?)null, "Changed by hand"),
        };
        var requester = Text(e.Payload, "requestedBy") is { } who ? $"Requested by {people.GetValueOrDefault(who, who)}" : null;
        var more = string.Join(" · ", new[] { Text(e.Payload, "reason"), requester }.OfType<string>());
        return new(icon, tone, text, more.Length > 0 ? more : null, null, null, 90);
    }

    /// <summary>The pause reason of a clock in words: <c>step:requestInformation</c> is a step of the journey.</summary>
    private string? Reason(CaseEvent e) =>
        Text(e.Payload, "reason") is not { } reason ? null
        : reason.StartsWith("step:", StringComparison.Ordinal) ? $"waiting for: {StepName(workflow, reason[5..]).ToLowerInvariant()}"
        : reason.StartsWith("event:", StringComparison.Ordinal) ? $"waiting for: {Words.Humanize(reason[6..]).ToLowerInvariant()}"
        : Words.Humanize(reason).ToLowerInvariant();

    private string Technical(CaseEvent e) =>
        e.Entity == JournalEvents.Entity
            ? $"{e.Action} {Activity(e)}"
            : e.Action switch
            {
                "sla.started" => $"Clock started: {Clock(e)}",
                "sla.met" => $"Completed on time: {Clock(e)}",
                "sla.missed" => $"Completed late: {Clock(e)}",
                "sla.cancelled" => $"Clock cancelled: {Clock(e)}",
                "sla.over" => $"{(Text(e.Payload, "wait") == "window" ? "Window closed" : "Waiting period ended")}: {Clock(e)}",
                "sla.paused" => $"Clock paused: {Clock(e)}",
                "sla.resumed" => $"Clock resumed: {Clock(e)}",
                "sla.rung" => $"Escalated at {Text(e.Payload, "rung")}: {Clock(e)}",
                "sla.rung-skipped" => $"Rung {Text(e.Payload, "rung")} skipped because a higher rung applies: {Clock(e)}",
                "effect.done" => $"Sent: {Effect(e)}",
                _ => Words.Humanize(e.Action.Replace('.', '-')),
            };

    private static bool IsPromise(CaseEvent e) => Text(e.Payload, "policy") == "promise";

    private static string Clock(CaseEvent e) => Text(e.Payload, "name") ?? Words.Humanize(Text(e.Payload, "policy") ?? "");

    private static string Effect(CaseEvent e) =>
        Text(e.Payload, "kind") switch
        {
            "email" => "email",
            "own-view-link" => "link to the customer",
            "webhook" => "webhook",
            "http" => "HTTP request",
            var kind => Words.Humanize(kind ?? "message").ToLowerInvariant(),
        };

    private string Activity(CaseEvent e) =>
        e.ActivityType == WorkflowType && workflow?.FindActivity(e.ActivityId ?? "") is null ? "the journey" : StepName(workflow, e.ActivityId ?? "");

    /// <summary>What people call a step: its title, its text on the canvas or its name; the journey's name for what holds all steps.</summary>
    public static string StepName(CompiledWorkflow? workflow, string activity)
    {
        if (workflow?.FindActivity(activity) is not { } node)
            return activity.Length == 0 ? "a step" : Words.Humanize(activity);
        if (node.Parent is null || IsBody(node))
            return workflow.Name ?? Words.Humanize(workflow.DefinitionId);
        if (node.Literal("Title") is string { Length: > 0 } title)
            return title;

        // The designer numbers what the analyst doesn't name: Sequence1.
        var type = node.TypeName[(node.TypeName.LastIndexOf('.') + 1)..];
        var name = node.CanvasText ?? node.Name ?? node.Id;
        return Words.Humanize(name.StartsWith(type, StringComparison.Ordinal) && name[type.Length..].All(char.IsAsciiDigit) ? type : name);
    }

    private static string? AboveLimit(JsonNode? payload) =>
        payload?["authority"] is JsonObject use && use["amount"] is JsonValue amount
            ? Words.Money(amount.GetValue<decimal>(), Text(use, "currency"))
                + (use["limit"] is JsonValue limit ? $", limit {Words.Money(limit.GetValue<decimal>(), Text(use, "currency"))}" : ", no limit of their roles")
            : null;

    private static bool IsBody(ActivityNode node) => node.Parent is { Parent: null } && node.Children.Count > 0;

    /// <summary>What happens to the body of a journey happens to the journey, and is told of that.</summary>
    private bool IsOfBody(CaseEvent e) =>
        e.Entity == JournalEvents.Entity && e.ActivityId is { } id && e.Action != "Faulted" && workflow?.FindActivity(id) is { } node && IsBody(node);

    private string Name(CaseEvent e, string member) => Text(e.Payload, member) is { } who ? people.GetValueOrDefault(who, who) : "no one";

    private static Instant? Time(CaseEvent e, string member) =>
        Text(e.Payload, member) is { } text && InstantPattern.ExtendedIso.Parse(text) is { Success: true } parsed ? parsed.Value : null;

    private static string? Text(JsonNode? payload, string member) =>
        payload is JsonObject members && members[member] is JsonValue value
            ? value.TryGetValue<string>(out var text)
                ? text
                : value.ToString()
            : null;
}
