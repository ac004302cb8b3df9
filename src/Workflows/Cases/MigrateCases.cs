using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>Which cases would continue in another version.</summary>
/// <param name="DefinitionId">Their definition.</param>
/// <param name="ToVersion">The version, which was published once.</param>
public sealed record MigrationRequest(string DefinitionId, int ToVersion)
{
    /// <summary>Only those. Default: all that run (or failed and can be mended) on another version.</summary>
    public Guid[]? Instances { get; init; }

    /// <summary>Only those that run on this version. Default: on any other.</summary>
    public int? FromVersion { get; init; }

    /// <summary>Continue after this case; cases are ordered by ID, which is the order in which they started.</summary>
    public Guid? After { get; init; }

    /// <summary>At most so many.</summary>
    public int Limit { get; init; } = MigrateCases.MaxItems;
}

/// <summary>A task that doesn't change.</summary>
public sealed record KeptTask(Guid Id, string Title, string State, string? Owner, string? OwnerName, Instant? DueAt);

/// <summary>A clock that keeps running (or stays paused); of a task, or of the case itself.</summary>
public sealed record KeptClock(Guid Id, string Policy, string Status, Instant? DueAt, Guid? TaskId);

/// <summary>Something a case is doing now.</summary>
/// <param name="Activity">Its activity.</param>
/// <param name="Name">The activity's name, if it has one.</param>
/// <param name="Tasks">Tasks that wait here, with their owners.</param>
/// <param name="Timers">Instants at which it continues on its own.</param>
/// <param name="Blocked">Why it can't continue in the other version; null when it can.</param>
public sealed record KeptStep(string Activity, string? Name, IReadOnlyList<KeptTask> Tasks, IReadOnlyList<Instant> Timers, string? Blocked);

/// <summary>What migrating one case would do.</summary>
/// <param name="Instance">The case, or an instance that isn't a case.</param>
/// <param name="Reference">Its business reference.</param>
/// <param name="FromVersion">Version it runs on.</param>
/// <param name="ToVersion">Version it would continue in.</param>
/// <param name="IsPossible">Whether all its current work continues and no completed step is repeated.</param>
/// <param name="Obstacles">Why not, naming the step.</param>
/// <param name="Steps">The current steps, outermost first.</param>
/// <param name="Clocks">Its live clocks.</param>
/// <param name="NewVariables">Variables it would get, with their defaults.</param>
/// <param name="LostVariables">Variables whose values it would lose.</param>
public sealed record MigrationPreview(
    Guid Instance,
    string? Reference,
    int FromVersion,
    int ToVersion,
    bool IsPossible,
    IReadOnlyList<string> Obstacles,
    IReadOnlyList<KeptStep> Steps,
    IReadOnlyList<KeptClock> Clocks,
    IReadOnlyList<string> NewVariables,
    IReadOnlyList<string> LostVariables
);

/// <summary>How migrating one case went.</summary>
/// <param name="Instance">Which.</param>
/// <param name="Refused">Why it wasn't migrated; null when it was.</param>
/// <param name="IsFound">Whether the definition has such an instance.</param>
public sealed record MigrationAnswer(Guid Instance, string? Refused, bool IsFound = true);

/// <summary>
/// Moves running cases to another version of their definition, each in its own transaction. Tasks keep their owners, drafts and revisions; clocks and
/// timers keep their due times, because nothing is written to them.
/// </summary>
public static class MigrateCases
{
    /// <summary>Most cases at a time.</summary>
    public const int MaxItems = 200;

