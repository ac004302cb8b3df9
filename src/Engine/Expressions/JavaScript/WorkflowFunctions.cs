using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Jint;
using Jint.Native;
using Jint.Native.Json;
using Jint.Runtime;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Elsa's functions, by Elsa's names. Random ids come from the scope.</summary>
internal static class WorkflowFunctions
{
    public sealed record Function(int Length, Func<ScriptEngine, JsValue[], JsValue> Call);

    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.Create(UnicodeRanges.All);

    private static readonly Dictionary<string, Function> s_functions = new(StringComparer.Ordinal)
    {
        ["getWorkflowDefinitionId"] = Of(0, (s, _) => s.Scope.WorkflowDefinitionId),
        ["getWorkflowDefinitionVersionId"] = Of(0, (s, _) => s.Scope.WorkflowDefinitionVersionId),
        ["getWorkflowDefinitionVersion"] = Of(0, (s, _) => s.Scope.WorkflowDefinitionVersion),
        ["getWorkflowInstanceId"] = Of(0, (s, _) => s.Scope.WorkflowInstanceId),
        ["getCorrelationId"] = Of(0, (s, _) => s.Scope.CorrelationId),
        ["setCorrelationId"] = Do(1, (s, a) => s.Scope.CorrelationId = TextOrNull(a, 0)),
        ["getWorkflowInstanceName"] = Of(0, (s, _) => s.Scope.WorkflowInstanceName),
        ["setWorkflowInstanceName"] = Do(1, (s, a) => s.Scope.WorkflowInstanceName = TextOrNull(a, 0)),
        ["getVariable"] = new(1, (s, a) => s.Scope.TryGetVariable(Text(a, 0), out var data) ? HandOut(s, Text(a, 0), data) : JsValue.Null),
        ["setVariable"] = Do(2, (s, a) => SetVariable(s, Text(a, 0), At(a, 1))),
        ["getInput"] = Of(1, (s, a) => s.Scope.TryGetInput(Text(a, 0), out var input) ? input : null),
        ["getOutputFrom"] = Of(2, (s, a) => s.Scope.GetOutputFrom(Text(a, 0), TextOrNull(a, 1))),
        ["getLastResult"] = Of(0, (s, _) => s.Scope.LastResult),
        ["setOutcome"] = Do(1, (s, a) => s.Scope.SetOutcomes([Text(a, 0)])),
        ["setOutcomes"] = Do(1, (s, a) => s.Scope.SetOutcomes(Texts(s, At(a, 0)))),
        ["isNullOrWhiteSpace"] = Of(1, (_, a) => string.IsNullOrWhiteSpace(TextOrNull(a, 0))),
        ["isNullOrEmpty"] = Of(1, (_, a) => string.IsNullOrEmpty(TextOrNull(a, 0))),
        ["toJson"] = Of(1, (s, a) => ToJson(s, s.Values.ToData(At(a, 0)))),
        ["parseJson"] = new(1, (s, a) => new JsonParser(s.Engine).Parse(Text(a, 0))),
        ["parseGuid"] = Of(1, (s, a) => Guid.TryParse(Text(a, 0), out var id) ? id : throw s.Error("Unrecognized Guid format.")),
        ["newGuid"] = Of(0, (s, _) => s.Scope.NextGuid()),
        ["newGuidString"] = Of(0, (s, _) => s.Scope.NextGuid().ToString()),
        ["getGuidString"] = Of(0, (s, _) => s.Scope.NextGuid().ToString()),
        ["newShortGuid"] = Of(0, (s, _) => ShortGuid(s)),
        ["getShortGuid"] = Of(0, (s, _) => ShortGuid(s)),
        ["bytesToString"] = Of(1, (s, a) => Encoding.UTF8.GetString(Bytes(s, a))),
        ["bytesFromString"] = Of(1, (_, a) => Encoding.UTF8.GetBytes(Text(a, 0))),
        ["bytesToBase64"] = Of(1, (s, a) => ToBase64(s, Bytes(s, a))),
        ["bytesFromBase64"] = Of(1, (s, a) => FromBase64(s, a)),
        // What Elsa has as streams (a downloaded body) is bytes here.
        ["streamToBytes"] = Of(1, (s, a) => Bytes(s, a)),
        ["streamToBase64"] = Of(1, (s, a) => ToBase64(s, Bytes(s, a))),
        ["stringToBase64"] = Of(1, (s, a) => ToBase64(s, Encoding.UTF8.GetBytes(Text(a, 0)))),
        ["stringFromBase64"] = Of(1, (s, a) => Encoding.UTF8.GetString(FromBase64(s, a))),
    };

    public static Function? Find(string name) => s_functions.GetValueOrDefault(name);

