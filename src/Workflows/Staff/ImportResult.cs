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
public sealed record ImportedRow(int Line, string Key, string Title, ImportEffect Effect, IReadOnlyList<FieldChange> Changes);

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

    /// <summary>A reason that completes a sentence, as one of its own.</summary>
    internal static string Sentence(string reason) => $"{char.ToUpperInvariant(reason[0])}{reason[1..].TrimEnd('.')}.";
}
