using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>
/// The order in which tasks are given out: while a deadline can be met, by slack (an urgent statutory one first), then value, then age; once it can't, by
/// what is left of the value, then age. The policy says how many of a hundred tasks are late ones.
/// </summary>
internal readonly record struct WorkKey(bool Late, int Class, long Step, int Value, long Opened, Guid Id) : IComparable<WorkKey>
{
    public static WorkKey Of(Work work, DistributionPolicy policy, Instant now)
    {
        var slack = work.Slack ?? work.OpenedAt + policy.WithoutClock - now;
        var late = slack < Duration.Zero;
        return new(
            late,
            work.Statutory && (late || slack < policy.Urgent) ? 0 : 1,
            late ? 0 : (long)(slack.TotalSeconds / Math.Max(1, policy.SlackStep.TotalSeconds)),
            policy.ValueOf(work.Priority, late ? -slack : -Duration.Epsilon),
            work.OpenedAt.ToUnixTimeTicks(),
            work.Id
        );
    }

    /// <summary>Late ones are ordered by value before the class; the others have the same class and step first.</summary>
    public int CompareTo(WorkKey other)
    {
        if (Late != other.Late)
            return Late ? 1 : -1;
        if (Late && Value != other.Value)
            return other.Value.CompareTo(Value);
        if (Class != other.Class)
            return Class.CompareTo(other.Class);
        if (Step != other.Step)
            return Step.CompareTo(other.Step);
        if (Value != other.Value)
            return other.Value.CompareTo(Value);
        return Opened != other.Opened ? Opened.CompareTo(other.Opened) : Id.CompareTo(other.Id);
    }

    /// <summary>Whether the next task is a late one, if there is one.</summary>
    /// <param name="turn">Number of tasks given out before.</param>
    public static bool LateIsNext(long turn, int share) => (turn + 1) * share / 100 > turn * share / 100;
}
