using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Engine.Runtime;

/// <content>The effects of a burst as commands of the batch.</content>
public sealed partial class InstanceTransaction
{
    /// <summary>
    /// Ends an instance as cancelled whose state or definition can't be read, so that no burst can. What it waits for goes, also workflows that it started,
    /// or wanted to start, and waits for. A state that can be read says so too, or else its steps could run again once the definition is back.
    /// Nothing is written before <see cref="CommitAsync"/>. Use it in a transaction without a burst.
    /// </summary>
    public async Task GiveUpAsync(CancellationToken cancel = default)
    {
        await DoneReadingAsync();
        Write("update workflow_instance set status = 'Finished', sub_status = 'Cancelled', updated_at = $2, finished_at = $2 where id = $1", InstanceId, Now);
        Write("delete from bookmark where instance_id = $1", InstanceId);
        Write("delete from deadline where instance_id = $1", InstanceId);
        Write("update http_reply set closed_at = $2 where instance_id = $1 and closed_at is null", InstanceId, Now);
        var children = await WaitedForAsync(cancel);
        Outgoing.AddRange(StimulusQueue.Enqueue(_writes, Ids.Text(InstanceId!.Value), TestBy, children, Now));
        await ObserveAsync(cancel);
        var writes = _runtime.BurstWrites.Observer is { } observer ? await observer.GivenUpAsync(this, _observed, cancel) : [];

        if (IsReadable())
        {
            (State.Status, State.SubStatus, State.FinishedAt) = (WorkflowStatus.Finished, WorkflowSubStatus.Cancelled, Now);
            _stateChanged = true;
        }

        // There is no definition; what is withdrawn doesn't ask for it.
        var state = new InstanceState
        {
            Id = Ids.Text(InstanceId!.Value),
            DefinitionId = "",
            DefinitionVersionId = DefinitionVersionId,
            DefinitionVersion = 0,
        };
        await _runtime.BurstWrites.ApplyAsync(writes, new(this, null!, state, _history!), cancel);
        Announce(new(ChangeKind.Instance, InstanceId.Value));
    }

