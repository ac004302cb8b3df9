namespace Orchestration.Engine.Model;

/// <summary>
/// The declared type of a variable, an input or an output, as Elsa names it (<c>String</c>, <c>Int32</c>, <c>List&lt;String&gt;</c> …). A name that is
/// not known counts as Object, as in Elsa.
/// </summary>
public readonly record struct DataType
{
    public static readonly DataType Any = new("Object");
    public static readonly DataType Boolean = new("Boolean");

    private enum Kind : byte
    {
        Other,
        Any,
        Text,
        Boolean,
        Int32,
        Double,
    }

    private readonly Kind _kind;

    private DataType(string name)
    {
        Name = name;
        _kind = name switch
        {
            "Object" => Kind.Any,
            "String" => Kind.Text,
            "Boolean" => Kind.Boolean,
            "Int32" => Kind.Int32,
            "Double" => Kind.Double,
            _ => Kind.Other,
        };
    }

    /// <summary>Elsa's alias or a .NET type name.</summary>
    public string Name { get; }

    internal bool IsBoolean => _kind == Kind.Boolean;

    /// <summary>Reads a type name; null or empty is Object.</summary>
    public static DataType Parse(string? typeName, bool isArray = false)
    {
        var name = string.IsNullOrWhiteSpace(typeName) ? "Object" : typeName;
        return new DataType(isArray && !name.EndsWith("[]", StringComparison.Ordinal) ? name + "[]" : name);
    }

    /// <summary>
    /// Converts workflow data to this type as Elsa does: what does not fit becomes the type's default. See <see cref="ValueConverter.Convert"/> for what
    /// fails.
    /// </summary>
    public object? Convert(object? value) =>
        (_kind, value) switch
        {
            (Kind.Any, _) or (_, null) or (Kind.Text, string) or (Kind.Boolean, bool) or (Kind.Int32, int) or (Kind.Double, double) => value,
            _ => ValueConverter.Convert(value, Name),
        };
}
