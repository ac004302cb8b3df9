using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// Adds and changes people by a file: all of it or, when anything is wrong, nothing. A user name that exists is changed, and only in the columns that the file
/// has; an empty cell clears. No one is deactivated by being left out.
/// </summary>
public static class ImportPeople
{
    private const string UserName = "user_name";
    private const string DisplayName = "display_name";

    /// <summary>Columns a file can have.</summary>
    public static readonly IReadOnlyList<string> Columns = [UserName, DisplayName, "email", "roles", "teams", "leads", "skills"];

    /// <summary>A file to begin with.</summary>
    public const string Sample = """
        user_name,display_name,email,roles,teams,leads,skills
        vera.lang,Vera Lang,vera.lang@example.com,employee,claims-intake;claims-adjusting,,fraud:3;property-claims:2:2028-01-31:PC-1042:Chartered Institute
        omar.haddad,Omar Haddad,omar.haddad@example.com,employee;supervisor,claims-payments,,

        """;

    /// <summary>Previews a file, or applies it.</summary>
    /// <param name="file">Its text.</param>
    /// <param name="apply">False: only say what it would do.</param>
    /// <param name="fingerprint">Of the preview that is to be applied; null: apply whatever the file does now.</param>
    /// <param name="links">Given: mail everyone who is added, and has an address, a link to choose a password.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <param name="duties">How duties are kept apart; null: with a warning.</param>
    public static async Task<ImportResult> RunAsync(
        WorkflowRuntime runtime,
        string file,
        bool apply,
        string? fingerprint,
        PasswordLinks? links,
        string actor,
        DutySettings? duties = null,
        CancellationToken cancel = default
    )
    {
        var errors = new List<ImportError>();
        var lines = CsvTable.Read(file, Columns, UserName, errors);
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var skills = await SkillCatalog.KeysAsync(t.Connection, cancel);
        var roles = await CustomRoles.AllAsync(t.Connection, cancel);
        var people = await PersonDetails.AllAsync(t.Connection, t.Now, cancel);
        var byName = people.ToDictionary(p => p.UserName, StringComparer.OrdinalIgnoreCase);

        var read = new List<(CsvRow Row, PersonDetails? Before, NewPerson After)>();
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var led = new Dictionary<string, int>();
        foreach (var row in lines)
        {
            var name = row[UserName] ?? "";
            var before = byName.GetValueOrDefault(name);
            var after = StaffRules.Tidy(Read(row, before?.Data ?? new(name, "", null, []), errors));
            errors.AddRange(
                StaffRules
                    .Check(after, teams, skills, roles, before?.Data)
                    .Concat(CustomRoles.Conflicts(duties ?? new(), after.Roles, before?.Roles ?? [], roles))
                    .Select(e => new ImportError(row.Line, Column(e.Field), ImportResult.Sentence(e.Reason)))
            );
            ImportResult.CheckTwice(seen, row.Line, UserName, name, errors);
            foreach (var team in row.List("leads") is null ? [] : after.Leads)
            {
                if (!led.TryAdd(team, row.Line))
                    errors.Add(new(row.Line, "leads", $"Line {led[team]} names a lead of “{team}” too. A team has one lead."));
            }

            read.Add((row, before, after));
        }

        if (errors.Count > 0)
            return ImportResult.Of(errors, Columns);

        var plan = new StaffPlan(people, teams, t.Now);
        foreach (var (_, before, after) in read.Where(r => r.Before is not null))
            plan.Change(before!, after);
        var added = read.Where(r => r.Before is null).Select(r => (Id: plan.Add(r.After), r.After)).ToList();
        var lineOf = read.Where(r => r.Before is not null).ToDictionary(r => r.Before!.Id, r => r.Row.Line);
        errors.AddRange(
            (await plan.CheckAdministratorsAsync(t, cancel)).Select(e => new ImportError(lineOf[e.Person], "roles", ImportResult.Sentence(e.Reason)))
        );
        if (errors.Count > 0)
            return ImportResult.Of(errors, Columns);

        var rows = read.ConvertAll(r => Tell(r.Row, r.Before, r.Before is null ? r.After : plan.Of(r.Before)));
        if (ImportResult.Before(apply, fingerprint, file, rows) is { } answer)
            return answer;
        await plan.WriteToAsync(t, cancel);
        if (links is { AreMailed: true })
            added.ForEach(a => links.Write(t, a.Id, a.After.Email, hasPassword: false));
        await t.CommitAsync(cancel);
        return new ImportResult.Applied(rows);
    }

    private static NewPerson Read(CsvRow row, NewPerson before, List<ImportError> errors)
    {
        var skills = before.Skills;
        if (row.List("skills") is { } texts)
        {
            var all = new List<Skill>();
            foreach (var text in texts)
            {
                if (SkillText.Read(text, out var skill) is { } wrong)
                    errors.Add(new(row.Line, "skills", wrong));
                else
                    all.Add(skill);
            }

            skills = all;
        }

        return before with
        {
            DisplayName = row[DisplayName] ?? before.DisplayName,
            Email = row["email"] ?? before.Email,
            Roles = row.List("roles") ?? before.Roles,
            Teams = row.List("teams") ?? before.Teams,
            Leads = row.List("leads") ?? before.Leads,
            Skills = skills,
        };
    }

    private static ImportedRow Tell(CsvRow row, PersonDetails? before, NewPerson after)
    {
        var changes = StaffPlan.Compare(before?.Data ?? new(after.UserName, "", null, []), after);
        return ImportedRow.Of(row.Line, before?.UserName ?? after.UserName, after.DisplayName, before is null, changes);
    }

    private static string Column(string field) =>
        field switch
        {
            "userName" => UserName,
            "displayName" => DisplayName,
            _ => field,
        };
}
