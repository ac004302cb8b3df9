using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using SlaClock = Orchestration.Workflows.ServiceLevels.Clock;
using SlaLadder = Orchestration.Workflows.ServiceLevels.Ladder;

namespace Orchestration.Host.ServiceLevels;

/// <summary>A calendar or policy in a list.</summary>
/// <param name="Revision">Version in force; send it back when you save.</param>
/// <param name="Origin">file: as shipped; person: edited here.</param>
public sealed record ServiceLevelItem(string Id, string Name, int Revision, string Origin, string ChangedBy, DateTime ChangedAt);

/// <summary>A calendar or policy.</summary>
public sealed record ServiceLevelDocument(string Id, int Revision, string Origin, string ChangedBy, DateTime ChangedAt, JsonNode Document);

/// <summary>A new version.</summary>
/// <param name="Revision">Revision that you last saw; 0 for a new one.</param>
/// <param name="Document">As in definitions/calendars and definitions/sla.</param>
public sealed record SaveServiceLevelBody(int? Revision, JsonObject? Document);

/// <summary>What to try.</summary>
/// <param name="Id">The one in force …</param>
/// <param name="Document">… or one that is not saved.</param>
/// <param name="Start">When the clock starts; also the first day shown. Default: now.</param>
/// <param name="Anchor">For backward policies: the date to count back from.</param>
/// <param name="Days">How many days of opening hours to show, 1 to 60. Default: 14.</param>
public sealed record PreviewBody(string? Id, JsonObject? Document, DateTimeOffset? Start, DateTimeOffset? Anchor, int Days = 14);

/// <summary>Opening hours of one day.</summary>
/// <param name="Open">Local times such as 08:00–17:00; empty when closed.</param>
/// <param name="Holiday">Name of the holiday or half day, or null.</param>
public sealed record CalendarDay(string Date, string Weekday, IReadOnlyList<string> Open, string? Holiday);

/// <summary>A calendar tried out.</summary>
/// <param name="Days">Opening hours, day by day.</param>
/// <param name="Holidays">Holidays and half days of the year of the start.</param>
public sealed record CalendarPreview(string Name, string Zone, IReadOnlyList<CalendarDay> Days, IReadOnlyList<CalendarDay> Holidays);

/// <summary>A policy tried out.</summary>
public sealed record PolicyPreview(
    string Name,
    string Target,
    string Calendar,
    DateTime StartedAt,
    DateTime DueAt,
    IReadOnlyList<ClockRung> Ladder,
    IReadOnlyList<string> Steps
);

internal static class ServiceLevelEndpoints
{
    public static void MapServiceLevels(this WebApplication app)
    {
        app.MapServiceLevelPages();
        Map(app.MapGroup("/api/calendars").WithTags("Calendars"), SettingKind.Calendar, "calendar")
            .MapPost("/preview", PreviewCalendar)
            .WithSummary("Previews the opening hours and holidays of a calendar, saved or not")
            .ProducesProblem(404)
            .ProducesProblem(422);
        Map(app.MapGroup("/api/sla-policies").WithTags("SLA policies"), SettingKind.Sla, "SLA policy")
            .MapPost("/preview", PreviewPolicy)
            .WithSummary("Previews when a clock of a policy, saved or not, is due, and its rungs")
            .ProducesProblem(404)
            .ProducesProblem(422);
    }

