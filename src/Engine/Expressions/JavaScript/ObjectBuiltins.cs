namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Object, Object.prototype and Reflect (20.1, 28.1).</summary>
internal static class ObjectBuiltins
{
    public static readonly BuiltinTable Prototype = new BuiltinTable()
        .Method("hasOwnProperty", 1, static (realm, self, a) =>
        {
            var key = Operators.ToPropertyKey(realm, a.At(0));
            return Operators.ToObject(realm, self).GetOwn(key, out _);
        })
        .Method("isPrototypeOf", 1, static (realm, self, a) =>
        {
            if (a.At(0).AsObject is not { } other)
                return false;
            var target = Operators.ToObject(realm, self);
            for (var p = other.Prototype; p is not null; p = p.Prototype)
            {
                if (ReferenceEquals(p, target))
                    return true;
            }

            return false;
        })
        .Method("propertyIsEnumerable", 1, static (realm, self, a) =>
        {
            var key = Operators.ToPropertyKey(realm, a.At(0));
            return Operators.ToObject(realm, self).GetOwn(key, out var property) && property.Has(PropertyFlags.Enumerable);
        })
        .Method("toLocaleString", 0, static (realm, self, _) => realm.Callable(realm.GetMember(self, "toString")).Call(realm, self, []))
        .Method("toString", 0, static (realm, self, _) =>
        {
            if (self.IsUndefined)
                return "[object Undefined]";
            if (self.IsNull)
                return "[object Null]";
            var target = Operators.ToObject(realm, self);
            var tag = target.Get(realm, Symbol.ToStringTag);
            var name = target.ClassName is "Array" or "Function" or "Error" or "Boolean" or "Number" or "String" or "Date" or "RegExp" or "Arguments" ? target.ClassName : "Object";
            return realm.NewString($"[object {(tag.IsString ? realm.Text(tag) : name)}]");
        })
        .Method("valueOf", 0, static (realm, self, _) => Operators.ToObject(realm, self))
        .Method("__defineGetter__", 2, static (realm, self, a) => DefineLegacy(realm, self, a, true))
        .Method("__defineSetter__", 2, static (realm, self, a) => DefineLegacy(realm, self, a, false))
        .Method("__lookupGetter__", 1, static (realm, self, a) => Lookup(realm, self, a, true))
        .Method("__lookupSetter__", 1, static (realm, self, a) => Lookup(realm, self, a, false))
        .Lazy("__proto__", static realm => JsValue.Internal(new Accessor(
            new NativeFunction(realm, "__proto__", 0, static (r, self, _) => Operators.ToObject(r, self).Prototype is { } p ? p : JsValue.Null, prefix: "get"),
            new NativeFunction(realm, "__proto__", 1, static (r, self, a) =>
            {
                if (self.IsNullish)
                    throw r.TypeError("Object.prototype.__proto__ called on null or undefined");
                if (self.AsObject is { } target && (a.At(0).IsObject || a.At(0).IsNull) && !target.SetPrototype(a.At(0).AsObject))
                    throw r.TypeError("Cyclic __proto__ value or object is not extensible");
                return default;
            }, prefix: "set"))), PropertyFlags.Configurable | PropertyFlags.Accessor);

