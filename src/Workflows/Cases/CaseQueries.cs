using System.Data;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>A case in a list.</summary>
/// <param name="Clock">The worst of its clocks and its tasks' clocks, or null.</param>
/// <param name="NextDueAt">The earliest due time of these clocks that is still to come (UTC), or null.</param>
public sealed record CaseSummary(
    Guid Id,
    string Journey,
    string? JourneyName,
    string Reference,
    string CustomerId,
    string CustomerName,
    string Status,
    string SubStatus,
    int IncidentCount,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    DateTime? FinishedAt,
    int OpenTasks,
    WorstClock? Clock,
    DateTime? NextDueAt
)
{
    /// <summary>When the worst clock is due, or was (UTC).</summary>
    public DateTime? DueAt => Clock?.DueAt;

    /// <summary>Whether the due time of one of its clocks, or of its tasks' clocks, has passed.</summary>
    public bool Breached => Clock?.Urgency == Urgency.Breached;

    /// <summary>Whether the worst clock is at risk.</summary>
    public bool AtRisk => Clock?.Urgency == Urgency.AtRisk;

    /// <summary>Whether it only tries out the journey.</summary>
    public bool IsTest => TestBy is not null;

    /// <summary>Id of the person who tries out the journey with it.</summary>
    public Guid? TestBy { get; init; }
}

/// <summary>An incident of a case. Its message says what failed, and the cause if there is another one.</summary>
public sealed record CaseIncident(
    string ActivityId,
    string? ActivityName,
    string ActivityInstanceId,
    string ActivityType,
    string Message,
    string? ErrorType,
    DateTime At
);

/// <summary>A case with its open ends.</summary>
public sealed record CaseDetail(CaseSummary Case, string DefinitionVersionId, int DefinitionVersion, IReadOnlyList<CaseIncident> Incidents)
{
    /// <summary>What is known about the case, as the person may see it.</summary>
    public IReadOnlyList<CaseFact> Facts { get; init; } = [];
}

/// <summary>What to list.</summary>
public sealed record CaseFilter
{
    /// <summary>Part of a reference, customer id, customer name or journey; one or two characters begin a word of them.</summary>
    public string? Search { get; init; }

    public string? Journey { get; init; }
    public string? Status { get; init; }
    public string? CustomerId { get; init; }

    /// <summary>Only cases whose worst clock is this urgent; <see cref="ServiceLevels.Urgency.OnTime"/> includes cases without a clock.</summary>
    public Urgency? Urgency { get; init; }

    /// <summary>Oldest first. Default: newest first.</summary>
    public bool Oldest { get; init; }

    /// <summary>Continue after this one, in the order of the list.</summary>
    public (DateTime At, Guid Id)? Before { get; init; }
    public int Limit { get; init; } = 50;

    /// <summary>So many are few. The answer is the same with any number.</summary>
    internal int Few { get; init; } = FewIds.Most;
}

/// <summary>Reads cases. People without a role that sees everything see the cases they opened or watch, and those with a task they can see.</summary>
public static class CaseQueries
{
    private static readonly Eligibility Me = Eligibility.Of("$1", "$2");
    private static readonly string OfAll = $"{Summary("$2", $"{Me.Teams} teams")} where c.id = $3";
    private static readonly string OfSeen = $"{OfAll} and {Me.SeesRun("c.id")}";

    /// <param name="now">SQL of now.</param>
    /// <param name="more">SQL of one more column.</param>
    private static string Summary(string now, string more = "null") =>
        $"""
            select c.id, c.journey, d.name journey_name, c.test_by,
                c.reference, c.customer_id, c.customer_name, i.status, i.sub_status, i.incident_count, c.created_at,
                i.updated_at, i.finished_at,
                (select count(*)::int from task t where t.instance_id = c.id and t.ended_at is null) open, {WorstClock.Columns}, i.definition_version_id,
                i.definition_version, i.state, {more}
            from journey_case c
            join workflow_instance i on i.id = c.id
            left join workflow_definition d on d.id = i.definition_version_id
            {WorstClock.OfCaseRow(now)}
            """;

