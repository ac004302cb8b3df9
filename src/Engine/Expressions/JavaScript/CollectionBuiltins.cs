namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Entries of a Map or Set in insertion order; iteration survives changes made meanwhile.</summary>
internal sealed class JsCollection : JsObject
{
    private readonly struct Key(JsValue value) : IEquatable<Key>
    {
        private readonly JsValue _value = value;

        public bool Equals(Key other) => Operators.SameValueZero(_value, other._value);
        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => _value.Type switch
        {
            JsType.Number => (_value.Number + 0.0).GetHashCode(),
            JsType.String => _value.String.GetHashCode(StringComparison.Ordinal),
            JsType.BigInt => _value.BigInt.GetHashCode(),
            JsType.Boolean => _value.Boolean ? 1 : 2,
            _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_value.Ref),
        };
    }

    private readonly Dictionary<Key, int> _index = [];
    private readonly List<(JsValue Key, JsValue Value)> _entries = [];

    public JsCollection(Realm realm, JsObject prototype, string kind) : base(prototype)
    {
        realm.Allocate(200);
        Kind = kind;
    }

    /// <summary>Map, Set, WeakMap or WeakSet.</summary>
    public string Kind { get; }
    public int Count => _index.Count;

    /// <summary>Entries including removed ones, whose key is a hole.</summary>
    public int Slots => _entries.Count;

    public (JsValue Key, JsValue Value) this[int slot] => _entries[slot];

    public bool TryGet(JsValue key, out JsValue value)
    {
        var found = _index.TryGetValue(new Key(key), out var slot);
        value = found ? _entries[slot].Value : default;
        return found;
    }

    public void Set(Realm realm, JsValue key, JsValue value)
    {
        if (key.IsNumber && key.Number == 0)
            key = 0;
        if (_index.TryGetValue(new Key(key), out var slot))
        {
            _entries[slot] = (key, value);
            return;
        }

        realm.Allocate(80);
        _index[new Key(key)] = _entries.Count;
        _entries.Add((key, value));
    }

    public bool Remove(JsValue key)
    {
        if (!_index.Remove(new Key(key), out var slot))
            return false;
        _entries[slot] = (JsValue.Hole, default);
        return true;
    }

    public void Clear()
    {
        _index.Clear();
        for (var i = 0; i < _entries.Count; i++)
            _entries[i] = (JsValue.Hole, default);
    }
}

/// <summary>Map, Set, WeakMap and WeakSet (24.1 to 24.4). Within one evaluation nothing is collected, so the weak ones hold what they hold.</summary>
internal static class CollectionBuiltins
{
    public static readonly Definition Map = new("Map", 0, Definition.OnlyNew("Map"), static (realm, a, target) => Make(realm, "Map", a, target), new BuiltinTable().Tag("Map")
        .Method("clear", 0, static (realm, self, _) => { This(realm, self, "Map").Clear(); return default; })
        .Method("delete", 1, static (realm, self, a) => This(realm, self, "Map").Remove(a.At(0)))
        .Lazy("entries", static realm => Entries(realm))
        .Method("forEach", 1, static (realm, self, a) => ForEach(realm, self, "Map", a))
        .Method("get", 1, static (realm, self, a) => { This(realm, self, "Map").TryGet(a.At(0), out var value); return value; })
        .Method("has", 1, static (realm, self, a) => This(realm, self, "Map").TryGet(a.At(0), out _))
        .Method("keys", 0, static (realm, self, _) => Iterate(realm, This(realm, self, "Map"), static (_, k, _) => k))
        .Method("set", 2, static (realm, self, a) => { This(realm, self, "Map").Set(realm, a.At(0), a.At(1)); return self; })
        .Getter("size", static (realm, self, _) => This(realm, self, "Map").Count)
        .Method("values", 0, static (realm, self, _) => Iterate(realm, This(realm, self, "Map"), static (_, _, v) => v))
        .Lazy(Symbol.Iterator, static realm => Entries(realm)), new BuiltinTable()
        .Getter(Symbol.Species, static (_, self, _) => self)
        .Method("groupBy", 2, static (realm, _, a) =>
        {
            var result = new JsCollection(realm, realm.Intrinsic("MapPrototype"), "Map");
            Group(realm, a, (key, value) =>
            {
                if (!result.TryGet(key, out var group))
                    result.Set(realm, key, group = new JsArray(realm));
                ((JsArray)group.Object).Add(realm, value);
            });
            return result;
        }));

