using System.Globalization;
using NodaTime;

namespace Orchestration.Workflows.Customers;

/// <summary>Something a customer agreed to.</summary>
/// <param name="What">To what: marketing by e-mail, recording of calls.</param>
/// <param name="Since">First day on which it held.</param>
/// <param name="Withdrawn">Day on which they withdrew it; null: it holds.</param>
public sealed record Consent(string What, DateOnly Since, DateOnly? Withdrawn = null)
{
    /// <summary>Reads what <see cref="ToString"/> writes; null if it is something else.</summary>
    public static Consent? Parse(string text)
    {
        var parts = text.Split(':', StringSplitOptions.TrimEntries);
        if (parts.Length is not (2 or 3) || parts[0].Length == 0 || Day(parts[1]) is not { } since)
            return null;
        return parts.Length == 2 ? new(parts[0], since)
            : Day(parts[2]) is { } withdrawn ? new(parts[0], since, withdrawn)
            : null;
    }

    /// <summary>A day as forms and files write it: <c>2026-01-31</c>.</summary>
    public static DateOnly? Day(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>As imports write it: <c>marketing:2026-01-31</c>, or with the day it was withdrawn after another colon.</summary>
    public override string ToString() => Withdrawn is { } withdrawn ? $"{What}:{Since:yyyy-MM-dd}:{withdrawn:yyyy-MM-dd}" : $"{What}:{Since:yyyy-MM-dd}";
}

/// <summary>What someone else calls a customer.</summary>
/// <param name="Kind">What it is: <c>policy</c>, <c>tax-number</c>. Letters, digits and hyphens.</param>
/// <param name="Value">Unique for its kind.</param>
public sealed record CustomerIdentifier(string Kind, string Value)
{
    /// <summary>Reads what <see cref="ToString"/> writes; null if it is something else.</summary>
    public static CustomerIdentifier? Parse(string text) =>
        text.Split(':', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } kind, { Length: > 0 } value] ? new(kind, value) : null;

    /// <summary>As imports write it: <c>policy:P-4711</c>.</summary>
    public override string ToString() => $"{Kind}:{Value}";
}

/// <summary>What people enter about a customer.</summary>
/// <param name="Number">What cases name them by. It never changes.</param>
/// <param name="Name">What we call them.</param>
public sealed record CustomerData(string Number, string Name)
{
    public IReadOnlyList<string> OtherNames { get; init; } = [];
    public IReadOnlyList<string> Emails { get; init; } = [];
    public IReadOnlyList<string> Phones { get; init; } = [];

    /// <summary>Each may have several lines.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Tags such as <c>en</c> or <c>pt-BR</c>, the preferred one first.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];
    public DateOnly? BornOn { get; init; }
    public IReadOnlyList<Consent> Consents { get; init; } = [];
    public IReadOnlyList<CustomerIdentifier> Identifiers { get; init; } = [];

    /// <summary>Why they need particular care; null: nobody said so, or the reader may not know.</summary>
    public string? Vulnerability { get; init; }
}

/// <summary>A customer's record.</summary>
/// <param name="Id">Never changes.</param>
/// <param name="Data">What was entered.</param>
/// <param name="Revision">Counts changes, from 1.</param>
/// <param name="CreatedAt">When the record was made.</param>
/// <param name="CreatedBy">User name of who made it, with a case or by hand.</param>
/// <param name="ChangedAt">When it was changed last.</param>
/// <param name="VulnerableSince">Since when they are known to need particular care.</param>
/// <param name="Survivor">The record that its number leads to: itself, or the one it was merged into in the end.</param>
public sealed record CustomerDetails(
    Guid Id,
    CustomerData Data,
    int Revision,
    Instant CreatedAt,
    string CreatedBy,
    Instant ChangedAt,
    Instant? VulnerableSince,
    Guid Survivor
)
{
    /// <summary>That it is sensitive, and why if the reader may know; null: it isn't.</summary>
    public SensitiveMark? Sensitive { get; init; }

    /// <summary>Duplicates that were merged into it, directly or not, and can be taken out again.</summary>
    public IReadOnlyList<MergedCustomer> Merged { get; init; } = [];

    /// <summary>Why they need particular care: in its own words and those of its duplicates, as far as the reader may know.</summary>
    public IEnumerable<(string Why, Instant? Since)> Cares() =>
        new[] { (Why: Data.Vulnerability, Since: VulnerableSince) }
            .Concat(Merged.Select(duplicate => (Why: duplicate.Data.Vulnerability, Since: duplicate.VulnerableSince)))
            .Where(care => care.Why is not null)
            .Select(care => (care.Why!, care.Since));

    /// <summary>Consents, by record: its own and those of its duplicates.</summary>
    public IEnumerable<IReadOnlyList<Consent>> Consents() => [Data.Consents, .. Merged.Select(duplicate => duplicate.Data.Consents)];
}

/// <summary>A duplicate.</summary>
/// <param name="Id">Its record.</param>
/// <param name="Data">What was entered there. It stays as it was, so that taking it out again gives it back.</param>
/// <param name="VulnerableSince">Since when they are known there to need particular care.</param>
public sealed record MergedCustomer(Guid Id, CustomerData Data, Instant? VulnerableSince)
{
    public string Number => Data.Number;
    public string Name => Data.Name;
}

/// <summary>A customer in a list.</summary>
/// <param name="Id">The record.</param>
/// <param name="Number">Their number.</param>
/// <param name="Name">Their name.</param>
/// <param name="Contact">A phone number or an e-mail address; null: none, or the record is sensitive and the reader gave no reason yet.</param>
/// <param name="Open">Running cases that the reader can see.</param>
/// <param name="Cases">All cases that the reader can see.</param>
/// <param name="LastAt">When the newest of these began, or null.</param>
public sealed record CustomerSummary(Guid Id, string Number, string Name, string? Contact, int Open, int Cases, Instant? LastAt)
{
    /// <summary>Whether the reader has to give a reason before they open it.</summary>
    public bool NeedsReason { get; init; }
}

/// <summary>How a change of a customer went.</summary>
public abstract record CustomerResult
{
    private CustomerResult() { }

    /// <summary>Done.</summary>
    /// <param name="Id">The record.</param>
    /// <param name="Added">Whether it is new.</param>
    public sealed record Done(Guid Id, bool Added) : CustomerResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : CustomerResult;

    /// <summary>Someone changed it meanwhile.</summary>
    public sealed record Stale(int Revision) : CustomerResult;

    /// <summary>It can't be done to this record.</summary>
    public sealed record Refused(string Reason) : CustomerResult;

    /// <summary>There is no such record, or the person can't see it.</summary>
    public sealed record NotFound : CustomerResult;
}
