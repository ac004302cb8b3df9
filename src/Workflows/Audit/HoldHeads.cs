using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>
/// Holds the newest signed tree head at every place outside the database. Places don't wait for each other: one that can't be reached is tried again after
/// 1, 2, 4 … minutes, at most 15, and compliance is told once when it has been behind for too long. A head that a newer one replaced in the meantime is left
/// out there: the newer one covers it.
/// </summary>
public sealed partial class HoldHeads : IDisposable
{
    /// <summary>How long a host may work on one place before another one tries too.</summary>
    private static readonly Duration Lease = Duration.FromMinutes(2);

    /// <summary>How long a place counts as one of a host that wasn't seen since.</summary>
    private static readonly Duration Forgotten = Duration.FromDays(1);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private const int LongestPause = 15;
    private const int Batch = 1 << 16;

    private readonly WorkflowRuntime _runtime;
    private readonly HistoryKeeping _keeping;
    private readonly ILogger<HoldHeads> _log;
    private readonly HistoryLog _history;
    private readonly HttpEffects _http;
    private readonly PutHead _put;

    /// <param name="mail">Sends heads to mailboxes.</param>
    public HoldHeads(WorkflowRuntime runtime, HistoryKeeping keeping, SendMail mail, ILogger<HoldHeads> log)
    {
        (_runtime, _keeping, _log) = (runtime, keeping, log);
        _history = new(runtime.Database);
        _http = new(keeping.AllowPrivateAddresses);
        _put = new(_http.Client, mail);
    }

