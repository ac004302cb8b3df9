using System.Text.RegularExpressions;

namespace Orchestration.Host.Tests.Conventions;

/// <summary>
/// Folders depend on each other in one direction. A folder depends on another when one of its files can see the other's namespace (a using, or a namespace
/// around its own) and names one of
/// its types.
/// </summary>
public sealed partial class FolderCycleTests
{
    [Fact]
    public void Folders_form_no_cycle()
    {
        var names = Mentions([.. SourceTree.Files("src", ".cs", ".razor")]);
        Cycles(names).Select(cycle => Describe(cycle, names)).ShouldBeEmpty();
    }

    [Fact]
    public void A_type_name_has_one_meaning() =>
        Declarations([.. SourceTree.Files("src", ".cs", ".razor")])
            .Where(type => type.Value.Count > 1)
            .Select(type => $"{type.Key}: {string.Join(", ", type.Value.Order())}")
            .ShouldBeEmpty();

    [Fact]
    public void A_cycle_is_found()
    {
        var files = new (string, string)[]
        {
            ("src/A/Cases/Case.cs", "using Orchestration.A.Tasks;\nnamespace Orchestration.A.Cases;\npublic sealed class Case(Task task);"),
            (
                "src/A/Tasks/Task.cs",
                "using Orchestration.A.Cases;\nnamespace Orchestration.A.Tasks;\npublic sealed class Task { public Case? Of { get; init; } }"
            ),
            (
                "src/A/Jobs/Job.cs",
                "using Orchestration.A.Tasks;\nnamespace Orchestration.A.Jobs;\n/// <see cref=\"Task\"/>\npublic sealed class Job(Task task);"
            ),
        };
        Cycles(Mentions(files)).ShouldHaveSingleItem().ShouldBe(["src/A/Cases", "src/A/Tasks"], ignoreOrder: true);
        Cycles(Mentions([files[0], files[2]])).ShouldBeEmpty();
    }

    /// <summary>By folder and folder that it names: the file and the type, once per pair.</summary>
    private static Dictionary<string, Dictionary<string, List<string>>> Mentions(IReadOnlyList<(string Path, string Text)> files)
    {
        var types = Declarations(files);
        var everywhere = files.Where(file => file.Path.EndsWith("_Imports.razor", StringComparison.Ordinal)).SelectMany(file => Usings(file.Text)).ToList();
        var mentions = new Dictionary<string, Dictionary<string, List<string>>>();
        foreach (var (path, text) in files)
        {
            var folder = Folder(path);
            var visible = Usings(text).Concat(path.EndsWith(".razor", StringComparison.Ordinal) ? everywhere : []).ToHashSet();
            for (var around = Folder(folder); around.Contains('/', StringComparison.Ordinal); around = Folder(around))
                visible.Add(around);
            var from = mentions.TryGetValue(folder, out var known) ? known : mentions[folder] = [];
            foreach (var name in Name().Matches(WithoutTexts(text)).Select(match => match.Value).Distinct())
            {
                foreach (var to in types.GetValueOrDefault(name, []).Where(to => to != folder && visible.Contains(to)))
                    (from.TryGetValue(to, out var list) ? list : from[to] = []).Add($"{Path.GetFileName(path)} names {name}");
            }
        }

        return mentions;
    }

    private static Dictionary<string, HashSet<string>> Declarations(IReadOnlyList<(string Path, string Text)> files)
    {
        var types = new Dictionary<string, HashSet<string>>();
        foreach (var (path, text) in files)
        {
            var names = path.EndsWith(".razor", StringComparison.Ordinal)
                ? [Path.GetFileNameWithoutExtension(path)]
                : Declaration().Matches(text).Select(match => match.Groups["name"].Value);
            foreach (var name in names.Where(name => name != "_Imports"))
                (types.TryGetValue(name, out var folders) ? folders : types[name] = []).Add(Folder(path));
        }

        return types;
    }

    /// <summary>Strongly connected folders, by Tarjan's algorithm.</summary>
    private static List<List<string>> Cycles(Dictionary<string, Dictionary<string, List<string>>> mentions)
    {
        var index = new Dictionary<string, int>();
        var low = new Dictionary<string, int>();
        var stack = new Stack<string>();
        var cycles = new List<List<string>>();
        foreach (var folder in mentions.Keys.Order().Where(folder => !index.ContainsKey(folder)))
            Visit(folder);
        return cycles;

        void Visit(string folder)
        {
            index[folder] = low[folder] = index.Count;
            stack.Push(folder);
            foreach (var next in mentions.GetValueOrDefault(folder, []).Keys)
            {
                if (!index.TryGetValue(next, out var seen))
                {
                    Visit(next);
                    low[folder] = Math.Min(low[folder], low[next]);
                }
                else if (stack.Contains(next))
                    low[folder] = Math.Min(low[folder], seen);
            }

            if (low[folder] != index[folder])
                return;
            var cycle = new List<string>();
            string member;
            do cycle.Add(member = stack.Pop());
            while (member != folder);
            if (cycle.Count > 1)
                cycles.Add(cycle);
        }
    }

    private static string Describe(List<string> cycle, Dictionary<string, Dictionary<string, List<string>>> mentions) =>
        string.Join("\n", from a in cycle from b in cycle where mentions[a].ContainsKey(b) select $"{a} → {b}: {string.Join(", ", mentions[a][b].Take(5))}");

    private static string Folder(string path) => path.LastIndexOf('/') is > 0 and var end ? path[..end] : "";

    private static IEnumerable<string> Usings(string text) => Using().Matches(text).Select(match => $"src/{match.Groups["name"].Value.Replace('.', '/')}");

    // A name in a comment or a text is no dependency; a name in an interpolation is one.
    private static string WithoutTexts(string text)
    {
        text = RawText().Replace(Comment().Replace(text, ""), "");
        return QuotedText().Replace(text, match => match.Value[0] == '$' ? string.Join(" ", Hole().Matches(match.Value).Select(hole => hole.Value)) : "");
    }

    [GeneratedRegex(@"\b[A-Z]\w*")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\s*@?using (?:static )?Orchestration\.(?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(
        @"^(?:(?:public|internal|sealed|static|abstract|partial|readonly|ref|file|unsafe)\s+)*"
            + @"(?:class|record struct|record|struct|interface|enum|delegate\s+\S+)\s+(?<name>[A-Z]\w*)",
        RegexOptions.Multiline
    )]
    private static partial Regex Declaration();

    [GeneratedRegex("""///.*|(?<!:)//[^\n"]*$""", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(
        """"
            \$*"""(.|\n)*?"""
            """"
    )]
    private static partial Regex RawText();

    [GeneratedRegex("""[$@]*"(?:\\.|[^"\\\n])*" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex QuotedText();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();
}
