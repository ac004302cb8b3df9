using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Performance;

/// <summary>The filters of the pages, as their addresses carry them.</summary>
public sealed record PerformanceFilter
{
    private static readonly LocalDatePattern Iso = LocalDatePattern.Iso;

    /// <summary>The longest period, in days.</summary>
    public const int MaxDays = 1100;

    public required LocalDate From { get; init; }
    public required LocalDate To { get; init; }
    public string? Journey { get; init; }
    public string? Step { get; init; }
    public string? Team { get; init; }

    /// <summary><c>front</c> or <c>back</c>: the teams of that office.</summary>
    public string? Office { get; init; }
    public Guid? Person { get; init; }
    public bool ByWeek { get; init; } = true;
    public FigureGroup Group { get; init; } = FigureGroup.Step;

    /// <summary>From a Monday to a Sunday, or to today.</summary>
    public bool IsOfWholeWeeks { get; init; }

    /// <summary>The last day that has begun.</summary>
    public required LocalDate Last { get; init; }

    /// <summary>Reads an address. Without a period, the last twelve weeks.</summary>
    /// <param name="query">Its query.</param>
    /// <param name="today">Today in the zone of the figures.</param>
    /// <param name="errors">Gets what is wrong, by parameter.</param>
    public static PerformanceFilter Read(IQueryCollection query, LocalDate today, Dictionary<string, string[]> errors)
    {
        var to = Day("to", today);
        var from = Day("from", ReadFigures.Monday(today.PlusDays(-77)));
        if (errors.Count == 0 && to < from)
            errors["to"] = ["must not be before `from`"];
        else if (errors.Count == 0 && Period.DaysBetween(from, to) >= MaxDays)
            errors["to"] = [$"must be less than {MaxDays} days after `from`"];
        var grain = Text("grain");
        if (grain is not (null or "week" or "day"))
            errors["grain"] = ["must be week or day"];
        if (errors.Count == 0 && grain == "day" && Period.DaysBetween(from, to) > 370)
            errors["grain"] = ["must be week for more than a year"];
        var group = FigureGroup.Step;
        if (Text("by") is { } by && (!Enum.TryParse(by, ignoreCase: true, out group) || !Enum.IsDefined(group) || char.IsDigit(by[0])))
            errors["by"] = ["must be journey, step, team or person"];
        Guid? person = null;
        if (Text("person") is { } who)
        {
            if (Guid.TryParse(who, out var id))
                person = id;
            else
                errors["person"] = ["must be the id of a person"];
        }

        if (Text("office") is not (null or TeamData.Front or TeamData.Back))
            errors["office"] = ["must be front or back"];
        if (Text("step") is not null && Text("journey") is null)
            errors["journey"] = ["is required: a step belongs to a journey"];
        return new()
        {
            From = from,
            To = to,
            Journey = Text("journey"),
            Step = Text("step"),
            Team = Text("team"),
            Office = Text("office"),
            Person = person,
            ByWeek = grain != "day",
            Group = group,
            Last = today < from || to < today ? to : today,
            IsOfWholeWeeks = from.DayOfWeek == IsoDayOfWeek.Monday && (to.DayOfWeek == IsoDayOfWeek.Sunday || to >= today),
        };

        string? Text(string name) => query[name].ToString() is { Length: > 0 } value ? value : null;

        LocalDate Day(string name, LocalDate otherwise)
        {
            if (Text(name) is not { } text)
                return otherwise;
            if (Iso.Parse(text) is { Success: true } parsed && parsed.Value.Year is > 1990 and < 2200)
                return parsed.Value;
            errors[name] = ["must be a day like 2026-11-30"];
            return otherwise;
        }
    }

    /// <summary>The query of an address that shows this.</summary>
    public string Address => Of();

    /// <summary>The same with some of it changed.</summary>
    public string With(Func<PerformanceFilter, PerformanceFilter> change) => change(this).Address;

