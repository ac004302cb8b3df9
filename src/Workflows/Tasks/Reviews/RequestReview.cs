using System.Text.Json.Nodes;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Reviews;

/// <summary>
/// The owner is done and asks for a second pair of eyes: Reserved or InProgress → ReadyForReview. Outcome and data are checked as on completion and wait for
/// approval; the case does not move.
/// </summary>
public static class RequestReview
{
    /// <summary>Asks for a review.</summary>
    /// <param name="outcome">The proposed outcome; optional if the step has only one.</param>
    /// <param name="data">The form's data.</param>
    /// <param name="reviewer">User name of the suggested reviewer; other eligible reviewers can still take it. Null: anyone eligible.</param>
    /// <param name="actor">The owner.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? outcome,
        JsonObject data,
        string? reviewer,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var text = data.ToJsonString();
        var asked = string.IsNullOrWhiteSpace(reviewer) ? null : reviewer;
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.RequestReview,
            request,
            actor,
            asked ?? actor.UserName,
            $"{outcome}\n{text}\n{reviewer}",
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can ask for a review: claim it first.");
        if (asked is null && t.Subject.Exclusion is { } excluded)
            return excluded;
        if (asked is not null && t.CheckEligibility() is { } unfit)
            return unfit;
        var (refused, utf8) = await TaskForms.CheckAsync(tasks, t, outcome ??= t.OnlyOutcome, text, cancel);
        if (refused is not null)
            return refused;

        // What could not be kept when it is approved is refused now.
        WorkflowData.FromOutside(utf8, "data");

        t.Write(
            """
            update task set state = 'ReadyForReview', proposed_outcome = $2, data = $3, draft = null, reviewer_id = $4,
                actors = array(select distinct unnest(actors || $5::uuid[])),
                started_at = coalesce(started_at, $7), revision = revision + 1, changed_by = $6, changed_at = $7
            where id = $1
            """,
            t.Task.Id,
            outcome,
            new Json(utf8),
            asked is null ? null : t.Subject.Id,
            t.Workers,
            actor.UserName,
            t.Now
        );
        if (asked is not null)
            Notify.Write(
                t.Instance,
                t.Subject.Id,
                "task.review-requested",
                $"Review requested: {t.Task.Title}",
                $"{actor.DisplayName} proposes “{outcome}”.",
                t.Task.Id
            );
        return await t.CommitAsync(
            "task.review-requested",
            new(t.Task.Id, TaskState.ReadyForReview, t.Task.Revision + 1, actor.Id, null),
            new
            {
                title = t.Task.Title,
                outcome,
                data = JsonNode.Parse(utf8),
                reviewer = asked is null ? null : t.Subject.UserName,
            },
            cancel
        );
    }
}
