using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.PromiseLedger;

/// <summary>Which promises to look at.</summary>
public sealed record LedgerFilter
{
    /// <summary>Made since then.</summary>
    public required Instant Since { get; init; }

    /// <summary>A customer's record and its duplicates.</summary>
    public Guid? Customer { get; init; }

    /// <summary>User name of who made it.</summary>
    public string? Person { get; init; }

    /// <summary>Key of the team that is to keep it.</summary>
    public string? Team { get; init; }
    public string? Journey { get; init; }

    /// <summary>Where it stands; null: anywhere.</summary>
    public PromiseState? State { get; init; }

    /// <summary>Only those that were moved to a later date.</summary>
    public bool Moved { get; init; }

    /// <summary>Number of a band of <see cref="ReadLedger.Edges"/>; null: any chance, or none.</summary>
    public int? Band { get; init; }
}

/// <summary>A promise in the ledger.</summary>
/// <param name="Id">Its clock.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="Customer">Name of the customer.</param>
/// <param name="What">What was promised.</param>
/// <param name="MadeBy">Who promised it.</param>
/// <param name="Team">Title of the team that is to keep it, or null.</param>
/// <param name="MadeAt">When.</param>
/// <param name="DueAt">By when now.</param>
/// <param name="Chance">How likely it was when it was made, or null.</param>
/// <param name="Basis">What said so.</param>
/// <param name="Reason">Why it was made although it was likely to be broken, or null.</param>
/// <param name="State">Where it stands.</param>
public sealed record LedgerPromise(
    Guid Id,
    Guid CaseId,
    string Reference,
    string Customer,
    string What,
    string MadeBy,
    string? Team,
    Instant MadeAt,
    Instant DueAt,
    double? Chance,
    OddsBasis? Basis,
    string? Reason,
    PromiseState State
)
{
    /// <summary>How often the customer agreed to a later date.</summary>
    public int Moves { get; init; }
}

/// <summary>How many promises stand where.</summary>
public sealed record LedgerCounts(int Open, int Overdue, int Kept, int KeptLate, int Broken, int Withdrawn)
{
    /// <summary>How many of all were moved to a later date that the customer agreed to.</summary>
    public int Moved { get; init; }

    /// <summary>All of them.</summary>
    public int All => Open + Overdue + Kept + KeptLate + Broken + Withdrawn;

    /// <summary>The share that was kept in time, of those that were kept or whose time has passed; null without any.</summary>
    public double? KeptShare => Kept + KeptLate + Broken + Overdue is > 0 and var over ? (double)Kept / over : null;

    /// <summary>How many stand like this.</summary>
    public int Of(PromiseState state) =>
        state switch
        {
            PromiseState.Open => Open,
            PromiseState.Overdue => Overdue,
            PromiseState.Kept => Kept,
            PromiseState.KeptLate => KeptLate,
            PromiseState.Broken => Broken,
            _ => Withdrawn,
        };
}

/// <summary>Promises of one person, team or customer.</summary>
/// <param name="Key">User name, team or record; empty: none.</param>
/// <param name="Title">Name on pages.</param>
public sealed record PromiseTally(string Key, string Title, LedgerCounts Counts);

/// <summary>What was said of promises in a band of chances, and what came of them.</summary>
/// <param name="From">Lowest chance.</param>
/// <param name="To">Highest chance.</param>
/// <param name="Count">Promises that were kept, or whose time has passed.</param>
/// <param name="Kept">Of these, kept in time.</param>
/// <param name="Said">The mean chance that was said.</param>
public sealed record SaidAndKept(double From, double To, int Count, int Kept, double Said);

/// <summary>The ledger of promises.</summary>
/// <param name="Counts">How many stand where.</param>
/// <param name="Promises">The newest first, at most 100.</param>
/// <param name="People">By who made them, those with most first.</param>
/// <param name="Teams">By the team that is to keep them.</param>
/// <param name="Customers">By customer, those with most broken first.</param>
/// <param name="Calibration">What was said, and what came of it.</param>
/// <param name="Brier">Mean squared error of what was said: 0 is perfect, 0.25 is a coin; null without any.</param>
public sealed record Ledger(
    LedgerCounts Counts,
    IReadOnlyList<LedgerPromise> Promises,
    IReadOnlyList<PromiseTally> People,
    IReadOnlyList<PromiseTally> Teams,
    IReadOnlyList<PromiseTally> Customers,
    IReadOnlyList<SaidAndKept> Calibration,
    double? Brier
);

/// <summary>Reads the ledger: promises of the cases that the person sees.</summary>
public static class ReadLedger
{
    /// <summary>Where bands of chances begin and end.</summary>
    public static readonly IReadOnlyList<double> Edges = [0, 0.3, 0.5, 0.7, 0.9, 1];

    private const int Most = 100;
    private const int MostRows = 12;

    private const string State = "case when p.outcome <> 'Open' then p.outcome when k.due_at <= $2 then 'Overdue' else 'Open' end";

    // What is past its time is broken at once, whether or not someone has said so.
    private const string Over = "'Kept', 'KeptLate', 'Broken', 'Overdue'";

    private const string Counts = """
        (count(*) filter (where f.state = 'Open'))::int, (count(*) filter (where f.state = 'Overdue'))::int, (count(*) filter (where f.state = 'Kept'))::int,
            (count(*) filter (where f.state = 'KeptLate'))::int, (count(*) filter (where f.state = 'Broken'))::int,
            (count(*) filter (where f.state = 'Withdrawn'))::int, (count(*) filter (where f.moves > 0))::int
        """;