    public IEnumerable<(string Name, string Value)> Parameters()
    {
        yield return ("from", Iso.Format(From));
        yield return ("to", Iso.Format(To));
        if (Journey is not null)
            yield return ("journey", Journey);
        if (Step is not null)
            yield return ("step", Step);
        if (Team is not null)
            yield return ("team", Team);
        if (Office is not null)
            yield return ("office", Office);
        if (Person is { } person)
            yield return ("person", Ids.Text(person));
        if (!ByWeek)
            yield return ("grain", "day");
        if (Group != FigureGroup.Step)
            yield return ("by", Group.ToString().ToLowerInvariant());
    }

    /// <summary>The query for the sums.</summary>
    /// <param name="teams">Teams that may be seen.</param>
    public FigureQuery Query(IReadOnlyList<string>? teams) =>
        new(From, To)
        {
            Journey = Journey,
            Step = Step,
            Teams = teams,
            Person = Person,
            ByWeek = ByWeek,
            Group = Group,
            IsOfWholeWeeks = IsOfWholeWeeks,
        };

    /// <summary>
    /// The same days, as far as they have begun, as many weeks earlier as they are long: Monday to Wednesday is compared with Monday to Wednesday.
    /// </summary>
    public PerformanceFilter Before()
    {
        var shift = -(Period.DaysBetween(From, Last) + 7) / 7 * 7;
        var to = Last.PlusDays(shift);
        return this with
        {
            From = From.PlusDays(shift),
            To = to,
            Last = to,
            IsOfWholeWeeks = From.DayOfWeek == IsoDayOfWeek.Monday && to.DayOfWeek == IsoDayOfWeek.Sunday,
        };
    }

    public string Days => $"{From.ToString("d MMM", CultureInfo.InvariantCulture)} to {To.ToString("d MMM yyyy", CultureInfo.InvariantCulture)}";

    private string Of() => "?" + string.Join('&', Parameters().Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));
}

/// <summary>What the page shows.</summary>
public sealed record PerformanceView(PerformanceFilter Filter, PerformanceScope Scope, PerformanceReport Report, Figures Before, IReadOnlyList<Target> Targets)
{
    /// <summary>Where work waits: what is compared, but for people, who work; work waits at their steps.</summary>
    public required IReadOnlyList<FigureRow> Waits { get; init; }

    /// <summary>Names of journeys by key.</summary>
    public required IReadOnlyDictionary<string, string> Journeys { get; init; }

    /// <summary>Steps of the chosen journey, to choose from.</summary>
    public IReadOnlyList<(string Key, string Title)> Steps { get; init; } = [];

    /// <summary>Names of SLA policies.</summary>
    public required IReadOnlyDictionary<string, string> Policies { get; init; }

    public IReadOnlyList<Workflows.Filters.SavedFilter> Saved { get; init; } = [];

    /// <summary>Name of the person that was chosen.</summary>
    public string? Person { get; init; }

    /// <summary>The target of a figure for what the page shows, or for a row of it.</summary>
    public Target? TargetOf(Kpi kpi, FigureRow? row = null) =>
        Target.For(
            Targets,
            kpi,
            row is not null && Filter.Group is FigureGroup.Journey or FigureGroup.Step ? row!.Journey : Filter.Journey,
            row is not null && Filter.Group == FigureGroup.Step ? row.Key : Filter.Step,
            row is not null && Filter.Group == FigureGroup.Team ? row.Key : Filter.Team
        );

    /// <summary>The name of a row, with that of its journey where steps of several are listed.</summary>
    public string Name(FigureRow row) => Filter.Group == FigureGroup.Journey ? Journeys.GetValueOrDefault(row.Key, row.Key) : row.Title;

    public string WaitName(FigureRow row) => Filter.Group == FigureGroup.Person ? row.Title : Name(row);

    public string WaitHref(FigureRow row) =>
        Filter.Group == FigureGroup.Person ? "/performance" + Filter.With(f => f with { Journey = row.Journey, Step = row.Key }) : Href(row);

    /// <summary>Address of the page about a row alone.</summary>
    public string Href(FigureRow row) =>
        "/performance"
        + Filter.With(f =>
            f.Group switch
            {
                FigureGroup.Journey => f with { Journey = row.Key, Step = null, Group = FigureGroup.Step },
                FigureGroup.Step => f with { Journey = row.Journey, Step = row.Key, Group = FigureGroup.Person },
                FigureGroup.Team => f with { Team = row.Key, Group = FigureGroup.Person },
                _ => f with { Person = Guid.Parse(row.Key), Group = FigureGroup.Step },
            }
        );

