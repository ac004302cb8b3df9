using System.Numerics;
using System.Runtime.CompilerServices;

namespace Orchestration.Engine.Expressions.JavaScript;

internal enum JsType { Undefined, Null, Boolean, Number, BigInt, String, Symbol, Object, Hole }

/// <summary>
/// A JavaScript value in 16 bytes: what it refers to says its type, numbers and booleans live in the double, so no number is ever boxed.
/// <c>default</c> is undefined.
/// </summary>
internal readonly struct JsValue
{
    private sealed class Tag(JsType type)
    {
        public readonly JsType Type = type;
    }

    private static readonly Tag s_number = new(JsType.Number);
    private static readonly Tag s_boolean = new(JsType.Boolean);
    private static readonly Tag s_null = new(JsType.Null);
    private static readonly Tag s_hole = new(JsType.Hole);

    private readonly object? _ref;
    private readonly double _number;

    private JsValue(object? reference, double number)
    {
        _ref = reference;
        _number = number;
    }

    public static JsValue Undefined => default;
    public static JsValue Null => new(s_null, 0);
    public static JsValue True => new(s_boolean, 1);
    public static JsValue False => new(s_boolean, 0);
    public static JsValue NaN => new(s_number, double.NaN);

    /// <summary>A missing array element, or a variable before its declaration ran. Never seen by a script.</summary>
    public static JsValue Hole => new(s_hole, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator JsValue(double number) => new(s_number, number);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator JsValue(bool value) => new(s_boolean, value ? 1 : 0);

    public static implicit operator JsValue(string text) => new(text, 0);
    public static implicit operator JsValue(Rope text) => new(text, 0);
    public static implicit operator JsValue(JsObject? value) => value is null ? default : new(value, 0);
    public static implicit operator JsValue(Symbol symbol) => new(symbol, 0);
    public static implicit operator JsValue(BigInteger value) => new(value, 0);

    /// <summary>An accessor or a built-in that has not been made yet, inside a property slot.</summary>
    public static JsValue Internal(object reference) => new(reference, 0);

    public object? Ref => _ref;

    public bool IsUndefined => _ref is null;
    public bool IsNull => ReferenceEquals(_ref, s_null);
    public bool IsNullish => _ref is null || ReferenceEquals(_ref, s_null);
    public bool IsNumber => ReferenceEquals(_ref, s_number);
    public bool IsBoolean => ReferenceEquals(_ref, s_boolean);
    public bool IsHole => ReferenceEquals(_ref, s_hole);
    public bool IsString => _ref is string or Rope;
    public bool IsSymbol => _ref is Symbol;
    public bool IsBigInt => _ref is BigInteger;
    public bool IsObject => _ref is JsObject;
    public bool IsTrue => ReferenceEquals(_ref, s_boolean) && _number != 0;

    public double Number => _number;
    public bool Boolean => _number != 0;
    public BigInteger BigInt => (BigInteger)_ref!;
    public JsObject Object => Unsafe.As<JsObject>(_ref!);
    public Symbol Symbol => (Symbol)_ref!;
    public JsObject? AsObject => _ref as JsObject;
    public JsFunction? AsFunction => _ref as JsFunction;

    /// <summary>The text of a string value.</summary>
    public string String => _ref as string ?? ((Rope)_ref!).ToString();

    public int StringLength => _ref is string text ? text.Length : ((Rope)_ref!).Length;

    public JsValue OrUndefined => IsHole ? default : this;

    public JsType Type => _ref switch
    {
        null => JsType.Undefined,
        Tag tag => tag.Type,
        string or Rope => JsType.String,
        JsObject => JsType.Object,
        JavaScript.Symbol _ => JsType.Symbol,
        _ => JsType.BigInt,
    };

    public override string ToString() => Type switch
    {
        JsType.Number => NumberFormat.ToText(_number),
        JsType.Boolean => Boolean ? "true" : "false",
        JsType.Null => "null",
        JsType.Undefined => "undefined",
        JsType.String => String,
        _ => _ref!.ToString()!,
    };
}

/// <summary>A symbol; identity is the object.</summary>
internal sealed class Symbol(string? description)
{
    /// <summary>Stands for a private name of a class: no script gets hold of it.</summary>
    public bool IsPrivate { get; init; }

    public static readonly Symbol Iterator = new("Symbol.iterator");
    public static readonly Symbol AsyncIterator = new("Symbol.asyncIterator");
    public static readonly Symbol HasInstance = new("Symbol.hasInstance");
    public static readonly Symbol ToPrimitive = new("Symbol.toPrimitive");
    public static readonly Symbol ToStringTag = new("Symbol.toStringTag");
    public static readonly Symbol Species = new("Symbol.species");
    public static readonly Symbol IsConcatSpreadable = new("Symbol.isConcatSpreadable");
    public static readonly Symbol Unscopables = new("Symbol.unscopables");
    public static readonly Symbol Match = new("Symbol.match");
    public static readonly Symbol MatchAll = new("Symbol.matchAll");
    public static readonly Symbol Replace = new("Symbol.replace");
    public static readonly Symbol Search = new("Symbol.search");
    public static readonly Symbol Split = new("Symbol.split");

    public string? Description { get; } = description;

    public override string ToString() => $"Symbol({Description})";
}

/// <summary>A concatenation that is written out when its text is first needed, so that building a string piece by piece stays linear.</summary>
internal sealed class Rope
{
    private object? _left;
    private object? _right;
    private string? _flat;

    private Rope(object left, object right, int length)
    {
        _left = left;
        _right = right;
        Length = length;
    }

    public int Length { get; }

    /// <summary>Joins two string values; short ones at once.</summary>
    public static JsValue Concat(Realm realm, JsValue left, JsValue right)
    {
        var length = (long)left.StringLength + right.StringLength;
        if (left.StringLength == 0)
            return right;
        if (right.StringLength == 0)
            return left;
        realm.CheckStringLength(length);
        if (length < 128)
        {
            realm.Allocate(24 + 2 * length);
            return string.Concat(left.String, right.String);
        }

        // The text itself is paid for here as well: it will be written out at most once per rope.
        realm.Allocate(56 + 2L * Math.Min(left.StringLength, right.StringLength));
        return new Rope(left.Ref!, right.Ref!, (int)length);
    }

    public bool IsFlat => _flat is not null;

    public override string ToString()
    {
        if (_flat is not null)
            return _flat;
        _flat = string.Create(Length, this, static (buffer, rope) =>
        {
            var position = buffer.Length;
            var pending = new Stack<object>();
            pending.Push(rope);
            while (pending.TryPop(out var part))
            {
                if ((part as string ?? ((Rope)part)._flat) is { } text)
                {
                    position -= text.Length;
                    text.CopyTo(buffer[position..]);
                }
                else
                {
                    pending.Push(((Rope)part)._left!);
                    pending.Push(((Rope)part)._right!);
                }
            }
        });
        _left = _right = null;
        return _flat;
    }
}
