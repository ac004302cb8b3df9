using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Forecast;

/// <summary>A clock as the page shows it.</summary>
/// <param name="Id">The clock.</param>
/// <param name="Case">Its case.</param>
/// <param name="Task">Its task, or null for a clock of the case.</param>
/// <param name="Name">Name of its policy, or the promise.</param>
/// <param name="Kind">Whose deadline it is.</param>
/// <param name="DueAt">When it is due.</param>
public sealed record ClockFacts(Guid Id, Guid Case, Guid? Task, string Name, SlaKind Kind, Instant DueAt)
{
    /// <summary>It stands still now.</summary>
    public bool Paused { get; init; }

    /// <summary>Id of its policy.</summary>
    public required string Policy { get; init; }

    /// <summary>Definition of the case.</summary>
    public required string Journey { get; init; }

    /// <summary>Reference and customer of the case, if it is one.</summary>
    public string? Reference { get; init; }
    public string? Customer { get; init; }

    /// <summary>Tasks that must end before it does, those of its case included.</summary>
    public IReadOnlyList<Guid> Tasks { get; init; } = [];

    /// <summary>Teams of these tasks.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];
}

/// <summary>Why a clock isn't forecast.</summary>
public enum LeftOutWhy
{
    /// <summary>It is due later than a forecast looks.</summary>
    Beyond,

    /// <summary>Too little is known from earlier cases.</summary>
    Unknown,

    /// <summary>It is breached already: no forecast, but load.</summary>
    Breached,
}

/// <summary>A clock that isn't forecast.</summary>
public sealed record LeftOut(ClockFacts Clock, LeftOutWhy Why);

/// <summary>An open task as the page shows it.</summary>
public sealed record TaskFacts(Guid Id, string Title, string? Team, Guid? Owner, int Revision, int Priority, TaskState State);

/// <summary>Someone who works.</summary>
public sealed record PersonFacts(Guid Id, string UserName, string Name, IReadOnlyList<string> Teams);

/// <summary>What an office has open now, and what a forecast is made from.</summary>
internal sealed record OfficeSnapshot(OfficeInput Input, IReadOnlyDictionary<Guid, ClockFacts> Clocks, IReadOnlyDictionary<Guid, TaskFacts> Tasks)
{
    /// <summary>The farthest a forecast looks.</summary>
    public static readonly Duration Farthest = Duration.FromDays(14);

    public required IReadOnlyDictionary<Guid, PersonFacts> People { get; init; }

    /// <summary>Clocks that aren't forecast.</summary>
    public required IReadOnlyList<LeftOut> Left { get; init; }

    /// <summary>
    /// What is known of a task. An expired offer keeps it from no one for long, so only who declined or forwarded it is left out. Whoever worked on it doesn't
    /// review it.
    /// </summary>
    private static readonly string Columns = WorkRow.Columns(
        "$1",
        $$"""
        case when t.state = 'ReadyForReview' then array[t.owner_id] || t.actors when t.excluded_steps = '{}' then '{}'
            else array(select unnest{{Eligibility.WorkedOn("x")}} from task x where {{Eligibility.IsExcludedStep("x")}}) end
        """
    );

    /// <summary>An office in which nothing is open.</summary>
    public static OfficeSnapshot Empty(DateTimeZone zone, Instant now, int seed) =>
        new(new(now, Farthest, seed) { Zone = zone }, new Dictionary<Guid, ClockFacts>(), new Dictionary<Guid, TaskFacts>())
        {
            People = new Dictionary<Guid, PersonFacts>(),
            Left = [],
        };

