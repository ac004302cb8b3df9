using Orchestration.Engine.Storage;
using Orchestration.Workflows.Findings;

namespace Orchestration.Host.Findings;

/// <summary>Findings in words.</summary>
internal static class FindingText
{
    /// <summary>States with their names, as filters offer them.</summary>
    public static readonly IReadOnlyList<(string Key, string Title)> States =
    [
        ("Open", "Open"),
        ("InProgress", "Being worked on"),
        ("Remedied,Disputed", "To accept"),
        ("Accepted", "Accepted"),
        ("Rejected", "Rejected"),
        ("Cancelled", "Cancelled"),
    ];

    /// <summary>What it is about.</summary>
    public static string Of(FindingSubject about) =>
        about switch
        {
            { Reference: { } reference, Step: { } step } => $"{reference}, step {step}",
            { Reference: { } reference, Event: { } number } => $"{reference}, event {number}",
            { Reference: { } reference } => reference,
            { Person: { } person } => $"What {about.PersonName ?? person} did",
            _ => "A search over history",
        };

    /// <summary>Where that can be seen: by reviewers as it was, by others as it is.</summary>
    public static string Address(FindingSubject about, bool reviews) =>
        about switch
        {
            { Case: { } id, Event: { } number } when reviews => $"/compliance/cases/{Ids.Text(id)}?event={number}",
            { Case: { } id } when reviews => $"/compliance/cases/{Ids.Text(id)}",
            { Case: { } id } => $"/cases/{Ids.Text(id)}",
            { Person: { } person } => $"/compliance/history?person={Uri.EscapeDataString(person)}",
            _ => $"/compliance/history{about.Search}",
        };

    /// <summary>What its owner answered, or a reviewer decided.</summary>
    public static string Of(FindingAnswer answer) =>
        answer.Outcome switch
        {
            "Remedied" => "Remedied",
            "Dispute" => "Disputed",
            "Accept" => "Accepted",
            "SendBack" => "Sent back",
            _ => "Cancelled",
        };
}
