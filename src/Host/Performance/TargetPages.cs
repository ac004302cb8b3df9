using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>The data of the page of targets.</summary>
public sealed record TargetsView(
    IReadOnlyList<Target> Targets,
    IReadOnlyDictionary<string, string> Journeys,
    IReadOnlyList<Team> Teams,
    IReadOnlyList<string> Errors,
    IFormCollection? Typed
)
{
    public string Was(string field, string otherwise = "") => Typed?[field].ToString() is { Length: > 0 } typed ? typed : otherwise;
}

/// <summary>Targets, for supervisors and administrators.</summary>
internal static class TargetPages
{
    private const string Address = "/performance/targets";

    public static void MapTargets(this RouteGroupBuilder performance)
    {
        var pages = performance.MapGroup("/targets").RequireAuthorization(Permissions.SteerTeams).HideWithoutRight();
        pages.MapGet("", async (PerformanceServices services, CancellationToken cancel) => Page(await ReadAsync(services, [], null, cancel), 200));
        pages.MapPost(
            "",
            async (IFormCollection form, PerformanceServices services, Person me, CancellationToken cancel) =>
            {
                var measure = Kpi.Find(form["measure"]);
                var target = new Target(
                    form["measure"].ToString(),
                    form["journey"].ToString(),
                    form["step"].ToString().Trim(),
                    form["team"].ToString(),
                    Number(form["good"], measure),
                    Number(form["fair"], measure),
                    int.TryParse(form["revision"], out var revision) ? revision : 0
                );
                var removes = form["verb"] == "remove";

                // The form of a new target replaces the one that the scope has: it says so before.
                if (!removes && !form.ContainsKey("revision"))
                {
                    var same = (await Target.ListAsync(services.Runtime.Database, cancel)).FirstOrDefault(t =>
                        (t.Measure, t.Journey, t.Step, t.Team) == (target.Measure, target.Journey, target.Step, target.Team)
                    );
                    target = target with { Revision = same?.Revision ?? 0 };
                }

                var result = removes
                    ? await Target.RemoveAsync(services.Runtime, target, me, cancel)
                    : await Target.SaveAsync(services.Runtime, target, me, cancel);
                return result switch
                {
                    TargetResult.Invalid invalid => Page(
                        await ReadAsync(services, [.. invalid.Errors.Select(e => $"{Title(e.Key)} {string.Join(", ", e.Value)}.")], form, cancel),
                        422
                    ),
                    TargetResult.Stale => Page(
                        await ReadAsync(services, ["Someone else has changed this target since you opened the page. Review it and try again."], form, cancel),
                        409
                    ),
                    _ => Results.LocalRedirect(Address),
                };
            }
        );
    }

    /// <summary>What was typed, in the unit of the measure: percent, hours, or a number.</summary>
    private static double Number(string? text, Kpi? kpi) =>
        !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? double.NaN
        : kpi?.Unit == KpiUnit.Share ? value / 100
        : kpi?.Unit == KpiUnit.Duration ? value * 3600
        : value;

    private static string Title(string field) =>
        field switch
        {
            "good" => "Green from",
            "fair" => "Amber from",
            _ => $"{char.ToUpperInvariant(field[0])}{field[1..]}",
        };

    private static RazorComponentResult<TargetsPage> Page(TargetsView view, int status) => Html.Page(new TargetsPage { View = view }, status);

    private static async Task<TargetsView> ReadAsync(
        PerformanceServices services,
        IReadOnlyList<string> errors,
        IFormCollection? typed,
        CancellationToken cancel
    ) =>
        new(
            await Target.ListAsync(services.Runtime.Database, cancel),
            await services.JourneysAsync(cancel),
            await TeamQueries.ListAsync(services.Runtime.Database, cancel),
            errors,
            typed
        );
}