    /// <summary>Reads everything.</summary>
    public static async Task<OfficeSnapshot> ReadAsync(
        NpgsqlDataSource database,
        ServiceLevelCatalog serviceLevels,
        Learned learned,
        DateTimeZone zone,
        Instant now,
        int seed,
        CancellationToken cancel
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var horizon = Farthest;
        var shifts = await FutureShifts.ReadAsync(connection, zone, serviceLevels, now, now + horizon + Duration.FromDays(3), cancel);
        var (workers, people) = await WorkersAsync(connection, learned, shifts, now, cancel);
        var pushed = await PushedAsync(connection, serviceLevels, cancel);
        var (work, tasks, cases) = await WorkAsync(connection, learned, serviceLevels, pushed, shifts, now, cancel);
        var clocks = await OpenClocks.ReadAsync(connection, serviceLevels, learned, cases, now, now + horizon, cancel);
        var streams = learned.Streams.Select(stream => new OfficeStream(
            stream.Sample,
            learned.StepOf(stream.Journey, stream.Step, null),
            stream.PerWeek,
            stream.Due,
            stream.Profile,
            stream.Journey
        ));
        var input = new OfficeInput(now, horizon, seed)
        {
            Zone = zone,
            Workers = workers,
            Work = work,
            Streams = [.. streams],
            Clocks = clocks.Clocks,
            Pushed = pushed,
            Calendars = serviceLevels.Calendars,
            Gap = learned.Gap,
            LoadSpread = learned.LoadSpread,
        };
        return new(input, clocks.Facts, tasks) { People = people, Left = clocks.Left };
    }

