using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>Plans shifts by a file: all of it or, when anything is wrong, nothing. Lines that are planned already change nothing.</summary>
public static class ImportShifts
{
    private const string UserName = "user_name";

    /// <summary>Columns a file can have; <c>kind</c> can be left out.</summary>
    public static readonly IReadOnlyList<string> Columns = [UserName, "date", "from", "until", "kind"];

    /// <summary>A file to begin with.</summary>
    public const string Sample = """
        user_name,date,from,until,kind
        adjuster1,2026-06-01,08:00,16:30,Work
        adjuster2,2026-06-01,22:00,06:00,Work
        adjuster2,2026-06-03,09:00,12:00,Training

        """;

    private static readonly LocalTimePattern Time = LocalTimePattern.CreateWithInvariantCulture("H:mm");

    /// <summary>Reads a file and plans its shifts.</summary>
    /// <param name="file">Its text.</param>
    /// <param name="zone">Whose times of day; an end that is not after the start is on the next day.</param>
    /// <param name="actor">Steers everyone in the file.</param>
    /// <returns>Done or WrongFile.</returns>
    public static async Task<ShiftResult> RunAsync(PlanShifts plan, string file, DateTimeZone zone, Person actor, CancellationToken cancel = default)
    {
        var errors = new List<ImportError>();
        var rows = CsvTable.Read(file, Columns, UserName, errors);
        if (errors.Count == 0 && rows.Count == 0)
            errors.Add(new(1, null, "The file has no shifts."));
        if (errors.Count == 0 && rows.Count > PlanShifts.Most)
            errors.Add(new(1, null, $"The file has more than {PlanShifts.Most} shifts. Split it."));
        var shifts = rows.ConvertAll(row => Read(row, zone, errors));
        if (rows.Count is > 0 and <= PlanShifts.Most)
        {
            // What can't be read is reported once, with its own words: the plan would say that it is missing.
            var unread = errors.Where(e => e.Column is "date" or "from" or "until").Select(e => e.Line).ToHashSet();
            var result = errors.Count == 0 ? await plan.AddAsync(shifts, actor, cancel) : await plan.CheckAsync(shifts, actor, cancel);
            if (errors.Count == 0 && result is not ShiftResult.Invalid)
                return result;
            errors.AddRange(
                ((result as ShiftResult.Invalid)?.Errors ?? [])
                    .Select(e => new ImportError(rows[e.Index].Line, e.Field == "person" ? UserName : e.Field, e.Reason))
                    .Where(e => e.Column == UserName || !unread.Contains(e.Line))
            );
        }

        return new ShiftResult.WrongFile([.. errors.Distinct().OrderBy(e => e.Line).ThenBy(e => e.Column is null ? -1 : Columns.ToList().IndexOf(e.Column))]);
    }

    private static PlannedShift Read(CsvRow row, DateTimeZone zone, List<ImportError> errors)
    {
        var date = LocalDatePattern.Iso.Parse(row["date"] ?? "");
        var (from, until) = (Time.Parse(row["from"] ?? ""), Time.Parse(row["until"] ?? ""));
        if (!date.Success)
            errors.Add(new(row.Line, "date", $"“{row["date"]}” is not a date like 2026-06-01."));
        foreach (var (column, time) in new[] { ("from", from), ("until", until) })
        {
            if (!time.Success)
                errors.Add(new(row.Line, column, $"“{row[column]}” is not a time like 08:30."));
        }

        var kind = ShiftKind.Work;
        if (row["kind"] is { Length: > 0 } text && !(Enum.TryParse(text, ignoreCase: true, out kind) && Enum.IsDefined(kind) && char.IsLetter(text[0])))
            errors.Add(new(row.Line, "kind", $"“{text}” is not Work or Training."));
        if (!date.Success || !from.Success || !until.Success)
            return new(row[UserName], null, null, kind);
        var ends = until.Value > from.Value ? date.Value : date.Value.PlusDays(1);
        return new(row[UserName], At(date.Value + from.Value), At(ends + until.Value), kind);

        Instant At(LocalDateTime local) => zone.AtLeniently(local).ToInstant();
    }
}
