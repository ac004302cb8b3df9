using System.Buffers;
using System.Text.Json;

namespace Orchestration.Engine.Expressions;

/// <summary>
/// Workflow data to and from plain JSON, for rows that people and other programs read (history, effects, stimuli). Types JSON does not have become texts;
/// an instance's own state keeps them.
/// </summary>
public static class WorkflowData
{
    /// <summary>Deepest nesting of a value: every reader and writer of JSON between here and a browser takes it, with what is put around it.</summary>
    public const int MaxDepth = 60;

    /// <summary>UTF-8 JSON of a value.</summary>
    public static byte[] ToUtf8(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
            ValueConverter.WriteJson(json, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Value of a JSON document: whole numbers become int or long, others double.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static object? FromUtf8(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        return ValueConverter.FromJson(document.RootElement);
    }
}

/// <summary>
/// Names of the members of data that is a .NET record in Elsa (the result of ExecuteWorkflow): expressions there reach <c>Output</c> as <c>output</c> too, because
/// Jint takes the first letter in either case. Source: Jint's <c>TypeResolver.MemberNameComparer</c>.
/// </summary>
internal sealed class RecordNames : IEqualityComparer<string>
{
    public static readonly RecordNames Instance = new();

    private RecordNames()
    {
    }

    public bool Equals(string? x, string? y) =>
        x == y || (x is [var a, ..] && y is [var b, ..] && char.ToUpperInvariant(a) == char.ToUpperInvariant(b) && x.AsSpan(1).SequenceEqual(y.AsSpan(1)));

    public int GetHashCode(string name) =>
        name.Length == 0 ? 0 : HashCode.Combine(char.ToUpperInvariant(name[0]), string.GetHashCode(name.AsSpan(1), StringComparison.Ordinal));
}
