using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Notifications;

/// <summary>
/// Tells a person something in the product, in the transaction that caused it; and by e-mail a little later, when they want that for its kind and have not read
/// it by then (<see cref="SendMail"/>).
/// </summary>
internal static class Notify
{
    /// <summary>Adds a notification.</summary>
    /// <param name="transaction">Transaction of the case.</param>
    /// <param name="person">The recipient.</param>
    /// <param name="kind">What kind, of <see cref="NotificationKinds"/>.</param>
    /// <param name="title">One line.</param>
    /// <param name="body">More, or empty.</param>
    /// <param name="task">Task to open from it, or null.</param>
    public static void Write(InstanceTransaction transaction, Guid person, string kind, string title, string body, Guid? task)
    {
        transaction.Write(Command(transaction.Now, [new(person, kind, title, body, transaction.InstanceId, task)]));
        transaction.Announce(new(ChangeKind.Person, person));
    }

    /// <summary>SQL after <c>told</c> (id, person_id, kind, instance_id): mail for those who want it. $1: now, $2: when mail is due.</summary>
    internal const string MailTold = """
        insert into effect (id, kind, instance_id, payload, state, due_at, created_at)
        select told.id, 'email', told.instance_id, json_build_object('to', p.email), 'pending', $2, $1
        from told join person p on p.id = told.person_id left join notification_preference own on own.person_id = p.id
            left join notification_preference everybody on everybody.person_id is null
        where p.email is not null and p.active and told.kind = any(coalesce(own.email_kinds, everybody.email_kinds, '{}'))
        """;

    /// <summary>The statement for many, for batches that are no <see cref="InstanceTransaction"/>. Announce the persons' changes after the commit.</summary>
    public static NpgsqlBatchCommand Command(Instant now, IReadOnlyList<Notice> notices) =>
        Sql.Command(
            $"""
            with told as (
                insert into notification (id, person_id, kind, title, body, instance_id, task_id, path, created_at)
                select n.*, $1 from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], $10::text[]) n
                    returning id, person_id, kind, instance_id
            )
            {MailTold}
            """,
            now,
            now + SendMail.Grace,
            notices.Select(_ => Ids.New(now)).ToArray(),
            notices.Select(n => n.Person).ToArray(),
            notices.Select(n => n.Kind).ToArray(),
            notices.Select(n => n.Title).ToArray(),
            notices.Select(n => n.Body).ToArray(),
            notices.Select(n => n.Instance).ToArray(),
            notices.Select(n => n.Task).ToArray(),
            notices.Select(n => n.Path).ToArray()
        );
}

/// <summary>A notification for one person.</summary>
/// <param name="Person">Who.</param>
/// <param name="Kind">Of <see cref="NotificationKinds"/>.</param>
/// <param name="Title">One line.</param>
/// <param name="Body">More, or empty.</param>
/// <param name="Instance">The case.</param>
/// <param name="Task">Task to open from it, or null.</param>
internal sealed record Notice(Guid Person, string Kind, string Title, string Body, Guid? Instance, Guid? Task)
{
    /// <summary>Page to open from it, when it is about no task and no case.</summary>
    public string? Path { get; init; }
}
