namespace Orchestration.Workflows.Settings;

/// <summary>The shared forms in force, in this host's memory. A published definition keeps the forms it was published with.</summary>
public sealed class FormCatalog(SettingDocuments settings)
{
    private volatile IReadOnlyDictionary<string, string> _schemas = new Dictionary<string, string>();

    /// <summary>JSON Schema text by form name.</summary>
    public IReadOnlyDictionary<string, string> Schemas => _schemas;

    /// <summary>Reads everything in force again.</summary>
    public async Task LoadAsync(CancellationToken cancel = default) =>
        _schemas = (await settings.ListAsync(SettingKind.Form, cancel)).ToDictionary(d => d.Name, d => d.Document);
}
