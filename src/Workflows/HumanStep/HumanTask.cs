using System.Text.Json.Nodes;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>
/// <c>Orchestration.HumanTask</c>: opens a task and waits for a person. The ports on the canvas are its outcomes. The task and the bookmark are opened in the
/// burst's transaction; when the case takes another path, the task is cancelled in that burst's transaction.
/// </summary>
public sealed class HumanTask : Activity
{
    /// <summary>Elsa type name.</summary>
    public const string TypeName = TaskBookmark.Name;

    internal static readonly string[] DefaultOutcomes = ["Done"];

    private readonly string[] _outcomes;
    private readonly ServiceLevelCatalog _catalog;
    private readonly StepNames _names;

    private HumanTask(string[] outcomes, ServiceLevelCatalog catalog, StepNames names) => (_outcomes, _catalog, _names) = (outcomes, catalog, names);

    /// <summary>How Studio shows it and how a node of it is compiled.</summary>
    internal static ActivityType CreateType(ServiceLevelCatalog catalog, FormCatalog forms, StepNames names) =>
        new()
        {
            TypeName = TypeName,
            Category = "Orchestration",
            DisplayName = "Human step",
            Description = "Opens a task for a person and waits until it is completed. Each outcome is a port.",
            Kind = ActivityKind.Task,
            IsForPeople = true,
            Inputs =
            [
                new("Title", "String") { Description = "Title of the task, as people see it in their list." },
                new("Description", "String") { UIHint = "multiline", Description = "Instructions for the person, in a few sentences." },
                new("Outcomes", "List<String>")
                {
                    UIHint = "dynamic-outcomes",
                    DefaultSyntax = "Object",
                    Description = "How the step can end. Each becomes a port on the canvas and a button in the task.",
                },
                new("FormName", "String")
                {
                    UIHint = "dropdown",
                    DisplayName = "Form",
                    Category = "Form",
                    Description = "A shared form, pinned when the definition is published.",
                },
                new("Form", "Object")
                {
                    UIHint = "json-editor",
                    DisplayName = "Form schema",
                    Category = "Form",
                    Description = "JSON Schema of a form for this step only. Replaces the shared form.",
                },
                new("Team", "String")
                {
                    UIHint = "dropdown",
                    Category = "People",
                    Description = "Team whose members can claim the task.",
                },
                new("Candidates", "List<String>")
                {
                    UIHint = "multitext",
                    DefaultSyntax = "Object",
                    Category = "People",
                    Description = "User names of other people who can claim the task.",
                },
                new("RequiredSkills", "List<String>")
                {
                    UIHint = "checklist",
                    DefaultSyntax = "Object",
                    DisplayName = "Required skills",
                    Category = "People",
                    Description = "Skills a person must have; fraud:3 asks for level 3 or higher.",
                },
                new("PreferredSkills", "List<String>")
                {
                    UIHint = "checklist",
                    DefaultSyntax = "Object",
                    DisplayName = "Preferred skills",
                    Category = "People",
                    Description = "People with these skills, at their level, have priority until the SLA policy's ladder relaxes them.",
                },
                new("ExcludedSteps", "List<String>")
                {
                    UIHint = "multitext",
                    DefaultSyntax = "Object",
                    DisplayName = "Four eyes: excluded steps",
                    Category = "People",
                    Description = "Ids of steps whose workers can't work on this step.",
                },
                new("RequiresReview", "Boolean")
                {
                    UIHint = "checkbox",
                    Default = false,
                    DisplayName = "Requires review",
                    Category = "People",
                    Description = "Another person approves the work before the case continues.",
                },
                new("SkipOutcome", "String")
                {
                    DisplayName = "Skip outcome",
                    Description = "Outcome the case continues with when the step is skipped. Without one, the step can't be skipped.",
                },
                new("Priority", "Int32")
                {
                    Default = 3,
                    Category = "Service level",
                    Description = "1 (critical) to 5 (planning).",
                },
                new("SlaPolicy", "String")
                {
                    UIHint = "dropdown",
                    DisplayName = "SLA policy",
                    Category = "Service level",
                    Description = "A shared policy with its target and its escalation ladder. Leave it empty to give this step a duration of its own below.",
                },
                new("SlaPolicies", "List<String>")
                {
                    UIHint = "checklist",
                    DefaultSyntax = "Object",
                    DisplayName = "More SLA policies",
                    Category = "Service level",
                    Description = "Policies besides it, each with a clock of its own; one with conditions starts where they hold.",
                },
                new("SlaDuration", "String")
                {
                    DisplayName = "SLA duration",
                    Category = "Service level",
                    Description = "How long the step can take: PT8H for 8 hours, PT30M for 30 minutes, or a number of days or weeks with the unit below.",
                },
                new("SlaUnit", "String")
                {
                    UIHint = "dropdown",
                    DisplayName = "SLA unit",
                    Category = "Service level",
                    Choices = ["elapsed", "workingTime", "businessDays", "calendarDays", "weeks"],
                    Description =
                        "How the duration is counted. Working time counts office hours, a business day ends when the office closes, a "
                        + "calendar day is any day. By default, every hour counts.",
                },
                new("SlaCalendar", "String")
                {
                    UIHint = "dropdown",
                    DisplayName = "SLA calendar",
                    Category = "Service level",
                    Description = "Whose opening hours and holidays count, and in which time zone. Without one every hour of every day counts (24x7).",
                },
                .. StepAuthority.Inputs,
                .. StepWork.Inputs,
            ],
            Outputs =
            [
                new("Outcome", "String", "The outcome the person chose."),
                new("Data", "Object", "The data the person entered."),
                new("CompletedBy", "String", "User name of the person.", "Completed by"),
            ],
            Compile = node => Compile(node, catalog, forms, names),
        };

