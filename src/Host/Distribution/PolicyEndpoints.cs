using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Distribution;

/// <summary>How a team's work is distributed.</summary>
/// <param name="Team">Key of the team.</param>
/// <param name="Mode"><c>pull</c>, <c>suggest</c>, <c>offer</c> or <c>assign</c>.</param>
/// <param name="Version">Version of the policy in force; 0: the built-in one.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Problem">Why that version can't be read; nothing is pushed until another one is published. Null: it can.</param>
/// <param name="Draft">A draft, or null.</param>
public sealed record DistributionView(string Team, string Mode, int Version, JsonElement Policy, string? Problem, DraftView? Draft);

/// <summary>A draft of a policy.</summary>
/// <param name="Revision">Send it with the next change.</param>
/// <param name="Author">User name of who saved it last; someone else publishes it.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Replay">Its last replay; null: no one has replayed it since it was saved.</param>
public sealed record DraftView(int Revision, string Author, Instant ChangedAt, JsonElement Policy, DraftReplay? Replay);

/// <summary>A version of a team's policy.</summary>
/// <param name="Version">From 1; the highest is in force.</param>
/// <param name="Author">User name of who wrote it, or null.</param>
/// <param name="Publisher">User name of who published it.</param>
/// <param name="PublishedAt">When.</param>
/// <param name="Policy">The policy, as it was written.</param>
public sealed record VersionView(int Version, string? Author, string Publisher, Instant PublishedAt, JsonElement Policy);

/// <summary>A mode to be set.</summary>
public sealed record ModeBody(string? Mode);

/// <summary>A draft to be saved.</summary>
/// <param name="Revision">Revision that you last saw; 0 for a new draft.</param>
/// <param name="Policy">The policy.</param>
public sealed record DraftBody(int Revision, JsonObject? Policy);

/// <summary>A draft to be published.</summary>
/// <param name="Revision">Revision that you saw.</param>
/// <param name="WithoutReplay">Also if no one has replayed it since it was saved.</param>
public sealed record PublishBody(int Revision, bool WithoutReplay = false);

/// <summary>A replay.</summary>
/// <param name="Policy">The policy to try; left out: the draft, or else the policy in force.</param>
/// <param name="Days">Days of history, 1 to 90.</param>
public sealed record ReplayBody(JsonObject? Policy, int Days = 30);

