using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.PromiseLedger;

/// <summary>Settings of promises.</summary>
/// <param name="LeastChance">A promise that is less likely to be kept needs a reason; from 0 to 1.</param>
public sealed record PromiseSettings(double LeastChance = 0.5);

/// <summary>
/// Makes promises after a look at whether they can be kept: by the forecast of the office if the step is open, else by how long other cases took from where
/// this one is, else by what became of promises with as much time. What is said is kept with the promise, so that it can be compared with what comes of it.
/// </summary>
public sealed class MakePromise(ClockRuntime clocks, ForecastOffice office, PromiseSettings settings)
{
    /// <summary>How far back other cases and promises are looked at.</summary>
    public static readonly Duration Back = Duration.FromDays(180);

    /// <summary>With fewer cases or promises, nothing is said.</summary>
    public const int FewestSamples = 10;

    private const int Most = 500;

    /// <summary>The clocks.</summary>
    public ClockRuntime Clocks => clocks;

    /// <summary>Whether a promise needs a reason.</summary>
    public bool NeedsReason(PromiseOdds? odds) => odds is not null && odds.Chance < settings.LeastChance;

    /// <summary>Makes a promise. The caller has checked that the person can see the case.</summary>
    public async Task<PromiseResult> RunAsync(Guid @case, PromiseRequest request, Person actor, CancellationToken cancel = default)
    {
        var odds = await OddsAsync(@case, request.Step, request.DueAt, cancel);
        return NeedsReason(odds) && request.Reason is null
            ? new PromiseResult.Unlikely(odds!)
            : await Promises.MakeAsync(clocks, @case, request with { Odds = odds }, actor, cancel);
    }

    /// <summary>Moves a promise to a later date that the customer agreed to. The caller has checked that the person can see the case.</summary>
    /// <param name="reason">Why this date; required if it is likely to be broken, too.</param>
    public async Task<PromiseResult> MoveAsync(Guid @case, Guid promise, Instant due, string? reason, Person actor, CancellationToken cancel = default)
    {
        await using var query = clocks.Runtime.Database.Query("select step from promise where clock_id = $1 and case_id = $2", promise, @case);
        if (await query.ExecuteScalarAsync(cancel) is not { } step)
            return new PromiseResult.NotFound();
        var odds = await OddsAsync(@case, step as string, due, cancel);
        return NeedsReason(odds) && reason is null
            ? new PromiseResult.Unlikely(odds!)
            : await Promises.MoveAsync(clocks, @case, promise, due, reason, odds, actor, cancel: cancel);
    }

