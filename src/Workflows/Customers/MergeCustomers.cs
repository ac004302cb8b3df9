using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Customers;

/// <summary>
/// Merges records of the same customer, and takes them apart again. A duplicate keeps its number, cases and contacts; its number leads to the record that is
/// left, which shows them. So running cases go on as they were, and undoing it gives back exactly what there was.
/// </summary>
public static class MergeCustomers
{
    // The records that were merged into one, directly or not.
    private const string Tree =
        "with recursive tree as (select id from customer where id = $1 union all select m.id from customer m join tree on m.merged_into = tree.id)";

    /// <summary>Merges a duplicate into another record. Callers have checked that the person may keep customers.</summary>
    /// <param name="duplicate">The record that goes.</param>
    /// <param name="into">The record that is left.</param>
    /// <param name="actor">Who.</param>
    public static async Task<CustomerResult> RunAsync(WorkflowRuntime runtime, Guid duplicate, Guid into, Person actor, CancellationToken cancel = default)
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        await t.LockAsync([duplicate, into], cancel);
        var found = await CustomerQueries.OfAsync(t.Connection, [duplicate, into], [], cancel);
        if (found.Find(k => k.Id == duplicate) is not { } gone || found.Find(k => k.Id == into) is not { } left)
            return new CustomerResult.NotFound();
        if (duplicate == into)
            return new CustomerResult.Refused("A record can't be merged into itself.");
        if (gone.Survivor != duplicate || left.Survivor != into)
            return new CustomerResult.Refused("One of the records was merged already.");
        t.Writes.Add("update customer set merged_into = $2, survivor = $2, revision = revision + 1, changed_at = $3 where id = $1", duplicate, into, t.Now);
        t.Writes.Add("update customer set survivor = $2 where survivor = $1", duplicate, into);
        var told = new
        {
            number = gone.Data.Number,
            name = gone.Data.Name,
            into = left.Data.Number,
        };
        t.Record(duplicate, "customer.merged", gone.Revision + 1, told);
        t.Record(into, "customer.merged", left.Revision, told);
        await t.CommitAsync(cancel);
        return new CustomerResult.Done(into, false);
    }

    /// <summary>Takes a duplicate out of the record that it was merged into.</summary>
    public static async Task<CustomerResult> UndoAsync(WorkflowRuntime runtime, Guid duplicate, Person actor, CancellationToken cancel = default)
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        await using var query = t.Connection.CreateBatch();
        query.Add("select merged_into from customer where id = $1", duplicate);
        if (await query.ExecuteScalarAsync(cancel) is not Guid into)
            return new CustomerResult.Refused("The record isn't merged.");
        await t.LockAsync([duplicate, into], cancel);
        var found = await CustomerQueries.OfAsync(t.Connection, [duplicate, into], [], cancel);
        var (gone, left) = (found.Find(k => k.Id == duplicate)!, found.Find(k => k.Id == into)!);
        if (gone.Survivor == duplicate)
            return new CustomerResult.Refused("The record isn't merged.");
        t.Writes.Add(
            $"""
            {Tree} update customer k set survivor = $1, merged_into = case when k.id = $1 then null else k.merged_into end,
                revision = k.revision + case when k.id = $1 then 1 else 0 end, changed_at = $2
            from tree where k.id = tree.id
            """,
            duplicate,
            t.Now
        );
        var told = new
        {
            number = gone.Data.Number,
            name = gone.Data.Name,
            from = left.Data.Number,
        };
        t.Record(duplicate, "customer.unmerged", gone.Revision + 1, told);
        t.Record(into, "customer.unmerged", left.Revision, told);
        await t.CommitAsync(cancel);
        return new CustomerResult.Done(duplicate, false);
    }
}
