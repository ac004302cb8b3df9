using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>String and String.prototype (22.1).</summary>
internal static class StringBuiltins
{
    public static readonly Definition Definition = new("String", 1,
        static (realm, _, a) => a.Length == 0 ? "" : a[0].IsSymbol ? realm.NewString(a[0].Symbol.ToString()) : Operators.ToStringValue(realm, a[0]),
        static (realm, a, target) => new JsPrimitive(realm, a.Length == 0 ? "" : Operators.ToStringValue(realm, a[0]), realm.PrototypeFor(target, realm.Intrinsic("StringPrototype"))),
        new BuiltinTable().Value("length", 0.0)
        .Method("at", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "at");
            var index = Operators.ToInteger(realm, a.At(0));
            index = index < 0 ? text.Length + index : index;
            return index < 0 || index >= text.Length ? default : realm.Character(text[(int)index]);
        })
        .Method("charAt", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "charAt");
            var index = Operators.ToInteger(realm, a.At(0));
            return index < 0 || index >= text.Length ? "" : realm.Character(text[(int)index]);
        })
        .Method("charCodeAt", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "charCodeAt");
            var index = Operators.ToInteger(realm, a.At(0));
            return index < 0 || index >= text.Length ? double.NaN : text[(int)index];
        })
        .Method("codePointAt", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "codePointAt");
            var index = Operators.ToInteger(realm, a.At(0));
            return index < 0 || index >= text.Length ? default(JsValue) : CodePoint(text, (int)index);
        })
        .Method("concat", 1, static (realm, self, a) =>
        {
            JsValue result = This(realm, self, "concat");
            foreach (var value in a)
                result = Rope.Concat(realm, result, Operators.ToStringValue(realm, value));
            return result;
        })
        .Method("endsWith", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "endsWith");
            var search = Plain(realm, a.At(0), "endsWith");
            var end = a.At(1).IsUndefined ? text.Length : (int)Math.Clamp(Operators.ToInteger(realm, a[1]), 0, text.Length);
            return text.AsSpan(0, end).EndsWith(search);
        })
        .Method("includes", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "includes");
            var search = Plain(realm, a.At(0), "includes");
            return IndexOf(realm, text, search, Operators.ToInteger(realm, a.At(1))) >= 0;
        })
        .Method("indexOf", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "indexOf");
            var search = Operators.ToText(realm, a.At(0));
            return IndexOf(realm, text, search, Operators.ToInteger(realm, a.At(1)));
        })
        .Method("isWellFormed", 0, static (realm, self, _) => WellFormed(realm, This(realm, self, "isWellFormed")) is null)
        .Method("lastIndexOf", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "lastIndexOf");
            var search = Operators.ToText(realm, a.At(0));
            var from = Operators.ToNumber(realm, a.At(1));
            var start = (int)Math.Clamp(double.IsNaN(from) ? text.Length : Math.Truncate(from), 0, text.Length);
            realm.Charge(text.Length >> 3);
            return search.Length > text.Length ? -1 : search.Length == 0 ? Math.Min(start, text.Length)
                : text.AsSpan(0, Math.Min(text.Length, start + search.Length)).LastIndexOf(search, StringComparison.Ordinal);
        })
        .Method("localeCompare", 1, static (realm, self, a) => Collate(This(realm, self, "localeCompare"), Operators.ToText(realm, a.At(0))))
        .Method("match", 1, static (realm, self, a) => Delegate(realm, self, a, Symbol.Match, out var result) ? result : Match(realm, Regex(realm, a.At(0), ""), This(realm, self, "match")))
        .Method("matchAll", 1, static (realm, self, a) =>
        {
            if (a.At(0).Ref is JsRegex { IsGlobal: false })
                throw realm.TypeError("String.prototype.matchAll called with a non-global RegExp argument");
            return Delegate(realm, self, a, Symbol.MatchAll, out var result) ? result : MatchAll(realm, Regex(realm, a.At(0), "g"), This(realm, self, "matchAll"));
        })
        .Method("normalize", 0, static (realm, self, a) =>
        {
            var text = This(realm, self, "normalize");
            realm.Charge(text.Length);
            var form = a.At(0).IsUndefined ? "NFC" : Operators.ToText(realm, a[0]);
            var kind = form switch
            {
                "NFC" => NormalizationForm.FormC,
                "NFD" => NormalizationForm.FormD,
                "NFKC" => NormalizationForm.FormKC,
                "NFKD" => NormalizationForm.FormKD,
                _ => throw realm.RangeError($"The normalization form should be one of NFC, NFD, NFKC, NFKD."),
            };
            return WellFormed(realm, text) is null ? realm.NewString(text.Normalize(kind)) : text;
        })
        .Method("padEnd", 1, static (realm, self, a) => Pad(realm, This(realm, self, "padEnd"), a, false))
        .Method("padStart", 1, static (realm, self, a) => Pad(realm, This(realm, self, "padStart"), a, true))
        .Method("repeat", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "repeat");
            var count = Operators.ToInteger(realm, a.At(0));
            if (count < 0 || double.IsInfinity(count))
                throw realm.RangeError("Invalid count value");
            if (text.Length == 0 || count == 0)
                return "";
            realm.CheckStringLength((long)Math.Min(text.Length * count, long.MaxValue / 2));
            realm.Allocate(24 + 2L * text.Length * (long)count);
            return count == 1 ? text : new StringBuilder().Insert(0, text, (int)count).ToString();
        })
        .Method("replace", 2, static (realm, self, a) => Delegate(realm, self, a, Symbol.Replace, out var result) ? result : Replace(realm, self, a, false))
        .Method("replaceAll", 2, static (realm, self, a) =>
        {
            if (a.At(0).Ref is JsRegex { IsGlobal: false })
                throw realm.TypeError("replaceAll must be called with a global RegExp");
            return Delegate(realm, self, a, Symbol.Replace, out var result) ? result : Replace(realm, self, a, true);
        })
        .Method("search", 1, static (realm, self, a) => Delegate(realm, self, a, Symbol.Search, out var result) ? result : Regex(realm, a.At(0), "").Match(realm, This(realm, self, "search"), 0)?.Index ?? -1)
        .Method("slice", 2, static (realm, self, a) =>
        {
            var text = This(realm, self, "slice");
            var start = Relative(realm, a.At(0), text.Length, 0);
            return Sub(realm, text, start, Math.Max(start, Relative(realm, a.At(1), text.Length, text.Length)));
        })
        .Method("split", 2, static (realm, self, a) => Delegate(realm, self, a, Symbol.Split, out var result) ? result : Split(realm, self, a))
        .Method("startsWith", 1, static (realm, self, a) =>
        {
            var text = This(realm, self, "startsWith");
            var search = Plain(realm, a.At(0), "startsWith");
            return text.AsSpan((int)Math.Clamp(Operators.ToInteger(realm, a.At(1)), 0, text.Length)).StartsWith(search);
        })
        .Method("substr", 2, static (realm, self, a) =>
        {
            var text = This(realm, self, "substr");
            var start = Relative(realm, a.At(0), text.Length, 0);
            var length = a.At(1).IsUndefined ? text.Length - start : Math.Clamp(Operators.ToInteger(realm, a[1]), 0, text.Length - start);
            return Sub(realm, text, start, start + (int)length);
        })
        .Method("substring", 2, static (realm, self, a) =>
        {
            var text = This(realm, self, "substring");
            var start = (int)Math.Clamp(Operators.ToInteger(realm, a.At(0)), 0, text.Length);
            var end = a.At(1).IsUndefined ? text.Length : (int)Math.Clamp(Operators.ToInteger(realm, a[1]), 0, text.Length);
            return Sub(realm, text, Math.Min(start, end), Math.Max(start, end));
        })
        .Method("toLocaleLowerCase", 0, static (realm, self, _) => Lower(realm, This(realm, self, "toLocaleLowerCase")))
        .Method("toLocaleUpperCase", 0, static (realm, self, _) => Upper(realm, This(realm, self, "toLocaleUpperCase")))
        .Method("toLowerCase", 0, static (realm, self, _) => Lower(realm, This(realm, self, "toLowerCase")))
        .Method("toString", 0, static (realm, self, _) => Value(realm, self))
        .Method("toUpperCase", 0, static (realm, self, _) => Upper(realm, This(realm, self, "toUpperCase")))
        .Method("toWellFormed", 0, static (realm, self, _) =>
        {
            var text = This(realm, self, "toWellFormed");
            return WellFormed(realm, text) is { } repaired ? realm.NewString(repaired) : text;
        })
        .Method("trim", 0, static (realm, self, _) => realm.NewString(This(realm, self, "trim").AsSpan().Trim(NumberFormat.WhiteSpace).ToString()))
        .Method("trimEnd", 0, static (realm, self, _) => realm.NewString(This(realm, self, "trimEnd").AsSpan().TrimEnd(NumberFormat.WhiteSpace).ToString()))
        .Method("trimStart", 0, static (realm, self, _) => realm.NewString(This(realm, self, "trimStart").AsSpan().TrimStart(NumberFormat.WhiteSpace).ToString()))
        .Method("valueOf", 0, static (realm, self, _) => Value(realm, self))
        .Method(Symbol.Iterator, 0, static (realm, self, _) => IteratorBuiltins.OverString(realm, This(realm, self, "[Symbol.iterator]"))),
        new BuiltinTable()
        .Method("fromCharCode", 1, static (realm, _, a) =>
        {
            var text = new StringBuilder(a.Length);
            foreach (var code in a)
                text.Append((char)Operators.ToInt32(realm, code));
            return realm.NewString(text.ToString());
        })
        .Method("fromCodePoint", 1, static (realm, _, a) =>
        {
            var text = new StringBuilder(a.Length);
            foreach (var value in a)
            {
                var code = Operators.ToNumber(realm, value);
                if (code != Math.Truncate(code) || code is < 0 or > 0x10ffff)
                    throw realm.RangeError($"Invalid code point {NumberFormat.ToText(code)}");
                if (code > 0xffff)
                    text.Append(char.ConvertFromUtf32((int)code));
                else
                    text.Append((char)code);
            }

            return realm.NewString(text.ToString());
        })
        .Method("raw", 1, static (realm, _, a) =>
        {
            var raw = Operators.ToObject(realm, Operators.ToObject(realm, a.At(0)).Get(realm, "raw"));
            var length = Operators.LengthOf(realm, raw);
            JsValue result = "";
            for (long i = 0; i < length; i++)
            {
                realm.Step();
                result = Rope.Concat(realm, result, Operators.ToText(realm, raw.GetIndex(realm, i)));
                if (i + 1 < length && i + 1 < a.Length)
                    result = Rope.Concat(realm, result, Operators.ToText(realm, a[(int)i + 1]));
            }

            return result;
        }));

    private static string This(Realm realm, JsValue self, string method)
    {
        if (self.IsNullish)
            throw realm.TypeError($"String.prototype.{method} called on null or undefined");
        var text = Operators.ToText(realm, self);
        realm.Charge(text.Length >> 6);
        return text;
    }

    private static JsValue Value(Realm realm, JsValue self) => self.IsString ? self : self.Ref is JsPrimitive { Value: { IsString: true } text } ? text : throw realm.TypeError("String.prototype.valueOf requires that 'this' be a String");

    private static string Plain(Realm realm, JsValue value, string method)
    {
        if (value.AsObject is { } o && (o.Get(realm, Symbol.Match) is { IsUndefined: false } match ? Operators.ToBoolean(match) : o is JsRegex))
            throw realm.TypeError($"First argument to String.prototype.{method} must not be a regular expression");
        return Operators.ToText(realm, value);
    }

    private static int Relative(Realm realm, JsValue value, int length, int missing)
    {
        if (value.IsUndefined)
            return missing;
        var index = Operators.ToInteger(realm, value);
        return (int)(index < 0 ? Math.Max(0, length + index) : Math.Min(index, length));
    }

    private static JsValue Sub(Realm realm, string text, int start, int end) => end <= start ? "" : end - start == 1 ? realm.Character(text[start]) : realm.NewString(text[start..end]);

    private static int CodePoint(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];

    private static int IndexOf(Realm realm, string text, string search, double from)
    {
        var start = (int)Math.Clamp(from, 0, text.Length);
        realm.Charge(text.Length - start >> 3);
        return text.IndexOf(search, start, StringComparison.Ordinal);
    }

    /// <summary>Alphabetical whatever the case, lower case first among equals.</summary>
    private static int Collate(string a, string b)
    {
        var order = string.Compare(a.Normalize(), b.Normalize(), StringComparison.OrdinalIgnoreCase);
        return Math.Sign(order != 0 ? order : -string.CompareOrdinal(a.Normalize(), b.Normalize()));
    }

    /// <summary>Null when every surrogate has its partner; else the text with the lonely ones replaced.</summary>
    private static string? WellFormed(Realm realm, string text)
    {
        realm.Charge(text.Length >> 3);
        StringBuilder? repaired = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else
                (repaired ??= new StringBuilder(text))[i] = '\ufffd';
        }

        return repaired?.ToString();
    }

    private static string Lower(Realm realm, string text)
    {
        realm.Charge(text.Length >> 3);
        return realm.NewString(text.ToLowerInvariant().Replace("İ", "i̇", StringComparison.Ordinal));
    }

    private static readonly Dictionary<char, string> s_upper = new()
    {
        ['ß'] = "SS", ['ŉ'] = "ʼN", ['ǰ'] = "J̌", ['ΐ'] = "Ϊ́", ['ΰ'] = "Ϋ́", ['և'] = "ԵՒ", ['ﬀ'] = "FF", ['ﬁ'] = "FI", ['ﬂ'] = "FL", ['ﬃ'] = "FFI", ['ﬄ'] = "FFL", ['ﬅ'] = "ST", ['ﬆ'] = "ST",
    };

    private static string Upper(Realm realm, string text)
    {
        realm.Charge(text.Length >> 3);
        var upper = text.ToUpperInvariant();
        if (upper.AsSpan().IndexOfAnyExceptInRange('\0', 'Þ') < 0)
            return realm.NewString(upper);
        var result = new StringBuilder(upper.Length);
        foreach (var c in upper)
        {
            if (s_upper.TryGetValue(c, out var many))
                result.Append(many);
            else
                result.Append(c);
        }

        return realm.NewString(result.ToString());
    }

    private static JsValue Pad(Realm realm, string text, ReadOnlySpan<JsValue> a, bool atStart)
    {
        var length = Operators.ToLength(realm, a.At(0));
        var filler = a.At(1).IsUndefined ? " " : Operators.ToText(realm, a[1]);
        if (length <= text.Length || filler.Length == 0)
            return text;
        realm.CheckStringLength((long)length);
        var missing = (int)length - text.Length;
        var pad = string.Create(missing, filler, static (buffer, fill) =>
        {
            for (var i = 0; i < buffer.Length; i++)
                buffer[i] = fill[i % fill.Length];
        });
        return realm.NewString(atStart ? pad + text : text + pad);
    }

    /// <summary>Lets an object with the symbol's method do the work; regular expressions nobody has touched go the direct way.</summary>
    private static bool Delegate(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, Symbol symbol, out JsValue result)
    {
        result = default;
        if (self.IsNullish)
            throw realm.TypeError("String.prototype method called on null or undefined");
        if (a.At(0).AsObject is not { } pattern)
            return false;
        var method = pattern.Get(realm, symbol);
        if (method.IsNullish)
            return false;
        var arguments = a.ToArray();
        arguments[0] = self;
        result = realm.Callable(method).Call(realm, pattern, arguments);
        return true;
    }

    private static JsRegex Regex(Realm realm, JsValue value, string flags) => new(realm, realm.RegexPrototype, RegexBuiltins.Compile(realm, [value, flags]));

    public static JsValue Match(Realm realm, JsRegex regex, string text)
    {
        if (!regex.IsGlobal)
            return regex.Exec(realm, text) is { } found ? regex.Result(realm, text, found) : JsValue.Null;
        var result = new JsArray(realm);
        foreach (var match in AllMatches(realm, regex, text))
            result.Add(realm, realm.NewString(match.Value));
        return result.Length == 0 ? JsValue.Null : result;
    }

    private static IEnumerable<Match> AllMatches(Realm realm, JsRegex regex, string text)
    {
        regex.SetOrThrow(realm, "lastIndex", 0);
        for (var position = 0; position <= text.Length && regex.Match(realm, text, position) is { } match;)
        {
            yield return match;
            position = regex.After(text, match);
        }
    }

    public static JsValue MatchAll(Realm realm, JsRegex regex, string text)
    {
        var copy = new JsRegex(realm, realm.RegexPrototype, regex.Program);
        var position = (int)Math.Min(Operators.ToLength(realm, regex.Get(realm, "lastIndex")), text.Length + 1.0);
        var done = false;
        return IteratorBuiltins.Create(realm, "RegExpStringIteratorPrototype", (Realm r, out JsValue value) =>
        {
            value = default;
            if (done || position > text.Length || copy.Match(r, text, position) is not { } match)
            {
                done = true;
                return false;
            }

            position = copy.After(text, match);
            done = !copy.IsGlobal;
            value = copy.Result(r, text, match);
            return true;
        });
    }

    private static JsValue Replace(Realm realm, JsValue self, ReadOnlySpan<JsValue> a, bool all)
    {
        var text = This(realm, self, "replace");
        var search = Operators.ToText(realm, a.At(0));
        var function = a.At(1).AsFunction;
        var template = function is null ? Operators.ToText(realm, a.At(1)) : "";
        var result = new StringBuilder();
        var last = 0;
        for (var position = IndexOf(realm, text, search, 0); position >= 0;)
        {
            result.Append(text, last, position - last);
            if (function is not null)
                result.Append(Operators.ToText(realm, function.Call(realm, default, [search, position, text])));
            else
                Expand(result, template, text, position, search, [], default, realm);
            realm.CheckStringLength(result.Length);
            last = position + search.Length;
            var next = position + Math.Max(1, search.Length);
            if (!all || next > text.Length)
                break;
            position = IndexOf(realm, text, search, next);
        }

        return realm.NewString(result.Append(text, last, text.Length - last).ToString());
    }

    public static JsValue ReplaceRegex(Realm realm, string text, JsRegex regex, JsValue replacement)
    {
        var function = replacement.AsFunction;
        var template = function is null ? Operators.ToText(realm, replacement) : "";
        var result = new StringBuilder();
        var last = 0;
        var matches = regex.IsGlobal ? AllMatches(realm, regex, text) : regex.Exec(realm, text) is { } single ? [single] : [];
        foreach (var match in matches)
        {
            realm.Step();
            result.Append(text, last, match.Index - last);
            var groups = Enumerable.Range(0, regex.Program.Groups.Count).Select(i => JsRegex.Group(realm, match, i)).ToArray();
            var named = regex.Groups(realm, match);
            if (function is not null)
            {
                JsValue[] arguments = [.. groups, match.Index, text];
                result.Append(Operators.ToText(realm, function.Call(realm, default, named.IsUndefined ? arguments : [.. arguments, named])));
            }
            else
            {
                Expand(result, template, text, match.Index, match.Value, groups, named, realm);
            }

            realm.CheckStringLength(result.Length);
            last = match.Index + match.Length;
        }

        return realm.NewString(result.Append(text, last, text.Length - last).ToString());
    }

    /// <summary>GetSubstitution (22.1.3.19.1).</summary>
    private static void Expand(StringBuilder result, string template, string text, int position, string matched, JsValue[] groups, JsValue named, Realm realm)
    {
        realm.Charge(template.Length >> 3);
        for (var i = 0; i < template.Length; i++)
        {
            var next = template[i] == '$' && i + 1 < template.Length ? template[i + 1] : '\0';
            switch (next)
            {
                case '$':
                    result.Append('$');
                    i++;
                    continue;
                case '&':
                    result.Append(matched);
                    i++;
                    continue;
                case '`':
                    result.Append(text, 0, position);
                    i++;
                    continue;
                case '\'':
                    result.Append(text.AsSpan(position + matched.Length));
                    i++;
                    continue;
                case >= '0' and <= '9':
                    var number = next - '0';
                    var digits = 1;
                    if (i + 2 < template.Length && char.IsAsciiDigit(template[i + 2]) && number * 10 + (template[i + 2] - '0') is > 0 and var two && two < groups.Length)
                        (number, digits) = (two, 2);
                    if (number == 0 || number >= groups.Length)
                        break;
                    if (!groups[number].IsUndefined)
                        result.Append(realm.Text(groups[number]));
                    i += digits;
                    continue;
                case '<' when named.AsObject is { } names:
                    var end = template.IndexOf('>', i);
                    if (end < 0)
                        break;
                    var value = names.Get(realm, template[(i + 2)..end]);
                    if (!value.IsUndefined)
                        result.Append(Operators.ToText(realm, value));
                    i = end;
                    continue;
            }

            result.Append(template[i]);
        }
    }

    private static JsValue Split(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var text = This(realm, self, "split");
        var limit = a.At(1).IsUndefined ? uint.MaxValue : Operators.ToUInt32(realm, a[1]);
        var separator = Operators.ToText(realm, a.At(0));
        var result = new JsArray(realm);
        if (limit == 0)
            return result;
        if (a.At(0).IsUndefined)
        {
            result.Add(realm, text);
            return result;
        }

        if (separator.Length == 0)
        {
            for (var i = 0; i < text.Length && i < limit; i++)
            {
                realm.Step();
                result.Add(realm, realm.Character(text[i]));
            }

            return result;
        }

        var last = 0;
        for (var next = IndexOf(realm, text, separator, 0); next >= 0 && result.Length < limit; next = IndexOf(realm, text, separator, last))
        {
            realm.Step();
            result.Add(realm, Sub(realm, text, last, next));
            last = next + separator.Length;
        }

        if (result.Length < limit)
            result.Add(realm, Sub(realm, text, last, text.Length));
        return result;
    }

    public static JsValue SplitRegex(Realm realm, string text, JsRegex regex, JsValue limitValue)
    {
        var limit = limitValue.IsUndefined ? uint.MaxValue : Operators.ToUInt32(realm, limitValue);
        var result = new JsArray(realm);
        if (limit == 0)
            return result;
        var splitter = new JsRegex(realm, realm.RegexPrototype, regex.Program);
        if (text.Length == 0)
        {
            if (splitter.Match(realm, text, 0) is null)
                result.Add(realm, text);
            return result;
        }

        var last = 0;
        for (var position = 0; position < text.Length;)
        {
            realm.Step();
            var match = splitter.Match(realm, text, position);
            if (match is null && regex.IsSticky)
            {
                position++;
                continue;
            }

            if (match is null || match.Index >= text.Length)
                break;
            var end = match.Index + match.Length;
            if (end == last || match.Length == 0 && match.Index == last)
            {
                position = Math.Max(position, match.Index) + 1;
                continue;
            }

            result.Add(realm, Sub(realm, text, last, match.Index));
            for (var i = 1; i < regex.Program.Groups.Count && result.Length < limit; i++)
                result.Add(realm, JsRegex.Group(realm, match, i));
            if (result.Length >= limit)
                return result;
            last = end;
            position = match.Length == 0 ? end + 1 : end;
        }

        result.Add(realm, Sub(realm, text, last, text.Length));
        return result;
    }
}
