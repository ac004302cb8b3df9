using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Forecast;

/// <summary>Why a fix wasn't applied.</summary>
internal readonly record struct FixProblem(int Status, string Code, string Title, string Detail, string? Field);

/// <summary>Refusals of fixes, in words.</summary>
internal static class FixAnswers
{
    public static async Task<FixProblem> OfAsync(ForecastOffice office, FixResult result, Person me, CancellationToken cancel)
    {
        switch (result)
        {
            case FixResult.Task { Why: var why }:
                var refusal = await Refusals.OfAsync(office.Runtime.Database, why, me, cancel);
                return new(refusal.Status, refusal.Code, refusal.Title, refusal.Detail, null);
            case FixResult.Conflict conflict:
                return new(409, "conflict", "This isn't possible any more", conflict.Reason, null);
            case FixResult.Invalid invalid:
                return new(422, "invalid", "Check what you sent", $"{Shell.Parts.Words.Humanize(invalid.Field)} {invalid.Reason}.", invalid.Field);
            default:
                return new(404, "not-found", "Deadline not found", "It isn't in the forecast any more, or you don't have access to it.", null);
        }
    }
}
