using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
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

    private const string FirstDue = """
        select min(due_at) from (
            select min(due_at) due_at from deadline
            union all select min(due_at) from workflow_trigger
            union all select min(due_at) from stimulus
            union all select min(due_at) from effect where state = 'pending') due
        """;

    /// <summary>Does what is due until an instant, each thing at its time. Returns whether there was anything.</summary>
    public async Task<bool> RunAsync(Instant until, CancellationToken cancel)
    {
        var any = false;
        for (var (round, last) = (0, Instant.MinValue); await FirstAsync(cancel) is { } first && first <= until; )
        {
            round = clock.Now == last ? round + 1 : 0;
            if (round == MostRounds)
                break;
            clock.To(first);
            (any, last) = (true, clock.Now);
            await runtime.Stimuli.SweepAsync(Batch, cancel);
            await timers.SweepAsync(Batch, cancel);
            await suspended.SweepAsync(Batch, cancel);
            await escalate.SweepAsync(Batch, cancel);
            foreach (var effect in await effects.LeaseAsync(Batch, cancel))
                await effects.TryAsync(effect.Id, effect.LeasedUntil, cancel);
        }

        clock.To(until);
        return any;
    }

    private async Task<Instant?> FirstAsync(CancellationToken cancel)
    {
        await using var query = database.Query(FirstDue);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? reader.InstantOrNull(0) : null;
    }
}
