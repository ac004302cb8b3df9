using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Distribution;

/// <summary>How an answer to an offer went.</summary>
public abstract record AnswerResult
{
    private AnswerResult() { }

    /// <summary>Accepted or declined; the task as it is now.</summary>
    public sealed record Done(TaskAnswer Task) : AnswerResult;

    /// <summary>There is no such offer to this person.</summary>
    public sealed record NotFound : AnswerResult;

    /// <summary>The offer had ended before the answer came.</summary>
    /// <param name="TaskId">Its task.</param>
    /// <param name="State">How it ended.</param>
    /// <param name="Reason">Why, in words.</param>
    /// <param name="IsOpen">Whether the task is still open: the person can claim it.</param>
    public sealed record Over(Guid TaskId, OfferState State, string Reason, bool IsOpen) : AnswerResult;

    /// <summary>The rules of the task refuse it.</summary>
    public sealed record Refused(Guid TaskId, TaskResult Why) : AnswerResult;

    /// <summary>What is wrong with the request.</summary>
    public sealed record Invalid(string Field, string Reason) : AnswerResult;
}

/// <summary>
/// The person an offer is made to accepts or declines it. Accepting is claiming, by the same rules. Until the push engine has ended an offer, an answer that
/// comes a little late still counts.
/// </summary>
public sealed class AnswerOffer(TaskRuntime tasks, DistributionMetrics metrics)
{
    /// <summary>Longest reason for declining.</summary>
    public const int LongestReason = 500;

    private const int Tries = 3;

    /// <summary>Claims the task for the person.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="operationId">Chosen by the caller; the same id again gives the same answer.</param>
    /// <param name="actor">Whom the offer is made to.</param>
    public async Task<AnswerResult> AcceptAsync(Guid offer, string operationId, Person actor, CancellationToken cancel = default)
    {
        for (var tries = 1; ; tries++)
        {
            if (await FindAsync(offer, actor, cancel) is not { } found)
                return new AnswerResult.NotFound();
            if (found.State == OfferState.Accepted)
                return new AnswerResult.Done(new(found.Task, found.TaskState, found.Revision, actor.Id, null));
            if (found.State != OfferState.Open)
                return Over(found);
            var request = new TaskRequest(found.Task, found.Revision, $"{operationId}:{offer:N}:{found.Revision}");
            await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Claim, request, actor, actor.UserName, also: StillOpen(offer), cancel: cancel);
            if (t.Refusal is TaskResult.StaleRevision && tries < Tries)
                continue;
            if (t.Refusal is TaskResult.Done done)
                return new AnswerResult.Done(done.Answer);
            if (t.Refusal is null && t.Also is null)
                continue;
            if ((t.Refusal ?? t.CheckEligibility()) is { } refusal)
                return new AnswerResult.Refused(found.Task, refusal);
            t.Write("update task_offer set state = 'Accepted', ended_at = $2 where id = $1", offer, t.Now);
            t.Instance.Write(Presence.OfferAnswered(actor.Id));
            t.Instance.Write(AskForWork.For([actor.Id], AskForWork.Answered, t.Now));
            t.Instance.Announce(new(ChangeKind.Person, actor.Id));
            var result = await ClaimTask.WriteAsync(t, actor, offer, cancel);
            metrics.Ended(found.Team, OfferState.Accepted);
            metrics.Accepted(found.Team, t.Now - found.OfferedAt);
            return new AnswerResult.Done(((TaskResult.Done)result).Answer);
        }
    }

    /// <summary>Declines: the task goes to the next best, and this person isn't offered it again.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="reason">Why; required.</param>
    /// <param name="actor">Whom the offer is made to.</param>
    public async Task<AnswerResult> DeclineAsync(Guid offer, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim();
        if (string.IsNullOrEmpty(reason))
            return new AnswerResult.Invalid("reason", "Say why you decline it.");
        if (reason.Length > LongestReason)
            return new AnswerResult.Invalid("reason", $"The reason must have at most {LongestReason} characters.");
        if (await FindAsync(offer, actor, cancel) is not { } found)
            return new AnswerResult.NotFound();
        var declined = new TaskAnswer(found.Task, found.TaskState, found.Revision, null, null);
        if (found.State == OfferState.Declined)
            return new AnswerResult.Done(declined);
        await using var t = await Engine.Runtime.InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor.UserName,
            ("(select instance_id from task where id = $1)", found.Task),
            reads: [StillOpen(offer)],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (!await t.Reads.ReadAsync(cancel))
            return await FindAsync(offer, actor, cancel) is { } now ? Over(now) : new AnswerResult.NotFound();
        t.Write("update task_offer set state = 'Declined', reason = $2, ended_at = $3 where id = $1", offer, reason, t.Now);
        t.Write(Offer.PassOn(found.Task, actor.Id));
        t.Write(Presence.OfferAnswered(actor.Id));
        t.Write(AskForPeople.For(found.Task, "offer-declined", t.Now));
        t.Write(AskForWork.For([actor.Id], AskForWork.CapacityFreed, t.Now));
        t.Record(
            new(
                "task.offer-declined",
                "task",
                Ids.Text(found.Task),
                found.Revision,
                System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { title = found.Title, reason }, TaskJson.Options)
            )
            {
                ActivityId = found.ActivityId,
            }
        );
        t.Announce(new(ChangeKind.Task, found.Task));
        t.Announce(new(ChangeKind.Person, actor.Id));
        await t.CommitAsync(cancel);
        metrics.Ended(found.Team, OfferState.Declined);
        return new AnswerResult.Done(declined);
    }

    private static NpgsqlBatchCommand StillOpen(Guid offer) => Sql.Command("select id from task_offer where id = $1 and state = 'Open'", offer);

    private static AnswerResult.Over Over(Found found)
    {
        var reason = found.State switch
        {
            OfferState.Expired => "The offer had expired.",
            OfferState.Declined => "You declined it.",
            OfferState.Accepted => found.Reason is null ? "You accepted it." : "It was assigned to you when the time to answer ran out.",
            _ => found.Reason ?? "The offer was withdrawn.",
        };
        return new(found.Task, found.State, reason, found.TaskState == TaskState.Ready);
    }

    private async Task<Found?> FindAsync(Guid offer, Person actor, CancellationToken cancel)
    {
        await using var query = tasks.Runtime.Database.Query(
            """
            select o.state, o.reason, o.offered_at, t.id, t.title, t.activity_id, t.state, t.revision, t.team from task_offer o join task t on t.id = o.task_id
            where o.id = $1 and o.person_id = $2
            """,
            offer,
            actor.Id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(
                Enum.Parse<OfferState>(r.GetString(0)),
                r.Text(1),
                r.Instant(2),
                r.GetGuid(3),
                r.GetString(4),
                r.GetString(5),
                Enum.Parse<TaskState>(r.GetString(6)),
                r.GetInt32(7),
                r.Text(8)
            )
            : null;
    }

    private sealed record Found(
        OfferState State,
        string? Reason,
        Instant OfferedAt,
        Guid Task,
        string Title,
        string ActivityId,
        TaskState TaskState,
        int Revision,
        string? Team
    );
}
