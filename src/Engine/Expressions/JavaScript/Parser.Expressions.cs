namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Operators, calls and primary expressions: ECMA-262, chapter 13.</summary>
internal sealed partial class Parser
{
    private static readonly Dictionary<string, (int Precedence, Operator Operator)> s_binary = new()
    {
        ["|"] = (4, Operator.Or), ["^"] = (5, Operator.Xor), ["&"] = (6, Operator.And),
        ["=="] = (7, Operator.Equal), ["!="] = (7, Operator.NotEqual), ["==="] = (7, Operator.StrictEqual), ["!=="] = (7, Operator.StrictNotEqual),
        ["<"] = (8, Operator.Less), [">"] = (8, Operator.Greater), ["<="] = (8, Operator.LessOrEqual), [">="] = (8, Operator.GreaterOrEqual),
        ["in"] = (8, Operator.In), ["instanceof"] = (8, Operator.InstanceOf),
        ["<<"] = (9, Operator.ShiftLeft), [">>"] = (9, Operator.ShiftRight), [">>>"] = (9, Operator.ShiftRightUnsigned),
        ["+"] = (10, Operator.Add), ["-"] = (10, Operator.Subtract), ["*"] = (11, Operator.Multiply), ["/"] = (11, Operator.Divide), ["%"] = (11, Operator.Remainder),
    };

    private static readonly Dictionary<string, Operator> s_compound = new()
    {
        ["+="] = Operator.Add, ["-="] = Operator.Subtract, ["*="] = Operator.Multiply, ["/="] = Operator.Divide, ["%="] = Operator.Remainder, ["**="] = Operator.Power,
        ["<<="] = Operator.ShiftLeft, [">>="] = Operator.ShiftRight, [">>>="] = Operator.ShiftRightUnsigned, ["&="] = Operator.And, ["|="] = Operator.Or, ["^="] = Operator.Xor,
    };

    private Expression ParseExpression(bool mayBePattern = false)
    {
        var start = _token.Start;
        var outer = _coverInitializer;
        _coverInitializer = -1;
        var first = ParseAssignment();
        if (_coverInitializer >= 0 && !mayBePattern)
            throw Error("Invalid shorthand property initializer", _coverInitializer);
        if (!mayBePattern)
            _coverInitializer = outer;
        if (!Is(","))
            return first;
        var items = new List<Expression> { first };
        while (Take(","))
            items.Add(ParseAssignment());
        return new Sequence([.. items]) { Start = start };
    }

    private Expression ParseAssignment()
    {
        Nest();
        var expression = ParseAssignmentInner();
        if (_nesting % 32 == 0 && expression is not (Identifier or Member or Index or ArrayLiteral or ObjectLiteral or Assignment or FunctionExpression or Literal or Parenthesized))
            expression = new StackGuard(expression) { Start = expression.Start };
        _nesting--;
        return expression;
    }

    private Expression ParseAssignmentInner()
    {
        var start = _token.Start;
        if (_token.IsName("async"))
            RefuseAsync(start);
        var (references, children) = (_scope.References.Count, _scope.Children.Count);
        var cover = _coverInitializer;
        _coverInitializer = -1;
        var left = ParseConditional();
        if (left is ArrowHead head)
        {
            _coverInitializer = cover;
            return ParseArrow(head.Items, head.Rest, start, references, children);
        }

        if (left is Identifier && Is("=>") && !_token.AfterNewline)
        {
            _coverInitializer = cover;
            return ParseArrow([left], null, start, references, children);
        }

        if (_token.Kind != TokenKind.Punctuator)
            return Covered(left, cover);
        if (Is("="))
        {
            var target = ToTarget(left);
            _coverInitializer = cover;
            Advance();
            var value = ParseAssignment();
            Name(left, value);
            return new Assignment(target, value) { Start = start };
        }

        if (s_compound.TryGetValue(_token.Text!, out var op))
        {
            var target = SimpleTarget(left);
            Advance();
            return new CompoundAssignment(op, target, ParseAssignment()) { Start = start };
        }

        if (_token.Text is "&&=" or "||=" or "??=")
        {
            var logical = _token.Text switch { "&&=" => LogicalOperator.And, "||=" => LogicalOperator.Or, _ => LogicalOperator.Coalesce };
            var target = SimpleTarget(left);
            Advance();
            var value = ParseAssignment();
            Name(target, value);
            return new LogicalAssignment(logical, target, value) { Start = start };
        }

        return Covered(left, cover);
    }

    private Expression ParseConditional()
    {
        var start = _token.Start;
        var condition = ParseCoalesce();
        if (condition is ArrowHead || !Is("?"))
            return condition;
        Advance();
        var allowIn = _allowIn;
        _allowIn = true;
        var then = ParseAssignment();
        _allowIn = allowIn;
        Expect(":");
        return new Conditional(condition, then, ParseAssignment()) { Start = start };
    }