    private static async Task<(List<OfficeWorker>, Dictionary<Guid, PersonFacts>)> WorkersAsync(
        NpgsqlConnection connection,
        Learned learned,
        FutureShifts shifts,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select p.id, p.user_name, p.display_name, array(select m.team_key from team_member m where m.person_id = p.id order by 1) teams,
                array(select k.skill from person_skill k where k.person_id = p.id order by k.skill) skills,
                array(select k.level from person_skill k where k.person_id = p.id order by k.skill) levels,
                array(select coalesce(k.certified_until::timestamptz, 'infinity') from person_skill k where k.person_id = p.id order by k.skill) certified
            from person p where p.active and (exists (select from team_member m where m.person_id = p.id)
                or exists (select from task t where t.ended_at is null and (t.owner_id = p.id or p.user_name = any(t.candidates))))
            order by p.id
            """
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var (workers, people) = (new List<OfficeWorker>(), new Dictionary<Guid, PersonFacts>());
        while (await r.ReadAsync(cancel))
        {
            var (levels, certified) = (r.GetFieldValue<int[]>("levels"), r.GetFieldValue<DateTime[]>("certified"));
            var (id, teams) = (r.GetGuid(0), r.GetFieldValue<string[]>("teams"));
            people[id] = new(id, r.GetString(1), r.GetString(2), teams);
            workers.Add(
                new(
                    new()
                    {
                        Id = id,
                        Name = r.GetString(2),
                        Teams = teams,
                        Skills = r.GetFieldValue<string[]>("skills")
                            .Select(
                                (skill, i) => (skill, Held: new WorkerSkill(levels[i], certified[i] == DateTime.MaxValue ? null : certified[i].ToInstant()))
                            )
                            .ToDictionary(one => one.skill, one => one.Held),
                    },
                    shifts.Of(id)
                )
                {
                    Speed = learned.SpeedOf(id),
                }
            );
        }

        return (workers, people);
    }

    private static async Task<Dictionary<string, DistributionPolicy>> PushedAsync(
        NpgsqlConnection connection,
        ServiceLevelCatalog serviceLevels,
        CancellationToken cancel
    )
    {
        var teams = new List<string>();
        await using (var batch = connection.CreateBatch())
        {
            batch.Add("select key from team where distribution in ('offer', 'assign', 'suggest')");
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                teams.Add(r.GetString(0));
        }

        var pushed = new Dictionary<string, DistributionPolicy>();
        foreach (var team in teams)
            pushed[team] = (await PolicyInForce.ReadAsync(connection, serviceLevels, team, cancel)).Policy;
        return pushed;
    }

    private static async Task<(List<OfficeWork>, Dictionary<Guid, TaskFacts>, ILookup<Guid, StepOfCase>)> WorkAsync(
        NpgsqlConnection connection,
        Learned learned,
        ServiceLevelCatalog serviceLevels,
        IReadOnlyDictionary<string, DistributionPolicy> pushed,
        FutureShifts shifts,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select {Columns}, t.instance_id, t.definition_id, t.activity_id, t.state, t.revision, t.suspended_until, t.changed_at,
                case t.state when 'InReview' then t.reviewer_id when 'ReadyForReview' then null else t.owner_id end owner,
                coalesce(t.claimed_at, t.started_at) taken_at,
                (select max(e.at) from event e where e.chain_id = t.instance_id and e.action = 'task.resumed' and e.at > $1 - interval '56 days'
                    and e.entity_id = replace(t.id::text, '-', '')) resumed_at
            from task t where t.ended_at is null and t.test_by is null order by t.created_at, t.id
            """,
            now
        );
        var (work, tasks, steps) = (new List<OfficeWork>(), new Dictionary<Guid, TaskFacts>(), new List<StepOfCase>());
        var held = new Dictionary<Guid, (bool Started, Instant At, int Place, Instant Since)>();
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var (id, team, state) = (r.GetGuid("id"), r.Text("team"), Enum.Parse<TaskState>(r.GetString("state")));
            var effort = r.IsDBNull("effort") ? (Duration?)null : Duration.FromMinutes(r.GetInt32("effort"));
            var (due, owner, resumed) = (r.InstantOrNull("due_at"), r.GuidOrNull("owner"), r.InstantOrNull("resumed_at"));
            var model = learned.StepOf(r.GetString("definition_id"), r.GetString("activity_id"), effort);
            var policy = team is null ? null : pushed.GetValueOrDefault(team);
            var calendar = policy?.Calendar is { } named ? serviceLevels.Calendars.GetValueOrDefault(named) : null;
            var isReview = state is TaskState.ReadyForReview or TaskState.InReview;
            tasks[id] = new(id, r.GetString("title"), team, owner, r.GetInt32("revision"), r.GetInt16("priority"), state);
            steps.Add(new(r.GetGuid("instance_id"), id, r.GetString("activity_id"), team));
            if (owner is { } holder && state is TaskState.Reserved or TaskState.InProgress or TaskState.InReview && owner is not null)
            {
                // Of what someone holds they work on what they began last; what they came back to waits behind it.
                var taken = r.InstantOrNull("taken_at") ?? r.Instant("changed_at");
                var candidate = (state == TaskState.InProgress && resumed is null, resumed ?? taken, work.Count, taken);
                if (!held.TryGetValue(owner.Value, out var other) || candidate.CompareTo(other) > 0)
                    held[owner.Value] = candidate;
            }

            work.Add(
                new(WorkRow.Read(r, calendar, now), r.GetGuid("instance_id"), model)
                {
                    DueAt = due,
                    Owner = owner,
                    Share =
                        isReview ? 0.3
                        : resumed is null ? 1
                        : 0.5,
                    MayWait = !isReview && resumed is null && state != TaskState.Suspended,
                    WaitsSince = state == TaskState.Suspended ? r.Instant("changed_at") : null,
                    WaitsUntil = state == TaskState.Suspended ? r.InstantOrNull("suspended_until") : null,
                }
            );
            if (state == TaskState.Suspended)
                work[^1] = work[^1] with { Share = 0.5 };
        }

        foreach (var (person, (_, at, place, taken)) in held)
        {
            // What was resumed and is being worked on has half of its effort left, as far as anyone knows.
            work[place] = work[place].Share < 1 ? work[place] with { Worked = null } : work[place] with { Worked = shifts.Worked(person, taken, now) };
        }

        return (work, tasks, steps.ToLookup(step => step.Case));
    }
}

/// <summary>A step that is open in a case.</summary>
internal sealed record StepOfCase(Guid Case, Guid Task, string Step, string? Team);
