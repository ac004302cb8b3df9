using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Runs a policy over the recorded arrivals and presence of a team, and compares it with what happened. A task takes as long as it took then; skills, teams
/// and capacity are as today. Someone without recorded presence counts as available all the time. Nothing is written.
/// </summary>
public sealed class Replay(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels)
{
    /// <summary>Most days of history.</summary>
    public const int MostDays = 90;

    private const int MostTasks = 50_000;
    private static readonly Duration LongestService = Duration.FromHours(8);

    /// <summary>Runs it.</summary>
    /// <param name="team">Key of the team.</param>
    /// <param name="policy">The policy to try.</param>
    /// <param name="over">How much history, up to now.</param>
    public async Task<ReplayReport> RunAsync(string team, DistributionPolicy policy, Duration over, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var from = now - over;
        policy = PolicyInForce.WithCalendar(policy, serviceLevels);
        var calendar = policy.Calendar is { } id ? serviceLevels.Calendars.GetValueOrDefault(id) : null;
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        var everyone = await TeamSnapshot.PeopleAsync(connection, team, policy, now, cancel);
        var presence = await PresenceAsync(connection, team, from, cancel);
        var recorded = presence.Select(change => change.Person).ToHashSet();
        var people = everyone.Select(person => Ready(person, from, recorded.Contains(person.Id))).ToList();
        var happened = await HappenedAsync(connection, team, from, cancel);
        var arrivals = happened.Select(one => one.Task).ToList();
        var simulated = Rehearsal.Run(people, presence, arrivals, calendar, now, Rehearsal.Push(policy));
        return ReplayReport.Of(people, happened, simulated, Available(people, presence, from, now), now);
    }

    /// <summary>Someone as the replay begins: with nothing to do yet.</summary>
    internal static Worker Ready(Worker person, Instant from, bool recorded) =>
        person with
        {
            Presence = recorded ? "OffShift" : Worker.Available,
            ShiftEnd = null,
            Slots = int.MaxValue,
            FreeLive = person.LiveCapacity,
            FreeDeferred = person.DeferredCapacity,
            LiveTime = null,
            IdleSince = from,
        };

    private static async Task<List<PresenceAt>> PresenceAsync(NpgsqlConnection connection, string team, Instant from, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select greatest(c.at, $2), c.person_id, c.state from presence_change c join team_member m on m.person_id = c.person_id and m.team_key = $1
            where c.at >= $2 or c.revision = (select max(l.revision) from presence_change l where l.person_id = c.person_id and l.at < $2)
            order by 1, c.revision
            """,
            team,
            from
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var presence = new List<PresenceAt>();
        while (await r.ReadAsync(cancel))
            presence.Add(new(r.Instant(0), r.GetGuid(1), r.GetString(2)));
        return presence;
    }

    private static async Task<List<Outcome>> HappenedAsync(NpgsqlConnection connection, string team, Instant from, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select t.id, t.title, t.required_skills, t.preferred_skills, t.work_kind, t.weight, t.effort, t.priority, t.created_at,
                coalesce(t.started_at, t.claimed_at, t.ended_at) taken_at, t.ended_at,
                coalesce(t.owner_id, (select p.id from person p where p.user_name = t.ended_by)) person,
                coalesce(k.due_at, t.due_at) due_at, coalesce(k.statutory, false) statutory, k.kinds, k.dues,
                {Eligibility.ExcludedPeople} excluded
            from task t left join lateral (
                select min(c.due_at) due_at, bool_or(c.kind = 'statutory') statutory, array_agg(c.kind order by c.kind, c.due_at) kinds,
                    array_agg(c.due_at order by c.kind, c.due_at) dues
                from sla_clock c where c.task_id = t.id and c.status <> 'Cancelled' and c.due_at is not null) k on true
            where t.team = $1 and t.created_at >= $2 and t.test_by is null and (t.ended_at is null or t.state in ('Completed', 'Failed'))
            order by t.created_at, t.id limit {MostTasks}
            """,
            team,
            from
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var outcomes = new List<Outcome>();
        while (await r.ReadAsync(cancel))
        {
            var effort = r.IsDBNull("effort") ? (Duration?)null : Duration.FromMinutes(r.GetInt32("effort"));
            var (taken, ended) = (r.InstantOrNull("taken_at"), r.InstantOrNull("ended_at"));
            var took = taken is { } start && ended is { } end && end > start ? end - start : effort ?? Duration.FromMinutes(15);
            var work = new Work
            {
                Id = r.GetGuid("id"),
                Title = r.GetString("title"),
                Team = team,
                Required = [.. r.GetFieldValue<string[]>("required_skills").Select(SkillNeed.Parse)],
                Preferred = [.. r.GetFieldValue<string[]>("preferred_skills").Select(SkillNeed.Parse)],
                Excluded = r.GetFieldValue<Guid[]>("excluded"),
                Kind = r.GetString("work_kind") == "live" ? WorkKind.Live : WorkKind.Deferred,
                Weight = r.GetInt32("weight"),
                Effort = effort,
                Priority = r.GetInt16("priority"),
                Statutory = r.GetBoolean("statutory"),
                OpenedAt = r.Instant("created_at"),
            };
            var service = took > LongestService ? effort ?? LongestService : took;
            var clocks = r.IsDBNull("kinds")
                ? []
                : r.GetFieldValue<string[]>("kinds").Zip(r.GetFieldValue<DateTime[]>("dues"), (kind, at) => new Deadline(kind, at.ToInstant())).ToList();
            var arrival = new Arrival(work, work.Title, r.InstantOrNull("due_at"), service) { Deadlines = clocks };
            outcomes.Add(new(arrival, taken, ended, ended is null ? null : r.GuidOrNull("person")));
        }

        return outcomes;
    }

    private static Duration Available(IReadOnlyList<Worker> people, List<PresenceAt> presence, Instant from, Instant until)
    {
        var total = Duration.Zero;
        foreach (var person in people)
        {
            var (state, since) = (person.Presence, from);
            foreach (var change in presence.Where(change => change.Person == person.Id))
            {
                if (state == Worker.Available)
                    total += change.At - since;
                (state, since) = (change.State, change.At);
            }

            if (state == Worker.Available)
                total += until - since;
        }

        return total;
    }
}
