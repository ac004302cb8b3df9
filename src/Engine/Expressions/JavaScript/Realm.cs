using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>A JavaScript exception on its way to a catch.</summary>
internal sealed class JsThrow(JsValue value, int position) : Exception
{
    public JsValue Value { get; } = value;
    public int Position { get; } = position;
}

/// <summary>A limit was reached. Scripts cannot catch it.</summary>
internal sealed class LimitException(string message) : Exception(message);

/// <summary>
/// The world of one evaluation: limits, the built-in objects (made when first touched) and the host's scope. Not thread safe. One that made no object is
/// used again for the next evaluation on its thread.
/// </summary>
internal sealed class Realm
{
    private const int ClockInterval = 1024;
    private static readonly string[] s_characters = [.. Enumerable.Range(0, 256).Select(c => ((char)c).ToString())];

    private readonly List<Frame> _frames = [];
    private readonly Dictionary<object, JsValue> _templates = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, JsObject> _intrinsics = [];
    private long _steps;
    private long _memory;
    private long _nextClock;
    private long? _startedAt;
    private ScriptLimits _limits = ScriptLimits.Default;
    private JsObject? _global;
    private JsObject? _objectPrototype;
    private JsObject? _functionPrototype;
    private JsObject? _arrayPrototype;
    private static readonly Environment s_noVariables = new([], null);
    private readonly WorkflowBindings _workflow;

    public Realm() => _workflow = new WorkflowBindings(this);

    public int Depth { get; set; }

    /// <summary>Offset of the statement or call that runs, for error messages.</summary>
    public int Position { get; set; }

    public ScriptLimits Limits => _limits;
    public ExpressionScope Scope { get; private set; } = null!;
    public WorkflowBindings Workflow => _workflow;

    /// <summary>Whether objects were made that a later evaluation must not see.</summary>
    public bool IsUsed => _functionPrototype is not null || _objectPrototype is not null || _global is not null;

    public void Begin(ExpressionScope scope, ScriptLimits limits)
    {
        scope.Budget?.Check();
        Scope = scope;
        _limits = limits;
        _steps = limits.MaxSteps;
        _memory = limits.MaxMemory;
        Depth = 0;
        Position = 0;
        _nextClock = Math.Max(0, _steps - ClockInterval);
        _startedAt = null;
    }

    public void End()
    {
        Scope.Budget?.Spend(_limits.MaxSteps - _steps, _limits.MaxMemory - _memory);
        Scope = null!;
    }

    public Environment ProgramEnvironment(Scope scope)
    {
        if (scope.SlotCount == 0)
            return s_noVariables;
        var slots = new JsValue[scope.SlotCount];
        foreach (var slot in scope.LexicalSlots)
            slots[slot] = JsValue.Hole;
        return new Environment(slots, null);
    }

