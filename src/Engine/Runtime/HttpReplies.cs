using System.Text.Json;
using System.Threading.Channels;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>What became of an HTTP request that a workflow didn't answer at once.</summary>
/// <param name="Actor">Who sent it.</param>
/// <param name="IsClosed">Whether it is settled: answered, or nothing that it set off waits any more.</param>
/// <param name="IsFaulted">Whether it ended with a fault, without an answer.</param>
/// <param name="Answer">The workflow's answer, or null.</param>
public sealed record HttpReply(string Actor, bool IsClosed, bool IsFaulted, HttpAnswer? Answer);

/// <summary>
/// Answers that a workflow gives after the burst that its HTTP request caused: the request led to waits (<see cref="Bookmark.Caller"/>), and a later burst,
/// on any host, answers it or ends the last of them. The row is written in the transactions of these bursts.
/// </summary>
public sealed class HttpReplies(WorkflowRuntime runtime, Effects effects)
{
    /// <summary>How long a settled reply can be fetched.</summary>
    public static readonly Duration Retention = Duration.FromDays(1);

    /// <summary>Waits that end by themselves: a request sent, a child workflow. A timer is one too if it is due in time.</summary>
    private static readonly HashSet<string> EndByThemselves =
    [
        "Elsa.SendHttpRequest",
        "Elsa.FlowSendHttpRequest",
        DispatchWorkflow.TypeName,
        BulkDispatchWorkflows.TypeName,
        ExecuteWorkflow.TypeName,
    ];

    /// <summary>The reply, or null if there is none or it is too old.</summary>
    public async Task<HttpReply?> FindAsync(Guid id, CancellationToken cancel = default) => (await ReadAsync(id, cancel))?.Reply;

    /// <summary>
    /// Waits until the request is settled, what remains can take longer than the limit (a person, an event), or the limit is over. Sends the requests that
    /// the instance waits for at once, on this host, unless another has taken them.
    /// </summary>
    /// <param name="id">Id of the request.</param>
    /// <param name="instance">The instance that received it.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="abandoned">Nobody waits any more.</param>
    /// <param name="stopping">The host stops.</param>
    public async Task<HttpReply?> WaitAsync(Guid id, Guid instance, TimeSpan limit, CancellationToken abandoned, CancellationToken stopping)
    {
        var moved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var listening = runtime.Changes.Listen(change =>
        {
            if (change == new Change(ChangeKind.Reply, id) || change == new Change(ChangeKind.Instance, instance))
                moved.Writer.TryWrite(true);
        });
        using var over = CancellationTokenSource.CreateLinkedTokenSource(abandoned, stopping);
        over.CancelAfter(limit);
        var until = runtime.Clock.Now() + Duration.FromTimeSpan(limit);
        try
        {
            while (true)
            {
                if (await ReadAsync(id, over.Token) is not var (reply, state))
                    return null;
                if (reply.IsClosed || !state.Bookmarks.Exists(b => b.Caller == Ids.Text(id) && EndsBy(b, until)))
                    return reply;
                await effects.BeginAsync(instance, stopping);
                await moved.Reader.ReadAsync(over.Token);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // A notification may have been lost.
            return await FindAsync(id, CancellationToken.None);
        }
    }

    /// <summary>Deletes replies that were settled before <see cref="Retention"/>.</summary>
    public static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var delete = database.Query("delete from http_reply where closed_at < $1", now - Retention);
        return await delete.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Opens, answers or closes the replies of the requests that a burst worked for.</summary>
    /// <param name="transaction">The burst's.</param>
    /// <param name="result">The burst.</param>
    /// <param name="isNew">Whether the request caused this very burst, so that its answer is in the result.</param>
    internal static void Write(InstanceTransaction transaction, BurstResult result, bool isNew)
    {
        var state = result.State;
        var hasEnded = state.Status == WorkflowStatus.Finished;
        if (result.Caller is { } caller)
        {
            if (result.HttpAnswer is { } answer)
            {
                if (!isNew)
                    Close(transaction, caller, answer, result);
            }
            else if (!hasEnded && state.Bookmarks.Exists(b => b.Caller == caller))
            {
                if (isNew)
                    transaction.Write(
                        "insert into http_reply (id, instance_id, actor, created_at) values ($1, $2, $3, $4)",
                        Guid.Parse(caller),
                        transaction.InstanceId,
                        transaction.Actor,
                        transaction.Now
                    );
            }
            else if (!isNew)
            {
                Close(transaction, caller, null, result);
            }
        }

        // Requests whose last wait this burst removed.
        if (!result.Burnt.Exists(static b => b.Bookmark.Caller is not null) && !(hasEnded && state.Bookmarks.Exists(static b => b.Caller is not null)))
            return;
        var others = result.Burnt.Select(b => b.Bookmark.Caller);
        if (hasEnded)
            others = others.Concat(state.Bookmarks.Select(b => b.Caller));
        foreach (var other in others.OfType<string>().Where(c => c != result.Caller).Distinct())
        {
            if (hasEnded || !state.Bookmarks.Exists(b => b.Caller == other))
                Close(transaction, other, null, result);
        }
    }

    /// <summary>Without an answer, a child's end settles nothing: its parent may still answer.</summary>
    private static void Close(InstanceTransaction transaction, string caller, HttpAnswer? answer, BurstResult result)
    {
        var id = Guid.Parse(caller);
        if (answer is not null)
            transaction.Write(
                "update http_reply set answer = $2, closed_at = $3 where id = $1 and closed_at is null",
                id,
                new Json(ToJson(answer)),
                transaction.Now
            );
        else
            transaction.Write(
                "update http_reply set is_faulted = $2, closed_at = $3 where id = $1 and instance_id = $4 and closed_at is null",
                id,
                result.IsFaulted,
                transaction.Now,
                transaction.InstanceId
            );
        transaction.Announce(new(ChangeKind.Reply, id));
    }

    private static bool EndsBy(Bookmark bookmark, Instant until) => bookmark.DueAt is { } due ? due <= until : EndByThemselves.Contains(bookmark.Name);

    private async Task<(HttpReply Reply, InstanceState State)?> ReadAsync(Guid id, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select r.actor, r.closed_at is not null, r.is_faulted, r.answer, i.state
            from http_reply r join workflow_instance i on i.id = r.instance_id where r.id = $1
            """,
            id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var answer = r.IsDBNull(3) ? null : FromJson(r.Utf8(3));
        return (new(r.GetString(0), r.GetBoolean(1), r.GetBoolean(2), answer), InstanceState.FromJson(r.Utf8(4)));
    }

    private static byte[] ToJson(HttpAnswer answer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { MaxDepth = 512 }))
        {
            json.WriteStartObject();
            json.WriteNumber("status", answer.StatusCode);
            json.WriteString("type", answer.ContentType);
            json.WritePropertyName("content");
            WorkflowData.WriteTyped(json, answer.Content);
            json.WritePropertyName("headers");
            JsonSerializer.Serialize(json, answer.Headers);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static HttpAnswer FromJson(byte[] stored)
    {
        using var json = JsonDocument.Parse(stored, new() { MaxDepth = 512 });
        var answer = json.RootElement;
        return new(
            answer.GetProperty("status").GetInt32(),
            answer.GetProperty("type").GetString(),
            WorkflowData.ReadTyped(answer.GetProperty("content")),
            answer.GetProperty("headers").Deserialize<Dictionary<string, string[]>>()!
        );
    }
}
