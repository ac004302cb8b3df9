using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Delay, Timer, StartAt and Cron when they are due: resumes the instances that wait at them and starts those that they trigger.</summary>
public sealed partial class Timers(WorkflowRuntime runtime, ILogger<Timers> log)
{
    /// <summary>
    /// Starts and resumes what is due, oldest first. Two hosts can sweep concurrently: a locked instance is left for the next sweep, and a tick
    /// belongs to the host that commits it first.
    /// </summary>
    /// <returns>The number started or the number resumed, whichever is larger: if it equals the limit, there may be more.</returns>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default) =>
        Math.Max(await StartAsync(limit, cancel), await ResumeAsync(limit, cancel));

    private async Task<int> StartAsync(int limit, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        var due = new List<Tick>();
        await using (
            var query = runtime.Database.Query(
                "select id, definition_id, definition_version_id, activity_id, hash, due_at from workflow_trigger where due_at <= $1 order by due_at limit $2",
                now,
                limit
            )
        )
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                due.Add(new(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.Instant(5)));
        }

        var started = 0;
        foreach (var tick in due)
        {
            try
            {
                if (await StartAsync(tick, now, cancel))
                    started++;
            }
            catch (PostgresException e) when (e.SqlState == "OR002")
            {
                // Another host was first, or the definition was published again.
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // One definition that cannot be started must not stop the others.
                NotStarted(log, tick.DefinitionId, e);
                await runtime.Stimuli.PostponeAsync("workflow_trigger", tick.Id, e, cancel);
            }
        }

        return started;
    }

    /// <summary>One tick is one instance at most: moving the trigger on and starting share a transaction.</summary>
    private async Task<bool> StartAsync(Tick tick, Instant now, CancellationToken cancel)
    {
        var workflow = await runtime.Definitions.GetVersionAsync(tick.VersionId, cancel);
        var trigger = workflow.Triggers.First(t => t.ActivityId == tick.ActivityId && t.Hash == tick.Hash);
        var next = TriggerSchedule.Next(trigger, tick.DueAt, now)?.Truncated();
        var result = await runtime.StartAsync(
            new(tick.DefinitionId, TriggerSchedule.Input(trigger, tick.DueAt))
            {
                TriggerActivityId = tick.ActivityId,
                TriggerHash = tick.Hash,
                AlsoWrite = t => t.Write("select take_tick($1, $2, $3)", tick.Id, tick.DueAt, next),
            },
            "system",
            cancel
        );
        if (result is StartResult.Started)
            return true;

        // The activation strategy allows none now: this tick passes, as in Elsa.
        await using var pass = runtime.Database.Query(
            "update workflow_trigger set due_at = $3, attempts = 0, last_error = null where id = $1 and due_at = $2",
            tick.Id,
            tick.DueAt,
            next
        );
        await pass.ExecuteNonQueryAsync(cancel);
        return false;
    }

    private sealed record Tick(Guid Id, string DefinitionId, string VersionId, string ActivityId, string Hash, Instant DueAt);

    private async Task<int> ResumeAsync(int limit, CancellationToken cancel)
    {
        var due = new List<(Guid Id, Guid Instance, Guid Bookmark)>();
        await using (
            var query = runtime.Database.Query(
                "select id, instance_id, subject_id from deadline where kind = 'timer' and due_at <= $1 order by due_at limit $2",
                runtime.Clock.Now(),
                limit
            )
        )
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                due.Add((reader.GetGuid(0), reader.GetGuid(1), reader.GetGuid(2)));
        }

        var resumed = 0;
        foreach (var (id, instance, bookmark) in due)
        {
            try
            {
                if (await ResumeAsync(id, instance, bookmark, cancel))
                    resumed++;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // One instance that cannot be moved (its definition can no longer be loaded) must not stop the others.
                NotResumed(log, instance, e);
                await runtime.Stimuli.PostponeAsync("deadline", id, e, cancel);
            }
        }

        return resumed;
    }

    private async Task<bool> ResumeAsync(Guid id, Guid instance, Guid bookmark, CancellationToken cancel)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(
            runtime,
            "system",
            ("$1", instance),
            skipLocked: true,
            reads: [Sql.Command("select 1 from deadline where id = $1", id)],
            cancel: cancel
        );
        await transaction.NextResultAsync(cancel);
        if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel))
            return false;

        transaction.Write("delete from deadline where id = $1", id);
        if (transaction.IsRunning && transaction.State.Bookmarks.Exists(b => b.Id == Ids.Text(bookmark)))
            await transaction.AdvanceAsync(new Stimulus.Resume(Ids.Text(bookmark), []), cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    [LoggerMessage(EventId = 130, Level = LogLevel.Error, Message = "A timer of instance {Instance} could not resume it; it will be tried again")]
    private static partial void NotResumed(ILogger log, Guid instance, Exception e);

    [LoggerMessage(EventId = 131, Level = LogLevel.Error, Message = "A trigger of definition {Definition} could not start it; it will be tried again")]
    private static partial void NotStarted(ILogger log, string definition, Exception e);
}
