using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Array and Array.prototype (23.1). Written for any array-like; arrays answer by their own fast members.</summary>
internal static class ArrayBuiltins
{
    public static readonly BuiltinTable Prototype = new BuiltinTable()
        .Value("length", 0.0, PropertyFlags.Writable)
        .Method("at", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var index = Operators.ToInteger(realm, a.At(0));
            index = index < 0 ? length + index : index;
            return index < 0 || index >= length ? default : o.GetIndex(realm, (long)index);
        })
        .Method("concat", 1, Concat)
        .Method("copyWithin", 2, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var to = Relative(realm, a.At(0), length, 0);
            var from = Relative(realm, a.At(1), length, 0);
            var count = Math.Min(Relative(realm, a.At(2), length, length) - from, length - to);
            var step = from < to && to < from + count ? -1 : 1;
            if (step < 0)
                (from, to) = (from + count - 1, to + count - 1);
            for (; count > 0; count--, from += step, to += step)
            {
                realm.Step();
                if (o.HasIndex(from))
                    o.SetIndex(realm, to, o.GetIndex(realm, from));
                else
                    DeleteIndex(realm, o, to);
            }

            return o;
        })
        .Method("entries", 0, static (realm, self, _) => IteratorBuiltins.OverArray(realm, Operators.ToObject(realm, self), static (r, o, i) => new JsArray(r, [i, o.GetIndex(r, (long)i)])))
        .Method("every", 1, static (realm, self, a) => !Any(realm, self, a, static (r, f, t, v, i, o) => !Test(r, f, t, v, i, o), out _, out _))
        .Method("fill", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var end = a.Length > 2 ? Relative(realm, a[2], length, length) : length;
            for (var i = Relative(realm, a.At(1), length, 0); i < end; i++)
            {
                realm.Step();
                o.SetIndex(realm, i, a.At(0));
            }

            return o;
        })
        .Method("filter", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var function = realm.Callable(a.At(0));
            var result = new JsArray(realm);
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                if (!o.HasIndex(i))
                    continue;
                var value = o.GetIndex(realm, i);
                if (Test(realm, function, a.At(1), value, i, o))
                    result.Add(realm, value);
            }

            return result;
        })
        .Method("find", 1, static (realm, self, a) => { Search(realm, self, a, false, out var value); return value; })
        .Method("findIndex", 1, static (realm, self, a) => Search(realm, self, a, false, out _))
        .Method("findLast", 1, static (realm, self, a) => { Search(realm, self, a, true, out var value); return value; })
        .Method("findLastIndex", 1, static (realm, self, a) => Search(realm, self, a, true, out _))
        .Method("flat", 0, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var result = new JsArray(realm);
            Flatten(realm, result, o, length, a.At(0).IsUndefined ? 1 : Operators.ToInteger(realm, a.At(0)));
            return result;
        })
        .Method("flatMap", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var function = realm.Callable(a.At(0));
            var result = new JsArray(realm);
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                if (!o.HasIndex(i))
                    continue;
                var value = function.Call(realm, a.At(1), [o.GetIndex(realm, i), i, o]);
                if (value.AsObject is { IsArrayLike: true } inner)
                    Flatten(realm, result, inner, Operators.LengthOf(realm, inner), 0);
                else
                    result.Add(realm, value);
            }

            return result;
        })
        .Method("forEach", 1, static (realm, self, a) =>
        {
            Any(realm, self, a, static (r, f, t, v, i, o) => { f.Call(r, t, [v, i, o]); return false; }, out _, out _);
            return default;
        })
        .Method("includes", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            for (var i = length == 0 ? 0 : Relative(realm, a.At(1), length, 0); i < length; i++)
            {
                realm.Step();
                if (Operators.SameValueZero(o.GetIndex(realm, i), a.At(0)))
                    return true;
            }

            return false;
        })
        .Method("indexOf", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            for (var i = length == 0 ? 0 : Relative(realm, a.At(1), length, 0); i < length; i++)
            {
                realm.Step();
                if (o.HasIndex(i) && Operators.StrictEquals(realm, o.GetIndex(realm, i), a.At(0)))
                    return i;
            }

            return -1;
        })
        .Method("join", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            return Join(realm, o, length, a.At(0).IsUndefined ? "," : Operators.ToText(realm, a.At(0)), static (r, v) => Operators.ToText(r, v));
        })
        .Method("keys", 0, static (realm, self, _) => IteratorBuiltins.OverArray(realm, Operators.ToObject(realm, self), static (_, _, i) => i))
        .Method("lastIndexOf", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            if (length == 0)
                return -1;
            var from = a.Length > 1 ? Operators.ToInteger(realm, a[1]) : length - 1;
            for (var i = (long)(from < 0 ? length + from : Math.Min(from, length - 1)); i >= 0; i--)
            {
                realm.Step();
                if (o.HasIndex(i) && Operators.StrictEquals(realm, o.GetIndex(realm, i), a.At(0)))
                    return i;
            }

            return -1;
        })
        .Method("map", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var function = realm.Callable(a.At(0));
            var result = New(realm, length);
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                if (o.HasIndex(i))
                    result.Create(realm, PropertyKey.Of(i), function.Call(realm, a.At(1), [o.GetIndex(realm, i), i, o]));
            }

            return result;
        })
        .Method("pop", 0, static (realm, self, _) =>
        {
            var (o, length) = This(realm, self);
            if (length == 0)
            {
                SetLength(realm, o, 0);
                return default;
            }

            var last = o.GetIndex(realm, length - 1);
            DeleteIndex(realm, o, length - 1);
            SetLength(realm, o, length - 1);
            return last;
        })
        .Method("push", 1, static (realm, self, a) =>
        {
            if (self.Ref is JsArray array)
            {
                foreach (var value in a)
                    array.Add(realm, value);
                return array.Length;
            }

            var (o, length) = This(realm, self);
            foreach (var value in a)
                o.SetIndex(realm, length++, value);
            SetLength(realm, o, length);
            return length;
        })
        .Method("reduce", 1, static (realm, self, a) => Reduce(realm, self, a, false))
        .Method("reduceRight", 1, static (realm, self, a) => Reduce(realm, self, a, true))
        .Method("reverse", 0, static (realm, self, _) =>
        {
            var (o, length) = This(realm, self);
            for (long low = 0, high = length - 1; low < high; low++, high--)
            {
                realm.Step();
                var (hasLow, hasHigh) = (o.HasIndex(low), o.HasIndex(high));
                var (first, last) = (o.GetIndex(realm, low), o.GetIndex(realm, high));
                if (hasHigh)
                    o.SetIndex(realm, low, last);
                else if (hasLow)
                    DeleteIndex(realm, o, low);
                if (hasLow)
                    o.SetIndex(realm, high, first);
                else if (hasHigh)
                    DeleteIndex(realm, o, high);
            }

            return o;
        })
        .Method("shift", 0, static (realm, self, _) =>
        {
            var (o, length) = This(realm, self);
            if (length == 0)
            {
                SetLength(realm, o, 0);
                return default;
            }

            var first = o.GetIndex(realm, 0);
            Move(realm, o, 1, 0, length - 1);
            DeleteIndex(realm, o, length - 1);
            SetLength(realm, o, length - 1);
            return first;
        })
        .Method("slice", 2, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var end = a.At(1).IsUndefined ? length : Relative(realm, a[1], length, length);
            var result = new JsArray(realm);
            var start = Relative(realm, a.At(0), length, 0);
            for (var i = start; i < end; i++)
            {
                realm.Step();
                if (o.HasIndex(i))
                    result.Create(realm, PropertyKey.Of(i - start), o.GetIndex(realm, i));
            }

            if (end > start)
                result.SetLength(realm, (uint)(end - start));
            return result;
        })
        .Method("some", 1, static (realm, self, a) => Any(realm, self, a, Test, out _, out _))
        .Method("sort", 1, static (realm, self, a) =>
        {
            if (!a.At(0).IsUndefined && a.At(0).AsFunction is null)
                throw realm.TypeError("The comparison function must be either a function or undefined");
            var (o, length) = This(realm, self);
            var items = new List<JsValue>();
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                if (o.HasIndex(i))
                    items.Add(o.GetIndex(realm, i));
            }

            var sorted = Sort(realm, items, a.At(0));
            for (var i = 0; i < sorted.Length; i++)
                o.SetIndex(realm, i, sorted[i]);
            for (long i = sorted.Length; i < length; i++)
            {
                realm.Step();
                if (o.HasIndex(i))
                    DeleteIndex(realm, o, i);
            }

            return o;
        })
        .Method("splice", 2, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            var start = Relative(realm, a.At(0), length, 0);
            var insert = a.Length > 2 ? a[2..] : [];
            var remove = a.Length == 0 ? 0 : a.Length == 1 ? length - start : (long)Math.Clamp(Operators.ToInteger(realm, a[1]), 0, length - start);
            var removed = new JsArray(realm);
            for (long i = 0; i < remove; i++)
            {
                realm.Step();
                if (o.HasIndex(start + i))
                    removed.Create(realm, PropertyKey.Of(i), o.GetIndex(realm, start + i));
            }

            removed.SetLength(realm, (uint)remove);
            var shift = insert.Length - remove;
            if (shift != 0)
                Move(realm, o, start + remove, start + insert.Length, length - start - remove);
            for (var i = length; i > length + shift; i--)
                DeleteIndex(realm, o, i - 1);
            for (var i = 0; i < insert.Length; i++)
                o.SetIndex(realm, start + i, insert[i]);
            SetLength(realm, o, length + shift);
            return removed;
        })
        .Method("toLocaleString", 0, static (realm, self, _) =>
        {
            var (o, length) = This(realm, self);
            return Join(realm, o, length, ",", static (r, v) => Operators.ToText(r, r.Callable(r.GetMember(v, "toLocaleString")).Call(r, v, [])));
        })
        .Method("toReversed", 0, static (realm, self, _) =>
        {
            var items = Items(realm, self);
            Array.Reverse(items);
            return new JsArray(realm, items);
        })
        .Method("toSorted", 1, static (realm, self, a) =>
        {
            if (!a.At(0).IsUndefined && a.At(0).AsFunction is null)
                throw realm.TypeError("The comparison function must be either a function or undefined");
            return new JsArray(realm, Sort(realm, [.. Items(realm, self)], a.At(0)));
        })
        .Method("toSpliced", 2, static (realm, self, a) =>
        {
            var items = Items(realm, self);
            var start = (int)Relative(realm, a.At(0), items.Length, 0);
            var remove = a.Length == 0 ? 0 : a.Length == 1 ? items.Length - start : (int)Math.Clamp(Operators.ToInteger(realm, a[1]), 0, items.Length - start);
            return new JsArray(realm, [.. items[..start], .. a.Length > 2 ? a[2..] : [], .. items[(start + remove)..]]);
        })
        .Method("toString", 0, static (realm, self, _) =>
        {
            var target = Operators.ToObject(realm, self);
            return target.Get(realm, "join").AsFunction is { } join ? join.Call(realm, target, []) : realm.NewString($"[object {target.ClassName}]");
        })
        .Method("unshift", 1, static (realm, self, a) =>
        {
            var (o, length) = This(realm, self);
            if (a.Length > 0)
            {
                Move(realm, o, 0, a.Length, length);
                for (var i = 0; i < a.Length; i++)
                    o.SetIndex(realm, i, a[i]);
            }

            SetLength(realm, o, length + a.Length);
            return length + a.Length;
        })
        .Lazy("values", static realm => Values(realm))
        .Method("with", 2, static (realm, self, a) =>
        {
            var (_, length) = This(realm, self);
            var index = Operators.ToInteger(realm, a.At(0));
            index = index < 0 ? length + index : index;
            if (index < 0 || index >= length)
                throw realm.RangeError("Invalid index : " + NumberFormat.ToText(index));
            var items = Items(realm, self);
            items[(int)index] = a.At(1);
            return new JsArray(realm, items);
        })
        .Lazy(Symbol.Iterator, static realm => Values(realm))
        .Lazy(Symbol.Unscopables, static realm =>
        {
            var names = new JsObject(null);
            foreach (var name in new[] { "at", "copyWithin", "entries", "fill", "find", "findIndex", "findLast", "findLastIndex", "flat", "flatMap", "includes", "keys", "toReversed", "toSorted", "toSpliced", "values" })
                names.Put(name, true);
            return names;
        }, PropertyFlags.Configurable);

    public static readonly Definition Definition = new("Array", 1, static (realm, _, a) => Make(realm, a), static (realm, a, _) => Make(realm, a), Prototype, new BuiltinTable()
        .Method("from", 1, From)
        .Method("isArray", 1, static (_, _, a) => a.At(0).Ref is JsArray)
        .Method("of", 0, static (realm, _, a) => new JsArray(realm, a.ToArray()))
        .Getter(Symbol.Species, static (_, self, _) => self));

    private static NativeFunction Values(Realm realm)
    {
        const string Name = "Array.prototype.values";
        return (NativeFunction)realm.GetOrAddIntrinsic(Name, static r => new NativeFunction(r, "values", 0, static (r2, self, _) => IteratorBuiltins.OverArray(r2, Operators.ToObject(r2, self), static (r3, o, i) => o.GetIndex(r3, (long)i))));
    }

    private static (JsObject Object, long Length) This(Realm realm, JsValue self)
    {
        var target = self.AsObject ?? Operators.ToObject(realm, self);
        return (target, Operators.LengthOf(realm, target));
    }

    private static JsArray Make(Realm realm, ReadOnlySpan<JsValue> a)
    {
        if (a.Length != 1 || !a[0].IsNumber)
            return new JsArray(realm, a.ToArray());
        if (a[0].Number != (uint)a[0].Number)
            throw realm.RangeError("Invalid array length");
        return New(realm, (long)a[0].Number);
    }

    private static JsArray New(Realm realm, long length)
    {
        if (length > uint.MaxValue)
            throw realm.RangeError("Invalid array length");
        var array = new JsArray(realm);
        array.SetLength(realm, (uint)length);
        return array;
    }

    private static JsValue[] Items(Realm realm, JsValue self)
    {
        var (o, length) = This(realm, self);
        if (length > uint.MaxValue)
            throw realm.RangeError("Invalid array length");
        realm.Charge(length);
        realm.Allocate(16 * length);
        var items = new JsValue[length];
        for (var i = 0; i < items.Length; i++)
            items[i] = o.GetIndex(realm, i);
        return items;
    }

    private static long Relative(Realm realm, JsValue value, long length, long missing)
    {
        if (value.IsUndefined)
            return missing;
        var index = Operators.ToInteger(realm, value);
        return (long)(index < 0 ? Math.Max(0, length + index) : Math.Min(index, length));
    }

    private static void SetLength(Realm realm, JsObject target, long length)
    {
        if (target is JsArray array && length <= uint.MaxValue)
            array.SetLength(realm, (uint)length);
        else if (length > 9007199254740991)
            throw realm.TypeError("Pushing elements past 2 ** 53 - 1");
        else
            target.SetOrThrow(realm, "length", length);
    }

    private static void DeleteIndex(Realm realm, JsObject target, long index)
    {
        realm.Step();
        if (!target.Delete(PropertyKey.Of(index)))
            throw realm.TypeError($"Cannot delete property '{index}' of {Operators.Describe(target)}");
    }

    /// <summary>Moves a run of elements, in the order that does not overwrite what is still to be moved.</summary>
    private static void Move(Realm realm, JsObject o, long from, long to, long count)
    {
        if (o is JsArray { IsDense: true, Extensible: true } array && array.Items.Length == array.Length && to < from)
        {
            realm.Charge(count >> 3);
            var items = array.MutableItems;
            items.Slice((int)from, (int)count).CopyTo(items[(int)to..]);
            return;
        }

        var step = to > from ? -1 : 1;
        if (step < 0)
            (from, to) = (from + count - 1, to + count - 1);
        for (; count > 0; count--, from += step, to += step)
        {
            realm.Step();
            if (o.HasIndex(from))
                o.SetIndex(realm, to, o.GetIndex(realm, from));
            else
                DeleteIndex(realm, o, to);
        }
    }

    private static bool Test(Realm realm, JsFunction function, JsValue self, JsValue value, long index, JsObject array) => Operators.ToBoolean(function.Call(realm, self, [value, index, array]));

    private static bool Any(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, Func<Realm, JsFunction, JsValue, JsValue, long, JsObject, bool> test, out JsValue found, out long index)
    {
        var (o, length) = This(realm, self);
        var function = realm.Callable(a.At(0));
        for (index = 0; index < length; index++)
        {
            realm.Step();
            if (!o.HasIndex(index))
                continue;
            found = o.GetIndex(realm, index);
            if (test(realm, function, a.At(1), found, index, o))
                return true;
        }

        found = default;
        return false;
    }

    private static double Search(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool backwards, out JsValue found)
    {
        var (o, length) = This(realm, self);
        var function = realm.Callable(a.At(0));
        for (long n = 0; n < length; n++)
        {
            realm.Step();
            var i = backwards ? length - 1 - n : n;
            found = o.GetIndex(realm, i);
            if (Test(realm, function, a.At(1), found, i, o))
                return i;
        }

        found = default;
        return -1;
    }

    private static JsValue Reduce(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool backwards)
    {
        var (o, length) = This(realm, self);
        var function = realm.Callable(a.At(0));
        var has = a.Length > 1;
        var result = a.At(1);
        for (long n = 0; n < length; n++)
        {
            realm.Step();
            var i = backwards ? length - 1 - n : n;
            if (!o.HasIndex(i))
                continue;
            var value = o.GetIndex(realm, i);
            result = has ? function.Call(realm, default, [result, value, i, o]) : value;
            has = true;
        }

        return has ? result : throw realm.TypeError("Reduce of empty array with no initial value");
    }

    private static void Flatten(Realm realm, JsArray result, JsObject source, long length, double depth)
    {
        realm.CheckStack();
        for (long i = 0; i < length; i++)
        {
            realm.Step();
            if (!source.HasIndex(i))
                continue;
            var value = source.GetIndex(realm, i);
            if (depth > 0 && value.AsObject is { IsArrayLike: true } inner)
                Flatten(realm, result, inner, Operators.LengthOf(realm, inner), depth - 1);
            else
                result.Add(realm, value);
        }
    }

    private static JsValue Concat(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var result = new JsArray(realm);
        Append(realm, result, Operators.ToObject(realm, self));
        foreach (var value in a)
            Append(realm, result, value);
        return result;
    }

    private static void Append(Realm realm, JsArray result, JsValue value)
    {
        var spread = value.AsObject is { } source && (source.Get(realm, Symbol.IsConcatSpreadable) is { IsUndefined: false } choice ? Operators.ToBoolean(choice) : source.IsArrayLike);
        if (!spread)
        {
            result.Add(realm, value);
            return;
        }

        var items = value.Object;
        var length = Operators.LengthOf(realm, items);
        var start = result.Length;
        for (long i = 0; i < length; i++)
        {
            realm.Step();
            if (items.HasIndex(i))
                result.Create(realm, PropertyKey.Of(start + i), items.GetIndex(realm, i));
        }

        result.SetLength(realm, (uint)(start + length));
    }

    private static JsValue Join(Realm realm, JsObject o, long length, string separator, Func<Realm, JsValue, string> text)
    {
        realm.CheckStack();

        // An array inside itself is empty text, as engines do.
        if (!realm.Joining.Add(o))
            return "";
        try
        {
            var result = new StringBuilder();
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                if (i > 0)
                    result.Append(separator);
                var value = o.GetIndex(realm, i);
                if (!value.IsNullish)
                    result.Append(text(realm, value));
                realm.CheckStringLength(result.Length);
            }

            return realm.NewString(result.ToString());
        }
        finally
        {
            realm.Joining.Remove(o);
        }
    }

    private static JsValue[] Sort(Realm realm, List<JsValue> items, JsValue comparer)
    {
        realm.Allocate(32L * items.Count);
        var values = items.Where(v => !v.IsUndefined).ToArray();
        if (comparer.AsFunction is { } function)
        {
            MergeSort(values, (x, y) =>
            {
                realm.Step();
                var order = Operators.ToNumber(realm, function.Call(realm, default, [x, y]));
                return order > 0;
            });
        }
        else
        {
            var texts = values.Select(v => (Text: Operators.ToText(realm, v), Value: v)).ToArray();
            realm.Charge(texts.Length * 16L);
            MergeSort(texts, (x, y) => string.CompareOrdinal(x.Text, y.Text) > 0);
            values = [.. texts.Select(t => t.Value)];
        }

        return [.. values, .. items.Where(v => v.IsUndefined)];
    }

    /// <summary>Stable, and indifferent to comparers that contradict themselves.</summary>
    private static void MergeSort<T>(T[] items, Func<T, T, bool> isAfter)
    {
        var other = new T[items.Length];
        var (from, to) = (items, other);
        for (var width = 1; width < items.Length; width *= 2)
        {
            for (var start = 0; start < items.Length; start += 2 * width)
            {
                var (left, middle) = (start, Math.Min(start + width, items.Length));
                var (right, end) = (middle, Math.Min(start + 2 * width, items.Length));
                for (var i = start; i < end; i++)
                    to[i] = left < middle && (right >= end || !isAfter(from[left], from[right])) ? from[left++] : from[right++];
            }

            (from, to) = (to, from);
        }

        if (!ReferenceEquals(from, items))
            Array.Copy(from, items, items.Length);
    }

    private static JsValue From(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var map = a.At(1).IsUndefined ? null : realm.Callable(a[1]);
        var mapThis = a.At(2);
        var result = new JsArray(realm);
        var source = a.At(0);
        if (source.IsNullish)
            throw realm.TypeError($"{source} is not iterable");
        if (source.IsString || source.AsObject is { } o && !o.Get(realm, Symbol.Iterator).IsNullish)
        {
            long i = 0;
            realm.Iterate(source, value =>
            {
                result.Add(realm, map is null ? value : map.Call(realm, mapThis, [value, i]));
                i++;
                return true;
            });
            return result;
        }

        var items = Operators.ToObject(realm, source);
        var length = Operators.LengthOf(realm, items);
        for (long i = 0; i < length; i++)
        {
            realm.Step();
            var value = items.GetIndex(realm, i);
            result.Add(realm, map is null ? value : map.Call(realm, mapThis, [value, i]));
        }

        return result;
    }
}
