using System.Text.Json;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.OwnView;

/// <summary>
/// Writes a message that the customer reads in their own view: a contact through the portal, with the case's history. About a task that waits for the customer,
/// it is the question that they answer.
/// </summary>
public static class WriteToCustomer
{
    /// <summary>
    /// Writes it, which answers what the customer wrote about the case. The caller has checked that the person can see the case. Null: done; otherwise the
    /// field and why not.
    /// </summary>
    /// <param name="task">The task it is about, or null.</param>
    public static async Task<(string Field, string Reason)?> RunAsync(
        WorkflowRuntime runtime,
        Guid @case,
        Guid? task,
        string text,
        Person actor,
        CancellationToken cancel = default
    )
    {
        text = text.ReplaceLineEndings("\n").Trim();
        if (text.Length == 0)
            return ("text", "is required");
        if (CustomerRules.Unfit(text, CustomerAnswers.Longest, lines: true) is { } unfit)
            return ("text", unfit);
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("$1", @case),
            reads:
            [
                Sql.Command(
                    """
                    select m.id, (select o.title from task o where o.id = $2 and o.instance_id = c.id and o.ended_at is null) from journey_case c
                    join customer m on m.number = c.customer_id where c.id = $1 and c.test_by is null
                    """,
                    @case,
                    task
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return ("case", "has no customer");
        var (customer, title) = (t.Reads.GetGuid(0), t.Reads.Text(1));
        await t.DoneReadingAsync();
        if (task is not null && title is null)
            return ("task", "isn't an open step of this case");
        Write(t, customer, task, title, text);
        t.Announce(new(ChangeKind.Instance, @case));
        await t.CommitAsync(cancel);
        return null;
    }

    /// <summary>Writes it in a transaction of the case.</summary>
    /// <param name="customer">The surviving record of the customer.</param>
    /// <param name="task">The task it is about, or null.</param>
    /// <param name="title">Title of that task.</param>
    internal static void Write(InstanceTransaction t, Guid customer, Guid? task, string? title, string text)
    {
        var id = Ids.New(t.Now);
        t.Write(
            """
            insert into customer_contact (id, customer_id, channel, incoming, outcome, note, case_id, task_id, shared, at, recorded_by)
                values ($1, $2, 'Portal', false, 'Sent', $3, $4, $5, true, $6, $7)
            """,
            id,
            customer,
            text,
            t.InstanceId,
            task,
            t.Now,
            t.Actor
        );
        t.Write(OpenMessages.AnswerOfCase, t.InstanceId);
        var told = new
        {
            channel = nameof(ContactChannel.Portal),
            incoming = false,
            outcome = nameof(ContactOutcome.Sent),
            note = text,
            shared = true,
            step = title,
        };
        t.Record(new("contact.recorded", "contact", Ids.Text(id), 1, JsonSerializer.SerializeToUtf8Bytes(told, TaskJson.Options)));
    }
}