    /// <summary>Address of the tasks behind a figure of a row, or, without one, of the page; null: there is no such list.</summary>
    public string? TasksHref(Kpi kpi, FigureRow? row = null) =>
        // Of journeys, the backlog counts cases.
        kpi.Key == "backlog"
        && CountsCases
            ? null
            : FactLists.Href(
                kpi,
                row is null
                    ? Filter
                    : Filter.Group switch
                    {
                        FigureGroup.Journey => Filter with { Journey = row.Key, Step = null },
                        FigureGroup.Step => Filter with { Journey = row.Journey, Step = row.Key },
                        FigureGroup.Team => Filter with { Team = row.Key },
                        _ => Filter with { Person = Guid.Parse(row.Key) },
                    }
            );

    /// <summary>Whether the backlog is one of cases.</summary>
    public bool CountsCases => Filter is { Team: null, Office: null, Step: null, Person: null, Group: FigureGroup.Journey } && Scope.IsAll;

    /// <summary>Reads what a person may see; null when the address asks for more.</summary>
    public static async Task<PerformanceView?> ReadAsync(PerformanceServices services, PerformanceFilter filter, Person me, CancellationToken cancel)
    {
        var database = services.Runtime.Database;
        var scope = await PerformanceScope.OfAsync(database, me, cancel);
        var teams = scope.KeysOf(filter.Team, filter.Office);
        if (teams is { Count: 0 } || (filter.Person is { } person && !await scope.SeesAsync(database, person, cancel)))
            return null;
        var before = filter.Before();
        var reading = ReadFigures.RunAsync(database, before.Query(teams) with { ByWeek = true, IsTotalOnly = true, Group = FigureGroup.Team }, cancel);
        var report = await ReadFigures.RunAsync(database, filter.Query(teams), cancel);
        var waits =
            filter.Group == FigureGroup.Person ? await ReadFigures.RunAsync(database, filter.Query(teams) with { Group = FigureGroup.Step }, cancel) : report;
        return new(filter, scope, report, (await reading).Total, await Target.ListAsync(database, cancel))
        {
            Waits = waits.Rows,
            Journeys = await services.JourneysAsync(cancel),
            Policies = services.Policies(),
            Steps = filter.Journey is { } journey ? await services.StepsAsync(journey, cancel) : [],
            Person = filter.Person is { } id ? await services.NameAsync(id, cancel) : null,
            Saved = await Workflows.Filters.SavedFilters.ListAsync(database, me, Filters.FilterPages.Performance, cancel),
        };
    }
}

/// <summary>What the pages read besides figures.</summary>
public sealed class PerformanceServices(WorkflowRuntime runtime, Workflows.Settings.ServiceLevelCatalog serviceLevels)
{
    public WorkflowRuntime Runtime => runtime;

    /// <summary>Today, in the zone whose days are counted.</summary>
    public async Task<LocalDate> TodayAsync(CancellationToken cancel) => runtime.Clock.GetCurrentInstant().InZone(await ZoneAsync(cancel)).Date;

    /// <summary>The zone whose days are counted.</summary>
    public Task<DateTimeZone> ZoneAsync(CancellationToken cancel) => PerformanceQueries.ZoneAsync(runtime.Database, cancel);

    public async Task<IReadOnlyDictionary<string, string>> JourneysAsync(CancellationToken cancel) =>
        (await Workflows.Journeys.JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name);

    public IReadOnlyDictionary<string, string> Policies() => serviceLevels.Policies.ToDictionary(p => p.Key, p => p.Value.Name);

    /// <summary>Steps of a journey that any case has visited, with the title of the newest.</summary>
    public Task<IReadOnlyList<(string Key, string Title)>> StepsAsync(string journey, CancellationToken cancel) =>
        PerformanceQueries.StepsAsync(runtime.Database, journey, cancel);

    public Task<string?> NameAsync(Guid person, CancellationToken cancel) => PerformanceQueries.NameAsync(runtime.Database, person, cancel);
}
