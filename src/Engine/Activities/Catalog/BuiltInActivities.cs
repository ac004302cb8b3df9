using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <summary>Elsa's activities: what Studio is told of them and how they are compiled. Names, categories and hints are those of Elsa 3.8.</summary>
internal static class BuiltInActivities
{
    private const string Text = "String",
        Flag = "Boolean",
        Number = "Int32",
        Any = "Object",
        Texts = "List<String>",
        Map = "ObjectDictionary";

    public static readonly ActivityType Workflow = new()
    {
        TypeName = "Elsa.Workflow",
        Category = "Workflows",
        DisplayName = "Workflow",
        Description = "Runs its root activity.",
        IsBrowsable = false,
        OwnsVariables = true,
        Outputs = [new("Result", Any)],
        Ports = [Embedded("Root", isBrowsable: false)],
        Compile = static _ => throw new InvalidOperationException("Compiled with its document."),
    };

    public static readonly ActivityType NotFound = new()
    {
        TypeName = "Elsa.NotFoundActivity",
        Category = "System",
        DisplayName = "Not Found Activity",
        Description = "Stands for an activity whose type is not installed.",
        IsBrowsable = false,
        Compile = static c => new NotFoundActivity(c.Text("missingTypeName") ?? "?"),
    };

    public static IEnumerable<ActivityType> All { get; } =
    [
        Workflow,
        Container("Elsa.Flowchart", "Flow", "Flowchart", "Activities joined by connections.", Flowchart.Compile, [Embedded("Start")]),
        Container("Elsa.Sequence", "Workflows", "Sequence", "Runs activities one after the other.", Sequence.Compile),
        Container("Elsa.Parallel", "Workflows", "Parallel", "Runs activities side by side.", Parallel.Compile),
        new()
        {
            TypeName = "Elsa.Fork",
            Category = "Control Flow",
            DisplayName = "Fork",
            Description = "Runs branches side by side.",
            IsBrowsable = false,
            Compile = Fork.Compile,
            Inputs =
            [
                new("JoinMode", Any)
                {
                    UIHint = "dropdown",
                    IsExpression = false,
                    Choices = ["WaitAll", "WaitAny"],
                    Description = "Whether all branches must end, or the first one is enough.",
                },
            ],
        },
        new()
        {
            TypeName = "Elsa.FlowNode",
            Category = "Flow",
            DisplayName = "Container",
            Description = "Holds one activity.",
            Compile = FlowNode.Compile,
            Ports = [Embedded("Body")],
        },
        new()
        {
            TypeName = "Elsa.Start",
            Category = "Flow",
            DisplayName = "Start",
            Description = "Where a flowchart begins.",
            IsStart = true,
            Compile = static _ => new Milestone(),
        },
        new()
        {
            TypeName = "Elsa.End",
            Category = "Flow",
            DisplayName = "End",
            Description = "Ends the flowchart it stands in.",
            IsTerminal = true,
            Compile = static _ => new Milestone(),
        },
        new()
        {
            TypeName = "Elsa.Finish",
            Category = "Primitives",
            DisplayName = "Finish",
            Description = "Ends the workflow at once.",
            IsTerminal = true,
            Compile = static _ => new Finish(),
        },
        new()
        {
            TypeName = "Elsa.Complete",
            Category = "Composition",
            DisplayName = "Complete",
            Description = "Ends the workflow it stands in, with outcomes.",
            IsTerminal = true,
            Inputs =
            [
                new("Outcomes", Any)
                {
                    UIHint = "outcome-picker",
                    DefaultSyntax = "Object",
                    Description = "The outcome or outcomes to end with.",
                },
            ],
            Compile = static _ => new Complete(),
        },
        new()
        {
            TypeName = "Elsa.Break",
            Category = "Looping",
            DisplayName = "Break",
            Description = "Leaves the loop it stands in.",
            IsTerminal = true,
            Compile = static _ => new Break(),
        },
        new()
        {
            TypeName = "Elsa.If",
            Category = "Branching",
            DisplayName = "If",
            Description = "Runs one of two activities, by a condition.",
            Compile = If.Compile,
            Inputs = [new("Condition", Flag) { Default = false, Description = "Then runs when this is true, else Else." }],
            Outputs = [new("Result", Flag)],
            Ports = [Embedded("Then"), Embedded("Else")],
        },
        new()
        {
            TypeName = "Elsa.Switch",
            Category = "Branching",
            DisplayName = "Switch",
            Description = "Runs the activity of the case that matches.",
            Compile = Switch.Compile,
            Inputs = [Cases("switch-editor"), SwitchMode],
            Outputs = [new("Output", Any)],
            Ports = [Embedded("Default")],
        },
        new()
        {
            TypeName = "Elsa.FlowDecision",
            Category = "Branching",
            DisplayName = "Decision",
            Description = "Follows True or False, by a condition.",
            Compile = static c => Outcome(c, new FlowDecision(), "True", "False"),
            Inputs =
            [
                new("Condition", Flag) { Default = false, Description = "True or false; an expression, such as getClaimedAmount() > 10000 in JavaScript." },
            ],
            Ports = [Flow("True"), Flow("False")],
        },
        new()
        {
            TypeName = "Elsa.FlowSwitch",
            Category = "Branching",
            DisplayName = "Switch (flow)",
            Description = "Follows the case that matches.",
            Compile = FlowSwitch.Compile,
            Inputs = [Cases("flow-switch-editor"), SwitchMode],
            Ports = [Flow("Default")],
        },
        new()
        {
            TypeName = "Elsa.FlowFork",
            Category = "Branching",
            DisplayName = "Fork (flow)",
            Description = "Follows several branches side by side.",
            Compile = FlowFork.Compile,
            Inputs = [new("Branches", Texts) { UIHint = "dynamic-outcomes", Description = "Names of the branches." }],
        },
        new()
        {
            TypeName = "Elsa.FlowJoin",
            Category = "Branching",
            DisplayName = "Join",
            Description = "Brings branches together.",
            Compile = static _ => new FlowJoin(),
            Inputs =
            [
                new("Mode", Any)
                {
                    UIHint = "dropdown",
                    Default = "WaitAny",
                    Choices = ["WaitAll", "WaitAllActive", "WaitAny"],
                    Description =
                        "WaitAny goes on with the first branch that arrives and cancels the others; WaitAll waits for every branch; WaitAllActive for those that were taken.",
                },
            ],
        },
        new()
        {
            TypeName = "Elsa.For",
            Category = "Looping",
            DisplayName = "For",
            Description = "Counts from one number to another.",
            Compile = For.Compile,
            Ports = [Embedded("Body")],
            LoopVariables = ["CurrentValue"],
            Inputs =
            [
                new("Start", Number) { Default = 0, Description = "The first number." },
                new("End", Number) { Default = 0, Description = "The last number." },
                new("Step", Number) { Default = 1, Description = "The step; negative to count down." },
                new("OuterBoundInclusive", Flag)
                {
                    UIHint = "checkbox",
                    Default = true,
                    Description = "Whether the last number is part of the loop.",
                },
            ],
            Outputs = [new("CurrentValue", Any)],
        },
        new()
        {
            TypeName = "Elsa.ForEach",
            Category = "Looping",
            DisplayName = "For Each",
            Description = "Runs its body for one item after the other.",
            Compile = ForEach.Compile,
            Ports = [Embedded("Body")],
            LoopVariables = ["CurrentValue", "CurrentIndex"],
            Inputs =
            [
                new("Items", "List<Object>")
                {
                    UIHint = "dropdown",
                    Default = new List<object?>(),
                    Description = "A list: a variable, or an expression that gives one.",
                },
            ],
            Outputs = [new("CurrentValue", Any, "The item at hand.")],
        },
        new()
        {
            TypeName = "Elsa.ParallelForEach",
            Category = "Looping",
            DisplayName = "Parallel for Each",
            Description = "Runs its body for all items side by side.",
            Compile = ParallelForEach.Compile,
            Ports = [Embedded("Body")],
            LoopVariables = ["CurrentValue", "CurrentIndex"],
            Inputs = [new("Items", Any) { Default = new List<object?>(), Description = "A list: a variable, or an expression that gives one." }],
        },
        new()
        {
            TypeName = "Elsa.While",
            Category = "Looping",
            DisplayName = "While",
            Description = "Repeats its body while a condition holds.",
            Compile = While.Compile,
            Ports = [Embedded("Body")],
            Inputs =
            [
                new("Condition", Flag)
                {
                    AutoEvaluate = false,
                    Default = false,
                    Description = "Asked before every repetition; the loop ends when it is false.",
                },
            ],
        },
        new()
        {
            TypeName = "Elsa.WriteLine",
            Category = "Console",
            DisplayName = "Write Line",
            Description = "Writes a line to the log.",
            Compile = static _ => new WriteLine(),
            Inputs = [new("Text", Text) { Description = "The line." }],
        },
        new()
        {
            TypeName = "Elsa.SetName",
            Category = "Primitives",
            DisplayName = "Set Name",
            Description = "Names the workflow instance.",
            Compile = static _ => new SetName(),
            Inputs = [new("Value", Text) { Description = "The name, as lists of runs show it." }],
        },
        new()
        {
            TypeName = "Elsa.Correlate",
            Category = "Primitives",
            DisplayName = "Correlate",
            Description = "Sets the instance's correlation id.",
            Compile = static _ => new Correlate(),
            Inputs = [new("CorrelationId", Text) { Description = "The business reference, by which events and searches find the run." }],
        },
        new()
        {
            TypeName = "Elsa.SetVariable",
            Category = "Primitives",
            DisplayName = "Set Variable",
            Description = "Gives a variable a value.",
            Compile = SetVariable.Compile,
            Inputs =
            [
                new("Variable", Any)
                {
                    UIHint = "variable-picker",
                    IsExpression = false,
                    Description = "The variable.",
                },
                new("Value", Any) { Description = "The value." },
            ],
        },
        new()
        {
            TypeName = "Elsa.SetOutput",
            Category = "Composition",
            DisplayName = "Set Output",
            Description = "Sets an output of the workflow.",
            Compile = static _ => new SetOutput(),
            Inputs =
            [
                new("OutputName", Text)
                {
                    DisplayName = "Output",
                    UIHint = "output-picker",
                    Description = "The output.",
                },
                new("OutputValue", Any) { Description = "The value." },
            ],
        },
        new()
        {
            TypeName = "Elsa.Fault",
            Category = "Primitives",
            DisplayName = "Fault",
            Description = "Makes the workflow fault.",
            Compile = static _ => new Fault(),
            Inputs =
            [
                new("Code", Text) { Description = "A code to sort faults by." },
                new("Category", Text) { Description = "A category, e.g. HTTP." },
                new("FaultType", Text) { DisplayName = "Type", Description = "A type, e.g. System or Business." },
                new("Message", Text) { Description = "What happened." },
            ],
        },
        NotFound,
        new()
        {
            TypeName = "Elsa.Event",
            Category = "Primitives",
            DisplayName = "Event",
            Description = "Waits for an event.",
            Kind = ActivityKind.Trigger,
            Compile = Event.Compile,
            Inputs = [new("EventName", Text) { Description = "The name of the event." }],
            Outputs = [new("Result", Any)],
        },
        new()
        {
            TypeName = "Elsa.PublishEvent",
            Category = "Primitives",
            DisplayName = "Publish Event",
            Description = "Publishes an event.",
            Compile = static _ => new PublishEvent(),
            Inputs =
            [
                new("EventName", Text) { Description = "The name of the event." },
                new("CorrelationId", Text) { Description = "Only instances with this correlation id receive it." },
                new("IsLocalEvent", Flag)
                {
                    DisplayName = "Local event",
                    UIHint = "checkbox",
                    Description = "Only this instance receives it.",
                },
                new("Payload", Any) { Description = "What the event carries." },
            ],
        },
        new()
        {
            TypeName = RunTask.TypeName,
            Category = "Primitives",
            DisplayName = "Run Task",
            Description = "Asks for a task to be done elsewhere and waits for its result.",
            Compile = static _ => new RunTask(),
            Inputs =
            [
                new("TaskName", Text) { Description = "The name of the task." },
                new("Payload", Map) { UIHint = "dropdown", Description = "What the task needs to know." },
            ],
            Outputs = [new("TaskId", Text, "The id of the task."), new("Result", Any)],
        },
        new()
        {
            TypeName = Delay.TypeName,
            Category = "Scheduling",
            DisplayName = "Delay",
            Description = "Waits for a time span.",
            Compile = static _ => new Delay(),
            Inputs = [new("TimeSpan", "TimeSpan") { Default = "00:01:00", Description = "How long to wait: 00:30:00 is half an hour, 10.00:00:00 ten days." }],
        },
        new()
        {
            TypeName = Timer.TypeName,
            Category = "Scheduling",
            DisplayName = "Timer",
            Description = "Starts a workflow at an interval, or waits for it once.",
            Kind = ActivityKind.Trigger,
            Compile = Timer.Compile,
            Inputs =
            [
                new("Interval", "TimeSpan") { Default = "00:01:00", Description = "The time between two starts: 00:30:00 is half an hour, 1.00:00:00 a day." },
            ],
        },
        new()
        {
            TypeName = Cron.TypeName,
            Category = "Scheduling",
            DisplayName = "Cron",
            Description = "Starts a workflow, or goes on, by a cron expression.",
            Kind = ActivityKind.Trigger,
            Compile = Cron.Compile,
            Inputs =
            [
                new("CronExpression", Text)
                {
                    Description =
                        "Minutes, hours, days of the month, months and days of the week: 0 9 * * MON-FRI is 9:00 on weekdays. A sixth field in front is seconds; TZ=Europe/Berlin before it all gives another zone than UTC.",
                },
            ],
        },
        new()
        {
            TypeName = StartAt.TypeName,
            Category = "Scheduling",
            DisplayName = "Start at",
            Description = "Starts a workflow, or goes on, at a date and time.",
            Kind = ActivityKind.Trigger,
            Compile = StartAt.Compile,
            Inputs = [new("DateTime", "DateTimeOffset") { Description = "The moment with its offset from UTC: 2026-03-01T09:00:00+01:00." }],
        },
        new()
        {
            TypeName = "Elsa.StateMachine",
            Category = "Flow",
            DisplayName = "State Machine",
            Description = "States and the transitions between them.",
            Compile = StateMachine.Compile,
        },
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
        new()
        {
            TypeName = HttpEndpoint.TypeName,
            Category = "HTTP",
            DisplayName = "HTTP Endpoint",
            Description = "Waits for an HTTP request.",
            Kind = ActivityKind.Trigger,
            Compile = HttpEndpoint.Compile,
            Inputs =
            [
                new("Path", Text) { Description = "The path; {id} in it takes a value, found under Route Data." },
                new("SupportedMethods", Texts)
                {
                    UIHint = "checklist",
                    Choices = ["GET", "POST", "PUT", "HEAD", "DELETE"],
                    Description = "The methods.",
                },
                new("Authorize", Flag)
                {
                    UIHint = "checkbox",
                    Category = "Security",
                    Description = "Only signed-in callers.",
                },
                new("Policy", Text) { Category = "Security", Description = "A policy the caller must meet." },
                new("RequestTimeout", "TimeSpan") { Category = "Upload", Description = "Longest time to answer." },
                new("RequestSizeLimit", "Int64") { Category = "Upload", Description = "Largest request in bytes." },
                new("FileSizeLimit", "Int64") { Category = "Upload", Description = "Largest file in bytes." },
                new("AllowedFileExtensions", Texts)
                {
                    UIHint = "multitext",
                    Category = "Upload",
                    Description = "Only these; empty for all.",
                },
                new("BlockedFileExtensions", Texts)
                {
                    UIHint = "multitext",
                    Category = "Upload",
                    Description = "None of these.",
                },
                new("AllowedMimeTypes", Texts)
                {
                    UIHint = "multitext",
                    Category = "Upload",
                    Description = "Only these; empty for all.",
                },
                Expose("ExposeRequestTooLargeOutcome"),
                Expose("ExposeFileTooLargeOutcome"),
                Expose("ExposeInvalidFileExtensionOutcome"),
                Expose("ExposeInvalidFileMimeTypeOutcome"),
            ],
            Outputs =
            [
                new("ParsedContent", Any, "The content."),
                new("Files", "FormFile[]", "The files.") { IsTransient = true },
                new("File", "FormFile", "The first file.") { IsTransient = true },
                new("RouteData", Map, "Values in the path."),
                new("QueryStringData", Map, "Values in the query."),
                new("Headers", Map, "The headers.") { IsTransient = true },
                new("Result", "HttpRequest") { IsTransient = true },
            ],
        },
        new()
        {
            TypeName = "Elsa.WriteHttpResponse",
            Category = "HTTP",
            DisplayName = "HTTP Response",
            Description = "Answers the HTTP request.",
            Compile = static _ => new WriteHttpResponse(),
            Inputs =
            [
                new("StatusCode", Any)
                {
                    UIHint = "dropdown",
                    Default = "OK",
                    Choices = Enum.GetNames<System.Net.HttpStatusCode>(),
                    Description = "The status code.",
                },
                new("Content", Any) { Description = "The content: text as it is, objects as JSON." },
                ContentType,
                new("ResponseHeaders", Any)
                {
                    UIHint = "json-editor",
                    Category = "Advanced",
                    Description = "The headers.",
                },
            ],
        },
        new()
        {
            TypeName = "Elsa.SendHttpRequest",
            Category = "HTTP",
            DisplayName = "HTTP Request",
            Description = "Sends an HTTP request.",
            Kind = ActivityKind.Task,
            Compile = SendHttpRequest.Compile,
            Inputs =
            [
                new("ExpectedStatusCodes", Any)
                {
                    UIHint = "http-status-codes",
                    IsExpression = false,
                    Description = "Status codes, each with an activity to run.",
                },
                .. RequestInputs,
            ],
            Outputs = RequestOutputs,
            Ports = [Embedded("UnmatchedStatusCode"), Embedded("FailedToConnect"), Embedded("Timeout")],
        },
        new()
        {
            TypeName = "Elsa.FlowSendHttpRequest",
            Category = "HTTP",
            DisplayName = "HTTP Request (flow)",
            Description = "Sends an HTTP request.",
            Kind = ActivityKind.Task,
            Compile = FlowSendHttpRequest.Compile,
            Inputs =
            [
                new("ExpectedStatusCodes", "List<Int32>")
                {
                    UIHint = "multitext",
                    Default = new List<object?> { 200 },
                    Description = "Status codes, each an outcome.",
                },
                .. RequestInputs,
            ],
            Outputs = RequestOutputs,
        },
        Script("Elsa.RunJavaScript", "Run JavaScript", "JavaScript", isBrowsable: true),
        Script("Elsa.RunCSharp", "Run C#", "CSharp", isBrowsable: false),
    ];

