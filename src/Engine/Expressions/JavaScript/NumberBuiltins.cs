using System.Globalization;
using System.Numerics;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Number, BigInt, Boolean, Symbol and Math (20.3, 20.4, 21.1 to 21.3).</summary>
internal static class NumberBuiltins
{
    public static readonly Definition Number = new("Number", 1,
        static (realm, _, a) => ToNumber(realm, a),
        static (realm, a, target) => new JsPrimitive(realm, ToNumber(realm, a), realm.PrototypeFor(target, realm.Intrinsic("NumberPrototype"))),
        new BuiltinTable()
        .Method("toExponential", 1, static (realm, self, a) =>
        {
            var value = This(realm, self);
            var digits = Operators.ToInteger(realm, a.At(0));
            if (double.IsFinite(value) && digits is < 0 or > 100)
                throw realm.RangeError("toExponential() argument must be between 0 and 100");
            return NumberFormat.ToExponential(value, a.At(0).IsUndefined ? null : (int)digits);
        })
        .Method("toFixed", 1, static (realm, self, a) =>
        {
            var value = This(realm, self);
            var digits = Operators.ToInteger(realm, a.At(0));
            if (digits is < 0 or > 100)
                throw realm.RangeError("toFixed() digits argument must be between 0 and 100");
            return NumberFormat.ToFixed(value, (int)digits);
        })
        .Method("toLocaleString", 0, static (realm, self, a) => realm.NewString(Localized(realm, This(realm, self), a.At(1))))
        .Method("toPrecision", 1, static (realm, self, a) =>
        {
            var value = This(realm, self);
            if (a.At(0).IsUndefined)
                return NumberFormat.ToText(value);
            var precision = Operators.ToInteger(realm, a.At(0));
            if (double.IsFinite(value) && precision is < 1 or > 100)
                throw realm.RangeError("toPrecision() argument must be between 1 and 100");
            return NumberFormat.ToPrecision(value, (int)System.Math.Clamp(precision, 1, 100));
        })
        .Method("toString", 1, static (realm, self, a) =>
        {
            var value = This(realm, self);
            var radix = a.At(0).IsUndefined ? 10 : Operators.ToInteger(realm, a.At(0));
            if (radix is < 2 or > 36)
                throw realm.RangeError("toString() radix must be between 2 and 36");
            return realm.NewString(NumberFormat.ToRadix(value, (int)radix));
        })
        .Method("valueOf", 0, static (realm, self, _) => This(realm, self)),
        new BuiltinTable().Value("EPSILON", 2.220446049250313e-16).Value("MAX_SAFE_INTEGER", 9007199254740991.0).Value("MAX_VALUE", double.MaxValue)
        .Value("MIN_SAFE_INTEGER", -9007199254740991.0).Value("MIN_VALUE", double.Epsilon).Value("NaN", double.NaN)
        .Value("NEGATIVE_INFINITY", double.NegativeInfinity).Value("POSITIVE_INFINITY", double.PositiveInfinity)
        .Method("isFinite", 1, static (_, _, a) => a.At(0).IsNumber && double.IsFinite(a[0].Number))
        .Method("isInteger", 1, static (_, _, a) => a.At(0).IsNumber && double.IsInteger(a[0].Number))
        .Method("isNaN", 1, static (_, _, a) => a.At(0).IsNumber && double.IsNaN(a[0].Number))
        .Method("isSafeInteger", 1, static (_, _, a) => a.At(0).IsNumber && double.IsInteger(a[0].Number) && System.Math.Abs(a[0].Number) <= 9007199254740991)
        .Lazy("parseFloat", static realm => realm.Intrinsic("parseFloat")).Lazy("parseInt", static realm => realm.Intrinsic("parseInt")));

    public static readonly Definition Boolean = new("Boolean", 1, static (_, _, a) => Operators.ToBoolean(a.At(0)),
        static (realm, a, target) => new JsPrimitive(realm, Operators.ToBoolean(a.At(0)), realm.PrototypeFor(target, realm.Intrinsic("BooleanPrototype"))),
        new BuiltinTable()
        .Method("toString", 0, static (realm, self, _) => ThisBoolean(realm, self) ? "true" : "false")
        .Method("valueOf", 0, static (realm, self, _) => ThisBoolean(realm, self)));

