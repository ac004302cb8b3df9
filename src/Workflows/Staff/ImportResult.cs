using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Staff;

/// <summary>What a line of a file does.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(System.Text.Json.Serialization.JsonStringEnumConverter<ImportEffect>))]
public enum ImportEffect
{
    /// <summary>Adds a person or team.</summary>
    Adds,

    /// <summary>Changes one.</summary>
    Changes,

    /// <summary>Nothing: everything is like that already.</summary>
    Nothing,
}

/// <summary>What a line of a file does, before or after it is applied.</summary>
/// <param name="Line">Line of the file, from 1.</param>
/// <param name="Key">User name of the person, or key of the team.</param>
/// <param name="Title">Name of the person or team.</param>
/// <param name="Effect">What happens.</param>
/// <param name="Changes">The fields that change; of one that is added, those that are filled in.</param>
public sealed record ImportedRow(int Line, string Key, string Title, ImportEffect Effect, IReadOnlyList<FieldChange> Changes)
{
    /// <summary>Of a line that adds something new or changes what there is.</summary>
    internal static ImportedRow Of(int line, string key, string title, bool isNew, IReadOnlyList<FieldChange> changes) =>
        new(
            line,
            key,
            title,
            isNew ? ImportEffect.Adds
                : changes.Count > 0 ? ImportEffect.Changes
                : ImportEffect.Nothing,
            changes
        );
}

/// <summary>How an import went. Nothing is imported unless it is <see cref="Applied"/>.</summary>
public abstract record ImportResult
{
    private ImportResult() { }

    /// <summary>Everything that is wrong with the file, by line.</summary>
    public sealed record Wrong(IReadOnlyList<ImportError> Errors) : ImportResult;

    /// <summary>What the file would do.</summary>
    /// <param name="Rows">Every line.</param>
    /// <param name="Fingerprint">Of the preview: send it to apply exactly this.</param>
    public sealed record Preview(IReadOnlyList<ImportedRow> Rows, string Fingerprint) : ImportResult;

    /// <summary>People or teams have changed since the preview: look at this one.</summary>
    public sealed record Outdated(IReadOnlyList<ImportedRow> Rows, string Fingerprint) : ImportResult;

    /// <summary>What the file did.</summary>
    public sealed record Applied(IReadOnlyList<ImportedRow> Rows) : ImportResult;

    /// <summary>The errors by line, those of a line in the order of its columns.</summary>
    internal static Wrong Of(IEnumerable<ImportError> errors, IReadOnlyList<string> columns) =>
        new([.. errors.Distinct().OrderBy(e => e.Line).ThenBy(e => e.Column is null ? -1 : columns.ToList().IndexOf(e.Column))]);

    internal static string FingerprintOf(string file, IReadOnlyList<ImportedRow> rows) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file + "\0" + JsonSerializer.Serialize(rows))))[..32];

    /// <summary>The answer of a preview, or of a file that does something else now than in the preview to be applied; null: apply it.</summary>
    internal static ImportResult? Before(bool apply, string? fingerprint, string file, IReadOnlyList<ImportedRow> rows)
    {
        var print = FingerprintOf(file, rows);
        return !apply ? new Preview(rows, print)
            : fingerprint is not null && fingerprint != print ? new Outdated(rows, print)
            : null;
    }

    /// <summary>Says of a line that an earlier one has the same key.</summary>
    internal static void CheckTwice(Dictionary<string, int> seen, int line, string column, string key, List<ImportError> errors)
    {
        if (key.Length > 0 && !seen.TryAdd(key, line))
            errors.Add(new(line, column, $"“{key}” is in line {seen[key]} already."));
    }

    /// <summary>A reason that completes a sentence, as one of its own.</summary>
    internal static string Sentence(string reason) => $"{char.ToUpperInvariant(reason[0])}{reason[1..].TrimEnd('.')}.";
}
