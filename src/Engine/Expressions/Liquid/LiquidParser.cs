using System.Globalization;
using System.Text;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>Recursive descent over a template's text, tags and expressions.</summary>
internal sealed class LiquidParser(string source)
{
    private const int MaxNesting = 100;

    private int _position;
    private int _nesting;
    private bool _trimNext;

    public LiquidNode[] Parse()
    {
        var nodes = Nodes([], out var end);
        return end is null ? nodes : throw Error($"Unknown tag '{end}'");
    }

    private ExpressionException Error(string message)
    {
        var before = source[..Math.Min(_position, source.Length)];
        var line = before.Count(c => c == '\n') + 1;
        var column = before.Length - (before.LastIndexOf('\n') + 1) + 1;
        var text = source.Split('\n')[line - 1];
        return new ExpressionException($"\n{message} at ({line}:{column})\nSource:\n{text}\n")
        {
            Kind = "SyntaxError",
            Line = line,
            Column = column,
        };
    }

    private bool At(string text) => string.CompareOrdinal(source, _position, text, 0, text.Length) == 0;

    private void Blank()
    {
        while (_position < source.Length && char.IsWhiteSpace(source[_position]))
            _position++;
    }

    private bool Take(string text)
    {
        Blank();
        if (!At(text))
            return false;
        _position += text.Length;
        return true;
    }

    /// <summary>Reads until one of the given tags, whose name has then been read, or the end of the text.</summary>
    private LiquidNode[] Nodes(string[] ends, out string? end)
    {
        if (++_nesting > MaxNesting)
            throw Error("Tags are nested too deeply");
        var nodes = new List<LiquidNode>();
        end = null;
        while (_position < source.Length)
        {
            var next = NextMarkup();
            var text = source[_position..next];
            if (_trimNext)
                text = text.TrimStart();
            _trimNext = false;
            _position = next;
            if (next < source.Length && next + 2 < source.Length && source[next + 2] == '-')
                text = text.TrimEnd();
            if (text.Length > 0)
                nodes.Add(new LiquidText(text));
            if (next >= source.Length)
                break;
            var isOutput = source[next + 1] == '{';
            _position += next + 2 < source.Length && source[next + 2] == '-' ? 3 : 2;
            if (isOutput)
            {
                nodes.Add(new LiquidOutput(Filtered()));
                Close("}}");
                continue;
            }

            var name = Name() ?? throw Error("Identifier was expected");
            if (ends.Contains(name))
            {
                end = name;
                break;
            }

            if (Tag(name) is { } node)
                nodes.Add(node);
        }

        _nesting--;
        return [.. nodes];
    }

    private int NextMarkup()
    {
        for (var i = _position; i + 1 < source.Length; i++)
        {
            if (source[i] == '{' && (source[i + 1] is '{' or '%'))
                return i;
        }

        return source.Length;
    }

    private void Close(string end)
    {
        Blank();
        if (At("-" + end))
        {
            _position += 3;
            _trimNext = true;
        }
        else if (At(end))
        {
            _position += 2;
        }
        else
        {
            throw Error($"End of tag '{end}' was expected");
        }
    }

    private string? Name()
    {
        Blank();
        var start = _position;
        while (
            _position < source.Length
            && (
                char.IsLetterOrDigit(source[_position])
                || source[_position] == '_'
                || source[_position] == '-' && _position > start && _position + 1 < source.Length && char.IsLetterOrDigit(source[_position + 1])
            )
        )
            _position++;
        return _position > start && !char.IsAsciiDigit(source[start]) ? source[start.._position] : null;
    }

    private LiquidExpression Required(string tag, int position)
    {
        try
        {
            return Condition();
        }
        catch (ExpressionException)
        {
            _position = position;
            throw Error($"Invalid '{tag}' tag");
        }
    }

