using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Simulation;

/// <summary>Does under a simulated clock what the recurring jobs of a host do: rungs, timers, ends of suspensions, events, messages.</summary>
internal sealed class DueWork(
    NpgsqlDataSource database,
    SimulatedClock clock,
    Escalate escalate,
    Timers timers,
    ResumeSuspended suspended,
    WorkflowRuntime runtime,
    Effects effects
)
{
    private const int Batch = 100;

    /// <summary>More rounds than that at one instant: something makes itself due again and again, and is left to the host.</summary>
    private const int MostRounds = 50;

    /// <summary>What falls due may be done so much later, as by a busy host: acts that are near each other aren't kept apart by it.</summary>
    private static readonly Duration Patience = Duration.FromMinutes(3);

    private Instant? _keepFrom;

    // The index of deadlines begins with their kind.
    private const string Next = $"""
        select kind, due_at from (
            (select 'rung' kind, min(due_at) due_at from deadline where kind = 'rung')
            union all (select 'timer', min(due_at) from deadline where kind = 'timer')
            union all (select 'task-resume', min(due_at) from deadline where kind = '{TaskTransaction.ResumeDeadline}')
            union all (select 'timer', min(due_at) from workflow_trigger)
            union all (select 'stimulus', min(due_at) from stimulus)
            union all (select 'effect', min(due_at) from effect where state = 'pending')) due
        where due_at is not null order by due_at limit 1
        """;

    /// <summary>Does what is due until an instant, each thing at its time. Returns whether there was anything.</summary>
    public async Task<bool> RunAsync(Instant until, CancellationToken cancel)
    {
        var any = false;
        for (var hour = BoardDay.Hour(clock.Now) + Duration.FromHours(1); _keepFrom is { } from && hour <= until; hour += Duration.FromHours(1))
        {
            if (hour < from)
                continue;
            any |= await UntilAsync(hour, cancel);
            await BoardSnapshots.TakeAsync(database, hour, cancel);
        }

        any |= await UntilAsync(until, cancel);
        if (NextAt < Instant.MaxValue)
            NextAt += Patience;
        if (_keepFrom is not null)
            NextAt = Instant.Min(NextAt, BoardDay.Hour(until) + Duration.FromHours(1));
        return any;
    }

    /// <summary>By when the next thing should be done, and when the next counts of the board are taken, whichever is first, as of the last run.</summary>
    public Instant NextAt { get; private set; } = Instant.MinValue;

    /// <summary>From this hour on the counts of the board are kept each hour.</summary>
    public void KeepBoardFrom(Instant from) => _keepFrom = from;

    private async Task<bool> UntilAsync(Instant until, CancellationToken cancel)
    {
        (var any, NextAt) = (false, Instant.MaxValue);
        for (var (round, last) = (0, Instant.MinValue); await NextAsync(cancel) is var (kind, at); )
        {
            NextAt = at;
            if (at > until)
                break;
            round = at == last ? round + 1 : 0;
            if (round == MostRounds)
                break;
            (any, last) = (true, at);
            clock.To(at);
            await DoAsync(kind, cancel);
        }

        clock.To(until);
        return any;
    }

    private async Task DoAsync(string kind, CancellationToken cancel)
    {
        switch (kind)
        {
            case "rung":
                await escalate.SweepAsync(Batch, cancel);
                break;
            case "task-resume":
                await suspended.SweepAsync(Batch, cancel);
                break;
            case "stimulus":
                await runtime.Stimuli.SweepAsync(Batch, cancel);
                break;
            case "effect":
                foreach (var effect in await effects.LeaseAsync(Batch, cancel))
                    await effects.TryAsync(effect.Id, effect.LeasedUntil, cancel);
                break;
            default:
                await timers.SweepAsync(Batch, cancel);
                break;
        }
    }

    private async Task<(string Kind, Instant At)?> NextAsync(CancellationToken cancel)
    {
        await using var query = database.Query(Next);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetString(0), reader.Instant(1)) : null;
    }
}
