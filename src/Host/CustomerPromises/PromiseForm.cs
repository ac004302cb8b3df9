using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.CustomerPromises;

/// <summary>The promises of a case on a page.</summary>
/// <param name="Action">Address that its forms are sent to.</param>
/// <param name="Promises">All of them, settled ones too.</param>
/// <param name="Steps">Steps that a new one can be bound to, with their titles.</param>
/// <param name="MayMake">Whether the reader can make one now.</param>
/// <param name="MaySettle">Whether they can settle one.</param>
/// <param name="Attempt">What they tried, if it was refused.</param>
/// <param name="Case">The case.</param>
/// <param name="OpenStep">The step that the case is at, or null.</param>
public sealed record PromiseView(
    string Action,
    IReadOnlyList<StoredClock> Promises,
    IReadOnlyList<(string Id, string Title)> Steps,
    bool MayMake,
    bool MaySettle,
    PromiseForm? Attempt,
    Guid Case,
    string? OpenStep
)
{
    internal static async Task<PromiseView> OfAsync(
        WorkflowRuntime runtime,
        Guid @case,
        string action,
        IEnumerable<StoredClock> clocksOfCase,
        string versionId,
        bool isRunning,
        Person me,
        PromiseForm? attempt,
        CancellationToken cancel
    )
    {
        var may = me.May(Permissions.StartCases);
        return new(
            action,
            [.. clocksOfCase.Where(clock => clock.State.Policy.Kind == SlaKind.Promise)],
            await StepsAsync(runtime, versionId, cancel),
            may && isRunning,
            may,
            attempt,
            @case,
            await MakePromise.OpenStepAsync(runtime.Database, @case, cancel)
        );
    }

    /// <summary>None of a version that can't be read: its promises can still be settled.</summary>
    private static async Task<IReadOnlyList<(string Id, string Title)>> StepsAsync(WorkflowRuntime runtime, string versionId, CancellationToken cancel)
    {
        try
        {
            var workflow = await runtime.Definitions.GetVersionAsync(versionId, cancel);
            return [.. workflow.Nodes.Where(node => node.TypeName == TaskBookmark.Name).Select(node => (node.Id, Title(node)))];
        }
        catch (DefinitionUnavailableException)
        {
            return [];
        }
    }

    private static string Title(ActivityNode node) => node.Literal("Title") as string ?? Words.Humanize(node.Name ?? node.Id);
}

/// <summary>A form about a promise that was refused: everything typed, and why.</summary>
public sealed record PromiseForm
{
    /// <summary>The promise to settle; null: a new one.</summary>
    public Guid? Clock { get; init; }
    public string What { get; init; } = "";
    public string DueAt { get; init; } = "";
    public string Channel { get; init; } = "";
    public string Step { get; init; } = "";
    public string Outcome { get; init; } = "";
    public string Reason { get; init; } = "";

    /// <summary>Reasons by field.</summary>
    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();

    /// <summary>How likely it is to be kept, if that is why it was refused.</summary>
    public PromiseCheck? Check { get; init; }

    /// <summary>Why it was refused as a whole, or null.</summary>
    public string? Problem { get; init; }

    public int Status => Errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status409Conflict;

    /// <summary>Makes the promise that was typed. Null: done. The caller has checked that the person can see the case.</summary>
    internal static async Task<PromiseForm?> MakeAsync(MakePromise make, Guid @case, IFormCollection posted, Person me, CancellationToken cancel)
    {
        var form = Typed(null, posted);
        var errors = new Dictionary<string, string>();
        var body = new PromiseBody(form.What, PromiseRules.Due(form.DueAt, errors), form.Channel, form.Step, Text(posted, "operation"), Text(posted, "reason"));
        if (PromiseRules.Make(body, make.Clocks.Runtime.Clock.Now(), errors) is not { } request)
            return form with { Errors = errors };
        return await make.RunAsync(@case, request, me, cancel) switch
        {
            PromiseResult.Unlikely unlikely => form with
            {
                Errors = new Dictionary<string, string> { ["reason"] = "is required: this promise is likely to be broken" },
                Check = new(unlikely.Odds, true),
            },
            PromiseResult.Done => null,
            PromiseResult.NoSuchStep => form with { Errors = new Dictionary<string, string> { ["step"] = "isn't a step of this journey" } },
            PromiseResult.OperationReused => form with
            {
                Problem = "This promise was already recorded, with other words. Check the list before you record it again.",
            },
            _ => form with { Problem = "The case has already ended. Nothing was recorded." },
        };
    }

    /// <summary>What the form posts as the outcome when the customer agreed to a later date.</summary>
    public const string Moved = "Moved";

    internal const string NotLater = "must be later than the date it has";

    /// <summary>Settles a promise as the form says, or moves it. Null: done.</summary>
    internal static async Task<PromiseForm?> SettleAsync(MakePromise make, Guid @case, Guid clock, IFormCollection posted, Person me, CancellationToken cancel)
    {
        var form = Typed(clock, posted);
        var errors = new Dictionary<string, string>();
        if (form.Outcome == Moved)
            return await MoveAsync(make, @case, clock, form, errors, me, cancel);
        if (PromiseRules.Settle(new(form.Outcome, form.Reason), errors) is not { } outcome)
            return form with { Errors = errors };
        return await Promises.SettleAsync(make.Clocks, @case, clock, outcome, form.Reason.Length == 0 ? null : form.Reason, me, cancel) switch
        {
            PromiseResult.Done => null,
            PromiseResult.Ended => form with { Problem = "Someone has already settled this promise. Nothing was changed." },
            _ => form with { Problem = "This case has no such promise." },
        };
    }

    private static async Task<PromiseForm?> MoveAsync(
        MakePromise make,
        Guid @case,
        Guid clock,
        PromiseForm form,
        Dictionary<string, string> errors,
        Person me,
        CancellationToken cancel
    )
    {
        var body = new MovePromiseBody(PromiseRules.Due(form.DueAt, errors), form.Reason);
        if (PromiseRules.Move(body, make.Clocks.Runtime.Clock.Now(), errors) is not var (due, reason))
            return form with { Errors = errors };
        return await make.MoveAsync(@case, clock, due, reason, me, cancel) switch
        {
            PromiseResult.Done => null,
            PromiseResult.Unlikely unlikely => form with
            {
                Errors = new Dictionary<string, string> { ["reason"] = "is required: this promise is likely to be broken" },
                Check = new(unlikely.Odds, true),
            },
            PromiseResult.NotLater => form with { Errors = new Dictionary<string, string> { ["dueAt"] = NotLater } },
            PromiseResult.Ended => form with { Problem = "The promise has been settled, or its time has passed. Nothing was changed." },
            _ => form with { Problem = "This case has no such promise." },
        };
    }

    private static PromiseForm Typed(Guid? clock, IFormCollection posted) =>
        new()
        {
            Clock = clock,
            What = Text(posted, "what") ?? "",
            DueAt = Text(posted, "dueAt") ?? "",
            Channel = Text(posted, "channel") ?? "",
            Step = Text(posted, "step") ?? "",
            Outcome = Text(posted, "outcome") ?? "",
            Reason = Text(posted, "reason") ?? "",
        };

    /// <summary>The page that the form was on, if it is neither the case's nor the task's.</summary>
    internal static string? Back(IFormCollection posted) =>
        posted["back"].ToString() is var back && (back == "/front-office" || back.StartsWith("/customers/", StringComparison.Ordinal))
            ? Requests.LocalOr(back, "/")
            : null;

    private static string? Text(IFormCollection posted, string name) => posted[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