    private LiquidNode? Tag(string name)
    {
        var afterName = _position;
        switch (name)
        {
            case "if" or "unless":
                return If(name, afterName);
            case "case":
                return Case(afterName);
            case "for":
                return For(afterName);
            case "assign":
                var target = Name();
                if (target is null || !Take("="))
                    throw Invalid(name, afterName);
                var value = Filtered();
                Close("%}");
                return new LiquidAssign(target, value);
            case "capture":
                target = Name() ?? throw Invalid(name, afterName);
                Close("%}");
                return new LiquidCapture(target, Body("endcapture", name));
            case "echo":
                value = Filtered();
                Close("%}");
                return new LiquidOutput(value);
            case "increment" or "decrement":
                target = Name() ?? throw Invalid(name, afterName);
                Close("%}");
                return new LiquidCounter(target, name == "increment" ? 1 : -1);
            case "cycle":
                return Cycle();
            case "break" or "continue":
                Close("%}");
                return new LiquidJump(name == "break");
            case "comment":
                Close("%}");
                Verbatim("endcomment", name);
                return null;
            case "raw":
                Close("%}");
                return new LiquidText(Verbatim("endraw", name));
            default:
                _position = afterName - name.Length;
                throw Error($"Unknown tag '{name}'");
        }
    }

    private ExpressionException Invalid(string tag, int position)
    {
        _position = position;
        return Error($"Invalid '{tag}' tag");
    }

    private LiquidNode[] Body(string end, string tag)
    {
        var body = Nodes([end], out var found);
        if (found is null)
            throw Error($"'{{% {end} %}}' was expected for '{tag}'");
        Close("%}");
        return body;
    }

    private string Verbatim(string end, string tag)
    {
        var start = _position;
        for (var i = start; i + 1 < source.Length; i++)
        {
            if (source[i] != '{' || source[i + 1] != '%')
                continue;
            _position = i + 2;
            if (At("-"))
                _position++;
            if (Name() != end)
                continue;
            Close("%}");
            _trimNext = false;
            return source[start..i];
        }

        _position = source.Length;
        throw Error($"'{{% {end} %}}' was expected for '{tag}'");
    }

    private LiquidIf If(string name, int position)
    {
        var condition = Required(name, position);
        if (name == "unless")
            condition = new Negated(condition);
        Close("%}");
        var branches = new List<(LiquidExpression?, LiquidNode[])>();
        string[] ends = ["elsif", "else", "end" + name];
        while (true)
        {
            var body = Nodes(ends, out var end);
            branches.Add((condition, body));
            if (end is null)
                throw Error($"'{{% end{name} %}}' was expected");
            var tagPosition = _position;
            condition = end == "elsif" ? Required(end, tagPosition) : null!;
            Close("%}");
            if (end == "end" + name)
                return new LiquidIf([.. branches]);
        }
    }

    private sealed class Negated(LiquidExpression inner) : LiquidExpression
    {
        public override object? Evaluate(LiquidContext context) => !LiquidValue.IsTrue(inner.Evaluate(context));
    }

    private LiquidCase Case(int position)
    {
        var subject = Required("case", position);
        Close("%}");
        Nodes(["when", "else", "endcase"], out var end);
        var branches = new List<(LiquidExpression[], LiquidNode[])>();
        LiquidNode[] otherwise = [];
        while (end != "endcase")
        {
            var values = new List<LiquidExpression>();
            var isElse = end == "else";
            if (end is null)
                throw Error("'{% endcase %}' was expected");
            if (!isElse)
            {
                do values.Add(Primary());
                while (Take(",") || TakeWord("or"));
            }

            Close("%}");
            var body = Nodes(["when", "else", "endcase"], out end);
            if (isElse)
                otherwise = body;
            else
                branches.Add(([.. values], body));
        }

        Close("%}");
        return new LiquidCase(subject, [.. branches], otherwise);
    }

    private LiquidFor For(int position)
    {
        var name = Name();
        if (name is null || !TakeWord("in"))
            throw Invalid("for", position);
        var items = Primary();
        LiquidExpression? limit = null,
            offset = null;
        var reversed = false;
        while (true)
        {
            if (TakeWord("reversed"))
                reversed = true;
            else if (TakeWord("limit") && Take(":"))
                limit = Primary();
            else if (TakeWord("offset") && Take(":"))
                offset = Primary();
            else
                break;
        }

        Close("%}");
        var body = Nodes(["else", "endfor"], out var end);
        LiquidNode[] otherwise = [];
        if (end == "else")
        {
            Close("%}");
            otherwise = Nodes(["endfor"], out end);
        }

        if (end is null)
            throw Error("'{% endfor %}' was expected");
        Close("%}");
        return new LiquidFor(name, items, limit, offset, reversed, body, otherwise);
    }

