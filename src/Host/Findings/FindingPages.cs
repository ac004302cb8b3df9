using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Retention;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Findings;

/// <summary>The pages of findings.</summary>
internal static class FindingPages
{
    public const string Unpublished = "The journey “finding” isn't published, so no one would get it. Ask an administrator to publish it.";
    private const int PageSize = 50;

    public static void Map(WebApplication app)
    {
        var pages = app.MapGroup("/compliance/findings").RequireAuthorization(Permissions.ReviewHistory).ExcludeFromDescription();
        pages.MapGet("", ListAsync);
        pages.MapGet("/new", NewAsync);
        pages.MapPost("", RecordAsync);
        app.MapGet("/findings/{id:guid}", PageAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> ListAsync([AsParameters] FindingQuery query, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var (filter, errors) = query.Read(PageSize);
        return Html.Page(
            new FindingsPage
            {
                Query = query,
                Errors = errors,
                Counts = await FindingQueries.CountAsync(runtime, cancel),
                Page = errors.Count > 0 ? new([], null) : await FindingQueries.ListAsync(runtime, filter, cancel),
                Teams = await TeamQueries.ListAsync(runtime.Database, cancel),
            },
            errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static Task<IResult> NewAsync(HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel) =>
        FormAsync(
            runtime,
            new(request.Query.ToDictionary(q => q.Key, q => q.Value.ToString()), new Dictionary<string, string[]>()),
            StatusCodes.Status200OK,
            cancel
        );

    private static async Task<IResult> RecordAsync(IFormCollection form, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        int? number = null;
        if (form["event"].ToString() is { Length: > 0 } text)
        {
            if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var given))
                number = given;
            else
                errors["event"] = ["must be the number of an event"];
        }

        var body = new FindingBody(
            form["title"],
            form["body"],
            form["severity"],
            Given.Id(form["case"], "case", errors),
            form["reference"],
            form["step"],
            number,
            form["person"],
            form["search"],
            form["team"],
            form["owner"],
            form["due"]
        );
        var result = errors.Count > 0 ? new FindingResult.Invalid(errors) : await FindingEndpoints.RecordGivenAsync(runtime, body, me, cancel);
        return result switch
        {
            FindingResult.Done done => Results.LocalRedirect($"/findings/{Ids.Text(done.Id)}"),
            FindingResult.Invalid invalid => await FormAsync(runtime, PostedForm.Of(form, invalid.Errors), StatusCodes.Status422UnprocessableEntity, cancel),
            _ => await FormAsync(
                runtime,
                PostedForm.Of(form, new Dictionary<string, string[]> { [""] = [Unpublished] }),
                StatusCodes.Status409Conflict,
                cancel
            ),
        };
    }

    private static async Task<IResult> FormAsync(WorkflowRuntime runtime, PostedForm form, int status, CancellationToken cancel)
    {
        var about = await FindingQueries.SubjectAsync(runtime.Database, form["case"], cancel);
        return Html.Page(
            new FindingEditPage
            {
                Form = form,
                About = about,
                Steps = about is { } known ? await FindingQueries.StepsAsync(runtime.Database, known.Id, cancel) : [],
                Teams = await TeamQueries.ListAsync(runtime.Database, cancel),
                People = await TeamQueries.EveryoneAsync(runtime.Database, cancel),
            },
            status
        );
    }

    private static async Task<IResult> PageAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await FindingQueries.FindAsync(runtime, id, me, cancel) is { } finding
            ? Html.Page(
                new FindingPage
                {
                    Finding = finding,
                    Answers = await FindingQueries.AnswersAsync(runtime.Database, id, cancel),
                    Opens = await FindingQueries.TasksAsync(runtime, id, me, cancel),
                    Reviews = me.May(Permissions.ReviewHistory),
                }
            )
            : Results.NotFound();
}
