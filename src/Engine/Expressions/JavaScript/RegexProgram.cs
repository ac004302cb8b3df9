using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Orchestration.Engine.Expressions.JavaScript;

internal sealed class RegexSyntaxException(string message) : Exception(message);

/// <summary>
/// A JavaScript pattern on .NET's non-backtracking engine, whose time is linear in the text whatever the pattern. That engine has no lookaround and no
/// back references, so these are refused. Immutable, thread safe.
/// </summary>
internal sealed class RegexProgram
{
    private const int MaxPattern = 10_000;
    private const string Digits = "0-9";
    private const string WordCharacters = "a-zA-Z0-9_";
    private const string Blanks = @"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    private readonly string _pattern;
    private readonly bool _unicode;
    private readonly bool _dotAll;
    private readonly bool _multiline;
    private readonly StringBuilder _output = new();
    private readonly List<string?> _names = [null];
    private int _position;
    private int _depth;

    private RegexProgram(string pattern, string flags)
    {
        _pattern = pattern;
        Source = pattern.Length == 0 ? "(?:)" : pattern;
        Flags = string.Concat(flags.Order());
        var known = new HashSet<char>();
        foreach (var flag in flags)
        {
            if (!"dgimsuvy".Contains(flag) || !known.Add(flag))
                throw new RegexSyntaxException($"Invalid regular expression flags '{flags}'");
        }

        _unicode = known.Contains('u') || known.Contains('v');
        _dotAll = known.Contains('s');
        _multiline = known.Contains('m');
        if (pattern.Length > MaxPattern)
            throw Error("Regular expression too large");
        Alternatives();
        if (_position < pattern.Length)
            throw Error("Unmatched ')'");
        var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
        if (known.Contains('i'))
            options |= RegexOptions.IgnoreCase;
        try
        {
            Regex = new Regex(_output.ToString(), options);
        }
        catch (RegexParseException error)
        {
            throw Error(error.Error.ToString());
        }
        catch (NotSupportedException)
        {
            throw Error("Regular expression too large");
        }
    }

    public Regex Regex { get; }
    public string Source { get; }
    public string Flags { get; }

    /// <summary>Names of the groups by number; null where a group has none.</summary>
    public IReadOnlyList<string?> Groups => _names;

    public static RegexProgram Compile(string pattern, string flags) => new(pattern, flags);

    private RegexSyntaxException Error(string reason) => new($"Invalid regular expression: /{_pattern}/: {reason}");

    private bool Take(string text)
    {
        if (string.CompareOrdinal(_pattern, _position, text, 0, text.Length) != 0)
            return false;
        _position += text.Length;
        return true;
    }

    private char Current => _position < _pattern.Length ? _pattern[_position] : '\0';

    private void Alternatives()
    {
        if (++_depth > 100)
            throw Error("Regular expression too large");
        while (_position < _pattern.Length && Current != ')')
        {
            if (Take("|"))
                _output.Append('|');
            else
                Term();
        }

        _depth--;
    }

    private void Term()
    {
        var c = Current;
        switch (c)
        {
            case '^':
                _position++;
                _output.Append(_multiline ? "(?m:^)" : "^");
                return;
            case '$':
                _position++;
                _output.Append(_multiline ? "(?m:$)" : @"\z");
                return;
            case '(':
                Group();
                break;
            case '[':
                Class();
                break;
            case '.':
                _position++;
                _output.Append(_dotAll ? @"[\s\S]" : @"[^\n\r\u2028\u2029]");
                break;
            case '\\':
                if (Escape(false) is { } assertion)
                {
                    _output.Append(assertion);
                    return;
                }

                break;
            case '*' or '+' or '?':
                throw Error("Nothing to repeat");
            case '{' when _unicode || IsQuantifier():
                throw Error("Nothing to repeat");
            case '}' or ']' when _unicode:
                throw Error("Lone quantifier brackets");
            default:
                _position++;
                if (_unicode && char.IsHighSurrogate(c) && char.IsLowSurrogate(Current))
                {
                    _output.Append(CultureInfo.InvariantCulture, $"(?:{c}{Current})");
                    _position++;
                }
                else
                {
                    Literal(c);
                }

                break;
        }

        Quantifier();
    }

