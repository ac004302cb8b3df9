using System.Text.Json.Nodes;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;

namespace Orchestration.Host.Cases;

/// <summary>Contacts and changes of customers in words.</summary>
internal static class ContactText
{
    public static readonly IReadOnlyList<(ContactOutcome Outcome, string Title)> Outcomes =
    [
        (ContactOutcome.Answered, "Question answered"),
        (ContactOutcome.CallBackPromised, "Call-back promised"),
        (ContactOutcome.Received, "Received what we asked for"),
        (ContactOutcome.Sent, "Sent something"),
        (ContactOutcome.MessageLeft, "Left a message"),
        (ContactOutcome.NotReached, "Not reached"),
    ];

    public static string Icon(string? channel) =>
        channel switch
        {
            nameof(ContactChannel.Call) => "phone",
            nameof(ContactChannel.Email) => "mail",
            nameof(ContactChannel.Letter) => "mailbox",
            nameof(ContactChannel.Portal) => "world",
            _ => "building-store",
        };

    public static string Title(ContactChannel channel) => channel == ContactChannel.Email ? "Email" : channel.ToString();

    /// <summary>“Call from the customer about “Assess”: question answered”.</summary>
    public static string Of(ContactChannel channel, bool incoming, ContactOutcome outcome, string? step)
    {
        var what = channel switch
        {
            ContactChannel.Visit => incoming ? "Visit of the customer" : "Visit to the customer",
            ContactChannel.Portal => incoming ? "Message in the portal" : "Message to the portal",
            _ => incoming ? $"{Title(channel)} from the customer" : $"{Title(channel)} to the customer",
        };
        var came = Outcomes.First(o => o.Outcome == outcome).Title;
        return $"{what}{(step is null ? "" : $" about “{step}”")}: {char.ToLowerInvariant(came[0])}{came[1..]}";
    }

    /// <summary>The same of an event.</summary>
    public static string Of(JsonNode? payload) =>
        (bool?)payload?["shared"] == true
            ? ((bool?)payload["incoming"] == true ? "Message from the customer" : "Message to the customer")
                + ((string?)payload["step"] is { } about ? $" about “{about}”" : "")
        : Enum.TryParse<ContactChannel>((string?)payload?["channel"], out var channel)
        && Enum.TryParse<ContactOutcome>((string?)payload?["outcome"], out var outcome)
            ? Of(channel, (bool?)payload?["incoming"] == true, outcome, (string?)payload?["step"])
        : "Contact with the customer";

    /// <summary>Which fields of a customer an event changed.</summary>
    public static string Fields(JsonNode? payload) =>
        payload?["changes"] is JsonArray { Count: > 0 } changes
            ? string.Join(", ", changes.Select(change => Words.Humanize((string?)change?["field"] ?? "").ToLowerInvariant()))
            : "other data";
}