    private LiquidCycle Cycle()
    {
        var start = _position;
        var values = new List<LiquidExpression> { Primary() };
        var group = source[start.._position].Trim();
        if (Take(":"))
            values = [Primary()];
        else
            group = "";
        while (Take(","))
            values.Add(Primary());
        if (group.Length == 0)
            group = source[start.._position];
        Close("%}");
        return new LiquidCycle(group, [.. values]);
    }

    private bool TakeWord(string word)
    {
        var start = _position;
        if (Name() == word)
            return true;
        _position = start;
        return false;
    }

    /// <summary><c>and</c> and <c>or</c> bind to the right, without precedence.</summary>
    private LiquidExpression Condition()
    {
        if (++_nesting > MaxNesting)
            throw Error("Expression is nested too deeply");
        var left = Primary();
        foreach (var op in new[] { "==", "!=", "<>", "<=", ">=", "<", ">" })
        {
            if (!Take(op))
                continue;
            left = new LiquidCondition(left, op, Primary());
            break;
        }

        foreach (var op in new[] { "contains", "startswith", "endswith" })
        {
            if (TakeWord(op))
                left = new LiquidCondition(left, op, Primary());
        }

        var result =
            TakeWord("and") ? new LiquidCondition(left, "and", Condition())
            : TakeWord("or") ? new LiquidCondition(left, "or", Condition())
            : left;
        _nesting--;
        return result;
    }

    private LiquidExpression Filtered()
    {
        var result = Condition();
        for (var count = 0; Take("|"); count++)
        {
            var name = Name();
            if (name is null || count > MaxNesting)
                throw Error("A filter name was expected");
            var arguments = new List<LiquidExpression>();
            if (Take(":"))
            {
                do
                {
                    // A named argument counts by its position.
                    var start = _position;
                    if (Name() is null || !Take(":"))
                        _position = start;
                    arguments.Add(Primary());
                } while (Take(","));
            }

            result = new LiquidFiltered(result, name, [.. arguments]);
        }

        return result;
    }

    private LiquidExpression Primary()
    {
        Blank();
        if (_position >= source.Length)
            throw Error("A value was expected");
        var c = source[_position];
        if (c is '"' or '\'')
        {
            var end = _position + 1;
            var text = new StringBuilder();
            while (end < source.Length && source[end] != c)
                text.Append(source[end++]);
            if (end >= source.Length)
                throw Error("A string is not closed");
            _position = end + 1;
            return new LiquidLiteral(text.ToString());
        }

        if (char.IsAsciiDigit(c) || c is '-' or '+' && _position + 1 < source.Length && char.IsAsciiDigit(source[_position + 1]))
        {
            var end = _position + 1;
            while (
                end < source.Length && (char.IsAsciiDigit(source[end]) || source[end] == '.' && end + 1 < source.Length && char.IsAsciiDigit(source[end + 1]))
            )
                end++;
            if (!decimal.TryParse(source.AsSpan(_position, end - _position), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                throw Error("Invalid number");
            _position = end;
            return new LiquidLiteral(number);
        }

        if (c == '(')
        {
            _position++;
            if (++_nesting > MaxNesting)
                throw Error("Expression is nested too deeply");
            var from = Condition();
            LiquidExpression result = from;
            if (Take(".."))
                result = new LiquidRange(from, Primary());
            _nesting--;
            return Take(")") ? result : throw Error("')' was expected");
        }

        var name = Name() ?? throw Error("A value was expected");
        return name switch
        {
            "true" => new LiquidLiteral(true),
            "false" => new LiquidLiteral(false),
            "nil" or "null" => new LiquidLiteral(null),
            "empty" => new LiquidLiteral(EmptyValue.Instance),
            "blank" => new LiquidLiteral(BlankValue.Instance),
            _ => new LiquidPath(name, Members()),
        };
    }

    private LiquidExpression[] Members()
    {
        var members = new List<LiquidExpression>();
        while (_position < source.Length)
        {
            if (source[_position] == '.' && _position + 1 < source.Length && source[_position + 1] != '.')
            {
                _position++;
                members.Add(new LiquidLiteral(Name() ?? throw Error("Identifier was expected")));
            }
            else if (source[_position] == '[')
            {
                _position++;
                if (++_nesting > MaxNesting)
                    throw Error("Expression is nested too deeply");
                members.Add(Primary());
                _nesting--;
                if (!Take("]"))
                    throw Error("']' was expected");
            }
            else
            {
                break;
            }
        }

        return [.. members];
    }
}