    // --- Limits ---

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        if (--_steps < _nextClock)
            CheckSteps();
    }

    public void Charge(long steps)
    {
        _steps -= steps;
        if (_steps < _nextClock)
            CheckSteps();
    }

    private void CheckSteps()
    {
        if (_steps < 0)
            throw new LimitException($"The expression was stopped after {_limits.MaxSteps.ToString("N0", CultureInfo.InvariantCulture)} steps");
        _nextClock = Math.Max(0, _steps - ClockInterval);

        // Reading the clock costs as much as a short expression, so it starts when one turns out to be long.
        if (_startedAt is not { } start)
            _startedAt = _limits.Clock.GetTimestamp();
        else if (_limits.Clock.GetElapsedTime(start) > _limits.MaxTime)
            throw new LimitException($"The expression was stopped after {_limits.MaxTime.TotalMilliseconds.ToString("N0", CultureInfo.InvariantCulture)} ms");
    }

    public void Allocate(long bytes)
    {
        if ((_memory -= bytes) < 0)
            throw new LimitException($"The expression was stopped because it used more than {(_limits.MaxMemory >> 20).ToString(CultureInfo.InvariantCulture)} MiB");
    }

    public void CheckStringLength(long length)
    {
        if (length > _limits.MaxStringLength)
            throw new LimitException($"The expression was stopped because it built a string of more than {_limits.MaxStringLength.ToString("N0", CultureInfo.InvariantCulture)} characters");
    }

    public void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw TooDeep();
    }

    private static LimitException TooDeep() => new("The expression was stopped because its calls are nested too deeply");

    public Frame EnterFunction()
    {
        Step();
        if (++Depth > _limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw TooDeep();
        if (_frames.Count < Depth)
            _frames.Add(new Frame(this));
        return _frames[Depth - 1];
    }

    public void LeaveFunction() => Depth--;

    /// <summary>What <c>this</c> was at the end of the function that returned last.</summary>
    public JsValue LastThis => _frames[Depth].This;

    /// <summary>A new string of this content, counted.</summary>
    public string NewString(string text)
    {
        CheckStringLength(text.Length);
        Allocate(24 + 2L * text.Length);
        return text;
    }

    /// <summary>The text of a string value; writing out a rope is counted.</summary>
    public string Text(JsValue value)
    {
        if (value.Ref is string text)
            return text;
        var rope = (Rope)value.Ref!;
        if (!rope.IsFlat)
        {
            Allocate(24 + 2L * rope.Length);
            Charge(rope.Length >> 6);
        }

        return rope.ToString();
    }

    public JsValue Character(char c) => c < 256 ? s_characters[c] : NewString(c.ToString());

    public string Format(BigInteger value)
    {
        Charge(value.GetByteCount() * (long)value.GetByteCount() >> 8);
        return NewString(value.ToString(CultureInfo.InvariantCulture));
    }

    // --- Errors ---

    public JsThrow Throw(JsValue value)
    {
        // A CLR exception costs as much as a thousand steps.
        Charge(500);
        return new JsThrow(value, Position);
    }

    public JsThrow Error(string kind, string message)
    {
        var error = new JsError(Intrinsic(kind + "Prototype"));
        error.Put("message", message, PropertyFlags.Hidden);
        error.Put("stack", $"{kind}: {message}", PropertyFlags.Hidden);
        return Throw(error);
    }

    public JsThrow TypeError(string message) => Error("TypeError", message);
    public JsThrow RangeError(string message) => Error("RangeError", message);
    public JsThrow SyntaxError(string message) => Error("SyntaxError", message);

    // --- Built-ins ---

    public JsObject ObjectPrototype => _objectPrototype ??= new BuiltinObject(this, null, ObjectBuiltins.Prototype);
    public JsObject FunctionPrototype => _functionPrototype ??= new FunctionPrototypeObject(this);
    public JsObject ArrayPrototype => _arrayPrototype ??= new BuiltinObject(this, ObjectPrototype, ArrayBuiltins.Prototype);
    public JsObject RegexPrototype => Intrinsic("RegExpPrototype");
    public JsValue OrdinaryHasInstance => FunctionPrototype.GetOwn(Symbol.HasInstance, out var property) ? property.Value : default;

    public JsFunction ThrowTypeError => (JsFunction)(_intrinsics.TryGetValue("ThrowTypeError", out var made) ? made : _intrinsics["ThrowTypeError"] =
        new NativeFunction(this, "", 0, static (realm, _, _) => throw realm.TypeError("'caller', 'callee', and 'arguments' properties may not be accessed")));

    public JsObject Global => _global ??= new BuiltinObject(this, ObjectPrototype, Builtins.Global);

    /// <summary>A built-in object by name, such as <c>MapPrototype</c> or <c>Map</c>.</summary>
    public JsObject Intrinsic(string name)
    {
        if (_intrinsics.TryGetValue(name, out var made))
            return made;
        return _intrinsics[name] = Builtins.Create(this, name);
    }

    public JsObject GetOrAddIntrinsic(string name, Func<Realm, JsObject> make) => _intrinsics.TryGetValue(name, out var made) ? made : _intrinsics[name] = make(this);

    /// <summary>Symbols of <c>Symbol.for</c>.</summary>
    public Dictionary<string, Symbol> Symbols { get; } = [];

    /// <summary>Arrays being joined, to stop at one that contains itself.</summary>
    public HashSet<JsObject> Joining { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The prototype for objects that <paramref name="newTarget"/> constructs.</summary>
    public JsObject PrototypeFor(JsObject newTarget, JsObject fallback) => newTarget.Get(this, "prototype").AsObject ?? fallback;

    // --- Globals ---

    public bool TryGetGlobal(string name, out JsValue value)
    {
        if (name == "undefined")
        {
            value = default;
            return true;
        }

        var holder = Global;
        if (!holder.GetOwn(name, out var property))
        {
            if (holder.Has(name))
            {
                value = holder.Get(this, name);
                return true;
            }

            return Workflow.TryGetGlobal(name, out value);
        }

        value = property.IsAccessor ? holder.Get(this, name) : property.Value;
        return true;
    }

    public JsValue GetGlobal(string name, int position)
    {
        if (TryGetGlobal(name, out var value))
            return value;
        Position = position;
        throw Error("ReferenceError", $"{name} is not defined");
    }

    /// <summary><c>getX()</c> without making a function of it, unless the script has put something of its own in its place.</summary>
    public bool TryHostGetter(string name, string member, out JsValue value)
    {
        value = default;
        return (_global is null || !_global.GetOwn(name, out _)) && !Builtins.Global.Index.ContainsKey(name) && Workflow.TryGet(member, out value);
    }

    /// <summary><c>variables.X</c> where X is no object and nothing was written yet.</summary>
    public bool TryPlainVariable(string name, out JsValue value)
    {
        value = default;
        return _global is null && Workflow.TryPlain(name, out value);
    }

    public void SetGlobal(string name, JsValue value, bool strict)
    {
        var known = Global.Has(name);
        if (!known && strict && !TryGetGlobal(name, out _))
            throw Error("ReferenceError", $"{name} is not defined");
        if (!Global.Set(this, name, value, Global) && strict)
            throw TypeError($"Cannot assign to read only property '{name}' of object");
    }

    public bool DeleteGlobal(string name) => Global.Delete(name);

    // --- Members ---

    public JsValue GetMember(JsValue target, PropertyKey key)
    {
        switch (target.Type)
        {
            case JsType.Object:
                return target.Object.Get(this, key, target);
            case JsType.String:
                if (key.Ref is "length")
                    return target.StringLength;
                if (key.TryIndex(out var index) && index < target.StringLength)
                    return Character(Text(target)[(int)index]);
                return Intrinsic("StringPrototype").Get(this, key, target);
            case JsType.Number:
                return Intrinsic("NumberPrototype").Get(this, key, target);
            case JsType.Boolean:
                return Intrinsic("BooleanPrototype").Get(this, key, target);
            case JsType.Symbol:
                return Intrinsic("SymbolPrototype").Get(this, key, target);
            case JsType.BigInt:
                return Intrinsic("BigIntPrototype").Get(this, key, target);
            default:
                throw TypeError($"Cannot read properties of {target} (reading '{key}')");
        }
    }

    public void SetMember(JsValue target, PropertyKey key, JsValue value, bool strict)
    {
        if (target.IsNullish)
            throw TypeError($"Cannot set properties of {target} (setting '{key}')");
        var holder = target.AsObject ?? Operators.ToObject(this, target);
        if (!holder.Set(this, key, value, target) && strict)
            throw TypeError($"Cannot assign to read only property '{key}' of object");
    }

    public JsFunction Callable(JsValue value) => value.AsFunction ?? throw TypeError($"{Operators.Describe(value)} is not a function");

    /// <summary>Own enumerable properties of a value, as spread and <c>Object.assign</c> copy them.</summary>
    public void CopyProperties(JsObject target, JsValue source, HashSet<PropertyKey>? except, bool assign = false)
    {
        if (source.IsNullish)
            return;
        var from = Operators.ToObject(this, source);
        foreach (var key in from.OwnKeys())
        {
            Step();
            if (except?.Contains(key) == true || !from.GetOwn(key, out var property) || !property.Has(PropertyFlags.Enumerable))
                continue;
            var value = property.IsAccessor ? from.Get(this, key) : property.Value;
            if (assign)
                target.SetOrThrow(this, key, value);
            else
                target.Create(this, key, value);
        }
    }

    /// <summary>Names that <c>for … in</c> visits, own before inherited; those deleted meanwhile are left out.</summary>
    public IEnumerable<JsValue> EnumerableNames(JsObject target)
    {
        HashSet<PropertyKey>? seen = null;
        for (var current = target; current is not null; current = current.Prototype)
        {
            if (current is BuiltinObject { HasOnlyBuiltins: true })
                continue;
            var keys = current.OwnKeys();
            Allocate(16L * keys.Count);
            foreach (var key in keys)
            {
                if (key.IsSymbol || !current.GetOwn(key, out var property))
                    continue;
                if ((seen ??= []).Add(key) && property.Has(PropertyFlags.Enumerable))
                    yield return key.Name;
            }
        }
    }

    public JsValue TemplateObject(object node, string?[] cooked, string[] raw)
    {
        if (_templates.TryGetValue(node, out var made))
            return made;
        var rawArray = new JsArray(this, [.. raw.Select(r => (JsValue)r)]);
        var template = new JsArray(this, [.. cooked.Select(c => c is null ? default : (JsValue)c)]);
        ObjectBuiltins.Freeze(this, rawArray);
        template.Put("raw", rawArray, PropertyFlags.None);
        ObjectBuiltins.Freeze(this, template);
        return _templates[node] = template;
    }

    // --- Iteration ---

    /// <summary>Whether arrays are iterated as they were born, so that a loop over the elements does the same.</summary>
    private bool IteratesPlainly(JsObject holder) =>
        ReferenceEquals(holder.Prototype, ArrayPrototype) && ArrayPrototype is BuiltinObject { IteratorIsOriginal: true } &&
        (!_intrinsics.TryGetValue("ArrayIteratorPrototype", out var iterators) || iterators is BuiltinObject { HasOnlyBuiltins: true }) && !holder.GetOwn(Symbol.Iterator, out _);

    public ValueIterator GetIterator(JsValue value)
    {
        if (value.AsObject is { IsArrayLike: true } array && IteratesPlainly(array))
            return new ValueIterator(this, array);
        if (value.IsString && Intrinsic("StringPrototype") is BuiltinObject { IteratorIsOriginal: true })
            return new ValueIterator(this, Text(value));
        var method = value.IsNullish ? default : GetMember(value, Symbol.Iterator);
        if (method.Ref is not JsFunction function)
            throw TypeError($"{Operators.Describe(value)} is not iterable");
        var iterator = function.Call(this, value, []);
        if (!iterator.IsObject)
            throw TypeError("Result of the Symbol.iterator method is not an object");
        return new ValueIterator(this, iterator.Object, iterator.Object.Get(this, "next"));
    }

    /// <summary>Visits every value until the visitor says false.</summary>
    public void Iterate(JsValue source, Func<JsValue, bool> visit)
    {
        var iterator = GetIterator(source);
        try
        {
            while (iterator.MoveNext(out var value))
            {
                if (!visit(value))
                {
                    iterator.Close();
                    return;
                }
            }
        }
        catch (JsThrow)
        {
            iterator.CloseQuietly();
            throw;
        }
    }

    public JsObject IteratorResult(JsValue value, bool done)
    {
        Allocate(160);
        var result = new JsObject(ObjectPrototype);
        result.Put("value", value);
        result.Put("done", done);
        return result;
    }
}

/// <summary>An iteration under way, with short cuts for arrays and strings.</summary>
internal sealed class ValueIterator
{
    private readonly Realm _realm;
    private readonly JsObject? _array;
    private readonly string? _text;
    private readonly JsObject? _iterator;
    private readonly JsValue _next;
    private long _position;

    public ValueIterator(Realm realm, JsObject array) => (_realm, _array) = (realm, array);

    public ValueIterator(Realm realm, string text) => (_realm, _text) = (realm, text);

    public ValueIterator(Realm realm, JsObject iterator, JsValue next) => (_realm, _iterator, _next) = (realm, iterator, next);

    /// <summary>Whether the end was reached or reaching on failed: then there is nothing to close.</summary>
    public bool IsDone { get; private set; }

    public bool MoveNext(out JsValue value)
    {
        value = default;
        if (IsDone)
            return false;
        _realm.Step();
        if (_array is not null)
        {
            if (_position < Operators.LengthOf(_realm, _array))
            {
                value = _array.GetIndex(_realm, _position++);
                return true;
            }
        }
        else if (_text is not null)
        {
            if (_position < _text.Length)
            {
                var start = (int)_position;
                var length = char.IsHighSurrogate(_text[start]) && start + 1 < _text.Length && char.IsLowSurrogate(_text[start + 1]) ? 2 : 1;
                _position += length;
                value = length == 1 ? _realm.Character(_text[start]) : _realm.NewString(_text.Substring(start, 2));
                return true;
            }
        }
        else
        {
            IsDone = true;
            var result = _realm.Callable(_next).Call(_realm, _iterator, []);
            if (!result.IsObject)
                throw _realm.TypeError($"Iterator result {Operators.Describe(result)} is not an object");
            if (!Operators.ToBoolean(result.Object.Get(_realm, "done")))
            {
                value = result.Object.Get(_realm, "value");
                IsDone = false;
                return true;
            }
        }

        IsDone = true;
        return false;
    }

    /// <summary>Tells the iterator that no more values are wanted.</summary>
    public void Close()
    {
        if (IsDone || _iterator is null)
            return;
        IsDone = true;
        var method = _iterator.Get(_realm, "return");
        if (method.IsNullish)
            return;
        if (!_realm.Callable(method).Call(_realm, _iterator, []).IsObject)
            throw _realm.TypeError("Iterator result is not an object");
    }

    /// <summary>As <see cref="Close"/> while another exception is under way, which wins.</summary>
    public void CloseQuietly()
    {
        if (IsDone || _iterator is null)
            return;
        var depth = _realm.Depth;
        try
        {
            Close();
        }
        catch (JsThrow)
        {
            _realm.Depth = depth;
        }
    }
}
