using NodaTime;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>Everything a forecast knows, as arrays: what a run reads is never changed by it, so any number of runs can share one.</summary>
internal sealed record Office
{
    /// <summary>A minute that doesn't come.</summary>
    public const int Never = int.MaxValue;

    /// <summary>Sixteenths of a minute: what is a task worth beside one that is due in the same minute.</summary>
    public const int KeyScale = 16;

    /// <summary>The first day, in minutes.</summary>
    public const int FirstDay = 24 * 60;

    private const int First = -(1 << 28);
    private const int Front = -(1 << 27);

    public required Instant Now { get; init; }
    public required int Horizon { get; init; }
    public required ulong Seed { get; init; }

    // People.
    public required Guid[] PersonIds { get; init; }
    public required int[][] ShiftFrom { get; init; }
    public required int[][] ShiftUntil { get; init; }
    public required double[] Speed { get; init; }
    public required int[][] ClassesOf { get; init; }
    public required int[]?[] LentClasses { get; init; }
    public required int[] LentFrom { get; init; }
    public required int[] LentUntil { get; init; }
    public required Spread Gap { get; init; }

    // Tasks: those of one class are open to the same people.
    public required int Classes { get; init; }
    public required int[][] PeopleOf { get; init; }
    public required int[] LateShare { get; init; }
    public required Guid[] TaskIds { get; init; }
    public required int[] Class { get; init; }
    public required int[] Owner { get; init; }
    public required int[] Key { get; init; }
    public required int[] LateAfter { get; init; }
    public required StepModel[] Step { get; init; }
    public required double[] Worked { get; init; }
    public required double[] Share { get; init; }
    public required bool[] MayWait { get; init; }
    public required int[] WaitsSince { get; init; }
    public required int[] WaitsUntil { get; init; }

    /// <summary>The calendar of a clock that stands still while the task waits, or null.</summary>
    public required MinuteAxis?[] TaskAxis { get; init; }

    /// <summary>Tasks of each class that anyone may take now, in order.</summary>
    public required long[][] Queue { get; init; }

    /// <summary>Tasks of each person, in order.</summary>
    public required long[][] Own { get; init; }

    // Arrivals.
    public required int[] StreamClass { get; init; }
    public required StepModel[] StreamStep { get; init; }
    public required double[] StreamMean { get; init; }
    public required Spread?[] StreamDue { get; init; }
    public required int[] StreamPriority { get; init; }
    public required double[][] StreamTimes { get; init; }
    public required int[] StreamJourney { get; init; }
    public required double LoadSpread { get; init; }

    // Clocks.
    public required Guid[] ClockIds { get; init; }
    public required int[] ClockTask { get; init; }
    public required int[] ClockDue { get; init; }
    public required bool[] ClockPauses { get; init; }
    public required MinuteAxis[] ClockAxis { get; init; }
    public required int[][] ClockTasks { get; init; }
    public required Spread[][] ClockAfter { get; init; }
    public required Spread?[] ClockRest { get; init; }
    public required double[] ClockRestPassed { get; init; }

    public int People => PersonIds.Length;
    public int Tasks => TaskIds.Length;
    public int Clocks => ClockIds.Length;
    public int Streams => StreamClass.Length;

    /// <summary>
    /// The order in which tasks are taken, in sixteenths of a minute: critical ones first, then by due time, as in lists; of a team whose work is pushed by the
    /// order of its policy.
    /// </summary>
    public static int KeyOf(Work work, int? due, DistributionPolicy? policy, Instant now)
    {
        if (policy is null)
            return work.Priority == 1 ? Front + Scaled(due ?? 100_000) : Scaled(due ?? 1_000_000 + (int)(work.OpenedAt - now).TotalMinutes);
        var key = WorkKey.Of(work, policy, now);
        var step = (int)Math.Min(1_000_000, key.Step * Math.Max(1, policy.SlackStep.TotalMinutes));
        return (key.Class == 0 ? Front : 0) + Scaled(step) + Math.Clamp(15 - key.Value / 700, 0, 15);
    }

    /// <summary>Of someone's own tasks: the one they work on comes first.</summary>
    public static int OwnKey(int key, bool atWork) => atWork ? First : key;

    public static long Entry(int key, int task) => (long)key << 32 | (uint)task;

    /// <summary>The key of a task that comes before all that aren't critical.</summary>
    public static int InFront(int key) => key < Front / 2 ? key : Front + Math.Min(key, 1 << 26);

    private static int Scaled(int minutes) => Math.Clamp(minutes, -4_000_000, 4_000_000) * KeyScale;
}
