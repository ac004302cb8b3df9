using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>Someone who could see a case, and why.</summary>
/// <param name="Id">The person.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="Name">Their name.</param>
/// <param name="Reasons">Why: a role, a team, or their part in the case.</param>
public sealed record Seer(Guid Id, string UserName, string Name, IReadOnlyList<string> Reasons);

/// <summary>
/// Who could see a case at a moment, by the rule of <c>case_viewer</c>: the person who opened it, its watchers, whoever could see one of its tasks, substitutes
/// of owners and candidates, and roles that see everything. People's roles and teams of then come from their history.
/// </summary>
public static class WhoCouldSee
{
    private static readonly string[] SeesAll = [Roles.Supervisor, Roles.Administrator, Roles.Compliance, Roles.FrontOffice];

    /// <summary>Everyone who could, by name.</summary>
    /// <param name="found">The case as it was.</param>
    /// <param name="moment">When; <see cref="CaseAt.At"/> or later.</param>
    public static async Task<IReadOnlyList<Seer>> ReadAsync(WorkflowRuntime runtime, CaseAt found, Instant moment, CancellationToken cancel = default)
    {
        var people = await PeopleAtAsync(runtime, moment, cancel);
        var reasons = people.ToDictionary(p => p.Id, _ => new List<string>());
        foreach (var person in people)
        {
            foreach (var role in person.Roles.Intersect(SeesAll))
                reasons[person.Id].Add($"role {role}");
        }

        var byName = people.ToDictionary(p => p.UserName, p => p.Id, StringComparer.OrdinalIgnoreCase);
        var (owners, candidates, teams) = (new HashSet<Guid>(), new HashSet<Guid>(), new HashSet<string>());
        if (found.StartedBy is { } opener && byName.TryGetValue(opener, out var opened))
            Because(opened, "opened the case");
        foreach (var watcher in found.Watchers)
            Because(watcher, "watched the case");
        foreach (var task in found.Tasks)
        {
            if (task.Team is { } team)
                teams.Add(team);
            if (task.Owner is { } owner && owners.Add(owner))
                Because(owner, "had a task of it");
            if (task.Reviewer is { } reviewer)
                Because(reviewer, "reviewed a task of it");
            foreach (var involved in task.Involved)
                Because(involved, "worked on a task of it or watched one");
            foreach (var name in task.Candidates)
            {
                if (byName.TryGetValue(name, out var candidate) && candidates.Add(candidate))
                    Because(candidate, "candidate for a task");
            }
        }

        foreach (var person in people)
        {
            foreach (var team in person.Teams.Union(person.Leads).Where(teams.Contains))
                Because(person.Id, $"team {team}");
        }

        var named = people.ToDictionary(p => p.Id);
        foreach (var (absent, substitute) in await SubstitutesAsync(runtime, moment, cancel))
        {
            var stands = owners.Contains(absent) || candidates.Contains(absent) || (named.TryGetValue(absent, out var away) && away.Teams.Any(teams.Contains));
            if (stands)
                Because(substitute, $"substitute for {(named.TryGetValue(absent, out var of) ? of.Name : "someone")}");
        }

        return
        [
            .. people
                .Where(p => p.Active && reasons[p.Id].Count > 0)
                .Select(p => new Seer(p.Id, p.UserName, p.Name, [.. reasons[p.Id].Distinct()]))
                .OrderBy(s => s.Name, StringComparer.OrdinalIgnoreCase),
        ];

        void Because(Guid person, string reason)
        {
            if (reasons.TryGetValue(person, out var known))
                known.Add(reason);
        }
    }

    /// <summary>People as they were: as they are, without what changed since.</summary>
    private static async Task<List<PersonAt>> PeopleAtAsync(WorkflowRuntime runtime, Instant moment, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select p.id, p.user_name, p.display_name, p.active, p.roles, array(select m.team_key from team_member m where m.person_id = p.id),
                array(select t.key from team t where t.lead_id = p.id)
            from person p where p.created_at <= $1
            """,
            moment
        );
        batch.Add(
            """
            select e.entity_id, e.action, e.payload from event e
            where e.action in ('person.changed', 'person.deactivated', 'person.reactivated') and e.at > $1 and e.entity <> 'activity'
            order by e.at desc, e.sequence desc
            """,
            moment
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var people = new Dictionary<Guid, PersonAt>();
        while (await r.ReadAsync(cancel))
            people[r.GetGuid(0)] = new(
                r.GetGuid(0),
                r.GetString(1),
                r.GetString(2),
                r.GetBoolean(3),
                r.GetFieldValue<string[]>(4),
                r.GetFieldValue<string[]>(5),
                r.GetFieldValue<string[]>(6)
            );
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            if (!Guid.TryParse(r.GetString(0), out var id) || !people.TryGetValue(id, out var person))
                continue;
            people[id] = r.GetString(1) switch
            {
                "person.deactivated" => person with { Active = true },
                "person.reactivated" => person with { Active = false },
                _ => Undo(person, r.Text(2) is { } text ? JsonNode.Parse(text) : null),
            };
        }

        return [.. people.Values];
    }

    private static PersonAt Undo(PersonAt person, JsonNode? payload)
    {
        foreach (var change in payload?["changes"] as JsonArray ?? [])
        {
            if (change is not JsonObject members || members["from"] is not { } from || from.GetValueKind() != JsonValueKind.String)
                continue;
            var before = from.ToString().Split(", ", StringSplitOptions.RemoveEmptyEntries);
            person = members["field"]?.ToString() switch
            {
                "roles" => person with { Roles = before },
                "teams" => person with { Teams = before },
                "leads" => person with { Leads = before },
                _ => person,
            };
        }

        return person;
    }

    private static async Task<List<(Guid Absent, Guid Substitute)>> SubstitutesAsync(WorkflowRuntime runtime, Instant moment, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select person_id, substitute_id from substitution
            where created_at <= $1 and from_at <= $1 and until_at > $1 and (ended_at is null or ended_at > $1)
            """,
            moment
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var all = new List<(Guid, Guid)>();
        while (await r.ReadAsync(cancel))
            all.Add((r.GetGuid(0), r.GetGuid(1)));
        return all;
    }

    private sealed record PersonAt(Guid Id, string UserName, string Name, bool Active, string[] Roles, string[] Teams, string[] Leads);
}
