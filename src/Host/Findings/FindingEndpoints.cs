using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Retention;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Findings;

/// <summary>A finding to record.</summary>
/// <param name="Title">One line.</param>
/// <param name="Body">What is wrong. Its owner reads it, whether they see the case or not: name no customer.</param>
/// <param name="Severity">Low, Medium or High.</param>
/// <param name="Case">Id of the case it is about.</param>
/// <param name="Reference">Its reference, instead of its id.</param>
/// <param name="Step">Id of a step of the case.</param>
/// <param name="Event">Number of an event of the case.</param>
/// <param name="Person">User name of the person it is about.</param>
/// <param name="Search">Query of a search over history that it is about, such as <c>?action=task.completed</c>.</param>
/// <param name="Team">Key of the team that remedies it; or:</param>
/// <param name="Owner">user name of the person who does.</param>
/// <param name="Due">Last day, such as 2026-12-31, in your time zone.</param>
public sealed record FindingBody(
    string? Title = null,
    string? Body = null,
    string? Severity = null,
    Guid? Case = null,
    string? Reference = null,
    string? Step = null,
    int? Event = null,
    string? Person = null,
    string? Search = null,
    string? Team = null,
    string? Owner = null,
    string? Due = null
);

/// <summary>A finding with what its owner answered and reviewers decided.</summary>
public sealed record FindingView(ReviewFinding Finding, IReadOnlyList<FindingAnswer> Answers);

/// <summary>Which findings, as an address says it.</summary>
/// <param name="State">One or more states, with commas.</param>
/// <param name="Severity">Low, Medium or High.</param>
/// <param name="Team">Key of the team that remedies them.</param>
/// <param name="Owner">User name of the person who remedies them.</param>
/// <param name="Case">Reference or id of a case.</param>
/// <param name="Overdue">Only those that should be remedied by now.</param>
/// <param name="Cursor">Where the page before ended.</param>
public sealed record FindingQuery(
    string? State = null,
    string? Severity = null,
    string? Team = null,
    string? Owner = null,
    string? Case = null,
    bool? Overdue = null,
    string? Cursor = null
)
{
    /// <summary>Whether anything is asked for.</summary>
    internal bool IsOn => new[] { State, Severity, Team, Owner, Case }.Any(text => !string.IsNullOrWhiteSpace(text)) || Overdue == true;

    /// <summary>The query of an address with these parameters, with its question mark.</summary>
    internal string Address =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["state"] = State,
                    ["severity"] = Severity,
                    ["team"] = Team,
                    ["owner"] = Owner,
                    ["case"] = Case,
                    ["overdue"] = Overdue == true ? "true" : null,
                    ["cursor"] = Cursor,
                }.Where(p => !string.IsNullOrWhiteSpace(p.Value))
            )
            .ToString();

    /// <summary>The filter, with what is wrong with it by field.</summary>
    internal (FindingFilter Filter, Dictionary<string, string[]> Errors) Read(int limit)
    {
        var errors = new Dictionary<string, string[]>();
        Problems.CheckPage(Cursor, limit, errors, out var before);
        List<FindingState>? states = null;
        foreach (var text in State?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            if (Given.Name<FindingState>(text) is { } state)
                (states ??= []).Add(state);
            else
                errors["state"] = [$"must be of {string.Join(", ", Enum.GetNames<FindingState>())}"];
        }

        var severity = string.IsNullOrWhiteSpace(Severity) ? null : Given.Name<FindingSeverity>(Severity);
        if (severity is null && !string.IsNullOrWhiteSpace(Severity))
            errors["severity"] = [FindingEndpoints.Severities];
        var filter = new FindingFilter
        {
            States = states,
            Severity = severity,
            Team = Blank(Team),
            Owner = Blank(Owner),
            Case = Blank(Case),
            Overdue = Overdue == true,
            Before = before,
            Limit = limit,
        };
        return (filter, errors);
    }

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <summary>Findings of reviewers, and the way to record one.</summary>
internal static class FindingEndpoints
{
    public const string Severities = "must be Low, Medium or High";
    private const int PageSize = 50;

    public static void MapFindings(this WebApplication app)
    {
        var api = app.MapGroup("/api/findings").WithTags("Findings");
        api.MapGet("", ListAsync).RequireAuthorization(Permissions.ReviewHistory).WithSummary("Lists findings, newest first").ProducesProblem(422);
        api.MapGet("/counts", async (WorkflowRuntime runtime, CancellationToken cancel) => TypedResults.Ok(await FindingQueries.CountAsync(runtime, cancel)))
            .RequireAuthorization(Permissions.ReviewHistory)
            .WithSummary("Counts findings: open, being worked on, to accept, overdue and settled");
        api.MapPost("", RecordAsync)
            .RequireAuthorization(Permissions.ReviewHistory)
            .WithSummary("Records a finding: a task of the person or team that remedies it, then one of a reviewer who had no part in that")
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapGet("/{id:guid}", FindAsync)
            .WithSummary("Gets a finding, for reviewers and the people who see its tasks")
            .WithDescription("`about` is left out for people who see neither the case nor history.")
            .ProducesProblem(404);
        FindingPages.Map(app);
    }

    private static async Task<Results<Ok<Page<ReviewFinding>>, ProblemHttpResult>> ListAsync(
        [AsParameters] FindingQuery query,
        WorkflowRuntime runtime,
        CancellationToken cancel,
        int limit = PageSize
    )
    {
        var (filter, errors) = query.Read(limit);
        return errors.Count > 0 ? Problems.Invalid(errors) : TypedResults.Ok(await FindingQueries.ListAsync(runtime, filter, cancel));
    }

    private static async Task<Results<Created<ReviewFinding>, ProblemHttpResult>> RecordAsync(
        FindingBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        await RecordGivenAsync(runtime, body, me, cancel) switch
        {
            FindingResult.Done { Id: var id } => TypedResults.Created($"/api/findings/{Ids.Text(id)}", await FindingQueries.FindAsync(runtime, id, me, cancel)),
            FindingResult.Invalid { Errors: var errors } => Problems.Invalid(new(errors)),
            _ => Problems.Of(409, "journey-not-published", "The finding can't be recorded", FindingPages.Unpublished),
        };

    private static async Task<Results<Ok<FindingView>, ProblemHttpResult>> FindAsync(Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await FindingQueries.FindAsync(runtime, id, me, cancel) is { } finding
            ? TypedResults.Ok(new FindingView(finding, await FindingQueries.AnswersAsync(runtime.Database, id, cancel)))
            : Problems.NotFound("finding", id);

    /// <summary>Records what a program or a form sent.</summary>
    internal static async Task<FindingResult> RecordGivenAsync(WorkflowRuntime runtime, FindingBody body, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var due = Given.Day(body.Due, "due", errors);
        var severity = Given.Name<FindingSeverity>(body.Severity ?? "");
        if (severity is null)
            errors["severity"] = [Severities];
        return errors.Count > 0
            ? new FindingResult.Invalid(errors)
            : await RecordFinding.RunAsync(
                runtime,
                new(
                    body.Title,
                    body.Body,
                    severity!.Value,
                    new(body.Case, body.Step, body.Event, body.Person, body.Search) { Reference = body.Case is null ? body.Reference : null },
                    body.Team,
                    body.Owner,
                    due
                ),
                me,
                cancel
            );
    }
}
