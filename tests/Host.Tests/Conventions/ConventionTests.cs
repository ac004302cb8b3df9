using System.Reflection;
using System.Text.RegularExpressions;
using Orchestration.Engine.Storage;
using Xunit.v3;

namespace Orchestration.Host.Tests.Conventions;

/// <summary>Architecture rules that the compiler doesn't check. The lists name each exception with its reason.</summary>
public sealed partial class ConventionTests
{
    // Style: catch (Exception) only around an activity's work and around a job.
    private static readonly Dictionary<string, string> CatchesEverything = new()
    {
        ["src/Engine/Execution/BurstRun.cs"] = "what an activity throws becomes its incident",
        ["src/Engine/Expressions/Liquid/LiquidTemplate.cs"] = "the template library and its parser throw anything; it becomes the expression's error",
        ["src/Engine/Runtime/Effects.cs"] = "an effect that fails is tried again, whatever the reason",
        ["src/Engine/Runtime/StimulusQueue.cs"] = "one bad row must not stop the others",
        ["src/Engine/Runtime/Timers.cs"] = "one bad row must not stop the others",
        ["src/Host/Startup/DemoStart.cs"] = "demo data must not stop a host",
        ["src/Workflows/Audit/HoldHeads.cs"] = "one place that fails must not stop the others",
        ["src/Workflows/Distribution/DistributeWork.cs"] = "one bad task or team must not stop the others",
        ["src/Workflows/Distribution/EndOffers.cs"] = "one bad offer must not stop the others",
        ["src/Workflows/Distribution/PushWatch.cs"] = "a look that fails must not stop the host",
        ["src/Workflows/Escalation/Escalate.cs"] = "one bad clock must not stop the others",
        ["src/Workflows/Staff/ReturnWork.cs"] = "one bad clock must not stop the others",
        ["src/Workflows/Tasks/Verbs/ResumeTask.cs"] = "one bad row must not stop the others",
    };

    // Style: the clock, randomness and waiting are inputs, chosen where the program is put together.
    private static readonly Dictionary<string, string> UsesBannedSymbols = new() { ["src/Host/Startup/Defaults.cs"] = "chooses the clock" };

    private static readonly Dictionary<string, string> DisposesReaderTwice = new()
    {
        ["src/Workflows/Performance/ReadFigures.cs"] = "it keeps its connection until the end",
    };

    [Fact]
    public async Task A_test_that_never_ends_fails_by_itself()
    {
        await Task.Yield();
        ((IXunitTest)TestContext.Current.Test!).Timeout.ShouldBe(600_000);
    }

