using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.Audit;

/// <summary>How history is proven to outsiders.</summary>
/// <param name="Origin">Name of the log, in each tree head.</param>
/// <param name="Key">Signs tree heads; null: none are signed.</param>
/// <param name="RetiringKey">Signs them too while <paramref name="Key"/> replaces it.</param>
/// <param name="FormerKeys">Public keys that signed earlier heads and no longer sign.</param>
/// <param name="Folder">Where heads and entries are held outside the database; null: nowhere.</param>
/// <param name="Every">How often a head is signed at most, when there is new history.</param>
public sealed record HistoryKeeping(
    string Origin,
    SigningKey? Key,
    SigningKey? RetiringKey,
    IReadOnlyList<VerifierKey> FormerKeys,
    string? Folder,
    Duration Every
)
{
    /// <summary>Keys whose signatures count.</summary>
    public IReadOnlyList<VerifierKey> Keys => [.. new[] { Key, RetiringKey }.OfType<SigningKey>().Select(key => key.Public), .. FormerKeys];
}

/// <summary>
/// Follows history: appends it to the Merkle log, signs the tree, holds heads and entries outside the database, and checks all of it. Verbs know nothing of
/// this. Any host may run it; the log's row lets one at a time append.
/// </summary>
public sealed partial class KeepHistory(WorkflowRuntime runtime, HistoryKeeping keeping, ILogger<KeepHistory> log)
{
    private readonly HistoryLog _log = new(runtime.Database);

    /// <summary>Appends what was committed since, and signs and holds a head when it is time. Returns how many events were appended.</summary>
    public async Task<long> RunAsync(CancellationToken cancel = default)
    {
        var appended = await _log.AppendAsync(cancel);
        var now = runtime.Clock.Now();
        var last = await LastHeadAsync(cancel);
        if (keeping.Key is { } key && (last is null || now >= last.At + keeping.Every))
        {
            var (size, root) = await _log.TreeAsync(cancel);
            if (size > (last?.Size ?? 0))
                last = await SignAsync(size, root, key, now, cancel);
        }

        if (last is not null)
            await HoldAsync(last, now, cancel);
        return appended;
    }

