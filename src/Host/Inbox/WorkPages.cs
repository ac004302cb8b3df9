using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Away;
using Orchestration.Host.Filters;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Inbox;

internal static class WorkPages
{
    /// <summary>How far “due soon” looks ahead. Not “today”: the server does not know where the reader's day ends.</summary>
    private static readonly Duration Soon = Duration.FromHours(24);

    private const int Most = 50;

    private static readonly Page<TaskSummary> None = new([], null);

    public static void MapInbox(this WebApplication app)
    {
        app.MapGet(
                "/",
                async (
                    string? q,
                    string? journey,
                    string? show,
                    string? sort,
                    Guid? done,
                    int? did,
                    bool? nothing,
                    WorkflowRuntime runtime,
                    Substitutions substitutions,
                    Person me,
                    CancellationToken cancel
                ) =>
                    Html.Page(
                        new WorkPage
                        {
                            Work = await ReadAsync(runtime, new(q, journey, show, sort), me, cancel),
                            Me = me,
                            Done = await DoneStep.FindAsync(runtime, done, me, cancel),
                            Did = did,
                            Nothing = nothing == true,
                            Away = (await substitutions.ListAsync(me, cancel)).FirstOrDefault(one =>
                                one.Person == me.UserName && one.From <= runtime.Clock.Now()
                            ),
                        }
                    )
            )
            .ExcludeFromDescription();
        app.MapGet(
                "/work",
                async (string? q, string? journey, string? show, string? sort, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    Html.Page(new WorkList { Work = await ReadAsync(runtime, new(q, journey, show, sort), me, cancel) })
            )
            .ExcludeFromDescription();
        app.MapGet(
                "/work/beside",
                async (string? q, string? journey, string? show, string? sort, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    Html.Page(new BesideList { Work = await ReadAsync(runtime, new(q, journey, show, sort), me, cancel) })
            )
            .ExcludeFromDescription();
        app.MapPost(
                "/work/next",
                async ([FromForm] string? operation, TaskRuntime tasks, Person me, CancellationToken cancel) =>
                    await NextTask.TakeAsync(tasks, string.IsNullOrEmpty(operation) ? Ids.Text(Ids.New(tasks.Runtime.Clock.Now())) : operation, me, cancel)
                        is { } next
                        ? Results.LocalRedirect($"/tasks/{Ids.Text(next)}")
                        : Results.LocalRedirect("/?nothing=true")
            )
            .ExcludeFromDescription();
    }

    private static async Task<MyWork> ReadAsync(WorkflowRuntime runtime, WorkFilter filter, Person me, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        var database = runtime.Database;
        var mine = new TaskFilter
        {
            View = "mine",
            Journey = NullIfEmpty(filter.Journey),
            Search = filter.Q,
            Overdue = filter.Show is "overdue" or "soon" ? filter.Show == "overdue" : null,
            DueBefore = filter.Show == "soon" ? now + Soon : null,
            Sort = TaskOrder.Of(filter.Sort),
            Limit = Most,
        };

        // At once, each on a connection of its own: nothing of one depends on the others.
        var count = TaskList.CountAsync(database, me, now + Soon, now, cancel);
        var own = filter.Show == "open" ? Task.FromResult(None) : TaskList.ReadAsync(database, mine, me, now, cancel);
        var open = filter.Show is "overdue" or "soon" ? Task.FromResult(None) : TaskList.ReadAsync(database, mine with { View = "open" }, me, now, cancel);
        await Task.WhenAll(count, own, open);
        return new(
            await count,
            await own,
            await open,
            (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).ToDictionary(j => j.Id, j => j.Name),
            (await TeamQueries.ListAsync(database, cancel)).ToDictionary(t => t.Key, t => t.Title),
            filter,
            now,
            me.Id
        )
        {
            Saved = await SavedFilters.ListAsync(database, me, FilterPages.Work, cancel),
        };
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