    /// <summary>The step that a case is at: the oldest open one that doesn't wait for the customer, else the oldest open one; null: none is open.</summary>
    public static async Task<string?> OpenStepAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select activity_id from task where instance_id = $1 and ended_at is null order by state = 'Suspended', created_at, id limit 1",
            @case
        );
        return await query.ExecuteScalarAsync(cancel) as string;
    }

    /// <summary>How likely a promise is to be kept; null: nobody can say.</summary>
    /// <param name="step">Id of the step that keeps it, or null.</param>
    /// <param name="due">By when.</param>
    public async Task<PromiseOdds?> OddsAsync(Guid @case, string? step, Instant due, CancellationToken cancel = default)
    {
        var now = clocks.Runtime.Clock.Now();
        if (due <= now)
            return null;
        if (step is null)
            return await OfPromisesAsync(now, due, cancel);
        await using (
            var open = clocks.Runtime.Database.Query(
                "select id from task where instance_id = $1 and activity_id = $2 and ended_at is null order by created_at limit 1",
                @case,
                step
            )
        )
        {
            if (await open.ExecuteScalarAsync(cancel) is Guid task && await office.EndOfAsync(@case, task, due, cancel) is var (share, by, runs))
                return new(share, by, OddsBasis.Forecast, runs);
        }

        return await OfStepsAsync(@case, step, now, due, cancel);
    }

    private async Task<PromiseOdds?> OfStepsAsync(Guid @case, string step, Instant now, Instant due, CancellationToken cancel)
    {
        await using var query = clocks.Runtime.Database.Query(
            """
            with here as (select c.journey, t.activity_id, t.created_at from task t join journey_case c on c.id = t.instance_id where c.id = $1
                order by t.ended_at is null desc, t.created_at desc limit 1)
            select h.created_at, a.opened_at, x.ended_at from here h join step_fact a on a.journey = h.journey and a.step = h.activity_id
            join lateral (select min(b.ended_at) ended_at from step_fact b where b.chain_id = a.chain_id and b.step = $2 and b.ended_as = 'Completed'
                and b.ended_at > a.opened_at) x on x.ended_at is not null
            where a.opened_at >= $3 and a.chain_id <> $1 order by a.opened_at desc limit $4
            """,
            @case,
            step,
            now - Back,
            Most
        );
        var calendar = FutureShifts.OfficeCalendar(clocks.ServiceLevels);
        var (samples, since) = (new List<double>(), now);
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            since = r.Instant(0);
            samples.Add(Minutes(calendar, r.Instant(1), r.Instant(2)));
        }

        return PromiseChance.Of(samples, Minutes(calendar, since, now), Minutes(calendar, now, due)) is var (chance, likely, alive)
            ? new(chance, After(calendar, now, likely), OddsBasis.Steps, alive)
            : null;
    }

    /// <summary>
    /// By promises that bound no step either: those with about as much time, from half to twice; with too few of these, by how soon all of them were kept. What
    /// was kept by a later date that the customer agreed to wasn't kept by the one that was promised.
    /// </summary>
    private async Task<PromiseOdds?> OfPromisesAsync(Instant now, Instant due, CancellationToken cancel)
    {
        await using var query = clocks.Runtime.Database.Query(
            """
            select (count(*) filter (where alike))::int, (count(*) filter (where alike and kept_at <= due_at))::int, count(*)::int,
                (count(*) filter (where kept_at - made_at <= $3))::int
            from (select due_at, made_at,
                case when outcome in ('Kept', 'KeptLate') then settled_at end kept_at, due_at - made_at between $3 / 2 and $3 * 2 alike
                from promise where step is null and made_at >= $1
                    and (outcome in ('Kept', 'KeptLate', 'Broken') or outcome = 'Open' and due_at <= $2)) p
            """,
            now - Back,
            now,
            (due - now).ToTimeSpan()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        var (alike, kept, all, soon) = (r.GetInt32(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3));
        return alike >= FewestSamples ? new(PromiseChance.Share(kept, alike), null, OddsBasis.Promises, alike)
            : all >= FewestSamples ? new(PromiseChance.Share(soon, all), null, OddsBasis.Promises, all)
            : null;
    }

    internal static double Minutes(BusinessCalendar? calendar, Instant from, Instant to) => (calendar?.Between(from, to) ?? to - from).TotalMinutes;

    internal static Instant After(BusinessCalendar? calendar, Instant from, double minutes) =>
        calendar?.Add(from, Duration.FromMinutes(minutes)) ?? from + Duration.FromMinutes(minutes);
}

/// <summary>Chances from what was measured. Pure.</summary>
public static class PromiseChance
{
    /// <summary>
    /// The chance that what has lasted for a while is over in time, from how long others took: only those count that lasted as long. Null: too few did.
    /// </summary>
    /// <param name="others">How long others took, in minutes.</param>
    /// <param name="passed">How long it has lasted.</param>
    /// <param name="left">How much time there is.</param>
    /// <returns>The chance, in how many minutes four of five are over, and of how many that is.</returns>
    public static (double Chance, double Likely, int Alive)? Of(IReadOnlyCollection<double> others, double passed, double left)
    {
        return Left(others, passed) is var (_, likely, alive)
            ? (Share(others.Count(minutes => minutes > passed && minutes <= passed + left), alive), likely, alive)
            : null;
    }

    /// <summary>In how many minutes half and four of five are over of those that lasted as long, and how many that is. Null: too few did.</summary>
    /// <param name="others">How long others took, in minutes.</param>
    /// <param name="passed">How long it has lasted.</param>
    public static (double Half, double Likely, int Alive)? Left(IReadOnlyCollection<double> others, double passed)
    {
        var alive = others.Where(minutes => minutes > passed).Order().ToList();
        return alive.Count < MakePromise.FewestSamples ? null : (Of(0.5), Of(0.8), alive.Count);

        double Of(double share) => alive[(int)Math.Ceiling(alive.Count * share) - 1] - passed;
    }

    /// <summary>A share that is neither certain nor impossible, however few were seen.</summary>
    public static double Share(int some, int all) => (some + 0.5) / (all + 1);
}
