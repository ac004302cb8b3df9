using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.HumanStep;

/// <summary>
/// The teams, people, skills and steps that human steps name, the teams that facts name, and the steps that SLA policies of a journey's cases name.
/// Names in the definition are checked before it is published; what an expression computes is checked when it runs. People and teams may change
/// afterwards: a task that no one can take any more can be assigned by a supervisor.
/// </summary>
internal sealed class StepNames(PeopleCatalog people, ServiceLevelCatalog serviceLevels)
{
    private const string Team = "Team";
    private const string Candidates = "Candidates";
    private const string ExcludedSteps = "ExcludedSteps";

    private static readonly string[] Inputs = [Team, Candidates, "RequiredSkills", "PreferredSkills", ExcludedSteps];

    /// <summary>Everything that a definition's human steps name and that doesn't exist.</summary>
    /// <param name="workflow">The definition.</param>
    /// <param name="isShipped">Whether it ships with the product, and so comes before people do: only steps are checked.</param>
    public async Task<IReadOnlyList<DefinitionError>> CheckAsync(CompiledWorkflow workflow, bool isShipped, CancellationToken cancel)
    {
        var steps = workflow.Nodes.Where(node => node.TypeName == HumanTask.TypeName).ToList();
        var facts = FactSchema.Of(workflow).Fields;
        if (steps.Count == 0 && facts.Count == 0)
            return [];
        await people.LoadAsync(cancel);
        var errors = new List<DefinitionError>();
        foreach (var step in steps)
        {
            foreach (var input in isShipped ? [ExcludedSteps] : Inputs)
                errors.AddRange(
                    Names(step.Literal(input))
                        .Select(name => Problem(workflow, input, name) ?? Retired(input, name) ?? Unheld(input, name))
                        .OfType<string>()
                        .Select(p => Error(step, input, p))
                );
            if (!isShipped && step.IsLiteral(Team) && step.IsLiteral(Candidates) && Names(step.Literal(Team)) is [] && Names(step.Literal(Candidates)) is [])
                errors.Add(Error(step, Team, "no one can take the step: it needs a team or candidates."));
        }

        errors.AddRange(PolicySteps(workflow));
        foreach (var (index, fact) in isShipped ? [] : facts.Index())
            errors.AddRange(
                fact.Teams.Select(team => Problem(workflow, Team, team) ?? Retired(Team, team))
                    .OfType<string>()
                    .Select(problem => new DefinitionError($"$.customProperties.facts[{index}].teams", $"Fact '{fact.Name}': {problem}"))
            );
        return errors;
    }

    /// <summary>Steps named by policies that hold for cases of this journey only. One for several journeys may name a step that some of them lack.</summary>
    private IEnumerable<DefinitionError> PolicySteps(CompiledWorkflow workflow) =>
        from policy in serviceLevels.Policies.Values
        where
            policy.Subject == SlaSubject.Case
            && policy.Start.Where.TryGetValue("journey", out var journeys)
            && journeys is [var only]
            && only == workflow.DefinitionId
        from step in policy.Steps
        where workflow.FindActivity(step) is null && !workflow.Nodes.Any(node => node.Name == step)
        select new DefinitionError("$", $"SLA policy '{policy.Id}' names the step '{step}', which this journey doesn't have.");

    private string? Retired(string input, string name) =>
        input switch
        {
            Team when people.IsRetired(name) => $"the team '{name}' is retired.",
            "RequiredSkills" or "PreferredSkills" when people.IsRetiredSkill(SkillOf(name)) => $"the skill '{SkillOf(name)}' is retired.",
            _ => null,
        };

    /// <summary>A skill that is only preferred leaves the step to everyone else.</summary>
    private string? Unheld(string input, string name) =>
        input != "RequiredSkills" || people.IsHeld(name)
            ? null
            : $"no active person has the skill '{name}', so no one could take the step. Give it to someone first.";

    /// <summary>The first problem with what the expressions of a step computed, or null.</summary>
    public string? Problem(ActivityContext context, OpenTask open)
    {
        foreach (
            var (input, names) in (ReadOnlySpan<(string, string[])>)
                [
                    (Team, Names(open.Team)),
                    (Candidates, open.Candidates),
                    ("RequiredSkills", open.RequiredSkills),
                    ("PreferredSkills", open.PreferredSkills),
                    (ExcludedSteps, open.ExcludedSteps),
                ]
        )
        {
            var problem = context.Node.IsLiteral(input) ? null : names.Select(name => Problem(context.Workflow, input, name)).OfType<string>().FirstOrDefault();
            if (problem is not null)
                return $"{input}: {problem}";
        }

        return (context.Node.IsLiteral(Team) && context.Node.IsLiteral(Candidates)) || !string.IsNullOrWhiteSpace(open.Team) || open.Candidates.Length > 0
            ? null
            : "No one can take the step: its expressions gave neither a team nor candidates.";
    }

    /// <summary>The names in an input: a list, or one text.</summary>
    public static string[] Names(object? value) =>
        value switch
        {
            List<object?> list => [.. list.OfType<string>().Where(text => text.Length > 0)],
            string { Length: > 0 } one => [one],
            _ => [],
        };

    private string? Problem(CompiledWorkflow workflow, string input, string name) =>
        input switch
        {
            Team => people.HasTeam(name) ? null : $"there is no team '{name}'.",
            Candidates => people.HasPerson(name) ? null : $"there is no active person '{name}'.",
            ExcludedSteps => FindStep(workflow, name, StringComparison.Ordinal) is not null ? null : MissingStep(workflow, name),
            _ => !people.HasSkill(SkillOf(name)) ? $"there is no skill '{SkillOf(name)}'."
            : name.Contains(':', StringComparison.Ordinal) && name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..] is not [>= '1' and <= '5']
                ? $"'{name}' has no level: write {SkillOf(name)}:1 to {SkillOf(name)}:5."
            : null,
        };

    /// <summary>The skill of <c>skill</c> or <c>skill:3</c>.</summary>
    private static string SkillOf(string name) => name.Split(':')[0];

    private static string MissingStep(CompiledWorkflow workflow, string id) =>
        $"there is no human step '{id}' whose workers it could exclude."
        + (FindStep(workflow, id.Trim(), StringComparison.OrdinalIgnoreCase) is { } similar ? $" Did you mean '{similar.Id}'?" : "");

    private static ActivityNode? FindStep(CompiledWorkflow workflow, string id, StringComparison comparison) =>
        workflow.Nodes.FirstOrDefault(node => node.TypeName == HumanTask.TypeName && string.Equals(node.Id, id, comparison));

    private static DefinitionError Error(ActivityNode step, string input, string problem) =>
        new($"{step.Path}.{char.ToLowerInvariant(input[0])}{input[1..]}", $"Activity '{step.DisplayName}': {problem}");
}
