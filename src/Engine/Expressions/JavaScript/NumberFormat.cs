using System.Globalization;
using System.Numerics;
using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Numbers to text and back, by the rules of ECMA-262 (6.1.6.1.20, 7.1.4.1, 21.1.3).</summary>
internal static class NumberFormat
{
    public static string ToText(double value)
    {
        if (value == (int)value)
            return ((int)value).ToString(CultureInfo.InvariantCulture);
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "Infinity" : "-Infinity";
        var (digits, exponent) = Shortest(Math.Abs(value));
        var sign = value < 0 ? "-" : "";
        if (exponent is > 0 and <= 21)
            return sign + (digits.Length <= exponent ? digits.PadRight(exponent, '0') : digits[..exponent] + "." + digits[exponent..]);
        if (exponent is > -6 and <= 0)
            return sign + "0." + new string('0', -exponent) + digits;
        return sign + WithExponent(digits, exponent - 1);
    }

    private static string WithExponent(string digits, int exponent) =>
        (digits.Length == 1 ? digits : digits[..1] + "." + digits[1..]) + "e" + (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString(CultureInfo.InvariantCulture);

    /// <summary>Shortest digits d1d2… and exponent e with value = 0.d1d2… × 10^e.</summary>
    private static (string Digits, int Exponent) Shortest(double value)
    {
        var text = value.ToString("E16", CultureInfo.InvariantCulture);
        var round = value.ToString("R", CultureInfo.InvariantCulture);
        var e = round.IndexOf('E', StringComparison.Ordinal);
        var mantissa = e < 0 ? round : round[..e];
        var scale = e < 0 ? 0 : int.Parse(round.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var exponent = (point < 0 ? mantissa.Length : point) + scale;
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return (digits.Length == 0 ? text[..1] : digits, exponent - leading);
    }

    public static double ToDouble(BigInteger value)
    {
        if (BigInteger.Abs(value) <= 1L << 53)
            return (double)(long)value;

        // The framework truncates; parsing decimal text rounds to even.
        return value.GetBitLength() > 1030 ? (value.Sign < 0 ? double.NegativeInfinity : double.PositiveInfinity) : double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    public static string Trim(string text) => text.AsSpan().Trim(WhiteSpace).ToString();

    public const string WhiteSpace = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    /// <summary>StringToNumber: NaN for what is not a number.</summary>
    public static double Parse(string text)
    {
        var trimmed = text.AsSpan().Trim(WhiteSpace);
        if (trimmed.Length == 0)
            return 0;
        if (trimmed.Length > 2 && trimmed[0] == '0' && char.ToLowerInvariant(trimmed[1]) is var prefix and ('x' or 'o' or 'b'))
        {
            var value = BigInteger.Zero;
            var radix = prefix == 'x' ? 16 : prefix == 'o' ? 8 : 2;
            foreach (var c in trimmed[2..])
            {
                var digit = Digit(c);
                if (digit >= radix)
                    return double.NaN;
                value = value * radix + digit;
            }

            return ToDouble(value);
        }

        var unsigned = trimmed[0] is '+' or '-' ? trimmed[1..] : trimmed;
        if (unsigned.SequenceEqual("Infinity"))
            return trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        foreach (var c in trimmed)
        {
            if (!char.IsAsciiDigit(c) && c is not ('+' or '-' or '.' or 'e' or 'E'))
                return double.NaN;
        }

        return double.TryParse(trimmed, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
    }

    public static int Digit(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'z' => c - 'a' + 10,
        >= 'A' and <= 'Z' => c - 'A' + 10,
        _ => 99,
    };

    public static bool TryParseBigInt(string text, out BigInteger value)
    {
        var trimmed = Trim(text);
        value = BigInteger.Zero;
        if (trimmed.Length == 0)
            return true;
        if (trimmed.Length > 2 && trimmed[0] == '0' && char.IsAsciiLetter(trimmed[1]))
        {
            var radix = char.ToLowerInvariant(trimmed[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
            foreach (var c in trimmed.AsSpan(2))
            {
                if (Digit(c) >= radix)
                    return false;
                value = value * radix + Digit(c);
            }

            return true;
        }

        return trimmed.Length <= 100_000 && BigInteger.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    public static string ToRadix(double value, int radix)
    {
        if (radix == 10 || !double.IsFinite(value))
            return ToText(value);
        var negative = value < 0;
        value = Math.Abs(value);
        var whole = new BigInteger(Math.Floor(value));
        var text = ToRadix(whole, radix);
        var fraction = value - Math.Floor(value);
        if (fraction > 0)
        {
            // Digits until the rest is below half a unit in the last place: enough to read the same number back.
            var precision = Math.Max(0.5 * (Math.BitIncrement(value) - value), double.Epsilon);
            var digits = new StringBuilder(text).Append('.');
            do
            {
                fraction *= radix;
                precision *= radix;
                var digit = (int)fraction;
                fraction -= digit;
                if (fraction > 0.5 && fraction + precision > 1 || fraction == 0.5 && (digit & 1) == 1 && precision > 0.5)
                {
                    digit++;
                    fraction = 0;
                    if (digit == radix)
                    {
                        digit = radix - 1;
                    }
                }

                digits.Append("0123456789abcdefghijklmnopqrstuvwxyz"[digit]);
            }
            while (fraction >= precision && digits.Length < 1100);
            text = digits.ToString();
        }

        return negative ? "-" + text : text;
    }

    public static string ToRadix(BigInteger value, int radix)
    {
        if (radix == 10)
            return value.ToString(CultureInfo.InvariantCulture);
        if (value.IsZero)
            return "0";
        var digits = new StringBuilder();
        for (var rest = BigInteger.Abs(value); !rest.IsZero; rest /= radix)
            digits.Insert(0, "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(rest % radix)]);
        return value.Sign < 0 ? "-" + digits : digits.ToString();
    }

    /// <summary>The exact decimal expansion, rounded half up at a digit as the specification's "let n be an integer … pick the larger n".</summary>
    private static BigInteger Scaled(double value, int places)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52 & 0x7ff);
        var mantissa = new BigInteger(bits & 0xfffffffffffffL | (exponent == 0 ? 0 : 1L << 52));
        exponent = Math.Max(exponent, 1) - 1075;
        var numerator = mantissa;
        var denominator = BigInteger.One;
        if (exponent > 0)
            numerator <<= exponent;
        else
            denominator <<= -exponent;
        if (places >= 0)
            numerator *= BigInteger.Pow(10, places);
        else
            denominator *= BigInteger.Pow(10, -places);
        return (2 * numerator + denominator) / (2 * denominator);
    }

    public static string ToFixed(double value, int digits)
    {
        if (!double.IsFinite(value) || Math.Abs(value) >= 1e21)
            return ToText(value);
        var text = Scaled(Math.Abs(value), digits).ToString(CultureInfo.InvariantCulture).PadLeft(digits + 1, '0');
        if (digits > 0)
            text = text[..^digits] + "." + text[^digits..];
        return value < 0 ? "-" + text : text;
    }

    public static string ToExponential(double value, int? digits)
    {
        if (!double.IsFinite(value))
            return ToText(value);
        var sign = value < 0 ? "-" : "";
        if (value == 0)
            return WithExponent("0".PadRight((digits ?? 0) + 1, '0'), 0);
        if (digits is null)
        {
            var (shortest, scale) = Shortest(Math.Abs(value));
            return sign + WithExponent(shortest, scale - 1);
        }

        var (text, exponent) = Precise(Math.Abs(value), digits.Value + 1);
        return sign + WithExponent(text, exponent);
    }

    public static string ToPrecision(double value, int precision)
    {
        if (!double.IsFinite(value))
            return ToText(value);
        var sign = value < 0 ? "-" : "";
        var (text, exponent) = value == 0 ? (new string('0', precision), 0) : Precise(Math.Abs(value), precision);
        if (exponent < -6 || exponent >= precision)
            return sign + WithExponent(text, exponent);
        if (exponent == precision - 1)
            return sign + text;
        return sign + (exponent >= 0 ? text[..(exponent + 1)] + "." + text[(exponent + 1)..] : "0." + new string('0', -exponent - 1) + text);
    }

    private static (string Digits, int Exponent) Precise(double value, int precision)
    {
        var exponent = (int)Math.Floor(Math.Log10(value));
        while (true)
        {
            var text = Scaled(value, precision - 1 - exponent).ToString(CultureInfo.InvariantCulture);
            if (text.Length == precision)
                return (text, exponent);
            exponent += text.Length > precision ? 1 : -1;
        }
    }
}
