using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>What a human step says about its work: kind, effort and weight, by which it takes capacity of people.</summary>
internal static class StepWork
{
    private const string Live = "live";
    private const string Deferred = "deferred";
    private const int MostMinutes = 100_000;
    private const int MostWeight = 10_000;
    private const string Category = "Work";

    public static readonly IReadOnlyList<ActivityInput> Inputs =
    [
        new("WorkKind", "String")
        {
            UIHint = "dropdown",
            Default = Deferred,
            DisplayName = "Work kind",
            Category = Category,
            Choices = [Live, Deferred],
            Description = "Live work, such as a call, interrupts; deferred work fills the time in between.",
        },
        new("Effort", "Int32")
        {
            Category = Category,
            Description = "Minutes that someone is expected to work on it. Leave it empty to learn it from the last 90 days.",
        },
        new("Weight", "Int32")
        {
            Default = 100,
            Category = Category,
            Description = "How much of a person's capacity the task takes: with 100, someone with the usual capacity has one at a time.",
        },
        new("SuspendedCounts", "Boolean")
        {
            UIHint = "checkbox",
            Default = false,
            DisplayName = "Suspended counts",
            Category = Category,
            Description = "The task takes capacity while it is suspended, too.",
        },
    ];

    /// <summary>Reports what the step says and can't be.</summary>
    public static void CheckToPublish(ActivityCompilation node)
    {
        foreach (var input in new[] { "WorkKind", "Effort", "Weight" })
        {
            if (node.TryLiteral(input, out var value) && Problem(input, value) is { } problem)
                node.PublishError($"{char.ToLowerInvariant(input[0])}{input[1..]}", problem);
        }
    }

    /// <summary>The task with what the step's inputs say.</summary>
    /// <exception cref="InvalidOperationException">An expression gave something that can't be.</exception>
    public static OpenTask Read(ActivityContext context, OpenTask open)
    {
        var (kind, effort, weight) = (context.Input("WorkKind"), context.Input("Effort"), context.Input("Weight"));
        foreach (var (input, value) in new[] { ("WorkKind", kind), ("Effort", effort), ("Weight", weight) })
        {
            if (Problem(input, value) is { } problem)
                throw new InvalidOperationException($"{input}: {problem}");
        }

        return open with
        {
            WorkKind = kind is string { Length: > 0 } named ? named : open.WorkKind,
            Effort = Number(effort),
            Weight = Number(weight) ?? open.Weight,
            SuspendedCounts = context.Input("SuspendedCounts") is true,
        };
    }

    private static string? Problem(string input, object? value) =>
        (input, value) switch
        {
            (_, null or "") => null,
            ("WorkKind", _) => value is Live or Deferred ? null : $"the kind of work must be {Live} or {Deferred}, not '{value}'.",
            ("Effort", _) => Number(value) is >= 1 and <= MostMinutes ? null : $"the effort must be from 1 to {MostMinutes} minutes, not '{value}'.",
            _ => Number(value) is >= 1 and <= MostWeight ? null : $"the weight must be from 1 to {MostWeight}, not '{value}'.",
        };

    private static int? Number(object? value) =>
        value switch
        {
            int number => number,
            long number and >= int.MinValue and <= int.MaxValue => (int)number,
            double number when number == Math.Floor(number) && Math.Abs(number) < int.MaxValue => (int)number,
            string text when int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) =>
                number,
            _ => null,
        };
}