    /// <summary>RunCSharp where C# is on: only then the designer offers it.</summary>
    public static ActivityType RunCSharp { get; } = Script("Elsa.RunCSharp", "Run C#", "CSharp", isBrowsable: true);

    private static ActivityInput[] RequestInputs =>
        [
            new("Url", Text) { Description = "The address, with http:// or https://." },
            new("Method", Text)
            {
                UIHint = "dropdown",
                Default = "GET",
                Choices = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"],
                Description = "The method.",
            },
            new("Content", Any) { Description = "The content." },
            ContentType,
            new("Authorization", Text) { Category = "Security", Description = "Value of the Authorization header." },
            new("DisableAuthorizationHeaderValidation", Flag)
            {
                UIHint = "checkbox",
                Category = "Security",
                Description = "Not used: the header is sent as it is.",
            },
            new("RequestHeaders", Any)
            {
                UIHint = "json-editor",
                Category = "Advanced",
                Description = "The headers.",
            },
            new("EnableResiliency", Flag) { UIHint = "checkbox", Description = "Not used: requests are retried in any case." },
        ];

    private static ActivityOutput[] RequestOutputs =>
        [
            new("StatusCode", Number, "The status code."),
            new("ParsedContent", Any, "The content."),
            new("ResponseHeaders", "HttpHeaders", "The headers."),
            new("Result", "HttpResponseMessage"),
        ];

