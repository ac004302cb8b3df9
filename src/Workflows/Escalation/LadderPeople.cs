using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>Resolves the targets of a rung to people: leads, members, roles, substitutes, and people with the required skills.</summary>
internal sealed class LadderPeople
{
    private readonly Dictionary<string, Guid> _leads = [];
    private readonly Dictionary<string, List<Guid>> _members = [];
    private readonly Dictionary<Guid, Guid> _deputies = [];
    private readonly Dictionary<Guid, string[]> _skills = [];
    private readonly List<Guid> _supervisors = [];
    private readonly List<Guid> _compliance = [];
    private readonly List<Guid> _frontOffice = [];

    /// <summary>Adds what <see cref="ReadAsync"/> reads.</summary>
    public static void Select(NpgsqlBatch batch, Instant now)
    {
        batch.Add("select t.key, t.lead_id from team t join person p on p.id = t.lead_id and p.active");
        batch.Add("select m.team_key, m.person_id from team_member m join person p on p.id = m.person_id and p.active order by p.user_name");
        batch.Add(
            $"""
            select p.id, p.roles, f.front_office from person p cross join lateral (select {PermissionHolders.FrontOffice("p")} front_office) f
            where p.active and (p.roles && array['supervisor', 'compliance'] or f.front_office) order by p.user_name
            """
        );
        batch.Add(
            "select s.person_id, s.substitute_id from substitution s join person p on p.id = s.substitute_id and p.active "
                + $"where {Eligibility.IsInForce("s", "$1")}",
            now
        );
        batch.Add(
            $"""
            select k.person_id, array_agg(k.skill || l) from person_skill k, {Eligibility.Levels("k")} l
            where {Eligibility.IsCertified("k", "$1")}
                and (k.person_id in (select lead_id from team) or k.person_id in (select s.substitute_id from substitution s where {Eligibility.IsInForce(
                "s",
                "$1"
            )}))
            group by k.person_id
            """,
            now
        );
    }

    /// <summary>Reads what <see cref="Select"/> selects; the reader is at the result before it.</summary>
    public async Task ReadAsync(NpgsqlDataReader r, CancellationToken cancel)
    {
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            _leads[r.GetString(0)] = r.GetGuid(1);
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            MembersOf(r.GetString(0)).Add(r.GetGuid(1));
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var roles = r.GetFieldValue<string[]>(1);
            if (roles.Contains("supervisor"))
                _supervisors.Add(r.GetGuid(0));
            if (roles.Contains("compliance"))
                _compliance.Add(r.GetGuid(0));
            if (r.GetBoolean(2))
                _frontOffice.Add(r.GetGuid(0));
        }

        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            _deputies[r.GetGuid(0)] = r.GetGuid(1);
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
            _skills[r.GetGuid(0)] = r.GetFieldValue<string[]>(1);
    }

    /// <summary>
    /// The people a target stands for. A person who is out of office is replaced by their deputy. An empty target falls back to the owner's deputy,
    /// then the team, and finally the supervisors, so that a reminder always reaches someone.
    /// </summary>
    /// <param name="target">The target.</param>
    /// <param name="task">The task; null for a case without open tasks.</param>
    public IReadOnlyList<Guid> Of(LadderTarget target, LadderTask? task)
    {
        List<Guid> people = target switch
        {
            LadderTarget.Owner => task is { Owner: { } owner, OwnerIsActive: true } ? [Present(owner)] : [],
            LadderTarget.Lead => task?.Team is { } team && _leads.TryGetValue(team, out var lead) ? [Present(lead)] : [],
            LadderTarget.Manager => _supervisors,
            LadderTarget.Compliance => _compliance,
            LadderTarget.FrontOffice => _frontOffice,
            _ => [],
        };
        if (people.Count == 0 && target != LadderTarget.Team && Deputy(task?.Owner) is { } deputy)
            people = [deputy];
        if (people.Count == 0 && task is not null)
            people = Team(task);
        return people.Count > 0 ? people : _supervisors;
    }

    /// <summary>
    /// The new owner of a task, and on whose behalf: the lead or the owner's deputy, if they are eligible (skills, four-eyes rule, not forwarded
    /// before); otherwise no one, which leaves it to the team.
    /// </summary>
    public (Guid? Person, Guid? InPlaceOf) Takeover(LadderTarget target, LadderTask task)
    {
        if (target == LadderTarget.Lead && task.Team is { } team && _leads.TryGetValue(team, out var lead) && May(Present(lead), task))
            return (Present(lead), Present(lead) == lead ? null : lead);
        return target != LadderTarget.Team && Deputy(task.Owner) is { } deputy && May(deputy, task) ? (deputy, task.Owner) : (null, null);
    }

    private bool May(Guid person, LadderTask task) =>
        !task.Excluded.Contains(person) && !task.GaveUp.Contains(person) && !task.RequiredSkills.Except(_skills.GetValueOrDefault(person) ?? []).Any();

    private List<Guid> Team(LadderTask task)
    {
        var team = task.Team is { } key ? MembersOf(key).Union(task.Candidates).ToList() : [.. task.Candidates];
        var present = team.FindAll(person => !_deputies.ContainsKey(person));
        return present.Count > 0 ? present : team;
    }

    private Guid? Deputy(Guid? person) => person is { } away && Present(away) is var deputy && deputy != away ? deputy : null;

    /// <summary>The person, or their current substitute, or that person's substitute, and so on.</summary>
    private Guid Present(Guid person)
    {
        var here = person;
        for (var hops = 0; hops < 5 && _deputies.TryGetValue(here, out var deputy) && deputy != person; hops++)
            here = deputy;
        return here;
    }

    private List<Guid> MembersOf(string team) => _members.TryGetValue(team, out var members) ? members : _members[team] = [];
}
