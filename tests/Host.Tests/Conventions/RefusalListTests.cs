using System.Text;
using System.Text.RegularExpressions;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Conventions;

/// <summary>docs/refusals.md lists what prevents publishing a journey, in the words of the code: a new refusal isn't missing there.</summary>
public sealed partial class RefusalListTests
{
    private const string List = "docs/refusals.md";

    private const string Head = """
        # What is refused at publishing

        The messages with which publishing a journey is refused, as the code says them; `…` stands for a name or value.
        [designer.md](designer.md#what-is-refused-at-publishing) explains them. Mistakes in expressions, forms, calendars and durations are quoted as their
        parsers report them.

        """;

    private static readonly (string Title, string[] Places)[] Parts =
    [
        ("Definition", ["src/Engine/Compilation", "src/Engine/Definitions"]),
        ("Activities", ["src/Engine/Activities"]),
        ("Human steps", ["src/Workflows/HumanStep", "src/Workflows/Settings/ServiceLevelCatalog.cs"]),
        ("Facts", ["src/Workflows/Facts"]),
        ("Customer's view and references", ["src/Workflows/OwnView/CustomerStages.cs", "src/Workflows/Cases/ReferenceRule.cs"]),
    ];

    /// <summary>Files whose methods only say what is wrong with a name: each of their texts is a refusal.</summary>
    private static readonly string[] Whole = ["StepNames.cs", "FlowPorts.cs", "FlowJoins.cs"];

    [Fact]
    public async Task The_list_has_every_refusal_in_the_code_and_no_other()
    {
        var text = new StringBuilder(Head.ReplaceLineEndings("\n"));
        foreach (var (title, places) in Parts)
        {
            text.Append($"\n## {title}\n\n");
            var messages = places.SelectMany(Files).SelectMany(file => Messages(file.Path, file.Text)).Distinct().Order(StringComparer.Ordinal).ToList();
            messages.ShouldNotBeEmpty(title);
            foreach (var message in messages)
                text.Append($"- {message}\n");
        }

        var approved = Repository.Path(List);
        var received = Path.ChangeExtension(approved, ".received.md");
        if (File.Exists(approved) && (await File.ReadAllTextAsync(approved)).ReplaceLineEndings("\n") == text.ToString())
        {
            File.Delete(received);
            return;
        }

        await File.WriteAllTextAsync(received, text.ToString());
        Assert.Fail($"{List} doesn't list what the code refuses.\nSee the change:  diff {approved} {received}\nIf it is right:  mv {received} {approved}");
    }

    [Fact]
    public void Messages_are_found_in_calls_whatever_is_computed_in_them()
    {
        const string Code = """
            node.PublishError("title", $"the title '{(a ? "x y" : Text(json, "name"))}' is " + "missing."); node.Other("not a refusal");
            Error(path, wrong ? "one is wrong." : $"{{two}} are wrong.");
            """;
        Messages("Any.cs", Code).ShouldBe(["the title '…' is missing.", "one is wrong.", "{two} are wrong."]);
    }

    private static IEnumerable<(string Path, string Text)> Files(string place) =>
        place.EndsWith(".cs", StringComparison.Ordinal) ? [(place, File.ReadAllText(Repository.Path(place)))] : SourceTree.Files(place, ".cs");

    private static IEnumerable<string> Messages(string path, string code)
    {
        if (Whole.Contains(Path.GetFileName(path)))
            return Texts(Comment().Replace(code, "").Replace("throw new", "", StringComparison.Ordinal));
        return Call().Matches(code).SelectMany(match => Texts(Arguments(code, match.Index + match.Length)));
    }

    /// <summary>Texts of several words in an expression; those that are added up are one.</summary>
    private static List<string> Texts(string code)
    {
        var texts = new List<string>();
        var (end, at) = (-1, 0);
        while ((at = code.IndexOf('"', at)) >= 0)
        {
            var start = at;
            var text = Literal(code, ref at);
            if (end >= 0 && code[end..start].Trim(' ', '\n', '\r', '$') == "+")
                texts[^1] += text;
            else
                texts.Add(text);
            end = at;
        }

        return [.. texts.Where(text => text.Trim().Contains(' ') && text.Any(char.IsLetter)).Select(text => text.Trim())];
    }

    /// <summary>The text that begins at a quotation mark, and where it ends.</summary>
    private static string Literal(string code, ref int at)
    {
        var isInterpolated = at > 0 && code[at - 1] == '$';
        var text = new StringBuilder();
        for (at++; code[at] != '"'; at++)
        {
            if (code[at] == '\\')
            {
                text.Append(code[++at]);
            }
            else if (isInterpolated && code[at] is '{' or '}' && code[at + 1] == code[at])
            {
                text.Append(code[at++]);
            }
            else if (isInterpolated && code[at] == '{')
            {
                text.Append('…');
                Skip(code, ref at, '{', '}');
            }
            else
            {
                text.Append(code[at]);
            }
        }

        at++;
        return text.ToString();
    }

    private static string Arguments(string code, int start)
    {
        var end = start - 1;
        Skip(code, ref end, '(', ')');
        return code[start..end];
    }

    /// <summary>From an opening bracket to the one that closes it.</summary>
    private static void Skip(string code, ref int at, char open, char close)
    {
        for (var depth = 0; ; at++)
        {
            if (code[at] == '"')
            {
                Literal(code, ref at);
                at--;
            }
            else if (code[at] == '\'' && code[at + 2] == '\'')
            {
                at += 2;
            }
            else if (code[at] == open)
            {
                depth++;
            }
            else if (code[at] == close && --depth == 0)
            {
                return;
            }
        }
    }

    [GeneratedRegex(@"(?<!(?:void|record) )\b(?:PublishError|Error|error|Fatal|DefinitionError|taken\.Add)\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
