using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Retention;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Compliance;

/// <summary>A search to save, or a change of its name and schedule.</summary>
/// <param name="Name">At most 100 characters.</param>
/// <param name="Query">Query of a search over history, such as <c>?action=task.completed</c>. A change leaves it as it was.</param>
/// <param name="Weekday">Monday to Sunday; left out: every day.</param>
/// <param name="Time">Such as 07:00, in your time zone.</param>
public sealed record SavedSearchBody(string? Name = null, string? Query = null, string? Weekday = null, string? Time = null);

/// <summary>A saved search.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Query">What it looks for, as the query of a search.</param>
/// <param name="Weekday">Day of the week; null: every day.</param>
/// <param name="Time">Time of that day, in your time zone.</param>
/// <param name="IsPaused">Whether it is paused.</param>
/// <param name="NextAt">When it runs next.</param>
/// <param name="LastRun">Its last run, or null.</param>
public sealed record SavedSearchView(Guid Id, string Name, string Query, string? Weekday, string Time, bool IsPaused, Instant? NextAt, SearchRun? LastRun);

/// <summary>Searches over history that run by themselves; each person's own.</summary>
internal static class SearchEndpoints
{
    private static readonly LocalTimePattern Hours = LocalTimePattern.CreateWithInvariantCulture("HH:mm");

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet(
                "/searches",
                async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok((await SavedSearches.ListAsync(runtime.Database, me, cancel)).Select(View).ToList())
            )
            .WithSummary("Lists your saved searches over history");
        api.MapPost("/searches", SaveAsync)
            .WithSummary("Saves a search over history that runs every day or week and tells you what is new")
            .ProducesProblem(422);
        api.MapPut("/searches/{id:guid}", ChangeAsync)
            .WithSummary("Renames a saved search, and changes when it runs")
            .ProducesProblem(404)
            .ProducesProblem(422);
        foreach (
            var (name, summary, change) in new (string, string, Func<WorkflowRuntime, Guid, Person, CancellationToken, Task<SavedSearchResult>>)[]
            {
                ("pause", "Pauses a saved search: what happens meanwhile isn't looked at", SavedSearches.PauseAsync),
                ("resume", "Resumes a saved search", SavedSearches.ResumeAsync),
            }
        )
        {
            api.MapPost(
                    $"/searches/{{id:guid}}/{name}",
                    async Task<Results<NoContent, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                        await change(runtime, id, me, cancel) is SavedSearchResult.Done ? TypedResults.NoContent() : Problems.NotFound("search", id)
                )
                .WithSummary(summary)
                .ProducesProblem(404);
            MapPost(pages, name, change);
        }

