using System.Globalization;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>A property's name: a string or a symbol.</summary>
internal readonly struct PropertyKey : IEquatable<PropertyKey>
{
    public readonly object Ref;

    private PropertyKey(object reference) => Ref = reference;

    public static implicit operator PropertyKey(string name) => new(name);
    public static implicit operator PropertyKey(Symbol symbol) => new(symbol);

    public static PropertyKey Of(long index) => new(index.ToString(CultureInfo.InvariantCulture));

    public bool IsSymbol => Ref is Symbol;
    public string Name => (string)Ref;
    public JsValue Value => Ref is string name ? name : (JsValue)(Symbol)Ref;

    public bool Equals(PropertyKey other) => ReferenceEquals(Ref, other.Ref) || Ref is string a && other.Ref is string b && a == b;
    public override bool Equals(object? obj) => obj is PropertyKey other && Equals(other);
    public override int GetHashCode() => Ref is string name ? name.GetHashCode(StringComparison.Ordinal) : Ref.GetHashCode();
    public override string ToString() => Ref.ToString()!;

    /// <summary>Whether the name is an array index (canonical, below 2^32 - 1).</summary>
    public bool TryIndex(out uint index)
    {
        index = 0;
        if (Ref is not string name || name.Length is 0 or > 10 || name[0] == '0' && name.Length > 1)
            return false;
        ulong value = 0;
        foreach (var digit in name)
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            value = value * 10 + (uint)(digit - '0');
        }

        index = (uint)value;
        return value < uint.MaxValue;
    }
}

[Flags]
internal enum PropertyFlags : byte
{
    None = 0,
    Writable = 1,
    Enumerable = 2,
    Configurable = 4,
    Accessor = 8,

    /// <summary>A built-in that is made when it is first read.</summary>
    Lazy = 16,
    Deleted = 32,
    All = Writable | Enumerable | Configurable,
    Hidden = Writable | Configurable,
}

internal struct Property
{
    public PropertyKey Key;
    public JsValue Value;
    public PropertyFlags Flags;

    public readonly bool IsAccessor => (Flags & PropertyFlags.Accessor) != 0;
    public readonly bool Has(PropertyFlags flag) => (Flags & flag) != 0;
    public readonly Accessor Accessor => (Accessor)Value.Ref!;
}

internal sealed record Accessor(JsFunction? Get, JsFunction? Set);

/// <summary>A property descriptor: what is null is absent.</summary>
internal struct PropertyDescriptor
{
    public JsValue? Value;
    public bool? Writable;
    public bool? Enumerable;
    public bool? Configurable;

    /// <summary>Present when not null; an undefined accessor has <c>Function</c> null.</summary>
    public (JsFunction? Function, bool Present) Get, Set;

    public readonly bool IsAccessor => Get.Present || Set.Present;
    public readonly bool IsData => Value is not null || Writable is not null;

    public static PropertyDescriptor Data(JsValue value, PropertyFlags flags = PropertyFlags.All) => new()
    {
        Value = value,
        Writable = (flags & PropertyFlags.Writable) != 0,
        Enumerable = (flags & PropertyFlags.Enumerable) != 0,
        Configurable = (flags & PropertyFlags.Configurable) != 0,
    };
}

/// <summary>Remembers that a copy of a variable was written to, so that it is copied back after the expression.</summary>
internal sealed class VariableCopy
{
    public bool Changed { get; set; }
}

/// <summary>An ordinary object: properties in insertion order, found by scan while few and by a dictionary when many.</summary>
internal class JsObject
{
    private const int ScanLimit = 8;

    private Property[] _properties = [];
    private int _count;
    private int _deleted;
    private Dictionary<PropertyKey, int>? _index;
    private bool _indexShared;

    public JsObject(JsObject? prototype) => Prototype = prototype;

    public JsObject? Prototype { get; protected set; }
    public bool Extensible { get; protected set; } = true;

    /// <summary>Set on copies of workflow variables.</summary>
    public VariableCopy? Copy { get; init; }

    /// <summary>Whether <see cref="Load"/> has to run before the properties are complete.</summary>
    protected bool Pending { get; set; }

