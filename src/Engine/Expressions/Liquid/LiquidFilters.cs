using System.Globalization;
using System.Text;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>The standard filters, and Elsa's <c>base64</c>, <c>keys</c> and <c>json</c>.</summary>
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
            case "upcase": return text.ToUpperInvariant();
            case "downcase": return text.ToLowerInvariant();
            case "capitalize": return text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
            case "append": return context.Check(LiquidValue.Text(input) + Word(0));
            case "prepend": return context.Check(Word(0) + LiquidValue.Text(input));
            case "strip": return text.Trim();
            case "lstrip": return text.TrimStart();
            case "rstrip": return text.TrimEnd();
            case "strip_newlines": return text.ReplaceLineEndings("");
            case "newline_to_br": return new RawText(LiquidValue.Encode(text).ReplaceLineEndings("<br />"));
            case "strip_html": return StripTags(text);
            case "escape": return LiquidValue.Encode(text).Replace("&#x27;", "&#39;", StringComparison.Ordinal);
            case "escape_once": return LiquidValue.Encode(System.Net.WebUtility.HtmlDecode(text));
            case "raw": return new RawText(LiquidValue.Text(input));
            case "url_encode": return System.Net.WebUtility.UrlEncode(text);
            case "url_decode": return System.Net.WebUtility.UrlDecode(text);
            case "handleize" or "handle": return Handle(text);
            case "remove": return Word(0).Length == 0 ? text : text.Replace(Word(0), "", StringComparison.Ordinal);
            case "remove_first": return ReplaceOne(text, text.IndexOf(Word(0), StringComparison.Ordinal), Word(0), "");
            case "remove_last": return ReplaceOne(text, text.LastIndexOf(Word(0), StringComparison.Ordinal), Word(0), "");
            case "replace":
                if (Word(0).Length == 0)
                    return text;
                context.Step(text.Length / Word(0).Length * (long)(1 + Word(1).Length) >> 2);
                return context.Check(text.Replace(Word(0), Word(1), StringComparison.Ordinal));
            case "replace_first": return ReplaceOne(text, text.IndexOf(Word(0), StringComparison.Ordinal), Word(0), Word(1));
            case "replace_last": return ReplaceOne(text, text.LastIndexOf(Word(0), StringComparison.Ordinal), Word(0), Word(1));
            case "split": return Word(0).Length == 0 ? text.Select(c => (object?)c.ToString()).ToList() : text.Length == 0 ? [] : text.Split(Word(0)).Select(part => (object?)part).ToList();
            case "truncate": return Truncate(text, arguments.Length > 0 ? (int)Math.Clamp(LiquidValue.Number(Argument(0)), 0, int.MaxValue) : 50, arguments.Length > 1 ? Word(1) : "...");
            case "truncatewords": return TruncateWords(text, arguments.Length > 0 ? (int)Math.Clamp(LiquidValue.Number(Argument(0)), 1, int.MaxValue) : 15, arguments.Length > 1 ? Word(1) : "...");
            case "slice": return Slice(input, arguments);
            case "base64": return input is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(input is List<object?> or OrderedDictionary<string, object?> ? WorkflowData.ToJson(input) : text));
            case "json": return context.Check(WorkflowData.ToJson(Plain(input)));
            case "keys": return input is OrderedDictionary<string, object?> entries ? entries.Keys.Select(key => (object?)key).ToList() : new List<object?>();
            case "default": return LiquidValue.IsEmpty(input) ? Argument(0) : input;
            case "date": return Date(context, input, Word(0));
            case "size": return input switch { List<object?> items => items.Count, OrderedDictionary<string, object?> members => members.Count, null => 0, _ => text.Length };
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
                case "plus": return x + y;
                case "minus": return x - y;
                case "times": return x * y;
                case "divided_by":
                    if (y == 0)
                        throw new ExpressionException("Division by zero.");

                    // Whole numbers divide to a whole number; one with decimals, even 2.0, does not.
                    return x.Scale == 0 && y.Scale == 0 ? Math.Floor(x / y) : x / y;
                case "modulo": return y == 0 ? throw new ExpressionException("Division by zero.") : x % y;
                case "abs": return Math.Abs(x);
                case "ceil": return Math.Ceiling(x);
                case "floor": return Math.Floor(x);
                case "round": return Math.Round(x, (int)Math.Clamp(y, 0, 28), MidpointRounding.AwayFromZero);
                case "at_least": return Math.Max(x, y);
                case "at_most": return Math.Min(x, y);
                default: return null;
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
        switch (name)
        {
            case "join": return context.Check(string.Join(arguments.Length > 0 ? LiquidValue.Text(arguments[0]) : " ", items.Select(LiquidValue.Text)));
            case "first": return input is string first ? first.Length > 0 ? first[..1] : null : items.FirstOrDefault();
            case "last": return input is string last ? last.Length > 0 ? last[^1..] : null : items.LastOrDefault();
            case "reverse": return input is string text ? new string([.. text.Reverse()]) : Enumerable.Reverse(items).ToList();
            case "compact": return items.Where(item => item is not null).ToList();
            case "concat": return items.Concat(LiquidValue.List(Argument(0))).ToList();
            case "uniq": return items.DistinctBy(LiquidValue.Text).ToList();
            case "map": return items.ConvertAll(item => Path(context, item, Argument(0)));
            case "sum": return items.Sum(item => LiquidValue.Number(arguments.Length > 0 ? Path(context, item, arguments[0]) : item));
            case "sort": return items.Order(Comparer<object?>.Create((a, b) => arguments.Length > 0 ? LiquidValue.Order(Path(context, a, arguments[0]), Path(context, b, arguments[0])) : LiquidValue.Order(a, b))).ToList();
            case "sort_natural": return items.OrderBy(item => LiquidValue.Text(arguments.Length > 0 ? Path(context, item, arguments[0]) : item), StringComparer.OrdinalIgnoreCase).ToList();
            case "where": return items.Where(item => Matches(context, item, arguments)).ToList();
            case "reject": return items.Where(item => !Matches(context, item, arguments)).ToList();
            case "find": return items.Find(item => Matches(context, item, arguments));
            case "find_index": return items.FindIndex(item => Matches(context, item, arguments)) is >= 0 and var index ? index : null;
            case "has": return items.Exists(item => Matches(context, item, arguments));
            default: return input;
        }
    }

    private static bool Matches(LiquidContext context, object? item, object?[] arguments)
    {
        var value = Path(context, item, arguments.Length > 0 ? arguments[0] : null);
        return arguments.Length > 1 ? LiquidValue.Same(value, arguments[1]) : LiquidValue.IsTrue(value);
    }

    private static object? Path(LiquidContext context, object? item, object? path)
    {
        foreach (var part in LiquidValue.Text(path).Split('.'))
            item = context.Member(item, part);
        return item;
    }

    private static string ReplaceOne(string text, int position, string what, string with) => position < 0 ? text : string.Concat(text.AsSpan(0, position), with, text.AsSpan(position + what.Length));

    private static string Truncate(string text, int length, string ellipsis) => text.Length <= length ? text : string.Concat(text.AsSpan(0, Math.Max(0, length - ellipsis.Length)), ellipsis);

    private static string TruncateWords(string text, int count, string ellipsis)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words.Length <= count ? text : string.Join(' ', words.Take(count)) + ellipsis;
    }

    private static string StripTags(string text)
    {
        var result = new StringBuilder(text.Length);
        var inside = false;
        foreach (var c in text)
        {
            if (c == '<')
                inside = true;
            else if (c == '>' && inside)
                inside = false;
            else if (!inside)
                result.Append(c);
        }

        return result.ToString();
    }

    private static string Handle(string text)
    {
        var result = new StringBuilder();
        foreach (var c in text.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c))
                result.Append(c);
            else if (result.Length > 0 && result[^1] != '-')
                result.Append('-');
        }

        return result.ToString().TrimEnd('-');
    }

    private static object? Slice(object? input, object?[] arguments)
    {
        var length = input is List<object?> list ? list.Count : LiquidValue.Text(input).Length;
        var start = (int)Math.Clamp(arguments.Length > 0 ? LiquidValue.Number(arguments[0]) : 0, int.MinValue, int.MaxValue);
        start = Math.Clamp(start < 0 ? length + start : start, 0, length);
        var count = (int)Math.Clamp(arguments.Length > 1 ? LiquidValue.Number(arguments[1]) : 1, 0, length - start);
        return input is List<object?> items ? items.GetRange(start, count) : LiquidValue.Text(input).Substring(start, count);
    }

    private static string? Date(LiquidContext context, object? input, string format)
    {
        DateTimeOffset time;
        if (input is DateTimeOffset given)
            time = given;
        else if (input is "now" or "today")
            time = context.Scope.Now.ToDateTimeOffset();
        else if (LiquidValue.IsNumber(input))
            time = DateTimeOffset.FromUnixTimeSeconds((long)Math.Clamp(LiquidValue.Number(input), -62135596800, 253402300799));
        else if (!DateTimeOffset.TryParse(LiquidValue.Text(input), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
            return LiquidValue.Text(input);
        var result = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            var plain = format[i + 1] is '-' or '^' or '_' or '0' && i + 2 < format.Length ? format[++i] : ' ';
            var part = Part(time, format[++i]);
            result.Append(plain == '-' ? part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : plain == '^' ? part.ToUpperInvariant() : part);
        }

        return result.ToString();
    }

    private static string Part(DateTimeOffset time, char part)
    {
        string Net(string format) => time.ToString(format, CultureInfo.InvariantCulture);
        return part switch
        {
            'a' => Net("ddd"),
            'A' => Net("dddd"),
            'b' or 'h' => Net("MMM"),
            'B' => Net("MMMM"),
            'c' => Net("ddd MMM dd HH:mm:ss yyyy"),
            'C' => (time.Year / 100).ToString("00", CultureInfo.InvariantCulture),
            'd' => Net("dd"),
            'D' or 'x' => Net("MM/dd/yy"),
            'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'F' => Net("yyyy-MM-dd"),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'k' => time.Hour.ToString(CultureInfo.InvariantCulture),
            'l' => Net("%h").PadLeft(2),
            'L' => Net("fff"),
            'm' => Net("MM"),
            'M' => Net("mm"),
            'N' => Net("fffffff") + "00",
            'p' => Net("tt"),
            'P' => Net("tt").ToLowerInvariant(),
            'r' => Net("hh:mm:ss tt"),
            'R' => Net("HH:mm"),
            's' => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'S' => Net("ss"),
            'T' or 'X' => Net("HH:mm:ss"),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'V' => ISOWeek.GetWeekOfYear(time.DateTime).ToString("00", CultureInfo.InvariantCulture),
            'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'y' => Net("yy"),
            'Y' => Net("yyyy"),
            'z' => Net("zzz").Replace(":", "", StringComparison.Ordinal),
            'Z' => Net("zzz"),
            '%' => "%",
            _ => "%" + part,
        };
    }
}
