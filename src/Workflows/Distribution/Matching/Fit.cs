using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>Why someone can't be given a task, in the order in which it is judged.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Obstacle>))]
public enum Obstacle
{
    /// <summary>Neither in the team nor named.</summary>
    Team,

    /// <summary>Four eyes or a conflict of interest.</summary>
    Excluded,

    /// <summary>They forwarded or declined it, or just let it expire.</summary>
    Passed,

    /// <summary>A required skill is missing.</summary>
    Skill,

    /// <summary>A required skill is there, but not at the level.</summary>
    Level,

    /// <summary>The certificate of a required skill has expired.</summary>
    Expired,

    /// <summary>Others have the preferred skills.</summary>
    Preferred,

    /// <summary>Not available.</summary>
    Presence,

    /// <summary>The rest of their shift is too short for the effort.</summary>
    Shift,

    /// <summary>No free capacity.</summary>
    Capacity,

    /// <summary>Live work has taken its share of their shift; the team keeps the rest for deferred work.</summary>
    DeferredShare,

    /// <summary>They have as many offers as the policy allows.</summary>
    Offers,
}

/// <summary>How well someone suits a task; the parts are weighted by the policy.</summary>
public readonly record struct FitScore(int Affinity, int Preferred, int Scarcity, int Idle)
{
    /// <summary>What the choice compares.</summary>
    public int Total => Affinity + Preferred + Scarcity + Idle;
}

/// <summary>The hard filters and the scores of one decision.</summary>
internal sealed class Fit(IReadOnlyList<Worker> people, DistributionPolicy policy, Instant now, IReadOnlyDictionary<string, int> scarcity)
{
    private const int Full = 1000;
    private static readonly Duration FullIdle = Duration.FromHours(8);

    /// <summary>
    /// How scarce each skill is, from 0 (no task asks for it that someone with room has the skills for) to 1000 (a single person who works now has it).
    /// </summary>
    public static Dictionary<string, int> Scarcity(IReadOnlyList<Worker> people, IEnumerable<Work> work, Instant now)
    {
        var holders = people
            .Where(person => person.Presence == Worker.Available)
            .SelectMany(person => person.Skills.Where(skill => !(skill.Value.Until <= now)))
            .GroupBy(skill => skill.Key)
            .ToDictionary(skill => skill.Key, skill => skill.Count());
        var free = people.Where(person => person.HasRoom).ToList();
        return work.Where(task => free.Exists(person => task.Required.All(need => person.Holds(need, now))))
            .SelectMany(task => task.Required)
            .Select(need => need.Skill)
            .Distinct()
            .ToDictionary(skill => skill, skill => Full / Math.Max(1, holders.GetValueOrDefault(skill)));
    }

    /// <summary>What keeps someone from a task; null: nothing. A reason that lasts comes before one that passes.</summary>
    public Obstacle? Of(Worker person, Work work) =>
        Membership(person, work)
        ?? Personal(person, work)
        ?? Skills(person, work)
        ?? Preference(person, work, Preferring(work))
        ?? Now(person, work)
        ?? Room(person, work);

    /// <summary>What is the same for all tasks with this signature and doesn't change during a decision.</summary>
    public Obstacle? Standing(Worker person, Work work) => Membership(person, work) ?? Skills(person, work) ?? Now(person, work);

    /// <summary>What is personal between the two.</summary>
    public static Obstacle? Personal(Worker person, Work work) =>
        !work.IsPersonal ? null
        : work.Excluded.Contains(person.Id) ? Obstacle.Excluded
        : work.Passed.Contains(person.Id) ? Obstacle.Passed
        : null;

    /// <summary>
    /// Who lacks a preferred skill waits for those who have them, wherever these are, unless they passed the task on or there is no one like that: the rule
    /// of <c>Eligibility.HasPriority</c>, which holds for pulled work.
    /// </summary>
    /// <param name="preferring">Those who have them (<see cref="Preferring"/>).</param>
    public Obstacle? Preference(Worker person, Work work, IReadOnlyList<Worker> preferring)
    {
        if (preferring.Count == 0 || Prefers(person, work))
            return null;
        foreach (var other in preferring)
        {
            if (!work.IsPersonal || (Personal(other, work) is null && !work.PassedOn.Contains(other.Id)))
                return Obstacle.Preferred;
        }

        return null;
    }

    /// <summary>Who has the preferred skills of a task and could do it, at work or not.</summary>
    public IReadOnlyList<Worker> Preferring(Work work) =>
        work.Preferred.Count == 0 ? [] : [.. people.Where(other => Prefers(other, work) && Membership(other, work) is null && Skills(other, work) is null)];

    public static Obstacle? Room(Worker person, Work work) =>
        person.Free(work.Kind) < work.Weight ? Obstacle.Capacity
        : work.Kind == WorkKind.Live && person.LiveTime is { } left && (left <= Duration.Zero || left < work.Effort) ? Obstacle.DeferredShare
        : person.Slots <= 0 ? Obstacle.Offers
        : null;

    /// <summary>The part of the score that is the same for all tasks with this signature.</summary>
    public FitScore Base(Worker person, Work work)
    {
        var preferred = work.Preferred.Count == 0 ? Full : Full * work.Preferred.Count(need => person.Holds(need, now)) / work.Preferred.Count;
        var wasted = 0;
        foreach (var skill in person.Skills.Keys)
        {
            if (scarcity.TryGetValue(skill, out var scarce) && scarce > wasted && !work.Required.Any(need => need.Skill == skill))
                wasted = scarce;
        }

        var idle = Duration.Max(Duration.Zero, now - person.IdleSince).TotalMinutes * person.Capacity / 100;
        return new(0, policy.Preferred * preferred, policy.Scarcity * (Full - wasted), policy.Idle * (int)Math.Min(Full, idle * Full / FullIdle.TotalMinutes));
    }

    public FitScore With(FitScore score, Worker person, Work work) =>
        score with
        {
            Affinity =
                policy.Affinity
                * (
                    work.KnowCase.Contains(person.Id) ? Full
                    : work.KnowCustomer.Contains(person.Id) ? Full * 6 / 10
                    : 0
                ),
        };

    private static Obstacle? Membership(Worker person, Work work) =>
        work.Team is { } team && person.Teams.Contains(team) || work.Named.Contains(person.Id) ? null : Obstacle.Team;

    private Obstacle? Skills(Worker person, Work work)
    {
        foreach (var need in work.Required)
        {
            if (!person.Skills.TryGetValue(need.Skill, out var held))
                return Obstacle.Skill;
            if (held.Level < need.Level)
                return Obstacle.Level;
            if (held.Until <= now)
                return Obstacle.Expired;
        }

        return null;
    }

    private Obstacle? Now(Worker person, Work work) =>
        person.Presence != Worker.Available ? Obstacle.Presence
        : person.ShiftEnd is { } end && end - now < (work.Effort ?? Duration.Zero) ? Obstacle.Shift
        : null;

    private bool Prefers(Worker person, Work work) => work.Preferred.All(need => person.Holds(need, now));
}
