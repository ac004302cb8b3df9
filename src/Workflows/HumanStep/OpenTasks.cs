using System.Text.Json;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.HumanStep;

/// <summary>Turns the writes of human steps into rows, in the burst's own batch.</summary>
public static class OpenTasks
{
    /// <summary>The candidates as people write their names.</summary>
    private const string Named = """
        array(select coalesce(p.user_name, named) from unnest($13::text[]) with ordinality c(named, place) left join person p
            on lower(p.user_name) = lower(named) order by place)
        """;

    /// <summary>Registers opening and withdrawing.</summary>
    public static void Register(BurstWrites writes, DefinitionStore definitions, ServiceLevelCatalog serviceLevels, PeopleCatalog people)
    {
        writes.Reduce(DropOpenedAndWithdrawn);
        writes.Register<OpenTask>((open, context, cancel) => OpenAsync(open, context, definitions, serviceLevels, people, cancel));
        writes.Register<WithdrawTask>((withdraw, context, cancel) => WithdrawAsync(withdraw, context, serviceLevels, cancel));
    }

    /// <summary>A task that is opened and withdrawn in the same burst is never written.</summary>
    private static IReadOnlyList<IBurstWrite> DropOpenedAndWithdrawn(IReadOnlyList<IBurstWrite> writes)
    {
        var opened = writes.OfType<OpenTask>().Select(w => w.BookmarkId).ToHashSet();
        opened.IntersectWith(writes.OfType<WithdrawTask>().Select(w => w.BookmarkId));
        return opened.Count == 0
            ? writes
            : writes
                .Where(w => w is not OpenTask { BookmarkId: var o } || !opened.Contains(o))
                .Where(w => w is not WithdrawTask { BookmarkId: var o } || !opened.Contains(o))
                .ToList();
    }

    private static async ValueTask OpenAsync(
        OpenTask open,
        BurstWriteContext context,
        DefinitionStore definitions,
        ServiceLevelCatalog serviceLevels,
        PeopleCatalog people,
        CancellationToken cancel
    )
    {
        var form = open.Form is null ? (byte[]?)null : Schema(open.Form);
        var prefill = await TaskPrefill.OfAsync(definitions, context, form, open.FormName, cancel);
        var transaction = context.Transaction;
        var now = transaction.Now;
        var id = Ids.New(now);
        var clocks = TaskClocks.Open(serviceLevels, context, open);
        var urgent = clocks.Urgent;

        // A new case has no clocks and watchers yet that its tasks could get.
        var opening = NewCaseUrgency.Of(transaction, context.InstanceId);
        var isFirst = opening is not null && context.State.ParentInstanceId is null;
        var insert = Sql.Command(
            $"""
            insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, description, form, form_name,
                outcomes, team, candidates, required_skills, excluded_steps, priority, state, due_at, risk_at, changed_by, created_at, changed_at,
                requires_review, skip_outcome, prefill, preferred_skills, policies, watchers, container_id, test_by,
                work_kind, effort, weight, suspended_counts, decides_on, decides_in, statutory_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                {(open.Candidates.Length == 0 ? "$13" : Named)}, $14, $15, $16, 'Ready', {(isFirst ? "$17" : WorstClock.Earliest("late_at", "$17", "$2"))},
                {(isFirst ? "$18" : WorstClock.Earliest("risk_at", "$18", "$2"))}, $19, $20, $20, $21, $22, $23, $24, $25,
                {(isFirst ? "'{}'" : "array(select person_id from case_watcher where instance_id = $2)")}, $26, $33,
                $27, coalesce($28, {StepEffort.Learned("$4", "$6")}), $29, $30, $31, $32,
                {(isFirst ? "$34" : WorstClock.Earliest("late_at", "$34", "$2", "kind = 'statutory'"))})
            """,
            id,
            context.InstanceId,
            Guid.Parse(open.BookmarkId),
            context.State.DefinitionId,
            context.State.DefinitionVersionId,
            open.ActivityId,
            open.Title,
            open.Description,
            form is null ? null : new Json(form),
            open.FormName,
            open.Outcomes,
            open.Team,
            open.Candidates,
            open.RequiredSkills,
            open.ExcludedSteps,
            (short)open.Priority,
            urgent?.LateAt,
            urgent?.RiskAt,
            transaction.Actor,
            now,
            open.RequiresReview,
            open.SkipOutcome,
            prefill,
            open.PreferredSkills.Except(open.RequiredSkills).ToArray(),
            open.SlaPolicies.Concat(string.IsNullOrWhiteSpace(open.SlaPolicy) ? [] : [open.SlaPolicy]).ToArray(),
            open.ContainerId is { } container ? Guid.Parse(container) : null,
            open.WorkKind,
            open.Effort,
            open.Weight,
            open.SuspendedCounts,
            open.DecidesOn,
            open.DecidesIn,
            transaction.TestBy,
            urgent?.StatutoryAt
        );
        transaction.Write(insert);
        opening?.Add(id, insert, lateAt: 16, statutoryAt: 33);
        context.History.Add(
            new(
                "task.opened",
                "task",
                Ids.Text(id),
                1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = open.Title,
                        team = open.Team,
                        candidates = open.Candidates,
                        due = clocks.DueAt?.ToString(),
                        priority = open.Priority,
                        form = open.FormName,
                        outcomes = open.Outcomes,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = open.ActivityId,
            }
        );
        clocks.Write(transaction, context.History, context.InstanceId, (id, open.Title));
        CaseViewers.AddTask(transaction, context.InstanceId, open.Team, open.Candidates);
        if (people.Pushes(open.Team))
            transaction.Write(AskForPeople.For(id, "task.opened", now));
        transaction.Announce(new(ChangeKind.Task, id));
    }

