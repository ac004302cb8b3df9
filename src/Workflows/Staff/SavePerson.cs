using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Staff;

/// <summary>Adds a person, or changes what administrators say about one. Everything takes effect at once, also in sessions that are open.</summary>
public static class SavePerson
{
    /// <summary>Adds a person who has no password yet: give them a link with <see cref="PasswordLinks"/>.</summary>
    /// <param name="person">Who.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <param name="duties">How duties are kept apart; null: with a warning.</param>
    /// <returns>Added or Invalid.</returns>
    public static async Task<StaffResult> AddAsync(
        WorkflowRuntime runtime,
        NewPerson person,
        string actor,
        DutySettings? duties = null,
        CancellationToken cancel = default
    )
    {
        person = StaffRules.Tidy(person);
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var roles = await CustomRoles.AllAsync(t.Connection, cancel);
        var errors = StaffRules.Check(person, teams, await SkillCatalog.KeysAsync(t.Connection, cancel), roles, null).ToList();
        errors.AddRange(CustomRoles.Conflicts(duties ?? new(), person.Roles, [], roles));
        var people = await PersonDetails.SomeAsync(t.Connection, Leaders(teams, person), [person.UserName], t.Now, cancel);
        if (people.Any(p => string.Equals(p.UserName, person.UserName, StringComparison.OrdinalIgnoreCase)))
            errors.Add(("userName", "is taken"));
        if (errors.Count > 0)
            return new StaffResult.Invalid(StaffRules.ByField(errors));

        var plan = new StaffPlan(people, teams, t.Now);
        var id = plan.Add(person);
        await plan.WriteToAsync(t, cancel);
        await t.CommitAsync(cancel);
        return new StaffResult.Added(id);
    }

    /// <summary>Changes a person. Their user name stays.</summary>
    /// <param name="id">Who.</param>
    /// <param name="revision">Revision the caller last saw.</param>
    /// <param name="data">What they become.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <param name="duties">How duties are kept apart; null: with a warning.</param>
    /// <returns>Done, Invalid, NotFound or Stale.</returns>
    public static async Task<StaffResult> ChangeAsync(
        WorkflowRuntime runtime,
        Guid id,
        int revision,
        NewPerson data,
        string actor,
        DutySettings? duties = null,
        CancellationToken cancel = default
    )
    {
        data = StaffRules.Tidy(data);
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var people = await PersonDetails.SomeAsync(t.Connection, [id, .. Leaders(teams, data)], [], t.Now, cancel);
        if (people.Find(p => p.Id == id) is not { } before)
            return new StaffResult.NotFound();
        if (before.Revision != revision)
            return new StaffResult.Stale(before.Revision);
        data = data with { UserName = before.UserName };
        var roles = await CustomRoles.AllAsync(t.Connection, cancel);
        var errors = StaffRules.Check(data, teams, await SkillCatalog.KeysAsync(t.Connection, cancel), roles, before.Data).ToList();
        errors.AddRange(CustomRoles.Conflicts(duties ?? new(), data.Roles, before.Roles, roles));
        if (before.UserName == actor && !before.Roles.Contains(Roles.Administrator) && data.Roles.Except(before.Roles).Any())
            errors.Add(("roles", "you can't give yourself a role; ask an administrator"));
        var plan = new StaffPlan(people, teams, t.Now);
        plan.Change(before, data);
        errors.AddRange((await plan.CheckAdministratorsAsync(t, cancel)).Select(e => ("roles", e.Reason)));
        if (errors.Count > 0)
            return new StaffResult.Invalid(StaffRules.ByField(errors));

        await plan.WriteToAsync(t, cancel);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Who leads the teams that the person is to lead.</summary>
    private static IEnumerable<Guid> Leaders(Dictionary<string, TeamDetails> teams, NewPerson person) =>
        person.Leads.Select(key => teams.GetValueOrDefault(key)?.Lead?.Id).OfType<Guid>();
}
