using System.Text.Json.Serialization;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Facts;

/// <summary>How a fact is shown. A value of another kind is shown as text.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FactFormat>))]
public enum FactFormat
{
    [JsonStringEnumMemberName("text")]
    Text,

    /// <summary>Text of several lines.</summary>
    [JsonStringEnumMemberName("longText")]
    LongText,

    /// <summary>An amount, with its currency if the schema names one.</summary>
    [JsonStringEnumMemberName("money")]
    Money,

    [JsonStringEnumMemberName("number")]
    Number,

    /// <summary>A day, such as 2026-01-31.</summary>
    [JsonStringEnumMemberName("date")]
    Date,

    /// <summary>An instant with an offset.</summary>
    [JsonStringEnumMemberName("dateTime")]
    DateTime,

    [JsonStringEnumMemberName("yesNo")]
    YesNo,

    /// <summary>An http or https address.</summary>
    [JsonStringEnumMemberName("link")]
    Link,

    /// <summary>A document or several: names, or objects with a name and perhaps a <c>url</c>.</summary>
    [JsonStringEnumMemberName("document")]
    Document,
}

/// <summary>A fact of a journey: what it is called, where its value is, how it is shown and who can see it.</summary>
public sealed record FactField
{
    /// <summary>Its key, unique in the journey.</summary>
    public required string Name { get; init; }

    /// <summary>What pages call it.</summary>
    public required string Label { get; init; }

    /// <summary>Where its value is.</summary>
    public required CasePath From { get; init; }
    public required FactFormat Format { get; init; }

    /// <summary>ISO 4217 code of the amount's currency; null if unknown or if a value of the case says it.</summary>
    public string? Currency { get; init; }

    /// <summary>Where the currency of the amount is, or null.</summary>
    public CasePath? CurrencyFrom { get; init; }

    /// <summary>Roles that can see it. With <see cref="Teams"/> empty too: everyone who can see the case.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Keys of teams whose members and lead can see it.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];

    /// <summary>What the customer's own view calls it; null: it isn't shown there. Never of one that not everyone can see.</summary>
    public LocalText? Customer { get; init; }

    /// <summary>Whether the start of a case asks for it: then it is listed without a value too.</summary>
    public bool IsInput { get; init; }

    /// <summary>Whether not everyone who can see the case can see it.</summary>
    public bool IsRestricted => Roles.Count + Teams.Count > 0;
}

/// <summary>A person who looks at the facts of a case.</summary>
/// <param name="Roles">Their roles.</param>
/// <param name="Teams">Teams they work in, lead, or substitute for someone in.</param>
public sealed record FactViewer(IReadOnlyCollection<string> Roles, IReadOnlyCollection<string> Teams)
{
    /// <summary>Someone, with the teams that a query found for them.</summary>
    public static FactViewer Of(Person person, string[] teams) => new([.. person.Roles], teams);

    /// <summary>Whether they can see the fact of a case that they can see.</summary>
    public bool MaySee(FactField fact) => !fact.IsRestricted || fact.Roles.Any(Roles.Contains) || fact.Teams.Any(Teams.Contains);
}