    public virtual string ClassName => "Object";

    /// <summary>Fills in properties that are only made when somebody asks.</summary>
    protected virtual void Load() => Pending = false;

    /// <summary>Makes a built-in that so far was only named.</summary>
    protected virtual Property Materialize(in Property property) => property;

    protected void UseTemplate(BuiltinTable table)
    {
        _properties = (Property[])table.Properties.Clone();
        _count = _properties.Length;
        _index = table.Index;
        _indexShared = true;
    }

    private int IndexOf(PropertyKey key)
    {
        if (_index is not null)
            return _index.TryGetValue(key, out var position) ? position : -1;
        for (var i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_properties[i].Key.Ref, key.Ref))
                return i;
        }

        if (key.Ref is not string name)
            return -1;
        for (var i = 0; i < _count; i++)
        {
            if (_properties[i].Key.Ref is string other && other.Length == name.Length && other == name)
                return i;
        }

        return -1;
    }

    /// <summary>The stored slot, or a null reference. Does not see exotic properties.</summary>
    protected ref Property Find(PropertyKey key)
    {
        if (Pending)
            Load();
        var position = IndexOf(key);
        if (position < 0)
            return ref System.Runtime.CompilerServices.Unsafe.NullRef<Property>();
        if ((_properties[position].Flags & PropertyFlags.Lazy) != 0)
        {
            var made = Materialize(_properties[position]);
            position = IndexOf(key);
            _properties[position] = made;
        }

        return ref _properties[position];
    }

    /// <summary>Adds a property that is known not to exist, or replaces an existing one.</summary>
    public void Put(PropertyKey key, JsValue value, PropertyFlags flags = PropertyFlags.All)
    {
        if (Pending)
            Load();
        var position = IndexOf(key);
        if (position >= 0)
        {
            _properties[position] = new Property { Key = key, Value = value, Flags = flags };
            return;
        }

        if (_count == _properties.Length)
            Array.Resize(ref _properties, Math.Max(4, _count * 2));
        _properties[_count] = new Property { Key = key, Value = value, Flags = flags };
        if (_index is not null)
            OwnIndex()[key] = _count;
        else if (_count >= ScanLimit)
            Reindex();
        _count++;
        if (_index is not null && _index.Count != _count - _deleted)
            Reindex();
    }

    private Dictionary<PropertyKey, int> OwnIndex()
    {
        if (_indexShared)
        {
            _index = new Dictionary<PropertyKey, int>(_index!);
            _indexShared = false;
        }

        return _index!;
    }

    private void Reindex()
    {
        var index = new Dictionary<PropertyKey, int>(_count + 1);
        for (var i = 0; i < _count; i++)
        {
            if (!_properties[i].Has(PropertyFlags.Deleted))
                index[_properties[i].Key] = i;
        }

        _index = index;
        _indexShared = false;
    }

    private void Remove(PropertyKey key)
    {
        var position = IndexOf(key);
        if (position < 0)
            return;
        if (_index is null)
        {
            Array.Copy(_properties, position + 1, _properties, position, _count - position - 1);
            _properties[--_count] = default;
            return;
        }

        OwnIndex().Remove(key);
        _properties[position] = new Property { Key = Symbol.Unscopables, Flags = PropertyFlags.Deleted };
        if (++_deleted <= _count / 2)
            return;
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (!_properties[i].Has(PropertyFlags.Deleted))
                _properties[kept++] = _properties[i];
        }

        Array.Clear(_properties, kept, _count - kept);
        _count = kept;
        _deleted = 0;
        Reindex();
    }

    /// <summary>Own property by its name.</summary>
    public virtual bool GetOwn(PropertyKey key, out Property property)
    {
        ref var found = ref Find(key);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref found))
        {
            property = default;
            return false;
        }

        property = found;
        return true;
    }

    public JsValue Get(Realm realm, PropertyKey key) => Get(realm, key, this);

    public virtual JsValue Get(Realm realm, PropertyKey key, JsValue receiver)
    {
        for (var current = this; current is not null; current = current.Prototype)
        {
            if (current.GetOwn(key, out var property))
                return property.IsAccessor ? property.Accessor.Get?.Call(realm, receiver, []) ?? default : property.Value;
        }

        return default;
    }

    public virtual JsValue GetIndex(Realm realm, long index) => Get(realm, PropertyKey.Of(index), this);

    public virtual bool HasIndex(long index) => Has(PropertyKey.Of(index));

    public bool Has(PropertyKey key)
    {
        for (var current = this; current is not null; current = current.Prototype)
        {
            if (current.GetOwn(key, out _))
                return true;
        }

        return false;
    }

    /// <summary>The specification's [[Set]]: false when the value could not be written.</summary>
    public virtual bool Set(Realm realm, PropertyKey key, JsValue value, JsValue receiver)
    {
        if (ReferenceEquals(receiver.Ref, this))
        {
            // The common case: an own writable data property, without looking at the prototypes.
            ref var own = ref Find(key);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref own) && (own.Flags & (PropertyFlags.Writable | PropertyFlags.Accessor)) == PropertyFlags.Writable)
            {
                own.Value = value;
                if (Copy is not null)
                    Copy.Changed = true;
                return true;
            }
        }

        for (var current = this; current is not null; current = current.Prototype)
        {
            if (!current.GetOwn(key, out var property))
                continue;
            if (property.IsAccessor)
            {
                if (property.Accessor.Set is not { } setter)
                    return false;
                setter.Call(realm, receiver, [value]);
                return true;
            }

            if (!property.Has(PropertyFlags.Writable))
                return false;
            break;
        }

        if (receiver.AsObject is not { } target)
            return false;
        if (target.GetOwn(key, out var existing))
        {
            if (existing.IsAccessor || !existing.Has(PropertyFlags.Writable))
                return false;
            return target.DefineOwn(realm, key, new PropertyDescriptor { Value = value });
        }

        return target.DefineOwn(realm, key, PropertyDescriptor.Data(value));
    }

    /// <summary>Writes, or throws a TypeError.</summary>
    public void SetOrThrow(Realm realm, PropertyKey key, JsValue value)
    {
        if (!Set(realm, key, value, this))
            throw realm.TypeError($"Cannot assign to read only property '{key}' of object");
    }

    public virtual void SetIndex(Realm realm, long index, JsValue value) => SetOrThrow(realm, PropertyKey.Of(index), value);

    /// <summary>Defines an own property as an object literal does.</summary>
    public virtual void Create(Realm realm, PropertyKey key, JsValue value)
    {
        if (!DefineOwn(realm, key, PropertyDescriptor.Data(value)))
            throw realm.TypeError($"Cannot define property {key}, object is not extensible");
    }

    public virtual bool DefineOwn(Realm realm, PropertyKey key, in PropertyDescriptor descriptor)
    {
        ref var current = ref Find(key);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref current))
        {
            if (!Extensible)
                return false;
            var flags = Flags(descriptor.Enumerable == true, descriptor.Configurable == true, descriptor.Writable == true);
            realm.Allocate(64);
            if (descriptor.IsAccessor)
                Put(key, JsValue.Internal(new Accessor(descriptor.Get.Function, descriptor.Set.Function)), flags & ~PropertyFlags.Writable | PropertyFlags.Accessor);
            else
                Put(key, descriptor.Value ?? default, flags);
            if (Copy is not null)
                Copy.Changed = true;
            return true;
        }

        if (!IsAllowedChange(current, descriptor))
            return false;
        Apply(ref current, descriptor);
        if (Copy is not null)
            Copy.Changed = true;
        return true;
    }

    protected static bool IsAllowedChange(in Property current, in PropertyDescriptor change)
    {
        if (current.Has(PropertyFlags.Configurable))
            return true;
        if (change.Configurable == true || change.Enumerable is { } enumerable && enumerable != current.Has(PropertyFlags.Enumerable))
            return false;
        if (change.IsAccessor)
        {
            return current.IsAccessor && (!change.Get.Present || ReferenceEquals(change.Get.Function, current.Accessor.Get)) &&
                (!change.Set.Present || ReferenceEquals(change.Set.Function, current.Accessor.Set));
        }

        if (!change.IsData)
            return true;
        if (current.IsAccessor)
            return false;
        return current.Has(PropertyFlags.Writable) || change.Writable != true && (change.Value is not { } value || Operators.SameValue(value, current.Value));
    }

    private static void Apply(ref Property property, in PropertyDescriptor change)
    {
        var flags = property.Flags;
        if (change.IsAccessor)
        {
            var old = property.IsAccessor ? property.Accessor : new Accessor(null, null);
            property.Value = JsValue.Internal(new Accessor(change.Get.Present ? change.Get.Function : old.Get, change.Set.Present ? change.Set.Function : old.Set));
            flags = flags & ~PropertyFlags.Writable | PropertyFlags.Accessor;
        }
        else if (change.IsData)
        {
            if (property.IsAccessor)
                property.Value = default;
            flags &= ~PropertyFlags.Accessor;
            if (change.Value is { } value)
                property.Value = value;
            if (change.Writable is { } writable)
                flags = writable ? flags | PropertyFlags.Writable : flags & ~PropertyFlags.Writable;
        }

        if (change.Enumerable is { } enumerable)
            flags = enumerable ? flags | PropertyFlags.Enumerable : flags & ~PropertyFlags.Enumerable;
        if (change.Configurable is { } configurable)
            flags = configurable ? flags | PropertyFlags.Configurable : flags & ~PropertyFlags.Configurable;
        property.Flags = flags;
    }

    protected static PropertyFlags Flags(bool enumerable, bool configurable, bool writable) =>
        (enumerable ? PropertyFlags.Enumerable : 0) | (configurable ? PropertyFlags.Configurable : 0) | (writable ? PropertyFlags.Writable : 0);

    /// <summary>Removes a property; false when it may not be removed.</summary>
    public virtual bool Delete(PropertyKey key)
    {
        ref var found = ref Find(key);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref found))
            return true;
        if (!found.Has(PropertyFlags.Configurable))
            return false;
        Remove(key);
        if (Copy is not null)
            Copy.Changed = true;
        return true;
    }

    /// <summary>Own names in the order of the specification: indexes ascending, then names, then symbols as they were added.</summary>
    public virtual List<PropertyKey> OwnKeys()
    {
        if (Pending)
            Load();
        List<(uint Index, PropertyKey Key)>? indexes = null;
        List<PropertyKey>? symbols = null;
        var keys = new List<PropertyKey>(_count);
        for (var i = 0; i < _count; i++)
        {
            ref var property = ref _properties[i];
            if (property.Has(PropertyFlags.Deleted))
                continue;
            if (property.Key.Ref is Symbol symbol)
            {
                if (!symbol.IsPrivate)
                    (symbols ??= []).Add(property.Key);
            }
            else if (property.Key.TryIndex(out var index))
                (indexes ??= []).Add((index, property.Key));
            else
                keys.Add(property.Key);
        }

        if (indexes is not null)
        {
            indexes.Sort((a, b) => a.Index.CompareTo(b.Index));
            keys.InsertRange(0, indexes.Select(i => i.Key));
        }

        if (symbols is not null)
            keys.AddRange(symbols);
        return keys;
    }

    /// <summary>Changes the prototype; false when that would make a cycle or the object is not extensible.</summary>
    public virtual bool SetPrototype(JsObject? prototype)
    {
        if (ReferenceEquals(prototype, Prototype))
            return true;
        if (!Extensible)
            return false;
        for (var p = prototype; p is not null; p = p.Prototype)
        {
            if (ReferenceEquals(p, this))
                return false;
        }

        Prototype = prototype;
        return true;
    }

    public virtual bool PreventExtensions()
    {
        if (Pending)
            Load();
        Extensible = false;
        return true;
    }

    /// <summary>Whether this counts as an array for JSON and conversions, although <c>Array.isArray</c> may deny it.</summary>
    public virtual bool IsArrayLike => false;
}

