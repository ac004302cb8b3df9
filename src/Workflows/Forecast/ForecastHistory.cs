using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Forecast;

/// <summary>How often forecasts of about the same probability came true.</summary>
/// <param name="From">Lowest probability, inclusive.</param>
/// <param name="To">Highest probability, exclusive except for 1.</param>
/// <param name="Count">Forecasts of which the outcome is known.</param>
/// <param name="Breached">Of how many of these the clock was breached.</param>
/// <param name="Expected">How many should have been, by the forecasts.</param>
public sealed record CalibrationBand(double From, double To, int Count, int Breached, double Expected);

/// <summary>How good the forecasts of the last weeks were.</summary>
/// <param name="Bands">By probability, lowest first.</param>
/// <param name="Clocks">Clocks of which the outcome is known.</param>
/// <param name="Brier">Mean squared error: 0 is perfect; null without outcomes.</param>
/// <param name="Baseline">What always naming the share of breached clocks would have scored.</param>
public sealed record Calibration(IReadOnlyList<CalibrationBand> Bands, int Clocks, double? Brier, double? Baseline)
{
    /// <summary>Forecasts of which the outcome is known.</summary>
    public int Count => Bands.Sum(band => band.Count);

    /// <summary>What fixes that were applied promised, and what came of it.</summary>
    public required FixOutcomes Fixes { get; init; }
}

/// <summary>
/// Keeps what was forecast, and what became of it: the first forecast of each clock, each change of ten points or more, and the last one. The last one doesn't
/// count for the calibration: it is the last because its clock ended then, so of clocks that were met it is from their best moment.
/// </summary>
public static class ForecastHistory
{
    /// <summary>How long forecasts are kept after their clock ended.</summary>
    public static readonly Duration Kept = Duration.FromDays(180);