    public static readonly Definition BigInt = new("BigInt", 1, static (realm, _, a) =>
        {
            var value = Operators.ToPrimitive(realm, a.At(0), "number");
            if (!value.IsNumber)
                return ToBigInt(realm, value);
            return double.IsInteger(value.Number) ? new BigInteger(value.Number)
                : throw realm.RangeError($"The number {NumberFormat.ToText(value.Number)} cannot be converted to a BigInt because it is not an integer");
        },
        null, new BuiltinTable().Tag("BigInt")
        .Method("toLocaleString", 0, static (realm, self, _) => realm.NewString(ThisBigInt(realm, self).ToString("N0", CultureInfo.InvariantCulture)))
        .Method("toString", 0, static (realm, self, a) =>
        {
            var value = ThisBigInt(realm, self);
            var radix = a.At(0).IsUndefined ? 10 : Operators.ToInteger(realm, a.At(0));
            if (radix is < 2 or > 36)
                throw realm.RangeError("toString() radix must be between 2 and 36");
            realm.Charge((long)value.GetByteCount() * value.GetByteCount());
            return realm.NewString(NumberFormat.ToRadix(value, (int)radix));
        })
        .Method("valueOf", 0, static (realm, self, _) => ThisBigInt(realm, self)),
        new BuiltinTable()
        .Method("asIntN", 2, static (realm, _, a) =>
        {
            var bits = Bits(realm, a);
            var value = ToBigInt(realm, a.At(1));
            if (bits > 1 << 20)
                return value;
            var modulus = BigInteger.One << bits;
            var rest = Mod(value, modulus);
            return bits > 0 && rest >= modulus >> 1 ? rest - modulus : rest;
        })
        .Method("asUintN", 2, static (realm, _, a) =>
        {
            var bits = Bits(realm, a);
            var value = ToBigInt(realm, a.At(1));
            if (bits <= 1 << 20)
                return Mod(value, BigInteger.One << bits);
            return value.Sign >= 0 ? value : throw realm.RangeError("Maximum BigInt size exceeded");
        }));

    public static readonly Definition Symbols = new("Symbol", 0, static (realm, _, a) => new Symbol(a.At(0).IsUndefined ? null : Operators.ToText(realm, a[0])), null,
        new BuiltinTable().Tag("Symbol")
        .Getter("description", static (realm, self, _) => ThisSymbol(realm, self).Description is { } text ? text : default(JsValue))
        .Method("toString", 0, static (realm, self, _) => ThisSymbol(realm, self).ToString())
        .Method("valueOf", 0, static (realm, self, _) => ThisSymbol(realm, self))
        .Method(Symbol.ToPrimitive, 1, static (realm, self, _) => ThisSymbol(realm, self), PropertyFlags.Configurable),
        new BuiltinTable().Value("asyncIterator", Symbol.AsyncIterator).Value("hasInstance", Symbol.HasInstance).Value("isConcatSpreadable", Symbol.IsConcatSpreadable)
        .Value("iterator", Symbol.Iterator).Value("match", Symbol.Match).Value("matchAll", Symbol.MatchAll).Value("replace", Symbol.Replace).Value("search", Symbol.Search)
        .Value("species", Symbol.Species).Value("split", Symbol.Split).Value("toPrimitive", Symbol.ToPrimitive).Value("toStringTag", Symbol.ToStringTag).Value("unscopables", Symbol.Unscopables)
        .Method("for", 1, static (realm, _, a) =>
        {
            var key = Operators.ToText(realm, a.At(0));
            realm.Allocate(100);
            return realm.Symbols.TryGetValue(key, out var known) ? known : realm.Symbols[key] = new Symbol(key);
        })
        .Method("keyFor", 1, static (realm, _, a) =>
        {
            if (!a.At(0).IsSymbol)
                throw realm.TypeError($"{Operators.Describe(a.At(0))} is not a symbol");
            var symbol = a[0].Symbol;
            return symbol.Description is { } key && realm.Symbols.TryGetValue(key, out var known) && known == symbol ? key : default(JsValue);
        }));