    private Expression ParseCoalesce()
    {
        var start = _token.Start;
        var left = ParseLogical("||");
        if (!Is("??"))
            return left;
        if (left is Logical)
            throw Unexpected();
        var operands = new List<Expression> { left };
        while (Take("??"))
        {
            var operand = ParseBinary(4);
            if (Is("&&") || Is("||"))
                throw Unexpected();
            operands.Add(operand);
        }

        return new Logical(LogicalOperator.Coalesce, [.. operands]) { Start = start };
    }

    private Expression ParseLogical(string op)
    {
        var start = _token.Start;
        var left = op == "||" ? ParseLogical("&&") : ParseBinary(4);
        if (!Is(op))
            return left;
        var operands = new List<Expression> { left };
        while (Take(op))
            operands.Add(op == "||" ? ParseLogical("&&") : ParseBinary(4));
        return new Logical(op == "||" ? LogicalOperator.Or : LogicalOperator.And, [.. operands]) { Start = start };
    }

    private Expression ParseBinary(int minimum)
    {
        var start = _token.Start;
        var first = _token.Kind == TokenKind.PrivateName ? ParsePrivateIn(minimum) : ParseUnary();
        if (first is ArrowHead)
            return first;
        var result = first;
        var rest = new List<(Operator, Expression)>();
        var level = 0;
        while (_token.Kind is TokenKind.Punctuator or TokenKind.Name && !_token.Escaped && s_binary.TryGetValue(_token.Text!, out var found) && found.Precedence >= minimum && (_allowIn || found.Operator != Operator.In))
        {
            if (level != found.Precedence)
            {
                result = Chain(result, rest, start);
                rest.Clear();
                level = found.Precedence;
            }

            Advance();
            rest.Add((found.Operator, ParseBinary(found.Precedence + 1)));
        }

        return Chain(result, rest, start);
    }

    private static Expression Chain(Expression first, List<(Operator Operator, Expression Right)> rest, int start) => rest.Count switch
    {
        0 => first,
        1 => new Binary(rest[0].Operator, first, rest[0].Right) { Start = start },
        _ => new BinaryChain(first, [.. rest]) { Start = start },
    };

    private Expression ParseUnary(bool mayBeBase = true)
    {
        var start = _token.Start;
        UnaryOperator? op = null;
        if (_token.Kind == TokenKind.Punctuator)
        {
            op = _token.Text switch { "+" => UnaryOperator.Plus, "-" => UnaryOperator.Minus, "!" => UnaryOperator.Not, "~" => UnaryOperator.BitNot, _ => null };
            if (_token.Text is "++" or "--")
            {
                Nest();
                var increment = _token.Text == "++";
                Advance();
                var target = UpdateTarget(ParseUnary(false), "prefix");
                _nesting--;
                return ParsePower(new Update(target, increment, true) { Start = start }, mayBeBase);
            }
        }
        else if (_token.Kind == TokenKind.Name && !_token.Escaped)
        {
            op = _token.Text switch { "typeof" => UnaryOperator.TypeOf, "void" => UnaryOperator.Void, "delete" => UnaryOperator.Delete, _ => null };
            if (_token.Text == "await" && AtAwait())
                throw Error("await is only valid in async functions and the top level bodies of modules", start);
        }

        if (op is { } unary)
        {
            Nest();
            Advance();
            var operand = ParseUnary(false);
            _nesting--;
            if (unary == UnaryOperator.Delete && Strict && Unwrap(operand) is Identifier)
                throw Error("Delete of an unqualified identifier in strict mode.", start);
            if (unary == UnaryOperator.Delete && Unwrap(operand) is PrivateMember or OptionalChain { Chain: PrivateMember })
                throw Error("Private fields can not be deleted", start);
            if (Is("**"))
                throw Error("Unary operator used immediately before exponentiation expression. Parenthesis must be used to disambiguate operator precedence", _token.Start);
            return new Unary(unary, Unwrap(operand), Strict) { Start = start };
        }

        return ParsePower(ParsePostfix(), mayBeBase);
    }

    private Expression ParsePower(Expression expression, bool mayBeBase)
    {
        if (!mayBeBase || !Is("**") || expression is ArrowHead)
            return expression;
        Nest();
        Advance();
        var exponent = ParseUnary();
        _nesting--;
        return new Binary(Operator.Power, expression, exponent) { Start = expression.Start };
    }

