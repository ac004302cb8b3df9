using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Staff;

/// <summary>One field of a person or team that differs.</summary>
/// <param name="Field">As in the API.</param>
/// <param name="From">Before, as text; empty: nothing.</param>
/// <param name="To">After.</param>
public sealed record FieldChange(string Field, string From, string To);

/// <summary>
/// What becomes of people, before it is written: membership and leadership belong to the person, so a change of a team is one of its people too. A person who
/// gets the lead of a team takes it from the one who had it.
/// </summary>
internal sealed class StaffPlan(IEnumerable<PersonDetails> people, IReadOnlyDictionary<string, TeamDetails> teams, Instant now)
{
    private readonly Dictionary<Guid, PersonDetails> _people = people.ToDictionary(p => p.Id);
    private readonly Dictionary<Guid, NewPerson> _after = [];
    private readonly List<(Guid Id, NewPerson Person)> _added = [];

    /// <summary>A person to be added.</summary>
    public Guid Add(NewPerson person)
    {
        var id = Ids.New(now);
        _added.Add((id, person));
        TakeLead(person, id);
        return id;
    }

    /// <summary>What an existing person becomes.</summary>
    public void Change(PersonDetails before, NewPerson after)
    {
        _after[before.Id] = after;
        TakeLead(after, before.Id);
    }

    /// <summary>What the person is after the changes so far.</summary>
    public NewPerson Of(PersonDetails person) => _after.GetValueOrDefault(person.Id) ?? person.Data;

    /// <summary>How a person differs from before, by field.</summary>
    public static IReadOnlyList<FieldChange> Compare(NewPerson before, NewPerson after) =>
        [
            .. new FieldChange[]
            {
                new("displayName", before.DisplayName, after.DisplayName),
                new("email", before.Email ?? "", after.Email ?? ""),
                new("roles", string.Join(", ", before.Roles.Order(StringComparer.Ordinal)), string.Join(", ", after.Roles.Order(StringComparer.Ordinal))),
                new("teams", string.Join(", ", before.Teams), string.Join(", ", after.Teams)),
                new("leads", string.Join(", ", before.Leads), string.Join(", ", after.Leads)),
                new("skills", string.Join(", ", before.Skills.Select(SkillText.Write)), string.Join(", ", after.Skills.Select(SkillText.Write))),
            }.Where(change => change.From != change.To),
        ];

    /// <summary>
    /// Why roles can't change like this, by person: there is always an active administrator, and no one takes the role from themself.
    /// </summary>
    /// <param name="actor">User name of who changes them.</param>
    public async Task<IReadOnlyList<(Guid Person, string Reason)>> CheckAdministratorsAsync(StaffTransaction t, CancellationToken cancel)
    {
        var losing = _after.Where(a => _people[a.Key].Roles.Contains(Roles.Administrator) && !a.Value.Roles.Contains(Roles.Administrator)).ToList();
        if (losing.Count == 0)
            return [];
        var errors = losing.Where(a => _people[a.Key].UserName == t.Actor).Select(a => (a.Key, "you can't take the administrator role from yourself")).ToList();
        var gained = _after.Any(a => _people[a.Key].Active && a.Value.Roles.Contains(Roles.Administrator));
        if (errors.Count == 0 && !gained && !await OtherAdministratorAsync(t.Connection, [.. _after.Keys], cancel))
            errors.AddRange(losing.Select(a => (a.Key, "this is the last active administrator")));
        return errors;
    }

