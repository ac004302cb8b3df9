using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Customers;

/// <summary>Records contacts and lists them.</summary>
public static class RecordContact
{
    /// <summary>Most characters of a note.</summary>
    public const int LongestNote = 4000;

    private const string Insert = """
        insert into customer_contact (id, customer_id, channel, incoming, outcome, note, case_id, task_id, at, recorded_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    /// <summary>
    /// Records a contact with a customer whom the person can see. About a case, it is part of the case's history; else of the customer's. Tasks that waited for
    /// the customer go on afterwards. A call or visit of ours keeps promises to contact them. When they were reached, what they wrote about
    /// the case, or at all if it is about none, is answered (<see cref="OpenMessages"/>).
    /// </summary>
    public static async Task<ContactResult> RunAsync(TaskRuntime tasks, Guid customer, ContactRequest request, Person actor, CancellationToken cancel = default)
    {
        var runtime = tasks.Runtime;
        request = request with { Note = request.Note.Trim().ReplaceLineEndings("\n") };
        if (await CustomerQueries.FindAsync(runtime.Database, customer, actor, runtime.Clock.Now(), cancel) is not { } record)
            return new ContactResult.NotFound();
        if (CustomerRules.Unfit(request.Note, LongestNote, lines: true) is { } unfit)
            return Invalid("note", unfit);
        var operation = request.OperationId is { } key
            ? Operation.Of(actor.UserName, key, "contact", Ids.Text(record.Id), JsonSerializer.Serialize(request))
            : null;
        if (await EarlierAsync(runtime.Database, operation, cancel) is { } earlier)
            return earlier;
        if (request.CaseId is null && (request.TaskId is not null || request.Resume is { Count: > 0 }))
            return Invalid("case", "is required for a step");
        try
        {
            var id = Ids.New(runtime.Clock.Now());
            if (request.CaseId is { } about)
            {
                if (await AboutCaseAsync(tasks, id, record.Id, about, request, operation, actor, cancel) is { } refused)
                    return refused;
            }
            else
                await AboutCustomerAsync(runtime, id, record.Id, request, operation, actor, cancel);
            return new ContactResult.Done(id, await ResumeAsync(tasks, id, request, actor, cancel));
        }
        catch (PostgresException e) when (e.ConstraintName == Operation.Constraint)
        {
            // The same form was sent twice, and the other request was first.
            return await EarlierAsync(runtime.Database, operation, cancel)
                ?? throw new InvalidOperationException("The operation broke its constraint but isn't stored.", e);
        }
    }

    /// <summary>Contacts of a customer and their duplicates, the newest first. The caller has checked that the person can see the customer.</summary>
    /// <param name="customer">The record that is left after merging.</param>
    /// <param name="before">Only those before this; null: the newest.</param>
    public static async Task<IReadOnlyList<Contact>> ListAsync(
        NpgsqlDataSource database,
        Guid customer,
        Instant? before,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var sees = $"($4 or {Eligibility.Of("$1", "$2").SeesRun("c.case_id")})";
        await using var query = database.Query(
            $"""
            select c.id, c.channel, c.incoming, c.outcome, c.note, case when v.sees then c.case_id end, case when v.sees then j.reference end,
                case when v.sees then c.task_id end, case when v.sees then t.title end, c.at, c.recorded_by, coalesce(p.display_name, c.recorded_by)
            from customer_contact c left join journey_case j on j.id = c.case_id left join task t on t.id = c.task_id
            left join person p on p.user_name = c.recorded_by
            cross join lateral (select c.case_id is null or {sees} sees) v
            where c.customer_id in (select m.id from customer m where m.survivor = $3) and v.sees and ($5::timestamptz is null or c.at < $5)
            order by c.at desc, c.id desc limit $6
            """,
            actor.Id,
            now,
            customer,
            Eligibility.SeesAll(actor),
            before,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var contacts = new List<Contact>();
        while (await r.ReadAsync(cancel))
        {
            contacts.Add(
                new(
                    r.GetGuid(0),
                    Enum.Parse<ContactChannel>(r.GetString(1)),
                    r.GetBoolean(2),
                    Enum.Parse<ContactOutcome>(r.GetString(3)),
                    r.GetString(4),
                    r.GuidOrNull(5),
                    r.Text(6),
                    r.GuidOrNull(7),
                    r.Text(8),
                    r.Instant(9),
                    r.GetString(10),
                    r.GetString(11)
                )
            );
        }

        return contacts;
    }

    private static async Task<ContactResult?> AboutCaseAsync(
        TaskRuntime tasks,
        Guid id,
        Guid customer,
        Guid about,
        ContactRequest request,
        Operation? operation,
        Person actor,
        CancellationToken cancel
    )
    {
        await using var t = await InstanceTransaction.OpenAsync(
            tasks.Runtime,
            actor.UserName,
            ("$1", about),
            reads:
            [
                Sql.Command(
                    $"""
                    select m.id, (select o.title from task o where o.id = $6 and o.instance_id = c.id) from journey_case c
                    join customer m on m.number = c.customer_id
                    where c.id = $3 and m.survivor = $5 and ($4 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})
                    """,
                    actor.Id,
                    tasks.Runtime.Clock.Now(),
                    about,
                    Eligibility.SeesAll(actor),
                    customer,
                    request.TaskId
                ),
                Sql.Command(
                    """
                    select id, state, policy from sla_clock where instance_id = $1 and task_id is null and kind = 'promise' and status in ('Running', 'Paused')
                        order by created_at, id
                    """,
                    about
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return Invalid("case", "isn't a case of this customer");
        var (owner, title) = (t.Reads.GetGuid(0), t.Reads.Text(1));
        await t.NextResultAsync(cancel);
        var promises = await ClockReader.ReadLiveAsync(t.Reads, cancel);
        await t.DoneReadingAsync();
        if (request.TaskId is not null && title is null)
            return Invalid("task", "isn't a step of this case");
        t.Write(Row(id, owner, request, actor, t.Now));
        if (Answers(request.Outcome))
            t.Write(OpenMessages.AnswerOfCase, about);
        if (operation is not null)
            t.Write(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(id), t.Now));
        t.Record(new("contact.recorded", "contact", Ids.Text(id), 1, JsonSerializer.SerializeToUtf8Bytes(Told(request, title), TaskJson.Options)));
        if (Keeps(request))
            tasks.CustomerReached(t, promises);
        t.Announce(new(ChangeKind.Instance, about));
        await t.CommitAsync(cancel);
        return null;
    }

    private static async Task AboutCustomerAsync(
        WorkflowRuntime runtime,
        Guid id,
        Guid customer,
        ContactRequest request,
        Operation? operation,
        Person actor,
        CancellationToken cancel
    )
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        await t.LockAsync([customer], cancel);
        t.Writes.BatchCommands.Add(Row(id, customer, request, actor, t.Now));
        if (Answers(request.Outcome))
            t.Writes.Add(OpenMessages.AnswerOfCustomer, customer);
        if (operation is not null)
            t.Writes.BatchCommands.Add(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(id), t.Now));
        t.Record(customer, "contact.recorded", 0, Told(request, null));
        await t.CommitAsync(cancel);
    }

    // Who wasn't reached knows nothing yet.
    private static bool Answers(ContactOutcome outcome) => outcome is not (ContactOutcome.NotReached or ContactOutcome.MessageLeft);

    /// <summary>Whether it keeps promises to contact the customer. A letter doesn't: someone has to say that it was what was promised.</summary>
    private static bool Keeps(ContactRequest request) =>
        request is { Incoming: false, Channel: ContactChannel.Call or ContactChannel.Visit } && Answers(request.Outcome);

    private static object Told(ContactRequest request, string? task) =>
        new
        {
            channel = request.Channel.ToString(),
            incoming = request.Incoming,
            outcome = request.Outcome.ToString(),
            note = request.Note.Length == 0 ? null : request.Note,
            step = task,
        };

    private static NpgsqlBatchCommand Row(Guid id, Guid customer, ContactRequest request, Person actor, Instant at) =>
        Sql.Command(
            Insert,
            id,
            customer,
            request.Channel.ToString(),
            request.Incoming,
            request.Outcome.ToString(),
            request.Note,
            request.CaseId,
            request.TaskId,
            at,
            actor.UserName
        );

    private static async Task<List<string>> ResumeAsync(TaskRuntime tasks, Guid contact, ContactRequest request, Person actor, CancellationToken cancel)
    {
        var refused = new List<string>();
        foreach (var task in request.Resume ?? [])
        {
            await using var query = tasks.Runtime.Database.Query(
                "select revision from task where id = $1 and instance_id = $2 and state = 'Suspended'",
                task,
                request.CaseId
            );
            if (await query.ExecuteScalarAsync(cancel) is not int revision)
                continue;
            var ask = new TaskRequest(task, revision, $"contact-{Ids.Text(contact)}-{Ids.Text(task)}");
            if (await ResumeTask.HasHeardAsync(tasks, ask, actor, cancel) is TaskResult.Forbidden forbidden)
                refused.Add(forbidden.Reason);
        }

        return refused;
    }

    private static async Task<ContactResult?> EarlierAsync(NpgsqlDataSource database, Operation? operation, CancellationToken cancel) =>
        operation is null || await operation.FindAsync(database, cancel) is not { } remembered ? null
        : operation.IsSame(remembered.RequestHash) ? new ContactResult.Done(JsonSerializer.Deserialize<Guid>(remembered.Answer), [])
        : new ContactResult.OperationReused();

    private static ContactResult.Invalid Invalid(string field, string reason) => new(new Dictionary<string, string[]> { [field] = [reason] });
}