    private static JsValue ToNumber(Realm realm, ReadOnlySpan<JsValue> a)
    {
        if (a.Length == 0)
            return 0;
        var value = Operators.ToNumeric(realm, a[0]);
        return value.IsNumber ? value : NumberFormat.ToDouble(value.BigInt);
    }

    private static double This(Realm realm, JsValue self) => self.IsNumber ? self.Number
        : self.Ref is JsPrimitive { Value: { IsNumber: true } value } ? value.Number
        : ReferenceEquals(self.Ref, realm.Intrinsic("NumberPrototype")) ? 0 : throw realm.TypeError("Number.prototype.valueOf requires that 'this' be a Number");

    private static bool ThisBoolean(Realm realm, JsValue self) => self.IsBoolean ? self.Boolean
        : self.Ref is JsPrimitive { Value: { IsBoolean: true } value } ? value.Boolean
        : ReferenceEquals(self.Ref, realm.Intrinsic("BooleanPrototype")) ? false : throw realm.TypeError("Boolean.prototype.valueOf requires that 'this' be a Boolean");

    private static BigInteger ThisBigInt(Realm realm, JsValue self) => self.IsBigInt ? self.BigInt
        : self.Ref is JsPrimitive { Value: { IsBigInt: true } value } ? value.BigInt : throw realm.TypeError("BigInt.prototype.valueOf requires that 'this' be a BigInt");

    private static Symbol ThisSymbol(Realm realm, JsValue self) => self.IsSymbol ? self.Symbol
        : self.Ref is JsPrimitive { Value: { IsSymbol: true } value } ? value.Symbol : throw realm.TypeError("Symbol.prototype.valueOf requires that 'this' be a Symbol");

    private static int Bits(Realm realm, ReadOnlySpan<JsValue> a)
    {
        var bits = Operators.ToInteger(realm, a.At(0));
        return bits is < 0 or > 9007199254740991 ? throw realm.RangeError("Invalid value: not (convertible to) a safe integer") : (int)System.Math.Min(bits, int.MaxValue);
    }

    private static BigInteger Mod(BigInteger value, BigInteger modulus)
    {
        var rest = BigInteger.Remainder(value, modulus);
        return rest.Sign < 0 ? rest + modulus : rest;
    }

    private static BigInteger ToBigInt(Realm realm, JsValue value)
    {
        value = Operators.ToPrimitive(realm, value, "number");
        return value.Type switch
        {
            JsType.BigInt => value.BigInt,
            JsType.Boolean => value.Boolean ? BigInteger.One : BigInteger.Zero,
            JsType.String => NumberFormat.TryParseBigInt(realm.Text(value), out var parsed) ? parsed : throw realm.SyntaxError($"Cannot convert {Operators.Describe(value)} to a BigInt"),
            _ => throw realm.TypeError($"Cannot convert {Operators.Describe(value)} to a BigInt"),
        };
    }

    /// <summary>As an en-US browser shows it, with the options that matter in texts for people.</summary>
    private static string Localized(Realm realm, double value, JsValue options)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
        var o = options.AsObject;
        JsValue Option(string name) => o?.Get(realm, name) ?? default;
        var style = Option("style") is { IsUndefined: false } s ? Operators.ToText(realm, s) : "decimal";
        var symbol = "";
        var (minimum, maximum) = style switch { "percent" => (0, 0), "currency" => (2, 2), _ => (0, 3) };
        if (style == "currency")
        {
            var code = Operators.ToText(realm, Option("currency"));
            symbol = code switch { "USD" => "$", "EUR" => "€", "GBP" => "£", "JPY" => "¥", "INR" => "₹", _ => code + "\u00a0" };
            if (code == "JPY")
                (minimum, maximum) = (0, 0);
        }

        if (Option("minimumFractionDigits") is { IsUndefined: false } low)
        {
            minimum = Places(realm, low);
            maximum = System.Math.Max(minimum, maximum);
        }