    private static async ValueTask WithdrawAsync(WithdrawTask withdraw, BurstWriteContext context, ServiceLevelCatalog serviceLevels, CancellationToken cancel)
    {
        var transaction = context.Transaction;
        Guid id;
        int revision;
        Guid? owner;
        Guid? reviewer;
        string title;
        bool waits;
        Guid[] watchers;
        await using (
            var task = await transaction.QueryAsync(
                Sql.Command(
                    "select id, revision, owner_id, title, suspended_from is not null, watchers, reviewer_id from task where instance_id = $1 and "
                        + "bookmark_id = $2 and ended_at is null",
                    context.InstanceId,
                    Guid.Parse(withdraw.BookmarkId)
                ),
                cancel
            )
        )
        {
            if (!await task.ReadAsync(cancel))
                return;
            (id, revision, owner, title, waits, watchers, reviewer) = (
                task.GetGuid(0),
                task.GetInt32(1) + 1,
                task.GuidOrNull(2),
                task.GetString(3),
                task.GetBoolean(4),
                task.GetFieldValue<Guid[]>(5),
                task.GuidOrNull(6)
            );
        }

        await using (var reader = await transaction.QueryAsync(ClockReader.SelectOfTask(id), cancel))
        {
            var clocks = new ClockSet(serviceLevels, await ClockReader.ReadLiveAsync(reader, cancel));
            clocks.End(null, transaction.Now);
            clocks.Write(transaction, context.History, context.InstanceId, (id, title), withdraw.Reason);
        }

        transaction.Write(
            """
            update task set state = 'Cancelled', owner_id = null, ended_by = $2, ended_at = $3, end_reason = $5, reviewer_id = null,
                proposed_outcome = null, suspended_from = null, suspended_reason = null, suspended_until = null, revision = $4, changed_by = $2, changed_at = $3
            where id = $1
            """,
            id,
            transaction.Actor,
            transaction.Now,
            revision,
            withdraw.Reason
        );
        CaseViewers.Keep(transaction, context.InstanceId);
        if (waits)
            transaction.Write(TaskTransaction.ForgetResumeDeadline, id);
        context.History.Add(
            new(
                "task.cancelled",
                "task",
                Ids.Text(id),
                revision,
                JsonSerializer.SerializeToUtf8Bytes(new { title, reason = withdraw.Reason }, TaskJson.Options)
            )
            {
                ActivityId = withdraw.ActivityId,
            }
        );
        if ((reviewer ?? owner) is { } held)
            transaction.Write(AskForWork.Relieved(held, id, transaction.Now));
        if (owner is { } person)
            Notify.Write(transaction, person, "task.cancelled", $"{title} is no longer needed", withdraw.Reason, id);
        TaskTransaction.TellWatchers(transaction, id, title, withdraw.Reason, watchers.Where(watcher => watcher != owner));
        transaction.Announce(new(ChangeKind.Task, id));
    }

    /// <summary>A schema written as text in the step, or as an object.</summary>
    private static byte[] Schema(object form) => form is string text ? System.Text.Encoding.UTF8.GetBytes(text) : WorkflowData.ToUtf8(form);
}