internal static class PolicyEndpoints
{
    public static void MapDistributionPolicies(this WebApplication app)
    {
        var teams = app.MapGroup("/api/teams/{team}/distribution").WithTags("Distribution");
        teams
            .MapGet(
                "",
                async Task<Results<Ok<DistributionView>, ProblemHttpResult>> (
                    string team,
                    DistributionPolicies policies,
                    Person me,
                    CancellationToken cancel
                ) =>
                    DistributionPolicies.MaySteer(me, team) && await policies.FindAsync(team, cancel) is { } found
                        ? TypedResults.Ok(View(found))
                        : NotFound(team)
            )
            .WithSummary("Returns how a team's work finds people")
            .ProducesProblem(404);
        teams
            .MapPut(
                "/mode",
                async Task<Results<NoContent, ProblemHttpResult>> (
                    string team,
                    ModeBody body,
                    DistributionPolicies policies,
                    Person me,
                    CancellationToken cancel
                ) => Answer(team, await policies.SetModeAsync(team, body.Mode, me, cancel)) is { } problem ? problem : TypedResults.NoContent()
            )
            .WithSummary("Changes whether a team's work is pulled, suggested, offered or assigned")
            .Refuses();
        teams
            .MapPut(
                "/draft",
                async Task<Results<Ok<PolicyResult.Done>, ProblemHttpResult>> (
                    string team,
                    DraftBody body,
                    DistributionPolicies policies,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await policies.SaveDraftAsync(team, body.Revision, (body.Policy ?? []).ToJsonString(), me, cancel) is var result
                    && Answer(team, result) is { } problem
                        ? problem
                        : TypedResults.Ok((PolicyResult.Done)result)
            )
            .WithSummary("Saves a draft of a team's distribution policy")
            .Refuses();
        teams
            .MapDelete(
                "/draft",
                async Task<Results<NoContent, ProblemHttpResult>> (
                    string team,
                    int revision,
                    DistributionPolicies policies,
                    Person me,
                    CancellationToken cancel
                ) => Answer(team, await policies.DiscardAsync(team, revision, me, cancel)) is { } problem ? problem : TypedResults.NoContent()
            )
            .WithSummary("Discards the draft of a team's distribution policy")
            .Refuses();
        teams
            .MapPost(
                "/publish",
                async Task<Results<Ok<PolicyResult.Done>, ProblemHttpResult>> (
                    string team,
                    PublishBody body,
                    DistributionPolicies policies,
                    Person me,
                    CancellationToken cancel
                ) =>
                    await policies.PublishAsync(team, body.Revision, body.WithoutReplay, me, cancel) is var result && Answer(team, result) is { } problem
                        ? problem
                        : TypedResults.Ok((PolicyResult.Done)result)
            )
            .WithSummary("Publishes the draft; someone other than its author has to do it")
            .Refuses();
        teams
            .MapPost(
                "/replay",
                async Task<Results<Ok<ReplayReport>, ProblemHttpResult>> (
                    string team,
                    ReplayBody body,
                    DistributionPolicies policies,
                    Replay replay,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    if (!DistributionPolicies.MaySteer(me, team) || await policies.FindAsync(team, cancel) is not { } found)
                        return NotFound(team);
                    if (body.Days is < 1 or > Replay.MostDays)
                        return Problems.Invalid(new() { ["days"] = [$"must be from 1 to {Replay.MostDays}"] });
                    var text = body.Policy?.ToJsonString() ?? found.Draft?.Document ?? DistributionPolicyJson.Write(found.Policy);
                    var (policy, errors) = policies.Check(text, 0);
                    if (policy is null)
                        return Problems.Invalid(errors.GroupBy(e => e.Path).ToDictionary(e => e.Key, e => e.Select(one => one.Reason).ToArray()));
                    var report = await replay.RunAsync(team, policy, Duration.FromDays(body.Days), cancel);
                    await policies.KeepReplayAsync(team, policy, body.Days, report, cancel);
                    return TypedResults.Ok(report);
                }
            )
            .WithSummary("Runs a policy over recorded arrivals and compares it with what happened; a replay of the draft is kept with it")
            .Refuses();
        MapReads(teams);
    }

    private static void MapReads(RouteGroupBuilder teams)
    {
        teams
            .MapGet(
                "/versions",
                async Task<Results<Ok<List<VersionView>>, ProblemHttpResult>> (string team, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    DistributionPolicies.MaySteer(me, team)
                        ? TypedResults.Ok(
                            (await DistributionVersion.ListAsync(runtime.Database, team, cancel))
                                .Select(one => new VersionView(one.Version, one.Author, one.Publisher, one.PublishedAt, Element(one.Document)))
                                .ToList()
                        )
                        : NotFound(team)
            )
            .WithSummary("Lists the versions of a team's distribution policy, the newest first")
            .ProducesProblem(404);
        teams
            .MapGet(
                "/offers",
                async Task<Results<Ok<IReadOnlyList<TeamOffer>>, ProblemHttpResult>> (
                    string team,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                    DistributionPolicies.MaySteer(me, team)
                        ? TypedResults.Ok(await DistributionQueries.OpenOfTeamAsync(runtime.Database, team, cancel))
                        : NotFound(team)
            )
            .WithSummary("Lists a team's tasks that are offered to someone now")
            .ProducesProblem(404);
        teams
            .MapGet(
                "/unassignable",
                async Task<Results<Ok<IReadOnlyList<UnassignableTask>>, ProblemHttpResult>> (
                    string team,
                    UnassignableWork unassignable,
                    Person me,
                    CancellationToken cancel
                ) => DistributionPolicies.MaySteer(me, team) ? TypedResults.Ok(await unassignable.OfTeamAsync(team, cancel)) : NotFound(team)
            )
            .WithSummary("Lists a team's open tasks that no one can be given now, with the reasons")
            .ProducesProblem(404);
    }

    private static DistributionView View(TeamDistribution found) =>
        new(
            found.Team,
            found.Mode,
            found.Policy.Version,
            Element(DistributionPolicyJson.Write(found.Policy)),
            found.Problem,
            found.Draft is { } draft ? new(draft.Revision, draft.Author, draft.ChangedAt, Element(draft.Document), draft.Replay) : null
        );

    private static JsonElement Element(string json) => JsonElement.Parse(json);

    private static ProblemHttpResult NotFound(string team) =>
        Problems.Of(404, "not-found", "Team not found", $"No team with the key {team} exists, or you don't steer it.");

    private static ProblemHttpResult? Answer(string team, PolicyResult result) =>
        result switch
        {
            PolicyResult.Done => null,
            PolicyResult.Forbidden forbidden => Problems.Of(403, "forbidden", "You can't do this", forbidden.Reason),
            PolicyResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                "The policy has changed",
                "Someone else changed it since you opened it.",
                ("revision", stale.Revision)
            ),
            PolicyResult.Invalid invalid => Problems.Invalid(
                invalid.Errors.GroupBy(e => e.Path).ToDictionary(e => e.Key, e => e.Select(one => one.Reason).ToArray())
            ),
            _ => NotFound(team),
        };

    private static void Refuses(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
}