    /// <summary>The current shared forms that the human steps of a definition name.</summary>
    public static JsonObject SharedForms(CompiledWorkflow workflow, FormCatalog forms)
    {
        var shared = new JsonObject();
        foreach (var node in workflow.Nodes)
        {
            if (node.TypeName == TypeName && node.Literal("FormName") is string { Length: > 0 } name && forms.Schemas.TryGetValue(name, out var schema))
                shared[name] = JsonNode.Parse(schema);
        }

        return shared;
    }

    /// <inheritdoc/>
    protected override void Execute(ActivityContext context)
    {
        var (policy, duration, unit, calendar) = (
            context.TextInput("SlaPolicy"),
            context.TextInput("SlaDuration"),
            context.TextInput("SlaUnit"),
            context.TextInput("SlaCalendar")
        );
        if (_catalog.Resolve(policy, duration, unit, calendar).Problem is { } problem)
            throw new InvalidOperationException(problem);
        var policies = Texts(context, "SlaPolicies");
        if (_catalog.Missing(policies) is { } missing)
            throw new InvalidOperationException(missing);
        var (form, skip) = (context.Input("Form"), context.TextInput("SkipOutcome"));
        if (!context.Node.IsLiteral("Form") && SchemaText(form) is { } schema && ProblemOf(schema, _outcomes) is { } wrong)
            throw new InvalidOperationException($"Form: {wrong}");
        if (!string.IsNullOrEmpty(skip) && !_outcomes.Contains(skip))
            throw new InvalidOperationException($"SkipOutcome: the step has no outcome '{skip}' to be skipped by.");
        var open = new OpenTask(
            "",
            context.Execution.Parent?.Id,
            context.Node.Id,
            context.TextInput("Title") ?? context.RequiredInput<string>("Title"),
            context.TextInput("Description"),
            _outcomes,
            form,
            context.TextInput("FormName"),
            context.TextInput("Team"),
            Texts(context, "Candidates"),
            Texts(context, "RequiredSkills"),
            Texts(context, "PreferredSkills"),
            Texts(context, "ExcludedSteps"),
            Math.Clamp(context.Input("Priority") is int priority ? priority : 3, 1, 5),
            policy,
            policies,
            duration,
            unit,
            calendar,
            context.Input("RequiresReview") is true,
            string.IsNullOrEmpty(skip) ? null : skip
        );
        open = StepWork.Read(context, StepAuthority.Read(context, open));
        if (_names.Problem(context, open) is { } unknown)
            throw new InvalidOperationException(unknown);
        context.Write(open with { BookmarkId = context.OpenBookmark(TypeName).Id });
    }

    /// <inheritdoc/>
    protected override void Resume(ActivityContext context, Bookmark bookmark)
    {
        context.TryGetInput(TaskBookmark.PersonKey, out var person);
        if (context.TryGetInput(TaskBookmark.NotDoneKey, out var end) && end is string how)
        {
            context.TryGetInput(TaskBookmark.ReasonKey, out var why);
            if (!_outcomes.Contains(how) && !context.Node.IsConnectedFrom(how))
                throw new InvalidOperationException(
                    $"{person} ended the task as {how.ToLowerInvariant()}: {why}. The step has no outcome '{how}'. Decide how the case continues."
                );
            context.SetOutput("Outcome", how);
            context.SetOutput("CompletedBy", person);
            context.Complete(how);
            return;
        }

        context.TryGetInput(TaskBookmark.OutcomeKey, out var outcome);
        context.TryGetInput(TaskBookmark.DataKey, out var data);
        context.SetOutput("Outcome", outcome);
        context.SetOutput("Data", data);
        context.SetOutput("CompletedBy", person);
        context.Complete((string)outcome!);
    }

