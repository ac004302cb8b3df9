using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Settings;

/// <summary>
/// The names in an SLA policy: journeys, steps, events of tasks and cases, and workflows that its ladder starts. They are checked when the policy is saved: a
/// clock whose start is misspelled never starts, and no one notices. Events of journeys may come from outside, so any name will do.
/// </summary>
internal static class PolicyNames
{
    private const string Event = "event:";

    private static readonly string[] OfCase = ["case.opened", "case.moved", "case.completed", "case.cancelled"];

    private static readonly string[] OfTask =
    [
        "task.opened",
        "task.claimed",
        "task.taken-over",
        "task.started",
        "task.stopped",
        "task.released",
        "task.assigned",
        "task.delegated",
        "task.forwarded",
        "task.suspended",
        "task.resumed",
        "task.returned",
        "task.prioritized",
        "task.review-requested",
        "task.review-started",
        "task.review-released",
        "task.review-approved",
        "task.changes-requested",
        "task.completed",
        "task.skipped",
        "task.failed",
        "task.cancelled",
    ];

    /// <summary>Everything that the policy names and that doesn't exist.</summary>
    public static async Task<IReadOnlyList<DefinitionError>> CheckAsync(NpgsqlDataSource database, SlaPolicy policy, CancellationToken cancel)
    {
        var errors = new List<DefinitionError>();
        (string Path, ClockCondition? Condition)[] conditions =
        [
            ("$.start", policy.Start),
            ("$.stop", policy.Stop),
            ("$.cancel", policy.Cancel),
            ("$.reset", policy.Reset),
        ];
        var isOfTask = policy.Subject == SlaSubject.Task;
        var known = isOfTask ? OfTask : OfCase;
        var (named, steps) = (new List<(string Path, string What, string Name)>(), new List<(string Path, string Name)>());
        foreach (var (path, condition) in conditions)
        {
            foreach (var name in condition?.Events ?? [])
            {
                if (!isOfTask && SlaPolicy.StepOf(name) is { } step)
                    steps.Add(($"{path}.events", step));
                else if (!known.Contains(name) && (isOfTask || name.Length <= Event.Length || !name.StartsWith(Event, StringComparison.Ordinal)))
                    errors.Add(new($"{path}.events", $"'{name}' never happens to a {(isOfTask ? "task" : "case")}. Name one of {Listed(known, isOfTask)}"));
            }

            foreach (var journey in condition?.Where.GetValueOrDefault("journey") ?? [])
                named.Add(($"{path}.where.journey", "journey", journey));
        }

        foreach (var (i, rung) in policy.Ladder.Index())
        {
            foreach (var (j, action) in rung.Actions.Index())
            {
                if (action is LadderAction.StartWorkflow start)
                    named.Add(($"$.ladder[{i}].actions[{j}].definition", "workflow", start.DefinitionId));
            }
        }

        foreach (var reason in isOfTask ? [] : policy.PauseReasons)
        {
            if (SlaPolicy.WaitingStepOf(reason) is { } step)
                steps.Add(("$.pauseReasons", step));
        }

        var missing = await MissingAsync(
            database,
            "select n.name from unnest($1::text[]) n (name) where not exists (select from workflow_definition d where d.definition_id = n.name)",
            [named.Select(n => n.Name).Distinct().ToArray()],
            cancel
        );
        errors.AddRange(named.Where(n => missing.Contains(n.Name)).Select(n => new DefinitionError(n.Path, $"there is no {n.What} '{n.Name}'")));

        // A policy for several journeys may name a step that some of them lack.
        var journeys = policy.Start.Where.GetValueOrDefault("journey");
        var unknown = await MissingAsync(
            database,
            """
            select n.name from unnest($1::text[]) n (name) where not exists (
                select from workflow_definition d where (d.is_latest or d.is_published) and ($2::text[] is null or d.definition_id = any($2))
                    and jsonb_path_exists(d.document::jsonb, '$.root.** ? (@.id == $name || @.name == $name)', jsonb_build_object('name', n.name)))
            """,
            [steps.Select(s => s.Name).Distinct().ToArray(), journeys?.ToArray()],
            cancel
        );
        errors.AddRange(
            steps
                .Where(s => unknown.Contains(s.Name))
                .Select(s => new DefinitionError(
                    s.Path,
                    journeys is [var only] ? $"journey '{only}' has no step '{s.Name}'" : $"no journey of the policy has a step '{s.Name}'"
                ))
        );
        return errors;
    }

    private static string Listed(string[] known, bool isOfTask) => string.Join(", ", known) + (isOfTask ? "" : ", step:NAME.completed and event:NAME");

    private static async Task<HashSet<string>> MissingAsync(NpgsqlDataSource database, string sql, object?[] values, CancellationToken cancel)
    {
        var missing = new HashSet<string>(StringComparer.Ordinal);
        if (values[0] is string[] { Length: 0 })
            return missing;
        await using var query = database.Query(sql, values);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            missing.Add(reader.GetString(0));
        return missing;
    }
}
