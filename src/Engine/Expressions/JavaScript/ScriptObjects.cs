using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Native.Symbol;
using Jint.Runtime;
using Jint.Runtime.Descriptors;
using Jint.Runtime.Interop;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>An object whose members are answered one by one when a script asks for them.</summary>
internal abstract class LazyObject(ScriptEngine script) : ObjectInstance(script.Engine)
{
    protected ScriptEngine Script => script;

    protected abstract JsValue? Find(string name);

    protected virtual bool IsEnumerable => true;

    public override PropertyDescriptor GetOwnProperty(JsValue property) =>
        property.IsString() && Find(property.ToString()) is { } value
            ? new PropertyDescriptor(value, writable: true, enumerable: IsEnumerable, configurable: true)
            : base.GetOwnProperty(property);

    protected override bool TryGetOwnPropertyValue(JsValue property, JsValue receiver, out JsValue value)
    {
        if (property.IsString() && Find(property.ToString()) is { } found)
        {
            value = found;
            return true;
        }

        return base.TryGetOwnPropertyValue(property, receiver, out value);
    }
}

/// <summary>A lazy object that can be written, member by member.</summary>
internal abstract class WritableObject(ScriptEngine script) : LazyObject(script)
{
    protected abstract void Write(string name, JsValue value);

    protected abstract void Remove(string name);

    protected abstract IEnumerable<string> Names { get; }

    public override bool Set(JsValue property, JsValue value, JsValue receiver)
    {
        if (!property.IsString() || !ReferenceEquals(receiver, this))
            return base.Set(property, value, receiver);

        Write(property.ToString(), value);
        return true;
    }

    public override bool DefineOwnProperty(JsValue property, PropertyDescriptor desc)
    {
        if (!property.IsString() || desc.Get is not null || desc.Set is not null)
            throw Script.TypeError("Workflow data holds values only");

        Write(property.ToString(), desc.Value ?? Undefined);
        return true;
    }

    public override bool Delete(JsValue property)
    {
        if (!property.IsString())
            return base.Delete(property);

        Remove(property.ToString());
        return true;
    }

    public override List<JsValue> GetOwnPropertyKeys(Types types = Types.String | Types.Symbol) =>
        (types & Types.String) == 0 ? [] : [.. Names.Select(JsString.Create)];

    public override IEnumerable<KeyValuePair<JsValue, PropertyDescriptor>> GetOwnProperties() =>
        GetOwnPropertyKeys().Select(key => KeyValuePair.Create(key, GetOwnProperty(key)));

    public override bool PreventExtensions() => false;
}

/// <summary>A live view of an object of the workflow's data.</summary>
internal sealed class DataObject(ScriptValues values, OrderedDictionary<string, object?> data) : WritableObject(values.Script)
{
    public OrderedDictionary<string, object?> Data => data;

    protected override IEnumerable<string> Names => data.Keys;

    protected override JsValue? Find(string name) => data.TryGetValue(name, out var value) ? values.ToScript(value) : null;

    protected override void Write(string name, JsValue value)
    {
        data[name] = values.ToPart(value);
        values.DataChanged = true;
    }

    protected override void Remove(string name) => values.DataChanged |= data.Remove(name);
}

/// <summary>A live view of an array of the workflow's data. As in Elsa its length is fixed and <c>Array.isArray</c> returns false.</summary>
internal sealed class DataArray : ArrayLikeObject
{
    private readonly ScriptValues _values;

    public DataArray(ScriptValues values, List<object?> data)
        : base(values.Script.Engine)
    {
        (_values, Data) = (values, data);
        Prototype = values.Script.Engine.Intrinsics.Array.PrototypeObject;
    }

    public List<object?> Data { get; }

    public override uint Length => (uint)Data.Count;

    public override bool TryGetIndex(uint index, out JsValue value)
    {
        value = index < Data.Count ? _values.ToScript(Data[(int)index]) : Undefined;
        return index < Data.Count;
    }

    protected override bool HasIndex(uint index) => index < Data.Count;

    /// <summary>Elsa's arrays are spread by <c>concat</c>.</summary>
    public override PropertyDescriptor GetOwnProperty(JsValue property) =>
        ReferenceEquals(property, GlobalSymbolRegistry.IsConcatSpreadable)
            ? new PropertyDescriptor(JsBoolean.True, PropertyFlag.OnlyConfigurable)
            : base.GetOwnProperty(property);

