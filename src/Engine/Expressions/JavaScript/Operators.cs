using System.Globalization;
using System.Numerics;

namespace Orchestration.Engine.Expressions.JavaScript;

internal enum Operator
{
    Add, Subtract, Multiply, Divide, Remainder, Power, And, Or, Xor, ShiftLeft, ShiftRight, ShiftRightUnsigned,
    Equal, NotEqual, StrictEqual, StrictNotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, InstanceOf,
}

/// <summary>The abstract operations of ECMA-262, chapters 7 and 13.</summary>
internal static class Operators
{
    public static bool ToBoolean(JsValue value) => value.Type switch
    {
        JsType.Boolean => value.Boolean,
        JsType.Number => value.Number != 0 && !double.IsNaN(value.Number),
        JsType.String => value.StringLength > 0,
        JsType.BigInt => !value.BigInt.IsZero,
        JsType.Undefined or JsType.Null or JsType.Hole => false,
        _ => true,
    };

    public static JsValue ToPrimitive(Realm realm, JsValue value, string hint = "default")
    {
        if (value.AsObject is not { } target)
            return value;
        var exotic = target.Get(realm, Symbol.ToPrimitive);
        if (!exotic.IsNullish)
        {
            var result = realm.Callable(exotic).Call(realm, value, [hint]);
            return result.IsObject ? throw realm.TypeError("Cannot convert object to primitive value") : result;
        }

        realm.CheckStack();
        for (var i = 0; i < 2; i++)
        {
            if (target.Get(realm, (hint == "string") == (i == 0) ? "toString" : "valueOf").AsFunction is not { } method)
                continue;
            var result = method.Call(realm, value, []);
            if (!result.IsObject)
                return result;
        }

        throw realm.TypeError("Cannot convert object to primitive value");
    }

    public static double ToNumber(Realm realm, JsValue value)
    {
        switch (value.Type)
        {
            case JsType.Number or JsType.Boolean:
                return value.Number;
            case JsType.Undefined or JsType.Hole:
                return double.NaN;
            case JsType.Null:
                return 0;
            case JsType.String:
                return NumberFormat.Parse(realm.Text(value));
            case JsType.Symbol:
                throw realm.TypeError("Cannot convert a Symbol value to a number");
            case JsType.BigInt:
                throw realm.TypeError("Cannot convert a BigInt value to a number");
            default:
                return ToNumber(realm, ToPrimitive(realm, value, "number"));
        }
    }

    /// <summary>A number or BigInt.</summary>
    public static JsValue ToNumeric(Realm realm, JsValue value)
    {
        if (value.IsNumber)
            return value;
        var primitive = ToPrimitive(realm, value, "number");
        return primitive.IsBigInt ? primitive : ToNumber(realm, primitive);
    }

    /// <summary>Truncated; NaN is 0, infinities stay.</summary>
    public static double ToInteger(Realm realm, JsValue value)
    {
        var number = ToNumber(realm, value);
        return double.IsNaN(number) ? 0 : Math.Truncate(number) + 0.0;
    }

    public static int ToInt32(double number)
    {
        var whole = (int)number;
        if (whole == number)
            return whole;
        if (!double.IsFinite(number))
            return 0;
        var rest = Math.Truncate(number) % 4294967296.0;
        return (int)(uint)(long)rest;
    }

    public static int ToInt32(Realm realm, JsValue value) => ToInt32(value.IsNumber ? value.Number : ToNumber(realm, value));

    public static uint ToUInt32(Realm realm, JsValue value) => (uint)ToInt32(realm, value);

    public static double ToLength(Realm realm, JsValue value) => Math.Clamp(ToInteger(realm, value), 0, 9007199254740991.0);

    public static long LengthOf(Realm realm, JsObject target) => target is JsArray array ? array.Length : (long)ToLength(realm, target.Get(realm, "length"));

    /// <summary>The string value of something: text or rope.</summary>
    public static JsValue ToStringValue(Realm realm, JsValue value) => value.IsString ? value : ToText(realm, value);

