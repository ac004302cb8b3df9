using Orchestration.Testing;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>
/// docs/elsa-compatibility.md. The tables between markers are written by tests with <c>ORCHESTRATION_WRITE_DOCS=1</c>; without it, a table that is out of
/// date fails.
/// </summary>
internal static class CompatibilityPage
{
    private const string Document = "docs/elsa-compatibility.md";

    public static string Text { get; } = File.ReadAllText(Repository.Path(Document));

    public static void ShouldHold(string section, string table)
    {
        var path = Repository.Path(Document);
        var (begin, end) = ($"<!-- {section}: written by CompatibilityTests -->\n", $"<!-- end of {section} -->");
        var text = File.ReadAllText(path).ReplaceLineEndings("\n");
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal) + begin.Length, text.IndexOf(end, StringComparison.Ordinal));
        var documented = text[from..to];

        if (Environment.GetEnvironmentVariable("ORCHESTRATION_WRITE_DOCS") == "1")
            File.WriteAllText(path, text[..from] + table + text[to..]);
        else
            documented.Split('\n').ShouldBe(table.Split('\n'), $"{Document} is out of date: {section}");
    }
}
