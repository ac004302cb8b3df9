using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Host.Elsa.Http;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.HumanStep;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>TypeScript declarations of what an expression of a definition can use, for completion and checks in the editor.</summary>
internal static partial class TypeDefinitions
{
    private const string Functions = """
        declare function getWorkflowDefinitionId(): string;
        declare function getWorkflowDefinitionVersionId(): string;
        declare function getWorkflowDefinitionVersion(): number;
        declare function getWorkflowInstanceId(): string;
        declare function getCorrelationId(): string;
        declare function setCorrelationId(value: string): void;
        declare function getWorkflowInstanceName(): string;
        declare function setWorkflowInstanceName(value: string): void;
        declare function setVariable(name: string, value: any): void;
        declare function getVariable(name: string): any;
        declare function getInput(name: string): any;
        declare function getOutputFrom(activityId: string, outputName?: string): any;
        declare function getLastResult(): any;
        declare function setOutcome(name: string): void;
        declare function setOutcomes(names: string[]): void;
        declare function isNullOrWhiteSpace(value: string): boolean;
        declare function isNullOrEmpty(value: string): boolean;
        declare function parseGuid(value: string): any;
        declare function newGuid(): any;
        declare function newGuidString(): string;
        declare function newShortGuid(): string;
        declare function getShortGuid(): string;
        declare function getGuidString(): string;
        declare function toJson(value: any): string;
        declare function parseJson(text: string): any;
        declare function bytesToString(value: any): string;
        declare function bytesFromString(value: string): any;
        declare function bytesToBase64(value: any): string;
        declare function bytesFromBase64(value: string): any;
        declare function stringFromBase64(value: string): string;
        declare function stringToBase64(value: string): string;
        declare function streamToBytes(value: any): any;
        declare function streamToBase64(value: any): string;

        """;

    /// <summary>Null: there is no such definition.</summary>
    public static async Task<string?> WriteAsync(
        string definitionId,
        DefinitionStore store,
        IReadOnlyDictionary<string, string> forms,
        CancellationToken cancel
    )
    {
        if (await store.FindStoredAsync(definitionId, "Latest", cancel) is not { } stored)
            return null;
        var text = new StringBuilder(Functions);

        // A draft that does not compile still gets the functions.
        if (store.Compile(stored.Document, DefinitionUse.Draft).Workflow is not { } workflow)
            return text.ToString();

        foreach (var variable in workflow.Variables.Where(v => Word().IsMatch(v.Name)))
        {
            var type = TypeScript(variable.Type.Name);
            var name = Capital(variable.Name);
            text.AppendLine($"declare function get{name}(): {type};").AppendLine($"declare function set{name}(value: {type}): void;");
        }

        foreach (var input in workflow.Inputs.Where(i => Word().IsMatch(i.Name)))
            text.AppendLine($"declare function get{Capital(input.Name)}(): {TypeScript(input.TypeName)};");

        foreach (var node in workflow.Nodes.Where(n => n.Type.Outputs.Count > 0 && Word().IsMatch(n.Name ?? n.Id)))
        {
            foreach (var output in node.Type.Outputs)
                text.AppendLine($"declare function get{output.Name}From{Capital(node.Name ?? node.Id)}(): {Output(node, output, forms)};");
        }

        text.AppendLine("declare const variables: {");
        foreach (var variable in workflow.Variables.Where(v => Word().IsMatch(v.Name)))
            text.AppendLine($"  {variable.Name}: {TypeScript(variable.Type.Name)};");
        return text.AppendLine("};").ToString();
    }

    /// <summary>The result of a human step is typed by its ports and its form.</summary>
    private static string Output(ActivityNode node, ActivityOutput output, IReadOnlyDictionary<string, string> forms) =>
        (node.TypeName, output.Name) switch
        {
            (HumanTask.TypeName, "Outcome") when node.Outcomes.Count > 0 => string.Join(" | ", node.Outcomes.Select(o => JsonSerializer.Serialize(o))),
            (HumanTask.TypeName, "Data") when Form(node, forms) is { } form => Field(form.Root),
            _ => TypeScript(output.TypeName),
        };

    private static FormSchema? Form(ActivityNode node, IReadOnlyDictionary<string, string> forms)
    {
        var text = node.Literal("Form") switch
        {
            null or "" => node.Literal("FormName") is string name ? forms.GetValueOrDefault(name) : null,
            string own => own,
            var own => Encoding.UTF8.GetString(WorkflowData.ToUtf8(own)),
        };
        return text is not null && FormSchema.TryParse(text, out var schema, out _) ? schema : null;
    }

    private static string Field(FormField field)
    {
        if (field.Enum is { Count: > 0 } choices && choices.All(c => c.ValueKind is JsonValueKind.String or JsonValueKind.Number))
            return string.Join(" | ", choices.Select(c => JsonSerializer.Serialize(c)));
        return (field.Types & ~FormTypes.Null) switch
        {
            FormTypes.Object =>
                $"{{ {string.Concat(
                    field.AllProperties.Select(p => $"{JsonSerializer.Serialize(p.Name)}{(field.Required.Contains(p.Name) ? "" : "?")}: {Field(p)}; ")
                )}}}",
            FormTypes.Array => $"Array<{(field.Items is { } items ? Field(items) : "any")}>",
            FormTypes.String => "string",
            FormTypes.Number or FormTypes.Integer => "number",
            FormTypes.Boolean => "boolean",
            _ => "any",
        };
    }

    private static string TypeScript(string? type) =>
        type switch
        {
            "String" or "Guid" or "DateTime" or "DateTimeOffset" or "TimeSpan" or "Text" => "string",
            "Boolean" => "boolean",
            "Int32" or "Long" or "Int64" or "Single" or "Double" or "Decimal" => "number",
            "List<String>" => "string[]",
            _ => "any",
        };

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    [GeneratedRegex(@"^[A-Za-z_$][\w$]*$")]
    private static partial Regex Word();
}