    private static ActivityInput ContentType =>
        new("ContentType", Text)
        {
            UIHint = "dropdown",
            Description = "The content type.",
            Choices =
            [
                "",
                "application/json",
                "application/soap+xml",
                "application/x-www-form-urlencoded",
                "application/xml",
                "text/plain",
                "text/xml",
                "text/html",
                "application/octet-stream",
            ],
        };

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

    private static ActivityInput Expose(string name) =>
        new(name, Flag)
        {
            UIHint = "checkbox",
            Category = "Outcomes",
            IsExpression = false,
            Description = "Not used: such a request is refused before a workflow sees it.",
        };

    private static ActivityInput SwitchMode =>
        new("Mode", Any)
        {
            UIHint = "dropdown",
            Default = "MatchFirst",
            Choices = ["MatchFirst", "MatchAny"],
            Description = "Whether the first match is taken, or every match.",
        };

    private static ActivityInput Cases(string hint) =>
        new("Cases", Any)
        {
            UIHint = hint,
            IsExpression = false,
            Description = "The cases.",
        };

    private static ActivityPort Embedded(string name, bool isBrowsable = true) => new(name, PortKind.Embedded, IsBrowsable: isBrowsable);

    private static ActivityPort Flow(string name) => new(name, PortKind.Flow);

