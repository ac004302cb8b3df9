using System.Numerics;
using System.Runtime.CompilerServices;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Variables of a function or block at run time. Closures keep it alive.</summary>
internal sealed class Environment(JsValue[] slots, Environment? parent)
{
    public readonly JsValue[] Slots = slots;
    public readonly Environment? Parent = parent;
}

/// <summary>A running function. Reused from call to call, so nothing but the running code may hold it.</summary>
internal sealed class Frame(Realm realm)
{
    public readonly Realm Realm = realm;
    public Environment Environment = null!;
    public JsValue This;
    public JsValue NewTarget;
    public ScriptFunction? Function;

    /// <summary>Value of a return, or of the last expression statement of the program.</summary>
    public JsValue Result;

    /// <summary>Label of the break or continue under way.</summary>
    public string? Label;
}

/// <summary>
/// The parsed program is run as it is: each node evaluates itself. A virtual call costs what calling a compiled delegate would, and there is no second form to keep.
/// </summary>
internal abstract class Expression
{
    /// <summary>Offset in the source.</summary>
    public int Start { get; init; }

    public abstract JsValue Evaluate(Frame frame);

    public virtual bool EvaluateCondition(Frame frame) => Operators.ToBoolean(Evaluate(frame));

    /// <summary>Whether <see cref="Assign"/> works.</summary>
    public virtual bool IsTarget => false;

    /// <param name="frame">The running function.</param>
    /// <param name="value">The value.</param>
    /// <param name="initialize">Whether this is the declaration itself, which may write a constant.</param>
    public virtual void Assign(Frame frame, JsValue value, bool initialize = false) => throw new InvalidOperationException();

    /// <summary>Whether an assignment gives its name to this anonymous function.</summary>
    public virtual void NameFunction(string name) { }
}

internal sealed class Literal(JsValue value) : Expression
{
    public JsValue Value { get; } = value;
    public override JsValue Evaluate(Frame frame) => Value;
}

internal sealed class Identifier(string name, bool strict) : Expression
{
    public string Name { get; } = name;
    public Variable? Variable { get; set; }
    public int Hops { get; set; }
    public int Slot { get; set; }

    /// <summary>The scope the name is looked up from, if not the one it stands in.</summary>
    public Scope? LookFrom { get; init; }

    public override bool IsTarget => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref JsValue Reference(Frame frame)
    {
        var environment = frame.Environment;
        for (var i = Hops; i > 0; i--)
            environment = environment.Parent!;
        return ref environment.Slots[Slot];
    }

    public override JsValue Evaluate(Frame frame)
    {
        if (Variable is null)
            return frame.Realm.GetGlobal(Name, Start);
        var value = Reference(frame);
        return value.IsHole ? throw Undeclared(frame) : value;
    }

    public JsValue EvaluateOrUndefined(Frame frame)
    {
        if (Variable is not null)
            return Evaluate(frame);
        frame.Realm.TryGetGlobal(Name, out var value);
        return value;
    }

    private JsThrow Undeclared(Frame frame) => frame.Realm.Error("ReferenceError", $"Cannot access '{Name}' before initialization");

    public override void Assign(Frame frame, JsValue value, bool initialize = false)
    {
        if (Variable is null)
        {
            frame.Realm.SetGlobal(Name, value, strict);
            return;
        }

        ref var slot = ref Reference(frame);
        if (!initialize)
        {
            if (slot.IsHole)
                throw Undeclared(frame);
            if (Variable.Kind == VariableKind.Const)
                throw frame.Realm.TypeError("Assignment to constant variable.");
            if (Variable.Kind == VariableKind.FunctionName)
            {
                if (strict)
                    throw frame.Realm.TypeError("Assignment to constant variable.");
                return;
            }
        }

        slot = value;
    }
}

internal sealed class ThisExpression : Expression
{
    public override JsValue Evaluate(Frame frame) => frame.This.IsHole
        ? throw frame.Realm.Error("ReferenceError", "Must call super constructor in derived class before accessing 'this' or returning from derived constructor")
        : frame.This;
}

