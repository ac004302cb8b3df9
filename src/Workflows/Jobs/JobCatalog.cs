using System.Linq.Expressions;

namespace Orchestration.Workflows.Jobs;

/// <summary>A recurring job.</summary>
/// <param name="Name">Id of its recurring job in Hangfire.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What the job does and what its rows are.</param>
/// <param name="Schedule">When it runs, for people.</param>
/// <param name="Cron">When it runs: six fields, seconds first, UTC.</param>
/// <param name="Run">The sweep it runs.</param>
/// <param name="Waiting">SQL of the rows that wait for it (after <c>from</c>, with <c>$1</c> now), with a <c>due_at</c>. Null: the job always
/// runs.</param>
public sealed record JobDescription(
    string Name,
    string Title,
    string Description,
    string Schedule,
    string Cron,
    Expression<Func<Sweeps, Task>> Run,
    string? Waiting
);

/// <summary>
/// The recurring jobs. Each is idempotent: a row is handled in the transaction that marks it, so a second run, on any host, finds nothing to do. A
/// job that would find nothing isn't started.
/// </summary>
public static class JobCatalog
{
    private const string EverySecond = "* * * * * *";

    /// <summary>Acts on the rungs of SLA clocks.</summary>
    public static readonly JobDescription Escalate = new(
        "escalate",
        "Escalate",
        "Acts on the rungs of SLA clocks that are due.",
        "Every second",
        EverySecond,
        sweeps => sweeps.EscalateAsync(CancellationToken.None),
        Deadlines("rung")
    );

    /// <summary>Resumes timers.</summary>
    public static readonly JobDescription Timers = new(
        "timers",
        "Timers",
        "Resumes the delays and timers of cases that are due and starts what runs on a schedule.",
        "Every second",
        EverySecond,
        sweeps => sweeps.TimersAsync(CancellationToken.None),
        "(select due_at from deadline where kind = 'timer' and due_at <= $1 union all select due_at from workflow_trigger where due_at <= $1) due"
    );

    /// <summary>Resumes suspended tasks on their date.</summary>
    public static readonly JobDescription ResumeSuspended = new(
        "resume-suspended",
        "Resume suspended work",
        "Brings back tasks that were suspended until a time that has come.",
        "Every second",
        EverySecond,
        sweeps => sweeps.ResumeSuspendedAsync(CancellationToken.None),
        Deadlines("task-resume")
    );

    /// <summary>Delivers stimuli.</summary>
    public static readonly JobDescription Stimuli = new(
        "stimuli",
        "Deliver between cases",
        "Delivers events, starts and ends of child workflows that the host that wrote them did not deliver.",
        "Every second",
        EverySecond,
        sweeps => sweeps.StimuliAsync(CancellationToken.None),
        "stimulus where due_at <= $1"
    );

    /// <summary>Starts a job for each effect.</summary>
    public static readonly JobDescription Effects = new(
        "effects",
        "Deliver outside",
        "Starts a job for each HTTP request, e-mail and webhook that is due. What keeps failing becomes an incident of its case, or a dead letter below.",
        "Every second",
        EverySecond,
        sweeps => sweeps.EffectsAsync(CancellationToken.None),
        "effect where state = 'pending' and due_at <= $1"
    );

    /// <summary>Starts background work that was left behind.</summary>
    public static readonly JobDescription BackgroundWork = new(
        "background-work",
        "Background work",
        "Starts work that people asked for when the host that took it died before it could.",
        "Every 10 seconds",
        "*/10 * * * * *",
        sweeps => sweeps.BackgroundWorkAsync(CancellationToken.None),
        "(select requested_at + interval '10 seconds' due_at from background_work where not enqueued and requested_at <= $1 - interval '10 seconds') due"
    );

    /// <summary>Cleans up.</summary>
    public static readonly JobDescription Housekeeping = new(
        "housekeeping",
        "Housekeeping",
        "Makes the partitions of history for the coming months, purges drafts of finished tasks and deletes what nobody can ask for any more.",
        "Every night at 03:07 UTC",
        "0 7 3 * * *",
        sweeps => sweeps.HousekeepingAsync(CancellationToken.None),
        null
    );

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<JobDescription> All = [Escalate, Timers, ResumeSuspended, Stimuli, Effects, BackgroundWork, Housekeeping];

    /// <summary>The job of that name, or null.</summary>
    public static JobDescription? Find(string name) => All.FirstOrDefault(job => job.Name == name);

    private static string Deadlines(string kind) => $"deadline where kind = '{kind}' and due_at <= $1";
}
