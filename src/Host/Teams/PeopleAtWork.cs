using NodaTime;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Teams;

/// <summary>The people of a team, or of all that someone steers.</summary>
/// <param name="People">Those who are there first; of all teams, as many as there is room for.</param>
/// <param name="Total">How many there are.</param>
/// <param name="InHand">What they are working on.</param>
/// <param name="Team">Key of the team; null: of all.</param>
/// <param name="Which"><c>present</c>, <c>all</c>, or null: as many as there is room for.</param>
/// <param name="Now">Now.</param>
public sealed record PeopleAtWork(IReadOnlyList<TeamPerson> People, int Total, ILookup<Guid, TaskInHand> InHand, string? Team, string? Which, Instant Now)
{
    /// <summary>How many people of all teams are named. A team's page names all of them.</summary>
    public const int Few = 12;

    public IReadOnlyList<TeamPerson> Shown { get; } =
        Which switch
        {
            "present" => [.. People.Where(person => person.IsMember && BoardPeople.IsPresent(person))],
            "all" => [.. People.Where(person => person.IsMember)],
            _ => People,
        };

    public int More => Total - Shown.Count;

    /// <summary>Address of the list alone.</summary>
    public string Href => $"/team/people{new BacklogFilter(Team, People: Which).Query}";

    /// <summary>Address of the page with the same people.</summary>
    public string PageHref => $"/team{new BacklogFilter(Team, People: Which).Query}";

    public string MembersHref => $"/team{new BacklogFilter(Team, People: "all").Query}#people";

    public string TasksHref(TeamPerson person, string? show = null) => $"/team{new BacklogFilter(Team, Show: show, Owner: person.UserName).Query}#tasks";
}
