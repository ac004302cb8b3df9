using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// One change of people and teams: rows, history and who is told are one transaction. The chain of history of the teams is the lock of all such changes,
/// so that rules about several people (the last administrator, the one lead of a team) hold; the chains of the people come after it, in the order of
/// their ids.
/// </summary>
internal sealed class StaffTransaction : IAsyncDisposable
{
    /// <summary>Chain of history of all teams.</summary>
    public const string TeamChain = "teams";

    private readonly WorkflowRuntime _runtime;
    private readonly NpgsqlTransaction _transaction;
    private readonly HistoryAppend _teams;
    private readonly Dictionary<Guid, HistoryAppend> _people = [];
    private readonly List<Notice> _notices = [];
    private readonly HashSet<Guid> _access = [];

    private StaffTransaction(WorkflowRuntime runtime, NpgsqlConnection connection, NpgsqlTransaction transaction, HistoryAppend teams, string actor)
    {
        (_runtime, Connection, _transaction, _teams, Actor) = (runtime, connection, transaction, teams, actor);
        Writes = connection.CreateBatch();
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>What is written on commit, before history.</summary>
    public NpgsqlBatch Writes { get; }

    /// <summary>User name of who changes something.</summary>
    public string Actor { get; }

    public Instant Now => _teams.At;

    /// <summary>Begins, and takes the lock.</summary>
    public static async Task<StaffTransaction> OpenAsync(WorkflowRuntime runtime, string actor, CancellationToken cancel)
    {
        var connection = await runtime.Database.OpenConnectionAsync(cancel);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancel);
            return new(runtime, connection, transaction, await NamedChain.LockAsync(connection, TeamChain, actor, runtime.Clock.Now(), cancel), actor);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Locks the history of these people: once, before anything of them is recorded.</summary>
    public async Task LockAsync(IEnumerable<Guid> people, CancellationToken cancel)
    {
        var chains = people.Distinct().ToDictionary(id => Ids.Named(PersonHistory.ChainOf(id)));
        var ids = chains.Keys.Order().ToArray();
        await using var batch = Connection.CreateBatch();
        batch.Add(
            "insert into event_chain (id, name, event_sequence, event_head) select id, name, 0, $3 from unnest($1::uuid[], $2::text[]) c(id, name) "
                + "on conflict do nothing",
            ids,
            ids.Select(id => PersonHistory.ChainOf(chains[id])).ToArray(),
            EventHash.Genesis
        );
        batch.Add("select id, event_sequence, event_head from event_chain where id = any($1) order by id for update", (object)ids);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            _people[chains[r.GetGuid(0)]] = new(r.GetGuid(0), r.GetInt32(1), r.GetFieldValue<byte[]>(2), Now, Actor);
    }

    /// <summary>Records something about a person whose history is locked.</summary>
    public void Record(Guid person, string action, int revision, object? payload = null) =>
        _people[person].Add(new(action, "person", person.ToString("N"), revision, Utf8(payload)));

    /// <summary>Records something about a team.</summary>
    public void RecordTeam(string team, string action, int revision, object? payload = null) => _teams.Add(new(action, "team", team, revision, Utf8(payload)));

    /// <summary>Records something else that administrators decide about access, such as a role.</summary>
    public void RecordOf(string entity, string id, string action, int revision, object? payload = null) =>
        _teams.Add(new(action, entity, id, revision, Utf8(payload)));

    /// <summary>Tells a person, unless they did it themselves.</summary>
    public void Tell(Guid person, string userName, string kind, string title, string body)
    {
        if (userName != Actor)
            _notices.Add(new(person, kind, title, body, null, null));
    }

    /// <summary>What the person may do has changed: every host reads them again at once.</summary>
    public void AccessChanged(Guid person) => _access.Add(person);

    public async Task CommitAsync(CancellationToken cancel)
    {
        if (_notices.Count > 0)
            Writes.BatchCommands.Add(Notify.Command(Now, _notices));
        var chains = _people.Values.Append(_teams).Where(chain => chain.Count > 0).ToList();
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
        _runtime.Changes.Publish(_access.Select(id => new Change(ChangeKind.Access, id)));
        _runtime.Changes.Publish(_notices.Select(notice => new Change(ChangeKind.Person, notice.Person)).Distinct());
        if (chains.Count > 0)
            _runtime.Changes.Publish([new(ChangeKind.Settings, Guid.Empty)]);
    }

    public async ValueTask DisposeAsync()
    {
        await Writes.DisposeAsync();
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }

    private static byte[]? Utf8(object? payload) => payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web);
}