    public static async Task<Ledger> RunAsync(NpgsqlDataSource database, LedgerFilter filter, Person actor, Instant now, CancellationToken cancel = default)
    {
        var found = $"""
            with found as materialized (
                select p.*, {State} state, k.name what, k.due_at now_due, c.reference, s.id customer, s.name customer_name,
                    case when p.chance is not null then width_bucket(p.chance::float8, array[0, 0.3, 0.5, 0.7, 0.9]::float8[]) - 1 end band
                from promise p join sla_clock k on k.id = p.clock_id join journey_case c on c.id = p.case_id
                left join customer m on m.number = c.customer_id left join customer s on s.id = m.survivor
                where p.made_at >= $4 and c.test_by is null and ($3 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})
                    and ($5::uuid is null or s.id = $5) and ($6::text is null or p.made_by = $6) and ($7::text is null or p.team = $7)
                    and ($8::text is null or c.journey = $8)),
            f as (select * from found where ($9::text is null or state = $9) and (not $11 or moves > 0)
                and ($10::int is null or (band = $10 and state in ({Over}))))
            """;
        object?[] values =
        [
            actor.Id,
            now,
            Eligibility.SeesAll(actor),
            filter.Since,
            filter.Customer,
            filter.Person,
            filter.Team,
            filter.Journey,
            filter.State?.ToString(),
            filter.Band,
            filter.Moved,
        ];
        await using var batch = database.CreateBatch();

        // The numbers above the list are of everything but the state, so that each opens its list.
        batch.Add($"{found} select {Counts} from found f", values);
        batch.Add(
            $"""
            {found} select f.clock_id, f.case_id, f.reference, coalesce(f.customer_name, ''), f.what, coalesce(e.display_name, f.made_by),
                coalesce(t.title, f.team),
                f.made_at, coalesce(f.now_due, f.due_at), f.chance, f.basis, f.reason, f.state, f.moves
            from f left join person e on e.user_name = f.made_by left join team t on t.key = f.team order by f.made_at desc, f.clock_id desc limit {Most}
            """,
            values
        );
        batch.Add(
            $"{found} select f.made_by, coalesce(e.display_name, f.made_by), {Counts} from found f left join person e on e.user_name = f.made_by "
                + $"group by 1, 2 order by count(*) desc, 2 limit {MostRows}",
            values
        );
        batch.Add(
            $"{found} select coalesce(f.team, ''), coalesce(t.title, f.team, 'No team'), {Counts} from found f left join team t on t.key = f.team "
                + $"group by 1, 2 order by count(*) desc, 2 limit {MostRows}",
            values
        );
        batch.Add(
            $"{found} select replace(f.customer::text, '-', ''), f.customer_name, {Counts} from found f where f.customer is not null "
                + $"group by 1, 2 order by count(*) filter (where f.state in ('Broken', 'KeptLate', 'Overdue')) desc, count(*) desc, 2 limit {MostRows}",
            values
        );
        batch.Add(
            $"""
            {found} select f.band, count(*)::int, (count(*) filter (where f.state = 'Kept'))::int, avg(f.chance)::float8,
                sum((f.chance - (f.state = 'Kept')::int) ^ 2)::float8
            from found f where f.chance is not null and f.state in ({Over}) group by 1 order by 1
            """,
            values
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        var counts = CountsOf(r, 0);
        await r.NextResultAsync(cancel);
        var promises = new List<LedgerPromise>();
        while (await r.ReadAsync(cancel))
        {
            promises.Add(
                new(
                    r.GetGuid(0),
                    r.GetGuid(1),
                    r.GetString(2),
                    r.GetString(3),
                    r.GetString(4),
                    r.GetString(5),
                    r.Text(6),
                    r.Instant(7),
                    r.Instant(8),
                    r.IsDBNull(9) ? null : r.GetFloat(9),
                    r.Text(10) is { } basis ? Enum.Parse<OddsBasis>(basis) : null,
                    r.Text(11),
                    Enum.Parse<PromiseState>(r.GetString(12))
                )
                {
                    Moves = r.GetInt32(13),
                }
            );
        }

        var (people, teams, customers) = (await RowsAsync(r, cancel), await RowsAsync(r, cancel), await RowsAsync(r, cancel));
        await r.NextResultAsync(cancel);
        var bands = Enumerable.Range(0, Edges.Count - 1).Select(i => new SaidAndKept(Edges[i], Edges[i + 1], 0, 0, 0)).ToArray();
        var error = 0.0;
        while (await r.ReadAsync(cancel))
        {
            bands[r.GetInt32(0)] = bands[r.GetInt32(0)] with { Count = r.GetInt32(1), Kept = r.GetInt32(2), Said = r.GetDouble(3) };
            error += r.GetDouble(4);
        }

        var known = bands.Sum(band => band.Count);
        return new(counts, promises, people, teams, customers, bands, known == 0 ? null : error / known);
    }

    private static async Task<List<PromiseTally>> RowsAsync(NpgsqlDataReader r, CancellationToken cancel)
    {
        await r.NextResultAsync(cancel);
        var rows = new List<PromiseTally>();
        while (await r.ReadAsync(cancel))
            rows.Add(new(r.GetString(0), r.GetString(1), CountsOf(r, 2)));
        return rows;
    }

    private static LedgerCounts CountsOf(NpgsqlDataReader r, int from) =>
        new(r.GetInt32(from), r.GetInt32(from + 1), r.GetInt32(from + 2), r.GetInt32(from + 3), r.GetInt32(from + 4), r.GetInt32(from + 5))
        {
            Moved = r.GetInt32(from + 6),
        };
}