    /// <summary>Lists cases, newest first unless the filter says otherwise.</summary>
    public static async Task<Page<CaseSummary>> ListAsync(
        NpgsqlDataSource database,
        CaseFilter filter,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var page = await CaseListQuery.PageAsync(database, filter, actor, now, cancel);
        var order = filter.Oldest ? "c.created_at, c.id" : "c.created_at desc, c.id desc";
        var at = $"${page.Values.Count + 1}";
        await using var query = database.Query(
            $"with page as materialized ({page.Sql}) {Summary(at)} where c.id in (select id from page) order by {order}",
            [.. page.Values, now]
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<CaseSummary>();
        while (await reader.ReadAsync(cancel))
            rows.Add(Read(reader));
        return Page<CaseSummary>.Of(rows, filter.Limit, c => (c.CreatedAt, c.Id));
    }

    /// <summary>The case with a reference; null if there is none that the person can see. Of test cases that share it, the newest.</summary>
    public static async Task<CaseDetail?> FindAsync(WorkflowRuntime runtime, string reference, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"""
            select c.id from journey_case c where c.reference = $3 and ($4 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})
            order by c.created_at desc, c.id limit 1
            """,
            actor.Id,
            runtime.Clock.Now(),
            reference,
            Eligibility.SeesAll(actor)
        );
        return await query.ExecuteScalarAsync(cancel) is Guid id ? await FindAsync(runtime, id, actor, cancel) : null;
    }

    /// <summary>The case without its facts, or null if it doesn't exist or the person can't see it.</summary>
    public static async Task<CaseDetail?> FindAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var query = Query(runtime, id, actor);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? Detail(r, State(r)) : null;
    }

    /// <summary>The case with the facts that the person may see, or null if it doesn't exist or they can't see it.</summary>
    public static async Task<CaseDetail?> WithFactsAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var query = Query(runtime, id, actor);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await WithFactsAsync(r, null, runtime, actor, cancel);
    }

    /// <summary>Reads the case of a transaction with its facts, as it is when all is written and as the person may see it.</summary>
    internal static void ReadBack(
        InstanceTransaction transaction,
        WorkflowRuntime runtime,
        Guid id,
        Person actor,
        Action<CaseDetail?> found,
        CancellationToken cancel
    ) =>
        transaction.ReadBack(
            Sql.Command(Text(actor), actor.Id, transaction.Now, id),
            "id",
            async r => found(await WithFactsAsync(r, transaction.State, runtime, actor, cancel))
        );

    /// <param name="known">The state, if it is known.</param>
    private static async Task<CaseDetail?> WithFactsAsync(
        NpgsqlDataReader r,
        InstanceState? known,
        WorkflowRuntime runtime,
        Person actor,
        CancellationToken cancel
    )
    {
        if (!await r.ReadAsync(cancel))
            return null;
        var state = known ?? State(r);
        var detail = Detail(r, state);
        return state is null
            ? detail
            : detail with
            {
                Facts = await FactQueries.OfStateAsync(runtime, detail.DefinitionVersionId, state, actor, r.GetFieldValue<string[]>("teams"), cancel),
            };
    }

    // Two statements, so that the server keeps the plan of each: what depends on a parameter that decides who sees it would be planned every time.
    private static NpgsqlCommand Query(WorkflowRuntime runtime, Guid id, Person actor) =>
        runtime.Database.Query(Text(actor), actor.Id, runtime.Clock.Now(), id);

    private static string Text(Person actor) => Eligibility.SeesAll(actor) ? OfAll : OfSeen;

    private static CaseDetail Detail(NpgsqlDataReader r, InstanceState? state) =>
        new(Read(r), r.GetString("definition_version_id"), r.GetInt32("definition_version"), Incidents(r, state));

    /// <summary>Null: it can't be read.</summary>
    private static InstanceState? State(NpgsqlDataReader r)
    {
        try
        {
            return InstanceState.FromJson(r.Utf8(r.GetOrdinal("state")));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static List<CaseIncident> Incidents(NpgsqlDataReader r, InstanceState? state)
    {
        // Whoever opens the case must see why nothing goes on, and be able to cancel it.
        const string Why = "The state of this case can't be read, so no step can go on. The case can be cancelled.";
        return state is null
            ? [new("", null, "", "", Why, nameof(InvalidDataException), r.GetDateTime("updated_at"))]
            : state.Incidents.ConvertAll(i => new CaseIncident(
                i.ActivityId,
                null,
                i.ActivityInstanceId,
                i.ActivityType,
                i.Exception?.Inner is { } cause ? $"{i.Message}: {cause.Message}" : i.Message,
                i.Exception?.Type,
                i.Timestamp.ToDateTimeUtc()
            ));
    }

    private static CaseSummary Read(NpgsqlDataReader r) =>
        new(
            r.GetGuid("id"),
            r.GetString("journey"),
            r.Text("journey_name"),
            r.GetString("reference"),
            r.GetString("customer_id"),
            r.GetString("customer_name"),
            r.GetString("status"),
            r.GetString("sub_status"),
            r.GetInt32("incident_count"),
            r.GetDateTime("created_at"),
            r.GetDateTime("updated_at"),
            r.TimeOrNull("finished_at"),
            r.GetInt32("open"),
            WorstClock.Read(r),
            r.TimeOrNull("next_due_at")
        )
        {
            TestBy = r.GuidOrNull("test_by"),
        };
}
