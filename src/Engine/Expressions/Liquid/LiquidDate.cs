using System.Globalization;
using System.Text;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>
/// The filter <c>date</c>: Ruby's strftime as Fluid understands it (flags <c>^ - _ :</c>, a width, English names). Weeks are Fluid's: <c>%V</c> counts sevens of days from New Year.
/// </summary>
internal static class LiquidDate
{
    private const int LargestWidth = 100;

    public static string Format(DateTimeOffset time, string format)
    {
        var result = new StringBuilder();
        Write(result, time, format);
        return result.ToString();
    }

    private static void Write(StringBuilder result, DateTimeOffset time, string format)
    {
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }

            var (isUpper, isBare, isSpaced, hasColon, width) = (false, false, false, false, -1);
            for (i++; i < format.Length && (format[i] is '^' or '-' or '_' or ':' || char.IsAsciiDigit(format[i])); i++)
            {
                isUpper |= format[i] == '^';
                isBare |= format[i] == '-';
                isSpaced |= format[i] == '_';
                hasColon |= format[i] == ':';
                if (char.IsAsciiDigit(format[i]))
                    width = Math.Min(Math.Max(width, 0) * 10 + (format[i] - '0'), LargestWidth);
            }

            if (i == format.Length)
                return;
            var part = Part(format[i]);
            result.Append(isUpper ? part.ToUpperInvariant() : part);

            string Number(long value, int usual, bool spaced = false)
            {
                var digits = value.ToString(CultureInfo.InvariantCulture);
                return isBare ? digits.TrimStart('0') : digits.PadLeft(width < 0 ? usual : width, spaced || isSpaced ? ' ' : '0');
            }

            string Part(char directive) =>
                directive switch
                {
                    'a' => Net("ddd"),
                    'A' => Net("dddd"),
                    'b' or 'h' => Net("MMM"),
                    'B' => Net("MMMM"),
                    'c' => Net("F"),
                    'C' => Number(time.Year / 100, 2),
                    'd' => Number(time.Day, 2),
                    'D' => Format(time, "%m/%d/%y"),
                    'e' => Number(time.Day, 2, spaced: true),
                    'F' => Format(time, "%Y-%m-%d"),
                    'g' => Number(WeekYear() % 100, 0),
                    'G' => Number(WeekYear(), 0),
                    'H' => Net("HH"),
                    'I' => Number((time.Hour + 11) % 12 + 1, 2),
                    'j' => Number(time.DayOfYear, 3),
                    'k' => time.Hour.ToString(CultureInfo.InvariantCulture),
                    'l' => Number((time.Hour + 11) % 12 + 1, 2, spaced: true),
                    'L' => Number(time.Millisecond, 3),
                    'm' => Number(time.Month, 2),
                    'M' => Number(time.Minute, 2),
                    'n' => new string('\n', width < 0 ? 1 : width),
                    'N' => Fraction(width < 0 ? 9 : width),
                    'p' => Net("tt"),
                    'P' => Net("tt").ToLowerInvariant(),
                    'r' => Format(time, "%I:%M:%S %p"),
                    'R' => Format(time, "%H:%M"),
                    's' => Number(time.ToUnixTimeSeconds(), 0),
                    'S' => Number(time.Second, 2),
                    't' => new string('\t', width < 0 ? 1 : width),
                    'T' => Format(time, "%H:%M:%S"),
                    'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
                    'U' => Number(Week(DayOfWeek.Sunday), 2),
                    'v' => Format(time, "%e-%b-%Y"),
                    'V' => Number(time.DayOfYear / 7 + 1, 2),
                    'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
                    'W' => Number(Week(DayOfWeek.Monday), 2),
                    'x' => Net("d"),
                    'X' => Net("t"),
                    'y' => Number(time.Year % 100, 2),
                    'Y' => Number(time.Year, 4),
                    'z' => hasColon ? Net("zzz") : Net("zzz").Replace(":", "", StringComparison.Ordinal),
                    'Z' => Net("zzz"),
                    '%' => "%",
                    '+' => Format(time, "%a %b %e %H:%M:%S %Z %Y"),
                    _ => "%" + directive,
                };

            string Fraction(int digits)
            {
                var ticks = (time.Ticks % TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture);
                return ticks.Length >= digits ? ticks[..digits] : ticks.PadRight(digits, '0');
            }
        }

        string Net(string pattern) => time.ToString(pattern, CultureInfo.InvariantCulture);

        int FullWeek(DayOfWeek first) => CultureInfo.InvariantCulture.Calendar.GetWeekOfYear(time.DateTime, CalendarWeekRule.FirstFullWeek, first);

        // Days before the first full week belong to the last one of the year before: week 0.
        int Week(DayOfWeek first) => FullWeek(first) is var week && week >= 52 && time.Month == 1 ? 0 : week;

        int WeekYear() => FullWeek(DayOfWeek.Monday) >= 52 && time.Month == 1 ? time.Year - 1 : time.Year;
    }
}