    /// <inheritdoc/>
    protected override bool HasOneOutcome(ActivityNode node) => true;

    /// <inheritdoc/>
    protected override void BookmarkBurnt(ActivityContext context, Bookmark bookmark, BurnReason reason) =>
        context.Write(
            context.InstanceIsCancelled
                ? WithdrawTask.Cancelled(bookmark.Id, context.Node.Id)
                : new WithdrawTask(bookmark.Id, context.Node.Id, "the case took another path")
        );

    private static HumanTask Compile(ActivityCompilation node, ServiceLevelCatalog catalog, FormCatalog forms, StepNames names)
    {
        if (!node.TryLiteral("Outcomes", out var value))
            node.Error("outcomes", "the outcomes are ports on the canvas, so they must be a list of names and not an expression.");
        var outcomes = StepNames.Names(value) is { Length: > 0 } given ? given : DefaultOutcomes;
        if (outcomes.Distinct().Count() < outcomes.Length)
            node.Error("outcomes", "two outcomes have the same name.");
        node.SetOutcomes(outcomes, nameof(TaskState.Cancelled), nameof(TaskState.Failed));
        if (node.IsPublishing)
            CheckToPublish(node, outcomes, catalog, forms);
        return new(outcomes, catalog, names);
    }

    private static void CheckToPublish(ActivityCompilation node, string[] outcomes, ServiceLevelCatalog catalog, FormCatalog forms)
    {
        StepWork.CheckToPublish(node);
        if (node.TryLiteral("SkipOutcome", out var skip) && skip is string { Length: > 0 } port && !outcomes.Contains(port))
            node.PublishError("skipOutcome", $"the step has no outcome '{port}' to be skipped by.");
        if (node.TryLiteral("Title", out var title) && string.IsNullOrWhiteSpace(title as string))
            node.PublishError("title", "the title is missing.");
        if (!node.TryLiteral("FormName", out var form))
            node.PublishError("formName", "a shared form is pinned when the journey is published, so its name can't be an expression.");
        var isOwn = !node.TryLiteral("Form", out var own) || SchemaText(own) is not null;
        if (form is string { Length: > 0 } name && !forms.Schemas.ContainsKey(name))
            node.PublishError("formName", $"there is no form '{name}'.");
        else if (!isOwn && form is string { Length: > 0 } shared && ProblemOf(forms.Schemas[shared], outcomes) is { } mismatch)
            node.PublishError("formName", mismatch);
        if (SchemaText(own) is { } text && ProblemOf(text, outcomes) is { } invalid)
            node.PublishError("form", invalid);
        StepAuthority.CheckToPublish(node, SchemaText(own) ?? (form is string known ? forms.Schemas.GetValueOrDefault(known) : null), isOwn && own is null);
        if (
            node.TryLiteral("SlaPolicy", out var policy)
                & node.TryLiteral("SlaDuration", out var duration)
                & node.TryLiteral("SlaUnit", out var unit)
                & node.TryLiteral("SlaCalendar", out var calendar)
            && catalog.Resolve(policy as string, duration as string, unit as string, calendar as string).Problem is { } problem
        )
            node.PublishError("slaPolicy", problem);
        if (node.TryLiteral("SlaPolicies", out var policies) && catalog.Missing(StepNames.Names(policies)) is { } missing)
            node.PublishError("slaPolicies", missing);
    }

    /// <summary>
    /// What is wrong with a form for a step with these outcomes, or null. Fields of an outcome that the step doesn't have would never be asked.
    /// </summary>
    private static string? ProblemOf(string schema, string[] outcomes) =>
        !FormSchema.TryParse(schema, out var form, out var errors)
            ? $"the form schema isn't valid: {string.Join("; ", errors.Select(e => $"{e.Path} {e.Reason}"))}"
        : form.Outcomes.Keys.FirstOrDefault(outcome => !outcomes.Contains(outcome)) is { } unknown
            ? $"the form requires fields for the outcome '{unknown}', which the step doesn't have ({string.Join(", ", outcomes)})."
        : null;

    internal static string? SchemaText(object? schema) =>
        schema switch
        {
            null or "" => null,
            string text => text,
            _ => System.Text.Encoding.UTF8.GetString(WorkflowData.ToUtf8(schema)),
        };

    private static string[] Texts(ActivityContext context, string input) =>
        StepNames.Names(context.Input(input)) is var names && Array.Find(names, name => WorkflowData.Unfit(name) is not null) is { } unfit
            ? throw new InvalidOperationException($"{input} {WorkflowData.Unfit(unfit)}.")
            : names;
}
