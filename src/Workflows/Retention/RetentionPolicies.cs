using System.Text;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Retention;

/// <summary>A version of the policy.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Version">From 1.</param>
/// <param name="Document">JSON, as it was written.</param>
/// <param name="ChangedBy">Who approved this version; <c>system</c>: it was shipped.</param>
/// <param name="ChangedAt">When.</param>
public sealed record PolicyVersion(RetentionPolicy Policy, int Version, string Document, string ChangedBy, Instant ChangedAt)
{
    /// <summary>A version that people made removes nothing for a day, so that someone can still object.</summary>
    public static readonly Duration Grace = Duration.FromDays(1);

    /// <summary>From when it removes cases.</summary>
    public Instant RemovesFrom => ChangedBy == "system" ? ChangedAt : ChangedAt + Grace;
}

/// <summary>Reads the policy of retention. People change it by a proposal that someone else approves (<see cref="PolicyProposals"/>).</summary>
public static class RetentionPolicies
{
    /// <summary>The version in force; null: there is none, and nothing is removed.</summary>
    public static async Task<PolicyVersion?> FindAsync(SettingDocuments settings, CancellationToken cancel = default) =>
        await settings.FindAsync(SettingKind.Retention, RetentionPolicy.Name, cancel) is { } found
        && RetentionPolicy.TryParse(found.Document, out var policy, out _)
            ? new(policy, found.Version, found.Document, found.ChangedBy, found.ChangedAt.ToInstant())
            : null;

    /// <summary>
    /// Stores a shipped file, if it changed since and no one edited the policy here. Returns what is wrong with it; then the version in force stays.
    /// </summary>
    public static async Task<IReadOnlyList<DefinitionError>> LoadFileAsync(
        SettingDocuments settings,
        string file,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (!File.Exists(file))
            return [];
        var document = await File.ReadAllBytesAsync(file, cancel);
        if (!RetentionPolicy.TryParse(Encoding.UTF8.GetString(document), out _, out var errors))
            return errors;
        await settings.LoadFileAsync(SettingKind.Retention, RetentionPolicy.Name, document, now, cancel);
        return [];
    }
}
