using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Access;

/// <summary>A group of an identity provider, and what its members get here.</summary>
/// <param name="Group">As the provider's claim has it.</param>
/// <param name="Roles">Roles.</param>
/// <param name="Teams">Keys of teams to work in.</param>
public sealed record GroupAccess(string Group, IReadOnlyList<string> Roles, IReadOnlyList<string> Teams);

/// <summary>What an identity provider says about someone who signs in.</summary>
/// <param name="Issuer">The provider, as its tokens name it.</param>
/// <param name="Subject">The account. Unlike a name or an address it never goes to someone else.</param>
/// <param name="UserName">User name for someone new.</param>
/// <param name="DisplayName">Name.</param>
/// <param name="Email">Email.</param>
/// <param name="EmailVerified">Whether the provider has verified the address; null: it doesn't say.</param>
/// <param name="Groups">Groups of the account.</param>
public sealed record ExternalPerson(
    string Issuer,
    string Subject,
    string? UserName,
    string? DisplayName,
    string? Email,
    bool? EmailVerified,
    IReadOnlyList<string> Groups
);

/// <summary>Why someone whom the provider vouches for can't sign in.</summary>
public enum SignOnRefusal
{
    /// <summary>They are no person here, and people aren't added when they sign in.</summary>
    NotAdded,

    /// <summary>They were deactivated.</summary>
    Deactivated,

    /// <summary>Their email isn't of an allowed domain, or isn't verified.</summary>
    EmailDomain,

    /// <summary>None of their groups has a role, and there is no default role.</summary>
    NoRole,

    /// <summary>Someone else has the user name.</summary>
    UserNameTaken,

    /// <summary>The name or the user name that the provider sent isn't accepted.</summary>
    Profile,
}

/// <summary>Which accounts of a provider are let in, and what they may do.</summary>
/// <param name="Provider">The provider's name on pages and in history.</param>
/// <param name="Groups">What groups get. Roles and teams that appear here follow the groups at each sign-in; all others stay as they are.</param>
public sealed record SignOnRules(string Provider, IReadOnlyList<GroupAccess> Groups)
{
    /// <summary>Whether someone who is no person yet becomes one.</summary>
    public bool AddsPeople { get; init; } = true;

    /// <summary>Role of people who have no other; null: they are refused.</summary>
    public string? DefaultRole { get; init; }

    /// <summary>Domains of email addresses that are let in; empty: all.</summary>
    public IReadOnlyList<string> EmailDomains { get; init; } = [];

    /// <summary>Whether an account is linked to the one active person with its verified email address.</summary>
    public bool LinksByEmail { get; init; }

    /// <summary>How duties are kept apart.</summary>
    public DutySettings Duties { get; init; } = new();

    /// <summary>Who changed something, as history names the provider: no user name has a colon.</summary>
    public string Actor => $"oidc:{Provider}";

    /// <summary>Whether the address may sign in. An address that the provider calls unverified proves nothing.</summary>
    public bool Allows(string? email, bool? verified) =>
        EmailDomains.Count == 0
        || (verified != false && email?.Split('@') is [_, var domain] && EmailDomains.Contains(domain, StringComparer.OrdinalIgnoreCase));

    /// <summary>The person with the roles, teams, name and email that the provider's account gives them.</summary>
    /// <param name="person">As they are.</param>
    /// <param name="account">As the provider says.</param>
    /// <param name="teams">Teams that can get people.</param>
    public NewPerson Apply(NewPerson person, ExternalPerson account, IReadOnlyCollection<string> teams)
    {
        var granted = Groups.Where(group => account.Groups.Contains(group.Group, StringComparer.Ordinal)).ToList();
        var roles = Follow(person.Roles, Groups.SelectMany(g => g.Roles).Append(DefaultRole ?? ""), granted.SelectMany(g => g.Roles));
        return person with
        {
            DisplayName = account.DisplayName ?? person.DisplayName,
            Email = account.Email ?? person.Email,
            Roles = roles.Count == 0 && DefaultRole is { } role ? [role] : roles,
            Teams = Follow(person.Teams, Groups.SelectMany(g => g.Teams), granted.SelectMany(g => g.Teams).Where(teams.Contains)),
        };
    }

    private static List<string> Follow(IEnumerable<string> had, IEnumerable<string> governed, IEnumerable<string> granted) =>
        [.. had.Except(governed).Union(granted)];

    /// <summary>A user name made of what the provider says, or null. An address gives the part before the @ only if the whole isn't accepted.</summary>
    public static string? UserNameOf(ExternalPerson account) =>
        new[] { account.UserName, account.Email, account.Email?.Split('@')[0] }.FirstOrDefault(name => name is not null && StaffRules.IsUserName(name));
}