    public static readonly Definition Definition = new("Object", 1, static (realm, _, a) => Box(realm, a), static (realm, a, target) =>
        target is NativeFunction ? Box(realm, a) : new JsObject(realm.PrototypeFor(target, realm.ObjectPrototype)), Prototype, new BuiltinTable()
        .Method("assign", 2, static (realm, _, a) =>
        {
            var target = Operators.ToObject(realm, a.At(0));
            for (var i = 1; i < a.Length; i++)
                realm.CopyProperties(target, a[i], null, true);
            return target;
        })
        .Method("create", 2, static (realm, _, a) =>
        {
            if (!a.At(0).IsObject && !a.At(0).IsNull)
                throw realm.TypeError($"Object prototype may only be an Object or null: {Operators.Describe(a.At(0))}");
            realm.Allocate(64);
            var created = new JsObject(a.At(0).AsObject);
            if (!a.At(1).IsUndefined)
                DefineAll(realm, created, a.At(1));
            return created;
        })
        .Method("defineProperty", 3, static (realm, _, a) =>
        {
            var target = a.At(0).AsObject ?? throw realm.TypeError("Object.defineProperty called on non-object");
            var key = Operators.ToPropertyKey(realm, a.At(1));
            DefineOrThrow(realm, target, key, ToDescriptor(realm, a.At(2)));
            return target;
        })
        .Method("defineProperties", 2, static (realm, _, a) =>
        {
            var target = a.At(0).AsObject ?? throw realm.TypeError("Object.defineProperties called on non-object");
            DefineAll(realm, target, a.At(1));
            return target;
        })
        .Method("entries", 1, static (realm, _, a) => Enumerate(realm, a.At(0), static (r, k, v) => new JsArray(r, [k.Value, v])))
        .Method("keys", 1, static (realm, _, a) => Enumerate(realm, a.At(0), null))
        .Method("values", 1, static (realm, _, a) => Enumerate(realm, a.At(0), static (_, _, v) => v))
        .Method("freeze", 1, static (realm, _, a) =>
        {
            if (a.At(0).AsObject is { } target)
                Freeze(realm, target);
            return a.At(0);
        })
        .Method("fromEntries", 1, static (realm, _, a) =>
        {
            if (a.At(0).IsNullish)
                throw realm.TypeError($"{a.At(0)} is not iterable");
            var result = new JsObject(realm.ObjectPrototype);
            realm.Iterate(a.At(0), entry =>
            {
                var pair = entry.AsObject ?? throw realm.TypeError($"Iterator value {Operators.Describe(entry)} is not an entry object");
                var key = pair.GetIndex(realm, 0);
                var value = pair.GetIndex(realm, 1);
                result.Create(realm, Operators.ToPropertyKey(realm, key), value);
                return true;
            });
            return result;
        })
        .Method("getOwnPropertyDescriptor", 2, static (realm, _, a) =>
        {
            var target = Operators.ToObject(realm, a.At(0));
            return target.GetOwn(Operators.ToPropertyKey(realm, a.At(1)), out var property) ? FromDescriptor(realm, property) : default;
        })
        .Method("getOwnPropertyDescriptors", 1, static (realm, _, a) =>
        {
            var target = Operators.ToObject(realm, a.At(0));
            var result = new JsObject(realm.ObjectPrototype);
            foreach (var key in target.OwnKeys())
            {
                realm.Step();
                if (target.GetOwn(key, out var property))
                    result.Create(realm, key, FromDescriptor(realm, property));
            }

            return result;
        })
        .Method("getOwnPropertyNames", 1, static (realm, _, a) => Keys(realm, Operators.ToObject(realm, a.At(0)), false))
        .Method("getOwnPropertySymbols", 1, static (realm, _, a) => Keys(realm, Operators.ToObject(realm, a.At(0)), true))
        .Method("getPrototypeOf", 1, static (realm, _, a) => Operators.ToObject(realm, a.At(0)).Prototype is { } p ? p : JsValue.Null)
        .Method("setPrototypeOf", 2, static (realm, _, a) =>
        {
            if (a.At(0).IsNullish)
                throw realm.TypeError("Object.setPrototypeOf called on null or undefined");
            if (!a.At(1).IsObject && !a.At(1).IsNull)
                throw realm.TypeError($"Object prototype may only be an Object or null: {Operators.Describe(a.At(1))}");
            if (a.At(0).AsObject is { } target && !target.SetPrototype(a.At(1).AsObject))
                throw realm.TypeError("Cyclic __proto__ value or object is not extensible");
            return a.At(0);
        })
        .Method("groupBy", 2, static (realm, _, a) =>
        {
            var result = new JsObject(null);
            CollectionBuiltins.Group(realm, a, (key, value) =>
            {
                var name = Operators.ToPropertyKey(realm, key);
                if (result.GetOwn(name, out Property group))
                    ((JsArray)group.Value.Object).Add(realm, value);
                else
                    result.Create(realm, name, new JsArray(realm, [value]));
            });
            return result;
        })
        .Method("hasOwn", 2, static (realm, _, a) => Operators.ToObject(realm, a.At(0)).GetOwn(Operators.ToPropertyKey(realm, a.At(1)), out Property _))
        .Method("is", 2, static (_, _, a) => Operators.SameValue(a.At(0), a.At(1)))
        .Method("isExtensible", 1, static (_, _, a) => a.At(0).AsObject is { Extensible: true })
        .Method("isFrozen", 1, static (_, _, a) => a.At(0).AsObject is not { } target || IsFixed(target, true))
        .Method("isSealed", 1, static (_, _, a) => a.At(0).AsObject is not { } target || IsFixed(target, false))
        .Method("preventExtensions", 1, static (realm, _, a) =>
        {
            if (a.At(0).AsObject is { } target && !target.PreventExtensions())
                throw realm.TypeError("Cannot prevent extensions");
            return a.At(0);
        })
        .Method("seal", 1, static (realm, _, a) =>
        {
            if (a.At(0).AsObject is { } target)
                Fix(realm, target, false);
            return a.At(0);
        }));

