using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Facts;

/// <summary>Reads the facts of a definition and reports all errors. A fact with an error is left out, so that nobody sees more than its author meant.</summary>
internal sealed partial class FactSchemaReader
{
    private const int MostFacts = 200;

    private static readonly Dictionary<string, FactFormat> Formats = new()
    {
        ["text"] = FactFormat.Text,
        ["longText"] = FactFormat.LongText,
        ["money"] = FactFormat.Money,
        ["number"] = FactFormat.Number,
        ["date"] = FactFormat.Date,
        ["dateTime"] = FactFormat.DateTime,
        ["yesNo"] = FactFormat.YesNo,
        ["link"] = FactFormat.Link,
        ["document"] = FactFormat.Document,
    };

    private readonly CompiledWorkflow _workflow;
    private readonly Dictionary<string, VariableDefinition> _variables;
    private readonly Dictionary<string, InputDefinition> _inputs;

    private FactSchemaReader(CompiledWorkflow workflow)
    {
        _workflow = workflow;
        _variables = workflow.Variables.GroupBy(v => v.Name).ToDictionary(g => g.Key, g => g.First());
        _inputs = workflow.Inputs.GroupBy(i => i.Name).ToDictionary(g => g.Key, g => g.First());
    }

    /// <summary>The facts of a definition.</summary>
    public static FactSchema Read(CompiledWorkflow workflow, JsonElement facts, Action<string, string> error)
    {
        var reader = new FactSchemaReader(workflow);
        if (facts.ValueKind == JsonValueKind.Undefined)
            return new([.. workflow.Inputs.Where(input => reader.Keeps(input.Name)).Select(Of).OfType<FactField>()]);
        var read = new List<FactField>();
        if (facts.ValueKind != JsonValueKind.Array)
            error("", "The facts of a journey must be a list.");
        else if (facts.GetArrayLength() > MostFacts)
            error("", $"A journey can have at most {MostFacts} facts.");
        else
        {
            foreach (var (index, item) in facts.EnumerateArray().Index())
            {
                var errors = new List<DefinitionError>();
                var name = item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out var given) ? given.ToString() : $"{index + 1}";
                if (item.ValueKind != JsonValueKind.Object)
                    errors.Add(new("", "must be an object"));
                else if (reader.ReadFact(DocumentReader.Of(item, "", errors), read) is { } fact && errors.Count == 0)
                    read.Add(fact);
                foreach (var wrong in errors)
                    error($"[{index}]{wrong.Path}", $"Fact '{name}': {$"{wrong.Path.TrimStart('.')} {wrong.Reason}".TrimStart()}.");
            }
        }

