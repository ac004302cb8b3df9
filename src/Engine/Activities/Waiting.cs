using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

internal sealed class Event : Activity, ITrigger
{
    public const string TypeName = "Elsa.Event";

    public static Activity Compile(ActivityCompilation c)
    {
        if (c.TryLiteral("EventName", out var name) ? string.IsNullOrWhiteSpace(name as string) : c.Node.CanStartWorkflow)
            c.PublishError(
                "eventName",
                c.Node.CanStartWorkflow ? "the name of an event that starts workflows must be a literal text." : "the name of the event to wait for is missing."
            );

        return new Event();
    }

    protected internal override void Execute(ActivityContext context)
    {
        if (context.IsTrigger)
        {
            Received(context);
            return;
        }

        var name = context.Input<string>("EventName") ?? "";
        context.OpenBookmark(TypeName, StimulusHash.Event(name), new OrderedDictionary<string, object?> { ["EventName"] = name });
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark) => Received(context);

    private static void Received(ActivityContext context)
    {
        // As in Elsa: an event published without a payload gives an empty object.
        var isTold = context.TryGetInput(StimulusInput.EventPayload, out var payload);
        context.SetOutput("Result", isTold ? payload ?? new OrderedDictionary<string, object?>() : null);
        context.Complete();
    }

    public IEnumerable<Trigger> Triggers(ActivityNode node) =>
        node.Literal("EventName") is string name ? [new Trigger(node.Id, TypeName, StimulusHash.Event(name), new() { ["EventName"] = name })] : [];
}

internal sealed class PublishEvent : CodeActivity
{
    protected internal override void Execute(ActivityContext context)
    {
        var isLocal = context.Input<bool>("IsLocalEvent");
        var correlationId = context.TextInput("CorrelationId");
        context.Send(
            new OutgoingStimulus.PublishEvent(
                context.RequiredInput<string>("EventName"),
                string.IsNullOrWhiteSpace(correlationId) ? null : correlationId,
                isLocal ? context.InstanceId : null,
                context.Input("Payload"),
                isLocal
            )
        );
    }
}

internal sealed class RunTask : Activity
{
    public const string TypeName = "Elsa.RunTask";
    public const string ResultInput = "RunTaskInput";

    protected internal override void Execute(ActivityContext context)
    {
        var taskName = context.RequiredInput<string>("TaskName");
        var taskId = context.NewId();
        context.OpenBookmark(
            TypeName,
            StimulusHash.Of(TypeName, taskId),
            new OrderedDictionary<string, object?>
            {
                ["TaskId"] = taskId,
                ["TaskName"] = taskName,
                ["Payload"] = context.Input("Payload"),
            }
        );
        context.SetOutput("TaskId", taskId);
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        if (!context.TryGetInput(ResultInput, out var result))
            throw new KeyNotFoundException($"The given key '{ResultInput}' was not present in the dictionary.");

        context.SetOutput("Result", result);
        context.Complete();
    }
}
