using System.Text.Json;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.OwnView;

/// <summary>A part of a journey as its customer knows it.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Text">What happens in it, or null.</param>
/// <param name="Ask">What the customer is asked for when a step of it waits for them, or null.</param>
/// <param name="Steps">Ids of the human steps that belong to it.</param>
/// <param name="IsOptional">Whether not every case comes here: then it is shown only when the case does.</param>
public sealed record CustomerStage(LocalText Title, LocalText? Text, LocalText? Ask, IReadOnlyList<string> Steps, bool IsOptional);

/// <summary>Where a stage stands.</summary>
public enum StageState
{
    Done,
    Now,
    Next,
}

/// <summary>
/// A journey in its customers' words: <c>customProperties.customer</c> of its definition, with a title and the stages in order. A journey without it has three
/// stages that are true of every case: nothing that staff call a step is shown to customers unless someone wrote it for them. Immutable, read once per version.
/// </summary>
/// <param name="Title">What the customer calls the matter; null: “your case”.</param>
/// <param name="Stages">At least one.</param>
public sealed record CustomerStages(LocalText? Title, IReadOnlyList<CustomerStage> Stages)
{
    /// <summary>Member of the definition's <c>customProperties</c>.</summary>
    public const string Property = "customer";

    private const int MostStages = 20;

    private static readonly CustomerStages Usual = new(
        null,
        [
            new(new("We have received it", "Wir haben es erhalten"), null, null, [], false),
            new(new("We are working on it", "Wir arbeiten daran"), null, null, [], false),
            new(new("Finished", "Abgeschlossen"), null, null, [], false),
        ]
    );

    /// <summary>Makes a registry read them, and refuse at publish what is wrong with them.</summary>
    public static ActivityRegistry AddTo(ActivityRegistry registry) => registry.Add(Property, Read);

    /// <summary>The stages of a version; null: of a version that can't be read.</summary>
    public static CustomerStages Of(CompiledWorkflow? workflow) => workflow?.Property<CustomerStages>(Property) ?? Usual;

    /// <summary>The stage of a step, or null.</summary>
    public CustomerStage? OfStep(string step) => Stages.FirstOrDefault(stage => stage.Steps.Contains(step));

    /// <summary>The stages to show, and where each stands.</summary>
    /// <param name="visits">Steps that the case has been in, and whether it still is.</param>
    /// <param name="isRunning">Whether the case still runs.</param>
    public IReadOnlyList<(CustomerStage Stage, StageState State)> At(IReadOnlyCollection<(string Step, bool IsOpen)> visits, bool isRunning)
    {
        if (ReferenceEquals(this, Usual))
            return
            [
                (Stages[0], StageState.Done),
                (Stages[1], isRunning ? StageState.Now : StageState.Done),
                (Stages[2], isRunning ? StageState.Next : StageState.Done),
            ];
        var seen = Stages.Select(stage => visits.Any(visit => stage.Steps.Contains(visit.Step))).ToList();
        var open = Stages.Select(stage => visits.Any(visit => visit.IsOpen && stage.Steps.Contains(visit.Step))).ToList();
        var furthest = Math.Max(0, seen.LastIndexOf(true));
        var shown = new List<(CustomerStage, StageState)>();
        foreach (var (i, stage) in Stages.Index())
        {
            if (!seen[i] && (stage.IsOptional || (i > furthest && !isRunning)))
                continue;
            var isNow = isRunning && (open[i] || (i == furthest && !open.Contains(true)));
            shown.Add(
                (
                    stage,
                    isNow ? StageState.Now
                    : i <= furthest || !isRunning ? StageState.Done
                    : StageState.Next
                )
            );
        }

        return shown;
    }

    private static CustomerStages? Read(CompiledWorkflow workflow, JsonElement value, Action<string, string> error)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
            return null;
        var errors = new List<DefinitionError>();
        CustomerStages? read = null;
        if (value.ValueKind != JsonValueKind.Object)
            errors.Add(new("", "must be an object with title and stages"));
        else
        {
            var customer = DocumentReader.Of(value, "", errors);
            var title = LocalText.Read(customer, "title", required: false);
            var stages = customer.Objects("stages", required: true, MostStages).Select(stage => Stage(stage, workflow)).OfType<CustomerStage>().ToList();
            customer.NoOthers();
            if (stages.Count == 0 && errors.Count == 0)
                customer.Error("stages", "must have at least one");
            foreach (var twice in stages.SelectMany(stage => stage.Steps).GroupBy(step => step).Where(steps => steps.Count() > 1))
                customer.Error("stages", $"name the step '{twice.Key}' twice");
            read = new(title, stages);
        }

        foreach (var wrong in errors)
            error(wrong.Path, $"The customer's view: {$"{wrong.Path.TrimStart('.')} {wrong.Reason}".TrimStart()}.");
        return errors.Count == 0 ? read : null;
    }

    private static CustomerStage? Stage(DocumentReader stage, CompiledWorkflow workflow)
    {
        var (title, text, ask) = (
            LocalText.Read(stage, "title", required: true),
            LocalText.Read(stage, "text", required: false),
            LocalText.Read(stage, "ask", required: false)
        );
        var steps = stage.Texts("steps", required: false);
        foreach (var (step, member) in steps)
        {
            if (workflow.FindActivity(step)?.TypeName != TaskBookmark.Name)
                stage.Error(member, $"'{step}' isn't a human step of the journey");
        }

        var optional = stage.Bool("optional", otherwise: false);
        stage.NoOthers();
        return title is null ? null : new(title, text, ask, [.. steps.Select(step => step.Text)], optional);
    }
}