internal sealed class NewTargetExpression : Expression
{
    public override JsValue Evaluate(Frame frame) => frame.NewTarget;
}

internal sealed class TemplateLiteral(string[] parts, Expression[] values) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        JsValue text = parts[0];
        for (var i = 0; i < values.Length; i++)
        {
            text = Rope.Concat(frame.Realm, text, Operators.ToText(frame.Realm, values[i].Evaluate(frame)));
            text = Rope.Concat(frame.Realm, text, parts[i + 1]);
        }

        return text;
    }
}

internal sealed class TaggedTemplate(Expression tag, string?[] cooked, string[] raw, Expression[] values) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var realm = frame.Realm;
        var (function, self) = Call.Callee(frame, tag);
        var arguments = new JsValue[values.Length + 1];
        arguments[0] = realm.TemplateObject(this, cooked, raw);
        for (var i = 0; i < values.Length; i++)
            arguments[i + 1] = values[i].Evaluate(frame);
        return realm.Callable(function).Call(realm, self, arguments);
    }
}

internal sealed class RegexLiteral(string pattern, string flags) : Expression
{
    private readonly RegexProgram _program = RegexProgram.Compile(pattern, flags);

    public override JsValue Evaluate(Frame frame) => new JsRegex(frame.Realm, frame.Realm.RegexPrototype, _program);
}

internal sealed class ArrayLiteral(Expression?[] items) : Expression
{
    public Expression?[] Items { get; } = items;
    public bool TrailingComma { get; init; }

    public override JsValue Evaluate(Frame frame)
    {
        var realm = frame.Realm;
        realm.CheckStack();
        var array = new JsArray(realm, Items.Length);
        foreach (var item in Items)
        {
            if (item is Spread spread)
                realm.Iterate(spread.Value.Evaluate(frame), value => { array.Add(realm, value); return true; });
            else
                array.Add(realm, item?.Evaluate(frame) ?? JsValue.Hole);
        }

        return array;
    }
}

internal sealed class Spread(Expression value) : Expression
{
    public Expression Value { get; } = value;
    public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();
}

internal enum MemberKind { Value, Getter, Setter, Method, Spread, StaticBlock }

/// <summary>One entry of an object literal; also of an object pattern before it is known to be one.</summary>
internal sealed class ObjectMember(MemberKind kind, string? name, Expression? computed, Expression value)
{
    public MemberKind Kind { get; } = kind;
    public string? Name { get; } = name;
    public Expression? Computed { get; } = computed;
    public Expression Value { get; } = value;

    /// <summary><c>{a}</c>.</summary>
    public bool Shorthand { get; init; }

    /// <summary><c>{a = 1}</c>, allowed in patterns only.</summary>
    public Expression? Default { get; init; }
    public int Start { get; init; }
}

internal sealed class ObjectLiteral(ObjectMember[] members) : Expression
{
    public ObjectMember[] Members { get; } = members;

    public override JsValue Evaluate(Frame frame)
    {
        var realm = frame.Realm;
        realm.CheckStack();
        realm.Allocate(64 + 48L * Members.Length);
        var result = new JsObject(realm.ObjectPrototype);
        foreach (var member in Members)
        {
            if (member.Kind == MemberKind.Spread)
            {
                realm.CopyProperties(result, member.Value.Evaluate(frame), null);
                continue;
            }

            var key = member.Computed is null ? (PropertyKey)member.Name! : Operators.ToPropertyKey(realm, member.Computed.Evaluate(frame));
            if (member is { Kind: MemberKind.Value, Computed: null, Name: "__proto__", Shorthand: false })
            {
                var prototype = member.Value.Evaluate(frame);
                if (prototype.IsObject || prototype.IsNull)
                    result.SetPrototype(prototype.AsObject);
                continue;
            }

            var value = member.Value.Evaluate(frame);
            if (member.Value is FunctionExpression or ClassExpression && value.Ref is ScriptFunction function)
            {
                if (member.Kind != MemberKind.Value)
                    function.HomeObject = result;
                function.SetName(key, member.Kind == MemberKind.Getter ? "get" : member.Kind == MemberKind.Setter ? "set" : null);
            }

            if (member.Kind == MemberKind.Getter)
                result.DefineOwn(realm, key, new PropertyDescriptor { Get = (value.AsFunction, true), Enumerable = true, Configurable = true });
            else if (member.Kind == MemberKind.Setter)
                result.DefineOwn(realm, key, new PropertyDescriptor { Set = (value.AsFunction, true), Enumerable = true, Configurable = true });
            else
                result.Put(key, value);
        }

        return result;
    }
}

