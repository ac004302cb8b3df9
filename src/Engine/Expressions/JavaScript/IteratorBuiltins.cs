namespace Orchestration.Engine.Expressions.JavaScript;

internal delegate bool NextValue(Realm realm, out JsValue value);

/// <summary>An iterator whose values the host produces.</summary>
internal sealed class JsIterator(JsObject prototype, NextValue next) : JsObject(prototype)
{
    public NextValue Next { get; } = next;

    /// <summary>For helpers: the iterator they take from.</summary>
    public ValueIterator? Source { get; init; }
    public bool IsDone { get; set; }
}

/// <summary>Iterator, its helpers and the iterators of arrays and strings (27.1).</summary>
internal static class IteratorBuiltins
{
    public static readonly Definition Definition = new("Iterator", 0, Definition.OnlyNew("Iterator"),
        static (realm, _, target) => target is NativeFunction ? throw realm.TypeError("Abstract class Iterator not directly constructable") : new JsObject(realm.PrototypeFor(target, realm.Intrinsic("IteratorPrototype"))),
        new BuiltinTable()
        .Method(Symbol.Iterator, 0, static (_, self, _) => self)
        .Value(Symbol.ToStringTag, "Iterator", PropertyFlags.Hidden)
        .Method("drop", 1, static (realm, self, a) => Limited(realm, self, a, true))
        .Method("every", 1, static (realm, self, a) => !Visit(realm, self, a, static (r, f, v, i) => !Operators.ToBoolean(f.Call(r, default, [v, i])), out _))
        .Method("filter", 1, static (realm, self, a) =>
        {
            var (source, function) = Callback(realm, self, a);
            var index = 0;
            return Wrap(realm, source, (Realm r, out JsValue value) =>
            {
                while (source.MoveNext(out value))
                {
                    if (Operators.ToBoolean(function.Call(r, default, [value, index++])))
                        return true;
                }

                return false;
            });
        })
        .Method("find", 1, static (realm, self, a) => { Visit(realm, self, a, static (r, f, v, i) => Operators.ToBoolean(f.Call(r, default, [v, i])), out var value); return value; })
        .Method("flatMap", 1, static (realm, self, a) =>
        {
            var (source, function) = Callback(realm, self, a);
            var index = 0;
            ValueIterator? inner = null;
            return Wrap(realm, source, (Realm r, out JsValue value) =>
            {
                while (true)
                {
                    if (inner is not null && inner.MoveNext(out value))
                        return true;
                    if (!source.MoveNext(out value))
                        return false;
                    var mapped = function.Call(r, default, [value, index++]);
                    if (!mapped.IsObject)
                        throw r.TypeError($"{Operators.Describe(mapped)} is not an object");
                    inner = r.GetIterator(mapped);
                }
            });
        })
        .Method("forEach", 1, static (realm, self, a) => { Visit(realm, self, a, static (r, f, v, i) => { f.Call(r, default, [v, i]); return false; }, out _); return default; })
        .Method("map", 1, static (realm, self, a) =>
        {
            var (source, function) = Callback(realm, self, a);
            var index = 0;
            return Wrap(realm, source, (Realm r, out JsValue value) =>
            {
                if (!source.MoveNext(out value))
                    return false;
                value = function.Call(r, default, [value, index++]);
                return true;
            });
        })
        .Method("reduce", 1, static (realm, self, a) =>
        {
            var (source, function) = Callback(realm, self, a);
            var result = a.At(1);
            var index = 0;
            if (a.Length < 2)
            {
                if (!source.MoveNext(out result))
                    throw realm.TypeError("Reduce of empty iterator with no initial value");
                index = 1;
            }

            while (source.MoveNext(out var value))
                result = Guard(source, function, realm, [result, value, index++]);
            return result;
        })
        .Method("some", 1, static (realm, self, a) => Visit(realm, self, a, static (r, f, v, i) => Operators.ToBoolean(f.Call(r, default, [v, i])), out _))
        .Method("take", 1, static (realm, self, a) => Limited(realm, self, a, false))
        .Method("toArray", 0, static (realm, self, _) =>
        {
            var source = Direct(realm, self);
            var result = new JsArray(realm);
            while (source.MoveNext(out var value))
                result.Add(realm, value);
            return result;
        }),
        new BuiltinTable()
        .Method("from", 1, static (realm, _, a) =>
        {
            if (!a.At(0).IsObject && !a.At(0).IsString)
                throw realm.TypeError($"{Operators.Describe(a.At(0))} is not an object");
            var source = realm.GetMember(a[0], Symbol.Iterator).IsNullish ? Direct(realm, a[0]) : realm.GetIterator(a[0]);
            return Wrap(realm, source, (Realm _, out JsValue value) => source.MoveNext(out value));
        }));