    public static readonly Definition Set = new("Set", 0, Definition.OnlyNew("Set"), static (realm, a, target) => Make(realm, "Set", a, target), new BuiltinTable().Tag("Set")
        .Method("add", 1, static (realm, self, a) => { This(realm, self, "Set").Set(realm, a.At(0), a.At(0)); return self; })
        .Method("clear", 0, static (realm, self, _) => { This(realm, self, "Set").Clear(); return default; })
        .Method("delete", 1, static (realm, self, a) => This(realm, self, "Set").Remove(a.At(0)))
        .Method("difference", 1, static (realm, self, a) => Combine(realm, self, a, (mine, _, has) => mine.Where(v => !has(v))))
        .Method("entries", 0, static (realm, self, _) => Iterate(realm, This(realm, self, "Set"), static (r, k, v) => new JsArray(r, [k, v])))
        .Method("forEach", 1, static (realm, self, a) => ForEach(realm, self, "Set", a))
        .Method("has", 1, static (realm, self, a) => This(realm, self, "Set").TryGet(a.At(0), out _))
        .Method("intersection", 1, static (realm, self, a) => Combine(realm, self, a, (mine, _, has) => mine.Where(has)))
        .Method("isDisjointFrom", 1, static (realm, self, a) => Compare(realm, self, a, (mine, _, has) => !mine.Any(has)))
        .Method("isSubsetOf", 1, static (realm, self, a) => Compare(realm, self, a, (mine, _, has) => mine.All(has)))
        .Method("isSupersetOf", 1, static (realm, self, a) => Compare(realm, self, a, (mine, other, _) => other().All(v => mine.Any(m => Operators.SameValueZero(m, v)))))
        .Lazy("keys", static realm => SetValues(realm))
        .Getter("size", static (realm, self, _) => This(realm, self, "Set").Count)
        .Method("symmetricDifference", 1, static (realm, self, a) => Combine(realm, self, a, (mine, other, has) => mine.Where(v => !has(v)).Concat(other().Where(v => !mine.Any(m => Operators.SameValueZero(m, v))))))
        .Method("union", 1, static (realm, self, a) => Combine(realm, self, a, (mine, other, _) => mine.Concat(other())))
        .Lazy("values", static realm => SetValues(realm))
        .Lazy(Symbol.Iterator, static realm => SetValues(realm)), new BuiltinTable().Getter(Symbol.Species, static (_, self, _) => self));

    public static readonly Definition WeakMap = new("WeakMap", 0, Definition.OnlyNew("WeakMap"), static (realm, a, target) => Make(realm, "WeakMap", a, target), new BuiltinTable().Tag("WeakMap")
        .Method("delete", 1, static (realm, self, a) => This(realm, self, "WeakMap").Remove(a.At(0)))
        .Method("get", 1, static (realm, self, a) => { This(realm, self, "WeakMap").TryGet(a.At(0), out var value); return value; })
        .Method("has", 1, static (realm, self, a) => This(realm, self, "WeakMap").TryGet(a.At(0), out _))
        .Method("set", 2, static (realm, self, a) => { This(realm, self, "WeakMap").Set(realm, Holdable(realm, a.At(0)), a.At(1)); return self; }));

    public static readonly Definition WeakSet = new("WeakSet", 0, Definition.OnlyNew("WeakSet"), static (realm, a, target) => Make(realm, "WeakSet", a, target), new BuiltinTable().Tag("WeakSet")
        .Method("add", 1, static (realm, self, a) => { This(realm, self, "WeakSet").Set(realm, Holdable(realm, a.At(0)), a.At(0)); return self; })
        .Method("delete", 1, static (realm, self, a) => This(realm, self, "WeakSet").Remove(a.At(0)))
        .Method("has", 1, static (realm, self, a) => This(realm, self, "WeakSet").TryGet(a.At(0), out _)));

    private static JsValue Holdable(Realm realm, JsValue value) => value.IsObject || value.IsSymbol ? value : throw realm.TypeError($"Invalid value used as weak map key or in weak set: {Operators.Describe(value)}");

    private static JsCollection This(Realm realm, JsValue self, string kind) => self.Ref is JsCollection collection && collection.Kind == kind ? collection
        : throw realm.TypeError($"Method {kind}.prototype called on incompatible receiver {Operators.Describe(self)}");

