using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Administration;

/// <summary>A recurring job as the API tells of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Description">What the job does.</param>
/// <param name="Schedule">When it looks for work: cron with six fields, seconds first, UTC.</param>
/// <param name="State">Scheduled, Paused or Error (it could not be scheduled).</param>
/// <param name="LastRunAt">When a host last ran it.</param>
/// <param name="NextRunAt">When it looks next.</param>
/// <param name="Due">What is waiting for it; null if the job has no queue.</param>
/// <param name="LagSeconds">How long the oldest of that has been waiting.</param>
public sealed record JobView(
    string Name,
    string Title,
    string Description,
    string Schedule,
    string State,
    Instant? LastRunAt,
    Instant? NextRunAt,
    long? Due,
    double? LagSeconds
);

/// <summary>Which of them, and why.</summary>
/// <param name="Ids">At most 500.</param>
/// <param name="Reason">Why; needed to discard.</param>
public sealed record EffectsBody(IReadOnlyList<Guid>? Ids, string? Reason = null);

/// <summary>What became of one of many.</summary>
/// <param name="Id">Which.</param>
/// <param name="Done">Whether it was done.</param>
/// <param name="Problem">Why not.</param>
public sealed record EffectAnswer(Guid Id, bool Done, string? Problem);

internal static class JobEndpoints
{
    private const int Most = 500;

    public static void MapJobs(this WebApplication app)
    {
        var jobs = app.MapGroup("/api/jobs").WithTags("Jobs").RequireAuthorization(Permissions.OperateJobs);
        jobs.MapGet("", async (JobDesk desk, CancellationToken cancel) => TypedResults.Ok((await desk.ListAsync(cancel)).Select(View)))
            .WithSummary("Lists recurring jobs and their backlogs; run history is in the dashboard at /jobs");
        jobs.MapPost(
                "/{name}/pause",
                (string name, JobDesk desk, Person me, CancellationToken cancel) => ActAsync(name, desk.PauseAsync(name, me.UserName, cancel: cancel))
            )
            .WithSummary("Pauses a job on all hosts")
            .ProducesProblem(404);
        jobs.MapPost(
                "/{name}/resume",
                (string name, JobDesk desk, Person me, CancellationToken cancel) => ActAsync(name, desk.ResumeAsync(name, me.UserName, cancel))
            )
            .WithSummary("Resumes a paused job")
            .ProducesProblem(404);
        jobs.MapGet(
                "/failing-rows",
                async (WorkflowRuntime runtime, CancellationToken cancel) => TypedResults.Ok(await JobQueries.FailingAsync(runtime.Database, Most, cancel))
            )
            .WithSummary("Lists deadlines and stimuli that failed and are being retried");
        jobs.MapPost(
                "/failing-rows/{id:guid}/retry",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, JobDesk desk, Person me, CancellationToken cancel) =>
                    await desk.RetryAsync(id, me.UserName, cancel) ? TypedResults.NoContent() : Problems.NotFound("failing row", id)
            )
            .WithSummary("Retries a failing row now")
            .ProducesProblem(404);

