using Hangfire;
using NodaTime;
using Orchestration.Engine.Runtime;

namespace Orchestration.Workflows.Jobs;

/// <summary>An effect was given up: it is a dead letter now, or an incident of its case.</summary>
public sealed class EffectGivenUpException(string kind, string? error)
    : Exception(
        $"The {kind} could not be delivered and was given up. Retry it from the dead letters of the jobs page, or from the incident of its "
            + $"case. Last error: {error}"
    );

/// <summary>
/// Tries one effect. The row decides: it holds the time of the next attempt and the number of attempts, so retries don't depend on a scheduler. A job
/// that runs twice, or too late, finds that it
/// is not its turn and does nothing. Only the last attempt fails as a job.
/// </summary>
[AutomaticRetry(Attempts = 0)]
public sealed class DeliverEffect(Effects effects)
{
    /// <summary>Tries it. What takes long is someone else's answer: when the host stops it is not waited for, and another host runs the job again.</summary>
    /// <param name="kind">Its kind, for people who look at the job.</param>
    /// <param name="id">Its id.</param>
    /// <param name="leasedUntil">The lease that this job was started with, in ticks since 1970.</param>
    /// <param name="stop">The host stops.</param>
    /// <exception cref="EffectGivenUpException">It was the last try.</exception>
    [JobDisplayName("Deliver {0} {1}")]
    public async Task<string> RunAsync(string kind, Guid id, long leasedUntil, CancellationToken stop) =>
        await effects.TryAsync(id, Instant.FromUnixTimeTicks(leasedUntil), stop) switch
        {
            EffectTry.Done => "Delivered",
            EffectTry.Again again => $"Retry at {again.At}: {again.Error}",
            EffectTry.GivenUp gaveUp => throw new EffectGivenUpException(kind, gaveUp.Error),
            _ => "Nothing left to do",
        };
}