    private static JsCollection Make(Realm realm, string kind, ReadOnlySpan<JsValue> a, JsObject target)
    {
        var result = new JsCollection(realm, realm.PrototypeFor(target, realm.Intrinsic(kind + "Prototype")), kind);
        if (a.At(0).IsNullish)
            return result;
        var isMap = kind.EndsWith("Map", StringComparison.Ordinal);
        var adder = realm.Callable(result.Get(realm, isMap ? "set" : "add"));
        realm.Iterate(a[0], item =>
        {
            if (!isMap)
            {
                adder.Call(realm, result, [item]);
                return true;
            }

            var pair = item.AsObject ?? throw realm.TypeError($"Iterator value {Operators.Describe(item)} is not an entry object");
            adder.Call(realm, result, [pair.GetIndex(realm, 0), pair.GetIndex(realm, 1)]);
            return true;
        });
        return result;
    }

    private static NativeFunction Entries(Realm realm) => (NativeFunction)realm.GetOrAddIntrinsic("Map.prototype.entries", static r =>
        new NativeFunction(r, "entries", 0, static (r2, self, _) => Iterate(r2, This(r2, self, "Map"), static (r3, k, v) => new JsArray(r3, [k, v]))));

    private static NativeFunction SetValues(Realm realm) => (NativeFunction)realm.GetOrAddIntrinsic("Set.prototype.values", static r =>
        new NativeFunction(r, "values", 0, static (r2, self, _) => Iterate(r2, This(r2, self, "Set"), static (_, k, _) => k)));

    private static JsIterator Iterate(Realm realm, JsCollection collection, Func<Realm, JsValue, JsValue, JsValue> select)
    {
        var slot = 0;
        return IteratorBuiltins.Create(realm, collection.Kind + "IteratorPrototype", (Realm r, out JsValue value) =>
        {
            value = default;
            while (slot >= 0 && slot < collection.Slots)
            {
                var (key, held) = collection[slot++];
                if (key.IsHole)
                    continue;
                value = select(r, key, held);
                return true;
            }

            slot = -1;
            return false;
        });
    }

    private static JsValue ForEach(Realm realm, JsValue self, string kind, ReadOnlySpan<JsValue> a)
    {
        var collection = This(realm, self, kind);
        var function = realm.Callable(a.At(0));
        for (var slot = 0; slot < collection.Slots; slot++)
        {
            realm.Step();
            var (key, value) = collection[slot];
            if (!key.IsHole)
                function.Call(realm, a.At(1), [value, key, self]);
        }

        return default;
    }

    public static void Group(Realm realm, ReadOnlySpan<JsValue> a, Action<JsValue, JsValue> add)
    {
        if (a.At(0).IsNullish)
            throw realm.TypeError($"{a.At(0)} is not iterable");
        var function = realm.Callable(a.At(1));
        var index = 0;
        realm.Iterate(a.At(0), value =>
        {
            add(function.Call(realm, default, [value, index++]), value);
            return true;
        });
    }

    private static (List<JsValue> Mine, Func<IEnumerable<JsValue>> Other, Func<JsValue, bool> Has) Operands(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var set = This(realm, self, "Set");
        var other = a.At(0).AsObject ?? throw realm.TypeError("The argument is not a set-like object");
        var size = Operators.ToNumber(realm, other.Get(realm, "size"));
        if (double.IsNaN(size))
            throw realm.TypeError("The 'size' property must be a number");
        if (size < 0)
            throw realm.RangeError("The 'size' property must not be negative");
        var has = realm.Callable(other.Get(realm, "has"));
        var keys = realm.Callable(other.Get(realm, "keys"));
        var mine = Enumerable.Range(0, set.Slots).Select(i => set[i].Key).Where(k => !k.IsHole).ToList();
        realm.Charge(mine.Count * (long)Math.Max(1, Math.Min(size, 1e6)));
        return (mine, Others, value => Operators.ToBoolean(has.Call(realm, other, [value])));

        IEnumerable<JsValue> Others()
        {
            var iterator = keys.Call(realm, other, []).AsObject ?? throw realm.TypeError("The iterator is not an object");
            var values = new ValueIterator(realm, iterator, iterator.Get(realm, "next"));
            while (values.MoveNext(out var value))
                yield return value;
        }
    }

    private static JsValue Combine(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, Func<List<JsValue>, Func<IEnumerable<JsValue>>, Func<JsValue, bool>, IEnumerable<JsValue>> combine)
    {
        var (mine, other, has) = Operands(realm, self, a);
        var result = new JsCollection(realm, realm.Intrinsic("SetPrototype"), "Set");
        foreach (var value in combine(mine, other, has))
            result.Set(realm, value, value);
        return result;
    }

    private static JsValue Compare(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, Func<List<JsValue>, Func<IEnumerable<JsValue>>, Func<JsValue, bool>, bool> compare)
    {
        var (mine, other, has) = Operands(realm, self, a);
        return compare(mine, other, has);
    }
}
