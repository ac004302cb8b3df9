using Orchestration.Host.Startup;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>A key that a machine signs in with.</summary>
/// <param name="Name">Its name in history.</param>
/// <param name="Hash">SHA-256 of the key, so that the configuration gives no key away.</param>
/// <param name="Rights">Rights of <see cref="JourneyAccess"/>.</param>
internal sealed record ApiKey(string Name, byte[] Hash, IReadOnlyList<string> Rights);

/// <summary>Access beyond the roles: API keys and publishers.</summary>
/// <param name="Keys">Keys of machines: <c>ApiKeys:{name}:Sha256</c> and <c>ApiKeys:{name}:Rights</c>.</param>
/// <param name="PublishRoles">Roles that may publish journeys, where someone else than the analyst must look at them first; null for the usual ones.</param>
internal sealed record AccessSettings(IReadOnlyList<ApiKey> Keys, IReadOnlyList<string>? PublishRoles)
{
    private const int HashLength = 32;

    public static AccessSettings Read(SettingsReader settings)
    {
        var publishers = Known(settings, "Designer:PublishRoles", Roles.All);
        return new([.. settings.Names("ApiKeys").Select(name => Key(settings, name))], publishers.Count > 0 ? publishers : null);
    }

    private static ApiKey Key(SettingsReader settings, string name)
    {
        var key = $"ApiKeys:{name}:Sha256";
        var hash = new byte[HashLength];
        if (settings.Text(key) is not { Length: 2 * HashLength } text || Convert.FromHexString(text, hash, out _, out _) != System.Buffers.OperationStatus.Done)
            settings.Refuse(key, $"must be the SHA-256 of the key: {2 * HashLength} hexadecimal digits.");
        return new(name, hash, Known(settings, $"ApiKeys:{name}:Rights", JourneyAccess.All));
    }

    /// <summary>The items of a list, which are all known names.</summary>
    public static List<string> Known(SettingsReader settings, string key, IReadOnlyCollection<string> known)
    {
        var names = settings.List(key);
        foreach (var (item, text) in names.Where(name => !known.Contains(name.Text)))
            settings.Refuse(item, $"is “{text}”; it must be one of {string.Join(", ", known)}.");
        return [.. names.Select(name => name.Text)];
    }
}
