using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using MiniExcelLibs;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>Tables as files. Rows are written as they are read: a large table takes no more memory than a small one.</summary>
internal static class PerformanceExport
{
    public const string TaskTable = "tasks";
    private const int MostTasks = 1_000_000;
    private const string Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    /// <summary>The tables there are, with what they are called.</summary>
    public static readonly IReadOnlyList<(string Name, string Title)> Tables =
    [
        ("figures", "All figures"),
        ("periods", "By week or day"),
        ("comparison", "Comparison"),
        ("deadlines", "Deadlines"),
        (TaskTable, "Tasks"),
    ];

    /// <summary>The table and format of a file name, such as <c>periods.csv</c>.</summary>
    public static (string Table, bool IsXlsx)? Find(string file) =>
        Path.GetExtension(file) is ".csv" or ".xlsx" && Tables.Any(t => t.Name == Path.GetFileNameWithoutExtension(file))
            ? (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file) == ".xlsx")
            : null;

    /// <summary>Rows of a table of figures: numbers as they are, durations in seconds.</summary>
    public static IEnumerable<Dictionary<string, object?>> Rows(string table, PerformanceView view)
    {
        switch (table)
        {
            case "figures":
                foreach (var kpi in Kpi.All)
                {
                    var value = kpi.Of(view.Report.Total);
                    yield return new()
                    {
                        ["Figure"] = kpi.Title,
                        ["Value"] = value.Value,
                        ["Unit"] = Unit(kpi),
                        ["From"] = value.Low,
                        ["To"] = value.High,
                        ["Counted"] = value.Samples,
                        ["Before"] = kpi.Of(view.Before).Value,
                        ["Target"] = view.TargetOf(kpi)?.Good,
                        ["Definition"] = kpi.Definition,
                    };
                }

                break;
            case "deadlines":
                foreach (var clock in view.Report.Clocks)
                    yield return new()
                    {
                        ["Deadline"] = view.Policies.GetValueOrDefault(clock.Policy, clock.Policy),
                        ["On time"] = KpiValue.Share(clock.OnTime).Value,
                        ["Met"] = clock.OnTime.Total,
                        ["Missed"] = clock.OnTime.Count - clock.OnTime.Total,
                        ["Breaches"] = clock.Breaches,
                    };
                break;
            case "periods":
                foreach (var (from, figures) in view.Report.Periods)
                    yield return Row(view.Filter.ByWeek ? "Week from" : "Day", LocalDatePattern.Iso.Format(from), figures);
                break;
            default:
                foreach (var row in view.Report.Rows)
                    yield return Row(view.Filter.Group.ToString(), view.Name(row), row.Figures);
                break;
        }
    }

    /// <summary>Rows of ended tasks.</summary>
    public static async IAsyncEnumerable<Dictionary<string, object?>> TasksAsync(
        PerformanceServices services,
        FigureQuery query,
        FactFilter show,
        DateTimeZone zone,
        [EnumeratorCancellation] CancellationToken cancel
    )
    {
        await foreach (var row in StepFactList.ReadAsync(services.Runtime.Database, query, show, zone, MostTasks, cancel))
            yield return new()
            {
                ["Task"] = Ids.Text(row.Task),
                ["Reference"] = row.Reference,
                ["Journey"] = row.Journey,
                ["Step"] = row.Step,
                ["Title"] = row.Title,
                ["Team"] = row.Team,
                ["Person"] = row.Person,
                ["Opened"] = Time(row.OpenedAt),
                ["Ended"] = row.EndedAt is { } ended ? Time(ended) : null,
                ["Ended as"] = row.EndedAs,
                ["Outcome"] = row.Outcome,
                ["Waiting (s)"] = row.Waiting,
                ["Working (s)"] = row.Working,
                ["Suspended (s)"] = row.Suspended,
                ["Touches"] = row.Touches,
                ["Sent back"] = row.Returned,
                ["Changes requested"] = row.Changes,
                ["On time"] = row.OnTime,
            };

        string Time(Instant at) => at.InZone(zone).ToString("yyyy-MM-dd'T'HH:mm:sso<g>", CultureInfo.InvariantCulture);
    }

    /// <summary>The file, by way of a temporary one that goes when it was sent.</summary>
    public static async Task<IResult> WriteAsync(string table, bool isXlsx, IAsyncEnumerable<Dictionary<string, object?>> rows, CancellationToken cancel)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var options = FileOptions.Asynchronous | FileOptions.DeleteOnClose;
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 65_536, options);
        try
        {
            if (isXlsx)
                await Task.Run(() => file.SaveAs(rows.ToBlockingEnumerable(cancel), sheetName: table), cancel);
            else
                await WriteCsvAsync(file, rows, cancel);
            file.Position = 0;
            return Results.File(file, isXlsx ? Xlsx : "text/csv; charset=utf-8", $"performance-{table}.{(isXlsx ? "xlsx" : "csv")}");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static async Task WriteCsvAsync(Stream stream, IAsyncEnumerable<Dictionary<string, object?>> rows, CancellationToken cancel)
    {
        await using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), 65_536, leaveOpen: true)
        {
            NewLine = "\r\n",
        };
        var isFirst = true;
        await foreach (var row in rows.WithCancellation(cancel))
        {
            if (isFirst)
                await writer.WriteLineAsync(string.Join(',', row.Keys.Select(Cell)));
            isFirst = false;
            await writer.WriteLineAsync(string.Join(',', row.Values.Select(Cell)));
        }
    }

    /// <summary>
    /// A cell of RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe: titles and names are what people
    /// typed.
    /// </summary>
    internal static string Cell(object? value)
    {
        var text = value switch
        {
            null => "",
            bool flag => flag ? "yes" : "no",
            string typed => typed.Length > 0 && typed[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? $"'{typed}" : typed,
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        return text.AsSpan().IndexOfAny("\",\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static Dictionary<string, object?> Row(string title, string name, Figures figures)
    {
        var row = new Dictionary<string, object?> { [title] = name };
        foreach (var kpi in Kpi.All)
        {
            row[$"{kpi.Title} ({Unit(kpi)})"] = kpi.Of(figures).Value;
            if (kpi.Unit != KpiUnit.Count)
                row[$"{kpi.Title}: counted"] = kpi.Of(figures).Samples;
        }

        return row;
    }

    private static string Unit(Kpi kpi) =>
        kpi.Unit switch
        {
            KpiUnit.Duration => "seconds",
            KpiUnit.Share => "share",
            KpiUnit.Number => "number",
            _ => "count",
        };
}
