using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <content>Variables, events, tasks and timers.</content>
internal static partial class BuiltInActivities
{
    private static ActivityType[] Primitives =>
        [
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
                Inputs =
                [
                    new("TimeSpan", "TimeSpan") { Default = "00:01:00", Description = "How long to wait: 00:30:00 is half an hour, 10.00:00:00 ten days." },
                ],
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
                    new("Interval", "TimeSpan")
                    {
                        Default = "00:01:00",
                        Description = "The time between two starts: 00:30:00 is half an hour, 1.00:00:00 a day.",
                    },
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
                            "Minutes, hours, days of the month, months and days of the week: 0 9 * * MON-FRI is 9:00 on weekdays. A sixth "
                            + "field in front is seconds; TZ=Europe/Berlin before it all gives another zone than UTC.",
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
        ];
}
