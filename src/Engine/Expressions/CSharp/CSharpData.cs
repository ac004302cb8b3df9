using System.Collections;
using System.Dynamic;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.CSharp;

/// <summary>Workflow data to and from .NET objects.</summary>
internal static class CSharpData
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true, MaxDepth = WorkflowData.MaxDepth + 4 };

    /// <summary>
    /// C# names of a declared type: as an accessor shows it, and as it is converted. Objects are dynamic, so that their members can be written with a
    /// dot.
    /// </summary>
    public static (string Shown, string Stored) TypeName(DataType type)
    {
        var name = ClrName(ValueConverter.Simplify(type.Name));
        return name == "ExpandoObject" ? ("dynamic", name) : (name, name);
    }

    private static string ClrName(string name)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal))
            return ClrName(name[..^2]) + "[]";

        if (name.IndexOf('<', StringComparison.Ordinal) is > 0 and var open && name.EndsWith('>'))
        {
            var inner = name[(open + 1)..^1];
            return name[..open] switch
            {
                "Nullable" => ClrName(inner) + "?",
                "List" or "IList" or "ICollection" or "IEnumerable" or "IReadOnlyList" or "IReadOnlyCollection" or "HashSet" or "ISet" =>
                    $"{name[..open]}<{ClrName(inner)}>",
                "Dictionary" or "IDictionary" => "IDictionary<string, object>",
                _ => "object",
            };
        }

        return name switch
        {
            "String"
            or "Boolean"
            or "Byte"
            or "SByte"
            or "Int16"
            or "UInt16"
            or "Int32"
            or "UInt32"
            or "Int64"
            or "UInt64"
            or "Single"
            or "Double"
            or "Decimal"
            or "DateTime"
            or "DateTimeOffset"
            or "DateOnly"
            or "TimeSpan"
            or "Guid"
            or "ExpandoObject"
            or "JsonObject"
            or "JsonNode"
            or "JsonArray"
            or "JsonElement" => name,
            "ObjectDictionary" => "IDictionary<string, object>",
            _ => "object",
        };
    }

    /// <summary>Workflow data as a .NET type; a value that doesn't fit becomes the type's default, as everywhere in Elsa.</summary>
    public static object? ToClr(object? data, Type type)
    {
        if (data is null)
            return Default(type);

        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return ToClr(data, underlying);

        if (type == typeof(object))
            return Natural(data);

        if (type == typeof(ExpandoObject) || type == typeof(IDictionary<string, object>))
            return Natural(ValueConverter.Convert(data, "ExpandoObject")) as ExpandoObject;

        if (type == typeof(DateTime))
            return ValueConverter.Convert(data, "DateTime") is DateTimeOffset time ? time.UtcDateTime : default;

        if (type == typeof(DateOnly))
            return ValueConverter.Convert(data, "DateTime") is DateTimeOffset day ? DateOnly.FromDateTime(day.DateTime) : default;

        if (
            type == typeof(string)
            || type == typeof(byte[])
            || type == typeof(Guid)
            || type == typeof(TimeSpan)
            || type == typeof(DateTimeOffset)
            || (type.IsPrimitive && type != typeof(char))
            || type == typeof(decimal)
        )
        {
            var value = ValueConverter.Convert(data, type.Name) ?? Default(type);
            return type.IsPrimitive && value!.GetType() != type ? Convert.ChangeType(value, type, CultureInfo.InvariantCulture) : value;
        }

        if (ItemType(type) is { } item)
        {
            if (ValueConverter.Convert(data, "ObjectList") is not List<object?> items)
                return null;

            var array = Array.CreateInstance(item, items.Count);

            for (var i = 0; i < items.Count; i++)
                array.SetValue(ToClr(items[i], item), i);

            return type.IsArray ? array : Activator.CreateInstance(type.IsInterface ? typeof(List<>).MakeGenericType(item) : type, array);
        }

        // A class of the script's own, or one of System.Text.Json: by its members.
        return JsonSerializer.Deserialize(
            WorkflowData.ToJson(data is string text && typeof(JsonNode).IsAssignableFrom(type) ? ValueConverter.Convert(text, "JsonNode") : data),
            type,
            Json
        );
    }

    private static Type? ItemType(Type type)
    {
        if (type.IsArray)
            return type.GetElementType();

        if (!type.IsGenericType || type.GetGenericArguments() is not [var item])
            return null;

        var list = typeof(List<>).MakeGenericType(item);
        return type.IsAssignableFrom(list) || type == typeof(HashSet<>).MakeGenericType(item) ? item : null;
    }

    private static object? Default(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;

    private static object? Natural(object? data)
    {
        switch (data)
        {
            case List<object?> list:
                return list.ConvertAll(Natural);

            case OrderedDictionary<string, object?> entries:
                IDictionary<string, object?> expando = new ExpandoObject();

                foreach (var (name, value) in entries)
                    expando[name] = Natural(value);

                return expando;

            case EnumValue named:
                return named.Name;

            default:
                return data;
        }
    }

    /// <summary>The result of a script as workflow data.</summary>
    /// <exception cref="ExpressionException">It is nothing that can be kept, too deep or too long.</exception>
    public static object? FromClr(object? value, CSharpRun run) => FromClr(value, run, 0);

    private static object? FromClr(object? value, CSharpRun run, int depth)
    {
        if (depth > WorkflowData.MaxDepth)
            throw new ExpressionException($"The value of the C# expression is nested deeper than {WorkflowData.MaxDepth} levels, or contains itself")
            {
                Kind = "FormatError",
            };

        switch (value)
        {
            case null or bool or int or long or double or decimal or Guid or DateTimeOffset or TimeSpan or byte[]:
                return value;

            case string text:
                run.CheckLength(text);
                return text;

            case byte
            or sbyte
            or short
            or ushort:
                return Convert.ToInt32(value, CultureInfo.InvariantCulture);

            case uint number:
                return (long)number;

            case ulong number:
                return number <= long.MaxValue ? (long)number : (object)(decimal)number;

            case float number:
                return (double)number;

            case DateTime { Kind: DateTimeKind.Unspecified } time:
                return new DateTimeOffset(time, TimeSpan.Zero);

            case DateTime time:
                return new DateTimeOffset(time);

            case DateOnly day:
                return new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

            case char
            or Enum
            or Uri:
                return value.ToString();

            case JsonNode
            or JsonElement
            or JsonDocument:
                return Parsed(value);

            case IDictionary<string, object?> entries:
                var data = new OrderedDictionary<string, object?>();

                foreach (var (name, item) in entries)
                {
                    run.Step();
                    data[name] = FromClr(item, run, depth + 1);
                }

                return data;

            case IDictionary entries:
                var map = new OrderedDictionary<string, object?>();

                foreach (DictionaryEntry entry in entries)
                {
                    run.Step();
                    map[Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!] = FromClr(entry.Value, run, depth + 1);
                }

                return map;

            case IEnumerable items:
                var list = new List<object?>();

                foreach (var item in items)
                {
                    run.Step();
                    list.Add(FromClr(item, run, depth + 1));
                }

                return list;

            default:
                return Parsed(value);
        }
    }

    private static object? Parsed(object value)
    {
        try
        {
            return WorkflowData.FromJson(JsonSerializer.SerializeToElement(value, value.GetType(), Json));
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new ExpressionException($"A value of type {value.GetType()} cannot be kept as workflow data: {exception.Message}", exception)
            {
                Kind = "FormatError",
            };
        }
    }
}