    /// <summary>What a migration would do, case by case, with the ID to continue after (null at the end). Changes nothing.</summary>
    public static async Task<(IReadOnlyList<MigrationPreview> Items, Guid? Next)> PreviewAsync(
        WorkflowRuntime runtime,
        MigrationRequest request,
        Viewer viewer,
        CancellationToken cancel = default
    )
    {
        var ids = await FindAsync(runtime, request, viewer, cancel);
        var next = ids.Count > request.Limit ? ids[request.Limit - 1].Id : (Guid?)null;
        var page = ids.Take(request.Limit).ToList();
        var (tasks, clocks) = await KeptAsync(runtime.Database, [.. page.Select(i => i.Id)], cancel);
        var previews = new List<MigrationPreview>();

        foreach (var (id, reference) in page)
        {
            // A case that was deleted in the meantime has nothing to show.
            if (await Alterations.PlanMigrationAsync(runtime, id, request.ToVersion, cancel) is not { } planned)
                continue;
            var (plan, refused, state) = planned;
            previews.Add(
                new(
                    id,
                    reference,
                    state.DefinitionVersion,
                    request.ToVersion,
                    plan is { IsPossible: true },
                    plan is null ? [refused!] : [.. plan.Obstacles],
                    [.. (plan?.Steps ?? []).Select(step => Step(step, tasks[id].ToDictionary(t => t.Bookmark, t => t.Task)))],
                    [.. clocks[id].Select(c => c.Clock)],
                    plan?.NewVariables ?? [],
                    plan?.LostVariables ?? []
                )
            );
        }

        return (previews, next);
    }

    /// <summary>
    /// Does it, case by case in their order. Each has an operation id made of the caller's and its own, so repeating the whole with the same id is harmless.
    /// </summary>
    /// <param name="request">Which, by their ids.</param>
    /// <param name="operationId">Chosen by the caller.</param>
    /// <param name="reason">Why, for history and for the people who work on them.</param>
    /// <param name="viewer">Who. A case they can't see doesn't exist for them.</param>
    /// <param name="mayAlterCases">Whether they may change live cases by hand; tests, and runs without people, need no such permission.</param>
    /// <param name="cancel">Cancels between two cases.</param>
    public static async Task<IReadOnlyList<MigrationAnswer>> RunAsync(
        WorkflowRuntime runtime,
        MigrationRequest request,
        string operationId,
        string reason,
        Viewer viewer,
        bool mayAlterCases,
        CancellationToken cancel = default
    )
    {
        var actor = viewer.Person ?? throw new ArgumentException("A person migrates.", nameof(viewer));
        ArgumentNullException.ThrowIfNull(request.Instances);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.Instances.Length, MaxItems);
        var known = await OfDefinitionAsync(runtime, request, viewer, cancel);
        var answers = new List<MigrationAnswer>();

        foreach (var id in request.Instances)
        {
            if (!known.Contains(id))
            {
                answers.Add(new(id, $"'{request.DefinitionId}' has no such instance.", IsFound: false));
                continue;
            }

            if (await LiveRun.FindAsync(runtime, id, cancel) is { } live)
            {
                var migrate = new JsonObject { ["type"] = nameof(Alteration.Migrate), ["targetVersion"] = request.ToVersion };
                var refused =
                    !mayAlterCases
                        ? $"{(live.Case is null ? "People work in this run" : "This is a live case")}. Moving it needs the permission to alter cases."
                    : await AlterCase.NeedsSecondPersonAsync(runtime, id, [migrate], cancel)
                        ? "The versions differ in four eyes, reviews, required skills or authority limits, so a second person must approve it."
                            + (live.Case is null ? "" : " Request the change on the case.")
                    : null;
                if (refused is not null)
                {
                    answers.Add(new(id, refused));
                    continue;
                }
            }

            var operation = Operation.Of(
                actor.UserName,
                $"{operationId}:{id:N}",
                "migrate",
                request.DefinitionId,
                request.ToVersion.ToString(System.Globalization.CultureInfo.InvariantCulture)
            );
            var result = await Alterations.RunAsync(runtime, id, [new Alteration.Migrate(request.ToVersion)], actor.UserName, new(reason), operation, cancel);
            answers.Add(new(id, result.Refused, result.IsFound));
        }

