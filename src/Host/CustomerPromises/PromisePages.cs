using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;

namespace Orchestration.Host.CustomerPromises;

/// <summary>Odds in words.</summary>
internal static class OddsText
{
    public static string Basis(PromiseOdds odds) =>
        odds.Basis switch
        {
            OddsBasis.Forecast => "By the forecast of the office.",
            OddsBasis.Steps => $"By {Words.Count(odds.Samples, "case")} that were at the same step.",
            _ => $"By {Words.Count(odds.Samples, "promise")} to contact customers.",
        };
}

/// <summary>What the ledger shows.</summary>
/// <param name="Customer">Id of a customer's record.</param>
/// <param name="Person">User name of who promised.</param>
/// <param name="Team">Key of the team that is to keep it.</param>
/// <param name="Journey">Id of a journey.</param>
/// <param name="State">Open, Overdue, Kept, KeptLate, Broken or Withdrawn.</param>
/// <param name="Band">Number of a band of chances, from 0.</param>
/// <param name="Moved">Only those that were moved to a later date.</param>
/// <param name="Days">Made in the last days; 90 if left out, at most 730.</param>
public sealed record LedgerQuery(string? Customer, string? Person, string? Team, string? Journey, string? State, int? Band, bool? Moved, int? Days)
{
    public int Back => Math.Clamp(Days ?? 90, 1, 730);

    /// <summary>Address of the ledger with a filter changed.</summary>
    public string With(string name, string? value)
    {
        var all = new Dictionary<string, string?>
        {
            ["customer"] = Customer,
            ["person"] = Person,
            ["team"] = Team,
            ["journey"] = Journey,
            ["state"] = State,
            ["band"] = Band?.ToString(CultureInfo.InvariantCulture),
            ["moved"] = Moved == true ? "true" : null,
            ["days"] = Days?.ToString(CultureInfo.InvariantCulture),
            [name] = value,
        };
        return $"/promises{QueryString.Create(all.Where(p => !string.IsNullOrEmpty(p.Value)))}";
    }

    internal LedgerFilter Filter(Instant now) =>
        new()
        {
            Since = now - Duration.FromDays(Back),
            Customer = Guid.TryParse(Customer, out var customer) ? customer : null,
            Person = Given(Person),
            Team = Given(Team),
            Journey = Given(Journey),
            State = Enum.TryParse<PromiseState>(State, out var state) && Enum.IsDefined(state) ? state : null,
            Moved = Moved == true,
            Band = Band is >= 0 && Band < ReadLedger.Edges.Count - 1 ? Band : null,
        };

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}

/// <summary>The ledger of promises: what was promised, what was said of it, and what came of it.</summary>
internal static class PromisePages
{
    public static void MapPromisePages(this WebApplication app)
    {
        app.MapGet("/promises", ShowAsync).ExcludeFromDescription();
        app.MapGet("/cases/{id:guid}/promises/check", CheckAsync).ExcludeFromDescription();
        app.MapGet("/cases/{id:guid}/last-stage", LastStageAsync).ExcludeFromDescription();
        app.MapGet("/promises/check", CheckTypedAsync).ExcludeFromDescription();
        app.MapGet(
                "/api/promises",
                async Task<Ok<Ledger>> ([AsParameters] LedgerQuery query, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await ReadLedger.RunAsync(runtime.Database, query.Filter(runtime.Clock.Now()), me, runtime.Clock.Now(), cancel))
            )
            .WithTags("Promises")
            .WithSummary("Lists promises of the cases you can see, with counts by person, team and customer, and what was said of them")
            .WithDescription("`promises` are the newest 100. `calibration` compares the chance that was said when a promise was made with what came of it.");
    }

    private static async Task<IResult> ShowAsync([AsParameters] LedgerQuery query, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        var filter = query.Filter(now);
        return Html.Page(
            new LedgerPage
            {
                Query = query,
                Ledger = await ReadLedger.RunAsync(runtime.Database, filter, me, now, cancel),
                Customer = filter.Customer is { } id ? (await CustomerQueries.FindAsync(runtime.Database, id, me, now, cancel))?.Data.Name : null,
                Journeys = (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name),
            }
        );
    }

    private static async Task<IResult> LastStageAsync(Guid id, MakePromise make, Person me, CancellationToken cancel) =>
        await CaseQueries.FindAsync(make.Clocks.Runtime, id, me, cancel) is null
            ? Results.NotFound()
            : Html.Page(new LastStageLine { Forecast = await LastStage.OfAsync(make.Clocks, id, cancel) });

    /// <summary>Of the promise that is typed with a contact.</summary>
    private static async Task<IResult> CheckTypedAsync(
        string? @case,
        string? dueAt,
        string? promise,
        string? kept,
        MakePromise make,
        Person me,
        CancellationToken cancel
    ) =>
        Guid.TryParse(@case, out var id)
            ? await CheckAsync(id, dueAt, await ContactPromise.StepAsync(make, id, promise, kept, cancel), make, me, cancel)
            : Html.Page(new PromiseOddsLine());

    private static async Task<IResult> CheckAsync(Guid id, string? dueAt, string? step, MakePromise make, Person me, CancellationToken cancel)
    {
        if (await CaseQueries.FindAsync(make.Clocks.Runtime, id, me, cancel) is null)
            return Results.NotFound();
        var due = PromiseRules.Due(dueAt ?? "", []) is { } at ? Instant.FromDateTimeOffset(at) : (Instant?)null;
        if (due is not { } by || by <= make.Clocks.Runtime.Clock.Now() || !BusinessCalendar.Covers(by))
            return Html.Page(new PromiseOddsLine());
        var odds = await make.OddsAsync(id, string.IsNullOrWhiteSpace(step) ? null : step, by, cancel);
        return Html.Page(new PromiseOddsLine { Check = new(odds, make.NeedsReason(odds)), Asked = true });
    }
}
