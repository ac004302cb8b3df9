using System.Data;
using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>A task as a verb sees it, under its case's lock.</summary>
public sealed record TaskRow(
    Guid Id,
    Guid InstanceId,
    Guid BookmarkId,
    string DefinitionVersionId,
    string ActivityId,
    string Title,
    TaskState State,
    int Revision,
    Guid? OwnerId,
    string? Team,
    string[] Candidates,
    string[] RequiredSkills,
    string[] Outcomes,
    string? Form,
    string? FormName,
    string? Outcome,
    string? EndedBy,
    Instant? EndedAt,
    string ChangedBy,
    Instant ChangedAt,
    short Priority
)
{
    /// <summary>Where a suspended task returns to.</summary>
    public TaskState? SuspendedFrom { get; init; }

    /// <summary>Outcome that the case continues with if the step is skipped.</summary>
    public string? SkipOutcome { get; init; }

    /// <summary>Whether someone else must approve it.</summary>
    public bool RequiresReview { get; init; }

    /// <summary>Who was asked to review it, or does.</summary>
    public Guid? ReviewerId { get; init; }

    /// <summary>Outcome that waits for approval.</summary>
    public string? ProposedOutcome { get; init; }

    /// <summary>Data that wait for approval.</summary>
    public byte[]? ProposedData { get; init; }

    /// <summary>Absent person in whose place the owner has it.</summary>
    public Guid? OnBehalfOf { get; init; }

    /// <summary>Everyone who has worked on it.</summary>
    public Guid[] Actors { get; init; } = [];

    /// <summary>People who forwarded it and are no longer candidates.</summary>
    public Guid[] GaveUp { get; init; } = [];

    /// <summary>User name of its owner.</summary>
    public string? Owner { get; init; }

    /// <summary>What its form began with, as JSON.</summary>
    public string? Prefill { get; init; }

    /// <summary>Preferred skills; people who have them come first, until they are relaxed.</summary>
    public string[] PreferredSkills { get; init; } = [];

    /// <summary>SLA policies that its step names.</summary>
    public string[] Policies { get; init; } = [];

    /// <summary>Reason of the suspension.</summary>
    public string? SuspendedReason { get; init; }

    /// <summary>People who are notified of changes, in addition to its owner.</summary>
    public Guid[] Watchers { get; init; } = [];

    /// <summary>Whether its owner or reviewer works in a team whose work is not only pulled.</summary>
    public bool HolderIsPushed { get; init; }

    /// <summary>Field of its form whose amount needs authority; null: none.</summary>
    public string? DecidesOn { get; init; }

    /// <summary>
    /// SQL that reads the task <c>$1</c> for <see cref="Read"/>, with one more column, <c>plain</c>: a condition on the task <c>t</c>.
    /// </summary>
    internal static string Select(string plain) =>
        $"""
            select t.id, t.instance_id, t.bookmark_id, t.definition_version_id, t.activity_id, t.title, t.state, t.revision, t.owner_id, t.team, t.candidates,
                t.required_skills, t.outcomes, t.form, t.form_name, t.outcome, t.ended_by, t.ended_at, t.changed_by, t.changed_at, t.priority,
                t.suspended_from, t.skip_outcome, t.requires_review, t.reviewer_id,
                t.proposed_outcome, case when t.proposed_outcome is not null then t.data end proposed_data, t.on_behalf_of, t.actors, t.gave_up,
                (select p.user_name from person p where p.id = t.owner_id) owner, t.prefill, t.preferred_skills, t.watchers, t.policies, t.suspended_reason,
                case when t.test_by is null then t.decides_on end decides_on,
                exists (select from team_member m join team g on g.key = m.team_key and g.distribution <> 'pull'
                    where m.person_id in (t.owner_id, t.reviewer_id)) holder_is_pushed,
                {plain} plain
            from task t where t.id = $1
            """;

    /// <summary>The row the reader is at.</summary>
    public static TaskRow Read(DbDataReader r) =>
        new(
            r.GetGuid("id"),
            r.GetGuid("instance_id"),
            r.GetGuid("bookmark_id"),
            r.GetString("definition_version_id"),
            r.GetString("activity_id"),
            r.GetString("title"),
            Enum.Parse<TaskState>(r.GetString("state")),
            r.GetInt32("revision"),
            r.GuidOrNull("owner_id"),
            r.Text("team"),
            r.GetFieldValue<string[]>("candidates"),
            r.GetFieldValue<string[]>("required_skills"),
            r.GetFieldValue<string[]>("outcomes"),
            r.Text("form"),
            r.Text("form_name"),
            r.Text("outcome"),
            r.Text("ended_by"),
            r.InstantOrNull("ended_at"),
            r.GetString("changed_by"),
            r.Instant("changed_at"),
            r.GetInt16("priority")
        )
        {
            SuspendedFrom = r.Text("suspended_from") is { } from ? Enum.Parse<TaskState>(from) : null,
            SkipOutcome = r.Text("skip_outcome"),
            RequiresReview = r.GetBoolean("requires_review"),
            ReviewerId = r.GuidOrNull("reviewer_id"),
            ProposedOutcome = r.Text("proposed_outcome"),
            ProposedData = r.Utf8OrNull("proposed_data"),
            OnBehalfOf = r.GuidOrNull("on_behalf_of"),
            Actors = r.GetFieldValue<Guid[]>("actors"),
            GaveUp = r.GetFieldValue<Guid[]>("gave_up"),
            Owner = r.Text("owner"),
            Prefill = r.Text("prefill"),
            PreferredSkills = r.GetFieldValue<string[]>("preferred_skills"),
            Watchers = r.GetFieldValue<Guid[]>("watchers"),
            Policies = r.GetFieldValue<string[]>("policies"),
            SuspendedReason = r.Text("suspended_reason"),
            HolderIsPushed = r.GetBoolean("holder_is_pushed"),
            DecidesOn = r.Text("decides_on"),
        };
}