    private static RouteGroupBuilder Map(RouteGroupBuilder group, string kind, string what)
    {
        group
            .MapGet(
                "",
                async (SettingDocuments settings, ServiceLevelCatalog catalog, CancellationToken cancel) =>
                    TypedResults.Ok(
                        (await settings.ListAsync(kind, cancel))
                            .Select(d => new ServiceLevelItem(d.Name, NameOf(catalog, kind, d.Name), d.Version, d.Origin, d.ChangedBy, d.ChangedAt))
                            .ToList()
                    )
            )
            .WithSummary($"Lists the current revision of every {what}");
        group
            .MapGet(
                "/{id}",
                async Task<Results<Ok<ServiceLevelDocument>, ProblemHttpResult>> (string id, SettingDocuments settings, CancellationToken cancel) =>
                    await settings.FindAsync(kind, id, cancel) is { } d
                        ? TypedResults.Ok(new ServiceLevelDocument(d.Name, d.Version, d.Origin, d.ChangedBy, d.ChangedAt, JsonNode.Parse(d.Document)!))
                        : Problems.NotFound(what, id)
            )
            .WithSummary($"Gets the current revision of the {what}")
            .ProducesProblem(404);
        group
            .MapPut(
                "/{id}",
                (
                    string id,
                    SaveServiceLevelBody body,
                    SettingDocuments settings,
                    ServiceLevelCatalog catalog,
                    Person me,
                    IClock clock,
                    CancellationToken cancel
                ) => SaveAsync(kind, id, body, settings, catalog, me, clock, cancel)
            )
            .RequireAuthorization(Permissions.ManageSettings)
            .WithSummary($"Saves a new revision of the {what}; running clocks keep theirs until recomputed")
            .ProducesProblem(409)
            .ProducesProblem(422);
        return group;
    }

    internal const string NameReason = "must be at most 100 letters, digits, hyphens, dots and underscores";

    internal static bool IsName(string id) => id.Length is > 0 and <= 100 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    internal static string NameOf(ServiceLevelCatalog catalog, string kind, string id) =>
        kind == SettingKind.Calendar ? catalog.Calendars.GetValueOrDefault(id)?.Name ?? id : catalog.Policies.GetValueOrDefault(id)?.Name ?? id;

