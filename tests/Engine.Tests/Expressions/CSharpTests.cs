using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.CSharp;
using Orchestration.Engine.Model;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Expressions;

public sealed class CSharpTests
{
    private const string Variables = """
        "variables":[
            {"id":"1","name":"count","typeName":"Int32","value":"4","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"2","name":"Amount","typeName":"Decimal","value":"12.50","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"3","name":"Order","typeName":"JSON","value":"{\"total\":3,\"lines\":[1,2]}","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"4","name":"Names","typeName":"String","isArray":true,"value":"[\"a\",\"b\"]","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"5","name":"Anything","typeName":"Object","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"6","name":"not-a-name","typeName":"String","value":"odd","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
            {"id":"7","name":"Big","typeName":"Long","value":"5000000000","storageDriverTypeName":"WorkflowInstanceStorageDriver"}],
        "inputs":[{"name":"who","type":"String"},{"name":"Size","type":"Int32"}],
        """;

    private static readonly ActivityRegistry Registry = ActivityRegistry.WithBuiltIns().AddCSharp();

    [Theory]
    [InlineData("1 + 1", 2)]
    [InlineData("return 1 + 1;", 2)]
    [InlineData("Variable.Count * 2", 8)]
    [InlineData("Variables.Count", 4)]
    [InlineData("Variable.Count = 9; return Variable.Count;", 9)]
    [InlineData("Variable.Set(\"count\", 7); return Variable.Get<int>(\"count\");", 7)]
    [InlineData("Variable.Amount * 2 == 25m", true)]
    [InlineData("Variable.Big / 1000000000", 5L)]
    [InlineData("Variable.Order.total + Variable.Order.lines.Count", 5)]
    [InlineData("Variable.Order.total = 8; return Variable.Order.total;", 3)]
    [InlineData("var order = Variable.Order; order.total = 8; return order.total;", 8)]
    [InlineData("string.Join(\",\", Variable.Names.Select(x => x.ToUpperInvariant()))", "A,B")]
    [InlineData("Variable.Get<string>(\"not-a-name\")", "odd")]
    [InlineData("Variable.Anything == null", true)]
    [InlineData("Input.who + Inputs.Size", "Ann3")]
    [InlineData("Input.Get<int>(\"Size\")", 3)]
    [InlineData("ExecutionContext.GetInput<string>(\"who\")", "Ann")]
    [InlineData("WorkflowInstanceId", "i1")]
    [InlineData("CorrelationId = \"c9\"; return CorrelationId;", "c9")]
    [InlineData("WorkflowInstanceName = \"n\"; return WorkflowInstanceName;", "n")]
    [InlineData("Output.From<string>(\"before\") + Output.LastResult", "earlierearlier")]
    [InlineData("using System.Text; return new StringBuilder(\"x\").Append('y').ToString();", "xy")]
    [InlineData("await Task.FromResult(5)", null)]
    [InlineData("using System.Threading.Tasks; return await Task.FromResult(5);", 5)]
    [InlineData("int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2); return Fib(10);", 55)]
    [InlineData("record Point(int X, int Y); return new Point(1, 2).X + new Point(1, 2).Y;", 3)]
    [InlineData("var total = 0; foreach (var (a, b) in new[] { (1, 2), (3, 4) }) total += a * b; return total;", 14)]
    [InlineData("Func<int, int> twice = x => x * 2; Action<int> nothing = x => twice(x); nothing(1); return twice(4);", 8)]
    [InlineData("System.Linq.Expressions.Expression<Func<int, int>> tree = x => x + 1; return tree.Compile()(1);", 2)]
    public void An_expression_has_Elsas_globals(string expression, object? expected)
    {
        var workflow = TryCompile(expression, out var errors);

        if (expected is null)
        {
            errors.ShouldHaveSingleItem().Reason.ShouldStartWith("Activity 'script': the CSharp expression does not compile: (1,7): error CS0103");
            return;
        }

        errors.ShouldBeEmpty();
        var result = Start(workflow!, input: new() { ["who"] = "Ann", ["Size"] = 3 });
        result.State.Incidents.ShouldBeEmpty();
        result.State.Variables(workflow!).First(x => x.Key.Name == "Anything").Value.ShouldBe(expected);
    }

    [Fact]
    public void What_a_script_makes_is_kept_as_data()
    {
        var workflow = TryCompile(
            "new { Id = 1, Items = new List<object> { 1.5f, 'x', DateTime.UnixEpoch, new Dictionary<string, int> { [\"a\"] = 1 } }, "
                + "Node = JsonNode.Parse(\"{\\\"b\\\":[null]}\") }",
            out _
        )!;

        WorkflowData
            .ToJson(Start(workflow).State.Variables(workflow).First(x => x.Key.Name == "Anything").Value)
            .ShouldBe("""{"Id":1,"Items":[1.5,"x","1970-01-01T00:00:00Z",{"a":1}],"Node":{"b":[null]}}""");
    }