internal sealed class Member(Expression target, string name, bool optional, bool strict) : Expression
{
    public Expression Target { get; } = target;
    public string Name { get; } = name;
    public bool Optional { get; } = optional;
    public override bool IsTarget => true;

    public override JsValue Evaluate(Frame frame)
    {
        if (Target is Identifier { Variable: null, Name: "variables" } && frame.Realm.TryPlainVariable(Name, out var plain))
            return plain;
        if (Target is SuperExpression super)
            return super.Get(frame, Name);
        var value = Target.Evaluate(frame);
        return value.IsHole || Optional && value.IsNullish ? JsValue.Hole : frame.Realm.GetMember(value, Name);
    }

    public override void Assign(Frame frame, JsValue value, bool initialize = false)
    {
        if (Target is SuperExpression super)
            super.Set(frame, Name, value);
        else
            AssignTo(frame, Target.Evaluate(frame), value);
    }

    public void AssignTo(Frame frame, JsValue holder, JsValue value) => frame.Realm.SetMember(holder, Name, value, strict);
}

internal sealed class Index(Expression target, Expression key, bool optional, bool strict) : Expression
{
    public Expression Target { get; } = target;
    public Expression Key { get; } = key;
    public bool Optional { get; } = optional;
    public bool Strict { get; } = strict;
    public override bool IsTarget => true;

    public override JsValue Evaluate(Frame frame)
    {
        if (Target is SuperExpression super)
            return super.Get(frame, Operators.ToPropertyKey(frame.Realm, Key.Evaluate(frame)));
        var value = Target.Evaluate(frame);
        return value.IsHole || Optional && value.IsNullish ? JsValue.Hole : Read(frame.Realm, value, Key.Evaluate(frame));
    }

    public static JsValue Read(Realm realm, JsValue target, JsValue key)
    {
        if (key.IsNumber && key.Number >= 0 && key.Number == (uint)key.Number)
        {
            var index = (long)key.Number;
            if (target.Ref is JsObject holder)
                return holder.GetIndex(realm, index);
            if (target.IsString && index < target.StringLength)
                return realm.Character(realm.Text(target)[(int)index]);
        }

        if (target.IsNullish)
            throw realm.TypeError($"Cannot read properties of {target} (reading '{Name(realm, key)}')");
        return realm.GetMember(target, Operators.ToPropertyKey(realm, key));
    }

    public static string Name(Realm realm, JsValue key) => key.IsSymbol ? key.Symbol.ToString() : key.IsObject ? Operators.Describe(key) : Operators.ToText(realm, key);

    public override void Assign(Frame frame, JsValue value, bool initialize = false)
    {
        if (Target is SuperExpression super)
        {
            super.Set(frame, Operators.ToPropertyKey(frame.Realm, Key.Evaluate(frame)), value);
            return;
        }

        var holder = Target.Evaluate(frame);
        Write(frame.Realm, holder, Key.Evaluate(frame), value, Strict);
    }

    public static void Write(Realm realm, JsValue target, JsValue key, JsValue value, bool strict)
    {
        if (target.Ref is JsArray array && key.IsNumber && key.Number >= 0 && key.Number == (uint)key.Number)
        {
            var index = (long)key.Number;
            if (array.IsDense && index < array.Length)
            {
                array.SetIndex(realm, index, value);
                return;
            }
        }

        if (target.IsNullish)
            throw realm.TypeError($"Cannot set properties of {target} (setting '{Name(realm, key)}')");
        realm.SetMember(target, Operators.ToPropertyKey(realm, key), value, strict);
    }
}

