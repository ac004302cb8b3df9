using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Away;

/// <summary>A substitution to be arranged.</summary>
/// <param name="Substitute">User name of the substitute.</param>
/// <param name="Until">Until when, exclusive.</param>
/// <param name="From">From when; now when left out.</param>
/// <param name="Person">User name of the absent person; default: yourself.</param>
/// <param name="Reason">Why.</param>
public sealed record SubstitutionBody(string? Substitute, DateTimeOffset? Until, DateTimeOffset? From = null, string? Person = null, string? Reason = null);

internal static class SubstitutionEndpoints
{
    public static void MapSubstitutions(this WebApplication app)
    {
        var substitutions = app.MapGroup("/api/substitutions").WithTags("People");
        substitutions
            .MapGet(
                "",
                async (Substitutions all, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(await all.ListAsync(me.May(Permissions.SteerTeams) ? null : me, cancel))
            )
            .WithSummary("Lists your absences; for supervisors, everyone's");
        substitutions
            .MapPost(
                "",
                async Task<Results<Created<object>, ProblemHttpResult>> (SubstitutionBody body, Substitutions all, Person me, CancellationToken cancel) =>
                    await all.ArrangeAsync(body.Person, body.Substitute, At(body.From), At(body.Until), body.Reason, me, cancel) switch
                    {
                        SubstitutionResult.Arranged done => TypedResults.Created<object>((string?)null, new { done.Id }),
                        SubstitutionResult.Invalid invalid => Problems.Invalid(new() { [invalid.Field] = [invalid.Reason] }),
                        SubstitutionResult.Overlaps overlaps => Problems.Of(409, "overlaps", "The absence overlaps another one", null, ("with", overlaps.With)),
                        _ => Problems.Of(403, "forbidden", "You can't plan an absence for this person"),
                    }
            )
            .WithSummary("Plans an absence with a substitute")
            .ProducesProblem(403)
            .ProducesProblem(409)
            .ProducesProblem(422);
        substitutions
            .MapDelete(
                "/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Substitutions all, Person me, CancellationToken cancel) =>
                    await all.EndAsync(id, me, cancel) ? TypedResults.NoContent() : Problems.NotFound("substitution", id)
            )
            .WithSummary("Ends or cancels an absence")
            .ProducesProblem(404);
    }

    private static Instant? At(DateTimeOffset? at) => at is { } time ? Instant.FromDateTimeOffset(time) : null;
}
