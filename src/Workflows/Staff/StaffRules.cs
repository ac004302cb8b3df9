using System.Net.Mail;
using System.Text.RegularExpressions;
using NodaTime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>Which data of people and teams are accepted, wherever they come from: a page, the API or a file.</summary>
internal static partial class StaffRules
{
    /// <summary>Without blanks around it, and lists in order and without repetitions.</summary>
    public static NewPerson Tidy(NewPerson person) =>
        new(
            person.UserName.Trim(),
            person.DisplayName.Trim(),
            string.IsNullOrWhiteSpace(person.Email) ? null : person.Email.Trim(),
            [.. Roles.All.Where(role => person.Roles.Contains(role, StringComparer.OrdinalIgnoreCase)).Union(Tidy(person.Roles).Where(NotARole))]
        )
        {
            Teams = Tidy(person.Teams),
            Leads = Tidy(person.Leads),
            Skills =
            [
                .. person
                    .Skills.Select(skill =>
                        skill with
                        {
                            Key = skill.Key.Trim(),
                            CertificateNumber = Blank(skill.CertificateNumber),
                            CertificateIssuer = Blank(skill.CertificateIssuer),
                            CertifiedBy = Blank(skill.CertifiedBy),
                            Evidence = Blank(skill.Evidence),
                        }
                    )
                    .OrderBy(skill => skill.Key, StringComparer.Ordinal),
            ],
        };

    /// <summary>Without blanks around it.</summary>
    public static TeamData Tidy(TeamData team) =>
        new(team.Key.Trim(), team.Title.Trim(), team.Description.Trim(), Blank(team.Lead), [.. team.Members.Select(m => m.Trim()).Where(m => m.Length > 0)])
        {
            Office = team.Office,
            TimeZone = Blank(team.TimeZone),
        };

    /// <summary>What is wrong with a person's data, by field.</summary>
    /// <param name="person">Tidied.</param>
    /// <param name="teams">All teams.</param>
    /// <param name="skills">The catalogue: whether a skill is retired.</param>
    /// <param name="roles">Roles that administrators composed.</param>
    /// <param name="before">What they are now: a retired team or skill that they have already is accepted.</param>
    public static IEnumerable<(string Field, string Reason)> Check(
        NewPerson person,
        IReadOnlyDictionary<string, TeamDetails> teams,
        IReadOnlyDictionary<string, bool> skills,
        IReadOnlyDictionary<string, string[]> roles,
        NewPerson? before
    )
    {
        if (before is null && !IsUserName(person.UserName))
            yield return ("userName", "must have 1 to 64 letters, digits, dots, dashes, underscores or @, and begin with a letter or digit");
        if (Text(person.DisplayName, 100, required: true) is { } name)
            yield return ("displayName", name);
        if (person.Email is { } email && (email.Length > 254 || !Address().IsMatch(email) || !MailAddress.TryCreate(email, out _)))
            yield return ("email", "must be an address like vera@example.com");
        if (person.Roles.Count == 0)
            yield return ("roles", "choose at least one role");
        foreach (var role in person.Roles.Where(role => NotARole(role) && !roles.ContainsKey(role)))
            yield return ("roles", $"“{role}” is not a role; the roles are {string.Join(", ", Roles.All.Concat(roles.Keys.Order(StringComparer.Ordinal)))}");
        foreach (var (field, keys, had) in new[] { ("teams", person.Teams, before?.Teams), ("leads", person.Leads, before?.Leads) })
        {
            foreach (var key in keys)
            {
                if (!teams.TryGetValue(key, out var team))
                    yield return (field, $"“{key}” is not the key of a team");
                else if (team.RetiredAt is not null && had?.Contains(key) != true)
                    yield return (field, $"the team “{key}” is retired");
            }
        }

        foreach (var skill in person.Skills)
        {
            if (!Key().IsMatch(skill.Key))
                yield return ("skills", $"“{skill.Key}” is not a skill: use lower-case letters, digits and dashes, as in fha-underwriting");
            else if (!skills.TryGetValue(skill.Key, out var retired))
                yield return ("skills", $"“{skill.Key}” is not in the catalogue of skills");
            else if (retired && before?.Skills.Any(had => had.Key == skill.Key) != true)
                yield return ("skills", $"the skill “{skill.Key}” is retired");
            if (skill.Level is < 1 or > 5)
                yield return ("skills", $"“{skill.Key}” has level {skill.Level}; levels go from 1 to 5");
            if (Text(skill.CertificateNumber ?? "", 100) is { } number)
                yield return ("skills", $"the certificate number of “{skill.Key}” {number}");
            if (Text(skill.CertificateIssuer ?? "", 200) is { } issuer)
                yield return ("skills", $"the certificate issuer of “{skill.Key}” {issuer}");
            if (Text(skill.CertifiedBy ?? "", 100) is { } by)
                yield return ("skills", $"who certified “{skill.Key}” {by}");
            if (Text(skill.Evidence ?? "", 500) is { } evidence)
                yield return ("skills", $"the evidence of “{skill.Key}” {evidence}");
        }

        foreach (var twice in person.Skills.GroupBy(skill => skill.Key).Where(group => group.Count() > 1))
            yield return ("skills", $"“{twice.Key}” is there more than once");
    }

