using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <content>Containers, branches and loops.</content>
internal static partial class BuiltInActivities
{
    private static ActivityType[] ControlFlow =>
        [
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
                            "WaitAny goes on with the first branch that arrives and cancels the others; WaitAll waits for every branch; "
                            + "WaitAllActive for those that were taken.",
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
        ];
}