        return new(read);
    }

    private FactField? ReadFact(DocumentReader fact, List<FactField> before)
    {
        var name = fact.Text("name", maxLength: 64);
        if (name is not null && !Key().IsMatch(name))
            fact.Error("name", "must start with a letter and have letters, digits, _ and - only");
        else if (name is not null && before.Exists(other => other.Name == name))
            fact.Error("name", "is used by another fact");
        var label = fact.Text("label", required: false);
        var from = ReadPath(fact, "from", fact.Text("from", required: false) ?? name);
        var format = fact.Choice("format", Formats, required: false);
        var currency = fact.Text("currency", required: false);
        if (currency is not null && format is not null and not FactFormat.Money)
            fact.Error("currency", "is for facts with the format money");
        var code = currency is not null && CurrencyCode().IsMatch(currency);
        var currencyFrom = currency is null || code ? null : ReadPath(fact, "currency", currency);
        var roles = ReadNames(fact, "roles", role => Roles.All.Contains(role) ? null : $"must be one of {string.Join(", ", Roles.All)}");
        var teams = ReadNames(fact, "teams", team => TeamKey().IsMatch(team) ? null : "must be the key of a team, such as claims-seniors");
        var customer = LocalText.Read(fact, "customer", required: false);
        if (customer is not null && roles.Count + teams.Count > 0)
            fact.Error("customer", "can't be said of a fact that only some roles or teams see");
        fact.NoOthers();
        if (name is null || from is null)
            return null;
        if (roles.Count + teams.Count > 0 && OutcomeBehind(from) is { } step)
            fact.Error(null, $"can't be restricted: it holds the outcome of the step '{step}', which everyone who can see the case sees");
        var input = from.Members.Count == 0 && from.Variable is { } variable ? _inputs.GetValueOrDefault(variable) : null;
        var usual = input is null ? null : Of(input);
        return new()
        {
            Name = name,
            Label = label ?? usual?.Label ?? Words(from.Members is [.., var last] ? last : name),
            From = from,
            Format = format ?? (currency is not null ? FactFormat.Money : usual?.Format ?? FactFormat.Text),
            Currency = code ? currency : null,
            CurrencyFrom = currencyFrom,
            Roles = roles,
            Teams = teams,
            Customer = customer,
            IsInput = input is not null,
        };
    }

    private static List<string> ReadNames(DocumentReader fact, string member, Func<string, string?> wrong)
    {
        var names = new List<string>();
        foreach (var (text, item) in fact.Texts(member, required: false, max: 50))
        {
            if (wrong(text) is { } reason)
                fact.Error(item, reason);
            names.Add(text);
        }

        // An empty list would show the fact to everyone, which is not what a list of people says.
        if (names.Count == 0 && fact.Has(member))
            fact.Error(member, "must name at least one, or be left out");
        return names;
    }

    private CasePath? ReadPath(DocumentReader fact, string member, string? text)
    {
        if (text is null)
            return null;
        if (!CasePath.TryParse(text, out var path))
        {
            fact.Error(member, $"'{text}' isn't a path such as amount, assessment.amount or steps.assess.amount");
            return null;
        }

        var reason = path.Step is { } step
            ? _workflow.FindActivity(step)?.Type.Outputs.Any(output => output.Name == "Data") == true
                ? null
                : $"names the step '{step}', which isn't a human step of the journey"
            : path.Variable is not { } variable
                ? null
                : Keeps(variable)
                    ? null
                    : _variables.ContainsKey(variable)
                        ? $"names the variable '{variable}', which is lost between steps: give it the storage Workflow Instance"
                        : _inputs.ContainsKey(variable)
                            ? $"names the input '{variable}', which only the start of a case knows: keep it in a variable of the same name"
                            : $"names '{variable}', which isn't a variable of the journey";
        if (reason is null)
            return path;
        fact.Error(member, reason);
        return null;
    }

    private bool Keeps(string variable) => _variables.GetValueOrDefault(variable)?.IsPersisted == true;

    /// <summary>The step whose outcome the path leads to, or null.</summary>
    private string? OutcomeBehind(CasePath path) =>
        path.Variable is { } name && _variables.GetValueOrDefault(name) is { } variable
            ? _workflow.Nodes.FirstOrDefault(node => node.OutputTarget("Outcome") == variable.Id)?.Id
            : null;

    /// <summary>The fact that an input is by itself; null if its name can't be a path.</summary>
    private static FactField? Of(InputDefinition input)
    {
        if (!CasePath.TryParse(input.Name, out var path) || path.Variable != input.Name)
            return null;
        return new()
        {
            Name = input.Name,
            Label = input.DisplayName is { Length: > 0 } label ? label : Words(input.Name),
            From = path,
            Format =
                input.IsDate ? FactFormat.Date
                : input.Type.Name is "DateTime" or "DateTimeOffset" ? FactFormat.DateTime
                : InputCheck.JsonType(input.Type) switch
                {
                    "boolean" => FactFormat.YesNo,
                    "integer" or "number" => FactFormat.Number,
                    _ => input.UIHint == "multiline" ? FactFormat.LongText : FactFormat.Text,
                },
            IsInput = true,
        };
    }

    /// <summary><c>lossDate</c> → “Loss date”.</summary>
    private static string Words(string name) =>
        string.Concat(
            name.Select(
                (c, i) =>
                    i == 0 ? $"{char.ToUpperInvariant(c)}"
                    : c is '-' or '_' ? " "
                    : char.IsUpper(c) && char.IsLower(name[i - 1]) ? $" {char.ToLowerInvariant(c)}"
                    : $"{c}"
            )
        );

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]*$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Key();

    [GeneratedRegex("^[A-Z]{3}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex CurrencyCode();

    [GeneratedRegex("^[a-z][a-z0-9-]*$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex TeamKey();
}
