using System.Buffers.Text;
using System.Globalization;
using System.Text;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.Audit;

/// <summary>What to look for in history. Members that are null don't filter.</summary>
public sealed record HistoryFilter
{
    /// <summary>Longest time that is searched when nothing else narrows the search.</summary>
    public const int MostDays = 31;

    /// <summary>User name of who did it.</summary>
    public string? Person { get; init; }

    /// <summary>Number of a customer: events of the record, and of all cases.</summary>
    public string? Customer { get; init; }

    /// <summary>Reference or id of a case.</summary>
    public string? Case { get; init; }

    /// <summary>Id of a step in its journey.</summary>
    public string? Step { get; init; }

    /// <summary>Name of the action, such as <c>task.completed</c>.</summary>
    public string? Action { get; init; }

    /// <summary>How a task ended.</summary>
    public string? Outcome { get; init; }

    /// <summary>From when, inclusive.</summary>
    public Instant? From { get; init; }

    /// <summary>Until when, exclusive.</summary>
    public Instant? To { get; init; }

    /// <summary><c>page</c>, <c>api</c>, <c>job</c> or <c>workflow</c>.</summary>
    public string? Source { get; init; }

    /// <summary>Name of a value in what was recorded, such as <c>approvedAmount</c> or <c>assessment.assessedAmount</c>.</summary>
    public string? Field { get; init; }

    /// <summary>What the field is: a text, in any case; or a number after <c>&gt;</c> or <c>&lt;</c>.</summary>
    public string? Value { get; init; }

    /// <summary>Where the page before ended.</summary>
    public HistoryCursor? Before { get; init; }

    /// <summary>Sources that can be asked for.</summary>
    public static readonly IReadOnlyList<string> Sources = ["page", "api", "job", "workflow"];

    /// <summary>Actions with which a task ends by an outcome.</summary>
    internal static readonly string[] OutcomeActions = ["task.completed", "task.skipped", "task.review-requested"];

    /// <summary>Whether anything is asked for.</summary>
    public bool IsOn => (Person ?? Customer ?? Case ?? Step ?? Action ?? Outcome ?? Source ?? Field ?? Value) is not null || From is not null || To is not null;

    /// <summary>The query of its address, with its question mark; empty: nothing is asked for.</summary>
    public string Address
    {
        get
        {
            var parts = new (string Name, string? Value)[]
            {
                ("person", Person),
                ("customer", Customer),
                ("case", Case),
                ("step", Step),
                ("action", Action),
                ("outcome", Outcome),
                ("from", From is { } from ? InstantPattern.ExtendedIso.Format(from) : null),
                ("to", To is { } to ? InstantPattern.ExtendedIso.Format(to) : null),
                ("source", Source),
                ("field", Field),
                ("value", Value),
            };
            var given = parts.Where(part => part.Value is not null).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}").ToList();
            return given.Count == 0 ? "" : $"?{string.Join('&', given)}";
        }
    }

    /// <summary>Whether an index leads to the events.</summary>
    internal bool IsNarrow => (Person ?? Customer ?? Case ?? Action ?? Outcome) is not null;

    /// <summary>Why it can't be searched, by field; empty: it can.</summary>
    public Dictionary<string, string[]> Check(Instant now)
    {
        var errors = new Dictionary<string, string[]>();
        if (Source is not null && !Sources.Contains(Source))
            errors["source"] = [$"must be one of {string.Join(", ", Sources)}"];
        if (Field is null != Value is null)
            errors[Field is null ? "field" : "value"] = ["a field and its value belong together"];
        if (Field is not null && (Field.Length > 100 || Field.Split('.') is not { Length: <= 6 } parts || parts.Any(string.IsNullOrWhiteSpace)))
            errors["field"] = ["must be a name such as approvedAmount, or a path such as assessment.assessedAmount"];
        if (Value is ['>' or '<', .. var number] && !decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            errors["value"] = ["must be a number after > or <"];
        if (From >= To)
            errors["to"] = ["must be after the beginning"];
        else if (!IsNarrow && From is { } from && (To ?? now) - from > Duration.FromDays(MostDays))
            errors["from"] = [$"choose a person, customer, case, action or outcome as well, or at most {MostDays} days"];
        return errors;
    }
}

/// <summary>The last event of a page of history.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Chain">Its chain.</param>
/// <param name="Sequence">Its position there.</param>
public sealed record HistoryCursor(Instant At, Guid Chain, int Sequence)
{
    /// <summary>As callers see it: opaque.</summary>
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{At.ToUnixTimeTicks()}|{Chain:N}|{Sequence}")));

    /// <summary>Reads one; false if it isn't one. Nothing is no cursor, which is fine.</summary>
    public static bool TryRead(string? text, out HistoryCursor? cursor)
    {
        cursor = null;
        if (string.IsNullOrEmpty(text))
            return true;
        Span<byte> bytes = stackalloc byte[96];
        if (text.Length > 120 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var count))
            return false;
        var parts = Encoding.ASCII.GetString(bytes[..count]).Split('|');
        const long Most = 253402300799L * NodaConstants.TicksPerSecond;
        if (
            parts.Length != 3
            || !long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ticks)
            || ticks is < 0 or > Most
            || !Guid.TryParseExact(parts[1], "N", out var chain)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
        )
            return false;
        cursor = new(Instant.FromUnixTimeTicks(ticks), chain, sequence);
        return true;
    }
}
