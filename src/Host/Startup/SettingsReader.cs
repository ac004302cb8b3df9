using System.Globalization;

namespace Orchestration.Host.Startup;

/// <summary>The host can't start with its configuration; the message says what to set.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);

/// <summary>Reads the configuration and collects all errors, so that an operator sees them together.</summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _errors = [];

    /// <summary>A text, or null if it isn't set.</summary>
    public string? Text(string key) => string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key];

    public bool Flag(string key, bool otherwise = false)
    {
        if (Text(key) is not { } text)
            return otherwise;
        if (!bool.TryParse(text, out var flag))
            Refuse(key, $"is “{text}”; it must be true or false.");
        return flag;
    }

    public int Number(string key, int otherwise, int least, int most = int.MaxValue)
    {
        if (Text(key) is not { } text)
            return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        Refuse(key, $"is “{text}”; it must be a whole number {(most == int.MaxValue ? $"from {least}" : $"from {least} to {most}")}.");
        return otherwise;
    }

    /// <summary>A time, in whole seconds.</summary>
    public TimeSpan Seconds(string key, int otherwise, int least, int most) => TimeSpan.FromSeconds(Number(key, otherwise, least, most));

    public TChoice Choice<TChoice>(string key, TChoice otherwise)
        where TChoice : struct, Enum
    {
        if (Text(key) is not { } text)
            return otherwise;
        var names = Enum.GetNames<TChoice>();
        if (names.Contains(text, StringComparer.OrdinalIgnoreCase))
            return Enum.Parse<TChoice>(text, ignoreCase: true);
        Refuse(key, $"is “{text}”; it must be one of {string.Join(", ", names)}.");
        return otherwise;
    }

    /// <summary>An address that starts with http:// or https://, or null if it isn't set.</summary>
    public Uri? Address(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return address;
        Refuse(key, $"is “{text}”; it must be an address that begins with http:// or https://.");
        return null;
    }

    /// <summary>The items of a list, with the key of each.</summary>
    public IReadOnlyList<(string Key, string Text)> List(string key)
    {
        if (Text(key) is { } text)
            Refuse(key, $"is “{text}”; it must be a list: {key}:0, {key}:1 …");
        return [.. configuration.GetSection(key).GetChildren().Where(item => item.Value is not null).Select(item => (item.Path, item.Value!))];
    }

    /// <summary>The names below a key.</summary>
    public IReadOnlyList<string> Names(string key) => [.. configuration.GetSection(key).GetChildren().Select(child => child.Key)];

    /// <summary>Notes that a setting is wrong.</summary>
    public void Refuse(string key, string reason) => _errors.Add($"{key} {reason}");

    /// <exception cref="ConfigurationException">Something was wrong; the message names all of it.</exception>
    public void Check()
    {
        if (_errors.Count == 1)
            throw new ConfigurationException(_errors[0]);
        if (_errors.Count > 1)
            throw new ConfigurationException("The configuration isn't valid:\n" + string.Join("\n", _errors.Select(error => $"- {error}")));
    }
}
