using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Away;

/// <summary>Out of office: absences and substitutes, for yourself and for the people you lead.</summary>
internal static class AwayPages
{
    public static void MapAway(this WebApplication app)
    {
        var pages = app.MapGroup("/away").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (Substitutions all, WorkflowRuntime runtime, Person me, CancellationToken cancel) => Page(await ReadAsync(all, runtime, me, cancel))
        );
        pages.MapPost(
            "",
            async (HttpContext http, Substitutions all, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                var form = await http.Request.ReadFormAsync(cancel);
                var person = form["person"].ToString() is { Length: > 0 } chosen ? chosen : me.UserName;
                var (from, until) = (At(form["from"]), At(form["until"]));
                var result =
                    from is null && form["from"].ToString().Length > 0
                        ? new SubstitutionResult.Invalid("from", "Must be a date and time.")
                        : await all.ArrangeAsync(person, form["substitute"], from, until, form["reason"].ToString().Trim(), me, cancel);
                if (result is SubstitutionResult.Arranged)
                    return Results.LocalRedirect("/away");
                var view = await ReadAsync(all, runtime, me, cancel) with { Typed = form };
                return result switch
                {
                    SubstitutionResult.Invalid invalid => Page(
                        view with
                        {
                            Field = invalid.Field,
                            Reason = invalid.Reason,
                        },
                        StatusCodes.Status422UnprocessableEntity
                    ),
                    SubstitutionResult.Overlaps { With: var other } => Page(
                        view with
                        {
                            Field = "from",
                            Reason = $"{other.SubstituteName} already covers part of that time. End that absence first, or choose other dates.",
                        },
                        StatusCodes.Status409Conflict
                    ),
                    _ => Page(view with { Field = "person", Reason = "You can't plan an absence for this person." }, StatusCodes.Status403Forbidden),
                };
            }
        );
        pages.MapPost(
            "/{id:guid}/end",
            async (Guid id, Substitutions all, Person me, CancellationToken cancel) =>
            {
                // A substitution that has ended is the desired result.
                await all.EndAsync(id, me, cancel);
                return Results.LocalRedirect("/away");
            }
        );
    }

    private static RazorComponentResult<AwayPage> Page(AwayView view, int status = StatusCodes.Status200OK) => Html.Page(new AwayPage { View = view }, status);

    private static async Task<AwayView> ReadAsync(Substitutions all, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var teams = await TeamQueries.ListAsync(runtime.Database, cancel);
        var everybody = Distinct(teams);
        var colleagues = Distinct(teams.Where(t => t.Members.Any(m => m.Id == me.Id) || me.Leads.Contains(t.Key)));
        var steers = me.May(Permissions.SteerTeams);
        var led = steers ? everybody : Distinct(teams.Where(t => me.Leads.Contains(t.Key)));
        return new()
        {
            Me = me,
            Substitutions = await all.ListAsync(steers ? null : me, cancel),
            Colleagues = [.. colleagues.Where(m => m.Id != me.Id || led.Count > 0)],
            Others = [.. everybody.Where(m => m.Id != me.Id && colleagues.All(c => c.Id != m.Id))],
            Led = [.. led.Where(m => m.Id != me.Id)],
            Now = runtime.Clock.Now(),
        };
    }

    private static List<TeamMember> Distinct(IEnumerable<Team> teams) =>
        [.. teams.SelectMany(t => t.Members).DistinctBy(m => m.Id).OrderBy(m => m.DisplayName, StringComparer.CurrentCulture)];

    private static Instant? At(string? text) => OffsetDateTimePattern.Rfc3339.Parse(text ?? "") is { Success: true } parsed ? parsed.Value.ToInstant() : null;
}