    /// <summary><c>#name in object</c>.</summary>
    private PrivateIn ParsePrivateIn(int minimum)
    {
        var start = _token.Start;
        var name = Refer(_token.Text!, start);
        Advance();
        if (!_token.IsName("in") || !_allowIn || minimum > 8)
            throw Unexpected();
        Advance();
        return new PrivateIn(name, ParseBinary(9)) { Start = start };
    }

    private bool AtAwait()
    {
        var next = Peek();
        return next.Kind is not (TokenKind.End or TokenKind.Punctuator) || next.Text is "(" or "[" or "{" or "!" or "~";
    }

    private Expression UpdateTarget(Expression expression, string side)
    {
        if (Unwrap(expression) is not { IsTarget: true })
            throw Error($"Invalid left-hand side expression in {side} operation", expression.Start);
        return SimpleTarget(expression);
    }

    private Expression ParsePostfix()
    {
        var start = _token.Start;
        var expression = ParseCallChain();
        if ((Is("++") || Is("--")) && !_token.AfterNewline && expression is not ArrowHead)
        {
            var target = UpdateTarget(expression, "postfix");
            var increment = _token.Text == "++";
            Advance();
            return new Update(target, increment, false) { Start = start };
        }

        return expression;
    }

    private Expression ParseCallChain()
    {
        var start = _token.Start;
        var expression = _token.IsName("new") ? ParseNew() : ParsePrimary();
        if (expression is ArrowHead or FunctionExpression { Code.IsArrow: true })
            return expression;
        var optional = false;
        for (var length = 0; ; length++)
        {
            if (length > MaxNesting)
                throw Error("Expression is nested too deeply", _token.Start);
            expression = Unwrapped(expression);
            if (Take("."))
            {
                expression = ParseMemberName(expression, false, start);
            }
            else if (Take("?."))
            {
                optional = true;
                if (Is("("))
                    expression = new Call(expression, ParseArguments(), true) { Start = start };
                else if (Take("["))
                    expression = ParseIndex(expression, true, start);
                else if (_token.Kind == TokenKind.Template)
                    throw Error("Invalid tagged template on optional chain", _token.Start);
                else
                    expression = ParseMemberName(expression, true, start);
            }
            else if (Take("["))
            {
                expression = ParseIndex(expression, false, start);
            }
            else if (Is("("))
            {
                expression = new Call(expression, ParseArguments(), false) { Start = start };
            }
            else if (_token.Kind == TokenKind.Template)
            {
                if (optional)
                    throw Error("Invalid tagged template on optional chain", _token.Start);
                expression = ParseTemplate(expression);
            }
            else
            {
                if (expression is SuperExpression)
                    throw Error("'super' keyword unexpected here", start);
                return optional ? new OptionalChain(expression) { Start = start } : length == 0 ? _wrapped ?? expression : expression;
            }

            _wrapped = null;
        }
    }

    /// <summary>The parentheses around the expression just read: only a chain that ends there keeps them.</summary>
    private Parenthesized? _wrapped;

    private Expression Unwrapped(Expression expression)
    {
        _wrapped = expression as Parenthesized;
        return _wrapped is null ? expression : _wrapped.Inner;
    }

    private Index ParseIndex(Expression target, bool optional, int start)
    {
        var allowIn = _allowIn;
        _allowIn = true;
        var key = ParseExpression();
        _allowIn = allowIn;
        Expect("]");
        return new Index(target, key, optional, Strict) { Start = start };
    }

    private Expression ParseMemberName(Expression target, bool optional, int start)
    {
        var (name, position) = (_token.Text!, _token.Start);
        switch (_token.Kind)
        {
            case TokenKind.Name:
                Advance();
                return new Member(target, name, optional, Strict) { Start = start };
            case TokenKind.PrivateName when target is not SuperExpression:
                Advance();
                return new PrivateMember(target, Refer(name, position), optional) { Start = start };
            default:
                throw Unexpected();
        }
    }

    private Expression[] ParseArguments()
    {
        Expect("(");
        var allowIn = _allowIn;
        _allowIn = true;
        var arguments = new List<Expression>();
        while (!Is(")"))
        {
            var start = _token.Start;
            arguments.Add(Take("...") ? new Spread(Plain(ParseAssignment())) { Start = start } : Plain(ParseAssignment()));
            if (!Is(")"))
                Expect(",");
        }

        Advance();
        _allowIn = allowIn;
        return [.. arguments];
    }

