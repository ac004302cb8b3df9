namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Anything that can be called.</summary>
internal abstract class JsFunction(JsObject? prototype) : JsObject(prototype)
{
    public override string ClassName => "Function";
    public virtual bool IsConstructor => false;

    public abstract JsValue Call(Realm realm, JsValue self, ReadOnlySpan<JsValue> arguments);

    public virtual JsObject Construct(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget) => throw realm.TypeError("not a constructor");

    /// <summary>The function as text, for <c>toString</c>.</summary>
    public virtual string Source(Realm realm) => "function () { [native code] }";
}

internal delegate JsValue NativeCode(Realm realm, JsValue self, ReadOnlySpan<JsValue> arguments);

internal delegate JsObject NativeConstructor(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget);

internal sealed class NativeFunction : JsFunction
{
    private readonly PropertyKey _name;
    private readonly int _length;
    private readonly NativeCode _code;
    private readonly NativeConstructor? _construct;
    private readonly string? _prefix;
    private readonly Realm _realm;
    private readonly Definition? _definition;

    public NativeFunction(Realm realm, PropertyKey name, int length, NativeCode code, NativeConstructor? construct = null, string? prefix = null, Definition? definition = null, JsObject? prototype = null)
        : base(prototype ?? realm.FunctionPrototype)
    {
        realm.Allocate(112);
        _realm = realm;
        _definition = definition;
        _name = name;
        _length = length;
        _code = code;
        _construct = construct;
        _prefix = prefix;
        Pending = true;
    }

    public override bool IsConstructor => _construct is not null;

    protected override void Load()
    {
        Pending = false;
        if (_definition is not null)
            UseTemplate(_definition.Statics);
        Put("length", _length, PropertyFlags.Configurable);
        Put("name", ScriptFunction.DisplayName(_name, _prefix), PropertyFlags.Configurable);
        if (_definition is not null)
            Put("prototype", _realm.Intrinsic(_definition.Name + "Prototype"), PropertyFlags.None);
    }

    protected override Property Materialize(in Property property) => BuiltinTable.Make(_realm, property);

    public override JsValue Call(Realm realm, JsValue self, ReadOnlySpan<JsValue> arguments)
    {
        realm.Step();
        return _code(realm, self, arguments);
    }

    public override JsObject Construct(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget)
    {
        realm.Step();
        return _construct is null ? base.Construct(realm, arguments, newTarget) : _construct(realm, arguments, newTarget);
    }

    public override string Source(Realm realm) => $"function {(_prefix is null ? "" : _prefix + " ")}{(_name.IsSymbol ? $"[{_name.Ref}]" : _name.Name)}() {{ [native code] }}";
}

internal sealed class BoundFunction(Realm realm, JsFunction target, JsValue self, JsValue[] bound) : JsFunction(target.Prototype)
{
    public JsFunction Target { get; } = target;
    public override bool IsConstructor => Target.IsConstructor;

    public override JsValue Call(Realm caller, JsValue ignored, ReadOnlySpan<JsValue> arguments)
    {
        caller.CheckStack();
        return Target.Call(caller, self, [.. bound, .. arguments]);
    }

    public override JsObject Construct(Realm caller, ReadOnlySpan<JsValue> arguments, JsObject newTarget)
    {
        caller.CheckStack();
        return Target.Construct(caller, [.. bound, .. arguments], ReferenceEquals(newTarget, this) ? Target : newTarget);
    }

    public override string Source(Realm _) => Target.Source(realm);
}

/// <summary>What the parser knows of a function.</summary>
internal sealed class FunctionCode
{
    public required string Name { get; set; }
    public required Scope Scope { get; init; }
    public required string Source { get; init; }
    public int Start { get; set; }
    public int End { get; set; }
    public bool IsArrow { get; init; }

    /// <summary>A method, getter or setter: no constructor.</summary>
    public bool IsMethod { get; init; }
    public bool IsStrict { get; set; }
    public bool UsesThis { get; set; }
    public Expression[] Parameters { get; set; } = [];
    public Expression? Rest { get; set; }

    /// <summary>Value of <c>length</c>.</summary>
    public int Length { get; set; }
    public Statement[] Body { get; set; } = [];
    public FunctionDeclaration[] Functions { get; set; } = [];
    public Expression? Value { get; set; }
    public Variable? Self { get; set; }
    public Variable? Arguments { get; set; }

    /// <summary>Parameters are plain names in slots 0, 1, …</summary>
    public bool IsSimple { get; set; }

    /// <summary>Parameters that a default value must not read before they have a value of their own.</summary>
    public Variable[] Guarded { get; set; } = [];

    /// <summary>A constructor of a class: cannot be called without <c>new</c>.</summary>
    public bool IsClass { get; set; }

