using System.Globalization;
using System.Numerics;
using System.Text;
using Fluid;
using Fluid.Values;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>
/// Fluid's filters with bounds on what they cost, and those that are not Fluid's: Elsa's own <c>base64</c> and <c>keys</c>, those that Elsa's version of
/// Fluid had differently, and those whose arguments could ask for a text of any length. Texts are formatted by the invariant culture, times by UTC.
/// </summary>
internal static class LiquidFilters
{
    // More is no date, and no format for one.
    private const int MaxFormat = 200;

    public static TemplateOptions Options()
    {
        var options = new TemplateOptions
        {
            ModelNamesComparer = StringComparer.Ordinal,
            CultureInfo = CultureInfo.InvariantCulture,
            TimeZone = TimeZoneInfo.Utc,
            FileProvider = null,
        };
        var date = Found(options, "date");
        Add("base64", static (input, _) => input.IsNil() ? input : Text(Convert.ToBase64String(Encoding.UTF8.GetBytes(Printed(input)))));
        Add(
            "keys",
            static (input, _) => LiquidRun.Unwrap(input) is OrderedDictionary<string, object?> x ? List(x.Keys) : throw Bad("'keys' works on objects only")
        );
        Add("json", static (input, _) => Text(Encoding.UTF8.GetString(WorkflowData.ToUtf8(LiquidRun.Unwrap(input)))));
        Add("capitalize", static (input, _) => Text(Capitalize(input.ToStringValue())));
        Add("format_number", static (input, x) => x.At(0).IsNil() ? x.At(0) : Text(Format(input.ToNumberValue(), x.At(0))));
        Add("format_string", static (input, x) => input.IsNil() ? input : Text(FormatString(input.ToStringValue(), x)));
        Filter("format_date", static (input, x, run) => x.At(0).IsNil() || Time(input, run) is not { } time ? NilValue.Instance : Text(Format(time, x.At(0))));
        Filter(
            "time_zone",
            static (input, x, run) => x.At(0).IsNil() || Time(input, run) is not { } time ? NilValue.Instance : new DateTimeValue(InZone(time, x.At(0)))
        );
        options.Filters.AddFilter(
            "date",
            async (input, x, run) => Time(input, run) is null ? NilValue.Instance : await date(input, new FilterArguments(CheckDateFormat(x.At(0))), run)
        );

        foreach (var (name, filter) in options.Filters.ToList())
            options.Filters.AddFilter(name, Bounded(name, filter));

        return options;

        void Add(string name, Func<FluidValue, FilterArguments, FluidValue> filter) => options.Filters.AddFilter(name, (input, x, _) => filter(input, x));

        void Filter(string name, Func<FluidValue, FilterArguments, TemplateContext, FluidValue> filter) =>
            options.Filters.AddFilter(name, (input, x, run) => filter(input, x, run));
    }

    private static FilterDelegate Found(TemplateOptions options, string name) =>
        options.Filters.TryGetValue(name, out var filter) ? filter : throw new InvalidOperationException($"Fluid has no filter '{name}'.");

    /// <summary>Charges the steps for reading a filter's input, refuses it if its result could be too large, and charges the result.</summary>
    private static FilterDelegate Bounded(string name, FilterDelegate filter)
    {
        if (name is "size" or "first" or "last" or "default")
            return filter;

        return async (input, arguments, context) =>
        {
            var run = (LiquidRun)context;
            var size = run.Weigh(input);
            var given = 0L;

            for (var i = 0; i < arguments.Count; i++)
                given += run.Weigh(arguments.At(i));

            run.CheckLength(size);
            var count = (input as ArrayValue)?.Values.Count ?? 0;
            run.Step(Search(name, size, count, arguments));
            run.Require(Bytes(name, size, given, count, input, arguments));
            var result = await filter(input, arguments, context);

            if (ReferenceEquals(result, input))
                return result;

            if (result is ArrayValue list)
            {
                // Pieces of a text are new, items of a list are not.
                run.Take((count > 0 ? 16L : 96L) * list.Values.Count + 2 * (count > 0 ? 0 : size));
            }
            else if (result is StringValue text)
            {
                run.CheckLength(text.ToStringValue().Length);
                run.Take(2L * text.ToStringValue().Length);

                // Later versions of Fluid leave this unchanged after a filter; Elsa's version encodes it.
                if (!text.Encode && name is not ("raw" or "find"))
                    return new StringValue(text.ToStringValue());
            }

            return result;
        };
    }

