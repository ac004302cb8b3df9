using System.Text.Json;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Journeys;

namespace Orchestration.Host.Cases;

/// <summary>The input to start a case, and its errors.</summary>
public sealed record StartForm(Journey Journey, FormSchema? Schema)
{
    /// <summary>Starts a test case.</summary>
    public bool IsTest { get; init; }
    public string Reference { get; init; } = "";
    public string CustomerId { get; init; } = "";
    public string CustomerName { get; init; } = "";
    public JsonElement? Input { get; init; }

    /// <summary>The same each time the form is sent.</summary>
    public required string Operation { get; init; }
    public IReadOnlyList<FormError> Errors { get; init; } = [];
    public string? Problem { get; init; }

    public string Address => $"/start/{Uri.EscapeDataString(Journey.Id)}{(IsTest ? "?test=true" : "")}";

    public string? ErrorOf(string pointer) => Errors.FirstOrDefault(e => e.Field == pointer)?.Reason;
}
