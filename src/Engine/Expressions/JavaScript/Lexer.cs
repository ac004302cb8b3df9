using System.Globalization;
using System.Numerics;
using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

internal enum TokenKind { End, Name, Punctuator, Number, BigInt, String, Template, Regex, PrivateName }

internal struct Token
{
    public TokenKind Kind;

    /// <summary>Name, punctuator, string value, cooked template part (null when it has an invalid escape) or pattern.</summary>
    public string? Text;
    public string? Raw;
    public double Number;
    public BigInteger BigInt;
    public int Start;
    public int End;
    public bool AfterNewline;

    /// <summary>A name written with escapes (so no keyword), or a string or number in legacy octal form.</summary>
    public bool Escaped;

    /// <summary>Last part of a template.</summary>
    public bool Tail;

    public readonly bool Is(string punctuator) => Kind == TokenKind.Punctuator && Text == punctuator;
    public readonly bool IsName(string name) => Kind == TokenKind.Name && !Escaped && Text == name;
}

/// <summary>A syntax error with its offset in the source.</summary>
internal sealed class SyntaxException(string message, int position) : Exception(message)
{
    public int Position { get; } = position;
}

/// <summary>Splits source text into tokens on demand; the parser says when a slash begins a regular expression and when a brace continues a template.</summary>
internal sealed class Lexer(string source, int start = 0)
{
    private static readonly string[] s_punctuators =
    [
        ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=",
        "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
        "{", "}", "(", ")", "[", "]", ";", ",", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "?", ":", "=", ".", "@", "#",
    ];

    private static readonly ILookup<char, string> s_byFirst = s_punctuators.ToLookup(p => p[0]);

    private int _position = start;

    public Token Next()
    {
        var newline = SkipBlank();
        var token = new Token { Start = _position, AfterNewline = newline };
        if (_position >= source.Length)
            token.Kind = TokenKind.End;
        else
            Read(ref token);
        token.End = _position;
        return token;
    }

    private char At(int offset = 0) => _position + offset < source.Length ? source[_position + offset] : '\0';

    private SyntaxException Error(string message) => new(message, Math.Min(_position, source.Length));

    private SyntaxException Unexpected() => Error(_position >= source.Length ? "Unexpected end of input" : "Invalid or unexpected token");

    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\u2028' or '\u2029';

    public static bool IsBlank(char c) => c is ' ' or '\t' or '\v' or '\f' or '\u00a0' or '\ufeff' || c > 127 && char.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator;

    private bool SkipBlank()
    {
        var newline = _position == 0;
        if (_position == 0 && source.StartsWith("#!", StringComparison.Ordinal))
            SkipLine();
        while (_position < source.Length)
        {
            var c = source[_position];
            if (IsLineEnd(c))
            {
                newline = true;
                _position++;
            }
            else if (IsBlank(c))
            {
                _position++;
            }
            else if (c == '/' && At(1) == '/' || c == '<' && At(1) == '!' && At(2) == '-' && At(3) == '-' || newline && c == '-' && At(1) == '-' && At(2) == '>')
            {
                SkipLine();
            }
            else if (c == '/' && At(1) == '*')
            {
                var end = source.IndexOf("*/", _position + 2, StringComparison.Ordinal);
                if (end < 0)
                {
                    _position = source.Length;
                    throw Error("Unterminated comment");
                }

                for (var i = _position; i < end; i++)
                    newline |= IsLineEnd(source[i]);
                _position = end + 2;
            }
            else
            {
                break;
            }
        }

        return newline;
    }

    private void SkipLine()
    {
        while (_position < source.Length && !IsLineEnd(source[_position]))
            _position++;
    }

    private void Read(ref Token token)
    {
        var c = source[_position];
        if (char.IsAsciiLetter(c) || c is '_' or '$' or '\\' || c > 127)
        {
            token.Kind = TokenKind.Name;
            token.Text = ReadName(out token.Escaped);
        }
        else if (c == '#')
        {
            _position++;
            token.Kind = TokenKind.PrivateName;
            token.Text = "#" + ReadName(out token.Escaped);
        }
        else if (char.IsAsciiDigit(c) || c == '.' && char.IsAsciiDigit(At(1)))
        {
            ReadNumber(ref token);
        }
        else if (c is '"' or '\'')
        {
            token.Kind = TokenKind.String;
            token.Text = ReadString(c, ref token.Escaped);
        }
        else if (c == '`')
        {
            _position++;
            ReadTemplate(ref token);
        }
        else
        {
            token.Kind = TokenKind.Punctuator;
            foreach (var punctuator in s_byFirst[c])
            {
                if (string.CompareOrdinal(source, _position, punctuator, 0, punctuator.Length) != 0 || punctuator == "?." && char.IsAsciiDigit(At(2)))
                    continue;
                token.Text = punctuator;
                _position += punctuator.Length;
                return;
            }

            throw Unexpected();
        }
    }

    private static bool IsNameStart(Rune c) => Rune.IsLetter(c) || c.Value is '_' or '$' || Rune.GetUnicodeCategory(c) == UnicodeCategory.LetterNumber || c.Value is 0x2118 or 0x212E or 0x309B or 0x309C or 0x1885 or 0x1886;