    /// <summary>Puts the newest head where it isn't held yet. Returns at how many places it is held now that didn't have it.</summary>
    public async Task<int> RunAsync(CancellationToken cancel = default)
    {
        if (await KeepHistory.LastHeadAsync(_runtime.Database, cancel) is not { } head)
            return 0;
        var due = await DueAsync(head, cancel);
        var held = await Task.WhenAll(
            _keeping.Places.Where(place => due.ContainsKey(place.Name)).Select(place => TryAsync(place, due[place.Name], head, cancel))
        );
        await WarnAsync(cancel);
        return held.Count(done => done);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Takes this host's places that it is time to try, with how often each was tried. Places of other hosts stay as they are: their settings can differ.
    /// </summary>
    private async Task<IReadOnlyDictionary<string, int>> DueAsync(KeptHead head, CancellationToken cancel)
    {
        var now = _runtime.Clock.Now();
        await using var connection = await _runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("delete from log_place_host where host = $1 and place <> all($2) or seen_at < $3", _keeping.Host, Names, now - Forgotten);
        batch.Add(
            """
            insert into log_place_host (place, host, seen_at) select p, $2, $3 from unnest($1) p
            on conflict (place, host) do update set seen_at = excluded.seen_at
            """,
            Names,
            _keeping.Host,
            now
        );
        batch.Add("delete from log_place p where not exists (select from log_place_host h where h.place = p.place)");
        batch.Add(
            """
            insert into log_place (place, behind_since, due_at)
            select p, $4, $4 from unnest($1) p where not exists (select from log_head_copy c where c.size = $2 and c.at = $3 and c.place = p)
            on conflict (place) do update
                set behind_since = coalesce(log_place.behind_since, excluded.behind_since), due_at = coalesce(log_place.due_at, excluded.due_at)
            """,
            Names,
            head.Size,
            head.At,
            now
        );
        batch.Add(
            "update log_place set attempts = attempts + 1, due_at = $2 where due_at <= $1 and place = any($3) returning place, attempts",
            now,
            now + Lease,
            Names
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        var due = new Dictionary<string, int>();
        while (await reader.ReadAsync(cancel))
            due[reader.GetString(0)] = reader.GetInt32(1);
        return due;
    }

    private async Task<bool> TryAsync(HeadPlace place, int attempt, KeptHead head, CancellationToken cancel)
    {
        string? error = null;
        byte[]? receipt = null;
        var at = _runtime.Clock.Now();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            var signed = SignedHead.Parse(head.Note) ?? throw new InvalidDataException("The signed tree head in the database can't be read.");
            if (place is not HeadPlace.Folder)
                limit.CancelAfter(Timeout);
            switch (place)
            {
                case HeadPlace.Folder folder:
                    await FileAsync(new(folder.Path), signed, limit.Token);
                    break;
                case HeadPlace.Webhook webhook:
                    await _put.PostAsync(webhook, signed, at, limit.Token);
                    break;
                case HeadPlace.Mail mailbox:
                    await _put.MailAsync(mailbox, signed, at, limit.Token);
                    break;
                case HeadPlace.ObjectStore store:
                    await _put.StoreAsync(store, signed, limit.Token);
                    break;
                case HeadPlace.Authority authority:
                    (receipt, at) = await _put.StampAsync(authority, signed, limit.Token);
                    if (_keeping.Folder is { } kept)
                        await new KeptLog(kept).AddAsync(signed, authority.Url.Authority, receipt, limit.Token);
                    break;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            error = e is OperationCanceledException ? $"No answer within {Timeout.TotalSeconds:N0} seconds." : e.Message;
            HoldFailed(_log, place.Name, e);
        }

        await (error is null ? HeldAsync(place, head, at, receipt) : FailedAsync(place, attempt, error));
        return error is null;
    }

    private async Task FileAsync(KeptLog kept, SignedHead head, CancellationToken cancel)
    {
        for (var from = kept.Count(); from < head.Head.Size; from += Batch)
            await kept.AddAsync(from, await _history.EntriesAsync(from, Math.Min(from + Batch, head.Head.Size), cancel), cancel);
        await kept.AddAsync(head, cancel);
    }

    private async Task HeldAsync(HeadPlace place, KeptHead head, Instant at, byte[]? receipt)
    {
        await using var connection = await _runtime.Database.OpenConnectionAsync(CancellationToken.None);
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into log_head_copy (size, at, place, held_at, receipt) values ($1, $2, $3, $4, $5) on conflict do nothing",
            head.Size,
            head.At,
            place.Name,
            at,
            receipt
        );
        batch.Add("update log_place set behind_since = null, due_at = null, attempts = 0, error = null, told_at = null where place = $1", place.Name);
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task FailedAsync(HeadPlace place, int attempt, string error)
    {
        var pause = Duration.FromMinutes(Math.Min(LongestPause, 1 << Math.Min(attempt - 1, 4)));
        await using var write = _runtime.Database.Query(
            "update log_place set due_at = $2, error = left($3, 1000) where place = $1 and behind_since is not null",
            place.Name,
            _runtime.Clock.Now() + pause,
            error
        );
        await write.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Tells compliance of places that have been behind for too long, once each until they have a head again.</summary>
    private async Task WarnAsync(CancellationToken cancel)
    {
        var now = _runtime.Clock.Now();
        await using var connection = await _runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var late = new List<string>();
        await using (var mark = connection.CreateBatch())
        {
            mark.Add(
                "update log_place set told_at = $1 where told_at is null and behind_since <= $2 and place = any($3) returning place",
                now,
                now - _keeping.WarnAfter,
                Names
            );
            await using var reader = await mark.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                late.Add(reader.GetString(0));
        }

        if (late.Count == 0)
            return;
        var names = string.Join(", ", late);
        TooLate(_log, names);
        var people = await PermissionHolders.ListAsync(connection, Permissions.ReviewHistory, cancel: cancel);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(
            Notify.Command(
                now,
                [
                    .. people.SelectMany(
                        _ => late,
                        (person, place) =>
                            new Notice(
                                person,
                                NotificationKinds.HeadNotHeld,
                                "Tree heads aren't held outside",
                                $"The {place} has had no tree head for {_keeping.WarnAfter.TotalMinutes:N0} minutes.",
                                null,
                                null
                            )
                            {
                                Path = "/compliance#heads",
                            }
                    ),
                ]
            )
        );
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        _runtime.Changes.Publish(people.Select(person => new Change(ChangeKind.Person, person)));
    }

    private string[] Names => [.. _keeping.Places.Select(place => place.Name)];

    [LoggerMessage(EventId = 231, Level = LogLevel.Error, Message = "Can't hold the tree head in {Place}; trying again")]
    private static partial void HoldFailed(ILogger log, string place, Exception e);

    [LoggerMessage(EventId = 232, Level = LogLevel.Critical, Message = "Tree heads have not been held for too long in: {Places}")]
    private static partial void TooLate(ILogger log, string places);
}