    private Expression ParseNew()
    {
        var start = _token.Start;
        Nest();
        Advance();
        if (Take("."))
        {
            ExpectName("target");
            var function = _scope.Function;
            while (function.IsArrow)
                function = function.Parent!.Function;
            if (function.IsProgram)
                throw Error("new.target expression is not allowed here", start);
            _nesting--;
            return new NewTargetExpression { Start = start };
        }

        var callee = _token.IsName("new") ? ParseNew() : Unwrap(ParsePrimary());
        if (callee is ArrowHead)
            throw Unexpected();
        while (true)
        {
            if (Take("."))
                callee = ParseMemberName(callee, false, start);
            else if (Take("["))
                callee = ParseIndex(callee, false, start);
            else if (_token.Kind == TokenKind.Template)
                callee = ParseTemplate(callee);
            else
                break;
        }

        if (Is("?."))
            throw Error("Invalid optional chain from new expression", _token.Start);
        _nesting--;
        return new New(callee, Is("(") ? ParseArguments() : []) { Start = start };
    }

    private Expression ParsePrimary()
    {
        var start = _token.Start;
        switch (_token.Kind)
        {
            case TokenKind.Number or TokenKind.String when _token.Escaped && Strict:
                throw Error("Octal literals and escape sequences are not allowed in strict mode.", start);
            case TokenKind.Number:
                var number = _token.Number;
                Advance();
                return new Literal(number) { Start = start };
            case TokenKind.BigInt:
                var big = _token.BigInt;
                Advance();
                return new Literal(big) { Start = start };
            case TokenKind.String:
                var text = _token.Text!;
                Advance();
                return new Literal(text) { Start = start };
            case TokenKind.Template:
                return ParseTemplate(null);
            case TokenKind.Name:
                return ParseNamePrimary(start);
            case TokenKind.Punctuator:
                switch (_token.Text)
                {
                    case "(": return ParseGroup();
                    case "[": return ParseArray();
                    case "{": return ParseObject();
                    case "/" or "/=":
                        _token = _lexer.ReadRegex(_token);
                        var (pattern, flags) = (_token.Text!, _token.Raw!);
                        Advance();
                        try
                        {
                            return new RegexLiteral(pattern, flags) { Start = start };
                        }
                        catch (RegexSyntaxException error)
                        {
                            throw Error(error.Message, start);
                        }

                    default: break;
                }

                break;
            default:
                break;
        }

        throw Unexpected();
    }

    private Expression ParseNamePrimary(int start)
    {
        var name = _token.Text!;
        if (!_token.Escaped)
        {
            switch (name)
            {
                case "null":
                    Advance();
                    return new Literal(JsValue.Null) { Start = start };
                case "true" or "false":
                    Advance();
                    return new Literal(name == "true") { Start = start };
                case "this":
                    Advance();
                    MarkThis();
                    return new ThisExpression { Start = start };
                case "function":
                    Advance();
                    if (Is("*"))
                        throw Unsupported("Generators", start);
                    var functionName = "";
                    if (!Is("("))
                        functionName = BindingName();
                    return new FunctionExpression(ParseFunction(functionName, start, false, null)) { Start = start };
                case "class":
                    return ParseClass(null);
                case "import":
                    throw Unsupported("Modules", start);
                case "super":
                    Advance();
                    MarkThis();
                    if (Is("(") && _context.InDerivedConstructor)
                        return new SuperCall(ParseArguments()) { Start = start };
                    if (!Is(".") && !Is("[") || !_context.InMethod)
                        throw Error("'super' keyword unexpected here", start);
                    return new SuperExpression { Start = start };
                default:
                    break;
            }
        }

        if (IsReserved(name))
            throw Unexpected();
        Advance();
        if (name == "arguments")
            UseArguments(start);
        return Refer(name, start);
    }

    /// <summary>Reads <c>( … )</c>: a grouped expression, or the head of an arrow.</summary>
    private Expression ParseGroup()
    {
        var start = _token.Start;
        Advance();
        var allowIn = _allowIn;
        _allowIn = true;
        var outer = _coverInitializer;
        _coverInitializer = -1;
        var items = new List<Expression>();
        Expression? rest = null;
        var trailing = false;
        while (!Is(")"))
        {
            if (Take("..."))
            {
                rest = Is("[") ? ParseArray() : Is("{") ? ParseObject() : Refer(BindingName(), _token.Start);
                break;
            }

            items.Add(ParseAssignment());
            trailing = false;
            if (!Is(")"))
            {
                Expect(",");
                trailing = true;
            }
        }

        Expect(")");
        _allowIn = allowIn;
        if (Is("=>") && !_token.AfterNewline)
        {
            if (rest is not null && trailing && items.Count == 0)
                throw Unexpected();
            return new ArrowHead(items, rest) { Start = start };
        }

        if (items.Count == 0 || rest is not null || trailing)
            throw Unexpected();
        foreach (var item in items)
            Plain(item);
        _coverInitializer = outer;
        var inner = items.Count == 1 ? Unwrap(items[0]) : new Sequence([.. items]) { Start = start };
        return new Parenthesized(inner) { Start = start };
    }
}
