using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Compliance;

/// <summary>Who decided and who approved, for compliance.</summary>
internal static class FourEyesEndpoints
{
    internal const int UsualDays = 90;
    internal const int MostDays = 366;

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/four-eyes", ListAsync)
            .WithSummary("Lists who decided and who approved, and pairs that were the same person or substitutes of each other")
            .WithDescription($"The last {UsualDays} days unless `from` and `to` say otherwise, at most {MostDays}. `all=true` lists the other pairs too.")
            .ProducesProblem(422);
        pages.MapGet(
            "/four-eyes",
            async (string? from, string? to, bool? all, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var (first, last, errors) = Read(from, to, runtime.Clock.Now());
                return Html.Page(
                    new FourEyesPage
                    {
                        From = LocalDatePattern.Iso.Format(first.InUtc().Date),
                        To = LocalDatePattern.Iso.Format((last - Duration.FromMilliseconds(1)).InUtc().Date),
                        All = all == true,
                        Errors = errors,
                        Names = (await TeamQueries.EveryoneAsync(runtime.Database, cancel)).ToDictionary(p => p.UserName, p => p.Name),
                        Pairs = errors.Count > 0 ? [] : await FourEyes.ReadAsync(runtime, first, last, all != true, cancel),
                    },
                    errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
                );
            }
        );
    }

    private static async Task<Results<Ok<IReadOnlyList<EyesPair>>, ProblemHttpResult>> ListAsync(
        string? from,
        string? to,
        WorkflowRuntime runtime,
        CancellationToken cancel,
        bool all = false
    )
    {
        var (first, last, errors) = Read(from, to, runtime.Clock.Now());
        return errors.Count > 0 ? Problems.Invalid(errors) : TypedResults.Ok(await FourEyes.ReadAsync(runtime, first, last, !all, cancel));
    }

    internal static (Instant From, Instant To, Dictionary<string, string[]> Errors) Read(string? from, string? to, Instant now)
    {
        var errors = new Dictionary<string, string[]>();
        var today = now.InUtc().Date;
        var (first, last) = (Day(from, "from", today.PlusDays(-UsualDays)), Day(to, "to", today));
        if (errors.Count == 0 && last < first)
            errors["to"] = ["must not be before the first day"];
        else if (errors.Count == 0 && Period.DaysBetween(first, last) >= MostDays)
            errors["from"] = [$"choose at most {MostDays} days"];
        return (first.AtMidnight().InUtc().ToInstant(), last.PlusDays(1).AtMidnight().InUtc().ToInstant(), errors);

        LocalDate Day(string? text, string field, LocalDate otherwise)
        {
            if (string.IsNullOrWhiteSpace(text))
                return otherwise;
            if (LocalDatePattern.Iso.Parse(text) is { Success: true, Value: var day } && day.Year is > 1900 and < 9000)
                return day;
            errors[field] = ["must be a day such as 2026-01-31"];
            return otherwise;
        }
    }
}