/// <summary>An array. Elements are dense until a script defines a strange one; then all of them become ordinary properties.</summary>
internal sealed class JsArray : JsObject
{
    /// <summary>A write this far beyond the end makes the element an ordinary property instead of a row of holes.</summary>
    private const int MaxGap = 1024;

    private JsValue[] _items;
    private int _count;
    private uint _length;
    private bool _lengthWritable = true;
    private bool _sparse;

    public JsArray(Realm realm, int capacity = 0) : base(realm.ArrayPrototype)
    {
        realm.Allocate(96 + 16L * capacity);
        _items = capacity == 0 ? [] : new JsValue[capacity];
    }

    public JsArray(Realm realm, JsValue[] items) : base(realm.ArrayPrototype)
    {
        realm.Allocate(96 + 16L * items.Length);
        _items = items;
        _count = items.Length;
        _length = (uint)items.Length;
    }

    public override string ClassName => "Array";
    public override bool IsArrayLike => true;
    public uint Length => _length;

    /// <summary>Whether every element lies in <see cref="Items"/> (holes included), and so plain loops may be used.</summary>
    public bool IsDense => !_sparse && _count == _length;

    public ReadOnlySpan<JsValue> Items => _items.AsSpan(0, _count);

    public Span<JsValue> MutableItems => _items.AsSpan(0, _count);

