using System.Runtime.CompilerServices;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Definitions;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>docs/elsa-compatibility.md must say of every activity, merge mode and difference what the engine does.</summary>
public class CompatibilityTests
{
    private static readonly string Text = File.ReadAllText(Find("docs/elsa-compatibility.md"));

    [Fact]
    public void Every_activity_has_a_row_and_every_row_an_activity()
    {
        var rows = Text.Split('\n').Where(x => x.StartsWith("| `Elsa.", StringComparison.Ordinal)).ToDictionary(x => x.Split('`')[1], x => x.Split('|')[2].Trim());
        var types = ActivityRegistry.WithBuiltIns().Types.Select(x => x.TypeName).ToList();

        types.Where(x => !rows.ContainsKey(x)).ShouldBeEmpty("activities without a row");
        rows.Where(x => x.Value != "not supported" && !types.Contains(x.Key)).Select(x => x.Key).ShouldBeEmpty("rows without an activity");
        rows.Where(x => x.Value == "not supported" && types.Contains(x.Key)).Select(x => x.Key).ShouldBeEmpty("supported after all");
    }

    [Fact]
    public void Every_strategy_and_mode_is_named()
    {
        foreach (var name in Enum.GetNames<MergeMode>().Concat(Enum.GetNames<ActivationStrategy>()).Concat(Enum.GetNames<IncidentStrategy>()).Concat(Enum.GetNames<JoinMode>()))
            Text.ShouldContain($"`{name}`");
    }

    [Fact]
    public void Every_difference_in_the_golden_traces_is_explained()
    {
        foreach (var reason in Differences.AllReasons)
            Text.ShouldContain(reason, Case.Insensitive);
    }

    private static string Find(string path, [CallerFilePath] string here = "")
    {
        for (var directory = Path.GetDirectoryName(here); directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, path)))
                return Path.Combine(directory, path);
        }

        throw new FileNotFoundException(path);
    }
}