    [Fact]
    public void An_object_changed_in_place_is_changed()
    {
        var workflow = TryCompile("var order = Variable.Order; order.total = 8; order.lines.Add(3); return null;", out _)!;

        WorkflowData.ToJson(Start(workflow).State.Variables(workflow).First(x => x.Key.Name == "Order").Value).ShouldBe("""{"total":8,"lines":[1,2,3]}""");
    }

    [Fact]
    public void A_script_chooses_its_outcomes()
    {
        var workflow = Compile(
            Flowchart(
                "script:Yes>yes script:No>no",
                """
                {"id":"script","type":"Elsa.RunCSharp","possibleOutcomes":{"typeName":"List<String>","expression":{"type":"Object",
                "value":"[\"Yes\",\"No\"]"}},"script":{"typeName":"String","expression":{"type":"Literal","value":"Outcome.Set(\"Yes\");"}}}
                """,
                Line("yes"),
                Line("no")
            ),
            registry: Registry
        );

        Start(workflow).Lines.ShouldBe(["yes"]);
    }

    [Fact]
    public void The_item_of_a_loop_is_a_variable()
    {
        var workflow = Compile(
            """
            {"id":"each","type":"Elsa.ForEach","items":{"typeName":"List<Object>","expression":{"type":"Object","value":"[\"a\",\"b\"]"}},
            "body":{"id":"line","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"CSharp",
            "value":"$\"{Variable.CurrentValue}{Variable.CurrentIndex}\""}}}}
            """,
            registry: Registry
        );

        Start(workflow).Lines.ShouldBe(["a0", "b1"]);
    }

    [Fact]
    public void An_item_is_an_argument()
    {
        var child = Compile(Sequence(Line("x")));
        var workflow = Compile(
            """
            {"id":"bulk","type":"Elsa.BulkDispatchWorkflows","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal","value":"d"}},
             "items":{"typeName":"Object","expression":{"type":"JavaScript","value":"[{no:1},{no:2}]"}},
             "waitForCompletion":{"typeName":"Boolean","expression":{"type":"Literal","value":false}},"correlationIdFunction":{"typeName":"String",
              "expression":{"type":"CSharp","value":"$\"claim-{Args.Item.no}-{Args.Get<object>(\"Item\") != null}\""}}}
            """,
            registry: Registry
        );

        Start(workflow, Context with { FindPublished = _ => child })
            .Outgoing.OfType<OutgoingStimulus.StartInstance>()
            .Select(x => x.CorrelationId)
            .ShouldBe(["claim-1-True", "claim-2-True"]);
    }

