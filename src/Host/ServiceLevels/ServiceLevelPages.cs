using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.ServiceLevels;

/// <summary>Calendars and policies for administrators: the current ones, their effect, and how to change them.</summary>
internal static class ServiceLevelPages
{
    private static readonly LocalDateTimePattern Typed = LocalDateTimePattern.CreateWithInvariantCulture("uuuu'-'MM'-'dd'T'HH':'mm");
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void MapServiceLevelPages(this WebApplication app)
    {
        Map(app, ServiceLevelKind.Calendars);
        Map(app, ServiceLevelKind.Policies);
    }

    private static void Map(WebApplication app, ServiceLevelKind kind)
    {
        var pages = app.MapGroup(kind.Path).RequireAuthorization(Permissions.ManageSettings).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (string? q, SettingDocuments settings, ServiceLevelCatalog catalog, CancellationToken cancel) =>
                Html.Page(
                    new ServiceLevelsPage
                    {
                        Kind = kind,
                        Documents = await settings.ListAsync(kind.Kind, cancel),
                        Catalog = catalog,
                        Q = q,
                    }
                )
        );
        pages.MapGet(
            "/new",
            (ClockRuntime clocks) =>
                Page(
                    new()
                    {
                        Kind = kind,
                        Document = null,
                        Name = $"New {kind.One}",
                        Text = Blank(kind),
                        Revision = 0,
                        Now = clocks.Runtime.Clock.Now(),
                    }
                )
        );
        pages.MapPost(
            "/new",
            (HttpContext http, SettingDocuments settings, ClockRuntime clocks, Person me, CancellationToken cancel) =>
                EditAsync(kind, null, http, settings, clocks, me, cancel)
        );
        pages.MapGet(
            "/{id}",
            async (string id, HttpContext http, SettingDocuments settings, ClockRuntime clocks, BackgroundWork work, Person me, CancellationToken cancel) =>
            {
                if (await ReadAsync(kind, id, http.Request.Query, settings, clocks, cancel) is not { } view)
                    return Results.NotFound();

                // The result of a background recompute is shown where it was requested.
                var recomputed = Guid.TryParse(http.Request.Query["recomputed"], out var asked) ? await work.FindAsync(asked, me, cancel) : null;
                return Page(
                    recomputed is { State: WorkState.Done, Order: WorkOrder.Recompute of } && (of.Calendar ?? of.Policy) == id
                        ? view with
                        {
                            Recomputed = recomputed.Result?.Recomputed,
                        }
                        : view
                );
            }
        );
        pages.MapPost(
            "/{id}",
            (string id, HttpContext http, SettingDocuments settings, ClockRuntime clocks, Person me, CancellationToken cancel) =>
                EditAsync(kind, id, http, settings, clocks, me, cancel)
        );
        pages.MapPost(
            "/{id}/recompute",
            async (string id, HttpContext http, SettingDocuments settings, ClockRuntime clocks, BackgroundWork work, Person me, CancellationToken cancel) =>
            {
                var form = await http.Request.ReadFormAsync(cancel);
                if (await ReadAsync(kind, id, http.Request.Query, settings, clocks, cancel) is not { } view)
                    return Results.NotFound();
                var reason = form["reason"].ToString().Trim();
                var store = form["verb"] == "store";
                var scope = kind.Kind == SettingKind.Calendar ? new RecomputeScope(Calendar: id) : new RecomputeScope(Policy: id);
                var isLong = await RecomputeClocks.IsLongAsync(clocks, scope, cancel);
                if (store && reason.Length is 0 or > 2000)
                    return Page(
                        view with
                        {
                            Recomputed = isLong ? null : await RecomputeClocks.RunAsync(clocks, scope, null, store: false, me, cancel),
                            Problem = "Enter a reason of up to 2,000 characters. It's recorded in the history of each case.",
                        },
                        422
                    );
                if (isLong)
                    return Results.LocalRedirect(
                        WorkWords.Page((await work.AskAsync(new WorkOrder.Recompute(scope.Calendar, scope.Policy, reason, store), null, me, cancel))!.Value)
                    );
                return Page(view with { Recomputed = await RecomputeClocks.RunAsync(clocks, scope, reason, store, me, cancel) });
            }
        );
    }

    private static async Task<ServiceLevelView?> ReadAsync(
        ServiceLevelKind kind,
        string id,
        IQueryCollection query,
        SettingDocuments settings,
        ClockRuntime clocks,
        CancellationToken cancel
    )
    {
        if (await settings.FindAsync(kind.Kind, id, cancel) is not { } document)
            return null;
        var now = clocks.Runtime.Clock.Now();
        var (calendar, policy) = Parse(kind, document.Document, clocks.ServiceLevels);
        var today = now.InZone((calendar ?? CalendarOf(policy, clocks))?.Zone ?? DateTimeZone.Utc).Date;
        var view = new ServiceLevelView
        {
            Kind = kind,
            Document = document,
            Name = calendar?.Name ?? policy?.Name ?? id,
            Text = document.Document,
            Revision = document.Version,
            Now = now,
            Calendar = calendar,
            Policy = policy,
            Year = int.TryParse(query["year"], out var year) && year is > BusinessCalendar.FirstYear and < BusinessCalendar.LastYear ? year : today.Year,
            Month = int.TryParse(query["month"], out var month) && month is >= 1 and <= 12 ? month : today.Month,
            Earlier = [.. (await settings.SupersededAsync(kind.Kind, cancel)).Where(one => one.Name == id)],
        };
        return view with { Trial = TryOut(query, view, clocks) };
    }

    private static async Task<IResult> EditAsync(
        ServiceLevelKind kind,
        string? id,
        HttpContext http,
        SettingDocuments settings,
        ClockRuntime clocks,
        Person me,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var now = clocks.Runtime.Clock.Now();
        var text = form["document"].ToString().ReplaceLineEndings("\n");
        var view = id is null
            ? new ServiceLevelView
            {
                Kind = kind,
                Document = null,
                Name = $"New {kind.One}",
                Text = text,
                Revision = 0,
                Now = now,
            }
            : await ReadAsync(kind, id, http.Request.Query, settings, clocks, cancel);
        if (view is null || !int.TryParse(form["revision"], out var revision))
            return view is null ? Results.NotFound() : Results.BadRequest();
        view = view with { Text = text, Revision = revision };

        var errors = new List<DefinitionError>();
        if (Document(text, errors) is not { } document)
            return Page(view with { Errors = errors }, 422);
        if (form["verb"] == "day")
        {
            if (Day(form) is not { } day)
                return Page(view with { Problem = "Enter a name and a date. A shortened day also needs opening and closing times." }, 422);
            if (document["holidays"] is not JsonArray holidays)
                document["holidays"] = holidays = [];
            holidays.Add(day);
            view = view with { Text = document.ToJsonString(Written) };
        }

        errors.AddRange(SaveServiceLevel.Check(clocks.ServiceLevels, kind.Kind, kind.Kind == SettingKind.Sla ? Versioned(document) : view.Text));
        if (errors.Count > 0)
            return Page(view with { Errors = errors }, 422);
        if (form["verb"] != "save")
            return Page(Compare(view, clocks) with { Checked = true });

        var name = id ?? document["id"]!.GetValue<string>();
        if (!ServiceLevelEndpoints.IsName(name))
            return Page(view with { Errors = [new("$.id", ServiceLevelEndpoints.NameReason)] }, 422);
        return await SaveServiceLevel.RunAsync(settings, clocks.ServiceLevels, kind.Kind, name, revision, document, me, now, cancel) switch
        {
            SaveServiceLevelResult.Saved => Results.LocalRedirect($"{kind.Path}/{Uri.EscapeDataString(name)}"),
            SaveServiceLevelResult.Stale stale => Page(
                view with
                {
                    Problem =
                        revision == 0
                            ? $"A {kind.One} named “{name}” already exists."
                            : $"Someone saved revision {stale.Revision} while you were editing revision {revision}. "
                                + "Your text is below. Compare it with theirs and save again.",
                },
                409
            ),
            SaveServiceLevelResult.Invalid invalid => Page(view with { Errors = invalid.Errors }, 422),
            _ => throw new InvalidOperationException("No such result."),
        };
    }

    private static RazorComponentResult<ServiceLevelPage> Page(ServiceLevelView view, int status = StatusCodes.Status200OK) =>
        Html.Page(new ServiceLevelPage { View = view }, status);

    private static JsonObject? Document(string text, List<DefinitionError> errors)
    {
        try
        {
            if (JsonNode.Parse(text, documentOptions: new() { MaxDepth = 32, AllowDuplicateProperties = false }) is JsonObject document)
                return document;
            errors.Add(new("$", "must be an object"));
        }
        catch (JsonException e)
        {
            errors.Add(new("$", $"is not valid JSON: {e.Message}"));
        }

        return null;
    }

    // The version is set when it is saved; an author need not count.
    private static string Versioned(JsonObject document)
    {
        var copy = (JsonObject)document.DeepClone();
        copy["version"] = 1;
        return copy.ToJsonString();
    }

    private static (BusinessCalendar? Calendar, SlaPolicy? Policy) Parse(ServiceLevelKind kind, string text, ServiceLevelCatalog catalog) =>
        kind.Kind == SettingKind.Calendar
            ? (BusinessCalendar.TryParse(text, out var calendar, out _) ? calendar : null, null)
            : (null, SlaPolicy.TryParse(text, catalog.Calendars.ContainsKey, out var policy, out _) ? policy : null);

    private static BusinessCalendar? CalendarOf(SlaPolicy? policy, ClockRuntime clocks) =>
        policy is null ? null : clocks.ServiceLevels.Calendars.GetValueOrDefault(policy.Calendar);

    private static ServiceLevelView Compare(ServiceLevelView view, ClockRuntime clocks)
    {
        var (calendar, policy) = Parse(
            view.Kind,
            view.Kind.Kind == SettingKind.Sla && Document(view.Text, []) is { } document ? Versioned(document) : view.Text,
            clocks.ServiceLevels
        );
        if (policy is not null)
            return view with { Policy = view.Policy ?? policy, TrialAfter = TryOut(policy, CalendarOf(policy, clocks)!, view.Trial).Result };
        var days = new List<ChangedDay>();
        if (view.Calendar is { } before && calendar is not null)
        {
            var first = view.Now.InZone(before.Zone).Date;
            foreach (var date in Enumerable.Range(0, 400).Select(first.PlusDays))
            {
                var (was, becomes) = (ServiceLevelEndpoints.Day(before, date), ServiceLevelEndpoints.Day(calendar, date));
                if (!was.Open.SequenceEqual(becomes.Open) || was.Holiday != becomes.Holiday)
                    days.Add(new(date, was, becomes));
            }
        }

        return view with
        {
            ChangedDays = days,
            Calendar = view.Calendar ?? calendar,
            Year = view.Year == 0 ? view.Now.InUtc().Year : view.Year,
            Month = view.Month == 0 ? view.Now.InUtc().Month : view.Month,
        };
    }

    /// <summary>The trial that the address asks for; one from now when it asks for none.</summary>
    private static Trial TryOut(IQueryCollection query, ServiceLevelView view, ClockRuntime clocks)
    {
        var trial = new Trial
        {
            Start = query["start"].ToString(),
            Anchor = query["anchor"].ToString(),
            Amount = query["amount"].ToString(),
            Unit = query["unit"].ToString() is { Length: > 0 } unit ? unit : "workingTime",
        };
        var calendar = view.Calendar ?? CalendarOf(view.Policy, clocks);
        if (calendar is null)
            return trial;
        if (trial.Start.Length == 0)
            trial = trial with { Start = Typed.Format(view.Now.InZone(calendar.Zone).LocalDateTime) };
        if (view.Policy is { } policy)
        {
            if (policy.Direction == ClockDirection.Backward && trial.Anchor.Length == 0)
                trial = trial with { Anchor = Typed.Format(view.Now.InZone(calendar.Zone).Date.PlusDays(30).At(new(12, 0))) };
            return TryOut(policy, calendar, trial);
        }

        trial = trial with { Amount = trial.Amount.Length == 0 ? "PT8H" : trial.Amount };
        return SlaTarget.TryParse(trial.Amount, trial.Unit, out var target, out var reason)
            ? TryOut(SlaPolicy.Inline(target, calendar.Id), calendar, trial)
            : trial with
            {
                Errors = new Dictionary<string, string> { ["amount"] = reason },
            };
    }

    private static Trial TryOut(SlaPolicy policy, BusinessCalendar calendar, Trial trial)
    {
        var errors = new Dictionary<string, string>();
        var start = At("start", trial.Start);
        var anchor = policy.Direction == ClockDirection.Backward ? At("anchor", trial.Anchor) : null;
        return errors.Count > 0
            ? trial with
            {
                Errors = errors,
            }
            : trial with
            {
                Result = ServiceLevelEndpoints.Preview(policy, calendar, start!.Value, anchor),
            };

        Instant? At(string field, string text)
        {
            if (
                Typed.Parse(text) is { Success: true } parsed
                && parsed.Value.InZoneLeniently(calendar.Zone).ToInstant() is var at
                && BusinessCalendar.Covers(at)
            )
                return at;
            errors[field] = "must be a date and time in this century";
            return null;
        }
    }

    /// <summary>A closed or shorter day as a calendar writes it.</summary>
    private static JsonObject? Day(IFormCollection form)
    {
        string name = form["dayName"].ToString().Trim(),
            date = form["dayDate"].ToString(),
            opens = form["dayOpens"].ToString(),
            closes = form["dayCloses"].ToString();
        if (name.Length == 0 || date.Length == 0 || opens.Length == 0 != (closes.Length == 0))
            return null;
        var day = new JsonObject
        {
            ["name"] = name,
            ["rule"] = "dates",
            ["dates"] = new JsonArray(date),
        };
        if (opens.Length > 0)
            day["hours"] = new JsonArray(new JsonObject { ["open"] = opens, ["close"] = closes });
        return day;
    }

    private static string Blank(ServiceLevelKind kind) =>
        kind.Kind == SettingKind.Calendar
            ? """
                {
                  "id": "my-office",
                  "name": "My office",
                  "zone": "Europe/Berlin",
                  "hours": [
                    { "days": ["mon", "tue", "wed", "thu", "fri"], "open": "09:00", "close": "17:00" }
                  ],
                  "holidays": [
                    { "name": "New Year's Day", "rule": "fixed", "month": 1, "day": 1 },
                    { "name": "Easter Monday", "rule": "easter", "offset": 1 }
                  ]
                }
                """
            : """
                {
                  "id": "my-target",
                  "name": "My target",
                  "kind": "internal",
                  "subject": "task",
                  "target": { "amount": "PT8H", "unit": "workingTime" },
                  "calendar": "24x7",
                  "ladder": [
                    { "percent": 75, "actions": [{ "action": "notify", "to": "owner" }] }
                  ]
                }
                """;
}
