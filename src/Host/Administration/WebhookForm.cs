namespace Orchestration.Host.Administration;

/// <summary>The data of the form for a new endpoint.</summary>
public sealed record WebhookForm
{
    public string? Url { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string> Types { get; init; } = [];
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();

    /// <summary>A secret that was just made, to be copied now.</summary>
    public string? Secret { get; init; }
    public string? SecretOf { get; init; }
}
