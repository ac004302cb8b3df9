using Microsoft.Extensions.Logging;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Settings;

/// <summary>A calendar or SLA policy in the database that can't be read, and so isn't in force.</summary>
/// <param name="Kind"><see cref="SettingKind.Calendar"/> or <see cref="SettingKind.Sla"/>.</param>
/// <param name="Name">Its id.</param>
/// <param name="Version">The version that can't be read.</param>
/// <param name="Reason">Why.</param>
public sealed record UnreadableSetting(string Kind, string Name, int Version, string Reason);

/// <summary>
/// The calendars and SLA policies in force, parsed, in this host's memory. Read-only snapshot, replaced as a whole when a
/// setting changed. Running clocks carry the policy they started with.
/// </summary>
public sealed partial class ServiceLevelCatalog(SettingDocuments settings, ILogger<ServiceLevelCatalog> log)
{
    /// <summary>Calendars that can stand for the office; the first one there is.</summary>
    private static readonly string[] OfficeCalendars = ["claims-office", "operations-centre", "mortgage-operations", "24x7"];

    private static readonly string[] UsualReasons = ["waitingForCustomer", "waitingForThirdParty", "waitingForColleague"];

    private volatile Snapshot _snapshot = new([], [], [], [], Enumerable.Empty<SlaPolicy>().ToLookup(_ => (SlaSubject.Task, "")));

    /// <summary>Calendars by id.</summary>
    public IReadOnlyDictionary<string, BusinessCalendar> Calendars => _snapshot.Calendars;

    /// <summary>Policies of cases that an event may start a clock of.</summary>
    internal IEnumerable<SlaPolicy> OfCase(string caseEvent) => _snapshot.ByStart[(SlaSubject.Case, caseEvent)];

    /// <summary>
    /// Task policies that an event can start a clock for: those the step names, and those with a condition on facts, which start wherever it holds.
    /// </summary>
    internal IEnumerable<SlaPolicy> OfTask(string taskEvent, string[] named) =>
        _snapshot.ByStart[(SlaSubject.Task, taskEvent)].Where(policy => policy.Start.Where.Count > 0 || named.Contains(policy.Id, StringComparer.Ordinal));

    /// <summary>Policies by id.</summary>
    public IReadOnlyDictionary<string, SlaPolicy> Policies => _snapshot.Policies;

    /// <summary>What can't be read. It is left out, and stops nothing else.</summary>
    public IReadOnlyList<UnreadableSetting> Unreadable => _snapshot.Unreadable;

    /// <summary>The reasons for which a task can be suspended: those the policies of tasks name, and the usual ones.</summary>
    public IReadOnlyList<string> PauseReasons =>
        [
            .. UsualReasons,
            .. _snapshot
                .Policies.Values.Where(policy => policy.Subject == SlaSubject.Task)
                .SelectMany(policy => policy.PauseReasons)
                .Distinct(StringComparer.OrdinalIgnoreCase)
                .Except(UsualReasons, StringComparer.OrdinalIgnoreCase)
                .Order(StringComparer.OrdinalIgnoreCase),
        ];

    /// <summary>Reads everything in force again.</summary>
    public async Task LoadAsync(CancellationToken cancel = default)
    {
        var documents = await settings.ListAsync(null, cancel);
        var calendars = new Dictionary<string, BusinessCalendar>();
        var versions = new Dictionary<string, BusinessCalendar>();
        var policies = new Dictionary<string, SlaPolicy>();
        var unreadable = new List<UnreadableSetting>();
        foreach (var document in documents.Where(d => d.Kind == SettingKind.Calendar))
        {
            if (BusinessCalendar.TryParse(document.Document, out var calendar, out var errors))
                versions[calendar.Fingerprint] = calendars[document.Name] = calendar;
            else
                Leave(document, errors);
        }

        foreach (var document in await settings.SupersededAsync(SettingKind.Calendar, cancel))
        {
            if (BusinessCalendar.TryParse(document.Document, out var calendar, out var errors))
                versions.TryAdd(calendar.Fingerprint, calendar);
            else
                Leave(document, errors);
        }

        foreach (var document in documents.Where(d => d.Kind == SettingKind.Sla))
        {
            if (SlaPolicy.TryParse(document.Document, calendars.ContainsKey, out var policy, out var errors))
                policies[document.Name] = policy;
            else
                Leave(document, errors);
        }

        foreach (var one in unreadable.Except(_snapshot.Unreadable))
            LeftOut(log, one.Kind, one.Name, one.Version, one.Reason);

        _snapshot = new(
            calendars,
            versions,
            policies,
            unreadable,
            policies
                .Values.OrderBy(p => p.Id, StringComparer.Ordinal)
                .SelectMany(p => p.Start.Events, (p, e) => (p.Subject, Event: e, Policy: p))
                .ToLookup(x => (x.Subject, x.Event), x => x.Policy)
        );

        void Leave(SettingDocument document, IReadOnlyList<DefinitionError> errors) =>
            unreadable.Add(new(document.Kind, document.Name, document.Version, string.Join("; ", errors.Select(error => $"{error.Path} {error.Reason}"))));
    }

