using System.Text.RegularExpressions;
using Orchestration.Testing;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed partial class TaskLifeCycleTests
{
    [Fact]
    public void The_documented_life_cycle_is_the_real_one()
    {
        var documented = Row().Matches(File.ReadAllText(Repository.Path("docs/tasks.md"))).Select(m => (m.Groups[1].Value, m.Groups[2].Value.Trim()));
        documented.ShouldBe(Enum.GetValues<TaskVerb>().Select(verb => (verb.ToString(), string.Join(", ", TaskLifeCycle.StatesFor(verb)))));
    }

    [Fact]
    public void Nothing_can_be_asked_of_a_task_that_has_ended() =>
        Enum.GetValues<TaskVerb>().Where(verb => Enum.GetValues<TaskState>().Any(state => state.IsTerminal() && TaskLifeCycle.Allows(state, verb))).ShouldBeEmpty();

    [GeneratedRegex(@"^\| (Claim|Start|Release|Assign|Complete|Cancel) \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
