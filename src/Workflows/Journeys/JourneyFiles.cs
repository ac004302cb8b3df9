using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Journeys;

/// <summary>
/// Loads the shipped files at start: calendars, SLA policies, forms, then journeys. A file that changed since the last start becomes a new version; what a
/// person edited in the product is never overwritten. Safe when several hosts start at once. A bad file is reported with all its errors and leaves the version
/// current as it is.
/// </summary>
public sealed partial class JourneyFiles(
    DefinitionStore definitions,
    SettingDocuments settings,
    ServiceLevelCatalog serviceLevels,
    FormCatalog forms,
    PeopleCatalog people,
    ILogger<JourneyFiles> log
)
{
    /// <summary>
    /// Loads a folder with <c>*.json</c> journeys and the folders <c>calendars</c>, <c>sla</c> and <c>forms</c>. Returns how many files could not be used.
    /// </summary>
    public async Task<int> LoadAsync(string folder, Instant now, CancellationToken cancel = default)
    {
        var bad = 0;
        foreach (var (kind, sub) in new[] { (SettingKind.Calendar, "calendars"), (SettingKind.Sla, "sla"), (SettingKind.Form, "forms") })
        {
            foreach (var file in Files(Path.Combine(folder, sub)))
            {
                var document = await File.ReadAllBytesAsync(file, cancel);
                var errors = Check(kind, document);
                if (errors.Count == 0)
                    await settings.LoadFileAsync(kind, Path.GetFileNameWithoutExtension(file), document, now, cancel);
                else
                    bad += Report(file, errors);
            }
        }

        await serviceLevels.LoadAsync(cancel);
        await forms.LoadAsync(cancel);
        await people.LoadAsync(cancel);
        foreach (var file in Files(folder).Where(f => Path.GetFileName(f) is not ("people.json" or "teams.json" or "skills.json" or "limits.json")))
        {
            var document = await File.ReadAllBytesAsync(file, cancel);
            var errors = await LoadJourneyAsync(document, now, cancel);
            if (errors.Count > 0)
                bad += Report(file, errors);
        }

        await definitions.LoadPublishedAsync(cancel);
        return bad;
    }

    private async Task<IReadOnlyList<DefinitionError>> LoadJourneyAsync(byte[] document, Instant now, CancellationToken cancel)
    {
        string? id;
        try
        {
            id = JsonNode.Parse(document)?["definitionId"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return [new("$", e.Message)];
        }

        if (string.IsNullOrEmpty(id))
            return [new("$.definitionId", "A shipped journey must have a definition id.")];

        var hash = Convert.ToHexStringLower(SHA256.HashData(document));
        var latest = await definitions.FindAsync(id, VersionOptions.Latest, cancel);
        if (latest is { Origin: not "file" })
        {
            EditedHere(log, id, latest.Version);
            return [];
        }

        if (latest?.OriginHash == hash)
            return [];
        return await definitions.PublishAsync(new(id, document, "file") { OriginHash = hash }, "system", now, cancel) is PublishResult.Invalid invalid
            ? invalid.Errors
            : [];
    }

    private IReadOnlyList<DefinitionError> Check(string kind, byte[] document)
    {
        var text = System.Text.Encoding.UTF8.GetString(document);
        return kind switch
        {
            SettingKind.Calendar => BusinessCalendar.TryParse(text, out _, out var errors) ? [] : errors,
            SettingKind.Sla => SlaPolicy.TryParse(text, _ => true, out _, out var errors) ? [] : errors,
            _ => FormSchema.TryParse(text, out _, out var errors) ? [] : errors,
        };
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal) : [];

    private int Report(string file, IReadOnlyList<DefinitionError> errors)
    {
        BadFile(log, file, string.Join(Environment.NewLine, errors.Select(e => $"  {e.Path}: {e.Reason}")));
        return 1;
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Error, Message = "{File} is invalid:\n{Errors}")]
    private static partial void BadFile(ILogger log, string file, string errors);

    [LoggerMessage(
        EventId = 201,
        Level = LogLevel.Information,
        Message = "Journey {Journey} was edited in the designer (version {Version}); its file is not imported"
    )]
    private static partial void EditedHere(ILogger log, string journey, int version);
}
