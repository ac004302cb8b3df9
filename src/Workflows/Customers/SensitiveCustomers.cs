using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Customers;

/// <summary>Why a customer is sensitive.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SensitiveKind>))]
public enum SensitiveKind
{
    /// <summary>Works here, or is related to someone who does.</summary>
    Relative,

    /// <summary>Known to the public.</summary>
    PublicFigure,

    /// <summary>Needs particular care.</summary>
    Vulnerable,

    /// <summary>Someone must not learn where they are.</summary>
    Threatened,

    /// <summary>As the reason says.</summary>
    Other,
}

/// <summary>That a customer is sensitive.</summary>
/// <param name="Kind">Why; null: the reader may not know.</param>
/// <param name="Reason">Why, in words; null: the reader may not know.</param>
/// <param name="MarkedBy">User name of who said so; null: the reader may not know.</param>
/// <param name="MarkedAt">When.</param>
public sealed record SensitiveMark(SensitiveKind? Kind, string? Reason, string? MarkedBy, Instant MarkedAt);

/// <summary>A sensitive customer in a list.</summary>
public sealed record SensitiveCustomer(Guid Id, string Number, string Name, SensitiveMark Mark);

/// <summary>
/// Customers whose records, cases and documents nobody opens without a reason, unless they have a task or contact there. The rule is the function
/// <c>is_guarded</c> of the database.
/// </summary>
public static class SensitiveCustomers
{
    /// <summary>Longest reason, in characters.</summary>
    public const int MostReason = 500;

    /// <summary>How long a reason holds for a person and a customer.</summary>
    public static readonly Duration Holds = Duration.FromHours(8);

    /// <summary>Shown in place of what a search found in a guarded record.</summary>
    public const string Hidden = "Sensitive: give a reason to see it";

    private static readonly Eligibility Me = Eligibility.Of("$2", "$3");

    /// <summary>The record that the person has to give a reason for; null: none, or one that they can't see anyway.</summary>
    /// <param name="kind">customer, case, task, or number: of a customer.</param>
    /// <param name="id">Id of it.</param>
    /// <param name="number">The customer's number or identifier.</param>
    public static async Task<GuardedRecord?> GuardedAsync(
        NpgsqlDataSource database,
        string kind,
        Guid? id,
        string? number,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        GuardedRecord record;
        await using (var query = database.Query(GuardedRecords.Of(kind), kind == "number" ? number : (object?)id, actor.Id, now))
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            if (await GuardedRecords.ReadAsync(r, cancel) is not { } found)
                return null;
            record = found;
        }

        if (Eligibility.SeesAll(actor))
            return record;
        await using var sees = database.Query(
            kind switch
            {
                "case" => $"select {Me.SeesRun("$1")}",
                "task" => $"select coalesce({Me.Sees}, false) from task t where t.id = $1",
                _ => $"select {CustomerAccess.Sees(Me, "$1")}",
            },
            kind is "case" or "task" ? id : record.Id,
            actor.Id,
            now
        );
        return await sees.ExecuteScalarAsync(cancel) is true ? record : null;
    }

    /// <summary>All of them, the newest mark first.</summary>
    public static async Task<IReadOnlyList<SensitiveCustomer>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select k.id, k.number, k.name, s.kind, s.reason, s.marked_by, s.marked_at from sensitive_customer s
            join customer m on m.id = s.customer_id join customer k on k.id = m.survivor order by s.marked_at desc, k.id limit 1000
            """
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var customers = new List<SensitiveCustomer>();
        while (await r.ReadAsync(cancel))
            customers.Add(
                new(r.GetGuid(0), r.GetString(1), r.GetString(2), new(Enum.Parse<SensitiveKind>(r.GetString(3)), r.GetString(4), r.GetString(5), r.Instant(6)))
            );
        return customers;
    }

    /// <summary>Marks a customer as sensitive, or changes why. The caller has checked that the person may.</summary>
    /// <param name="revision">Revision of the customer that the person saw.</param>
    /// <returns>Done, Invalid, NotFound or Stale.</returns>
    public static async Task<CustomerResult> MarkAsync(
        WorkflowRuntime runtime,
        Guid id,
        int revision,
        SensitiveKind? kind,
        string reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (await CustomerQueries.FindAsync(runtime.Database, id, actor, runtime.Clock.Now(), cancel) is not { } customer)
            return new CustomerResult.NotFound();
        reason = reason.Trim();
        var errors = new Dictionary<string, string[]>();
        if (kind is null)
            errors["kind"] = [$"must be one of {string.Join(", ", Enum.GetNames<SensitiveKind>())}"];
        if (reason.Length == 0)
            errors["reason"] = ["is required"];
        else if (CustomerRules.Unfit(reason, MostReason) is { } unfit)
            errors["reason"] = [unfit];
        if (errors.Count > 0)
            return new CustomerResult.Invalid(errors);
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        if (await StaleAsync(t, customer.Id, revision, cancel) is { } stale)
            return stale;
        t.Writes.Add(
            """
            insert into sensitive_customer (customer_id, kind, reason, marked_by, marked_at) values ($1, $2, $3, $4, $5)
            on conflict (customer_id) do update set kind = $2, reason = $3, marked_by = $4, marked_at = $5
            """,
            customer.Id,
            kind.ToString(),
            reason,
            actor.UserName,
            t.Now
        );
        t.Record(customer.Id, "customer.marked-sensitive", revision + 1, new { kind, reason });
        await t.CommitAsync(cancel);
        return new CustomerResult.Done(customer.Id, false);
    }

    /// <summary>Takes the mark away. The caller has checked that the person may.</summary>
    /// <param name="revision">Revision of the customer that the person saw.</param>
    /// <returns>Done, NotFound or Stale. It isn't found when there is no such customer or no mark.</returns>
    public static async Task<CustomerResult> UnmarkAsync(WorkflowRuntime runtime, Guid id, int revision, Person actor, CancellationToken cancel = default)
    {
        if (await CustomerQueries.FindAsync(runtime.Database, id, actor, runtime.Clock.Now(), cancel) is not { } customer)
            return new CustomerResult.NotFound();
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        if (await StaleAsync(t, customer.Id, revision, cancel) is { } stale)
            return stale;
        if (customer.Sensitive is null)
            return new CustomerResult.NotFound();
        t.Writes.Add("delete from sensitive_customer where customer_id in (select m.id from customer m where m.survivor = $1)", customer.Id);
        t.Record(customer.Id, "customer.unmarked-sensitive", revision + 1, new { });
        await t.CommitAsync(cancel);
        return new CustomerResult.Done(customer.Id, false);
    }

    /// <summary>Locks the customer and moves their revision on, or says that it isn't the one the person saw.</summary>
    private static async Task<CustomerResult.Stale?> StaleAsync(CustomerTransaction t, Guid id, int revision, CancellationToken cancel)
    {
        await t.LockAsync([id], cancel);
        var now = (await CustomerQueries.OfAsync(t.Connection, [id], [], cancel)).Single();
        if (now.Revision != revision)
            return new(now.Revision);
        t.Writes.Add("update customer set revision = revision + 1, changed_at = $2 where id = $1", id, t.Now);
        return null;
    }
}