    public static readonly BuiltinTable Reflect = new BuiltinTable().Tag("Reflect")
        .Method("apply", 3, static (realm, _, a) => realm.Callable(a.At(0)).Call(realm, a.At(1), FunctionBuiltins.List(realm, a.At(2))))
        .Method("construct", 2, static (realm, _, a) =>
        {
            if (a.At(0).Ref is not JsFunction { IsConstructor: true } target || a.Length > 2 && a[2].Ref is not JsFunction { IsConstructor: true })
                throw realm.TypeError($"{Operators.Describe(a.At(0))} is not a constructor");
            return target.Construct(realm, FunctionBuiltins.List(realm, a.At(1)), a.Length > 2 ? a[2].Object : target);
        })
        .Method("defineProperty", 3, static (realm, _, a) =>
        {
            var target = Target(realm, a);
            var key = Operators.ToPropertyKey(realm, a.At(1));
            return target.DefineOwn(realm, key, ToDescriptor(realm, a.At(2)));
        })
        .Method("deleteProperty", 2, static (realm, _, a) => Target(realm, a).Delete(Operators.ToPropertyKey(realm, a.At(1))))
        .Method("get", 2, static (realm, _, a) => Target(realm, a).Get(realm, Operators.ToPropertyKey(realm, a.At(1)), a.Length > 2 ? a[2] : a.At(0)))
        .Method("getOwnPropertyDescriptor", 2, static (realm, _, a) => Target(realm, a).GetOwn(Operators.ToPropertyKey(realm, a.At(1)), out var p) ? FromDescriptor(realm, p) : default)
        .Method("getPrototypeOf", 1, static (realm, _, a) => Target(realm, a).Prototype is { } p ? p : JsValue.Null)
        .Method("has", 2, static (realm, _, a) => Target(realm, a).Has(Operators.ToPropertyKey(realm, a.At(1))))
        .Method("isExtensible", 1, static (realm, _, a) => Target(realm, a).Extensible)
        .Method("ownKeys", 1, static (realm, _, a) =>
        {
            var keys = Target(realm, a).OwnKeys();
            return new JsArray(realm, [.. keys.Select(k => k.Value)]);
        })
        .Method("preventExtensions", 1, static (realm, _, a) => Target(realm, a).PreventExtensions())
        .Method("set", 3, static (realm, _, a) => Target(realm, a).Set(realm, Operators.ToPropertyKey(realm, a.At(1)), a.At(2), a.Length > 3 ? a[3] : a.At(0)))
        .Method("setPrototypeOf", 2, static (realm, _, a) => a.At(1).IsObject || a.At(1).IsNull
            ? Target(realm, a).SetPrototype(a.At(1).AsObject)
            : throw realm.TypeError("Object prototype may only be an Object or null"));

    private static JsObject Target(Realm realm, ReadOnlySpan<JsValue> a) => a.At(0).AsObject ?? throw realm.TypeError("Reflect called on non-object");

    private static JsObject Box(Realm realm, ReadOnlySpan<JsValue> a)
    {
        realm.Allocate(64);
        return a.At(0).IsNullish ? new JsObject(realm.ObjectPrototype) : Operators.ToObject(realm, a.At(0));
    }

