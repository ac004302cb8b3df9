using Microsoft.Extensions.Logging;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Resumes the bookmarks of Delay, Timer, StartAt and Cron when they are due.</summary>
public sealed partial class Timers(WorkflowRuntime runtime, ILogger<Timers> log)
{
    /// <summary>Resumes due timers, oldest first. Two hosts may sweep at once: an instance somebody holds is left for the next time. Returns how many were resumed.</summary>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var due = new List<(Guid Id, Guid Instance, Guid Bookmark)>();
        await using (var query = runtime.Database.Query(
            "select id, instance_id, subject_id from deadline where kind = 'timer' and due_at <= $1 order by due_at limit $2", runtime.Clock.Now(), limit))
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
                // One instance that can not be moved (its definition can no longer be loaded) must not stop the others.
                NotResumed(log, instance, e);
                await runtime.Stimuli.PostponeAsync("deadline", id, e, cancel);
            }
        }

        return resumed;
    }

    private async Task<bool> ResumeAsync(Guid id, Guid instance, Guid bookmark, CancellationToken cancel)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(
            runtime, "system", ("$1", instance), skipLocked: true, reads: [Sql.Command("select 1 from deadline where id = $1", id)], cancel: cancel);
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
}
