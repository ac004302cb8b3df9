using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Workflow data to JavaScript values and back.</summary>
internal static class DataConversion
{
    public static JsValue ToScalar(Realm realm, object? data) =>
        data switch
        {
            null => JsValue.Null,
            string text => text,
            bool value => value,
            int number => number,
            double number => number,
            long number => number,
            decimal number => (double)number,
            DateTimeOffset time => new JsDate(realm, realm.Intrinsic("DatePrototype"), time.ToUnixTimeMilliseconds()),
            byte[] bytes => new JsBytes(realm, bytes),
            EnumValue named => named.Name,
            _ => new DataValue(realm, data),
        };

    /// <summary>A copy in JavaScript's own objects, made level by level as it is looked at.</summary>
    public static JsValue Copy(Realm realm, object? data, VariableCopy copy)
    {
        switch (data)
        {
            case OrderedDictionary<string, object?> { Comparer: RecordNames } record:
                return new DataObject(realm, record);
            case OrderedDictionary<string, object?> entries:
                return new CopiedObject(realm, entries, copy);
            case List<object?> list:
                var items = new JsValue[list.Count];
                for (var i = 0; i < items.Length; i++)
                    items[i] = Copy(realm, list[i], copy);
                return new JsArray(realm, items) { Copy = copy };
            default:
                return ToScalar(realm, data);
        }
    }

    private sealed class CopiedObject : JsObject
    {
        private readonly Realm _realm;
        private OrderedDictionary<string, object?>? _source;

        public CopiedObject(Realm realm, OrderedDictionary<string, object?> source, VariableCopy copy)
            : base(realm.ObjectPrototype)
        {
            realm.Allocate(96);
            _realm = realm;
            _source = source;
            Copy = copy;
            Pending = true;
        }

        protected override void Load()
        {
            Pending = false;
            _realm.Allocate(48L * _source!.Count);
            foreach (var (name, value) in _source)
                Put(name, DataConversion.Copy(_realm, value, Copy!));
            _source = null;
        }
    }

    /// <summary>A value as workflow data. Functions and symbols have none: they become their text. All numbers are doubles.</summary>
    /// <exception cref="JsThrow">The value contains itself.</exception>
    public static object? ToData(Realm realm, JsValue value) => ToData(realm, value, 0);

    private static object? ToData(Realm realm, JsValue value, int depth)
    {
        switch (value.Type)
        {
            case JsType.Undefined or JsType.Null or JsType.Hole:
                return null;
            case JsType.Boolean:
                return value.Boolean;
            case JsType.Number:
                return value.Number;
            case JsType.String:
                return realm.Text(value);
            case JsType.Symbol:
                return value.Symbol.Description ?? "";
            case JsType.BigInt:
                var big = value.BigInt;
                return big >= long.MinValue && big <= long.MaxValue ? (long)big : realm.Format(big);
            default:
                return FromObject(realm, value.Object, depth);
        }
    }

    private static JsThrow TooDeep(Realm realm) => realm.TypeError($"Cyclic reference detected, or data nested more than {WorkflowData.MaxDepth} levels.");

    /// <summary>A value that becomes part of workflow data. What is workflow data already is copied: inside itself it would have no end, and twice at every level no bounds.</summary>
    public static object? ToPart(Realm realm, JsValue value) => ToData(realm, value, 1);

    private static object? Clone(Realm realm, object? data, int depth)
    {
        realm.Step();
        if (depth > WorkflowData.MaxDepth)
            throw TooDeep(realm);
        switch (data)
        {
            case OrderedDictionary<string, object?> entries:
                realm.Allocate(64L * entries.Count);
                var copy = new OrderedDictionary<string, object?>(entries.Count);
                foreach (var (name, value) in entries)
                    copy[name] = Clone(realm, value, depth + 1);
                return copy;
            case List<object?> list:
                realm.Allocate(56 + 8L * list.Count);
                return list.ConvertAll(item => Clone(realm, item, depth + 1));
            default:
                return data;
        }
    }

    private static object? FromObject(Realm realm, JsObject source, int depth)
    {
        if (depth > WorkflowData.MaxDepth)
            throw TooDeep(realm);
        switch (source)
        {
            case DataObject view:
                return depth == 0 ? view.Data : Clone(realm, view.Data, depth);
            case DataArray view:
                return depth == 0 ? view.Data : Clone(realm, view.Data, depth);
            case DataValue carried:
                return carried.Value;
            case JsBytes bytes:
                return bytes.Bytes;
            case JsDate date:
                return double.IsNaN(date.Time)
                    ? null
                    : Instant.FromUnixTimeMilliseconds((long)Math.Clamp(date.Time, -62135596800000, 253402300799999)).ToDateTimeOffset();
            case JsPrimitive primitive:
                return ToData(realm, primitive.Value, depth);
            case JsFunction function:
                return function.Source(realm);
            case JsArray array:
                var length = array.Length;
                realm.Allocate(56 + 8L * length);
                var list = new List<object?>(array.IsDense ? (int)length : 0);
                for (long i = 0; i < length; i++)
                {
                    realm.Step();
                    list.Add(ToData(realm, array.GetIndex(realm, i), depth + 1));
                }

                return list;
        }

        realm.CheckStack();
        var result = new OrderedDictionary<string, object?>();
        foreach (var key in source.OwnKeys())
        {
            realm.Step();
            if (key.IsSymbol || !source.GetOwn(key, out var property) || !property.Has(PropertyFlags.Enumerable))
                continue;
            realm.Allocate(64);
            result[key.Name] = ToData(realm, property.IsAccessor ? source.Get(realm, key) : property.Value, depth + 1);
        }

        return result;
    }
}
