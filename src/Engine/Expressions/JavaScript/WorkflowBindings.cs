using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>What an expression sees of its workflow, by the names Elsa gives it: getters and setters of variables, inputs and outputs, and the <c>variables</c> object.</summary>
internal sealed class WorkflowBindings(Realm realm)
{
    private Dictionary<object, JsObject>? _wrappers;
    private List<(string Name, object Value)>? _handedOut;
    private VariablesObject? _variables;

    /// <summary>Names that the source writes as <c>variables.Name</c>; only these are members of <c>variables</c>.</summary>
    public string[] VariableNames { get; set; } = [];

    /// <summary>Set when a script wrote into data it was handed.</summary>
    public bool DataChanged { get; set; }

    public VariablesObject Variables => _variables ??= new VariablesObject(realm);

    /// <summary>Value of a global such as <c>getX</c>: a function made on the spot.</summary>
    public bool TryGetGlobal(string name, out JsValue value)
    {
        value = default;
        if (name == "variables")
        {
            value = Variables;
            return true;
        }

        NativeCode? code = null;
        if (name.StartsWith("get", StringComparison.Ordinal) && Exists(name))
            code = (r, _, _) => r.Workflow.TryGet(name[3..], out var got) ? got : JsValue.Null;
        else if (name.StartsWith("set", StringComparison.Ordinal) && FindVariable(name[3..], out _) is { } variable)
            code = (r, _, arguments) => { r.Workflow.Set(variable, arguments.Length > 0 ? arguments[0] : default); return default; };
        if (code is null)
            return false;
        var function = new NativeFunction(realm, name, name[0] == 's' ? 1 : 0, code);
        realm.Global.Put(name, function, PropertyFlags.Hidden);
        value = function;
        return true;
    }

    private bool Exists(string name) => TryGet(name[3..], out _);

    /// <summary>A plain variable read through <c>variables</c> while nothing stands between it and the scope.</summary>
    public bool TryPlain(string name, out JsValue value)
    {
        value = default;
        if (_variables is not null || !realm.Scope.TryGetVariable(name, out var data))
            return false;
        switch (data)
        {
            case double number: value = number; return true;
            case int number: value = number; return true;
            case long number: value = number; return true;
            case bool flag: value = flag; return true;
            case string text: value = text; return true;
            case null: value = JsValue.Null; return true;
            default: return false;
        }
    }

