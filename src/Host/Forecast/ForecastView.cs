using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Host.Forecast;

/// <summary>What is shown of a forecast.</summary>
/// <param name="Team">Key of a team; null: all that the person steers.</param>
/// <param name="Journey">Definition; null: all.</param>
/// <param name="By">Last day that is shown; null: all of them.</param>
/// <param name="Statutory">Only deadlines of the law.</param>
public sealed record ForecastFilter(string? Team, string? Journey, LocalDate? By, bool Statutory)
{
    /// <summary>A probability from which a deadline is at risk.</summary>
    public const double Risk = 0.3;

    public const string Likely = "likely";
    public const string Possible = "possible";
    public const string Everything = "all";

    /// <summary>What the list can show.</summary>
    public static readonly IReadOnlyList<(string Key, string Title)> Shows =
    [
        ("", "Deadlines at risk"),
        (Likely, "Will probably be missed"),
        (Possible, "May be missed"),
        (Everything, "Due within 14 days"),
    ];

    /// <summary>A key of <see cref="Shows"/>; null: what is at risk.</summary>
    public string? Show { get; init; }

    /// <summary>Page of the list, from 1.</summary>
    public int Page { get; init; } = 1;

    /// <summary>Heading of the list.</summary>
    public string Title => Shows.First(one => one.Key == (Show ?? "")).Title;

    /// <summary>Whether the list shows a deadline of that probability.</summary>
    public bool Lists(double breach) =>
        Show switch
        {
            Likely => breach >= WhatIf.Likely,
            Possible => breach is >= Risk and < WhatIf.Likely,
            Everything => true,
            _ => breach >= Risk,
        };

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["team"] = Team,
                    ["journey"] = Journey,
                    ["by"] = By is { } day ? LocalDatePattern.Iso.Format(day) : null,
                    ["statutory"] = Statutory ? "true" : null,
                    ["show"] = Show,
                    ["page"] = Page > 1 ? Page.ToString(CultureInfo.InvariantCulture) : null,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}

/// <summary>A row of the list.</summary>
public sealed record ForecastItem(ClockFacts Clock, ClockForecastView Chance, BreachReason? Reason, TaskFacts? Task, Fix? Fix, bool FixKnown)
{
    /// <summary>Whether it may be missed: of others, no fixes are looked for.</summary>
    public bool IsAtRisk => Chance.Breach >= ForecastFilter.Risk;
}

/// <summary>A probability, as people read it.</summary>
public sealed record ClockForecastView(double Breach, Duration Late, Duration LateElapsed, Instant? Likely, Instant? AtLatest)
{
    public string Percent => Shell.Parts.Words.Percent(Breach);

    public string Words => ForecastWords.Chance(Breach);

    public string Kind =>
        Breach >= WhatIf.Likely ? "bad"
        : Breach >= ForecastFilter.Risk ? "risk"
        : "ok";
}

/// <summary>The page.</summary>
/// <param name="Made">The forecast.</param>
/// <param name="Teams">Teams that the person steers.</param>
/// <param name="Filter">What is shown.</param>
/// <param name="Zone">Whose days.</param>
public sealed record ForecastView(OfficeForecast Made, IReadOnlyList<Team> Teams, ForecastFilter Filter, DateTimeZone Zone)
{
    /// <summary>Most rows of the list.</summary>
    public const int MostRows = 50;

    /// <summary>All clocks that match the filter.</summary>
    public required IReadOnlyList<ForecastRow> Rows { get; init; }

    /// <summary>Clocks that match the filter and aren't forecast.</summary>
    public required IReadOnlyList<LeftOut> Left { get; init; }

    /// <summary>A page of the list, the first due first.</summary>
    public required IReadOnlyList<ForecastItem> Items { get; init; }

    /// <summary>How many the list has.</summary>
    public required int Listed { get; init; }

    /// <summary>Whether fixes were looked for just now, for as many as there was time for.</summary>
    public bool HasLooked { get; init; }