    public static string ToText(Realm realm, JsValue value)
    {
        switch (value.Type)
        {
            case JsType.String:
                return realm.Text(value);
            case JsType.Symbol:
                throw realm.TypeError("Cannot convert a Symbol value to a string");
            case JsType.BigInt:
                return realm.Format(value.BigInt);
            case JsType.Object:
                return ToText(realm, ToPrimitive(realm, value, "string"));
            default:
                return value.ToString();
        }
    }

    public static PropertyKey ToPropertyKey(Realm realm, JsValue value)
    {
        if (value.Ref is string text)
            return text;
        var primitive = ToPrimitive(realm, value, "string");
        return primitive.IsSymbol ? primitive.Symbol : ToText(realm, primitive);
    }

    public static JsObject ToObject(Realm realm, JsValue value) => value.Type switch
    {
        JsType.Object => value.Object,
        JsType.Undefined or JsType.Null => throw realm.TypeError("Cannot convert undefined or null to object"),
        _ => new JsPrimitive(realm, value),
    };

    public static string TypeOf(JsValue value) => value.Type switch
    {
        JsType.Undefined or JsType.Hole => "undefined",
        JsType.Boolean => "boolean",
        JsType.Number => "number",
        JsType.String => "string",
        JsType.Symbol => "symbol",
        JsType.BigInt => "bigint",
        JsType.Object when value.Ref is JsFunction => "function",
        _ => "object",
    };

    public static bool StrictEquals(Realm realm, JsValue a, JsValue b)
    {
        if (a.IsNumber)
            return b.IsNumber && a.Number == b.Number;
        if (a.IsString && b.IsString)
            return a.StringLength == b.StringLength && (ReferenceEquals(a.Ref, b.Ref) || realm.Text(a) == realm.Text(b));
        return SameNonNumber(a, b);
    }

    private static bool SameNonNumber(JsValue a, JsValue b)
    {
        var type = a.Type;
        return type == b.Type && type switch
        {
            JsType.Boolean => a.Boolean == b.Boolean,
            JsType.BigInt => a.BigInt == b.BigInt,
            JsType.String => a.String == b.String,
            _ => ReferenceEquals(a.Ref, b.Ref),
        };
    }

    public static bool SameValueZero(JsValue a, JsValue b) => a.IsNumber && b.IsNumber ? a.Number.Equals(b.Number) || a.Number == b.Number : SameNonNumber(a, b);

    public static bool SameValue(JsValue a, JsValue b) => a.IsNumber && b.IsNumber
        ? a.Number.Equals(b.Number) && double.IsNegative(a.Number) == double.IsNegative(b.Number) || double.IsNaN(a.Number) && double.IsNaN(b.Number)
        : SameNonNumber(a, b);

    public static bool LooseEquals(Realm realm, JsValue a, JsValue b)
    {
        while (true)
        {
            var x = a.Type;
            var y = b.Type;
            if (x == y)
                return StrictEquals(realm, a, b);
            if (a.IsNullish || b.IsNullish)
                return a.IsNullish && b.IsNullish;
            if (x == JsType.Object)
                a = ToPrimitive(realm, a);
            else if (y == JsType.Object)
                b = ToPrimitive(realm, b);
            else if (x == JsType.Symbol || y == JsType.Symbol)
                return false;
            else if (x == JsType.BigInt || y == JsType.BigInt)
                return BigIntEquals(realm, x == JsType.BigInt ? a : b, x == JsType.BigInt ? b : a);
            else
                return ToNumber(realm, a) == ToNumber(realm, b);
        }
    }

    private static bool BigIntEquals(Realm realm, JsValue big, JsValue other)
    {
        if (other.IsString)
            return NumberFormat.TryParseBigInt(realm.Text(other), out var parsed) && parsed == big.BigInt;
        var number = other.Number;
        return double.IsFinite(number) && Math.Floor(number) == number && new BigInteger(number) == big.BigInt;
    }

