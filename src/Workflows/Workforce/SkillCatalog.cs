using System.Text.Json;
using System.Text.RegularExpressions;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>A skill of the catalogue.</summary>
/// <param name="Key">As steps and people name it; never changes.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What someone with the skill can do; or empty.</param>
/// <param name="RetiredAt">Since when no one else can be given it; null: it is in use.</param>
/// <param name="People">Active people who have it with a valid certificate.</param>
/// <param name="Revision">Send it with the next change.</param>
public sealed record CatalogSkill(string Key, string Title, string Description, Instant? RetiredAt, int People, int Revision);

/// <summary>How a change of the catalogue went.</summary>
public abstract record SkillResult
{
    private SkillResult() { }

    /// <summary>It happened, or was like that already.</summary>
    public sealed record Done : SkillResult;

    /// <summary>What is wrong, by field; a reason completes a sentence that begins with the field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : SkillResult;

    /// <summary>There is no such skill.</summary>
    public sealed record NotFound : SkillResult;

    /// <summary>Someone else changed it since it was read.</summary>
    public sealed record Stale(int Revision) : SkillResult;
}

/// <summary>The catalogue of skills. Its chain of history, <c>skills</c>, is its lock.</summary>
public static partial class SkillCatalog
{
    private const string Chain = "skills";
    private const string Added = "skill.added";

    /// <summary>All skills by title, those that were retired at the end.</summary>
    public static async Task<IReadOnlyList<CatalogSkill>> ListAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select k.key, k.title, k.description, k.retired_at, k.revision,
                (select count(*)::int from person_skill s join person p on p.id = s.person_id and p.active
                where s.skill = k.key and (s.certified_until is null or s.certified_until > $1::date))
            from skill k order by k.retired_at is not null, lower(k.title), k.key
            """,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var skills = new List<CatalogSkill>();
        while (await r.ReadAsync(cancel))
            skills.Add(new(r.GetString(0), r.GetString(1), r.GetString(2), r.InstantOrNull(3), r.GetInt32(5), r.GetInt32(4)));
        return skills;
    }

    /// <summary>Keys of all skills, each with whether it is retired.</summary>
    internal static async Task<IReadOnlyDictionary<string, bool>> KeysAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select key, retired_at is not null from skill");
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var keys = new Dictionary<string, bool>();
        while (await r.ReadAsync(cancel))
            keys.Add(r.GetString(0), r.GetBoolean(1));
        return keys;
    }

    /// <summary>Adds a skill, or changes its title and description.</summary>
    /// <param name="revision">Revision you last saw; 0 adds the skill.</param>
    /// <param name="actor">User name of the administrator.</param>
    public static async Task<SkillResult> SaveAsync(
        WorkflowRuntime runtime,
        string key,
        string? title,
        string? description,
        int revision,
        string actor,
        CancellationToken cancel = default
    )
    {
        (title, description) = (title?.Trim() ?? "", description?.Trim() ?? "");
        var errors = new Dictionary<string, string[]>();
        if (revision == 0 && !Key().IsMatch(key))
            errors["key"] = ["must have 1 to 64 lower-case letters, digits and dashes, and begin with a letter"];
        if (title.Length is 0 or > 100)
            errors["title"] = [title.Length == 0 ? "is required" : "must have at most 100 characters"];
        if (description.Length > 500)
            errors["description"] = ["must have at most 500 characters"];
        if ((title + description).Any(char.IsControl))
            errors["title"] = ["must not contain line breaks or other control characters, nor must the description"];
        return errors.Count > 0
            ? new SkillResult.Invalid(errors)
            : await ChangeAsync(
                runtime,
                key,
                revision,
                revision == 0 ? Added : "skill.changed",
                new { title, description },
                revision == 0
                    ? Sql.Command(
                        "insert into skill (key, title, description, created_at) values ($1, $2, $3, $4)",
                        key,
                        title,
                        description,
                        runtime.Clock.Now()
                    )
                    : Sql.Command("update skill set title = $2, description = $3, revision = revision + 1 where key = $1", key, title, description),
                actor,
                cancel
            );
    }

    /// <summary>Retires a skill: no one else can be given it, and no new version of a journey can name it. Or takes that back.</summary>
    public static Task<SkillResult> RetireAsync(
        WorkflowRuntime runtime,
        string key,
        int revision,
        bool retired,
        string actor,
        CancellationToken cancel = default
    ) =>
        ChangeAsync(
            runtime,
            key,
            revision,
            retired ? "skill.retired" : "skill.restored",
            null,
            Sql.Command(
                "update skill set retired_at = case when $2 then coalesce(retired_at, $3) end, revision = revision + 1 where key = $1",
                key,
                retired,
                runtime.Clock.Now()
            ),
            actor,
            cancel
        );

    private static async Task<SkillResult> ChangeAsync(
        WorkflowRuntime runtime,
        string key,
        int revision,
        string action,
        object? payload,
        NpgsqlBatchCommand change,
        string actor,
        CancellationToken cancel
    )
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, Chain, actor, runtime.Clock.Now(), cancel);
        await using (var find = connection.CreateBatch())
        {
            find.Add("select revision from skill where key = $1", key);
            var found = (int?)await find.ExecuteScalarAsync(cancel);
            var adds = action == Added;
            if (adds && found is not null)
                return new SkillResult.Invalid(new() { ["key"] = ["is taken"] });
            if (!adds && found is null)
                return new SkillResult.NotFound();
            if (found is { } current && current != revision)
                return new SkillResult.Stale(current);
        }

        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(change);
        history.Add(new(action, "skill", key, revision + 1, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Settings, Guid.Empty)]);
        return new SkillResult.Done();
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,63}$")]
    private static partial Regex Key();
}