    private static JsValue DefineLegacy(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool getter)
    {
        var target = Operators.ToObject(realm, self);
        var function = realm.Callable(a.At(1));
        var descriptor = new PropertyDescriptor { Enumerable = true, Configurable = true };
        if (getter)
            descriptor.Get = (function, true);
        else
            descriptor.Set = (function, true);
        DefineOrThrow(realm, target, Operators.ToPropertyKey(realm, a.At(0)), descriptor);
        return default;
    }

    private static JsValue Lookup(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool getter)
    {
        var target = Operators.ToObject(realm, self);
        var key = Operators.ToPropertyKey(realm, a.At(0));
        for (var current = target; current is not null; current = current.Prototype)
        {
            if (current.GetOwn(key, out var property))
                return property.IsAccessor ? (getter ? property.Accessor.Get : property.Accessor.Set) : default(JsValue);
        }

        return default;
    }

    private static JsArray Enumerate(Realm realm, JsValue value, Func<Realm, PropertyKey, JsValue, JsValue>? select)
    {
        var target = Operators.ToObject(realm, value);
        var result = new JsArray(realm);
        foreach (var key in target.OwnKeys())
        {
            realm.Step();
            if (key.IsSymbol || !target.GetOwn(key, out var property) || !property.Has(PropertyFlags.Enumerable))
                continue;
            result.Add(realm, select is null ? key.Value : select(realm, key, property.IsAccessor ? target.Get(realm, key) : property.Value));
        }

        return result;
    }

    private static JsArray Keys(Realm realm, JsObject target, bool symbols)
    {
        var keys = target.OwnKeys();
        realm.Charge(keys.Count);
        return new JsArray(realm, [.. keys.Where(k => k.IsSymbol == symbols).Select(k => k.Value)]);
    }

    private static void DefineAll(Realm realm, JsObject target, JsValue source)
    {
        var properties = Operators.ToObject(realm, source);
        var descriptors = new List<(PropertyKey, PropertyDescriptor)>();
        foreach (var key in properties.OwnKeys())
        {
            realm.Step();
            if (properties.GetOwn(key, out var property) && property.Has(PropertyFlags.Enumerable))
                descriptors.Add((key, ToDescriptor(realm, properties.Get(realm, key))));
        }

        foreach (var (key, descriptor) in descriptors)
            DefineOrThrow(realm, target, key, descriptor);
    }

    public static void DefineOrThrow(Realm realm, JsObject target, PropertyKey key, in PropertyDescriptor descriptor)
    {
        if (!target.DefineOwn(realm, key, descriptor))
            throw realm.TypeError(target.GetOwn(key, out _) ? $"Cannot redefine property: {key}" : $"Cannot define property {key}, object is not extensible");
    }

    public static PropertyDescriptor ToDescriptor(Realm realm, JsValue value)
    {
        var source = value.AsObject ?? throw realm.TypeError($"Property description must be an object: {Operators.Describe(value)}");
        var descriptor = default(PropertyDescriptor);
        if (source.Has("enumerable"))
            descriptor.Enumerable = Operators.ToBoolean(source.Get(realm, "enumerable"));
        if (source.Has("configurable"))
            descriptor.Configurable = Operators.ToBoolean(source.Get(realm, "configurable"));
        if (source.Has("value"))
            descriptor.Value = source.Get(realm, "value");
        if (source.Has("writable"))
            descriptor.Writable = Operators.ToBoolean(source.Get(realm, "writable"));
        if (source.Has("get"))
            descriptor.Get = (Function(realm, source.Get(realm, "get"), "Getter"), true);
        if (source.Has("set"))
            descriptor.Set = (Function(realm, source.Get(realm, "set"), "Setter"), true);
        if (descriptor.IsAccessor && descriptor.IsData)
            throw realm.TypeError("Invalid property descriptor. Cannot both specify accessors and a value or writable attribute");
        return descriptor;
    }

    private static JsFunction? Function(Realm realm, JsValue value, string what) =>
        value.IsUndefined ? null : value.AsFunction ?? throw realm.TypeError($"{what} must be a function: {Operators.Describe(value)}");