/// <summary>Ends the short circuit of <c>?.</c>: a hole from inside becomes undefined.</summary>
internal sealed class OptionalChain(Expression chain) : Expression
{
    public Expression Chain { get; } = chain;
    public override JsValue Evaluate(Frame frame) => Chain.Evaluate(frame).OrUndefined;
}

internal sealed class Call(Expression callee, Expression[] arguments, bool optional) : Expression
{
    private readonly bool _spread = arguments.Any(a => a is Spread);

    /// <summary>X of a call <c>getX()</c>.</summary>
    private readonly string? _getter = arguments.Length == 0 && callee is Identifier { Name: var called } && called.StartsWith("get", StringComparison.Ordinal) ? called[3..] : null;

    /// <summary>Evaluates what is called and the <c>this</c> it is called with. A short-circuited chain gives a hole.</summary>
    public static (JsValue Function, JsValue This) Callee(Frame frame, Expression callee)
    {
        var realm = frame.Realm;
        switch (callee)
        {
            case Member member:
                if (member.Target is SuperExpression super)
                    return (super.Get(frame, member.Name), frame.This);
                var holder = member.Target.Evaluate(frame);
                if (holder.IsHole || member.Optional && holder.IsNullish)
                    return (JsValue.Hole, default);
                if (holder.IsNullish)
                    throw realm.TypeError($"Cannot read property '{member.Name}' of {holder}");
                return (realm.GetMember(holder, member.Name), holder);
            case PrivateMember member:
                holder = member.Target.Evaluate(frame);
                return holder.IsHole || member.Optional && holder.IsNullish ? (JsValue.Hole, default) : (member.Read(frame, holder), holder);
            case Index index:
                if (index.Target is SuperExpression superIndex)
                    return (superIndex.Get(frame, Operators.ToPropertyKey(realm, index.Key.Evaluate(frame))), frame.This);
                holder = index.Target.Evaluate(frame);
                if (holder.IsHole || index.Optional && holder.IsNullish)
                    return (JsValue.Hole, default);
                return (Index.Read(realm, holder, index.Key.Evaluate(frame)), holder);
            case OptionalChain chain:
                var (function, self) = Callee(frame, chain.Chain);
                return (function.OrUndefined, self);
            default:
                return (callee.Evaluate(frame), default);
        }
    }

    public override JsValue Evaluate(Frame frame)
    {
        var realm = frame.Realm;
        if (_getter is not null && callee is Identifier { Variable: null } name && realm.TryHostGetter(name.Name, _getter, out var got))
            return got;
        var (function, self) = Callee(frame, callee);
        if (function.IsHole || optional && function.IsNullish)
            return JsValue.Hole;
        if (function.Ref is ScriptFunction script && !_spread && script.TakesSlots)
        {
            var slots = script.NewSlots(realm);
            var count = script.ParameterCount;
            for (var i = 0; i < arguments.Length; i++)
            {
                var value = arguments[i].Evaluate(frame);
                if (i < count)
                    slots[i] = value;
            }

            realm.Position = Start;
            return script.Run(realm, self, slots);
        }

        var values = Arguments(frame, arguments, _spread);
        realm.Position = Start;
        if (function.Ref is not JsFunction target)
            throw NotCallable(realm, function);
        return target.Call(realm, self, values);
    }

    private JsThrow NotCallable(Realm realm, JsValue function) => realm.TypeError(callee switch
    {
        Member member => $"Property '{member.Name}' of object is not a function",
        Identifier name => $"{name.Name} is not a function",
        _ => $"{Operators.Describe(function)} is not a function",
    });

    public static JsValue[] Arguments(Frame frame, Expression[] arguments, bool spread)
    {
        if (arguments.Length == 0)
            return [];
        if (!spread)
        {
            frame.Realm.Allocate(24 + 16L * arguments.Length);
            var values = new JsValue[arguments.Length];
            for (var i = 0; i < values.Length; i++)
                values[i] = arguments[i].Evaluate(frame);
            return values;
        }

        var list = new List<JsValue>();
        foreach (var argument in arguments)
        {
            if (argument is Spread many)
                frame.Realm.Iterate(many.Value.Evaluate(frame), value => { frame.Realm.Allocate(16); list.Add(value); return true; });
            else
                list.Add(argument.Evaluate(frame));
        }

        return [.. list];
    }
}

