using System.Text.RegularExpressions;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Elsa.Instances;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>What Studio must know to draw and edit: activities with their ports and editors, expression languages, variable types, strategies.</summary>
internal static partial class DescriptorEndpoints
{
    private const string InstanceDriver = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core";

    public static void Map(RouteGroupBuilder api)
    {
        var descriptors = api.MapGroup("/descriptors");
        descriptors.MapGet(
            "/activities",
            async (DefinitionStore store, InputOptions options, CancellationToken cancel) =>
            {
                var live = await options.ReadAsync(cancel);
                var used = await WorkflowActivities.ReadAsync(store, cancel);
                return ElsaJson.List([.. store.Registry.Types.Select(t => Describe(t, live)), .. used]);
            }
        );
        descriptors.MapGet(
            "/activities/{typeName}",
            async (string typeName, DefinitionStore store, InputOptions options, CancellationToken cancel) =>
                store.Registry.Find(typeName) is { } type ? ElsaJson.Json(Describe(type, await options.ReadAsync(cancel))) : Results.NotFound()
        );
        descriptors.MapPost(
            "/activities/{typeName}/options/{property}",
            async (string typeName, string property, DefinitionStore store, InputOptions options, CancellationToken cancel) =>
                store.Registry.Find(typeName)?.Inputs.FirstOrDefault(i => i.Name == property) is { } input
                    ? ElsaJson.Json(new { items = Editor(typeName, input, await options.ReadAsync(cancel)) })
                    : Results.NotFound()
        );
        descriptors.MapGet("/expression-descriptors", (DefinitionStore store) => ElsaJson.List(Expressions(store.Registry)));
        descriptors.MapGet("/variables", () => ElsaJson.List(VariableTypes));
        descriptors.MapGet(
            "/storage-drivers",
            () =>
                ElsaJson.Json(
                    new
                    {
                        items = new[]
                        {
                            new
                            {
                                typeName = InstanceDriver,
                                displayName = "Workflow Instance",
                                priority = 5,
                                deprecated = false,
                            },
                            new
                            {
                                typeName = "Elsa.Workflows.MemoryStorageDriver, Elsa.Workflows.Core",
                                displayName = "Memory",
                                priority = 0,
                                deprecated = false,
                            },
                        },
                    }
                )
        );
        descriptors.MapGet("/output-converters", () => ElsaJson.List(Array.Empty<object>()));
        descriptors.MapGet(
            "/workflow-activation-strategies",
            () =>
                ElsaJson.List(
                    Strategies(
                        ("Always", "Any number of concurrent runs.", "Elsa.Workflows.ActivationValidators.AllowAlwaysStrategy, Elsa.Workflows.Core"),
                        (
                            "Correlated singleton",
                            "One run at a time of this journey with the same correlation id.",
                            "Elsa.Workflows.Runtime.ActivationValidators.CorrelatedSingletonStrategy, Elsa.Workflows.Runtime"
                        ),
                        (
                            "Correlation",
                            "One run at a time of any journey with the same correlation id.",
                            "Elsa.Workflows.Runtime.ActivationValidators.CorrelationStrategy, Elsa.Workflows.Runtime"
                        ),
                        (
                            "Singleton",
                            "One run at a time of this journey.",
                            "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime"
                        )
                    )
                )
        );
        descriptors.MapGet(
            "/incident-strategies",
            () =>
                ElsaJson.List(
                    Strategies(
                        ("Continue with incidents", "Other branches continue; the failed step waits for a retry.", "ContinueWithIncidentsStrategy"),
                        ("Fault", "The whole run stops as faulted.", "FaultStrategy")
                    )
                )
        );
        descriptors.MapGet(
            "/log-persistence-strategies",
            () =>
                ElsaJson.List(
                    Strategies(
                        ("Include", "Inputs and outputs are always kept in history.", "Elsa.Workflows.LogPersistence.Strategies.Include, Elsa.Workflows.Core")
                    )
                )
        );

        // Every burst is one transaction: there is nothing to choose.
        descriptors.MapGet(
            "/commit-strategies/{of:regex(^(workflows|activities)$)}",
            () =>
                ElsaJson.List(
                    new[]
                    {
                        new
                        {
                            name = "WorkflowExecuted",
                            displayName = "Commit after each burst",
                            description = "Commits everything between two waits in one transaction.",
                        },
                    }
                )
        );
    }

    private static object Describe(ActivityType type, LiveOptions live) =>
        new
        {
            typeName = type.TypeName,
            @namespace = type.TypeName[..Math.Max(0, type.TypeName.LastIndexOf('.'))],
            name = type.TypeName[(type.TypeName.LastIndexOf('.') + 1)..],
            clrType = type.TypeName,
            version = type.Version,
            category = type.Category,
            displayName = type.DisplayName,
            description = type.Description,
            inputs = HumanSteps.ViewerInputs(type).Concat(type.Inputs.Select((input, order) => Describe(type, input, order, live))),
            outputs = type.Outputs.Select(
                (output, order) =>
                    new
                    {
                        name = output.Name,
                        typeName = output.TypeName,
                        displayName = output.DisplayName ?? Words(output.Name),
                        description = output.Description,
                        order,
                        isBrowsable = true,
                        isSerializable = true,
                        isSynthetic = false,
                    }
            ),
            kind = type.Kind,
            runAsynchronously = false,
            ports = type.Ports.Select(port => new
            {
                name = port.Name,
                displayName = port.DisplayName ?? port.Name,
                type = port.Kind.ToString(),
                isBrowsable = port.IsBrowsable,
            }),
            customProperties = new Dictionary<string, string> { ["Type"] = type.TypeName },
            constructionProperties = new { },
            isContainer = type.IsContainer,
            isBrowsable = type.IsBrowsable,
            isStart = type.IsStart,
            isTerminal = type.IsTerminal,
        };

