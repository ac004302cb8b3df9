using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>How making the first administrator went.</summary>
public abstract record FirstAdministratorResult
{
    private FirstAdministratorResult() { }

    /// <summary>There are people already; the configuration was not looked at.</summary>
    public sealed record NotNeeded : FirstAdministratorResult;

    /// <summary>Made.</summary>
    public sealed record Added : FirstAdministratorResult;

    /// <summary>No one could sign in.</summary>
    /// <param name="Reason">What is missing or too weak, as a sentence for an operator.</param>
    public sealed record Refused(string Reason) : FirstAdministratorResult;
}

/// <summary>The initial people and teams of a database. Existing rows are never changed.</summary>
public sealed class SeedPeople(NpgsqlDataSource database, AddPerson add, PasswordSettings passwords)
{
    /// <summary>The actor in history.</summary>
    private const string Actor = "setup";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Adds the teams that the shipped journeys name.</summary>
    /// <param name="file">UTF-8 of <c>teams.json</c>.</param>
    public async Task TeamsAsync(ReadOnlyMemory<byte> file, Instant now, CancellationToken cancel = default)
    {
        var teams = JsonSerializer.Deserialize<Named[]>(file.Span, Json)!;
        await using var insert = database.Query(
            """
            insert into team (key, title, description, office, created_at)
            select *, $5 from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing
            """,
            teams.Select(t => t.Key).ToArray(),
            teams.Select(t => t.Title).ToArray(),
            teams.Select(t => t.Description).ToArray(),
            teams.Select(t => t.Office).ToArray(),
            now
        );
        await insert.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Adds the skills that the shipped journeys name.</summary>
    /// <param name="file">UTF-8 of <c>skills.json</c>.</param>
    public async Task SkillsAsync(ReadOnlyMemory<byte> file, Instant now, CancellationToken cancel = default)
    {
        var skills = JsonSerializer.Deserialize<Named[]>(file.Span, Json)!;
        await using var insert = database.Query(
            "insert into skill (key, title, description, created_at) select *, $4 from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing",
            skills.Select(s => s.Key).ToArray(),
            skills.Select(s => s.Title).ToArray(),
            skills.Select(s => s.Description).ToArray(),
            now
        );
        await insert.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Adds up to what amounts the demo people may decide, unless there is a limit already.</summary>
    /// <param name="file">UTF-8 of <c>limits.json</c>.</param>
    public async Task LimitsAsync(ReadOnlyMemory<byte> file, Instant now, CancellationToken cancel = default)
    {
        var limits = JsonSerializer.Deserialize<Limit[]>(file.Span, Json)!;
        await using var insert = database.Query(
            """
            insert into authority_limit (role, journey, field, amount, created_at, updated_at)
            select *, $5, $5 from unnest($1::text[], $2::text[], $3::text[], $4::numeric[]) where not exists (select from authority_limit)
            """,
            limits.Select(l => l.Role).ToArray(),
            limits.Select(l => l.Journey).ToArray(),
            limits.Select(l => l.Field).ToArray(),
            limits.Select(l => l.Amount).ToArray(),
            now
        );
        await insert.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Adds people who all have one password. Only for a machine that no one else can reach.</summary>
    /// <param name="file">UTF-8 of <c>people.json</c>.</param>
    /// <param name="password">Theirs.</param>
    /// <returns>The file's people.</returns>
    public async Task<IReadOnlyList<NewPerson>> DemoAsync(ReadOnlyMemory<byte> file, string password, Instant now, CancellationToken cancel = default)
    {
        var people = JsonSerializer.Deserialize<NewPerson[]>(file.Span, Json)!;
        await using var query = database.Query("select lower(user_name) from person");
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadAsync(cancel))
            known.Add(reader.GetString(0));

        // One hash for all: they share a password, and each hash takes tens of milliseconds.
        var hash = new Lazy<string>(() => Passwords.Hash(password));
        foreach (var person in people.Where(p => !known.Contains(p.UserName)))
            await add.TryAsync(person, hash.Value, Actor, now, cancel);
        return people;
    }

    /// <summary>Creates the administrator named in the configuration, if there are no people yet.</summary>
    public async Task<FirstAdministratorResult> FirstAdministratorAsync(string? userName, string? password, Instant now, CancellationToken cancel = default)
    {
        await using (var query = database.Query("select exists (select from person)"))
        {
            if ((bool)(await query.ExecuteScalarAsync(cancel))!)
                return new FirstAdministratorResult.NotNeeded();
        }

        if (string.IsNullOrWhiteSpace(userName) || string.IsNullOrEmpty(password))
            return new FirstAdministratorResult.Refused(
                "No one can sign in yet. Set FirstAdministrator:UserName and FirstAdministrator:Password for the first start."
            );
        if (Passwords.Weakness(password, userName, userName, passwords.Shortest) is { } weakness)
            return new FirstAdministratorResult.Refused($"FirstAdministrator:Password is too weak: {weakness}.");

        // Another host was faster; it added the same person.
        await add.TryAsync(new(userName.Trim(), userName.Trim(), null, [Roles.Administrator]), Passwords.Hash(password), Actor, now, cancel);
        return new FirstAdministratorResult.Added();
    }

    private sealed record Limit(string Role, string Journey, string Field, decimal? Amount);

    private sealed record Named(string Key, string Title, string Description, string Office = "back");
}
