using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Forecast;

/// <summary>The clocks that run, or stand still, and aren't breached.</summary>
internal sealed record OpenClocks(List<OfficeClock> Clocks, Dictionary<Guid, ClockFacts> Facts, List<LeftOut> Left)
{
    private const string Columns = """
        c.id, c.instance_id, c.task_id, c.policy, c.name, c.kind, c.status, c.due_at, c.late_at, c.breached,
            case when c.status = 'Paused' or c.policy = 'inline' then c.state::text end state, i.definition_id, j.reference, j.customer_name
        """;

    public static async Task<OpenClocks> ReadAsync(
        NpgsqlConnection connection,
        ServiceLevelCatalog serviceLevels,
        Learned learned,
        ILookup<Guid, StepOfCase> steps,
        Instant now,
        Instant until,
        CancellationToken cancel
    )
    {
        var found = new OpenClocks([], [], []);
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select {Columns}, null::text last_step, null::timestamptz last_at
            from task t join sla_clock c on c.task_id = t.id join workflow_instance i on i.id = c.instance_id left join journey_case j on j.id = i.id
            where t.ended_at is null and t.test_by is null and c.status in ('Running', 'Paused')
            union all
            select {Columns}, l.activity_id, l.ended_at
            from journey_case j join workflow_instance i on i.id = j.id and i.status = 'Running' join sla_clock c on c.instance_id = j.id and c.task_id is null
                left join lateral (select t.activity_id, t.ended_at from task t where t.instance_id = j.id and t.ended_at is not null
                    order by t.ended_at desc limit 1) l on true
            where j.test_by is null and c.status in ('Running', 'Paused')
            order by 1
            """
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var state = r.Text("state") is { } json && ClockJson.TryRead(System.Text.Encoding.UTF8.GetBytes(json), out var read) ? read : null;
            var id = r.GetString("policy");
            if (
                (state?.Policy ?? serviceLevels.Policies.GetValueOrDefault(id) ?? (id == "promise" ? SlaPolicy.Promise(Promises.DefaultCalendar) : null))
                is not { IsDeadline: true } policy
            )
                continue;
            var (instance, task) = (r.GetGuid("instance_id"), r.GuidOrNull("task_id"));
            var open = steps[instance].ToList();
            if (r.GetBoolean("breached") || r.InstantOrNull("late_at") <= now)
            {
                found.Left.Add(new(Facts(r.InstantOrNull("due_at") ?? now, open, false), LeftOutWhy.Breached));
                continue;
            }

            var paused = r.GetString("status") == "Paused";
            var due = paused
                ? state is null
                    ? null
                    : Clock.Resume(state, serviceLevels.CalendarOf(state), now, "").State.DueAt
                : r.InstantOrNull("due_at");
            if (due is null)
                continue;
            if (due >= until)
            {
                found.Left.Add(new(Facts(due.Value, open, paused), LeftOutWhy.Beyond));
                continue;
            }

            var clock = new OfficeClock(r.GetGuid("id"), instance, task, due.Value, policy.Calendar)
            {
                Pauses = policy.Pausable && policy.PauseReasons.Count > 0,
            };
            if (task is null)
            {
                if (paused || OfCase(clock, policy, learned, serviceLevels, open, r.Text("last_step"), r.InstantOrNull("last_at"), now) is not { } known)
                {
                    found.Left.Add(new(Facts(due.Value, open, paused), LeftOutWhy.Unknown));
                    continue;
                }

                clock = known;
            }

            found.Clocks.Add(clock);
            found.Facts[clock.Id] = Facts(due.Value, [.. open.Where(step => step.Task == task || clock.After.ContainsKey(step.Task))], paused);

            ClockFacts Facts(Instant dueAt, List<StepOfCase> of, bool isPaused)
            {
                of = task is null ? of : [.. of.Where(step => step.Task == task)];
                return new(r.GetGuid("id"), instance, task, r.GetString("name"), policy.Kind, dueAt)
                {
                    Paused = isPaused,
                    Policy = id,
                    Journey = r.GetString("definition_id"),
                    Reference = r.Text("reference"),
                    Customer = r.Text("customer_name"),
                    Tasks = [.. of.Select(step => step.Task)],
                    Teams = [.. (of.Count > 0 ? of : open).Select(step => step.Team).OfType<string>().Distinct()],
                };
            }
        }

        return found;
    }

    /// <summary>How a clock of a case ends, from cases that were at the same steps; null: too few were.</summary>
    private static OfficeClock? OfCase(
        OfficeClock clock,
        SlaPolicy policy,
        Learned learned,
        ServiceLevelCatalog serviceLevels,
        List<StepOfCase> open,
        string? lastStep,
        Instant? lastAt,
        Instant now
    )
    {
        if (policy.Kind == SlaKind.Promise)
        {
            return learned.Promises is not { } settled
                ? null
                : clock with
                {
                    Rest = settled,
                    RestPassed = Learned.PromiseOffset + (now - clock.DueAt).TotalMinutes,
                };
        }

        var after = open.Select(step => (step.Task, Spread: learned.After(policy.Id, step.Step)))
            .Where(one => one.Spread is not null)
            .ToDictionary(one => one.Task, one => one.Spread!);
        if (after.Count > 0)
            return clock with { After = after };
        if (open.Count > 0 || lastStep is null || lastAt is not { } at || learned.After(policy.Id, lastStep) is not { } rest)
            return null;
        var calendar = serviceLevels.Calendars.GetValueOrDefault(policy.Calendar);
        return clock with { Rest = rest, RestPassed = (calendar?.Between(at, now) ?? now - at).TotalMinutes };
    }
}