    private bool IsQuantifier() => QuantifierLength(_position) > 0;

    private int QuantifierLength(int at)
    {
        if (at >= _pattern.Length || _pattern[at] != '{')
            return 0;
        var i = at + 1;
        while (i < _pattern.Length && char.IsAsciiDigit(_pattern[i]))
            i++;
        if (i == at + 1)
            return 0;
        if (i < _pattern.Length && _pattern[i] == ',')
        {
            i++;
            while (i < _pattern.Length && char.IsAsciiDigit(_pattern[i]))
                i++;
        }

        return i < _pattern.Length && _pattern[i] == '}' ? i + 1 - at : 0;
    }

    private void Quantifier()
    {
        var c = Current;
        if (c is '*' or '+' or '?')
        {
            _output.Append(c);
            _position++;
        }
        else if (QuantifierLength(_position) is > 0 and var length)
        {
            var text = _pattern.Substring(_position, length);
            var bounds = text[1..^1].Split(',');
            var low = Bound(bounds[0]);
            var high = bounds.Length == 1 ? low : bounds[1].Length == 0 ? int.MaxValue : Bound(bounds[1]);
            if (high < low)
                throw Error("numbers out of order in {} quantifier");
            _output.Append(text);
            _position += length;
        }
        else if (c == '{' && _unicode)
        {
            throw Error("Incomplete quantifier");
        }
        else
        {
            return;
        }

        if (Take("?"))
            _output.Append('?');
        if (Current is '*' or '+' or '?' || IsQuantifier())
            throw Error("Nothing to repeat");
    }

    private int Bound(string digits) => int.TryParse(digits, CultureInfo.InvariantCulture, out var value) && value <= 1000 ? value : throw Error("Regular expression too large");

    private void Literal(char c)
    {
        if (char.IsAsciiLetterOrDigit(c) || c > 127 && !char.IsWhiteSpace(c))
            _output.Append(c);
        else
            _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
    }

    private void Group()
    {
        _position++;
        if (Take("?="))
            throw Error("lookahead is not supported");
        if (Take("?!"))
            throw Error("negative lookahead is not supported");
        if (Take("?<=") || Take("?<!"))
            throw Error("lookbehind is not supported");
        if (Take("?:"))
        {
            _output.Append("(?:");
        }
        else
        {
            string? name = null;
            if (Take("?<"))
            {
                var end = _pattern.IndexOf('>', _position);
                name = end > _position ? _pattern[_position..end] : throw Error("Invalid capture group name");
                if (!name.All(ch => char.IsLetterOrDigit(ch) || ch is '_' or '$') || char.IsAsciiDigit(name[0]))
                    throw Error("Invalid capture group name");
                if (_names.Contains(name))
                    throw Error("Duplicate capture group name");
                _position = end + 1;
            }
            else if (Current == '?')
            {
                throw Error("Invalid group");
            }

            // Numbered as JavaScript does, in the order of the opening parentheses; .NET would number the named ones last.
            _output.Append(CultureInfo.InvariantCulture, $"(?<{_names.Count}>");
            _names.Add(name);
        }

        Alternatives();
        if (!Take(")"))
            throw Error("Unterminated group");
        _output.Append(')');
    }

