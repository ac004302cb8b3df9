using System.Data;
using System.Data.Common;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>A task in a list.</summary>
public sealed record TaskSummary(
    Guid Id,
    Guid CaseId,
    string Title,
    TaskState State,
    int Revision,
    short Priority,
    string? Team,
    Guid? OwnerId,
    string? Owner,
    DateTime? DueAt,
    bool Breached,
    DateTime CreatedAt,
    string Journey,
    string? Reference,
    string? CustomerName,
    string? Outcome,
    DateTime? EndedAt,
    DateTime? StartedAt,
    Guid? ReviewerId,
    DateTime? SuspendedUntil
)
{
    /// <summary>Whether its case only tries out the journey.</summary>
    public bool IsTest { get; init; }

    /// <summary>The columns read from a row of <c>task</c> named <c>t</c>, together with <see cref="Joins"/>.</summary>
    internal const string Columns = """
        t.id, t.instance_id, t.title, t.state, t.revision, t.priority, t.team, t.owner_id, p.display_name owner, t.due_at, t.breached, t.created_at,
            coalesce(c.journey, t.definition_id) journey, coalesce(c.reference, i.correlation_id) reference, c.customer_name, t.outcome, t.ended_at,
                t.started_at,
            t.reviewer_id, t.suspended_until, t.test_by is not null is_test
        """;

    /// <summary>Its case and its owner.</summary>
    internal const string Joins = """
        join workflow_instance i on i.id = t.instance_id
            left join journey_case c on c.id = t.instance_id
            left join person p on p.id = t.owner_id
        """;

    internal static TaskSummary Read(DbDataReader r) =>
        new(
            r.GetGuid("id"),
            r.GetGuid("instance_id"),
            r.GetString("title"),
            Enum.Parse<TaskState>(r.GetString("state")),
            r.GetInt32("revision"),
            r.GetInt16("priority"),
            r.Text("team"),
            r.GuidOrNull("owner_id"),
            r.Text("owner"),
            r.TimeOrNull("due_at"),
            r.GetBoolean("breached"),
            r.GetDateTime("created_at"),
            r.GetString("journey"),
            r.Text("reference"),
            r.Text("customer_name"),
            r.Text("outcome"),
            r.TimeOrNull("ended_at"),
            r.TimeOrNull("started_at"),
            r.GuidOrNull("reviewer_id"),
            r.TimeOrNull("suspended_until")
        )
        {
            IsTest = r.GetBoolean("is_test"),
        };
}
