using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Retention;

/// <summary>
/// Places, lifts and lists legal holds. A hold beats retention and erasure. A removal shares a lock from before it looks at holds until it
/// commits, and placing takes it alone: a hold that was placed is seen by every removal that ends after it. Callers have checked the role.
/// </summary>
public static class LegalHolds
{
    /// <summary>Longest reason.</summary>
    public const int LongestReason = 1000;

    private const string Chain = "holds";
    private const int LongestWords = 100;

    private const string Select = """
        select h.id, h.case_id, h.customer_id, h.journey, h.started_from, h.started_before, h.words, c.reference, k.name, h.reason, h.placed_by, h.placed_at,
            h.until_at, h.lifted_by, h.lifted_at, h.lift_reason
        from legal_hold h left join journey_case c on c.id = h.case_id left join customer k on k.id = h.customer_id
        """;

    /// <summary>Takes the lock of removals, until the transaction ends. Holds are to be read by a later statement.</summary>
    internal static NpgsqlBatchCommand RemovalLock() => Sql.Command("select lock_holds(false)");

    /// <summary>Places a hold. It waits for removals that are under way: what they removed is not held any more.</summary>
    /// <param name="scope">What it takes in.</param>
    /// <param name="reason">Why.</param>
    /// <param name="until">Last day (UTC); null: until it is lifted.</param>
    public static async Task<HoldResult> PlaceAsync(
        WorkflowRuntime runtime,
        HoldScope scope,
        string? reason,
        LocalDate? until,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var now = runtime.Clock.Now();
        scope = scope with { Words = Blank(scope.Words), Journey = Blank(scope.Journey) };
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        var errors = Check(scope, reason, until, now);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (errors.Count == 0)
            await CheckExistsAsync(connection, scope, errors, cancel);
        if (errors.Count > 0)
            return new HoldResult.Invalid(errors);
        var id = Ids.New(now);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into legal_hold (id, case_id, customer_id, journey, started_from, started_before, words, reason, placed_by, placed_at, until_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            id,
            scope.CaseId,
            scope.CustomerId,
            scope.Journey,
            Day(scope.StartedFrom),
            Day(scope.StartedUntil?.PlusDays(1)),
            scope.Words,
            reason,
            actor.UserName,
            now,
            Day(until?.PlusDays(1))
        );
        await RecordAsync(
            connection,
            batch,
            id,
            "hold.placed",
            new
            {
                scope = Told(scope),
                reason,
                until = until?.ToString(),
            },
            actor,
            now,
            cancel
        );
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new HoldResult.Done(id);
    }

    /// <summary>Lifts a hold.</summary>
    /// <param name="reason">Why; required.</param>
    public static async Task<HoldResult> LiftAsync(WorkflowRuntime runtime, Guid id, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        if (Reason(reason) is { } wrong)
            return new HoldResult.Invalid(new Dictionary<string, string[]> { ["reason"] = [wrong] });
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var find = connection.CreateBatch())
        {
            find.Add("select lifted_at is not null from legal_hold where id = $1 for update", id);
            if (await find.ExecuteScalarAsync(cancel) is not bool lifted)
                return new HoldResult.NotFound();
            if (lifted)
                return new HoldResult.Ended();
        }

        await using var batch = connection.CreateBatch();
        batch.Add("update legal_hold set lifted_by = $2, lifted_at = $3, lift_reason = $4 where id = $1", id, actor.UserName, now, reason);
        await RecordAsync(connection, batch, id, "hold.lifted", new { reason }, actor, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new HoldResult.Done(id);
    }

