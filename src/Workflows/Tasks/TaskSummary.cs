using System.Data;
using System.Data.Common;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>A task in a list.</summary>
/// <param name="Clock">The worst of its clocks and its case's clocks, or null.</param>
/// <param name="NextDueAt">The earliest due time of these clocks that is still to come (UTC), or null.</param>
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
    WorstClock? Clock,
    DateTime? NextDueAt,
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
    /// <summary>When the worst clock is due, or was (UTC).</summary>
    public DateTime? DueAt => Clock?.DueAt;

    /// <summary>Whether the due time of one of its clocks, or of its case's clocks, has passed; for an ended task, whether one of its own was missed.</summary>
    public bool Breached => Clock?.Urgency == Urgency.Breached;

    /// <summary>Whether the worst clock is at risk.</summary>
    public bool AtRisk => Clock?.Urgency == Urgency.AtRisk;

    /// <summary>Whether its case only tries out the journey.</summary>
    public bool IsTest { get; init; }

    /// <summary>The columns read from a row of <c>task</c> named <c>t</c>, together with <see cref="Joins"/>.</summary>
    internal const string Columns = $"""
        t.id, t.instance_id, t.title, t.state, t.revision, t.priority, t.team, t.owner_id, p.display_name owner, {WorstClock.Columns}, t.created_at,
            coalesce(c.journey, t.definition_id) journey, coalesce(c.reference, i.correlation_id) reference, c.customer_name, t.outcome, t.ended_at,
                t.started_at,
            t.reviewer_id, t.suspended_until, t.test_by is not null is_test
        """;

    /// <summary>Its case, its owner and its worst clock.</summary>
    internal static string Joins(string now) =>
        $"""
            join workflow_instance i on i.id = t.instance_id
                left join journey_case c on c.id = t.instance_id
                left join person p on p.id = t.owner_id
                {WorstClock.OfTask(now)}
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
            WorstClock.Read(r),
            r.TimeOrNull("next_due_at"),
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
