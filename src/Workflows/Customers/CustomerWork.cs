using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Customers;

/// <summary>An open step of a customer's case.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Title">What it is called.</param>
/// <param name="State">Where it stands.</param>
/// <param name="OwnerId">Who has it, or null.</param>
/// <param name="Owner">Their name.</param>
/// <param name="Presence">What they do now.</param>
/// <param name="Away">What they are away for; or empty.</param>
/// <param name="Team">Title of the team that may take it, or null.</param>
/// <param name="DueAt">When it is due, or null.</param>
/// <param name="WaitsFor">Why it waits, of a suspended one.</param>
/// <param name="WaitsSince">Since when.</param>
/// <param name="WaitsUntil">Until when at the latest, or null.</param>
/// <param name="WaitNote">What was said about it, or null.</param>
public sealed record CustomerStep(
    Guid TaskId,
    string Title,
    TaskState State,
    Guid? OwnerId,
    string? Owner,
    PresenceState Presence,
    string Away,
    string? Team,
    Instant? DueAt,
    string? WaitsFor,
    Instant? WaitsSince,
    Instant? WaitsUntil,
    string? WaitNote
);

/// <summary>Something that a case waits for besides people: an event or a date.</summary>
/// <param name="Kind">Kind of what waits.</param>
/// <param name="ActivityId">Its step in the journey.</param>
/// <param name="Since">Since when.</param>
/// <param name="Until">Until when, of a date.</param>
public sealed record CustomerWait(string Kind, string ActivityId, Instant Since, Instant? Until);

/// <summary>What comes next in a case.</summary>
/// <param name="Title">What the step is called.</param>
/// <param name="TaskId">Its task; null: it opens when what the case waits for has come.</param>
/// <param name="DueAt">When it is due; of a step that isn't open yet, when the case is; null: nothing says so.</param>
/// <param name="Owner">Name of who has it, or null.</param>
/// <param name="Team">Title of the team whose step it is, or null.</param>
public sealed record CustomerNext(string Title, Guid? TaskId, Instant? DueAt, string? Owner, string? Team)
{
    /// <summary>Of a step that isn't open yet: name of who worked on the case last.</summary>
    public string? LastWith { get; init; }

    /// <summary>Of a step that isn't open yet: whether it depends on what comes which one is next. This is the nearest.</summary>
    public bool Depends { get; init; }
}

/// <summary>A case of a customer: where it is.</summary>
/// <param name="Id">The case.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Journey">Its journey.</param>
/// <param name="JourneyName">What the journey is called, or null.</param>
/// <param name="VersionId">Version of the journey.</param>
/// <param name="Status">Running or Finished.</param>
/// <param name="SubStatus">Finished how, or what stops it.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="LastOutcome">What its last step ended with.</param>
/// <param name="Clock">Its worst clock.</param>
public sealed record CustomerCase(
    Guid Id,
    string Reference,
    string Journey,
    string? JourneyName,
    string VersionId,
    string Status,
    string SubStatus,
    Instant CreatedAt,
    Instant? FinishedAt,
    string? LastOutcome,
    WorstClock? Clock
)
{
    public IReadOnlyList<CustomerStep> Steps { get; init; } = [];
    public IReadOnlyList<CustomerWait> Waits { get; init; } = [];

    /// <summary>What comes next; null: the case has ended, or no step for people follows.</summary>
    public CustomerNext? Next { get; init; }
    public bool IsRunning => Status == "Running";
}

/// <summary>A promise to a customer.</summary>
/// <param name="Id">Its clock.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="State">Where it stands.</param>
public sealed record CustomerPromise(Guid Id, Guid CaseId, ClockState State);

/// <summary>Reads what there is to know about a customer: only of the cases that the person sees.</summary>
public static class CustomerWork
{
    /// <summary>Most cases that are read.</summary>
    public const int MostCases = 100;

