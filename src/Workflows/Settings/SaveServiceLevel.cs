using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Settings;

/// <summary>How saving a calendar or policy went.</summary>
public abstract record SaveServiceLevelResult
{
    private SaveServiceLevelResult() { }

    /// <summary>In force on this host now, on the others within a second.</summary>
    public sealed record Saved(int Revision) : SaveServiceLevelResult;

    /// <summary>Everything that is wrong, by JSON path.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : SaveServiceLevelResult;

    /// <summary>Another version was saved first.</summary>
    public sealed record Stale(int Revision) : SaveServiceLevelResult;
}

/// <summary>Saves a calendar or SLA policy as its next version. Running clocks keep the version they started with until they are recomputed.</summary>
public static class SaveServiceLevel
{
    /// <summary>Saves.</summary>
    /// <param name="catalog">This host's catalog; reloaded.</param>
    /// <param name="kind"><see cref="SettingKind.Calendar"/> or <see cref="SettingKind.Sla"/>.</param>
    /// <param name="name">Its id.</param>
    /// <param name="revision">Revision the caller last saw; 0 for a new one.</param>
    /// <param name="document">The document. A policy's <c>version</c> is set to the next one.</param>
    /// <param name="actor">An administrator.</param>
    public static async Task<SaveServiceLevelResult> RunAsync(
        SettingDocuments settings,
        ServiceLevelCatalog catalog,
        string kind,
        string name,
        int revision,
        JsonObject document,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var next = (JsonObject)document.DeepClone();
        if (kind == SettingKind.Sla)
            next["version"] = catalog.Policies.TryGetValue(name, out var inForce) ? inForce.Version + 1 : 1;
        var text = next.ToJsonString(Written);
        var errors = Check(catalog, kind, text).ToList();
        if (next["id"] is not JsonValue id || !id.TryGetValue<string>(out var given) || given != name)
            errors.Add(new("$.id", $"must be '{name}', as in the address"));
        if (errors.Count == 0 && kind == SettingKind.Sla && SlaPolicy.TryParse(text, catalog.Calendars.ContainsKey, out var policy, out _))
            errors.AddRange(await PolicyNames.CheckAsync(settings.Database, policy, cancel));
        if (errors.Count > 0)
            return new SaveServiceLevelResult.Invalid(errors);
        if (
            await settings.SaveAsync(kind, name, revision, System.Text.Encoding.UTF8.GetBytes(text), actor.UserName, now, cancel) is var (saved, current)
            && !saved
        )
            return new SaveServiceLevelResult.Stale(current);
        await catalog.LoadAsync(cancel);
        return new SaveServiceLevelResult.Saved(current);
    }

    /// <summary>The errors of a calendar or policy. Saving checks the names in a policy too (<see cref="PolicyNames"/>).</summary>
    public static IReadOnlyList<DefinitionError> Check(ServiceLevelCatalog catalog, string kind, string document)
    {
        const string TooLong = "takes more than 40 years in the opening hours of calendar";
        if (kind == SettingKind.Calendar)
        {
            if (!BusinessCalendar.TryParse(document, out var calendar, out var errors))
                return errors;
            return
            [
                .. catalog
                    .Policies.Values.Where(policy => policy.Calendar == calendar.Id && !Fits(policy, calendar))
                    .Select(policy => new DefinitionError("$.hours", $"the target of SLA policy '{policy.Id}' {TooLong} '{calendar.Id}'")),
            ];
        }

        if (!SlaPolicy.TryParse(document, catalog.Calendars.ContainsKey, out var parsed, out var wrong))
            return wrong;
        return Fits(parsed, catalog.Calendars[parsed.Calendar]) ? [] : [new("$.target.amount", $"{TooLong} '{parsed.Calendar}'")];
    }

    private static bool Fits(SlaPolicy policy, BusinessCalendar calendar) =>
        DueTimes.Fits(policy.Target, calendar) && (policy.Recurrence is not { } recurrence || DueTimes.Fits(recurrence.Target, calendar));

    private static readonly JsonSerializerOptions Written = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
