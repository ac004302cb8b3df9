using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Members of a built-in object, named once for all evaluations; each evaluation makes the functions it touches.</summary>
internal sealed class BuiltinTable
{
    private sealed record Entry(PropertyKey Key, int Length, NativeCode? Code, NativeCode? Getter, Func<Realm, JsValue>? Factory);

    private readonly List<Property> _entries = [];
    private Property[]? _properties;
    private Dictionary<PropertyKey, int>? _index;

    public Property[] Properties => _properties ??= [.. _entries];
    public Dictionary<PropertyKey, int> Index => _index ??= _entries.Select((e, i) => (e.Key, i)).ToDictionary(e => e.Key, e => e.i);

    private BuiltinTable Add(Entry entry, PropertyFlags flags)
    {
        _entries.Add(new Property { Key = entry.Key, Value = JsValue.Internal(entry), Flags = flags | PropertyFlags.Lazy });
        return this;
    }

    public BuiltinTable Method(PropertyKey key, int length, NativeCode code, PropertyFlags flags = PropertyFlags.Hidden) => Add(new Entry(key, length, code, null, null), flags);

    public BuiltinTable Getter(PropertyKey key, NativeCode code) => Add(new Entry(key, 0, null, code, null), PropertyFlags.Configurable);

    public BuiltinTable Lazy(PropertyKey key, Func<Realm, JsValue> factory, PropertyFlags flags = PropertyFlags.Hidden) => Add(new Entry(key, 0, null, null, factory), flags);

    public BuiltinTable Value(PropertyKey key, JsValue value, PropertyFlags flags = PropertyFlags.None)
    {
        _entries.Add(new Property { Key = key, Value = value, Flags = flags });
        return this;
    }

    public BuiltinTable Tag(string name) => Value(Symbol.ToStringTag, name, PropertyFlags.Configurable);

    public static Property Make(Realm realm, in Property property)
    {
        var entry = (Entry)property.Value.Ref!;
        var made = property;
        made.Flags &= ~PropertyFlags.Lazy;
        if (entry.Factory is not null)
        {
            made.Value = entry.Factory(realm);
        }
        else if (entry.Getter is not null)
        {
            made.Value = JsValue.Internal(new Accessor(new NativeFunction(realm, entry.Key, 0, entry.Getter, prefix: "get"), null));
            made.Flags |= PropertyFlags.Accessor;
        }
        else
        {
            made.Value = new NativeFunction(realm, entry.Key, entry.Length, entry.Code!);
        }

        return made;
    }
}

/// <summary>A built-in prototype or namespace.</summary>
internal class BuiltinObject : JsObject
{
    private readonly Realm _realm;
    private bool _modified;

    public BuiltinObject(Realm realm, JsObject? prototype, BuiltinTable table) : base(prototype)
    {
        _realm = realm;
        realm.Allocate(64 + 40L * table.Properties.Length);
        UseTemplate(table);
    }

    /// <summary>Whether no script has changed it, so that short cuts may assume its members.</summary>
    public bool HasOnlyBuiltins => !_modified;

    public bool IteratorIsOriginal => !_modified;

    protected override Property Materialize(in Property property) => BuiltinTable.Make(_realm, property);

    public override bool Set(Realm realm, PropertyKey key, JsValue value, JsValue receiver)
    {
        _modified |= ReferenceEquals(receiver.Ref, this);
        return base.Set(realm, key, value, receiver);
    }

    public override bool DefineOwn(Realm realm, PropertyKey key, in PropertyDescriptor descriptor)
    {
        _modified = true;
        return base.DefineOwn(realm, key, descriptor);
    }

    public override bool Delete(PropertyKey key)
    {
        _modified = true;
        return base.Delete(key);
    }

    public override bool SetPrototype(JsObject? prototype)
    {
        _modified = true;
        return base.SetPrototype(prototype);
    }
}

/// <summary>Function.prototype, which is itself a function.</summary>
internal sealed class FunctionPrototypeObject : JsFunction
{
    private readonly Realm _realm;

