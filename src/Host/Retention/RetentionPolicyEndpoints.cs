using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Retention;

/// <summary>The policy of retention.</summary>
/// <param name="Version">Its version: send it with a change.</param>
/// <param name="Policy">The document.</param>
/// <param name="ChangedBy">User name of who approved it; <c>system</c>: it was shipped.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="RemovesFrom">From when it removes cases.</param>
/// <param name="Proposal">A change that waits for approval, or null.</param>
public sealed record PolicyView(int Version, JsonNode Policy, string ChangedBy, Instant ChangedAt, Instant RemovesFrom, ProposalView? Proposal);

/// <summary>A change of the policy that waits for approval.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Policy">The document.</param>
/// <param name="Changes">What differs from the version in force, as sentences.</param>
/// <param name="Reason">Why.</param>
/// <param name="ProposedBy">User name of who proposed it.</param>
/// <param name="ProposedAt">When.</param>
public sealed record ProposalView(Guid Id, JsonNode Policy, IReadOnlyList<string> Changes, string Reason, string ProposedBy, Instant ProposedAt);

/// <summary>A change of the policy.</summary>
/// <param name="Version">Version the caller saw; 0: there was none.</param>
/// <param name="Policy">The document.</param>
/// <param name="Reason">Why it has to change.</param>
public sealed record PolicyBody(int Version, JsonObject? Policy, string? Reason = null);

/// <summary>The policy of retention: one person proposes a change, another approves it.</summary>
internal static class RetentionPolicyEndpoints
{
    private const int Shown = 100;

    public static void Map(WebApplication app)
    {
        var api = app.MapGroup("/api/retention").WithTags("Retention").RequireAuthorization(Policies.Erasures);
        api.MapGet("/policy", GetAsync).WithSummary("Gets how long cases are kept, by journey and jurisdiction, and an open proposal").ProducesProblem(404);
        api.MapPut("/policy", ProposeAsync)
            .RequireAuthorization(Permissions.KeepRecords)
            .WithSummary("Proposes the next version of the policy; someone else must approve it")
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapPost(
                "/proposals/{id:guid}/approve",
                async Task<Results<Ok<PolicyView>, ProblemHttpResult>> (
                    Guid id,
                    PolicyProposals proposals,
                    SettingDocuments settings,
                    Person me,
                    CancellationToken cancel
                ) => await AnswerAsync(await proposals.ApproveAsync(id, me, cancel), proposals, settings, cancel)
            )
            .RequireAuthorization(Permissions.DecideErasures)
            .WithSummary("Approves someone else's proposal: it is in force, and removes nothing for a day")
            .ProducesProblem(404)
            .ProducesProblem(409);
        api.MapPost(
                "/proposals/{id:guid}/refuse",
                async Task<Results<Ok<PolicyView>, ProblemHttpResult>> (
                    Guid id,
                    WhyBody body,
                    PolicyProposals proposals,
                    SettingDocuments settings,
                    Person me,
                    CancellationToken cancel
                ) => await AnswerAsync(await proposals.RefuseAsync(id, body.Reason, me, cancel), proposals, settings, cancel)
            )
            .WithSummary("Refuses a proposal, or withdraws your own; to refuse, you need the permission to decide")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(422);
        api.MapGet(
                "/due",
                async (string? rule, WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(await RetentionQueries.ReadAsync(runtime.Database, rule, Shown, runtime.Clock.Now(), cancel))
            )
            .RequireAuthorization(Permissions.KeepRecords)
            .WithSummary("Lists what will be removed next, when and why, and what was removed with its proof");

        var pages = app.MapGroup("/compliance/retention").RequireAuthorization(Policies.Erasures).ExcludeFromDescription();
        pages.MapGet(
            "",
            (string? rule, WorkflowRuntime runtime, SettingDocuments settings, PolicyProposals proposals, Person me, CancellationToken cancel) =>
                PageAsync(runtime, settings, proposals, me, new(rule), StatusCodes.Status200OK, cancel)
        );
        pages
            .MapPost(
                "/policy",
                async (
                    IFormCollection form,
                    WorkflowRuntime runtime,
                    SettingDocuments settings,
                    PolicyProposals proposals,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    _ = int.TryParse(form["version"], out var version);
                    var result = await proposals.ProposeAsync(version, form["policy"].ToString(), form["reason"], me, cancel);
                    return await DoneAsync(result, runtime, settings, proposals, me, form, cancel);
                }
            )
            .RequireAuthorization(Permissions.KeepRecords);
        pages
            .MapPost(
                "/proposals/{id:guid}/approve",
                async (Guid id, WorkflowRuntime runtime, SettingDocuments settings, PolicyProposals proposals, Person me, CancellationToken cancel) =>
                    await DoneAsync(await proposals.ApproveAsync(id, me, cancel), runtime, settings, proposals, me, null, cancel)
            )
            .RequireAuthorization(Permissions.DecideErasures);
        pages.MapPost(
            "/proposals/{id:guid}/refuse",
            async (
                Guid id,
                IFormCollection form,
                WorkflowRuntime runtime,
                SettingDocuments settings,
                PolicyProposals proposals,
                Person me,
                CancellationToken cancel
            ) => await DoneAsync(await proposals.RefuseAsync(id, form["reason"], me, cancel), runtime, settings, proposals, me, null, cancel)
        );
    }

    private static async Task<Results<Ok<PolicyView>, ProblemHttpResult>> GetAsync(
        PolicyProposals proposals,
        SettingDocuments settings,
        CancellationToken cancel
    ) =>
        await RetentionPolicies.FindAsync(settings, cancel) is { } policy
            ? TypedResults.Ok(View(policy, await proposals.FindOpenAsync(cancel)))
            : Problems.NotFound("policy", RetentionPolicy.Name);

    private static async Task<Results<Accepted<PolicyView>, ProblemHttpResult>> ProposeAsync(
        PolicyBody body,
        SettingDocuments settings,
        PolicyProposals proposals,
        Person me,
        CancellationToken cancel
    )
    {
        if (body.Policy is null)
            return Problems.Invalid(new() { ["policy"] = ["is required"] });
        var result = await proposals.ProposeAsync(body.Version, body.Policy.ToJsonString(Indented), body.Reason, me, cancel);
        return result is ProposalResult.Proposed
            ? TypedResults.Accepted(
                "/api/retention/policy",
                View((await RetentionPolicies.FindAsync(settings, cancel))!, await proposals.FindOpenAsync(cancel))
            )
            : Problem(result);
    }

    private static async Task<Results<Ok<PolicyView>, ProblemHttpResult>> AnswerAsync(
        ProposalResult result,
        PolicyProposals proposals,
        SettingDocuments settings,
        CancellationToken cancel
    ) => result is ProposalResult.Saved or ProposalResult.Ended ? await GetAsync(proposals, settings, cancel) : Problem(result);

    private static ProblemHttpResult Problem(ProposalResult result) =>
        result switch
        {
            ProposalResult.Invalid invalid => Problems.Invalid(invalid.Errors.GroupBy(Field).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray())),
            ProposalResult.Stale stale => Problems.Of(
                409,
                "stale",
                "Another version of the policy is in force",
                $"Version {stale.Version} is in force. Propose the change again.",
                ("version", stale.Version)
            ),
            ProposalResult.Refused refused => Problems.Of(409, "proposal-refused", "The policy can't be changed now", refused.Reason),
            ProposalResult.Forbidden => Problems.Of(403, "forbidden", "Someone else proposed it", OthersRefuse),
            _ => Problems.Of(404, "not-found", "Proposal not found", "No such proposal is open."),
        };

