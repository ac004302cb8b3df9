namespace Orchestration.Workflows.People;

/// <summary>The shipped roles. A person can have several. What they allow is in <see cref="Permissions"/>.</summary>
public static class Roles
{
    /// <summary>Designs journeys.</summary>
    public const string Analyst = "analyst";

    /// <summary>Does human steps.</summary>
    public const string Employee = "employee";

    /// <summary>Steers teams.</summary>
    public const string Supervisor = "supervisor";

    /// <summary>Talks to customers and starts their cases.</summary>
    public const string FrontOffice = "frontoffice";

    /// <summary>Reviews what happened; changes nothing.</summary>
    public const string Compliance = "compliance";

    /// <summary>Looks after people, settings and the service itself.</summary>
    public const string Administrator = "administrator";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Analyst, Employee, Supervisor, FrontOffice, Compliance, Administrator];
}

/// <summary>An active person, as sessions and pages see them.</summary>
/// <param name="Id">Never changes.</param>
/// <param name="UserName">Used to sign in; unique, ignoring case.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="Email">Where mail reaches them, if anywhere.</param>
/// <param name="Roles">Shipped roles, of <see cref="People.Roles"/>, and roles that administrators composed.</param>
/// <param name="Teams">Keys of the teams they work in.</param>
/// <param name="Leads">Keys of the teams they lead, whether they work in them or not.</param>
/// <param name="SecurityStamp">Sessions with another stamp are over.</param>
public sealed record Person(
    Guid Id,
    string UserName,
    string DisplayName,
    string? Email,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Teams,
    IReadOnlyList<string> Leads,
    Guid SecurityStamp
)
{
    /// <summary>What the roles allow that administrators composed.</summary>
    public IReadOnlyList<string> OwnPermissions { get; init; } = [];

    /// <summary>Whether they have a permission of <see cref="Permissions"/>, by a shipped role or by one that administrators composed.</summary>
    public bool May(string permission)
    {
        foreach (var role in Roles)
        {
            if (Permissions.Of(role).Contains(permission))
                return true;
        }

        return OwnPermissions.Contains(permission);
    }

    /// <summary>Whether they have one of the roles.</summary>
    public bool Is(params ReadOnlySpan<string> roles)
    {
        foreach (var role in roles)
        {
            if (Roles.Contains(role))
                return true;
        }

        return false;
    }

    /// <summary>Whether they work in the team or lead it.</summary>
    public bool BelongsTo(string team) => Teams.Contains(team) || Leads.Contains(team);
}
