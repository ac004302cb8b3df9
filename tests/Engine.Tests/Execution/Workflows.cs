using NodaTime;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Tests.Execution;

/// <summary>Small definitions for tests, and a way to run them.</summary>
internal static class Workflows
{
    public static readonly Instant Now = Instant.FromUtc(2026, 3, 2, 9, 0);
    public static readonly BurstContext Context = new(Now, 7);

    public static CompiledWorkflow Compile(string root, string more = "", ActivityRegistry? registry = null, int version = 1)
    {
        var (workflow, errors) = DefinitionParser.Parse(Document(root, more, version), registry ?? ActivityRegistry.WithBuiltIns(), DefinitionUse.Publish);
        errors.ShouldBeEmpty();
        return workflow!;
    }

    public static string Document(string root, string more = "", int version = 1) =>
        $$"""{"id":"d-v{{version}}","definitionId":"d","version":{{version}},"name":"D",{{more}}"root":{{root}}}""";

    public static string Sequence(params string[] activities) => $$"""{"id":"seq","type":"Elsa.Sequence","activities":[{{string.Join(',', activities)}}]}""";

    public static string Flowchart(string connections, params string[] activities) =>
        $$"""
            {"id":"flow","type":"Elsa.Flowchart","activities":[{{string.Join(',', activities)}}],
            "connections":[{{string.Join(',', connections.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Connection))}}]}
            """;

    /// <summary>"a>b" or "a:True>b".</summary>
    private static string Connection(string text)
    {
        var ends = text.Split('>');
        var source = ends[0].Split(':');
        return $$$"""
            {"source":{"activity":"{{{source[0]}}}","port":"{{{(source.Length > 1 ? source[1] : "Done")}}}"},
            "target":{"activity":"{{{ends[1]}}}","port":"In"}}
            """;
    }

    public static string Line(string id) => Activity(id, "WriteLine", "text", "Literal", id);

    public static string Task(string id) => Activity(id, "RunTask", "taskName", "Literal", id);

    public static string Activity(string id, string type, string? input = null, string language = "Literal", string value = "") =>
        input is null
            ? $$"""{"id":"{{id}}","type":"Elsa.{{type}}"}"""
            : $$$$"""
                {"id":"{{{{id}}}}","type":"Elsa.{{{{type}}}}","{{{{input}}}}":{"typeName":"String","expression":{"type":"{{{{language}}}}",
                "value":"{{{{value}}}}"}}}
                """;

    public static BurstResult Start(CompiledWorkflow workflow, BurstContext? context = null, OrderedDictionary<string, object?>? input = null) =>
        Burst.Advance(workflow, Burst.NewInstance(workflow, "i1", context ?? Context), new Stimulus.Start(input ?? []), context ?? Context);

    public static BurstResult Complete(
        CompiledWorkflow workflow,
        InstanceState state,
        string activityId,
        object? result = null,
        BurstContext? context = null
    ) =>
        Burst.Advance(
            workflow,
            state,
            new Stimulus.Resume(state.Bookmarks.First(x => x.ActivityId == activityId).Id, new() { ["RunTaskInput"] = result }),
            context ?? Context with { Seed = 8 }
        );

    public static IEnumerable<string> Trace(this BurstResult result) => result.Journal.Select(x => $"{x.ActivityId} {x.EventName}");
}
