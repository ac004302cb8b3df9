using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>How history is proven to outsiders.</summary>
/// <param name="Origin">Name of the log, in each tree head.</param>
/// <param name="Key">Signs tree heads; null: none are signed.</param>
/// <param name="RetiringKey">Signs them too while <paramref name="Key"/> replaces it.</param>
/// <param name="FormerKeys">Public keys that signed earlier heads and no longer sign.</param>
/// <param name="Folder">Holds heads and entries outside the database; null: no folder does.</param>
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
    /// <summary>Where heads are held besides the folder. Default: nowhere.</summary>
    public IReadOnlyList<HeadPlace> Outside { get; init; } = [];

    /// <summary>All places that hold heads.</summary>
    public IReadOnlyList<HeadPlace> Places => Folder is { } folder ? [new HeadPlace.Folder(folder), .. Outside] : Outside;

    /// <summary>What this host is called among those that hold heads; no two with different places have the same name. Default: the machine's name.</summary>
    public string Host { get; init; } = Environment.MachineName;

    /// <summary>Whether places can be at loopback and private addresses. Default: no.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Compliance is told when a place has been without the newest head for that long. Default: an hour.</summary>
    public Duration WarnAfter { get; init; } = Duration.FromHours(1);

    /// <summary>Certificates of timestamp authorities that count; null: any counts, because one has no certificate in the configuration.</summary>
    public X509Certificate2Collection? Trusted
    {
        get
        {
            var authorities = Outside.OfType<HeadPlace.Authority>().ToList();
            if (authorities.Count == 0 || authorities.Any(authority => authority.Trusted is null))
                return null;
            var all = new X509Certificate2Collection();
            foreach (var authority in authorities)
                all.AddRange(authority.Trusted!);
            return all;
        }
    }

    /// <summary>Keys whose signatures count.</summary>
    public IReadOnlyList<VerifierKey> Keys => [.. new[] { Key, RetiringKey }.OfType<SigningKey>().Select(key => key.Public), .. FormerKeys];
}

/// <summary>
/// Follows history: appends it to the Merkle log, signs the tree, and checks all of it (<see cref="HoldHeads"/> holds heads outside). Verbs know nothing of
/// this. Any host may run it; the log's row lets one at a time append.
/// </summary>
public sealed partial class KeepHistory(WorkflowRuntime runtime, HistoryKeeping keeping, ILogger<KeepHistory> log)
{
    private readonly HistoryLog _log = new(runtime.Database);

    /// <summary>Appends what was committed since, and signs a head when it is time. Returns how many events were appended.</summary>
    public async Task<long> RunAsync(CancellationToken cancel = default)
    {
        var appended = await _log.AppendAsync(cancel);
        var now = runtime.Clock.Now();
        var last = await LastHeadAsync(cancel);
        if (keeping.Key is { } key && (last is null || now >= last.At + keeping.Every))
        {
            var (size, root) = await _log.TreeAsync(cancel);
            if (size > (last?.Size ?? 0))
                await SignAsync(size, root, key, now, cancel);
        }

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
            Authorities = keeping.Trusted,
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
        IReadOnlyList<Guid> told = [];
        if (result.Findings.Count > 0)
        {
            CheckFailed(log, result.Findings.Count, result.Findings[0]);
            told = await PermissionHolders.ListAsync(connection, Permissions.ReviewHistory, cancel: cancel);
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
    public Task<KeptHead?> LastHeadAsync(CancellationToken cancel = default) => LastHeadAsync(runtime.Database, cancel);

    internal static async Task<KeptHead?> LastHeadAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var query = database.Query($"select size, at, note from log_head {KeptHead.NewestFirst} limit 1");
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

    private async Task SignAsync(long size, byte[] root, SigningKey key, Instant now, CancellationToken cancel)
    {
        var head = new TreeHead(keeping.Origin, size, root, now.ToUnixTimeTicks() / 10);
        var note = (keeping.RetiringKey is { } other ? SignedHead.Sign(head, key, other) : SignedHead.Sign(head, key)).ToString();
        await using var insert = runtime.Database.Query("insert into log_head (size, at, note) values ($1, $2, $3) on conflict do nothing", size, now, note);
        await insert.ExecuteNonQueryAsync(cancel);
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Critical, Message = "History was altered: {Count} differences; the first: {Finding}")]
    private static partial void CheckFailed(ILogger log, int count, Finding finding);
}

/// <summary>A signed tree head.</summary>
/// <param name="Size">Events it covers.</param>
/// <param name="At">When it was signed.</param>
/// <param name="Note">Its text.</param>
public sealed record KeptHead(long Size, Instant At, string Note)
{
    // Two can be signed within a microsecond; the log only grows.
    internal const string NewestFirst = "order by size desc, at desc";
}
