using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Expressions.Liquid;
using Orchestration.Engine.Model;
using Orchestration.Engine.Tests.Expressions;
using Orchestration.Testing;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>docs/elsa-compatibility.md must describe every activity, input, function, filter, setting and difference as the engine behaves.</summary>
public class CompatibilityTests
{
    private static readonly ActivityRegistry Registry = ActivityRegistry.WithBuiltIns();

    [Fact]
    public void Every_activity_has_a_row_and_every_row_an_activity()
    {
        var rows = CompatibilityPage
            .Text.Split('\n')
            .TakeWhile(x => !x.StartsWith("<!-- interfaces", StringComparison.Ordinal))
            .Where(x => x.StartsWith("| `Elsa.", StringComparison.Ordinal))
            .ToDictionary(x => x.Split('`')[1], x => x.Split('|')[2].Trim());
        var types = Registry.Types.Select(x => x.TypeName).ToList();

        types.Where(x => !rows.ContainsKey(x)).ShouldBeEmpty("activities without a row");
        rows.Where(x => x.Value != "not supported" && !types.Contains(x.Key)).Select(x => x.Key).ShouldBeEmpty("rows without an activity");
        rows.Where(x => x.Value == "not supported" && types.Contains(x.Key)).Select(x => x.Key).ShouldBeEmpty("supported after all");
        Recorded()
            .Select(x => x.TypeName)
            .Where(x => !rows.ContainsKey(x) && !x.StartsWith("Elsa.Workflows.", StringComparison.Ordinal))
            .ShouldBeEmpty("activities of the stock server without a row");
    }

    [Fact]
    public void Every_input_output_and_port_that_differs_from_the_stock_server_is_named()
    {
        var table = new StringBuilder("| Activity | Not here | Only here | Without effect |\n|---|---|---|---|\n");

        foreach (var stock in Recorded().OrderBy(x => x.TypeName, StringComparer.Ordinal))
        {
            if (Registry.Find(stock.TypeName) is not { } type)
                continue;

            var ours = new Interface(
                type.TypeName,
                [.. type.Inputs.Select(x => x.Name)],
                [.. type.Outputs.Select(x => x.Name)],
                [.. type.Ports.Where(x => x.IsBrowsable).Select(x => x.Name)]
            );
            var (missing, extra) = (stock.Without(ours), ours.Without(stock));

            var idle = string.Join(
                ", ",
                type.Inputs.Where(x => x.Description?.StartsWith("Not used", StringComparison.Ordinal) == true).Select(x => $"`{x.Name}`")
            );

            if (missing.Length + extra.Length + idle.Length > 0)
                table.Append($"| `{stock.TypeName}` | {missing} | {extra} | {idle} |\n");
        }

        CompatibilityPage.ShouldHold("interfaces", table.ToString());
    }

    [Fact]
    public void Every_function_does_what_the_page_says()
    {
        foreach (var name in ElsaNames.JavaScript)
            WorkflowData.ToJson(JavaScriptProgram.Parse(name.Sample).Evaluate(Scope())).ShouldBe(name.Result, name.Sample);

        var own = WorkflowData.ToJson(JavaScriptProgram.Parse("parseJson('[1]')[0]").Evaluate(Scope()));
        own.ShouldBe("1");
        CompatibilityPage.ShouldHold(
            "functions",
            Table("Function or object", ElsaNames.JavaScript) + "| `parseJson` | only here | text to data, as `JSON.parse` |\n"
        );
    }

    [Fact]
    public void Every_filter_and_object_does_what_the_page_says()
    {
        foreach (var name in ElsaNames.LiquidObjects.Concat(ElsaNames.LiquidFilters))
        {
            LiquidTemplate.TryParse(name.Sample, out var template, out var error).ShouldBeTrue($"{name.Sample}: {error?.Message}");
            template!.Render(Scope()).ShouldBe(name.Result, name.Sample);
        }

        CompatibilityPage.ShouldHold("filters", Table("Filter or object", ElsaNames.LiquidObjects.Concat(ElsaNames.LiquidFilters)));
    }

    [Fact]
    public void Every_strategy_and_mode_is_named()
    {
        foreach (
            var name in Enum.GetNames<MergeMode>()
                .Concat(Enum.GetNames<ActivationStrategy>())
                .Concat(Enum.GetNames<IncidentStrategy>())
                .Concat(Enum.GetNames<JoinMode>())
        )
            CompatibilityPage.Text.ShouldContain($"`{name}`");
    }

    [Fact]
    public void Every_difference_in_the_golden_traces_is_explained()
    {
        foreach (var reason in Differences.AllReasons)
            CompatibilityPage.Text.ShouldContain(reason, Case.Insensitive);
    }

    private static string Table(string title, IEnumerable<ElsaName> names) =>
        $"| {title} | | Remarks |\n|---|---|---|\n" + string.Concat(names.Select(x => $"| `{x.Name}` | {x.Verdict} | {x.Remark} |\n"));

    private static TestScope Scope() =>
        new()
        {
            Variables =
            {
                ["Amount"] = 7,
                ["Customer"] = WorkflowData.Parse("""{"name":"Ada"}"""),
                ["Letters"] = WorkflowData.Parse("""["b","a","b"]"""),
                ["Mixed"] = WorkflowData.Parse("""[1,null,2]"""),
                ["Orders"] = WorkflowData.Parse("""[{"id":1,"name":"one"},{"id":2,"name":"two"}]"""),
                ["Sizes"] = WorkflowData.Parse("""["a",10,9]"""),
                ["Lines"] = "a\nb",
            },
            Input = { ["Note"] = "n" },
        };

    private sealed record Interface(string TypeName, string[] Inputs, string[] Outputs, string[] Ports)
    {
        public string Without(Interface other) =>
            string.Join(
                "; ",
                new[]
                {
                    Part("inputs", Inputs.Except(other.Inputs)),
                    Part("outputs", Outputs.Except(other.Outputs)),
                    Part("ports", Ports.Except(other.Ports)),
                }.Where(x => x.Length > 0)
            );

        private static string Part(string what, IEnumerable<string> names) => names.Any() ? $"{what} {string.Join(", ", names.Select(x => $"`{x}`"))}" : "";
    }

    /// <summary>The stock server's answer to <c>GET /descriptors/activities</c>.</summary>
    private static List<Interface> Recorded()
    {
        using var zip = ZipFile.OpenRead(Repository.Path("tests/Host.Tests/Elsa/recordings.zip"));
        using var stream = zip.Entries.Single(x => x.Name == "descriptors-activities.json").Open();
        using var json = JsonDocument.Parse(stream);
        return
        [
            .. json
                .RootElement.GetProperty("response")
                .GetProperty("body")
                .GetProperty("items")
                .EnumerateArray()
                .Select(x => new Interface(x.GetProperty("typeName").GetString()!, Names(x, "inputs"), Names(x, "outputs"), Names(x, "ports"))),
        ];

        static string[] Names(JsonElement activity, string part) =>
            [.. activity.GetProperty(part).EnumerateArray().Select(x => x.GetProperty("name").GetString()!)];
    }
}
