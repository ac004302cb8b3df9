using System.Linq.Expressions;

namespace Orchestration.Workflows.Jobs;

/// <summary>A recurring job.</summary>
/// <param name="Name">Id of its recurring job in Hangfire.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What the job does and what its rows are.</param>
/// <param name="Schedule">When it runs, for people.</param>
/// <param name="Cron">When Hangfire starts it by itself: six fields, seconds first, UTC.</param>
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
/// The recurring jobs. Each is idempotent: a row is dealt with in the transaction that marks it, so a second run, on any host, finds nothing left to do. A
/// job that would find nothing is not started. Each host looks every second, with one statement, for jobs that have something to do (<see cref="JobWatch"/>);
/// the schedules in Hangfire, whose ticks cost some twenty statements each, start what a host missed.
/// </summary>
public static class JobCatalog
{
    private const string EverySecond = "Every second";
    private const string EveryMinute = "0 * * * * *";

    /// <summary>Acts on the rungs of SLA clocks.</summary>
    public static readonly JobDescription Escalate = new(
        "escalate",
        "Escalate",
        "Runs escalations that are due.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.EscalateAsync(CancellationToken.None),
        Deadlines("rung")
    );

    /// <summary>Resumes timers.</summary>
    public static readonly JobDescription Timers = new(
        "timers",
        "Timers",
        "Resumes timers that are due and starts scheduled journeys.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.TimersAsync(CancellationToken.None),
        "(select due_at from deadline where kind = 'timer' and due_at <= $1 union all select due_at from workflow_trigger where due_at <= $1) due"
    );

    /// <summary>Offers work to people.</summary>
    public static readonly JobDescription Distribute = new(
        "distribute",
        "Push work",
        "Offers or assigns tasks of teams that push their work, and ends offers that are over. It looks at every such team once a minute.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.DistributeAsync(CancellationToken.None),
        """
        (select at due_at from distribution_request where at <= $1
            union all select expires_at from task_offer where state = 'Open' and expires_at <= $1) due
        """
    );

    /// <summary>Resumes suspended tasks on their date.</summary>
    public static readonly JobDescription ResumeSuspended = new(
        "resume-suspended",
        "Resume suspended work",
        "Resumes tasks when their suspension ends.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.ResumeSuspendedAsync(CancellationToken.None),
        Deadlines("task-resume")
    );

    /// <summary>Delivers stimuli.</summary>
    public static readonly JobDescription Stimuli = new(
        "stimuli",
        "Event delivery",
        "Delivers events between cases and child workflows that weren't delivered right away.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.StimuliAsync(CancellationToken.None),
        "stimulus where due_at <= $1"
    );

    /// <summary>Starts a job for each effect.</summary>
    public static readonly JobDescription Effects = new(
        "effects",
        "Message delivery",
        "Sends HTTP requests, emails and webhooks. After repeated failures they become incidents or dead letters.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.EffectsAsync(CancellationToken.None),
        "effect where state = 'pending' and due_at <= $1"
    );

    /// <summary>Starts background work that was left behind.</summary>
    public static readonly JobDescription BackgroundWork = new(
        "background-work",
        "Background work",
        "Restarts background work after a host crash.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.BackgroundWorkAsync(CancellationToken.None),
        "(select requested_at + interval '10 seconds' due_at from background_work where not enqueued and requested_at <= $1 - interval '10 seconds') due"
    );

    /// <summary>Returns work of deactivated people.</summary>
    public static readonly JobDescription ReturnWork = new(
        "return-work",
        "Return work",
        "Returns tasks and reviews of deactivated people that weren't returned right away.",
        "Every minute",
        EveryMinute,
        sweeps => sweeps.ReturnWorkAsync(CancellationToken.None),
        null
    );

    /// <summary>Turns plans into presence.</summary>
    public static readonly JobDescription Presence = new(
        "presence",
        "Presence",
        "Makes people available, away or off shift when a shift or absence begins or ends, a break is over, or none of their pages is open.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.PresenceAsync(CancellationToken.None),
        "(select look_at due_at from presence where look_at <= $1) due"
    );

    /// <summary>Announces that certificates expire.</summary>
    public static readonly JobDescription SkillReminders = new(
        "skill-reminders",
        "Certificate reminders",
        "Tells people and team leads that a certificate expires, 30, 7 and 1 days before.",
        "Every hour",
        "0 11 * * * *",
        sweeps => sweeps.SkillRemindersAsync(CancellationToken.None),
        null
    );

    /// <summary>Learns how long steps take.</summary>
    public static readonly JobDescription StepEffort = new(
        "step-effort",
        "Step effort",
        "Learns how long each step takes from those completed in the last 90 days.",
        "Every night at 02:37 UTC",
        "0 37 2 * * *",
        sweeps => sweeps.StepEffortAsync(CancellationToken.None),
        null
    );

    /// <summary>Keeps what the board of teams shows.</summary>
    public static readonly JobDescription BoardSnapshots = new(
        "board-snapshots",
        "Board snapshots",
        "Keeps the counts of the team board, for its trends, and deletes those of more than five weeks ago.",
        "Every hour",
        "0 0 * * * *",
        sweeps => sweeps.BoardSnapshotsAsync(CancellationToken.None),
        null
    );

    /// <summary>Forecasts deadlines.</summary>
    public static readonly JobDescription Forecast = new(
        "forecast",
        "Forecast",
        "Forecasts which deadlines will be missed, and records what became of earlier forecasts.",
        "Every 15 minutes",
        "0 */15 * * * *",
        sweeps => sweeps.ForecastAsync(CancellationToken.None),
        null
    );

    /// <summary>Ends loans.</summary>
    public static readonly JobDescription Loans = new(
        "loans",
        "Loans between teams",
        "Takes people out of teams that they were lent to for some hours.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.LoansAsync(CancellationToken.None),
        "(select until_at due_at from team_loan where ended_at is null and until_at <= $1) due"
    );

