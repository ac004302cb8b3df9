using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>The result that the end of a child instance delivers to the waiting activity.</summary>
internal static class ChildInput
{
    /// <summary>Key of a bookmark's payload that names the child, so that a cancelled parent cancels it.</summary>
    public const string ChildId = "ChildInstanceId";

    public const string ParentWasCancelled = "The workflow that started it was cancelled.";

    public static object? Get(ActivityContext context, string name) => context.TryGetInput(name, out var value) ? value : null;

    public static CompiledWorkflow Find(ActivityContext context, string definitionId) =>
        context.Run.Context.FindPublished(definitionId)
        ?? throw new EngineException($"No published version of workflow definition with ID {definitionId} found.");

    /// <summary>Input of a child: the given values, and its parent.</summary>
    public static OrderedDictionary<string, object?> ForChild(ActivityContext context)
    {
        var input = context.Input("Input") is OrderedDictionary<string, object?> given ? new OrderedDictionary<string, object?>(given) : [];
        input["ParentInstanceId"] = context.InstanceId;
        return input;
    }

    /// <summary>Faults the activity if the child's input doesn't match its declaration, so that the incident is where the mistake is.</summary>
    public static OrderedDictionary<string, object?> Checked(CompiledWorkflow child, OrderedDictionary<string, object?> input) =>
        InputCheck.Check(child.Inputs, input) is [var (name, reason), ..]
            ? throw new EngineException($"Input '{name}' of workflow '{child.Name ?? child.DefinitionId}' {reason}.")
            : input;

    public static void CancelChild(ActivityContext context, Bookmark bookmark)
    {
        if (
            context.InstanceIsCancelled
            && bookmark.Payload is OrderedDictionary<string, object?> payload
            && payload.TryGetValue(ChildId, out var id)
            && id is string childId
        )
            context.Send(new OutgoingStimulus.CancelInstance(childId, ParentWasCancelled));
    }
}

/// <summary>Runs another workflow inside this burst.</summary>
internal sealed class ExecuteWorkflow : Activity
{
    public const string TypeName = "Elsa.ExecuteWorkflow";
    private const int MaxDepth = 16;

    protected internal override void Execute(ActivityContext context)
    {
        var waits = context.Input<bool>("WaitForCompletion");
        var workflow = ChildInput.Find(context, context.RequiredInput<string>("WorkflowDefinitionId"));
        var burst = context.Run.Context;

        if (burst.Depth >= MaxDepth)
            throw new InvalidOperationException($"Workflows execute each other more than {MaxDepth} levels deep.");

        var childContext = burst with
        {
            Seed = context.Run.Ids.NextRandom(),
            Depth = burst.Depth + 1,
            Outer = context.Run,
            HasHttpRequest = context.Run.CanAnswerHttp,
            Caller = context.Run.Result.Caller,
        };
        var child = Burst.NewInstance(workflow, context.NewId(), childContext);
        child.ParentInstanceId = context.InstanceId;
        var result = Burst.Advance(
            workflow,
            child,
            new Stimulus.Start(ChildInput.Checked(workflow, ChildInput.ForChild(context)), context.TextInput("CorrelationId")),
            childContext
        );
        context.Run.Result.Children.Add(result);
        context.Run.Result.Lines.AddRange(result.Lines);
        context.Run.Result.HttpAnswer = result.HttpAnswer ?? context.Run.Result.HttpAnswer;

        if (!waits || child.Status == WorkflowStatus.Finished)
        {
            context.SetOutput("Result", Describe(child.Id, child.Status, child.SubStatus, child.Output));
            context.Complete();
            return;
        }

        var bookmark = context.OpenBookmark(
            TypeName,
            StimulusHash.Of(TypeName, child.Id),
            new OrderedDictionary<string, object?> { [ChildInput.ChildId] = child.Id }
        );
        child.ParentBookmarkId = bookmark.Id;
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        // Elsa gives an empty result here; designers expect the child's real result.
        var status =
            ChildInput.Get(context, StimulusInput.ChildStatus) is string statusName && Enum.TryParse<WorkflowStatus>(statusName, out var s)
                ? s
                : WorkflowStatus.Finished;
        var subStatus =
            ChildInput.Get(context, StimulusInput.ChildSubStatus) is string subStatusName && Enum.TryParse<WorkflowSubStatus>(subStatusName, out var sub)
                ? sub
                : WorkflowSubStatus.Finished;
        context.SetOutput(
            "Result",
            Describe(ChildInput.Get(context, StimulusInput.ChildInstanceId) as string, status, subStatus, ChildInput.Get(context, StimulusInput.ChildOutput))
        );
        context.Complete();
    }

    protected internal override void BookmarkBurnt(ActivityContext context, Bookmark bookmark, BurnReason reason) => ChildInput.CancelChild(context, bookmark);