    /// <summary>Cases of a customer and their duplicates: running ones first, then the newest.</summary>
    /// <param name="customer">The record that is left after merging.</param>
    public static async Task<IReadOnlyList<CustomerCase>> CasesAsync(
        WorkflowRuntime runtime,
        Guid customer,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = runtime.Database.Query(
            $"""
            with chosen as materialized (
                select c.id from journey_case c join workflow_instance i on i.id = c.id
                where c.customer_id in ({CustomerQueries.NumbersOf("$3")}) and c.test_by is null and ($4 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})
                order by i.status = 'Running' desc, c.created_at desc, c.id limit $5)
            select c.id, c.reference, c.journey, d.name, i.definition_version_id, i.status, i.sub_status, c.created_at, i.finished_at,
                (select t.outcome from task t where t.instance_id = c.id and t.outcome is not null order by t.ended_at desc limit 1), {WorstClock.Columns}
            from journey_case c join workflow_instance i on i.id = c.id left join workflow_definition d on d.id = i.definition_version_id
            {WorstClock.OfCaseRow("$2")}
            where c.id in (select id from chosen)
            order by i.status = 'Running' desc, c.created_at desc, c.id
            """,
            actor.Id,
            now,
            customer,
            Eligibility.SeesAll(actor),
            MostCases
        );
        var cases = new List<CustomerCase>();
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
            {
                cases.Add(
                    new(
                        r.GetGuid(0),
                        r.GetString(1),
                        r.GetString(2),
                        r.Text(3),
                        r.GetString(4),
                        r.GetString(5),
                        r.GetString(6),
                        r.Instant(7),
                        r.InstantOrNull(8),
                        r.Text(9),
                        WorstClock.Read(r)
                    )
                );
            }
        }