    private static JsObject FromDescriptor(Realm realm, in Property property)
    {
        var result = new JsObject(realm.ObjectPrototype);
        if (property.IsAccessor)
        {
            result.Put("get", property.Accessor.Get);
            result.Put("set", property.Accessor.Set);
        }
        else
        {
            result.Put("value", property.Value);
            result.Put("writable", property.Has(PropertyFlags.Writable));
        }

        result.Put("enumerable", property.Has(PropertyFlags.Enumerable));
        result.Put("configurable", property.Has(PropertyFlags.Configurable));
        return result;
    }

    public static void Freeze(Realm realm, JsObject target) => Fix(realm, target, true);

    private static void Fix(Realm realm, JsObject target, bool freeze)
    {
        if (!target.PreventExtensions())
            throw realm.TypeError("Cannot freeze");
        foreach (var key in target.OwnKeys())
        {
            realm.Step();
            if (!target.GetOwn(key, out var property))
                continue;
            var descriptor = new PropertyDescriptor { Configurable = false };
            if (freeze && !property.IsAccessor)
                descriptor.Writable = false;
            DefineOrThrow(realm, target, key, descriptor);
        }
    }

    private static bool IsFixed(JsObject target, bool frozen)
    {
        if (target.Extensible)
            return false;
        foreach (var key in target.OwnKeys())
        {
            if (target.GetOwn(key, out var property) && (property.Has(PropertyFlags.Configurable) || frozen && !property.IsAccessor && property.Has(PropertyFlags.Writable)))
                return false;
        }

        return true;
    }
}

/// <summary>Function and Function.prototype (20.2).</summary>
internal static class FunctionBuiltins
{
    public static readonly BuiltinTable Prototype = new BuiltinTable()
        .Value("length", 0.0, PropertyFlags.Configurable).Value("name", "", PropertyFlags.Configurable)
        .Method("apply", 2, static (realm, self, a) => realm.Callable(self).Call(realm, a.At(0), a.At(1).IsNullish ? [] : List(realm, a.At(1))))
        .Method("call", 1, static (realm, self, a) => realm.Callable(self).Call(realm, a.At(0), a.Length > 1 ? a[1..] : []))
        .Method("bind", 1, static (realm, self, a) =>
        {
            var target = self.AsFunction ?? throw realm.TypeError("Bind must be called on a function");
            realm.Allocate(128 + 16 * a.Length);
            var bound = new BoundFunction(realm, target, a.At(0), a.Length > 1 ? a[1..].ToArray() : []);
            var length = 0.0;
            if (target.GetOwn("length", out _) && target.Get(realm, "length") is { IsNumber: true } number)
                length = Math.Max(0, Operators.ToInteger(realm, number) - Math.Max(0, a.Length - 1));
            var name = target.Get(realm, "name");
            bound.Put("length", length, PropertyFlags.Configurable);
            bound.Put("name", realm.NewString("bound " + (name.IsString ? realm.Text(name) : "")), PropertyFlags.Configurable);
            return bound;
        })
        .Method("toString", 0, static (realm, self, _) => self.AsFunction is { } function ? realm.NewString(function.Source(realm)) : throw realm.TypeError("Function.prototype.toString requires that 'this' be a Function"))
        .Method(Symbol.HasInstance, 1, static (realm, self, a) => self.AsFunction is { } function && Operators.OrdinaryHasInstance(realm, function, a.At(0)), PropertyFlags.None)
        .Lazy("caller", static realm => JsValue.Internal(new Accessor(realm.ThrowTypeError, realm.ThrowTypeError)), PropertyFlags.Configurable | PropertyFlags.Accessor)
        .Lazy("arguments", static realm => JsValue.Internal(new Accessor(realm.ThrowTypeError, realm.ThrowTypeError)), PropertyFlags.Configurable | PropertyFlags.Accessor);

    public static readonly Definition Definition = new("Function", 1, static (realm, _, a) => Create(realm, a), static (realm, a, _) => Create(realm, a), Prototype);

