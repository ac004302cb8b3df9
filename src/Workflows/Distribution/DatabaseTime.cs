using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// The time by which offers are made and end: the host's clock, set right by the database's when the two differ, as clocks of hosts can differ by more than an
/// offer stands.
/// </summary>
public sealed class DatabaseTime(WorkflowRuntime runtime, TimeProvider time)
{
    /// <summary>What a question takes, and what hosts may differ by.</summary>
    private static readonly Duration Same = Duration.FromSeconds(2);

    /// <summary>Now.</summary>
    public async Task<Instant> NowAsync(CancellationToken cancel = default)
    {
        var asked = Instant.FromDateTimeOffset(time.GetUtcNow());
        await using var query = runtime.Database.Query("select clock_timestamp()");
        var database = ((DateTime)(await query.ExecuteScalarAsync(cancel))!).ToInstant();
        var answered = Instant.FromDateTimeOffset(time.GetUtcNow());
        var now = runtime.Clock.Now();
        return database < asked - Same || database > answered + Same ? now + (database - answered) : now;
    }
}