    public FunctionPrototypeObject(Realm realm) : base(realm.ObjectPrototype)
    {
        _realm = realm;
        UseTemplate(FunctionBuiltins.Prototype);
    }

    protected override Property Materialize(in Property property) => BuiltinTable.Make(_realm, property);

    public override JsValue Call(Realm realm, JsValue self, ReadOnlySpan<JsValue> arguments) => default;
}

/// <summary>A boxed primitive.</summary>
internal sealed class JsPrimitive : JsObject
{
    public JsPrimitive(Realm realm, JsValue value, JsObject? prototype = null) : base(prototype ?? realm.Intrinsic(value.Type + "Prototype"))
    {
        realm.Allocate(80);
        Value = value;
        Realm = realm;
    }

    private Realm Realm { get; }
    public JsValue Value { get; }
    public override string ClassName => Value.Type.ToString();

    public override bool GetOwn(PropertyKey key, out Property property)
    {
        if (Value.IsString && key.Ref is string)
        {
            if (key.Ref is "length")
            {
                property = new Property { Key = key, Value = Value.StringLength };
                return true;
            }

            if (key.TryIndex(out var index) && index < Value.StringLength)
            {
                property = new Property { Key = key, Value = Realm.Character(Realm.Text(Value)[(int)index]), Flags = PropertyFlags.Enumerable };
                return true;
            }
        }

        return base.GetOwn(key, out property);
    }

    public override bool DefineOwn(Realm realm, PropertyKey key, in PropertyDescriptor descriptor) =>
        Value.IsString && GetOwn(key, out var own) && (key.Ref is "length" || key.TryIndex(out var index) && index < Value.StringLength)
            ? IsAllowedChange(own, descriptor)
            : base.DefineOwn(realm, key, descriptor);

    public override bool Set(Realm realm, PropertyKey key, JsValue value, JsValue receiver) =>
        !(Value.IsString && (key.Ref is "length" || key.TryIndex(out var index) && index < Value.StringLength)) && base.Set(realm, key, value, receiver);

    public override bool Delete(PropertyKey key) => !(Value.IsString && (key.Ref is "length" || key.TryIndex(out var index) && index < Value.StringLength)) && base.Delete(key);

    public override List<PropertyKey> OwnKeys()
    {
        var keys = base.OwnKeys();
        if (!Value.IsString)
            return keys;
        Realm.Allocate(16L * Value.StringLength);
        return [.. Enumerable.Range(0, Value.StringLength).Select(i => PropertyKey.Of(i)), .. keys.Where(k => k.TryIndex(out _)), "length", .. keys.Where(k => !k.TryIndex(out _))];
    }
}

/// <summary>An error object.</summary>
internal sealed class JsError(JsObject prototype) : JsObject(prototype)
{
    public override string ClassName => "Error";
}

/// <summary>A constructor and its prototype.</summary>
internal sealed class Definition
{
    public Definition(string name, int length, NativeCode call, NativeConstructor? construct, BuiltinTable prototype, BuiltinTable? statics = null, string? parent = null)
    {
        (Name, Length, Call, Construct, Prototype, Statics, Parent) = (name, length, call, construct, prototype, statics ?? new BuiltinTable(), parent);
        prototype.Lazy("constructor", realm => realm.Intrinsic(name));
    }

    public string Name { get; }
    public int Length { get; }
    public NativeCode Call { get; }
    public NativeConstructor? Construct { get; }
    public BuiltinTable Prototype { get; }
    public BuiltinTable Statics { get; }

    /// <summary>Name of the constructor it derives from.</summary>
    public string? Parent { get; }

    public static NativeCode OnlyNew(string name) => (realm, _, _) => throw realm.TypeError($"Constructor {name} requires 'new'");
}

