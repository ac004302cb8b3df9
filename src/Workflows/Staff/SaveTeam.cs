using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>Adds, changes, retires and restores teams.</summary>
public static class SaveTeam
{
    /// <summary>Adds a team.</summary>
    /// <param name="team">What it is.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done or Invalid.</returns>
    public static Task<StaffResult> AddAsync(WorkflowRuntime runtime, TeamData team, string actor, CancellationToken cancel = default) =>
        SaveAsync(runtime, team, null, actor, cancel);

    /// <summary>Changes everything but the key of a team.</summary>
    /// <param name="revision">Revision the caller last saw.</param>
    /// <param name="team">What it becomes.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, Invalid, NotFound or Stale.</returns>
    public static Task<StaffResult> ChangeAsync(WorkflowRuntime runtime, int revision, TeamData team, string actor, CancellationToken cancel = default) =>
        SaveAsync(runtime, team, revision, actor, cancel);

    /// <summary>
    /// Retires a team: it is no longer offered for new work, and its members finish what it has. Or restores it.
    /// </summary>
    /// <param name="key">Which.</param>
    /// <param name="revision">Revision the caller last saw.</param>
    /// <param name="retire">False: restore.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, NotFound, Stale, or Refused if it is in that state already.</returns>
    public static async Task<StaffResult> RetireAsync(
        WorkflowRuntime runtime,
        string key,
        int revision,
        bool retire,
        string actor,
        CancellationToken cancel = default
    )
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await TeamDetails.ReadAsync(t.Connection, key, cancel) is not [var team])
            return new StaffResult.NotFound();
        if (team.Revision != revision)
            return new StaffResult.Stale(team.Revision);
        if (retire == team.RetiredAt is not null)
            return new StaffResult.Refused(retire ? $"{team.Title} is retired already." : $"{team.Title} isn't retired.");
        t.Writes.Add("update team set retired_at = $2, revision = revision + 1 where key = $1", key, retire ? t.Now : null);
        t.RecordTeam(key, retire ? "team.retired" : "team.restored", revision + 1);
        if (retire && team.Lead is { Active: true } lead)
            t.Tell(lead.Id, lead.UserName, "person.changed", $"{team.Title} was retired", "It gets no new work. Its members finish what it has.");
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    private static async Task<StaffResult> SaveAsync(WorkflowRuntime runtime, TeamData data, int? revision, string actor, CancellationToken cancel)
    {
        data = StaffRules.Tidy(data);
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var before = teams.GetValueOrDefault(data.Key);
        if (revision is { } seen && before is null)
            return new StaffResult.NotFound();
        if (revision is not null && before!.Revision != revision)
            return new StaffResult.Stale(before.Revision);

        var involved = before is null ? [] : before.Members.Select(m => m.Id).Concat(before.Lead is { } lead ? [lead.Id] : []);
        string[] named = [.. data.Members, .. data.Lead is null ? (string[])[] : [data.Lead]];
        var people = await PersonDetails.SomeAsync(t.Connection, involved, named, t.Now, cancel);
        var byName = people.ToDictionary(p => p.UserName, StringComparer.OrdinalIgnoreCase);
        var errors = StaffRules.Check(data, byName, isNew: revision is null).ToList();
        if (revision is null && before is not null)
            errors.Add(("key", "is taken"));
        if (errors.Count > 0)
            return new StaffResult.Invalid(StaffRules.ByField(errors));

        var plan = new StaffPlan(people, teams, t.Now);
        Write(t, plan, data, before, byName);
        await plan.WriteToAsync(t, cancel);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Writes the team itself, and plans what becomes of its people.</summary>
    /// <param name="before">Null: it is new.</param>
    /// <param name="people">Everyone who is in it, leads it or is to.</param>
    internal static void Write(StaffTransaction t, StaffPlan plan, TeamData data, TeamDetails? before, IReadOnlyDictionary<string, PersonDetails> people)
    {
        if (before is null)
        {
            t.Writes.Add(
                "insert into team (key, title, description, created_at, office, time_zone) values ($1, $2, $3, $4, $5, $6)",
                data.Key,
                data.Title,
                data.Description,
                t.Now,
                data.Office,
                data.TimeZone
            );
            t.RecordTeam(
                data.Key,
                "team.added",
                1,
                new
                {
                    data.Title,
                    data.Description,
                    data.Office,
                    data.TimeZone,
                }
            );
        }
        else if (Compare(before.Data, data).Where(c => c.Field is not ("lead" or "members")).ToList() is { Count: > 0 } changes)
        {
            t.Writes.Add(
                "update team set title = $2, description = $3, office = $4, time_zone = $5, revision = revision + 1 where key = $1",
                data.Key,
                data.Title,
                data.Description,
                data.Office,
                data.TimeZone
            );
            t.RecordTeam(data.Key, "team.changed", before.Revision + 1, new { changes });
        }

        var members = data.Members.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var person in people.Values)
        {
            var now = plan.Of(person);
            var after = now with
            {
                Teams = With(now.Teams, data.Key, members.Contains(person.UserName)),
                Leads = With(now.Leads, data.Key, string.Equals(data.Lead, person.UserName, StringComparison.OrdinalIgnoreCase)),
            };
            if (StaffPlan.Compare(now, after).Count > 0)
                plan.Change(person, after);
        }
    }

    /// <summary>How a team differs from before, by field.</summary>
    internal static IReadOnlyList<FieldChange> Compare(TeamData before, TeamData after) =>
        [
            .. new FieldChange[]
            {
                new("title", before.Title, after.Title),
                new("description", before.Description, after.Description),
                new("office", before.Office, after.Office),
                new("timeZone", before.TimeZone ?? "", after.TimeZone ?? ""),
                new("lead", before.Lead ?? "", after.Lead ?? ""),
                new("members", Names(before), Names(after)),
            }.Where(change =>
                !string.Equals(change.From, change.To, change.Field is "lead" or "members" ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)
            ),
        ];

    private static string Names(TeamData team) =>
        string.Join(", ", team.Members.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase));

    private static IReadOnlyList<string> With(IReadOnlyList<string> keys, string key, bool has) =>
        has == keys.Contains(key) ? keys
        : has ? [.. keys.Append(key).Order(StringComparer.Ordinal)]
        : [.. keys.Except([key])];
}
