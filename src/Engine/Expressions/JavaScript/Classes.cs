namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>One member of a class body. A static block has no name.</summary>
/// <param name="Kind">A field is a <see cref="MemberKind.Value"/>.</param>
/// <param name="IsStatic">Whether it belongs to the class itself.</param>
/// <param name="Name">Its name, unless computed or private.</param>
/// <param name="Computed">Its computed name.</param>
/// <param name="Private">The variable that holds its private name.</param>
/// <param name="Value">The method, the field's initializer or the block; null for a field without a value.</param>
internal sealed record ClassMember(MemberKind Kind, bool IsStatic, string? Name, Expression? Computed, Identifier? Private, FunctionExpression? Value);

/// <summary>A field, or a private method, that every new instance gets.</summary>
internal readonly record struct ClassField(PropertyKey Key, ScriptFunction? Initializer, JsValue Method)
{
    public static void AddAll(Realm realm, ClassField[] fields, JsObject target)
    {
        foreach (var field in fields)
            field.Add(realm, target);
    }

    public void Add(Realm realm, JsObject target)
    {
        realm.Step();
        realm.Allocate(64);
        var value = Initializer?.Call(realm, target, []) ?? Method;
        if (Key.Ref is not Symbol { IsPrivate: true })
        {
            target.Create(realm, Key, value);
            return;
        }

        if (Method.Ref is Accessor added)
        {
            // A getter and a setter of one name come as two members.
            var known = target.GetOwn(Key, out var property) && property.IsAccessor ? property.Accessor : new Accessor(null, null);
            target.Put(Key, JsValue.Internal(new Accessor(added.Get ?? known.Get, added.Set ?? known.Set)), PropertyFlags.Accessor);
            return;
        }

        if (target.GetOwn(Key, out _))
            throw realm.TypeError("Cannot initialize a private name twice on the same object");
        target.Put(Key, value, Method.IsUndefined ? PropertyFlags.Writable : PropertyFlags.None);
    }
}

/// <summary>
/// A class (ECMA-262, 15.7). A private name is a symbol that no script can reach, held in a variable of the class's own scope, so that finding it is
/// finding a variable.
/// </summary>
internal sealed class ClassExpression(Scope scope, Identifier? self, Expression? heritage, FunctionCode constructor, ClassMember[] members) : Expression
{
    public override void NameFunction(string name)
    {
        if (constructor.Name.Length == 0)
            constructor.Name = name;
    }

    public override JsValue Evaluate(Frame frame)
    {
        var outer = frame.Environment;
        Block.Enter(frame, scope, []);
        var made = Make(frame);
        frame.Environment = outer;
        return made;
    }

    private ScriptFunction Make(Frame frame)
    {
        var realm = frame.Realm;
        var (parent, prototypeParent) = Heritage(frame);
        realm.Allocate(256);
        var prototype = new JsObject(prototypeParent);
        var made = new ScriptFunction(frame, constructor) { HomeObject = prototype, ClassPrototype = prototype };
        made.SetPrototype(parent);
        prototype.Put("constructor", made, PropertyFlags.Hidden);
        foreach (var member in members)
        {
            if (member.Private is { } name)
                name.Assign(frame, new Symbol(name.Name) { IsPrivate = true }, true);
        }

        List<ClassField>? instance = null, own = null;
        foreach (var member in members)
        {
            realm.Step();
            var home = member.IsStatic ? made : prototype;
            var key = member.Private is not null ? member.Private.Evaluate(frame).Symbol
                : member.Computed is not null ? Operators.ToPropertyKey(realm, member.Computed.Evaluate(frame))
                : member.Name is not null ? (PropertyKey)member.Name : default;
            if (member.IsStatic && key.Ref is "prototype" && member.Computed is not null)
                throw realm.TypeError("Classes may not have a static property named 'prototype'");
            var function = member.Value is null ? null : (ScriptFunction)member.Value.Evaluate(frame).Object;
            if (function is not null)
                function.HomeObject = home;
            if (member.Kind is not (MemberKind.Value or MemberKind.StaticBlock))
            {
                function!.SetName(key, member.Kind switch { MemberKind.Getter => "get", MemberKind.Setter => "set", _ => null });
                if (member.Private is null)
                {
                    Define(realm, home, key, member.Kind, function);
                    continue;
                }
            }

            var field = member.Kind switch
            {
                MemberKind.Value or MemberKind.StaticBlock => new ClassField(key, function, default),
                MemberKind.Getter => new ClassField(key, null, JsValue.Internal(new Accessor(function, null))),
                MemberKind.Setter => new ClassField(key, null, JsValue.Internal(new Accessor(null, function))),
                _ => new ClassField(key, null, function),
            };
            var fields = member.IsStatic ? own ??= [] : instance ??= [];

            // Private methods are there before the first field is made.
            if (member.Kind is MemberKind.Value or MemberKind.StaticBlock)
                fields.Add(field);
            else
                fields.Insert(fields.FindIndex(f => f.Initializer is not null || f.Method.IsUndefined) is >= 0 and var first ? first : fields.Count, field);
        }

        self?.Assign(frame, made, true);
        made.Fields = instance?.ToArray() ?? [];
        foreach (var field in own ?? [])
        {
            if (field is { Key.Ref: null, Initializer: { } block })
                block.Call(realm, made, []);
            else
                field.Add(realm, made);
        }

        return made;
    }