    /// <summary>Holds, those in force first, then the newest.</summary>
    public static async Task<IReadOnlyList<LegalHold>> ListAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"{Select} order by h.lifted_at is not null or coalesce(h.until_at <= $1, false), h.placed_at desc, h.id limit 200",
            now
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>A hold, or null.</summary>
    public static async Task<LegalHold?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Select} where h.id = $1", id);
        return await ReadAsync(query, cancel) is [var found, ..] ? found : null;
    }

    /// <summary>What people call a case and a customer that may be held; null: there is none.</summary>
    public static async Task<(string? Case, string? Customer)> NamesAsync(
        NpgsqlDataSource database,
        Guid @case,
        Guid customer,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            "select (select reference from journey_case where id = $1 and test_by is null), (select name from customer where id = $2)",
            @case,
            customer
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return (r.Text(0), r.Text(1));
    }

    /// <summary>Holds in force of a case.</summary>
    public static async Task<IReadOnlyList<LegalHold>> OfCaseAsync(NpgsqlDataSource database, Guid @case, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"{Select} where h.id in (select hold_id from holds_of($1, $2)) order by h.placed_at, h.id",
            new[] { @case },
            now
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>Holds in force of a customer: of the record, its duplicates, or any of their cases.</summary>
    /// <param name="survivor">The record that is left after merging.</param>
    public static async Task<IReadOnlyList<LegalHold>> OfCustomerAsync(
        NpgsqlDataSource database,
        Guid survivor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query($"{Select} where h.id in ({OfCustomer("$1", "$2")}) order by h.placed_at, h.id", survivor, now);
        return await ReadAsync(query, cancel);
    }

    /// <summary>SQL of the ids of the holds in force of a customer.</summary>
    internal static string OfCustomer(string survivor, string now) =>
        $"""
            select h.id from legal_hold h join customer k on k.id = h.customer_id
            where k.survivor = {survivor} and h.lifted_at is null and (h.until_at is null or h.until_at > {now})
            union
            select hold_id from holds_of(array(
                select c.id from customer k join journey_case c on c.customer_id = k.number where k.survivor = {survivor}), {now})
            """;

    /// <summary>Cases that a hold takes in now, the newest first, at most a limit; whether it is still in force doesn't matter.</summary>
    public static async Task<IReadOnlyList<HeldCase>> CasesAsync(NpgsqlDataSource database, Guid id, int limit, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select c.id, c.reference, c.journey, c.customer_name, c.created_at, i.finished_at
            from legal_hold h join journey_case c on hold_fits(h, c) join workflow_instance i on i.id = c.id
            where h.id = $1 order by c.created_at desc, c.id limit $2
            """,
            id,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var cases = new List<HeldCase>();
        while (await r.ReadAsync(cancel))
            cases.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Instant(4), r.InstantOrNull(5)));
        return cases;
    }

    private static Dictionary<string, string[]> Check(HoldScope scope, string reason, LocalDate? until, Instant now)
    {
        var errors = new Dictionary<string, string[]>();
        if (Reason(reason) is { } wrong)
            errors["reason"] = [wrong];
        if (scope.IsEmpty)
            errors["scope"] = ["must name a case, a customer, a journey, days or words"];
        else if (scope.CaseId is not null && scope != new HoldScope(scope.CaseId))
            errors["scope"] = ["can't name a case and something else"];
        if (scope.Words is { } words && Unfit(words, LongestWords) is { } unfit)
            errors["words"] = [unfit];
        if (scope.StartedFrom > scope.StartedUntil)
            errors["startedUntil"] = ["must not be before startedFrom"];
        if (until <= now.InUtc().Date)
            errors["until"] = ["must be after today"];
        return errors;
    }

    private static async Task CheckExistsAsync(NpgsqlConnection connection, HoldScope scope, Dictionary<string, string[]> errors, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select lock_holds(true)");
        batch.Add(
            """
            select $1::uuid is null or exists (select from journey_case where id = $1 and test_by is null),
                $2::uuid is null or exists (select from customer where id = $2),
                $3::text is null or exists (select from workflow_definition where definition_id = $3)
            """,
            scope.CaseId,
            scope.CustomerId,
            scope.Journey
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.NextResultAsync(cancel);
        await r.ReadAsync(cancel);
        foreach (var (column, field, what) in new[] { (0, "caseId", "case"), (1, "customerId", "customer"), (2, "journey", "journey") })
        {
            if (!r.GetBoolean(column))
                errors[field] = [$"is no {what} that exists"];
        }
    }

    /// <summary>Why a reason can't be kept, or null.</summary>
    internal static string? Reason(string reason) => reason.Length == 0 ? "is required" : Unfit(reason, LongestReason);

    private static string? Unfit(string text, int most) => text.Length > most ? $"must have at most {most} characters" : Engine.Model.WorkflowData.Unfit(text);

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static Instant? Day(LocalDate? day) => day?.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant();

    private static LocalDate? DayOf(Instant? at) => at?.InUtc().Date;

    // History keeps no words: they can be someone's name.
    private static object Told(HoldScope scope) =>
        new
        {
            caseId = scope.CaseId,
            customerId = scope.CustomerId,
            journey = scope.Journey,
            startedFrom = scope.StartedFrom?.ToString(),
            startedUntil = scope.StartedUntil?.ToString(),
            words = scope.Words is null ? (bool?)null : true,
        };

    private static async Task RecordAsync(
        NpgsqlConnection connection,
        NpgsqlBatch batch,
        Guid id,
        string action,
        object payload,
        Person actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, Chain, actor.UserName, now, cancel);
        history.Add(new(action, "hold", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
    }

    private static async Task<IReadOnlyList<LegalHold>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var holds = new List<LegalHold>();
        while (await r.ReadAsync(cancel))
            holds.Add(
                new(
                    r.GetGuid(0),
                    new(r.GuidOrNull(1), r.GuidOrNull(2), r.Text(3), DayOf(r.InstantOrNull(4)), DayOf(r.InstantOrNull(5))?.PlusDays(-1), r.Text(6)),
                    r.Text(7),
                    r.Text(8),
                    r.GetString(9),
                    r.GetString(10),
                    r.Instant(11),
                    r.InstantOrNull(12),
                    r.Text(13),
                    r.InstantOrNull(14),
                    r.Text(15)
                )
            );
        return holds;
    }
}
