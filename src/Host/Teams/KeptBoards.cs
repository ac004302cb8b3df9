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
    /// <summary>How old a board may be on a page that asks for it again right after.</summary>
    public static readonly Duration OnPage = Duration.FromMinutes(1);

    /// <summary>How old it may be when it is asked for again.</summary>
    public static readonly Duration Again = Duration.FromSeconds(2);

    /// <summary>Time alone makes tasks overdue, and fills the hour.</summary>
    private static readonly Duration Current = Duration.FromSeconds(15);

    private readonly WorkflowRuntime _runtime;
    private readonly ILogger<KeptBoards> _log;
    private readonly IDisposable _listening;
    private readonly ConcurrentDictionary<string, Kept> _boards = new();
    private readonly ConcurrentDictionary<string, bool> _reading = new();
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

    /// <summary>Reads a board, or takes the one kept if it isn't too old.</summary>
    /// <param name="oldest">How old it may be.</param>
    public async Task<ShownBoard> ReadAsync(IReadOnlyList<Team> teams, DateTimeZone reader, Duration oldest, CancellationToken cancel)
    {
        var key = string.Join(' ', teams.Select(team => team.Key).Prepend(reader.Id));
        var now = _runtime.Clock.Now();
        if (!_boards.TryGetValue(key, out var kept) || now - kept.Board.At is var age && (age > oldest || age < Duration.Zero))
            return new(await ReadAsync(key, teams, reader, now, cancel), false);
        if (kept.Changes == Interlocked.Read(ref _changes) && now - kept.Board.At <= Current)
            return new(kept.Board, false);
        if (_reading.TryAdd(key, true))
            _ = ReadAgainAsync(key, teams, reader, now);
        return new(kept.Board, true);
    }

    public void Dispose() => _listening.Dispose();

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

    private async Task ReadAgainAsync(string key, IReadOnlyList<Team> teams, DateTimeZone reader, Instant now)
    {
        try
        {
            await ReadAsync(key, teams, reader, now, CancellationToken.None);
            foreach (var (old, _) in _boards.Where(one => now - one.Value.Board.At > OnPage))
                _boards.TryRemove(old, out _);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            NotRead(_log, e);
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