    /// <summary>How many misses the shown fixes prevent if all are applied. Null: there aren't several.</summary>
    public double? Prevented { get; init; }

    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];
    public IReadOnlyDictionary<string, string> Journeys { get; init; } = new Dictionary<string, string>();
    public Calibration? Calibration { get; init; }
    public WhatIfAnswer? Tried { get; init; }

    /// <summary>What was tried: people, team, until.</summary>
    public (int People, string Team, LocalDate Until)? Trying { get; init; }

    /// <summary>A fix was applied just now.</summary>
    public bool Did { get; init; }

    /// <summary>What is wrong with what was typed.</summary>
    public string? Error { get; init; }

    /// <summary>Fixes that were applied to the shown clocks, the newest first.</summary>
    public required ILookup<Guid, PastFix> Applied { get; init; }

    /// <summary>The last question to the customer whether a promise may be kept later; null: nobody asked, or it was moved since.</summary>
    public PastFix? AskedFor(Guid clock) =>
        Applied[clock].FirstOrDefault(fix => fix.Kind is FixKind.AskDate or FixKind.NewDate) is { Kind: FixKind.AskDate } asked ? asked : null;

    public int Likely => Rows.Count(row => row.Forecast.Breach >= WhatIf.Likely);

    public int Possible => Rows.Count(row => row.Forecast.Breach is >= ForecastFilter.Risk and < WhatIf.Likely);

    public int CountLeft(LeftOutWhy why) => Left.Count(left => left.Why == why);

    /// <summary>Last day of the headline: that of the filter, or three days ahead.</summary>
    public LocalDate Day => Filter.By ?? Made.MadeAt.InZone(Zone).Date.PlusDays(3);

    public int LikelyByDay => Rows.Count(row => row.Forecast.Breach >= WhatIf.Likely && row.Clock.DueAt.InZone(Zone).Date <= Day);

    public int DueByDay => Rows.Count(row => row.Clock.DueAt.InZone(Zone).Date <= Day);

    /// <summary>Whether the page asks for fixes once it is there.</summary>
    public bool FixesMissing => !HasLooked && Items.Any(item => item is { FixKnown: false, IsAtRisk: true });

    public string Href => $"/forecast{Filter.Query}";

    /// <summary>Address of the list with what it shows changed.</summary>
    public string Showing(string? show, LocalDate? by = null) =>
        $"/forecast{(Filter with { Show = string.IsNullOrEmpty(show) ? null : show, By = by ?? Filter.By, Page = 1 }).Query}#deadlines";

    public string PageHref(int page) => $"/forecast{(Filter with { Page = page }).Query}#deadlines";

    public string TeamTitle(string? key) => Teams.FirstOrDefault(team => team.Key == key)?.Title ?? (key is null ? "" : Words.Humanize(key));

    public string PersonName(Guid? id) => id is { } known && Made.People.GetValueOrDefault(known) is { } person ? person.Name : "Someone";

    /// <summary>How many of the shown can be saved, and by what.</summary>
    public string? CanBeSaved
    {
        get
        {
            var looked = Items.Where(item => item is { FixKnown: true, IsAtRisk: true }).ToList();
            if (FixesMissing || looked.Count == 0)
                return null;
            var fixes = looked.Where(item => item.Fix is not null).GroupBy(item => item.Fix!.Kind).OrderBy(one => one.Key).ToList();
            var ways = fixes.Select(one => $"{one.Count()} by {ForecastWords.Way(one.Key)}").ToList();
            var unseen = Items.Count(item => item is { FixKnown: false, IsAtRisk: true });
            return $"{fixes.Sum(one => one.Count())} of {(unseen > 0 ? $"{looked.Count} that were looked at" : $"the {looked.Count} below")} can be saved"
                + (ways.Count > 0 ? $": {string.Join(", ", ways)}." : ".")
                + (Prevented is { } prevented ? $" {ForecastWords.Together(prevented)}" : "");
        }
    }

    public string DayText => Day.ToString("dddd, MMMM d", CultureInfo.InvariantCulture);
}

/// <summary>A clock with all of its fixes.</summary>
public sealed record ForecastClockView(ForecastView View, ForecastItem Item, ClockFixes Found, string To)
{
    public IReadOnlyList<Fix> Fixes => Found.All;

    /// <summary>Rows by clock, of those that the person steers.</summary>
    public required IReadOnlyDictionary<Guid, ForecastRow> Visible { get; init; }
}

