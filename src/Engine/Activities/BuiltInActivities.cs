namespace Orchestration.Engine.Activities;

/// <summary>Elsa's activities: what Studio is told of them and how they are compiled. Names, categories and hints are those of Elsa 3.8.</summary>
internal static class BuiltInActivities
{
    private const string Text = "String", Flag = "Boolean", Number = "Int32", Any = "Object", Texts = "List<String>", Map = "ObjectDictionary";

    public static readonly ActivityType Workflow = new()
    {
        TypeName = "Elsa.Workflow", Category = "Workflows", DisplayName = "Workflow", Description = "Runs its root activity.",
        IsBrowsable = false, OwnsVariables = true, Outputs = [new("Result", Any)], Ports = [Embedded("Root", isBrowsable: false)],
        Compile = static _ => throw new InvalidOperationException("Compiled with its document."),
    };

    public static readonly ActivityType NotFound = new()
    {
        TypeName = "Elsa.NotFoundActivity", Category = "System", DisplayName = "Not Found Activity", Description = "Stands for an activity whose type is not installed.",
        IsBrowsable = false, Compile = static c => new NotFoundActivity(c.Text("missingTypeName") ?? "?", 0),
    };

    public static IEnumerable<ActivityType> All { get; } =
    [
        Workflow,
        Container("Elsa.Flowchart", "Flow", "Flowchart", "Activities joined by connections.", Flowchart.Compile, [Embedded("Start")]),
        Container("Elsa.Sequence", "Workflows", "Sequence", "Runs activities one after the other.", Sequence.Compile),
        Container("Elsa.Parallel", "Workflows", "Parallel", "Runs activities side by side.", Parallel.Compile),
        new()
        {
            TypeName = "Elsa.Fork", Category = "Control Flow", DisplayName = "Fork", Description = "Runs branches side by side.", IsBrowsable = false, Compile = Fork.Compile,
            Inputs = [new("JoinMode", Any) { UIHint = "dropdown", IsExpression = false, Choices = ["WaitAll", "WaitAny"], Description = "Whether all branches must end, or the first one is enough." }],
        },
        new()
        {
            TypeName = "Elsa.FlowNode", Category = "Flow", DisplayName = "Container", Description = "Holds one activity.", Compile = FlowNode.Compile, Ports = [Embedded("Body")],
        },
        new()
        {
            TypeName = "Elsa.Start", Category = "Flow", DisplayName = "Start", Description = "Where a flowchart begins.", IsStart = true, Compile = static _ => new Milestone(),
        },
        new()
        {
            TypeName = "Elsa.End", Category = "Flow", DisplayName = "End", Description = "Ends the flowchart it stands in.", IsTerminal = true, Compile = static _ => new Milestone(),
        },
        new()
        {
            TypeName = "Elsa.Finish", Category = "Primitives", DisplayName = "Finish", Description = "Ends the workflow at once.", IsTerminal = true, Compile = static _ => new Finish(),
        },
        new()
        {
            TypeName = "Elsa.Complete", Category = "Composition", DisplayName = "Complete", Description = "Ends the workflow it stands in, with outcomes.", IsTerminal = true,
            Inputs = [new("Outcomes", Any) { UIHint = "outcome-picker", DefaultSyntax = "Object", Description = "The outcome or outcomes to end with." }], Compile = static _ => new Complete(),
        },
        new()
        {
            TypeName = "Elsa.Break", Category = "Looping", DisplayName = "Break", Description = "Leaves the loop it stands in.", IsTerminal = true, Compile = static _ => new Break(),
        },
        new()
        {
            TypeName = "Elsa.If", Category = "Branching", DisplayName = "If", Description = "Runs one of two activities, by a condition.", Compile = If.Compile,
            Inputs = [new("Condition", Flag) { Default = false }], Outputs = [new("Result", Flag)], Ports = [Embedded("Then"), Embedded("Else")],
        },
        new()
        {
            TypeName = "Elsa.Switch", Category = "Branching", DisplayName = "Switch", Description = "Runs the activity of the case that matches.", Compile = Switch.Compile,
            Inputs = [Cases("switch-editor"), SwitchMode], Outputs = [new("Output", Any)], Ports = [Embedded("Default")],
        },
        new()
        {
            TypeName = "Elsa.FlowDecision", Category = "Branching", DisplayName = "Decision", Description = "Follows True or False, by a condition.", Compile = static c => Outcome(c, new FlowDecision(), "True", "False"),
            Inputs = [new("Condition", Flag) { Default = false }], Ports = [Flow("True"), Flow("False")],
        },
        new()
        {
            TypeName = "Elsa.FlowSwitch", Category = "Branching", DisplayName = "Switch (flow)", Description = "Follows the case that matches.", Compile = FlowSwitch.Compile,
            Inputs = [Cases("flow-switch-editor"), SwitchMode], Ports = [Flow("Default")],
        },
        new()
        {
            TypeName = "Elsa.FlowFork", Category = "Branching", DisplayName = "Fork (flow)", Description = "Follows several branches side by side.", Compile = FlowFork.Compile,
            Inputs = [new("Branches", Texts) { UIHint = "dynamic-outcomes", Description = "Names of the branches." }],
        },
        new()
        {
            TypeName = "Elsa.FlowJoin", Category = "Branching", DisplayName = "Join", Description = "Brings branches together.", Compile = static _ => new FlowJoin(),
            Inputs = [new("Mode", Any) { UIHint = "dropdown", Default = "WaitAny", Choices = ["WaitAll", "WaitAllActive", "WaitAny"], Description = "WaitAny goes on with the first branch that arrives and cancels the others; WaitAll waits for every branch; WaitAllActive for those that were taken." }],
        },
        new()
        {
            TypeName = "Elsa.For", Category = "Looping", DisplayName = "For", Description = "Counts from one number to another.", Compile = For.Compile, Ports = [Embedded("Body")],
            Inputs =
            [
                new("Start", Number) { Default = 0, Description = "The first number." }, new("End", Number) { Default = 0, Description = "The last number." },
                new("Step", Number) { Default = 1, Description = "The step; negative to count down." },
                new("OuterBoundInclusive", Flag) { UIHint = "checkbox", Default = true, Description = "Whether the last number is part of the loop." },
            ],
            Outputs = [new("CurrentValue", Any)],
        },
        new()
        {
            TypeName = "Elsa.ForEach", Category = "Looping", DisplayName = "For Each", Description = "Runs its body for one item after the other.", Compile = ForEach.Compile, Ports = [Embedded("Body")],
            Inputs = [new("Items", "List<Object>") { UIHint = "dropdown", Default = new List<object?>(), Description = "The items." }], Outputs = [new("CurrentValue", Any, "The item at hand.")],
        },
        new()
        {
            TypeName = "Elsa.ParallelForEach", Category = "Looping", DisplayName = "Parallel for Each", Description = "Runs its body for all items side by side.", Compile = ParallelForEach.Compile, Ports = [Embedded("Body")],
            Inputs = [new("Items", Any) { Default = new List<object?>(), Description = "The items." }],
        },
        new()
        {
            TypeName = "Elsa.While", Category = "Looping", DisplayName = "While", Description = "Repeats its body while a condition holds.", Compile = While.Compile, Ports = [Embedded("Body")],
            Inputs = [new("Condition", Flag) { AutoEvaluate = false, Default = false }],
        },
        new()
        {
            TypeName = "Elsa.WriteLine", Category = "Console", DisplayName = "Write Line", Description = "Writes a line to the log.", Compile = static _ => new WriteLine(),
            Inputs = [new("Text", Text) { Description = "The line." }],
        },
        new()
        {
            TypeName = "Elsa.SetName", Category = "Primitives", DisplayName = "Set Name", Description = "Names the workflow instance.", Compile = static _ => new SetName(), Inputs = [new("Value", Text)],
        },
        new()
        {
            TypeName = "Elsa.Correlate", Category = "Primitives", DisplayName = "Correlate", Description = "Sets the instance's correlation id.", Compile = static _ => new Correlate(), Inputs = [new("CorrelationId", Text)],
        },
        new()
        {
            TypeName = "Elsa.SetVariable", Category = "Primitives", DisplayName = "Set Variable", Description = "Gives a variable a value.", Compile = SetVariable.Compile,
            Inputs = [new("Variable", Any) { UIHint = "variable-picker", IsExpression = false, Description = "The variable." }, new("Value", Any) { Description = "The value." }],
        },
        new()
        {
            TypeName = "Elsa.SetOutput", Category = "Composition", DisplayName = "Set Output", Description = "Sets an output of the workflow.", Compile = static _ => new SetOutput(),
            Inputs = [new("OutputName", Text) { DisplayName = "Output", UIHint = "output-picker", Description = "The output." }, new("OutputValue", Any) { Description = "The value." }],
        },
        new()
        {
            TypeName = "Elsa.Fault", Category = "Primitives", DisplayName = "Fault", Description = "Makes the workflow fault.", Compile = static _ => new Fault(),
            Inputs =
            [
                new("Code", Text) { Description = "A code to sort faults by." }, new("Category", Text) { Description = "A category, e.g. HTTP." },
                new("FaultType", Text) { DisplayName = "Type", Description = "A type, e.g. System or Business." }, new("Message", Text) { Description = "What happened." },
            ],
        },
        NotFound,
        new()
        {
            TypeName = "Elsa.Event", Category = "Primitives", DisplayName = "Event", Description = "Waits for an event.", Kind = ActivityKind.Trigger, Compile = Event.Compile,
            Inputs = [new("EventName", Text) { Description = "The name of the event." }], Outputs = [new("Result", Any)],
        },
        new()
        {
            TypeName = "Elsa.PublishEvent", Category = "Primitives", DisplayName = "Publish Event", Description = "Publishes an event.", Compile = static _ => new PublishEvent(),
            Inputs =
            [
                new("EventName", Text) { Description = "The name of the event." }, new("CorrelationId", Text) { Description = "Only instances with this correlation id receive it." },
                new("IsLocalEvent", Flag) { DisplayName = "Local event", UIHint = "checkbox", Description = "Only this instance receives it." }, new("Payload", Any) { Description = "What the event carries." },
            ],
        },
        new()
        {
            TypeName = RunTask.TypeName, Category = "Primitives", DisplayName = "Run Task", Description = "Asks for a task to be done elsewhere and waits for its result.", Compile = static _ => new RunTask(),
            Inputs = [new("TaskName", Text) { Description = "The name of the task." }, new("Payload", Map) { UIHint = "dropdown", Description = "What the task needs to know." }],
            Outputs = [new("TaskId", Text, "The id of the task."), new("Result", Any)],
        },
        new()
        {
            TypeName = Delay.TypeName, Category = "Scheduling", DisplayName = "Delay", Description = "Waits for a time span.", Compile = static _ => new Delay(),
            Inputs = [new("TimeSpan", "TimeSpan") { Default = "00:01:00", Description = "How long to wait." }],
        },
        new()
        {
            TypeName = "Elsa.RunJavaScript", Category = "Scripting", DisplayName = "Run JavaScript", Description = "Runs a script.", Compile = static c => RunScript.Compile(c, "JavaScript"),
            Inputs =
            [
                new("Script", Text) { UIHint = "code-editor", DefaultSyntax = "JavaScript", Default = "", Description = "The script." },
                new("PossibleOutcomes", Texts) { UIHint = "dynamic-outcomes", Description = "Outcomes the script may set." },
            ],
            Outputs = [new("Result", Any)],
        },
    ];

    private static ActivityInput SwitchMode => new("Mode", Any) { UIHint = "dropdown", Default = "MatchFirst", Choices = ["MatchFirst", "MatchAny"], Description = "Whether the first match is taken, or every match." };

    private static ActivityInput Cases(string hint) => new("Cases", Any) { UIHint = hint, IsExpression = false, Description = "The cases." };

    private static ActivityPort Embedded(string name, bool isBrowsable = true) => new(name, PortKind.Embedded, IsBrowsable: isBrowsable);

    private static ActivityPort Flow(string name) => new(name, PortKind.Flow);

    private static ActivityType Container(string typeName, string category, string displayName, string description, Func<ActivityCompilation, Activity> compile, ActivityPort[]? ports = null) => new()
    {
        TypeName = typeName, Category = category, DisplayName = displayName, Description = description, Compile = compile, Ports = ports ?? [],
        IsContainer = true, IsBrowsable = false, OwnsVariables = true,
    };

    private static Activity Outcome(ActivityCompilation c, Activity activity, params string[] outcomes)
    {
        c.Node.Outcomes = outcomes;
        return activity;
    }
}
