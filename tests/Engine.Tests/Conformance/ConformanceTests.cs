using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>Every golden trace of stock Elsa is run here; what differs must be in <see cref="Differences"/> with its reason.</summary>
public class ConformanceTests(ITestOutputHelper output)
{
    private const string ElsaTests = "ELSA_TESTS_DIRECTORY";

    /// <summary>
    /// <c>recorded</c> holds random flows, state machines and child workflows, inputs given by every kind of expression and some 650 expressions, and
    /// <c>journey-…</c>, what analysts design (rework loops, joins, nested workflows, waits, incidents, state machines), recorded from Elsa's sources of
    /// the day after 3.8.0-rc2;
    /// those that differ for one of the reasons of <see cref="Differences"/> are not in it.
    /// </summary>
    [Theory]
    [InlineData("semantics", 0.95)]
    [InlineData("generated-a", 0.95)]
    [InlineData("recorded", 1.0)]
    public void Traces_of_stock_Elsa_are_reproduced(string folder, double atLeast) => Check(folder, Packed(folder), atLeast);

    [Fact]
    public void Traces_of_Elsas_own_test_definitions_are_reproduced()
    {
        var directory = Environment.GetEnvironmentVariable(ElsaTests);
        Assert.SkipWhen(string.IsNullOrEmpty(directory), $"{ElsaTests} is not set: the definitions of Elsa's own tests are not part of this repository.");
        Check("elsa-tests", Directory.GetFiles(directory!, "*.json").Order(StringComparer.Ordinal).Select(File.ReadAllText), 0.90);
    }

    private void Check(string folder, IEnumerable<string> cases, double atLeast)
    {
        int total = 0,
            equal = 0,
            reported = 0;
        var table = new StringBuilder();
        var unexplained = new List<string>();

        foreach (var text in cases)
        {
            using var document = JsonDocument.Parse(text);
            var name = document.RootElement.GetProperty("name").GetString()!;
            var (difference, reports) = Run(document.RootElement);
            total++;

            if (difference is null)
            {
                equal++;
                reported += reports.Count > 0 ? 1 : 0;
                table.AppendLine($"{name, -70} equal{(reports.Count > 0 ? $", and reports: {string.Join(" ", reports)}" : "")}");
                continue;
            }

            var reason = Differences.ReasonFor(name);
            table.AppendLine($"{name, -70} {(reason is null ? "DIFFERS" : $"differs ({reason})")}: {difference}");

            if (reason is null)
                unexplained.Add($"{name}: {difference}");
        }

        var summary =
            $"{folder}: {equal} of {total} equal ({reported} of them with a report of work that can never be done, where Elsa is silent), "
            + $"{total - equal - unexplained.Count} differ with a reason, {unexplained.Count} without";
        output.WriteLine(summary);
        output.WriteLine(table.ToString());

        if (Environment.GetEnvironmentVariable("CONFORMANCE_TABLE") is { Length: > 0 } path)
            File.WriteAllText(Path.Combine(path, folder + ".txt"), summary + "\n" + table);

        unexplained.ShouldBeEmpty(summary);
        ((double)equal / total).ShouldBeGreaterThanOrEqualTo(atLeast);
    }

    private static (string? Difference, IReadOnlyCollection<string> Reports) Run(JsonElement testCase)
    {
        GoldenWorld? world = null;

        try
        {
            world = new GoldenWorld(testCase);
            var steps = 0;

            foreach (var step in testCase.GetProperty("steps").EnumerateArray())
            {
                var expected = step.GetProperty("expect");

                // What Elsa refuses to publish, so do we; the words are ours.
                if (expected.TryGetProperty("publishError", out _))
                    return (world.PublishErrors.Count > 0 ? null : "publishing: expected an error, was none", []);

                var actual = world.Do(step.GetProperty("do"));

                foreach (var (id, index) in world.InstanceIds.Select((x, i) => (x, i)))
                    actual = JsonNode.Parse(actual.ToJsonString().Replace(id, $"<instance-{index}>", StringComparison.Ordinal))!.AsObject();

                if (GoldenData.Difference(expected, actual, $"step {++steps}") is { } difference)
                    return (difference, []);
            }

            return (null, world.Reports);
        }
        catch (Exception exception)
        {
            return (
                exception.GetType().Name + ": " + exception.Message + (exception.InnerException?.ToString() ?? exception.StackTrace)?.ReplaceLineEndings(" "),
                []
            );
        }
    }

    private static IEnumerable<string> Packed(string folder)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", folder + ".ndjson.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));

        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
