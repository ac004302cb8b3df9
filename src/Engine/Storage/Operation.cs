using System.Security.Cryptography;
using System.Text;
using NodaTime;
using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>
/// An id a caller gives to one thing it wants done once. The answer is remembered in the transaction that did it, for as long as the
/// caller may retry; the same id with another request is refused.
/// </summary>
/// <param name="Actor">The actor: IDs of different people never collide.</param>
/// <param name="Id">Chosen by the caller, at most 200 characters.</param>
/// <param name="RequestHash">SHA-256 of the request.</param>
public sealed record Operation(string Actor, string Id, byte[] RequestHash)
{
    /// <summary>How long answers are remembered.</summary>
    public static readonly Duration Retention = Duration.FromDays(7);

    /// <summary>An operation from the parts of its request.</summary>
    public static Operation Of(string actor, string id, params ReadOnlySpan<string?> request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in request)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part ?? "\u0001"));
            hash.AppendData([0]);
        }

        return new(actor, id, hash.GetHashAndReset());
    }

    /// <summary>Reads the earlier answer: <c>(request_hash, answer)</c> or nothing.</summary>
    public NpgsqlBatchCommand Find() => Sql.Command("select request_hash, answer from operation where actor = $1 and id = $2", Actor, Id);

    /// <summary>Reads the earlier answer separately; null if there is none.</summary>
    public async Task<(byte[] RequestHash, byte[] Answer)?> FindAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var query = database.Query(Find().CommandText, Actor, Id);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetFieldValue<byte[]>(0), reader.Utf8(1)) : null;
    }

    /// <summary>Remembers the answer.</summary>
    public NpgsqlBatchCommand Remember(byte[] answer, Instant now) =>
        Sql.Command(
            "insert into operation (actor, id, request_hash, answer, created_at) values ($1, $2, $3, $4, $5)",
            Actor,
            Id,
            RequestHash,
            new Json(answer),
            now
        );

    /// <summary>The constraint that a second use of the ID violates when both run concurrently.</summary>
    public const string Constraint = "operation_pkey";

    /// <summary>Whether a remembered request is this one.</summary>
    public bool IsSame(byte[] requestHash) => RequestHash.AsSpan().SequenceEqual(requestHash);

    /// <summary>Deletes answers that are no longer needed. Returns how many.</summary>
    public static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        await using var delete = database.Query("delete from operation where created_at < $1", now - Retention);
        return await delete.ExecuteNonQueryAsync(cancel);
    }
}
