namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Statements and declarations: ECMA-262, chapter 14.</summary>
internal sealed partial class Parser
{
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

    private void EndStatement()
    {
        if (Take(";") || Is("}") || _token.Kind == TokenKind.End || _token.AfterNewline)
            return;
        throw Unexpected();
    }
}
