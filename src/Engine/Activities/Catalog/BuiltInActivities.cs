using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <summary>Elsa's activities: their descriptors for Studio and how they are compiled. Names, categories and hints are those of Elsa 3.8.</summary>
internal static partial class BuiltInActivities
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
        .. ControlFlow,
        .. Primitives,
        .. Composition,
        .. Http,
        Script("Elsa.RunJavaScript", "Run JavaScript", "JavaScript", isBrowsable: true),
        Script("Elsa.RunCSharp", "Run C#", "CSharp", isBrowsable: false),
    ];

    /// <summary>RunCSharp where C# is on: only then the designer offers it.</summary>
    public static ActivityType RunCSharp { get; } = Script("Elsa.RunCSharp", "Run C#", "CSharp", isBrowsable: true);

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
