using Orchestration.Host.Startup;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Identity;

/// <summary>How people sign in.</summary>
/// <param name="Provider">An identity provider beside local accounts; null: none.</param>
/// <param name="AllowsPasswords">Whether local accounts can sign in.</param>
/// <param name="Passwords">Which passwords are accepted.</param>
/// <param name="SecondFactor">Who needs a code besides their password.</param>
/// <param name="Duties">What happens when someone gets two permissions that should be apart.</param>
internal sealed record SignOnSettings(
    OpenIdConnectSettings? Provider,
    bool AllowsPasswords,
    PasswordSettings Passwords,
    SecondFactorSettings SecondFactor,
    DutySettings Duties
)
{
    /// <summary>Name of the provider's scheme.</summary>
    public const string Scheme = "OpenIdConnect";

    // NIST SP 800-63B allows no less than eight.
    private const int ShortestPassword = 8;
    private const int LongestPassword = 64;

    public static SignOnSettings Read(SettingsReader settings, bool isDevelopment)
    {
        var duties = new DutySettings(settings.Choice("Roles:SeparationOfDuties", DutyMode.Warn));
        var provider = OpenIdConnectSettings.Read(settings, duties);
        var allowsPasswords = settings.Flag("SignIn:Passwords", otherwise: true);
        if (provider is null && !allowsPasswords)
            settings.Refuse("SignIn:Passwords", "is false; without SignIn:OpenIdConnect no one could sign in.");
        return new(
            provider,
            allowsPasswords,
            new(settings.Number("SignIn:PasswordLength", PasswordSettings.UsualLength, ShortestPassword, LongestPassword)),
            new(SecondFactorRoles(settings, isDevelopment)),
            duties
        );
    }

    private static IReadOnlyList<string> SecondFactorRoles(SettingsReader settings, bool isDevelopment)
    {
        var isRequired = settings.Flag("SignIn:SecondFactor:Required", otherwise: !isDevelopment);
        var roles =
            settings.Names("SignIn:SecondFactor:Roles").Count > 0
                ? AccessSettings.Known(settings, "SignIn:SecondFactor:Roles", Roles.All)
                : SecondFactorSettings.Privileged;
        return isRequired ? roles : [];
    }
}

/// <summary>An identity provider (OpenID Connect).</summary>
/// <param name="Authority">Address of the provider, without <c>/.well-known/openid-configuration</c>.</param>
/// <param name="ClientId">This application, as the provider knows it.</param>
/// <param name="ClientSecret">Its secret; null: the provider takes it as a public client, which PKCE alone protects.</param>
/// <param name="Scopes">What to ask for.</param>
/// <param name="UserNameClaim">Claim that new people's user names come from.</param>
/// <param name="NameClaim">Claim of the name.</param>
/// <param name="EmailClaim">Claim of the email address.</param>
/// <param name="GroupsClaim">Claim of the groups; an array, or several claims.</param>
/// <param name="UsesUserInfo">Whether claims are also read from the provider's userinfo endpoint.</param>
/// <param name="ClockSkew">How far the provider's clock may be from ours.</param>
/// <param name="Rules">Who is let in, and what they may do.</param>
internal sealed record OpenIdConnectSettings(
    Uri Authority,
    string ClientId,
    string? ClientSecret,
    IReadOnlyList<string> Scopes,
    string UserNameClaim,
    string NameClaim,
    string EmailClaim,
    string GroupsClaim,
    bool UsesUserInfo,
    TimeSpan ClockSkew,
    SignOnRules Rules
)
{
    private const string Section = "SignIn:OpenIdConnect";
    private const int UsualSkew = 60;
    private const int LongestSkew = 300;

    /// <summary>The provider, or null if none is configured.</summary>
    public static OpenIdConnectSettings? Read(SettingsReader settings, DutySettings duties)
    {
        if (settings.Names(Section).Count == 0)
            return null;
        var authority = settings.Address(Key("Authority"));
        if (settings.Text(Key("Authority")) is null)
            settings.Refuse(Key("Authority"), "is missing; it is the address of the identity provider, such as https://login.example.com/realms/work.");
        else if (authority is { Scheme: "http", IsLoopback: false })
            settings.Refuse(Key("Authority"), $"is “{authority}”; it must begin with https:// unless the provider runs on this machine.");
        var client = settings.Text(Key("ClientId"));
        if (client is null)
            settings.Refuse(Key("ClientId"), "is missing; it is this application's ID at the identity provider.");
        var name = settings.Text(Key("Name")) ?? "Single sign-on";
        if (name.Length > 40 || name.Any(char.IsControl))
            settings.Refuse(Key("Name"), "must have at most 40 characters; it is shown on the sign-in button.");
        var scopes = settings.List(Key("Scopes"));
        var skew = settings.Seconds(Key("ClockSkewSeconds"), UsualSkew, 0, LongestSkew);
        return new(
            authority ?? new Uri("https://localhost"),
            client ?? "",
            settings.Text(Key("ClientSecret")),
            scopes.Count > 0 ? [.. scopes.Select(scope => scope.Text)] : ["openid", "profile", "email"],
            settings.Text(Key("UserNameClaim")) ?? "preferred_username",
            settings.Text(Key("NameClaim")) ?? "name",
            settings.Text(Key("EmailClaim")) ?? "email",
            settings.Text(Key("GroupsClaim")) ?? "groups",
            settings.Flag(Key("UserInfo")),
            skew,
            ReadRules(settings, name, duties)
        );
    }

    private static SignOnRules ReadRules(SettingsReader settings, string name, DutySettings duties)
    {
        var groups = settings
            .Names(Key("Groups"))
            .Select(index =>
            {
                var key = $"{Key("Groups")}:{index}";
                var group = settings.Text($"{key}:Group");
                if (group is null)
                    settings.Refuse($"{key}:Group", "is missing; it is the name or ID of a group, as the provider's claim has it.");
                var roles = AccessSettings.Known(settings, $"{key}:Roles", Roles.All);
                var teams = settings.List($"{key}:Teams").Select(team => team.Text).ToList();
                if (roles.Count + teams.Count == 0)
                    settings.Refuse(key, "gives nothing; name roles, teams or both.");
                return new GroupAccess(group ?? "", roles, teams);
            })
            .ToList();
        var role = settings.Text(Key("DefaultRole"));
        if (role is not null && !Roles.All.Contains(role))
            settings.Refuse(Key("DefaultRole"), $"is “{role}”; it must be one of {string.Join(", ", Roles.All)}.");
        var domains = settings.List(Key("EmailDomains"));
        foreach (var (key, text) in domains.Where(domain => Uri.CheckHostName(domain.Text) != UriHostNameType.Dns))
            settings.Refuse(key, $"is “{text}”; it must be a domain, such as example.com.");
        return new(name, groups)
        {
            AddsPeople = settings.Flag(Key("AddPeople"), otherwise: true),
            DefaultRole = role,
            EmailDomains = [.. domains.Select(domain => domain.Text)],
            LinksByEmail = settings.Flag(Key("LinkByEmail")),
            Duties = duties,
        };
    }

    private static string Key(string name) => $"{Section}:{name}";
}
