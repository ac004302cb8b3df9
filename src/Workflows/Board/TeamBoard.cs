using NodaTime;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Board;

/// <summary>Teams and their steps with what they have to do now.</summary>
/// <param name="At">When it was read.</param>
/// <param name="Teams">The teams, by title.</param>
public sealed record TeamBoard(Instant At, IReadOnlyList<BoardTeam> Teams)
{
    /// <summary>Of all teams. Someone in three teams counts once in <see cref="BoardPeople"/>.</summary>
    public BoardFigures Total { get; } = Sum(Teams);

    /// <summary>The people of all teams, each once.</summary>
    public BoardPeople People { get; } = BoardPeople.Of(Teams.SelectMany(team => team.Members), Teams is [var first, ..] ? first.Present : null);

    /// <summary>The counts of some teams together.</summary>
    public static BoardFigures Sum(IEnumerable<BoardTeam> teams) =>
        teams.Select(team => team.Total).Aggregate((BoardFigures?)null, (sum, one) => sum is null ? one : sum + one) ?? BoardFigures.None;
}

/// <summary>A team on the board.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Title">Its name.</param>
/// <param name="Office"><c>front</c> or <c>back</c>.</param>
/// <param name="TimeZone">Zone of its today, by its tz database id.</param>
/// <param name="Total">Its counts.</param>
/// <param name="Steps">Its steps that have open tasks or had some today, the most overdue first.</param>
public sealed record BoardTeam(string Key, string Title, string Office, string TimeZone, BoardFigures Total, IReadOnlyList<BoardStep> Steps)
{
    /// <summary>Who works in it.</summary>
    internal IReadOnlyList<Guid> Members { get; init; } = [];

    /// <summary>Who is there, of all teams of the board.</summary>
    internal IReadOnlyDictionary<Guid, PersonLoad> Present { get; init; } = new Dictionary<Guid, PersonLoad>();

    /// <summary>How many people it has, and how much they have to do.</summary>
    public BoardPeople People => BoardPeople.Of(Members, Present);
}

/// <summary>A step of a team.</summary>
/// <param name="Journey">Id of its journey.</param>
/// <param name="Step">Its id in the journey.</param>
/// <param name="Title">Its newest name.</param>
/// <param name="Figures">Its counts.</param>
public sealed record BoardStep(string Journey, string Step, string Title, BoardFigures Figures);

/// <summary>People of a team, or of several.</summary>
/// <param name="Members">How many active people there are.</param>
/// <param name="Present">How many of them are available or engaged.</param>
/// <param name="Load">Weight of the work that those who are present have.</param>
/// <param name="Capacity">Weight of the work that they can have.</param>
public sealed record BoardPeople(int Members, int Present, int Load, int Capacity)
{
    /// <summary>Whether someone is there who can be given work.</summary>
    public static bool IsPresent(TeamPerson person) => person.Presence.State is PresenceState.Available or PresenceState.Engaged;

    internal static BoardPeople Of(IEnumerable<Guid> members, IReadOnlyDictionary<Guid, PersonLoad>? present)
    {
        var all = members.Distinct().ToList();
        var there = all.Select(member => present?.GetValueOrDefault(member)).OfType<PersonLoad>().ToList();
        return new(all.Count, there.Count, there.Sum(person => person.Weight), there.Sum(person => person.Capacity));
    }
}

/// <summary>When the day of a team began, and when the same time was a day and a week ago.</summary>
/// <param name="Zone">The team's zone, or the reader's.</param>
/// <param name="Today">Its midnight.</param>
/// <param name="Yesterday">The same time of day a day ago, to the nearest hour.</param>
/// <param name="LastWeek">The same time of day a week ago, to the nearest hour.</param>
public sealed record BoardDay(DateTimeZone Zone, Instant Today, Instant Yesterday, Instant LastWeek)
{
    /// <summary>That of a team.</summary>
    /// <param name="reader">Zone of the reader, for a team without one.</param>
    public static BoardDay Of(Team team, DateTimeZone reader, Instant now)
    {
        var zone = (team.TimeZone is { } id ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) : null) ?? reader;
        var local = now.InZone(zone).LocalDateTime;
        return new(zone, local.Date.AtStartOfDayInZone(zone).ToInstant(), Ago(1), Ago(7));

        Instant Ago(int days) => Hour(local.PlusDays(-days).InZoneLeniently(zone).ToInstant() + Duration.FromMinutes(30));
    }

    /// <summary>The full hour at or before an instant.</summary>
    internal static Instant Hour(Instant at) => Instant.FromUnixTimeSeconds(at.ToUnixTimeSeconds() / 3600 * 3600);
}
