using System.Globalization;
using System.Text;
using System.Text.Json;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>Runs expressions whose results were recorded from stock Elsa and compares the results: equal, or the first difference.</summary>
internal static class GoldenExpressions
{
    public sealed record Verdict(string Expression, string? Difference);

    public static List<Verdict> Run(string file, Func<string, TestScope, object?> evaluate)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", file)));
        return [.. document.RootElement.EnumerateArray().Select(entry => new Verdict(entry.GetProperty("expression").GetString()!, Compare(entry, evaluate)))];
    }

    public static string Table(IReadOnlyCollection<Verdict> verdicts, IReadOnlyDictionary<string, string> reasoned)
    {
        var table = new StringBuilder();
        foreach (var (expression, difference) in verdicts)
        {
            var line = expression.ReplaceLineEndings(" ");
            table.AppendLine(
                difference is null ? $"equal      {line}"
                : reasoned.TryGetValue(expression, out var reason) ? $"reasoned   {line} — {reason}"
                : $"DIFFERENT  {line} — {difference}"
            );
        }

        return table.AppendLine(CultureInfo.InvariantCulture, $"{verdicts.Count(v => v.Difference is null)} of {verdicts.Count} equal").ToString();
    }

    private static string? Compare(JsonElement entry, Func<string, TestScope, object?> evaluate)
    {
        var scope = new TestScope();
        var types = new Dictionary<string, string>();
        if (entry.TryGetProperty("variables", out var variables))
        {
            foreach (var variable in variables.EnumerateObject())
            {
                scope.Variables[variable.Name] = WorkflowData.FromJson(variable.Value);
                types[variable.Name] = variable.Value.ValueKind switch
                {
                    JsonValueKind.String => "String",
                    JsonValueKind.Number => variable.Value.TryGetInt32(out _) ? "Int32" : "Double",
                    JsonValueKind.True or JsonValueKind.False => "Boolean",
                    _ => "Object",
                };
            }
        }

        if (entry.TryGetProperty("input", out var input))
        {
            foreach (var value in input.EnumerateObject())
                scope.Input[value.Name] = WorkflowData.FromJson(value.Value);
        }

        var before = scope.Variables.ToDictionary(v => v.Key, v => WorkflowData.ToJson(v.Value));
        object? result;
        try
        {
            result = evaluate(entry.GetProperty("expression").GetString()!, scope);
        }
        catch (ExpressionException error)
        {
            if (!entry.TryGetProperty("error", out var expected))
                return $"threw {error.Kind}: {error.Message}";
            var message = expected.GetProperty("message").GetString();
            return message == error.Message ? null : $"message \"{error.Message}\" instead of \"{message}\"";
        }

        if (entry.TryGetProperty("error", out var missed))
            return $"gave {WorkflowData.ToJson(result)} instead of throwing {missed.GetProperty("message").GetString()}";
        if (!Same(entry.GetProperty("result"), result))
            return $"result {WorkflowData.ToJson(result)} instead of {entry.GetProperty("result").GetRawText()}";
        foreach (var (member, type) in new[] { ("asString", "String"), ("asBoolean", "Boolean"), ("asInt32", "Int32"), ("asDouble", "Double") })
        {
            if (
                Converted(result, type) is { } converted
                && entry.TryGetProperty(member, out var expected)
                && !SameConverted(expected, converted.Value, converted.Failed)
            )
                return $"{member} {(converted.Failed ? "failed" : WorkflowData.ToJson(converted.Value))} instead of {expected.GetRawText()}";
        }

        return CompareChanges(entry, scope, types, before);
    }

    private static (object? Value, bool Failed)? Converted(object? value, string type)
    {
        try
        {
            return (ValueConverter.Convert(value, type), false);
        }
        catch (ExpressionException)
        {
            return (null, true);
        }
    }

    private static bool SameConverted(JsonElement expected, object? value, bool failed) =>
        failed
            ? expected.ValueKind == JsonValueKind.String && expected.GetString()!.StartsWith('<')
            : Same(expected, value)
                || value is string text && expected.ValueKind == JsonValueKind.String && text.StartsWith('{') && IsSameJson(expected.GetString()!, text);

    private static bool IsSameJson(string a, string b)
    {
        try
        {
            return WorkflowData.ToJson(WorkflowData.Parse(a)) == WorkflowData.ToJson(WorkflowData.Parse(b));
        }
        catch (ExpressionException)
        {
            return false;
        }
    }

    private static string? CompareChanges(JsonElement entry, TestScope scope, Dictionary<string, string> types, Dictionary<string, string> before)
    {
        var changed = entry.TryGetProperty("changed", out var expected) ? expected.EnumerateObject().ToDictionary(c => c.Name, c => c.Value) : [];
        foreach (var (name, old) in before)
        {
            object? now;
            try
            {
                now = ValueConverter.Convert(scope.Variables[name], types[name]);
            }
            catch (ExpressionException error)
            {
                return $"variable {name}: {error.Message}";
            }

            if (changed.TryGetValue(name, out var wanted))
            {
                if (!Same(wanted, now))
                    return $"variable {name} {WorkflowData.ToJson(now)} instead of {wanted.GetRawText()}";
            }
            else if (WorkflowData.ToJson(now) != old)
            {
                return $"variable {name} changed to {WorkflowData.ToJson(now)}";
            }
        }

        if (changed.TryGetValue("$correlationId", out var correlation) && correlation.GetString() != scope.CorrelationId)
            return $"correlation {scope.CorrelationId}";
        return changed.TryGetValue("$name", out var instanceName) && instanceName.GetString() != scope.WorkflowInstanceName
            ? $"name {scope.WorkflowInstanceName}"
            : null;
    }

    private static bool Same(JsonElement expected, object? value)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Null:
                return value is null;
            case JsonValueKind.True or JsonValueKind.False:
                return value is bool flag && flag == expected.GetBoolean();
            case JsonValueKind.Number:
                return value is int or long or double or decimal && Convert.ToDouble(value, CultureInfo.InvariantCulture) == expected.GetDouble();
            case JsonValueKind.String:
                return expected.GetString()
                    == value switch
                    {
                        string text => text,
                        double number => number.ToString(CultureInfo.InvariantCulture),
                        byte[] bytes => Convert.ToBase64String(bytes),
                        Guid id => id.ToString(),
                        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
                        TimeSpan span => span.ToString(),
                        _ => null,
                    };
            case JsonValueKind.Array:
                return value is List<object?> list
                    && list.Count == expected.GetArrayLength()
                    && expected.EnumerateArray().Zip(list).All(pair => Same(pair.First, pair.Second));
            default:
                return value is OrderedDictionary<string, object?> entries
                    && entries.Count == expected.EnumerateObject().Count()
                    && expected.EnumerateObject().All(member => entries.TryGetValue(member.Name, out var item) && Same(member.Value, item));
        }
    }
}