    private (JsObject Constructor, JsObject? Prototype) Heritage(Frame frame)
    {
        var realm = frame.Realm;
        if (heritage is null)
            return (realm.FunctionPrototype, realm.ObjectPrototype);
        var value = heritage.Evaluate(frame);
        if (value.IsNull)
            return (realm.FunctionPrototype, null);
        if (value.Ref is not JsFunction { IsConstructor: true } parent)
            throw realm.TypeError($"Class extends value {Operators.Describe(value)} is not a constructor or null");
        var prototype = parent.Get(realm, "prototype");
        return prototype.IsObject || prototype.IsNull ? (parent, prototype.AsObject) : throw realm.TypeError("Class extends value does not have valid prototype property");
    }

    private static void Define(Realm realm, JsObject home, PropertyKey key, MemberKind kind, JsFunction function)
    {
        var descriptor = kind switch
        {
            MemberKind.Getter => new PropertyDescriptor { Get = (function, true), Enumerable = false, Configurable = true },
            MemberKind.Setter => new PropertyDescriptor { Set = (function, true), Enumerable = false, Configurable = true },
            _ => PropertyDescriptor.Data(function, PropertyFlags.Hidden),
        };
        if (!home.DefineOwn(realm, key, descriptor))
            throw realm.TypeError($"Cannot redefine property: {key}");
    }
}

internal sealed class ClassDeclaration(Identifier name, ClassExpression value) : Statement
{
    public override Completion Execute(Frame frame)
    {
        frame.Realm.Position = Start;
        name.Assign(frame, value.Evaluate(frame), true);
        return Completion.Normal;
    }
}

/// <summary><c>super(…)</c> in the constructor of a class with <c>extends</c>.</summary>
internal sealed class SuperCall(Expression[] arguments) : Expression
{
    private readonly bool _spread = arguments.Any(a => a is Spread);

    public override JsValue Evaluate(Frame frame)
    {
        var values = Call.Arguments(frame, arguments, _spread);
        frame.Realm.Position = Start;
        var made = frame.Function!.ConstructBase(frame.Realm, values, frame.NewTarget.Object);
        if (!frame.This.IsHole)
            throw frame.Realm.Error("ReferenceError", "Super constructor may only be called once");
        return frame.This = made;
    }
}

/// <summary><c>target.#name</c>.</summary>
internal sealed class PrivateMember(Expression target, Identifier name, bool optional) : Expression
{
    public Expression Target => target;
    public bool Optional => optional;
    public override bool IsTarget => true;

    public override JsValue Evaluate(Frame frame)
    {
        var holder = target.Evaluate(frame);
        return holder.IsHole || optional && holder.IsNullish ? JsValue.Hole : Read(frame, holder);
    }

    public JsValue Read(Frame frame, JsValue holder)
    {
        var property = Find(frame, holder, "read");
        if (!property.IsAccessor)
            return property.Value;
        return property.Accessor.Get is { } getter ? getter.Call(frame.Realm, holder, []) : throw frame.Realm.TypeError($"'{name.Name}' was defined without a getter");
    }

    public override void Assign(Frame frame, JsValue value, bool initialize = false) => Write(frame, target.Evaluate(frame), value);

    public void Write(Frame frame, JsValue holder, JsValue value)
    {
        var property = Find(frame, holder, "write");
        if (property.IsAccessor)
            (property.Accessor.Set ?? throw frame.Realm.TypeError($"'{name.Name}' was defined without a setter")).Call(frame.Realm, holder, [value]);
        else if (property.Has(PropertyFlags.Writable))
            holder.Object.Put(property.Key, value, PropertyFlags.Writable);
        else
            throw frame.Realm.TypeError($"Private method '{name.Name}' is not writable");
    }

    private Property Find(Frame frame, JsValue holder, string act) =>
        holder.AsObject is { } found && found.GetOwn(name.Evaluate(frame).Symbol, out var property) ? property
            : throw frame.Realm.TypeError($"Cannot {act} private member {name.Name} from an object whose class did not declare it");
}

/// <summary><c>#name in value</c>.</summary>
internal sealed class PrivateIn(Identifier name, Expression value) : Expression
{
    public override JsValue Evaluate(Frame frame) => value.Evaluate(frame).AsObject is { } holder
        ? holder.GetOwn(name.Evaluate(frame).Symbol, out _)
        : throw frame.Realm.TypeError("Cannot use 'in' operator to search for a private name in a value that is no object");
}
