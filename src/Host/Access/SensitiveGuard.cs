using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Access;

/// <summary>Why someone opens a sensitive record.</summary>
/// <param name="Kind">What is to be opened: `customer`, `case` or `task`.</param>
/// <param name="Id">Its id.</param>
/// <param name="Why">One of `customer-asked`, `case-work`, `complaint`, `review`, `other`.</param>
/// <param name="Text">In words; required for `other`.</param>
public sealed record AccessReasonBody(string? Kind, Guid? Id, string? Why, string? Text = null);

/// <summary>Until when the reason holds.</summary>
public sealed record ReasonAnswer(Guid Customer, Instant Until);

/// <summary>
/// An endpoint whose verb asks itself (<see cref="Workflows.Tasks.TaskRequest.AsksForReason"/>), in the round trip that reads the task: for the
/// most frequent verbs, which would otherwise take one round trip more. A reason that comes with the request is still taken by the guard.
/// </summary>
internal sealed record AsksForReason;

/// <summary>
/// Asks for a reason before a sensitive customer, their cases or tasks are opened: a rule for all endpoints below these, so that none can forget it. The
/// reason is written to the access log and holds for that person and customer for <see cref="SensitiveCustomers.Holds"/>.
/// </summary>
internal static partial class SensitiveGuard
{
    /// <summary>Programs send the reason here.</summary>
    public const string Header = "X-Access-Reason";

    private const string Detail = "This record is sensitive. Say why you open it: the reason is written to the access log.";
    internal const string Code = "reason-required";
    internal const string Title = "A reason is required";
    internal const string Advice = $"{Detail} Send it in the header {Header}, or to /api/access-reasons.";
    private const int MostText = 400;

    /// <summary>What people choose from.</summary>
    public static readonly IReadOnlyList<(string Key, string Title)> Reasons =
    [
        ("customer-asked", "The customer asked for something"),
        ("case-work", "I work on one of their cases"),
        ("complaint", "A complaint"),
        ("review", "Review or audit"),
        ("other", "Something else"),
    ];

    /// <summary>Comes after sign-in, and before what is opened is logged.</summary>
    public static void UseSensitiveGuard(this WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                if (
                    context.User.Identity is not PersonIdentity who
                    || context.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route } endpoint
                    || Subject(route, context) is not var (kind, id, number)
                    || (endpoint.Metadata.GetMetadata<AsksForReason>() is not null && !context.Request.Headers.ContainsKey(Header))
                    || await FindAsync(context, kind, id, number, who.Person) is not { } record
                )
                {
                    await next(context);
                    return;
                }

                if (!context.Request.IsOfPages() && context.Request.Headers[Header].ToString().Trim() is { Length: > 0 } given)
                {
                    if (Wrong(given) is { } wrong)
                    {
                        await Problems.Invalid(new() { [Header] = [wrong] }).ExecuteAsync(context);
                        return;
                    }

                    await WriteAsync(context, who, record, given);
                    await next(context);
                    return;
                }

