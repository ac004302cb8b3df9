using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Orchestration.Engine.Expressions.JavaScript;

internal sealed class RegexSyntaxException(string message) : Exception(message);

/// <summary>
/// A JavaScript pattern on .NET's non-backtracking engine, whose time is linear in the text whatever the pattern. That engine has no lookaround and no
/// back references; patterns with them run on the backtracking one. A match may take <see cref="MaxMatchTime"/>. Immutable, thread safe.
/// </summary>
internal sealed class RegexProgram
{
    /// <summary>Longest text for a pattern that may backtrack, which remembers where it has been.</summary>
    public const int MaxBacktrackingText = 1 << 20;

    public static readonly TimeSpan MaxMatchTime = TimeSpan.FromSeconds(1);

    private const int MaxPattern = 10_000;
    private const string Pair = @"[\ud800-\udbff][\udc00-\udfff]";
    private const string Digits = "0-9";
    private const string WordCharacters = "a-zA-Z0-9_";
    private const string Blanks = @"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    private readonly string _pattern;
    private readonly bool _unicode;
    private readonly bool _dotAll;
    private readonly bool _multiline;
    private readonly StringBuilder _output = new();
    private readonly List<string?> _names = [null];
    private readonly List<string?> _allNames;
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
        _allNames = CountGroups();
        Alternatives();
        if (_position < pattern.Length)
            throw Error("Unmatched ')'");
        var options = (Backtracks ? RegexOptions.None : RegexOptions.NonBacktracking) | RegexOptions.CultureInvariant;
        if (known.Contains('i'))
            options |= RegexOptions.IgnoreCase;
        try
        {
            Regex = new Regex(_output.ToString(), options, MaxMatchTime);
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

    /// <summary>Whether its time may be more than linear.</summary>
    public bool Backtracks { get; private set; }

    /// <summary>Whether it sees code points, not UTF-16 units.</summary>
    public bool IsUnicode => _unicode;
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

    /// <summary>Names of all groups, as a reference may come before its group.</summary>
    private List<string?> CountGroups()
    {
        var names = new List<string?> { null };
        var inClass = false;
        for (var i = 0; i < _pattern.Length; i++)
        {
            switch (_pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '(' when !inClass:
                    var rest = _pattern.AsSpan(i + 1);
                    if (!rest.StartsWith("?"))
                        names.Add(null);
                    else if (rest.StartsWith("?<") && !rest.StartsWith("?<=") && !rest.StartsWith("?<!") && rest.IndexOf('>') is > 2 and var end)
                        names.Add(rest[2..end].ToString());
                    break;
            }
        }

        return names;
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
                CodePoints(_dotAll ? @"[\s\S]" : @"[^\n\r\u2028\u2029]");
                break;
            case '\\':
                if (Escape() is { } assertion)
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

    /// <summary>A negated set: where the pattern sees code points it takes a pair of surrogates as one.</summary>
    private void CodePoints(string units) => _output.Append(_unicode ? $"(?:{Pair}|{units})" : units);

    private int Bound(string digits) => int.TryParse(digits, CultureInfo.InvariantCulture, out var value) && value <= 1000 ? value : throw Error("Regular expression too large");

    private void Literal(char c)
    {
        if (char.IsAsciiLetterOrDigit(c) || c > 127 && !char.IsWhiteSpace(c))
            _output.Append(c);
        else
            _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
    }

    private static readonly string[] s_assertions = ["?=", "?!", "?<=", "?<!"];

    private void Group()
    {
        _position++;
        if (Array.Find(s_assertions, Take) is { } assertion)
        {
            Backtracks = true;
            _output.Append('(').Append(assertion);
        }
        else if (Take("?:"))
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

    /// <summary>Writes a reference to what a group matched; one that has not matched is empty, unlike in .NET.</summary>
    private void BackReference(int number)
    {
        Backtracks = true;
        _output.Append(CultureInfo.InvariantCulture, $"(?({number})\\k<{number}>)");
    }

    /// <summary>Translates an escape outside of a class. An assertion is returned, anything else is written.</summary>
    private string? Escape()
    {
        _position++;
        if (_position >= _pattern.Length)
            throw Error("\\ at end of pattern");
        var c = _pattern[_position++];
        switch (c)
        {
            case 'b' or 'B':
                return "\\" + c;
            case 'd' or 'w' or 's':
                _output.Append('[').Append(Set(c)).Append(']');
                return null;
            case 'D' or 'W' or 'S':
                CodePoints($"[^{Set(char.ToLowerInvariant(c))}]");
                return null;
            case 'p' or 'P' when _unicode:
                _output.Append('\\').Append(c).Append('{').Append(Category()).Append('}');
                return null;
            case 'k' when _unicode || _allNames.Exists(name => name is not null):
                var end = Current == '<' ? _pattern.IndexOf('>', _position) : -1;
                var group = end < 0 ? -1 : _allNames.IndexOf(_pattern[(_position + 1)..end]);
                if (group < 0)
                    throw Error("Invalid named reference");
                _position = end + 1;
                BackReference(group);
                return null;
            case >= '1' and <= '9':
                var start = _position - 1;
                while (char.IsAsciiDigit(Current))
                    _position++;
                if (int.TryParse(_pattern.AsSpan(start, _position - start), CultureInfo.InvariantCulture, out var number) && number < _allNames.Count)
                {
                    BackReference(number);
                    return null;
                }

                _position = start + 1;
                break;
        }

        var point = Character(c, false);
        if (point <= 0xffff)
            Literal((char)point);
        else
            _output.Append(CultureInfo.InvariantCulture, $"(?:{char.ConvertFromUtf32(point)})");
        return null;
    }

    private static string Set(char kind) => kind switch { 'd' => Digits, 'w' => WordCharacters, _ => Blanks };

    /// <summary>The character that an escape stands for; its letter has been read.</summary>
    private int Character(char c, bool inClass)
    {
        switch (c)
        {
            case 'b' when inClass:
                return '\b';
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'c' when char.IsAsciiLetter(Current):
                return _pattern[_position++] % 32;
            case 'c' when inClass && !_unicode && (char.IsAsciiDigit(Current) || Current == '_'):
                return _pattern[_position++] % 32;
            case 'c' when !_unicode:
                _position--;
                return '\\';
            case 'x' when Hex(2) is { } x:
                return x;
            case 'u' when Unicode() is { } u:
                return u;
            case '0' when !char.IsAsciiDigit(Current):
                return 0;
            case >= '0' and <= '7' when !_unicode:
                var value = c - '0';
                for (var digits = 1; digits < 3 && Current is >= '0' and <= '7' && value * 8 + (Current - '0') <= 255; digits++)
                    value = value * 8 + (_pattern[_position++] - '0');
                return value;
            default:
                if (_unicode && (char.IsAsciiLetterOrDigit(c) || c is '_' || c == '-' && !inClass))
                    throw Error("Invalid escape");
                return c;
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
        {
            var unit = Hex(4);
            if (!_unicode || unit is not (>= 0xd800 and <= 0xdbff) || !Take("\\u"))
                return unit;
            var low = Hex(4);
            if (low is >= 0xdc00 and <= 0xdfff)
                return char.ConvertToUtf32((char)unit, (char)low);
            _position -= 6;
            return unit;
        }

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

        var units = new StringBuilder();
        var beyond = new List<(int From, int To)>();
        while (Current != ']')
        {
            var low = ClassAtom(units, beyond);
            if (Current != '-' || _position + 1 >= _pattern.Length || _pattern[_position + 1] == ']')
            {
                Range(units, beyond, low, low);
                continue;
            }

            _position++;
            var high = ClassAtom(units, beyond);
            if (low is not null && high is not null)
            {
                if (low > high)
                    throw Error("Range out of order in character class");
                Range(units, beyond, low, high);
                continue;
            }

            if (_unicode)
                throw Error("Invalid character class");
            Range(units, beyond, low, low);
            Range(units, beyond, '-', '-');
            Range(units, beyond, high, high);
        }

        _position++;
        if (negated)
        {
            var pairs = Pairs(Complement(beyond));
            _output.Append(_unicode ? $"(?:{pairs}[^{units}{(beyond.Count > 0 ? @"\ud800-\udfff" : "")}])" : $"[^{units}]");
        }
        else if (beyond.Count > 0)
        {
            _output.Append(CultureInfo.InvariantCulture, $"(?:{Pairs(beyond)}{(units.Length == 0 ? @"[^\s\S]" : $"[{units}]")})");
        }
        else
        {
            _output.Append('[').Append(units).Append(']');
        }
    }

    /// <summary>One member of a class: its character, or null for a set, which is written at once.</summary>
    private int? ClassAtom(StringBuilder units, List<(int From, int To)> beyond)
    {
        if (_position >= _pattern.Length)
            throw Error("Unterminated character class");
        var c = _pattern[_position++];
        if (c != '\\')
            return _unicode && char.IsHighSurrogate(c) && char.IsLowSurrogate(Current) ? char.ConvertToUtf32(c, _pattern[_position++]) : c;
        if (_position >= _pattern.Length)
            throw Error("\\ at end of pattern");
        c = _pattern[_position++];
        switch (c)
        {
            case 'd' or 'w' or 's':
                units.Append(Set(c));
                return null;
            case 'D' or 'W' or 'S':
                units.Append(c switch
                {
                    'D' => @"\u0000-/:-\uffff",
                    'W' => @"\u0000-/:-@\[-\^`{-\uffff",
                    _ => @"\u0000-\u0008\u000e-\u001f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\uffff",
                });
                if (_unicode)
                    beyond.Add((0x10000, 0x10ffff));
                return null;
            case 'p' or 'P' when _unicode:
                units.Append('\\').Append(c).Append('{').Append(Category()).Append('}');
                return null;
            default:
                return Character(c, true);
        }
    }

    private static void Range(StringBuilder units, List<(int From, int To)> beyond, int? from, int? to)
    {
        if (from is not { } low || to is not { } high)
            return;
        if (low <= 0xffff)
            units.Append(CultureInfo.InvariantCulture, $"\\u{low:x4}-\\u{Math.Min(high, 0xffff):x4}");
        if (high > 0xffff)
            beyond.Add((Math.Max(low, 0x10000), high));
    }

    private static List<(int From, int To)> Complement(List<(int From, int To)> ranges)
    {
        var result = new List<(int, int)>();
        var next = 0x10000;
        foreach (var (from, to) in ranges.OrderBy(r => r.From))
        {
            if (from > next)
                result.Add((next, from - 1));
            next = Math.Max(next, to + 1);
        }

        if (next <= 0x10ffff)
            result.Add((next, 0x10ffff));
        return result;
    }

    /// <summary>Code points beyond U+FFFF as alternatives of surrogate pairs, each ending in a bar.</summary>
    private static string Pairs(List<(int From, int To)> ranges)
    {
        var result = new StringBuilder();
        foreach (var (from, to) in ranges)
        {
            for (var low = from; low <= to;)
            {
                // As many whole blocks of one high surrogate as fit, else what is left of one.
                var high = (low & 0x3ff) == 0 && (low | 0x3ff) <= to ? (to & 0x3ff) == 0x3ff ? to : (to & ~0x3ff) - 1 : Math.Min(to, low | 0x3ff);
                result.Append(CultureInfo.InvariantCulture, $"[\\u{0xd7c0 + (low >> 10):x4}-\\u{0xd7c0 + (high >> 10):x4}][\\u{0xdc00 + (low & 0x3ff):x4}-\\u{0xdc00 + (high & 0x3ff):x4}]|");
                low = high + 1;
            }
        }

        return result.ToString();
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
        if (Program.Backtracks && text.Length > RegexProgram.MaxBacktrackingText)
            throw new LimitException($"The expression was stopped because a regular expression with lookaround or back references met a text of more than {RegexProgram.MaxBacktrackingText.ToString("N0", CultureInfo.InvariantCulture)} characters");
        try
        {
            var match = Program.Regex.Match(text, from);
            return match.Success && (!IsSticky || match.Index == from) ? match : null;
        }
        catch (RegexMatchTimeoutException)
        {
            throw new LimitException($"The expression was stopped because the regular expression /{Program.Source}/ took more than {RegexProgram.MaxMatchTime.TotalMilliseconds.ToString("N0", CultureInfo.InvariantCulture)} ms");
        }
    }

    /// <summary>Where to look on after a match; an empty one must not be found again.</summary>
    public int After(string text, Match match)
    {
        var end = match.Index + match.Length;
        if (match.Length > 0)
            return end;
        return Program.IsUnicode && end + 1 < text.Length && char.IsSurrogatePair(text[end], text[end + 1]) ? end + 2 : end + 1;
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
        if (Program.Flags.Contains('d'))
            result.Put("indices", Indices(realm, match));
        return result;
    }

    private JsArray Indices(Realm realm, Match match)
    {
        var result = new JsArray(realm);
        var named = Program.Groups.Any(name => name is not null) ? new JsObject(null) : null;
        for (var i = 0; i < Program.Groups.Count; i++)
        {
            JsValue place = match.Groups[i] is { Success: true } group ? new JsArray(realm, [group.Index, group.Index + group.Length]) : default(JsValue);
            result.Add(realm, place);
            if (Program.Groups[i] is { } name)
                named!.Put(name, place);
        }

        result.Put("groups", named);
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