    /// <summary>A constructor of a class with <c>extends</c>: <c>this</c> comes from <c>super()</c>.</summary>
    public bool IsDerived { get; set; }

    /// <summary>The class has no constructor of its own.</summary>
    public bool IsImplied { get; set; }
}

internal sealed class FunctionExpression(FunctionCode code) : Expression
{
    public FunctionCode Code { get; } = code;

    public override JsValue Evaluate(Frame frame) => new ScriptFunction(frame, Code);

    public override void NameFunction(string name)
    {
        if (Code.Name.Length == 0)
            Code.Name = name;
    }
}

internal sealed class ScriptFunction : JsFunction
{
    private readonly FunctionCode _code;
    private readonly Environment _closure;

    /// <summary>For arrows: of the function around it.</summary>
    private readonly JsValue _this;
    private readonly JsValue _newTarget;
    private JsValue _name;

    public ScriptFunction(Frame frame, FunctionCode code) : base(frame.Realm.FunctionPrototype)
    {
        frame.Realm.Allocate(160);
        _code = code;
        _closure = frame.Environment;
        if (code.IsArrow)
        {
            _this = frame.This;
            _newTarget = frame.NewTarget;
            HomeObject = frame.Function?.HomeObject;
        }

        _name = code.Name;
        Realm = frame.Realm;
        Pending = true;
    }

    private Realm Realm { get; }

    /// <summary>The object whose prototype <c>super</c> means.</summary>
    public JsObject? HomeObject { get; set; }

    public override bool IsConstructor => _code.IsClass || !_code.IsArrow && !_code.IsMethod;

    /// <summary>Of a class: its prototype object, and the fields that its constructor gives to every instance.</summary>
    public JsObject? ClassPrototype { get; init; }
    public ClassField[] Fields { get; set; } = [];
    public int ParameterCount => _code.Parameters.Length;
    public bool TakesSlots => _code is { IsSimple: true, IsClass: false };

    public void SetName(PropertyKey key, string? prefix)
    {
        if (_code.Name.Length == 0)
            _name = DisplayName(key, prefix);
    }

    public static string DisplayName(PropertyKey key, string? prefix)
    {
        var name = key.Ref is not Symbol symbol ? key.Name : symbol.Description is null ? "" : symbol.IsPrivate ? symbol.Description : $"[{symbol.Description}]";
        return prefix is null ? name : prefix + " " + name;
    }

    protected override void Load()
    {
        Pending = false;
        Put("length", _code.Length, PropertyFlags.Configurable);
        Put("name", _name, PropertyFlags.Configurable);
        if (!IsConstructor)
            return;
        if (ClassPrototype is not null)
        {
            Put("prototype", ClassPrototype, PropertyFlags.None);
            return;
        }

        var prototype = new JsObject(Realm.ObjectPrototype);
        prototype.Put("constructor", this, PropertyFlags.Hidden);
        Put("prototype", prototype, PropertyFlags.Writable);
    }

    public override string Source(Realm realm) => _code.Source[_code.Start.._code.End];

    public JsValue[] NewSlots(Realm realm)
    {
        var count = _code.Scope.SlotCount;
        if (count == 0)
            return [];
        realm.Allocate(24 + 16L * count);
        return new JsValue[count];
    }

    public override JsValue Call(Realm realm, JsValue self, ReadOnlySpan<JsValue> arguments)
    {
        if (_code.IsClass)
            throw realm.TypeError($"Class constructor {_code.Name} cannot be invoked without 'new'");
        if (!_code.IsSimple)
            return Run(realm, self, NewSlots(realm), arguments, default);
        var slots = NewSlots(realm);
        arguments[..Math.Min(arguments.Length, ParameterCount)].CopyTo(slots);
        return Run(realm, self, slots);
    }

    public override JsObject Construct(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget)
    {
        if (_code.IsDerived)
            return ConstructDerived(realm, arguments, newTarget);
        var created = new JsObject(realm.PrototypeFor(newTarget, realm.ObjectPrototype));
        realm.Allocate(64);
        ClassField.AddAll(realm, Fields, created);
        if (_code.IsImplied)
            return created;
        var result = Run(realm, created, NewSlots(realm), arguments, newTarget);
        return result.AsObject ?? created;
    }

    private JsObject ConstructDerived(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget)
    {
        realm.CheckStack();
        if (_code.IsImplied)
        {
            realm.Step();
            return ConstructBase(realm, arguments, newTarget);
        }

        var result = Run(realm, JsValue.Hole, NewSlots(realm), arguments, newTarget);
        if (result.AsObject is { } other)
            return other;
        if (!result.IsUndefined)
            throw realm.TypeError("Derived constructors may only return object or undefined");
        return realm.LastThis.AsObject ?? throw realm.Error("ReferenceError", "Must call super constructor in derived class before accessing 'this' or returning from derived constructor");
    }

