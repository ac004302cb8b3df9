using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>The amount that a step decides on: roles say up to what amount their people may complete it.</summary>
internal static class StepAuthority
{
    private const string Field = "DecidesOn";
    private const string Currency = "DecidesIn";

    public static readonly IReadOnlyList<ActivityInput> Inputs =
    [
        new(Field, "String")
        {
            DisplayName = "Decides on amount",
            Category = "People",
            Description = "Field of the form with the amount that is decided. Whoever completes the step needs a role whose authority limit is as high.",
        },
        new(Currency, "String")
        {
            DisplayName = "Currency of the amount",
            Category = "People",
            Description = "Code such as EUR. Leave it empty if all amounts have one currency.",
        },
    ];

    /// <summary>Reports a field that the form doesn't have, or that isn't a number, and what is no currency.</summary>
    /// <param name="node">The step.</param>
    /// <param name="schema">Its form; null: none, or one that isn't known yet.</param>
    /// <param name="isComputed">Whether an expression makes the form when the step opens.</param>
    public static void CheckToPublish(ActivityCompilation node, string? schema, bool isComputed)
    {
        if (node.TryLiteral(Currency, out var code) && code is string { Length: > 0 } currency && !IsCurrency(currency))
            node.PublishError("decidesIn", $"'{currency}' isn't a currency: write a code such as EUR.");
        if (!node.TryLiteral(Field, out var value))
            node.PublishError("decidesOn", "authority limits name the field, so it can't be an expression.");
        if (isComputed || value is not string { Length: > 0 } field)
            return;
        if (schema is null)
            node.PublishError("decidesOn", $"the step has no form with a field '{field}'.");
        else if (FormSchema.TryParse(schema, out var form, out _) && !IsAmount(form, field))
            node.PublishError("decidesOn", $"the form has no number '{field}'.");
    }

    /// <summary>The task with what the step's inputs say.</summary>
    /// <exception cref="InvalidOperationException">An expression gave something that is no currency.</exception>
    public static OpenTask Read(ActivityContext context, OpenTask open)
    {
        if (context.TextInput(Field) is not { Length: > 0 } field)
            return open;
        var currency = context.TextInput(Currency) is { Length: > 0 } code ? code : null;
        if (currency is not null && !IsCurrency(currency))
            throw new InvalidOperationException($"{Currency}: '{currency}' isn't a currency.");
        return open with { DecidesOn = field, DecidesIn = currency };
    }

    private static bool IsAmount(FormSchema form, string field) =>
        form.Root.Variants.Any(f => f.Name == field)
        && form.Root.Variants.Where(f => f.Name == field).All(f => f.Types != FormTypes.Any && (f.Types & ~(FormTypes.Number | FormTypes.Integer)) == 0);

    private static bool IsCurrency(string code) => code.Length == 3 && code.All(char.IsAsciiLetterUpper);
}
