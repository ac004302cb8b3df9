using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>A conflict of interest: the person can't be given, claim or do work on the cases of the customer.</summary>
/// <param name="Id">Which.</param>
/// <param name="CustomerId">The customer, as cases name them.</param>
/// <param name="CustomerName">Their name in their latest case; null: they have no case yet.</param>
/// <param name="Reason">Why it is one.</param>
/// <param name="DeclaredBy">User name of who declared it.</param>
/// <param name="DeclaredAt">When.</param>
/// <param name="LiftedBy">User name of who lifted it; null while it is in force.</param>
/// <param name="LiftedAt">When.</param>
/// <param name="LiftReason">Why it is none any more.</param>
/// <param name="OpenTasks">Open tasks of the customer that the person still has: someone must take them over.</param>
public sealed record ConflictOfInterest(
    Guid Id,
    string CustomerId,
    string? CustomerName,
    string Reason,
    string DeclaredBy,
    Instant DeclaredAt,
    string? LiftedBy,
    Instant? LiftedAt,
    string? LiftReason,
    int OpenTasks
);

/// <summary>
/// Declares and lifts conflicts of interest. What they exclude is a rule of <c>Eligibility</c>, the same for lists, verbs and the push engine.
/// </summary>
public static class Conflicts
{
    /// <summary>Longest reason.</summary>
    public const int LongestReason = 500;

    private const int LongestCustomer = 200;

    /// <summary>A person's conflicts, also lifted ones: those in force first, then the latest.</summary>
    public static async Task<IReadOnlyList<ConflictOfInterest>> OfAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select c.id, c.customer_id, (select j.customer_name from journey_case j where j.customer_id = c.customer_id order by j.created_at desc limit 1),
                c.reason, c.declared_by, c.declared_at, c.lifted_by, c.lifted_at, c.lift_reason,
                case when c.lifted_at is null then (select count(*)::int from task t join journey_case j on j.id = t.instance_id
                    where t.owner_id = $1 and t.ended_at is null and j.customer_id = c.customer_id) else 0 end
            from conflict c where c.person_id = $1 order by c.lifted_at is not null, c.declared_at desc, c.id limit 200
            """,
            person
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var conflicts = new List<ConflictOfInterest>();
        while (await r.ReadAsync(cancel))
            conflicts.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.Text(2),
                    r.GetString(3),
                    r.GetString(4),
                    r.Instant(5),
                    r.Text(6),
                    r.IsDBNull(7) ? null : r.Instant(7),
                    r.Text(8),
                    r.GetInt32(9)
                )
            );
        return conflicts;
    }

    /// <summary>Declares one. Offers of the customer's work are withdrawn; tasks that the person has stay theirs, but can't be completed by them.</summary>
    /// <param name="customer">Id of the customer.</param>
    /// <param name="reason">Why; required.</param>
    /// <param name="actor">Steers the person.</param>
    public static async Task<ConflictResult> DeclareAsync(
        WorkflowRuntime runtime,
        Guid person,
        string? customer,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (!await TeamQueries.SteersPersonAsync(runtime.Database, actor, person, cancel))
            return new ConflictResult.NotFound();
        (customer, reason) = (customer?.Trim(), reason?.Trim());
        var errors = new Dictionary<string, string[]>();
        if (string.IsNullOrEmpty(customer))
            errors["customerId"] = ["is required: the id of the customer, as cases name it"];
        else if (customer.Length > LongestCustomer)
            errors["customerId"] = [$"must have at most {LongestCustomer} characters"];
        CheckReason(reason, errors);
        if (errors.Count > 0)
            return new ConflictResult.Invalid(errors);
        var now = runtime.Clock.Now();
        var id = Ids.New(now);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor.UserName, now, cancel);
        await using (var insert = connection.CreateBatch())
        {
            insert.Add(
                """
                insert into conflict (id, person_id, customer_id, reason, declared_by, declared_at) values ($1, $2, $3, $4, $5, $6)
                on conflict (person_id, customer_id) where lifted_at is null do nothing
                """,
                id,
                person,
                customer,
                reason,
                actor.UserName,
                now
            );
            if (await insert.ExecuteNonQueryAsync(cancel) == 0)
                return new ConflictResult.Exists();
        }

        await using var batch = connection.CreateBatch();
        history.Add("person.conflict-declared", new { changes = new[] { Change("", customer!) }, reason });
        history.WriteTo(batch);
        // The push engine looks at the team, and withdraws what they may no longer have.
        batch.BatchCommands.Add(AskForWork.For([person], "conflict", now));
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Person, person)]);
        return new ConflictResult.Done(id);
    }

    /// <summary>Lifts one. It is kept.</summary>
    /// <param name="conflict">Which.</param>
    /// <param name="reason">Why it is none any more; required.</param>
    /// <param name="actor">Steers the person. No one lifts a conflict of their own.</param>
    public static async Task<ConflictResult> LiftAsync(
        WorkflowRuntime runtime,
        Guid person,
        Guid conflict,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (!await TeamQueries.SteersPersonAsync(runtime.Database, actor, person, cancel))
            return new ConflictResult.NotFound();
        reason = reason?.Trim();
        var errors = new Dictionary<string, string[]>();
        CheckReason(reason, errors);
        if (errors.Count > 0)
            return new ConflictResult.Invalid(errors);
        if (actor.Id == person)
            return new ConflictResult.OwnConflict();
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor.UserName, now, cancel);
        string customer;
        await using (var lift = connection.CreateBatch())
        {
            lift.Add(
                """
                update conflict set lifted_by = $3, lifted_at = $4, lift_reason = $5 where id = $1 and person_id = $2 and lifted_at is null
                returning customer_id
                """,
                conflict,
                person,
                actor.UserName,
                now,
                reason
            );
            if (await lift.ExecuteScalarAsync(cancel) is not string found)
                return new ConflictResult.NotFound();
            customer = found;
        }

        await using var batch = connection.CreateBatch();
        history.Add("person.conflict-lifted", new { changes = new[] { Change(customer, "") }, reason });
        history.WriteTo(batch);
        batch.BatchCommands.Add(AskForWork.For([person], AskForWork.Eligible, now));
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Person, person)]);
        return new ConflictResult.Done(conflict);
    }

    private static object Change(string from, string to) =>
        new
        {
            field = "customer",
            from,
            to,
        };

    private static void CheckReason(string? reason, Dictionary<string, string[]> errors)
    {
        if (string.IsNullOrEmpty(reason))
            errors["reason"] = ["is required"];
        else if (reason.Length > LongestReason)
            errors["reason"] = [$"must have at most {LongestReason} characters"];
    }
}

/// <summary>How declaring or lifting a conflict went.</summary>
public abstract record ConflictResult
{
    private ConflictResult() { }

    /// <summary>Declared or lifted.</summary>
    public sealed record Done(Guid Id) : ConflictResult;

    /// <summary>What is wrong, by field; a reason completes a sentence that begins with the field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : ConflictResult;

    /// <summary>The person has this conflict already.</summary>
    public sealed record Exists : ConflictResult;

    /// <summary>Someone else must lift it.</summary>
    public sealed record OwnConflict : ConflictResult;

    /// <summary>There is no such person or conflict in force, or the actor doesn't steer the person.</summary>
    public sealed record NotFound : ConflictResult;
}