                await AskAsync(context, kind, id, record);
            }
        );

    public static void MapReasons(this WebApplication app)
    {
        app.MapPost("/api/access-reasons", GiveAsync)
            .WithTags("Customers")
            .WithSummary("Gives a reason for opening a sensitive customer, case or task")
            .WithDescription(
                $"Needed after a 403 `reason-required`; holds for you and this customer for {SensitiveCustomers.Holds.TotalHours} hours. A request can also "
                    + $"carry the reason in the header `{Header}`. Who has an open task or offer there, or had a contact, needs none."
            )
            .ProducesProblem(404)
            .ProducesProblem(422);
        app.MapPost("/access-reasons", PostAsync).ExcludeFromDescription();
    }

    /// <summary>What an endpoint shows, by its route.</summary>
    private static (string Kind, Guid? Id, string? Number)? Subject(string route, HttpContext context)
    {
        if (route == "/api/customers/by-number/{number}")
            return ("number", null, context.GetRouteValue("number")?.ToString());
        if (Routes().Match(route) is not { Success: true } match || !Guid.TryParse(context.GetRouteValue("id")?.ToString(), out var id))
            return null;
        return (match.Groups[1].Value.TrimEnd('s'), id, null);
    }

    private static Task<GuardedRecord?> FindAsync(HttpContext context, string kind, Guid? id, string? number, Person person)
    {
        var runtime = context.RequestServices.GetRequiredService<WorkflowRuntime>();
        return SensitiveCustomers.GuardedAsync(runtime.Database, kind, id, number, person, runtime.Clock.Now(), context.RequestAborted);
    }

    /// <summary>What programs are answered that gave no reason.</summary>
    internal static ProblemHttpResult ReasonRequired(GuardedRecord record) => Problems.Of(StatusCodes.Status403Forbidden, Code, Title, Advice, Facts(record));

    private static Task AskAsync(HttpContext context, string kind, Guid? id, GuardedRecord record)
    {
        if (ApiSurface.Of(context.Request) is not null)
            return ReasonRequired(record).ExecuteAsync(context);
        if (context.Request.IsFragment() || !HttpMethods.IsGet(context.Request.Method) && !context.Request.IsPage())
            return ErrorHandling.WriteAsync(context, StatusCodes.Status403Forbidden, Title, $"{Detail} Reload the page.");
        var (of, subject) = id is { } known ? (kind, known) : ("customer", record.Id);
        return Html.Page(
                new ReasonPage
                {
                    Kind = of,
                    Id = subject,
                    Record = record,
                    To = HttpMethods.IsGet(context.Request.Method) ? $"{context.Request.Path}{context.Request.QueryString}" : $"/{of}s/{Ids.Text(subject)}",
                },
                StatusCodes.Status403Forbidden
            )
            .ExecuteAsync(context);
    }

    private static async Task<Results<Ok<ReasonAnswer>, ProblemHttpResult>> GiveAsync(AccessReasonBody body, HttpContext context)
    {
        var who = PersonIdentity.Of(context.User);
        var errors = new Dictionary<string, string[]>();
        if (body.Kind is not ("customer" or "case" or "task"))
            errors["kind"] = ["must be customer, case or task"];
        if (body.Id is null)
            errors["id"] = ["is required"];
        var reason = Read(body.Why, body.Text, errors);
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        if (await FindAsync(context, body.Kind!, body.Id, null, who.Person) is not { } record)
            return Problems.Of(
                404,
                "not-found",
                "Nothing to give a reason for",
                "There is no such record, you don't have access to it, or you can open it already."
            );
        var now = await WriteAsync(context, who, record, reason!);
        return TypedResults.Ok(new ReasonAnswer(record.Id, now + SensitiveCustomers.Holds));
    }

    private static async Task<IResult> PostAsync(IFormCollection form, HttpContext context)
    {
        var who = PersonIdentity.Of(context.User);
        var (kind, to) = (form["kind"].ToString(), Requests.LocalOr(form["to"].ToString(), "/"));
        if (kind is not ("customer" or "case" or "task") || !Guid.TryParse(form["id"], out var id))
            return Results.NotFound();
        if (await FindAsync(context, kind, id, null, who.Person) is not { } record)
            return Results.LocalRedirect(to);
        var errors = new Dictionary<string, string[]>();
        if (Read(form["why"], form["text"], errors) is { } reason && errors.Count == 0)
        {
            await WriteAsync(context, who, record, reason);
            return Results.LocalRedirect(to);
        }

        return Html.Page(
            new ReasonPage
            {
                Kind = kind,
                Id = id,
                Record = record,
                To = to,
                Why = form["why"].ToString(),
                Text = form["text"].ToString(),
                Errors = errors,
            },
            StatusCodes.Status422UnprocessableEntity
        );
    }

    internal static (string Name, object? Value)[] Facts(GuardedRecord record) =>
        [("customer", record.Id), ("reasons", Reasons.Select(reason => reason.Key)), ("header", Header)];

    private static string? Read(string? why, string? text, Dictionary<string, string[]> errors)
    {
        text = text?.Trim() ?? "";
        var title = Reasons.FirstOrDefault(reason => reason.Key == why).Title;
        if (title is null)
            errors["why"] = [$"must be one of {string.Join(", ", Reasons.Select(reason => reason.Key))}"];
        if (why == "other" && text.Length == 0)
            errors["text"] = ["is required"];
        else if (text.Length > 0 && Wrong(text) is { } wrong)
            errors["text"] = [wrong];
        return text.Length == 0 ? title : $"{title}: {text}";
    }

    private static string? Wrong(string text) =>
        text.Length is < 3 or > MostText ? $"must have 3 to {MostText} characters"
        : WorkflowData.Unfit(text) is { } unfit ? unfit
        : text.Any(char.IsControl) ? "must be one line of text"
        : null;

    /// <summary>Before anything of the record is shown.</summary>
    private static async Task<Instant> WriteAsync(HttpContext context, PersonIdentity who, GuardedRecord record, string reason)
    {
        var services = context.RequestServices;
        var now = services.GetRequiredService<IClock>().Now();
        await services
            .GetRequiredService<AccessLog>()
            .WriteNowAsync(
                new(
                    now,
                    who.Person.Id,
                    "customer",
                    record.Id,
                    "",
                    AccessLogging.Address(context.Connection.RemoteIpAddress),
                    who.Session,
                    context.Request.IsOfPages() ? HistorySource.Page : HistorySource.Api,
                    reason
                ),
                CancellationToken.None
            );
        return now;
    }

    [GeneratedRegex(
        @"^(?:/api|/compliance|/compliance/erasures|/api/history)?/(customers|cases|tasks)/\{id(?::guid)?\}|^/guidance/of-(?<1>customer)/\{id:guid\}"
    )]
    private static partial Regex Routes();
}
