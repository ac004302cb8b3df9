using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Guidance;

/// <summary>One change of an article: rows and history are one transaction. The article's chain of history is its lock.</summary>
internal sealed class ArticleTransaction : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly NpgsqlTransaction _transaction;
    private readonly HistoryAppend _history;

    private ArticleTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, HistoryAppend history, Guid id, Person actor)
    {
        (Connection, _transaction, _history, Id, Actor) = (connection, transaction, history, id, actor);
        Writes = connection.CreateBatch();
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>What is written on commit, before history.</summary>
    public NpgsqlBatch Writes { get; }
    public Guid Id { get; }
    public Person Actor { get; }
    public Instant Now => _history.At;

    /// <summary>The article as it is under the lock; null: there is none.</summary>
    public ArticleDetails? Before { get; private set; }

    /// <summary>Name of the chain of an article.</summary>
    public static string ChainOf(Guid id) => $"guidance:{id:N}";

    public static async Task<ArticleTransaction> OpenAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel)
    {
        var connection = await runtime.Database.OpenConnectionAsync(cancel);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancel);
            var history = await NamedChain.LockAsync(connection, ChainOf(id), actor.UserName, runtime.Clock.Now(), cancel);
            return new(connection, transaction, history, id, actor) { Before = await ArticleQueries.ReadAsync(connection, id, cancel) };
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Records something about the article.</summary>
    public void Record(string action, int revision, object payload) =>
        _history.Add(new(action, "guidance", Ids.Text(Id), revision, JsonSerializer.SerializeToUtf8Bytes(payload, Json)));

    public async Task CommitAsync(CancellationToken cancel)
    {
        Writes.Add("update guidance_article set look_at = $2 where id = $1", Id, Now);
        Writes.WriteChain(_history);
        await Writes.ExecuteNonQueryAsync(cancel);
        await _transaction.CommitAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await Writes.DisposeAsync();
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
