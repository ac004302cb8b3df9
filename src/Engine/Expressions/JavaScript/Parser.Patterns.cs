namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Names and patterns that are bound or assigned to, read as such or converted from the expression they looked like.</summary>
internal sealed partial class Parser
{
    /// <summary>Reads a name or pattern and declares its names.</summary>
    private Expression ParseBinding(VariableKind kind)
    {
        Nest();
        var start = _token.Start;
        Expression result;
        if (Take("["))
        {
            var items = new List<Expression?>();
            Expression? rest = null;
            while (!Is("]"))
            {
                if (Take(","))
                {
                    items.Add(null);
                    continue;
                }

                if (Take("..."))
                {
                    rest = ParseBinding(kind);
                    break;
                }

                items.Add(ParseBindingWithDefault(kind));
                if (!Is("]"))
                    Expect(",");
            }

            Expect("]");
            result = new ArrayPattern([.. items], rest) { Start = start };
        }
        else if (Take("{"))
        {
            var members = new List<(string?, Expression?, Expression)>();
            Expression? rest = null;
            while (!Is("}"))
            {
                if (Take("..."))
                {
                    var restStart = _token.Start;
                    var restName = BindingName();
                    Declare(restName, kind, restStart);
                    rest = Refer(restName, restStart);
                    break;
                }

                var nameToken = _token;
                var (name, computed) = ParsePropertyName();
                if (Take(":"))
                {
                    members.Add((name, computed, ParseBindingWithDefault(kind)));
                }
                else
                {
                    if (nameToken.Kind != TokenKind.Name || computed is not null || IsReserved(name!))
                        throw Unexpected();
                    CheckBindingName(name!, nameToken.Start);
                    Declare(name!, kind, nameToken.Start);
                    members.Add((name, null, WithDefault(Refer(name!, nameToken.Start))));
                }

                if (!Is("}"))
                    Expect(",");
            }

            Expect("}");
            result = new ObjectPattern([.. members], rest) { Start = start };
        }
        else
        {
            var name = BindingName();
            Declare(name, kind, start);
            result = Refer(name, start);
        }

        _nesting--;
        return result;
    }

    private Expression ParseBindingWithDefault(VariableKind kind) => WithDefault(ParseBinding(kind));

    private Expression WithDefault(Expression target)
    {
        if (!Take("="))
            return target;
        var saved = _allowIn;
        _allowIn = true;
        var value = ParseAssignment();
        _allowIn = saved;
        Name(target, value);
        return new DefaultTarget(target, value) { Start = target.Start };
    }

    private static void Name(Expression target, Expression value)
    {
        if (target is Identifier name)
            value.NameFunction(name.Name);
    }

    private static void CollectNames(Expression target, List<(string, int)> names)
    {
        switch (target)
        {
            case Identifier name:
                names.Add((name.Name, name.Start));
                break;
            case DefaultTarget inner:
                CollectNames(inner.Target, names);
                break;
            case ArrayPattern array:
                foreach (var item in array.Items)
                {
                    if (item is not null)
                        CollectNames(item, names);
                }

                if (array.Rest is not null)
                    CollectNames(array.Rest, names);
                break;
            case ObjectPattern members:
                foreach (var item in members.Targets)
                    CollectNames(item, names);
                break;
        }
    }

    /// <summary>The innermost <c>{a = 1}</c> that is an error unless it becomes a pattern.</summary>
    private int _coverInitializer = -1;

    /// <summary>Keeps the position of an initializer that only a pattern may have, for whoever reads the expression around.</summary>
    private Expression Covered(Expression expression, int outer)
    {
        if (_coverInitializer < 0)
            _coverInitializer = outer;
        return expression;
    }

    /// <summary>Refuses an initializer that only a pattern may have.</summary>
    private Expression Plain(Expression expression)
    {
        if (_coverInitializer >= 0)
            throw Error("Invalid shorthand property initializer", _coverInitializer);
        return expression;
    }

    private Expression SimpleTarget(Expression expression)
    {
        if (Unwrap(expression) is { IsTarget: true } target)
        {
            if (target is Identifier { Name: "eval" or "arguments" } && Strict)
                throw Error("Unexpected eval or arguments in strict mode", target.Start);
            return target;
        }

        throw Error("Invalid left-hand side in assignment", expression.Start);
    }

    private static Expression Unwrap(Expression expression) => expression is Parenthesized inner ? inner.Inner : expression;

    /// <summary>Makes an assignment target of what was read as an expression.</summary>
    private Expression ToTarget(Expression expression, bool binding = false)
    {
        switch (expression)
        {
            case Identifier:
                return SimpleTarget(expression);
            case Member or Index or PrivateMember when !binding:
                return expression;
            case Parenthesized { Inner: Identifier or Member or Index or PrivateMember } parenthesized when !binding:
                return SimpleTarget(parenthesized);
            case Assignment assignment:
                return new DefaultTarget(assignment.Target is Identifier or Member or Index or PrivateMember or ArrayPattern or ObjectPattern ? CheckBinding(assignment.Target, binding) : throw Error("Invalid destructuring assignment target", assignment.Start), assignment.Value) { Start = assignment.Start };
            case ArrayLiteral array:
                var items = new List<Expression?>();
                Expression? rest = null;
                for (var i = 0; i < array.Items.Length; i++)
                {
                    if (array.Items[i] is Spread spread)
                    {
                        if (i < array.Items.Length - 1 || array.TrailingComma || spread.Value is Assignment)
                            throw Error("Rest element must be last element", spread.Start);
                        rest = ToTarget(spread.Value, binding);
                    }
                    else
                    {
                        items.Add(array.Items[i] is { } item ? ToTarget(item, binding) : null);
                    }
                }

                return new ArrayPattern([.. items], rest) { Start = array.Start };
            case ObjectLiteral literal:
                return ToObjectPattern(literal, binding);
            default:
                throw Error(binding ? "Invalid destructuring assignment target" : "Invalid left-hand side in assignment", expression.Start);
        }
    }

    private static Expression CheckBinding(Expression target, bool binding)
    {
        var names = new List<(string, int)>();
        if (!binding || target is Identifier)
            return target;
        if (target is Member or Index or PrivateMember)
            throw Error("Invalid destructuring assignment target", target.Start);
        CollectNames(target, names);
        return target;
    }

    private ObjectPattern ToObjectPattern(ObjectLiteral literal, bool binding)
    {
        var members = new List<(string?, Expression?, Expression)>();
        Expression? rest = null;
        foreach (var member in literal.Members)
        {
            if (member.Kind == MemberKind.Spread)
            {
                if (!ReferenceEquals(member, literal.Members[^1]))
                    throw Error("Rest element must be last element", member.Start);
                rest = ToTarget(member.Value, binding) is var target and (Identifier or Member or Index or PrivateMember) ? target : throw Error("`...` must be followed by an assignable reference in assignment contexts", member.Start);
            }
            else if (member.Kind == MemberKind.Value)
            {
                var inner = ToTarget(member.Value, binding);
                members.Add((member.Name, member.Computed, member.Default is null ? inner : new DefaultTarget(inner, member.Default) { Start = member.Start }));
            }
            else
            {
                throw Error("Invalid destructuring assignment target", member.Start);
            }
        }

        return new ObjectPattern([.. members], rest) { Start = literal.Start };
    }
}
