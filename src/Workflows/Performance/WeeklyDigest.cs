using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Performance;

/// <summary>
/// Tells supervisors and leads on Monday at seven, in their own zone, how the last week went: in the product, and by e-mail if they chose that. Once per person
/// and week, with any number of hosts: the row that says so is written with the notification.
/// </summary>
public sealed class WeeklyDigest(WorkflowRuntime runtime)
{
    private static readonly LocalTime At = new(7, 0);

    /// <summary>A host that was down at seven still sends it on the same day.</summary>
    private static readonly LocalTime Until = new(20, 0);

    /// <summary>Tells everyone whose Monday it is. Returns how many.</summary>
    public async Task<int> RunAsync(CancellationToken cancel = default)
    {
        var now = runtime.Clock.GetCurrentInstant();
        var told = 0;
        foreach (var reader in await ReadersAsync(cancel))
        {
            var zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(reader.Zone) ?? DateTimeZone.Utc;
            var local = now.InZone(zone);
            if (local.DayOfWeek != IsoDayOfWeek.Monday || local.TimeOfDay < At || local.TimeOfDay >= Until)
                continue;
            if (await TellAsync(reader, local.Date.PlusDays(-7), now, cancel))
                told++;
        }

        return told;
    }

    /// <summary>Active supervisors, and leads with the teams they lead, who haven't been told this week.</summary>
    private async Task<List<Reader>> ReadersAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select p.id, p.roles && $1::text[], array(select t.key from team t where t.lead_id = p.id and t.retired_at is null order by t.key),
                coalesce(own.time_zone, everybody.time_zone, $2)
            from person p left join notification_preference own on own.person_id = p.id
                left join notification_preference everybody on everybody.person_id is null
            where p.active and (p.roles && $1::text[] or exists (select from team t where t.lead_id = p.id and t.retired_at is null))
                and $3 = any(coalesce(own.email_kinds, everybody.email_kinds, '{}'))
            """,
            new[] { Roles.Supervisor },
            NotificationPreferences.Default.TimeZone,
            NotificationKinds.WeeklyDigest
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var readers = new List<Reader>();
        while (await r.ReadAsync(cancel))
            readers.Add(new(r.GetGuid(0), r.GetBoolean(1) ? null : r.GetFieldValue<string[]>(2), r.GetString(3)));
        return readers;
    }

    private async Task<bool> TellAsync(Reader reader, LocalDate monday, Instant now, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var once = connection.CreateBatch())
        {
            once.Add("insert into digest_sent (person_id, week, at) values ($1, $2, $3) on conflict do nothing", reader.Person, monday.ToDateOnly(), now);
            if (await once.ExecuteNonQueryAsync(cancel) == 0)
                return false;
        }

        var week = new FigureQuery(monday, monday.PlusDays(6)) { Teams = reader.Teams, IsOfWholeWeeks = true };
        var report = await ReadFigures.RunAsync(runtime.Database, week, cancel);
        var before = await ReadFigures.RunAsync(runtime.Database, week with { From = monday.PlusDays(-7), To = monday.PlusDays(-1) }, cancel);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(
            Notify.Command(
                now,
                [
                    new(
                        reader.Person,
                        NotificationKinds.WeeklyDigest,
                        $"Your week from {monday.ToString("d MMM", CultureInfo.InvariantCulture)}",
                        Text(report, before.Total),
                        null,
                        null
                    )
                    {
                        Path = $"/performance?from={LocalDatePattern.Iso.Format(monday)}&to={LocalDatePattern.Iso.Format(monday.PlusDays(6))}",
                    },
                ]
            )
        );
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Person, reader.Person)]);
        return true;
    }

    /// <summary>The week in sentences.</summary>
    internal static string Text(PerformanceReport report, Figures before)
    {
        var total = report.Total;
        var lines = new List<string>
        {
            $"{Number(total, "arrivals")} tasks arrived ({Number(before, "arrivals")} the week before) and {Number(total, "throughput")} were completed "
                + $"({Number(before, "throughput")}). {Number(total, "backlog")} were open at the end.",
        };
        var onTime = KpiValue.Share(total.Of(Measure.Clock));
        var breaches = total.Of(Measure.Breach).Count;
        lines.Add(
            onTime.Value is { } share
                ? $"{(share * 100).ToString("0", CultureInfo.InvariantCulture)}% of {onTime.Samples} deadlines were met; "
                    + (breaches == 1 ? "1 deadline passed." : $"{breaches} deadlines passed.")
                : "No deadline was due."
        );
        var worst = report
            .Rows.Select(row => (row.Title, Sum: row.Figures.Of(Measure.Clock)))
            .Where(row => row.Sum.Count > row.Sum.Total)
            .OrderByDescending(row => row.Sum.Count - row.Sum.Total)
            .ThenBy(row => row.Title, StringComparer.Ordinal)
            .Take(3)
            .Select(row => $"{row.Title} ({row.Sum.Count - row.Sum.Total} of {row.Sum.Count} late)")
            .ToList();
        if (worst.Count > 0)
            lines.Add($"Most often late: {string.Join(", ", worst)}.");
        return string.Join(" ", lines);

        static string Number(Figures figures, string kpi) => (Kpi.Find(kpi)!.Of(figures).Value ?? 0).ToString("N0", CultureInfo.InvariantCulture);
    }

    /// <param name="Person">Who.</param>
    /// <param name="Teams">Teams they see; null: all.</param>
    /// <param name="Zone">Their zone.</param>
    private sealed record Reader(Guid Person, string[]? Teams, string Zone);
}
