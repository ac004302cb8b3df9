using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Notifications;

/// <summary>
/// Tells a person something in the product, in the transaction that caused it; and by e-mail a little later, when they want that for its kind and have not read it by then
/// (<see cref="SendMail"/>).
/// </summary>
internal static class Notify
{
    /// <summary>Adds a notification.</summary>
    /// <param name="transaction">Transaction of the case it is about.</param>
    /// <param name="person">Who is told.</param>
    /// <param name="kind">What kind, of <see cref="NotificationKinds"/>.</param>
    /// <param name="title">One line.</param>
    /// <param name="body">More, or empty.</param>
    /// <param name="task">Task to open from it, or null.</param>
    public static void Write(InstanceTransaction transaction, Guid person, string kind, string title, string body, Guid? task)
    {
        transaction.Write(Command(transaction.Now, person, kind, title, body, transaction.InstanceId, task));
        transaction.Announce(new(ChangeKind.Person, person));
    }

    /// <summary>The statement, for batches that are no <see cref="InstanceTransaction"/>. Announce the person's change after the commit.</summary>
    public static NpgsqlBatchCommand Command(Instant now, Guid person, string kind, string title, string body, Guid? instance, Guid? task) => Sql.Command(
        """
        with told as (
            insert into notification (id, person_id, kind, title, body, instance_id, task_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, person_id, kind
        )
        insert into effect (id, kind, instance_id, payload, state, due_at, created_at)
        select told.id, 'email', $6, json_build_object('to', p.email), 'pending', $9, $8
        from told join person p on p.id = told.person_id
        where p.email is not null and p.active
            and told.kind = any(coalesce((select email_kinds from notification_preference where person_id = p.id), (select email_kinds from notification_preference where person_id is null), '{}'))
        """,
        Ids.New(now), person, kind, title, body, instance, task, now, now + SendMail.Grace);
}