    /// <summary>Whether there is an active administrator beside these people.</summary>
    public static async Task<bool> OtherAdministratorAsync(NpgsqlConnection connection, Guid[] people, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select exists (select from person where active and $2 = any(roles) and not id = any($1))", people, Roles.Administrator);
        return (bool)(await batch.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Locks everyone whom it changes, and puts rows, history and notifications into the transaction.</summary>
    /// <param name="alsoLock">People about whom the caller records something else.</param>
    public async Task WriteToAsync(StaffTransaction t, CancellationToken cancel, params IEnumerable<Guid> alsoLock)
    {
        var changed = _after
            .Select(a => (Before: _people[a.Key], After: a.Value, Changes: Compare(_people[a.Key].Data, a.Value)))
            .Where(c => c.Changes.Count > 0)
            .ToList();
        await t.LockAsync(changed.Select(c => c.Before.Id).Concat(_added.Select(a => a.Id)).Concat(alsoLock), cancel);
        foreach (var (id, person) in _added)
        {
            t.Writes.BatchCommands.Add(AddPerson.Insert(id, person, null, t.Now));
            t.Writes.BatchCommands.Add(AddPerson.InsertSkills(id, person.Skills));
            t.Record(id, "person.added", 1, person);
        }

        foreach (var (before, after, changes) in changed)
            Write(t, before, after, changes);
        WriteTeams(t, [.. changed.Select(c => (c.Before.Id, c.Before.UserName, c.Before.Data, c.After)), .. _added.Select(Added)]);
        t.Writes.BatchCommands.Add(
            AskForWork.For(
                changed.Where(c => c.Changes.Any(change => change.Field is "teams" or "skills")).Select(c => c.Before.Id),
                AskForWork.Eligible,
                t.Now
            )
        );

        static (Guid, string, NewPerson, NewPerson) Added((Guid Id, NewPerson Person) added) =>
            (added.Id, added.Person.UserName, added.Person with { Teams = [], Leads = [] }, added.Person);
    }

    private static void Write(StaffTransaction t, PersonDetails before, NewPerson after, IReadOnlyList<FieldChange> changes)
    {
        t.Writes.Add(
            "update person set display_name = $2, email = $3, roles = $4, revision = revision + 1, updated_at = $5 where id = $1",
            before.Id,
            after.DisplayName,
            after.Email,
            after.Roles.ToArray(),
            t.Now
        );
        if (changes.Any(c => c.Field == "skills"))
        {
            t.Writes.Add("delete from person_skill where person_id = $1", before.Id);
            t.Writes.BatchCommands.Add(AddPerson.InsertSkills(before.Id, after.Skills));
        }

        t.Record(before.Id, "person.changed", before.Revision + 1, new { changes });
        t.AccessChanged(before.Id);
        if (before.Active)
            t.Tell(before.Id, before.UserName, "person.changed", "Your profile was changed", Sentence(changes));
    }

    private void WriteTeams(StaffTransaction t, List<(Guid Id, string UserName, NewPerson Before, NewPerson After)> all)
    {
        var joined = all.SelectMany(p => p.After.Teams.Except(p.Before.Teams).Select(team => (Team: team, p.Id, p.UserName))).ToList();
        var left = all.SelectMany(p => p.Before.Teams.Except(p.After.Teams).Select(team => (Team: team, p.Id, p.UserName))).ToList();
        var leads = all.SelectMany(p => p.After.Leads.Except(p.Before.Leads).Select(team => (Team: team, Lead: (Guid?)p.Id, Name: (string?)p.UserName)))
            .ToList();
        leads.AddRange(
            all.SelectMany(p => p.Before.Leads.Except(p.After.Leads))
                .Except(leads.Select(l => l.Team))
                .Select(team => (Team: team, Lead: (Guid?)null, Name: (string?)null))
                .ToList()
        );
        t.Writes.Add(
            "delete from team_member m using unnest($1::text[], $2::uuid[]) g(team, person) where m.team_key = g.team and m.person_id = g.person",
            left.Select(l => l.Team).ToArray(),
            left.Select(l => l.Id).ToArray()
        );
        t.Writes.Add(
            "insert into team_member (team_key, person_id, joined_at) select *, $3 from unnest($1::text[], $2::uuid[]) on conflict do nothing",
            joined.Select(j => j.Team).ToArray(),
            joined.Select(j => j.Id).ToArray(),
            t.Now
        );
        t.Writes.Add(
            "update team t set lead_id = n.lead from unnest($1::text[], $2::uuid[]) n(team, lead) where t.key = n.team",
            leads.Select(l => l.Team).ToArray(),
            leads.Select(l => l.Lead).ToArray()
        );
        var touched = joined.Select(j => j.Team).Concat(left.Select(l => l.Team)).Concat(leads.Select(l => l.Team)).Distinct().ToArray();
        t.Writes.Add("update team set revision = revision + 1 where key = any($1)", (object)touched);
        foreach (var team in touched)
        {
            var lead = leads.Where(l => l.Team == team).Select(l => new { from = teams.GetValueOrDefault(team)?.Lead?.UserName, to = l.Name }).ToList();
            t.RecordTeam(
                team,
                "team.people-changed",
                (teams.GetValueOrDefault(team)?.Revision ?? 1) + 1,
                new
                {
                    joined = joined.Where(j => j.Team == team).Select(j => j.UserName),
                    left = left.Where(l => l.Team == team).Select(l => l.UserName),
                    lead = lead.Count > 0 ? lead[0] : null,
                }
            );
        }
    }

    private void TakeLead(NewPerson person, Guid id)
    {
        foreach (var key in person.Leads)
        {
            if (teams.GetValueOrDefault(key)?.Lead is { } lead && lead.Id != id && Of(_people[lead.Id]) is var had && had.Leads.Contains(key))
                _after[lead.Id] = had with { Leads = [.. had.Leads.Except([key])] };
        }
    }

    private static string Sentence(IReadOnlyList<FieldChange> changes) =>
        string.Join(" ", changes.Select(c => $"{Title(c.Field)}: {(c.To.Length > 0 ? c.To : "none")}."));

    private static string Title(string field) =>
        field switch
        {
            "displayName" => "Name",
            "leads" => "Teams you lead",
            _ => char.ToUpperInvariant(field[0]) + field[1..],
        };
}