    private static object Describe(ActivityType type, ActivityInput input, int order, LiveOptions live) =>
        new
        {
            isWrapped = input.IsExpression,
            uiHint = input.UIHint,
            category = input.Category,
            defaultValue = input.Default,
            defaultSyntax = input.DefaultSyntax,
            isReadOnly = false,
            isSensitive = false,
            autoEvaluate = input.AutoEvaluate,
            uiSpecifications = Editor(type.TypeName, input, live),
            name = input.Name,
            typeName = input.TypeName,
            displayName = input.DisplayName ?? Words(input.Name),
            description = input.Description,
            order,
            isBrowsable = input.IsBrowsable,
            isSerializable = true,
            isSynthetic = false,
        };

    /// <summary>What an input's editor needs in addition to its kind: choices, or the language of a script.</summary>
    private static Dictionary<string, object> Editor(string typeName, ActivityInput input, LiveOptions live)
    {
        var items = live.Find(typeName, input.Name) ?? input.Choices?.Select(c => new Option(c, c)).ToArray();
        return (input.UIHint, items) switch
        {
            ("checklist", { }) => new() { ["checklist"] = new { checkList = new { items, isFlagsEnum = false } } },
            ("radiolist", { }) => new() { ["radiolist"] = new { radioList = new { items, isFlagsEnum = false } } },
            (_, { }) => new() { [input.UIHint] = new { selectList = new { items, isFlagsEnum = false } } },
            ("code-editor", _) => new() { ["code-editor"] = new { language = input.DefaultSyntax?.ToLowerInvariant() ?? "javascript" } },
            // By the name of the other editor: Studio asks both for their language there.
            ("json-editor", _) => new() { ["code-editor"] = new { language = "json" } },
            _ => [],
        };
    }

    private static List<object> Expressions(ActivityRegistry registry) =>
        [
            Expression("Literal", "Literal", null, isBrowsable: false),
            Expression("Object", "Object", "json", isBrowsable: false),
            Expression("Json", "Json", "json", isBrowsable: false),
            Expression("Variable", "Variable", null),
            Expression("Input", "Input", null),
            .. registry.Languages.Select(l => Expression(l.Type, l.DisplayName, l.Type.ToLowerInvariant())),
        ];

    private static object Expression(string type, string displayName, string? monaco, bool isBrowsable = true) =>
        new
        {
            type,
            displayName,
            isSerializable = true,
            isBrowsable,
            properties = monaco is null ? [] : new Dictionary<string, string> { ["MonacoLanguage"] = monaco },
        };

    private static IReadOnlyCollection<object> Strategies(params (string Name, string Description, string Type)[] strategies) =>
        [
            .. strategies.Select(s => new
            {
                displayName = s.Name,
                description = s.Description,
                typeName = s.Type,
            }),
        ];

    private static readonly IReadOnlyCollection<object> VariableTypes =
    [
        Variable("Object", "Primitives", "Anything."),
        Variable("String", "Primitives", "Text."),
        Variable("Boolean", "Primitives", "Yes or no."),
        Variable("Int32", "Primitives", "A whole number of up to nine digits."),
        Variable("Long", "Primitives", "A large whole number."),
        Variable("Single", "Primitives", "A number with a fraction."),
        Variable("Double", "Primitives", "A number with a fraction."),
        Variable("Decimal", "Primitives", "An exact number, such as an amount."),
        Variable("Guid", "Primitives", "A unique id."),
        Variable("DateTime", "Primitives", "A date and time."),
        Variable("DateTimeOffset", "Primitives", "A date and time with its offset from UTC."),
        Variable("TimeSpan", "Primitives", "A length of time."),
        Variable("StringDictionary", "Lookups", "Strings by name."),
        Variable("ObjectDictionary", "Lookups", "Values by name."),
        Variable("JSON", "Dynamic", "Structured data, accessed with dots."),
        Variable("JsonElement", "Dynamic", "A JSON value."),
        Variable("JsonNode", "Dynamic", "A JSON value."),
        Variable("JsonObject", "Dynamic", "A JSON object."),
        Variable("ByteArray", "Data", "Binary data."),
    ];

    private static object Variable(string typeName, string category, string description) =>
        new
        {
            typeName,
            displayName = typeName,
            category,
            description,
        };

    /// <summary><c>RequiredSkills</c> → <c>Required Skills</c>.</summary>
    private static string Words(string name) => Capital().Replace(name, " $0");

    [GeneratedRegex("(?<=[a-z])[A-Z]")]
    private static partial Regex Capital();
}

/// <summary>A choice of a drop-down or check list.</summary>
internal sealed record Option(string Text, string Value);