internal sealed class New(Expression callee, Expression[] arguments) : Expression
{
    private readonly bool _spread = arguments.Any(a => a is Spread);

    public override JsValue Evaluate(Frame frame)
    {
        var constructor = callee.Evaluate(frame);
        var values = Call.Arguments(frame, arguments, _spread);
        if (constructor.Ref is not JsFunction { IsConstructor: true } function)
            throw frame.Realm.TypeError($"{(callee is Identifier name ? name.Name : callee is Member member ? member.Name : Operators.Describe(constructor))} is not a constructor");
        frame.Realm.Position = Start;
        return function.Construct(frame.Realm, values, function);
    }
}

internal enum UnaryOperator { Plus, Minus, Not, BitNot, TypeOf, Void, Delete }

internal sealed class Unary(UnaryOperator op, Expression operand, bool strict) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var realm = frame.Realm;
        switch (op)
        {
            case UnaryOperator.Not:
                return !operand.EvaluateCondition(frame);
            case UnaryOperator.TypeOf:
                return Operators.TypeOf(operand is Identifier name ? name.EvaluateOrUndefined(frame) : operand.Evaluate(frame));
            case UnaryOperator.Void:
                operand.Evaluate(frame);
                return default;
            case UnaryOperator.Delete:
                return Delete(frame, operand);
            case UnaryOperator.Plus:
                return Operators.ToNumber(realm, operand.Evaluate(frame));
            case UnaryOperator.Minus:
                var value = Operators.ToNumeric(realm, operand.Evaluate(frame));
                return value.IsNumber ? -value.Number : -value.BigInt;
            default:
                value = Operators.ToNumeric(realm, operand.Evaluate(frame));
                return value.IsNumber ? (double)~Operators.ToInt32(value.Number) : -value.BigInt - BigInteger.One;
        }
    }

    public override bool EvaluateCondition(Frame frame) => op == UnaryOperator.Not ? !operand.EvaluateCondition(frame) : Operators.ToBoolean(Evaluate(frame));

    private bool Delete(Frame frame, Expression target)
    {
        JsValue holder;
        PropertyKey key;
        switch (target)
        {
            case Member { Target: SuperExpression } or Index { Target: SuperExpression }:
                throw frame.Realm.Error("ReferenceError", "Unsupported reference to 'super'");
            case Member member:
                holder = member.Target.Evaluate(frame);
                if (holder.IsHole || member.Optional && holder.IsNullish)
                    return true;
                key = member.Name;
                break;
            case Index index:
                holder = index.Target.Evaluate(frame);
                if (holder.IsHole || index.Optional && holder.IsNullish)
                    return true;
                var name = index.Key.Evaluate(frame);
                if (holder.IsNullish)
                    throw frame.Realm.TypeError("Cannot convert undefined or null to object");
                key = Operators.ToPropertyKey(frame.Realm, name);
                break;
            case OptionalChain chain:
                return Delete(frame, chain.Chain);
            case Identifier identifier:
                return identifier.Variable is null && frame.Realm.DeleteGlobal(identifier.Name);
            default:
                target.Evaluate(frame);
                return true;
        }

        if (Operators.ToObject(frame.Realm, holder).Delete(key))
            return true;
        return strict ? throw frame.Realm.TypeError($"Cannot delete property '{key}' of {Operators.Describe(holder)}") : false;
    }
}

internal sealed class Update(Expression target, bool increment, bool prefix) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var reference = new Reference(frame, target);
        var old = Operators.ToNumeric(frame.Realm, reference.Get(frame));
        var changed = old.IsNumber ? old.Number + (increment ? 1 : -1) : (JsValue)(old.BigInt + (increment ? BigInteger.One : BigInteger.MinusOne));
        reference.Set(frame, changed);
        return prefix ? changed : old;
    }
}