        return await WithNextAsync(runtime, await WithStepsAsync(runtime.Database, cases, cancel), cancel);
    }

    /// <summary>Promises of these cases, the newest first. The caller has checked that the person can see the cases.</summary>
    public static async Task<IReadOnlyList<CustomerPromise>> PromisesAsync(
        NpgsqlDataSource database,
        IEnumerable<Guid> cases,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select id, instance_id, state from sla_clock where instance_id = any($1) and task_id is null and kind = 'promise'
            order by created_at desc, id limit 200
            """,
            (object)cases.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var promises = new List<CustomerPromise>();
        while (await r.ReadAsync(cancel))
        {
            if (ClockJson.TryRead(r.Utf8(2), out var state))
                promises.Add(new(r.GetGuid(0), r.GetGuid(1), state));
        }

        return promises;
    }

    /// <summary>
    /// Says what comes next: the step that waits or else is open; of a case without one, the step for people that follows what it waits for.
    /// </summary>
    private static async Task<IReadOnlyList<CustomerCase>> WithNextAsync(WorkflowRuntime runtime, List<CustomerCase> cases, CancellationToken cancel)
    {
        var (teams, last) = (new Dictionary<string, string>(), new Dictionary<Guid, string>());
        var waiting = cases.Where(c => c is { IsRunning: true, Steps.Count: 0, Waits.Count: > 0 }).Select(c => c.Id).ToArray();
        if (waiting.Length > 0)
        {
            await using var batch = runtime.Database.CreateBatch();
            batch.Add("select key, title from team");
            batch.Add(
                """
                select distinct on (t.instance_id) t.instance_id, p.display_name from task t join person p on p.id = t.owner_id
                where t.instance_id = any($1) and t.state = 'Completed' order by t.instance_id, t.ended_at desc, t.id
                """,
                (object)waiting
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                teams[r.GetString(0)] = r.GetString(1);
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                last[r.GetGuid(0)] = r.GetString(1);
        }

        for (var i = 0; i < cases.Count; i++)
        {
            var one = cases[i];
            if (one.Steps.OrderByDescending(step => step.WaitsFor is not null).FirstOrDefault() is { } step)
                cases[i] = one with { Next = new(step.Title, step.TaskId, step.DueAt, step.Owner, step.Team) };
            else if (one.IsRunning && await AfterWaitAsync(runtime, one, cancel) is [var next, .. var others])
            {
                var team = next.Literal("Team") is string key ? teams.GetValueOrDefault(key) : null;
                var due = one.Clock is { DueAt: var at } ? at.ToInstant() : (Instant?)null;
                cases[i] = one with
                {
                    Next = new(TitleOf(next), null, due, null, team) { LastWith = last.GetValueOrDefault(one.Id), Depends = others.Length > 0 },
                };
            }
        }

        return cases;
    }

    /// <summary>Steps for people that follow what a case waits for: an event, and only without one a date, such as that of a reminder.</summary>
    private static async Task<ActivityNode[]> AfterWaitAsync(WorkflowRuntime runtime, CustomerCase one, CancellationToken cancel)
    {
        try
        {
            var version = await runtime.Definitions.GetVersionAsync(one.VersionId, cancel);
            return
                one.Waits.OrderBy(wait => wait.Until is not null).Select(wait => version.PeopleAfter(wait.ActivityId)).FirstOrDefault(next => next.Count > 0)
                    is { } found
                ? [.. found]
                : [];
        }
        catch (DefinitionUnavailableException)
        {
            return [];
        }
    }

    private static string TitleOf(ActivityNode step) => step.Literal("Title") is string { Length: > 0 } title ? title : step.CanvasText ?? step.DisplayName;

    private static async Task<List<CustomerCase>> WithStepsAsync(NpgsqlDataSource database, List<CustomerCase> cases, CancellationToken cancel)
    {
        var running = cases.Where(c => c.IsRunning).Select(c => c.Id).ToArray();
        if (running.Length == 0)
            return cases;
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            select t.instance_id, t.id, t.title, t.state, t.owner_id, p.display_name, {PresenceQueries.Shown("p.id", "a")}, coalesce(a.reason, ''),
                m.title, t.due_at, t.suspended_reason, t.changed_at, t.suspended_until,
                case when t.state = 'Suspended' then (select e.payload ->> 'note' from event e where e.chain_id = t.instance_id
                    and e.action = 'task.suspended' and e.entity_id = replace(t.id::text, '-', '') order by e.sequence desc limit 1) end
            from task t left join person p on p.id = t.owner_id left join presence a on a.person_id = p.id left join team m on m.key = t.team
            where t.instance_id = any($1) and t.ended_at is null order by t.created_at, t.id
            """,
            (object)running
        );
        batch.Add(
            """
            select b.instance_id, b.name, b.activity_id, b.created_at, d.due_at from bookmark b
            left join deadline d on d.subject_id = b.id and d.kind = 'timer'
            where b.instance_id = any($1) and b.name <> $2 order by b.created_at, b.id
            """,
            running,
            TaskBookmark.Name
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var steps = new List<(Guid Case, CustomerStep Step)>();
        while (await r.ReadAsync(cancel))
        {
            steps.Add(
                (
                    r.GetGuid(0),
                    new(
                        r.GetGuid(1),
                        r.GetString(2),
                        Enum.Parse<TaskState>(r.GetString(3)),
                        r.GuidOrNull(4),
                        r.Text(5),
                        Enum.Parse<PresenceState>(r.GetString(6)),
                        r.GetString(7),
                        r.Text(8),
                        r.InstantOrNull(9),
                        r.Text(10),
                        r.IsDBNull(10) ? null : r.Instant(11),
                        r.InstantOrNull(12),
                        r.Text(13)
                    )
                )
            );
        }

        await r.NextResultAsync(cancel);
        var waits = new List<(Guid Case, CustomerWait Wait)>();
        while (await r.ReadAsync(cancel))
            waits.Add((r.GetGuid(0), new(r.GetString(1), r.GetString(2), r.Instant(3), r.InstantOrNull(4))));
        return cases.ConvertAll(c =>
            c with
            {
                Steps = [.. steps.Where(s => s.Case == c.Id).Select(s => s.Step)],
                Waits = [.. waits.Where(w => w.Case == c.Id).Select(w => w.Wait)],
            }
        );
    }
}