    private static async Task<Results<Ok<ServiceLevelDocument>, ProblemHttpResult>> SaveAsync(
        string kind,
        string id,
        SaveServiceLevelBody body,
        SettingDocuments settings,
        ServiceLevelCatalog catalog,
        Person me,
        IClock clock,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Document is null)
            errors["document"] = ["is required"];
        if (body.Revision is not >= 0)
            errors["revision"] = ["is required: the revision you last read, or 0 for a new document"];
        if (!IsName(id))
            errors["id"] = [NameReason];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        switch (await SaveServiceLevel.RunAsync(settings, catalog, kind, id, body.Revision!.Value, body.Document!, me, clock.Now(), cancel))
        {
            case SaveServiceLevelResult.Saved:
                var saved = (await settings.FindAsync(kind, id, cancel))!;
                return TypedResults.Ok(
                    new ServiceLevelDocument(saved.Name, saved.Version, saved.Origin, saved.ChangedBy, saved.ChangedAt, JsonNode.Parse(saved.Document)!)
                );
            case SaveServiceLevelResult.Stale stale:
                return Problems.Of(
                    409,
                    "stale-revision",
                    "The document has changed",
                    $"You sent revision {body.Revision}; the current revision is {stale.Revision}. Review it and try again.",
                    ("revision", stale.Revision)
                );
            case SaveServiceLevelResult.Invalid invalid:
                return Wrong(invalid.Errors);
            default:
                throw new InvalidOperationException("No such result.");
        }
    }

    private static Results<Ok<CalendarPreview>, ProblemHttpResult> PreviewCalendar(PreviewBody body, ServiceLevelCatalog catalog, IClock clock)
    {
        if (Checked(body, out var start, out _, clock) is { } refused)
            return refused;
        BusinessCalendar? calendar;
        if (body.Document is { } document)
        {
            if (!BusinessCalendar.TryParse(document.ToJsonString(), out calendar, out var errors))
                return Wrong(errors);
        }
        else if (!catalog.Calendars.TryGetValue(body.Id!, out calendar))
        {
            return Problems.NotFound("calendar", body.Id!);
        }

        return TypedResults.Ok(Preview(calendar, start, body.Days));
    }

    internal static CalendarPreview Preview(BusinessCalendar calendar, Instant start, int days)
    {
        var first = start.InZone(calendar.Zone).Date;
        return new(
            calendar.Name,
            calendar.Zone.Id,
            [.. Enumerable.Range(0, days).Select(i => Day(calendar, first.PlusDays(i)))],
            [.. calendar.HolidaysIn(first.Year).Select(h => Day(calendar, h.Date))]
        );
    }

    internal static CalendarDay Day(BusinessCalendar calendar, LocalDate date)
    {
        var (from, to) = (calendar.Zone.AtStartOfDay(date.PlusDays(-1)).ToInstant(), calendar.Zone.AtStartOfDay(date.PlusDays(2)).ToInstant());
        var open = calendar.Openings(from, to).Where(o => o.Day == date).Select(o => $"{Time(o.Open.Start)}–{Time(o.Open.End)}").ToList();
        return new(LocalDatePattern.Iso.Format(date), date.ToString("ddd", CultureInfo.InvariantCulture), open, calendar.HolidayOn(date));

        string Time(Instant at) =>
            at.InZone(calendar.Zone) is var local && local.Date > date && local.TimeOfDay == LocalTime.Midnight
                ? "24:00"
                : local.TimeOfDay.ToString("HH:mm", CultureInfo.InvariantCulture);
    }

    private static Results<Ok<PolicyPreview>, ProblemHttpResult> PreviewPolicy(PreviewBody body, ServiceLevelCatalog catalog, IClock clock)
    {
        if (Checked(body, out var start, out var anchor, clock) is { } refused)
            return refused;
        SlaPolicy? policy;
        if (body.Document is { } document)
        {
            if (!SlaPolicy.TryParse(document.ToJsonString(), catalog.Calendars.ContainsKey, out policy, out var errors))
                return Wrong(errors);
        }
        else if (!catalog.Policies.TryGetValue(body.Id!, out policy))
        {
            return Problems.NotFound("SLA policy", body.Id!);
        }

        if (policy.Direction == ClockDirection.Backward && anchor is null)
            return Problems.Invalid(new() { ["anchor"] = ["is required: this policy counts back from a date"] });
        return TypedResults.Ok(Preview(policy, catalog.Calendars[policy.Calendar], start, anchor));
    }

    internal static PolicyPreview Preview(SlaPolicy policy, BusinessCalendar calendar, Instant start, Instant? anchor)
    {
        var state = SlaClock.Start(policy, calendar, start, start, "as a trial", policy.Direction == ClockDirection.Backward ? anchor : null);
        return new(
            policy.Name,
            state.Target.ToString(),
            $"{calendar.Name} ({calendar.Zone.Id})",
            start.ToDateTimeUtc(),
            state.OriginalDueAt.ToDateTimeUtc(),
            [.. SlaLadder.Rungs(state, calendar).Select(rung => new ClockRung(rung.Rung.Key, rung.DueAt.ToDateTimeUtc(), null, null))],
            ClockLedger.Explain(state, calendar, start).Steps
        );
    }

    private static ProblemHttpResult? Checked(PreviewBody body, out Instant start, out Instant? anchor, IClock clock)
    {
        var errors = new Dictionary<string, string[]>();
        start = body.Start is { } from ? Instant.FromDateTimeOffset(from) : clock.Now();
        anchor = body.Anchor is { } back ? Instant.FromDateTimeOffset(back) : null;
        if (body.Id is null == body.Document is null)
            errors["id"] = ["provide either an id or a document"];
        if (!BusinessCalendar.Covers(start))
            errors["start"] = ["is out of range"];
        if (anchor is { } date && !BusinessCalendar.Covers(date))
            errors["anchor"] = ["is out of range"];
        if (body.Days is < 1 or > 60)
            errors["days"] = ["must be from 1 to 60"];
        return errors.Count > 0 ? Problems.Invalid(errors) : null;
    }

    private static ProblemHttpResult Wrong(IReadOnlyList<DefinitionError> errors) =>
        Problems.Invalid(
            errors.GroupBy(e => e.Path).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray()),
            StatusCodes.Status422UnprocessableEntity,
            "The document isn't valid"
        );
}
