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

    /// <summary>Cancels the case if it runs, notes the removal and deletes it. Cut off in between, it can be asked again.</summary>
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

        await using (var transaction = await InstanceTransaction.OpenAsync(runtime, actor.UserName, ("$1", id), moves: false, cancel: cancel))
        {
            if (transaction.InstanceId is null)
                return RemoveTestCaseResult.NotFound;
            transaction.Record(new("case.removed", "case", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { reference })));
            await transaction.CommitAsync(cancel);
        }

        // The queue would end child workflows later, when the case above them is gone.
        while (await RunningAsync(runtime.Database, id, cancel) is { Count: > 0 } running)
        {
            // Another request may remove them at the same time. A round that ends none ends the rounds.
            var ended = false;
            foreach (var run in running)
                ended |= await CancelCase.RunAsync(runtime, run, Reason, actor, cancel) != CancelCaseResult.NotFound;
            if (!ended)
                break;
        }

        await using var delete = runtime.Database.Query(
            $"""
            delete from workflow_instance i where i.status = 'Finished' and {Its("i.id")}
                and exists (select from journey_case c where c.id = $1 and c.test_by is not null)
            """,
            id
        );
        await delete.ExecuteNonQueryAsync(cancel);
        return RemoveTestCaseResult.Removed;
    }

    /// <summary>Withdraws the starts that still wait, and says what runs.</summary>
    private static async Task<List<Guid>> RunningAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel)
    {
        await using (var withdraw = database.Query($"delete from stimulus s where s.kind = 'start' and {Its("s.sender")}", id))
            await withdraw.ExecuteNonQueryAsync(cancel);
        await using var query = database.Query($"select i.id from workflow_instance i where i.status = 'Running' and {Its("i.id")}", id);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var running = new List<Guid>();
        while (await reader.ReadAsync(cancel))
            running.Add(reader.GetGuid(0));
        return running;
    }

    /// <summary>The run is the case, below it, or has its reference and is a test, too.</summary>
    private static string Its(string run) =>
        $"{run} in (select r.run from runs_of(array[$1]) r join workflow_instance t on t.id = r.run and t.test_by is not null)";
}
