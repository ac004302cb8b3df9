using System.Text;
using BenchmarkDotNet.Attributes;
using NodaTime;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;

namespace Orchestration.Benchmarks;

/// <summary>
/// The pure part of a burst. Goals: 20 activities with 5 expressions under 30 µs and 20 KB; compiling 1,000 definitions of 50 activities under 5 s.
/// </summary>
[MemoryDiagnoser]
public class BurstBenchmarks
{
    private static readonly ActivityRegistry Registry = ActivityRegistry.WithBuiltIns();
    private static readonly BurstContext Context = new(Instant.FromUtc(2026, 1, 1, 8, 0), 42);
    private readonly CompiledWorkflow _twenty = Compile(Journey(20));
    private readonly byte[] _fifty = Journey(50);
    private byte[] _waiting = [];
    private string _bookmark = "";

    [GlobalSetup]
    public void Setup()
    {
        var started = Burst.Advance(_twenty, Burst.NewInstance(_twenty, "1", Context), new Stimulus.Start([]), Context);
        _waiting = started.State.ToJson();
        _bookmark = started.State.Bookmarks[0].Id;
    }

    /// <summary>From start to the wait at the end: 20 activities, 5 expressions.</summary>
    [Benchmark]
    public BurstResult Start_20_activities() => Burst.Advance(_twenty, Burst.NewInstance(_twenty, "1", Context), new Stimulus.Start([]), Context);

    /// <summary>Read the state, resume the wait, run to the end, write the state.</summary>
    [Benchmark]
    public byte[] Load_resume_and_store()
    {
        var state = InstanceState.FromJson(_waiting);
        Burst.Advance(_twenty, state, new Stimulus.Resume(_bookmark, new() { ["RunTaskInput"] = 1 }), Context);
        return state.ToJson();
    }

    [Benchmark]
    public CompiledWorkflow Compile_50_activities() => Compile(_fifty);

    internal static CompiledWorkflow Compile(byte[] json) =>
        DefinitionParser.Parse(json, Registry).Workflow ?? throw new InvalidOperationException("The benchmark's definition is wrong.");

    /// <summary>A flowchart of that many activities in a row, every fourth with an expression, the last one a task.</summary>
    internal static byte[] Journey(int activities)
    {
        var nodes = new List<string> { """{"id":"a0","type":"Elsa.Start"}""" };
        var connections = new List<string>();

        for (var i = 1; i < activities - 1; i++)
        {
            nodes.Add(
                (i % 4) switch
                {
                    0 => $$$$"""{"id":"a{{{{i}}}}","type":"Elsa.SetVariable","variable":{"id":"v"},"""
                        + """ "value":{"typeName":"Object","expression":{"type":"JavaScript","value":"variables.Count + 1"}}}""",
                    1 => $$$$"""{"id":"a{{{{i}}}}","type":"Elsa.FlowDecision","condition":{"typeName":"Boolean","""
                        + $$$$""" "expression":{"type":"{{{{(i == 1 ? "JavaScript" : "Literal")}}}}","""
                        + $$$$""" "value":"{{{{(i == 1 ? "variables.Count >= 0" : "true")}}}}"}}}""",
                    _ => $$$$"""{"id":"a{{{{i}}}}","type":"Elsa.WriteLine","text":{"typeName":"String","""
                        + $$$$""" "expression":{"type":"Literal","value":"line {{{{i}}}}"}}}""",
                }
            );
        }

        nodes.Add(
            $$$$"""{"id":"a{{{{activities - 1}}}}","type":"Elsa.RunTask","taskName":{"typeName":"String","expression":{"type":"Literal","value":"decide"}}}"""
        );

        for (var i = 0; i < activities - 1; i++)
            connections.Add(
                $$$$"""{"source":{"activity":"a{{{{i}}}}","port":"{{{{(i % 4 == 1 && i > 0 ? "True" : "Done")}}}}"},"""
                    + $$$$""" "target":{"activity":"a{{{{i + 1}}}}","port":"In"}}"""
            );

        return Encoding.UTF8.GetBytes(
            $$$$"""
            {"id":"v1","definitionId":"d1","version":1,"name":"Journey","variables":[{"id":"v","name":"Count","typeName":"Int32","value":"0",
                "storageDriverTypeName":"WorkflowInstanceStorageDriver"}],
             "root":{"id":"flow","type":"Elsa.Flowchart","start":"a0","activities":[{{{{string.Join(',', nodes)}}}}],"connections":[{{{{string.Join(
                ',',
                connections
            )}}}}]}}
            """
        );
    }
}