    /// <summary>Steps on top of going through everything once.</summary>
    private static long Search(string name, long size, int count, FilterArguments arguments) =>
        name switch
        {
            "replace" or "replace_first" or "replace_last" or "remove" or "remove_first" or "remove_last" or "split" => size
                * arguments.At(0).ToStringValue().Length
                >> 10,
            "sort" or "sort_natural" => size * BitOperations.Log2((uint)count + 1) >> 3,

            // Numbers can be chosen to have the same hash code.
            "uniq" => size * count >> 7,
            _ => 0,
        };

    /// <summary>Most bytes a filter can need for its result and on the way there.</summary>
    private static long Bytes(string name, long size, long given, int count, FluidValue input, FilterArguments arguments) =>
        name switch
        {
            "escape" or "escape_once" or "url_encode" or "json" or "newline_to_br" => 24 * size,
            "base64" or "base64_encode" or "base64_url_safe_encode" or "truncatewords" => 16 * size,
            "replace" => 2 * (size + size / Math.Max(1, arguments.At(0).ToStringValue().Length) * arguments.At(1).ToStringValue().Length),
            "join" => 2 * (size + count * given),
            "split" when arguments.At(0).ToStringValue() is { Length: > 0 } separator => 96L * input.ToStringValue().AsSpan().Count(separator) + 4 * size,
            "split" or "reverse" when count == 0 => 96 * size,
            "format_string" => 2 * (size + size * given / 3),
            _ => 2 * (size + given),
        };

    private static StringValue Text(string text) => new(text);

    private static ArrayValue List(IEnumerable<string> texts) => new([.. texts.Select(FluidValue (x) => Text(x))]);

    private static string Printed(FluidValue value) =>
        value switch
        {
            BooleanValue => value.ToBooleanValue() ? "True" : "False",
            ArrayValue or DictionaryValue or DateTimeValue => Encoding.UTF8.GetString(WorkflowData.ToUtf8(LiquidRun.Unwrap(value))),
            _ => value.ToStringValue(),
        };

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

    /// <summary>A value by a .NET format. A precision of more than two digits is refused: it would build a text of any length.</summary>
    private static string Format(IFormattable value, FluidValue format)
    {
        var text = format.ToStringValue();
        var isWide = text.Length > 3 && char.IsAsciiLetter(text[0]) && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;
        return text.Length <= MaxFormat && !isWide
            ? value.ToString(text, CultureInfo.InvariantCulture)
            : throw Bad($"'{Beginning(text)}' is not a format for {value.ToString(null, CultureInfo.InvariantCulture)}");
    }

    /// <summary>A format of <c>date</c>. A width of more than two digits is refused for the same reason.</summary>
    private static FluidValue CheckDateFormat(FluidValue format)
    {
        var text = format.ToStringValue();
        var isTooLong = text.Length > MaxFormat;

        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0 && i < text.Length && !isTooLong; i++)
        {
            for (var digits = 0; text[i] == '%' && i + 1 < text.Length && (char.IsDigit(text[i + 1]) || text[i + 1] is '-' or '_' or '^' or ':'); )
            {
                digits += char.IsDigit(text[i + 1]) ? 1 : 0;
                isTooLong |= digits > 2;
                text = text.Remove(i + 1, 1);
            }
        }

        return isTooLong ? throw Bad($"'{Beginning(text)}' asks for a text that is too long") : format;
    }

    private static string Beginning(string text) => text.Length > 50 ? text[..50] + "…" : text;

    /// <summary>The input is the format: <c>{0}</c>, <c>{1:N2}</c>, doubled braces stand for themselves. Widths are refused.</summary>
    private static string FormatString(string format, FilterArguments arguments)
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

            if (parts.Length == 0 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= arguments.Count)
                throw Bad($"'{Beginning(format)}' is not a format for {arguments.Count} values");

            var value = arguments.At(index);
            result.Append(parts.Length == 2 && LiquidRun.Unwrap(value) is IFormattable x ? Format(x, Text(parts[1])) : value.ToStringValue());
            i = end;
        }

        return result.ToString();
    }

    private static DateTimeOffset? Time(FluidValue input, TemplateContext context) =>
        input is StringValue && input.ToStringValue().Length > MaxFormat ? null
        : input.TryGetDateTimeInput(context, out var time) ? time
        : null;

    /// <summary>The same instant in another time zone; an unknown zone changes nothing.</summary>
    private static DateTimeOffset InZone(DateTimeOffset time, FluidValue zone) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone.ToStringValue()) is { } known
            ? ZonedDateTime.FromDateTimeOffset(time).WithZone(known).ToDateTimeOffset()
            : time;

    private static ExpressionException Bad(string message) => new(message + ".") { Kind = "FormatError" };
}
