using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Host.CustomerPromises;

/// <summary>A promise to a customer.</summary>
/// <param name="What">What.</param>
/// <param name="DueAt">By when, with offset.</param>
/// <param name="Channel">Phone, letter, email …</param>
/// <param name="Step">ID of the step that keeps it when it is completed; left out: a call or visit that reaches the customer keeps it.</param>
/// <param name="OperationId">Chosen by you; the same ID with the same promise makes it once.</param>
/// <param name="Reason">Why it is made although it is likely to be broken; required then.</param>
public sealed record PromiseBody(string? What, DateTimeOffset? DueAt, string? Channel, string? Step = null, string? OperationId = null, string? Reason = null);

/// <summary>Whether a promise can be kept.</summary>
/// <param name="Odds">How likely that is; null: nobody can say.</param>
/// <param name="NeedsReason">Whether it is so unlikely that the promise needs a reason.</param>
public sealed record PromiseCheck(PromiseOdds? Odds, bool NeedsReason);

/// <summary>How a promise ended.</summary>
/// <param name="Outcome">Kept, Broken or Withdrawn.</param>
/// <param name="Reason">A note; required unless it was kept.</param>
public sealed record SettleBody(string? Outcome, string? Reason = null);

/// <summary>A later date that the customer agreed to.</summary>
/// <param name="DueAt">By when, with offset; later than now and than the date it has.</param>
/// <param name="Reason">Why; required if the promise is likely to be broken by then, too.</param>
public sealed record MovePromiseBody(DateTimeOffset? DueAt, string? Reason = null);

/// <summary>A promise of a case.</summary>
/// <param name="Id">Its clock.</param>
/// <param name="What">What the customer was told.</param>
/// <param name="Told">Who told the customer, and how.</param>
/// <param name="MadeAt">When.</param>
/// <param name="DueAt">By when it is to be kept now.</param>
/// <param name="Step">ID of the step that keeps it, or null.</param>
/// <param name="State">Open, Overdue, Kept, KeptLate, Broken or Withdrawn.</param>
/// <param name="SettledAt">When it ended.</param>
public sealed record PromiseSummary(
    Guid Id,
    string What,
    string Told,
    DateTime MadeAt,
    DateTime DueAt,
    string? Step,
    [property: JsonConverter(typeof(JsonStringEnumConverter<PromiseState>))] PromiseState State,
    DateTime? SettledAt
)
{
    internal static PromiseSummary Of(StoredClock clock, Instant now) =>
        new(
            clock.Id,
            clock.State.Policy.Name,
            clock.State.Segments[0].Cause,
            clock.State.StartedAt.ToDateTimeUtc(),
            (clock.State.DueAt ?? clock.State.OriginalDueAt).ToDateTimeUtc(),
            Promises.StepOf(clock.State),
            Promises.StateOf(clock.State, now),
            clock.State.EndedAt?.ToDateTimeUtc()
        );
}

/// <summary>The rules that pages and the API share for what is entered about a promise. Errors are by field.</summary>
internal static class PromiseRules
{
    public const string DueFormat = "must be a date and time with an offset, like 2026-01-31T09:30:00Z";

    private const int LongestWhat = 200;
    private const int LongestChannel = 100;
    private const int LongestReason = 2000;

    /// <summary>The promise, or null with the errors.</summary>
    public static PromiseRequest? Make(PromiseBody body, Instant now, Dictionary<string, string> errors)
    {
        var (what, channel, step) = (body.What?.Trim() ?? "", Text(body.Channel), Text(body.Step));
        if (what.Length == 0)
            errors["what"] = "is required";
        else if (what.Length > LongestWhat)
            errors["what"] = $"must have at most {LongestWhat} characters";
        if (channel?.Length > LongestChannel)
            errors["channel"] = $"must have at most {LongestChannel} characters";
        if (body.OperationId is { Length: 0 or > 200 })
            errors["operationId"] = "must have from 1 to 200 characters";
        if (body.Reason?.Length > LongestReason)
            errors["reason"] = $"must have at most {LongestReason} characters";
        Instant? due = body.DueAt is { } told ? Instant.FromDateTimeOffset(told) : null;
        if (due is not { } at)
            errors.TryAdd("dueAt", "is required");
        else if (at <= now || !BusinessCalendar.Covers(at))
            errors["dueAt"] = "must be in the future";
        return errors.Count == 0 ? new(what, due!.Value.Truncated(), channel, step, body.OperationId) { Reason = Text(body.Reason) } : null;
    }

    /// <summary>The later date and why, or null with the errors.</summary>
    public static (Instant Due, string? Reason)? Move(MovePromiseBody body, Instant now, Dictionary<string, string> errors)
    {
        if (body.Reason?.Length > LongestReason)
            errors["reason"] = $"must have at most {LongestReason} characters";
        Instant? due = body.DueAt is { } told ? Instant.FromDateTimeOffset(told) : null;
        if (due is not { } at)
            errors.TryAdd("dueAt", "is required");
        else if (at <= now || !BusinessCalendar.Covers(at))
            errors["dueAt"] = "must be in the future";
        return errors.Count == 0 ? (due!.Value, Text(body.Reason)) : null;
    }

    /// <summary>How a promise ended, or null with the errors.</summary>
    public static PromiseOutcome? Settle(SettleBody body, Dictionary<string, string> errors)
    {
        var outcome = Enum.TryParse<PromiseOutcome>(body.Outcome, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : (PromiseOutcome?)null;
        if (outcome is null)
            errors["outcome"] = $"must be one of {string.Join(", ", Enum.GetNames<PromiseOutcome>())}";
        if (body.Reason?.Length > LongestReason)
            errors["reason"] = $"must have at most {LongestReason} characters";
        else if (outcome is PromiseOutcome.Broken or PromiseOutcome.Withdrawn && string.IsNullOrWhiteSpace(body.Reason))
            errors["reason"] = "is required unless the promise was kept";
        return errors.Count == 0 ? outcome : null;
    }

    /// <summary>An instant as a form posts it; null with an error if it isn't one.</summary>
    public static DateTimeOffset? Due(string text, Dictionary<string, string> errors)
    {
        if (text.Length == 0)
            return null;
        if (OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } at)
            return at.Value.ToDateTimeOffset();
        errors["dueAt"] = DueFormat;
        return null;
    }

    private static string? Text(string? given) => string.IsNullOrWhiteSpace(given) ? null : given.Trim();
}
