using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>How work is pushed to the people of a team: the order of its tasks, the choice among people, and how offers are made. Immutable.</summary>
public sealed record DistributionPolicy
{
    /// <summary>Name that decisions carry when a team has no policy of its own.</summary>
    public const string DefaultName = "default";

    /// <summary>Version of the document; 0 for the built-in default.</summary>
    public int Version { get; init; }

    /// <summary>
    /// Calendar in whose opening hours slack is measured. A policy that names none is given the office's when it is read; null: elapsed time.
    /// </summary>
    public string? Calendar { get; init; }

    /// <summary>How much it counts that someone knows the case or the customer. 0 to 100.</summary>
    public int Affinity { get; init; } = 40;

    /// <summary>How much preferred skills count. 0 to 100.</summary>
    public int Preferred { get; init; } = 30;

    /// <summary>How much it counts to keep scarce skills for the work that needs them. 0 to 100.</summary>
    public int Scarcity { get; init; } = 20;

    /// <summary>How much it counts to have been without new work for long, compared to one's capacity. 0 to 100.</summary>
    public int Idle { get; init; } = 10;

    /// <summary>What a task is worth by its priority, from 1 (critical) to 5 (planning).</summary>
    public IReadOnlyList<int> Values { get; init; } = [100, 60, 30, 15, 5];

    /// <summary>What is left of a task's value once its deadline can't be met, by how late it is. The first tier begins at zero.</summary>
    public IReadOnlyList<LateTier> LateTiers { get; init; } = [new(Duration.Zero, 100), new(Duration.FromHours(8), 60), new(Duration.FromHours(40), 20)];

    /// <summary>Percentage of the work that goes to tasks that are late, while there are others: they neither starve nor block.</summary>
    public int LateShare { get; init; } = 20;

    /// <summary>Tasks whose slack differs by less than that are ordered by value. Working time.</summary>
    public Duration SlackStep { get; init; } = Duration.FromMinutes(30);

    /// <summary>A statutory deadline with less slack than that comes before all others. Working time.</summary>
    public Duration Urgent { get; init; } = Duration.FromHours(8);

    /// <summary>Target of tasks without a clock, elapsed since they opened, so that age brings them forward.</summary>
    public Duration WithoutClock { get; init; } = Duration.FromDays(5);

    /// <summary>
    /// Percentage of each shift that is kept for deferred work: live work that would take more isn't given. Someone without a shift is measured by the last 8
    /// hours.
    /// </summary>
    public int DeferredShare { get; init; }

    /// <summary>How long an offer stands.</summary>
    public Duration OfferTimeout { get; init; } = Duration.FromMinutes(2);

    /// <summary>An offer that nobody answers in time assigns the task to the person; else it goes to the next best, and counts as missed.</summary>
    public bool AssignUnanswered { get; init; }

    /// <summary>How long someone who worked for a customer counts as knowing them.</summary>
    public Duration AffinityWindow { get; init; } = Duration.FromDays(30);

    /// <summary>Most open offers of a person at a time.</summary>
    public int OffersAtATime { get; init; } = 1;

    /// <summary>How long a person isn't offered a task again after they let its offer expire.</summary>
    public Duration Again { get; init; } = Duration.FromMinutes(15);

    /// <summary>Decides and records, but offers nothing.</summary>
    public bool Shadow { get; init; }

    /// <summary>What a task is worth that is late by this much; on time: zero or less.</summary>
    internal int ValueOf(int priority, Duration late)
    {
        var value = Values[Math.Clamp(priority, 1, Values.Count) - 1];
        if (late < Duration.Zero)
            return value * 100;
        var percent = LateTiers[0].Percent;
        foreach (var tier in LateTiers)
        {
            if (late >= tier.After)
                percent = tier.Percent;
        }

        return value * percent;
    }
}

/// <summary>A step of the value curve after the deadline.</summary>
/// <param name="After">Working time past the last moment at which the deadline could be met.</param>
/// <param name="Percent">What is left of the value from then on.</param>
public readonly record struct LateTier(Duration After, int Percent);
