using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <content>Workflows that start workflows.</content>
internal static partial class BuiltInActivities
{
    private static ActivityType[] Composition =>
        [
            new()
            {
                TypeName = ExecuteWorkflow.TypeName,
                Category = "Composition",
                DisplayName = "Execute Workflow",
                Description = "Runs another workflow here and now.",
                Kind = ActivityKind.Task,
                Compile = static _ => new ExecuteWorkflow(),
                Inputs =
                [
                    DefinitionInput,
                    CorrelationInput,
                    ChildInputInput,
                    new("WaitForCompletion", Flag)
                    {
                        DisplayName = "Wait for Completion",
                        UIHint = "checkbox",
                        Default = false,
                        Description = "Wait for the workflow's end.",
                    },
                ],
                Outputs = [new("Result", "ExecuteWorkflowResult")],
            },
            new()
            {
                TypeName = DispatchWorkflow.TypeName,
                Category = "Composition",
                DisplayName = "Dispatch Workflow",
                Description = "Starts another workflow.",
                Compile = static _ => new DispatchWorkflow(),
                Inputs =
                [
                    DefinitionInput,
                    CorrelationInput,
                    ChildInputInput,
                    new("WaitForCompletion", Flag)
                    {
                        DisplayName = "Wait for Completion",
                        UIHint = "checkbox",
                        Description = "Wait for the workflow's end.",
                    },
                    new("StartNewTrace", Flag)
                    {
                        UIHint = "checkbox",
                        Category = "Open Telemetry",
                        Description = "Not used.",
                    },
                    Channel,
                ],
                Outputs = [new("Result", Any)],
            },
            new()
            {
                TypeName = BulkDispatchWorkflows.TypeName,
                Category = "Composition",
                DisplayName = "Bulk Dispatch Workflows",
                Description = "Starts another workflow for each item.",
                Kind = ActivityKind.Task,
                Compile = BulkDispatchWorkflows.Compile,
                Inputs =
                [
                    DefinitionInput,
                    new("Items", Any) { Description = "A list; each item starts a workflow." },
                    new("DefaultItemInputKey", Text)
                    {
                        Default = "Item",
                        Description = "The child's input that gets the item; an item that is an object becomes its inputs.",
                    },
                    new("CorrelationIdFunction", Text)
                    {
                        DisplayName = "Correlation ID Function",
                        AutoEvaluate = false,
                        Description = "Correlation id of the item's workflow.",
                    },
                    ChildInputInput,
                    new("WaitForCompletion", Flag)
                    {
                        DisplayName = "Wait for Completion",
                        UIHint = "checkbox",
                        Default = true,
                        Description = "Wait for the end of all.",
                    },
                    new("StartNewTrace", Flag)
                    {
                        UIHint = "checkbox",
                        Category = "Open Telemetry",
                        Description = "Not used.",
                    },
                    Channel,
                ],
                Ports = [Embedded("ChildCompleted"), Embedded("ChildFaulted"), Flow("Completed"), Flow("Canceled"), Flow("Done")],
            },
        ];

    private static ActivityInput DefinitionInput =>
        new("WorkflowDefinitionId", Text)
        {
            DisplayName = "Workflow Definition",
            UIHint = "workflow-definition-picker",
            Description = "The workflow that is started.",
        };

    private static ActivityInput CorrelationInput =>
        new("CorrelationId", Text) { DisplayName = "Correlation ID", Description = "The correlation id of the workflow that is started." };

    private static ActivityInput ChildInputInput => new("Input", Map) { UIHint = "dropdown", Description = "Inputs of the workflow that is started, by name." };

    private static ActivityInput Channel =>
        new("ChannelName", Text)
        {
            DisplayName = "Channel",
            UIHint = "dropdown",
            Choices = [""],
            Description = "Not used.",
        };
}
