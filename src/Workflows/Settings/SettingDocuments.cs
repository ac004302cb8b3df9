using System.Security.Cryptography;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Settings;

/// <summary>What kind of document.</summary>
public static class SettingKind
{
    public const string Calendar = "calendar";
    public const string Sla = "sla";
    public const string Form = "form";
    public const string Distribution = "distribution";
    public const string Retention = "retention";
}

/// <summary>A version of a calendar, SLA policy, form or distribution policy.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">From 1.</param>
/// <param name="Document">JSON, as it was written.</param>
/// <param name="Origin"><c>file</c> or <c>person</c>.</param>
/// <param name="ChangedBy">Who made this version.</param>
/// <param name="ChangedAt">When.</param>
public sealed record SettingDocument(string Kind, string Name, int Version, string Document, string Origin, string ChangedBy, DateTime ChangedAt);

/// <summary>
/// Calendars, SLA policies, forms and distribution policies by name, with all their versions. A change is recorded in history and never affects what already
/// runs on an
/// earlier version.
/// </summary>
public sealed class SettingDocuments(NpgsqlDataSource database, Changes changes)
{
    internal NpgsqlDataSource Database => database;

    /// <summary>Everything in force, of one kind or of all.</summary>
    public async Task<IReadOnlyList<SettingDocument>> ListAsync(string? kind, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select kind, name, version, document, origin, changed_by, changed_at from setting_document where is_latest
                and ($1::text is null or kind = $1) order by kind, name
            """,
            kind
        );
        return await ReadAsync(query, cancel);
    }

    private static async Task<IReadOnlyList<SettingDocument>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var documents = new List<SettingDocument>();
        while (await r.ReadAsync(cancel))
            documents.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetString(3), r.GetString(4), r.GetString(5), r.GetDateTime(6)));
        return documents;
    }

    /// <summary>The version in force, or null.</summary>
    public async Task<SettingDocument?> FindAsync(string kind, string name, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select kind, name, version, document, origin, changed_by, changed_at from setting_document where kind = $1 and name = $2 and is_latest",
            kind,
            name
        );
        return (await ReadAsync(query, cancel)).SingleOrDefault();
    }

    /// <summary>Versions that are no longer in force, of one kind.</summary>
    public async Task<IReadOnlyList<SettingDocument>> SupersededAsync(string kind, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select kind, name, version, document, origin, changed_by, changed_at from setting_document where kind = $1 and not is_latest
                order by name, version desc
            """,
            kind
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>
    /// Stores a shipped file as the version in force, if the file changed since and no one edited the document here. The caller has validated it. Safe when
    /// several hosts start at once. Returns whether anything changed.
    /// </summary>
    public async Task<bool> LoadFileAsync(string kind, string name, byte[] document, Instant now, CancellationToken cancel = default)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(document));
        return (await StoreAsync(kind, name, null, document, "file", hash, "system", now, cancel)).Saved;
    }

    /// <summary>
    /// Stores what a person edited as the version in force, if no one saved another one since. The caller has validated it. Returns whether it is saved, and
    /// the version in force.
    /// </summary>
    /// <param name="kind">What kind.</param>
    /// <param name="name">Its name.</param>
    /// <param name="revision">Version the person last saw; 0 for a new document.</param>
    /// <param name="document">UTF-8 JSON.</param>
    /// <param name="actor">Who.</param>
    public Task<(bool Saved, int Version)> SaveAsync(
        string kind,
        string name,
        int revision,
        byte[] document,
        string actor,
        Instant now,
        CancellationToken cancel = default
    ) => StoreAsync(kind, name, revision, document, "person", null, actor, now, cancel);

    /// <summary>
    /// Stores what one person proposed and another approves, in the transaction that ends the proposal. Returns false also if the proposal was decided
    /// already.
    /// </summary>
    /// <param name="decide">Ends the proposal; it changes no row when someone else did.</param>
    /// <param name="proposedBy">User name of who proposed it, for history.</param>
    /// <param name="actor">Who approves it.</param>
    internal Task<(bool Saved, int Version)> ApproveAsync(
        string kind,
        string name,
        int revision,
        byte[] document,
        NpgsqlBatchCommand decide,
        string proposedBy,
        string actor,
        Instant now,
        CancellationToken cancel = default
    ) => StoreAsync(kind, name, revision, document, "person", null, actor, now, cancel, decide, proposedBy);

    private async Task<(bool Saved, int Version)> StoreAsync(
        string kind,
        string name,
        int? revision,
        byte[] document,
        string origin,
        string? hash,
        string actor,
        Instant now,
        CancellationToken cancel,
        NpgsqlBatchCommand? decide = null,
        string? proposedBy = null
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, $"{kind}:{name}", actor, now, cancel);
        var version = 1;
        await using (
            var query = new NpgsqlCommand("select version, origin, origin_hash from setting_document where kind = $1 and name = $2 and is_latest", connection)
            {
                Parameters =
                {
                    new() { Value = kind },
                    new() { Value = name },
                },
            }
        )
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            if (await r.ReadAsync(cancel))
            {
                if (origin == "file" && (r.GetString(1) != "file" || r.Text(2) == hash))
                    return (false, r.GetInt32(0));
                version = r.GetInt32(0) + 1;
            }
        }

        if (revision is { } seen && seen != version - 1)
            return (false, version - 1);
        if (decide is not null)
        {
            await using var first = connection.CreateBatch();
            first.BatchCommands.Add(decide);
            if (await first.ExecuteNonQueryAsync(cancel) != 1)
                return (false, version - 1);
        }

        await using var batch = connection.CreateBatch();
        batch.Add("update setting_document set is_latest = false where kind = $1 and name = $2 and is_latest", kind, name);
        batch.Add(
            """
            insert into setting_document (kind, name, version, is_latest, document, origin, origin_hash, changed_by, changed_at)
                values ($1, $2, $3, true, $4, $5, $6, $7, $8)
            """,
            kind,
            name,
            version,
            new Json(document),
            origin,
            hash,
            actor,
            now
        );
        history.Add(new($"{kind}.changed", kind, name, version, Payload(version, origin, proposedBy)));
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        changes.Publish([new(ChangeKind.Settings, history.Chain)]);
        return (true, version);
    }

    private static byte[] Payload(int version, string origin, string? proposedBy) =>
        proposedBy is null
            ? JsonSerializer.SerializeToUtf8Bytes(new { version, origin })
            : JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    version,
                    origin,
                    proposedBy,
                }
            );
}
