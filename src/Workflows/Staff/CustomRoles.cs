using System.Text.RegularExpressions;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>What happens when a change gives one person two permissions that a <see cref="DutyRule"/> keeps apart.</summary>
public enum DutyMode
{
    /// <summary>It is done, and reported.</summary>
    Warn,

    /// <summary>It is refused.</summary>
    Refuse,
}

/// <summary>How duties are kept apart.</summary>
public sealed record DutySettings(DutyMode Mode = DutyMode.Warn);

/// <summary>A role: a shipped one, or one that administrators composed.</summary>
/// <param name="Key">As people, the API and mappings name it; never changes.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What it is for, or empty.</param>
/// <param name="Permissions">What it allows.</param>
/// <param name="People">Active people who have it.</param>
/// <param name="IsShipped">Whether it can't be changed.</param>
/// <param name="Revision">Send it with the next change.</param>
public sealed record RoleDetails(string Key, string Title, string Description, IReadOnlyList<string> Permissions, int People, bool IsShipped, int Revision);

/// <summary>A role to compose, or what it is changed to.</summary>
public sealed record RoleData(string Key, string Title, string Description, IReadOnlyList<string> Permissions);

/// <summary>Roles that administrators compose from permissions. A change takes effect at once in open sessions on every host.</summary>
public static partial class CustomRoles
{
    /// <summary>What history calls one. Their events are in the chain of teams, which is the lock of all changes of access.</summary>
    internal const string Entity = "role";