        return answers;
    }

    private static KeptStep Step(MigrationStep step, Dictionary<Guid, KeptTask> tasks) =>
        new(
            step.ActivityId,
            step.Name,
            [.. step.Waits.Select(b => tasks.GetValueOrDefault(Guid.Parse(b.Id))).OfType<KeptTask>()],
            [.. step.Waits.Select(b => b.DueAt).OfType<Instant>()],
            step.Blocked
        );

    /// <summary>One more than the limit, to know whether there are more.</summary>
    private static async Task<List<(Guid Id, string? Reference)>> FindAsync(
        WorkflowRuntime runtime,
        MigrationRequest request,
        Viewer viewer,
        CancellationToken cancel
    )
    {
        var found = new List<(Guid, string?)>();
        var only = RunVisibility.Of(viewer, runtime.Clock.Now(), 7);
        await using var query = runtime.Database.Query(
            $"""
            select i.id, coalesce(c.reference, i.correlation_id)
            from workflow_instance i left join journey_case c on c.id = i.id
            where i.definition_id = $1 and (i.status = 'Running' or i.sub_status = 'Faulted') and i.definition_version <> $2
                and ($3::integer is null or i.definition_version = $3)
                and ($4::uuid[] is null or i.id = any($4)) and ($5::uuid is null or i.id > $5)
                and {only?.Sql ?? "true"}
            order by i.id limit $6
            """,
            [request.DefinitionId, request.ToVersion, request.FromVersion, request.Instances, request.After, request.Limit + 1, .. only?.Values ?? []]
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            found.Add((reader.GetGuid(0), reader.Text(1)));
        return found;
    }

    private static async Task<HashSet<Guid>> OfDefinitionAsync(WorkflowRuntime runtime, MigrationRequest request, Viewer viewer, CancellationToken cancel)
    {
        var known = new HashSet<Guid>();
        var only = RunVisibility.Of(viewer, runtime.Clock.Now(), 3);
        await using var query = runtime.Database.Query(
            $"select i.id from workflow_instance i where i.definition_id = $1 and i.id = any($2) and {only?.Sql ?? "true"}",
            [request.DefinitionId, request.Instances, .. only?.Values ?? []]
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            known.Add(reader.GetGuid(0));
        return known;
    }

    private static async Task<(ILookup<Guid, (Guid Bookmark, KeptTask Task)> Tasks, ILookup<Guid, (Guid Instance, KeptClock Clock)> Clocks)> KeptAsync(
        NpgsqlDataSource database,
        Guid[] instances,
        CancellationToken cancel
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select t.instance_id, t.bookmark_id, t.id, t.title, t.state, p.user_name, p.display_name, t.due_at
            from task t left join person p on p.id = t.owner_id where t.instance_id = any($1) and t.ended_at is null order by t.id
            """,
            (object)instances
        );
        batch.Add(
            """
            select instance_id, id, policy, status, due_at, task_id from sla_clock where instance_id = any($1) and status in ('Running', 'Paused')
                order by id
            """,
            (object)instances
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        var tasks = new List<(Guid Instance, Guid Bookmark, KeptTask Task)>();
        while (await reader.ReadAsync(cancel))
            tasks.Add(
                (
                    reader.GetGuid(0),
                    reader.GetGuid(1),
                    new(reader.GetGuid(2), reader.GetString(3), reader.GetString(4), reader.Text(5), reader.Text(6), reader.InstantOrNull(7))
                )
            );
        await reader.NextResultAsync(cancel);
        var clocks = new List<(Guid Instance, KeptClock Clock)>();
        while (await reader.ReadAsync(cancel))
            clocks.Add((reader.GetGuid(0), new(reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.InstantOrNull(4), reader.GuidOrNull(5))));
        return (tasks.ToLookup(t => t.Instance, t => (t.Bookmark, t.Task)), clocks.ToLookup(c => c.Instance));
    }
}
