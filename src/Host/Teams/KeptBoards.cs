using System.Collections.Concurrent;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Teams;

/// <summary>A board to show.</summary>
/// <param name="Board">The board.</param>
/// <param name="IsBehind">Something may have changed since it was read, and it is being read again: ask once more in a second.</param>
public sealed record ShownBoard(TeamBoard Board, bool IsBehind);

/// <summary>
/// The boards of offices with so many open tasks that counting them takes longer than a page should. Such a board is shown as it was a moment ago while it is
/// read again, once for everyone who looks at it. Others are read each time.
/// </summary>
internal sealed partial class KeptBoards : IDisposable
{
    /// <summary>How old a board may be that is shown until it has been read again: no one has looked at an older one.</summary>
    private static readonly Duration Oldest = Duration.FromMinutes(10);

    /// <summary>Time alone makes tasks overdue, and fills the hour.</summary>
    private static readonly Duration Current = Duration.FromSeconds(15);

    private readonly WorkflowRuntime _runtime;
    private readonly ILogger<KeptBoards> _log;
    private readonly IDisposable _listening;
    private readonly ConcurrentDictionary<string, Kept> _boards = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<TeamBoard?>>> _reading = new();
    private long _changes;

    public KeptBoards(WorkflowRuntime runtime, ILogger<KeptBoards> log)
    {
        (_runtime, _log) = (runtime, log);
        _listening = runtime.Changes.Listen(change =>
        {
            if (change.Kind is not (ChangeKind.Reply or ChangeKind.Access or ChangeKind.Person))
                Interlocked.Increment(ref _changes);
        });
    }

    /// <summary>A board with more open tasks is kept: some 20 ms of counting.</summary>
    public int Large { get; init; } = 5_000;

    /// <summary>Reads a board, or takes the one kept while it is read again.</summary>
    public async Task<ShownBoard> ReadAsync(IReadOnlyList<Team> teams, DateTimeZone reader, CancellationToken cancel)
    {
        var key = Key(teams, reader);
        var now = _runtime.Clock.Now();
        if (!_boards.TryGetValue(key, out var kept))
            return new(await ReadAsync(key, teams, reader, now, cancel), false);
        if (IsCurrent(kept, now))
            return new(kept.Board, false);
        var age = now - kept.Board.At;
        var changes = Interlocked.Read(ref _changes);
        var reading = _reading.GetOrAdd(key, _ => new(() => ReadAgainAsync(key, teams, reader, now))).Value;
        if (age >= Duration.Zero && age <= Oldest)
            return new(kept.Board, true);

        // Someone else's reading may have begun before the last change.
        var board = await reading.WaitAsync(cancel) ?? await ReadAsync(key, teams, reader, now, cancel);
        return new(board, _boards.TryGetValue(key, out var read) && read.Changes < changes);
    }

    /// <summary>Reads a board, or takes the one kept if nothing has changed since.</summary>
    public Task<TeamBoard> ReadCurrentAsync(IReadOnlyList<Team> teams, DateTimeZone reader, CancellationToken cancel)
    {
        var (key, now) = (Key(teams, reader), _runtime.Clock.Now());
        return _boards.TryGetValue(key, out var kept) && IsCurrent(kept, now) ? Task.FromResult(kept.Board) : ReadAsync(key, teams, reader, now, cancel);
    }

    public void Dispose() => _listening.Dispose();

    private static string Key(IReadOnlyList<Team> teams, DateTimeZone reader) => string.Join(' ', teams.Select(team => team.Key).Prepend(reader.Id));

    private bool IsCurrent(Kept kept, Instant now) =>
        kept.Changes == Interlocked.Read(ref _changes) && now - kept.Board.At is var age && age >= Duration.Zero && age <= Current;

    private async Task<TeamBoard> ReadAsync(string key, IReadOnlyList<Team> teams, DateTimeZone reader, Instant now, CancellationToken cancel)
    {
        var changes = Interlocked.Read(ref _changes);
        var board = await ReadBoard.RunAsync(_runtime, teams, reader, now, cancel);
        if (board.Total.Open > Large)
            _boards[key] = new(board, changes);
        else
            _boards.TryRemove(key, out _);
        return board;
    }

    /// <summary>Reads a board for everyone who waits for it; null: it couldn't be read.</summary>
    private async Task<TeamBoard?> ReadAgainAsync(string key, IReadOnlyList<Team> teams, DateTimeZone reader, Instant now)
    {
        try
        {
            var board = await ReadAsync(key, teams, reader, now, CancellationToken.None);
            foreach (var (old, _) in _boards.Where(one => now - one.Value.Board.At > Oldest))
                _boards.TryRemove(old, out _);
            return board;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            NotRead(_log, e);
            return null;
        }
        finally
        {
            _reading.TryRemove(key, out _);
        }
    }

    private sealed record Kept(TeamBoard Board, long Changes);

    [LoggerMessage(EventId = 321, Level = LogLevel.Warning, Message = "Couldn't read a board again; the next look at it tries")]
    private static partial void NotRead(ILogger log, Exception e);
}
