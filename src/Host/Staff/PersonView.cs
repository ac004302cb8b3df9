using System.Globalization;
using NodaTime;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>The data of the list of people.</summary>
public sealed record PeopleView(PersonList Page, PeopleFilter Filter, IReadOnlyList<TeamDetails> Teams, IReadOnlyList<RoleDetails> Roles)
{
    /// <summary>What an import or a new person did: shown once.</summary>
    public string? Done { get; init; }

    public bool IsOn => !string.IsNullOrWhiteSpace(Filter.Search) || Filter.Role is not null || Filter.Team is not null || Filter.State is not null;

    /// <summary>The address of a page of this list.</summary>
    public string At(int page) =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["q"] = Filter.Search,
                    ["role"] = Filter.Role,
                    ["team"] = Filter.Team,
                    ["state"] = Filter.State,
                    ["page"] = page > 1 ? page.ToString(CultureInfo.InvariantCulture) : null,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}

/// <summary>A skill as it was typed.</summary>
public sealed record SkillForm(string Key, string Level, string Until, string Number, string Issuer, string By, string At, string Evidence)
{
    public static readonly SkillForm Empty = new("", "1", "", "", "", "", "", "");
}

/// <summary>A person's data as they were typed.</summary>
public sealed record PersonForm
{
    public string UserName { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Email { get; init; } = "";
    public IReadOnlyList<string> Roles { get; init; } = [];
    public IReadOnlyList<string> Teams { get; init; } = [];
    public IReadOnlyList<string> Leads { get; init; } = [];
    public IReadOnlyList<SkillForm> Skills { get; init; } = [];

    public static PersonForm Of(PersonDetails person) =>
        new()
        {
            UserName = person.UserName,
            DisplayName = person.DisplayName,
            Email = person.Email ?? "",
            Roles = person.Roles,
            Teams = person.Teams,
            Leads = person.Leads,
            Skills =
            [
                .. person.Skills.Select(s => new SkillForm(
                    s.Key,
                    s.Level.ToString(CultureInfo.InvariantCulture),
                    s.CertifiedUntil?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "",
                    s.CertificateNumber ?? "",
                    s.CertificateIssuer ?? "",
                    s.CertifiedBy ?? "",
                    s.CertifiedAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "",
                    s.Evidence ?? ""
                )),
            ],
        };

    public static PersonForm Read(IFormCollection form)
    {
        var keys = form["skill"];
        return new()
        {
            UserName = Text(form, "userName", 0),
            DisplayName = Text(form, "displayName", 0),
            Email = Text(form, "email", 0),
            Roles = [.. form["role"].OfType<string>()],
            Teams = [.. form["team"].OfType<string>()],
            Leads = [.. form["lead"].OfType<string>()],
            Skills =
            [
                .. Enumerable
                    .Range(0, keys.Count)
                    .Select(i => new SkillForm(
                        Text(form, "skill", i),
                        Text(form, "level", i),
                        Text(form, "until", i),
                        Text(form, "number", i),
                        Text(form, "issuer", i),
                        Text(form, "certifiedBy", i),
                        Text(form, "certifiedAt", i),
                        Text(form, "evidence", i)
                    ))
                    .Where(skill => skill.Key.Length > 0),
            ],
        };
    }

    /// <summary>The data, and what of them can't be read.</summary>
    public NewPerson Data(Dictionary<string, string[]> errors)
    {
        var (skills, wrong) = (new List<Skill>(), new List<string>());
        foreach (var typed in Skills)
        {
            var (until, at) = (Day(typed.Until, typed.Key, wrong), Day(typed.At, typed.Key, wrong));
            skills.Add(
                new(
                    typed.Key,
                    int.TryParse(typed.Level, NumberStyles.None, CultureInfo.InvariantCulture, out var level) ? level : 0,
                    until,
                    typed.Number,
                    typed.Issuer,
                    typed.By,
                    at,
                    typed.Evidence
                )
            );
        }

        if (wrong.Count > 0)
            errors["skills"] = [.. wrong];
        return new(UserName, DisplayName, Email, Roles)
        {
            Teams = Teams,
            Leads = Leads,
            Skills = skills,
        };
    }

    private static DateOnly? Day(string typed, string skill, List<string> wrong)
    {
        if (DateOnly.TryParseExact(typed, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return date;
        if (typed.Length > 0)
            wrong.Add($"“{typed}” is not a date like 2028-01-31 ({skill})");
        return null;
    }

    private static string Text(IFormCollection form, string field, int index) =>
        form[field] is var values && values.Count > index ? (values[index] ?? "").Trim() : "";
}

/// <summary>The data of a person's page; of a new person's, while <see cref="Person"/> is null.</summary>
public sealed record PersonView
{
    public PersonDetails? Person { get; init; }
    public required PersonForm Form { get; init; }
    public required IReadOnlyList<TeamDetails> Teams { get; init; }

    /// <summary>Skills of the catalogue to choose from.</summary>
    public required IReadOnlyList<Choice> KnownSkills { get; init; }

    /// <summary>Shipped roles, and those that administrators composed.</summary>
    public required IReadOnlyList<RoleDetails> KnownRoles { get; init; }
    public IReadOnlyList<StaffEvent> History { get; init; } = [];
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();

    /// <summary>Why the last thing asked for was not done.</summary>
    public string? Refused { get; init; }

    /// <summary>What was done.</summary>
    public string? Done { get; init; }

    /// <summary>A link to choose a password, to be copied now.</summary>
    public PasswordLink? Link { get; init; }
    public required Person Me { get; init; }
    public required Instant Now { get; init; }

    public bool IsMe => Person?.Id == Me.Id;

    /// <summary>Teams to choose from, and the retired ones they are in.</summary>
    public IEnumerable<TeamDetails> Choices =>
        Teams.Where(t => t.RetiredAt is null || Person?.Teams.Contains(t.Key) == true || Person?.Leads.Contains(t.Key) == true);
}