    [Theory]
    [InlineData("while (true) { }", "rounds and calls")]
    [InlineData("for (;;) ;", "rounds and calls")]
    [InlineData("do { try { throw new Exception(); } catch { } } while (true);", "The C# expression")]
    [InlineData("again: goto again;", "rounds and calls")]
    [InlineData("foreach (var x in Enumerable.Repeat(0, int.MaxValue)) { }", "rounds and calls")]
    [InlineData("IEnumerable<int> Endless() { while (true) yield return 1; } return Endless();", "The C# expression")]
    [InlineData("int F(int n) => F(n + 1) + 1; return F(0);", "calls itself too deep")]
    [InlineData("int F(int n) { return F(n + 1) + 1; } return F(0);", "The C# expression")]
    [InlineData("Func<int, int> f = null; f = x => f(x) + 1; return f(0);", "The C# expression")]
    [InlineData("Action f = null; f = () => f(); f();", "The C# expression")]
    [InlineData("Func<int, int> f = null; f = delegate(int x) { return f(x) + 1; }; return f(0);", "The C# expression")]
    [InlineData("class A { public int B => new A().B; public int this[int i] => this[i + 1] + 1; } return new A().B;", "The C# expression")]
    [InlineData("class A { public int B { get => new A().B; } } return new A().B;", "The C# expression")]
    [InlineData("class A { public A() { new A(); } } new A();", "The C# expression")]
    [InlineData("class A { public static A operator +(A a, A b) => a + b; } return new A() + new A();", "The C# expression")]
    [InlineData("var s = \"x\"; while (true) s += s;", "bytes")]
    [InlineData("new string('x', 100_000_000)", "characters")]
    [InlineData("new System.Threading.ManualResetEventSlim().Wait();", "took longer than 0.5 s")]
    [InlineData("var a = new List<object>(); a.Add(a); return a;", "contains itself")]
    [InlineData("typeof(string)", "cannot be kept")]
    [InlineData("throw new InvalidOperationException(\"no\");", "no")]
    public void An_expression_that_would_hurt_is_an_incident(string expression, string reason)
    {
        var limits = new ScriptLimits { MaxTime = TimeSpan.FromSeconds(expression.Contains("Wait", StringComparison.Ordinal) ? 0.5 : 60) };
        var workflow = TryCompile(
            expression,
            out var errors,
            ActivityRegistry.WithBuiltIns().Add(new ExpressionLanguage("CSharp", ExpressionLanguages.CSharpWith(limits)))
        );
        errors.ShouldBeEmpty();

        var result = Start(workflow!);

        var incident = result.State.Incidents.ShouldHaveSingleItem();
        incident.ActivityId.ShouldBe("script");
        incident.Message.ShouldContain(reason);
        incident.Exception!.Type.ShouldNotBe("JavaScriptException");
        Start(Compile(Sequence(Line("next")))).State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Fact]
    public void A_script_that_was_given_up_changes_nothing_any_more()
    {
        // It is let go by the test after it was given up, and then tries to set a variable.
        using var gate = new ManualResetEventSlim();
        AppDomain.CurrentDomain.SetData("csharp-gate", gate);
        using var tried = new ManualResetEventSlim();
        AppDomain.CurrentDomain.SetData("csharp-tried", tried);
        var language = ExpressionLanguages.CSharpWith(new ScriptLimits { MaxTime = TimeSpan.FromSeconds(0.5) });
        var scope = new TestScope();
        var expression = language(
            """
            ((System.Threading.ManualResetEventSlim)AppDomain.CurrentDomain.GetData("csharp-gate")).Wait();
            try { Variable.Set("Late", 1); } finally { ((System.Threading.ManualResetEventSlim)AppDomain.CurrentDomain.GetData("csharp-tried")).Set(); }
            """,
            new Declarations(Compile(Line("x")).Root.VisibleVariables, [])
        );

        Should.Throw<ExpressionException>(() => expression.Evaluate(scope)).Kind.ShouldBe("TimeoutError");
        gate.Set();
        tried.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        scope.Variables.ShouldNotContainKey("Late");
    }

    [Theory]
    [InlineData("RunCSharp", "script", "Literal", "return 1;")]
    [InlineData("WriteLine", "text", "CSharp", "return 1;")]
    public void Where_it_is_off_it_is_refused_when_published(string type, string input, string language, string text)
    {
        var document = Document(Activity("script", type, input, language, text));

        DefinitionParser
            .Parse(document, ActivityRegistry.WithBuiltIns())
            .Errors.ShouldHaveSingleItem()
            .Reason.ShouldBe("Activity 'script': C# is switched off here. An administrator may switch it on (Expressions:CSharp:Enabled).");

        // A version that was published where it was on runs up to there.
        var (workflow, _) = DefinitionParser.Parse(document, ActivityRegistry.WithBuiltIns(), DefinitionUse.Run);
        Start(workflow!).State.Incidents.ShouldHaveSingleItem().ActivityId.ShouldBe("script");
    }

    [Fact]
    public void The_same_text_is_compiled_once()
    {
        var declarations = new Declarations(Compile(Line("x")).Root.VisibleVariables, []);

        CSharpScript.Compile("1 + 41", declarations).ShouldBeSameAs(CSharpScript.Compile("1 + 41", declarations));
        CSharpScript.Compile("1 + 42", declarations).ShouldNotBeSameAs(CSharpScript.Compile("1 + 41", declarations));
    }

    private static CompiledWorkflow? TryCompile(string expression, out IReadOnlyList<DefinitionError> errors, ActivityRegistry? registry = null)
    {
        var script = System.Text.Json.JsonEncodedText.Encode(expression).ToString();
        var (workflow, found) = DefinitionParser.Parse(
            Document(
                Sequence(
                    Activity("before", "RunJavaScript", "script", "Literal", "return 'earlier'"),
                    """
                    {"id":"script","type":"Elsa.RunCSharp","result":{"typeName":"Object","memoryReference":{"id":"5"}},"script":{"typeName":"String",
                    "expression":{"type":"Literal","value":"SCRIPT"}}}
                    """.Replace("SCRIPT", script, StringComparison.Ordinal)
                ),
                Variables
            ),
            registry ?? Registry
        );
        errors = found;
        return workflow;
    }
}