    /// <summary>Shipped roles first, then the others by title.</summary>
    public static async Task<IReadOnlyList<RoleDetails>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select c.key, c.title, c.description, c.permissions, c.revision, (select count(*)::int from person p where p.active and c.key = any(p.roles))
            from custom_role c order by lower(c.title), c.key
            """
        );
        var own = new List<RoleDetails>();
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                own.Add(new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetFieldValue<string[]>(3), r.GetInt32(5), false, r.GetInt32(4)));
        }

        await using var counts = database.Query("select role, count(*)::int from person p, unnest(p.roles) role where p.active group by role");
        var people = new Dictionary<string, int>();
        await using (var r = await counts.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                people[r.GetString(0)] = r.GetInt32(1);
        }

        return
        [
            .. Roles.All.Select(role => new RoleDetails(
                role,
                TitleOf(role),
                "",
                [.. People.Permissions.All.Select(p => p.Key).Where(People.Permissions.Of(role).Contains)],
                people.GetValueOrDefault(role),
                true,
                0
            )),
            .. own,
        ];
    }

    /// <summary>Adds a role, or changes one.</summary>
    /// <param name="revision">Revision the caller last saw; 0 adds the role.</param>
    /// <param name="actor">User name of who does it.</param>
    /// <returns>Done, Invalid, NotFound or Stale.</returns>
    public static async Task<StaffResult> SaveAsync(
        WorkflowRuntime runtime,
        DutySettings duties,
        RoleData data,
        int revision,
        string actor,
        CancellationToken cancel = default
    )
    {
        data = new(
            data.Key.Trim(),
            data.Title.Trim(),
            data.Description.Trim(),
            [.. People.Permissions.All.Select(p => p.Key).Where(data.Permissions.Contains).Union(data.Permissions)]
        );
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var before = await FindAsync(t.Connection, data.Key, cancel);
        if (revision > 0 && before is null)
            return new StaffResult.NotFound();
        if (revision > 0 && before!.Revision != revision)
            return new StaffResult.Stale(before.Revision);
        var errors = Check(data, revision == 0, before is not null).ToList();
        var broken = DutyRule.BrokenBy(data.Permissions.ToHashSet()).Except(DutyRule.BrokenBy((before?.Permissions ?? []).ToHashSet())).ToList();
        if (duties.Mode == DutyMode.Refuse)
            errors.AddRange(broken.Select(rule => ("permissions", $"{Pair(rule)} must not be in one role: {rule.Reason}")));
        if (errors.Count > 0)
            return new StaffResult.Invalid(StaffRules.ByField(errors));
        t.Writes.Add(
            """
            insert into custom_role (key, title, description, permissions, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
            on conflict (key) do update set title = $2, description = $3, permissions = $4, updated_at = $5, revision = custom_role.revision + 1
            """,
            data.Key,
            data.Title,
            data.Description,
            data.Permissions.ToArray(),
            t.Now
        );
        t.RecordOf(
            Entity,
            data.Key,
            before is null ? "role.added" : "role.changed",
            revision + 1,
            new
            {
                data.Title,
                changes = new[]
                {
                    new FieldChange("title", before?.Title ?? "", data.Title),
                    new("description", before?.Description ?? "", data.Description),
                    new("permissions", string.Join(", ", before?.Permissions ?? []), string.Join(", ", data.Permissions)),
                }.Where(change => change.From != change.To),
                conflicts = broken.Select(Pair),
            }
        );
        foreach (var person in await HoldersAsync(t.Connection, data.Key, cancel))
            t.AccessChanged(person);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Removes a role that no one has and that has no authority limits.</summary>
    /// <returns>Done, NotFound, Stale, or Refused: someone has it, or it has limits, without which more people may decide on more.</returns>
    public static async Task<StaffResult> RemoveAsync(WorkflowRuntime runtime, string key, int revision, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await FindAsync(t.Connection, key, cancel) is not { } role)
            return new StaffResult.NotFound();
        if (role.Revision != revision)
            return new StaffResult.Stale(role.Revision);
        if ((await HoldersAsync(t.Connection, key, cancel)).Count is > 0 and var holders)
            return new StaffResult.Refused($"{(holders == 1 ? "1 person has" : $"{holders} people have")} this role. Give them another one first.");
        if (await HasLimitsAsync(t.Connection, key, cancel))
            return new StaffResult.Refused("This role has authority limits. Remove them first.");
        t.Writes.Add("delete from custom_role where key = $1", key);
        t.RecordOf(Entity, key, "role.removed", revision + 1, new { role.Title });
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>What the composed roles allow, by key.</summary>
    internal static async Task<IReadOnlyDictionary<string, string[]>> AllAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select key, permissions from custom_role");
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var roles = new Dictionary<string, string[]>();
        while (await r.ReadAsync(cancel))
            roles[r.GetString(0)] = r.GetFieldValue<string[]>(1);
        return roles;
    }

    /// <summary>Why a person can't have these roles, where duties must be apart; what they break already stays.</summary>
    internal static IEnumerable<(string Field, string Reason)> Conflicts(
        DutySettings duties,
        IReadOnlyList<string> roles,
        IReadOnlyList<string> before,
        IReadOnlyDictionary<string, string[]> own
    ) =>
        duties.Mode == DutyMode.Warn
            ? []
            : DutyRule
                .BrokenBy(Granted(roles, own))
                .Except(DutyRule.BrokenBy(Granted(before, own)))
                .Select(rule => ("roles", $"{Pair(rule)} must not be with one person: {rule.Reason}"));

    /// <summary>What people with these roles may do.</summary>
    internal static HashSet<string> Granted(IEnumerable<string> roles, IReadOnlyDictionary<string, string[]> own) =>
        [.. roles.SelectMany(role => own.TryGetValue(role, out var permissions) ? permissions : (IEnumerable<string>)People.Permissions.Of(role))];

    private static string Pair(DutyRule rule) => $"“{People.Permissions.Title(rule.First)}” and “{People.Permissions.Title(rule.Second)}”";

    private static string TitleOf(string role) => role == Roles.FrontOffice ? "Front office" : char.ToUpperInvariant(role[0]) + role[1..];

    private static IEnumerable<(string Field, string Reason)> Check(RoleData role, bool isNew, bool exists)
    {
        if (isNew && !Key().IsMatch(role.Key))
            yield return ("key", "must have 1 to 40 lower-case letters, digits and dashes, and begin with a letter");
        if (isNew && (exists || Roles.All.Contains(role.Key)))
            yield return ("key", "is taken");
        if (role.Title.Length is 0 or > 60 || role.Title.Any(char.IsControl))
            yield return ("title", "must have 1 to 60 characters");
        if (role.Description.Length > 500)
            yield return ("description", "must have at most 500 characters");
        if (role.Permissions.Count == 0)
            yield return ("permissions", "choose at least one");
        foreach (var unknown in role.Permissions.Where(key => !People.Permissions.Exists(key)))
            yield return ("permissions", $"“{unknown}” is not a permission");
    }

    private static async Task<RoleDetails?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select title, description, permissions, revision from custom_role where key = $1", key);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(key, r.GetString(0), r.GetString(1), r.GetFieldValue<string[]>(2), 0, false, r.GetInt32(3)) : null;
    }

    private static async Task<List<Guid>> HoldersAsync(NpgsqlConnection connection, string key, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select id from person where $1 = any(roles)", key);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var people = new List<Guid>();
        while (await r.ReadAsync(cancel))
            people.Add(r.GetGuid(0));
        return people;
    }

    private static async Task<bool> HasLimitsAsync(NpgsqlConnection connection, string key, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select exists (select from authority_limit where role = $1)", key);
        return await batch.ExecuteScalarAsync(cancel) is true;
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$")]
    private static partial Regex Key();
}
