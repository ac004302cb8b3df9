using System.Text.RegularExpressions;
using Npgsql;
using Orchestration.Testing;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed partial class TaskLifeCycleTests
{
    [Fact]
    public void The_documented_life_cycle_is_the_real_one()
    {
        var documented = Row()
            .Matches(File.ReadAllText(Repository.Path("docs/tasks.md")))
            .Where(m => m.Groups[1].Value != "Verb")
            .Select(m => (m.Groups[1].Value, m.Groups[2].Value.Trim()));
        documented.ShouldBe(Enum.GetValues<TaskVerb>().Select(verb => (verb.ToString(), string.Join(", ", TaskLifeCycle.StatesFor(verb)))));
    }

    [Fact]
    public void Nothing_can_be_asked_of_a_task_that_has_ended() =>
        Enum.GetValues<TaskVerb>()
            .Where(verb => Enum.GetValues<TaskState>().Any(state => state.IsTerminal() && TaskLifeCycle.Allows(state, verb)))
            .ShouldBeEmpty();

    /// <summary>The diagram's arrows are the verbs' moves; those of a suspension lead back to where it was.</summary>
    [Fact]
    public void The_diagram_shows_every_move()
    {
        var drawn = Arrow()
            .Matches(File.ReadAllText(Repository.Path("docs/tasks.md")))
            .SelectMany(m =>
                m.Groups[3]
                    .Value.Split(',')
                    .Select(verb => (From: m.Groups[1].Value, To: m.Groups[2].Value, Verb: verb.Replace(" ", "", StringComparison.Ordinal)))
            )
            .Select(a => (a.From, a.To, Enum.Parse<TaskVerb>(a.Verb, ignoreCase: true)))
            .ToHashSet();
        foreach (var (from, to, verb) in drawn)
        {
            TaskLifeCycle.StatesFor(verb).ShouldContain(Enum.Parse<TaskState>(from), $"{verb} from {from}");
            TaskLifeCycle.LeadsTo(verb).ShouldContain(Enum.Parse<TaskState>(to), $"{verb} to {to}");
        }

        foreach (var verb in Enum.GetValues<TaskVerb>().Where(v => TaskLifeCycle.LeadsTo(v).Count > 0))
        {
            // Created is a state in passing, from which nothing is drawn but the opening.
            drawn
                .Where(a => a.Item3 == verb)
                .Select(a => a.From)
                .ToHashSet()
                .ShouldBe(TaskLifeCycle.StatesFor(verb).Where(s => s != TaskState.Created).Select(s => s.ToString()), ignoreOrder: true, verb.ToString());
            drawn
                .Where(a => a.Item3 == verb)
                .Select(a => a.To)
                .ToHashSet()
                .ShouldBe(TaskLifeCycle.LeadsTo(verb).Select(s => s.ToString()), ignoreOrder: true, verb.ToString());
        }
    }

    /// <summary>Whatever a verb gets wrong, the row can't reach a combination that its state doesn't allow.</summary>
    [Fact]
    public async Task The_database_refuses_a_task_without_what_its_state_needs_or_with_what_it_forbids()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look")));
        await world.StartAsync("one");
        foreach (
            var change in new[]
            {
                "state = 'Lost'",
                "priority = 0",
                "priority = 6",
                "outcomes = '{}'",
                "state = 'Reserved'",
                "state = 'InProgress'",
                "owner_id = (select min(id::text)::uuid from person)",
                "state = 'Completed'",
                "state = 'Completed', outcome = 'Done'",
                "state = 'Cancelled'",
                "ended_at = now()",
                "outcome = 'Done'",
                "state = 'Suspended'",
                "state = 'Suspended', suspended_from = 'Ready'",
                "state = 'Suspended', suspended_from = 'Reserved', suspended_reason = 'x'",
                "suspended_until = now()",
                "state = 'ReadyForReview', proposed_outcome = 'Done'",
                "state = 'InReview', proposed_outcome = 'Done', owner_id = (select min(id::text)::uuid from person)",
                "proposed_outcome = 'Done'",
            }
        )
        {
            var refused = await Should.ThrowAsync<PostgresException>(world.ScalarAsync<int>($"update task set {change} returning 1"), change);
            (refused.SqlState, refused.ConstraintName).ShouldBe((PostgresErrorCodes.CheckViolation, "task_fits"), change);
        }

        (
            await world.ScalarAsync<int>(
                "update task set state = 'Suspended', suspended_from = 'Ready', suspended_reason = 'x', suspended_until = now() returning 1"
            )
        ).ShouldBe(1);
    }

    /// <summary>The conditions of who sees what look dear to the planner; compiling them would take longer than the page.</summary>
    [Fact]
    public async Task Sessions_do_not_compile_their_statements()
    {
        await using var world = await World.CreateAsync();
        await using var jit = world.Database.CreateCommand("show jit");
        (await jit.ExecuteScalarAsync()).ShouldBe("off");
    }

    [GeneratedRegex(@"^\| ([A-Z][A-Za-z]+) \| ([A-Z][^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^    (\w+) --> (\w+): (.+)$", RegexOptions.Multiline)]
    private static partial Regex Arrow();
}
