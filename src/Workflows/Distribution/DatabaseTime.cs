using NodaTime;
using Npgsql;
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
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        var asked = Ask(batch);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await AnswerAsync(asked, r, cancel);
    }

    /// <summary>Asks with a batch that is about to be sent. Returns when.</summary>
    public Instant Ask(NpgsqlBatch batch)
    {
        batch.Add("select clock_timestamp()");
        return Instant.FromDateTimeOffset(time.GetUtcNow());
    }

    /// <summary>Now, from the current result.</summary>
    /// <param name="asked">What <see cref="Ask"/> returned.</param>
    public async Task<Instant> AnswerAsync(Instant asked, NpgsqlDataReader r, CancellationToken cancel)
    {
        await r.ReadAsync(cancel);
        var database = r.Instant(0);
        var answered = Instant.FromDateTimeOffset(time.GetUtcNow());
        var now = runtime.Clock.Now();
        return database < asked - Same || database > answered + Same ? now + (database - answered) : now;
    }
}
