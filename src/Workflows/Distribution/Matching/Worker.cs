using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>Kinds of work.</summary>
public enum WorkKind
{
    /// <summary>Fills: it is done within days.</summary>
    Deferred,

    /// <summary>Interrupts: it is done within minutes.</summary>
    Live,
}

/// <summary>A skill that someone holds.</summary>
/// <param name="Level">1 to 5.</param>
/// <param name="Until">When its certificate expires (exclusive), or null.</param>
public readonly record struct WorkerSkill(int Level, Instant? Until);

/// <summary>A person as the push engine sees them. Immutable.</summary>
public sealed record Worker
{
    /// <summary>State of presence in which people are given work.</summary>
    public const string Available = "Available";

    public required Guid Id { get; init; }

    /// <summary>What others call them.</summary>
    public required string Name { get; init; }

    /// <summary>Keys of the teams they work in.</summary>
    public required IReadOnlyList<string> Teams { get; init; }

    /// <summary>Their skills, expired ones included.</summary>
    public IReadOnlyDictionary<string, WorkerSkill> Skills { get; init; } = new Dictionary<string, WorkerSkill>();

    /// <summary>State of presence.</summary>
    public string Presence { get; init; } = Available;

    /// <summary>When their present shift ends; null: no shift is planned, and nothing limits them.</summary>
    public Instant? ShiftEnd { get; init; }

    /// <summary>When their next shift starts, if one is planned.</summary>
    public Instant? NextShift { get; init; }

    /// <summary>Live work they can still take, in weight.</summary>
    public int FreeLive { get; init; }

    /// <summary>Deferred work they can still take, in weight.</summary>
    public int FreeDeferred { get; init; }

    /// <summary>Time of their shift that they can still spend on live work, as the team keeps the rest for deferred work; null: all of it.</summary>
    public Duration? LiveTime { get; init; }

    /// <summary>How many more tasks they can be offered at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>When they were last given work.</summary>
    public Instant IdleSince { get; init; }

    /// <summary>Live work they can have at a time, in weight.</summary>
    public int LiveCapacity { get; init; } = 100;

    /// <summary>Deferred work they can have at a time, in weight.</summary>
    public int DeferredCapacity { get; init; } = 100;

    /// <summary>Their whole capacity, in weight: who has more is due for work sooner.</summary>
    public int Capacity { get; init; } = 100;

    internal int Free(WorkKind kind) => kind == WorkKind.Live ? FreeLive : FreeDeferred;

    internal bool HasRoom => Presence == Available && Slots > 0 && (FreeLive > 0 || FreeDeferred > 0);

    internal bool Holds(SkillNeed need, Instant now) => Skills.TryGetValue(need.Skill, out var held) && held.Level >= need.Level && !(held.Until <= now);
}

/// <summary>A skill that a task asks for.</summary>
/// <param name="Skill">Its key.</param>
/// <param name="Level">Lowest level, 1 to 5.</param>
public readonly record struct SkillNeed(string Skill, int Level)
{
    /// <summary>Reads <c>skill</c>, or <c>skill:3</c> for level 3.</summary>
    public static SkillNeed Parse(string text) =>
        text.LastIndexOf(':') is var colon and > 0 && int.TryParse(text.AsSpan(colon + 1), out var level) ? new(text[..colon], level) : new(text, 1);
}

/// <summary>An open task as the push engine sees it. Immutable.</summary>
public sealed record Work
{
    private string? _signature;

    public required Guid Id { get; init; }

    public string Title { get; init; } = "";

    /// <summary>Key of its team, or null if it only names people.</summary>
    public string? Team { get; init; }

    /// <summary>People named as candidates.</summary>
    public IReadOnlyList<Guid> Named { get; init; } = [];

    public IReadOnlyList<SkillNeed> Required { get; init; } = [];

    /// <summary>Preferred skills: who has all of them comes first, until they are relaxed.</summary>
    public IReadOnlyList<SkillNeed> Preferred { get; init; } = [];

    /// <summary>People whom four eyes or a conflict of interest excludes.</summary>
    public IReadOnlyList<Guid> Excluded { get; init; } = [];

    /// <summary>People who forwarded it, declined it, or just let its offer expire.</summary>
    public IReadOnlyList<Guid> Passed { get; init; } = [];

    /// <summary>People who forwarded it, declined it, or ever let its offer expire: their preferred skills keep it from no one else.</summary>
    public IReadOnlyList<Guid> PassedOn { get; init; } = [];

    public WorkKind Kind { get; init; }

    /// <summary>How much capacity it takes.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Expected effort, if known. A task that someone gave back counts with all of it.</summary>
    public Duration? Effort { get; init; }

    /// <summary>1 (critical) to 5 (planning).</summary>
    public int Priority { get; init; } = 3;

    /// <summary>Working time until its deadline, less the expected effort; negative: it can't be met. Null: it has no clock.</summary>
    public Duration? Slack { get; init; }

    /// <summary>The law sets its deadline.</summary>
    public bool Statutory { get; init; }

    public required Instant OpenedAt { get; init; }

    /// <summary>People who worked on its case.</summary>
    public IReadOnlyList<Guid> KnowCase { get; init; } = [];

    /// <summary>People who recently worked for its customer.</summary>
    public IReadOnlyList<Guid> KnowCustomer { get; init; } = [];

    /// <summary>Tasks with the same signature are the same to everyone, but for what is personal to them.</summary>
    internal string Signature =>
        _signature ??= string.Join(
            '|',
            Team,
            Kind,
            Weight,
            Effort?.TotalMinutes,
            string.Join(',', Required.Select(need => $"{need.Skill}:{need.Level}")),
            string.Join(',', Preferred.Select(need => $"{need.Skill}:{need.Level}")),
            string.Join(',', Named)
        );

    internal bool IsPersonal => Excluded.Count > 0 || Passed.Count > 0 || PassedOn.Count > 0;
}
