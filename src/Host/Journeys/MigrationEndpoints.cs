using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Journeys;

/// <summary>Which cases to look at.</summary>
/// <param name="ToVersion">Version they would go on in; it was published once.</param>
/// <param name="Instances">Only those. Default: all that run on another version.</param>
/// <param name="FromVersion">Only those that run on this version.</param>
/// <param name="After">Continue after this one (<c>next</c> of the page before).</param>
/// <param name="Limit">At most so many, up to 200.</param>
public sealed record MigrationPreviewBody(int? ToVersion, Guid[]? Instances = null, int? FromVersion = null, Guid? After = null, int Limit = 50);

/// <summary>What a migration would do, with the ID to continue after.</summary>
public sealed record MigrationPreviewPage(IReadOnlyList<MigrationPreview> Items, Guid? Next);

/// <summary>Which cases to move.</summary>
/// <param name="ToVersion">Version they are to go on in; it was published once.</param>
/// <param name="Instances">Which; at most 10,000. More than 200 are moved in the background.</param>
/// <param name="Reason">Why, for the history of the cases and the people who work on them.</param>
/// <param name="OperationId">Chosen by you, at most 160 characters; repeating the whole with the same id is harmless.</param>
public sealed record MigrationBody(int? ToVersion, Guid[]? Instances, string? Reason, string? OperationId);

/// <summary>How one of them went.</summary>
/// <param name="Instance">Which.</param>
/// <param name="Status">200: it continues in the other version. 404: it doesn't exist. 409: it wasn't moved.</param>
/// <param name="Reason">Why it stayed, naming the step.</param>
public sealed record MigrationView(Guid Instance, int Status, string? Reason);

internal static class MigrationEndpoints
{
    public static void Map(RouteGroupBuilder definitions)
    {
        definitions
            .MapPost("/{id}/migrations/preview", PreviewAsync)
            .WithSummary("Previews migrating running cases to another version")
            .ProducesProblem(404)
            .ProducesProblem(422);
        definitions
            .MapPost("/{id}/migrations", RunAsync)
            .WithSummary("Migrates running cases to another version; returns a result for each case")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    private static async Task<Results<Ok<MigrationPreviewPage>, ProblemHttpResult>> PreviewAsync(
        string id,
        MigrationPreviewBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Instances is { Length: > MigrateCases.MaxItems or 0 })
            errors["instances"] = [$"must contain 1 to {MigrateCases.MaxItems} ids, or be omitted for all"];
        if (body.Limit is < 1 or > MigrateCases.MaxItems)
            errors["limit"] = [$"must be from 1 to {MigrateCases.MaxItems}"];
        if (await RefuseAsync(id, body.ToVersion, errors, runtime, cancel) is { } refused)
            return refused;
        var (items, next) = await MigrateCases.PreviewAsync(
            runtime,
            new(id, body.ToVersion!.Value)
            {
                Instances = body.Instances,
                FromVersion = body.FromVersion,
                After = body.After,
                Limit = body.Limit,
            },
            Viewer.Of(me, otherRuns: true),
            cancel
        );
        return TypedResults.Ok(new MigrationPreviewPage(items, next));
    }

    private static async Task<Results<Ok<List<MigrationView>>, Accepted<WorkView>, ProblemHttpResult>> RunAsync(
        string id,
        MigrationBody body,
        WorkflowRuntime runtime,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Instances is not { Length: > 0 and <= WorkOrder.MaxItems } || body.Instances.Distinct().Count() < body.Instances.Length)
            errors["instances"] = [$"must contain 1 to {WorkOrder.MaxItems} different ids"];
        if (string.IsNullOrWhiteSpace(body.OperationId) || body.OperationId.Length > 160)
            errors["operationId"] = ["is required: an id of at most 160 characters that makes retries safe"];
        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > 2000)
            errors["reason"] = ["is required: at most 2,000 characters for the history of the cases"];
        if (await RefuseAsync(id, body.ToVersion, errors, runtime, cancel) is { } refused)
            return refused;
        var mayAlter = me.May(Permissions.AlterCases);
        if (body.Instances!.Length > MigrateCases.MaxItems)
            return
                await work.AskAsync(new WorkOrder.Migrate(id, body.ToVersion!.Value, body.Reason!, mayAlter, body.Instances), body.OperationId, me, cancel)
                    is { } asked
                ? TypedResults.Accepted(WorkWords.Api(asked), WorkView.Of((await work.FindAsync(asked, me, cancel))!))
                : WorkWords.Reused(body.OperationId);
        var answers = await MigrateCases.RunAsync(
            runtime,
            new(id, body.ToVersion!.Value) { Instances = body.Instances },
            body.OperationId!,
            body.Reason!,
            Viewer.Of(me, otherRuns: true),
            mayAlter,
            cancel
        );
        return TypedResults.Ok(
            answers
                .Select(a => new MigrationView(
                    a.Instance,
                    a.Refused is null ? 200
                        : a.IsFound ? 409
                        : 404,
                    a.Refused
                ))
                .ToList()
        );
    }

    private static async Task<ProblemHttpResult?> RefuseAsync(
        string id,
        int? version,
        Dictionary<string, string[]> errors,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        if (await runtime.Definitions.FindStoredAsync(id, "Latest", cancel) is null)
            return Problems.NotFound("definition", id);
        if (version is not > 0)
            errors["toVersion"] = ["is required: the number of a version"];
        else if (
            await runtime.Definitions.FindStoredAsync(id, version.Value.ToString(CultureInfo.InvariantCulture), cancel) is not { Version.WasPublished: true }
        )
            errors["toVersion"] = [$"isn't a published version of '{id}'"];
        return errors.Count > 0 ? Problems.Invalid(errors) : null;
    }
}
