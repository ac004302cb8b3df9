using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Workflows.Customers;

/// <summary>One change of customers: rows and history are one transaction. The chain of history of each record is its lock.</summary>
internal sealed class CustomerTransaction : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly NpgsqlTransaction _transaction;
    private readonly Dictionary<Guid, HistoryAppend> _chains = [];

    private CustomerTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, string actor, Instant now)
    {
        (Connection, _transaction, Actor, Now) = (connection, transaction, actor, now);
        Writes = connection.CreateBatch();
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>What is written on commit, before history.</summary>
    public NpgsqlBatch Writes { get; }
    public string Actor { get; }
    public Instant Now { get; }

    /// <summary>Id of the chain of a record.</summary>
    public static Guid ChainOf(Guid customer) => Ids.Named(NameOf(customer));

    public static async Task<CustomerTransaction> OpenAsync(WorkflowRuntime runtime, string actor, CancellationToken cancel)
    {
        var connection = await runtime.Database.OpenConnectionAsync(cancel);
        try
        {
            return new(connection, await connection.BeginTransactionAsync(cancel), actor, runtime.Clock.Now());
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Locks these records: once, before any of them is read to be changed.</summary>
    public async Task LockAsync(IEnumerable<Guid> customers, CancellationToken cancel)
    {
        var chains = customers.Distinct().ToDictionary(ChainOf);
        var ids = chains.Keys.Order().ToArray();
        await using var batch = Connection.CreateBatch();
        batch.Add(
            "insert into event_chain (id, name, event_sequence, event_head) select id, name, 0, $3 from unnest($1::uuid[], $2::text[]) c(id, name) "
                + "on conflict do nothing",
            ids,
            ids.Select(id => NameOf(chains[id])).ToArray(),
            EventHash.Genesis
        );
        batch.Add("select id, event_sequence, event_head from event_chain where id = any($1) order by id for update", (object)ids);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            _chains[chains[r.GetGuid(0)]] = new(r.GetGuid(0), r.GetInt32(1), r.GetFieldValue<byte[]>(2), Now, Actor);
    }

    /// <summary>Records something about a locked record.</summary>
    public void Record(Guid customer, string action, int revision, object payload) =>
        _chains[customer].Add(new(action, "customer", Ids.Text(customer), revision, JsonSerializer.SerializeToUtf8Bytes(payload, Json)));

    public async Task CommitAsync(CancellationToken cancel)
    {
        var chains = _chains.Values.Where(chain => chain.Count > 0).ToList();
        Writes.Add(
            "update event_chain c set event_sequence = n.sequence, event_head = n.head from unnest($1::uuid[], $2::int[], $3::bytea[]) "
                + "n(id, sequence, head) where c.id = n.id",
            chains.ConvertAll(c => c.Chain).ToArray(),
            chains.ConvertAll(c => c.Sequence).ToArray(),
            chains.ConvertAll(c => c.Head).ToArray()
        );
        HistoryAppend.WriteAll(Writes, chains);
        await Writes.ExecuteNonQueryAsync(cancel);
        await _transaction.CommitAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await Writes.DisposeAsync();
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }

    private static string NameOf(Guid customer) => $"customer:{customer:N}";
}