    /// <summary>A function from source text. It sees globals only, as everywhere; its text is paid for and its parser has limits.</summary>
    private static JsObject Create(Realm realm, ReadOnlySpan<JsValue> a)
    {
        var parameters = new List<string>();
        for (var i = 0; i < a.Length - 1; i++)
            parameters.Add(Operators.ToText(realm, a[i]));
        var body = a.Length > 0 ? Operators.ToText(realm, a[^1]) : "";
        var source = $"(function anonymous({string.Join(",", parameters)}\n) {{\n{body}\n}})";
        realm.CheckStringLength(source.Length);
        realm.Charge(10L * source.Length);
        realm.Allocate(100L * source.Length);
        try
        {
            // Parsed once more on their own, so that neither can close the other's brackets.
            Parser.Parse($"(function anonymous({string.Join(",", parameters)}\n) {{\n}})");
            Parser.Parse($"(function anonymous() {{\n{body}\n}})");
            var code = Parser.Parse(source);
            var frame = realm.EnterFunction();
            frame.Environment = realm.ProgramEnvironment(code.Scope);
            frame.This = default;
            frame.Function = null;
            Statement.Run(frame, code.Body);
            realm.LeaveFunction();
            return frame.Result.Object;
        }
        catch (SyntaxException error)
        {
            throw realm.SyntaxError(error.Message);
        }
    }

    /// <summary>An array-like as arguments.</summary>
    public static JsValue[] List(Realm realm, JsValue value)
    {
        var source = value.AsObject ?? throw realm.TypeError("CreateListFromArrayLike called on non-object");
        var length = Operators.LengthOf(realm, source);
        realm.Charge(length);
        realm.Allocate(24 + 16 * length);
        var list = new JsValue[length];
        for (var i = 0; i < list.Length; i++)
            list[i] = source.GetIndex(realm, i);
        return list;
    }
}

/// <summary>Error and its kinds (20.5).</summary>
internal static class ErrorBuiltins
{
    public static readonly IReadOnlyList<Definition> Definitions =
    [
        Define("Error", null, new BuiltinTable().Method("toString", 0, static (realm, self, _) =>
        {
            var error = self.AsObject ?? throw realm.TypeError("Error.prototype.toString requires that 'this' be an Object");
            var name = error.Get(realm, "name") is { IsUndefined: false } n ? Operators.ToText(realm, n) : "Error";
            var message = error.Get(realm, "message") is { IsUndefined: false } m ? Operators.ToText(realm, m) : "";
            return realm.NewString(name.Length == 0 ? message : message.Length == 0 ? name : $"{name}: {message}");
        })),
        .. new[] { "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError" }.Select(name => Define(name, "Error", new BuiltinTable())),
        new Definition("AggregateError", 2, static (realm, _, a) => Create(realm, "AggregateError", a.Length > 0 ? a[1..] : [], null, a.At(0)), static (realm, a, target) => Create(realm, "AggregateError", a.Length > 0 ? a[1..] : [], target, a.At(0)),
            new BuiltinTable().Value("name", "AggregateError", PropertyFlags.Hidden).Value("message", "", PropertyFlags.Hidden), null, "Error"),
    ];

    private static Definition Define(string name, string? parent, BuiltinTable prototype) => new(name, 1,
        (realm, _, a) => Create(realm, name, a, null, null), (realm, a, target) => Create(realm, name, a, target, null),
        prototype.Value("name", name, PropertyFlags.Hidden).Value("message", "", PropertyFlags.Hidden), null, parent);

    private static JsError Create(Realm realm, string name, ReadOnlySpan<JsValue> a, JsObject? target, JsValue? errors)
    {
        realm.Allocate(160);
        var fallback = realm.Intrinsic(name + "Prototype");
        var error = new JsError(target is null ? fallback : realm.PrototypeFor(target, fallback));
        var text = name;
        if (!a.At(0).IsUndefined)
        {
            var message = Operators.ToStringValue(realm, a.At(0));
            error.Put("message", message, PropertyFlags.Hidden);
            text = $"{name}: {realm.Text(message)}";
        }

        if (a.At(1).AsObject is { } options && options.Has("cause"))
            error.Put("cause", options.Get(realm, "cause"), PropertyFlags.Hidden);
        error.Put("stack", realm.NewString(text), PropertyFlags.Hidden);
        if (errors is { } many)
        {
            var list = new JsArray(realm);
            realm.Iterate(many, value => { list.Add(realm, value); return true; });
            error.Put("errors", list, PropertyFlags.Hidden);
        }

        return error;
    }
}
