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

/// <summary>Who decided on which amount within which limit, for compliance.</summary>
internal static class AuthorityEndpoints
{
    /// <summary>What a reviewer looks at.</summary>
    private static readonly AuthorityFinding[] ToLookAt = [AuthorityFinding.Near, AuthorityFinding.Refused, AuthorityFinding.Unlimited, AuthorityFinding.Above];

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/authority", ListAsync)
            .WithSummary("Lists decisions on amounts against the authority limit that was in force, and what each person decided")
            .WithDescription(
                $"The last {FourEyesEndpoints.UsualDays} days unless `from` and `to` say otherwise, at most {FourEyesEndpoints.MostDays}. Without `finding`, "
                    + "decisions within the limit are left out; `finding=all` lists everything. Several are separated by commas."
            )
            .ProducesProblem(422);
        pages.MapGet(
            "/authority",
            async (string? from, string? to, string? finding, string? person, WorkflowRuntime runtime, CancellationToken cancel) =>
            {
                var (filter, errors) = Read(from, to, finding, person, runtime.Clock.Now());
                return Html.Page(
                    new AuthorityPage
                    {
                        From = LocalDatePattern.Iso.Format(filter.From.InUtc().Date),
                        To = LocalDatePattern.Iso.Format((filter.To - Duration.FromMilliseconds(1)).InUtc().Date),
                        Finding = finding ?? "",
                        Person = person ?? "",
                        Errors = errors,
                        Names = (await TeamQueries.EveryoneAsync(runtime.Database, cancel)).ToDictionary(p => p.UserName, p => p.Name),
                        Report = errors.Count > 0 ? new([], []) : await AuthorityReport.ReadAsync(runtime, filter, cancel),
                    },
                    errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
                );
            }
        );
    }

    private static async Task<Results<Ok<AuthorityDecisions>, ProblemHttpResult>> ListAsync(
        string? from,
        string? to,
        string? finding,
        string? person,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        var (filter, errors) = Read(from, to, finding, person, runtime.Clock.Now());
        return errors.Count > 0 ? Problems.Invalid(errors) : TypedResults.Ok(await AuthorityReport.ReadAsync(runtime, filter, cancel));
    }

    private static (AuthorityFilter Filter, Dictionary<string, string[]> Errors) Read(string? from, string? to, string? finding, string? person, Instant now)
    {
        var (first, last, errors) = FourEyesEndpoints.Read(from, to, now);
        var findings = new List<AuthorityFinding>();
        if (string.IsNullOrEmpty(finding))
            findings.AddRange(ToLookAt);
        else if (finding != "all")
        {
            foreach (var name in finding.Split(',', StringSplitOptions.TrimEntries))
            {
                if (!name.All(char.IsDigit) && Enum.TryParse<AuthorityFinding>(name, out var one))
                    findings.Add(one);
                else
                    errors["finding"] = [$"must be all, or any of {string.Join(", ", Enum.GetNames<AuthorityFinding>())}"];
            }
        }

        return (new(first, last, findings, string.IsNullOrWhiteSpace(person) ? null : person.Replace("\0", "").Trim()), errors);
    }
}
