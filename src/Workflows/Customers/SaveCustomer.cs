using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Customers;

/// <summary>Adds and changes customers. Callers have checked that the person may keep customers.</summary>
public static class SaveCustomer
{
    /// <summary>Adds a customer. A number that is taken is an error.</summary>
    public static async Task<CustomerResult> AddAsync(WorkflowRuntime runtime, CustomerData data, Person actor, CancellationToken cancel = default)
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        data = CustomerRules.Tidy(data);
        if (Check(data, t.Now) is { } wrong)
            return wrong;
        var known = await CustomerQueries.OfAsync(t.Connection, [], [data.Number], cancel);
        return known.Count > 0 ? Taken("number") : await WriteAsync(t, null, data, actor, cancel);
    }

    /// <summary>Changes a customer.</summary>
    /// <param name="id">The record.</param>
    /// <param name="revision">Revision the person saw; null: whatever it is now.</param>
    /// <param name="data">All of it. The number stays as it is. Who may not know why a customer needs care doesn't change that.</param>
    /// <param name="actor">Who.</param>
    public static async Task<CustomerResult> ChangeAsync(
        WorkflowRuntime runtime,
        Guid id,
        int? revision,
        CustomerData data,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        await t.LockAsync([id], cancel);
        if ((await CustomerQueries.OfAsync(t.Connection, [id], [], cancel)).FirstOrDefault() is not { } before)
            return new CustomerResult.NotFound();
        data = CustomerRules.Tidy(data with { Number = before.Data.Number });
        if (Check(data, t.Now) is { } wrong)
            return wrong;
        if (before.Survivor != id)
            return new CustomerResult.Refused("This record was merged into another one. Change that one.");
        return revision is { } seen && seen != before.Revision ? new CustomerResult.Stale(before.Revision) : await WriteAsync(t, before, data, actor, cancel);
    }

    /// <summary>Changes the customer with the number, or adds one.</summary>
    public static async Task<CustomerResult> PutAsync(WorkflowRuntime runtime, CustomerData data, Person actor, CancellationToken cancel = default)
    {
        if (CustomerRules.Unfit(data.Number, int.MaxValue) is null)
        {
            await using var query = runtime.Database.Query("select id from customer where number = $1", data.Number.Trim());
            if (await query.ExecuteScalarAsync(cancel) is Guid id)
                return await ChangeAsync(runtime, id, null, data, actor, cancel);
        }

        return await AddAsync(runtime, data, actor, cancel);
    }

    /// <summary>What differs, as fields of the API.</summary>
    internal static List<FieldChange> Compare(CustomerData before, CustomerData after)
    {
        var changes = new List<FieldChange>();
        One("number", before.Number, after.Number);
        One("name", before.Name, after.Name);
        All("otherNames", before.OtherNames, after.OtherNames);
        All("emails", before.Emails, after.Emails);
        All("phones", before.Phones, after.Phones);
        All("addresses", before.Addresses, after.Addresses);
        All("languages", before.Languages, after.Languages);
        One("bornOn", $"{before.BornOn:yyyy-MM-dd}", $"{after.BornOn:yyyy-MM-dd}");
        All("consents", before.Consents, after.Consents);
        All("identifiers", before.Identifiers, after.Identifiers);
        One("vulnerability", before.Vulnerability ?? "", after.Vulnerability ?? "");
        return changes;

        void All<T>(string field, IReadOnlyList<T> from, IReadOnlyList<T> to) => One(field, string.Join("; ", from), string.Join("; ", to));

        void One(string field, string from, string to)
        {
            if (from != to)
                changes.Add(new(field, from, to));
        }
    }

    /// <summary>Writes a record. Returns what changed.</summary>
    /// <param name="t">Holds the lock of the record.</param>
    /// <param name="id">The record.</param>
    /// <param name="before">As it was; null: it is new.</param>
    /// <param name="data">As it becomes.</param>
    /// <param name="keepsIdentifiers">False: the caller has taken the identifiers away.</param>
    internal static List<FieldChange> Write(CustomerTransaction t, Guid id, CustomerDetails? before, CustomerData data, bool keepsIdentifiers = true)
    {
        var changes = Compare(before?.Data ?? new("", ""), data);
        if (changes.Count == 0 && keepsIdentifiers)
            return changes;
        if (changes.Count > 0)
            WriteRow(t, id, before, data);
        if (keepsIdentifiers)
            t.Writes.Add("delete from customer_identifier where customer_id = $1", id);
        t.Writes.Add(
            "insert into customer_identifier (kind, value, customer_id) select kind, value, $1 from unnest($2::text[], $3::text[]) i(kind, value)",
            id,
            data.Identifiers.Select(i => i.Kind).ToArray(),
            data.Identifiers.Select(i => i.Value).ToArray()
        );
        if (changes.Count > 0)
            t.Record(id, before is null ? "customer.added" : "customer.changed", (before?.Revision ?? 0) + 1, new { changes });
        return changes;
    }

    private static void WriteRow(CustomerTransaction t, Guid id, CustomerDetails? before, CustomerData data)
    {
        var since =
            data.Vulnerability is null ? (Instant?)null
            : before?.Data.Vulnerability is null ? t.Now
            : before.VulnerableSince;
        t.Writes.Add(
            $"""
            insert into customer (id, number, name, other_names, emails, phones, addresses, languages, born_on, consents, vulnerability, vulnerable_since,
                survivor, created_by, created_at, changed_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $1, $13, $14, $14)
            {(before is null ? "" : """
            on conflict (id) do update set name = excluded.name, other_names = excluded.other_names, emails = excluded.emails, phones = excluded.phones,
                addresses = excluded.addresses, languages = excluded.languages, born_on = excluded.born_on, consents = excluded.consents,
                vulnerability = excluded.vulnerability, vulnerable_since = excluded.vulnerable_since, revision = customer.revision + 1,
                changed_at = excluded.changed_at
            """)}
            """,
            id,
            data.Number,
            data.Name,
            data.OtherNames.ToArray(),
            data.Emails.ToArray(),
            data.Phones.ToArray(),
            data.Addresses.ToArray(),
            data.Languages.ToArray(),
            data.BornOn,
            new Json(JsonSerializer.SerializeToUtf8Bytes(data.Consents, CustomerQueries.Json)),
            data.Vulnerability,
            since,
            t.Actor,
            t.Now
        );
    }

    private static async Task<CustomerResult> WriteAsync(
        CustomerTransaction t,
        CustomerDetails? before,
        CustomerData data,
        Person actor,
        CancellationToken cancel
    )
    {
        var id = before?.Id ?? Ids.New(t.Now);
        if (before is null)
            await t.LockAsync([id], cancel);
        if (!CustomerAccess.SeesVulnerability(actor))
            data = data with { Vulnerability = before?.Data.Vulnerability };
        if (Write(t, id, before, data).Count == 0)
            return new CustomerResult.Done(id, false);
        t.Writes.Add(CustomerWords.Keep, (object)new[] { id });
        try
        {
            await t.CommitAsync(cancel);
        }
        catch (PostgresException e) when (e.ConstraintName is "customer_number_key" or "customer_identifier_taken")
        {
            return Taken(e.ConstraintName == "customer_number_key" ? "number" : "identifiers");
        }

        return new CustomerResult.Done(id, before is null);
    }

    private static CustomerResult.Invalid? Check(CustomerData data, Instant now) =>
        CustomerRules.Check(data, now.InUtc().Date) is { Count: > 0 } errors
            ? new(errors.GroupBy(e => e.Field).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).Distinct().ToArray()))
            : null;

    private static CustomerResult.Invalid Taken(string field) =>
        new(new Dictionary<string, string[]> { [field] = [field == "number" ? "is already in use" : "belong to another customer"] });
}
