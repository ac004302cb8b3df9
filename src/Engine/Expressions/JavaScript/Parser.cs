namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// Recursive descent over ECMA-262, chapters 13 to 15. What may turn out to be a pattern or the parameters of an arrow is read as an expression first and
/// converted when the next token says so, so nothing is read twice.
/// </summary>
internal sealed partial class Parser
{
    private const int MaxNesting = 200;

    private static readonly HashSet<string> s_reserved =
    [
        "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum", "export", "extends", "false", "finally", "for", "function",
        "if", "import", "in", "instanceof", "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with",
    ];

    private static readonly HashSet<string> s_reservedStrict = ["let", "static", "implements", "interface", "package", "private", "protected", "public", "yield"];
    private readonly string _source;
    private readonly Lexer _lexer;
    private Token _token;
    private int _previousEnd;
    private int _nesting;
    private Scope _scope;
    private Context _context;
    private List<FunctionDeclaration> _functions = [];
    private bool _allowIn = true;

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

    private Token Peek()
    {
        var copy = _token;
        return new Lexer(_source, copy.End).Next();
    }
}