/// <summary>The global object and the registry of everything built in.</summary>
internal static class Builtins
{
    private static readonly Dictionary<string, Definition> s_definitions = new[]
    {
        ObjectBuiltins.Definition, FunctionBuiltins.Definition, ArrayBuiltins.Definition, StringBuiltins.Definition, NumberBuiltins.Number, NumberBuiltins.Boolean,
        NumberBuiltins.BigInt, NumberBuiltins.Symbols, DateBuiltins.Definition, RegexBuiltins.Definition, CollectionBuiltins.Map, CollectionBuiltins.Set,
        CollectionBuiltins.WeakMap, CollectionBuiltins.WeakSet, IteratorBuiltins.Definition, BytesBuiltins.Definition,
    }.Concat(ErrorBuiltins.Definitions).ToDictionary(d => d.Name);

    private static readonly Dictionary<string, (string? Parent, BuiltinTable Table)> s_objects = new()
    {
        ["Math"] = (null, NumberBuiltins.Math),
        ["JSON"] = (null, JsonBuiltins.Table),
        ["Reflect"] = (null, ObjectBuiltins.Reflect),
        ["Intl"] = (null, new BuiltinTable().Tag("Intl")),
        ["ArrayIteratorPrototype"] = ("Iterator", IteratorBuiltins.Stepper("Array Iterator")),
        ["StringIteratorPrototype"] = ("Iterator", IteratorBuiltins.Stepper("String Iterator")),
        ["MapIteratorPrototype"] = ("Iterator", IteratorBuiltins.Stepper("Map Iterator")),
        ["SetIteratorPrototype"] = ("Iterator", IteratorBuiltins.Stepper("Set Iterator")),
        ["RegExpStringIteratorPrototype"] = ("Iterator", IteratorBuiltins.Stepper("RegExp String Iterator")),
        ["IteratorHelperPrototype"] = ("Iterator", IteratorBuiltins.Helper),
        ["DataValuePrototype"] = (null, BytesBuiltins.DataValue),
    };

    private static readonly string[] s_namespaces = ["Math", "JSON", "Reflect", "Intl"];

    public static readonly BuiltinTable Global = BuildGlobal();

    private static BuiltinTable BuildGlobal()
    {
        var table = new BuiltinTable()
            .Value("undefined", default).Value("NaN", double.NaN).Value("Infinity", double.PositiveInfinity)
            .Lazy("globalThis", realm => realm.Global)
            .Lazy("parseFloat", realm => realm.Intrinsic("parseFloat")).Lazy("parseInt", realm => realm.Intrinsic("parseInt"))
            .Method("isNaN", 1, static (realm, _, a) => double.IsNaN(Operators.ToNumber(realm, a.At(0))))
            .Method("isFinite", 1, static (realm, _, a) => double.IsFinite(Operators.ToNumber(realm, a.At(0))))
            .Method("encodeURI", 1, static (realm, _, a) => Uris.Encode(realm, Operators.ToText(realm, a.At(0)), Uris.Reserved + "#"))
            .Method("encodeURIComponent", 1, static (realm, _, a) => Uris.Encode(realm, Operators.ToText(realm, a.At(0)), ""))
            .Method("decodeURI", 1, static (realm, _, a) => Uris.Decode(realm, Operators.ToText(realm, a.At(0)), Uris.Reserved + "#"))
            .Method("decodeURIComponent", 1, static (realm, _, a) => Uris.Decode(realm, Operators.ToText(realm, a.At(0)), ""))
            .Method("escape", 1, static (realm, _, a) => Uris.Escape(realm, Operators.ToText(realm, a.At(0))))
            .Method("unescape", 1, static (realm, _, a) => Uris.Unescape(realm, Operators.ToText(realm, a.At(0))));
        foreach (var name in s_namespaces.Concat(s_definitions.Keys))
            table.Lazy(name, realm => realm.Intrinsic(name));
        WorkflowFunctions.AddTo(table);
        return table;
    }

