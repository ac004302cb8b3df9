using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>Who asks for runs.</summary>
/// <param name="Person">The person, or null for a machine.</param>
/// <param name="AllCases">Whether they see every case.</param>
/// <param name="OtherRuns">Whether they see runs that don't belong to a case: trials from the designer, and what timers and requests started.</param>
public sealed record Viewer(Person? Person, bool AllCases, bool OtherRuns)
{
    /// <summary>A person.</summary>
    public static Viewer Of(Person person, bool otherRuns) => new(person, Eligibility.SeesAll(person), otherRuns);
}

/// <summary>
/// Which runs someone sees: those of the cases they see (<see cref="CaseViewers"/>), with the child workflows these started, and runs without a case,
/// except findings of reviewers.
/// </summary>
public static class RunVisibility
{
    /// <summary>A condition on a row of <c>workflow_instance</c> named <c>i</c>, with its parameters; null if they see all.</summary>
    /// <param name="viewer">Who asks.</param>
    /// <param name="now">Now.</param>
    /// <param name="first">Number of its first parameter.</param>
    public static (string Sql, object?[] Values)? Of(Viewer viewer, Instant now, int first)
    {
        if (viewer.AllCases)
            return null;
        const string OfCase = "from journey_case c where c.id = run_root(i.id, i.parent_id)";

        // Lists begin with what isn't marked as owned; whether it belongs to no case is what the case says.
        var others = viewer.OtherRuns ? $"not i.owned and not exists (select {OfCase}) and not exists (select from finding f where f.id = i.id)" : "false";
        if (viewer.Person is not { } person)
            return ($"({others})", []);
        var me = Eligibility.Of($"${first}", $"${first + 1}");
        return ($"({me.SeesRun("i.id")} or {others} or exists (select {OfCase} and i.parent_id is not null and {me.SeesRun("c.id")}))", [person.Id, now]);
    }

    /// <summary>The same for lists, which begin with the few runs that someone sees.</summary>
    public static async Task<(string Sql, object?[] Values)?> OfListAsync(
        NpgsqlDataSource database,
        Viewer viewer,
        Instant now,
        int first,
        CancellationToken cancel
    )
    {
        if (Of(viewer, now, first) is not var (sql, values))
            return null;
        var few = new FewIds(FewIds.Most);
        var sets = new List<int>();
        if (viewer.OtherRuns)
            sets.Add(few.Add("select id from workflow_instance where not owned"));
        if (viewer.Person is { } person)
        {
            sets.Add(few.Add(Eligibility.Of("$1", "$2").SeenRuns(), person.Id, now));
            sets.Add(few.Add("select id from workflow_instance where parent_id is not null and owned"));
        }

        await few.ReadAsync(database, cancel);
        return sets.TrueForAll(set => few[set] is not null)
            ? ($"i.id = any(${first + values.Length}) and {sql}", [.. values, sets.SelectMany(set => few[set]!).Distinct().ToArray()])
            : (sql, values);
    }

    /// <summary>Those of the runs that they see.</summary>
    public static async Task<IReadOnlySet<Guid>> OfAsync(
        NpgsqlConnection connection,
        IReadOnlyCollection<Guid> runs,
        Viewer viewer,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (runs.Count == 0)
            return new HashSet<Guid>();
        var only = Of(viewer, now, 2);
        await using var batch = connection.CreateBatch();
        batch.Add($"select i.id from workflow_instance i where i.id = any($1) and {only?.Sql ?? "true"}", [runs.ToArray(), .. only?.Values ?? []]);
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        var seen = new HashSet<Guid>();
        while (await reader.ReadAsync(cancel))
            seen.Add(reader.GetGuid(0));
        return seen;
    }

    /// <summary>The case that a run belongs to: itself, or the one above it; null if there is none.</summary>
    public static async Task<Guid?> CaseOfAsync(NpgsqlDataSource database, Guid run, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select c.id from workflow_instance i join journey_case c on c.id = run_root(i.id, i.parent_id) where i.id = $1",
            run
        );
        return await query.ExecuteScalarAsync(cancel) as Guid?;
    }

    /// <summary>Whether a fact of a case that one of the runs belongs to is hidden from someone who sees the run. Machines see what everyone sees.</summary>
    public static async Task<bool> HidesDataAsync(WorkflowRuntime runtime, IReadOnlyCollection<Guid> runs, Viewer viewer, CancellationToken cancel = default)
    {
        var me = Eligibility.Of("$1", "$2");
        await using var query = runtime.Database.Query(
            $"""
            select distinct root.definition_version_id, {me.Teams} from workflow_instance i
            join workflow_instance root on root.id = run_root(i.id, i.parent_id) join journey_case c on c.id = root.id where i.id = any($3)
            """,
            viewer.Person?.Id,
            runtime.Clock.Now(),
            runs.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var facts = viewer.Person is { } person ? FactViewer.Of(person, r.GetFieldValue<string[]>(1)) : new([], []);
            if (await FactSchema.HidesAsync(runtime.Definitions, r.GetString(0), facts, cancel))
                return true;
        }

        return false;
    }
}
