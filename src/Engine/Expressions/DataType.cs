namespace Orchestration.Engine.Expressions;

/// <summary>Kinds of workflow data that a declaration can name.</summary>
public enum DataKind { Any, Text, Boolean, Int32, Int64, Double, Decimal, DateTime, TimeSpan, Guid, Bytes, Dictionary }

/// <summary>The declared type of a variable or an input, as Elsa names it (<c>String</c>, <c>Int32</c>, <c>List&lt;String&gt;</c> …). Unknown names are <see cref="Any"/>, as in Elsa.</summary>
/// <param name="Kind">Kind of the value, or of its items.</param>
/// <param name="IsArray">Whether the value is a list of them.</param>
public readonly record struct DataType(DataKind Kind, bool IsArray = false)
{
    public static readonly DataType Any = new(DataKind.Any);
    public static readonly DataType Text = new(DataKind.Text);
    public static readonly DataType Boolean = new(DataKind.Boolean);
    public static readonly DataType Int32 = new(DataKind.Int32);

    /// <summary>Reads Elsa's alias or a .NET type name.</summary>
    public static DataType Parse(string? typeName, bool isArray = false)
    {
        if (string.IsNullOrWhiteSpace(typeName))
            return new DataType(DataKind.Any, isArray);

        var name = typeName.AsSpan().Trim();

        // A generic name has commas of its own, so it goes first.
        if (GenericArgument(name) is { } item)
            return Parse(item, isArray: true);

        if (name.IndexOf(',') is > 0 and var comma)
            name = name[..comma].TrimEnd();

        if (name.EndsWith("[]", StringComparison.Ordinal))
            return name is "Byte[]" or "System.Byte[]" ? new DataType(DataKind.Bytes, isArray) : Parse(name[..^2].ToString(), isArray: true);

        if (name.StartsWith("System.", StringComparison.Ordinal))
            name = name["System.".Length..];

        return new DataType(name switch
        {
            "String" or "Char" or "Uri" => DataKind.Text,
            "Boolean" => DataKind.Boolean,
            "Int32" or "Int16" or "Byte" or "SByte" or "UInt16" => DataKind.Int32,
            "Int64" or "UInt32" or "UInt64" => DataKind.Int64,
            "Double" or "Single" => DataKind.Double,
            "Decimal" => DataKind.Decimal,
            "DateTime" or "DateTimeOffset" or "DateOnly" => DataKind.DateTime,
            "TimeSpan" or "TimeOnly" => DataKind.TimeSpan,
            "Guid" => DataKind.Guid,
            "ByteArray" => DataKind.Bytes,
            "ObjectDictionary" => DataKind.Dictionary,
            _ => name.StartsWith("IDictionary<", StringComparison.Ordinal) || name.StartsWith("Dictionary<", StringComparison.Ordinal) ? DataKind.Dictionary : DataKind.Any,
        }, isArray);
    }

    private static string? GenericArgument(ReadOnlySpan<char> name)
    {
        foreach (var list in (ReadOnlySpan<string>)["List<", "ICollection<", "IEnumerable<", "IList<", "HashSet<", "Collection<"])
        {
            if (name.StartsWith(list, StringComparison.Ordinal) && name.IndexOf('>') is > 0 and var end)
                return name[list.Length..end].ToString();
        }

        return null;
    }
}
