using System.Text;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Retention;

/// <summary>
/// Erases all we hold of a customer, when they ask for it: one person asks, another approves. It is one transaction: everything, or nothing. A hold beats it,
/// and a running case makes it wait or be refused, as the policy of retention says. Callers have checked the roles.
/// </summary>
public sealed class Erasures(WorkflowRuntime runtime, SettingDocuments settings, HistoryKeeping keeping)
{
    /// <summary>Name of the chain with requests, decisions and receipts.</summary>
    public const string Chain = "erasures";

    private const string Backups =
        "Backups made before still hold these data until they are overwritten. After a restore, make the same request again: the chains name what to look for.";

    private const int MostNamed = 5;

    /// <summary>Asks for the erasure of a customer's data.</summary>
    /// <param name="customer">The record, or a duplicate of it.</param>
    /// <param name="reason">Why; history keeps it, so it names no customer.</param>
    public async Task<ErasureResult> RequestAsync(Guid customer, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        if (LegalHolds.Reason(reason) is { } wrong)
            return new ErasureResult.Invalid(new Dictionary<string, string[]> { ["reason"] = [wrong] });
        var (now, waits) = (runtime.Clock.Now(), await WaitsAsync(cancel));
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await SurvivorAsync(connection, customer, cancel) is not { } survivor)
            return new ErasureResult.NotFound();
        var scope = await ScopeAsync(connection, survivor, now, cancel);
        if (scope.Held > 0)
            return new ErasureResult.Refused(HeldText(scope.Held));
        if (!waits && scope.Running.Count > 0)
            return new ErasureResult.Refused(RunningText(scope.Running) + " Ask again when they have ended.");
        var id = Ids.New(now);
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into erasure_request (id, customer_id, reason, requested_by, requested_at, state) values ($1, $2, $3, $4, $5, 'Requested')",
            id,
            survivor,
            reason,
            actor.UserName,
            now
        );
        await RecordAsync(connection, batch, id, "erasure.requested", new { customerId = survivor, reason }, actor.UserName, now, cancel);
        var told = await PermissionHolders.ListAsync(connection, Permissions.DecideErasures, actor.Id, cancel);
        var path = $"/compliance/erasures/{Ids.Text(id)}";
        batch.BatchCommands.Add(
            Notify.Command(
                now,
                [
                    .. told.Select(person => new Notice(
                        person,
                        NotificationKinds.ErasureRequested,
                        "Erasure needs your approval",
                        $"{actor.DisplayName} asks to erase a customer's data.",
                        null,
                        null
                    )
                    {
                        Path = path,
                    }),
                ]
            )
        );
        try
        {
            await batch.ExecuteNonQueryAsync(cancel);
        }
        catch (PostgresException e) when (e.ConstraintName == "erasure_request_open")
        {
            return new ErasureResult.Refused("There is an open request for this customer already.");
        }

        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(told.Select(person => new Change(ChangeKind.Person, person)));
        return new ErasureResult.Done(id, ErasureState.Requested);
    }

    /// <summary>Approves a request of someone else: everything is erased now, or once the customer's cases have ended.</summary>
    public async Task<ErasureResult> ApproveAsync(Guid id, Person actor, CancellationToken cancel = default)
    {
        var (now, waits) = (runtime.Clock.Now(), await WaitsAsync(cancel));
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await LockAsync(connection, id, cancel) is not var (request, state, by))
            return new ErasureResult.NotFound();
        if (state != ErasureState.Requested)
            return new ErasureResult.Refused("Someone has decided this request already.");
        if (by == actor.UserName)
            return new ErasureResult.Refused("Someone else must approve it: you asked for it.");
        var scope = await ScopeAsync(connection, request, now, cancel);
        if (scope.Held > 0)
            return new ErasureResult.Refused(HeldText(scope.Held));
        if (!waits && scope.Running.Count > 0)
            return new ErasureResult.Refused(RunningText(scope.Running));
        if (scope.Running.Count == 0)
        {
            await EraseAsync(connection, id, request, scope, by, actor.UserName, now, cancel);
        }
        else
        {
            await using var batch = connection.CreateBatch();
            batch.Add(
                "update erasure_request set state = 'Waiting', decided_by = $2, decided_at = $3, note = $4 where id = $1",
                id,
                actor.UserName,
                now,
                RunningText(scope.Running)
            );
            await RecordAsync(connection, batch, id, "erasure.approved", new { waitsFor = scope.Running.Count }, actor.UserName, now, cancel);
            await batch.ExecuteNonQueryAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        return new ErasureResult.Done(id, scope.Running.Count == 0 ? ErasureState.Done : ErasureState.Waiting);
    }

    /// <summary>Refuses a request, which needs the permission to decide, or withdraws one's own.</summary>
    public async Task<ErasureResult> RefuseAsync(Guid id, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        if (LegalHolds.Reason(reason) is { } wrong)
            return new ErasureResult.Invalid(new Dictionary<string, string[]> { ["reason"] = [wrong] });
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await LockAsync(connection, id, cancel) is not var (_, state, by))
            return new ErasureResult.NotFound();
        if (by != actor.UserName && !actor.May(Permissions.DecideErasures))
            return new ErasureResult.Forbidden();
        if (state is ErasureState.Done or ErasureState.Refused)
            return new ErasureResult.Refused("Someone has decided this request already.");
        await using var batch = connection.CreateBatch();
        batch.Add("update erasure_request set state = 'Refused', decided_by = $2, decided_at = $3, note = $4 where id = $1", id, actor.UserName, now, reason);
        await RecordAsync(connection, batch, id, "erasure.refused", new { reason }, actor.UserName, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new ErasureResult.Done(id, ErasureState.Refused);
    }

    /// <summary>Erases what was approved and no longer has to wait. Returns how many.</summary>
    public async Task<int> RunWaitingAsync(CancellationToken stop = default)
    {
        var waiting = new List<Guid>();
        await using (var query = runtime.Database.Query("select id from erasure_request where state = 'Waiting' order by decided_at, id"))
        await using (var r = await query.ExecuteReaderAsync(stop))
        {
            while (await r.ReadAsync(stop))
                waiting.Add(r.GetGuid(0));
        }

        var done = 0;
        foreach (var id in waiting)
        {
            if (stop.IsCancellationRequested)
                break;
            done += await TryAsync(id, CancellationToken.None) ? 1 : 0;
        }

        return done;
    }

    private async Task<bool> TryAsync(Guid id, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await LockAsync(connection, id, cancel) is not var (customer, state, by) || state != ErasureState.Waiting)
            return false;
        var scope = await ScopeAsync(connection, customer, now, cancel);
        await using var batch = connection.CreateBatch();
        var reason =
            scope.Held > 0 ? HeldText(scope.Held)
            : scope.Running.Count > 0 ? RunningText(scope.Running)
            : null;
        if (reason is null)
        {
            batch.Add("select decided_by from erasure_request where id = $1", id);
            var approvedBy = (string)(await batch.ExecuteScalarAsync(cancel))!;
            await EraseAsync(connection, id, customer, scope, by, approvedBy, now, cancel);
        }
        else
        {
            batch.Add("update erasure_request set note = $2 where id = $1", id, reason);
            await batch.ExecuteNonQueryAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        return reason is null;
    }

    /// <summary>All of it, with the receipt.</summary>
    private async Task EraseAsync(
        NpgsqlConnection connection,
        Guid id,
        Guid survivor,
        Scope scope,
        string requestedBy,
        string approvedBy,
        Instant now,
        CancellationToken cancel
    )
    {
        var reason = $"The customer asked for it: request {Ids.Text(id)}, approved by {approvedBy}.";
        var head = await KeepRetention.HeadAsync(connection, cancel);
        var removed = await Removal.RunAsync(
            connection,
            [.. scope.Cases.Select(c => new RemovedCase(c.Id, c.Reference, c.Runs, reason))],
            scope.Customers,
            reason,
            approvedBy,
            now,
            cancel
        );
        var receipt = new ErasureReceipt(
            id,
            requestedBy,
            approvedBy,
            InstantPattern.ExtendedIso.Format(now),
            scope.Cases.Count,
            removed.Places,
            removed.Payloads,
            removed.Chains,
            head,
            Backups
        );
        var signed = SignedReceipt.Of(receipt, keeping.Key);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            update erasure_request set state = 'Done', decided_by = $2, decided_at = coalesce(decided_at, $3), note = null, done_at = $3, receipt = $4
            where id = $1
            """,
            id,
            approvedBy,
            now,
            new Json(JsonSerializer.SerializeToUtf8Bytes(signed, JsonSerializerOptions.Web))
        );
        var payload = new { hash = signed.Hash, receipt };
        await RecordAsync(connection, batch, id, "erasure.done", payload, approvedBy, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>What belongs to a customer, locked: records, cases and runs; and what stands in the way.</summary>
    private static async Task<Scope> ScopeAsync(NpgsqlConnection connection, Guid survivor, Instant now, CancellationToken cancel)
    {
        var (customers, cases, held) = (new List<(Guid, string)>(), new List<(Guid Id, string Reference)>(), 0L);
        await using (var batch = connection.CreateBatch())
        {
            batch.BatchCommands.Add(LegalHolds.RemovalLock());
            batch.Add("select id, number from customer where survivor = $1 order by id for update", survivor);
            batch.Add("select c.id, c.reference from customer k join journey_case c on c.customer_id = k.number where k.survivor = $1 order by c.id", survivor);
            batch.Add($"select count(*) from ({LegalHolds.OfCustomer("$1", "$2")}) h", survivor, now);
            await using var r = await batch.ExecuteReaderAsync(cancel);
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                customers.Add((r.GetGuid(0), r.GetString(1)));
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                cases.Add((r.GetGuid(0), r.GetString(1)));
            await r.NextResultAsync(cancel);
            await r.ReadAsync(cancel);
            held = r.GetInt64(0);
        }

        var runs = await KeepRetention.RunsAsync(connection, [.. cases.Select(c => c.Id)], cancel);
        return new(
            customers,
            [.. cases.Select(c => (c.Id, c.Reference, (IReadOnlyList<Guid>)[.. runs[c.Id].Select(run => run.Run)]))],
            [.. cases.Where(c => runs[c.Id].Any(run => run.Running)).Select(c => c.Reference)],
            (int)held
        );
    }

    private static async Task<Guid?> SurvivorAsync(NpgsqlConnection connection, Guid customer, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select survivor from customer where id = $1", customer);
        return await batch.ExecuteScalarAsync(cancel) as Guid?;
    }

    private static async Task<(Guid Customer, ErasureState State, string RequestedBy)?> LockAsync(
        NpgsqlConnection connection,
        Guid id,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();

        // The lock of removals comes first everywhere.
        batch.BatchCommands.Add(LegalHolds.RemovalLock());
        batch.Add("select customer_id, state, requested_by from erasure_request where id = $1 for update", id);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.NextResultAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GetGuid(0), Enum.Parse<ErasureState>(r.GetString(1)), r.GetString(2)) : null;
    }

    private async Task<bool> WaitsAsync(CancellationToken cancel) => (await RetentionPolicies.FindAsync(settings, cancel))?.Policy.WaitsForRunning ?? true;

    private static string HeldText(int holds) =>
        holds == 1
            ? "A legal hold keeps data of this customer. Nothing can be erased until it is lifted."
            : $"{holds} legal holds keep data of this customer. Nothing can be erased until they are lifted.";

    private static string RunningText(IReadOnlyList<string> references)
    {
        var text = new StringBuilder(references.Count == 1 ? "A case is still running: " : $"{references.Count} cases are still running: ");
        text.AppendJoin(", ", references.Take(MostNamed));
        return text.Append(references.Count > MostNamed ? " and others." : ".").ToString();
    }

    private static async Task RecordAsync(
        NpgsqlConnection connection,
        NpgsqlBatch batch,
        Guid id,
        string action,
        object payload,
        string actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
        history.Add(new(action, "erasure", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
    }

    private sealed record Scope(
        IReadOnlyList<(Guid Id, string Number)> Customers,
        IReadOnlyList<(Guid Id, string Reference, IReadOnlyList<Guid> Runs)> Cases,
        IReadOnlyList<string> Running,
        int Held
    );
}