    [Theory]
    [InlineData("Embedded", "Orchestration.*|Microsoft.AspNetCore.*")]
    [InlineData("Proof", "Orchestration.*|Microsoft.AspNetCore.*|Hangfire.*")]
    [InlineData("Engine", "Orchestration.(?!Proof$).*|Microsoft.AspNetCore.*|Hangfire.*")]
    [InlineData("Workflows", "Orchestration.Embedded|Orchestration.Host")]
    public void References_go_one_way(string assembly, string forbidden) =>
        Assembly
            .Load($"Orchestration.{assembly}")
            .GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => Regex.IsMatch(name, $"^({forbidden})$"))
            .ShouldBeEmpty();

    [Theory]
    [InlineData("Model")]
    [InlineData("Expressions")]
    [InlineData("Activities")]
    [InlineData("Execution")]
    [InlineData("Compilation")]
    public void The_pure_part_of_the_engine_knows_no_database_and_no_network(string folder) =>
        Matches(SourceTree.Files($"src/Engine/{folder}", ".cs"), OutsideWorld()).ShouldBeEmpty();

    [Fact]
    public void Hangfire_is_known_to_the_jobs_and_to_its_dashboard_only() =>
        Matches(SourceTree.Files("src", ".cs", ".razor"), UsesHangfire())
            .Where(place =>
                !place.StartsWith("src/Workflows/Jobs/", StringComparison.Ordinal)
                && !place.StartsWith("src/Host/Administration/JobDashboard.cs:", StringComparison.Ordinal)
            )
            .ShouldBeEmpty();

    [Fact]
    public void The_host_has_no_sql() => Matches(SourceTree.Files("src/Host", ".cs", ".razor"), Sql()).ShouldBeEmpty();

    [Fact]
    public void Folders_are_domain_nouns() =>
        SourceTree
            .Folders("src")
            .Concat(SourceTree.Folders("tests"))
            .Where(folder =>
                Path.GetFileName(folder)
                    is "Services"
                        or "Models"
                        or "Contracts"
                        or "Helpers"
                        or "Utils"
                        or "Common"
                        or "Managers"
                        or "Handlers"
                        or "Interfaces"
            )
            .ShouldBeEmpty();

    [Fact]
    public void Nothing_is_caught_that_was_not_expected() => Listed(SourceTree.Files("src", ".cs").Where(file => Swallows(file.Text)), CatchesEverything);

    [Fact]
    public void Time_chance_and_waiting_are_inputs() =>
        Listed(SourceTree.Files("src", ".cs").Where(file => file.Text.Contains("RS0030", StringComparison.Ordinal)), UsesBannedSymbols);

    [Fact]
    public void Migrations_of_all_assemblies_form_one_sequence()
    {
        var migrations = new Migrator(new[] { "Engine", "Workflows", "Host" }.Select(name => Assembly.Load($"Orchestration.{name}"))).Migrations;
        migrations.Count.ShouldBe(SourceTree.Files("src", ".sql").Count());
    }

    [Fact]
    public void Pages_load_nothing_from_elsewhere() =>
        Matches(SourceTree.Files("src/Host", ".razor", ".html", ".css", ".js", ".cs"), ForeignAsset()).ShouldBeEmpty();

    // A connection gives its readers one object in turn: disposed again after the connection was given back, it ends what another one reads.
    [Fact]
    public void A_reader_is_disposed_once() => Listed(SourceTree.Files("src", ".cs").Where(file => DisposesTwice().IsMatch(file.Text)), DisposesReaderTwice);

    [Fact]
    public void The_rules_see_what_they_forbid()
    {
        const string Reads = "    {\n        await using var r = await query.ExecuteReaderAsync(cancel);\n";
        DisposesTwice().IsMatch(Reads + "        await r.DisposeAsync();\n").ShouldBeTrue();
        DisposesTwice().IsMatch(Reads + "    }\n        await r.DisposeAsync();\n").ShouldBeFalse("another method");
        OutsideWorld().IsMatch("using System.Net.Http;").ShouldBeTrue();
        OutsideWorld().IsMatch("using Npgsql;").ShouldBeTrue();
        OutsideWorld().IsMatch("System.Net.WebUtility.HtmlEncode(text)").ShouldBeFalse();
        OutsideWorld().IsMatch("(int)System.Net.HttpStatusCode.OK").ShouldBeFalse();
        UsesHangfire().IsMatch("using Hangfire;").ShouldBeTrue();
        UsesHangfire().IsMatch("Hangfire.JobStorage storage").ShouldBeTrue();
        UsesHangfire().IsMatch("/// <summary>Hangfire runs it.</summary>").ShouldBeFalse();
        Sql().IsMatch("\"select id from task\"").ShouldBeTrue();
        Sql().IsMatch("DELETE FROM task").ShouldBeTrue();
        Sql().IsMatch("""<select name="from">""").ShouldBeFalse();
        Swallows("try { } catch (Exception e) { Log(e); }").ShouldBeTrue();
        Swallows("try { } catch { }").ShouldBeTrue();
        Swallows("try { } catch (Exception e) when (e is not OperationCanceledException) { Log(e); }").ShouldBeTrue();
        Swallows("try { } catch (Exception e) when (!cancel.IsCancellationRequested) { Log(e); }").ShouldBeTrue();
        Swallows("try { } catch (Exception e) when (e is not (A or B) && !Stops(e)) { Log(e); }").ShouldBeTrue();
        Swallows("try { }\ncatch (Exception e)\n#pragma warning restore CA1031\n{ Log(e); }").ShouldBeTrue();
        Swallows("try { } catch (Exception e) when (e is IOException) { }").ShouldBeFalse();
        Swallows("try { } catch { if (x) { Undo(); } throw; }").ShouldBeFalse();
        ForeignAsset().IsMatch("""<script src="https://cdn.example/x.js">""").ShouldBeTrue();
        ForeignAsset().IsMatch("""@import url(//fonts.example/x.css)""").ShouldBeTrue();
        ForeignAsset().IsMatch("""<a href="https://www.postgresql.org/">""").ShouldBeFalse();
    }

    private static List<string> Matches(IEnumerable<(string Path, string Text)> files, Regex forbidden) =>
        [.. files.SelectMany(file => forbidden.Matches(file.Text).Select(match => $"{file.Path}: {match.Value}"))];

    // A reason that has gone is as wrong as one that is missing.
    private static void Listed(IEnumerable<(string Path, string Text)> found, Dictionary<string, string> reasons)
    {
        var paths = found.Select(file => file.Path).ToList();
        paths.Except(reasons.Keys).ShouldBeEmpty("not on the list");
        reasons.Keys.Except(paths).ShouldBeEmpty("on the list without need");
    }

    private static bool Swallows(string text) =>
        CatchAll().Matches(text).Any(match => !Block(text, match.Index + match.Length).Contains("throw", StringComparison.Ordinal));

    private static string Block(string text, int start)
    {
        var depth = 1;
        var end = start;
        while (depth > 0 && end < text.Length)
        {
            depth += text[end++] switch
            {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
        }

        return text[start..end];
    }

    [GeneratedRegex(@"await using var (?<r>\w+) = await \w+\.ExecuteReaderAsync\([^;]*;((?!\n    \})[\s\S])*?await \k<r>\.DisposeAsync\(")]
    private static partial Regex DisposesTwice();

    [GeneratedRegex(@"\b(Npgsql|Dapper|System\.Net(?!\.(WebUtility|HttpStatusCode)\b))\b")]
    private static partial Regex OutsideWorld();

    [GeneratedRegex(@"\busing Hangfire\b|\bHangfire\.[A-Z]")]
    private static partial Regex UsesHangfire();

    [GeneratedRegex(
        @"(?<![<\w])select\b[^;\n]*\bfrom\s+[a-z_]+|\binsert\s+into\s+[a-z_]|\bdelete\s+from\s+[a-z_]|\bNpgsql(Command|Batch)\b|\busing Dapper\b",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Sql();

    // With a filter that does not say of which kinds it is: "when (e is not X)" and "when (!stopping)" still catch everything else.
    [GeneratedRegex(
        """
            \bcatch\s*
            (\(\s*(System\.)?Exception(\s+\w+)?\s*\)\s*
              (when\s*\((?!(?:[^()]|\([^()]*\))*\bis\s+(?!not\b))(?>[^()]|\((?<open>)|\)(?<-open>))*(?(open)(?!))\)\s*|\#pragma[^\n]*\s*)?
            )?\{
            """,
        RegexOptions.IgnorePatternWhitespace
    )]
    private static partial Regex CatchAll();

    [GeneratedRegex(
        @"<(script|link|img|iframe|source|video|audio)\b[^>]*\b(src|href)\s*=\s*[""'](https?:)?//|\burl\(\s*[""']?(https?:)?//"
            + @"|\bfrom\s+[""']https?://|\bimport\s*\(?\s*[""']https?://",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex ForeignAsset();
}
