using System.Data;
using System.Data.Common;
using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tasks;

/// <summary>A task with all a person needs to do it.</summary>
/// <param name="Clock">The worst of its clocks and its case's clocks, or null.</param>
/// <param name="NextDueAt">The earliest due time of these clocks that is still to come (UTC), or null.</param>
public sealed record TaskDetail(
    Guid Id,
    Guid CaseId,
    string Title,
    string? Description,
    TaskState State,
    int Revision,
    short Priority,
    string? Team,
    string[] Candidates,
    string[] RequiredSkills,
    string[] ExcludedSteps,
    Guid? OwnerId,
    string? Owner,
    WorstClock? Clock,
    DateTime? NextDueAt,
    DateTime CreatedAt,
    DateTime? ClaimedAt,
    DateTime? StartedAt,
    DateTime? EndedAt,
    string? EndedBy,
    string[] Outcomes,
    string? Outcome,
    string Journey,
    string? Reference,
    string? CustomerId,
    string? CustomerName,
    string StepId,
    JsonNode? Form,
    JsonNode? Data,
    JsonNode? Draft
)
{
    /// <summary>When the worst clock is due, or was (UTC).</summary>
    public DateTime? DueAt => Clock?.DueAt;

    /// <summary>As in <see cref="TaskSummary.Breached"/>.</summary>
    public bool Breached => Clock?.Urgency == Urgency.Breached;

    /// <summary>Whether the worst clock is at risk.</summary>
    public bool AtRisk => Clock?.Urgency == Urgency.AtRisk;

    /// <summary>Version of the journey that its case runs on.</summary>
    public string DefinitionVersionId { get; init; } = "";

    /// <summary>Preferred skills; people who have them come first, until the ladder of its clock relaxes them.</summary>
    public string[] PreferredSkills { get; init; } = [];

    /// <summary>Names of the watchers.</summary>
    public string[] Watchers { get; init; } = [];

    /// <summary>What its form began with: data of the case and computed defaults.</summary>
    public JsonNode? Prefill { get; init; }

    /// <summary>Outcome that waits for approval.</summary>
    public string? ProposedOutcome { get; init; }

    /// <summary>Whether someone else must approve it.</summary>
    public bool RequiresReview { get; init; }

    /// <summary>Who was asked to review it, or does.</summary>
    public Guid? ReviewerId { get; init; }
    public string? Reviewer { get; init; }

    /// <summary>Reason of the suspension, and its latest end.</summary>
    public string? SuspendedReason { get; init; }
    public DateTime? SuspendedUntil { get; init; }

    /// <summary>Outcome that the case continues with if the step is skipped; null if it can't be skipped.</summary>
    public string? SkipOutcome { get; init; }

    /// <summary>Who delegated it to its owner.</summary>
    public string? DelegatedBy { get; init; }

    /// <summary>The absent person, if the owner is their substitute.</summary>
    public string? OnBehalfOf { get; init; }

    /// <summary>Why it ended without being completed.</summary>
    public string? EndReason { get; init; }

    /// <summary>Whether its case only tries out the journey.</summary>
    public bool IsTest { get; init; }

    /// <summary><c>live</c> (interrupts) or <c>deferred</c> (fills the time in between).</summary>
    public string WorkKind { get; init; } = "deferred";

    /// <summary>How long someone is expected to work on it, in minutes; null: unknown.</summary>
    public int? Effort { get; init; }

    /// <summary>How much of a person's capacity it takes.</summary>
    public int Weight { get; init; }

    /// <summary>The amount it decides on, and up to what the person may decide; null: none.</summary>
    public TaskAuthority? Authority { get; init; }

    /// <summary>How long the step took in the last 90 days; null: it was completed too rarely to say.</summary>
    public StepEffort? Usual { get; init; }

    /// <summary>The actions available to the person: <c>claim</c>, <c>takeOver</c>, <c>review</c>, <c>contribute</c>.</summary>
    public IReadOnlyList<string> May { get; init; } = [];

    /// <summary>The task, or null if it doesn't exist or the person can't see it.</summary>
    public static async Task<TaskDetail?> FindAsync(WorkflowRuntime runtime, Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(Eligibility.SeesAll(actor) ? OfAll : OfSeen, actor.Id, runtime.Clock.Now(), id);
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var form =
            r.Text("form") is { } own ? JsonNode.Parse(own)
            : r.Text("form_name") is { } name ? await runtime.Definitions.FindResourceAsync(r.GetString("definition_version_id"), name, cancel)
            : null;
        var task = new TaskDetail(
            r.GetGuid("id"),
            r.GetGuid("instance_id"),
            r.GetString("title"),
            r.Text("description"),
            Enum.Parse<TaskState>(r.GetString("state")),
            r.GetInt32("revision"),
            r.GetInt16("priority"),
            r.Text("team"),
            r.GetFieldValue<string[]>("candidates"),
            r.GetFieldValue<string[]>("required_skills"),
            r.GetFieldValue<string[]>("excluded_steps"),
            r.GuidOrNull("owner_id"),
            r.Text("owner"),
            WorstClock.Read(r),
            r.TimeOrNull("next_due_at"),
            r.GetDateTime("created_at"),
            r.TimeOrNull("claimed_at"),
            r.TimeOrNull("started_at"),
            r.TimeOrNull("ended_at"),
            r.Text("ended_by"),
            r.GetFieldValue<string[]>("outcomes"),
            r.Text("outcome"),
            r.GetString("journey"),
            r.Text("reference"),
            r.Text("customer_id"),
            r.Text("customer_name"),
            r.GetString("activity_id"),
            form?.DeepClone(),
            Node(r, "data"),
            Node(r, "draft")
        )
        {
            DefinitionVersionId = r.GetString("definition_version_id"),
            Prefill = Node(r, "prefill"),
            PreferredSkills = r.GetFieldValue<string[]>("preferred_skills"),
            Watchers = r.GetFieldValue<string[]>("watcher_names"),
            ProposedOutcome = r.Text("proposed_outcome"),
            RequiresReview = r.GetBoolean("requires_review"),
            ReviewerId = r.GuidOrNull("reviewer_id"),
            Reviewer = r.Text("reviewer"),
            SuspendedReason = r.Text("suspended_reason"),
            SuspendedUntil = r.TimeOrNull("suspended_until"),
            SkipOutcome = r.Text("skip_outcome"),
            DelegatedBy = r.Text("delegated_by"),
            OnBehalfOf = r.Text("on_behalf_of"),
            EndReason = r.Text("end_reason"),
            IsTest = r.GetBoolean("is_test"),
            WorkKind = r.GetString("work_kind"),
            Effort = r["effort"] as int?,
            Weight = r.GetInt32("weight"),
            Authority = r.GetBoolean("is_test") ? null : TaskAuthority.Read(r),
            Usual = StepEffort.ReadUsual(r),
            May = [.. Verbs(Enum.Parse<TaskState>(r.GetString("state")), r.GetBoolean("may_act"), Eligibility.MayContribute(actor, r.GetBoolean("sees")))],
        };
        return r.GetBoolean("sees") ? task : await MaskedAsync(runtime, task, FactViewer.Of(actor, r.GetFieldValue<string[]>("person_teams")), cancel);
    }

    /// <summary>For someone the task doesn't concern: without the facts of the case that they can't see.</summary>
    private static async Task<TaskDetail> MaskedAsync(WorkflowRuntime runtime, TaskDetail task, FactViewer viewer, CancellationToken cancel)
    {
        try
        {
            var workflow = await runtime.Definitions.GetVersionAsync(task.DefinitionVersionId, cancel);
            var hidden = FactSchema.Of(workflow).HiddenFrom(viewer);
            if (hidden.Count == 0)
                return task;
            var fields = task.Form is { } form && FormSchema.TryParse(form.ToJsonString(), out var schema, out _) ? schema.Root.AllProperties : [];
            var members = FactMask.InStep(workflow, task.StepId, hidden, fields.Select(field => (field.Name, field.From, field.Computed)));
            return task with
            {
                Data = FactMask.Without(task.Data, members),
                Draft = FactMask.Without(task.Draft, members),
                Prefill = FactMask.Without(task.Prefill, members),
            };
        }
        catch (DefinitionUnavailableException)
        {
            return task with { Data = null, Draft = null, Prefill = null };
        }
    }

    private static readonly Eligibility Me = Eligibility.Of("$1", "$2");

    private static readonly string OfAll = $"""
        select t.id, t.instance_id, t.title, t.description, t.state, t.revision, t.priority, t.team, t.candidates, t.required_skills,
            t.excluded_steps, t.owner_id,
            p.display_name owner, {WorstClock.Columns}, t.created_at, t.claimed_at, t.started_at, t.ended_at, t.ended_by, t.outcomes, t.outcome,
            coalesce(c.journey, t.definition_id) journey, coalesce(c.reference, i.correlation_id) reference, c.customer_id, c.customer_name,
                t.activity_id, t.form,
            t.form_name, t.data, t.draft, t.definition_version_id, t.prefill, t.proposed_outcome, t.requires_review, t.reviewer_id, v.display_name reviewer,
            t.suspended_reason, t.suspended_until, t.skip_outcome, d.display_name delegated_by, b.display_name on_behalf_of, t.end_reason, t.preferred_skills,
            t.test_by is not null is_test, t.work_kind, t.effort, t.weight, {StepEffort.UsualColumns},
            {TaskAuthority.Columns},
            coalesce({Me.MayActNext}, false) may_act, coalesce({Me.Sees}, false) sees, {Me.Teams} person_teams,
            array(select w.display_name from person w where w.id = any(t.watchers) order by w.display_name) watcher_names
        from task t
        {TaskSummary.Joins("$2")}
        left join person v on v.id = t.reviewer_id
        left join person d on d.id = t.delegated_by
        left join person b on b.id = t.on_behalf_of
        {StepEffort.UsualOfTask}
        {TaskAuthority.Join("(select self.roles from person self where self.id = $1)")}
        where t.id = $3
        """;

    // A statement of its own, so that the server keeps the plan of each.
    private static readonly string OfSeen = $"{OfAll} and {Me.Sees}";

    private static IEnumerable<string> Verbs(TaskState state, bool mayAct, bool mayContribute)
    {
        if (mayAct)
            yield return state switch
            {
                TaskState.Ready => "claim",
                TaskState.ReadyForReview => "review",
                _ => "takeOver",
            };
        if (mayContribute && !state.IsTerminal())
            yield return "contribute";
    }

    private static JsonNode? Node(DbDataReader r, string column) => r.Text(column) is { } json ? JsonNode.Parse(json) : null;
}
