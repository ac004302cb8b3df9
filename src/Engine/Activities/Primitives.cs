using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>An activity that can start an instance.</summary>
internal interface ITrigger
{
    /// <summary>Its triggers, as far as they are known without a run; empty if they aren't.</summary>
    IEnumerable<Trigger> Triggers(ActivityNode node);
}

/// <summary>Start, End, Container-less milestones: done as soon as they run.</summary>
internal sealed class Milestone : CodeActivity
{
    protected internal override void Execute(ActivityContext context) { }
}

internal sealed class WriteLine : CodeActivity
{
    protected internal override void Execute(ActivityContext context) => context.Run.Result.Lines.Add(context.Input<string>("Text") ?? "");
}

internal sealed class SetName : CodeActivity
{
    protected internal override void Execute(ActivityContext context) => context.InstanceName = context.Input<string>("Value");
}

internal sealed class Correlate : CodeActivity
{
    protected internal override void Execute(ActivityContext context) => context.CorrelationId = context.Input<string>("CorrelationId");
}

internal sealed class SetVariable(string? variableId) : CodeActivity
{
    public static Activity Compile(ActivityCompilation c)
    {
        var variable = c.Property("variable");
        string? id = null;

        if (
            variable.ValueKind == System.Text.Json.JsonValueKind.Object
            && variable.TryGetProperty("id", out var given)
            && given.ValueKind == System.Text.Json.JsonValueKind.String
        )
            id = given.GetString();

        if (id is null)
            c.PublishError("variable", "no variable is chosen.");

        return new SetVariable(id);
    }

    protected internal override void Execute(ActivityContext context)
    {
        var block = variableId is null ? null : context.Execution.FindBlock(variableId);

        if (block is null)
            throw new InvalidOperationException($"Variable '{variableId}' not found.");

        block.Value = block.Definition is { } definition ? definition.Type.Convert(context.Input("Value")) : context.Input("Value");
        context.Run.Set(block);
    }
}

internal sealed class SetOutput : CodeActivity
{
    protected internal override void Execute(ActivityContext context)
    {
        var name = context.RequiredInput<string>("OutputName");
        var value = context.Input("OutputValue");

        // Elsa looks for a workflow activity with such an output, beginning above its own container.
        for (var ancestor = context.Execution.Parent?.Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            if (ancestor.Node.Activity is not WorkflowActivity || ancestor.Node.Type.OutputIndex(name) < 0)
                continue;

            WorkflowActivity.SetOutput(context.Run, ancestor, name, value);
            return;
        }

        context.Run.State.Output[name] = value;
    }
}

internal sealed class Fault : Activity
{
    protected internal override void Execute(ActivityContext context) =>
        throw new FaultException(
            context.Input("Code", "0")!,
            context.Input("Category", "General")!,
            context.Input("FaultType", "System")!,
            context.Input<string>("Message")
        );
}

internal sealed class Finish : CodeActivity
{
    protected internal override void Execute(ActivityContext context) => context.Run.FinishNow();
}

internal sealed class Break : CodeActivity
{
    protected internal override void Execute(ActivityContext context) => context.Run.RequestBreak(context.Execution);
}

internal sealed class Complete : Activity
{
    protected internal override void Execute(ActivityContext context)
    {
        context.Run.RequestCompletion(context.Execution, Interpret(context.Input("Outcomes")));
        context.Complete();
    }

    internal static string[] Interpret(object? value) =>
        value switch
        {
            string text when Data.TryParse(text, out var parsed) && parsed is List<object?> => Interpret(parsed),
            string text => [text],
            List<object?> items => [.. items.Select(x => Data.Text(x))],
            _ => Outcomes.Done,
        };
}

internal sealed class NotFoundActivity(string typeName) : Activity
{
    protected internal override void Execute(ActivityContext context) => throw new ActivityNotFoundException(typeName);
}

/// <summary>Runs a script. Its text is an input and so may itself be the result of an expression; a literal one is compiled with the definition.</summary>
internal sealed class RunScript(ExpressionLanguage? language, string? literal, ValueSource? compiled) : CodeActivity
{
    public static Activity Compile(ActivityCompilation c, string languageName)
    {
        var hasLiteral = c.TryLiteral("Script", out var text);

        // A script that sets no outcome completes with Done.
        if (c.TryLiteral("PossibleOutcomes", out var outcomes) && outcomes is List<object?> { Count: > 0 } names)
            c.SetOutcomes([.. names.OfType<string>()], Outcomes.DoneName);
        else
            c.Node.HasOpenOutcomes = !hasLiteral || (text is string known && known.Contains("Outcome", StringComparison.Ordinal));

        return hasLiteral && text is string script && !string.IsNullOrWhiteSpace(script)
            ? new RunScript(null, script, c.Script(languageName, script, "script"))
            : new RunScript(c.FindLanguage(languageName), null, null);
    }

    protected internal override void Execute(ActivityContext context)
    {
        var script = compiled;

        if (literal is null)
        {
            if (context.Input<string>("Script") is not { } text || string.IsNullOrWhiteSpace(text))
                return;

            var declarations = new Declarations(context.Node.VisibleVariables, context.Workflow.Inputs);
            script = language is null ? null : new ValueSource.Script(language.Compile(text, declarations), DataType.Any);
        }

        if (script is null)
            throw new InvalidOperationException("The scripting language is not available here.");

        context.Run.ScriptOutcomes = null;
        var result = context.Run.Evaluate(context.Execution, script);

        if (result is not null)
            context.SetOutput("Result", result);

        context.Complete(context.Run.ScriptOutcomes ?? Outcomes.Done);
    }
}
