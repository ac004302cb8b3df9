using System.Globalization;
using System.Text;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>JSON (25.5).</summary>
internal static class JsonBuiltins
{
    public static readonly BuiltinTable Table = new BuiltinTable().Tag("JSON")
        .Method("parse", 2, static (realm, _, a) =>
        {
            var text = Operators.ToText(realm, a.At(0));
            var value = new Reader(realm, text).Read();
            if (a.At(1).AsFunction is not { } reviver)
                return value;
            var root = new JsObject(realm.ObjectPrototype);
            root.Put("", value);
            return Revive(realm, reviver, root, "");
        })
        .Method("stringify", 3, static (realm, _, a) => Stringify(realm, a.At(0), a.At(1), a.At(2)));

    private static JsValue Revive(Realm realm, JsFunction reviver, JsObject holder, PropertyKey key)
    {
        realm.CheckStack();
        realm.Step();
        var value = holder.Get(realm, key);
        if (value.AsObject is { } inner)
        {
            var keys = inner.IsArrayLike
                ? Enumerable.Range(0, (int)Math.Min(Operators.LengthOf(realm, inner), int.MaxValue)).Select(i => PropertyKey.Of(i))
                : inner.OwnKeys().Where(k => !k.IsSymbol && inner.GetOwn(k, out var p) && p.Has(PropertyFlags.Enumerable));
            foreach (var name in keys)
            {
                var changed = Revive(realm, reviver, inner, name);
                if (changed.IsUndefined)
                    inner.Delete(name);
                else
                    inner.DefineOwn(realm, name, PropertyDescriptor.Data(changed));
            }
        }

        return reviver.Call(realm, holder, [key.Value, value]);
    }

    public static JsValue Stringify(Realm realm, JsValue value, JsValue replacer, JsValue space)
    {
        var writer = new Writer(realm, replacer, space);
        var root = new JsObject(realm.ObjectPrototype);
        root.Put("", value);
        return writer.Write("", value, root, 0) ? realm.NewString(writer.Output.ToString()) : default(JsValue);
    }