    private static ActivityType Container(
        string typeName,
        string category,
        string displayName,
        string description,
        Func<ActivityCompilation, Activity> compile,
        ActivityPort[]? ports = null
    ) =>
        new()
        {
            TypeName = typeName,
            Category = category,
            DisplayName = displayName,
            Description = description,
            Compile = compile,
            Ports = ports ?? [],
            IsContainer = true,
            IsBrowsable = false,
            OwnsVariables = true,
        };

    private static ActivityType Script(string typeName, string displayName, string language, bool isBrowsable) =>
        new()
        {
            TypeName = typeName,
            Category = "Scripting",
            DisplayName = displayName,
            Description = "Runs a script.",
            IsBrowsable = isBrowsable,
            Compile = c => RunScript.Compile(c, language),
            Inputs =
            [
                new("Script", Text)
                {
                    UIHint = "code-editor",
                    DefaultSyntax = language,
                    Default = "",
                    Description = "The script.",
                },
                new("PossibleOutcomes", Texts) { UIHint = "dynamic-outcomes", Description = "Outcomes the script may set." },
            ],
            Outputs = [new("Result", Any)],
        };

    private static Activity Outcome(ActivityCompilation c, Activity activity, params string[] outcomes)
    {
        c.Node.Outcomes = outcomes;
        return activity;
    }
}