/// <summary>A target whose holder and key were evaluated once, to be read and then written.</summary>
internal readonly struct Reference
{
    private readonly Expression _target;
    private readonly JsValue _holder;
    private readonly JsValue _key;

    public Reference(Frame frame, Expression target)
    {
        _target = target;
        if (target is Member { Target: not SuperExpression } member)
        {
            _holder = member.Target.Evaluate(frame);
        }
        else if (target is PrivateMember hidden)
        {
            _holder = hidden.Target.Evaluate(frame);
        }
        else if (target is Index { Target: not SuperExpression } index)
        {
            _holder = index.Target.Evaluate(frame);
            _key = index.Key.Evaluate(frame);
            if (_holder.IsNullish)
                throw frame.Realm.TypeError($"Cannot read properties of {_holder} (reading '{Index.Name(frame.Realm, _key)}')");
            if (!_key.IsNumber)
                _key = Operators.ToPropertyKey(frame.Realm, _key).Value;
        }
    }

    public JsValue Get(Frame frame) => _target switch
    {
        Member { Target: not SuperExpression } member => frame.Realm.GetMember(_holder, member.Name),
        Index { Target: not SuperExpression } => Index.Read(frame.Realm, _holder, _key),
        PrivateMember hidden => hidden.Read(frame, _holder),
        _ => _target.Evaluate(frame),
    };

    public void Set(Frame frame, JsValue value)
    {
        switch (_target)
        {
            case Member { Target: not SuperExpression } member:
                member.AssignTo(frame, _holder, value);
                break;
            case Index { Target: not SuperExpression } index:
                Index.Write(frame.Realm, _holder, _key, value, index.Strict);
                break;
            case PrivateMember hidden:
                hidden.Write(frame, _holder, value);
                break;
            default:
                _target.Assign(frame, value);
                break;
        }
    }
}

internal sealed class Binary(Operator op, Expression left, Expression right) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var a = left.Evaluate(frame);
        var b = right.Evaluate(frame);
        if (a.IsNumber && b.IsNumber)
        {
            switch (op)
            {
                case Operator.Add: return a.Number + b.Number;
                case Operator.Subtract: return a.Number - b.Number;
                case Operator.Multiply: return a.Number * b.Number;
                case Operator.Less: return a.Number < b.Number;
                case Operator.Greater: return a.Number > b.Number;
            }
        }

        return Operators.Binary(frame.Realm, op, a, b);
    }
}

/// <summary>A long chain of one precedence, evaluated in a loop so that its length costs no stack.</summary>
internal sealed class BinaryChain(Expression first, (Operator Operator, Expression Right)[] rest) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var value = first.Evaluate(frame);
        foreach (var (op, right) in rest)
            value = Operators.Binary(frame.Realm, op, value, right.Evaluate(frame));
        return value;
    }
}

internal enum LogicalOperator { And, Or, Coalesce }

/// <summary>A chain of one logical operator.</summary>
internal sealed class Logical(LogicalOperator op, Expression[] operands) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        for (var i = 0; ; i++)
        {
            var value = operands[i].Evaluate(frame);
            if (i == operands.Length - 1 || Decides(op, value))
                return value;
        }
    }

    public override bool EvaluateCondition(Frame frame)
    {
        if (op == LogicalOperator.Coalesce)
            return Operators.ToBoolean(Evaluate(frame));
        foreach (var operand in operands)
        {
            if (operand.EvaluateCondition(frame) == (op == LogicalOperator.Or))
                return op == LogicalOperator.Or;
        }

        return op == LogicalOperator.And;
    }

    public static bool Decides(LogicalOperator op, JsValue left) => op switch
    {
        LogicalOperator.And => !Operators.ToBoolean(left),
        LogicalOperator.Or => Operators.ToBoolean(left),
        _ => !left.IsNullish,
    };
}

internal sealed class Conditional(Expression condition, Expression whenTrue, Expression whenFalse) : Expression
{
    public override JsValue Evaluate(Frame frame) => condition.EvaluateCondition(frame) ? whenTrue.Evaluate(frame) : whenFalse.Evaluate(frame);
}

internal sealed class Sequence(Expression[] expressions) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        for (var i = 0; i < expressions.Length - 1; i++)
            expressions[i].Evaluate(frame);
        return expressions[^1].Evaluate(frame);
    }
}

