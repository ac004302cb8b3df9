using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Forecast.Queueing;

namespace Orchestration.Benchmarks;

/// <summary>
/// Forecasts 5,000 open tasks of 100 people; or makes the demo office and says how good its forecasts were.
/// <c>dotnet run -c Release --project tests/Benchmarks -- forecast [weeks]</c>
/// </summary>
internal static class Forecasts
{
    public static async Task RunAsync(int weeks)
    {
        if (weeks == 0)
            Measure();
        else
            await OfficeRun.RunAsync(weeks, CalibrateAsync);
    }

    private static void Measure()
    {
        var input = Large();
        for (var i = 0; i < 3; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var forecasts = Forecaster.Run(input);
            Console.WriteLine(
                $"{input.Work.Count:N0} tasks, {input.Workers.Count} people, {Forecaster.Runs} runs: {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s, "
                    + $"{forecasts.Sum(one => one.Breach):0} breaches expected"
            );
        }
    }

    private static OfficeInput Large()
    {
        const int Teams = 12;
        var random = new Random(7);
        var calendar = BusinessCalendar.TryParse(File.ReadAllText(Path.Combine(Sweeper.Definitions(), "calendars", "claims-office.json")), out var read, out _)
            ? read
            : throw new InvalidOperationException("The calendar can't be read.");
        var now = Instant.FromUtc(2026, 11, 30, 14, 0);
        var steps = Enumerable.Range(0, 30).Select(i => new StepModel(Spread.Around(10 + 3 * i, 0.6), 0.1, Spread.Around(2 * 24 * 60, 0.7))).ToArray();
        var workers = Enumerable
            .Range(0, 100)
            .Select(i =>
            {
                var hours = calendar.Openings(now, now + Duration.FromDays(20)).Select(one => one.Open).ToList();
                return new OfficeWorker(
                    new()
                    {
                        Id = new Guid(i + 1, 0, 0, new byte[8]),
                        Name = $"Person {i}",
                        Teams = [$"team{i % Teams}", .. i % 4 == 0 ? (string[])[$"team{(i + 1) % Teams}"] : []],
                        Skills = i % 3 == 0 ? new Dictionary<string, WorkerSkill> { ["special"] = new(3, null) } : [],
                    },
                    hours
                )
                {
                    Speed = 0.8 + 0.004 * i,
                };
            });
        var work = new List<OfficeWork>();
        var clocks = new List<OfficeClock>();
        for (var i = 0; i < 5000; i++)
        {
            var due = now + Duration.FromMinutes(random.Next(60, 14 * 24 * 60));
            var task = new Work
            {
                Id = new Guid(i + 1, 1, 0, new byte[8]),
                Team = $"team{random.Next(Teams)}",
                Required = i % 7 == 0 ? [new SkillNeed("special", 2)] : [],
                OpenedAt = now - Duration.FromHours(random.Next(1, 100)),
            };
            work.Add(new(task, task.Id, steps[random.Next(steps.Length)]) { DueAt = due });
            clocks.Add(new(task.Id, task.Id, task.Id, due, "office") { Pauses = i % 2 == 0 });
        }

        var profile = Enumerable.Range(0, 168).Select(hour => hour / 24 < 5 && hour % 24 is >= 8 and < 18 ? 1.0 : 0.05).ToArray();
        var streams = Enumerable
            .Range(0, 60)
            .Select(i => new OfficeStream(
                new()
                {
                    Id = Guid.Empty,
                    Team = $"team{i % Teams}",
                    OpenedAt = now,
                },
                steps[i % steps.Length],
                40,
                Spread.Around(5 * 24 * 60, 0.3),
                profile,
                $"journey{i % 4}"
            ));
        return new(now, Duration.FromDays(14), 1)
        {
            Zone = calendar.Zone,
            Workers = [.. workers],
            Work = work,
            Clocks = clocks,
            Streams = [.. streams],
            Calendars = new Dictionary<string, BusinessCalendar> { ["office"] = calendar },
            Gap = Spread.Around(4, 0.5),
            LoadSpread = 0.1,
        };
    }

    private static async Task CalibrateAsync(IServiceProvider services)
    {
        var forecast = services.GetRequiredService<ForecastOffice>();
        var began = Stopwatch.GetTimestamp();
        var made = await forecast.LatestAsync();
        Console.WriteLine(
            $"A forecast of {made.Rows.Count} clocks in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s; {Left(LeftOutWhy.Beyond)} beyond, "
                + $"{Left(LeftOutWhy.Unknown)} unknown, {Left(LeftOutWhy.Breached)} breached"
        );
        int Left(LeftOutWhy why) => made.Left.Count(left => left.Why == why);

        var database = services.GetRequiredService<NpgsqlDataSource>();
        var since = made.MadeAt - Duration.FromDays(35);
        foreach (
            var (title, first, tasks) in new (string, bool, bool?)[]
            {
                ("all", false, null),
                ("first", true, null),
                ("tasks", false, true),
                ("cases", false, false),
            }
        )
        {
            var calibration = await ForecastHistory.CalibrationAsync(database, since, first, tasks);
            Console.WriteLine($"{title}: {calibration.Count} forecasts, Brier {calibration.Brier:0.000}, always the same {calibration.Baseline:0.000}");
            foreach (var band in calibration.Bands.Where(band => band.Count > 0))
                Console.WriteLine(
                    $"  {band.From, 4:P0} to {band.To, 4:P0}: {band.Count, 5}, expected {band.Expected / band.Count, 4:P0}, "
                        + $"breached {(double)band.Breached / band.Count, 4:P0}"
                );
        }

        await using var query = database.Query(
            """
            select c.policy, count(*), sum(h.breach), count(*) filter (where f.breached), round(avg((h.breach - f.breached::int) ^ 2)::numeric, 3)
            from forecast_clock f join forecast_change h on h.clock_id = f.clock_id join sla_clock c on c.id = f.clock_id where f.breached is not null
            group by 1 order by 2 desc
            """
        );
        await using var r = await query.ExecuteReaderAsync();
        while (await r.ReadAsync())
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{r.GetString(0), -40} {r.GetInt64(1), 5} expected {r.GetFloat(2), 6:0.0} breached {r.GetInt64(3), 4} Brier {r.GetDecimal(4)}"
                )
            );
    }
}