    public override bool Set(JsValue property, JsValue value, JsValue receiver)
    {
        if (property.IsSymbol() || !ReferenceEquals(receiver, this))
            return base.Set(property, value, receiver);

        if (uint.TryParse(property.ToString(), out var index) && index < Data.Count)
        {
            Data[(int)index] = _values.ToPart(value);
            _values.DataChanged = true;
            return true;
        }

        if (property.ToString() == "length" && value.IsNumber() && value.AsNumber() == Data.Count)
            return true;

        throw _values.Script.TypeError("Cannot resize a fixed-size CLR array");
    }

    public override bool PreventExtensions() => false;
}

/// <summary>A copy of an object of the workflow's data: an object of JavaScript from when it is first looked at.</summary>
internal sealed class CopiedObject(ScriptValues values, OrderedDictionary<string, object?> source) : ObjectInstance(values.Script.Engine)
{
    private bool _isLoaded;

    public OrderedDictionary<string, object?> Source => source;

    protected override void Initialize()
    {
        _isLoaded = true;

        foreach (var (name, value) in source)
            FastSetDataProperty(name, values.Copy(value));
    }

    public bool IsUnchanged()
    {
        if (!_isLoaded)
            return true;

        var keys = GetOwnPropertyKeys(Types.String);
        return keys.Count == source.Count
            && keys.TrueForAll(key =>
                source.TryGetValue(key.ToString(), out var value) && GetOwnProperty(key) is { Value: { } now } && ScriptValues.IsUnchanged(now, value)
            );
    }
}

/// <summary>A value that JavaScript has no type for (an id, a duration, bytes), carried through unchanged.</summary>
internal sealed class DataValue(ScriptValues values, object value) : LazyObject(values.Script)
{
    public object Value => value;

    protected override bool IsEnumerable => false;

    protected override JsValue? Find(string name) =>
        name switch
        {
            "toString" or "toJSON" => new ClrFunction(_engine, name, (_, _) => JsString.Create(WorkflowFunctions.Text(value))),
            "byteLength" when value is byte[] bytes => JsNumber.Create(bytes.Length),
            _ => null,
        };
}

/// <summary>
/// The <c>variables</c> object. Elsa copies into it, before the expression, the variables whose names the source writes after <c>variables.</c>, and
/// copies them back afterwards; here a variable is copied when it is first read, and copied back only when it was written.
/// </summary>
internal sealed class VariablesObject(ScriptEngine script, ScriptValues values) : WritableObject(script)
{
    private sealed record Entry(JsValue Value, object? Source, bool IsAssigned);

    private readonly OrderedDictionary<string, Entry> _entries = [];

    protected override IEnumerable<string> Names
    {
        get
        {
            foreach (var name in Script.VariableNames)
                Find(name);

            return _entries.Keys.ToArray();
        }
    }

    protected override JsValue? Find(string name)
    {
        if (_entries.TryGetValue(name, out var entry))
            return entry.Value;

        if (Array.IndexOf(Script.VariableNames, name) < 0 || !Script.Scope.TryGetVariable(name, out var data))
            return null;

        Replace(name, data);
        return _entries[name].Value;
    }

    /// <summary>A setter was called: <c>variables</c> shows the new value.</summary>
    public void Replace(string name, object? data) =>
        _entries[name] = new Entry(data is OrderedDictionary<string, object?> ? values.Copy(data) : values.ToScript(data), data, false);

    protected override void Write(string name, JsValue value) => _entries[name] = new Entry(value, null, true);

    protected override void Remove(string name) => _entries.Remove(name);

    public void CopyBack()
    {
        foreach (var (name, entry) in _entries)
        {
            // Elsa takes null for "not set", so a variable cannot be cleared this way.
            if (entry.Value.IsNull() || entry.Value.IsUndefined())
                continue;

            if (entry.IsAssigned || (entry.Value is CopiedObject && !ScriptValues.IsUnchanged(entry.Value, entry.Source)))
                Script.Scope.SetVariable(name, values.ToData(entry.Value));
        }
    }
}