internal sealed class Assignment(Expression target, Expression value) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        if (target is Member or Index or PrivateMember)
        {
            var reference = new Reference(frame, target);
            var member = value.Evaluate(frame);
            reference.Set(frame, member);
            return member;
        }

        var result = value.Evaluate(frame);
        target.Assign(frame, result);
        return result;
    }

    public Expression Target => target;
    public Expression Value => value;
}

internal sealed class CompoundAssignment(Operator op, Expression target, Expression value) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var reference = new Reference(frame, target);
        var old = reference.Get(frame);
        var result = Operators.Binary(frame.Realm, op, old, value.Evaluate(frame));
        reference.Set(frame, result);
        return result;
    }
}

internal sealed class LogicalAssignment(LogicalOperator op, Expression target, Expression value) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var reference = new Reference(frame, target);
        var old = reference.Get(frame);
        if (Logical.Decides(op, old))
            return old;
        var result = value.Evaluate(frame);
        reference.Set(frame, result);
        return result;
    }
}

/// <summary>A target with a default: <c>[a = 1]</c>.</summary>
internal sealed class DefaultTarget(Expression target, Expression value) : Expression
{
    public Expression Target { get; } = target;

    public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();

    public override void Assign(Frame frame, JsValue given, bool initialize = false) => Target.Assign(frame, given.IsUndefined ? value.Evaluate(frame) : given, initialize);
}

internal sealed class ArrayPattern(Expression?[] items, Expression? rest) : Expression
{
    public Expression?[] Items { get; } = items;
    public Expression? Rest { get; } = rest;

    public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();

    public override void Assign(Frame frame, JsValue value, bool initialize = false)
    {
        var realm = frame.Realm;
        var iterator = realm.GetIterator(value);
        try
        {
            foreach (var item in Items)
            {
                iterator.MoveNext(out var current);
                item?.Assign(frame, current, initialize);
            }

            if (Rest is not null)
            {
                var rest = new JsArray(realm);
                while (iterator.MoveNext(out var current))
                    rest.Add(realm, current);
                Rest.Assign(frame, rest, initialize);
            }
        }
        catch (JsThrow)
        {
            iterator.CloseQuietly();
            throw;
        }

        iterator.Close();
    }
}

internal sealed class ObjectPattern((string? Name, Expression? Computed, Expression Target)[] members, Expression? rest) : Expression
{
    public IEnumerable<Expression> Targets => members.Select(m => m.Target).Concat(rest is null ? [] : [rest]);

    public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();

    public override void Assign(Frame frame, JsValue value, bool initialize = false)
    {
        var realm = frame.Realm;
        if (value.IsNullish)
            throw realm.TypeError(members is [{ Name: { } first }, ..] ? $"Cannot destructure property '{first}' of '{value}' as it is {value}." : $"Cannot destructure '{value}' as it is {value}.");
        var used = rest is null ? null : new HashSet<PropertyKey>();
        foreach (var (name, computed, target) in members)
        {
            var key = computed is null ? (PropertyKey)name! : Operators.ToPropertyKey(realm, computed.Evaluate(frame));
            used?.Add(key);
            target.Assign(frame, realm.GetMember(value, key), initialize);
        }

        if (rest is not null)
        {
            var others = new JsObject(realm.ObjectPrototype);
            realm.CopyProperties(others, value, used);
            rest.Assign(frame, others, initialize);
        }
    }
}

/// <summary>An expression in parentheses: no pattern, and no name for a function.</summary>
internal sealed class Parenthesized(Expression inner) : Expression
{
    public Expression Inner { get; } = inner;
    public override JsValue Evaluate(Frame frame) => Inner.Evaluate(frame);
    public override bool EvaluateCondition(Frame frame) => Inner.EvaluateCondition(frame);
    public override void NameFunction(string name) => Inner.NameFunction(name);
}

/// <summary>Stands in the tree every 32 levels, so that a deep expression ends in an error and not in a crash.</summary>
internal sealed class StackGuard(Expression inner) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        frame.Realm.CheckStack();
        return inner.Evaluate(frame);
    }
}
