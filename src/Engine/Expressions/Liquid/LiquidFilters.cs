using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>The filters of Fluid that Elsa switches on (array, string, number, misc), and Elsa's own <c>base64</c> and <c>keys</c>. Texts are formatted by the invariant culture.</summary>
internal static class LiquidFilters
{
    public static object? Apply(LiquidContext context, string name, object? input, object?[] arguments)
    {
        object? Argument(int index) => index < arguments.Length ? arguments[index] : null;
        string Word(int index) => LiquidValue.Text(Argument(index));
        var text = input is List<object?> ? "" : LiquidValue.Text(input);
        context.Step(text.Length >> 4);
        switch (name)
        {
            case "upcase":
                return text.ToUpperInvariant();
            case "downcase":
                return text.ToLowerInvariant();
            case "capitalize":
                return Capitalize(text);
            case "append":
                return context.Check(LiquidValue.Text(input) + Word(0));
            case "prepend":
                return context.Check(Word(0) + LiquidValue.Text(input));
            case "strip":
                return text.Trim();
            case "lstrip":
                return text.TrimStart();
            case "rstrip":
                return text.TrimEnd();
            case "strip_newlines":
                return text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
            case "newline_to_br":
                return context.Check(text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "<br />", StringComparison.Ordinal));
            case "strip_html":
                return StripTags(text);
            case "escape":
                return System.Net.WebUtility.HtmlEncode(text);
            case "escape_once":
                return System.Net.WebUtility.HtmlEncode(System.Net.WebUtility.HtmlDecode(text));
            case "raw":
                return new RawText(LiquidValue.Text(input));
            case "url_encode":
                return System.Net.WebUtility.UrlEncode(text);
            case "url_decode":
                return System.Net.WebUtility.UrlDecode(text);
            case "handleize" or "handle":
                return Handle(text);
            case "remove":
                return Word(0).Length == 0 ? text : text.Replace(Word(0), "", StringComparison.Ordinal);
            case "remove_first":
                return ReplaceOne(text, text.IndexOf(Word(0), StringComparison.Ordinal), Word(0), "");
            case "remove_last":
                return ReplaceOne(text, text.LastIndexOf(Word(0), StringComparison.Ordinal), Word(0), "");
            case "replace":
                if (Word(0).Length == 0)
                    return text;
                context.Step(text.Length / Word(0).Length * (long)(1 + Word(1).Length) >> 2);
                return context.Check(text.Replace(Word(0), Word(1), StringComparison.Ordinal));
            case "replace_first":
                return ReplaceOne(text, text.IndexOf(Word(0), StringComparison.Ordinal), Word(0), Word(1));
            case "replace_last":
                return ReplaceOne(text, text.LastIndexOf(Word(0), StringComparison.Ordinal), Word(0), Word(1));
            case "split":
                return Word(0).Length == 0 ? Letters(text) : text.Split(Word(0), StringSplitOptions.RemoveEmptyEntries).Select(part => (object?)part).ToList();
            case "truncate":
                return Truncate(
                    text,
                    arguments.Length > 0 ? (int)Math.Clamp(LiquidValue.Number(Argument(0)), 0, int.MaxValue) : 50,
                    arguments.Length > 1 ? Word(1) : "..."
                );
            case "truncatewords":
                return TruncateWords(
                    text,
                    arguments.Length > 0 ? (int)Math.Clamp(LiquidValue.Number(Argument(0)), 1, int.MaxValue) : 15,
                    arguments.Length > 1 ? Word(1) : "..."
                );
            case "slice":
                return Slice(input, arguments);
            case "base64":
                return input is null
                    ? null
                    : Convert.ToBase64String(
                        Encoding.UTF8.GetBytes(
                            input switch
                            {
                                bool flag => flag ? "True" : "False",
                                List<object?> or OrderedDictionary<string, object?> or DateTimeOffset => Json(input),
                                _ => text,
                            }
                        )
                    );
            case "json":
                return context.Check(Json(Plain(input)));
            case "keys":
                return input is OrderedDictionary<string, object?> entries
                    ? entries.Keys.Select(key => (object?)key).ToList()
                    : throw new ExpressionException("The filter 'keys' works on objects only.");
            case "base64_encode":
                return Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
            case "base64_decode":
                return FromBase64(text);
            case "base64_url_safe_encode":
                return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
            case "base64_url_safe_decode":
                return Base64Url.IsValid(text) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) : "";
#pragma warning disable CA5350, CA5351 // Checksums that other systems expect, no protection.
            case "md5":
                return text.Length == 0 ? "" : Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
            case "sha1":
                return text.Length == 0 ? "" : Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
            case "hmac_sha1":
                return Argument(0) is null || input is null
                    ? ""
                    : Convert.ToHexStringLower(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Word(0)), Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350, CA5351
            case "hmac_sha256":
                return Argument(0) is null || input is null
                    ? ""
                    : Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Word(0)), Encoding.UTF8.GetBytes(text)));
            case "sha256":
                return text.Length == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            case "format_number":
                return Argument(0) is null ? null : context.Check(Format(LiquidValue.Number(input), Word(0)));
            case "format_date":
                return Argument(0) is null || !TryTime(context, input, out var moment) ? null : context.Check(Format(moment, Word(0)));
            case "format_string":
                return input is null ? null : context.Check(FormatString(context, text, arguments));
            case "time_zone":
                return Argument(0) is null || !TryTime(context, input, out var time) ? null : InZone(time, Word(0));
            case "default":
                return LiquidValue.IsEmpty(input) && !(input is false && Argument(1) is true) ? Argument(0) : input;
            case "date":
                return !TryTime(context, input, out var date) ? null
                    : Argument(0) is null ? date
                    : context.Check(LiquidDate.Format(date, Word(0)));
            case "size":
                return input switch
                {
                    List<object?> items => items.Count,
                    OrderedDictionary<string, object?> members => members.Count,
                    string or RawText => text.Length,
                    _ => null,
                };
            case "at_least":
                return LiquidValue.Number(input) < LiquidValue.Number(Argument(0)) ? Argument(0) : input;
            case "at_most":
                return LiquidValue.Number(input) > LiquidValue.Number(Argument(0)) ? Argument(0) : input;
        }

        return Numeric(name, input, arguments) ?? Listed(context, name, input, arguments);
    }

    private static object? Plain(object? value) => value is RawText raw ? raw.Text : value;

    private static decimal? Numeric(string name, object? input, object?[] arguments)
    {
        var x = LiquidValue.Number(input);
        var y = arguments.Length > 0 ? LiquidValue.Number(arguments[0]) : 0;
        try
        {
            switch (name)
            {
                case "plus":
                    return x + y;
                case "minus":
                    return x - y;
                case "times":
                    return x * y;
                case "divided_by":
                    if (y == 0)
                        throw new ExpressionException("Division by zero.");

                    // By a whole number: rounded down. By one with decimals, even 2.0: not.
                    return y.Scale == 0 ? Math.Floor(x / y) : x / y;
                case "modulo":
                    var divisor = decimal.ToInt32(Math.Round(y));
                    return divisor == 0 ? throw new ExpressionException("Division by zero.") : decimal.ToInt32(Math.Round(x)) % (long)divisor;
                case "abs":
                    return Math.Abs(x);
                case "ceil":
                    return Math.Ceiling(x);
                case "floor":
                    return Math.Floor(x);
                case "round":
                    return Math.Round(x, (int)Math.Clamp(y, 0, 28));
                default:
                    return null;
            }
        }
        catch (OverflowException error)
        {
            throw new ExpressionException("The number is too large.", error) { Kind = "OverflowError" };
        }
    }

    private static object? Listed(LiquidContext context, string name, object? input, object?[] arguments)
    {
        object? Argument(int index) => index < arguments.Length ? arguments[index] : null;
        var items = LiquidValue.List(input);
        context.Step(items.Count);
        var isList = input is List<object?>;
        switch (name)
        {
            case "join":
                return isList ? context.Check(string.Join(LiquidValue.Text(Argument(0)), items.Select(LiquidValue.Text))) : input;
            case "first":
                return input is string first
                    ? first.Length > 0
                        ? first[..1]
                        : null
                    : isList
                        ? items.FirstOrDefault()
                        : null;
            case "last":
                return input is string last
                    ? last.Length > 0
                        ? last[^1..]
                        : null
                    : isList
                        ? items.LastOrDefault()
                        : null;
            case "reverse":
                return input is string text ? Enumerable.Reverse(Letters(text)).ToList()
                    : isList ? Enumerable.Reverse(items).ToList()
                    : input;
            case "compact":
                return items.Where(item => item is not null).ToList();
            case "concat":
                return isList || Argument(0) is List<object?>
                    ? (List<object?>)[.. isList ? items : [input], .. Argument(0) is List<object?> more ? more : [Argument(0)]]
                    : input;
            case "uniq":
                return items.Distinct(Alike.Instance).ToList();
            case "map":
                return isList ? items.ConvertAll(item => Path(context, item, Argument(0))) : input;
            case "sum":
                return Sum(context, items, arguments);
            case "sort" when arguments.Length == 0:
                return items.OrderBy(LiquidValue.Text, StringComparer.Ordinal).ToList();
            case "sort_natural" when arguments.Length == 0:
                return items.OrderBy(LiquidValue.Text, StringComparer.OrdinalIgnoreCase).ToList();
            case "sort" or "sort_natural":
                return items.OrderBy(item => Path(context, item, arguments[0]), Comparer<object?>.Create(ByValue)).ToList();
            case "where":
                return isList ? items.Where(item => Matches(context, item, arguments)).ToList() : input;
            case "reject":
                return isList ? items.Where(item => !Matches(context, item, arguments)).ToList() : input;
            case "find":
                return isList
                    ? Argument(1) is null
                        ? null
                        : items.Find(item => Matches(context, item, arguments))
                    : input;
            case "find_index":
                return !isList ? input
                    : Argument(1) is not null && items.FindIndex(item => Matches(context, item, arguments)) is >= 0 and var index ? index
                    : null;
            case "has":
                return isList ? Argument(1) is not null && items.Exists(item => Matches(context, item, arguments)) : input is not null;
            default:
                return input;
        }
    }

    private static bool Matches(LiquidContext context, object? item, object?[] arguments)
    {
        var value = Path(context, item, arguments.Length > 0 ? arguments[0] : null);
        return arguments.Length > 1 && arguments[1] is not null ? LiquidValue.Same(value, arguments[1]) : LiquidValue.IsTrue(value);
    }

    private static object? Path(LiquidContext context, object? item, object? path)
    {
        foreach (var part in LiquidValue.Text(path).Split('.'))
            item = context.Member(item, part);
        return item;
    }

    private static string ReplaceOne(string text, int position, string what, string with) =>
        position < 0 ? text : string.Concat(text.AsSpan(0, position), with, text.AsSpan(position + what.Length));

    private static string Truncate(string text, int length, string ellipsis) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, Math.Max(0, length - ellipsis.Length)), ellipsis);

    private static string TruncateWords(string text, int count, string ellipsis)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Take(count)) + (words.Length >= count ? ellipsis : "");
    }

    private static List<object?> Letters(string text) => text.Select(c => (object?)c.ToString()).ToList();

    /// <summary>The first letter of every word: after white space, a dash and a full stop.</summary>
    private static string Capitalize(string text) =>
        string.Create(
            text.Length,
            text,
            static (result, from) =>
            {
                for (var i = 0; i < from.Length; i++)
                    result[i] = i == 0 || char.IsWhiteSpace(from[i - 1]) || from[i - 1] is '-' or '.' ? char.ToUpperInvariant(from[i]) : from[i];
            }
        );

    /// <summary>Numbers, and texts that are numbers; lists inside lists too.</summary>
    private static decimal Sum(LiquidContext context, List<object?> items, object?[] arguments) =>
        items.Sum(item =>
            item is List<object?> inner ? Sum(context, inner, arguments) : LiquidValue.Number(arguments.Length > 0 ? Path(context, item, arguments[0]) : item)
        );

    /// <summary>Nothing first, then by value; texts as people order them.</summary>
    private static int ByValue(object? a, object? b)
    {
        if (a is null || b is null)
            return (a is null ? 0 : 1) - (b is null ? 0 : 1);
        if (a is not string || b is not string)
            return LiquidValue.Order(a, b);
        var order = StringComparer.OrdinalIgnoreCase.Compare((string)a, (string)b);
        return order != 0 ? order : -string.CompareOrdinal((string)a, (string)b);
    }

    private static string Json(object? value) => Encoding.UTF8.GetString(WorkflowData.ToUtf8(value));

    private static string StripTags(string text)
    {
        var result = new StringBuilder(text.Length);
        var inside = false;
        foreach (var c in text)
        {
            if (c is '<' or '>')
                inside = c == '<';
            else if (!inside)
                result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>From camel case to lower case with dashes; what is neither letter nor digit falls out.</summary>
    private static string Handle(string text)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var (c, next) = (text[i], i + 1 < text.Length ? text[i + 1] : '\0');
            if (!char.IsLetterOrDigit(c))
                continue;
            if (i == 0 || i == text.Length - 1)
            {
                result.Append(c);
                continue;
            }

            var (isCapital, isNextCapital) = (char.IsAsciiLetterUpper(c), char.IsAsciiLetterUpper(next));
            if (isCapital && !isNextCapital && result.Length > 0 && result[^1] != '-' && !char.IsDigit(next))
                result.Append('-');
            result.Append(c);
            if (isNextCapital && !isCapital && !char.IsDigit(c))
                result.Append('-');
        }

        return result.ToString().ToLowerInvariant();
    }

    private static object? Slice(object? input, object?[] arguments)
    {
        var length = input is List<object?> list ? list.Count : LiquidValue.Text(input).Length;
        var start = (int)Math.Clamp(arguments.Length > 0 ? LiquidValue.Number(arguments[0]) : 0, int.MinValue, int.MaxValue);
        if (start < -length)
            return input is List<object?> ? new List<object?>() : "";
        start = Math.Clamp(start < 0 ? length + start : start, 0, length);
        var count = (int)Math.Clamp(arguments.Length > 1 ? LiquidValue.Number(arguments[1]) : 1, 0, length - start);
        return input is List<object?> items ? items.GetRange(start, count) : LiquidValue.Text(input).Substring(start, count);
    }

    private static string FromBase64(string text)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException error)
        {
            throw new ExpressionException("The text is not base 64.", error) { Kind = "FormatError" };
        }
    }

    /// <summary>A value by a .NET format. A precision of more than two digits is refused: it would build a text of any length.</summary>
    private static string Format(IFormattable value, string format)
    {
        try
        {
            return format.Length > 3 && char.IsAsciiLetter(format[0]) && format.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0
                ? throw new FormatException("The precision is too large.")
                : value.ToString(format, CultureInfo.InvariantCulture);
        }
        catch (FormatException error)
        {
            throw new ExpressionException($"'{format}' is not a format for {value.ToString(null, CultureInfo.InvariantCulture)}.", error)
            {
                Kind = "FormatError",
            };
        }
    }

    /// <summary>The input is the format: <c>{0}</c>, <c>{1:N2}</c>, doubled braces stand for themselves.</summary>
    private static string FormatString(LiquidContext context, string format, object?[] arguments)
    {
        var result = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] is not ('{' or '}') || i + 1 < format.Length && format[i + 1] == format[i] && ++i > 0)
            {
                result.Append(format[i]);
                continue;
            }

            var end = format[i] == '{' ? format.IndexOf('}', i) : -1;
            var parts = end < 0 ? [] : format[(i + 1)..end].Split(':', 2);
            if (parts.Length == 0 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= arguments.Length)
                throw new ExpressionException($"'{format}' is not a format for {arguments.Length} values.") { Kind = "FormatError" };
            result.Append(
                context.Check(
                    parts.Length == 1 ? LiquidValue.Text(arguments[index])
                    : arguments[index] is DateTimeOffset time ? Format(time, parts[1])
                    : LiquidValue.IsNumber(arguments[index]) ? Format(LiquidValue.Number(arguments[index]), parts[1])
                    : LiquidValue.Text(arguments[index])
                )
            );
            i = end;
        }

        return result.ToString();
    }

    /// <summary>The same instant as clocks of a zone show it; a zone nobody knows changes nothing.</summary>
    private static DateTimeOffset InZone(DateTimeOffset time, string zone) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is { } known ? ZonedDateTime.FromDateTimeOffset(time).WithZone(known).ToDateTimeOffset() : time;

    private static bool TryTime(LiquidContext context, object? input, out DateTimeOffset time)
    {
        if (input is DateTimeOffset given)
            time = given;
        else if (input is "now" or "today")
            time = context.Scope.Now.ToDateTimeOffset();
        else if (LiquidValue.IsNumber(input))
            time = DateTimeOffset.FromUnixTimeSeconds((long)Math.Clamp(LiquidValue.Number(input), -62135596800, 253402300799));
        else
            return DateTimeOffset.TryParse(LiquidValue.Text(input), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        return true;
    }

    /// <summary>What counts as the same for <c>uniq</c>: numbers by value, texts by their letters, objects and lists only if they are one.</summary>
    private sealed class Alike : IEqualityComparer<object?>
    {
        public static readonly Alike Instance = new();

        public new bool Equals(object? a, object? b) =>
            a is List<object?> or OrderedDictionary<string, object?>
                ? ReferenceEquals(a, b)
                : b is not (List<object?> or OrderedDictionary<string, object?>) && LiquidValue.Same(a, b);

        public int GetHashCode(object? value) =>
            LiquidValue.IsNumber(value) ? LiquidValue.Number(value).GetHashCode()
            : value is null ? 0
            : LiquidValue.Text(value).GetHashCode(StringComparison.Ordinal);
    }
}
