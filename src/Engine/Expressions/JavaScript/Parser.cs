namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// Recursive descent over ECMA-262, chapters 13 to 15. What may turn out to be a pattern or the parameters of an arrow is read as an expression first and
/// converted when the next token says so, so nothing is read twice.
/// </summary>
internal sealed class Parser
{
    private const int MaxNesting = 200;

    private static readonly HashSet<string> s_reserved =
    [
        "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum", "export", "extends", "false", "finally", "for", "function",
        "if", "import", "in", "instanceof", "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with",
    ];

    private static readonly HashSet<string> s_reservedStrict = ["let", "static", "implements", "interface", "package", "private", "protected", "public", "yield"];

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

    /// <summary>What surrounds the statements being read.</summary>
    private sealed class Context(FunctionCode code)
    {
        public FunctionCode Code { get; } = code;

        /// <summary>Whether <c>super.name</c> and <c>super()</c> mean something here.</summary>
        public bool InMethod { get; init; } = code.IsMethod;
        public bool InDerivedConstructor { get; init; } = code.IsDerived;
        public List<(string Label, bool IsLoop)> Labels { get; } = [];
        public int Loops { get; set; }
        public int Switches { get; set; }

        /// <summary>Whether the body begins with <c>"use strict"</c>.</summary>
        public bool SaysStrict { get; set; }
        public bool IsStaticBlock { get; init; }
    }

    private readonly string _source;
    private readonly Lexer _lexer;
    private Token _token;
    private int _previousEnd;
    private int _nesting;
    private Scope _scope;
    private Context _context;
    private List<FunctionDeclaration> _functions = [];
    private bool _allowIn = true;

    /// <summary>The innermost <c>{a = 1}</c> that is an error unless it becomes a pattern.</summary>
    private int _coverInitializer = -1;

    private Parser(string source)
    {
        _source = source;
        _lexer = new Lexer(source);
        _scope = new Scope(null, true);
        _context = new Context(new FunctionCode { Name = "", Scope = _scope, Source = source });
    }

    /// <summary>Parses a whole program.</summary>
    /// <exception cref="SyntaxException">It is not valid, or uses what is not supported.</exception>
    public static FunctionCode Parse(string source)
    {
        var parser = new Parser(source);
        parser.Advance();
        var code = parser._context.Code;
        code.Body = parser.ParseDirectivesAndStatements();
        code.Functions = [.. parser._functions];
        code.Scope.Resolve();
        return code;
    }

    private bool Strict => _context.Code.IsStrict;
    private bool AtTop => _scope.Function.IsProgram;

    private void Advance()
    {
        _previousEnd = _token.End;
        _token = _lexer.Next();
    }

    private static SyntaxException Error(string message, int position) => new(message, position);

    private SyntaxException Unexpected() => Error(_token.Kind switch
    {
        TokenKind.End => "Unexpected end of input",
        TokenKind.String => "Unexpected string",
        TokenKind.Number or TokenKind.BigInt => "Unexpected number",
        TokenKind.Template => "Unexpected template string",
        TokenKind.Name when !IsReserved(_token.Text!) => $"Unexpected identifier '{_token.Text}'",
        _ => $"Unexpected token '{_token.Text}'",
    }, _token.Start);

    private static SyntaxException Unsupported(string what, int position) => Error($"{what} are not supported in expressions", position);

    private bool Is(string punctuator) => _token.Is(punctuator);

    private bool Take(string punctuator)
    {
        if (!_token.Is(punctuator))
            return false;
        Advance();
        return true;
    }

    private void Expect(string punctuator)
    {
        if (!Take(punctuator))
            throw Unexpected();
    }

    private bool TakeName(string name)
    {
        if (!_token.IsName(name))
            return false;
        Advance();
        return true;
    }

    private void ExpectName(string name)
    {
        if (!TakeName(name))
            throw Unexpected();
    }

    private void EndStatement()
    {
        if (Take(";") || Is("}") || _token.Kind == TokenKind.End || _token.AfterNewline)
            return;
        throw Unexpected();
    }

