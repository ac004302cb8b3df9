using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Customers;

/// <summary>What a customer wrote or sent, and nobody has answered.</summary>
/// <param name="ContactId">The contact.</param>
/// <param name="CaseId">Case it is about.</param>
/// <param name="Reference">Reference of that case.</param>
/// <param name="CustomerId">Record of the customer.</param>
/// <param name="CustomerName">Their name.</param>
/// <param name="Text">What they wrote; null: they are sensitive, and the reader gave no reason yet.</param>
/// <param name="At">When.</param>
public sealed record OpenMessage(Guid ContactId, Guid CaseId, string Reference, Guid CustomerId, string CustomerName, string? Text, Instant At);

/// <summary>
/// Messages of customers that wait for an answer. A contact with the customer, or a message to them, about the same case answers them; someone can also say
/// that nothing is needed. What answers a question of ours doesn't wait.
/// </summary>
public static class OpenMessages
{
    private const int Most = 50;

    /// <summary>SQL that answers what waits of a case.</summary>
    internal const string AnswerOfCase = "update customer_contact set waits = false where waits and case_id = $1";

    /// <summary>SQL that answers all that waits of a customer and their duplicates.</summary>
    internal const string AnswerOfCustomer =
        "update customer_contact set waits = false where waits and customer_id in (select m.id from customer m where m.survivor = $1)";

    /// <summary>Messages of the cases that the person sees, the oldest first.</summary>
    /// <param name="customer">Of this customer and their duplicates; null: of all.</param>
    public static async Task<IReadOnlyList<OpenMessage>> ListAsync(
        NpgsqlDataSource database,
        Guid? customer,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            select w.id, c.id, c.reference, s.id, s.name, case when not is_guarded_number(c.customer_id, $1, $2) then w.note end, w.at
            from customer_contact w join journey_case c on c.id = w.case_id join customer m on m.id = w.customer_id join customer s on s.id = m.survivor
            where w.waits and ($3 or {Eligibility.Of("$1", "$2").SeesRun("c.id")}) and ($4::uuid is null or s.id = $4)
            order by w.at, w.id limit {Most}
            """,
            actor.Id,
            now,
            Eligibility.SeesAll(actor),
            customer
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var messages = new List<OpenMessage>();
        while (await r.ReadAsync(cancel))
            messages.Add(new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetGuid(3), r.GetString(4), r.Text(5), r.Instant(6)));
        return messages;
    }

    /// <summary>Says that a message needs no answer, or has one elsewhere. Saying it again changes nothing.</summary>
    /// <param name="customer">The customer, whom the caller has found for the person.</param>
    /// <param name="contact">The message.</param>
    /// <returns>Whether there is such a message, about a case that the person sees.</returns>
    public static async Task<bool> AnsweredAsync(WorkflowRuntime runtime, Guid customer, Guid contact, Person actor, CancellationToken cancel = default)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("(select case_id from customer_contact where id = $1)", contact),
            reads:
            [
                Sql.Command(
                    $"""
                    select w.waits from customer_contact w join customer m on m.id = w.customer_id
                    where w.id = $3 and m.survivor = $4 and w.incoming and w.channel = 'Portal' and ($5 or {Eligibility.Of("$1", "$2").SeesRun("w.case_id")})
                    """,
                    actor.Id,
                    runtime.Clock.Now(),
                    contact,
                    customer,
                    Eligibility.SeesAll(actor)
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is not { } @case || !await t.Reads.ReadAsync(cancel))
            return false;
        var waits = t.Reads.GetBoolean(0);
        await t.DoneReadingAsync();
        if (!waits)
            return true;
        t.Write("update customer_contact set waits = false where id = $1", contact);
        t.Record(new("contact.answered", "contact", Ids.Text(contact), 1, JsonSerializer.SerializeToUtf8Bytes(new { }, TaskJson.Options)));
        t.Announce(new(ChangeKind.Instance, @case));
        await t.CommitAsync(cancel);
        return true;
    }
}
