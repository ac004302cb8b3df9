using System.Collections.Frozen;
using System.Data.Common;

namespace Orchestration.Workflows.People;

/// <summary>A record that someone has to give a reason for.</summary>
/// <param name="Id">The customer's record.</param>
/// <param name="Number">Their number.</param>
/// <param name="Name">Their name.</param>
public sealed record GuardedRecord(Guid Id, string Number, string Name);

/// <summary>Records of sensitive customers, for which someone has to give a reason. The rule is the function <c>is_guarded</c> of the database.</summary>
internal static class GuardedRecords
{
    // Every request about a customer, case or task asks this, and almost always the answer is no. So it is one short statement for each kind, whose plan
    // the server keeps: a plan for all kinds would be made anew for each request, at a hundred times the cost. Who sees the record is asked only then.
    private static readonly FrozenDictionary<string, string> Statements = new Dictionary<string, string>
    {
        ["customer"] = For("select m.survivor from customer m where m.id = $1"),
        ["number"] = For(
            """
            select m.survivor from customer m where m.number = $1
            union all select m.survivor from customer_identifier i join customer m on m.id = i.customer_id where i.value = $1 limit 1
            """
        ),
        ["case"] = For(OfRun("$1")),
        ["task"] = For(OfRun("(select t.instance_id from task t where t.id = $1)")),
    }.ToFrozenDictionary();

    private static string For(string customer) =>
        $"""
            select k.id, k.number, k.name from customer k
            where exists (select from sensitive_customer) and k.id = ({customer}) and is_guarded(k.id, $2, $3)
            """;

    private static string OfRun(string run) =>
        $"""
            select m.survivor from workflow_instance i join journey_case c on c.id = run_root(i.id, i.parent_id) join customer m on m.number = c.customer_id
            where i.id = {run}
            """;

    /// <summary>SQL that selects, for <see cref="ReadAsync"/>, the record that <c>$2</c> has to give a reason for at <c>$3</c>.</summary>
    /// <remarks>Whether they see it at all is asked by the caller.</remarks>
    /// <param name="kind">What <c>$1</c> is: the id of a customer, case or task, or the number of a customer.</param>
    public static string Of(string kind) => Statements[kind];

    /// <summary>The record of the current result, or null.</summary>
    public static async Task<GuardedRecord?> ReadAsync(DbDataReader r, CancellationToken cancel) =>
        await r.ReadAsync(cancel) ? new(r.GetGuid(0), r.GetString(1), r.GetString(2)) : null;
}