    public void Add(Realm realm, JsValue value)
    {
        if (!IsDense || !Extensible || !_lengthWritable)
        {
            SetIndex(realm, _length, value);
            return;
        }

        Grow(realm, _count + 1);
        _items[_count++] = value;
        _length++;
        Touch();
    }

    private void Touch()
    {
        if (Copy is not null)
            Copy.Changed = true;
    }

    private void Grow(Realm realm, int size)
    {
        if (size <= _items.Length)
            return;
        var capacity = Math.Max(size, Math.Max(4, _items.Length * 2));
        realm.Allocate(16L * capacity);
        Array.Resize(ref _items, capacity);
    }

    private bool TryDense(PropertyKey key, out uint index) => key.TryIndex(out index) && index < (uint)_count;

    public override bool GetOwn(PropertyKey key, out Property property)
    {
        if (key.Ref is string name)
        {
            if (name == "length")
            {
                property = new Property { Key = key, Value = (double)_length, Flags = _lengthWritable ? PropertyFlags.Writable : 0 };
                return true;
            }

            if (TryDense(key, out var index))
            {
                property = new Property { Key = key, Value = _items[index], Flags = PropertyFlags.All };
                return !property.Value.IsHole;
            }
        }

        return base.GetOwn(key, out property);
    }

    public override JsValue GetIndex(Realm realm, long index)
    {
        if ((ulong)index < (ulong)_count)
        {
            var value = _items[index];
            if (!value.IsHole)
                return value;
        }

        return base.GetIndex(realm, index);
    }

