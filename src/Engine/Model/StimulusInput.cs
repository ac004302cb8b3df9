namespace Orchestration.Engine.Model;

/// <summary>Names of the workflow input from a stimulus. The first two are Elsa's.</summary>
public static class StimulusInput
{
    /// <summary>Payload of an event.</summary>
    public const string EventPayload = "__EventPayloadWorkflowInput";

    /// <summary>The HTTP request that an endpoint answers.</summary>
    public const string HttpRequest = "HttpRequest";

    internal const string ChildInstanceId = "WorkflowInstanceId",
        ChildStatus = "WorkflowStatus",
        ChildSubStatus = "WorkflowSubStatus",
        ChildOutput = "WorkflowOutput";
}
