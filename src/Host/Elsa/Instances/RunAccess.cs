using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Cases;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>
/// Which runs the caller sees, and may change, through Elsa's API: the rights are those of the case the run belongs to. A run that the caller can't see doesn't
/// exist for them.
/// </summary>
internal sealed class RunAccess(IHttpContextAccessor http, JourneyAccess access, WorkflowRuntime runtime)
{
    /// <summary>Members of the contract that hold data of the case, or may quote it.</summary>
    private static readonly HashSet<string> Data = ["activityState", "exception", "input", "message", "output", "outputs", "payload", "properties", "value"];

    private ClaimsPrincipal User => http.HttpContext!.User;

    private Viewer Viewer => access.Viewer(User);

    /// <summary>The condition for lists.</summary>
    public Task<(string Sql, object?[] Values)?> OnlyAsync(CancellationToken cancel) =>
        RunVisibility.OfListAsync(runtime.Database, Viewer, runtime.Clock.Now(), 13, cancel);

    /// <summary>The id of a run that exists and that the caller sees, or null.</summary>
    public async Task<Guid?> FindAsync(string? id, CancellationToken cancel) =>
        InstanceEndpoints.Id(id) is { } key && (await SeenAsync([key], cancel)).Count > 0 ? key : null;

    /// <summary>Those of the runs that the caller sees.</summary>
    public async Task<IReadOnlySet<Guid>> SeenAsync(IReadOnlyCollection<Guid> runs, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        return await RunVisibility.OfAsync(connection, runs, Viewer, runtime.Clock.Now(), cancel);
    }

    /// <summary>What to tell the caller about a run: if a fact of its case is hidden from them, everything but the data.</summary>
    public Task<object> ShownAsync(Guid run, object model, CancellationToken cancel) => ShownAsync([run], model, cancel);

    /// <summary>What to tell the caller about several runs.</summary>
    public async Task<object> ShownAsync(IReadOnlyCollection<Guid> runs, object model, CancellationToken cancel) =>
        await RunVisibility.HidesDataAsync(runtime, runs, Viewer, cancel) ? WithoutData(JsonSerializer.SerializeToNode(model, ElsaJson.Options)!) : model;

    private static JsonNode WithoutData(JsonNode node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list.OfType<JsonNode>())
                WithoutData(item);
        }
        else if (node is JsonObject json)
        {
            foreach (var (name, value) in json.ToArray())
            {
                if (value is null)
                    continue;
                if (!Data.Contains(name))
                    WithoutData(value);
                else if (value is JsonObject)
                    json[name] = new JsonObject();
                else
                    json.Remove(name);
            }
        }

        return node;
    }

    /// <summary>
    /// The caller's reason: header <c>X-Reason</c> (percent-encoded) or member <c>reason</c> of the body. Studio has no field for it; its page asks for one.
    /// </summary>
    public string? Reason(JsonObject? body)
    {
        var reason = http.HttpContext!.Request.Headers["X-Reason"] is [{ Length: > 0 } header] ? Uri.UnescapeDataString(header) : body?.Text("reason");
        return string.IsNullOrWhiteSpace(reason) ? null : reason.Trim();
    }

    /// <summary>Why the caller can't change these runs by hand, or null: live ones need the permission and a reason.</summary>
    public async Task<IResult?> RefuseAsync(IEnumerable<Guid> runs, string? reason, CancellationToken cancel)
    {
        foreach (var run in runs)
        {
            if (await LiveRun.FindAsync(runtime, run, cancel) is not { } live)
                continue;
            var what = live.Case is null ? "People work in this run, and it isn't a test." : "This run is a live case.";
            if (!access.May(User, JourneyAccess.AlterCases))
                return ElsaJson.Problem(
                    StatusCodes.Status403Forbidden,
                    $"{what} Changing it needs the permission to alter cases; ask a supervisor or an administrator."
                );
            if (reason is null)
                return ElsaJson.Problem(StatusCodes.Status428PreconditionRequired, $"{what} Enter a reason for changing it.");
            if (reason.Length > 2000 || Engine.Model.WorkflowData.Unfit(reason) is not null)
                return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("reason", "'reason' must have at most 2,000 printable characters."));
        }

        return null;
    }

    /// <summary>For how many of the runs a second person must approve the change.</summary>
    public async Task<int> CountForSecondPersonAsync(IEnumerable<Guid> runs, JsonArray alterations, CancellationToken cancel)
    {
        var count = 0;
        foreach (var run in runs)
        {
            if (await LiveRun.FindAsync(runtime, run, cancel) is not null)
                count += await AlterCase.NeedsSecondPersonAsync(runtime, run, alterations, cancel) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Changes a run that the caller sees and that wasn't refused.</summary>
    public async Task<AlterationResult> AlterAsync(Guid run, JsonArray alterations, string? reason, CancellationToken cancel)
    {
        var actor = JourneyAccess.Actor(User);
        if (await LiveRun.FindAsync(runtime, run, cancel) is not { } live)
            return await Alterations.RunAsync(
                runtime,
                run,
                [.. alterations.OfType<JsonObject>().Select(a => Alteration.Read(a).Alteration!)],
                actor,
                reason is null ? null : new(reason),
                cancel
            );
        return await AlterCase.RunAsync(runtime, run, live.Root, alterations, reason!, actor, User.Identity is PersonIdentity, cancel) switch
        {
            AlterCaseResult.Done done => done.Result,
            AlterCaseResult.Pending => Refused(
                "A second person must approve this change because the journey has a step with four eyes, a review, required skills or an authority limit. "
                    + $"The request is on the page {(live.Case is null ? "“Requested changes”" : "of the case")}."
            ) with
            {
                IsPending = true,
            },
            AlterCaseResult.Refused refused => Refused(refused.Reason),
            _ => Refused("Run not found.") with { IsFound = false },
        };

        AlterationResult Refused(string why) => new(why, [new(why, false, runtime.Clock.Now())]);
    }
}
