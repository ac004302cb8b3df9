using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Customers;

/// <summary>An open promise in the front office's list.</summary>
/// <param name="ClockId">Its clock.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="CustomerId">Record of the customer.</param>
/// <param name="CustomerName">Their name.</param>
/// <param name="Phone">A number to call; null: none, or the customer is sensitive and the reader gave no reason yet.</param>
/// <param name="State">The promise.</param>
public sealed record DuePromise(Guid ClockId, Guid CaseId, string Reference, Guid CustomerId, string CustomerName, string? Phone, ClockState State);

/// <summary>A case whose customer waits longer than they were told.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Journey">Its journey.</param>
/// <param name="CustomerId">Record of the customer.</param>
/// <param name="CustomerName">Their name.</param>
/// <param name="Step">Its oldest open step, or null.</param>
/// <param name="Owner">Who has it, or null.</param>
/// <param name="Clock">What is overdue: the worst clock of the case and its tasks.</param>
public sealed record WaitingCase(
    Guid CaseId,
    string Reference,
    string Journey,
    Guid CustomerId,
    string CustomerName,
    string? Step,
    string? Owner,
    WorstClock Clock
);

/// <summary>What the front office has to do today.</summary>
/// <param name="CallBacks">Open promises that are overdue or due soon, by when.</param>
/// <param name="AtRisk">Later ones that are likely to be missed by the forecast, or, without one, of which three quarters of the time have passed.</param>
/// <param name="Waiting">Cases that are late and don't wait for the customer, the longest first.</param>
/// <param name="WaitingCount">How many there are, at most a thousand.</param>
public sealed record FrontOfficeDay(IReadOnlyList<DuePromise> CallBacks, IReadOnlyList<DuePromise> AtRisk, IReadOnlyList<WaitingCase> Waiting, int WaitingCount)
{
    /// <summary>What customers wrote and nobody answered, the oldest first.</summary>
    public required IReadOnlyList<OpenMessage> Messages { get; init; }
}

/// <summary>Reads the front office's day: of the cases that the reader sees.</summary>
public static class FrontOffice
{
    /// <summary>How far “today” looks ahead: the server doesn't know where the reader's day ends.</summary>
    public static readonly Duration Today = Duration.FromHours(24);

    private const int Most = 50;
    private const int MostWaiting = 10;

    // $1: the reader, $2: now, $3: whether they see every case.
    private static readonly string Sees = $"($3 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})";

    private static readonly string Promises = $"""
        select o.clock_id, o.instance_id, c.reference, s.id, s.name, case when not is_guarded_number(c.customer_id, $1, $2) then s.phones[1] end, k.state
        from open_promise o join sla_clock k on k.id = o.clock_id
        left join forecast_clock f on f.clock_id = o.clock_id and f.settled_at is null join journey_case c on c.id = o.instance_id
        join customer m on m.number = c.customer_id join customer s on s.id = m.survivor where {Sees}
        """;

    // Without a forecast, by how much of the time has passed.
    private const string AtRisk = "coalesce(f.breach >= 0.5, k.risk_at <= $2)";

    private static readonly string Late = $"""
        c.due_at <= $2 and c.test_by is null and {Sees}
            and not exists (select from task t where t.instance_id = c.id and t.suspended_reason = '{ResumeTask.WaitsForCustomer}')
        """;

    public static async Task<FrontOfficeDay> ReadAsync(NpgsqlDataSource database, Person actor, Instant now, CancellationToken cancel = default)
    {
        await using var batch = database.CreateBatch();
        object[] reader = [actor.Id, now, Eligibility.SeesAll(actor)];
        batch.Add($"{Promises} and o.due_at <= $4 order by o.due_at, o.clock_id limit {Most}", [.. reader, now + Today]);
        batch.Add($"{Promises} and o.due_at > $4 and {AtRisk} order by o.due_at, o.clock_id limit {Most}", [.. reader, now + Today]);
        batch.Add(
            $"""
            select c.id, c.reference, c.journey, s.id, s.name, o.title, o.display_name, {WorstClock.Columns} from journey_case c
            join customer m on m.number = c.customer_id join customer s on s.id = m.survivor
            left join lateral (select t.title, p.display_name from task t left join person p on p.id = t.owner_id
                where t.instance_id = c.id and t.ended_at is null order by t.created_at limit 1) o on true
            {WorstClock.OfCaseRow("$2")}
            where {Late} order by c.due_at, c.id limit {MostWaiting}
            """,
            reader
        );
        batch.Add($"select count(*)::int from (select from journey_case c where {Late} limit 1000) late", reader);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var callBacks = await PromisesAsync(r, cancel);
        await r.NextResultAsync(cancel);
        var atRisk = await PromisesAsync(r, cancel);
        await r.NextResultAsync(cancel);
        var waiting = new List<WaitingCase>();
        while (await r.ReadAsync(cancel))
        {
            waiting.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetGuid(3), r.GetString(4), r.Text(5), r.Text(6), WorstClock.Read(r)!));
        }

        await r.NextResultAsync(cancel);
        await r.ReadAsync(cancel);
        return new(callBacks, atRisk, waiting, r.GetInt32(0)) { Messages = await OpenMessages.ListAsync(database, null, actor, now, cancel) };
    }

    private static async Task<List<DuePromise>> PromisesAsync(NpgsqlDataReader r, CancellationToken cancel)
    {
        var promises = new List<DuePromise>();
        while (await r.ReadAsync(cancel))
        {
            if (ClockJson.TryRead(r.Utf8(6), out var state))
                promises.Add(new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetGuid(3), r.GetString(4), r.Text(5), state));
        }

        return promises;
    }
}
