using System.Text.Json.Nodes;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The owner finishes a task with an outcome and the form's data, and the case moves on: one transaction, so either both happened or neither did.
/// </summary>
public static class CompleteTask
{
    /// <summary>Completes. Data that does not fit the form is kept as a draft and refused with every field and reason; so
    /// is an amount above the actor's authority.</summary>
    /// <param name="outcome">One of the step's outcomes; optional if there is only one.</param>
    /// <param name="data">The form's data, a JSON object.</param>
    /// <param name="actor">The owner.</param>
    /// <exception cref="DefinitionUnavailableException">The version the case runs on can't be loaded; nothing changed.</exception>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? outcome,
        JsonObject data,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var text = data.ToJsonString();
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Complete, request, actor, actor.UserName, $"{outcome}\n{text}", cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can complete this task: claim it first.");
        if (t.Subject.Exclusion is { } excluded)
            return excluded;

        if (t.Task.RequiresReview)
            return new TaskResult.ReviewRequired();
        var (refused, utf8) = await TaskForms.CheckAsync(tasks, t, outcome ??= t.OnlyOutcome, text, cancel);
        if (refused is not null)
            return refused;
        var (above, authority) = await TaskAuthority.CheckAsync(tasks, t, actor, outcome!, utf8, keep: true, cancel);
        if (above is not null)
            return above;

        t.SubmittedData = (OrderedDictionary<string, object?>)WorkflowData.FromOutside(utf8, "data")!;
        await t.Instance.AdvanceAsync(
            new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.Completed(outcome!, t.SubmittedData, actor.UserName)),
            cancel
        );
        t.Write(
            """
            update task set state = 'Completed', outcome = $2, data = $3, draft = null, ended_by = $4, ended_at = $5,
                actors = array(select distinct unnest(actors || $6::uuid[])),
                started_at = coalesce(started_at, $5), revision = revision + 1, changed_by = $4, changed_at = $5
            where id = $1
            """,
            t.Task.Id,
            outcome,
            new Json(utf8),
            actor.UserName,
            t.Now,
            t.Workers
        );
        return await t.CommitAsync(
            "task.completed",
            new(t.Task.Id, TaskState.Completed, t.Task.Revision + 1, actor.Id, outcome),
            new
            {
                title = t.Task.Title,
                outcome,
                data = JsonNode.Parse(utf8),
                onBehalfOf = t.Task.OnBehalfOf,
                authority,
            },
            cancel
        );
    }
}
