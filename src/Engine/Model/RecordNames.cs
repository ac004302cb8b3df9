namespace Orchestration.Engine.Model;

/// <summary>
/// Names of the members of data that is a .NET record in Elsa (the result of ExecuteWorkflow): expressions there reach <c>Output</c> as <c>output</c>
/// too, because
/// Jint takes the first letter in either case. Source: Jint's <c>TypeResolver.MemberNameComparer</c>.
/// </summary>
internal sealed class RecordNames : IEqualityComparer<string>
{
    public static readonly RecordNames Instance = new();

    private RecordNames() { }

    public bool Equals(string? x, string? y) =>
        x == y || (x is [var a, ..] && y is [var b, ..] && char.ToUpperInvariant(a) == char.ToUpperInvariant(b) && x.AsSpan(1).SequenceEqual(y.AsSpan(1)));

    public int GetHashCode(string name) =>
        name.Length == 0 ? 0 : HashCode.Combine(char.ToUpperInvariant(name[0]), string.GetHashCode(name.AsSpan(1), StringComparison.Ordinal));
}
