using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Elsa's functions, by Elsa's names. Random ids come from the scope.</summary>
internal static class WorkflowFunctions
{
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.Create(UnicodeRanges.All);

    public static void AddTo(BuiltinTable table) => table
        .Method("getWorkflowDefinitionId", 0, static (realm, _, _) => realm.Scope.WorkflowDefinitionId)
        .Method("getWorkflowDefinitionVersionId", 0, static (realm, _, _) => realm.Scope.WorkflowDefinitionVersionId)
        .Method("getWorkflowDefinitionVersion", 0, static (realm, _, _) => realm.Scope.WorkflowDefinitionVersion)
        .Method("getWorkflowInstanceId", 0, static (realm, _, _) => realm.Scope.WorkflowInstanceId)
        .Method("getCorrelationId", 0, static (realm, _, _) => realm.Scope.CorrelationId is { } id ? id : JsValue.Null)
        .Method("setCorrelationId", 1, static (realm, _, a) => { realm.Scope.CorrelationId = Text(realm, a.At(0)); return default; })
        .Method("getWorkflowInstanceName", 0, static (realm, _, _) => realm.Scope.WorkflowInstanceName is { } name ? name : JsValue.Null)
        .Method("setWorkflowInstanceName", 1, static (realm, _, a) => { realm.Scope.WorkflowInstanceName = Text(realm, a.At(0)); return default; })
        .Method("getVariable", 1, static (realm, _, a) => realm.Workflow.GetVariable(Operators.ToText(realm, a.At(0))))
        .Method("setVariable", 2, static (realm, _, a) => { realm.Workflow.Set(Operators.ToText(realm, a.At(0)), a.At(1)); return default; })
        .Method("getInput", 1, static (realm, _, a) => realm.Scope.TryGetInput(Operators.ToText(realm, a.At(0)), out var input) ? realm.Workflow.ToValue(input) : JsValue.Null)
        .Method("getOutputFrom", 2, static (realm, _, a) => realm.Workflow.ToValue(realm.Scope.GetOutputFrom(Operators.ToText(realm, a.At(0)), Text(realm, a.At(1)))))
        .Method("getLastResult", 0, static (realm, _, _) => realm.Workflow.ToValue(realm.Scope.LastResult))
        .Method("setOutcome", 1, static (realm, _, a) => { realm.Scope.SetOutcomes([Operators.ToText(realm, a.At(0))]); return default; })
        .Method("setOutcomes", 1, static (realm, _, a) =>
        {
            var outcomes = new List<string>();
            realm.Iterate(a.At(0), value => { outcomes.Add(Operators.ToText(realm, value)); return true; });
            realm.Scope.SetOutcomes(outcomes);
            return default;
        })
        .Method("isNullOrWhiteSpace", 1, static (realm, _, a) => string.IsNullOrWhiteSpace(Text(realm, a.At(0))))
        .Method("isNullOrEmpty", 1, static (realm, _, a) => string.IsNullOrEmpty(Text(realm, a.At(0))))
        .Method("toJson", 1, static (realm, _, a) => realm.NewString(ToJson(realm, DataConversion.ToData(realm, a.At(0)))))
        .Method("parseJson", 1, static (realm, _, a) => new JsonBuiltins.Reader(realm, Operators.ToText(realm, a.At(0))).Read())
        .Method("parseGuid", 1, static (realm, _, a) => new DataValue(realm, Guid.TryParse(Operators.ToText(realm, a.At(0)), out var id) ? id : throw realm.Error("Error", "Unrecognized Guid format.")))
        .Method("newGuid", 0, static (realm, _, _) => new DataValue(realm, realm.Scope.NextGuid()))
        .Method("newGuidString", 0, static (realm, _, _) => realm.NewString(realm.Scope.NextGuid().ToString()))
        .Method("getGuidString", 0, static (realm, _, _) => realm.NewString(realm.Scope.NextGuid().ToString()))
        .Method("newShortGuid", 0, static (realm, _, _) => ShortGuid(realm))
        .Method("getShortGuid", 0, static (realm, _, _) => ShortGuid(realm))
        .Method("bytesToString", 1, static (realm, _, a) => realm.NewString(Encoding.UTF8.GetString(Bytes(realm, a.At(0)))))
        .Method("bytesFromString", 1, static (realm, _, a) => NewBytes(realm, Encoding.UTF8.GetBytes(Operators.ToText(realm, a.At(0)))))
        .Method("bytesToBase64", 1, static (realm, _, a) => realm.NewString(Convert.ToBase64String(Bytes(realm, a.At(0)))))
        .Method("bytesFromBase64", 1, static (realm, _, a) => NewBytes(realm, FromBase64(realm, a.At(0))))
        // What Elsa has as streams (a downloaded body) is bytes here.
        .Method("streamToBytes", 1, static (realm, _, a) => NewBytes(realm, Bytes(realm, a.At(0))))
        .Method("streamToBase64", 1, static (realm, _, a) => realm.NewString(Convert.ToBase64String(Bytes(realm, a.At(0)))))
        .Method("stringToBase64", 1, static (realm, _, a) => realm.NewString(Convert.ToBase64String(Encoding.UTF8.GetBytes(Operators.ToText(realm, a.At(0))))))
        .Method("stringFromBase64", 1, static (realm, _, a) => realm.NewString(Encoding.UTF8.GetString(FromBase64(realm, a.At(0)))));

