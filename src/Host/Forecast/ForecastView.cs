using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Shell.Parts;
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
    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["team"] = Team,
                    ["journey"] = Journey,
                    ["by"] = By is { } day ? LocalDatePattern.Iso.Format(day) : null,
                    ["statutory"] = Statutory ? "true" : null,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}

/// <summary>A row of the list.</summary>
public sealed record ForecastItem(ClockFacts Clock, ClockForecastView Chance, BreachReason? Reason, TaskFacts? Task, Fix? Fix, bool FixKnown);

/// <summary>A probability, as people read it.</summary>
public sealed record ClockForecastView(double Breach, Duration Late, Duration LateElapsed, Instant? Likely, Instant? AtLatest)
{
    public string Percent => Shell.Parts.Words.Percent(Breach);

    public string Words => ForecastWords.Chance(Breach);

    public string Kind =>
        Breach >= WhatIf.Likely ? "bad"
        : Breach >= 0.3 ? "risk"
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

    /// <summary>Those that may be missed, the first due first.</summary>
    public required IReadOnlyList<ForecastItem> Items { get; init; }

    /// <summary>How many there are of these.</summary>
    public required int AtRisk { get; init; }
    public IReadOnlyDictionary<string, string> Journeys { get; init; } = new Dictionary<string, string>();
    public Calibration? Calibration { get; init; }
    public WhatIfAnswer? Tried { get; init; }

    /// <summary>What was tried: people, team, until.</summary>
    public (int People, string Team, LocalDate Until)? Trying { get; init; }

    /// <summary>A fix was applied just now.</summary>
    public bool Did { get; init; }

    /// <summary>What is wrong with what was typed.</summary>
    public string? Error { get; init; }

    public int Likely => Rows.Count(row => row.Forecast.Breach >= WhatIf.Likely);

    /// <summary>Last day of the headline: that of the filter, or three days ahead.</summary>
    public LocalDate Day => Filter.By ?? Made.MadeAt.InZone(Zone).Date.PlusDays(3);

    public int LikelyByDay => Rows.Count(row => row.Forecast.Breach >= WhatIf.Likely && row.Clock.DueAt.InZone(Zone).Date <= Day);

    public int DueByDay => Rows.Count(row => row.Clock.DueAt.InZone(Zone).Date <= Day);

    public bool FixesMissing => Items.Any(item => !item.FixKnown);

    public string Href => $"/forecast{Filter.Query}";

    public string TeamTitle(string? key) => Teams.FirstOrDefault(team => team.Key == key)?.Title ?? (key is null ? "" : Words.Humanize(key));

    public string PersonName(Guid? id) => id is { } known && Made.People.GetValueOrDefault(known) is { } person ? person.Name : "Someone";

    /// <summary>How many of the shown can be saved, and by what.</summary>
    public string? Saved
    {
        get
        {
            var fixes = Items.Where(item => item.Fix is not null).GroupBy(item => item.Fix!.Kind).OrderBy(one => one.Key).ToList();
            if (FixesMissing || fixes.Count == 0)
                return null;
            var ways = fixes.Select(one => $"{one.Count()} by {ForecastWords.Way(one.Key)}").ToList();
            return $"{fixes.Sum(one => one.Count())} of the {Items.Count} below can be saved: {string.Join(", ", ways)}.";
        }
    }

    public string DayText => Day.ToString("dddd, MMMM d", CultureInfo.InvariantCulture);
}

/// <summary>A clock with all of its fixes.</summary>
public sealed record ForecastClockView(ForecastView View, ForecastItem Item, IReadOnlyList<Fix> Fixes, string To)
{
    /// <summary>Rows by clock, of those that the person steers.</summary>
    public required IReadOnlyDictionary<Guid, ForecastRow> Visible { get; init; }
}

/// <summary>Forecasts in words.</summary>
/// <summary>Words around a time, which pages show in the reader's zone and clock (<see cref="PhraseText"/>).</summary>
/// <param name="Before">What comes before it.</param>
/// <param name="At">The time; null: there is none, and <paramref name="Before"/> is all.</param>
/// <param name="After">What comes after it.</param>
public sealed record Phrase(string Before, Instant? At = null, string After = "");

public static class ForecastWords
{
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
            _ => "a new date",
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