    public static readonly BuiltinTable Helper = Stepper("Iterator Helper")
        .Method("return", 0, static (realm, self, _) =>
        {
            if (self.Ref is not JsIterator iterator)
                throw realm.TypeError("Receiver is not an iterator helper");
            iterator.IsDone = true;
            iterator.Source?.Close();
            return realm.IteratorResult(default, true);
        });

    /// <summary>Members of a built-in iterator prototype.</summary>
    public static BuiltinTable Stepper(string tag) => new BuiltinTable().Tag(tag)
        .Method("next", 0, (realm, self, _) =>
        {
            if (self.Ref is not JsIterator iterator)
                throw realm.TypeError($"Method {tag}.prototype.next called on incompatible receiver {Operators.Describe(self)}");
            if (!iterator.IsDone && iterator.Next(realm, out var value))
                return realm.IteratorResult(value, false);
            iterator.IsDone = true;
            return realm.IteratorResult(default, true);
        });

    public static JsIterator Create(Realm realm, string prototype, NextValue next)
    {
        realm.Allocate(160);
        return new JsIterator(realm.Intrinsic(prototype), next);
    }

    public static JsIterator OverArray(Realm realm, JsObject array, Func<Realm, JsObject, double, JsValue> select)
    {
        long index = 0;
        return Create(realm, "ArrayIteratorPrototype", (Realm r, out JsValue value) =>
        {
            value = default;
            if (index < 0 || index >= Operators.LengthOf(r, array))
            {
                index = -1;
                return false;
            }

            value = select(r, array, index++);
            return true;
        });
    }

    public static JsIterator OverString(Realm realm, string text)
    {
        var source = new ValueIterator(realm, text);
        return Create(realm, "StringIteratorPrototype", (Realm _, out JsValue value) => source.MoveNext(out value));
    }

    private static ValueIterator Direct(Realm realm, JsValue self)
    {
        var iterator = self.AsObject ?? throw realm.TypeError("Iterator.prototype method called on non-object");
        return new ValueIterator(realm, iterator, iterator.Get(realm, "next"));
    }

    private static (ValueIterator Source, JsFunction Function) Callback(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        if (!self.IsObject)
            throw realm.TypeError("Iterator.prototype method called on non-object");
        var function = realm.Callable(a.At(0));
        return (Direct(realm, self), function);
    }

    private static JsIterator Wrap(Realm realm, ValueIterator source, NextValue next) => new(realm.Intrinsic("IteratorHelperPrototype"), (Realm r, out JsValue value) =>
    {
        try
        {
            return next(r, out value);
        }
        catch (JsThrow)
        {
            source.CloseQuietly();
            throw;
        }
    }) { Source = source };

    private static JsValue Guard(ValueIterator source, JsFunction function, Realm realm, JsValue[] arguments)
    {
        try
        {
            return function.Call(realm, default, arguments);
        }
        catch (JsThrow)
        {
            source.CloseQuietly();
            throw;
        }
    }

    private static bool Visit(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, Func<Realm, JsFunction, JsValue, int, bool> visit, out JsValue found)
    {
        var (source, function) = Callback(realm, self, a);
        for (var index = 0; source.MoveNext(out found); index++)
        {
            bool stop;
            try
            {
                stop = visit(realm, function, found, index);
            }
            catch (JsThrow)
            {
                source.CloseQuietly();
                throw;
            }

            if (!stop)
                continue;
            source.Close();
            return true;
        }

        found = default;
        return false;
    }

    private static JsIterator Limited(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool drop)
    {
        if (!self.IsObject)
            throw realm.TypeError("Iterator.prototype method called on non-object");
        var limit = Operators.ToNumber(realm, a.At(0));
        if (double.IsNaN(limit))
            throw realm.RangeError($"{Operators.Describe(a.At(0))} must be positive");
        limit = Math.Truncate(limit);
        if (limit < 0)
            throw realm.RangeError($"{Operators.Describe(a.At(0))} must be positive");
        var source = Direct(realm, self);
        return Wrap(realm, source, (Realm _, out JsValue value) =>
        {
            value = default;
            if (!drop)
            {
                if (limit-- > 0)
                    return source.MoveNext(out value);
                source.Close();
                return false;
            }

            for (; limit > 0; limit--)
            {
                if (!source.MoveNext(out value))
                    return false;
            }

            return source.MoveNext(out value);
        });
    }
}
