using NodaTime;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>A skill of a person.</summary>
/// <param name="Key">Lower-case letters, digits and dashes, e.g. <c>fha-underwriting</c>.</param>
/// <param name="Level">1 to 5; default 1.</param>
/// <param name="CertifiedUntil">First day on which the skill no longer counts; null: it doesn't expire.</param>
/// <param name="CertificateNumber">Number on the certificate.</param>
/// <param name="CertificateIssuer">Who issued it.</param>
/// <param name="CertifiedBy">Who certified the person.</param>
/// <param name="CertifiedAt">On which day.</param>
/// <param name="Evidence">On what: a course, an exam, reviewed work.</param>
public sealed record SkillBody(
    string? Key,
    int Level = 1,
    DateOnly? CertifiedUntil = null,
    string? CertificateNumber = null,
    string? CertificateIssuer = null,
    string? CertifiedBy = null,
    DateOnly? CertifiedAt = null,
    string? Evidence = null
)
{
    internal Skill Data => new(Key ?? "", Level, CertifiedUntil, CertificateNumber, CertificateIssuer, CertifiedBy, CertifiedAt, Evidence);
}

/// <summary>A person to add.</summary>
/// <param name="UserName">Used to sign in. It can't be changed later.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="Roles">At least one.</param>
/// <param name="Email">Where mail reaches them.</param>
/// <param name="Teams">Keys of the teams they work in.</param>
/// <param name="Leads">Keys of the teams they lead; whoever led them no longer does.</param>
/// <param name="Skills">Their skills.</param>
public sealed record AddPersonBody(
    string? UserName,
    string? DisplayName,
    IReadOnlyList<string>? Roles,
    string? Email = null,
    IReadOnlyList<string>? Teams = null,
    IReadOnlyList<string>? Leads = null,
    IReadOnlyList<SkillBody>? Skills = null
)
{
    internal NewPerson Data =>
        new(UserName ?? "", DisplayName ?? "", Email, Bodies.Some(Roles))
        {
            Teams = Bodies.Some(Teams),
            Leads = Bodies.Some(Leads),
            Skills = [.. (Skills ?? []).OfType<SkillBody>().Select(s => s.Data)],
        };
}

/// <summary>What a person becomes. Everything that is left out is cleared.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="Roles">At least one.</param>
/// <param name="Email">Where mail reaches them.</param>
/// <param name="Teams">Keys of the teams they work in.</param>
/// <param name="Leads">Keys of the teams they lead; whoever led them no longer does.</param>
/// <param name="Skills">Their skills.</param>
public sealed record ChangePersonBody(
    int? Revision,
    string? DisplayName,
    IReadOnlyList<string>? Roles,
    string? Email = null,
    IReadOnlyList<string>? Teams = null,
    IReadOnlyList<string>? Leads = null,
    IReadOnlyList<SkillBody>? Skills = null
)
{
    internal NewPerson Data => new AddPersonBody("", DisplayName, Roles, Email, Teams, Leads, Skills).Data;
}

/// <summary>A deactivation.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="Reason">Why, for history; optional.</param>
public sealed record DeactivateBody(int? Revision, string? Reason = null);

/// <summary>A link with which a person chooses a password.</summary>
/// <param name="Url">Opens the page; works once. It isn't shown again.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="MailedTo">Address it is mailed to; null: it isn't mailed.</param>
public sealed record PasswordLink(string Url, Instant ExpiresAt, string? MailedTo);

/// <summary>A team to add.</summary>
/// <param name="Key">As journeys name it. It can't be changed later.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">Its purpose.</param>
/// <param name="Lead">User name of who leads it.</param>
/// <param name="Members">User names of who works in it.</param>
/// <param name="Office">`front`: it answers customers; `back` (default): it works through what waits.</param>
/// <param name="TimeZone">Zone of its day on the board, such as `Europe/London`; left out: the reader's.</param>
public sealed record AddTeamBody(
    string? Key,
    string? Title,
    string? Description = null,
    string? Lead = null,
    IReadOnlyList<string>? Members = null,
    string? Office = null,
    string? TimeZone = null
)
{
    internal TeamData Data =>
        new(Key ?? "", Title ?? "", Description ?? "", Lead, Bodies.Some(Members)) { Office = Office ?? TeamData.Back, TimeZone = TimeZone };
}

/// <summary>What a team becomes. Everything that is left out is cleared.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">Its purpose.</param>
/// <param name="Lead">User name of who leads it.</param>
/// <param name="Members">User names of who works in it.</param>
/// <param name="Office">`front`: it answers customers; `back` (default): it works through what waits.</param>
/// <param name="TimeZone">Zone of its day on the board, such as `Europe/London`; left out: the reader's.</param>
public sealed record ChangeTeamBody(
    int? Revision,
    string? Title,
    string? Description = null,
    string? Lead = null,
    IReadOnlyList<string>? Members = null,
    string? Office = null,
    string? TimeZone = null
)
{
    internal TeamData Data(string key) => new AddTeamBody(key, Title, Description, Lead, Members, Office, TimeZone).Data;
}

/// <summary>What a file does, or did.</summary>
/// <param name="Applied">Whether it was done; false: this is a preview.</param>
/// <param name="Rows">Every line.</param>
/// <param name="Fingerprint">Of a preview: send it to apply exactly that; null once it is applied.</param>
public sealed record ImportAnswer(bool Applied, IReadOnlyList<ImportedRow> Rows, string? Fingerprint);

internal static class Bodies
{
    /// <summary>A list without the nulls that JSON can have.</summary>
    public static IReadOnlyList<string> Some(IReadOnlyList<string>? texts) => [.. (texts ?? []).OfType<string>()];
}