    /// <summary>A string argument; null and undefined are null.</summary>
    private static string? Text(Realm realm, JsValue value) => value.IsNullish ? null : Operators.ToText(realm, value);

    private static JsValue ShortGuid(Realm realm)
    {
        var text = Convert.ToBase64String(realm.Scope.NextGuid().ToByteArray());
        return realm.NewString(text.Replace("/", "", StringComparison.Ordinal).Replace("+", "", StringComparison.Ordinal).Replace("=", "", StringComparison.Ordinal));
    }

    private static JsBytes NewBytes(Realm realm, byte[] bytes)
    {
        realm.Allocate(64 + bytes.Length);
        return new JsBytes(realm, bytes);
    }

    private static byte[] Bytes(Realm realm, JsValue value) => value.Ref is JsBytes bytes ? bytes.Bytes : throw realm.TypeError("The argument is not a byte array");

    private static byte[] FromBase64(Realm realm, JsValue value)
    {
        try
        {
            return Convert.FromBase64String(Operators.ToText(realm, value));
        }
        catch (FormatException error)
        {
            throw realm.Error("Error", error.Message);
        }
    }

    /// <summary>JSON as Elsa's serializer writes it: non-ASCII as it is, but &lt; &gt; &amp; and quotes escaped.</summary>
    private static string ToJson(Realm realm, object? data)
    {
        var output = new StringBuilder();
        Write(data);
        return output.ToString();

        void Write(object? value)
        {
            realm.Step();
            realm.CheckStringLength(output.Length);
            switch (value)
            {
                case null:
                    output.Append("null");
                    break;
                case bool flag:
                    output.Append(flag ? "true" : "false");
                    break;
                case double number:
                    output.Append(double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : throw realm.TypeError(".NET number values such as positive and negative infinity cannot be written as valid JSON."));
                    break;
                case int or long or decimal:
                    output.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                    break;
                case List<object?> list:
                    realm.CheckStack();
                    output.Append('[');
                    for (var i = 0; i < list.Count; i++)
                    {
                        if (i > 0)
                            output.Append(',');
                        Write(list[i]);
                    }

                    output.Append(']');
                    break;
                case OrderedDictionary<string, object?> entries:
                    realm.CheckStack();
                    output.Append('{');
                    var first = true;
                    foreach (var (name, item) in entries)
                    {
                        if (!first)
                            output.Append(',');
                        first = false;
                        output.Append('"').Append(s_encoder.Encode(name)).Append("\":");
                        Write(item);
                    }

                    output.Append('}');
                    break;
                default:
                    output.Append('"').Append(s_encoder.Encode(DataText.Of(value))).Append('"');
                    break;
            }
        }
    }
}

/// <summary>Values without a JavaScript type as text.</summary>
internal static class DataText
{
    public static string Of(object value) => value switch
    {
        string text => text,
        byte[] bytes => Convert.ToBase64String(bytes),
        DateTimeOffset time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
        TimeSpan span => span.ToString("c", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}

/// <summary>ArrayBuffer as far as bytes of a workflow need it, and the prototype of carried values.</summary>
internal static class BytesBuiltins
{
    public static readonly Definition Definition = new("ArrayBuffer", 1, Definition.OnlyNew("ArrayBuffer"), static (realm, a, _) =>
        {
            var length = Operators.ToInteger(realm, a.At(0));
            if (length is < 0 or > int.MaxValue)
                throw realm.RangeError("Array buffer allocation failed");
            realm.Allocate(64 + (long)length);
            return new JsBytes(realm, new byte[(int)length]);
        },
        new BuiltinTable().Tag("ArrayBuffer")
        .Getter("byteLength", static (realm, self, _) => This(realm, self).Bytes.Length)
        .Method("slice", 2, static (realm, self, a) =>
        {
            var bytes = This(realm, self).Bytes;
            var start = (int)Relative(Operators.ToInteger(realm, a.At(0)), bytes.Length);
            var end = (int)(a.At(1).IsUndefined ? bytes.Length : Relative(Operators.ToInteger(realm, a[1]), bytes.Length));
            realm.Allocate(64 + Math.Max(0, end - start));
            return new JsBytes(realm, end > start ? bytes[start..end] : []);
        }),
        new BuiltinTable().Method("isView", 1, static (_, _, _) => false));

    public static readonly BuiltinTable DataValue = new BuiltinTable()
        .Method("toString", 0, static (realm, self, _) => realm.NewString(self.Ref is DataValue carried ? DataText.Of(carried.Value) : "[object Object]"))
        .Method("toJSON", 0, static (realm, self, _) => realm.NewString(self.Ref is DataValue carried ? DataText.Of(carried.Value) : ""));

    private static JsBytes This(Realm realm, JsValue self) => self.Ref as JsBytes ?? throw realm.TypeError("Receiver is not an ArrayBuffer");

    private static double Relative(double index, int length) => index < 0 ? Math.Max(0, length + index) : Math.Min(index, length);
}