    private static bool IsNamePart(Rune c) => IsNameStart(c) || c.Value is 0x200c or 0x200d or 0xb7 or 0x387 or 0x19da or (>= 0x1369 and <= 0x1371) or 0x30fb or 0xff65 || Rune.GetUnicodeCategory(c) is
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    private string ReadName(out bool escaped)
    {
        escaped = false;
        var start = _position;
        while (_position < source.Length && (char.IsAsciiLetterOrDigit(source[_position]) || source[_position] is '_' or '$'))
            _position++;
        if (At() != '\\' && At() <= 127)
            return _position > start && !char.IsAsciiDigit(source[start]) ? string.Intern(source[start.._position]) : throw Unexpected();
        var name = new StringBuilder().Append(source, start, _position - start);
        while (_position < source.Length)
        {
            var before = _position;
            Rune rune;
            if (source[_position] == '\\')
            {
                escaped = true;
                _position++;
                if (At() != 'u')
                    throw Error("Invalid Unicode escape sequence");
                _position++;
                if (ReadUnicodeEscape() is not { } code || !Rune.TryCreate(code, out rune))
                    throw Error("Invalid Unicode escape sequence");
                if (!(name.Length == 0 ? IsNameStart(rune) : IsNamePart(rune)))
                    throw Error("Invalid Unicode escape sequence");
            }
            else if (Rune.DecodeFromUtf16(source.AsSpan(_position), out rune, out var used) == System.Buffers.OperationStatus.Done && (name.Length == 0 ? IsNameStart(rune) : IsNamePart(rune)))
            {
                _position += used;
            }
            else
            {
                _position = before;
                break;
            }

            name.Append(rune);
        }

        return name.Length > 0 ? string.Intern(name.ToString()) : throw Unexpected();
    }

    /// <summary>After <c>\u</c>: four digits or braces. Null when malformed.</summary>
    private int? ReadUnicodeEscape()
    {
        if (At() == '{')
        {
            var end = source.IndexOf('}', _position);
            if (end < 0 || end == _position + 1)
                return null;
            var value = 0;
            for (var i = _position + 1; i < end; i++)
            {
                if (!char.IsAsciiHexDigit(source[i]))
                    return null;
                value = value * 16 + Convert.ToInt32(source[i].ToString(), 16);
                if (value > 0x10ffff)
                    return null;
            }

            _position = end + 1;
            return value;
        }

        return ReadHex(4);
    }