        var effects = app.MapGroup("/api/effects").WithTags("Jobs").RequireAuthorization(Permissions.OperateJobs);
        effects
            .MapGet(
                "",
                async (WorkflowRuntime runtime, CancellationToken cancel, bool dead = true) =>
                    TypedResults.Ok(await DeadEffects.ListAsync(runtime, dead, Most, cancel))
            )
            .WithSummary("Lists dead letters or, with dead=false, effects that are being retried");
        effects
            .MapPost(
                "/retry",
                (EffectsBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    EachAsync(body, needsReason: false, id => DeadEffects.RetryAsync(runtime, id, me.UserName, cancel))
            )
            .WithSummary("Retries dead letters with the same idempotency keys; returns a result for each")
            .ProducesProblem(422);
        effects
            .MapPost(
                "/discard",
                (EffectsBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    EachAsync(body, needsReason: true, id => DeadEffects.DiscardAsync(runtime, id, body.Reason!, me.UserName, cancel))
            )
            .WithSummary("Discards dead letters; returns a result for each")
            .ProducesProblem(422);

        var pages = app.MapGroup("/administration/jobs").RequireAuthorization(Permissions.OperateJobs).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (JobDesk desk, WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, CancellationToken cancel) =>
                Html.Page(new JobsPage { Jobs = await ReadAsync(desk, runtime, serviceLevels, cancel) })
        );
        pages.MapPost(
            "/{name}/{verb:regex(^(pause|resume)$)}",
            async (string name, string verb, JobDesk desk, Person me, CancellationToken cancel) =>
                await (verb == "pause" ? desk.PauseAsync(name, me.UserName, cancel: cancel) : desk.ResumeAsync(name, me.UserName, cancel))
                    ? Results.LocalRedirect("/administration/jobs")
                    : Results.NotFound()
        );
        pages.MapPost(
            "/rows/{id:guid}/retry",
            async (Guid id, JobDesk desk, Person me, CancellationToken cancel) =>
            {
                // A row that is gone has been handled, which is the desired result.
                await desk.RetryAsync(id, me.UserName, cancel);
                return Results.LocalRedirect("/administration/jobs");
            }
        );
        pages.MapPost(
            "/effects/{id:guid}/retry",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                await DeadEffects.RetryAsync(runtime, id, me.UserName, cancel);
                return Results.LocalRedirect("/administration/jobs");
            }
        );
        pages.MapPost(
            "/effects/{id:guid}/discard",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                await DeadEffects.DiscardAsync(runtime, id, "Discarded on the jobs page.", me.UserName, cancel);
                return Results.LocalRedirect("/administration/jobs");
            }
        );
    }

    private static async Task<JobsView> ReadAsync(JobDesk desk, WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, CancellationToken cancel) =>
        new(
            await desk.ListAsync(cancel),
            await JobQueries.FailingAsync(runtime.Database, 50, cancel),
            await DeadEffects.ListAsync(runtime, dead: true, 50, cancel),
            await DeadEffects.ListAsync(runtime, dead: false, 50, cancel),
            serviceLevels.Unreadable
        );

    private static JobView View(JobStatus status) =>
        new(
            status.Job.Name,
            status.Job.Title,
            status.Job.Description,
            status.Job.Cron,
            status.Pause is not null ? "Paused"
                : status.Error is not null ? "Error"
                : "Scheduled",
            status.LastRunAt,
            status.NextRunAt,
            status.Backlog?.Due,
            status.Backlog?.Lag.TotalSeconds
        );

    private static async Task<Results<NoContent, ProblemHttpResult>> ActAsync(string name, Task<bool> act) =>
        await act ? TypedResults.NoContent() : Problems.NotFound("job", name);

    private static async Task<Results<Ok<List<EffectAnswer>>, ProblemHttpResult>> EachAsync(EffectsBody body, bool needsReason, Func<Guid, Task<bool>> act)
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Ids is not { Count: > 0 and <= Most })
            errors["ids"] = [$"must contain 1 to {Most} effects"];
        if (needsReason && string.IsNullOrWhiteSpace(body.Reason))
            errors["reason"] = ["is required: discarded messages are never delivered"];
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        var answers = new List<EffectAnswer>();
        foreach (var id in body.Ids!.Distinct())
        {
            var done = await act(id);
            answers.Add(new(id, done, done ? null : "Dead letter not found."));
        }

        return TypedResults.Ok(answers);
    }
}

/// <summary>The data of the jobs page.</summary>
public sealed record JobsView(
    IReadOnlyList<JobStatus> Jobs,
    IReadOnlyList<FailingRow> Failing,
    IReadOnlyList<EffectRow> Dead,
    IReadOnlyList<EffectRow> Trying,
    IReadOnlyList<UnreadableSetting> Unreadable
);
