namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Functions, arrows and classes: ECMA-262, chapter 15.</summary>
internal sealed partial class Parser
{
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

    private void RefuseAsync(int start)
    {
        var next = Peek();
        if (next.AfterNewline && _source.AsSpan(_token.End, next.Start - _token.End).IndexOfAny('\n', '\r') >= 0)
            return;
        if (next.IsName("function") || next.Kind == TokenKind.Name && !IsReserved(next.Text!) && next.Text != "of")
            throw Unsupported("Async functions", start);
    }

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

    /// <summary>Parameters read as expressions; the arrow follows.</summary>
    private sealed class ArrowHead(List<Expression> items, Expression? rest) : Expression
    {
        public List<Expression> Items { get; } = items;
        public Expression? Rest { get; } = rest;
        public override JsValue Evaluate(Frame frame) => throw new InvalidOperationException();
    }
}