        MapPost(pages, "remove", SavedSearches.RemoveAsync);
        api.MapDelete(
                "/searches/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await SavedSearches.RemoveAsync(runtime, id, me, cancel) is SavedSearchResult.Done
                        ? TypedResults.NoContent()
                        : Problems.NotFound("search", id)
            )
            .WithSummary("Deletes a saved search and its runs")
            .ProducesProblem(404);
        api.MapGet(
                "/searches/{id:guid}/runs",
                async Task<Results<Ok<IReadOnlyList<SearchRun>>, ProblemHttpResult>> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await SavedSearches.RunsAsync(runtime.Database, id, me, cancel) is { } runs ? TypedResults.Ok(runs) : Problems.NotFound("search", id)
            )
            .WithSummary("Lists the last 100 runs of a saved search, newest first")
            .ProducesProblem(404);
        pages.MapGet("/searches", (WorkflowRuntime runtime, Person me, CancellationToken cancel) => PageAsync(runtime, me, PostedForm.Empty, null, cancel));
        pages.MapPost(
            "/searches",
            async (IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnsweredAsync(await SaveGivenAsync(runtime, Body(form), me, cancel), form, null, runtime, me, cancel)
        );
        pages.MapPost(
            "/searches/{id:guid}",
            async (Guid id, IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await AnsweredAsync(await ChangeGivenAsync(runtime, id, Body(form), me, cancel), form, id, runtime, me, cancel)
        );
    }

    private static void MapPost(RouteGroupBuilder pages, string name, Func<WorkflowRuntime, Guid, Person, CancellationToken, Task<SavedSearchResult>> change) =>
        pages.MapPost(
            $"/searches/{{id:guid}}/{name}",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await change(runtime, id, me, cancel) is SavedSearchResult.Done ? Results.LocalRedirect("/compliance/searches") : Results.NotFound()
        );

    private static async Task<Results<Created<SavedSearchView>, ProblemHttpResult>> SaveAsync(
        SavedSearchBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await SaveGivenAsync(runtime, body, me, cancel) switch
        {
            SavedSearchResult.Done { Id: var id } => TypedResults.Created($"/api/history/searches/{Ids.Text(id)}", await ViewAsync(runtime, id, me, cancel)),
            SavedSearchResult.Invalid { Errors: var errors } => Problems.Invalid(new(errors)),
            _ => Problems.NotFound("search", Guid.Empty),
        };

    private static async Task<Results<Ok<SavedSearchView>, ProblemHttpResult>> ChangeAsync(
        Guid id,
        SavedSearchBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await ChangeGivenAsync(runtime, id, body, me, cancel) switch
        {
            SavedSearchResult.Done => TypedResults.Ok(await ViewAsync(runtime, id, me, cancel)),
            SavedSearchResult.Invalid { Errors: var errors } => Problems.Invalid(new(errors)),
            _ => Problems.NotFound("search", id),
        };

    private static async Task<SavedSearchResult> SaveGivenAsync(WorkflowRuntime runtime, SavedSearchBody body, Person me, CancellationToken cancel)
    {
        var (plan, errors) = Plan(body);
        var (filter, wrong) = (HistoryQuery.Of(body.Query) with { From = null, To = null, Cursor = null }).Read(runtime.Clock.Now());
        if (wrong.Count > 0)
            errors["query"] = [string.Join("; ", wrong.Select(error => $"{error.Key} {error.Value[0]}"))];
        return errors.Count > 0 ? new SavedSearchResult.Invalid(errors) : await SavedSearches.SaveAsync(runtime, filter, plan, me, cancel);
    }

    private static async Task<SavedSearchResult> ChangeGivenAsync(WorkflowRuntime runtime, Guid id, SavedSearchBody body, Person me, CancellationToken cancel)
    {
        var (plan, errors) = Plan(body);
        return errors.Count > 0 ? new SavedSearchResult.Invalid(errors) : await SavedSearches.ChangeAsync(runtime, id, plan, me, cancel);
    }

    private static (SearchPlan Plan, Dictionary<string, string[]> Errors) Plan(SavedSearchBody body)
    {
        var errors = new Dictionary<string, string[]>();
        IsoDayOfWeek? weekday = string.IsNullOrWhiteSpace(body.Weekday) ? null : Given.Name<IsoDayOfWeek>(body.Weekday) ?? IsoDayOfWeek.None;
        if (weekday == IsoDayOfWeek.None)
            errors["weekday"] = ["must be a day of the week, such as Monday"];
        LocalTime? time = null;
        if (!string.IsNullOrWhiteSpace(body.Time))
        {
            if (Hours.Parse(body.Time.Trim()) is { Success: true, Value: var at })
                time = at;
            else
                errors["time"] = ["must be a time such as 07:00"];
        }

        return (new(body.Name, weekday, time), errors);
    }

    private static SavedSearchBody Body(IFormCollection form) => new(form["name"], form["query"], form["weekday"], form["time"]);

    private static async Task<IResult> AnsweredAsync(
        SavedSearchResult result,
        IFormCollection form,
        Guid? changed,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        result switch
        {
            SavedSearchResult.Done => Results.LocalRedirect("/compliance/searches"),
            SavedSearchResult.Invalid invalid => await PageAsync(runtime, me, PostedForm.Of(form, invalid.Errors), changed, cancel),
            _ => Results.NotFound(),
        };

    private static async Task<IResult> PageAsync(WorkflowRuntime runtime, Person me, PostedForm form, Guid? changed, CancellationToken cancel) =>
        Html.Page(
            new SavedSearchesPage
            {
                Searches = await SavedSearches.ListAsync(runtime.Database, me, cancel),
                Zone = (await NotificationPreferences.OfAsync(runtime.Database, me.Id, cancel)).TimeZone,
                Form = form,
                Changed = changed,
            },
            form.Errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );

    private static async Task<SavedSearchView?> ViewAsync(WorkflowRuntime runtime, Guid id, Person me, CancellationToken cancel) =>
        (await SavedSearches.ListAsync(runtime.Database, me, cancel)).Where(search => search.Id == id).Select(View).FirstOrDefault();

    private static SavedSearchView View(SavedSearch search) =>
        new(
            search.Id,
            search.Name,
            search.Filter.Address,
            search.Weekday?.ToString(),
            search.Time.ToString("HH:mm", CultureInfo.InvariantCulture),
            search.NextAt is null,
            search.NextAt,
            search.LastRun
        );
}