/// <summary>Words around a time, which pages show in the reader's zone and clock (<see cref="PhraseText"/>).</summary>
/// <param name="Before">What comes before it.</param>
/// <param name="At">The time; null: there is none, and <paramref name="Before"/> is all.</param>
/// <param name="After">What comes after it.</param>
public sealed record Phrase(string Before, Instant? At = null, string After = "");

/// <summary>Forecasts in words.</summary>
public static class ForecastWords
{
    /// <summary>What several fixes do that compete with each other.</summary>
    public static string Together(double prevented) =>
        (int)Math.Round(prevented) is >= 1 and var misses
            ? $"Together, they prevent about {Words.Count(misses, "miss", "misses")}."
            : "Together, they prevent nothing.";

    public static string Chance(double probability) =>
        probability >= 0.95 ? "Almost certain to be missed"
        : probability >= 0.8 ? "Very likely to be missed"
        : probability >= 0.5 ? "Likely to be missed"
        : probability >= 0.3 ? "May be missed"
        : "Unlikely to be missed";

    public static string Way(FixKind kind) =>
        kind switch
        {
            FixKind.Reorder => "order",
            FixKind.Push => "giving it to someone",
            FixKind.Move => "lending a person",
            FixKind.Overtime => "overtime",
            FixKind.AskDate => "asking for a new date",
            _ => "a new date",
        };

    /// <summary>What was done.</summary>
    public static Phrase Done(PastFix fix, ForecastView view) =>
        fix.Kind switch
        {
            FixKind.Reorder => new("Made critical"),
            FixKind.Push => new($"Given to {view.PersonName(fix.Person)}"),
            FixKind.Move => new($"{view.PersonName(fix.Person)} lent to {view.TeamTitle(fix.Team)} until ", fix.Until),
            FixKind.Overtime => new($"{view.PersonName(fix.Person)} works until ", fix.Until),
            FixKind.AskDate => new("Customer asked for ", fix.Until),
            _ => new("Moved to ", fix.Until),
        };

    /// <summary>What a fix does, as an instruction.</summary>
    public static Phrase Do(Fix fix, ForecastView view) =>
        fix.Kind switch
        {
            FixKind.Reorder => new("Make it critical"),
            FixKind.Push => new($"Give it to {view.PersonName(fix.Person)}"),
            FixKind.Move => new($"Lend {view.PersonName(fix.Person)} to {view.TeamTitle(fix.Team)} {Until(fix.Until)}", fix.Until),
            FixKind.Overtime => new($"{view.PersonName(fix.Person)} works {Until(fix.Until)}", fix.Until),
            _ => fix.Until is null ? new("Agree on a later date with the customer") : new("Agree on ", fix.Until, " with the customer"),
        };

    /// <summary>What it does to the clock and to others.</summary>
    public static string Effect(Fix fix) =>
        $"{Words.Percent(fix.Before)} → {Words.Percent(fix.After)}"
        + (
            fix.Others >= 0.05 ? $", costs others {fix.Others.ToString("0.0", CultureInfo.InvariantCulture)}"
            : fix.Others <= -0.05 ? $", also saves {(-fix.Others).ToString("0.0", CultureInfo.InvariantCulture)} of others"
            : ", costs others nothing"
        );

    /// <summary>Why it may be missed.</summary>
    public static Phrase Why(ForecastItem item)
    {
        if (item.Clock.Task is null && item.Reason is null)
            return new(item.Clock.Kind == SlaKind.Promise ? "Nobody has said yet that the promise was kept" : "Waits for something other than a task");
        if (item.Reason is not { } why)
            return new("");
        if (why.Waits)
            return new("Waits for someone else");
        if (why.People == 0)
            return new(why.Skills.Count > 0 ? $"Nobody who may take it has {string.Join(" and ", why.Skills)}" : "Nobody may take it");
        if (why.NextAt is null)
            return new("Nobody who may do it has a shift");
        var ahead =
            why.Ahead == 0
                ? "Nothing comes before it"
                : $"{Words.Count(why.Ahead, "task")} before it, {Words.Minutes(Math.Max(1, (int)why.WorkAhead.TotalMinutes))} of work";
        return why.Present > 0
            ? new($"{ahead}, {why.Present} of {Words.Count(why.People, "person", "people")} at work")
            : new($"{ahead}, nobody at work until ", why.NextAt);
    }

    private static string Until(Instant? at) => at is null ? "until later" : "until ";
}