    private static readonly double[] Edges = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1];

    /// <summary>
    /// Writes a forecast, and the outcome of clocks that ended. The first time that a promise is likely to be missed, and three quarters of its time haven't
    /// passed yet, the front office is told. Returns how many rows were written.
    /// </summary>
    public static async Task<int> WriteAsync(
        NpgsqlDataSource database,
        IReadOnlyCollection<(ClockForecast Forecast, Instant DueAt)> forecasts,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into forecast_clock as f (clock_id, breach, likely_at, made_at)
                select u.id, u.breach, u.likely, $4 from unnest($1::uuid[], $2::real[], $3::timestamptz[]) u(id, breach, likely)
                where exists (select from sla_clock c where c.id = u.id)
            on conflict (clock_id) do update set breach = excluded.breach, likely_at = excluded.likely_at, made_at = excluded.made_at
                where f.settled_at is null and f.made_at < excluded.made_at
            """,
            forecasts.Select(one => one.Forecast.Clock).ToArray(),
            forecasts.Select(one => (float)one.Forecast.Breach).ToArray(),
            forecasts.Select(one => one.Forecast.Likely?.ToDateTimeUtc()).ToArray(),
            now
        );
        batch.Add(
            """
            insert into forecast_change (clock_id, made_at, is_first, breach, likely_at, due_at)
                select u.id, $4, l.breach is null, u.breach, u.likely, u.due
                from unnest($1::uuid[], $2::real[], $3::timestamptz[], $5::timestamptz[]) u(id, breach, likely, due)
                join forecast_clock f on f.clock_id = u.id and f.settled_at is null and f.made_at = $4
                left join lateral (select c.breach from forecast_change c where c.clock_id = u.id order by c.made_at desc limit 1) l on true
                where l.breach is null or abs(l.breach - u.breach) >= 0.0999
            on conflict do nothing
            """,
            forecasts.Select(one => one.Forecast.Clock).ToArray(),
            forecasts.Select(one => (float)one.Forecast.Breach).ToArray(),
            forecasts.Select(one => one.Forecast.Likely?.ToDateTimeUtc()).ToArray(),
            now,
            forecasts.Select(one => one.DueAt).ToArray()
        );
        batch.Add(
            $"""
            with likely as (select c.instance_id, c.name from unnest($3::uuid[]) u(id) join sla_clock c on c.id = u.id
                join forecast_change h on h.clock_id = c.id and h.made_at = $1 and h.breach >= 0.5
                where c.kind = 'promise' and c.task_id is null and c.status = 'Running' and c.due_at > $1 and c.risk_at > $1
                    and not exists (select from forecast_change e where e.clock_id = c.id and e.made_at < $1 and e.breach >= 0.5)),
            told as (insert into notification (id, person_id, kind, title, body, instance_id, created_at)
                select gen_random_uuid(), p.id, 'sla.reminder', 'Likely to be late: ' || l.name, '', l.instance_id, $1
                from likely l join person p on p.active and {PermissionHolders.FrontOffice("p")} returning id, person_id, kind, instance_id)
            {Notify.MailTold}
            """,
            now,
            now + SendMail.Grace,
            forecasts.Select(one => one.Forecast.Clock).ToArray()
        );
        batch.Add(
            """
            update forecast_clock f set settled_at = $1,
                breached = case when c.breached or c.late_at <= $1 then true when c.status = 'Completed' then false end
            from sla_clock c
            where c.id = f.clock_id and f.settled_at is null and (c.breached or c.late_at <= $1 or c.status in ('Completed', 'Cancelled'))
            """,
            now
        );
        batch.Add(
            """
            update forecast_fix f set settled_at = $1,
                breached = case when c.breached or c.late_at <= $1 then true when c.status = 'Completed' then false end
            from sla_clock c
            where c.id = f.clock_id and f.settled_at is null and (c.breached or c.late_at <= $1 or c.status in ('Completed', 'Cancelled'))
            """,
            now
        );
        var written = await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return written;
    }

    /// <summary>Deletes what is older than <see cref="Kept"/>, at most 10,000 clocks and fixes at a time. Returns how many.</summary>
    public static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var batch = database.CreateBatch();
        batch.Add("delete from forecast_clock where clock_id in (select clock_id from forecast_clock where settled_at < $1 limit 10000)", now - Kept);
        batch.Add("delete from forecast_fix where id in (select id from forecast_fix where settled_at < $1 limit 10000)", now - Kept);
        return await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>How good forecasts were whose clocks ended since an instant.</summary>
    /// <param name="since">From when.</param>
    /// <param name="firstOnly">Only the first forecast of each clock.</param>
    /// <param name="ofTasks">Only clocks of tasks, or only those of cases; null: both.</param>
    public static async Task<Calibration> CalibrationAsync(
        NpgsqlDataSource database,
        Instant since,
        bool firstOnly = false,
        bool? ofTasks = null,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select least(5, width_bucket(h.breach::float8, array[0, 0.1, 0.3, 0.5, 0.7, 0.9]::float8[]) - 1) band, count(*)::int,
                count(*) filter (where f.breached)::int, sum(h.breach)::float8, sum((h.breach - f.breached::int) ^ 2)::float8
            from forecast_clock f join forecast_change h on h.clock_id = f.clock_id join sla_clock c on c.id = f.clock_id
            where f.settled_at >= $1 and f.breached is not null and (h.is_first or not $2) and ($3::boolean is null or (c.task_id is not null) = $3)
            group by 1 order by 1
            """,
            since,
            firstOnly,
            ofTasks
        );
        var bands = Enumerable.Range(0, Edges.Length - 1).Select(i => new CalibrationBand(Edges[i], Edges[i + 1], 0, 0, 0)).ToArray();
        var error = 0.0;
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
            {
                var band = r.GetInt32(0);
                bands[band] = bands[band] with { Count = r.GetInt32(1), Breached = r.GetInt32(2), Expected = r.GetDouble(3) };
                error += r.GetDouble(4);
            }
        }

        await using var clocks = database.Query("select count(*)::int from forecast_clock where settled_at >= $1 and breached is not null", since);
        var count = bands.Sum(band => band.Count);
        var share = count == 0 ? 0 : (double)bands.Sum(band => band.Breached) / count;
        return new(bands, (int)(await clocks.ExecuteScalarAsync(cancel))!, count == 0 ? null : error / count, count == 0 ? null : share * (1 - share))
        {
            Fixes = await AppliedFixes.OutcomesAsync(database, since, cancel),
        };
    }
}