        if (Option("maximumFractionDigits") is { IsUndefined: false } high)
        {
            maximum = Places(realm, high);
            minimum = System.Math.Min(minimum, maximum);
        }

        var grouping = Option("useGrouping") is { IsUndefined: false } g ? Operators.ToBoolean(g) : true;
        var magnitude = System.Math.Abs(style == "percent" ? value * 100 : value);
        var text = magnitude < 1e21 ? NumberFormat.ToFixed(magnitude, maximum) : magnitude.ToString("F0", CultureInfo.InvariantCulture);
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            var end = text.Length;
            while (end > point + 1 + minimum && text[end - 1] == '0')
                end--;
            text = text[..(end == point + 1 ? point : end)];
        }

        if (grouping)
        {
            var whole = text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? dot : text.Length;
            for (var i = whole - 3; i > 0; i -= 3)
                text = text.Insert(i, ",");
        }

        return (value < 0 || value == 0 && double.IsNegative(value) ? "-" : "") + symbol + text + (style == "percent" ? "%" : "");
    }

    private static int Places(Realm realm, JsValue value)
    {
        var places = Operators.ToInteger(realm, value);
        return places is < 0 or > 100 ? throw realm.RangeError("digits value is out of range.") : (int)places;
    }

    public static JsValue ParseFloat(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var text = Operators.ToText(realm, a.At(0)).AsSpan().TrimStart(NumberFormat.WhiteSpace);
        var end = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        if (text[end..].StartsWith("Infinity"))
            return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        var digits = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            (end, digits) = (end + 1, digits + 1);
        if (end < text.Length && text[end] == '.')
        {
            end++;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
                (end, digits) = (end + 1, digits + 1);
        }

        if (digits == 0)
            return double.NaN;
        if (end < text.Length && text[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            if (exponent < text.Length && text[exponent] is '+' or '-')
                exponent++;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
            {
                end = exponent;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                    end++;
            }
        }

        return double.Parse(text[..end], NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    public static JsValue ParseInt(Realm realm, JsValue self, ReadOnlySpan<JsValue> a)
    {
        var text = Operators.ToText(realm, a.At(0)).AsSpan().TrimStart(NumberFormat.WhiteSpace);
        var radix = Operators.ToInt32(realm, a.At(1));
        var negative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is '+' or '-')
            text = text[1..];
        if (radix is not 0 and (< 2 or > 36))
            return double.NaN;
        if (radix is 0 or 16 && text.Length > 1 && text[0] == '0' && text[1] is 'x' or 'X')
        {
            text = text[2..];
            radix = 16;
        }

        radix = radix == 0 ? 10 : radix;
        var length = 0;
        while (length < text.Length && NumberFormat.Digit(text[length]) < radix)
            length++;
        if (length == 0)
            return double.NaN;
        double value;
        if (radix == 10)
        {
            value = double.Parse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture);
        }
        else if (length <= 10)
        {
            value = 0;
            foreach (var digit in text[..length])
                value = value * radix + NumberFormat.Digit(digit);
        }
        else
        {
            realm.Charge((long)length * length >> 6);
            var exact = BigInteger.Zero;
            foreach (var digit in text[..System.Math.Min(length, 2000)])
                exact = exact * radix + NumberFormat.Digit(digit);
            value = NumberFormat.ToDouble(exact);
        }

        return negative ? -value : value;
    }

    private static NativeCode Of(Func<double, double> function) => (realm, _, a) => function(Operators.ToNumber(realm, a.At(0)));

    private static double Extreme(Realm realm, ReadOnlySpan<JsValue> a, double start, Func<double, double, double> pick)
    {
        var result = start;
        foreach (var value in a)
            result = pick(result, Operators.ToNumber(realm, value));
        return result;
    }

    public static readonly BuiltinTable Math = new BuiltinTable().Tag("Math")
        .Value("E", System.Math.E).Value("LN10", 2.302585092994046).Value("LN2", 0.6931471805599453).Value("LOG10E", 0.4342944819032518).Value("LOG2E", 1.4426950408889634)
        .Value("PI", System.Math.PI).Value("SQRT1_2", 0.7071067811865476).Value("SQRT2", 1.4142135623730951)
        .Method("abs", 1, Of(System.Math.Abs)).Method("acos", 1, Of(System.Math.Acos)).Method("acosh", 1, Of(System.Math.Acosh))
        .Method("asin", 1, Of(System.Math.Asin)).Method("asinh", 1, Of(x => x == 0 ? x : System.Math.Asinh(x))).Method("atan", 1, Of(System.Math.Atan)).Method("atanh", 1, Of(System.Math.Atanh))
        .Method("atan2", 2, static (realm, _, a) => { var y = Operators.ToNumber(realm, a.At(0)); return System.Math.Atan2(y, Operators.ToNumber(realm, a.At(1))); })
        .Method("cbrt", 1, Of(x => System.Math.Cbrt(x) is var root && System.Math.Round(root) is var whole && whole * whole * whole == x ? whole : root)).Method("ceil", 1, Of(System.Math.Ceiling))
        .Method("clz32", 1, static (realm, _, a) => BitOperations.LeadingZeroCount(Operators.ToUInt32(realm, a.At(0))))
        .Method("cos", 1, Of(System.Math.Cos)).Method("cosh", 1, Of(System.Math.Cosh)).Method("exp", 1, Of(System.Math.Exp))
        .Method("expm1", 1, Of(x => System.Math.Abs(x) < 1e-5 ? x + x * x / 2 + x * x * x / 6 : System.Math.Exp(x) - 1))
        .Method("floor", 1, Of(System.Math.Floor)).Method("fround", 1, Of(x => (float)x))
        .Method("hypot", 2, static (realm, _, a) =>
        {
            var values = new double[a.Length];
            for (var i = 0; i < a.Length; i++)
                values[i] = Operators.ToNumber(realm, a[i]);
            if (Array.Exists(values, double.IsInfinity))
                return double.PositiveInfinity;
            var largest = values.Length == 0 ? 0 : values.Max(System.Math.Abs);
            if (double.IsNaN(largest) || Array.Exists(values, double.IsNaN))
                return double.NaN;
            return largest == 0 ? 0 : System.Math.Sqrt(values.Sum(v => v / largest * (v / largest))) * largest;
        })
        .Method("imul", 2, static (realm, _, a) => { var x = Operators.ToInt32(realm, a.At(0)); return unchecked(x * Operators.ToInt32(realm, a.At(1))); })
        .Method("log", 1, Of(System.Math.Log)).Method("log10", 1, Of(System.Math.Log10)).Method("log2", 1, Of(System.Math.Log2))
        .Method("log1p", 1, Of(x => System.Math.Abs(x) < 1e-5 ? x - x * x / 2 + x * x * x / 3 : System.Math.Log(1 + x)))
        .Method("max", 2, static (realm, _, a) => Extreme(realm, a, double.NegativeInfinity, System.Math.Max))
        .Method("min", 2, static (realm, _, a) => Extreme(realm, a, double.PositiveInfinity, System.Math.Min))
        .Method("pow", 2, static (realm, _, a) => { var x = Operators.ToNumber(realm, a.At(0)); return Operators.Power(x, Operators.ToNumber(realm, a.At(1))); })
        .Method("random", 0, static (realm, _, _) => realm.Scope.NextRandom())
        .Method("round", 1, Of(x => System.Math.Abs(x) >= 4503599627370496 || !double.IsFinite(x) || x == 0 ? x : x < 0 && x >= -0.5 ? -0.0 : x > 0 && x < 0.5 ? 0 : System.Math.Floor(x) + (x - System.Math.Floor(x) >= 0.5 ? 1 : 0)))
        .Method("sign", 1, Of(x => double.IsNaN(x) || x == 0 ? x : System.Math.Sign(x)))
        .Method("sin", 1, Of(System.Math.Sin)).Method("sinh", 1, Of(System.Math.Sinh)).Method("sqrt", 1, Of(System.Math.Sqrt)).Method("tan", 1, Of(System.Math.Tan))
        .Method("tanh", 1, Of(System.Math.Tanh)).Method("trunc", 1, Of(System.Math.Truncate));
}
