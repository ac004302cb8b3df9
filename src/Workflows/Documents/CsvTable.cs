using System.Text;

namespace Orchestration.Workflows.Documents;

/// <summary>Something wrong with a file.</summary>
/// <param name="Line">Line of the file, from 1.</param>
/// <param name="Column">Column as the file's first line names it; null: the line as a whole.</param>
/// <param name="Reason">Why, as a sentence.</param>
public sealed record ImportError(int Line, string? Column, string Reason);

/// <summary>A line of data.</summary>
internal sealed record CsvRow(int Line, IReadOnlyDictionary<string, string> Cells)
{
    /// <summary>The cell without blanks around it; null if the file has no such column.</summary>
    public string? this[string column] => Cells.TryGetValue(column, out var cell) ? cell.Trim() : null;

    /// <summary>The parts of a cell, which semicolons separate; null if the file has no such column.</summary>
    public IReadOnlyList<string>? List(string column) => this[column]?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>
/// A file of comma-separated values (RFC 4180) whose first line names its columns, in any order and spelling (<c>user_name</c>, <c>User name</c>). Commas,
/// semicolons or tabs separate cells, whichever the first line has most of.
/// </summary>
internal static class CsvTable
{
    /// <summary>Most lines of data.</summary>
    public const int MaxRows = 5_000;

    private const string Separators = ",;\t";

    /// <summary>Reads a file. Lines that can't be read are errors; the others are returned.</summary>
    /// <param name="text">The file.</param>
    /// <param name="columns">Columns there can be.</param>
    /// <param name="required">Column there must be.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static List<CsvRow> Read(string text, IReadOnlyList<string> columns, string required, List<ImportError> errors)
    {
        var lines = Lines(text.TrimStart('\uFEFF'), errors);
        var rows = new List<CsvRow>();
        if (lines.Count == 0)
        {
            if (errors.Count == 0)
                errors.Add(new(1, null, $"The file is empty. Its first line names the columns: {string.Join(", ", columns)}."));
            return rows;
        }

        var header = Header(lines[0].Cells, lines[0].Line, columns, required, errors);
        foreach (var (line, cells) in lines.Skip(1).Where(l => l.Cells.Any(cell => cell.Trim().Length > 0)))
        {
            if (cells.Count != header.Count)
                errors.Add(new(line, null, $"The line has {cells.Count} cells, but the first line names {header.Count} columns."));
            else if (cells.FindIndex(cell => cell.Any(c => char.IsControl(c) && c is not ('\r' or '\n' or '\t'))) is >= 0 and var control)
                errors.Add(new(line, header[control], "The cell contains a control character."));
            else
                rows.Add(new(line, header.Zip(cells).Where(c => c.First is not null).DistinctBy(c => c.First).ToDictionary(c => c.First!, c => c.Second)));
        }

        if (rows.Count > MaxRows)
            errors.Add(new(rows[MaxRows].Line, null, $"The file has more than {MaxRows} lines. Split it."));
        return rows;
    }

    private static List<string?> Header(List<string> cells, int line, IReadOnlyList<string> columns, string required, List<ImportError> errors)
    {
        var header = cells.ConvertAll(cell => columns.FirstOrDefault(column => Plain(column) == Plain(cell)));
        for (var i = 0; i < cells.Count; i++)
        {
            if (header[i] is null)
                errors.Add(new(line, cells[i].Trim(), $"“{cells[i].Trim()}” is not a column. The columns are {string.Join(", ", columns)}."));
            else if (header.IndexOf(header[i]) < i)
                errors.Add(new(line, header[i], $"The column {header[i]} is there twice."));
        }

        if (!header.Contains(required))
            errors.Add(new(line, required, $"The column {required} is missing."));
        return header;
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    /// <summary>Cells by line. A quoted cell can span lines; its line is the one where it begins.</summary>
    private static List<(int Line, List<string> Cells)> Lines(string text, List<ImportError> errors)
    {
        var first = text.Split('\n', 2)[0];
        var separator = Separators.MaxBy(c => first.Count(f => f == c));
        var lines = new List<(int Line, List<string> Cells)>();
        var (line, began, i) = (1, 1, 0);
        var cells = new List<string>();
        while (i < text.Length)
        {
            cells.Add(text[i] == '"' ? Quoted(ref i) : Bare(ref i));
            if (i < text.Length && text[i] == separator)
            {
                i++;
                if (i == text.Length)
                    cells.Add("");
                continue;
            }

            if (i < text.Length && text[i] is not ('\r' or '\n'))
            {
                errors.Add(new(began, null, $"Cell {cells.Count} goes on after its closing quotation mark."));
                while (i < text.Length && text[i] is not ('\r' or '\n'))
                    i++;
                cells.Clear();
            }

            if (cells.Count > 0)
                lines.Add((began, cells));
            cells = [];
            if (i < text.Length && text[i] == '\r')
                i++;
            if (i < text.Length && text[i] == '\n')
                i++;
            began = ++line;
        }

        // The file ends with a separator.
        if (cells.Count > 0)
            lines.Add((began, cells));
        return lines;

        string Bare(ref int at)
        {
            var from = at;
            while (at < text.Length && text[at] != separator && text[at] is not ('\r' or '\n'))
                at++;
            return text[from..at];
        }

        string Quoted(ref int at)
        {
            var cell = new StringBuilder();
            var opened = line;
            for (at++; at < text.Length; at++)
            {
                if (text[at] == '"' && at + 1 < text.Length && text[at + 1] == '"')
                    at++;
                else if (text[at] == '"')
                {
                    at++;
                    return cell.ToString();
                }

                if (text[at] == '\n')
                    line++;
                cell.Append(text[at]);
            }

            errors.Add(new(opened, null, "A quotation mark is never closed."));
            return cell.ToString();
        }
    }
}
