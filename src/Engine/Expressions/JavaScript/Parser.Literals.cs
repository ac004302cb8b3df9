namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Literals of arrays, objects and templates: ECMA-262, 13.2.</summary>
internal sealed partial class Parser
{
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
}