    private static string Field(DefinitionError error) => error.Path == "$.reason" ? "reason" : "policy" + error.Path[1..];

    private static PolicyView View(PolicyVersion policy, PolicyProposal? proposal) =>
        new(
            policy.Version,
            JsonNode.Parse(policy.Document)!,
            policy.ChangedBy,
            policy.ChangedAt,
            policy.RemovesFrom,
            proposal is null
                ? null
                : new(
                    proposal.Id,
                    JsonNode.Parse(proposal.Document)!,
                    PolicyWords.Changes(policy.Policy, proposal.Policy, new Dictionary<string, string>()),
                    proposal.Reason,
                    proposal.ProposedBy,
                    proposal.ProposedAt
                )
        );

    private static async Task<IResult> DoneAsync(
        ProposalResult result,
        WorkflowRuntime runtime,
        SettingDocuments settings,
        PolicyProposals proposals,
        Person me,
        IFormCollection? form,
        CancellationToken cancel
    )
    {
        var (text, reason) = (form?["policy"].ToString(), form?["reason"].ToString());
        return result switch
        {
            ProposalResult.Proposed or ProposalResult.Saved or ProposalResult.Ended => Results.LocalRedirect("/compliance/retention"),
            ProposalResult.Invalid invalid => await PageAsync(
                runtime,
                settings,
                proposals,
                me,
                new(null, text, reason, [.. invalid.Errors.Select(e => e.Path == "$.reason" ? $"The reason {e.Reason}." : $"{e.Path} {e.Reason}")]),
                StatusCodes.Status422UnprocessableEntity,
                cancel
            ),
            ProposalResult.Stale stale => await PageAsync(
                runtime,
                settings,
                proposals,
                me,
                new(null, text, reason, [$"Version {stale.Version} is in force since. Compare it with this change, and propose it again."]),
                StatusCodes.Status409Conflict,
                cancel
            ),
            ProposalResult.Refused refused => await PageAsync(
                runtime,
                settings,
                proposals,
                me,
                new(null, text, reason, [refused.Reason]),
                StatusCodes.Status409Conflict,
                cancel
            ),
            ProposalResult.Forbidden => Results.Forbid(),
            _ => Results.NotFound(),
        };
    }

    private static async Task<IResult> PageAsync(
        WorkflowRuntime runtime,
        SettingDocuments settings,
        PolicyProposals proposals,
        Person me,
        RetentionPolicyForm form,
        int status,
        CancellationToken cancel
    )
    {
        var proposal = await proposals.FindOpenAsync(cancel);
        return Html.Page(
            new RetentionPage
            {
                Status = await RetentionQueries.ReadAsync(runtime.Database, form.Rule, Shown, runtime.Clock.Now(), cancel),
                Policy = await RetentionPolicies.FindAsync(settings, cancel),
                Proposal = proposal,
                Names = proposal is null ? new Dictionary<string, string>() : await TeamQueries.NamesAsync(runtime.Database, [proposal.ProposedBy], cancel),
                Journeys = await HoldEndpoints.JourneysAsync(runtime, cancel),
                Form = form,
                Me = me,
                Now = runtime.Clock.Now(),
            },
            status
        );
    }

    private const string OthersRefuse = "You can withdraw your own proposals. To refuse others, you need the permission to decide.";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
