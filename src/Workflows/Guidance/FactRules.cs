using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forms;

namespace Orchestration.Workflows.Guidance;

/// <summary>
/// Conditions on the facts of a case: <c>jurisdiction = GB, IE</c>, <c>claimedAmount &gt;= 10000</c>. They are the conditions of forms in short, and
/// decided by the same code. A fact that the person can't see, or that has no value yet, meets no condition, so that guidance gives nothing hidden away.
/// </summary>
public sealed partial class FactRules
{
    /// <summary>Most conditions of an article.</summary>
    public const int Most = 20;

    private const int LongestLine = 300;

    private readonly FormField? _condition;

    private FactRules(FormField? condition, IReadOnlyList<string> facts) => (_condition, Facts) = (condition, facts);

    /// <summary>Names of the facts they are about.</summary>
    public IReadOnlyList<string> Facts { get; }

    /// <summary>Reads conditions. False with the reasons, which name their line.</summary>
    public static bool TryParse(IReadOnlyList<string> lines, [NotNullWhen(true)] out FactRules? rules, out IReadOnlyList<string> errors)
    {
        var wrong = new List<string>();
        var fields = new JsonObject();
        if (lines.Count > Most)
            wrong.Add($"can have at most {Most} conditions");
        foreach (var line in lines.Take(Most))
        {
            if (line.Length > LongestLine || Line().Match(line) is not { Success: true } match)
                wrong.Add($"“{(line.Length > 60 ? line[..60] + "…" : line)}” isn't a condition such as jurisdiction = GB, IE or claimedAmount >= 10000");
            else
                Read(fields, match.Groups["fact"].Value, match.Groups["sign"].Value, match.Groups["value"].Value, wrong);
        }

        errors = wrong;
        rules = null;
        if (wrong.Count > 0)
            return false;
        if (fields.Count == 0)
        {
            rules = new(null, []);
            return true;
        }

        var names = fields.Select(field => field.Key).ToList();
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = fields,
            ["required"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]),
        };
        if (!FormSchema.TryParse(schema.ToJsonString(), out var form, out var found))
        {
            errors = [.. found.Select(error => error.Reason)];
            return false;
        }

        rules = new(form.Root, names);
        return true;
    }

    /// <summary>Whether a case with these facts meets all of them.</summary>
    public bool Fits(IEnumerable<CaseFact> facts)
    {
        if (_condition is null)
            return true;
        var data = new JsonObject();
        foreach (var fact in facts.Where(fact => fact.Value is not null && Facts.Contains(fact.Name)))
            data[fact.Name] = fact.Value!.DeepClone();
        return FormValidation.Fits(_condition, JsonSerializer.SerializeToElement(data));
    }

    private static void Read(JsonObject fields, string fact, string sign, string value, List<string> wrong)
    {
        var field = fields[fact] as JsonObject ?? [];
        fields[fact] = field;
        if (sign == "=")
        {
            if (field.ContainsKey("enum"))
                wrong.Add($"{fact} can only have one list of values");
            field["enum"] = new JsonArray([.. value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SelectMany(Values)]);
            return;
        }

        if (!decimal.TryParse(value, NumberStyles.Number & ~NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number))
        {
            wrong.Add($"{fact} {sign} needs a number, such as 10000");
            return;
        }

        var keyword = sign switch
        {
            ">" => "exclusiveMinimum",
            ">=" => "minimum",
            "<" => "exclusiveMaximum",
            _ => "maximum",
        };
        if (field.ContainsKey(keyword))
            wrong.Add($"{fact} {sign} is there twice");
        field["type"] = "number";
        field[keyword] = number;
    }

    /// <summary>A value as the fact may hold it: the text; and, of what reads like one, a number or yes and no.</summary>
    private static IEnumerable<JsonNode?> Values(string text)
    {
        yield return text;
        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            yield return number;
        if (text is "yes" or "no")
            yield return text == "yes";
    }

    [GeneratedRegex(@"^\s*(?<fact>[A-Za-z][A-Za-z0-9_-]{0,63})\s*(?<sign>>=|<=|=|>|<)\s*(?<value>[^\s].*?)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
