using Orchestration.Engine.Runtime;

namespace Orchestration.Workflows.Notifications;

/// <summary>Tells a person something in the product, in the transaction that caused it.</summary>
internal static class Notify
{
    /// <summary>Adds a notification.</summary>
    /// <param name="transaction">Transaction of the case it is about.</param>
    /// <param name="person">Who is told.</param>
    /// <param name="kind">What kind, e.g. <c>sla.breached</c>.</param>
    /// <param name="title">One line.</param>
    /// <param name="body">More, or empty.</param>
    /// <param name="task">Task to open from it, or null.</param>
    public static void Write(InstanceTransaction transaction, Guid person, string kind, string title, string body, Guid? task)
    {
        transaction.Write(
            "insert into notification (id, person_id, kind, title, body, instance_id, task_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
            Ids.New(transaction.Now), person, kind, title, body, transaction.InstanceId, task, transaction.Now);
        transaction.Announce(new(ChangeKind.Person, person));
    }
}
