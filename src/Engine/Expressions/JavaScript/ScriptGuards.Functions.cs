using System.Text;
using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;
using Jint.Runtime.Interop;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Functions that are reimplemented, or counted from inside, because the original can't be bounded from outside.</summary>
internal sealed partial class ScriptGuards
{
    private JsString Raw(ObjectInstance raw, JsValue[] a)
    {
        var length = TypeConverter.ToNumber(raw.Get("length"));
        var result = new StringBuilder();

        for (var i = 0; i < length; i++)
        {
            Append(raw.Get(JsNumber.Create(i)));

            if (i + 1 < length && i + 1 < a.Length)
                Append(a[i + 1]);
        }

        return JsString.Create(result.ToString());

        void Append(JsValue value)
        {
            result.Append(TypeConverter.ToString(value));
            script.Meter.Check();
            script.Meter.CheckLength(result.Length, int.MaxValue);
        }
    }

    /// <summary>The original checks neither time nor memory for an array that contains the same small array many times.</summary>
    private JsArray Flat(ObjectInstance self, JsValue[] a)
    {
        var result = new List<JsValue>();
        var depth = a.Length == 0 || a[0].IsUndefined() ? 1 : TypeConverter.ToIntegerOrInfinity(a[0]);
        Flatten(self, depth);
        return new JsArray(script.Engine, [.. result]);

        void Flatten(ObjectInstance source, double left)
        {
            if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
                throw new ScriptLimitException("because arrays are nested too deeply");

            var length = TypeConverter.ToNumber(source.Get("length"));

            for (var i = 0; i < length; i++)
            {
                script.Meter.Check();

                if (!source.HasProperty(JsNumber.Create(i)))
                    continue;

                var item = source.Get(JsNumber.Create(i));

                if (left > 0 && item is JsArray inner)
                    Flatten(inner, left - 1);
                else
                    result.Add(item);
            }
        }
    }

    /// <summary>Every member passes through a replacer that counts the output; it also calls the script's own replacer.</summary>
    private JsValue Stringify(JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var replacer = At(a, 1);
        var allowed = replacer is JsArray list
            ? list.Select(static x => x is ObjectInstance ? JsString.Create(TypeConverter.ToString(x)) : JsString.Create(x.ToString())).Distinct().ToArray()
            : null;
        var written = 0L;
        var counting = new ClrFunction(
            script.Engine,
            "",
            (holder, pair) =>
            {
                script.Meter.Check();
                var value = replacer is Jint.Native.Function.Function function ? script.Engine.Call(function, holder, pair) : pair[1];

                if (allowed is not null && value is ObjectInstance whole and not JsArray and not Jint.Native.Function.Function)
                {
                    var some = new JsObject(script.Engine);

                    foreach (var key in allowed.Where(whole.HasProperty))
                        some.Set(key, whole.Get(key));

                    value = some;
                }

                written += pair[0].ToString().Length + (value.IsString() ? Written(value.ToString()) : 8);
                script.Meter.CheckLength(written, int.MaxValue);
                return value;
            }
        );
        return original(self, [At(a, 0), counting, At(a, 2)]);
    }

    private static long Written(string text) => text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 ? text.Length : text.Length * 6L;

    /// <summary>By upper case, then by code: what matters of a language's order where the host has no data of languages.</summary>
    private static int Collate(string a, string b) =>
        Math.Sign(string.Compare(a, b, StringComparison.OrdinalIgnoreCase) is not 0 and var order ? order : -string.CompareOrdinal(a, b));
}