    public override bool HasIndex(long index) => (ulong)index < (ulong)_count && !_items[index].IsHole || base.HasIndex(index);

    public override void SetIndex(Realm realm, long index, JsValue value)
    {
        if ((ulong)index < (ulong)_count && !_items[index].IsHole)
        {
            _items[index] = value;
            Touch();
            return;
        }

        base.SetIndex(realm, index, value);
    }

    public override bool Set(Realm realm, PropertyKey key, JsValue value, JsValue receiver)
    {
        if (ReferenceEquals(receiver.Ref, this) && TryDense(key, out var index) && !_items[index].IsHole)
        {
            _items[index] = value;
            Touch();
            return true;
        }

        return base.Set(realm, key, value, receiver);
    }

    public override void Create(Realm realm, PropertyKey key, JsValue value)
    {
        if (IsDense && Extensible && key.TryIndex(out var index) && index == _length)
            Add(realm, value);
        else
            base.Create(realm, key, value);
    }

    public override bool DefineOwn(Realm realm, PropertyKey key, in PropertyDescriptor descriptor)
    {
        if (key.Ref is "length")
            return DefineLength(realm, descriptor);
        if (!key.TryIndex(out var index))
            return base.DefineOwn(realm, key, descriptor);
        var exists = GetOwn(key, out var current);
        if (!exists && (!Extensible || index >= _length && !_lengthWritable))
            return false;
        var plain = !descriptor.IsAccessor && (exists
            ? descriptor.Writable != false && descriptor.Enumerable != false && descriptor.Configurable != false
            : descriptor.Writable == true && descriptor.Enumerable == true && descriptor.Configurable == true);
        if (plain && !_sparse && index <= (uint)_count + MaxGap)
        {
            if (index >= (uint)_count)
            {
                Grow(realm, (int)index + 1);
                _items.AsSpan(_count, (int)index - _count).Fill(JsValue.Hole);
                _count = (int)index + 1;
                _items[index] = default;
            }
            else if (!exists)
            {
                _items[index] = default;
            }

            if (descriptor.Value is { } value)
                _items[index] = value;
        }
        else
        {
            GoSparse(realm);
            if (!base.DefineOwn(realm, key, descriptor))
                return false;
        }

        if (index >= _length)
            _length = index + 1;
        Touch();
        return true;
    }