    private void Nest()
    {
        // The host may parse on a thread with a small stack.
        if (++_nesting > MaxNesting || !System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Error("Expression is nested too deeply", _token.Start);
    }

    private bool IsReserved(string name) => s_reserved.Contains(name) || Strict && s_reservedStrict.Contains(name);

    private bool AtIdentifier => _token.Kind == TokenKind.Name && !IsReserved(_token.Text!);

    private string BindingName()
    {
        if (!AtIdentifier)
            throw Unexpected();
        var name = _token.Text!;
        CheckBindingName(name, _token.Start);
        Advance();
        return name;
    }

    private void CheckBindingName(string name, int position)
    {
        if (Strict && name is "eval" or "arguments" && Strict)
            throw Error("Unexpected eval or arguments in strict mode", position);
    }

    // --- Statements ---

    private Statement[] ParseDirectivesAndStatements()
    {
        var statements = new List<Statement>();
        var directives = true;
        while (_token.Kind != TokenKind.End && !Is("}"))
        {
            var first = _token;
            var statement = ParseStatement(true);
            if (directives)
            {
                directives = first.Kind == TokenKind.String && statement is ExpressionStatement { Expression: Literal } && _previousEnd - first.Start <= first.End - first.Start + 1;
                if (directives && _source.AsSpan(first.Start + 1, first.End - first.Start - 2).SequenceEqual("use strict"))
                    _context.SaysStrict = _context.Code.IsStrict = true;
            }

            statements.Add(statement);
        }

        if (_context.Code.Scope.IsProgram && _token.Kind != TokenKind.End)
            throw Unexpected();
        return [.. statements];
    }

    private Statement ParseStatement(bool declarations)
    {
        Nest();
        var statement = ParseStatementInner(declarations);
        _nesting--;
        return statement;
    }

    private Statement ParseStatementInner(bool declarations)
    {
        var start = _token.Start;
        if (_token.Kind == TokenKind.Punctuator)
        {
            if (Is("{"))
                return ParseBlock();
            if (Take(";"))
                return new Empty { Start = start };
        }
        else if (_token.Kind == TokenKind.Name && !_token.Escaped)
        {
            switch (_token.Text)
            {
                case "var":
                    Advance();
                    var variables = ParseDeclaration(VariableKind.Var, start);
                    EndStatement();
                    return variables;
                case "const":
                    if (!declarations)
                        throw Unexpected();
                    Advance();
                    var constants = ParseDeclaration(VariableKind.Const, start);
                    EndStatement();
                    return constants;
                case "let" when IsLetDeclaration():
                    if (!declarations)
                        throw Error("Lexical declaration cannot appear in a single-statement context", start);
                    Advance();
                    var lets = ParseDeclaration(VariableKind.Let, start);
                    EndStatement();
                    return lets;
                case "function":
                    if (!declarations && Strict)
                        throw Error("In strict mode code, functions can only be declared at top level or inside a block.", start);
                    return ParseFunctionDeclaration();
                case "if": return ParseIf();
                case "for": return ParseFor();
                case "while": return ParseWhile();
                case "do": return ParseDo();
                case "return": return ParseReturn();
                case "break" or "continue": return ParseJump();
                case "throw": return ParseThrow();
                case "try": return ParseTry();
                case "switch": return ParseSwitch();
                case "class" when declarations: return ParseClassDeclaration();
                case "class": throw Unexpected();
                case "with": throw Unsupported("with statements", start);
                case "debugger":
                    Advance();
                    EndStatement();
                    return new Empty { Start = start };
                case "async" when PeekIsFunction():
                    throw Unsupported("Async functions", start);
                case "import" or "export":
                    throw Unexpected();
                default:
                    break;
            }
        }

        var expression = ParseExpression();
        if (expression is Identifier label && Is(":") && _source.AsSpan(start, _previousEnd - start).TrimEnd().Length == _previousEnd - start && _source[start] != '(')
            return ParseLabelled(label, start, declarations);
        EndStatement();
        return new ExpressionStatement(expression, AtTop) { Start = start };
    }

    private Token Peek()
    {
        var copy = _token;
        return new Lexer(_source, copy.End).Next();
    }

    private bool PeekIsFunction()
    {
        var next = Peek();
        return next.IsName("function") && _source.AsSpan(_token.End, next.Start - _token.End).IndexOfAny('\n', '\r') < 0;
    }

    private bool IsLetDeclaration()
    {
        try
        {
            var next = Peek();
            return next.Is("[") || next.Is("{") || next.Kind == TokenKind.Name && next.Text is not ("in" or "instanceof" or "of") || next.IsName("of");
        }
        catch (SyntaxException)
        {
            return false;
        }
    }

    private Labelled ParseLabelled(Identifier label, int start, bool declarations)
    {
        _scope.References.Remove(label);
        Advance();
        if (_context.Labels.Exists(l => l.Label == label.Name))
            throw Error($"Label '{label.Name}' has already been declared", start);
        var isLoop = _token.IsName("for") || _token.IsName("while") || _token.IsName("do");
        _context.Labels.Add((label.Name, isLoop || AtIdentifier));
        if (_token.IsName("function") && (Strict || !declarations) || _token.IsName("let") && Peek().Is("["))
            throw Unexpected();
        var body = ParseStatement(_token.IsName("function"));
        _context.Labels.RemoveAt(_context.Labels.Count - 1);
        var inner = body;
        while (inner is Labelled nested)
            inner = nested.Body;
        if (inner is Loop loop)
            loop.Labels.Add(label.Name);
        return new Labelled(label.Name, body) { Start = start };
    }

    private (Scope Outer, List<FunctionDeclaration> Functions) OpenBlock()
    {
        var saved = (_scope, _functions);
        var block = new Scope(_scope, false);
        _scope.Children.Add(block);
        _scope = block;
        _functions = [];
        return saved;
    }

    private FunctionDeclaration[] CloseBlock((Scope Outer, List<FunctionDeclaration> Functions) saved)
    {
        var functions = _functions.ToArray();
        (_scope, _functions) = saved;
        return functions;
    }

    private Block ParseBlock()
    {
        var start = _token.Start;
        var saved = OpenBlock();
        var scope = _scope;
        var body = ParseBraced();
        var functions = CloseBlock(saved);
        return new Block(body, functions, scope.Variables.Any() ? scope : null) { Start = start };
    }

    private Statement[] ParseBraced()
    {
        Expect("{");
        var body = new List<Statement>();
        while (!Is("}"))
        {
            if (_token.Kind == TokenKind.End)
                throw Unexpected();
            body.Add(ParseStatement(true));
        }

        Advance();
        return [.. body];
    }

    private Variable Declare(string name, VariableKind kind, int position)
    {
        if (kind == VariableKind.Var)
        {
            // A var belongs to the function, and may not pass a lexical declaration of its name on the way.
            for (var scope = _scope; ; scope = scope.Parent!)
            {
                var found = scope.Find(name);
                if (found is { IsLexical: true } || found is { Kind: VariableKind.Function } && !scope.IsFunction)
                    throw Error($"Identifier '{name}' has already been declared", position);
                if (scope.IsFunction)
                    return found is null or { Kind: VariableKind.FunctionName } ? scope.Declare(name, kind) : found;
                scope.PassedVars.Add(name);
            }
        }

        var existing = _scope.Find(name);
        if (kind is VariableKind.Let or VariableKind.Const && name == "let")
            throw Error("let is disallowed as a lexically bound name", position);
        if (existing is not null and not { Kind: VariableKind.FunctionName })
        {
            var both = kind == VariableKind.Function && existing.Kind is VariableKind.Function or VariableKind.Var or VariableKind.Parameter && (_scope.IsFunction || !Strict && existing.Kind == VariableKind.Function);
            if (!(kind == VariableKind.Function && both) && kind != VariableKind.Parameter)
                throw Error($"Identifier '{name}' has already been declared", position);
            return existing;
        }

        if (!_scope.IsFunction && kind != VariableKind.Catch && _scope.PassedVars.Contains(name))
            throw Error($"Identifier '{name}' has already been declared", position);
        return _scope.Declare(name, kind);
    }

    private Identifier Refer(string name, int start)
    {
        var identifier = new Identifier(name, Strict) { Start = start };
        _scope.References.Add(identifier);
        return identifier;
    }

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

    private Declaration ParseDeclaration(VariableKind kind, int start, bool inFor = false)
    {
        var declarations = new List<(Expression, Expression?)>();
        do
        {
            var target = ParseBinding(kind);
            Expression? value = null;
            if (Take("="))
            {
                value = ParseAssignment();
                Name(target, value);
            }
            else if (!(inFor && (_token.IsName("of") || _token.IsName("in"))))
            {
                if (target is not Identifier)
                    throw Error("Missing initializer in destructuring declaration", _token.Start);
                if (kind == VariableKind.Const)
                    throw Error("Missing initializer in const declaration", _token.Start);
            }

            declarations.Add((target, value));
        }
        while (Take(","));
        return new Declaration([.. declarations], kind == VariableKind.Var) { Start = start };
    }

    private FunctionDeclaration ParseFunctionDeclaration()
    {
        var start = _token.Start;
        Advance();
        if (Is("*"))
            throw Unsupported("Generators", start);
        var nameStart = _token.Start;
        var name = BindingName();
        Declare(name, VariableKind.Function, nameStart);
        var identifier = Refer(name, nameStart);
        var function = new FunctionExpression(ParseFunction(name, start, false, null)) { Start = start };
        var declaration = new FunctionDeclaration(identifier, function) { Start = start };
        _functions.RemoveAll(f => f.Name == name);
        _functions.Add(declaration);
        if (!_scope.IsFunction && !Strict && CanHoistOut(name))
        {
            var outer = _scope.Function;
            if (outer.Find(name) is null)
                outer.Declare(name, VariableKind.Var);

            // It runs in the block, but means the variable of the function.
            declaration.Outer = new Identifier(name, false) { Start = nameStart, LookFrom = outer };
            _scope.References.Add(declaration.Outer);
        }

        return declaration;
    }

    /// <summary>Whether a function in a block may also become a variable of the function around it (Annex B.3.3).</summary>
    private bool CanHoistOut(string name)
    {
        for (var scope = _scope.Parent!; ; scope = scope.Parent!)
        {
            if (scope.Find(name) is { } found && (found.IsLexical || !scope.IsFunction || found.Kind == VariableKind.Parameter))
                return false;
            if (scope.IsFunction)
                return true;
        }
    }

    private If ParseIf()
    {
        var start = _token.Start;
        Advance();
        var condition = ParseParenthesized();
        var then = ParseBranch();
        var otherwise = TakeName("else") ? ParseBranch() : null;
        return new If(condition, then, otherwise, AtTop) { Start = start };
    }

    private Statement ParseBranch()
    {
        if (!_token.IsName("function"))
            return ParseStatement(false);
        if (Strict)
            throw Unexpected();

        // A function as the branch of an if counts as if it stood in a block.
        var saved = OpenBlock();
        var scope = _scope;
        var body = ParseStatement(true);
        return new Block([body], CloseBlock(saved), scope) { Start = body.Start };
    }

    private Expression ParseParenthesized()
    {
        Expect("(");
        var expression = ParseExpression();
        Expect(")");
        return expression;
    }

    private Statement ParseLoopBody()
    {
        if (_token.IsName("function"))
            throw Unexpected();
        _context.Loops++;
        var body = ParseStatement(false);
        _context.Loops--;
        return body;
    }

    private While ParseWhile()
    {
        var start = _token.Start;
        Advance();
        var condition = ParseParenthesized();
        return new While(condition, ParseLoopBody(), true, AtTop) { Start = start };
    }

    private While ParseDo()
    {
        var start = _token.Start;
        Advance();
        var body = ParseLoopBody();
        ExpectName("while");
        var condition = ParseParenthesized();
        Take(";");
        return new While(condition, body, false, AtTop) { Start = start };
    }

    private Statement ParseFor()
    {
        var start = _token.Start;
        Advance();
        if (_token.IsName("await"))
            throw Unsupported("Async loops", start);
        Expect("(");
        var saved = OpenBlock();
        var scope = _scope;
        Statement? initial = null;
        Expression? target = null;
        var declares = false;
        var first = _token;
        _allowIn = false;
        if (_token.IsName("var") || _token.IsName("const") || _token.IsName("let") && IsLetDeclaration() && !PeekIsOf())
        {
            var kind = _token.Text switch { "var" => VariableKind.Var, "const" => VariableKind.Const, _ => VariableKind.Let };
            Advance();
            var declaration = ParseDeclaration(kind, first.Start, true);
            initial = declaration;
            if (declaration.Declarations is [{ Value: null } single])
            {
                target = single.Target;
                declares = true;
            }
            else if (declaration.Declarations is [{ Target: Identifier } legacy] && kind == VariableKind.Var && !Strict && _token.IsName("in"))
            {
                target = legacy.Target;
                declares = true;
            }
        }
        else if (!Is(";"))
        {
            var expression = ParseExpression(true);
            initial = new ExpressionStatement(expression, false) { Start = first.Start };
            if (_token.IsName("of") || _token.IsName("in"))
            {
                if (first.IsName("let") && _token.IsName("of") || first.IsName("async") && _token.IsName("of") && expression is Identifier)
                    throw Unexpected();
                target = ToTarget(expression);
            }
            else if (_coverInitializer >= 0)
            {
                throw Error("Invalid shorthand property initializer", _coverInitializer);
            }
        }

        _allowIn = true;
        Statement loop;
        if (target is not null && (_token.IsName("of") || _token.IsName("in")))
        {
            var ofValues = _token.Text == "of";
            Advance();
            var items = ofValues ? ParseAssignment() : ParseExpression();
            Expect(")");
            var body = ParseLoopBody();
            loop = new ForEach(target, declares, items, body, scope.Variables.Any() ? scope : null, ofValues, saved.Outer.Function.IsProgram) { Start = start };
        }
        else
        {
            if (initial is Declaration { Declarations: var all } && all.Any(d => d.Value is null && d.Target is not Identifier))
                throw Unexpected();
            Expect(";");
            var condition = Is(";") ? null : ParseExpression();
            Expect(";");
            var update = Is(")") ? null : ParseExpression();
            Expect(")");
            var body = ParseLoopBody();
            loop = new For(initial, condition, update, body, scope.Variables.Any() ? scope : null, saved.Outer.Function.IsProgram) { Start = start };
        }

        CloseBlock(saved);
        return loop;
    }

    private bool PeekIsOf() => Peek().IsName("of") && !Strict && _source.AsSpan(_token.End).TrimStart()[2..].TrimStart() is var rest && !(rest.StartsWith("of") || rest.StartsWith("=") || rest.StartsWith(";") || rest.StartsWith(",") || rest.StartsWith("in"));

    private Return ParseReturn()
    {
        var start = _token.Start;
        if (_context.IsStaticBlock)
            throw Error("Illegal return statement", start);
        Advance();
        var value = Is(";") || Is("}") || _token.Kind == TokenKind.End || _token.AfterNewline ? null : ParseExpression();
        EndStatement();
        return new Return(value) { Start = start };
    }

    private Jump ParseJump()
    {
        var start = _token.Start;
        var isBreak = _token.Text == "break";
        Advance();
        string? label = null;
        if (AtIdentifier && !_token.AfterNewline)
        {
            label = _token.Text!;
            if (!_context.Labels.Exists(l => l.Label == label && (isBreak || l.IsLoop)))
                throw Error($"Undefined label '{label}'", _token.Start);
            Advance();
        }
        else if (isBreak ? _context.Loops + _context.Switches == 0 : _context.Loops == 0)
        {
            throw Error(isBreak ? "Illegal break statement" : "Illegal continue statement: no surrounding iteration statement", start);
        }

        EndStatement();
        return new Jump(isBreak ? Completion.Break : Completion.Continue, label) { Start = start };
    }

    private Throw ParseThrow()
    {
        var start = _token.Start;
        Advance();
        if (_token.AfterNewline)
            throw Error("Illegal newline after throw", _token.Start);
        var value = ParseExpression();
        EndStatement();
        return new Throw(value) { Start = start };
    }

    private Try ParseTry()
    {
        var start = _token.Start;
        Advance();
        var body = ParseBlock();
        Expression? parameter = null;
        Scope? scope = null;
        Statement? handler = null;
        if (TakeName("catch"))
        {
            var saved = OpenBlock();
            scope = _scope;
            if (Take("("))
            {
                parameter = ParseBinding(Is("[") || Is("{") ? VariableKind.Let : VariableKind.Catch);
                Expect(")");
            }

            handler = ParseBlock();
            if (scope.Variables.FirstOrDefault(v => scope.Children[^1].Find(v.Name) is { IsLexical: true } or { Kind: VariableKind.Function }) is { } twice)
                throw Error($"Identifier '{twice.Name}' has already been declared", start);
            CloseBlock(saved);
        }

        var finalizer = TakeName("finally") ? ParseBlock() : null;
        if (handler is null && finalizer is null)
            throw Error("Missing catch or finally after try", _token.Start);
        return new Try(body, parameter, scope, handler, finalizer) { Start = start };
    }

    private Switch ParseSwitch()
    {
        var start = _token.Start;
        Advance();
        var value = ParseParenthesized();
        var saved = OpenBlock();
        var scope = _scope;
        _context.Switches++;
        Expect("{");
        var cases = new List<(Expression?, Statement[])>();
        var hasDefault = false;
        while (!Take("}"))
        {
            Expression? test = null;
            if (TakeName("default"))
            {
                if (hasDefault)
                    throw Error("More than one default clause in switch statement", _token.Start);
                hasDefault = true;
            }
            else
            {
                ExpectName("case");
                test = ParseExpression();
            }

            Expect(":");
            var body = new List<Statement>();
            while (!Is("}") && !_token.IsName("case") && !_token.IsName("default"))
            {
                if (_token.Kind == TokenKind.End)
                    throw Unexpected();
                body.Add(ParseStatement(true));
            }

            cases.Add((test, [.. body]));
        }

        _context.Switches--;
        var functions = CloseBlock(saved);
        return new Switch(value, [.. cases], functions, scope, AtTop) { Start = start };
    }

    // --- Functions ---

    /// <summary>Reads parameters and body. The current token is the opening parenthesis.</summary>
    private FunctionCode ParseFunction(string name, int start, bool isMethod, string? accessor, bool isConstructor = false, bool isDerived = false)
    {
        var (scope, context, functions, allowIn) = (_scope, _context, _functions, _allowIn);
        _scope = new Scope(scope, true);
        scope.Children.Add(_scope);
        var code = new FunctionCode { Name = name, Scope = _scope, Source = _source, IsMethod = isMethod, IsStrict = context.Code.IsStrict, Start = start, IsClass = isConstructor, IsDerived = isDerived };
        _context = new Context(code);
        _functions = [];
        _allowIn = true;
        Expect("(");
        var parameters = new List<Expression>();
        var names = new List<(string Name, int Start)>();
        while (!Is(")"))
        {
            if (Take("..."))
            {
                code.Rest = ParseParameter(names);
                break;
            }

            parameters.Add(WithDefault(ParseParameter(names)));
            if (!Is(")"))
                Expect(",");
        }

        Expect(")");
        if (accessor == "get" && (parameters.Count > 0 || code.Rest is not null) || accessor == "set" && (parameters.Count != 1 || code.Rest is not null))
            throw Error(accessor == "get" ? "Getter must not have any formal parameters." : "Setter must have exactly one formal parameter.", start);
        FinishFunction(code, parameters, names, name.Length > 0 && !isMethod, isMethod);
        code.End = _previousEnd;
        (_scope, _context, _functions, _allowIn) = (scope, context, functions, allowIn);
        return code;
    }

    private Expression ParseParameter(List<(string, int)> names)
    {
        var target = ParseBinding(VariableKind.Parameter);
        CollectNames(target, names);
        return target;
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

    /// <summary>Reads the body of a function whose parameters were read, and completes its code.</summary>
    private void FinishFunction(FunctionCode code, List<Expression> parameters, List<(string Name, int Start)> names, bool named, bool unique)
    {
        code.Parameters = [.. parameters];
        var plain = code.Rest is null && parameters.TrueForAll(p => p is Identifier);
        code.Length = parameters.FindIndex(p => p is DefaultTarget) is >= 0 and var index ? index : parameters.Count;
        Expect("{");
        code.Body = ParseDirectivesAndStatements();
        if (_context.SaysStrict && !plain)
            throw Error("Illegal 'use strict' directive in function with non-simple parameter list", code.Start);
        code.Functions = [.. _functions];
        Complete(code, names, plain, unique || code.IsStrict || code.IsArrow);
        if (named && _scope.Find(code.Name) is null)
            code.Self = _scope.Declare(code.Name, VariableKind.FunctionName);
        Expect("}");
    }

    private void Complete(FunctionCode code, List<(string Name, int Start)> names, bool plain, bool unique)
    {
        var seen = new HashSet<string>();
        foreach (var (name, position) in names)
        {
            if (!seen.Add(name) && (unique || !plain))
                throw Error("Duplicate parameter name not allowed in this context", position);
            if (code.IsStrict && (name is "eval" or "arguments" || s_reservedStrict.Contains(name)))
                throw Error("Unexpected eval or arguments in strict mode", position);
        }

        if (_scope.UsesArguments && !code.IsArrow && _scope.Find("arguments") is null or { Kind: VariableKind.Var } && _scope.UsesArguments && !code.IsArrow)
            code.Arguments = _scope.Find("arguments") ?? _scope.Declare("arguments", VariableKind.Var);
        code.IsSimple = plain && code.Arguments is null && seen.Count == names.Count;
        if (!plain)
            code.Guarded = [.. seen.Select(name => _scope.Find(name)!)];
    }

    private FunctionExpression ParseArrow(List<Expression> items, Expression? rest, int start, int firstReference, int firstChild)
    {
        var (scope, context, functions) = (_scope, _context, _functions);
        _scope = new Scope(scope, true) { IsArrow = true };

        // What the parameters refer to and contain was read as part of the scope around; it belongs to the arrow.
        _scope.References.AddRange(scope.References.Skip(firstReference));
        scope.References.RemoveRange(firstReference, scope.References.Count - firstReference);
        foreach (var child in scope.Children.Skip(firstChild))
        {
            child.Parent = _scope;
            _scope.Children.Add(child);
        }

        scope.Children.RemoveRange(firstChild, scope.Children.Count - firstChild);
        scope.Children.Add(_scope);
        var code = new FunctionCode { Name = "", Scope = _scope, Source = _source, IsArrow = true, IsStrict = context.Code.IsStrict, Start = start };
        _context = new Context(code) { InMethod = context.InMethod };
        _functions = [];
        var names = new List<(string Name, int Start)>();
        var parameters = items.ConvertAll(item => ToTarget(item, true));
        foreach (var parameter in parameters)
            CollectNames(parameter, names);
        if (rest is not null)
        {
            code.Rest = ToTarget(rest, true);
            CollectNames(code.Rest, names);
        }

        foreach (var (name, position) in names)
        {
            CheckBindingName(name, position);
            Declare(name, VariableKind.Parameter, position);
        }

        _coverInitializer = -1;
        Advance();
        if (Is("{"))
        {
            var allowIn = _allowIn;
            _allowIn = true;
            FinishFunction(code, parameters, names, false, true);
            _allowIn = allowIn;
        }
        else
        {
            code.Parameters = [.. parameters];
            code.Length = parameters.FindIndex(p => p is DefaultTarget) is >= 0 and var index ? index : parameters.Count;
            code.Value = ParseAssignment();
            Complete(code, names, code.Rest is null && parameters.TrueForAll(p => p is Identifier), true);
        }

        code.End = _previousEnd;
        (_scope, _context, _functions) = (scope, context, functions);
        if (code.UsesThis)
            MarkThis();
        return new FunctionExpression(code) { Start = start };
    }

    private void MarkThis() => _context.Code.UsesThis = true;

    // --- Expressions ---

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

    /// <summary>Keeps the position of an initializer that only a pattern may have, for whoever reads the expression around.</summary>
    private Expression Covered(Expression expression, int outer)
    {
        if (_coverInitializer < 0)
            _coverInitializer = outer;
        return expression;
    }

    private void RefuseAsync(int start)
    {
        var next = Peek();
        if (next.AfterNewline && _source.AsSpan(_token.End, next.Start - _token.End).IndexOfAny('\n', '\r') >= 0)
            return;
        if (next.IsName("function") || next.Kind == TokenKind.Name && !IsReserved(next.Text!) && next.Text != "of")
            throw Unsupported("Async functions", start);
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

    /// <summary>Refuses an initializer that only a pattern may have.</summary>
    private Expression Plain(Expression expression)
    {
        if (_coverInitializer >= 0)
            throw Error("Invalid shorthand property initializer", _coverInitializer);
        return expression;
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

    private void UseArguments(int start)
    {
        var function = _scope.Function;
        while (function.IsArrow)
            function = function.Parent!.Function;
        if (function.HasNoArguments)
            throw Error("'arguments' is not allowed in class field initializer or static initialization block", start);
        function.UsesArguments = !function.IsProgram;
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

    private ArrayLiteral ParseArray()
    {
        var start = _token.Start;
        Advance();
        var allowIn = _allowIn;
        _allowIn = true;
        var items = new List<Expression?>();
        var trailing = false;
        while (!Is("]"))
        {
            trailing = false;
            if (Take(","))
            {
                items.Add(null);
                continue;
            }

            var itemStart = _token.Start;
            items.Add(Take("...") ? new Spread(ParseAssignment()) { Start = itemStart } : ParseAssignment());
            if (!Is("]"))
            {
                Expect(",");
                trailing = true;
            }
        }

        Advance();
        _allowIn = allowIn;
        return new ArrayLiteral([.. items]) { Start = start, TrailingComma = trailing };
    }

    private ObjectLiteral ParseObject()
    {
        var start = _token.Start;
        Advance();
        var allowIn = _allowIn;
        _allowIn = true;
        var members = new List<ObjectMember>();
        while (!Is("}"))
        {
            members.Add(ParseMember());
            if (!Is("}"))
                Expect(",");
        }

        Advance();
        _allowIn = allowIn;
        return new ObjectLiteral([.. members]) { Start = start };
    }

    private ObjectMember ParseMember()
    {
        var start = _token.Start;
        if (Take("..."))
            return new ObjectMember(MemberKind.Spread, null, null, ParseAssignment()) { Start = start };
        if (Is("*"))
            throw Unsupported("Generators", start);
        var first = _token;
        if (first.IsName("get") || first.IsName("set") || first.IsName("async"))
        {
            var next = Peek();
            if (!next.Is("(") && !next.Is(",") && !next.Is(":") && !next.Is("}") && !next.Is("="))
            {
                if (first.Text == "async")
                    throw Unsupported("Async functions", start);
                Advance();
                var (accessorName, accessorKey) = ParsePropertyName();
                var function = new FunctionExpression(ParseFunction("", start, true, first.Text)) { Start = start };
                return new ObjectMember(first.Text == "get" ? MemberKind.Getter : MemberKind.Setter, accessorName, accessorKey, function) { Start = start };
            }
        }

        var (name, computed) = ParsePropertyName();
        if (Is("("))
            return new ObjectMember(MemberKind.Method, name, computed, new FunctionExpression(ParseFunction("", start, true, null)) { Start = start }) { Start = start };
        if (Take(":"))
        {
            var given = ParseAssignment();
            return new ObjectMember(MemberKind.Value, name, computed, given is Parenthesized { Inner: FunctionExpression or ClassExpression } wrapped ? wrapped.Inner : given) { Start = start };
        }

        if (first.Kind != TokenKind.Name || IsReserved(name!))
            throw first.Kind == TokenKind.Name && IsReserved(name!) ? Error($"Unexpected token '{name}'", start) : Unexpected();
        if (name == "arguments")
            UseArguments(start);
        var reference = Refer(name!, start);
        if (!Is("="))
            return new ObjectMember(MemberKind.Value, name, null, reference) { Shorthand = true, Start = start };
        var position = _token.Start;
        Advance();
        var value = ParseAssignment();
        Name(reference, value);
        _coverInitializer = position;
        return new ObjectMember(MemberKind.Value, name, null, reference) { Shorthand = true, Default = value, Start = start };
    }

    // --- Classes ---

    private ClassDeclaration ParseClassDeclaration()
    {
        var start = _token.Start;
        var nameToken = Peek();
        if (nameToken.Kind != TokenKind.Name || nameToken.Text == "extends")
            throw Unexpected();
        Declare(nameToken.Text!, VariableKind.Let, nameToken.Start);
        return new ClassDeclaration(Refer(nameToken.Text!, nameToken.Start), ParseClass(nameToken.Text)) { Start = start };
    }

    /// <summary>Reads a class; the current token is <c>class</c>. Its name and its private names are variables of a block of its own.</summary>
    private ClassExpression ParseClass(string? declared)
    {
        Nest();
        var start = _token.Start;
        var code = _context.Code;
        var strict = code.IsStrict;
        code.IsStrict = true;
        Advance();
        var saved = OpenBlock();
        var scope = _scope;
        Identifier? self = null;
        if (declared is not null || AtIdentifier)
        {
            var nameStart = _token.Start;
            var name = BindingName();
            Declare(name, VariableKind.Const, nameStart);
            self = Refer(name, nameStart);
        }

        var heritage = TakeName("extends") ? Unwrap(ParseCallChain()) : null;
        if (heritage is ArrowHead or FunctionExpression { Code.IsArrow: true })
            throw Unexpected();
        Expect("{");
        FunctionExpression? constructor = null;
        var members = new List<ClassMember>();
        var accessors = new Dictionary<string, MemberKind>();
        while (!Take("}"))
        {
            if (Take(";"))
                continue;
            var member = ParseClassMember(self?.Name ?? "", heritage is not null, accessors, out var isConstructor);
            if (!isConstructor)
                members.Add(member);
            else if (constructor is null)
                constructor = (FunctionExpression)member.Value!;
            else
                throw Error("A class may only have one constructor", start);
        }

        CloseBlock(saved);
        code.IsStrict = strict;
        if (constructor is null)
        {
            var implied = new Scope(scope, true);
            scope.Children.Add(implied);
            constructor = new FunctionExpression(new FunctionCode
            {
                Name = self?.Name ?? "", Scope = implied, Source = _source, IsMethod = true, IsStrict = true, IsClass = true, IsDerived = heritage is not null, IsImplied = true,
            }) { Start = start };
        }

        constructor.Code.Start = start;
        constructor.Code.End = _previousEnd;
        _nesting--;
        return new ClassExpression(scope, self, heritage, constructor.Code, [.. members]) { Start = start };
    }

    private ClassMember ParseClassMember(string className, bool isDerived, Dictionary<string, MemberKind> accessors, out bool isConstructor)
    {
        var start = _token.Start;
        isConstructor = false;
        var isStatic = false;
        var kind = MemberKind.Method;
        string? accessor = null;
        if (_token.IsName("static") && !EndsName(Peek()))
        {
            isStatic = true;
            Advance();
            if (Is("{"))
                return new ClassMember(MemberKind.StaticBlock, true, null, null, null, ParseInitializer(true));
        }

        if (Is("*"))
            throw Unsupported("Generators", start);
        if (_token.IsName("async") && Peek() is var after && !EndsName(after) && !after.AfterNewline)
            throw Unsupported("Async functions", start);
        if ((_token.IsName("get") || _token.IsName("set")) && !EndsName(Peek()))
        {
            accessor = _token.Text;
            kind = accessor == "get" ? MemberKind.Getter : MemberKind.Setter;
            Advance();
        }

        var token = _token;
        Identifier? hidden = null;
        string? name = null;
        Expression? computed = null;
        if (token.Kind == TokenKind.PrivateName)
        {
            hidden = DeclarePrivate(token, accessor is null ? MemberKind.Method : kind, isStatic, accessors);
            Advance();
        }
        else
        {
            (name, computed) = ParsePropertyName();
        }

        if (!Is("(") && accessor is null)
        {
            if (name == "constructor" || isStatic && name == "prototype")
                throw Error($"Classes may not have a field named '{name}'", start);
            var value = Take("=") ? ParseInitializer(false) : null;
            value?.Code.Value?.NameFunction(name ?? hidden?.Name ?? "");
            EndStatement();
            return new ClassMember(MemberKind.Value, isStatic, name, computed, hidden, value);
        }

        isConstructor = !isStatic && name == "constructor";
        if (isConstructor && accessor is not null || isStatic && name == "prototype")
            throw Error(isConstructor ? "Class constructor may not be an accessor" : "Classes may not have a static property named 'prototype'", start);
        var function = ParseFunction(isConstructor ? className : "", start, true, accessor, isConstructor, isConstructor && isDerived);
        return new ClassMember(kind, isStatic, name, computed, hidden, new FunctionExpression(function) { Start = start });
    }

    private static bool EndsName(Token next) => next.Kind == TokenKind.Punctuator && next.Text is "(" or "=" or ";" or "}" || next.Kind == TokenKind.End;

    private Identifier DeclarePrivate(Token token, MemberKind kind, bool isStatic, Dictionary<string, MemberKind> accessors)
    {
        var name = token.Text!;
        if (name == "#constructor")
            throw Error("Classes may not have a private field named '#constructor'", token.Start);
        var key = isStatic ? name + " static" : name;
        if (_scope.Find(name) is null)
            _scope.Declare(name, VariableKind.Const);
        else if (!accessors.TryGetValue(key, out var other) || (kind, other) is not (MemberKind.Getter, MemberKind.Setter) and not (MemberKind.Setter, MemberKind.Getter))
            throw Error($"Identifier '{name}' has already been declared", token.Start);
        accessors[key] = accessors.ContainsKey(key) ? MemberKind.Method : kind;
        return Refer(name, token.Start);
    }

    /// <summary>Reads the value of a field, or a static block, as a function that runs with the new object as <c>this</c>.</summary>
    private FunctionExpression ParseInitializer(bool isBlock)
    {
        var (scope, context, functions, allowIn) = (_scope, _context, _functions, _allowIn);
        var start = _token.Start;
        _scope = new Scope(scope, true) { HasNoArguments = true };
        scope.Children.Add(_scope);
        var code = new FunctionCode { Name = "", Scope = _scope, Source = _source, IsMethod = true, IsStrict = true, UsesThis = true, IsSimple = true, Start = start };
        _context = new Context(code) { IsStaticBlock = isBlock };
        _functions = [];
        _allowIn = true;
        if (isBlock)
        {
            code.Body = ParseBraced();
            code.Functions = [.. _functions];
        }
        else
        {
            code.Value = ParseAssignment();
        }

        code.End = _previousEnd;
        (_scope, _context, _functions, _allowIn) = (scope, context, functions, allowIn);
        return new FunctionExpression(code) { Start = start };
    }

    private (string? Name, Expression? Computed) ParsePropertyName()
    {
        var token = _token;
        if (Take("["))
        {
            var allowIn = _allowIn;
            _allowIn = true;
            var computed = ParseAssignment();
            _allowIn = allowIn;
            Expect("]");
            return (null, computed);
        }

        var name = token.Kind switch
        {
            TokenKind.Name => token.Text!,
            TokenKind.String when !(token.Escaped && Strict) => token.Text!,
            TokenKind.Number when !(token.Escaped && Strict) => NumberFormat.ToText(token.Number),
            TokenKind.BigInt => token.BigInt.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => throw Unexpected(),
        };
        Advance();
        return (name, null);
    }

    private Expression ParseTemplate(Expression? tag)
    {
        var start = _token.Start;
        var cooked = new List<string?>();
        var raw = new List<string>();
        var values = new List<Expression>();
        while (true)
        {
            if (_token.Text is null && tag is null)
                throw Error("Invalid escape sequence in template", _token.Start);
            cooked.Add(_token.Text);
            raw.Add(_token.Raw!);
            if (_token.Tail)
                break;
            Advance();
            var allowIn = _allowIn;
            _allowIn = true;
            values.Add(ParseExpression());
            _allowIn = allowIn;
            if (!Is("}"))
                throw Unexpected();
            _token = _lexer.ContinueTemplate(_token);
        }

        Advance();
        return tag is null
            ? new TemplateLiteral([.. cooked!], [.. values]) { Start = start }
            : new TaggedTemplate(tag, [.. cooked], [.. raw], [.. values]) { Start = start };
    }

    /// <summary>Parameters read as expressions; the arrow follows.</summary>
    private sealed class ArrowHead(List<Expression> items, Expression? rest) : Expression
    {
        public List<Expression> Items { get; } = items;
        public Expression? Rest { get; } = rest;
        public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();
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
