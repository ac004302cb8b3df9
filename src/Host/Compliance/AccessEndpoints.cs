using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Compliance;

/// <summary>Which openings, as an address says it.</summary>
/// <param name="Person">User name of who opened.</param>
/// <param name="Customer">Number of a customer: their record and all of their cases.</param>
/// <param name="Case">Reference of a case: it, its tasks and its files.</param>
/// <param name="Kind">customer, case, task, document, search or export.</param>
/// <param name="From">A day.</param>
/// <param name="To">A day, which counts wholly.</param>
/// <param name="Flagged">Only what a rule found unusual.</param>
/// <param name="Reason">Only those with a reason, of sensitive customers.</param>
/// <param name="Cursor">Where the page before ended.</param>
public sealed record AccessQuery(
    string? Person = null,
    string? Customer = null,
    string? Case = null,
    string? Kind = null,
    string? From = null,
    string? To = null,
    bool? Flagged = null,
    bool? Reason = null,
    string? Cursor = null
)
{
    internal bool IsOn => Flagged == true || Reason == true || new[] { Person, Customer, Case, Kind, From, To }.Any(text => !string.IsNullOrWhiteSpace(text));

    internal string Address =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["person"] = Person,
                    ["customer"] = Customer,
                    ["case"] = Case,
                    ["kind"] = Kind,
                    ["from"] = From,
                    ["to"] = To,
                    ["flagged"] = Flagged == true ? "true" : null,
                    ["reason"] = Reason == true ? "true" : null,
                    ["cursor"] = Cursor,
                }.Where(p => !string.IsNullOrWhiteSpace(p.Value))
            )
            .ToString();
}

/// <summary>Who opened what, for compliance.</summary>
internal static class AccessEndpoints
{
    private const int PageSize = 50;

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/access", ListAsync).WithSummary("Lists who opened which customer, case, task, file, search or export, newest first").ProducesProblem(422);
        api.MapGet(
                "/sensitive-customers",
                async (WorkflowRuntime runtime, CancellationToken cancel) => TypedResults.Ok(await SensitiveCustomers.ListAsync(runtime.Database, cancel))
            )
            .WithSummary("Lists sensitive customers, the newest mark first, at most 1,000");
        pages.MapGet(
            "/access",
            async ([AsParameters] AccessQuery query, WorkflowRuntime runtime, AccessLog log, CancellationToken cancel) =>
            {
                var (filter, errors) = Read(query, PageSize);
                await log.FlushAsync(cancel);
                return Html.Page(
                    new AccessPage
                    {
                        Query = query,
                        Errors = errors,
                        Page = errors.Count > 0 ? new([], null) : await AccessQueries.ListAsync(runtime.Database, filter, cancel),
                        Sensitive = await SensitiveCustomers.ListAsync(runtime.Database, cancel),
                        People = await TeamQueries.EveryoneAsync(runtime.Database, cancel),
                    },
                    errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
                );
            }
        );
    }

    private static async Task<Results<Ok<Page<AccessRow>>, ProblemHttpResult>> ListAsync(
        [AsParameters] AccessQuery query,
        WorkflowRuntime runtime,
        AccessLog log,
        CancellationToken cancel,
        int limit = PageSize
    )
    {
        var (filter, errors) = Read(query, limit);
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        await log.FlushAsync(cancel);
        return TypedResults.Ok(await AccessQueries.ListAsync(runtime.Database, filter, cancel));
    }

    private static (AccessFilter Filter, Dictionary<string, string[]> Errors) Read(AccessQuery query, int limit)
    {
        var errors = new Dictionary<string, string[]>();
        Problems.CheckPage(query.Cursor, limit, errors, out var before);
        if (Clean(query.Kind) is { } kind && !AccessQueries.Kinds.Contains(kind))
            errors["kind"] = [$"must be one of {string.Join(", ", AccessQueries.Kinds)}"];
        var filter = new AccessFilter
        {
            UserName = Clean(query.Person),
            Customer = Clean(query.Customer),
            Case = Clean(query.Case),
            Kind = Clean(query.Kind),
            From = Day(query.From, "from", 0),
            To = Day(query.To, "to", 1),
            Flagged = query.Flagged == true,
            WithReason = query.Reason == true,
            Before = before,
            Limit = limit,
        };
        return (filter, errors);

        Instant? Day(string? text, string field, int plus)
        {
            if (Clean(text) is not { } given)
                return null;
            if (LocalDatePattern.Iso.Parse(given) is { Success: true, Value: var day } && day.Year is > 1900 and < 9000)
                return day.PlusDays(plus).AtMidnight().InUtc().ToInstant();
            errors[field] = ["must be a day such as 2026-01-31"];
            return null;
        }
    }

    private static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
