using Microsoft.AspNetCore.WebUtilities;
using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Audit;

namespace Orchestration.Host.Compliance;

/// <summary>A search over history, as an address says it.</summary>
/// <param name="Person">User name of who did it.</param>
/// <param name="Customer">Number of a customer.</param>
/// <param name="Case">Reference or id of a case.</param>
/// <param name="Step">Id of a step in its journey.</param>
/// <param name="Action">Such as <c>task.completed</c>.</param>
/// <param name="Outcome">How a task ended.</param>
/// <param name="From">A day, or an instant.</param>
/// <param name="To">A day, which counts wholly, or an instant.</param>
/// <param name="Source">page, api, job or workflow.</param>
/// <param name="Field">Name of a recorded value.</param>
/// <param name="Value">What it is; after <c>&gt;</c> or <c>&lt;</c> a number.</param>
/// <param name="Cursor">Where the page before ended.</param>
public sealed record HistoryQuery(
    string? Person = null,
    string? Customer = null,
    string? Case = null,
    string? Step = null,
    string? Action = null,
    string? Outcome = null,
    string? From = null,
    string? To = null,
    string? Source = null,
    string? Field = null,
    string? Value = null,
    string? Cursor = null
)
{
    /// <summary>The search that the query of an address asks for.</summary>
    internal static HistoryQuery Of(string? address)
    {
        var query = QueryHelpers.ParseQuery(address);
        return new(
            One("person"),
            One("customer"),
            One("case"),
            One("step"),
            One("action"),
            One("outcome"),
            One("from"),
            One("to"),
            One("source"),
            One("field"),
            One("value")
        );

        string? One(string name) => query.TryGetValue(name, out var values) ? values.ToString() : null;
    }

    /// <summary>The search, with what is wrong with it by field.</summary>
    internal (HistoryFilter Filter, Dictionary<string, string[]> Errors) Read(Instant now)
    {
        var wrong = new Dictionary<string, string[]>();
        var filter = new HistoryFilter
        {
            Person = Clean(Person),
            Customer = Clean(Customer),
            Case = Clean(Case),
            Step = Clean(Step),
            Action = Clean(Action),
            Outcome = Clean(Outcome),
            Source = Clean(Source),
            Field = Clean(Field),
            Value = Clean(Value),
            From = Time(From, "from", 0),
            To = Time(To, "to", 1),
        };
        if (HistoryCursor.TryRead(Cursor, out var before))
            filter = filter with { Before = before };
        else
            wrong["cursor"] = ["isn't a cursor of this list"];
        foreach (var (field, reasons) in filter.Check(now))
            wrong.TryAdd(field, reasons);
        return (filter, wrong);

        Instant? Time(string? text, string field, int days)
        {
            if (Clean(text) is not { } given)
                return null;
            if (LocalDatePattern.Iso.Parse(given) is { Success: true, Value: var day } && day.Year is > 1900 and < 9000)
                return day.PlusDays(days).AtMidnight().InUtc().ToInstant();
            if (InstantPattern.ExtendedIso.Parse(given) is { Success: true, Value: var at })
                return at;
            wrong[field] = ["must be a day such as 2026-01-31, or an instant such as 2026-01-31T08:00:00Z"];
            return null;
        }
    }

    private static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    /// <summary>The query of an address with these parameters, with its question mark.</summary>
    internal string Address =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["person"] = Person,
                    ["customer"] = Customer,
                    ["case"] = Case,
                    ["step"] = Step,
                    ["action"] = Action,
                    ["outcome"] = Outcome,
                    ["from"] = From,
                    ["to"] = To,
                    ["source"] = Source,
                    ["field"] = Field,
                    ["value"] = Value,
                    ["cursor"] = Cursor,
                }.Where(p => !string.IsNullOrWhiteSpace(p.Value))
            )
            .ToString();
}
