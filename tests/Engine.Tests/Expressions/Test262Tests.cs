using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>
/// The conformance tests of ECMAScript (github.com/tc39/test262), which are not part of this repository. Point TEST262_DIRECTORY at a checkout to run them.
/// <c>Golden/test262.txt</c> pins the verdict of each test of the supported language; set TEST262_WRITE to pin anew.
/// </summary>
public sealed partial class Test262Tests(ITestOutputHelper output)
{
    private static readonly string[] s_excludedFeatures =
    [
        "generators",
        "async",
        "Proxy",
        "TypedArray",
        "ArrayBuffer",
        "DataView",
        "SharedArrayBuffer",
        "Atomics",
        "Temporal",
        "WeakRef",
        "FinalizationRegistry",
        "ShadowRealm",
        "tail-call",
        "import",
        "export",
        "top-level-await",
        "cross-realm",
        "createRealm",
        "resizable",
        "decorators",
        "explicit-resource",
        "regexp-v-flag",
        "regexp-modifiers",
        "regexp-duplicate",
        "Intl",
        "IsHTMLDDA",
        "Promise",
        "caller",
        "json-parse-with-source",
        "iterator-sequencing",
        "joint-iteration",
        "uint8array",
        "Float16Array",
        "Math.sumPrecise",
        "RegExp.escape",
        "Error.isError",
        "upsert",
        "immutable",
        "source-phase",
        "nonextensible",
        "await-dictionary",
        "legacy-regexp",
        "promise",
        "Array.fromAsync",
        "canonical-tz",
    ];

    private static readonly string[] s_excludedPaths =
    [
        "/eval-code/",
        "/module-code/",
        "/import/",
        "/export/",
        "dynamic-import",
        "generator",
        "async",
        "/await",
        "/with/",
        "/yield/",
        "/using/",
        "await-using",
        "import.meta",
        "built-ins/Proxy",
        "built-ins/TypedArray",
        "built-ins/ArrayBuffer",
        "built-ins/DataView",
        "SharedArrayBuffer",
        "built-ins/Atomics",
        "built-ins/Temporal",
        "built-ins/Promise",
        "built-ins/eval/",
        "WeakRef",
        "FinalizationRegistry",
        "ShadowRealm",
        "DisposableStack",
        "Async",
        "built-ins/Generator",
        "built-ins/global/",
        "built-ins/Uint8Array",
        "AbstractModuleSource",
        "SuppressedError",
    ];

    [Fact]
    public void Language_tests_keep_their_verdicts()
    {
        var root = System.Environment.GetEnvironmentVariable("TEST262_DIRECTORY");
        if (root is null)
            Assert.Skip("TEST262_DIRECTORY is not set");
        var files = Directory
            .EnumerateFiles(Path.Combine(root, "test"), "*.js", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Path.Combine(root, "test"), file).Replace('\\', '/'))
            .Where(file =>
                !file.Contains("_FIXTURE", StringComparison.Ordinal)
                && (file.StartsWith("language/", StringComparison.Ordinal) || file.StartsWith("built-ins/", StringComparison.Ordinal))
                && !Array.Exists(s_excludedPaths, part => ("/" + file).Contains(part, StringComparison.Ordinal))
            );
        var verdicts = new ConcurrentDictionary<string, string>();
        Parallel.ForEach(
            files,
            file =>
            {
                if (Run(root, file) is { } verdict)
                    verdicts[file] = verdict;
            }
        );