    /// <summary>Less-than of the specification; null when a NaN is involved.</summary>
    private static bool? IsLess(Realm realm, JsValue a, JsValue b)
    {
        if (a.IsString && b.IsString)
            return string.CompareOrdinal(realm.Text(a), realm.Text(b)) < 0;
        if (a.IsBigInt && b.IsString)
            return NumberFormat.TryParseBigInt(realm.Text(b), out var y) ? a.BigInt < y : null;
        if (a.IsString && b.IsBigInt)
            return NumberFormat.TryParseBigInt(realm.Text(a), out var x) ? x < b.BigInt : null;
        a = ToNumeric(realm, a);
        b = ToNumeric(realm, b);
        if (a.IsNumber && b.IsNumber)
            return double.IsNaN(a.Number) || double.IsNaN(b.Number) ? null : a.Number < b.Number;
        if (a.IsBigInt && b.IsBigInt)
            return a.BigInt < b.BigInt;
        var number = a.IsNumber ? a.Number : b.Number;
        if (double.IsNaN(number))
            return null;
        if (double.IsInfinity(number))
            return a.IsNumber == number < 0;
        return a.IsNumber ? new BigInteger(Math.Floor(number)) < b.BigInt : a.BigInt < new BigInteger(Math.Ceiling(number));
    }

    public static bool Compare(Realm realm, Operator op, JsValue a, JsValue b)
    {
        if (a.IsNumber && b.IsNumber)
        {
            return op switch
            {
                Operator.Less => a.Number < b.Number,
                Operator.LessOrEqual => a.Number <= b.Number,
                Operator.Greater => a.Number > b.Number,
                _ => a.Number >= b.Number,
            };
        }

        a = ToPrimitive(realm, a, "number");
        b = ToPrimitive(realm, b, "number");
        return op switch
        {
            Operator.Less => IsLess(realm, a, b) == true,
            Operator.LessOrEqual => IsLess(realm, b, a) == false,
            Operator.Greater => IsLess(realm, b, a) == true,
            _ => IsLess(realm, a, b) == false,
        };
    }

    public static JsValue Add(Realm realm, JsValue a, JsValue b)
    {
        if (a.IsNumber && b.IsNumber)
            return a.Number + b.Number;
        a = ToPrimitive(realm, a);
        b = ToPrimitive(realm, b);
        if (a.IsString || b.IsString)
            return Rope.Concat(realm, ToStringValue(realm, a), ToStringValue(realm, b));
        return Arithmetic(realm, Operator.Add, a, b);
    }

    public static JsValue Arithmetic(Realm realm, Operator op, JsValue a, JsValue b)
    {
        a = ToNumeric(realm, a);
        b = ToNumeric(realm, b);
        if (a.IsNumber && b.IsNumber)
            return OnNumbers(op, a.Number, b.Number);
        if (a.IsNumber || b.IsNumber)
            throw realm.TypeError("Cannot mix BigInt and other types, use explicit conversions");
        return OnBigInts(realm, op, a.BigInt, b.BigInt);
    }

    public static double OnNumbers(Operator op, double x, double y) => op switch
    {
        Operator.Add => x + y,
        Operator.Subtract => x - y,
        Operator.Multiply => x * y,
        Operator.Divide => x / y,
        Operator.Remainder => x % y,
        Operator.Power => Power(x, y),
        Operator.And => ToInt32(x) & ToInt32(y),
        Operator.Or => ToInt32(x) | ToInt32(y),
        Operator.Xor => ToInt32(x) ^ ToInt32(y),
        Operator.ShiftLeft => ToInt32(x) << ToInt32(y),
        Operator.ShiftRight => ToInt32(x) >> ToInt32(y),
        _ => (uint)ToInt32(x) >>> ToInt32(y),
    };

    /// <summary>Unlike .NET's, 1 to an infinite power is NaN.</summary>
    public static double Power(double x, double y) =>
        double.IsNaN(y) || Math.Abs(x) == 1 && double.IsInfinity(y) ? double.NaN : Math.Pow(x, y);