    /// <summary><c>super(…)</c>: the class extended makes the object, this one adds its fields.</summary>
    public JsObject ConstructBase(Realm realm, ReadOnlySpan<JsValue> arguments, JsObject newTarget)
    {
        if (Prototype is not JsFunction { IsConstructor: true } parent)
            throw realm.TypeError("Super constructor is not a constructor");
        var created = parent.Construct(realm, arguments, newTarget);
        ClassField.AddAll(realm, Fields, created);
        return created;
    }

    /// <summary>Runs with the parameters already in their slots.</summary>
    public JsValue Run(Realm realm, JsValue self, JsValue[] slots)
    {
        var frame = Enter(realm, self, slots);
        return Finish(realm, frame);
    }

    private Frame Enter(Realm realm, JsValue self, JsValue[] slots)
    {
        var frame = realm.EnterFunction();
        realm.Allocate(40);
        frame.Environment = new Environment(slots, _closure);
        frame.Function = this;
        frame.NewTarget = default;
        frame.Result = default;
        if (_code.IsArrow)
        {
            frame.This = _this;
            frame.NewTarget = _newTarget;
        }
        else if (_code.IsStrict || self.IsObject || !_code.UsesThis)
        {
            frame.This = self;
        }
        else
        {
            frame.This = self.IsNullish ? realm.Global : Operators.ToObject(realm, self);
        }

        foreach (var slot in _code.Scope.LexicalSlots)
            slots[slot] = JsValue.Hole;
        if (_code.Self is { } name)
            slots[name.Slot] = this;
        return frame;
    }

    private JsValue Run(Realm realm, JsValue self, JsValue[] slots, ReadOnlySpan<JsValue> arguments, JsValue newTarget)
    {
        var frame = Enter(realm, self, slots);
        if (!_code.IsArrow)
            frame.NewTarget = newTarget;
        if (_code.Arguments is { } variable)
            slots[variable.Slot] = new JsArguments(realm, arguments, _code.IsStrict ? null : this);
        foreach (var guarded in _code.Guarded)
            slots[guarded.Slot] = JsValue.Hole;
        for (var i = 0; i < _code.Parameters.Length; i++)
            _code.Parameters[i].Assign(frame, i < arguments.Length ? arguments[i] : default, true);
        if (_code.Rest is { } rest)
        {
            var more = _code.Parameters.Length < arguments.Length ? arguments[_code.Parameters.Length..].ToArray() : [];
            rest.Assign(frame, new JsArray(realm, more), true);
        }

        return Finish(realm, frame);
    }

    private JsValue Finish(Realm realm, Frame frame)
    {
        JsValue result;
        if (_code.Value is { } value)
        {
            result = value.Evaluate(frame);
        }
        else
        {
            foreach (var function in _code.Functions)
                function.Hoist(frame);
            result = Statement.Run(frame, _code.Body) == Completion.Return ? frame.Result : default;
        }

        realm.LeaveFunction();
        return result;
    }
}

/// <summary>The <c>arguments</c> object; it does not follow later changes of the parameters.</summary>
internal sealed class JsArguments : JsObject
{
    public JsArguments(Realm realm, ReadOnlySpan<JsValue> arguments, JsFunction? callee) : base(realm.ObjectPrototype)
    {
        realm.Allocate(64 + 48L * arguments.Length);
        for (var i = 0; i < arguments.Length; i++)
            Put(PropertyKey.Of(i), arguments[i]);
        Put("length", arguments.Length, PropertyFlags.Hidden);
        Put(Symbol.Iterator, realm.ArrayPrototype.Get(realm, "values"), PropertyFlags.Hidden);
        if (callee is not null)
            Put("callee", callee, PropertyFlags.Hidden);
        else
            Put("callee", JsValue.Internal(new Accessor(realm.ThrowTypeError, realm.ThrowTypeError)), PropertyFlags.Accessor);
    }

    public override string ClassName => "Arguments";
}

/// <summary><c>super.name</c> in a method.</summary>
internal sealed class SuperExpression : Expression
{
    public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();

    public JsValue Get(Frame frame, PropertyKey key) => frame.Function?.HomeObject?.Prototype?.Get(frame.Realm, key, frame.This) ?? default;

    public void Set(Frame frame, PropertyKey key, JsValue value)
    {
        if (frame.Function?.HomeObject?.Prototype is not { } holder || !holder.Set(frame.Realm, key, value, frame.This))
            throw frame.Realm.TypeError($"Cannot assign to read only property '{key}' of object");
    }
}
