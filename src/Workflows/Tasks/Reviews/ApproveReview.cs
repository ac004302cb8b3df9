using System.Text.Json.Nodes;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Reviews;

/// <summary>The reviewer approves: InReview → Completed with the outcome and data that were proposed, and the case moves on in the same transaction.</summary>
public static class ApproveReview
{
    /// <summary>Approves for the reviewer, within their authority.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.ApproveReview, request, actor, actor.UserName, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsReviewer)
            return new TaskResult.Forbidden("Only the reviewer can approve this task: take the review first.");
        if (t.CheckEligibility() is { } unfit)
            return unfit;

        var (outcome, data) = (t.Task.ProposedOutcome!, t.Task.ProposedData!);
        var (above, authority) = await TaskAuthority.CheckAsync(tasks, t, actor, outcome, data, keep: false, cancel);
        if (above is not null)
            return above;
        t.SubmittedData = (OrderedDictionary<string, object?>)WorkflowData.FromUtf8(data)!;
        await t.Instance.AdvanceAsync(
            new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.Completed(outcome, t.SubmittedData, t.Task.Owner!)),
            cancel
        );
        t.Write(
            """
            update task set state = 'Completed', outcome = proposed_outcome, proposed_outcome = null, ended_by = $2, ended_at = $3,
                revision = revision + 1, changed_by = $2, changed_at = $3
            where id = $1
            """,
            t.Task.Id,
            actor.UserName,
            t.Now
        );
        Notify.Write(
            t.Instance,
            t.Task.OwnerId!.Value,
            "task.review-approved",
            $"Approved: {t.Task.Title}",
            $"{actor.DisplayName} approved “{outcome}”.",
            t.Task.Id
        );
        return await t.CommitAsync(
            "task.completed",
            new(t.Task.Id, TaskState.Completed, t.Task.Revision + 1, t.Task.OwnerId, outcome),
            new
            {
                title = t.Task.Title,
                outcome,
                data = JsonNode.Parse(data),
                owner = t.Task.Owner,
                reviewer = actor.UserName,
                authority,
            },
            cancel
        );
    }
}