    /// <summary>Makes ordinary properties of all elements, which then can be frozen, hidden or far apart.</summary>
    private void GoSparse(Realm? realm)
    {
        if (_sparse)
            return;
        _sparse = true;
        var count = _count;
        _count = 0;
        for (var i = 0; i < count; i++)
        {
            if (_items[i].IsHole)
                continue;
            realm?.Allocate(64);
            Put(PropertyKey.Of(i), _items[i]);
        }

        _items = [];
    }

    private bool DefineLength(Realm realm, in PropertyDescriptor descriptor)
    {
        if (descriptor.Value is { } value)
        {
            var length = Operators.ToUInt32(realm, value);
            if (length != Operators.ToNumber(realm, value))
                throw realm.RangeError("Invalid array length");
            if (descriptor.Configurable == true || descriptor.Enumerable == true || descriptor.IsAccessor)
                return false;
            if (!_lengthWritable && (length != _length || descriptor.Writable == true))
                return false;
            var complete = Truncate(realm, length);
            if (descriptor.Writable == false)
                _lengthWritable = false;
            return complete;
        }

        if (descriptor.Configurable == true || descriptor.Enumerable == true || descriptor.IsAccessor || !_lengthWritable && descriptor.Writable == true)
            return false;
        if (descriptor.Writable == false)
            _lengthWritable = false;
        return true;
    }

    /// <summary>Sets the length; elements beyond it go. False when one of them may not be removed.</summary>
    private bool Truncate(Realm realm, uint length)
    {
        Touch();
        if (length < (uint)_count)
        {
            Array.Clear(_items, (int)length, _count - (int)length);
            _count = (int)length;
        }

        if (_sparse && length < _length)
        {
            var keys = base.OwnKeys();
            realm.Charge(keys.Count);
            for (var i = keys.Count - 1; i >= 0; i--)
            {
                if (keys[i].TryIndex(out var index) && index >= length && !base.Delete(keys[i]))
                {
                    _length = index + 1;
                    return false;
                }
            }
        }

        _length = length;
        return true;
    }

    public void SetLength(Realm realm, uint length)
    {
        if (!_lengthWritable && length != _length)
            throw realm.TypeError("Cannot assign to read only property 'length' of object '[object Array]'");
        if (!Truncate(realm, length))
            throw realm.TypeError("Cannot delete property of array");
    }

    public override bool Delete(PropertyKey key)
    {
        if (key.Ref is "length")
            return false;
        if (TryDense(key, out var index))
        {
            _items[index] = JsValue.Hole;
            Touch();
            return true;
        }

        return base.Delete(key);
    }

    public override List<PropertyKey> OwnKeys()
    {
        var stored = base.OwnKeys();
        var keys = new List<PropertyKey>(_count + stored.Count + 1);
        for (var i = 0; i < _count; i++)
        {
            if (!_items[i].IsHole)
                keys.Add(PropertyKey.Of(i));
        }

        var rest = 0;
        while (rest < stored.Count && stored[rest].TryIndex(out _))
            keys.Add(stored[rest++]);
        keys.Add("length");
        keys.AddRange(stored.Skip(rest));
        return keys;
    }

    public override bool PreventExtensions()
    {
        GoSparse(null);
        return base.PreventExtensions();
    }
}
