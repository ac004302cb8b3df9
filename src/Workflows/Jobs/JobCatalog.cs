namespace Orchestration.Workflows.Jobs;

/// <summary>A recurring job as administrators know it.</summary>
/// <param name="Name">Name of its Quartz job and trigger.</param>
/// <param name="Title">What people read.</param>
/// <param name="Description">What it does and what its rows are.</param>
/// <param name="Schedule">When it runs, for people.</param>
/// <param name="Cron">When it runs, in Quartz's notation, UTC.</param>
/// <param name="Backlog">SQL over what is due (<c>$1</c> now): its count and oldest due time; null when nothing waits for it.</param>
public sealed record JobDescription(string Name, string Title, string Description, string Schedule, string Cron, string? Backlog);

/// <summary>The recurring jobs. Each is idempotent: what it deals with is marked in the transaction that deals with it, so a second run, on whatever host, finds nothing left to do.</summary>
public static class JobCatalog
{
    private const string EverySecond = "* * * * * ?";

    /// <summary>Acts on the rungs of SLA clocks.</summary>
    public static readonly JobDescription Escalate = new(
        "escalate",
        "Escalate",
        "Acts on the rungs of SLA clocks that are due.",
        "Every second",
        EverySecond,
        Deadlines("rung")
    );

    /// <summary>Resumes timers.</summary>
    public static readonly JobDescription Timers = new(
        "timers",
        "Timers",
        "Resumes the delays and timers of cases that are due.",
        "Every second",
        EverySecond,
        Deadlines("timer")
    );

    /// <summary>Brings suspended tasks back.</summary>
    public static readonly JobDescription ResumeSuspended = new(
        "resume-suspended",
        "Resume suspended work",
        "Brings back tasks that were suspended until a time that has come.",
        "Every second",
        EverySecond,
        Deadlines("task-resume")
    );

    /// <summary>Delivers stimuli.</summary>
    public static readonly JobDescription Stimuli = new(
        "stimuli",
        "Deliver between cases",
        "Delivers events, starts and ends of child workflows that the host that wrote them did not deliver.",
        "Every second",
        EverySecond,
        "select count(*), min(due_at) from stimulus where due_at <= $1"
    );

    /// <summary>Does effects.</summary>
    public static readonly JobDescription Effects = new(
        "effects",
        "Deliver outside",
        "Sends HTTP requests, e-mails and webhooks. What keeps failing becomes an incident of its case, or a dead letter below.",
        "Every second",
        EverySecond,
        "select count(*), min(due_at) from effect where state = 'pending' and due_at <= $1"
    );

    /// <summary>Cleans up.</summary>
    public static readonly JobDescription Housekeeping = new(
        "housekeeping",
        "Housekeeping",
        "Makes the partitions of history for the coming months, purges drafts of finished tasks and forgets what nobody can ask for any more.",
        "Every night at 03:07 UTC",
        "0 7 3 * * ?",
        null
    );

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<JobDescription> All = [Escalate, Timers, ResumeSuspended, Stimuli, Effects, Housekeeping];

    /// <summary>The job of that name, or null.</summary>
    public static JobDescription? Find(string name) => All.FirstOrDefault(job => job.Name == name);

    private static string Deadlines(string kind) => $"select count(*), min(due_at) from deadline where kind = '{kind}' and due_at <= $1";
}