    /// <summary>What is wrong with a team's data, by field.</summary>
    /// <param name="team">Tidied.</param>
    /// <param name="people">People by user name, ignoring case.</param>
    /// <param name="isNew">Whether it is to be added.</param>
    public static IEnumerable<(string Field, string Reason)> Check(TeamData team, IReadOnlyDictionary<string, PersonDetails> people, bool isNew)
    {
        if (isNew && !Key().IsMatch(team.Key))
            yield return ("key", "must have 1 to 64 lower-case letters, digits and dashes, and begin with a letter");
        if (Text(team.Title, 100, required: true) is { } title)
            yield return ("title", title);
        if (Text(team.Description, 500) is { } description)
            yield return ("description", description);
        if (team.Lead is { } lead && (!people.TryGetValue(lead, out var leader) || !leader.Active))
            yield return ("lead", $"“{lead}” is not the user name of an active person");
        if (team.Office is not (TeamData.Front or TeamData.Back))
            yield return ("office", $"must be {TeamData.Front} or {TeamData.Back}");
        if (team.TimeZone is { } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is null)
            yield return ("timeZone", $"“{zone}” is not a time zone such as Europe/London");
        foreach (var member in team.Members.Where(member => !people.ContainsKey(member)))
            yield return ("members", $"“{member}” is not the user name of a person");
    }

    /// <summary>The errors as an answer has them.</summary>
    public static Dictionary<string, string[]> ByField(IEnumerable<(string Field, string Reason)> errors) =>
        errors.GroupBy(e => e.Field).ToDictionary(group => group.Key, group => group.Select(e => e.Reason).Distinct().ToArray());

    /// <summary>Whether a new person can have it.</summary>
    public static bool IsUserName(string name) => UserName().IsMatch(name);

    private static bool NotARole(string role) => !Roles.All.Contains(role, StringComparer.OrdinalIgnoreCase);

    private static string? Text(string text, int longest, bool required = false) =>
        required && text.Length == 0 ? "is required"
        : text.Length > longest ? $"must have at most {longest} characters"
        : text.Any(char.IsControl) ? "must not contain line breaks or other control characters"
        : null;

    private static List<string> Tidy(IReadOnlyList<string> keys) =>
        [.. keys.Select(key => key.Trim()).Where(key => key.Length > 0).Distinct().Order(StringComparer.Ordinal)];

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    private static partial Regex UserName();

    [GeneratedRegex("^[a-z][a-z0-9-]{0,63}$")]
    private static partial Regex Key();

    [GeneratedRegex(@"^[^\s@<>,;:]+@[^\s@<>,;:]+$")]
    private static partial Regex Address();
}