    public static JsObject Create(Realm realm, string name)
    {
        switch (name)
        {
            case "ObjectPrototype":
                return realm.ObjectPrototype;
            case "FunctionPrototype":
                return realm.FunctionPrototype;
            case "ArrayPrototype":
                return realm.ArrayPrototype;
            case "parseFloat":
                return new NativeFunction(realm, name, 1, NumberBuiltins.ParseFloat);
            case "parseInt":
                return new NativeFunction(realm, name, 2, NumberBuiltins.ParseInt);
        }

        if (s_definitions.TryGetValue(name, out var definition))
        {
            return new NativeFunction(realm, name, definition.Length, definition.Call, definition.Construct, null, definition,
                definition.Parent is null ? null : realm.Intrinsic(definition.Parent));
        }

        if (s_objects.TryGetValue(name, out var entry))
            return new BuiltinObject(realm, entry.Parent is null ? realm.ObjectPrototype : realm.Intrinsic(entry.Parent + "Prototype"), entry.Table);
        definition = s_definitions[name[..^"Prototype".Length]];
        return new BuiltinObject(realm, definition.Parent is null ? realm.ObjectPrototype : realm.Intrinsic(definition.Parent + "Prototype"), definition.Prototype);
    }

    public static JsValue At(this ReadOnlySpan<JsValue> arguments, int index) => index < arguments.Length ? arguments[index] : default;
}

/// <summary>URI encoding (19.2.6) and the legacy escape functions.</summary>
internal static class Uris
{
    public const string Reserved = ";/?:@&=+$,";
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";

    public static JsValue Encode(Realm realm, string text, string keep)
    {
        realm.Charge(text.Length);
        realm.Allocate(6L * text.Length);
        var result = new StringBuilder(text.Length);
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (Unreserved.Contains(text[i]) || keep.Contains(text[i]))
            {
                result.Append(text[i++]);
                continue;
            }

            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != System.Buffers.OperationStatus.Done)
                throw realm.Error("URIError", "URI malformed");
            i += used;
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                result.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return realm.NewString(result.ToString());
    }

    public static JsValue Decode(Realm realm, string text, string keep)
    {
        realm.Charge(text.Length);
        var result = new StringBuilder(text.Length);
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                result.Append(text[i++]);
                continue;
            }

            var start = i;
            bytes[0] = Byte(realm, text, ref i);
            var count = bytes[0] < 0x80 ? 1 : bytes[0] is >= 0xc2 and < 0xe0 ? 2 : bytes[0] is >= 0xe0 and < 0xf0 ? 3 : bytes[0] is >= 0xf0 and < 0xf5 ? 4 : 0;
            for (var k = 1; k < count; k++)
                bytes[k] = Byte(realm, text, ref i);
            if (count == 0 || Rune.DecodeFromUtf8(bytes[..count], out var rune, out var used) != System.Buffers.OperationStatus.Done || used != count)
                throw realm.Error("URIError", "URI malformed");
            if (rune.Value < 128 && keep.Contains((char)rune.Value))
                result.Append(text, start, i - start);
            else
                result.Append(rune);
        }

        return realm.NewString(result.ToString());
    }

    private static byte Byte(Realm realm, string text, ref int position)
    {
        if (position + 2 >= text.Length || text[position] != '%' || !char.IsAsciiHexDigit(text[position + 1]) || !char.IsAsciiHexDigit(text[position + 2]))
            throw realm.Error("URIError", "URI malformed");
        position += 3;
        return (byte)(NumberFormat.Digit(text[position - 2]) * 16 + NumberFormat.Digit(text[position - 1]));
    }

    public static JsValue Escape(Realm realm, string text)
    {
        realm.Charge(text.Length);
        realm.Allocate(12L * text.Length);
        var result = new StringBuilder();
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || "@*_+-./".Contains(c))
                result.Append(c);
            else
                result.Append(c < 256 ? "%" : "%u").Append(((int)c).ToString(c < 256 ? "X2" : "X4", System.Globalization.CultureInfo.InvariantCulture));
        }

        return realm.NewString(result.ToString());
    }

    public static JsValue Unescape(Realm realm, string text)
    {
        realm.Charge(text.Length);
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var (skip, digits) = text[i] == '%' && i + 5 < text.Length && text[i + 1] == 'u' ? (2, 4) : (1, 2);
            if (text[i] == '%' && i + skip + digits <= text.Length && int.TryParse(text.AsSpan(i + skip, digits), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var code))
            {
                result.Append((char)code);
                i += skip + digits - 1;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return realm.NewString(result.ToString());
    }
}
