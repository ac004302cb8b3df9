using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Distribution;

internal static class DistributionPages
{
    public static void AddDistributionPages(this IServiceCollection services) => services.AddSingleton<DistributionReads>();

    public static void MapDistributionPages(this WebApplication app)
    {
        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.MapGet(
            "/offers/card",
            async (WorkflowRuntime runtime, DatabaseTime time, Person me, CancellationToken cancel) =>
            {
                var now = await time.NowAsync(cancel);
                return Html.Page(new OfferCard { Offers = await Offer.OpenOfAsync(runtime.Database, me.Id, now, cancel), Now = now });
            }
        );
        pages.MapPost(
            "/offers/{id:guid}/accept",
            async (Guid id, [FromForm] string? operation, AnswerOffer answers, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(
                    await answers.AcceptAsync(id, operation ?? Ids.Text(Ids.New(runtime.Clock.Now())), me, cancel),
                    accepted: true,
                    runtime,
                    me,
                    cancel
                )
        );
        pages.MapPost(
            "/offers/{id:guid}/decline",
            async (Guid id, [FromForm] string? reason, AnswerOffer answers, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnswerAsync(await answers.DeclineAsync(id, reason, me, cancel), accepted: false, runtime, me, cancel)
        );
        pages.MapGet(
            "/work/suggested",
            async (SuggestWork suggest, Person me, CancellationToken cancel) =>
                Html.Page(new SuggestedWork { Suggestions = await suggest.ForAsync(me, cancel: cancel) })
        );
        pages.MapGet(
            "/tasks/{id:guid}/distribution",
            async (Guid id, WorkflowRuntime runtime, UnassignableWork unassignable, Person me, CancellationToken cancel) =>
                await OfferEndpoints.DecisionsAsync(runtime, id, me, cancel) is not { } decisions
                || await TaskDetail.FindAsync(runtime, id, me, cancel) is not { } task
                    ? Results.NotFound()
                    : Html.Page(
                        new DecisionPanel
                        {
                            Decisions = decisions,
                            Now = task.State == TaskState.Ready ? await unassignable.OfTaskAsync(task.Team, id, cancel) : null,
                            Task = id,
                            Me = me.Id,
                            SeesOthers = OfferEndpoints.SeesOthers(task.Team, me),
                            MayPush = task.State == TaskState.Ready && task.Team is { } team && DistributionPolicies.MaySteer(me, team),
                        }
                    )
        );
        pages.MapPost(
            "/tasks/{id:guid}/offer",
            async (Guid id, [FromForm(Name = TaskFields.Person)] string? person, PushTask push, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await push.RunAsync(id, person, me, cancel) switch
                {
                    TaskResult.Done => Results.LocalRedirect($"/tasks/{Ids.Text(id)}"),
                    var refused => Over("The task wasn't offered", (await Refusals.OfAsync(runtime.Database, refused, me, cancel)).Detail, id, false, 409),
                }
        );
        var team = pages.MapGroup("/team/{key}/distribution");
        team.MapGet(
            "",
            async (string key, DistributionReads reads, Person me, CancellationToken cancel) =>
                await reads.FindAsync(key, me, cancel) is { } model ? Page(model) : Results.NotFound()
        );
        team.MapPost(
            "",
            async (
                string key,
                HttpRequest request,
                DistributionReads reads,
                DistributionPolicies policies,
                Replay replay,
                Person me,
                CancellationToken cancel
            ) =>
            {
                if (await reads.FindAsync(key, me, cancel) is not { } model)
                    return Results.NotFound();
                var form = await request.ReadFormAsync(cancel);
                var revision = int.TryParse(form["revision"], out var seen) ? seen : 0;
                PolicyResult result;
                switch (form["do"].ToString())
                {
                    case "mode":
                        result = await policies.SetModeAsync(key, form["mode"], me, cancel);
                        break;
                    case "publish":
                        result = await policies.PublishAsync(key, revision, form["withoutReplay"] == "true", me, cancel);
                        break;
                    case "discard":
                        result = await policies.DiscardAsync(key, revision, me, cancel);
                        break;
                    default:
                        var document = PolicyForm.Document(form);
                        var (typed, errors) = policies.Check(document, model.Team.Policy.Version);
                        if (typed is null)
                            return Page(model with { Errors = errors }, 422);
                        model = model with { Form = typed, Days = PolicyForm.Days(form) };
                        if (form["do"] == "replay")
                        {
                            var report = await replay.RunAsync(key, typed, Duration.FromDays(model.Days), cancel);
                            await policies.KeepReplayAsync(key, typed, model.Days, report, cancel);
                            var kept = (await policies.FindAsync(key, cancel))?.Draft;
                            return Page(model with { Replay = report, Team = model.Team with { Draft = kept } });
                        }

                        result = await policies.SaveDraftAsync(key, revision, document, me, cancel);
                        break;
                }

                return result switch
                {
                    PolicyResult.Done => Results.LocalRedirect($"/team/{key}/distribution"),
                    PolicyResult.Invalid invalid => Page(model with { Errors = invalid.Errors }, 422),
                    PolicyResult.Forbidden forbidden => Page(model with { Refused = forbidden.Reason }, 403),
                    PolicyResult.Stale => Page(model with { Refused = "Someone else changed the draft since you opened this page. Reload it." }, 409),
                    _ => Results.NotFound(),
                };
            }
        );
    }

    private static RazorComponentResult<DistributionPage> Page(DistributionModel model, int status = 200) =>
        Html.Page(new DistributionPage { Model = model }, status);

    private static async Task<IResult> AnswerAsync(AnswerResult result, bool accepted, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        result switch
        {
            AnswerResult.Done done => Results.LocalRedirect(accepted ? $"/tasks/{Ids.Text(done.Task.Id)}" : "/"),
            AnswerResult.Over over => Over("The offer has ended", over.Reason, over.TaskId, over.IsOpen, 409),
            AnswerResult.Refused refused => Over(
                "You can't take this task",
                (await Refusals.OfAsync(runtime.Database, refused.Why, me, cancel)).Detail,
                refused.TaskId,
                false,
                409
            ),
            AnswerResult.Invalid invalid => Over("The offer wasn't declined", invalid.Reason, null, false, 422),
            _ => Results.NotFound(),
        };

    private static RazorComponentResult<OfferOverPage> Over(string title, string reason, Guid? task, bool isOpen, int status) =>
        Html.Page(
            new OfferOverPage
            {
                Title = title,
                Reason = reason,
                Task = task,
                IsOpen = isOpen,
            },
            status
        );
}