    /// <summary>Translates an escape. An assertion is returned, anything else is written.</summary>
    private string? Escape(bool inClass)
    {
        _position++;
        if (_position >= _pattern.Length)
            throw Error("\\ at end of pattern");
        var c = _pattern[_position++];
        switch (c)
        {
            case 'b' when inClass:
                _output.Append(@"\u0008");
                return null;
            case 'b' or 'B' when !inClass:
                return "\\" + c;
            case 'd':
                _output.Append(inClass ? Digits : $"[{Digits}]");
                return null;
            case 'D':
                _output.Append(inClass ? @"\u0000-/:-\uffff" : $"[^{Digits}]");
                return null;
            case 'w':
                _output.Append(inClass ? WordCharacters : $"[{WordCharacters}]");
                return null;
            case 'W':
                _output.Append(inClass ? @"\u0000-/:-@\[-\^`{-\uffff" : $"[^{WordCharacters}]");
                return null;
            case 's':
                _output.Append(inClass ? Blanks : $"[{Blanks}]");
                return null;
            case 'S':
                _output.Append(inClass ? @"\u0000-\u0008\u000e-\u001f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\uffff" : $"[^{Blanks}]");
                return null;
            case 'n' or 't' or 'r' or 'f' or 'v':
                _output.Append('\\').Append(c);
                return null;
            case 'p' or 'P' when _unicode:
                _output.Append('\\').Append(c).Append('{').Append(Category()).Append('}');
                return null;
            case 'c' when char.IsAsciiLetter(Current):
                Literal((char)(_pattern[_position++] % 32));
                return null;
            case 'x' when Hex(2) is { } x:
                Literal((char)x);
                return null;
            case 'u' when Unicode() is { } u:
                if (u <= 0xffff)
                    Literal((char)u);
                else if (inClass)
                    throw Error("characters beyond U+FFFF are not supported in a class");
                else
                    _output.Append(CultureInfo.InvariantCulture, $"(?:{char.ConvertFromUtf32(u)})");
                return null;
            case 'k' when _unicode || _pattern.Contains("(?<", StringComparison.Ordinal):
                throw Error("back references are not supported");
            case '0' when !char.IsAsciiDigit(Current):
                _output.Append(@"\u0000");
                return null;
            case >= '1' and <= '9' when !inClass:
                throw Error("back references are not supported");
            default:
                if (_unicode && (char.IsAsciiLetterOrDigit(c) || c == '-' && !inClass))
                    throw Error("Invalid escape");
                Literal(c);
                return null;
        }
    }