    private int? ReadHex(int digits)
    {
        if (_position + digits > source.Length || !int.TryParse(source.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            return null;
        _position += digits;
        return value;
    }

    private string ReadString(char quote, ref bool octal)
    {
        var start = ++_position;
        while (_position < source.Length && source[_position] != quote && source[_position] is not ('\\' or '\n' or '\r'))
            _position++;
        if (At() == quote && _position < source.Length)
            return source[start.._position++];
        var text = new StringBuilder().Append(source, start, _position - start);
        while (true)
        {
            if (_position >= source.Length || source[_position] is '\n' or '\r')
                throw Error("Invalid or unexpected token");
            var c = source[_position++];
            if (c == quote)
                return text.ToString();
            if (c != '\\')
                text.Append(c);
            else if (!ReadEscape(text, ref octal, false))
                throw Error("Invalid escape sequence");
        }
    }

    /// <summary>After a backslash. False when malformed.</summary>
    private bool ReadEscape(StringBuilder text, ref bool octal, bool inTemplate)
    {
        if (_position >= source.Length)
            throw Error("Invalid or unexpected token");
        var c = source[_position++];
        switch (c)
        {
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            case '\r':
                if (At() == '\n')
                    _position++;
                break;
            case '\n' or '\u2028' or '\u2029':
                break;
            case 'x':
                if (ReadHex(2) is not { } x)
                    return false;
                text.Append((char)x);
                break;
            case 'u':
                if (ReadUnicodeEscape() is not { } u)
                    return false;
                if (u > 0xffff)
                    text.Append(char.ConvertFromUtf32(u));
                else
                    text.Append((char)u);
                break;
            case >= '0' and <= '9':
                if (c == '0' && !char.IsAsciiDigit(At()))
                {
                    text.Append('\0');
                    break;
                }

                if (inTemplate)
                    return false;
                octal = true;
                if (c >= '8')
                {
                    text.Append(c);
                    break;
                }

                var value = c - '0';
                for (var i = 0; i < 2 && At() is >= '0' and <= '7' && value * 8 + (At() - '0') < 256; i++)
                    value = value * 8 + (source[_position++] - '0');
                text.Append((char)value);
                break;
            default:
                text.Append(c);
                break;
        }

        return true;
    }

    /// <summary>Reads a template part; the position is after a backtick or a closing brace.</summary>
    private void ReadTemplate(ref Token token)
    {
        var start = _position;
        var text = new StringBuilder();
        var valid = true;
        var octal = false;
        while (true)
        {
            if (_position >= source.Length)
                throw Error("Unterminated template literal");
            var c = source[_position++];
            if (c == '`' || c == '$' && At() == '{')
            {
                token.Tail = c == '`';
                token.Raw = source[start..(_position - 1)].Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
                if (!token.Tail)
                    _position++;
                break;
            }

            if (c == '\\')
            {
                valid &= ReadEscape(text, ref octal, true);
            }
            else if (c == '\r')
            {
                if (At() == '\n')
                    _position++;
                text.Append('\n');
            }
            else
            {
                text.Append(c);
            }
        }

        token.Kind = TokenKind.Template;
        token.Text = valid ? text.ToString() : null;
    }

    /// <summary>Called when the current token is the brace that ends a template's expression.</summary>
    public Token ContinueTemplate(in Token brace)
    {
        _position = brace.Start + 1;
        var token = new Token { Start = brace.Start };
        ReadTemplate(ref token);
        token.End = _position;
        return token;
    }

    /// <summary>Called when the current token is a slash where an expression begins.</summary>
    public Token ReadRegex(in Token slash)
    {
        _position = slash.Start + 1;
        var inClass = false;
        while (true)
        {
            if (_position >= source.Length || IsLineEnd(source[_position]))
                throw Error("Invalid regular expression: missing /");
            var c = source[_position++];
            if (c == '\\')
            {
                if (_position < source.Length && !IsLineEnd(source[_position]))
                    _position++;
            }
            else if (c == '[')
            {
                inClass = true;
            }
            else if (c == ']')
            {
                inClass = false;
            }
            else if (c == '/' && !inClass)
            {
                break;
            }
        }

        var pattern = source[(slash.Start + 1)..(_position - 1)];
        var flags = _position;
        while (_position < source.Length && (char.IsAsciiLetterOrDigit(source[_position]) || source[_position] is '_' or '$'))
            _position++;
        return new Token { Kind = TokenKind.Regex, Text = pattern, Raw = source[flags.._position], Start = slash.Start, End = _position, AfterNewline = slash.AfterNewline };
    }

    private void ReadNumber(ref Token token)
    {
        token.Kind = TokenKind.Number;
        var radix = source[_position] != '0' ? 10 : char.ToLowerInvariant(At(1)) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        if (radix != 10)
        {
            _position += 2;
            var digits = ReadDigits(radix);
            if (digits.Length == 0)
                throw Unexpected();
            var value = BigInteger.Zero;
            foreach (var digit in digits)
                value = value * radix + Convert.ToInt32(digit.ToString(), 16);
            if (At() == 'n')
            {
                _position++;
                token.Kind = TokenKind.BigInt;
                token.BigInt = value;
            }
            else
            {
                token.Number = NumberFormat.ToDouble(value);
            }
        }
        else if (source[_position] == '0' && char.IsAsciiDigit(At(1)))
        {
            token.Escaped = true;
            var start = _position;
            while (char.IsAsciiDigit(At()))
                _position++;
            var digits = source[start.._position];
            if (digits.AsSpan().IndexOfAny('8', '9') < 0)
            {
                foreach (var digit in digits)
                    token.Number = token.Number * 8 + (digit - '0');
            }
            else
            {
                if (At() == '.')
                {
                    _position++;
                    while (char.IsAsciiDigit(At()))
                        _position++;
                }

                token.Number = double.Parse(source.AsSpan(start, _position - start), CultureInfo.InvariantCulture);
            }
        }
        else
        {
            ReadDecimal(ref token);
        }

        if (_position < source.Length && (char.IsAsciiLetterOrDigit(At()) || At() is '_' or '$' or '\\' || At() > 127 && Rune.TryCreate(At(), out var rune) && IsNameStart(rune)))
            throw Error("Identifier starts immediately after numeric literal");
    }

    private void ReadDecimal(ref Token token)
    {
        var text = ReadDigits(10);
        if (At() == 'n' && text.Length > 0)
        {
            _position++;
            token.Kind = TokenKind.BigInt;
            token.BigInt = BigInteger.Parse(text, CultureInfo.InvariantCulture);
            return;
        }

        if (At() == '.')
        {
            _position++;
            text += "." + (char.IsAsciiDigit(At()) ? ReadDigits(10) : At() == '_' ? throw Error("Numeric separators are not allowed here") : "");
        }

        if (At() is 'e' or 'E')
        {
            _position++;
            text += "e";
            if (At() is '+' or '-')
                text += source[_position++];
            var exponent = ReadDigits(10);
            if (exponent.Length == 0)
                throw Unexpected();
            text += exponent;
        }

        token.Number = double.Parse(text.EndsWith('.') ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private string ReadDigits(int radix)
    {
        var start = _position;
        while (true)
        {
            var c = At();
            if (c == '_')
            {
                var legacy = source[start] == '0' && radix == 10 && _position == start + 1;
                if (_position == start || At(-1) == '_' || legacy || !char.IsAsciiHexDigit(At(1)))
                    throw Error("Numeric separators are not allowed here");
            }
            else if (!(radix == 16 ? char.IsAsciiHexDigit(c) : c >= '0' && c < '0' + radix))
            {
                break;
            }

            _position++;
        }

        return source[start.._position].Replace("_", "", StringComparison.Ordinal);
    }
}