    private static OrderedDictionary<string, object?> Describe(string? instanceId, WorkflowStatus status, WorkflowSubStatus subStatus, object? output) =>
        new(RecordNames.Instance)
        {
            ["WorkflowDefinitionVersionId"] = null,
            ["WorkflowInstanceId"] = instanceId,
            ["CorrelationId"] = null,
            ["Status"] = new EnumValue(status.ToString(), (int)status),
            ["SubStatus"] = new EnumValue(subStatus.ToString(), (int)subStatus),
            ["Output"] = output,
        };
}

/// <summary>Starts another workflow after commit.</summary>
internal sealed class DispatchWorkflow : Activity
{
    public const string TypeName = "Elsa.DispatchWorkflow";

    protected internal override void Execute(ActivityContext context)
    {
        var definitionId = context.RequiredInput<string>("WorkflowDefinitionId");
        var input = ChildInput.Checked(ChildInput.Find(context, definitionId), ChildInput.ForChild(context));
        var childId = context.NewId();
        var bookmark = context.Input<bool>("WaitForCompletion")
            ? context.OpenBookmark(TypeName, StimulusHash.Of(TypeName, childId), new OrderedDictionary<string, object?> { [ChildInput.ChildId] = childId })
            : null;

        context.Send(new OutgoingStimulus.StartInstance(childId, definitionId, context.TextInput("CorrelationId"), input, bookmark?.Id));

        if (bookmark is null)
            context.Complete();
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        context.SetOutput("Result", ChildInput.Get(context, StimulusInput.ChildOutput));
        context.Complete();
    }

    protected internal override void BookmarkBurnt(ActivityContext context, Bookmark bookmark, BurnReason reason) => ChildInput.CancelChild(context, bookmark);
}

/// <summary>Starts another workflow for each item, after commit.</summary>
internal sealed class BulkDispatchWorkflows(ActivityNode? childCompleted, ActivityNode? childFaulted) : Activity
{
    public const string TypeName = "Elsa.BulkDispatchWorkflows";
    private const string Dispatched = "DispatchedInstancesCount",
        Ended = "CompletedInstancesCount";
    private static readonly string[] CompletedOutcomes = ["Completed", "Done"];

    public static Activity Compile(ActivityCompilation c)
    {
        c.Node.Outcomes = ["Completed", "Canceled", "Done"];
        return new BulkDispatchWorkflows(c.Child("childCompleted"), c.Child("childFaulted"));
    }

    internal override bool ReadsInputsAgain => false;

    protected internal override void Execute(ActivityContext context)
    {
        var definitionId = context.RequiredInput<string>("WorkflowDefinitionId");
        var items = context.Input("Items") as List<object?> ?? [];
        context.Run.Context.FanOut.Check(items.Count, areForPeople: false);
        var itemKey = context.Input("DefaultItemInputKey", "Item")!;
        var waits = context.Input<bool>("WaitForCompletion") && items.Count > 0;

        var child = items.Count > 0 ? ChildInput.Find(context, definitionId) : null;
        var bookmark = waits ? context.Run.OpenBookmark(context.Execution, TypeName, null, null, null, autoBurn: false) : null;
        var scope = new MemoryBlock(BurstRun.LoopVariableId(itemKey), itemKey, null);

        foreach (var item in items)
        {
            var input = ChildInput.ForChild(context);

            if (item is OrderedDictionary<string, object?> members)
            {
                foreach (var (key, value) in members)
                    input[key] = value;
            }
            else
            {
                input[itemKey] = item;
            }

            ChildInput.Checked(child!, input);

            // The correlation function sees the item as a variable.
            scope.Value = item;
            (context.Execution.Memory ??= []).Add(scope);
            var correlationId = context.TextInput("CorrelationIdFunction");
            context.Execution.Memory.Remove(scope);
            context.Send(new OutgoingStimulus.StartInstance(context.NewId(), definitionId, correlationId, input, bookmark?.Id));
        }

        context.Properties[Dispatched] = items.Count;

        if (!waits)
            context.Complete(Outcomes.Done);
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        context.Properties[Ended] = Count(context, Ended) + 1;
        var next = (ChildInput.Get(context, StimulusInput.ChildSubStatus) as string) switch
        {
            nameof(WorkflowSubStatus.Faulted) => childFaulted,
            nameof(WorkflowSubStatus.Finished) => childCompleted,
            _ => null,
        };

        if (next is null)
            CompleteWhenAllEnded(context);
        else
            context.Run.Schedule(context.Execution, next, "child", variables: [("ChildInstanceId", ChildInput.Get(context, StimulusInput.ChildInstanceId))]);
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        CompleteWhenAllEnded(context);

    private static void CompleteWhenAllEnded(ActivityContext context)
    {
        if (Count(context, Ended) >= Count(context, Dispatched))
            context.Complete(CompletedOutcomes);
    }

    private static int Count(ActivityContext context, string name) => context.Properties.TryGetValue(name, out var value) && value is int count ? count : 0;
}
