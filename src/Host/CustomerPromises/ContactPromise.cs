using Orchestration.Workflows.PromiseLedger;

namespace Orchestration.Host.CustomerPromises;

/// <summary>A promise that is made with a contact.</summary>
internal static class ContactPromise
{
    /// <summary>What it is if nobody says.</summary>
    public const string Usual = "Call back";

    /// <summary>That it is kept when the open step of the case is completed.</summary>
    public const string ByStep = "step";

    /// <summary>The step that keeps it: the open one, unless it is the usual call-back, or is said to be kept by a contact.</summary>
    public static async Task<string?> StepAsync(MakePromise make, Guid @case, string? what, string? kept, CancellationToken cancel) =>
        kept == ByStep && !string.IsNullOrWhiteSpace(what) && !what.Trim().Equals(Usual, StringComparison.OrdinalIgnoreCase)
            ? await MakePromise.OpenStepAsync(make.Clocks.Runtime.Database, @case, cancel)
            : null;
}