    private static BigInteger OnBigInts(Realm realm, Operator op, BigInteger x, BigInteger y)
    {
        realm.Allocate(32 + x.GetByteCount() + y.GetByteCount());
        realm.Charge((long)x.GetByteCount() * y.GetByteCount() >> 8);
        switch (op)
        {
            case Operator.Add: return x + y;
            case Operator.Subtract: return x - y;
            case Operator.Multiply: return x * y;
            case Operator.And: return x & y;
            case Operator.Or: return x | y;
            case Operator.Xor: return x ^ y;
            case Operator.Divide or Operator.Remainder:
                if (y.IsZero)
                    throw realm.RangeError("Division by zero");
                return op == Operator.Divide ? BigInteger.Divide(x, y) : BigInteger.Remainder(x, y);
            case Operator.Power:
                if (y.Sign < 0)
                    throw realm.RangeError("Exponent must be non-negative");
                if (BigInteger.Abs(x) <= 1)
                    return x.IsZero ? (y.IsZero ? 1 : 0) : x.Sign > 0 || y.IsEven ? 1 : -1;
                CheckBits(realm, y * x.GetBitLength());
                return BigInteger.Pow(x, (int)y);
            case Operator.ShiftLeft or Operator.ShiftRight:
                var shift = op == Operator.ShiftLeft ? y : -y;
                if (shift.Sign < 0)
                    return -shift > x.GetBitLength() ? (x.Sign < 0 ? -1 : 0) : x >> (int)-shift;
                if (x.IsZero)
                    return x;
                CheckBits(realm, shift + x.GetBitLength());
                return x << (int)shift;
            default:
                throw realm.TypeError("BigInts have no unsigned right shift, use >> instead");
        }
    }

    private static void CheckBits(Realm realm, BigInteger bits)
    {
        if (bits > 1 << 20)
            throw realm.RangeError("Maximum BigInt size exceeded");
        realm.Charge((long)bits * (long)bits >> 16);
    }

    public static JsValue Binary(Realm realm, Operator op, JsValue a, JsValue b)
    {
        switch (op)
        {
            case Operator.Add:
                return Add(realm, a, b);
            case Operator.Equal:
                return LooseEquals(realm, a, b);
            case Operator.NotEqual:
                return !LooseEquals(realm, a, b);
            case Operator.StrictEqual:
                return StrictEquals(realm, a, b);
            case Operator.StrictNotEqual:
                return !StrictEquals(realm, a, b);
            case Operator.Less or Operator.LessOrEqual or Operator.Greater or Operator.GreaterOrEqual:
                return Compare(realm, op, a, b);
            case Operator.In:
                if (b.AsObject is not { } target)
                    throw realm.TypeError($"Cannot use 'in' operator to search for '{(a.IsSymbol ? a.Symbol.ToString() : ToText(realm, a))}' in {Describe(b)}");
                return target.Has(ToPropertyKey(realm, a));
            case Operator.InstanceOf:
                return InstanceOf(realm, a, b);
            default:
                return a.IsNumber && b.IsNumber ? OnNumbers(op, a.Number, b.Number) : Arithmetic(realm, op, a, b);
        }
    }

    public static bool InstanceOf(Realm realm, JsValue value, JsValue constructor)
    {
        if (constructor.AsObject is not { } target)
            throw realm.TypeError("Right-hand side of 'instanceof' is not an object");
        var custom = target.Get(realm, Symbol.HasInstance);
        if (!custom.IsNullish && !ReferenceEquals(custom.Ref, realm.OrdinaryHasInstance.Ref))
            return ToBoolean(realm.Callable(custom).Call(realm, constructor, [value]));
        if (target is not JsFunction function)
            throw realm.TypeError("Right-hand side of 'instanceof' is not callable");
        return OrdinaryHasInstance(realm, function, value);
    }

    public static bool OrdinaryHasInstance(Realm realm, JsFunction constructor, JsValue value)
    {
        if (constructor is BoundFunction bound)
            return InstanceOf(realm, value, bound.Target);
        if (value.AsObject is not { } instance)
            return false;
        if (constructor.Get(realm, "prototype").AsObject is not { } prototype)
            throw realm.TypeError("Function has non-object prototype in instanceof check");
        for (var p = instance.Prototype; p is not null; p = p.Prototype)
        {
            if (ReferenceEquals(p, prototype))
                return true;
        }

        return false;
    }

    /// <summary>A value as an error message shows it.</summary>
    public static string Describe(JsValue value) => value.Type switch
    {
        JsType.String => value.StringLength <= 40 ? value.String : value.String[..40] + "…",
        JsType.Object => value.Ref is JsFunction ? "function" : value.Object.IsArrayLike ? "[object Array]" : "object",
        JsType.BigInt => value.BigInt.ToString(CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