    /// <summary>What <c>getX()</c> answers: an input of that name hides a variable, as in Elsa.</summary>
    public bool TryGet(string name, out JsValue value)
    {
        value = JsValue.Null;
        if (realm.Scope.TryGetInput(name, out var input))
        {
            value = ToValue(input);
            return true;
        }

        foreach (var declared in realm.Scope.InputNames)
        {
            if (declared == name)
                return true;
        }

        if (FindVariable(name, out var data) is { } variable)
        {
            value = HandOut(variable, data);
            return true;
        }

        if (!name.Contains("From", StringComparison.Ordinal))
            return false;
        foreach (var (id, activity, outputs) in realm.Scope.ActivitiesWithOutputs)
        {
            if (activity is null)
                continue;
            foreach (var output in outputs)
            {
                if (name.Length == output.Length + 4 + activity.Length && name.StartsWith(output, StringComparison.Ordinal) && name.AsSpan(output.Length + 4).SequenceEqual(Pascalize(activity)) ||
                    name == $"{output}From{Pascalize(activity)}")
                {
                    value = ToValue(realm.Scope.GetOutputFrom(id, output));
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The variable behind <c>getName</c>: accessors have a capital where the variable may not.</summary>
    private string? FindVariable(string name, out object? value)
    {
        value = null;
        if (name.Length == 0)
            return null;
        if (realm.Scope.TryGetVariable(name, out value))
            return name;
        var lower = char.ToLowerInvariant(name[0]) + name[1..];
        return char.IsUpper(name[0]) && realm.Scope.TryGetVariable(lower, out value) ? lower : null;
    }

    /// <summary>First letter and letters after blanks, dashes and underscores in upper case, those separators removed.</summary>
    private static string Pascalize(string name)
    {
        var result = new StringBuilder(name.Length);
        var upper = true;
        foreach (var c in name)
        {
            if (c is ' ' or '_' or '-')
            {
                upper = true;
                continue;
            }

            result.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }

        return result.ToString();
    }

    public JsValue GetVariable(string name) => realm.Scope.TryGetVariable(name, out var data) ? HandOut(name, data) : JsValue.Null;

    private JsValue HandOut(string name, object? data)
    {
        if (data is List<object?> or OrderedDictionary<string, object?>)
            (_handedOut ??= []).Add((name, data));
        return ToValue(data);
    }

    public void Set(string name, JsValue value)
    {
        var data = DataConversion.ToData(realm, value);
        realm.Scope.SetVariable(name, data);
        Variables.Replace(name, data);
    }

    /// <summary>Data as a script sees it: objects and arrays are live views of the workflow's own, one per object.</summary>
    public JsValue ToValue(object? data)
    {
        if (data is not (List<object?> or OrderedDictionary<string, object?>))
            return DataConversion.ToScalar(realm, data);
        _wrappers ??= new Dictionary<object, JsObject>(ReferenceEqualityComparer.Instance);
        if (_wrappers.TryGetValue(data, out var known))
            return known;
        realm.Allocate(96);
        JsObject wrapper = data is List<object?> list ? new DataArray(realm, list) : new DataObject(realm, (OrderedDictionary<string, object?>)data);
        _wrappers[data] = wrapper;
        return wrapper;
    }

    /// <summary>After the expression: what was written to <c>variables</c> and into handed-out data becomes true.</summary>
    public void CopyBack()
    {
        if (DataChanged && _handedOut is not null)
        {
            foreach (var (name, data) in _handedOut)
            {
                // Unless the script has since given the variable another value.
                if (realm.Scope.TryGetVariable(name, out var current) && ReferenceEquals(current, data))
                    realm.Scope.SetVariable(name, data);
            }
        }

        _variables?.CopyBack();
    }
}

/// <summary>
/// The <c>variables</c> object. Elsa copies into it, before the expression, the variables whose names the source writes after <c>variables.</c>, and
/// copies them back afterwards; here a variable is copied when it is first read, and copied back only when it was written.
/// </summary>
internal sealed class VariablesObject(Realm realm) : JsObject(realm.ObjectPrototype)
{
    private sealed class Entry
    {
        public JsValue Value;
        public bool Assigned;
        public VariableCopy? Copy;
    }

    private readonly Dictionary<string, Entry> _entries = [];

    private Entry? Find(string name)
    {
        if (_entries.TryGetValue(name, out var entry))
            return entry;
        if (Array.IndexOf(realm.Workflow.VariableNames, name) < 0 || !realm.Scope.TryGetVariable(name, out var data))
            return null;
        realm.Allocate(96);
        return _entries[name] = Load(data);
    }

    private Entry Load(object? data)
    {
        if (data is not OrderedDictionary<string, object?>)
            return new Entry { Value = realm.Workflow.ToValue(data) };
        var copy = new VariableCopy();
        return new Entry { Value = DataConversion.Copy(realm, data, copy), Copy = copy };
    }

    /// <summary>A setter was called: <c>variables</c> shows the new value.</summary>
    public void Replace(string name, object? data) => _entries[name] = Load(data);

    public override bool GetOwn(PropertyKey key, out Property property)
    {
        if (key.Ref is string name && Find(name) is { } entry)
        {
            property = new Property { Key = key, Value = entry.Value, Flags = PropertyFlags.All };
            return true;
        }

        property = default;
        return false;
    }

    public override JsValue Get(Realm reader, PropertyKey key, JsValue receiver)
    {
        if (key.Ref is string name && Find(name) is { } entry)
            return entry.Value;
        return base.Get(reader, key, receiver);
    }

    public override bool Set(Realm writer, PropertyKey key, JsValue value, JsValue receiver)
    {
        if (key.Ref is not string name)
            return base.Set(writer, key, value, receiver);
        var entry = Find(name) ?? (_entries[name] = new Entry());
        entry.Value = value;
        entry.Assigned = true;
        entry.Copy = null;
        return true;
    }

    public override bool DefineOwn(Realm definer, PropertyKey key, in PropertyDescriptor descriptor) =>
        descriptor.IsAccessor ? throw definer.TypeError("variables holds values only") : Set(definer, key, descriptor.Value ?? default, this);

    public override bool Delete(PropertyKey key) => key.Ref is not string name || _entries.Remove(name);

    public override List<PropertyKey> OwnKeys()
    {
        foreach (var name in realm.Workflow.VariableNames)
            Find(name);
        return [.. _entries.Keys.Select(name => (PropertyKey)name)];
    }

    public void CopyBack()
    {
        foreach (var (name, entry) in _entries)
        {
            // Elsa takes null for "not set", so a variable cannot be cleared this way.
            if ((entry.Assigned || entry.Copy is { Changed: true }) && !entry.Value.IsNullish)
                realm.Scope.SetVariable(name, DataConversion.ToData(realm, entry.Value));
        }
    }
}

/// <summary>A live view of an object of the workflow's data.</summary>
internal sealed class DataObject(Realm realm, OrderedDictionary<string, object?> data) : JsObject(realm.ObjectPrototype)
{
    public OrderedDictionary<string, object?> Data => data;

    public override bool GetOwn(PropertyKey key, out Property property)
    {
        property = default;
        if (key.Ref is not string name || !data.TryGetValue(name, out var value))
            return false;
        property = new Property { Key = key, Value = realm.Workflow.ToValue(value), Flags = PropertyFlags.All };
        return true;
    }

    public override bool Set(Realm writer, PropertyKey key, JsValue value, JsValue receiver)
    {
        if (key.Ref is not string name || !ReferenceEquals(receiver.Ref, this))
            return base.Set(writer, key, value, receiver);
        writer.Allocate(64);
        data[name] = DataConversion.ToPart(writer, value);
        writer.Workflow.DataChanged = true;
        return true;
    }

    public override bool DefineOwn(Realm definer, PropertyKey key, in PropertyDescriptor descriptor)
    {
        if (descriptor.IsAccessor || key.IsSymbol)
            throw definer.TypeError("Workflow data holds values only");
        return Set(definer, key, descriptor.Value ?? default, this);
    }

    public override bool Delete(PropertyKey key)
    {
        if (key.Ref is string name && data.Remove(name))
            realm.Workflow.DataChanged = true;
        return true;
    }

    public override List<PropertyKey> OwnKeys()
    {
        realm.Allocate(16L * data.Count);
        return [.. data.Keys.Select(name => (PropertyKey)name)];
    }

    public override bool PreventExtensions() => false;
}

/// <summary>A live view of an array of the workflow's data. As in Elsa its length is fixed and <c>Array.isArray</c> says false.</summary>
internal sealed class DataArray(Realm realm, List<object?> data) : JsObject(realm.ArrayPrototype)
{
    public List<object?> Data => data;
    public override bool IsArrayLike => true;

    public override JsValue GetIndex(Realm reader, long index) => (ulong)index < (ulong)data.Count ? reader.Workflow.ToValue(data[(int)index]) : default;

    public override bool HasIndex(long index) => (ulong)index < (ulong)data.Count;

    public override bool GetOwn(PropertyKey key, out Property property)
    {
        property = default;
        if (key.Ref is "length")
            property = new Property { Key = key, Value = data.Count, Flags = PropertyFlags.Writable };
        else if (key.TryIndex(out var index) && index < data.Count)
            property = new Property { Key = key, Value = realm.Workflow.ToValue(data[(int)index]), Flags = PropertyFlags.All };
        else
            return false;
        return true;
    }

    public override bool Set(Realm writer, PropertyKey key, JsValue value, JsValue receiver)
    {
        if (key.TryIndex(out var index) && index < data.Count)
        {
            data[(int)index] = DataConversion.ToPart(writer, value);
            writer.Workflow.DataChanged = true;
            return true;
        }

        if (key.Ref is "length" && value.IsNumber && value.Number == data.Count)
            return true;
        throw writer.TypeError("Cannot resize a fixed-size CLR array");
    }

    public override void SetIndex(Realm writer, long index, JsValue value) => Set(writer, PropertyKey.Of(index), value, this);

    public override bool DefineOwn(Realm definer, PropertyKey key, in PropertyDescriptor descriptor) => Set(definer, key, descriptor.Value ?? default, this);

    public override bool Delete(PropertyKey key) => throw realm.TypeError("Cannot resize a fixed-size CLR array");

    public override List<PropertyKey> OwnKeys()
    {
        realm.Allocate(16L * data.Count);
        var keys = new List<PropertyKey>(data.Count + 1);
        for (var i = 0; i < data.Count; i++)
            keys.Add(PropertyKey.Of(i));
        keys.Add("length");
        return keys;
    }

    public override bool PreventExtensions() => false;
}

/// <summary>A value that JavaScript has no type for (an id, a duration), carried through unchanged.</summary>
internal sealed class DataValue(Realm realm, object value) : JsObject(realm.Intrinsic("DataValuePrototype"))
{
    public object Value => value;
}

/// <summary>Bytes; seen as an ArrayBuffer.</summary>
internal sealed class JsBytes(Realm realm, byte[] bytes) : JsObject(realm.Intrinsic("ArrayBufferPrototype"))
{
    public byte[] Bytes => bytes;
    public override string ClassName => "ArrayBuffer";
}
