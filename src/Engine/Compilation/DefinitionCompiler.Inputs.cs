using System.Text.Json;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Activities.Catalog;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Compilation;

/// <content>Inputs, expressions and outputs of an activity.</content>
internal sealed partial class DefinitionCompiler
{
    private void CompileInputs(ActivityNode node, JsonElement json, string path)
    {
        var inputs = node.Type.Inputs;

        if (inputs.Count == 0)
            return;

        var sources = new ValueSource?[inputs.Count];

        for (var i = 0; i < sources.Length; i++)
        {
            var input = inputs[i];

            if (!input.IsExpression)
                continue;

            if (TryGet(json, input.JsonName, out var value) && value.ValueKind is not JsonValueKind.Null and not JsonValueKind.Undefined)
                sources[i] = CompileInput(value, input.Type, node, path + "." + input.JsonName);

            // As in Elsa: a value that can't be read as an input counts as missing, and the default applies.
            if (sources[i] is null && input.Default is not null)
                sources[i] = new ValueSource.Constant(input.Type.Convert(input.Default));
        }

        node.Inputs = sources;
    }

    public ValueSource? CompileInput(JsonElement value, DataType type, ActivityNode node, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return Constant(WorkflowData.FromJson(value), type, node, path);

        return value.TryGetProperty("expression", out var expression) && expression.ValueKind == JsonValueKind.Object
            ? CompileExpression(expression, type, node, path + ".expression")
            : null;
    }

    public ValueSource? CompileExpression(JsonElement expression, DataType type, ActivityNode node, string path)
    {
        var language = Text(expression, "type") ?? "Literal";
        var hasValue = expression.TryGetProperty("value", out var value) && value.ValueKind is not JsonValueKind.Null and not JsonValueKind.Undefined;

        switch (language)
        {
            case "Literal":
                return Constant(hasValue ? WorkflowData.FromJson(value) : null, type, node, path);

            case "Object"
            or "Json":
                var text = hasValue
                    ? value.ValueKind == JsonValueKind.String
                        ? value.GetString()!
                        : value.GetRawText()
                    : "";
                return Constant(string.IsNullOrWhiteSpace(text) ? null : text, type, node, path);

            case "Variable":
                return hasValue && ReadReference(value) is { } variable && Text(variable, "id") is { } id
                    ? new ValueSource.Variable(id, type)
                    : new ValueSource.Constant(null);

            case "Input":
                return hasValue && ReadReference(value) is { } input && Text(input, "name") is { } name
                    ? new ValueSource.WorkflowInput(name, type)
                    : new ValueSource.Constant(null);
        }

        if (registry.FindLanguage(language) is not { } compiler)
        {
            return Missing(language, node, path + ".type");
        }

        return Compile(
            compiler,
            hasValue
                ? value.ValueKind == JsonValueKind.String
                    ? value.GetString()!
                    : value.GetRawText()
                : "",
            type,
            node,
            path
        );
    }

    public ExpressionLanguage? FindLanguage(string type) => registry.FindLanguage(type);

    /// <summary>A whole script, as an activity runs it.</summary>
    public ValueSource CompileScript(string language, string script, ActivityNode node, string path)
    {
        if (registry.FindLanguage(language) is { } compiler)
            return Compile(compiler, script, DataType.Any, node, path);

        return Missing(language, node, path);
    }

    private ValueSource.Broken Missing(string language, ActivityNode node, string path)
    {
        if (IsPublishing)
        {
            Error(
                path,
                language == ExpressionLanguages.CSharp.Type
                    ? $"Activity '{node.DisplayName}': C# is switched off here. An administrator may switch it on (Expressions:CSharp:Enabled)."
                    : $"Activity '{node.DisplayName}': expression language '{language}' is not available here."
            );
        }

        return new(new InvalidOperationException($"Could not find a descriptor for expression type \"{language}\"."));
    }

    private ValueSource Compile(ExpressionLanguage language, string script, DataType type, ActivityNode node, string path)
    {
        try
        {
            var compiled = language.Compile(script, new Declarations(node.VisibleVariables, _inputs));
            if (IsPublishing && compiled.Mistake is { } mistake)
                Error(path, $"Activity '{node.DisplayName}': the {language.Type} expression has a mistake: {mistake}");
            return new ValueSource.Script(compiled, type);
        }
        catch (ExpressionException exception)
        {
            if (IsPublishing)
                Error(
                    path,
                    $"Activity '{node.DisplayName}': the {language.Type} expression does not "
                        + $"{(exception.Kind == "CompilationError" ? "compile" : "parse")}: {exception.Message}"
                );

            return new ValueSource.Broken(exception.Kind == "CompilationError" ? exception : new ScriptPreparationException(exception));
        }
    }

    /// <summary>
    /// A literal that cannot be converted is refused when published; in a definition that was published before it faults when it is reached, as in Elsa.
    /// </summary>
    private ValueSource Constant(object? value, DataType type, ActivityNode node, string path)
    {
        try
        {
            return new ValueSource.Constant(type.Convert(value));
        }
        catch (ExpressionException exception)
        {
            if (IsPublishing)
                Error(path, $"Activity '{node.DisplayName}': {exception.Message}");

            return new ValueSource.Broken(exception);
        }
    }

    /// <summary>A variable's default; one that can't be converted counts as none, as in Elsa.</summary>
    private static object? Default(DataType type, string? text)
    {
        try
        {
            return type.Convert(text);
        }
        catch (ExpressionException)
        {
            return null;
        }
    }

    /// <summary>A variable or an input an expression refers to: an object, or an object as text.</summary>
    private static JsonElement? ReadReference(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
            return value;

        if (value.ValueKind != JsonValueKind.String)
            return null;

        try
        {
            using var document = JsonDocument.Parse(value.GetString()!);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void CompileOutputs(ActivityNode node, JsonElement json)
    {
        var outputs = node.Type.Outputs;

        if (outputs.Count == 0)
            return;

        var targets = new string?[outputs.Count];

        for (var i = 0; i < targets.Length; i++)
        {
            if (
                TryGet(json, outputs[i].JsonName, out var output)
                && output.ValueKind == JsonValueKind.Object
                && output.TryGetProperty("memoryReference", out var reference)
                && reference.ValueKind == JsonValueKind.Object
            )
                targets[i] = Text(reference, "id");
        }

        node.OutputTargets = targets;
    }
}