    /// <summary>Checks all history and keeps what was found. Tells compliance when something differs.</summary>
    /// <param name="actor">Who asked for it.</param>
    /// <param name="progress">Is told from time to time how many events were read.</param>
    public async Task<HistoryCheckResult> CheckAsync(string actor, Func<long, Task>? progress = null, CancellationToken cancel = default)
    {
        var (id, started) = (Ids.New(runtime.Clock.Now()), runtime.Clock.Now());
        await using (var begin = runtime.Database.Query("insert into log_check (id, started_at, actor) values ($1, $2, $3)", id, started, actor))
            await begin.ExecuteNonQueryAsync(cancel);
        var kept = keeping.Folder is { } folder ? new KeptLog(folder) : null;
        var check = new HistoryCheck(runtime.Database, keeping.Keys, kept)
        {
            Progress = async (events, stop) =>
            {
                await using var told = runtime.Database.Query("update log_check set events = $2 where id = $1", id, events);
                await told.ExecuteNonQueryAsync(stop);
                if (progress is not null)
                    await progress(events);
            },
        };
        var result = await check.RunAsync(cancel);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            "update log_check set ended_at = $2, events = $3, entries = $4, findings = $5 where id = $1",
            id,
            runtime.Clock.Now(),
            result.Events,
            result.Entries,
            new Json(JsonSerializer.SerializeToUtf8Bytes(result.Findings, HistoryStatus.Json))
        );
        var told = new List<Guid>();
        if (result.Findings.Count > 0)
        {
            CheckFailed(log, result.Findings.Count, result.Findings[0]);
            told = await ComplianceAsync(cancel);
            var text = result.Findings.Count == 1 ? "1 difference was found." : $"{result.Findings.Count} differences were found.";
            batch.BatchCommands.Add(
                Notify.Command(
                    runtime.Clock.Now(),
                    [.. told.Select(id => new Notice(id, NotificationKinds.HistoryDiffers, "History was altered", text, null, null))]
                )
            );
        }

        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(told.Select(person => new Change(ChangeKind.Person, person)));
        return result;
    }

    /// <summary>The newest signed head, or null.</summary>
    public async Task<KeptHead?> LastHeadAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query("select size, at, note from log_head order by at desc limit 1");
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? new(reader.GetInt64(0), reader.Instant(1), reader.GetString(2)) : null;
    }

    /// <summary>What proves that the log of one head is the beginning of the log of another; null: there is no head of such a size.</summary>
    public async Task<GrowthProof?> GrowthAsync(long from, long to, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            "select distinct on (size) size, note from log_head where size in ($1, $2) order by size, at desc",
            from,
            to
        );
        var notes = new Dictionary<long, string>();
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                notes[reader.GetInt64(0)] = reader.GetString(1);
        }

        return from <= to && notes.TryGetValue(from, out var old) && notes.TryGetValue(to, out var latest)
            ? new(old, latest, await _log.ProveGrowthAsync(from, to, cancel))
            : null;
    }

    private async Task<KeptHead> SignAsync(long size, byte[] root, SigningKey key, Instant now, CancellationToken cancel)
    {
        var head = new TreeHead(keeping.Origin, size, root, now.ToUnixTimeTicks() / 10);
        var note = (keeping.RetiringKey is { } other ? SignedHead.Sign(head, key, other) : SignedHead.Sign(head, key)).ToString();
        await using var insert = runtime.Database.Query("insert into log_head (size, at, note) values ($1, $2, $3) on conflict do nothing", size, now, note);
        await insert.ExecuteNonQueryAsync(cancel);
        return new(size, now, note);
    }

    /// <summary>Holds what isn't held yet. What fails is tried again by the next run.</summary>
    private async Task HoldAsync(KeptHead head, Instant now, CancellationToken cancel)
    {
        if (keeping.Folder is not { } folder || await IsHeldAsync(head, folder, cancel))
            return;
        string? error = null;
        try
        {
            var kept = new KeptLog(folder);
            const int Batch = 1 << 16;
            for (var from = kept.Count(); from < head.Size; from += Batch)
                await kept.AddAsync(from, await _log.EntriesAsync(from, Math.Min(from + Batch, head.Size), cancel), cancel);
            await kept.AddAsync(SignedHead.Parse(head.Note)!, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = e.Message;
            HoldFailed(log, folder, e);
        }

        await using var write = runtime.Database.Query(
            """
            insert into log_head_copy (size, at, place, held_at, error) values ($1, $2, $3, $4, $5)
            on conflict (size, at, place) do update set held_at = excluded.held_at, error = excluded.error
            """,
            head.Size,
            head.At,
            folder,
            error is null ? now : null,
            error
        );
        await write.ExecuteNonQueryAsync(cancel);
    }

    private async Task<bool> IsHeldAsync(KeptHead head, string place, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            "select exists (select from log_head_copy where size = $1 and at = $2 and place = $3 and held_at is not null)",
            head.Size,
            head.At,
            place
        );
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }

    private async Task<List<Guid>> ComplianceAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select id from person where active and $1 = any(roles)", People.Roles.Compliance);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(cancel))
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Critical, Message = "History was altered: {Count} differences; the first: {Finding}")]
    private static partial void CheckFailed(ILogger log, int count, Finding finding);

    [LoggerMessage(EventId = 231, Level = LogLevel.Error, Message = "Can't hold the tree head in {Folder}; retrying in a minute")]
    private static partial void HoldFailed(ILogger log, string folder, Exception e);
}

/// <summary>A signed tree head.</summary>
/// <param name="Size">Events it covers.</param>
/// <param name="At">When it was signed.</param>
/// <param name="Note">Its text.</param>
public sealed record KeptHead(long Size, Instant At, string Note);
