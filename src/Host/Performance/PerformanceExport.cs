using System.Data;
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

    /// <summary>Tables of someone's own figures.</summary>
    public static readonly IReadOnlyList<string> MyTables = ["flow", "figures", "steps"];

    private static readonly IReadOnlyList<string> TaskColumns =
    [
        "Task",
        "Reference",
        "Journey",
        "Step",
        "Title",
        "Team",
        "Person",
        "Opened",
        "Ended",
        "Ended as",
        "Outcome",
        "Waiting (s)",
        "Working (s)",
        "Suspended (s)",
        "Touches",
        "Sent back",
        "Changes requested",
        "On time",
    ];

    private static readonly IReadOnlyList<string> DeadlineColumns = ["Deadline", "On time", "Met", "Missed", "Breaches"];

    /// <summary>The table and format of a file name, such as <c>periods.csv</c>.</summary>
    public static (string Table, bool IsXlsx)? Find(string file, IEnumerable<string> tables) =>
        Path.GetExtension(file) is ".csv" or ".xlsx" && tables.Contains(Path.GetFileNameWithoutExtension(file))
            ? (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file) == ".xlsx")
            : null;

    /// <summary>Headings of a table, which a file without a row has, too.</summary>
    public static IReadOnlyList<string> Columns(string table, FigureGroup group) =>
        table switch
        {
            TaskTable => TaskColumns,
            "deadlines" => DeadlineColumns,
            "steps" => [.. Row("Step", "", new()).Keys],
            _ => [.. Row(group.ToString(), "", new()).Keys],
        };

    /// <summary>Rows of a chart's table.</summary>
    public static IEnumerable<Dictionary<string, object?>> Rows(ChartData chart)
    {
        foreach (var row in chart.Rows)
        {
            var cells = new Dictionary<string, object?> { [chart.RowTitle] = row.Key ?? row.Label };
            foreach (var (series, value) in chart.Series.Zip(row.Values))
                cells[$"{series.Title} ({Unit(series.Unit)})"] = value;
            if (chart.Rows.Any(one => one.Mark is not null))
                cells["Mark"] = row.Mark;
            yield return cells;
        }
    }

    /// <summary>Headings of a chart's table.</summary>
    public static IReadOnlyList<string> Columns(ChartData chart) => [chart.RowTitle, .. chart.Series.Select(series => $"{series.Title} ({Unit(series.Unit)})")];

    /// <summary>Rows of a table of someone's own figures.</summary>
    public static IEnumerable<Dictionary<string, object?>> Rows(string table, MyFigures mine)
    {
        if (table == "steps")
            return mine.Report.Rows.Select(row => Row("Step", row.Title, row.Figures));
        return Kpi
            .All.Where(kpi => kpi.IsOfPeople)
            .Select(kpi =>
            {
                var value = kpi.Of(mine.Report.Total);
                var row = new Dictionary<string, object?>
                {
                    ["Figure"] = kpi.Title,
                    ["Value"] = value.Value,
                    ["Unit"] = Unit(kpi.Unit),
                    ["Counted"] = value.Samples,
                    ["Before"] = kpi.Of(mine.Before).Value,
                };
                foreach (var team in mine.Teams)
                    row[$"Median of {team.Title}"] = team.Of(kpi);
                row["Definition"] = kpi.Definition;
                return row;
            });
    }

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
    public static async Task<IResult> WriteAsync(
        string table,
        bool isXlsx,
        IReadOnlyList<string> columns,
        IAsyncEnumerable<Dictionary<string, object?>> rows,
        CancellationToken cancel
    )
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var options = FileOptions.Asynchronous | FileOptions.DeleteOnClose;
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 65_536, options);
        try
        {
            if (isXlsx)
                await Task.Run(() => WriteXlsx(file, table, columns, rows.ToBlockingEnumerable(cancel)), cancel);
            else
                await WriteCsvAsync(file, columns, rows, cancel);
            file.Position = 0;
            return Results.File(file, isXlsx ? Xlsx : "text/csv; charset=utf-8", $"performance-{table}.{(isXlsx ? "xlsx" : "csv")}");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static void WriteXlsx(Stream stream, string table, IReadOnlyList<string> columns, IEnumerable<Dictionary<string, object?>> rows)
    {
        var any = false;
        stream.SaveAs(
            rows.Select(row =>
            {
                any = true;
                return row;
            }),
            sheetName: table
        );
        if (any)
            return;

        // The headings come from the first row, or else from a table without rows.
        using var headings = new DataTable { Locale = CultureInfo.InvariantCulture };
        foreach (var column in columns)
            headings.Columns.Add(column);
        stream.SetLength(0);
        stream.SaveAs(headings, sheetName: table);
    }

    private static async Task WriteCsvAsync(
        Stream stream,
        IReadOnlyList<string> columns,
        IAsyncEnumerable<Dictionary<string, object?>> rows,
        CancellationToken cancel
    )
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

        if (isFirst)
            await writer.WriteLineAsync(string.Join(',', columns.Select(Cell)));
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

    private static string Unit(Kpi kpi) => Unit(kpi.Unit);

    private static string Unit(KpiUnit unit) =>
        unit switch
        {
            KpiUnit.Duration => "seconds",
            KpiUnit.Share => "share",
            KpiUnit.Number => "number",
            _ => "count",
        };
}
