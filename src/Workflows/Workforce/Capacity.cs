using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>How much work a person can have at a time, in weight, and how much they have.</summary>
/// <param name="Live">Weight of live work they can have.</param>
/// <param name="Deferred">Weight of deferred work they can have.</param>
/// <param name="LiveLoad">Weight of live work they have.</param>
/// <param name="DeferredLoad">Weight of deferred work they have.</param>
/// <param name="Revision">Send it with the next change; 0 while nobody set it and the defaults hold.</param>
public sealed record Capacity(int Live, int Deferred, int LiveLoad, int DeferredLoad, int Revision)
{
    private const int Most = 10_000;

    /// <summary>A person's capacity; null if there is no such person.</summary>
    public static async Task<Capacity?> OfAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select load.live_capacity, load.deferred_capacity, load.live, load.deferred, coalesce((select c.revision from person_capacity c where c.person_id = p.id), 0)
            from person p cross join lateral {Load.Of("p.id")} load where p.id = $1
            """,
            person
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(r.GetInt32(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4)) : null;
    }

    /// <summary>Sets a person's capacity. More than before asks for work at once; less takes nothing away from them.</summary>
    /// <param name="live">From 0 (no live work) to 10,000.</param>
    /// <param name="deferred">From 0 to 10,000.</param>
    /// <param name="revision">Revision you last saw.</param>
    /// <param name="actor">Steers the person.</param>
    public static async Task<CapacityResult> SaveAsync(
        WorkflowRuntime runtime,
        Guid person,
        int? live,
        int? deferred,
        int? revision,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (!await TeamQueries.SteersPersonAsync(runtime.Database, actor, person, cancel))
            return new CapacityResult.NotFound();
        var errors = new Dictionary<string, string[]>();
        foreach (var (field, value) in new[] { ("live", live), ("deferred", deferred) })
        {
            if (value is null or < 0 or > Most)
                errors[field] = [$"must be a number from 0 to {Most}"];
        }

        if (errors.Count > 0)
            return new CapacityResult.Invalid(errors);
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor.UserName, now, cancel);
        if (await OfAsync(runtime.Database, person, cancel) is not { } before)
            return new CapacityResult.NotFound();
        if (before.Revision != revision)
            return new CapacityResult.Stale(before.Revision);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into person_capacity (person_id, live, deferred) values ($1, $2, $3)
            on conflict (person_id) do update set live = $2, deferred = $3, revision = person_capacity.revision + 1
            """,
            person,
            live,
            deferred
        );
        history.Add(
            "person.capacity-changed",
            new
            {
                changes = new[]
                {
                    new
                    {
                        field = "liveCapacity",
                        from = $"{before.Live}",
                        to = $"{live}",
                    },
                    new
                    {
                        field = "deferredCapacity",
                        from = $"{before.Deferred}",
                        to = $"{deferred}",
                    },
                }.Where(change => change.from != change.to),
            }
        );
        history.WriteTo(batch);
        if (live > before.Live || deferred > before.Deferred)
            batch.BatchCommands.Add(AskForWork.For([person], AskForWork.CapacityFreed, now));
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Presence, person)]);
        return new CapacityResult.Done();
    }
}

/// <summary>How setting a capacity went.</summary>
public abstract record CapacityResult
{
    private CapacityResult() { }

    /// <summary>It is set.</summary>
    public sealed record Done : CapacityResult;

    /// <summary>What is wrong, by field; a reason completes a sentence that begins with the field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : CapacityResult;

    /// <summary>No person has this id, or the actor doesn't steer them.</summary>
    public sealed record NotFound : CapacityResult;

    /// <summary>Someone else changed it since it was read.</summary>
    public sealed record Stale(int Revision) : CapacityResult;
}
