using NodaTime;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>An effect that is not done yet, or was given up.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">Which deliverer does it, e.g. <c>email</c>.</param>
/// <param name="InstanceId">The instance, or null.</param>
/// <param name="IsDead">Whether it was given up.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="LastError">What went wrong the last time, with its stack.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="DueAt">When it is tried next; meaningless when given up.</param>
/// <param name="To">Its receiver, as far as the payload says.</param>
public sealed record EffectRow(
    Guid Id,
    string Kind,
    Guid? InstanceId,
    bool IsDead,
    int Attempts,
    string? LastError,
    Instant CreatedAt,
    Instant DueAt,
    string? To
);

/// <summary>Looking at effects that are waiting or were given up, and deciding about the latter.</summary>
public static class DeadEffects
{
    /// <summary>The given-up ones, or those that have failed but are still tried; newest first.</summary>
    public static async Task<IReadOnlyList<EffectRow>> ListAsync(WorkflowRuntime runtime, bool dead, int limit, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"""
            select id, kind, instance_id, state = 'dead', attempts, last_error, created_at, due_at, 
                -- A text in it may hold U+0000, which JSON can write and no text can.
                case when payload::text not like '%\\u0000%' then coalesce(payload ->> 'url', payload ->> 'Url', payload ->> 'to') end
            from effect where {(dead ? "state = 'dead'" : "state = 'pending' and last_error is not null")} order by created_at desc, id limit $1
            """,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var effects = new List<EffectRow>();
        while (await r.ReadAsync(cancel))
            effects.Add(new(r.GetGuid(0), r.GetString(1), r.GuidOrNull(2), r.GetBoolean(3), r.GetInt32(4), r.Text(5), r.Instant(6), r.Instant(7), r.Text(8)));
        return effects;
    }

    /// <summary>Tries a given-up effect again from its first attempt, with the same idempotency key. False when there is no such given-up effect.</summary>
    public static async Task<bool> RetryAsync(WorkflowRuntime runtime, Guid id, string actor, CancellationToken cancel = default) =>
        await FindAsync(runtime, id, cancel) is { } effect
        && await Effects.ChangeAsync(
            runtime,
            id,
            effect.InstanceId,
            "update effect set state = 'pending', attempts = 0, due_at = $2 where id = $1 and state = 'dead' returning id",
            runtime.Clock.Now(),
            new("effect.retried", "effect", Ids.Text(id), effect.Attempts, Effects.Payload(("kind", effect.Kind))),
            actor,
            null,
            cancel
        );

    /// <summary>Throws a given-up effect away. False when there is no such given-up effect.</summary>
    public static async Task<bool> DiscardAsync(WorkflowRuntime runtime, Guid id, string reason, string actor, CancellationToken cancel = default) =>
        await FindAsync(runtime, id, cancel) is { } effect
        && await Effects.ChangeAsync(
            runtime,
            id,
            effect.InstanceId,
            "delete from effect where id = $1 and state = 'dead' and $2::text is null returning id",
            null,
            new(
                "effect.discarded",
                "effect",
                Ids.Text(id),
                effect.Attempts,
                Effects.Payload(("kind", effect.Kind), ("reason", reason), ("error", effect.LastError))
            ),
            actor,
            null,
            cancel
        );

    private static async Task<EffectRow?> FindAsync(WorkflowRuntime runtime, Guid id, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            "select kind, instance_id, attempts, last_error, created_at, due_at from effect where id = $1 and state = 'dead'",
            id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(id, r.GetString(0), r.GuidOrNull(1), true, r.GetInt32(2), r.Text(3), r.Instant(4), r.Instant(5), null) : null;
    }
}