    private int? Hex(int count)
    {
        if (_position + count > _pattern.Length || !int.TryParse(_pattern.AsSpan(_position, count), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            return _unicode ? throw Error("Invalid escape") : null;
        _position += count;
        return value;
    }

    private int? Unicode()
    {
        if (!_unicode || Current != '{')
            return Hex(4);
        var end = _pattern.IndexOf('}', _position);
        if (end < 0 || !int.TryParse(_pattern.AsSpan(_position + 1, end - _position - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value > 0x10ffff)
            throw Error("Invalid Unicode escape");
        _position = end + 1;
        return value;
    }

    private static readonly Dictionary<string, string> s_categories = new()
    {
        ["Letter"] = "L", ["Alphabetic"] = "L", ["Lowercase_Letter"] = "Ll", ["Lowercase"] = "Ll", ["Uppercase_Letter"] = "Lu", ["Uppercase"] = "Lu", ["Titlecase_Letter"] = "Lt",
        ["Modifier_Letter"] = "Lm", ["Other_Letter"] = "Lo", ["Mark"] = "M", ["Number"] = "N", ["Decimal_Number"] = "Nd", ["Letter_Number"] = "Nl", ["Other_Number"] = "No",
        ["Punctuation"] = "P", ["punct"] = "P", ["Symbol"] = "S", ["Currency_Symbol"] = "Sc", ["Math_Symbol"] = "Sm", ["Separator"] = "Z", ["Space_Separator"] = "Zs", ["Other"] = "C",
        ["White_Space"] = "Z",
    };

    private string Category()
    {
        var end = Current == '{' ? _pattern.IndexOf('}', _position) : -1;
        if (end < 0)
            throw Error("Invalid property name");
        var name = _pattern[(_position + 1)..end];
        _position = end + 1;
        name = name[(name.IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (s_categories.TryGetValue(name, out var category))
            return category;
        return name.Length <= 2 && name.All(char.IsAsciiLetter) ? name : throw Error("Invalid property name");
    }

    private void Class()
    {
        _position++;
        var negated = Take("^");
        if (Take("]"))
        {
            _output.Append(negated ? @"[\s\S]" : @"[^\s\S]");
            return;
        }

        _output.Append(negated ? "[^" : "[");
        while (Current != ']')
        {
            if (_position >= _pattern.Length)
                throw Error("Unterminated character class");
            var start = _output.Length;
            var single = ClassAtom();
            if (Current != '-' || _position + 1 >= _pattern.Length || _pattern[_position + 1] == ']')
                continue;
            _position++;
            var lower = _output.ToString(start, _output.Length - start);
            _output.Append('-');
            var middle = _output.Length;
            var other = ClassAtom();
            if (single && other)
            {
                if (Value(lower) > Value(_output.ToString(middle, _output.Length - middle)))
                    throw Error("Range out of order in character class");
                continue;
            }

            if (_unicode)
                throw Error("Invalid character class");
            _output.Insert(middle - 1, '\\');
        }

        _position++;
        _output.Append(']');
    }

    private static int Value(string atom) => atom.Length == 1 ? atom[0] : atom[1] switch
    {
        'u' => Convert.ToInt32(atom[2..], 16),
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'f' => '\f',
        _ => '\v',
    };

    /// <summary>One member of a class; whether it is a single character.</summary>
    private bool ClassAtom()
    {
        if (Current == '\\')
        {
            var set = _position + 1 < _pattern.Length && "dDwWsS".Contains(_pattern[_position + 1]) || _unicode && _position + 1 < _pattern.Length && "pP".Contains(_pattern[_position + 1]);
            Escape(true);
            return !set;
        }

        if (char.IsHighSurrogate(Current) && _unicode)
            throw Error("characters beyond U+FFFF are not supported in a class");
        Literal(Current);
        _position++;
        return true;
    }
}

/// <summary>A regular expression object.</summary>
internal sealed class JsRegex : JsObject
{
    public JsRegex(Realm realm, JsObject prototype, RegexProgram program) : base(prototype)
    {
        realm.Allocate(128);
        Program = program;
        Put("lastIndex", 0.0, PropertyFlags.Writable);
    }

    public RegexProgram Program { get; set; }
    public override string ClassName => "RegExp";
    public bool IsGlobal => Program.Flags.Contains('g');
    public bool IsSticky => Program.Flags.Contains('y');

    /// <summary>The first match at or after a position.</summary>
    public Match? Match(Realm realm, string text, int from)
    {
        realm.Charge(1 + (text.Length - from >> 2));
        var match = Program.Regex.Match(text, from);
        return match.Success && (!IsSticky || match.Index == from) ? match : null;
    }

    /// <summary>RegExpBuiltinExec, up to the match.</summary>
    public Match? Exec(Realm realm, string text)
    {
        var stateful = IsGlobal || IsSticky;
        var last = Operators.ToLength(realm, Get(realm, "lastIndex"));
        var from = stateful ? last : 0;
        var match = from > text.Length ? null : Match(realm, text, (int)from);
        if (match is null)
        {
            if (stateful)
                SetOrThrow(realm, "lastIndex", 0);
            return null;
        }

        if (stateful)
            SetOrThrow(realm, "lastIndex", match.Index + match.Length);
        return match;
    }

    public JsArray Result(Realm realm, string text, Match match)
    {
        var result = new JsArray(realm);
        for (var i = 0; i < Program.Groups.Count; i++)
            result.Add(realm, Group(realm, match, i));
        result.Put("index", match.Index);
        result.Put("input", text);
        result.Put("groups", Groups(realm, match));
        return result;
    }

    public static JsValue Group(Realm realm, Match match, int number) => match.Groups[number] is { Success: true } group ? realm.NewString(group.Value) : default(JsValue);

    public JsValue Groups(Realm realm, Match match)
    {
        if (Program.Groups.All(name => name is null))
            return default;
        var groups = new JsObject(null);
        for (var i = 1; i < Program.Groups.Count; i++)
        {
            if (Program.Groups[i] is { } name)
                groups.Put(name, Group(realm, match, i));
        }

        return groups;
    }
}

/// <summary>RegExp and RegExp.prototype (22.2).</summary>
internal static class RegexBuiltins
{
    private static readonly (string Name, char Flag)[] s_flags =
        [("hasIndices", 'd'), ("global", 'g'), ("ignoreCase", 'i'), ("multiline", 'm'), ("dotAll", 's'), ("unicode", 'u'), ("unicodeSets", 'v'), ("sticky", 'y')];

    public static readonly Definition Definition = new("RegExp", 2, static (realm, _, a) => Create(realm, a, realm.RegexPrototype),
        static (realm, a, target) => Create(realm, a, realm.PrototypeFor(target, realm.RegexPrototype)), new BuiltinTable()
        .Method("exec", 1, static (realm, self, a) =>
        {
            var regex = This(realm, self);
            var text = Operators.ToText(realm, a.At(0));
            return regex.Exec(realm, text) is { } match ? regex.Result(realm, text, match) : JsValue.Null;
        })
        .Method("test", 1, static (realm, self, a) => This(realm, self).Exec(realm, Operators.ToText(realm, a.At(0))) is not null)
        .Method("toString", 0, static (realm, self, _) => self.AsObject is { } o
            ? realm.NewString($"/{Operators.ToText(realm, o.Get(realm, "source"))}/{Operators.ToText(realm, o.Get(realm, "flags"))}")
            : throw realm.TypeError("RegExp.prototype.toString requires that 'this' be an Object"))
        .Method("compile", 2, static (realm, self, a) => { This(realm, self).Program = Compile(realm, a); return self; })
        .Getter("source", static (realm, self, _) => self.Ref is JsRegex regex ? realm.NewString(regex.Program.Source.Replace("/", "\\/", StringComparison.Ordinal).Replace("\\\\/", "\\/", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)) : "(?:)")
        .Getter("flags", static (realm, self, _) =>
        {
            var o = self.AsObject ?? throw realm.TypeError("RegExp.prototype.flags getter called on non-object");
            var flags = new StringBuilder();
            foreach (var (name, flag) in s_flags)
            {
                if (Operators.ToBoolean(o.Get(realm, name)))
                    flags.Append(flag);
            }

            return flags.ToString();
        })
        .Getter("hasIndices", Flag('d')).Getter("global", Flag('g')).Getter("ignoreCase", Flag('i')).Getter("multiline", Flag('m'))
        .Getter("dotAll", Flag('s')).Getter("unicode", Flag('u')).Getter("unicodeSets", Flag('v')).Getter("sticky", Flag('y'))
        .Method(Symbol.Match, 1, static (realm, self, a) => StringBuiltins.Match(realm, This(realm, self), Operators.ToText(realm, a.At(0))))
        .Method(Symbol.MatchAll, 1, static (realm, self, a) => StringBuiltins.MatchAll(realm, This(realm, self), Operators.ToText(realm, a.At(0))))
        .Method(Symbol.Replace, 2, static (realm, self, a) => StringBuiltins.ReplaceRegex(realm, Operators.ToText(realm, a.At(0)), This(realm, self), a.At(1)))
        .Method(Symbol.Search, 1, static (realm, self, a) => This(realm, self).Match(realm, Operators.ToText(realm, a.At(0)), 0)?.Index ?? -1)
        .Method(Symbol.Split, 2, static (realm, self, a) => StringBuiltins.SplitRegex(realm, Operators.ToText(realm, a.At(0)), This(realm, self), a.At(1))),
        new BuiltinTable().Getter(Symbol.Species, static (_, self, _) => self));

    private static NativeCode Flag(char flag) => (realm, self, _) => self.Ref is JsRegex regex ? regex.Program.Flags.Contains(flag)
        : ReferenceEquals(self.Ref, realm.RegexPrototype) ? default(JsValue) : throw realm.TypeError("RegExp.prototype getter called on non-RegExp object");

    private static JsRegex This(Realm realm, JsValue self) => self.Ref as JsRegex ?? throw realm.TypeError("Receiver is not a RegExp");

    private static JsRegex Create(Realm realm, ReadOnlySpan<JsValue> a, JsObject prototype) => new(realm, prototype, Compile(realm, a));

    public static RegexProgram Compile(Realm realm, ReadOnlySpan<JsValue> a)
    {
        if (a.At(0).Ref is JsRegex other && a.At(1).IsUndefined)
            return other.Program;
        var pattern = a.At(0).Ref is JsRegex source ? source.Program.Source : a.At(0).IsUndefined ? "" : Operators.ToText(realm, a.At(0));
        var flags = a.At(1).IsUndefined ? "" : Operators.ToText(realm, a.At(1));
        realm.Charge(2000 + 20L * pattern.Length);
        realm.Allocate(20_000);
        try
        {
            return RegexProgram.Compile(pattern, flags);
        }
        catch (RegexSyntaxException error)
        {
            throw realm.SyntaxError(error.Message);
        }
    }
}
