using Jint;
using Jint.Native;
using Jint.Native.Function;
using Jint.Native.Object;
using Jint.Runtime;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Workflow data to JavaScript values and back.</summary>
internal sealed class ScriptValues(ScriptEngine script)
{
    private readonly Dictionary<object, ObjectInstance> _views = new(ReferenceEqualityComparer.Instance);

    /// <summary>Set when a script wrote into data it was handed.</summary>
    public bool DataChanged { get; set; }

    public ScriptEngine Script => script;

    public void Clear()
    {
        _views.Clear();
        DataChanged = false;
    }

    /// <summary>Data as a script sees it: objects and arrays are live views of the workflow's own, one per object.</summary>
    public JsValue ToScript(object? data)
    {
        switch (data)
        {
            case null:
                return JsValue.Null;
            case string text:
                return JsString.Create(text);
            case bool flag:
                return flag ? JsBoolean.True : JsBoolean.False;
            case int number:
                return JsNumber.Create(number);
            case double number:
                return JsNumber.Create(number);
            case long number:
                return JsNumber.Create(number);
            case decimal number:
                return JsNumber.Create((double)number);
            case DateTimeOffset time:
                return new JsDate(script.Engine, time.ToUnixTimeMilliseconds());
            case EnumValue named:
                return JsString.Create(named.Name);
        }

        if (_views.TryGetValue(data, out var view))
            return view;

        view = data switch
        {
            List<object?> list => new DataArray(this, list),
            OrderedDictionary<string, object?> members => new DataObject(this, members),
            _ => new DataValue(this, data),
        };

        if (data is not ValueType)
            _views[data] = view;

        return view;
    }

    /// <summary>A copy as plain JavaScript objects and arrays, made level by level when it is read.</summary>
    public JsValue Copy(object? data) =>
        data switch
        {
            OrderedDictionary<string, object?> { Comparer: RecordNames } => ToScript(data),
            OrderedDictionary<string, object?> members => new CopiedObject(this, members),
            List<object?> list => new JsArray(script.Engine, [.. list.Select(Copy)]),
            _ => ToScript(data),
        };

    /// <summary>Whether a copy still equals its source.</summary>
    public static bool IsUnchanged(JsValue copy, object? data) =>
        data switch
        {
            OrderedDictionary<string, object?> { Comparer: RecordNames } => copy is DataObject view && ReferenceEquals(view.Data, data),
            OrderedDictionary<string, object?> => copy is CopiedObject members && ReferenceEquals(members.Source, data) && members.IsUnchanged(),
            List<object?> list => copy is JsArray items
                && items.Length == list.Count
                && Enumerable.Range(0, list.Count).All(i => IsUnchanged(items[i], list[i])),
            null => copy.IsNull(),
            string text => copy.IsString() && copy.AsString() == text,
            bool flag => copy.IsBoolean() && copy.AsBoolean() == flag,
            int or long or double or decimal => copy.IsNumber()
                && copy.AsNumber().Equals(System.Convert.ToDouble(data, System.Globalization.CultureInfo.InvariantCulture)),
            DateTimeOffset time => copy is JsDate date && date.DateValue.Equals((double)time.ToUnixTimeMilliseconds()),
            _ => copy is DataValue carried && Equals(carried.Value, data),
        };

    /// <summary>A value as workflow data. Functions and symbols have none: they become their text. All numbers are doubles.</summary>
    /// <exception cref="JavaScriptException">The value contains itself.</exception>
    public object? ToData(JsValue value, int depth = 0)
    {
        switch (value)
        {
            case JsString text:
                return text.ToString();
            case JsNumber number:
                return number.AsNumber();
            case JsBoolean flag:
                return flag.AsBoolean();
            case JsSymbol symbol:
                return symbol.ToString() is ['S', 'y', 'm', 'b', 'o', 'l', '(', .. var description, ')'] ? description : "";
            case ObjectInstance instance:
                return FromObject(instance, depth);
            default:
                return null;
        }
    }

    /// <summary>
    /// A value that becomes part of workflow data. Existing workflow data is copied: nested in itself it would be endless, and shared at every level
    /// it would grow exponentially.
    /// </summary>
    public object? ToPart(JsValue value) => ToData(value, 1);

    private object? FromObject(ObjectInstance source, int depth)
    {
        script.Meter.Check();

        if (depth > WorkflowData.MaxDepth)
            throw TooDeep();

        switch (source)
        {
            case DataObject view:
                return depth == 0 ? view.Data : Clone(view.Data, depth);
            case DataArray view:
                return depth == 0 ? view.Data : Clone(view.Data, depth);
            case DataValue carried:
                return carried.Value;
            case JsDate date:
                return double.IsNaN(date.DateValue)
                    ? null
                    : Instant.FromUnixTimeMilliseconds((long)Math.Clamp(date.DateValue, -62135596800000, 253402300799999)).ToDateTimeOffset();
            case IJsPrimitive primitive:
                return ToData(primitive.PrimitiveValue, depth);
            case Function function:
                return function.ToString();
            case JsArray array:
                var list = new List<object?>();

                for (uint i = 0; i < array.Length; i++)
                {
                    script.Meter.Check();
                    list.Add(ToData(array[i], depth + 1));
                }

                return list;
        }

        var result = new OrderedDictionary<string, object?>();

        foreach (var key in source.GetOwnPropertyKeys(Types.String))
        {
            script.Meter.Check();

            if (source.GetOwnProperty(key) is { Enumerable: true })
                result[key.ToString()] = ToData(source.Get(key), depth + 1);
        }

        return result;
    }

    private object? Clone(object? data, int depth)
    {
        script.Meter.Check();

        if (depth > WorkflowData.MaxDepth)
            throw TooDeep();

        switch (data)
        {
            case OrderedDictionary<string, object?> members:
                var copy = new OrderedDictionary<string, object?>(members.Count);

                foreach (var (name, value) in members)
                    copy[name] = Clone(value, depth + 1);

                return copy;
            case List<object?> list:
                return list.ConvertAll(item => Clone(item, depth + 1));
            default:
                return data;
        }
    }

    private JavaScriptException TooDeep() => script.TypeError($"Cyclic reference detected, or data nested more than {WorkflowData.MaxDepth} levels.");
}