    private bool IsReadable()
    {
        try
        {
            return State is not null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>The ends of workflows that the instance waits for: of those that run, and of those whose start is still queued.</summary>
    private async Task<List<OutgoingStimulus>> WaitedForAsync(CancellationToken cancel)
    {
        await using var reader = await QueryAsync(
            Sql.Command(
                """
                select id from workflow_instance where parent_id = $1 and status = 'Running'
                union select instance_id from stimulus where kind = 'start' and sender = $1 and payload ->> 'parentBookmarkId' is not null
                """,
                InstanceId
            ),
            cancel
        );
        var ends = new List<OutgoingStimulus>();
        while (await reader.ReadAsync(cancel))
            ends.Add(new OutgoingStimulus.CancelInstance(Ids.Text(reader.GetGuid(0)), ChildInput.ParentWasCancelled));
        return ends;
    }

    /// <summary>
    /// Turns the effects of a burst into commands of the batch. Also used for children that ExecuteWorkflow started inside the burst.
    /// </summary>
    private async Task ApplyAsync(CompiledWorkflow workflow, BurstResult result, HistoryAppend history, CancellationToken cancel)
    {
        var instance = Guid.Parse(result.State.Id);
        foreach (var entry in result.History)
            history.Add(JournalEvents.From(entry));

        if (result.Opened.Count > 0)
        {
            var opened = result.Opened;
            if (opened is [var bookmark])
                Write(
                    "insert into bookmark (id, instance_id, created_at, name, hash, activity_id) values ($1, $2, $3, $4, $5, $6)",
                    Guid.Parse(bookmark.Id),
                    instance,
                    Now,
                    bookmark.Name,
                    bookmark.Hash,
                    bookmark.ActivityId
                );
            else
                Write(
                    """
                    insert into bookmark (id, instance_id, created_at, name, hash, activity_id) select b.id, $1, $2, b.name, b.hash, b.activity
                    from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) b(id, name, hash, activity)
                    """,
                    instance,
                    Now,
                    opened.Select(b => Guid.Parse(b.Id)).ToArray(),
                    opened.Select(b => b.Name).ToArray(),
                    opened.Select(b => b.Hash).ToArray(),
                    opened.Select(b => b.ActivityId).ToArray()
                );
            foreach (var endpoint in opened)
            {
                if (endpoint is { Name: HttpEndpoints.Kind, Payload: OrderedDictionary<string, object?> waited })
                    Write("update bookmark set route = $2 where id = $1", Guid.Parse(endpoint.Id), waited["Path"]);
            }

            Outgoing.AddRange(StimulusQueue.TakeKept(_writes, instance, result.State.CorrelationId, opened, Now));

            foreach (var timer in opened)
            {
                if (timer.DueAt is { } due)
                    Write(
                        "insert into deadline (id, kind, due_at, instance_id, subject_id) values ($1, 'timer', $2, $3, $4)",
                        Ids.New(Now),
                        due.Truncated(),
                        instance,
                        Guid.Parse(timer.Id)
                    );
            }
        }

        if (result.Burnt.Count > 0)
        {
            var burnt = result.Burnt.Select(b => Guid.Parse(b.Bookmark.Id)).ToArray();

            // A list would be planned anew each time.
            if (burnt is [var one])
                Write("delete from bookmark where id = $1", one);
            else
                Write("delete from bookmark where id = any($1)", burnt);
            if (result.Burnt.Exists(b => b.Bookmark.DueAt is not null))
                Write("delete from deadline where subject_id = any($1) and kind = 'timer'", burnt);
        }

        await _runtime.BurstWrites.ApplyAsync(result.Writes, new(this, workflow, result.State, history), cancel);

        foreach (var effect in result.Effects)
        {
            Write(
                """
                insert into effect (id, kind, instance_id, bookmark_id, activity_id, payload, state, due_at, created_at)
                values ($1, $2, $3, $4, $5, $6, 'pending', $7, $7)
                """,
                Guid.Parse(effect.Id),
                effect.Kind,
                instance,
                effect.BookmarkId is { } b ? Guid.Parse(b) : null,
                effect.ActivityId,
                new Json(WorkflowData.ToUtf8(effect.Payload)),
                Now
            );
        }

        foreach (var (stimulus, id) in result.Outgoing.Zip(StimulusQueue.Enqueue(_writes, result.State.Id, TestBy, result.Outgoing, Now)))
        {
            if (stimulus is OutgoingStimulus.ChildEnded ended)
                Parents.Add(Guid.Parse(ended.ParentInstanceId));
            else
                Outgoing.Add(id);
        }

        foreach (var child in result.Children)
        {
            var childHistory = new HistoryAppend(Guid.Parse(child.State.Id), 0, EventHash.Genesis, Now, Actor);
            var definition = _runtime.Definitions.Cached(child.State.DefinitionVersionId);
            var at = _writes.BatchCommands.Count;
            await ApplyAsync(definition, child, childHistory, cancel);
            _writes.BatchCommands.Insert(at, NewRow(child.State, childHistory, requirePublished: false));
            WriteHistory(childHistory);
        }

        HttpAnswer = result.HttpAnswer ?? HttpAnswer;
        foreach (var line in result.Lines)
            _runtime.LogLine(instance, line);
        Announce(new(ChangeKind.Instance, instance));
    }

    /// <summary>Everything of the new instance but its own row, which is written at commit, when its history is complete.</summary>
    internal async Task WriteNewAsync(CompiledWorkflow workflow, BurstResult result, StartInstance start, CancellationToken cancel)
    {
        _isOwned = start.IsOwned;
        await ApplyAsync(workflow, result, _history!, cancel);
        HttpReplies.Write(this, result, isNew: true);
        (_observed, _observedRead) = (_runtime.BurstWrites.Observer?.Moved(result, _start!, new(this, workflow, result.State, _history!), null), true);
        _newRow = () => NewRow(result.State, _history!, requirePublished: start.VersionId is null);
        _activation = Activation(workflow, start.CorrelationId);
    }

    /// <summary>
    /// Refuses the instance when its definition's activation strategy allows no further one. Without a correlation id there is nothing that Correlation
    /// could look for.
    /// </summary>
    private static NpgsqlBatchCommand? Activation(CompiledWorkflow workflow, string? correlationId) =>
        workflow.Options.Activation switch
        {
            ActivationStrategy.Always => null,
            ActivationStrategy.Correlation when correlationId is null => null,
            var strategy => Sql.Command("select require_activation($1, $2, $3)", strategy.ToString(), workflow.DefinitionId, correlationId),
        };

    private NpgsqlBatchCommand NewRow(InstanceState state, HistoryAppend history, bool requirePublished) =>
        Sql.Command(
            $"""
            insert into workflow_instance (id, definition_id, definition_version_id, definition_version, parent_id, correlation_id, name, status,
                sub_status, incident_count,
                state, event_sequence, event_head, created_at, updated_at, finished_at, owned, test_by)
            values ($1, $2, {(
                requirePublished ? "coalesce((select id from workflow_definition where id = $3 and is_published), refuse_version($3))" : "$3"
            )}, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15,
                $16 or coalesce((select p.owned from workflow_instance p where p.id = $5), false), $17)
            """,
            Guid.Parse(state.Id),
            state.DefinitionId,
            state.DefinitionVersionId,
            state.DefinitionVersion,
            state.ParentInstanceId is { } parent ? Guid.Parse(parent) : null,
            state.CorrelationId,
            state.Name,
            state.Status.ToString(),
            state.SubStatus.ToString(),
            state.Incidents.Count,
            new Json(state.ToJson()),
            history.Sequence,
            history.Head,
            state.CreatedAt,
            state.FinishedAt,
            _isOwned,
            TestBy
        );

    private void WriteState(Guid id, InstanceState state) =>
        Write(
            """
            update workflow_instance set definition_version_id = $2, definition_version = $3, correlation_id = $4, name = $5, status = $6,
                sub_status = $7, incident_count = $8,
                state = $9, event_sequence = $10, event_head = $11, updated_at = $12, finished_at = $13
            where id = $1
            """,
            id,
            state.DefinitionVersionId,
            state.DefinitionVersion,
            state.CorrelationId,
            state.Name,
            state.Status.ToString(),
            state.SubStatus.ToString(),
            state.Incidents.Count,
            new Json(state.ToJson()),
            _history!.Sequence,
            _history.Head,
            Now,
            state.FinishedAt
        );
}