    /// <summary>The policy a human step asks for, or the problem with it, or neither if it asks for none.</summary>
    public (SlaPolicy? Policy, string? Problem) Resolve(string? policy, string? duration, string? unit, string? calendar)
    {
        var snapshot = _snapshot;
        if (!string.IsNullOrWhiteSpace(policy))
            return Missing([policy]) is { } missing ? (null, missing) : (snapshot.Policies[policy], null);
        if (string.IsNullOrWhiteSpace(duration))
            return (null, null);
        if (!SlaTarget.TryParse(duration, unit ?? "elapsed", out var target, out var reason))
            return (null, $"SLA duration: {reason}.");
        var name = string.IsNullOrWhiteSpace(calendar) ? "24x7" : calendar;
        return !snapshot.Calendars.TryGetValue(name, out var hours) ? (null, $"There is no calendar '{name}'.")
            : !DueTimes.Fits(target, hours) ? (null, $"SLA duration: {duration} takes more than 40 years in the opening hours of calendar '{name}'.")
            : (SlaPolicy.Inline(target, name), null);
    }

    /// <summary>The calendar that stands for the office where nothing names one; null: there is no calendar.</summary>
    public BusinessCalendar? OfficeCalendar =>
        OfficeCalendars.Select(id => Calendars.GetValueOrDefault(id)).FirstOrDefault(calendar => calendar is not null)
        ?? Calendars.Values.OrderBy(calendar => calendar.Id, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The problem with the additional policies that a step names, or null.</summary>
    public string? Missing(IEnumerable<string> policies) =>
        policies.FirstOrDefault(name => !_snapshot.Policies.TryGetValue(name, out var policy) || policy.Subject != SlaSubject.Task) is { } missing
            ? _snapshot.Policies.ContainsKey(missing)
                ? $"The SLA policy '{missing}' applies to cases, not to tasks."
                : $"There is no SLA policy '{missing}'."
            : null;

    /// <summary>
    /// The very version of the calendar a clock was computed with: editing a calendar changes no running clock. One this host has not heard of yet is taken for
    /// the one in force.
    /// </summary>
    public BusinessCalendar CalendarOf(ClockState clock) =>
        FindCalendarOf(clock) ?? throw new InvalidOperationException($"Calendar '{clock.Policy.Calendar}' of policy '{clock.Policy.Id}' is missing.");

    /// <summary>The same; null when there is none.</summary>
    public BusinessCalendar? FindCalendarOf(ClockState clock) =>
        _snapshot.Versions.GetValueOrDefault(clock.CalendarFingerprint) ?? _snapshot.Calendars.GetValueOrDefault(clock.Policy.Calendar);

    [LoggerMessage(EventId = 205, Level = LogLevel.Error, Message = "The {Kind} {Name}, version {Version}, can't be read and isn't in force: {Reason}")]
    private static partial void LeftOut(ILogger log, string kind, string name, int version, string reason);

    private sealed record Snapshot(
        Dictionary<string, BusinessCalendar> Calendars,
        Dictionary<string, BusinessCalendar> Versions,
        Dictionary<string, SlaPolicy> Policies,
        List<UnreadableSetting> Unreadable,
        ILookup<(SlaSubject, string), SlaPolicy> ByStart
    );
}
