using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Lists;

/// <summary>A step of a case.</summary>
/// <param name="Task">Its task.</param>
/// <param name="MayOpen">Whether the person may open the task.</param>
/// <param name="MayClaim">Whether they could claim it now.</param>
/// <param name="StepId">Id of the step in its definition.</param>
public sealed record CaseStep(TaskSummary Task, bool MayOpen, bool MayClaim, string StepId);

/// <summary>The steps of a case.</summary>
public static class CaseStepList
{
    /// <summary>
    /// All steps of a case in the order they opened, 500 at most. The caller has checked that the person can see the case; <see
    /// cref="CaseStep.MayOpen"/>
    /// says which tasks they can open.
    /// </summary>
    public static async Task<IReadOnlyList<CaseStep>> ReadAsync(
        NpgsqlDataSource database,
        Guid @case,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var me = Eligibility.Of("$1", "$2");
        await using var query = database.Query(
            $"""
            select {TaskSummary.Columns}, t.activity_id, coalesce($4 or {me.Sees}, false) may_open, coalesce({me.IsOffered}, false) may_claim
            from task t {TaskSummary.Joins("$2")}
            where t.instance_id = $3 order by t.created_at, t.id limit 500
            """,
            actor.Id,
            now,
            @case,
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var steps = new List<CaseStep>();
        while (await r.ReadAsync(cancel))
            steps.Add(new(TaskSummary.Read(r), r.GetBoolean("may_open"), r.GetBoolean("may_claim"), r.GetString("activity_id")));
        return steps;
    }
}