    /// <summary>A variable's data for a script, which may write into it.</summary>
    public static JsValue HandOut(ScriptEngine script, string name, object? data)
    {
        if (data is List<object?> or OrderedDictionary<string, object?>)
            script.HandedOut.Add((name, data));

        return script.Values.ToScript(data);
    }

    public static void SetVariable(ScriptEngine script, string name, JsValue value)
    {
        var data = script.Values.ToData(value);
        script.Scope.SetVariable(name, data);
        script.Variables.Replace(name, data);
    }

    /// <summary>A value without a JavaScript type as text.</summary>
    public static string Text(object value) =>
        value switch
        {
            string text => text,
            byte[] bytes => Convert.ToBase64String(bytes),
            DateTimeOffset time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
            TimeSpan span => span.ToString("c", CultureInfo.InvariantCulture),
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };

    private static Function Of(int length, Func<ScriptEngine, JsValue[], object?> answer) => new(length, (s, a) => s.Values.ToScript(answer(s, a)));

    private static Function Do(int length, Action<ScriptEngine, JsValue[]> act) =>
        new(
            length,
            (s, a) =>
            {
                act(s, a);
                return JsValue.Undefined;
            }
        );

    private static JsValue At(JsValue[] arguments, int index) => index < arguments.Length ? arguments[index] : JsValue.Undefined;

    private static string Text(JsValue[] arguments, int index) => TypeConverter.ToString(At(arguments, index));

    /// <summary>A string argument; null and undefined are null.</summary>
    private static string? TextOrNull(JsValue[] arguments, int index) =>
        At(arguments, index).IsNull() || At(arguments, index).IsUndefined() ? null : Text(arguments, index);

    private static List<string> Texts(ScriptEngine script, JsValue value) =>
        script.Values.ToData(script.Engine.Call(script.Engine.Intrinsics.Array.Get("from"), script.Engine.Intrinsics.Array, [value])) is List<object?> list
            ? list.ConvertAll(x => x is null ? "null" : TypeConverter.ToString(script.Values.ToScript(x)))
            : [];

    private static string ShortGuid(ScriptEngine script) =>
        Convert
            .ToBase64String(script.Scope.NextGuid().ToByteArray())
            .Replace("/", "", StringComparison.Ordinal)
            .Replace("+", "", StringComparison.Ordinal)
            .Replace("=", "", StringComparison.Ordinal);

    private static byte[] Bytes(ScriptEngine script, JsValue[] arguments) =>
        At(arguments, 0) is DataValue { Value: byte[] bytes } ? bytes : throw script.TypeError("The argument is not a byte array");

    private static string ToBase64(ScriptEngine script, byte[] bytes)
    {
        script.Meter.CheckLength(bytes.Length * 4L / 3, int.MaxValue);
        return Convert.ToBase64String(bytes);
    }

    private static byte[] FromBase64(ScriptEngine script, JsValue[] arguments)
    {
        try
        {
            return Convert.FromBase64String(Text(arguments, 0));
        }
        catch (FormatException error)
        {
            throw script.Error(error.Message);
        }
    }

    /// <summary>JSON as Elsa's serializer writes it: non-ASCII as it is, but &lt; &gt; &amp; and quotes escaped.</summary>
    private static string ToJson(ScriptEngine script, object? data)
    {
        var output = new StringBuilder();
        Write(data);
        return output.ToString();

        void Write(object? value)
        {
            script.Meter.Check();
            script.Meter.CheckLength(output.Length, int.MaxValue);

            switch (value)
            {
                case null:
                    output.Append("null");
                    break;
                case bool flag:
                    output.Append(flag ? "true" : "false");
                    break;
                case double number:
                    output.Append(
                        double.IsFinite(number)
                            ? number.ToString("R", CultureInfo.InvariantCulture)
                            : throw script.TypeError(".NET number values such as positive and negative infinity cannot be written as valid JSON.")
                    );
                    break;
                case int or long or decimal:
                    output.Append(Text(value));
                    break;
                case List<object?> list:
                    WriteAll('[', list, Write, ']');
                    break;
                case OrderedDictionary<string, object?> members:
                    WriteAll(
                        '{',
                        members,
                        member =>
                        {
                            output.Append('"').Append(s_encoder.Encode(member.Key)).Append("\":");
                            Write(member.Value);
                        },
                        '}'
                    );
                    break;
                default:
                    output.Append('"').Append(s_encoder.Encode(Text(value))).Append('"');
                    break;
            }
        }

        void WriteAll<T>(char open, IEnumerable<T> items, Action<T> write, char close)
        {
            output.Append(open);
            var isFirst = true;

            foreach (var item in items)
            {
                if (!isFirst)
                    output.Append(',');

                isFirst = false;
                write(item);
            }

            output.Append(close);
        }
    }
}
