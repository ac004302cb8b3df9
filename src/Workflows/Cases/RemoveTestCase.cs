using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>How removing a test case went.</summary>
public enum RemoveTestCaseResult
{
    Removed,

    /// <summary>Only a test case can be removed; retention deletes the others.</summary>
    NotATest,

    /// <summary>Only the person who started it and administrators can remove it.</summary>
    Forbidden,
    NotFound,
}

/// <summary>Removes a test case with its child workflows, tasks, clocks and notifications. History keeps what happened in it, and who removed it.</summary>
public static class RemoveTestCase
{
    private const string Reason = "The test case was removed.";

    /// <summary>
    /// Cancels what runs of the case, and then notes the removal and deletes it in one transaction. Cut off before that, it's a cancelled test that can be
    /// removed again.
    /// </summary>
    public static async Task<RemoveTestCaseResult> RunAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        string reference;
        await using (var query = runtime.Database.Query("select reference, test_by from journey_case where id = $1", id))
        {
            await using var r = await query.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return RemoveTestCaseResult.NotFound;
            if (r.GuidOrNull(1) is not { } tester)
                return RemoveTestCaseResult.NotATest;
            if (tester != actor.Id && !actor.May(Permissions.RemoveTests))
                return RemoveTestCaseResult.Forbidden;
            reference = r.GetString(0);
        }

        while (true)
        {
            List<Guid> running;
            await using (var transaction = await InstanceTransaction.OpenAsync(runtime, actor.UserName, ("$1", id), moves: false, cancel: cancel))
            {
                if (transaction.InstanceId is null)
                    return RemoveTestCaseResult.NotFound;
                running = await RunningAsync(transaction, id, cancel);
                if (running.Count == 0)
                {
                    transaction.Record(new("case.removed", "case", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { reference })));
                    transaction.WriteLast($"delete from workflow_instance i where {Its("i.id")}", id);
                    await transaction.CommitAsync(cancel);
                    return RemoveTestCaseResult.Removed;
                }
            }

            // The queue would end child workflows later, when the case above them is gone.
            foreach (var run in running)
                await CancelCase.RunAsync(runtime, run, Reason, actor, cancel);
        }
    }

    /// <summary>Withdraws the starts that still wait, and says what runs.</summary>
    private static async Task<List<Guid>> RunningAsync(InstanceTransaction transaction, Guid id, CancellationToken cancel)
    {
        await using (await transaction.QueryAsync(Sql.Command($"delete from stimulus s where s.kind = 'start' and {Its("s.sender")}", id), cancel)) { }
        await using var reader = await transaction.QueryAsync(
            Sql.Command($"select i.id from workflow_instance i where i.status = 'Running' and {Its("i.id")}", id),
            cancel
        );
        var running = new List<Guid>();
        while (await reader.ReadAsync(cancel))
            running.Add(reader.GetGuid(0));
        return running;
    }

    /// <summary>The run is the case, below it, or has its reference and is a test, too.</summary>
    private static string Its(string run) =>
        $"{run} in (select r.run from runs_of(array[$1]) r join workflow_instance t on t.id = r.run and t.test_by is not null)";
}