    /// <summary>Keeps the figures of performance.</summary>
    public static readonly JobDescription Figures = new(
        "figures",
        "Performance figures",
        "Adds what happened since the last run to the figures of performance. Its rows are cases.",
        "Every minute",
        EveryMinute,
        sweeps => sweeps.FiguresAsync(CancellationToken.None),
        null
    );

    /// <summary>Tells how the last week went.</summary>
    public static readonly JobDescription WeeklyDigest = new(
        "weekly-digest",
        "Weekly digest",
        "Sends supervisors and leads the figures of the last week, on Monday at 7 am in their time zone.",
        "Every 15 minutes",
        "0 0/15 * * * *",
        sweeps => sweeps.WeeklyDigestAsync(CancellationToken.None),
        null
    );

    /// <summary>Appends history to its log.</summary>
    public static readonly JobDescription HistoryLog = new(
        "history-log",
        "History log",
        "Appends new history to the Merkle log, and signs the tree.",
        "Every minute",
        EveryMinute,
        sweeps => sweeps.HistoryLogAsync(CancellationToken.None),
        null
    );

    /// <summary>Holds tree heads outside.</summary>
    public static readonly JobDescription HistoryHeads = new(
        "history-heads",
        "Tree heads",
        "Puts the newest signed tree head wherever it is held outside the database. Its rows are places. Tells compliance when one has had none for too long.",
        "Every minute",
        "20 * * * * *",
        sweeps => sweeps.HistoryHeadsAsync(CancellationToken.None),
        null
    );

    /// <summary>Checks history.</summary>
    public static readonly JobDescription HistoryCheck = new(
        "history-check",
        "History check",
        "Checks all history against its hashes, its log and the tree heads held outside. Tells compliance when something differs.",
        "Every night at 04:13 UTC",
        "0 13 4 * * *",
        sweeps => sweeps.HistoryCheckAsync(CancellationToken.None),
        null
    );

    /// <summary>Looks for unusual access.</summary>
    public static readonly JobDescription AccessReview = new(
        "access-review",
        "Access review",
        "Looks for unusual access to personal data: by someone without a part in the case, to many customers, or out of shift.",
        "Every 15 minutes",
        "0 7/15 * * * *",
        sweeps => sweeps.AccessReviewAsync(CancellationToken.None),
        null
    );

    /// <summary>Runs saved searches.</summary>
    public static readonly JobDescription SavedSearches = new(
        "saved-searches",
        "Saved searches",
        "Runs searches over history that reviewers saved, and tells them what is new.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.SavedSearchesAsync(CancellationToken.None),
        "(select next_at due_at from saved_search where next_at <= $1) due"
    );

    /// <summary>Sees to customers' links of cases that ended.</summary>
    public static readonly JobDescription EndedCases = new(
        "ended-cases",
        "Customers of ended cases",
        "Keeps customers' links working for a while after their case has ended, and asks those who got theirs by mail for a rating. Its rows are cases.",
        "Every minute",
        EveryMinute,
        sweeps => sweeps.EndedCasesAsync(CancellationToken.None),
        null
    );

    /// <summary>Keeps the tasks of those who own guidance.</summary>
    public static readonly JobDescription GuidanceTasks = new(
        "guidance-tasks",
        "Guidance tasks",
        "Opens tasks for drafts to approve and for overdue checks of articles, and ends them. Its rows are articles.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.GuidanceTasksAsync(CancellationToken.None),
        "(select look_at due_at from guidance_article where look_at <= $1) due"
    );

    /// <summary>Removes cases whose time is over.</summary>
    public static readonly JobDescription Retention = new(
        "retention",
        "Retention",
        "Removes cases whose time is over, except those on legal hold, and erases what was approved and waited for a case to end. Its rows are cases.",
        "Every hour",
        "0 23 * * * *",
        sweeps => sweeps.RetentionAsync(CancellationToken.None),
        null
    );

    /// <summary>Writes logs for process mining.</summary>
    public static readonly JobDescription LogExports = new(
        "log-exports",
        "Exports of logs",
        "Writes files of logs that someone asked for or a schedule, and deletes those whose time is over.",
        EverySecond,
        EveryMinute,
        sweeps => sweeps.LogExportsAsync(CancellationToken.None),
        """
        (select requested_at due_at from export_file where state in ('Queued', 'Running')
            union all select next_at from export_schedule where next_at <= $1) due
        """
    );

    /// <summary>Cleans up.</summary>
    public static readonly JobDescription Housekeeping = new(
        "housekeeping",
        "Housekeeping",
        "Creates history partitions for the coming months and deletes expired data and drafts of finished tasks.",
        "Every night at 03:07 UTC",
        "0 7 3 * * *",
        sweeps => sweeps.HousekeepingAsync(CancellationToken.None),
        null
    );

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<JobDescription> All =
    [
        Escalate,
        Timers,
        Distribute,
        ResumeSuspended,
        Stimuli,
        Effects,
        Presence,
        BackgroundWork,
        ReturnWork,
        SkillReminders,
        StepEffort,
        BoardSnapshots,
        Forecast,
        Loans,
        Figures,
        WeeklyDigest,
        HistoryLog,
        HistoryHeads,
        HistoryCheck,
        AccessReview,
        SavedSearches,
        GuidanceTasks,
        EndedCases,
        Retention,
        LogExports,
        Housekeeping,
    ];

    /// <summary>The job of that name, or null.</summary>
    public static JobDescription? Find(string name) => All.FirstOrDefault(job => job.Name == name);

    private static string Deadlines(string kind) => $"deadline where kind = '{kind}' and due_at <= $1";
}