        foreach (var group in verdicts.GroupBy(v => Feature(v.Key)).OrderBy(g => g.Key, StringComparer.Ordinal))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{group.Key, -50} {group.Count(v => v.Value == "pass"), 6} of {group.Count(), 6}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdicts.Values.Count(v => v == "pass")} of {verdicts.Count} pass"));
        var lines = verdicts.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{(v.Value == "pass" ? "pass" : "fail")} {v.Key}").ToList();
        if (System.Environment.GetEnvironmentVariable("TEST262_WRITE") is { } target)
        {
            File.WriteAllLines(target, lines);
            File.WriteAllLines(
                target + ".reasons",
                verdicts.Where(v => v.Value != "pass").Select(v => $"{v.Key}: {v.Value}").Order(StringComparer.Ordinal),
                Encoding.Unicode
            );
            return;
        }

        Compare(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", "test262.txt")), lines).ShouldBeEmpty();
    }

    [Fact]
    public void A_changed_verdict_is_found_whichever_way_it_changed()
    {
        string[] pinned = ["pass language/a.js", "fail language/b.js", "pass language/c.js"];

        Compare(pinned, pinned).ShouldBeEmpty();
        Compare(pinned, ["fail language/a.js", "fail language/b.js", "pass language/c.js"]).ShouldBe(["pass language/a.js -> fail"]);
        Compare(pinned, ["pass language/a.js", "pass language/b.js", "pass language/c.js"]).ShouldBe(["fail language/b.js -> pass"]);
        Compare(pinned, ["pass language/a.js", "fail language/b.js"]).ShouldBe(["pass language/c.js -> not run"]);
        Compare(pinned, [.. pinned, "pass language/d.js"]).ShouldBe(["not pinned -> pass language/d.js"]);
    }

    /// <summary>Every verdict that is not the pinned one. Better ones too: pin anew, and docs/javascript.md with them.</summary>
    private static List<string> Compare(IReadOnlyCollection<string> pinned, IReadOnlyCollection<string> now)
    {
        var verdicts = now.ToDictionary(line => line[5..], line => line[..4]);
        var changes = pinned
            .Where(line => verdicts.GetValueOrDefault(line[5..]) != line[..4])
            .Select(line => $"{line} -> {verdicts.GetValueOrDefault(line[5..]) ?? "not run"}")
            .ToList();
        changes.AddRange(now.ExceptBy(pinned.Select(line => line[5..]), line => line[5..]).Select(line => $"not pinned -> {line}"));
        return changes;
    }

    /// <summary>The folders that name a feature: <c>built-ins/Array</c>, <c>language/statements/for-of</c>.</summary>
    private static string Feature(string file) => string.Join('/', file.Split('/')[..^1].Take(file.StartsWith("built-ins", StringComparison.Ordinal) ? 2 : 3));

    /// <summary>"pass", why it failed, or null when the test needs what is not supported.</summary>
    private static string? Run(string root, string file)
    {
        var text = File.ReadAllText(Path.Combine(root, "test", file));
        var header = FrontMatter().Match(text).Groups[1].Value;
        var features = Features().Match(header).Groups[1].Value;
        var flags = Flags().Match(header).Groups[1].Value;
        if (
            flags.Contains("module", StringComparison.Ordinal)
            || flags.Contains("async", StringComparison.Ordinal)
            || flags.Contains("CanBlock", StringComparison.Ordinal)
            || text.Contains("$262", StringComparison.Ordinal)
            || Array.Exists(s_excludedFeatures, feature => features.Contains(feature, StringComparison.Ordinal))
            || Unsupported().IsMatch(text[(text.IndexOf("---*/", StringComparison.Ordinal) + 1)..])
        )
            return null;
        var negative = Negative().Match(header) is { Success: true } match ? (Phase: match.Groups[1].Value, Type: match.Groups[2].Value) : default;
        var source = new StringBuilder();
        if (flags.Contains("onlyStrict", StringComparison.Ordinal))
            source.Append("\"use strict\";\n");
        if (!flags.Contains("raw", StringComparison.Ordinal))
        {
            foreach (
                var include in new[] { "assert.js", "sta.js" }.Concat(
                    Includes().Match(header).Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                )
            )
                source.Append(File.ReadAllText(Path.Combine(root, "harness", include))).Append('\n');
        }

        source.Append(text);
        if (!JavaScriptProgram.TryParse(source.ToString(), out var program, out var syntax))
            return syntax.Message.Contains("not supported in expressions", StringComparison.Ordinal) ? null
                : negative.Phase is "parse" or "early" ? "pass"
                : syntax.Message;
        if (negative.Phase is "parse" or "early")
            return "parsed";
        try
        {
            program.Evaluate(
                new TestScope(),
                new ScriptLimits
                {
                    MaxSteps = 10_000_000,
                    MaxMemory = 1L << 30,
                    MaxTime = TimeSpan.FromMinutes(5),
                }
            );
            return negative.Phase is null ? "pass" : "did not throw";
        }
        catch (ExpressionException error)
        {
            return negative.Type is { } type && error.Kind == type ? "pass" : $"{error.Kind}: {error.Message.ReplaceLineEndings(" ")}";
        }
        catch (Exception error)
        {
            return $"CRASH {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")} {error.StackTrace?.Split('\n')[0].Trim()}";
        }
    }

    [GeneratedRegex(@"/\*---(.*?)---\*/", RegexOptions.Singleline)]
    private static partial Regex FrontMatter();

    [GeneratedRegex(@"features:\s*(\[[^\]]*\]|(?:\n\s*- .*)+)")]
    private static partial Regex Features();

    [GeneratedRegex(@"flags:\s*(\[[^\]]*\]|(?:\n\s*- .*)+)")]
    private static partial Regex Flags();

    [GeneratedRegex(@"includes:\s*\[([^\]]*)\]")]
    private static partial Regex Includes();

    [GeneratedRegex(@"negative:\s*\n\s*phase: (\w+)\s*\n\s*type: (\w+)")]
    private static partial Regex Negative();

    [GeneratedRegex(@"\beval\b|\bfunction\s*\*|\basync\b|\bwith\s*\(|\byield\b|new Proxy|Uint8Array|ArrayBuffer\b")]
    private static partial Regex Unsupported();
}