    public static void Quote(StringBuilder output, string text)
    {
        output.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '"': output.Append("\\\""); break;
                case '\\': output.Append("\\\\"); break;
                case '\b': output.Append("\\b"); break;
                case '\f': output.Append("\\f"); break;
                case '\n': output.Append("\\n"); break;
                case '\r': output.Append("\\r"); break;
                case '\t': output.Append("\\t"); break;
                default:
                    var lonely = char.IsSurrogate(c) && !(char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) && !(char.IsLowSurrogate(c) && i > 0 && char.IsHighSurrogate(text[i - 1]));
                    if (c < ' ' || lonely)
                        output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    else
                        output.Append(c);
                    break;
            }
        }

        output.Append('"');
    }

    private sealed class Writer
    {
        private readonly Realm _realm;
        private readonly JsFunction? _replacer;
        private readonly List<PropertyKey>? _only;
        private readonly string _gap;
        private readonly HashSet<JsObject> _open = new(ReferenceEqualityComparer.Instance);

        public Writer(Realm realm, JsValue replacer, JsValue space)
        {
            _realm = realm;
            _replacer = replacer.AsFunction;
            if (_replacer is null && replacer.AsObject is { IsArrayLike: true } list)
            {
                _only = [];
                var length = Operators.LengthOf(realm, list);
                for (long i = 0; i < length; i++)
                {
                    realm.Step();
                    var item = list.GetIndex(realm, i);
                    if (item.IsString || item.IsNumber || item.Ref is JsPrimitive { Value: { Type: JsType.String or JsType.Number } })
                    {
                        PropertyKey key = Operators.ToText(realm, item);
                        if (!_only.Contains(key))
                            _only.Add(key);
                    }
                }
            }

            if (space.Ref is JsPrimitive { Value: var boxed })
                space = boxed.IsNumber ? Operators.ToNumber(realm, space) : boxed.IsString ? Operators.ToText(realm, space) : space;
            _gap = space.IsNumber ? new string(' ', (int)Math.Clamp(Operators.ToInteger(realm, space), 0, 10)) : space.IsString ? realm.Text(space) is var text && text.Length > 10 ? text[..10] : realm.Text(space) : "";
        }

        public StringBuilder Output { get; } = new();

        public bool Write(PropertyKey key, JsValue value, JsObject holder, int depth)
        {
            _realm.Step();
            _realm.CheckStringLength(Output.Length);
            if (value.IsObject || value.IsBigInt)
            {
                var toJson = _realm.GetMember(value, "toJSON");
                if (toJson.AsFunction is { } method)
                    value = method.Call(_realm, value, [key.Value]);
            }

            if (_replacer is not null)
                value = _replacer.Call(_realm, holder, [key.Value, value]);
            switch (value.Ref)
            {
                case JsPrimitive { Value.IsNumber: true }:
                    value = Operators.ToNumber(_realm, value);
                    break;
                case JsPrimitive { Value.IsString: true }:
                    value = Operators.ToText(_realm, value);
                    break;
                case JsPrimitive { Value: { Type: JsType.Boolean or JsType.BigInt } inner }:
                    value = inner;
                    break;
                case DataValue carried:
                    value = DataText.Of(carried.Value);
                    break;
            }

            switch (value.Type)
            {
                case JsType.Null:
                    Output.Append("null");
                    return true;
                case JsType.Boolean:
                    Output.Append(value.Boolean ? "true" : "false");
                    return true;
                case JsType.Number:
                    Output.Append(double.IsFinite(value.Number) ? NumberFormat.ToText(value.Number) : "null");
                    return true;
                case JsType.String:
                    var text = _realm.Text(value);
                    _realm.Charge(text.Length >> 4);
                    Quote(Output, text);
                    return true;
                case JsType.BigInt:
                    throw _realm.TypeError("Do not know how to serialize a BigInt");
                case JsType.Object when value.Ref is not JsFunction:
                    WriteObject(value.Object, depth);
                    return true;
                default:
                    return false;
            }
        }

        private void WriteObject(JsObject source, int depth)
        {
            _realm.CheckStack();
            if (!_open.Add(source))
                throw _realm.TypeError("Cyclic reference detected.");
            var inner = depth + 1;
            if (source.IsArrayLike)
            {
                Output.Append('[');
                var length = Operators.LengthOf(_realm, source);
                for (long i = 0; i < length; i++)
                {
                    if (i > 0)
                        Output.Append(',');
                    NewLine(inner);
                    if (!Write(PropertyKey.Of(i), source.GetIndex(_realm, i), source, inner))
                        Output.Append("null");
                }

                if (length > 0)
                    NewLine(depth);
                Output.Append(']');
            }
            else
            {
                Output.Append('{');
                var first = true;
                foreach (var key in _only ?? source.OwnKeys())
                {
                    if (key.IsSymbol || _only is null && (!source.GetOwn(key, out var property) || !property.Has(PropertyFlags.Enumerable)))
                        continue;
                    var start = Output.Length;
                    if (!first)
                        Output.Append(',');
                    NewLine(inner);
                    Quote(Output, key.Name);
                    Output.Append(_gap.Length > 0 ? ": " : ":");
                    if (Write(key, source.Get(_realm, key), source, inner))
                        first = false;
                    else
                        Output.Length = start;
                }

                if (!first)
                    NewLine(depth);
                Output.Append('}');
            }

            _open.Remove(source);
        }

        private void NewLine(int depth)
        {
            if (_gap.Length == 0)
                return;
            Output.Append('\n');
            for (var i = 0; i < depth; i++)
                Output.Append(_gap);
        }
    }

    /// <summary>Reads JSON into JavaScript values.</summary>
    public sealed class Reader(Realm realm, string text)
    {
        private int _position;

        public JsValue Read()
        {
            var value = Value();
            Blank();
            return _position == text.Length ? value : throw Unexpected();
        }

        private JsThrow Unexpected() => realm.SyntaxError(_position >= text.Length
            ? $"Unexpected end of JSON input at position {_position.ToString(CultureInfo.InvariantCulture)}"
            : $"Unexpected token '{text[_position]}' in JSON at position {_position.ToString(CultureInfo.InvariantCulture)}");

        private void Blank()
        {
            while (_position < text.Length && text[_position] is ' ' or '\t' or '\n' or '\r')
                _position++;
        }

        private char Peek()
        {
            Blank();
            return _position < text.Length ? text[_position] : '\0';
        }

        private void Expect(char c)
        {
            if (Peek() != c || _position >= text.Length)
                throw Unexpected();
            _position++;
        }

        private JsValue Value()
        {
            realm.CheckStack();
            realm.Step();
            switch (Peek())
            {
                case '{':
                    _position++;
                    realm.Allocate(64);
                    var result = new JsObject(realm.ObjectPrototype);
                    while (Peek() != '}')
                    {
                        if (Peek() != '"')
                            throw Unexpected();
                        var name = String();
                        Expect(':');
                        result.Create(realm, name, Value());
                        if (Peek() == '}')
                            break;
                        Expect(',');
                        if (Peek() == '}')
                            throw Unexpected();
                    }

                    _position++;
                    return result;
                case '[':
                    _position++;
                    var array = new JsArray(realm);
                    while (Peek() != ']')
                    {
                        array.Add(realm, Value());
                        if (Peek() == ']')
                            break;
                        Expect(',');
                        if (Peek() == ']')
                            throw Unexpected();
                    }

                    _position++;
                    return array;
                case '"':
                    return realm.NewString(String());
                case 't':
                    return Word("true", true);
                case 'f':
                    return Word("false", false);
                case 'n':
                    return Word("null", JsValue.Null);
                case '-' or (>= '0' and <= '9'):
                    return Number();
                default:
                    throw Unexpected();
            }
        }

        private JsValue Word(string word, JsValue value)
        {
            foreach (var c in word)
            {
                if (_position >= text.Length || text[_position] != c)
                    throw Unexpected();
                _position++;
            }

            return value;
        }

        private void Digits()
        {
            if (_position >= text.Length || !char.IsAsciiDigit(text[_position]))
                throw Unexpected();
            while (_position < text.Length && char.IsAsciiDigit(text[_position]))
                _position++;
        }

        private double Number()
        {
            var start = _position;
            if (text[_position] == '-')
                _position++;
            if (_position < text.Length && text[_position] == '0')
                _position++;
            else
                Digits();
            if (_position < text.Length && text[_position] == '.')
            {
                _position++;
                Digits();
            }

            if (_position < text.Length && text[_position] is 'e' or 'E')
            {
                _position++;
                if (_position < text.Length && text[_position] is '+' or '-')
                    _position++;
                Digits();
            }

            return double.Parse(text.AsSpan(start, _position - start), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        private string String()
        {
            var start = ++_position;
            while (_position < text.Length && text[_position] is not ('"' or '\\') && text[_position] >= ' ')
                _position++;
            if (_position < text.Length && text[_position] == '"')
                return text[start.._position++];
            var result = new StringBuilder().Append(text, start, _position - start);
            while (true)
            {
                if (_position >= text.Length || text[_position] < ' ')
                    throw Unexpected();
                var c = text[_position++];
                if (c == '"')
                    return result.ToString();
                if (c != '\\')
                {
                    result.Append(c);
                    continue;
                }

                if (_position >= text.Length)
                    throw Unexpected();
                var escape = text[_position];
                switch (escape)
                {
                    case '"' or '\\' or '/': result.Append(escape); break;
                    case 'b': result.Append('\b'); break;
                    case 'f': result.Append('\f'); break;
                    case 'n': result.Append('\n'); break;
                    case 'r': result.Append('\r'); break;
                    case 't': result.Append('\t'); break;
                    case 'u' when _position + 4 < text.Length && int.TryParse(text.AsSpan(_position + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                        result.Append((char)code);
                        _position += 4;
                        break;
                    default:
                        throw Unexpected();
                }

                _position++;
            }
        }
    }
}
